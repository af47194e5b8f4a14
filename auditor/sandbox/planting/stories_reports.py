"""Reports of backup jobs: of a place alone, of a whole account, and of others from the management account."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import Place, Plot, Telling

JOBS = "BACKUP_JOB_REPORT"


def report(plot: Plot, template: str = JOBS, **named: list[str]) -> None:
    """Plant a report every day.

    Args:
        plot: Where.
        template: What it is about.
        named: Accounts, OrganizationUnits and Regions that it names.
    """
    name = f"{template.lower()}_{plot.rng.getrandbits(28):07x}"
    plot.here.report_plans[name] = {
        "ReportPlanArn": plot.arn("backup", f"report-plan:{name}-{plot.uuid()}"),
        "ReportPlanName": name,
        "ReportPlanDescription": plot.hostile("for the auditors"),
        "ReportSetting": {"ReportTemplate": template, **named},
        "ReportDeliveryChannel": {"S3BucketName": f"backup-reports-{plot.here.account_id}", "Formats": ["CSV"]},
        "DeploymentStatus": "COMPLETED",
        "CreationTime": plot.ago(400),
        "LastAttemptedExecutionTime": plot.ago(1),
        "LastSuccessfulExecutionTime": plot.ago(1),
    }


def reported(plot: Plot) -> None:
    """A report of the backup jobs of the place."""
    report(plot, Regions=[plot.here.name])


def of_restores(plot: Plot) -> None:
    """Reports that do not say which backups ran: of restores, of another region."""
    report(plot, "RESTORE_JOB_REPORT")
    report(plot, Regions=["ca-west-1"])


#: Stories of reports.
STORIES: tuple[Telling, ...] = (
    (reported, 0, 8),
    (of_restores, -1, 2),
)


def plant_central_reports(places: Mapping[Place, Plot]) -> None:
    """Reports of several places from one, and in all places what must be said of them; comes last.

    Where there is room for it, one place is left without any report, and of some nobody can tell.

    Args:
        places: The planted places by account and region.
    """
    told = {place for place, plot in places.items() if _reported(plot)}
    perhaps: set[Place] = set()
    if len({account for account, _ in places}) > 1:
        perhaps = _central(places, told)
    for place, plot in places.items():
        if place not in told:
            plot.note(f"{'unknown:' if place in perhaps else ''}backup_report_missing", place[1])


def _reported(plot: Plot) -> bool:
    """Whether a place has a report of its own jobs."""
    settings: list[Row] = [row["ReportSetting"] for row in plot.here.report_plans.values()]
    return any(each["ReportTemplate"] == JOBS and plot.here.name in each["Regions"] for each in settings)


def _central(places: Mapping[Place, Plot], told: set[Place]) -> set[Place]:
    """Plant reports on other places than their own; adds to those told of, and returns those perhaps told of."""
    organisation = next(iter(places.values())).organisation
    rng = random.Random(f"{organisation.seed}/reports")
    unit = {account.account_id: account.ou_id for account in organisation.accounts.values()}
    above = {account: organisation.units[of][1] for account, of in unit.items()}
    bare = sorted({*places} - told)
    below = [place for place in bare if organisation.units.get(above[place[0]], ("", ""))[1]]
    doubted = rng.choice(below) if below else ("", "")
    spared = rng.choice([place for place in bare if place[1] != doubted[1]] or [("", "")])
    free = sorted({account for account, _ in places} - {doubted[0], spared[0]})
    regions = sorted({region for _, region in places})
    boss = replace(places[organisation.management_id, regions[0]], rng=rng)
    report(boss, "RESTORE_JOB_REPORT", Accounts=["ROOT"], Regions=["*"])
    if doubted[0]:
        report(boss, OrganizationUnits=[above[doubted[0]]], Regions=[doubted[1]])
    perhaps = {
        place for place in places if doubted[0] and place[1] == doubted[1] and above[place[0]] == above[doubted[0]]
    }
    if free and rng.random() < 0.7:
        named = rng.sample(free, min(2, len(free)))
        report(boss, Accounts=named, Regions=["*"])
        told |= {place for place in places if place[0] in named}
    apart = {unit.get(doubted[0]), unit.get(spared[0]), *above.values()}  # of those above it would be hard to say
    others = sorted({unit[account] for account in free} - apart)
    if others and rng.random() < 0.7:
        named, region = [rng.choice(others)], rng.choice(regions)
        report(boss, OrganizationUnits=named, Regions=[region])
        told |= {place for place in places if place[1] == region and unit[place[0]] in named}
    remote = sorted({*regions} - {doubted[1], spared[1]})
    if remote and rng.random() < 0.4:
        report(boss, Accounts=["ROOT"], Regions=remote[:1])
        told |= {place for place in places if place[1] == remote[0]}
    if free and rng.random() < 0.5:
        account = rng.choice(free)
        report(replace(places[account, regions[-1]], rng=rng), Regions=["*"])
        told |= {place for place in places if place[0] == account}
    return perhaps
