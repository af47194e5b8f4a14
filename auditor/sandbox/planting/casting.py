"""Which places tell which rare stories: each somewhere in the organisation, few of them anywhere."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import ceil

from auditor.sandbox.planting.plot import HOSTILE_TEXTS, OPTED_OUT, PLAIN_VOLUMES, Part, Place, Story, Telling
from auditor.sandbox.planting.size import Size
from auditor.sandbox.planting.stories_snapshots import once_public, public
from auditor.sandbox.planting.stories_uses import unused

#: Regions without encryption by default, as a weight, and the accounts that they lie in, as a share.
_PLAIN_WEIGHT, _PLAIN_ACCOUNTS = 3, 0.25

#: So many places are many.
_MANY = 6


def cast(seed: int, places: Iterable[Place], tellings: Sequence[Telling], size: Size) -> dict[Place, frozenset[Part]]:
    """The rare stories and traits of every place.

    Args:
        seed: What the organisation is grown from.
        places: The places to plant, in any order.
        tellings: Every story; those without a weight are not cast.
        size: Says how rare the rare ones are; where it says nothing, places tell them by chance, and all that is cast
            is one place for each in an organisation of many, or one that is to have everything, lest chance leave one
            out.
    """
    parts: dict[Place, set[Part]] = defaultdict(set)
    ordered = sorted(places)
    if size.rare is None:
        for tell, _, weight in tellings if len(ordered) >= _MANY or size.chance == 1 else ():
            if weight:
                parts[_draw(seed, _name(tell), ordered, 1)[0]].add(tell)
        return {place: frozenset(parts[place]) for place in ordered}
    for tell, _, weight in tellings:
        if weight:
            wanted = weight * size.rare * len(ordered)
            # what is open and what is blocked cannot be in one place, as both are a setting of it
            fit = [place for place in ordered if tell is not once_public or public not in parts[place]] or ordered
            for number, place in enumerate(_draw(seed, _name(tell), fit, wanted)):
                parts[place].add(tell)
                # texts that break readers are worth having where a finding shows them
                if tell is unused and number == 0:
                    parts[place].add(HOSTILE_TEXTS)
    accounts = sorted({account for account, _ in ordered})
    careless = random.Random(f"{seed}/careless").sample(accounts, ceil(len(accounts) * _PLAIN_ACCOUNTS))
    theirs = [place for place in ordered if place[0] in careless]
    for place in _draw(seed, PLAIN_VOLUMES, theirs, _PLAIN_WEIGHT * size.rare * len(ordered)):
        parts[place].add(PLAIN_VOLUMES)
    # where there are few places, the stories of backups want them
    for place in _draw(seed, OPTED_OUT, ordered if len(ordered) > 3 else [], 0):
        parts[place].add(OPTED_OUT)
    return {place: frozenset(parts[place]) for place in ordered}


def _name(tell: Story) -> str:
    return f"{tell.__module__.rpartition('.')[2]}.{tell.__name__}"


def _draw(seed: int, name: str, places: Sequence[Place], wanted: float) -> list[Place]:
    rng = random.Random(f"{seed}/casting/{name}")
    return rng.sample(places, min(len(places), max(1, round(wanted))))
