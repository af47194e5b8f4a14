"""Edges between resources: exactly those that the frames show, each with where it was seen and how strong it is."""

from datetime import UTC, datetime

from auditor.analysis import derive
from auditor.frames import FRAMES

HERE = {"account_id": "111122223333", "region": "eu-west-1"}
ENDS = ["from_type", "from_id", "kind", "to_type", "to_id", "to_region", "strength", "detail"]


def edges(**rows):
    """The edges of frames given as rows, without where they were read."""
    held = {name: FRAMES[name].rows(HERE | row for row in given) for name, given in rows.items()}

    def frame(name):
        if name == "snapshot_origins":
            return derive(name, frame, datetime(2026, 3, 1, tzinfo=UTC))
        return held.get(name, FRAMES[name].empty())

    graph = derive("references_graph", frame, datetime(2026, 3, 1, tzinfo=UTC))
    assert graph["seen_by"].notna().all()
    return set(graph[ENDS].astype(object).where(graph[ENDS].notna(), None).itertuples(index=False, name=None))


def test_nothing_has_no_edges():
    assert edges() == set()


def test_an_image_maps_its_snapshots_in_whatever_state_and_says_what_it_was_made_from():
    image = {"image_id": "ami-1", "state": "disabled", "source_image_id": "ami-0", "source_instance_id": "i-1"}
    devices = [
        {"image_id": "ami-1", "device_name": "/dev/xvda", "snapshot_id": "snap-1"},
        {"image_id": "ami-1", "device_name": "/dev/sdb", "virtual_name": "ephemeral0"},
    ]
    assert edges(images=[image], image_block_devices=devices) == {
        ("image", "ami-1", "maps", "snapshot", "snap-1", "eu-west-1", "disabled", "/dev/xvda"),
        ("image", "ami-1", "made-from", "image", "ami-0", "eu-west-1", None, None),
        ("image", "ami-1", "made-from", "instance", "i-1", "eu-west-1", None, None),
    }


def test_copies_lead_to_another_region_and_copied_images_do_too():
    snapshots = [
        {"snapshot_id": "snap-2", "volume_id": "vol-ffffffff", "description": "[Copied snap-1 from us-west-2] x"},
        {
            "snapshot_id": "snap-3",
            "volume_id": "vol-ffffffff",
            "description": "Copied for DestinationAmi ami-2 from SourceAmi ami-1 for SourceSnapshot snap-9. "
            "Task created on 1,7.",
        },
    ]
    image = {"image_id": "ami-2", "source_image_id": "ami-1", "source_image_region": "us-west-2"}
    assert edges(snapshots=snapshots, images=[image]) == {
        ("snapshot", "snap-2", "copied-from", "snapshot", "snap-1", "us-west-2", "likely", None),
        ("snapshot", "snap-3", "copied-from", "snapshot", "snap-9", None, "likely", None),
        ("snapshot", "snap-3", "made-for", "image", "ami-2", "eu-west-1", "likely", "copy-image"),
        ("image", "ami-2", "copied-from", "image", "ami-1", "us-west-2", None, None),
    }


def test_a_policy_that_is_gone_still_managed_its_snapshots():
    snapshots = [{"snapshot_id": f"snap-{n}", "volume_id": "vol-1"} for n in (1, 2)]
    key = "aws:dlm:lifecycle-policy-id"
    tags = [{"snapshot_id": f"snap-{n}", "key": key, "value": f"policy-{n}"} for n in (1, 2)]
    policies = [{"policy_id": "policy-1", "state": "ENABLED"}]
    assert edges(snapshots=snapshots, snapshot_tags=tags, lifecycle_policies=policies) == {
        ("snapshot", "snap-1", "taken-of", "volume", "vol-1", "eu-west-1", None, None),
        ("snapshot", "snap-2", "taken-of", "volume", "vol-1", "eu-west-1", None, None),
        ("lifecycle-policy", "policy-1", "manages", "snapshot", "snap-1", "eu-west-1", "ENABLED", f"tag {key}"),
        ("lifecycle-policy", "policy-2", "manages", "snapshot", "snap-2", "eu-west-1", "gone", f"tag {key}"),
    }


def test_pipelines_build_recipes_and_legal_holds_keep_what_they_hold_until_they_are_over():
    recipe = "arn:aws:imagebuilder:eu-west-1:111122223333:image-recipe/base/1.0.0"
    container = recipe.replace("image-recipe", "container-recipe")
    pipelines = [
        {"pipeline_arn": "arn:p1", "recipe_arn": recipe, "status": "ENABLED", "schedule_expression": "rate(1 day)"},
        {"pipeline_arn": "arn:p2", "recipe_arn": container, "status": "DISABLED"},
        {"pipeline_arn": "arn:p3", "recipe_arn": None},
    ]
    holds = [{"hold_id": name, "status": name.upper()} for name in ("active", "canceling", "canceled")]
    points = [
        {"hold_id": name, "recovery_point_arn": f"arn:{name}", "recovery_id": id_, "vault_name": "gold"}
        for name, id_ in (("active", "snap-1"), ("canceling", "ami-1"), ("canceled", "snap-2"), ("active", None))
    ]
    here = "eu-west-1"
    assert edges(image_pipelines=pipelines, legal_holds=holds, legal_hold_points=points) == {
        ("image-pipeline", "arn:p1", "builds", "image-recipe", recipe, here, "ENABLED", "rate(1 day)"),
        ("image-pipeline", "arn:p2", "builds", "container-recipe", container, here, "DISABLED", None),
        ("legal-hold", "active", "retains", "snapshot", "snap-1", here, "ACTIVE", "gold"),
        ("legal-hold", "canceling", "retains", "image", "ami-1", here, "CANCELING", "gold"),
    }


def test_what_holds_names_locks_and_restores():
    graph = edges(
        recovery_points=[
            {
                "recovery_point_arn": "arn:1",
                "recovery_id": "snap-1",
                "resource_id": "vol-1",
                "status": "COMPLETED",
                "vault_name": "prod",
            }
        ],
        fast_restores=[{"snapshot_id": "snap-1", "availability_zone": "eu-west-1a", "state": "enabled"}],
        snapshot_locks=[{"snapshot_id": "snap-1", "lock_state": "compliance"}],
        snapshot_references=[
            {
                "snapshot_id": "snap-1",
                "referrer_type": "launch-template",
                "referrer_id": "lt-1",
                "detail": "version 2",
                "strength": "old",
                "seen_by": "ec2 DescribeLaunchTemplateVersions",
            }
        ],
        volumes=[{"volume_id": "vol-2", "source_snapshot_id": "snap-1", "state": "in-use"}],
        attachments=[{"volume_id": "vol-2", "instance_id": "i-1", "state": "attached", "device": "/dev/xvda"}],
        instances=[{"instance_id": "i-1", "image_id": "ami-1", "state": "stopped"}],
        auto_scaling_groups=[{"name": "web", "launch_configuration": "lc"}, {"name": "api", "template_id": "lt-1"}],
    )
    here = "eu-west-1"
    assert graph == {
        ("recovery-point", "arn:1", "holds", "snapshot", "snap-1", here, "COMPLETED", "prod"),
        ("recovery-point", "arn:1", "backs-up", "volume", "vol-1", here, "COMPLETED", "prod"),
        ("fast-restore", "eu-west-1a", "restores", "snapshot", "snap-1", here, "enabled", None),
        ("lock", "snap-1", "locks", "snapshot", "snap-1", here, "compliance", None),
        ("launch-template", "lt-1", "names", "snapshot", "snap-1", here, "old", "version 2"),
        ("volume", "vol-2", "created-from", "snapshot", "snap-1", here, "in-use", None),
        ("instance", "i-1", "attaches", "volume", "vol-2", here, "attached", "/dev/xvda"),
        ("instance", "i-1", "launched-from", "image", "ami-1", here, "stopped", None),
        ("auto-scaling-group", "web", "launches", "launch-configuration", "lc", here, None, None),
    }
