"""Who can see what: shares with closed accounts and strangers, policies that share, images of strangers that run."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Region
from auditor.sandbox.planting import lifecycle
from auditor.sandbox.planting.images import built, launch
from auditor.sandbox.planting.names import FORMER_PARTNER, PARTNER, SERVICES, image_name, server
from auditor.sandbox.planting.plot import Plot, Telling, stamp


def _name(plot: Plot, days: float, what: str) -> str:
    """The name of an image made so many days ago."""
    return image_name(plot.rng, f"{plot.rng.choice(SERVICES)}-{what}", plot.ago(days))


def closed_accounts(plot: Plot) -> None:
    """Images still shared with an account that was closed: one runs here, one nobody can use any more."""
    organisation = plot.organisation
    closed = [{"UserId": each.account_id} for each in organisation.accounts.values() if each.state != "ACTIVE"]
    made = built(plot, _name(plot, 170, "merger"), 170, use="current", permissions=closed)
    launch(plot, made, 90, name=server(plot.rng))
    permissions = [*closed, {"UserId": organisation.management_id}]
    built(plot, _name(plot, 160, "merger"), 160, key=plot.keys.enabled, use="none", permissions=permissions)


def partners(plot: Plot) -> None:
    """Images under our own key, shared with a trusted partner and a former one; nothing is seen to use them."""
    for days, partner in ((140, PARTNER), (130, FORMER_PARTNER)):
        built(
            plot,
            _name(plot, days, "appliance"),
            days,
            key=plot.keys.enabled,
            use="none",
            permissions=[{"UserId": partner}],
            elsewhere=True,
        )


def sharing_policies(plot: Plot) -> None:
    """Policies that share what they make: with ourselves and a trusted partner, with former partners, and no more."""
    lifecycle.sharing_policy(plot, [plot.organisation.management_id, PARTNER])
    lifecycle.sharing_policy(plot, [FORMER_PARTNER, PARTNER])
    lifecycle.sharing_policy(plot, [FORMER_PARTNER], state="DISABLED")


def images_of_others(plot: Plot) -> None:
    """Instances on images of a stranger, of a trusted partner and of the Marketplace; one is terminated."""
    created = plot.ago(500)
    for owner, alias, state in (
        (FORMER_PARTNER, None, "running"),
        (FORMER_PARTNER, None, "stopped"),
        (FORMER_PARTNER, None, "terminated"),
        (PARTNER, None, "running"),
        ("679593333241", "aws-marketplace", "running"),
    ):
        image_id = plot.new("ami")
        row = {
            "ImageId": image_id,
            "Name": "appliance-5.1",
            "OwnerId": owner,
            "CreationDate": stamp(created),
            "State": "available",
            "Public": alias is not None,
        }
        plot.organisation.other_images[plot.here.name][image_id] = (
            row if alias is None else {**row, "ImageOwnerAlias": alias}
        )
        instance_id = plot.instance(image_id, plot.ago(200), name=server(plot.rng), state=state)
        if owner == FORMER_PARTNER and state != "terminated":
            plot.note("instance_image_untrusted_owner", instance_id)


def snapshots_of_others(plot: Plot) -> None:
    """A machine with disks from a stranger's public snapshot, from a partner's, and from one that is gone."""
    made = built(plot, _name(plot, 45, "import"), 45, key=plot.keys.enabled, use="current")
    instance_id = launch(plot, made, 40, name=server(plot.rng))
    region = plot.here.name
    for letter, owner in (("f", FORMER_PARTNER), ("g", PARTNER), ("h", "")):
        source = plot.new("snap")
        of = plot.lineage(30, plot.keys.enabled, used=0.2, tags={"Name": "dataset"})
        if owner:
            there = plot.organisation.other_places.setdefault((owner, region), Region(owner, region))
            there.snapshots[source] = {
                "SnapshotId": source,
                "OwnerId": owner,
                "VolumeId": plot.new("vol"),
                "VolumeSize": of.size_gib,
                "Description": plot.hostile("open data, updated monthly"),
                "StartTime": plot.ago(100),
                "State": "completed",
                "Progress": "100%",
                "Encrypted": False,
                "StorageTier": "standard",
            }
            everybody = owner == FORMER_PARTNER
            grantee = {"Group": "all"} if everybody else {"UserId": plot.here.account_id}
            there.snapshot_permissions[source] = [grantee]
            if everybody:
                plot.note("source_snapshot_untrusted_owner", source)
        plot.volume(of, plot.ago(39), backup="fresh", source=source, instance=instance_id, device=f"/dev/sd{letter}")
        plot.snapshot(of, plot.now - timedelta(hours=3), description="nightly")


#: Stories of sharing.
STORIES: tuple[Telling, ...] = (
    (closed_accounts, 0, 1),
    (partners, 0, 1),
    (sharing_policies, 0, 1),
    (images_of_others, 0, 1),
    (snapshots_of_others, 0, 1),
)
