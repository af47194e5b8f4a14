"""The shapes of a report: what every renderer and every template gets, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pandas as pd

from auditor.report.backups import Backups
from auditor.report.changes import Changes
from auditor.report.families import Families
from auditor.report.sharing import Sharing


@dataclass(frozen=True)
class Cover:
    """What was looked at, by whom and when.

    Attributes:
        organisation: Its name, or its id, or what the scope says.
        organisation_id: ``o-…`` where Organizations answered.
        accounts: Accounts in scope.
        regions: Different regions.
        account_regions: Pairs of account and region that were to be read.
        read_from: First request.
        read_until: Last answer.
        role: Role that was assumed, or empty.
        principals: ARNs that read, each once.
        resources: Subject rows by noun, e.g. ``("snapshots", 10000)``.
    """

    organisation: str
    organisation_id: str
    accounts: int
    regions: int
    account_regions: int
    read_from: datetime | None
    read_until: datetime | None
    role: str
    principals: tuple[str, ...]
    resources: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class SeverityCount:
    """One severity: open findings, waived ones, and what could not be told.

    Attributes:
        change: How many more or fewer are open than in the earlier run, in words; empty where none was given.
    """

    severity: str
    open: int
    waived: int
    unknown: int
    change: str


@dataclass(frozen=True)
class Sight:
    """What could not be seen.

    Attributes:
        complete: Nothing at all is missing.
        sentence: That everything was read, or how much was.
        shortfall: How much was not read completely, as something to see to.
        gaps: The exact gaps as sentences, worst first, a few of them.
        more: How many gaps are not among these sentences.
        unknown: Verdicts that could not be told.
        read_completely: Account-regions without any gap.
    """

    complete: bool
    sentence: str
    shortfall: str
    gaps: tuple[str, ...]
    more: int
    unknown: int
    read_completely: int


@dataclass(frozen=True)
class Action:
    """One thing to do first.

    Attributes:
        severity: Of the finding, or ``gap``.
        fact: What is wrong, with the number.
        command: What to do: the first of the commands.
        owner: Who owns it, in words.
        anchor: Where in the document it is told.
        section: Name of that place.
    """

    severity: str
    fact: str
    command: str
    owner: str
    anchor: str
    section: str


@dataclass(frozen=True)
class FindingRow:
    """One finding as a table shows it; every string is harmless.

    Attributes:
        evidence: Label and value of what made it a finding; the label is empty where the value says it all.
        since: First run that reported it, where that is an earlier one.
        cost: What the resource costs a month, bounds in words; empty where it does not count.
    """

    severity: str
    account_name: str
    account_id: str
    region: str
    resource_name: str
    resource_id: str
    evidence: tuple[tuple[str, str], ...]
    since: str
    cost: str
    owner: str
    waiver: str


@dataclass(frozen=True)
class RuleSection:
    """One rule that found something or could not tell.

    Attributes:
        anchor: Its place in the document.
        severity: The worst among its open findings; the rule's own where all are waived or unknown.
        fact: The open findings of the rule's own severity or worse as a statement, the number in it.
        told: How many open findings the fact counts.
        headline: The fact, and how many more there are at a lower severity.
        counts: evaluated, found, passed and unknown are resources; open and waived are findings, of which one
            resource may have several.
        rows: The worst findings, bounded.
        common: Label and value of what is the same in all of these rows, and is not in them.
        shown: Which optional columns the rows fill: ``resource``, ``evidence``, ``since``, ``cost``, ``owner``,
            ``waiver``, and ``severity`` where rows differ from the rule.
        more: Findings that are only in the workbook.
        unknown_why: Reasons for what could not be told, with their number.
        command: The remedy with the ids of the first row.
        crash: Where and why the rule itself failed, or empty.
    """

    anchor: str
    rule_id: str
    title: str
    severity: str
    fact: str
    told: int
    headline: str
    why: str
    counts: dict[str, int]
    rows: tuple[FindingRow, ...]
    common: tuple[tuple[str, str], ...]
    shown: frozenset[str]
    more: int
    unknown_why: tuple[tuple[str, int], ...]
    remedy: str
    command: str
    breaks: str
    controls: tuple[tuple[str, tuple[str, ...]], ...]
    crash: str


@dataclass(frozen=True)
class RuleLine:
    """One rule that ran, for the appendix and the workbook.

    Attributes:
        parameters: Name and value of each parameter, in words.
        settings: The same as they were used.
    """

    rule_id: str
    title: str
    severity: str
    counts: dict[str, int]
    parameters: tuple[tuple[str, str], ...]
    settings: dict[str, Any]
    controls: tuple[tuple[str, tuple[str, ...]], ...]
    sha256: str
    built_in: bool
    crash: str


@dataclass(frozen=True)
class AccountLine:
    """One account: its open findings by severity, and how far it was read.

    Attributes:
        severities: Open findings by severity.
        regions: Regions that were to be read.
        gap_regions: Regions with a gap; ``global`` stands for the account as a whole.
    """

    account_id: str
    name: str
    severities: dict[str, int]
    open: int
    waived: int
    unknown: int
    regions: int
    gap_regions: tuple[str, ...]
    calls: int
    rows: int


#: How the status of a gap is said.
_SAID = {
    "denied": "refused",
    "disabled": "switched off there",
    "throttled": "throttled until we gave up",
    "truncated": "cut off before the end",
    "failed": "failed",
    "skipped": "not read",
}


@dataclass(frozen=True)
class CoverageGap:
    """One kind of gap: the same collector, status and code, wherever it happened.

    Attributes:
        places: Account and region of some of them, in words.
        more: How many places are not among these.
        items: Single resources that could not be read; 0 where the collector as a whole failed.
        rules: Titles of the rules that cannot tell there.
    """

    collector: str
    status: str
    error_code: str
    message: str
    account_regions: int
    places: tuple[str, ...]
    more: int
    items: int
    rules: tuple[str, ...]

    @property
    def said(self) -> str:
        """The status in words."""
        return _SAID.get(self.status, self.status)


@dataclass(frozen=True)
class SpendLine:
    """What one account, region, origin or age band stores and costs a month, as bounds.

    Attributes:
        unpriced: Snapshots without a price for their region and tier; their cost is in no sum.
        size_unknown: Snapshots whose size AWS does not tell; their cost is in no sum.
    """

    key: str
    name: str
    snapshots: int
    stored_low_bytes: int
    stored_high_bytes: int
    low_usd: Decimal
    high_usd: Decimal
    unpriced: int
    size_unknown: int


@dataclass(frozen=True)
class SavingLine:
    """What the same rules found, and what acting on it saves a month.

    Attributes:
        rules: Ids of the rules that found it.
        title: Their titles.
        resources: How many they found, each once and in one line only.
    """

    rules: tuple[str, ...]
    title: str
    resources: int
    low_usd: Decimal
    high_usd: Decimal


@dataclass(frozen=True)
class Spend:
    """What the snapshots cost a month at list prices, broken down; every breakdown adds up to the total.

    Attributes:
        savings: What acting on the open findings saves, by the rules that found it, the dearest first.
        saving_unknown: Resources to do without whose price or size is not known; in no saving.
        price_date: Oldest date of the list prices used, YYYY-MM-DD.
        sources: Where the prices come from.
        discount: Share that is taken off the list price; in ``net_low_usd`` and ``net_high_usd`` alone.
        fast_restore_usd: Fast restore at list prices, beside the storage; of snapshots shared with us, too.
        fast_restore_unpriced: Snapshots with fast restore in regions without a price for it.
        net_low_usd: Least that the storage costs after the discount.
        net_high_usd: Most that it costs.
        behind_images: The ``snapshot_costs`` of the snapshots that images map.
        details: Gives the ``snapshot_costs`` and ``snapshot_origins`` of one account and region, for the workbook.
    """

    total: SpendLine
    by_account: tuple[SpendLine, ...]
    by_region: tuple[SpendLine, ...]
    by_origin: tuple[SpendLine, ...]
    by_age: tuple[SpendLine, ...]
    price_date: str
    sources: tuple[str, ...]
    discount: float = 0.0
    savings: tuple[SavingLine, ...] = ()
    saving_unknown: int = 0
    fast_restore_usd: Decimal = Decimal(0)
    fast_restore_unpriced: int = 0
    net_low_usd: Decimal = Decimal(0)
    net_high_usd: Decimal = Decimal(0)
    behind_images: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)
    details: Callable[[str, str], pd.DataFrame] | None = field(default=None, compare=False, repr=False)

    @property
    def saving_low_usd(self) -> Decimal:
        """Least that acting on every open finding saves a month, each resource once."""
        return sum((line.low_usd for line in self.savings), Decimal(0))

    @property
    def saving_high_usd(self) -> Decimal:
        """Most that it saves."""
        return sum((line.high_usd for line in self.savings), Decimal(0))

    @property
    def saving_resources(self) -> int:
        """How many resources that counts."""
        return sum(line.resources for line in self.savings)


@dataclass(frozen=True)
class WaiverLine:
    """One exception of the policy, and what it covers in this run.

    Attributes:
        state: ``active``, ``expired``, ``not yet``, or ``unused``: it counts and nothing matches it.
        covers: Findings it matches.
    """

    rule_id: str
    rule_title: str
    what: tuple[str, ...]
    reason: str
    owner: str
    approver: str
    ticket: str
    start: date
    until: date
    state: str
    covers: int


@dataclass(frozen=True, eq=False)
class Report:
    """One run, told. A template's context is exactly these fields; each carries its help text."""

    title: Annotated[str, "Title from the configuration"]
    classification: Annotated[str, "Classification for the foot of every page, e.g. Internal"]
    paper: Annotated[str, "A4 or Letter"]
    run_id: Annotated[str, "First characters of the manifest's hash; names this run everywhere"]
    manifest_sha256: Annotated[str, "Hash of what was collected: the manifest's own description of the run"]
    tool_version: Annotated[str, "Version of auditor that judged"]
    as_of: Annotated[datetime, "The point in time that is judged, UTC"]
    cover: Annotated[Cover, "What was looked at, by whom and when"]
    verdict: Annotated[str, "How bad it is, in one sentence a person would say"]
    severities: Annotated[tuple[SeverityCount, ...], "Counts by severity, worst first, every severity once"]
    changes: Annotated[Changes | None, "What is new and gone since an earlier run; nothing where none was given"]
    sight: Annotated[Sight, "What could not be seen"]
    spend: Annotated[Spend | None, "What it costs; nothing where there are no snapshots to cost"]
    sharing: Annotated[Sharing | None, "Who outside can reach what; nothing where it was not looked at"]
    backups: Annotated[Backups | None, "What was promised and what came of it; nothing where it was not looked at"]
    families: Annotated[Families | None, "Families of images; nothing where they were not looked at"]
    cost_sentence: Annotated[str, "What it costs and what could be saved, with the method, in words"]
    actions: Annotated[tuple[Action, ...], "What to do first: at most five"]
    sections: Annotated[tuple[RuleSection, ...], "Rules that found something or could not tell, worst first"]
    clean: Annotated[tuple[RuleLine, ...], "Rules that judged every row and found nothing"]
    rules: Annotated[tuple[RuleLine, ...], "Every rule that ran, by id"]
    accounts: Annotated[tuple[AccountLine, ...], "Every account, most severe findings first"]
    coverage: Annotated[tuple[CoverageGap, ...], "Kinds of gaps, largest first"]
    waivers: Annotated[tuple[WaiverLine, ...], "Exceptions of the policy"]
    tables: Annotated[dict[str, pd.DataFrame], "findings as they are listed, tallies, coverage and item_gaps"]
    manifest: Annotated[tuple[tuple[str, str], ...], "Facts about the run and its files, label and value"]
    glossary: Annotated[tuple[tuple[str, str], ...], "Words this report uses, and what they mean here"]

    @property
    def coverage_sentence(self) -> str:
        """What could not be seen, in one sentence."""
        return self.sight.sentence
