"""Shares as they work out: keys that let the partner in, keep it out or may do either, and forgotten snapshots."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.sandbox.model import Row
from auditor.sandbox.planting.images import built
from auditor.sandbox.planting.keyring import Lets
from auditor.sandbox.planting.keys import FOR_VOLUMES, OPERATIONS, USE, role, root, shared_key, statement
from auditor.sandbox.planting.names import PARTNER, SERVICES, image_name
from auditor.sandbox.planting.plot import Plot, Telling
from auditor.sandbox.planting.sharing import SHARE, grant


def _share(plot: Plot, days: float, key: str) -> None:
    """An image and its snapshot, both shared with the partner; nobody here uses them."""
    name = image_name(plot.rng, f"{plot.rng.choice(SERVICES)}-handover", plot.ago(days))
    permissions: list[Row] = [{"UserId": PARTNER}]
    made = built(plot, name, days, key=key, use="none", permissions=permissions, elsewhere=True)
    grant(plot, made.snapshot_ids[0], permissions)


def _told(plot: Plot, days: float, what: str, let: Lets, statements: Sequence[Row], grants: Sequence[Row] = ()) -> None:
    key = shared_key(plot, what, {} if let == "no" else {PARTNER: let}, statements, grants)
    _share(plot, days, key)


def refused(plot: Plot) -> None:
    """Keys that keep the partner out: one action short, denied, for the organisation alone, granted too little."""
    partner = {"AWS": root(plot, PARTNER)}
    short = [action for action in USE if action != "kms:CreateGrant"]
    _told(plot, 110, "one short", "no", [statement("Partner", partner, short)])
    denied = [
        statement("Everything", {"AWS": "*"}, "kms:*", {"StringLike": {"kms:CallerAccount": [PARTNER, "1*"]}}),
        statement("Not any more", {"AWS": [PARTNER]}, ["kms:decrypt"], effect="Deny"),
    ]
    _told(plot, 112, "no longer", "no", denied)
    ours = {"StringEquals": {"aws:PrincipalOrgID": plot.organisation.organisation_id}}
    _told(plot, 114, "ours alone", "no", [statement("Members", "*", "kms:*", ours)])
    too_little = {"GranteePrincipal": role(plot, PARTNER, "restore"), "Operations": ["Decrypt", "DescribeKey"]}
    _told(plot, 116, "granted too little", "no", [], [too_little])
    others = {"AWS": [role(plot, PARTNER, "reader"), root(plot, plot.here.account_id)]}
    halves = [statement("One half", partner, USE[:2]), statement("Other half", others, USE[2:], effect="Deny")]
    _told(plot, 118, "halved", "no", halves)


def allowed(plot: Plot) -> None:
    """Keys that let the partner in: one role of it, by a grant alone, whoever calls from it through EC2."""
    by_role = statement("Partner's role", {"AWS": [role(plot, PARTNER, "restore")]}, ["kms:*"])
    _told(plot, 120, "for one role", "yes", [by_role])
    all_of_it = {"GranteePrincipal": role(plot, PARTNER, "restore"), "Operations": OPERATIONS}
    _told(plot, 122, "by a grant", "yes", [], [all_of_it])
    through = {"kms:CallerAccount": PARTNER, "kms:ViaService": f"ec2.{plot.here.name}.amazonaws.com"}
    by_caller = statement("Callers", "*", ["kms:Describe*", *USE[2:]], {"StringEquals": through})
    volumes = statement("Volumes", {"AWS": PARTNER}, "kms:CreateGrant", FOR_VOLUMES)
    _told(plot, 124, "through EC2", "yes", [by_caller, volumes])


def open_to_question(plot: Plot) -> None:
    """Keys of which nobody here can say: one for calls from an address, and one that belongs to somebody else."""
    address = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    _told(plot, 126, "from the office", "open", [statement("Partner", {"AWS": root(plot, PARTNER)}, USE, address)])
    _share(plot, 128, plot.keys.foreign)


def half_copyable(plot: Plot) -> None:
    """An image that the platform must be able to copy, shared with it, as one of its two snapshots is."""
    platform = plot.organisation.management_id
    name = image_name(plot.rng, f"{plot.rng.choice(SERVICES)}-golden", plot.ago(30))
    permissions: list[Row] = [{"UserId": platform}]
    made = built(plot, name, 30, count=2, use="none", permissions=permissions, tags={SHARE: "platform"})
    grant(plot, made.snapshot_ids[0], permissions)
    if platform != plot.here.account_id:
        plot.note("image_share_incomplete", made.image_id, platform)


#: Stories of keys, and of snapshots that were left out.
STORIES: tuple[Telling, ...] = (
    (refused, 0, 1),
    (allowed, 0, 1),
    (open_to_question, 0, 1),
    (half_copyable, 0, 1),
)
