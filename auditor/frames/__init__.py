"""Every column of every frame, declared once: name, kind, unit, meaning and source.

Collectors, analyses and the engine conform to these declarations; the reference printed by
``auditor columns`` is made from them. Frames are tidy and flat: no lists or mappings in cells,
owned and merely seen things in different frames, missing values missing and never ``""`` or ``0``.
"""

from auditor.errors import InventoryError
from auditor.frames import backup, elsewhere, estate, families, keys, promises, results, sharing, usage, vaults
from auditor.frames.columns import PANDAS, Column, Frame

__all__ = ["FRAMES", "INVENTORY", "PANDAS", "Column", "Frame", "frame_named", "frames_filled_by"]

#: Every frame by name, in the order of the reference.
FRAMES: dict[str, Frame] = {
    frame.name: frame
    for frame in (
        *estate.FRAMES,
        *keys.FRAMES,
        *usage.FRAMES,
        *backup.FRAMES,
        *vaults.FRAMES,
        *promises.FRAMES,
        *families.FRAMES,
        *sharing.FRAMES,
        *elsewhere.FRAMES,
        *results.FRAMES,
    )
}

#: The frames that collectors fill, by name.
INVENTORY: dict[str, Frame] = {name: frame for name, frame in FRAMES.items() if frame.filled_by}


def frame_named(name: str) -> Frame:
    """The declaration of one frame.

    Raises:
        InventoryError: There is no such frame.
    """
    try:
        return FRAMES[name]
    except KeyError:
        raise InventoryError(f"There is no frame {name!r}.", "`auditor columns` lists them all.") from None


def frames_filled_by(collector: str) -> list[str]:
    """Names of the frames that a collector fills, wholly or in part."""
    return [name for name, frame in INVENTORY.items() if collector in frame.filled_by]
