"""How much is planted in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
        rare: Share of the organisation's places that tell a story of something wrong, times the story's weight;
            one place tells it whatever the share. None: such stories are as frequent as any, and settings as often
            bad as good.
        bulk_snapshots: Plain snapshots to add, in daily chains.
        bulk_images: Plain images to add.
    """

    servers: int
    chain_days: int
    protected: int
    backup_days: int
    images: int
    chance: float
    rare: float | None = None
    bulk_snapshots: int = 0
    bulk_images: int = 0

    @property
    def dense(self) -> bool:
        """Whether every place is full of trouble, rather than the organisation as a whole holding some of each."""
        return self.rare is None


#: For tests: some 60 to 120 snapshots a place, with something wrong in all of them.
TINY = Size(servers=1, chain_days=4, protected=1, backup_days=3, images=2, chance=0.2)
#: For looking at: some 200 to 400 snapshots a place, most of them in order as in a real company.
SMALL = Size(servers=3, chain_days=30, protected=2, backup_days=30, images=6, chance=0.75, rare=1 / 15)


def large(snapshots_per_place: int, images_per_place: int) -> Size:
    """For benchmarks: the stories of the small size and plain rows on top.

    Args:
        snapshots_per_place: Plain snapshots to add to every place.
        images_per_place: Plain images to add to every place; each has a snapshot of its own among those.
    """
    return replace(SMALL, bulk_snapshots=snapshots_per_place, bulk_images=images_per_place)
