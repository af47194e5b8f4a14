"""What is told of one resource, part by part; how it is written is another matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

#: How much a step matters: AWS refuses without it; something stops working; it costs; it is good to know.
Weight = Literal["blocks", "breaks", "costs", "note"]


@dataclass(frozen=True)
class Link:
    """One edge as the story tells it, and what hangs on its far end.

    Attributes:
        kind: Kind of the edge, see the frame ``references_graph``.
        resource_type: What lies at the far end.
        resource_id: Its id, name or ARN.
        account_id: Account it lies in, or was seen from; missing where that is not known.
        region: Its region; missing where that is not known.
        strength: How strong the edge is, or the state of the far end.
        seen_by: The call that showed it.
        said: The edge in words; foreign strings in it are as they were found.
        beneath: Edges of the far end.
    """

    kind: str
    resource_type: str
    resource_id: str
    account_id: str | None
    region: str | None
    strength: str | None
    seen_by: str
    said: str
    beneath: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Origin:
    """What made the resource: by name, how sure that is, and what it rests on."""

    origin: str
    confidence: str
    evidence: str | None
    said: str


@dataclass(frozen=True)
class Step:
    """One thing to see to before an act, in the order to see to it."""

    weight: Weight
    said: str
    seen_by: str


@dataclass(frozen=True)
class Act:
    """Something one may want to do to the resource, what it comes to, and what comes before it."""

    act: str
    answer: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Cost:
    """What it costs a month at list prices, in US dollars, at least and at most; missing without a price."""

    low_usd: Decimal | None
    high_usd: Decimal | None
    saving_low_usd: Decimal | None
    saving_high_usd: Decimal | None
    basis: str | None
    price_date: str | None
    said: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What a rule said of the resource."""

    finding_id: str
    rule_id: str
    severity: str
    verdict: str
    message: str
    waiver: str | None


@dataclass(frozen=True)
class Story:
    """One resource of a run.

    Attributes:
        resource_type: snapshot, image or volume.
        resource_id: Its id.
        name: Its name, as somebody wrote it.
        account_id: Owner; missing where it is only mentioned.
        account_name: The owner's name.
        region: Its region.
        as_of: The moment that is judged.
        presence: ``here``, ``recycle-bin``, or ``mentioned``: no account that was read owns it, and others name it.
        summary: The answer in a sentence or two.
        origin: What made it.
        ancestry: What it came from, and what that came from.
        facts: What it is: label and words.
        parts: What it stands on: the snapshots that an image maps.
        needed_by: What needs it.
        access: Who can see it.
        acts: What stands in the way of what one may want to do.
        cost: What it costs.
        findings: What the rules said; missing where the run was not judged.
        unseen: What could not be seen, and matters here.
    """

    resource_type: str
    resource_id: str
    name: str | None
    account_id: str | None
    account_name: str | None
    region: str | None
    as_of: datetime
    presence: str
    summary: str
    origin: Origin
    ancestry: tuple[Link, ...]
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Link, ...]
    needed_by: tuple[Link, ...]
    access: tuple[str, ...]
    acts: tuple[Act, ...]
    cost: Cost | None
    findings: tuple[Finding, ...] | None
    unseen: tuple[str, ...]
