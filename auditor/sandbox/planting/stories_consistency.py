"""Images made of instances that ran on, and how that can be known: by CloudTrail, their snapshots or a policy."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting import lifecycle
from auditor.sandbox.planting.images import built, create_snapshots, device, plant_image
from auditor.sandbox.planting.names import ROLES, SERVICES, image_name
from auditor.sandbox.planting.plot import Plot, Telling
from auditor.sandbox.planting.trail import forget, image_created, put_event


def _name(plot: Plot, days: float) -> str:
    """The name of an image made so many days ago."""
    return image_name(plot.rng, f"{plot.rng.choice(SERVICES)}-{plot.rng.choice(ROLES)}-still", plot.ago(days))


def _image(plot: Plot, days: float, **more: object) -> str:
    """An image made of an instance so many days ago, with the event of it where one is kept so long."""
    return built(plot, _name(plot, days), days, key=plot.keys.enabled, use="none", **more).image_id  # type: ignore[arg-type]


def _retell(plot: Plot, image_id: str, *, no_reboot: bool = False, words: str | None = None) -> None:
    """Let the history tell of an image's making otherwise."""
    row = plot.here.images[image_id]
    called = next(
        event["EventTime"]
        for event in plot.here.trail_events.values()
        if image_id in (each["ResourceName"] for each in event["Resources"])
    )
    image_created(plot, image_id, row["SourceInstanceId"], called, no_reboot=no_reboot, words=words)


def running_on(plot: Plot) -> None:
    """Images made without a reboot: one that CloudTrail has, one too long ago for it, and one of a call tried out.

    Of the second nobody can know. The third call failed and made nothing; that of its image rebooted.
    """
    hurried = _image(plot, 40)
    _retell(plot, hurried, no_reboot=True)
    plot.note("image_inconsistent", hurried)
    _image(plot, 130)
    calm = _image(plot, 30)
    refused = '{"requestParameters": {"instanceId": "i-0", "noReboot": true}, "errorCode": "Client.DryRunOperation"}'
    put_event(plot, plot.uuid(), plot.ago(30), refused, [("AWS::EC2::Ami", calm)])
    put_event(plot, plot.uuid(), plot.ago(3), "{}", [("AWS::EC2::Instance", "i-0")], "CreateTags")


def untold(plot: Plot) -> None:
    """Images of which the history has nothing, nothing that is JSON, nothing of a request, and nonsense."""
    unheard = _image(plot, 25)
    forget(plot, unheard)
    odd = [_image(plot, days) for days in (50, 45, 20)]
    said = ("{" + plot.hostile("cut off"), '{"requestParameters": null, "responseElements": []}', "")
    for image_id, words in zip(odd, said, strict=True):
        _retell(plot, image_id, words=words)
    for image_id in (unheard, *odd):
        plot.note("unknown:image_inconsistent", image_id)


def apart(plot: Plot) -> None:
    """Images whose disks are of different moments: one made by hand of two snapshots, one that took its time.

    A third was registered of one snapshot, and a fourth of two that were started together.
    """
    for days, gap, by_call, found in ((60, 1440, False, True), (200, 20, True, True), (70, 2, False, False)):
        image_id, started = plot.new("ami"), plot.ago(days)
        devices: list[Row] = []
        for number in range(2):
            moment = started + timedelta(minutes=gap * number)
            if by_call:
                made = create_snapshots(plot, image_id, moment, key=plot.keys.enabled)
                snapshot_id, of = made.snapshot_ids[0], made.lineages[0]
            else:
                of = plot.lineage(12, plot.keys.enabled)
                snapshot_id = plot.snapshot(of, moment, description="disk of an appliance", kept="image")
            devices.append(device(number, snapshot_id, of))
        name, by = _name(plot, days), "create-image likely" if by_call else "registered assumed"
        plant_image(plot, name, started, devices, use="none", origin=by, image_id=image_id)
        if found:
            plot.note("image_inconsistent", image_id)
    of = plot.lineage(12, plot.keys.enabled)
    snapshot_id = plot.snapshot(of, plot.ago(35), description="disk of an appliance", kept="image")
    devices, by = [device(0, snapshot_id, of)], "registered assumed"
    plant_image(plot, _name(plot, 35), plot.ago(35), devices, use="none", origin=by)


def by_policy(plot: Plot) -> None:
    """Images that lifecycle policies made too long ago for CloudTrail: without a reboot, or with one; both are off."""
    for no_reboot in (True, False):
        details: Row = {
            "PolicyType": "IMAGE_MANAGEMENT",
            "ResourceTypes": ["INSTANCE"],
            "ResourceLocations": ["CLOUD"],
            "TargetTags": [{"Key": "image", "Value": "retired"}],
            "Schedules": [],
            "Parameters": {"NoReboot": no_reboot},
            "PolicyLanguage": "STANDARD",
        }
        policy_id = lifecycle.policy(plot, "Images of machines", details, state="DISABLED")
        plot.here.lifecycle_policies[policy_id]["DateModified"] = plot.ago(400)
        tags = {"aws:dlm:lifecycle-policy-id": policy_id, "dlm:managed": "true"}
        image_id = _image(plot, 100, tags=tags, origin="dlm proven")
        if no_reboot:
            plot.note("image_inconsistent", image_id)


#: Stories of consistency.
STORIES: tuple[Telling, ...] = (
    (running_on, 0, 1),
    (untold, 0, 1),
    (apart, 0, 1),
    (by_policy, 0, 1),
)
