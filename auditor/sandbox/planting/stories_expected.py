"""What must be shared and what may be: a sharing matrix, and resources that keep to it or do not.

Only these stories carry the tag that the matrix selects by, so what it makes of any other resource is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.sandbox.model import Organisation, Row
from auditor.sandbox.planting.images import built
from auditor.sandbox.planting.names import FORMER_PARTNER, PARTNER, SERVICES, image_name
from auditor.sandbox.planting.plot import Plot, Telling
from auditor.sandbox.planting.sharing import NOBODY, SHARE, VENDORS, grant

_ORGANISATION, _PLATFORM, _WORKLOADS, _RECOVERY = "organisation", "platform", "workloads", "recovery"


def matrix(organisation: Organisation) -> list[Row]:
    """``[[sharing.expect]]`` of a company that has thought about it, as its configuration says it."""
    chosen = {"tag": SHARE, "value": VENDORS}
    closed = {"tag": SHARE, "value": NOBODY}
    return [
        {"images": {"tag": SHARE, "value": _ORGANISATION}, "shared_with": ["organisation"]},
        {
            "images": {"tag": SHARE, "value": _PLATFORM, "name": "*-golden-*"},
            "shared_with": [organisation.management_id],
            "copyable": True,
        },
        {"images": {"tag": SHARE, "value": _WORKLOADS}, "shared_with": [_unit(organisation, "Workloads")]},
        {
            "snapshots": {"tag": SHARE, "value": _RECOVERY},
            "shared_with": [organisation.management_id, PARTNER],
        },
        {"images": chosen, "may_share_with": [FORMER_PARTNER]},
        {"snapshots": chosen, "may_share_with": [FORMER_PARTNER]},
        {"images": closed, "may_share_with": []},
        {"snapshots": closed, "may_share_with": []},
    ]


def _unit(organisation: Organisation, name: str) -> str:
    return next(unit for unit, (called, _) in organisation.units.items() if called == name)


def _arn(plot: Plot, resource: str) -> str:
    organisation = plot.organisation
    return f"arn:{organisation.partition}:organizations::{organisation.management_id}:{resource}"


def _within(organisation: Organisation, unit: str) -> set[str]:
    """The active accounts in a unit, however deep."""
    units = {unit}
    while more := {each for each, (_, parent) in organisation.units.items() if parent in units} - units:
        units |= more
    return {each.account_id for each in organisation.accounts.values() if each.ou_id in units and _active(each.state)}


def _active(state: str) -> bool:
    return state == "ACTIVE"


def _image(plot: Plot, share: str, what: str, permissions: Sequence[Row]) -> str:
    """A young image with the tag that the matrix selects by, unencrypted so that no key has a say."""
    days = plot.rng.randrange(20, 60)
    name = image_name(plot.rng, f"{plot.rng.choice(SERVICES)}-{what}", plot.ago(days))
    tags = {SHARE: share}
    made = built(plot, name, days, use="none", permissions=permissions, tags=tags)
    if share == _PLATFORM and permissions:
        for snapshot_id in made.snapshot_ids:
            grant(plot, snapshot_id, permissions)
    return made.image_id


def organisation_images(plot: Plot) -> None:
    """Images for everybody in the organisation: shared with it, with one account of it, and with nobody."""
    organisation, own = plot.organisation, plot.here.account_id
    members = {each.account_id for each in organisation.accounts.values() if _active(each.state)}
    for permissions, reached in (
        ([{"OrganizationArn": _arn(plot, f"organization/{organisation.organisation_id}")}], members),
        ([{"UserId": organisation.management_id}], {organisation.management_id}),
        ([], set[str]()),
    ):
        image_id = _image(plot, _ORGANISATION, "common", permissions)
        if members - reached - {own}:
            plot.note("image_not_shared", image_id, organisation.organisation_id)


def platform_images(plot: Plot) -> None:
    """Golden images that the platform must be able to copy: one that it can, one it cannot see, one by another name."""
    platform = plot.organisation.management_id
    _image(plot, _PLATFORM, "golden", [{"UserId": platform}])
    forgotten = _image(plot, _PLATFORM, "golden", [])
    _image(plot, _PLATFORM, "draft", [])
    if platform != plot.here.account_id:
        plot.note("image_not_shared", forgotten, platform)


def unit_images(plot: Plot) -> None:
    """Images for a unit: shared with it, with a part of it only, and with nobody."""
    organisation = plot.organisation
    whole, part = (_unit(organisation, name) for name in ("Workloads", "Production"))
    ou = f"ou/{organisation.organisation_id}"
    others = _within(organisation, whole) - {plot.here.account_id}
    _image(plot, _WORKLOADS, "service", [{"OrganizationalUnitArn": _arn(plot, f"{ou}/{whole}")}])
    halfway = _image(plot, _WORKLOADS, "service", [{"OrganizationalUnitArn": _arn(plot, f"{ou}/{part}")}])
    forgotten = _image(plot, _WORKLOADS, "service", [])
    if not _within(organisation, whole):
        # nobody lies in the unit, so that nothing says what it lies in
        plot.note("unknown:image_not_shared", halfway)
        plot.note("image_not_shared", forgotten, whole)
        return
    if others - _within(organisation, part):
        plot.note("image_not_shared", halfway, whole)
    if others:
        plot.note("image_not_shared", forgotten, whole)


def recovery_snapshots(plot: Plot) -> None:
    """Snapshots that two others must be able to recover from: shared with both, with one, with none."""
    wanted = (plot.organisation.management_id, PARTNER)
    for given in (wanted, wanted[1:], ()):
        snapshot_id = _snapshot(plot, _RECOVERY, given)
        for grantee in wanted:
            if grantee not in (*given, plot.here.account_id):
                plot.note("snapshot_not_shared", snapshot_id, grantee)


def vendors(plot: Plot) -> None:
    """What a former partner may still have, and what not even a trusted one may."""
    for share, grantee in ((VENDORS, FORMER_PARTNER), (NOBODY, PARTNER)):
        _snapshot(plot, share, [grantee])
        _image(plot, share, "exchange", [{"UserId": grantee}])


def _snapshot(plot: Plot, share: str, accounts: Sequence[str]) -> str:
    started = plot.ago(plot.rng.randrange(5, 25))
    snapshot_id = plot.snapshot(plot.lineage(20), started, description="handed on", tags={SHARE: share})
    if accounts:
        grant(plot, snapshot_id, [{"UserId": account} for account in accounts])
    return snapshot_id


#: Stories of what is expected of sharing.
STORIES: tuple[Telling, ...] = (
    (organisation_images, 0, 1),
    (platform_images, 0, 1),
    (unit_images, 0, 1),
    (recovery_snapshots, 0, 1),
    (vendors, 0, 1),
)
