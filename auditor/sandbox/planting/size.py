"""How much is planted in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How much is planted in every account and region.

    Attributes:
        servers: Machines whose volumes Data Lifecycle Manager backs up every day.
        chain_days: Days of daily snapshots that such a chain keeps.
        protected: Volumes that AWS Backup backs up every day.
        backup_days: Days of recovery points that are kept of them.
        images: Ordinary images built every few weeks.
        chance: Probability of every story that is not in each place.
        repeats: How often a story of a place is told at most.
        bulk_snapshots: Plain snapshots to add, in daily chains.
        bulk_images: Plain images to add.
    """

    servers: int
    chain_days: int
    protected: int
    backup_days: int
    images: int
    chance: float
    repeats: int = 1
    bulk_snapshots: int = 0
    bulk_images: int = 0


#: For tests: some 60 to 120 snapshots a place.
TINY = Size(servers=1, chain_days=8, protected=1, backup_days=5, images=2, chance=0.5)
#: For looking at: some 250 to 400 snapshots a place.
SMALL = Size(servers=3, chain_days=30, protected=2, backup_days=30, images=6, chance=0.8, repeats=2)


def large(snapshots_per_place: int, images_per_place: int) -> Size:
    """For benchmarks: the stories of the small size and plain rows on top.

    Args:
        snapshots_per_place: Plain snapshots to add to every place.
        images_per_place: Plain images to add to every place; each has a snapshot of its own among those.
    """
    return Size(
        servers=SMALL.servers,
        chain_days=SMALL.chain_days,
        protected=SMALL.protected,
        backup_days=SMALL.backup_days,
        images=SMALL.images,
        chance=SMALL.chance,
        bulk_snapshots=snapshots_per_place,
        bulk_images=images_per_place,
    )
