from auditor.aws.collectors.image_references import COLLECTOR

RECIPE = "arn:aws:imagebuilder:eu-west-1:111122223333:image-recipe/base/1.0.0"
CONTAINER = "arn:aws:imagebuilder:eu-west-1:111122223333:container-recipe/app/2.1.0"


def images(count):
    return [{"image_id": f"ami-{number:02}"} for number in range(count)]


def test_recipes_are_references_and_what_is_known_already_is_not(scripted, run):
    answer = {
        "ImageReferences": [
            {"ImageId": "ami-00", "ResourceType": "imagebuilder:ImageRecipe", "Arn": RECIPE},
            {"ImageId": "ami-00", "ResourceType": "imagebuilder:ContainerRecipe", "Arn": CONTAINER},
            {"ImageId": "ami-00", "ResourceType": "ec2:Instance", "Arn": "arn:aws:ec2:::instance/i-1"},
        ]
    }
    reader = scripted({"ec2:DescribeImageReferences": answer}, {"images": images(1)})
    seen = {"image_id": "ami-00", "strength": "named", "seen_by": "ec2 DescribeImageReferences"}
    assert run(COLLECTOR, reader)["image_references"] == [
        {**seen, "referrer_type": "image-recipe", "referrer_id": RECIPE},
        {**seen, "referrer_type": "container-recipe", "referrer_id": CONTAINER},
    ]


def test_only_images_that_nothing_current_names_are_asked_about_ten_at_a_time(scripted, run):
    references = [
        {"image_id": "ami-00", "strength": "running"},
        {"image_id": "ami-01", "strength": "old"},
        {"image_id": "ami-01", "strength": "old"},
        {"image_id": "ami-02", "strength": "old"},
        {"image_id": "ami-02", "strength": "named"},
    ]
    reader = scripted(
        {"ec2:DescribeImageReferences": {"ImageReferences": []}},
        {"images": images(14), "image_references": references},
    )
    assert run(COLLECTOR, reader)["image_references"] == []
    asked = [parameters["ImageIds"] for _, parameters in reader.calls]
    assert asked == [
        ["ami-01", *(f"ami-{number:02}" for number in range(3, 12))],
        ["ami-12", "ami-13"],
    ]
    assert reader.calls[0][1]["ResourceTypes"] == [
        {"ResourceType": "imagebuilder:ImageRecipe"},
        {"ResourceType": "imagebuilder:ContainerRecipe"},
    ]
