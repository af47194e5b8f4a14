"""Which snapshots and images still have to be asked, one by one, whom they are shared with.

``[sharing] discovery`` says how much may be left out: ``exhaustive`` asks each that could be shared; ``auto`` asks
those that Access Analyzer reports, where an analyzer and listings by member of the organisation together leave nothing
unseen but its delay; ``analyzer`` asks an analyzer and nobody else. ``[sharing] reuse`` names an earlier run, whose
answers hold for what it knew.

An analyzer of an account reports every share beyond that account; one of an organisation none within it. Either is up
to 30 minutes late (IAM User Guide, "IAM Access Analyzer findings").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pandas as pd

from auditor.aws.collector import Page, Reader
from auditor.aws.collectors.access_analyzers import EXTERNAL
from auditor.aws.earlier import Earlier
from auditor.aws.outcome import IncompleteAnswer

_DELAY = timedelta(minutes=30)
_LATE = (
    "Only the snapshots that IAM Access Analyzer reports were asked, as [sharing] discovery allows; what was shared in "
    "the half hour before is not among them."
)
_NOBODY = (
    "No analyzer of external access works here or could be read, and nobody else was asked, as "
    '[sharing] discovery = "analyzer" says.'
)


@dataclass
class Residue:
    """What is left to ask.

    Attributes:
        ask: Ids to ask one by one.
        told: Permissions that are known without asking, as AWS names their members.
        gap: What stays unseen; to be raised once the rest was read.
    """

    ask: list[str]
    told: Page = field(default_factory=list)
    gap: IncompleteAnswer | None = None

    def finish(self) -> None:
        """Say what stays unseen.

        Raises:
            IncompleteAnswer: Something does.
        """
        if self.gap is not None:
            raise self.gap


def residue(reader: Reader, thing: str, candidates: Iterable[str]) -> Residue:
    """What is left to ask of the snapshots or images that could be shared.

    Args:
        reader: Reads one account and region.
        thing: ``snapshot`` or ``image``; Access Analyzer knows no images.
        candidates: Ids of those that could be shared.
    """
    left = Residue(list(candidates))
    if reader.earlier is not None:
        _reuse(reader, reader.earlier, thing, left)
    if thing == "snapshot" and left.ask and reader.discovery != "exhaustive":
        _narrow(reader, left)
    return left


def restorable_by(reader: Reader, who: str) -> Iterator[list[str]]:
    """Ids of own snapshots that an account, or ``all``, may restore, page by page."""
    for page in reader.pages(
        "ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], RestorableByUserIds=[who], MaxResults=1000
    ):
        yield [snapshot["SnapshotId"] for snapshot in page]


def _reuse(reader: Reader, run: Earlier, thing: str, left: Residue) -> None:
    """Take over what an earlier run was told, of what is there still."""
    settled = reader.once(f"settled {thing}", lambda: run.settled(thing, reader.where))
    if settled is None:
        return
    kept = settled.ids.intersection(left.ask)
    member = "SnapshotId" if thing == "snapshot" else "ImageId"
    left.told = [grant for grant in settled.grants if grant[member] in kept]
    left.ask = [each for each in left.ask if each not in kept]
    if kept:
        reader.note("Reused", run.said())


def _narrow(reader: Reader, left: Residue) -> None:
    """Leave out what an analyzer does not report, as far as may be."""
    working = _at_work(reader.frame("access_analyzers"))
    auto = reader.discovery == "auto"
    if working.empty:
        if not auto:
            left.ask, left.gap = [], IncompleteAnswer("NoAnalyzer", _NOBODY)
        return
    of_account = working["type"].eq("ACCOUNT").any()
    if auto and not of_account and not reader.members_known:
        return
    reported = set(reader.frame("analyzer_findings")["snapshot_id"])
    if not of_account:
        if auto:
            reported |= reader.once("restorable by members", lambda: _restorable_by_members(reader))
        else:
            left.gap = IncompleteAnswer(
                "AnalyzerOnly",
                "Shares within the organisation are missing: its analyzer reports none of them, and nobody else was "
                'asked, as [sharing] discovery = "analyzer" says.',
            )
    left.ask = [each for each in left.ask if each in reported]
    reader.note("AnalyzerLag", _LATE)


def _at_work(analyzers: pd.DataFrame) -> pd.DataFrame:
    """Analyzers of external access whose findings can be believed.

    One that was made a short while ago has not looked at everything yet: it must have gone on after that for longer
    than AWS needs.
    """
    active = analyzers["status"].eq("ACTIVE").fillna(value=False) & analyzers["type"].isin(EXTERNAL)
    looked = analyzers["last_analyzed_at"] - analyzers["created_at"] >= _DELAY
    return analyzers[active & looked.fillna(value=False)]


def _restorable_by_members(reader: Reader) -> set[str]:
    """Own snapshots shared with an account of the organisation, which its analyzer does not report."""
    others = (account for account in reader.known_accounts if account != reader.where.account_id)
    return {each for account in others for page in restorable_by(reader, account) for each in page}
