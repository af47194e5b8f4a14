"""What a resource is, what made it, who can see it, what it costs and what the rules said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import InventoryError
from auditor.explain.run import Node, Row, Run, archived, rows_of
from auditor.explain.story import Cost, Finding, Link, Origin
from auditor.frames import FRAMES
from auditor.report import text
from auditor.rule import SEVERITIES

__all__ = ["access", "cost", "facts", "findings", "origin"]

Facts = tuple[tuple[str, str], ...]

_MADE: Final = {
    "create-image": "Made with an image, by CreateImage",
    "copy-image": "Made with a copy of an image, by CopyImage",
    "copy": "A copy of another snapshot",
    "dlm": "Made by a lifecycle policy (Data Lifecycle Manager)",
    "aws-backup": "Made by AWS Backup",
    "vm-import": "Made by VM Import",
    "csi": "Made by the EBS CSI driver of a Kubernetes cluster",
    "velero": "Made by Velero",
    "drs": "Made by Elastic Disaster Recovery",
    "mgn": "Made by Application Migration Service",
    "fast-launch": "Made by EC2 Fast Launch, to start instances from",
    "image-builder": "Made by EC2 Image Builder",
    "packer": "Made by Packer",
    "manual": "Taken by hand or by a script",
}

#: What is said of images in other words than of snapshots.
_IMAGES: Final = {
    "create-image": "Made from an instance, by CreateImage",
    "copy-image": "A copy of another image",
    "bundle": "Registered from a bundle on S3",
    "marketplace": "Registered from what a Marketplace product left",
    "registered": "Registered from a snapshot",
    "unknown": "What made it is not known",
}

_SURE: Final = {
    "proven": "proven by {}, which only AWS can set",
    "likely": "likely, from {}, which anybody could have written",
    "assumed": "assumed: nothing says otherwise",
}


def origin(run: Run, node: Node, row: Row) -> Origin:
    """What made it, how sure that is, and what it rests on."""
    if node.kind == "snapshot":
        found = run.rows("snapshot_origins", snapshot_id=node.id, region=node.region, account_id=node.account_id)
        if not found:
            return _told("not known", "assumed", None, "What made it is not known: the Recycle Bin does not tell")
        told = found[0]
        evidence = told["evidence"]
        said = _MADE.get(told["origin"]) or str(told["origin"])
        return _told(told["origin"], told["confidence"], evidence, said)
    if node.kind == "volume":
        if row.get("source_snapshot_id"):
            return _told("snapshot", "proven", "DescribeVolumes SnapshotId", "Created from a snapshot")
        return _told("blank", "proven", "DescribeVolumes, no SnapshotId", "Created empty")
    found = run.rows("image_origins", image_id=node.id, region=node.region, account_id=node.account_id)
    if not found:
        return _told("not known", "assumed", None, "What made it is not known: the Recycle Bin does not tell")
    told = found[0]
    said = _IMAGES.get(told["origin"]) or _MADE.get(told["origin"]) or str(told["origin"])
    if told["product_code"]:
        said += f", with Marketplace product {text.plain(told['product_code'], 40)} in it"
    return _told(told["origin"], told["confidence"], told["evidence"], said)


def _told(name: str, confidence: str, evidence: str | None, said: str) -> Origin:
    rests = text.plain(evidence, 120)
    rests = rests if rests.startswith(("tag ", "Describe")) else f"its words “{rests}”"
    sure = (
        _SURE[confidence]
        .format(rests)
        .replace(", which only AWS can set", "" if "Describe" in rests else ", which only AWS can set")
    )
    return Origin(name, confidence, evidence, f"{said}; {sure}.")


def facts(run: Run, node: Node, row: Row, where: str) -> Facts:
    """What it is: label and words, the telling ones first."""
    if where == "recycle-bin":
        gone = f"deleted {text.minute(row['entered_at'])}, goes for good {text.minute(row['exits_at'])}"
        return (("State", f"in the Recycle Bin: {gone}"), ("Description", text.plain(row["description"], 120)))
    if node.kind == "image":
        made = _image(run, row)
    else:
        made = _snapshot(run, node, row) if node.kind == "snapshot" else _volume(run, node, row)
    return tuple((label, said) for label, said in made if said)


def _snapshot(run: Run, node: Node, row: Row) -> list[tuple[str, str]]:
    tier = archived(row) or "standard tier"
    moved = [
        each
        for each in run.rows("snapshot_tiering", snapshot_id=node.id, region=node.region, account_id=node.account_id)
        if each["last_operation_status"]
    ]
    if moved:
        tier += f"; last move: {moved[0]['last_operation_status'].replace('-', ' ')}"
        tier += f", in the archive since {text.day(moved[0]['archived_at'])}" if moved[0]["archived_at"] else ""
    why = f": {text.plain(row['state_message'], 120)}" if row["state_message"] else ""
    return [
        ("State", f"{row['state']}{why}, {tier}"),
        ("Taken", _moment(run, row["started_at"])),
        ("Size", _sizes(row)),
        ("Encryption", _encryption(run, node, row)),
        ("Description", text.plain(row["description"], 160)),
        ("Lies on", text.plain(row["outpost_arn"] or row["availability_zone"])),
    ]


def _sizes(row: Row) -> str:
    said = f"of a volume of {row['volume_size_gib']} GiB" if row["volume_size_gib"] is not None else ""
    full = row["full_size_bytes"]
    known = f"{text.size(full)} of blocks in full" if full is not None else "how much it holds AWS does not say"
    return f"{known}, {said}" if said else known


def _encryption(run: Run, node: Node, row: Row) -> str:
    if row["encrypted"] is None:
        return "not known"
    if not row["encrypted"]:
        return "none"
    keys = run.rows("kms_keys", key_arn=row["kms_key_arn"], account_id=node.account_id, region=node.region)
    key = keys[0] if keys and row["kms_key_arn"] else None
    name = text.plain(row["kms_key_arn"]).rpartition("/")[2] or "that is not named"
    if key is None:
        return f"by key {name}, which was not looked at"
    own = key["key_account_id"] in (None, node.account_id)
    said = f"by {'AWS’s own' if key['manager'] == 'AWS' else 'customer'} key {name}"
    said += "" if own else f" of {run.account(key['key_account_id'])}"
    said += ", which cannot be shared" if key["manager"] == "AWS" else ""
    state = key["state"] or f"state not known: {text.plain(key['error_code']) or 'refused'}"
    going = f", and is deleted on {text.day(key['deletion_at'])}" if key["deletion_at"] else ""
    return f"{said} ({state}{going})"


def _image(run: Run, row: Row) -> list[tuple[str, str]]:
    why = f": {text.plain(row['state_reason'], 120)}" if row["state_reason"] else ""
    deprecated = row["deprecated_at"]
    kind = ", ".join(
        text.plain(each)
        for each in (row["platform_details"], row["architecture"], row["virtualization_type"], row["boot_mode"])
        if each
    )
    return [
        ("State", f"{row['state']}{why}"),
        ("Made", _moment(run, row["created_at"])),
        ("Called", _called(run, row)),
        (
            "Last launched",
            text.day(row["last_launched_at"]) if row["last_launched_at"] else "never, as far as AWS keeps it",
        ),
        (
            "Deprecated",
            "" if deprecated is None else f"{'since' if deprecated <= run.as_of else 'from'} {text.day(deprecated)}",
        ),
        ("Kind", f"{kind}, root on {row['root_device_type'] or 'a device not known'}"),
        (
            "Protection",
            f"deregistration protection {text.plain(row['deregistration_protection'])}"
            if row["deregistration_protection"]
            else "",
        ),
        ("Description", text.plain(row["description"], 160)),
    ]


def _called(run: Run, row: Row) -> str:
    """What CloudTrail has of the call that made an image, where it reaches back so far."""
    own = {"image_id": row["image_id"], "region": row["region"], "account_id": row["account_id"]}
    calls = run.rows("image_creations", **own)
    if not calls:
        return ""
    who = text.plain(str(calls[0]["caller"] or "").rpartition(":")[2], 60) or "somebody"
    reboot = {True: "without a reboot", False: "with a reboot"}
    how = reboot.get(calls[0]["no_reboot"], "whether with a reboot cannot be read")
    return f"by {who}, {how}, as CloudTrail has it"


def _volume(run: Run, node: Node, row: Row) -> list[tuple[str, str]]:
    return [
        ("State", row["state"] or "not known"),
        ("Created", _moment(run, row["created_at"])),
        ("Size", f"{row['size_gib']} GiB {row['volume_type'] or ''}".strip()),
        ("Encryption", _encryption(run, node, row)),
        ("Zone", text.plain(row["availability_zone"])),
    ]


def _moment(run: Run, moment: Any) -> str:
    return "not known" if moment is None else f"{text.minute(moment)} ({text.age(moment, run.as_of)} ago)"


def access(run: Run, node: Node, row: Row, where: str) -> tuple[str, ...]:
    """Who can see it, in sentences."""
    if where == "recycle-bin":
        return ("Nobody else: what lies in the Recycle Bin is shared with no one.",)
    if node.kind == "volume":
        return ("A volume cannot be shared; its snapshots can.",)
    account_id, region = row["account_id"], row["region"]
    settings = rows_of(run.here(f"{node.kind}_block_public_access", account_id, region))
    block = settings[0]["state"] if settings else None
    held = rows_of(run.here(f"{node.kind}_access", account_id, region), **{f"{node.kind}_id": node.id})
    public = [each for each in held if each["grantee_class"] == "public"]
    said = [_public(bool(public), node.kind == "snapshot" and block == "block-all-sharing", block, node.kind)]
    others = [each for each in held if each["grantee_class"] not in ("public", "own")]
    said += [_shared(run, each) for each in sorted(others, key=lambda each: str(each["grantee"]))]
    return tuple(said if others or public else [*said, "Shared with no other account."])


_STANDINGS: Final = {
    "organisation": "of our organisation",
    "unit": "a unit of our organisation",
    "trusted": "trusted by the configuration",
    "marketplace": "by which AWS takes in products",
    "closed": "a closed account of our organisation",
    "foreign": "of another organisation: a third party",
    "unexpected": "trusted by the configuration, but not with this",
    "unknown": "which nobody here knows: a third party",
}


def _shared(run: Run, grant: Row) -> str:
    """One grantee: who it is to us, and whether it can use what it was given."""
    kind, grantee = grant["grantee_type"], text.plain(grant["grantee"])
    if kind == "account":
        name = text.plain(grant["grantee_name"], 60)
        called = f"{name} ({grantee})" if name else run.account(grantee)
    else:
        called = "the Marketplace" if grantee == "aws-marketplace" else f"{kind} {grantee.rpartition('/')[2]}"
    standing = _STANDINGS.get(grant["grantee_class"] or "", "whether that is one of ours is not known")
    if kind == "organisation" and grant["grantee_class"] == "organisation":
        standing = "our own"
    elif grantee in run.accounts and grant["grantee_class"] == "unknown":
        standing = "one of the accounts that were read"
    why = text.plain(grant["effective_because"], 320) or "that was not looked at"
    works = {True: "", False: f"; they cannot use it: {why}"}.get(
        grant["effective"], f"; whether they can use it: {why}"
    )
    return f"Shared with {called}, {standing}{works}."


def _public(public: bool, hidden: bool, block: str | None, kind: str) -> str:
    setting = f"block public access is {block}" if block else "block public access could not be read"
    if not public:
        return f"Not public ({setting})."
    use = "restore" if kind == "snapshot" else "launch"
    if hidden:
        return f"Public, but hidden: {setting}. Whoever relaxes that opens it to everybody."
    return f"Public: anybody with an AWS account can {use} it ({setting})."


def cost(run: Run, node: Node, row: Row, where: str, parts: tuple[Link, ...]) -> Cost | None:
    """What it costs a month, as bounds, and how they came about; none for what costs nothing by itself."""
    if where == "recycle-bin":
        said = "Billed as before until it leaves the Recycle Bin, which tells neither size nor tier; images are free."
        return Cost(None, None, None, None, None, None, (said,))
    if node.kind == "volume":
        return _of_volume(run, node, row)
    name, key = f"{node.kind}_costs", f"{node.kind}_id"
    held = run.here(name, row["account_id"], row["region"])
    found = held[held[key] == node.id]
    if found.empty:
        return Cost(None, None, None, None, None, None, ("It has no EBS storage that is billed by itself.",))
    it = rows_of(found)[0]
    amounts = [it[column] for column in ("monthly_low_usd", "monthly_high_usd", "saving_low_usd", "saving_high_usd")]
    low, high, saving_low, saving_high = amounts
    if node.kind == "image":
        mapped = {part.resource_id for part in parts}
        alone = sorted({part.resource_id for part in parts if not part.beneath})
        own = f"Its own alone: {text.listed(alone) or 'none'}; shared with other images: {len(mapped) - len(alone)}."
        prices = run.here("snapshot_costs", row["account_id"], row["region"])
        dates = prices.loc[prices["snapshot_id"].isin(mapped), "price_date"].dropna()
        date = None if dates.empty else str(dates.max())
        told = _amounts(amounts, "deregistering it and deleting the snapshots that no other image maps", date)
        return Cost(low, high, saving_low, saving_high, "sum of its snapshots", date, (*told, own))
    restore = it["fast_restore_usd"]
    extra = f"Fast restore costs {text.money(restore)} a month on top." if restore else ""
    told = _amounts(amounts, "deleting it", it["price_date"])
    told += tuple(each for each in (f"Bounds: {_BASES[str(it['basis'])]}", extra) if each)
    return Cost(low, high, saving_low, saving_high, it["basis"], it["price_date"], told)


_BASES: Final = {
    "full": "the first of its line: it stores all of its blocks.",
    "growth": "at least what it grew over the one before it, at most all of its blocks; AWS does not tell which.",
    "copy": "a copy may share blocks with an earlier copy; AWS does not tell.",
    "lineage unknown": "relatives may be unseen, so only its full size is certain.",
    "archive": "the archive stores it in full.",
    "archive and standard": "restored for a while: billed in the archive and in the standard tier.",
    "size unknown": "AWS does not tell its size.",
}


def _amounts(amounts: list[Any], act: str, date: str | None) -> tuple[str, ...]:
    low, high, saving_low, saving_high = amounts
    if high is None:
        return ("No price: none is known for this region and tier, or its size is not known.",)
    if saving_high is None:
        saved = f"What {act} saves is not known: its fast restore has no price here."
    else:
        saved = f"Alone, {act} saves {text.money_range(saving_low, saving_high)} a month."
    dated = f", list price of {date}" if date else ", list prices"
    return f"{text.money_range(low, high)} a month{dated}.", saved


def _of_volume(run: Run, node: Node, row: Row) -> Cost:
    """Volumes are billed for what is provisioned, which is not priced here; their snapshots are."""
    own = run.rows("snapshots", volume_id=node.id, region=node.region, account_id=node.account_id)
    costs = run.here("snapshot_costs", row["account_id"], row["region"])
    mine = costs[costs["snapshot_id"].isin([each["snapshot_id"] for each in own])]
    first = "The volume itself is billed for what is provisioned, which is not priced here."
    if mine.empty:
        return Cost(None, None, None, None, None, None, (first, "It has no snapshots."))
    if mine["monthly_high_usd"].isna().any():
        return Cost(None, None, None, None, None, None, (first, "Its snapshots have no price in this region."))
    low, high = (Decimal(mine[f"monthly_{each}_usd"].sum()) for each in ("low", "high"))
    cost = "Its snapshot costs" if len(mine) == 1 else f"Its {text.count(len(mine))} snapshots cost"
    said = f"{cost} {text.money_range(low, high)} a month."
    date = mine["price_date"].dropna().max()
    return Cost(low, high, None, None, "sum of its snapshots", None if pd.isna(date) else str(date), (first, said))


def findings(folder: Path | None, node: Node) -> tuple[Finding, ...] | None:
    """What the rules said of it, worst first; none where the run was not judged.

    Raises:
        InventoryError: The findings are damaged.
    """
    path = folder / "findings.parquet" if folder else None
    if path is None or not path.exists():
        return None
    try:
        table = pq.read_table(path, partitioning=None, filters=[("resource_id", "=", node.id)])
    except (OSError, pa.ArrowException) as error:
        raise InventoryError(
            f"{path} is not a readable Parquet file.", f"Judge again: auditor report {folder}"
        ) from error
    held = FRAMES["findings"].from_arrow(table)
    mine = held[(held["region"] == node.region) & (held["account_id"] == node.account_id)]
    rows = mine.astype(object).where(mine.notna(), None).to_dict("records")
    made = [
        Finding(*(row[name] for name in ("finding_id", "rule_id", "severity", "verdict", "message", "waiver")))
        for row in rows
    ]
    return tuple(sorted(made, key=lambda it: (it.verdict != "found", SEVERITIES.index(it.severity), it.rule_id)))
