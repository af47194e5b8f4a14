"""What made a thing is told as it was planted, with what that rests on."""


def by_origin(organisation, kind):
    """One image or snapshot of every origin that was planted, by origin and confidence."""
    return {made: key for key, made in sorted(organisation.origins.items()) if key[2].startswith(kind)}


def test_every_maker_of_images_is_told(organisation, told):
    planted = by_origin(organisation, "ami-")
    assert {origin for origin, _ in planted} >= {"create-image", "copy-image", "dlm", "image-builder", "vm-import"}
    for (origin, confidence), (_, _, image_id) in planted.items():
        story = told(image_id)
        assert (story.origin.origin, story.origin.confidence) == (origin, confidence), image_id
        assert {"proven": "proven by", "likely": "likely, from", "assumed": "assumed"}[confidence] in story.origin.said


def test_every_maker_of_snapshots_is_told(organisation, told):
    planted = by_origin(organisation, "snap-")
    assert {origin for origin, _ in planted} >= {"create-image", "mgn", "drs", "fast-launch", "vm-import"}
    for (origin, confidence), (_, _, snapshot_id) in planted.items():
        story = told(snapshot_id)
        assert (story.origin.origin, story.origin.confidence) == (origin, confidence), snapshot_id


def test_a_product_of_the_marketplace_is_named(organisation, told):
    (_, _, image_id) = by_origin(organisation, "ami-")["marketplace", "proven"]
    said = told(image_id).origin.said
    assert said.startswith("Registered from what a Marketplace product left, with Marketplace product ")
    assert said.endswith("; proven by DescribeImages ProductCodes.")
