"""Who a permission names, and what the rules of sharing must make of it: noted where permissions are planted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from auditor.sandbox.model import Row
from auditor.sandbox.planting.keyring import Lets
from auditor.sandbox.planting.keys import lets
from auditor.sandbox.planting.names import FORMER_PARTNER, PARTNER
from auditor.sandbox.planting.plot import Plot

Standing = Literal["everybody", "known", "closed", "outside"]

#: The tag that the sharing matrix selects by; with one value a former partner may have it, with one not even a trusted.
SHARE, VENDORS, NOBODY = "share", "vendors", "nobody"

#: Grantees beyond the organisation that nobody need worry about.
_TRUSTED = (PARTNER, "aws-marketplace")


def standing(plot: Plot, grantee: str, share: str = "") -> Standing:
    """What a grantee (account, group or ARN of an organisation or unit) is to the account that shares.

    Args:
        plot: Where.
        grantee: Who.
        share: Value of the tag that the sharing matrix selects by, on what is shared.
    """
    organisation = plot.organisation
    if grantee == "all":
        return "everybody"
    if grantee.startswith("arn:"):
        return "known" if grantee.split("/")[1] == organisation.organisation_id else "outside"
    if (share, grantee) == (VENDORS, FORMER_PARTNER):
        return "known"
    if grantee in _TRUSTED:
        return "outside" if (share, grantee) == (NOBODY, PARTNER) else "known"
    if grantee not in organisation.accounts:
        return "outside"
    return "known" if organisation.accounts[grantee].state == "ACTIVE" else "closed"


def grant(plot: Plot, snapshot_id: str, permissions: Sequence[Row]) -> None:
    """Let others restore a completed snapshot of the standard tier that is not under a key of AWS's."""
    plot.here.snapshot_permissions[snapshot_id] = list(permissions)
    for grantee in _grantees(permissions):
        what = standing(plot, grantee, _share(plot.here.snapshots[snapshot_id]))
        if what == "everybody":
            latent = plot.here.snapshot_block_public_access["State"] == "block-all-sharing"
            plot.note("snapshot_public_latent" if latent else "snapshot_public", snapshot_id, "all")
        elif what == "outside":
            plot.note("snapshot_shared_outside_organisation", snapshot_id, grantee)
        key = plot.here.snapshots[snapshot_id].get("KmsKeyId")
        if key and grantee not in (plot.here.account_id, "all", "aws-marketplace"):
            _note_key(plot, "snapshot_share_ineffective", snapshot_id, grantee, [key])


def note_image(plot: Plot, image_id: str, permissions: Sequence[Row]) -> None:
    """Write down what is wrong with the launch permissions of an image that is not disabled."""
    for grantee in _grantees(permissions):
        what = standing(plot, grantee, _share(plot.here.images[image_id]))
        if what == "outside":
            plot.note("image_shared_outside_organisation", image_id, grantee)
        elif what == "closed":
            plot.note("image_shared_with_closed_account", image_id, grantee)
        elif what == "known" and grantee not in (plot.here.account_id, "aws-marketplace"):
            _note_key(plot, "image_share_incomplete", image_id, grantee, _keys(plot, image_id))


def _keys(plot: Plot, image_id: str) -> list[str]:
    """The keys of the snapshots that an image maps."""
    mapped = [device.get("Ebs", {}).get("SnapshotId") for device in plot.here.images[image_id]["BlockDeviceMappings"]]
    rows = [plot.here.snapshots.get(snapshot_id, {}) for snapshot_id in mapped]
    return [row["KmsKeyId"] for row in rows if "KmsKeyId" in row]


def _note_key(plot: Plot, rule: str, resource_id: str, grantee: str, keys: Sequence[str]) -> None:
    """Write down what a rule must make of a share whose keys do not let the grantee in, or nobody can say."""
    member = standing(plot, grantee) in ("known", "closed")
    told: set[Lets] = {lets(plot, key, grantee, member=member) for key in keys}
    if "no" in told:
        plot.note(rule, resource_id, grantee)
    elif "open" in told:
        plot.note(f"unknown:{rule}", resource_id)


def _share(row: Row) -> str:
    return next((tag["Value"] for tag in row["Tags"] if tag["Key"] == SHARE), "")


def _grantees(permissions: Sequence[Row]) -> list[str]:
    return [str(grantee) for permission in permissions for grantee in permission.values()]
