"""Families of images: what the page of image families and its sheet show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import pandas as pd

from auditor.report import text

#: What an image can be in its family, and what that is called.
STANDINGS: Mapping[str, str] = {
    "used": "in use",
    "kept": "kept",
    "spare": "spare",
    "unclear": "cannot be told",
    "disabled": "disabled",
}


@dataclass(frozen=True)
class Made:
    """One image on the line of its family: when it was made, and what it is; a key of ``STANDINGS``."""

    at: datetime
    standing: str


@dataclass(frozen=True)
class Family:
    """One family of images in one account and region, as the page shows it.

    Attributes:
        images: How many images it has: ``used`` + ``kept`` + ``spare`` + ``unclear`` + ``disabled``.
        newest_image: Id of its newest image.
        newest_at: When that was made.
        made: Its images by age, the oldest first.
        where: Who uses it, and who else could, in words.
        stored_high_bytes: Most that the snapshots behind it store.
        low_usd: Least that they cost a month.
        high_usd: Most that they cost.
        spare_low_usd: Least that those of them cost that only spare images need.
        spare_high_usd: Most that they cost.
    """

    account_id: str
    region: str
    name: str
    images: int
    used: int
    kept: int
    spare: int
    unclear: int
    disabled: int
    newest_image: str
    newest_at: datetime | None
    made: tuple[Made, ...]
    where: str
    stored_high_bytes: int
    low_usd: Decimal
    high_usd: Decimal
    spare_low_usd: Decimal
    spare_high_usd: Decimal
    account_name: str = ""


@dataclass(frozen=True)
class Families:
    """The families of images.

    Attributes:
        shown: Those with most to spare, and of these the dearest first; a few of them.
        families: How many there are.
        spared: How many of them have images to spare.
        total: All of them summed, as one family without a name.
        unpriced: Snapshots without a price or a known size; in no sum of money.
        keep: How many of the newest of each family are kept.
        unread: Account-regions in which it could not be seen what uses images or looks after them.
        asked: Whether the run looked for that at all.
        table: One row per family: the columns of ``image_families``.
        details: Gives the ``image_origins`` of one account and region with family and standing beside them.
    """

    shown: tuple[Family, ...]
    families: int
    spared: int
    total: Family
    unpriced: int
    keep: int
    unread: int
    asked: bool = True
    table: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)
    details: Callable[[str, str], pd.DataFrame] | None = field(default=None, compare=False, repr=False)

    def named(self, names: Mapping[str, str]) -> Families:
        """The same with the names of accounts."""
        return replace(
            self, shown=tuple(replace(line, account_name=names.get(line.account_id, "")) for line in self.shown)
        )

    @property
    def more(self) -> int:
        """Families that are not shown."""
        return self.families - len(self.shown)

    @property
    def sentence(self) -> str:
        """What they come to, in one sentence."""
        total = self.total
        if not self.asked:
            return "What uses images was not looked for in this run: no rule that was selected needs it."
        if not total.images:
            return "There are no images."
        form = "forms" if total.images == 1 else "form"
        cost = text.money_range(total.spare_low_usd, total.spare_high_usd)
        parts = [f"{text.count(total.used)} in use", f"{text.count(total.kept)} kept"]
        parts.append(f"{text.count(total.spare)} spare" + (f" at {cost} a month" if total.spare else ""))
        parts += [f"{text.count(total.disabled)} disabled"] if total.disabled else []
        parts += [f"{text.count(total.unclear)} that cannot be told"] if total.unclear else []
        said = f"{text.counted(total.images, 'image')} {form} {text.counted(self.families, 'family', 'families')}"
        return f"{said}: {text.listed(parts)}."

    @property
    def title(self) -> str:
        """What the picture shows, in one sentence."""
        if not self.total.spare:
            return "No family has images to spare."
        spare = text.counted(self.total.spare, "spare image")
        mine = sum(line.spare for line in self.shown)
        if self.spared <= len(self.shown):
            return f"{text.counted(self.spared, 'family has', 'families have')} {spare}."
        return f"The {text.count(len(self.shown))} families with most to spare have {text.count(mine)} of the {spare}."
