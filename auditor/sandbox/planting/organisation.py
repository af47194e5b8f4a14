"""Planting: a whole organisation from a seed, with everything that is wrong in it written down on the way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from auditor.sandbox.model import Account, Organisation
from auditor.sandbox.planting import (
    chains,
    lifecycle,
    names,
    stories_backup,
    stories_consistency,
    stories_copies,
    stories_expected,
    stories_image_care,
    stories_images,
    stories_keys,
    stories_needs,
    stories_origins,
    stories_plans,
    stories_policies,
    stories_reports,
    stories_retention,
    stories_sharing,
    stories_snapshot_care,
    stories_snapshots,
    stories_uses,
    stories_vaults,
)
from auditor.sandbox.planting.analyzers import plant_analyzers
from auditor.sandbox.planting.bulk import plant_bulk
from auditor.sandbox.planting.casting import cast
from auditor.sandbox.planting.image_truth import note_superseded
from auditor.sandbox.planting.plot import Part, Plot, Telling
from auditor.sandbox.planting.settings import plant_settings
from auditor.sandbox.planting.size import SMALL, Size
from auditor.sandbox.planting.stories_across import plant_across
from auditor.sandbox.planting.stories_reports import plant_central_reports

#: The role every account has, and the external id it wants.
ROLE, EXTERNAL_ID = "AuditorReadOnly", "sandbox"

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)

_STORIES: tuple[Telling, ...] = (
    *chains.STORIES,
    *stories_uses.STORIES,
    *stories_images.STORIES,
    *stories_snapshots.STORIES,
    *stories_image_care.STORIES,
    *stories_snapshot_care.STORIES,
    *stories_sharing.STORIES,
    *stories_expected.STORIES,
    *stories_keys.STORIES,
    *stories_needs.STORIES,
    *stories_consistency.STORIES,
    *stories_policies.STORIES,
    *stories_plans.STORIES,
    *stories_origins.STORIES,
    *stories_vaults.STORIES,
    *stories_reports.STORIES,
    *stories_copies.STORIES,
    *stories_retention.STORIES,
)


def plant(
    seed: int, accounts: int = 5, regions: int | Sequence[str] = 3, size: Size = SMALL, now: datetime = NOW
) -> Organisation:
    """An organisation grown from a seed.

    The same arguments give the same organisation, in whatever order regions are named. What an account has in a region
    depends on the seed, the account and the region alone; and on the places named with it where a story crosses
    accounts or regions, or is so rare that the organisation has it but once.

    Args:
        seed: What everything is drawn from.
        accounts: Active accounts, the management account included; a suspended one comes on top.
        regions: Enabled regions by name, or how many of the usual ones.
        size: How much to plant in every place.
        now: The organisation's present; timezone-aware.

    Returns:
        The organisation, with ``truth`` for every rule.

    Raises:
        ValueError: There are no accounts or no regions to plant, or fewer usual regions than asked for.
    """
    chosen = names.REGIONS[:regions] if isinstance(regions, int) else tuple(regions)
    if accounts < 1 or not chosen:
        raise ValueError("An organisation wants at least one account and one region.")
    if isinstance(regions, int) and regions > len(names.REGIONS):
        raise ValueError(f"There are {len(names.REGIONS)} usual regions; name the others.")
    organisation = _frame(seed, accounts, chosen, now)
    active = [account for account in organisation.accounts.values() if account.state == "ACTIVE"]
    wanted = [(account.account_id, region) for account in active for region in chosen]
    parts = cast(seed, wanted, (*_STORIES, *stories_backup.STORIES), size)
    places = {
        (account_id, region): _plant_place(
            organisation, organisation.accounts[account_id], region, size, parts[account_id, region]
        )
        for account_id, region in wanted
    }
    plant_across(places, [account.account_id for account in active], chosen)
    plant_central_reports(places)
    stories_copies.plant_copies(places, [account.account_id for account in active], chosen)
    for plot in places.values():
        note_superseded(plot)
    return organisation


def _frame(seed: int, accounts: int, regions: Sequence[str], now: datetime) -> Organisation:
    """Accounts, units, regions and roles."""
    rng = random.Random(f"{seed}/organisation")
    root = f"r-{rng.getrandbits(16):04x}"
    units = {
        name: f"ou-{root[2:]}-{rng.getrandbits(32):08x}"
        for name in ("Infrastructure", "Security", "Workloads", "Production", "Development", "Suspended")
    } | {"Root": root}
    organisation = Organisation(seed, now, f"o-{rng.getrandbits(40):010x}", "")
    organisation.units = {root: ("Root", "")} | {
        identifier: (name, units["Workloads"] if name in ("Production", "Development") else root)
        for name, identifier in units.items()
        if name != "Root"
    }
    for number in range(accounts + 1):
        suspended = number == accounts
        name, unit, team = names.ACCOUNTS[number % len(names.ACCOUNTS)]
        if suspended:
            name, unit, team = "acquired-2019", "Suspended", "nobody"
        elif number >= len(names.ACCOUNTS):
            name = f"{name}-{number // len(names.ACCOUNTS) + 1}"
        # every organisation has an account whose leading zeros somebody will lose
        account_id = f"{rng.randrange(10**9):012d}" if number == 1 else str(rng.randrange(10**11, 10**12))
        organisation.accounts[account_id] = Account(
            account_id,
            name,
            "SUSPENDED" if suspended else "ACTIVE",
            units[unit],
            now - timedelta(days=2500 - 90 * number),
            {"owner": f"{team}@example.com", "cost-centre": str(4000 + number), "env": unit.lower()},
        )
    organisation.management_id = next(iter(organisation.accounts))
    organisation.regions = {
        name: "opted-in" if name in names.OPT_IN else "opt-in-not-required" for name in sorted(regions)
    } | {name: "not-opted-in" for name in names.NOT_OPTED_IN if name not in regions}
    organisation.roles = {ROLE: EXTERNAL_ID}
    return organisation


def _plant_place(organisation: Organisation, account: Account, region: str, size: Size, parts: frozenset[Part]) -> Plot:
    here = organisation.place(account.account_id, region)
    rng = random.Random(f"{organisation.seed}/{account.account_id}/{region}")
    plot = Plot(organisation, account, here, rng, size, parts=parts)
    plant_settings(plot)
    lifecycle.plant_other_policies(plot)
    stories_backup.plant_backups(plot)
    for telling in _STORIES:
        if plot.tells(telling):
            telling[0](plot)
    plant_bulk(plot)
    plant_analyzers(plot)
    return plot
