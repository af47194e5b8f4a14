"""The KMS keys of a place, and whom they let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: Whether a key lets somebody use what is under it; open where its policy says so only under conditions of the moment.
Lets = Literal["yes", "no", "open"]


@dataclass
class Keys:
    """The KMS keys of a place, by what they are good for."""

    managed: str = ""
    enabled: str = ""
    disabled: str = ""
    dying: str = ""
    gone: str = ""
    foreign: str = ""
    #: By key of a story's own, whom its policy and grants let use it: yes, or open where that depends on the moment.
    lets: dict[str, dict[str, Lets]] = field(default_factory=dict)

    @property
    def unusable(self) -> tuple[str, ...]:
        """Keys that no longer decrypt anything."""
        return self.disabled, self.dying, self.gone
