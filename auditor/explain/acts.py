"""What comes before deleting, deregistering or archiving a resource, in the order to see to it.

What AWS refuses is from its own guides: Amazon EBS User Guide ("Delete an Amazon EBS snapshot", "Lock snapshots",
"Considerations and limitations for archiving", "Pricing and billing for archiving", "Recycle Bin") and Amazon EC2
User Guide ("Deregister an AMI").
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from auditor.explain.run import Node, Row, Run, quoted
from auditor.explain.story import Act, Link, Step
from auditor.explain.trees import current
from auditor.report import text

__all__ = ["acts"]

#: The archive bills at least so many days ("Pricing and billing for archiving Amazon EBS snapshots").
_LEAST_IN_ARCHIVE: Final = timedelta(days=90)

_NAMED_AT_MOST: Final = 3


def acts(
    run: Run, node: Node, row: Row, where: str, needs: tuple[Link, ...], parts: tuple[Link, ...]
) -> tuple[Act, ...]:
    """What one may want to do to a resource, and what stands in the way."""
    if where == "recycle-bin":
        until = text.day(row["exits_at"])
        said = (
            f"It is deleted already and goes for good on {until}. Until then it can be restored, and not be hastened."
        )
        return (Act("delete", said, ()),)
    if node.kind == "snapshot":
        return _delete_snapshot(run, node, row, needs), _archive(run, node, row, needs)
    if node.kind == "image":
        return (_deregister(run, node, row, needs, parts),)
    return (_delete_volume(run, node, needs),)


def _answer(act: str, steps: list[Step]) -> Act:
    """The act with its answer; steps keep their order, what AWS refuses first."""
    order = ("blocks", "breaks", "costs", "note")
    steps = sorted(steps, key=lambda step: order.index(step.weight))
    weights = [step.weight for step in steps]
    blocks, breaks = weights.count("blocks"), weights.count("breaks")
    if blocks:
        things = "one thing stands" if blocks == 1 else f"{text.count(blocks)} things stand"
        said = f"AWS refuses to {act} it: {things} in the way."
    elif breaks:
        things = "one thing" if breaks == 1 else f"{text.count(breaks)} things"
        said = f"AWS would let you {act} it, but {things} would be the worse for it."
    else:
        said = f"Nothing that was read stands in the way of it: you can {act} it."
    return Act(act, said, tuple(steps))


def _delete_snapshot(run: Run, node: Node, row: Row, needs: tuple[Link, ...]) -> Act:
    steps = [*_retains(needs), *_holds(run, node, needs), *_maps(run, node, needs)]
    steps += [*_lock(run, node), *_dependants(needs)]
    made = run.rows("snapshot_origins", snapshot_id=node.id, region=node.region, account_id=node.account_id)
    if made and made[0]["origin"] == "aws-backup" and not any(link.kind == "holds" for link in needs):
        said = "AWS Backup made it, and no recovery point that was seen holds it: delete it there if EC2 refuses."
        steps.append(Step("note", said, made[0]["evidence"] or "ec2 DescribeSnapshots"))
    steps += _last_backup(run, node, row)
    steps += _shares(run, node)
    steps += _early(run, node, row)
    steps += _bin(run, node, "EBS_SNAPSHOT")
    return _answer("delete", steps)


def _holds(run: Run, node: Node, needs: tuple[Link, ...]) -> list[Step]:
    steps = []
    for link in needs:
        if link.kind != "holds":
            continue
        key = {"recovery_point_arn": link.resource_id, "account_id": link.account_id, "region": link.region}
        point = run.rows("recovery_points", **key)[0]
        vault = run.rows(
            "backup_vaults", vault_name=point["vault_name"], account_id=link.account_id, region=link.region
        )
        name = f"recovery point of {text.day(point['created_at'])} in vault “{text.plain(point['vault_name'])}”"
        said = f"Held by the {name}: delete it through AWS Backup, which takes {node.id} with it; EC2 refuses."
        if vault and vault[0]["locked"]:
            until = point["delete_at"]
            fixed = vault[0]["lock_at"] is None or vault[0]["lock_at"] <= run.as_of
            when = f"before {text.day(until)}" if until is not None else "as long as its retention runs"
            said += f" The vault is locked{'' if fixed else ', not yet for good'}: not {when}."
        steps.append(Step("blocks", said, link.seen_by))
    return steps


def _retains(needs: tuple[Link, ...]) -> list[Step]:
    """Legal holds: while one lasts AWS Backup refuses to delete, whoever asks (AWS Backup Developer Guide)."""
    return [
        Step("blocks", f"{text.sentence(link.said)}: nobody can delete it before the hold is released.", link.seen_by)
        for link in needs
        if link.kind == "retains"
    ]


def _maps(run: Run, node: Node, needs: tuple[Link, ...]) -> list[Step]:
    """Images that map a snapshot: one step each, however many devices."""
    steps: dict[str, Step] = {}
    for link in needs:
        if link.kind != "maps" or link.resource_id in steps:
            continue
        image, _ = run.home(Node("image", link.resource_id, node.region, link.account_id))
        name = f"image {link.resource_id}{quoted((image or {}).get('name'))}"
        users = [each for each in link.beneath if each.kind == "names" and current(each)]
        held = [each for each in link.beneath if each.kind == "holds"]
        if held:
            said = f"Delete the recovery point that is {name} through AWS Backup first: it maps this snapshot."
        else:
            said = f"Deregister {name} first: it is {link.strength} and maps this snapshot."
            said += _protection(image)
        if users:
            said += f" But it is in use: {_some(users)}."
        steps[link.resource_id] = Step("blocks", said, link.seen_by)
    return list(steps.values())


def _protection(image: Row | None) -> str:
    state = (image or {}).get("deregistration_protection")
    if state is None or not str(state).startswith("enabled"):
        return ""
    cooldown = ", which takes 24 hours to end" if "with-cooldown" in str(state) else ""
    return f" Switch off its deregistration protection first{cooldown}."


def _some(links: list[Link]) -> str:
    shown = [link.said for link in links[:_NAMED_AT_MOST]]
    rest = len(links) - len(shown)
    return "; ".join(shown) + (f"; and {text.count(rest)} more" if rest else "")


def _lock(run: Run, node: Node) -> list[Step]:
    steps = []
    for lock in run.rows("snapshot_locks", snapshot_id=node.id, region=node.region, account_id=node.account_id):
        state, until = lock["lock_state"], text.day(lock["lock_expires_at"])
        if state == "expired":
            continue
        how = {
            "compliance": "nobody can unlock it before, not even the root user",
            "governance": "who may call ec2:UnlockSnapshot can unlock it before",
            "compliance-cooloff": f"it can be unlocked only until {text.minute(lock['cooloff_expires_at'])}",
        }.get(state, "")
        steps.append(Step("blocks", f"Locked until {until} in {state} mode; {how}.", "ec2 DescribeLockedSnapshots"))
    return steps


def _dependants(needs: tuple[Link, ...]) -> list[Step]:
    """What AWS does not ask about and would still miss the snapshot, and what would not."""
    steps = []
    for link in needs:
        if link.kind == "names":
            weight: Any = "breaks" if current(link) else "note"
            steps.append(Step(weight, f"{text.sentence(link.said)}; launches from it would fail.", link.seen_by))
        elif link.kind == "made-for":
            steps.append(Step("breaks", f"{text.sentence(link.said)}.", link.seen_by))
        elif link.kind == "manages" and link.strength == "ENABLED":
            said = f"{text.sentence(link.said)}: its schedule deletes it in time, unless the volume is gone."
            steps.append(Step("note", said, link.seen_by))
        elif link.kind == "restores" and link.strength != "disabled":
            steps.append(Step("note", f"{text.sentence(link.said)}; it ends with the snapshot.", link.seen_by))
    volumes = [link for link in needs if link.kind == "created-from"]
    if volumes:
        number = text.counted(len(volumes), "volume")
        said = f"{text.sentence(number)} created from it {'keeps' if len(volumes) == 1 else 'keep'} working without it."
        steps.append(Step("note", said, volumes[0].seen_by))
    return steps


def _last_backup(run: Run, node: Node, row: Row) -> list[Step]:
    """Whether a volume that lives would be without a backup, or with an older one only."""
    volume = Node("volume", row["volume_id"] or "", node.region, node.account_id)
    if row["state"] != "completed" or run.home(volume)[1] != "here":
        return []
    own = {"region": node.region, "account_id": node.account_id}
    others = [
        each
        for each in run.rows("snapshots", volume_id=volume.id, state="completed", **own)
        if each["snapshot_id"] != node.id
    ]
    points = [
        point
        for status in ("COMPLETED", "AVAILABLE")
        for point in run.rows("recovery_points", resource_id=volume.id, status=status, **own)
        if point["recovery_id"] != node.id
    ]
    if not others and not points:
        said = f"It is the only backup that was seen of {run.called(volume, node)}."
        return [Step("breaks", said, "ec2 DescribeSnapshots, backup ListRecoveryPointsByBackupVault")]
    moments = [each["started_at"] for each in others] + [each["created_at"] for each in points]
    newer = [moment for moment in moments if moment and row["started_at"] and moment > row["started_at"]]
    if newer:
        return []
    said = f"It is the newest backup that was seen of {run.called(volume, node)}."
    return [Step("note", said, "ec2 DescribeSnapshots, backup ListRecoveryPointsByBackupVault")]


def _shares(run: Run, node: Node) -> list[Step]:
    own = {"snapshot_id": node.id, "region": node.region, "account_id": node.account_id}
    grantees = sorted({row["grantee"] for row in run.rows("snapshot_shares", **own)} - {"all", node.account_id})
    if not grantees:
        return []
    said = f"It is shared with {text.listed(text.plain(each) for each in grantees)}: they would lose it."
    return [Step("breaks", said, "ec2 DescribeSnapshotAttribute")]


def _early(run: Run, node: Node, row: Row) -> list[Step]:
    if row["storage_tier"] != "archive" and row["restore_expires_at"] is None:
        return []
    call = "ec2 DescribeSnapshotTierStatus"
    tiers = run.rows("snapshot_tiering", snapshot_id=node.id, region=node.region, account_id=node.account_id)
    since = tiers[0]["archived_at"] if tiers else None
    if since is None:
        return [
            Step("costs", "Archived, since when is not known: if less than 90 days, the rest of them is billed.", call)
        ]
    until = since + _LEAST_IN_ARCHIVE
    if until <= run.as_of:
        return []
    said = f"Archived less than 90 days: deleting it before {text.day(until)} is billed as if it had stayed till then."
    return [Step("costs", said, call)]


def _bin(run: Run, node: Node, kind: str) -> list[Step]:
    """The Recycle Bin rule that would catch it, if any: the longest."""
    own = {"region": node.region, "account_id": node.account_id}
    tags = {(tag["key"], tag["value"]) for tag in run.rows(f"{node.kind}_tags", **{f"{node.kind}_id": node.id}, **own)}
    caught = []
    for rule in run.rows("recycle_bin_rules", resource_type=kind, status="available", **own):
        terms = run.rows("recycle_bin_rule_tags", rule_id=rule["rule_id"], **own)
        wanted = [term for term in terms if not term["excludes"]]
        left_out = any(_fits(term, tags) for term in terms if term["excludes"])
        if not left_out and (not wanted or any(_fits(term, tags) for term in wanted)):
            caught.append(rule)
    if not caught:
        return []
    days = max(rule["retention_days"] for rule in caught)
    billed = "" if node.kind == "image" else " and is billed until then"
    said = f"It goes to the Recycle Bin for {text.counted(days, 'day')}{billed}."
    return [Step("note", said, "rbin ListRules, GetRule")]


def _fits(term: Row, tags: set[tuple[Any, Any]]) -> bool:
    return any(key == term["key"] and term["value"] in (None, value) for key, value in tags)


def _archive(run: Run, node: Node, row: Row, needs: tuple[Link, ...]) -> Act:
    if row["storage_tier"] == "archive" or row["restore_expires_at"] is not None:
        until = f", and taken out until {text.day(row['restore_expires_at'])}" if row["restore_expires_at"] else ""
        return Act("archive", f"It is in the archive already{until}.", ())
    steps = []
    if row["state"] != "completed":
        steps.append(
            Step(
                "blocks",
                f"Its state is {row['state']}, and only completed ones can be archived.",
                "ec2 DescribeSnapshots",
            )
        )
    if any(link.kind == "holds" for link in needs):
        said = "Held by AWS Backup: only the lifecycle of its plan can archive it."
        steps.append(Step("blocks", said, "backup ListRecoveryPointsByBackupVault"))
    images = {link.resource_id: link for link in needs if link.kind == "maps" and link.strength != "disabled"}
    for link in images.values():
        said = (
            f"Disable image {link.resource_id} first: it is {link.strength}; all images that map it must be disabled."
        )
        steps.append(Step("blocks", said, link.seen_by))
    steps += [
        Step("blocks", f"Switch it off first: {link.said}.", link.seen_by)
        for link in needs
        if link.kind == "restores" and link.strength not in ("disabled", "disabling")
    ]
    if _shares(run, node):
        said = "It is shared, and nobody can use what is in the archive."
        steps.append(Step("breaks", said, "ec2 DescribeSnapshotAttribute"))
    said = "The archive stores it in full, for 90 days at least; it pays only where most of its blocks are its own."
    steps.append(Step("note", said, "price list"))
    return _answer("archive", steps)


def _deregister(run: Run, node: Node, row: Row, needs: tuple[Link, ...], parts: tuple[Link, ...]) -> Act:
    steps = [*_retains(needs), *_holds(run, node, needs)]
    if protected := _protection(row).strip():
        steps.append(Step("blocks", protected, "ec2 DescribeImages"))
    for link in needs:
        if link.kind != "names":
            continue
        if link.resource_type == "fast-launch":
            said = f"Switch fast launch off first, or what it made lingers and is billed: {link.said}."
            steps.append(Step("breaks", said, link.seen_by))
        elif link.resource_type == "instance":
            said = f"{text.sentence(link.said)}: it goes on, but cannot be launched anew."
            steps.append(Step("breaks", said, link.seen_by))
        elif current(link):
            steps.append(Step("breaks", f"Give it another image first: {link.said}.", link.seen_by))
        else:
            steps.append(Step("note", f"{text.sentence(link.said)}.", link.seen_by))
    steps += _licence(run, node, row)
    if parts and not any(link.kind == "holds" for link in needs):
        mapped = {part.resource_id for part in parts}
        others = sorted(part.resource_id for part in parts if part.beneath)
        stay = "Its snapshot stays and is" if len(mapped) == 1 else f"Its {len(mapped)} snapshots stay and are"
        said = f"{stay} billed until deleted too"
        said += f"; but {text.listed(others)} cannot be, for another image maps the same." if others else "."
        steps.append(Step("note", said, "ec2 DescribeImages"))
    steps += _bin(run, node, "EC2_IMAGE")
    return _answer("deregister", steps)


def _licence(run: Run, node: Node, row: Row) -> list[Step]:
    """What a snapshot alone does not give back."""
    codes = run.rows("product_codes", image_id=node.id, region=node.region, account_id=node.account_id)
    lost = [
        said
        for said, holds in (
            (
                f"the licence of {text.plain(row['platform_details'])}",
                row["platform_details"] not in (None, "Linux/UNIX"),
            ),
            ("its Marketplace product codes", bool(codes)),
            ("its kernel", row["kernel_id"] is not None),
            ("its TPM and UEFI settings", row["tpm_support"] is not None),
        )
        if holds
    ]
    if not lost:
        return []
    said = f"Without it {text.listed(lost)} may be lost: its snapshots may not come back as a bootable image."
    return [Step("breaks", said, "ec2 DescribeImages")]


def _delete_volume(run: Run, node: Node, needs: tuple[Link, ...]) -> Act:
    steps = [
        Step("blocks", f"Detach it first: {link.said}.", link.seen_by)
        for link in needs
        if link.kind == "attaches" and link.strength != "detached"
    ]
    kept = [link for link in needs if link.kind == "taken-of"]
    points = [link for link in needs if link.kind == "backs-up" and link.strength in ("COMPLETED", "AVAILABLE")]
    if not kept and not points:
        steps.append(
            Step(
                "breaks",
                "No snapshot and no recovery point of it was seen: its data would be gone.",
                "ec2 DescribeSnapshots",
            )
        )
    elif kept:
        stay = "Its snapshot stays" if len(kept) == 1 else f"Its {text.count(len(kept))} snapshots stay"
        said = f"{stay} and {'is' if len(kept) == 1 else 'are'} billed on."
        steps.append(Step("note", said, "ec2 DescribeSnapshots"))
    steps += _bin(run, node, "EBS_VOLUME")
    return _answer("delete", steps)
