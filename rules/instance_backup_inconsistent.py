"""An instance whose volumes were last backed up at different moments."""

import pandas as pd

from auditor.rule import Verdict, all_pass, among, beside, flags, lookup, rule


@rule(
    title="Instance's volumes were backed up at different moments",
    severity="medium",
    subject="instances",
    headline=(
        "1 instance has volumes that were backed up at different moments",
        "{count} instances have volumes that were backed up at different moments",
    ),
    message="The newest backups of the {volumes_backed_up} volumes of {instance_id} lie {apart_minutes} minutes apart",
    remedy="aws ec2 create-snapshots --region {region} --instance-specification InstanceId={instance_id}",
    breaks="Nothing: the instance goes on running. The snapshots store what has changed since the last ones.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10", "SI-12", "SI-13(5)"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "PCI DSS v4.0": ["10.3.3"],
        "HIPAA": ["164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)", "164.310(d)(2)(iv)"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def instance_backup_inconsistent(
    instances: pd.DataFrame, attachments: pd.DataFrame, backup_status: pd.DataFrame, *, minutes: int = 5
) -> Verdict:
    """A database whose log and data come from different moments may not start when it is restored.

    Each instance that is not terminated and has two backed-up volumes or more is judged by the newest usable backup of
    each: they must have begun within a few minutes of each other, as a set of snapshots of the whole instance does
    (``CreateSnapshots``, a lifecycle policy of instances, an image, AWS Backup of the instance). Backups at one moment
    hold what a power cut would have left, no more. Volumes without any backup, and those declared ephemeral, are left
    out.

    Back up the instance instead of its volumes one by one.
    """
    ids = instances["instance_id"]
    stateless = instances["state"].isna()
    alive = among(ids, backup_status["resource_id"])
    held = attachments[among(attachments["instance_id"], ids[alive])]
    status = beside(held["volume_id"], backup_status, "resource_id")
    counted = status["resource_id"].notna() & status["excluded_by"].isna()
    held, status = held[counted], status[counted]
    times = status["newest_usable_at"].groupby(held["instance_id"]).agg(["min", "max", "count"])
    apart = times["max"] - times["min"]
    place = pd.Index(times.index).get_indexer(ids)
    distance = pd.Series(pd.api.extensions.take(apart.array, place, allow_fill=True), index=ids.index)
    found = flags((distance > pd.Timedelta(minutes=minutes)) & alive)
    # What was not seen may be the newer backup that is missing, or one that is newer still.
    several = ids.map(held["instance_id"].value_counts()).fillna(0) > 1
    unseen = lookup(ids, backup_status["resource_id"], backup_status["unseen_because"])
    found = found.mask((several & unseen.notna()) | stateless)
    if all_pass(found):
        return found
    rows = pd.DataFrame({"instance_id": held["instance_id"], "volume_id": held["volume_id"]})
    rows["at"] = status["newest_usable_at"]
    rows = rows[rows["at"].notna()].sort_values(["at", "volume_id"])
    oldest, newest = rows.drop_duplicates("instance_id"), rows.drop_duplicates("instance_id", keep="last")
    return pd.DataFrame(
        {
            "found": found,
            "apart_minutes": (distance.dt.total_seconds() // 60).astype("Int64"),
            "volumes_backed_up": pd.Series(
                pd.api.extensions.take(times["count"].array, place, allow_fill=True), index=ids.index
            ).astype("Int64"),
            "oldest_volume": lookup(ids, oldest["instance_id"], oldest["volume_id"]),
            "oldest_backup_at": lookup(ids, oldest["instance_id"], oldest["at"]),
            "newest_volume": lookup(ids, newest["instance_id"], newest["volume_id"]),
            "newest_backup_at": lookup(ids, newest["instance_id"], newest["at"]),
            "unknown_because": unseen.mask(stateless & unseen.isna(), "Could not tell: its state is not known."),
        }
    )


def _machine(*hours: str) -> dict[str, list[dict[str, object]]]:
    """An instance with volumes whose newest backups were taken so long ago."""
    ids = [f"vol-{number}" for number in range(len(hours))]
    return {
        "volumes": [{"volume_id": volume, "state": "in-use"} for volume in ids],
        "attachments": [{"volume_id": volume, "instance_id": "i-0a", "state": "attached"} for volume in ids],
        "snapshots": [
            {"volume_id": volume, "state": "completed", "snapshot_id": f"snap-{volume}", "started_at": f"{ago} ago"}
            for volume, ago in zip(ids, hours, strict=True)
            if ago
        ],
    }


_LIVE = {"instance_id": "i-0a", "state": "running", "launched_at": "90 days ago"}

FAILS = [
    {
        **_LIVE,
        "given": _machine("1 hours", "26 hours", "1 hours"),
        "expect": {
            "apart_minutes": 1500,
            "volumes_backed_up": 3,
            "oldest_volume": "vol-1",
            "newest_volume": "vol-2",
        },
    },
    {**_LIVE, "state": "stopped", "given": _machine("10 minutes", "16 minutes")},
    {**_LIVE, "given": _machine("10 minutes", "13 minutes"), "params": {"minutes": 2}},
]
PASSES = [
    {**_LIVE, "given": _machine("10 minutes", "15 minutes", "12 minutes")},
    {**_LIVE, "given": _machine("10 minutes", "")},
    {**_LIVE, "given": _machine("10 minutes")},
    {**_LIVE, "given": _machine()},
    {**_LIVE, "state": "terminated", "given": _machine("1 hours", "26 hours")},
    {**_LIVE, "gap": "snapshots", "given": _machine("10 minutes")},
]
UNKNOWN = [
    {**_LIVE, "gap": "snapshots", "given": _machine("1 hours", "26 hours")},
    {**_LIVE, "gap": "recovery_points", "given": _machine("1 hours", "1 hours")},
    {**_LIVE, "gap": "volumes"},
    {"instance_id": "i-0a", "given": _machine("1 hours", "26 hours")},
]
