"""Who a permission names, and what the rules of sharing must make of it: noted where permissions are planted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from auditor.sandbox.model import Row
from auditor.sandbox.planting.names import PARTNER
from auditor.sandbox.planting.plot import Plot

Standing = Literal["everybody", "known", "closed", "outside"]

#: Grantees beyond the organisation that nobody need worry about.
_TRUSTED = (PARTNER, "aws-marketplace")


def standing(plot: Plot, grantee: str) -> Standing:
    """What a grantee (account, group or ARN of an organisation or unit) is to the account that shares."""
    organisation = plot.organisation
    if grantee == "all":
        return "everybody"
    if grantee.startswith("arn:"):
        return "known" if grantee.split("/")[1] == organisation.organisation_id else "outside"
    if grantee in _TRUSTED:
        return "known"
    if grantee not in organisation.accounts:
        return "outside"
    return "known" if organisation.accounts[grantee].state == "ACTIVE" else "closed"


def grant(plot: Plot, snapshot_id: str, permissions: Sequence[Row]) -> None:
    """Let others restore a completed snapshot of the standard tier that is not under a key of AWS's."""
    plot.here.snapshot_permissions[snapshot_id] = list(permissions)
    for grantee in _grantees(permissions):
        what = standing(plot, grantee)
        if what == "everybody":
            latent = plot.here.snapshot_block_public_access["State"] == "block-all-sharing"
            plot.note("snapshot_public_latent" if latent else "snapshot_public", snapshot_id, "all")
        elif what == "outside":
            plot.note("snapshot_shared_outside_organisation", snapshot_id, grantee)


def note_image(plot: Plot, image_id: str, permissions: Sequence[Row]) -> None:
    """Write down what is wrong with the launch permissions of an image that is not disabled."""
    for grantee in _grantees(permissions):
        what = standing(plot, grantee)
        if what == "outside":
            plot.note("image_shared_outside_organisation", image_id, grantee)
        elif what == "closed":
            plot.note("image_shared_with_closed_account", image_id, grantee)


def _grantees(permissions: Sequence[Row]) -> list[str]:
    return [str(grantee) for permission in permissions for grantee in permission.values()]
