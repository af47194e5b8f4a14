"""What could not be seen and matters to one resource; and what to say of an id that the run does not hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditor.engine.gaps import Gap
from auditor.errors import ConfigError
from auditor.explain.run import HOMES, Node, Row, Run
from auditor.frames import FRAMES
from auditor.nearest import nearest
from auditor.report import text

__all__ = ["not_in_the_run", "unseen"]

#: Frames of the resource's own account and region that its story rests on, and what a gap in them hides.
_OWN: Final = {
    "snapshot": {
        "images": "images that map it",
        "volumes": "volumes created from it",
        "snapshot_references": "launch templates, configurations and recipes that name it",
        "recovery_points": "recovery points that hold it",
        "legal_hold_points": "legal holds on it",
        "recycle_bin_images": "images in the Recycle Bin that were made with it",
        "recycle_bin_rules": "whether the Recycle Bin would catch it",
        "snapshot_locks": "locks on it",
        "snapshot_tiering": "since when it is archived",
        "fast_restores": "fast restores of it",
        "lifecycle_policies": "the policy that manages it",
        "snapshot_public_permissions": "whether it is public",
        "snapshot_shares": "whom it is shared with",
        "snapshot_block_public_access": "whether public sharing is blocked",
        "kms_keys": "the state of its key",
        "key_policies": "whom its key lets use it",
    },
    "image": {
        "image_references": "what names it",
        "instances": "instances launched from it",
        "image_shares": "whom it is shared with",
        "snapshots": "the snapshots that it maps",
        "recovery_points": "recovery points that hold it",
        "legal_hold_points": "legal holds on it",
        "recycle_bin_rules": "whether the Recycle Bin would catch it",
        "image_block_public_access": "whether public sharing is blocked",
        "key_policies": "whom the keys of its snapshots let use it",
    },
    "volume": {
        "snapshots": "its snapshots",
        "recovery_points": "recovery points of it",
        "instances": "the instance that it is attached to",
        "kms_keys": "the state of its key",
        "recycle_bin_rules": "whether the Recycle Bin would catch it",
    },
}

#: Frames of other accounts in the same region that may use what is shared, and what a gap in them hides.
_THEIRS: Final = {
    "snapshot": {"volumes": "volumes created from it there", "snapshot_references": "templates that name it there"},
    "image": {"image_references": "what names it there"},
    "volume": {},
}


def unseen(run: Run, node: Node, row: Row | None) -> tuple[str, ...]:
    """What could not be seen, in sentences: gaps here, gaps of those it is shared with, and accounts out of scope."""
    said = [] if node.account_id is None else _gaps(run, node, node.account_id, _OWN[node.kind])
    if node.account_id is None:
        for account_id in run.accounts:
            said += _gaps(run, node, account_id, {HOMES[node.kind][0]: f"whether it is a {node.kind} of that account"})
        return tuple(said)
    shares = run.rows(f"{node.kind}_shares", **_key(node)) if node.kind != "volume" else []
    public = row is not None and (
        row.get("is_public") is True
        or (node.kind == "snapshot" and bool(run.rows("snapshot_public_permissions", **_key(node))))
    )
    for account_id in _readers(run, node, shares, public):
        said += _gaps(run, node, account_id, _THEIRS[node.kind])
    if node.kind == "image":
        dark = run.rows("image_use", **_key(node))
        blind = dark[0]["blind_spot"] if dark else None
        said += [f"Whether others use it: {text.plain(blind)}."] if blind else []
        return tuple(dict.fromkeys(said))
    outside = sorted({each["grantee"] for each in shares if each["grantee_type"] == "account"} - set(run.accounts))
    if outside:
        said.append(f"What {text.listed(f'account {each}' for each in outside)} made of it: outside what was read.")
    if public:
        said.append("What the rest of the world made of it: it is public.")
    return tuple(dict.fromkeys(said))


def _key(node: Node) -> dict[str, str | None]:
    return {f"{node.kind}_id": node.id, "region": node.region, "account_id": node.account_id}


def _readers(run: Run, node: Node, shares: Iterable[Row], public: bool) -> list[str]:
    """The accounts in scope, but for its own, that may use it: an organisation's or unit's members are all of them."""
    if public or any(share["grantee_type"] in ("organisation", "unit") for share in shares):
        return sorted(set(run.accounts) - {node.account_id or ""})
    return sorted({share["grantee"] for share in shares} & set(run.accounts) - {node.account_id or ""})


def _gaps(run: Run, node: Node, account_id: str, frames: dict[str, str]) -> list[str]:
    """A sentence for each thing that a gap in one account hides of the resource, and for each that nobody asked for."""
    said = []
    for frame, what in frames.items():
        unasked = [name for name in FRAMES[frame].filled_by if not run.asked(name, account_id, node.region)]
        if unasked:
            names = text.listed(name.replace("_", " ") for name in unasked)
            where = f"{run.account(account_id)} {node.region or ''}".strip()
            said.append(f"{text.sentence(what)}: {names} of {where} were not part of this run.")
    for gap in run.gaps.at(account_id, node.region or ""):
        if gap.resource_id and gap.resource_id != node.id:
            continue
        hidden = [what for frame, what in frames.items() if gap.collector in FRAMES[frame].filled_by]
        said += [f"{text.sentence(what)}: {_plain(run, gap)}." for what in hidden]
    return said


def _plain(run: Run, gap: Gap) -> str:
    words = str(gap)
    return text.plain(words.replace(f"account {gap.account_id}", run.account(gap.account_id)))


def not_in_the_run(run: Run, node: Node) -> ConfigError:
    """The error for an id that nothing in the run names: the nearest id, and where nobody looked."""
    frame = HOMES[node.kind][0]
    known = run.frame(frame)[f"{node.kind}_id"]
    start, end = node.id[: len(node.kind) + 4], node.id[-5:]
    like = known[(known.str.startswith(start) | known.str.endswith(end)).fillna(False)].tolist()[:200]
    hint = f"It holds {text.counted(len(known), node.kind)}."
    if like:
        close = nearest(node.id, like, node.kind)
        hint = close if close.startswith("Did") else hint
    unread = sorted(
        {
            f"{gap.account_id} {'' if gap.region == 'global' else gap.region}".strip()
            for gap in run.gaps.all()
            if gap.collector in FRAMES[frame].filled_by and not gap.resource_id
        }
    )
    hint += f" The {node.kind}s of these were not read: {text.listed(unread)}." if unread else ""
    regions = sorted({region for _, region in run.inventory.partitions})
    hint += f" Regions of the run: {', '.join(regions) or 'none'}."
    return ConfigError(f"{text.plain(node.id, 60)} is not in this run, and nothing in it names it.", hint)
