"""IAM Access Analyzer as companies have it: in some Regions, of some accounts, and not always at work.

What an analyzer finds follows from the permissions that are planted; who archived which finding is said here.
"""

from __future__ import annotations

import random

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import DAY, Plot

#: What an account has in a Region, by type and status, and how often.
_SETUPS: tuple[tuple[tuple[tuple[str, str], ...], int], ...] = (
    ((), 5),
    ((("ACCOUNT", "ACTIVE"),), 4),
    ((("ACCOUNT", "FAILED"),), 1),
    ((("ACCOUNT", "CREATING"), ("ACCOUNT_UNUSED_ACCESS", "ACTIVE")), 1),
)


def plant_analyzers(plot: Plot) -> None:
    """The analyzers of a place, with a generator of their own so that nothing else moves; comes last."""
    rng = random.Random(f"{plot.organisation.seed}/{'/'.join(plot.where)}/analyzers")
    (setup,) = rng.choices([each for each, _ in _SETUPS], [weight for _, weight in _SETUPS])
    if plot.size.chance == 1:  # who asks for every story has an analyzer that works, too
        setup = (("ACCOUNT", "ACTIVE"), ("ACCOUNT_UNUSED_ACCESS", "ACTIVE"))
    if plot.account.account_id == plot.organisation.management_id and rng.random() < 0.5:
        setup = (*setup, ("ORGANIZATION", "ACTIVE"))
    for kind, status in setup:
        name = f"{kind.lower().replace('_', '-')}-{plot.here.name}"
        row: Row = {
            "arn": plot.arn("access-analyzer", f"analyzer/{name}"),
            "name": name,
            "type": kind,
            "status": status,
            "createdAt": plot.now - 400 * DAY,
            "tags": {},
        }
        if status == "FAILED":
            row["statusReason"] = {"code": "SERVICE_LINKED_ROLE_CREATION_FAILED"}
        elif status == "ACTIVE":
            row["lastResourceAnalyzedAt"] = plot.now
        plot.here.analyzers[row["arn"]] = row
    shared = sorted(plot.here.snapshot_permissions)
    plot.here.archived_findings = set(rng.sample(shared, len(shared) // 3))
    others = sorted(set(plot.here.snapshots) - set(shared))
    plot.here.resolved_findings = set(rng.sample(others, min(2, len(others))))
