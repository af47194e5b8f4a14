"""What tests of stories share: a planted organisation collected, and the parts of a story looked up."""

import os

import pytest

from auditor.aws.limits import Limiter
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.sandbox.faults import Faults
from auditor.sandbox.server import Sandbox

CONFIG = Config.of(
    {"scope": {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"}, "collect": {"workers": 4}}
)


def seed():
    """A fresh seed for every run of the tests; a failure prints it, so that it can be repeated."""
    return int(os.environ["REPEAT_SEED"])


def collected(organisation, folder, *faults, config=CONFIG, collectors=None):
    with Sandbox(organisation, Faults(*faults)) as sandbox, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        collect(config, folder, as_of=organisation.now, collectors=collectors, limiter=Limiter.unlimited())
    return folder


def first(rows, fits):
    found = next((key for key, row in rows.items() if fits(row)), None)
    assert found, f"REPEAT_SEED={seed()} planted no such thing"
    return found


def steps(story, weight, act=0):
    return [step.said for step in story.acts[act].steps if step.weight == weight]


def links(story, kind):
    return [link for link in story.needed_by if link.kind == kind]


def mapped(row):
    return [each["Ebs"]["SnapshotId"] for each in row["BlockDeviceMappings"] if "SnapshotId" in each.get("Ebs", {})]


def named_by(place, type_of_reference, told):
    """The images of a place that only references of one type name, with their stories."""
    for image_id, row in place.images.items():
        if row["State"] != "available":
            continue
        story = told(image_id)
        if story.needed_by and {link.resource_type for link in story.needed_by} == {type_of_reference}:
            return story
    pytest.fail(f"REPEAT_SEED={seed()} planted no image that only a {type_of_reference} names")
