"""Builds the report: the only place that turns results into what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from auditor import __version__
from auditor.frames import FRAMES
from auditor.report import text
from auditor.report.backups import Backups
from auditor.report.changes import Changes
from auditor.report.families import Families
from auditor.report.findings import RANK, actions, opened, rule_lines, sections
from auditor.report.glossary import GLOSSARY, ORIGINS
from auditor.report.model import Cover, Report, RuleLine, RuleSection, SeverityCount, Sight, Spend, WaiverLine
from auditor.report.savings import saving_lines, savings, unknown_savings
from auditor.report.sharing import Sharing
from auditor.report.sight import account_lines, coverage_gaps, sight
from auditor.rule import SEVERITIES

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.inventory import Inventory
    from auditor.manifest import Manifest
    from auditor.rule import Rule


class Evaluated(Protocol):
    """What the engine made of a run; the frames are declared in ``auditor.frames.results``."""

    @property
    def tallies(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def rule_runs(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def waivers(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def gathered(self) -> pd.DataFrame: ...  # noqa: D102


class Loaded(Protocol):
    """A rule as the rulebook loads it."""

    @property
    def rule(self) -> Rule: ...  # noqa: D102


def build_report(
    evaluation: Evaluated,
    inventory: Inventory,
    rules: Iterable[Loaded],
    config: Config,
    spend: Spend | None,
    sharing: Sharing | None = None,
    families: Families | None = None,
    backups: Backups | None = None,
    changes: Changes | None = None,
) -> Report:
    """Tell one run.

    Args:
        evaluation: Findings, tallies and rule runs.
        inventory: What was collected.
        rules: The rules that ran, for their words.
        config: Looks, waivers and scope.
        spend: What the snapshots cost, without the savings: those come from the findings.
        sharing: Who outside can reach what.
        families: The families of images.
        backups: What was promised to be backed up, and what came of it.
        changes: What is new and what is gone since an earlier run.
    """
    known = {loaded.rule.id: loaded.rule for loaded in rules}
    findings = evaluation.gathered.sort_values("finding_id", kind="stable", ignore_index=True)
    coverage, item_gaps = inventory.coverage(), inventory.item_gaps()
    names = _names(inventory)
    partitions = inventory.partitions
    standing = findings[opened(findings)]
    lines = rule_lines(known, evaluation.rule_runs, evaluation.tallies, findings)
    told = sections(lines, known, findings, names, inventory.as_of, config.report.rows_per_rule)
    kinds = coverage_gaps(coverage, item_gaps, known, names)
    unknown = int(evaluation.tallies["unknown"].sum())
    seen = sight(kinds, coverage, item_gaps, partitions, unknown)
    costs = _spend(spend, findings, known, names)
    run_id, digest = inventory.manifest.run_id, inventory.manifest.sha256
    severities = _severities(findings, changes)
    return Report(
        title=config.report.title,
        classification=config.report.classification,
        paper=config.report.paper,
        run_id=run_id,
        manifest_sha256=digest,
        tool_version=__version__,
        as_of=inventory.as_of,
        cover=_cover(inventory, config, coverage, evaluation.tallies, known),
        verdict=_verdict(told, severities, seen, lines),
        severities=severities,
        sight=seen,
        spend=costs,
        changes=changes,
        sharing=sharing and sharing.named(names),
        backups=backups and backups.named(names),
        families=families and families.named(names),
        cost_sentence=_cost_sentence(costs, changes),
        actions=actions(told, findings, seen),
        sections=told,
        clean=tuple(line for line in lines if _clean(line)),
        rules=lines,
        accounts=account_lines(coverage, item_gaps, evaluation.tallies, standing, partitions, names),
        coverage=kinds,
        waivers=_waivers(evaluation.waivers, known),
        tables={"findings": findings, "tallies": evaluation.tallies, "coverage": coverage, "item_gaps": item_gaps},
        manifest=_manifest(inventory.manifest, run_id, digest, changes),
        glossary=GLOSSARY,
    )


def _clean(line: RuleLine) -> bool:
    return not (line.counts["found"] or line.counts["unknown"] or line.crash)


def _names(inventory: Inventory) -> dict[str, str]:
    accounts = inventory.read("accounts", columns=["account_id", "name"]).sort_values("account_id")
    return {
        account: text.plain(name, 40) for account, name in accounts.astype(object).itertuples(index=False) if account
    }


def _cover(
    inventory: Inventory, config: Config, coverage: pd.DataFrame, tallies: pd.DataFrame, rules: Mapping[str, Rule]
) -> Cover:
    manifest, partitions = inventory.manifest, inventory.partitions
    accounts = inventory.read("accounts", columns=["account_id", "organisation_id"])
    organisations = sorted(accounts["organisation_id"].dropna().unique())
    ids = sorted({account for account, _ in partitions} | set(accounts["account_id"].dropna()))
    organisation = (
        config.report.organisation_name
        or (organisations[0] if config.scope.organisation and organisations else "")
        or (f"Account {ids[0]}" if len(ids) == 1 else f"{text.count(len(ids))} accounts")
    )
    sums = tallies.groupby("rule_id", observed=True)["evaluated"].sum()
    judged = {str(name): int(rows) for name, rows in sums.items()}
    resources = {rules[name].subject: rows for name, rows in sorted(judged.items()) if name in rules}
    started, finished = coverage["started_at"].min(), coverage["finished_at"].max()
    return Cover(
        organisation=text.plain(organisation, 60),
        organisation_id=text.plain(organisations[0] if organisations else "", 40),
        accounts=len(ids),
        regions=len({region for _, region in partitions}),
        account_regions=len(partitions),
        read_from=manifest.started_at if pd.isna(started) else started.to_pydatetime(),
        read_until=manifest.finished_at if pd.isna(finished) else finished.to_pydatetime(),
        role=text.plain(config.scope.role, 80),
        principals=tuple(sorted({text.plain(arn, 120) for arn in manifest.principals.values()})),
        resources=tuple(
            (text.plural(FRAMES[subject].noun), rows)
            for subject, rows in sorted(resources.items())
            if subject != "regions"
        ),
    )


def _severities(findings: pd.DataFrame, changes: Changes | None) -> tuple[SeverityCount, ...]:
    stands = opened(findings)
    found = findings["verdict"] == "found"
    lines = []
    for severity in SEVERITIES:
        here = findings["severity"] == severity
        now = int((here & stands).sum())
        lines.append(
            SeverityCount(
                severity=severity,
                open=now,
                waived=int((here & found & ~stands).sum()),
                unknown=int(findings.loc[here & ~found, "resources"].sum()),
                change=_change(now - changes.before[severity]) if changes else "",
            )
        )
    return tuple(lines)


def _change(difference: int) -> str:
    return f"{text.count(abs(difference))} {'more' if difference > 0 else 'fewer'}" if difference else "unchanged"


def _verdict(
    told: tuple[RuleSection, ...], severities: tuple[SeverityCount, ...], seen: Sight, lines: tuple[RuleLine, ...]
) -> str:
    """How bad it is: the facts of the two worst rules, and how much there is beside them."""
    standing = [section for section in told if section.counts["open"]]
    worst = standing[:2]
    total = sum(line.open for line in severities)
    crashed = sum(1 for line in lines if line.crash)
    if not worst:
        if seen.complete and not seen.unknown and not crashed:
            return f"Nothing to report: all {text.counted(len(lines), 'rule')} passed."
        return "Nothing was found in what could be read and judged; that is not everything."
    rest = total - sum(section.told for section in worst)
    facts = "; ".join(section.fact for section in worst)
    if not rest:
        return f"{facts}."
    lesser = all(RANK[section.severity] > RANK[worst[-1].severity] for section in standing[2:])
    return f"{facts}; and {text.counted(rest, 'lesser finding' if lesser else 'other finding')}."


def _spend(
    spend: Spend | None, findings: pd.DataFrame, rules: Mapping[str, Rule], names: Mapping[str, str]
) -> Spend | None:
    """The costs with what acting on the open findings saves, every resource once."""
    if spend is None or not spend.total.snapshots:
        return None
    return replace(
        spend,
        by_account=tuple(replace(line, name=names.get(line.key, "")) for line in spend.by_account),
        by_origin=tuple(replace(line, name=ORIGINS.get(line.key, "")) for line in spend.by_origin),
        savings=saving_lines(savings(findings), rules),
        saving_unknown=unknown_savings(findings, rules),
    )


def _cost_sentence(spend: Spend | None, changes: Changes | None) -> str:
    if spend is None:
        return "There are no snapshots to cost."
    total = spend.total
    cost = text.money_range(total.low_usd, total.high_usd)
    verb = "costs" if total.snapshots == 1 else "cost"
    said = f"{text.counted(total.snapshots, 'snapshot')} {verb} {cost} a month"
    if changes and changes.cost:
        said += f" (on {text.day(changes.as_of)}: {text.money_range(*changes.cost)})"
    if spend.fast_restore_usd:
        said += f", and fast restore {text.money(spend.fast_restore_usd)} more"
    if spend.saving_resources:
        said += f"; acting on the findings would save {text.money_range(spend.saving_low_usd, spend.saving_high_usd)}"
    return f"{said}."


def _waivers(waivers: pd.DataFrame, rules: Mapping[str, Rule]) -> tuple[WaiverLine, ...]:
    return tuple(
        WaiverLine(
            rule_id=row["rule_id"],
            rule_title=rules[row["rule_id"]].title if row["rule_id"] in rules else row["rule_id"],
            what=tuple(
                text.plain(each, 60)
                for name in ("resources", "accounts", "regions")
                for each in text.plain(row[name]).split(", ")
                if each
            ),
            reason=text.plain(row["reason"], 200),
            owner=text.plain(row["owner"], 60),
            approver=text.plain(row["approver"], 60),
            ticket=text.plain(row["ticket"], 40),
            start=row["starts_at"].date(),
            until=row["ends_at"].date(),
            state=row["state"],
            covers=int(row["findings"]),
        )
        for row in waivers.astype(object).to_dict("records")
    )


def _manifest(manifest: Manifest, run_id: str, digest: str, changes: Changes | None) -> tuple[tuple[str, str], ...]:
    earlier = f"run {changes.run_id}, as of {text.minute(changes.as_of)}" if changes else "no earlier run"
    return (
        ("Run", run_id),
        ("Manifest sha256", digest),
        ("Judged as of", text.minute(manifest.as_of)),
        ("Compared with", earlier),
        ("Collecting started", text.minute(manifest.started_at)),
        ("Collecting ended", text.minute(manifest.finished_at)),
        ("Collected with", f"auditor {manifest.tool_version}"),
        ("Judged with", f"auditor {__version__}"),
        ("Files", text.count(len(manifest.files))),
    )
