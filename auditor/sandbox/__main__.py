"""``python -m auditor.sandbox``: serve a planted organisation until interrupted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from threading import Event

from auditor.sandbox.faults import Faults
from auditor.sandbox.planting import SMALL, TINY, Size, large, plant
from auditor.sandbox.server import Sandbox


def main(arguments: Sequence[str] | None = None, until: Event | None = None) -> int:
    """Serve, after saying on standard output which variables make AWS clients use it.

    Args:
        arguments: Command line; the process's own by default.
        until: Serves until this is set; without it, until interrupted.
    """
    asked = _parser().parse_args(arguments)
    regions = int(asked.regions) if asked.regions.isdecimal() else asked.regions.split(",")
    organisation = plant(asked.seed, accounts=asked.accounts, regions=regions, size=_size(asked))
    with Sandbox(organisation, Faults(throttling=asked.throttling), port=asked.port) as sandbox:
        for name, value in sandbox.environment().items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.flush()
        try:
            (until or Event()).wait()
        except KeyboardInterrupt:
            return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m auditor.sandbox", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="what the organisation is grown from")
    parser.add_argument("--accounts", type=int, default=5, help="active accounts")
    parser.add_argument("--regions", default="3", help="how many Regions, or their names with commas between them")
    parser.add_argument("--tiny", action="store_true", help="as little in every place as there can be")
    parser.add_argument("--snapshots", type=int, default=0, help="plain snapshots to add in every place")
    parser.add_argument("--images", type=int, default=0, help="plain images to add in every place")
    parser.add_argument("--throttling", action="store_true", help="throttle as AWS does")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; any free one by default")
    return parser


def _size(asked: argparse.Namespace) -> Size:
    if asked.snapshots or asked.images:
        return large(asked.snapshots, asked.images)
    return TINY if asked.tiny else SMALL


if __name__ == "__main__":
    sys.exit(main())
