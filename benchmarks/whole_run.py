"""Collect, judge, PDF and workbook of 10,000 snapshots in one account and region, as a user runs it.

    python benchmarks/whole_run.py [--snapshots 10000] [--images 1000] [--runs 3]

The sandbox runs in a process of its own; what is timed is the whole `auditor run` command, start-up included: run it on
a machine that does nothing else. A first run is not counted: it leaves compiled modules, as an installation does. We
keep to AWS's request limits here too, and what they allow is a floor: CloudTrail answers two requests a second, so an
account with a thousand images made in the last 90 days takes ten seconds.

How fast the machine is at that moment is said as well: the CPU time that botocore, as it comes, takes to parse a page
of a thousand snapshots. The aim was set on two cores on which such a page takes 130 ms.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from botocore.parsers import create_parser
from botocore.session import Session

from auditor.sandbox.process import serve_in_process

CONFIG = """
[scope]
regions = ["us-east-1"]
[collect]
shares = "bulk"
"""


def page_of_snapshots() -> tuple[dict[str, Any], Any]:
    """One answer with a thousand snapshots as it came, and the shape that it is parsed by."""
    client = Session().create_client("ec2", region_name="us-east-1")
    answers: list[dict[str, Any]] = []
    client.meta.events.register("before-parse", lambda response_dict, **_: answers.append(dict(response_dict)))
    client.describe_snapshots(OwnerIds=["self"], MaxResults=1000)
    return answers[0], client.meta.service_model.operation_model("DescribeSnapshots").output_shape


def parsing_ms(page: tuple[dict[str, Any], Any]) -> float:
    """How many milliseconds of CPU botocore takes for the page, the median of five."""
    parser, took = create_parser("ec2"), []
    for _ in range(5):
        start = time.process_time()
        parser.parse(*page)
        took.append(time.process_time() - start)
    return 1000 * statistics.median(took)


def main() -> None:
    """Serve, run, say what it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--snapshots", type=int, default=10_000)
    arguments.add_argument("--images", type=int, default=1_000)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    walls, speeds = [], []
    with (
        tempfile.TemporaryDirectory() as name,
        serve_in_process(
            seed=1, accounts=1, regions=1, snapshots_per_place=options.snapshots, images_per_place=options.images
        ) as server,
    ):
        config = Path(name) / "audit.toml"
        config.write_text(CONFIG)
        with server.activated():
            page = page_of_snapshots()
        environment = os.environ | server.environment
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(options.runs + 1):
            out = str(Path(name) / f"run-{number}")
            command = [sys.executable, "-m", "auditor", "run", "-q", "-c", str(config), "--out", out]
            command += ["--as-of", server.now, "--fail-on", "never", "--allow-incomplete"]
            speed = parsing_ms(page)
            start = time.perf_counter()
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            took = time.perf_counter() - start
            if number:
                speeds.append(speed)
                walls.append(took)
                print(f"run {number}: {took:.2f} s; a page takes botocore {speed:.0f} ms")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"median {statistics.median(walls):.2f} s (aim: under 6), peak memory {usage.ru_maxrss / 2**10:.0f} MiB")
    print(f"median of a page {statistics.median(speeds):.0f} ms (where the aim was set: 130)")


if __name__ == "__main__":
    main()
