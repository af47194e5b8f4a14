"""Stories that cross accounts or regions; told after every place stands, each with a generator of its own."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from auditor.sandbox.model import Row
from auditor.sandbox.planting import lifecycle
from auditor.sandbox.planting.images import (
    Made,
    built,
    create_snapshots,
    device,
    launch,
    plant_image,
    template,
)
from auditor.sandbox.planting.names import image_name, server
from auditor.sandbox.planting.plot import NO_VOLUME, Lineage, Plot
from auditor.sandbox.planting.promises import settle
from auditor.sandbox.planting.stories_images import copy_text
from auditor.sandbox.planting.stories_vaults import copied

Places = Mapping[tuple[str, str], Plot]


def plant_across(places: Places, accounts: Sequence[str], regions: Sequence[str]) -> None:
    """Tell every story that crosses places.

    Args:
        places: The planted places by account and region.
        accounts: The active accounts; the second one, where there is one, owns what is shared.
        regions: The planted regions; their order does not matter.
    """
    owner = accounts[min(1, len(accounts) - 1)]
    seed = places[owner, regions[0]].organisation.seed
    for region in sorted(regions):
        rng = random.Random(f"{seed}/across accounts/{region}")
        here = {account: replace(places[account, region], rng=rng) for account in accounts}
        users = [here[account] for account in accounts if account != owner] or [here[owner]]
        for story in (_golden, _deprecated_elsewhere, _templates_elsewhere, _handed_over, _foreign_keys):
            story(here[owner], users)
    for account in accounts:
        ordered = sorted(regions)
        for source, target in pairwise(ordered):
            rng = random.Random(f"{seed}/across regions/{account}/{source}/{target}")
            pair = (replace(places[account, source], rng=rng), replace(places[account, target], rng=rng))
            if pair[0].size.dense or rng.random() < 0.3:
                _copied_image(*pair)
            _copied_chain(*pair)
            if rng.random() < 0.25:
                copied(*pair, until=rng.choice((0, 0, 3, 99)))


def _organisation_arn(plot: Plot) -> str:
    organisation = plot.organisation
    return (
        f"arn:{organisation.partition}:organizations::{organisation.management_id}"
        f":organization/{organisation.organisation_id}"
    )


def _golden(owner: Plot, users: Sequence[Plot]) -> None:
    """Golden images shared with the organisation: one runs in another account only, one nowhere at all."""
    for days, used in ((150, True), (240, False)):
        made = built(
            owner,
            image_name(owner.rng, "golden", owner.ago(days)),
            days,
            key=owner.keys.enabled,
            use="current" if used else "none",
            permissions=[{"OrganizationArn": _organisation_arn(owner)}],
            tags={"golden": "true"},
        )
        if used:
            launch(owner.rng.choice(users), made, 90, name=server(owner.rng))


def _deprecated_elsewhere(owner: Plot, users: Sequence[Plot]) -> None:
    """A deprecated image that only another account still runs."""
    user = owner.rng.choice(users)
    made = built(
        owner,
        image_name(owner.rng, "golden", owner.ago(420)),
        420,
        key=owner.usual_key() and owner.keys.enabled,
        use="current",
        permissions=[{"UserId": user.here.account_id}],
        deprecated=owner.ago(60),
    )
    launch(user, made, 200, name=server(owner.rng), state=owner.rng.choice(("running", "stopped")))


def _templates_elsewhere(owner: Plot, users: Sequence[Plot]) -> None:
    """Images that only another account's template names, and one shared with an account that does nothing with it."""
    user = owner.rng.choice(users)
    grant: list[Row] = [{"UserId": user.here.account_id}]
    key = owner.usual_key() and owner.keys.enabled
    name = image_name(owner.rng, "base", owner.ago(180))
    made = built(owner, name, 180, key=key, use="current", permissions=grant)
    template(user, f"base-{owner.rng.getrandbits(28):07x}", [made.image_id], default=1)
    built(owner, image_name(owner.rng, "base", owner.ago(190)), 190, key=key, use="none", permissions=grant)


def _handed_over(owner: Plot, users: Sequence[Plot]) -> None:
    """An image copied from another account, which has deregistered its own since; the copy runs."""
    user = owner.rng.choice(users)
    name = image_name(owner.rng, "base", owner.ago(150))
    _copy(user, _former_image(owner), owner.here.name, 140, name=name, use="current")


def _former_image(plot: Plot) -> str:
    """The id of an image that a place had once; its snapshot is left behind and an orphan."""
    image_id = plot.new("ami")
    create_snapshots(plot, image_id, plot.ago(160), key=plot.keys.enabled, kept="", orphan="image_gone")
    return image_id


def _foreign_keys(owner: Plot, users: Sequence[Plot]) -> None:
    """Snapshots under keys of another member: whether they still decrypt, only those can tell whom its policy lets."""
    user = owner.rng.choice(users)
    for key in (owner.keys.enabled, owner.keys.disabled):
        user.snapshot(user.lineage(10, key), user.ago(15), description="under the platform's key")


def _copy(plot: Plot, source_image: str, source_region: str, days: float, *, name: str, use: str) -> Made:
    """An image made by CopyImage, and what uses it if anything does."""
    image_id, source_snapshot = plot.new("ami"), plot.new("snap")
    of = plot.lineage(8, plot.keys.enabled)
    started = plot.ago(days)
    text = copy_text(plot, image_id, source_image, source_snapshot, days)
    snapshot_id = plot.snapshot(of, started, description=text, volume_id=NO_VOLUME, kept="image")
    plant_image(
        plot,
        name,
        started,
        [device(0, snapshot_id, of)],
        use=use,
        origin="copy-image proven",
        image_id=image_id,
        SourceImageId=source_image,
        SourceImageRegion=source_region,
        Description=f"[Copied {source_image} from {source_region}] {name}",
    )
    made = Made(image_id, (snapshot_id,), (of,))
    if use == "current":
        launch(plot, made, days - 5, name=server(plot.rng))
    return made


def _copied_image(source: Plot, target: Plot) -> None:
    """An image copied to a second region of the account, once to be used and once to be forgotten."""
    for days, use in ((60, "current"), (130, "none")):
        name = image_name(source.rng, "recovery", source.ago(days))
        made = built(source, name, days, key=source.keys.enabled, use="current")
        launch(source, made, days - 1, name=server(source.rng))
        _copy(target, made.image_id, source.here.name, days - 0.5, name=name, use=use)


def _copied_chain(source: Plot, target: Plot) -> None:
    """A policy copies each night's snapshot to a second region: the copies share blocks, and name no volume."""
    under = {"backup": f"daily-to-{target.here.name}"}
    made = lifecycle.daily_policy(source, tags=under, copy_to=target.here.name, copy_key=target.keys.enabled)
    of = source.lineage(40, source.keys.enabled, used=0.2, tags={**under, "Name": server(source.rng)})
    # a week's worth is enough to look at, so the volume is young
    created = source.ago(min(7, source.size.chain_days))
    source.volume(of, created, backup="fresh", state="available", promised=True)
    data_key = target.uuid()
    text = lifecycle.description(made.policy_id)
    # some copies stopped arriving a few days ago
    behind = timedelta(days=2.5) if source.maybe(0.2) else timedelta()
    if behind:
        source.note("backup_copy_missing", of.volume_id, f"{made.duties[0].promise.promise_id} {target.here.name}")
    for scheduled, fate in settle(source, made.duties[0].promise, of.volume_id, created):
        if fate == "pending":
            continue
        of.write(source.rng)
        started = scheduled + timedelta(seconds=source.rng.randrange(60, 2400))
        tags = {**of.tags, **lifecycle.snapshot_tags(made.policy_id)}
        snapshot_id = source.snapshot(of, started, description=text, tags=tags)
        if source.now - started < behind:
            continue
        copy = Lineage(of.volume_id, of.size_gib, target.keys.enabled, data_key, of.history, of.point)
        target.snapshot(
            copy,
            started + timedelta(minutes=40),
            description=f"[Copied {snapshot_id} from {source.here.name}] {text}",
            volume_id=NO_VOLUME,
            tags=of.tags,
        )
