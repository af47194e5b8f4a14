"""``auditor explain``: the story of one resource out of a run folder; needs no AWS and judges nothing anew."""

from __future__ import annotations

import json
from dataclasses import asdict

from auditor.errors import ConfigError
from auditor.explain.acts import acts
from auditor.explain.facts import access, cost, facts, findings, origin
from auditor.explain.page import as_text
from auditor.explain.run import HOMES, Node, Row, Run
from auditor.explain.story import Act, Cost, Finding, Link, Origin, Step, Story
from auditor.explain.trees import ancestry, needed_by, parts
from auditor.explain.unseen import not_in_the_run, unseen
from auditor.inventory import Inventory
from auditor.report import text

__all__ = ["Act", "Cost", "Finding", "Link", "Origin", "Run", "Step", "Story", "as_json", "as_text", "explain", "tell"]

_KINDS = {"snap-": "snapshot", "ami-": "image", "vol-": "volume"}


def explain(inventory: Inventory, resource_id: str) -> Story:
    """The story of one snapshot, image or volume.

    Args:
        inventory: A run folder, finished or not.
        resource_id: Its whole id: snap-…, ami-… or vol-….

    Raises:
        ConfigError: It is no such id, or nothing in the run names it.
        InventoryError: The run folder is damaged.
    """
    return tell(Run(inventory), resource_id)


def tell(run: Run, resource_id: str) -> Story:
    """As :func:`explain`, of a run that has told others before and keeps what it has read.

    Raises:
        ConfigError: It is no such id, or nothing in the run names it.
        InventoryError: The run folder is damaged.
    """
    kind = next((kind for start, kind in _KINDS.items() if resource_id.startswith(start)), None)
    if kind is None:
        raise ConfigError(
            f"{text.plain(resource_id, 60)} is no id of a snapshot, an image or a volume.",
            "Give a whole id: snap-…, ami-… or vol-….",
        )
    row, where = run.home(Node(kind, resource_id, None))
    if row is None:
        return _mentioned(run, Node(kind, resource_id, None))
    return _owned(run, Node(kind, resource_id, row["region"], row["account_id"]), row, where)


def _owned(run: Run, node: Node, row: Row, where: str) -> Story:
    needs = needed_by(run, node)
    under = parts(run, node) if node.kind == "image" else ()
    todo = acts(run, node, row, where, needs, under)
    dark = (*unseen(run, node, row), *_elsewhere(run, node))
    summary = todo[0].answer
    if dark and not any(step.weight == "blocks" for step in todo[0].steps):
        summary += " But not everything that matters could be seen: see below."
    return Story(
        resource_type=node.kind,
        resource_id=node.id,
        name=row.get("name"),
        account_id=node.account_id,
        account_name=run.accounts.get(node.account_id or ""),
        region=node.region,
        as_of=run.as_of,
        presence=where,
        summary=summary,
        origin=origin(run, node, row),
        ancestry=ancestry(run, node, node),
        facts=facts(run, node, row, where),
        parts=under,
        needed_by=needs,
        access=access(run, node, row, where),
        acts=todo,
        cost=cost(run, node, row, where, under),
        findings=findings(run.inventory.folder, node),
        unseen=dark,
    )


def _elsewhere(run: Run, node: Node) -> tuple[str, ...]:
    """Other places that have the same id: ids are unique in a region only."""
    held = run.rows(HOMES[node.kind][0], **{f"{node.kind}_id": node.id})
    others = [f"{row['account_id']} {row['region']}" for row in held if row["region"] != node.region]
    return (f"This id is also in {text.listed(others)}: another {node.kind}, not told here.",) if others else ()


def _mentioned(run: Run, node: Node) -> Story:
    """What the run says of an id that no account of it owns: who names it, and how."""
    edges = [*run.into(node), *run.out_of(node)]
    if not edges:
        raise not_in_the_run(run, node)
    regions = sorted({edge["to_region"] for edge in edges if edge["to_region"]})
    node = node._replace(region=regions[0] if len(regions) == 1 else None)
    said = f"No account that was read owns this {node.kind}: it is gone, or somebody else’s. But others name it."
    origin = Origin("not known", "assumed", None, "What made it is not known: only what names it was read.")
    return Story(
        resource_type=node.kind,
        resource_id=node.id,
        name=None,
        account_id=None,
        account_name=None,
        region=node.region,
        as_of=run.as_of,
        presence="mentioned",
        summary=said,
        origin=origin,
        ancestry=(),
        facts=(),
        parts=(),
        needed_by=needed_by(run, node),
        access=(),
        acts=(),
        cost=None,
        findings=None,
        unseen=unseen(run, node, None),
    )


def as_json(story: Story) -> str:
    """The story as JSON; money as text, exact, and times as ISO 8601."""
    return json.dumps(asdict(story), indent=1, ensure_ascii=False, default=_scalar) + "\n"


def _scalar(thing: object) -> str:
    return thing.isoformat() if hasattr(thing, "isoformat") else str(thing)
