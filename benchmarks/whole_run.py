"""Collect, judge, PDF and workbook of 10,000 snapshots in one account and region, as a user runs it.

    python benchmarks/whole_run.py [--snapshots 10000] [--images 1000] [--runs 3]

The sandbox runs in a process of its own; what is timed is the whole `auditor run` command, start-up included: run it on
a machine that does nothing else. We keep to AWS's request limits here too, and what they allow is a floor: CloudTrail
answers two requests a second, so an account with a thousand images made in the last 90 days takes ten seconds.
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

from auditor.sandbox.process import serve_in_process

CONFIG = """
[scope]
regions = ["us-east-1"]
[collect]
shares = "bulk"
"""


def main() -> None:
    """Serve, run, say what it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--snapshots", type=int, default=10_000)
    arguments.add_argument("--images", type=int, default=1_000)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    walls = []
    with (
        tempfile.TemporaryDirectory() as name,
        serve_in_process(
            seed=1, accounts=1, regions=1, snapshots_per_place=options.snapshots, images_per_place=options.images
        ) as server,
    ):
        config = Path(name) / "audit.toml"
        config.write_text(CONFIG)
        for number in range(options.runs):
            out = str(Path(name) / f"run-{number}")
            command = [sys.executable, "-m", "auditor", "run", "-q", "-c", str(config), "--out", out]
            command += ["--as-of", server.now, "--fail-on", "never", "--allow-incomplete"]
            start = time.perf_counter()
            subprocess.run(command, env=os.environ | server.environment, check=True, stdout=subprocess.DEVNULL)
            walls.append(time.perf_counter() - start)
            print(f"run {number + 1}: {walls[-1]:.2f} s")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"median {statistics.median(walls):.2f} s (aim: under 6), peak memory {usage.ru_maxrss / 2**10:.0f} MiB")


if __name__ == "__main__":
    main()
