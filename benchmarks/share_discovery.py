"""Whom 100,000 snapshots of one region are shared with: calls of each way to find out, against one call per snapshot.

    python benchmarks/share_discovery.py [--snapshots 100000] [--members 200] [--shared 400]

The sandbox holds one account with so many snapshots, some of them shared with strangers, some with members of the
organisation, and one public. Every way reads the same place over HTTP, with no limiter, since calls are what is
counted; beside them stands how long they take at the 20 a second that EC2 allows. "Shares seen" is against the planted
ones, and "says" how the run's coverage ends, for what is not seen must be said.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

from auditor.aws.limits import Limiter
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.inventory import Inventory
from auditor.sandbox.model import Account, Organisation, Region
from auditor.sandbox.planting import large, plant
from auditor.sandbox.server import Sandbox

READ = ("snapshots", "snapshot_public_permissions", "snapshot_shares")
PER_SECOND = 20
STRANGER = "888877776666"

#: A way to find shares: its name, what the configuration says, and the type of the analyzer that there is.
WAYS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("each that could be shared", {}, ""),
    ("auto, analyzer of the account", {"sharing": {"discovery": "auto"}}, "ACCOUNT"),
    ("auto, analyzer of the organisation", {"sharing": {"discovery": "auto"}}, "ORGANIZATION"),
    ("analyzer alone, of the organisation", {"sharing": {"discovery": "analyzer"}}, "ORGANIZATION"),
    ("bulk", {"collect": {"shares": "bulk"}}, ""),
)


def planted(snapshots: int, members: int, shared: int) -> tuple[Organisation, Region]:
    """An account with so many snapshots in its only region, in an organisation of so many members."""
    organisation = plant(1, accounts=1, regions=1, size=large(snapshots, 0))
    others = [f"{number:012d}" for number in range(members)]
    organisation.accounts |= {
        each: Account(each, f"member-{each}", ou_id=next(iter(organisation.units)), joined_at=organisation.now)
        for each in others
    }
    (here,) = [place for place in organisation if place.snapshots]
    rng = random.Random(1)  # noqa: S311 - the same every time
    managed = {arn for arn, key in here.kms_keys.items() if key["KeyManager"] == "AWS"}
    able = [name for name, row in here.snapshots.items() if row.get("KmsKeyId") not in managed]
    for number, name in enumerate(rng.sample(sorted(able), shared)):
        here.snapshot_permissions[name] = [{"UserId": STRANGER if number % 2 else rng.choice(others)}]
    return organisation, here


@contextmanager
def served(organisation: Organisation) -> Iterator[Sandbox]:
    """The sandbox with the environment that leads to it."""
    with Sandbox(organisation) as sandbox:
        os.environ.update(sandbox.environment())
        yield sandbox


def measured(organisation: Organisation, here: Region, folder: Path, says: dict[str, Any], analyzer: str) -> str:
    """One way, as a row of the table."""
    arn = f"arn:aws:access-analyzer:{here.name}:{here.account_id}:analyzer/one"
    made = {"createdAt": organisation.now - timedelta(days=90), "lastResourceAnalyzedAt": organisation.now}
    row = {"arn": arn, "name": "one", "type": analyzer, "status": "ACTIVE", **made}
    here.analyzers = {arn: row} if analyzer else {}
    scope = {"organisation": True, "exclude_accounts": sorted(set(organisation.accounts) - {here.account_id})}
    config = Config.of({"scope": scope, **says})
    with served(organisation) as sandbox:
        collect(config, folder, as_of=organisation.now, collectors=READ, limiter=Limiter.unlimited())
        calls = sum(count for (_, _, service, name), count in sandbox.calls.items() if wanted(service, name))
    inventory = Inventory.load(folder)
    shares = inventory.read("snapshot_shares")
    seen = set(zip(shares["snapshot_id"], shares["grantee"], strict=True))
    there = {
        (name, str(next(iter(grant.values()))))
        for name, grants in here.snapshot_permissions.items()
        for grant in grants
        if name in here.snapshots and grant.get("UserId") != here.account_id
    }
    coverage = inventory.coverage().set_index("collector").loc["snapshot_shares"]
    code = coverage["error_code"] if isinstance(coverage["error_code"], str) else ""
    minutes = calls / PER_SECOND / 60
    said = f"{coverage['status']} {code}".strip()
    return f"{calls:>9,} {minutes:>8.1f} min   {len(seen & there):>5} of {len(there)}   {said}"


def wanted(service: str, operation: str) -> bool:
    """Whether a call is about sharing; the plain listing of the snapshots is among them, for every way needs it."""
    return service == "accessanalyzer" or (service == "ec2" and operation.startswith("DescribeSnapshot"))


def main() -> None:
    """Plant once, read in every way."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--snapshots", type=int, default=100_000)
    arguments.add_argument("--members", type=int, default=200)
    arguments.add_argument("--shared", type=int, default=400)
    options = arguments.parse_args()
    organisation, here = planted(options.snapshots, options.members, options.shared)
    number = len(here.snapshots)
    print(f"{number:,} snapshots, {len(here.snapshot_permissions)} of them shared, {options.members} members")
    print(f"{'':38}{'calls':>9} {'at 20 a second':>12}   shares seen   says")
    print(f"{'one call per snapshot':38}{number:>9,} {number / PER_SECOND / 60:>8.1f} min")
    with tempfile.TemporaryDirectory() as folder:
        for place, (name, says, analyzer) in enumerate(WAYS):
            print(f"{name:38}{measured(organisation, here, Path(folder) / str(place), says, analyzer)}", flush=True)
        reuse = {"sharing": {"reuse": str(Path(folder) / "0")}}
        fresh = sorted(here.snapshots)[::30]
        for name in fresh:  # as many new ones as a month of daily chains that keep a hundred days or so replaces
            new = f"snap-0{abs(hash(name)) % 16**16:016x}"
            here.snapshots[new] = {**deepcopy(here.snapshots[name]), "SnapshotId": new}
        told = measured(organisation, here, Path(folder) / "again", reuse, "")
        print(f"{f'each, reusing; {len(fresh):,} are new':38}{told}")


if __name__ == "__main__":
    main()
