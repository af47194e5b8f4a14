"""A volume that several backup plans back up."""

import pandas as pd

from auditor.rule import Verdict, among, flags, lookup, rule


@rule(
    title="Volume is backed up by several plans",
    severity="info",
    subject="volumes",
    headline=("1 volume is backed up by several plans", "{count} volumes are backed up by several plans"),
    message="{volume_id} is backed up by {count} plans: {plans}",
    remedy="aws backup list-recovery-points-by-resource --region {region} "
    "--resource-arn arn:aws:ec2:{region}:{account_id}:volume/{volume_id}",
    breaks="Reading breaks nothing.",
    controls={"NIST 800-53 r5": ["SI-12"]},
)
def backup_plan_overlap(
    volumes: pd.DataFrame,
    backup_promises: pd.DataFrame,
    backup_coverage: pd.DataFrame,
    backup_status: pd.DataFrame,
) -> Verdict:
    """Each plan takes its own snapshots and keeps them by its own rules: paid twice, and each change is kept twice.

    Counted are backup plans of AWS Backup and lifecycle policies that cover the volume, by itself or through an
    instance it is attached to; several rules or schedules of one are one. A plan whose region is not opted in counts,
    for it will run as soon as somebody opts in. Ages that the configuration allows, and default policies, which skip
    what has a recent backup, do not. Where more may be promised than could be read, it stays open.

    Some do this on purpose, such as a monthly plan beside a nightly one. Otherwise decide for one of them.
    """
    ids = volumes["volume_id"]
    found = pd.Series(False, index=ids.index)
    kept = backup_coverage[~backup_coverage["mechanism"].eq("rpo").fillna(False)]
    doubt = lookup(ids, backup_status["resource_id"], backup_status["unknown_because"])
    if not kept["volume_id"].duplicated().any():
        return pd.DataFrame({"found": flags(found).mask(doubt.notna()), "unknown_because": doubt})
    owner = kept["promise_id"].str.split("/", n=1).str[0]
    by_default = kept["promise_id"].str.endswith("/default") & kept["mechanism"].eq("dlm")
    links = pd.DataFrame({"volume_id": kept["volume_id"], "owner": owner, "promise_id": kept["promise_id"]})
    links = links[~by_default.fillna(False).astype(bool)].drop_duplicates(["volume_id", "owner"])
    links = links[links["volume_id"].duplicated(keep=False)]
    names = lookup(links["promise_id"], backup_promises["promise_id"], backup_promises["promise_name"])
    links = links.assign(name=names.str.rsplit(": ", n=1).str[0].fillna(links["owner"]))
    told = links.sort_values(["volume_id", "name"]).groupby("volume_id")["name"].agg([", ".join, "size"])
    found = among(ids, pd.Series(told.index, dtype=ids.dtype))
    return pd.DataFrame(
        {
            "found": flags(found).mask(~found & doubt.notna()),
            "count": ids.map(told["size"]).astype("Int64"),
            "plans": ids.map(told["join"]).astype("string"),
            "size_gib": volumes["size_gib"],
            "unknown_because": doubt.mask(found),
        }
    )


_USED = {"volume_id": "vol-0a", "state": "in-use"}


def _covered(
    *promises: str, instance_id: str | None = None, unknown_because: str | None = None
) -> dict[str, list[dict[str, object]]]:
    made = [
        {
            "volume_id": "vol-0a",
            "promise_id": promise,
            "mechanism": "dlm"
            if promise.startswith("policy")
            else "rpo"
            if promise.startswith("rpo")
            else "aws-backup",
            "instance_id": instance_id,
        }
        for promise in promises
    ]
    named = [{"promise_id": each, "promise_name": f"{each.split('/')[0]} plan: rule"} for each in promises]
    status = [{"resource_id": "vol-0a", "promises": len(promises), "unknown_because": unknown_because}]
    return {"backup_coverage": made, "backup_promises": named, "backup_status": status}


FAILS = [
    {
        **_USED,
        "given": _covered("p1/nightly", "p2/weekly", "p1/monthly"),
        "expect": {
            "count": 2,
            "plans": "p1 plan, p2 plan",
            "message": "vol-0a is backed up by 2 plans: p1 plan, p2 plan",
        },
    },
    {**_USED, "given": _covered("policy-0b/Daily", "p1/nightly", instance_id="i-0c")},
]
PASSES = [
    {**_USED},
    {**_USED, "given": _covered("p1/nightly", "p1/weekly")},
    {**_USED, "given": _covered("p1/nightly", "rpo/scripts", "policy-0b/default")},
    {"volume_id": "vol-0z", "given": _covered("p1/nightly", "p2/weekly")},
]
UNKNOWN = [
    {**_USED, "given": _covered("p1/nightly", "p2/weekly"), "gap": "volumes"},
    {**_USED, "given": _covered("p1/nightly", unknown_because="Could not tell: plans were refused.")},
    {**_USED, "gap": "lifecycle_policies"},
]
