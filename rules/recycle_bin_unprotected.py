"""A region where a deleted snapshot or image is gone at once."""

import pandas as pd

from auditor.rule import among, flags, rule

_OFF = "not-opted-in"
_KINDS = {"EBS_SNAPSHOT": "snapshots", "EC2_IMAGE": "images"}


@rule(
    title="Region does not keep what is deleted in the Recycle Bin",
    severity="low",
    subject="regions",
    headline=(
        "1 region of an account does not keep all that is deleted in the Recycle Bin",
        "{count} regions do not keep all that is deleted in the Recycle Bin, counted per account",
    ),
    message="In {region} of {account_id}, deleted {not_kept} are not all kept in the Recycle Bin for {limit_days} days",
    remedy="aws rbin list-rules --region {region} --resource-type EBS_SNAPSHOT",
    breaks="Nothing: the command only looks. Once a rule keeps what is deleted, that is billed as before until it "
    "leaves the Recycle Bin.",
    controls={"NIST 800-53 r5": ["CP-9", "CP-10"], "ISO 27001:2022": ["A.8.13"]},
)
def recycle_bin_unprotected(
    regions: pd.DataFrame,
    recycle_bin_rules: pd.DataFrame,
    recycle_bin_rule_tags: pd.DataFrame,
    *,
    min_days: int = 7,
) -> pd.DataFrame:
    """Without a Recycle Bin rule, a backup deleted by mistake or by an intruder cannot be brought back.

    A region passes when an available rule for snapshots and one for images each keep everything that is deleted, for
    the days wanted or longer. A rule that goes by tags, or leaves some out, does not protect what lacks or has them,
    so it does not count. A region that is not switched on passes.

    Add a rule for the whole region and each kind, and lock it; then what is deleted stays until its days are over.
    """
    rules = recycle_bin_rules[~among(recycle_bin_rules["rule_id"], recycle_bin_rule_tags["rule_id"])]
    keeps = flags(rules["status"].eq("available")) & (rules["retention_days"] >= min_days)
    missing = {kind: pd.Series(True, index=regions.index, dtype="boolean") for kind in _KINDS}
    for kind in _KINDS if len(rules) else ():
        mine = flags(rules["resource_type"].eq(kind)) & keeps
        kept = among(regions["region"], rules.loc[mine.fillna(False), "region"])
        unsure = among(regions["region"], rules.loc[mine.isna(), "region"]) & ~kept
        missing[kind] = flags(~kept).mask(unsure)
    snapshots, images = missing.values()
    off = regions["opt_in_status"].eq(_OFF).fillna(False).to_numpy(bool)
    both = pd.Series("snapshots and images", index=regions.index)
    return pd.DataFrame(
        {
            "found": (snapshots | images).mask(off, False),
            "not_kept": both.mask(~images.fillna(False), "snapshots").mask(~snapshots.fillna(False), "images"),
            "limit_days": min_days,
        }
    )


def _rule(kind: str, **more: object) -> dict[str, object]:
    return {"rule_id": kind, "resource_type": kind, "status": "available", "retention_days": 14, **more}


_SNAPSHOTS, _IMAGES = _rule("EBS_SNAPSHOT"), _rule("EC2_IMAGE")


def _with(*rules: dict[str, object], **tag: object) -> dict[str, object]:
    given = {"recycle_bin_rules": list(rules), "recycle_bin_rule_tags": [tag] if tag else []}
    return {"opt_in_status": "opt-in-not-required", "given": given}


FAILS = [
    {**_with(), "expect": {"not_kept": "snapshots and images", "limit_days": 7}},
    {**_with(_SNAPSHOTS), "expect": {"not_kept": "images"}},
    {**_with(_IMAGES), "expect": {"not_kept": "snapshots"}},
    {**_with(_SNAPSHOTS, _IMAGES, rule_id="EC2_IMAGE", key="env", value="prod", excludes=False)},
    {**_with(_SNAPSHOTS, _IMAGES, rule_id="EBS_SNAPSHOT", key="scratch", excludes=True)},
    _with(_IMAGES, {**_SNAPSHOTS, "status": "pending"}),
    _with(_IMAGES, {**_SNAPSHOTS, "retention_days": 6}),
    _with(_IMAGES, {**_SNAPSHOTS, "region": "eu-central-1"}),
    _with(_IMAGES, _rule("EBS_VOLUME")),
    {**_with(_SNAPSHOTS, _IMAGES), "params": {"min_days": 15}},
]
PASSES = [
    _with(_SNAPSHOTS, _IMAGES),
    _with(_SNAPSHOTS, {**_IMAGES, "retention_days": 7}),
    _with(_SNAPSHOTS, _IMAGES, {**_IMAGES, "rule_id": "by tag"}, rule_id="by tag", key="env"),
    {"opt_in_status": "not-opted-in"},
]
UNKNOWN = [
    _with(_SNAPSHOTS, {**_IMAGES, "status": None}),
    _with(_SNAPSHOTS, {**_IMAGES, "retention_days": None}),
    {"gap": "recycle_bin_rules"},
]
