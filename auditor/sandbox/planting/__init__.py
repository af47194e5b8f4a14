"""Planting: a seeded organisation for the sandbox, which knows what is wrong with it."""

from auditor.sandbox.planting.organisation import plant
from auditor.sandbox.planting.size import SMALL, TINY, Size, large

__all__ = ["SMALL", "TINY", "Size", "large", "plant"]
