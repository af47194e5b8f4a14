"""Who outside can reach what: the lines of the sharing map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from auditor.report import expected, text
from auditor.report.expected import Expected

#: Grantees by who they are to us, worst first; what each is called in the map.
STANDINGS: Mapping[str, str] = {
    "public": "everyone",
    "unknown": "nobody we know",
    "foreign": "another organisation",
    "unexpected": "trusted, but not with this",
    "closed": "a closed member",
    "trusted": "trusted",
    "marketplace": "AWS Marketplace",
}


@dataclass(frozen=True)
class Reach:
    """What one party outside the organisation can reach in one account.

    Attributes:
        account_id: The account that shares.
        account_name: Its name, if known.
        grantee: Account id, ``all``, ``aws-marketplace`` or an ARN.
        grantee_name: Its name, if known.
        standing: Who that is to us; a key of ``STANDINGS``.
        images: Images shared with it.
        snapshots: Snapshots shared with it.
        dead: How many of them it cannot use today.
        unclear: Of how many that is not known.
    """

    account_id: str
    grantee: str
    standing: str
    images: int
    snapshots: int
    dead: int
    unclear: int
    account_name: str = ""
    grantee_name: str = ""

    @property
    def things(self) -> int:
        """Images and snapshots together."""
        return self.images + self.snapshots

    @property
    def who(self) -> str:
        """The grantee in words."""
        if self.standing in ("public", "marketplace"):
            return text.sentence(STANDINGS[self.standing])
        return text.plain(self.grantee_name or self.grantee.rpartition(":")[2], 34)


@dataclass(frozen=True)
class Sharing:
    """The sharing map.

    Attributes:
        outside: What parties outside the organisation can reach, worst and most first.
        inside: Images and snapshots shared with accounts and units of the organisation itself.
        unread: Account-regions in which sharing could not be read completely.
        access: One row per resource and grantee, those inside included: the columns of ``image_access`` and
            ``snapshot_access`` with ``resource_type`` and ``resource_id``; and one per share that must be there and is
            missing or could not be told, as ``expectation`` says.
        severities: How bad a share is, by whose it is (a key of ``STANDINGS``): where it works, where it is not known
            whether it does, and where it does not.
        expected: What the configuration expects of sharing, in its order.
        notes: How shares were found where not every resource was asked itself, and where that was.
    """

    outside: tuple[Reach, ...]
    inside: int
    unread: int
    access: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)
    severities: Mapping[str, tuple[str, str, str]] = field(default_factory=dict, compare=False, repr=False)
    expected: tuple[Expected, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def matrix(self) -> tuple[tuple[str, str, str, str], ...]:
        """``severities`` row by row, with whose it is in words."""
        return tuple((text.sentence(STANDINGS[standing]), *grades) for standing, grades in self.severities.items())

    def named(self, names: Mapping[str, str]) -> Sharing:
        """The same with the names of accounts."""
        return replace(
            self, outside=tuple(replace(line, account_name=names.get(line.account_id, "")) for line in self.outside)
        )

    @property
    def expectation(self) -> str:
        """How what must be shared stands, in one sentence."""
        return expected.sentence(self.expected)

    @property
    def sentence(self) -> str:
        """What the map shows, in one sentence."""
        seen = "nothing is shared outside the organisation"
        if self.outside:
            worst = self.outside[0]
            mine = [line for line in self.outside if line.grantee == worst.grantee]
            theirs = [line for line in self.outside if line.grantee != worst.grantee]
            who = "everyone" if worst.standing == "public" else worst.who
            seen = f"{_shared(mine)} with {who}"
            if theirs:
                others = len({line.grantee for line in theirs})
                seen += f"; {_shared(theirs)} with {text.counted(others, 'other party', 'other parties')} outside"
        if self.unread:
            seen += f"; in {text.counted(self.unread, 'account-region')} it could not be seen"
        return text.sentence(f"{seen}.")


def _shared(lines: Iterable[Reach]) -> str:
    """What is shared, in words; one thing shared with two parties counts twice."""
    lines = list(lines)
    images, snapshots = sum(line.images for line in lines), sum(line.snapshots for line in lines)
    counted = [text.counted(number, noun) for number, noun in ((images, "image"), (snapshots, "snapshot")) if number]
    dead = sum(line.dead for line in lines)
    effect = f" ({text.count(dead)} without effect today)" if dead else ""
    return f"{text.listed(counted)}{effect} {'is' if images + snapshots == 1 else 'are'} shared"
