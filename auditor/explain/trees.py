"""What a resource came from and what needs it: edges walked up and down, told one by one."""

from __future__ import annotations

from typing import Final

from auditor.analysis.image_use import STRENGTHS
from auditor.explain.run import Node, Row, Run, quoted, words
from auditor.explain.story import Link
from auditor.report import text

__all__ = ["SUPERSEDED", "ancestry", "current", "needed_by", "parts"]

#: Strength of a reference that nothing launches by default.
SUPERSEDED: Final = "old"

_DEEPEST: Final = 6

#: What is needed by what needs it.
_NEEDED_IN_TURN: Final = ("image", "volume", "launch-configuration", "image-recipe", "container-recipe")

_UP: Final = {
    "copied-from": "copied from {}",
    "made-from": "made from {}",
    "created-from": "created from {}",
    "taken-of": "taken of {}",
    "launched-from": "launched from {}",
    "made-for": "made for {}",
    "maps": "registered from {}",
}

_DOWN: Final = {
    "maps": "{} maps it as {detail}",
    "created-from": "{} was created from it",
    "copied-from": "{} is a copy of it",
    "made-from": "{} was made from it",
    "made-for": "{} was made for it",
    "attaches": "{} has it attached as {detail}",
    "taken-of": "{} was taken of it",
    "launches": "{} launches it",
    "builds": "{} builds from it",
}

#: How a reference is graded, in words.
_GRADES: Final = {
    "running": "it runs",
    "stopped": "it is stopped and may start again",
    "default": "the default version: launched unless a version is named",
    "latest": "the latest version",
    "pinned": "pinned",
    "old": "a superseded version: only who asks for it by number launches it",
}


def current(link: Link) -> bool:
    """Whether a link is more than a superseded version of a template."""
    return link.strength != SUPERSEDED


def ancestry(run: Run, node: Node, beside: Node, seen: frozenset[tuple[str, str]] = frozenset()) -> tuple[Link, ...]:
    """What a resource came from, and what each of those came from, as far as the run shows."""
    seen |= {(node.kind, node.id)}
    if len(seen) > _DEEPEST:
        return ()
    links = []
    for edge in run.out_of(node):
        if edge["kind"] not in _UP or edge["kind"] == "maps" or (edge["to_type"], edge["to_id"]) in seen:
            continue
        region = edge["to_region"]
        source = _owned(run, Node(edge["to_type"], edge["to_id"], region))
        said = _UP[edge["kind"]].format(run.called(source, beside))
        if edge["kind"] == "copied-from" and region is None:
            said += ", of a region that it does not name"
        above = ancestry(run, source, beside, seen) if source.account_id else ()
        links.append(_link(edge, source, said, above))
    if node.kind == "image" and not links:
        links = _registered(run, node, beside, seen)
    return tuple(sorted(links, key=lambda link: (list(_UP).index(link.kind), link.resource_id)))


def _registered(run: Run, node: Node, beside: Node, seen: frozenset[tuple[str, str]]) -> list[Link]:
    """What an image that names no source came from: the snapshots that it was registered with."""
    links = []
    for edge in run.out_of(node):
        if edge["kind"] == "maps" and ("snapshot", edge["to_id"]) not in seen:
            snapshot = _owned(run, Node("snapshot", edge["to_id"], node.region))
            above = ancestry(run, snapshot, beside, seen) if snapshot.account_id else ()
            links.append(_link(edge, snapshot, _UP["maps"].format(run.called(snapshot, beside)), above))
    return links


def _owned(run: Run, node: Node) -> Node:
    """The node with the account that has it, where one that was read has."""
    row, _ = run.home(node)
    return node if row is None else Node(node.kind, node.id, row["region"], row["account_id"])


def _link(edge: Row, far: Node, said: str, beneath: tuple[Link, ...] = ()) -> Link:
    return Link(
        kind=edge["kind"],
        resource_type=far.kind,
        resource_id=far.id,
        account_id=far.account_id,
        region=far.region,
        strength=edge["strength"],
        seen_by=edge["seen_by"],
        said=said,
        beneath=beneath,
    )


def needed_by(run: Run, node: Node, beside: Node | None = None, depth: int = 0) -> tuple[Link, ...]:
    """What needs a resource, the firmest first; and what needs that, two steps down."""
    beside = beside or node
    links = [_down(run, edge, beside, depth) for edge in run.into(node) if _tells(run, edge, node, depth)]
    if node.kind == "snapshot" and depth == 0:
        links += _of_binned_image(run, node)
    return tuple(sorted(links, key=_firmness))


def _tells(run: Run, edge: Row, node: Node, depth: int) -> bool:
    """Whether an edge says what no other says better, and is about use rather than about the past."""
    if edge["kind"] == "made-for":
        return not depth and run.home(node)[1] != "here"
    return edge["kind"] != "launched-from" and not (
        depth and edge["kind"] in ("taken-of", "copied-from", "made-from", "backs-up")
    )


def _down(run: Run, edge: Row, beside: Node, depth: int) -> Link:
    """One edge towards what is needed."""
    kind = edge["kind"]
    far = Node(edge["from_type"], edge["from_id"], edge["region"], edge["account_id"])
    graded = {"names": _named, "holds": _held, "backs-up": _held, "retains": _retained, "builds": _built}
    if kind in graded:
        said = graded[kind](run, edge, far, beside)
    elif kind in ("manages", "locks"):
        said = _managed(run, far) if kind == "manages" else _locked(run, edge, far)
    elif kind == "restores":
        said = f"fast restore in {edge['from_id']} is {edge['strength']}{run.place(far.account_id, None, beside)}"
    else:
        said = _DOWN[kind].format(run.called(far, beside), detail=text.plain(edge["detail"]) or "a device")
    deeper = depth < 2 and far.kind in _NEEDED_IN_TURN
    return _link(edge, far, said, needed_by(run, far, beside, depth + 1) if deeper else ())


def _named(run: Run, edge: Row, far: Node, beside: Node) -> str:
    grade = _GRADES.get(edge["strength"] or "", "")
    place = run.place(far.account_id, far.region, beside)
    if far.kind == "fast-launch":
        return f"fast launch keeps snapshots of it ready ({text.plain(edge['detail']) or 'state not known'}){place}"
    if far.kind == "instance":
        row, _ = run.home(far)
        return f"instance {far.id}{quoted((row or {}).get('name'))} was launched from it{place}; {grade}"
    name = ""
    if far.kind == "launch-template":
        versions = run.rows(
            "launch_template_versions", template_id=far.id, account_id=far.account_id, region=far.region
        )
        name = quoted(versions[0]["template_name"]) if versions else ""
    detail = f", {text.plain(edge['detail'])}" if edge["detail"] else ""
    return f"{words(far.kind)} {text.plain(far.id)}{name}{detail} names it{place}{grade and ': '}{grade}"


def _held(run: Run, edge: Row, far: Node, beside: Node) -> str:
    found = run.rows("recovery_points", recovery_point_arn=far.id, account_id=far.account_id, region=far.region)
    until = found[0]["delete_at"] if found else None
    kept = f"; its lifecycle deletes it on {text.day(until)}" if until is not None else ""
    does = "holds it" if edge["kind"] == "holds" else "is a backup of it"
    made = f" of {text.day(found[0]['created_at'])}" if found else ""
    vault = text.plain(edge["detail"])
    place = run.place(far.account_id, None, beside)
    return f"recovery point{made} in vault “{vault}” ({edge['strength']}) {does}{kept}{place}"


def _retained(run: Run, edge: Row, far: Node, beside: Node) -> str:
    found = run.rows("legal_holds", hold_id=far.id, account_id=far.account_id, region=far.region)
    title = quoted(found[0]["title"]) if found else ""
    return f"legal hold {far.id}{title} ({edge['strength']}) keeps it{run.place(far.account_id, None, beside)}"


def _built(run: Run, edge: Row, far: Node, beside: Node) -> str:
    found = run.rows("image_pipelines", pipeline_arn=far.id, account_id=far.account_id, region=far.region)
    name = quoted(found[0]["name"]) if found else f" {text.plain(far.id)}"
    last = found[0]["last_run_at"] if found else None
    ran = f", last on {text.day(last)}" if last is not None else ""
    when = "on its schedule" if edge["detail"] else "when somebody runs it"
    does = f"builds it {when}" if edge["strength"] == "ENABLED" else "is switched off, and builds it if run by hand"
    return f"image pipeline{name} {does}{ran}{run.place(far.account_id, None, beside)}"


def _managed(run: Run, far: Node) -> str:
    found = run.rows("lifecycle_policies", policy_id=far.id, account_id=far.account_id, region=far.region)
    if not found:
        return f"lifecycle policy {text.plain(far.id)} made it, and is gone: it will never delete it"
    state = found[0]["state"]
    does = "goes on managing it" if state == "ENABLED" else f"is {state} and deletes nothing"
    return f"lifecycle policy {far.id}{quoted(found[0]['description'])} made it and {does}"


def _locked(run: Run, edge: Row, far: Node) -> str:
    lock = run.rows("snapshot_locks", snapshot_id=edge["to_id"], account_id=far.account_id, region=far.region)[0]
    if edge["strength"] == "expired":
        return f"its lock expired on {text.day(lock['lock_expires_at'])}"
    return f"a lock in {edge['strength']} mode holds it until {text.day(lock['lock_expires_at'])}"


def _of_binned_image(run: Run, node: Node) -> list[Link]:
    """The image in the Recycle Bin that a snapshot was made for: it can still be restored, with its snapshots."""
    links = []
    for edge in run.out_of(node):
        if edge["kind"] == "made-for":
            image = Node("image", edge["to_id"], node.region, node.account_id)
            row, where = run.home(image)
            if row and where == "recycle-bin":
                said = f"{run.called(image, node)} was made with it, and can be restored as long as this is there"
                links.append(_link({**edge, "strength": where, "seen_by": "ec2 ListImagesInRecycleBin"}, image, said))
    return links


def parts(run: Run, node: Node) -> tuple[Link, ...]:
    """The snapshots that an image maps; beneath each the other images that map it too."""
    links = []
    for edge in run.out_of(node):
        if edge["kind"] != "maps":
            continue
        snapshot = Node("snapshot", edge["to_id"], node.region, node.account_id)
        others = [each for each in run.into(snapshot) if each["kind"] == "maps" and each["from_id"] != node.id]
        device = text.plain(edge["detail"]) or "a device"
        shared = tuple(_down(run, each, node, _DEEPEST) for each in others)
        links.append(_link(edge, snapshot, f"{device}: {run.called(snapshot, node)}", shared))
    return tuple(links)


def _firmness(link: Link) -> tuple[int, int, str, str]:
    kinds = ("retains", "locks", "holds", "maps", "made-for", "attaches", "names", "created-from", "launches")
    place = kinds.index(link.kind) if link.kind in kinds else len(kinds)
    graded = STRENGTHS.index(link.strength) if link.strength in STRENGTHS else len(STRENGTHS)
    return place, graded, link.resource_type, link.resource_id
