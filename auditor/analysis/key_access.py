"""Whether the keys of what is shared let those it is shared with use them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from auditor.analysis.keys import keys, pairs, places
from auditor.analysis.policies import NEEDED, Condition, Operation, Requester, Statement, access
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow

__all__ = ["key_access"]

#: Columns of the frame, in the order of ``NEEDED``.
_MAY: Final = ("may_describe", "may_create_grant", "may_generate_data_key", "may_re_encrypt", "may_decrypt")

#: What copying to a key of one's own does without: the EBS User Guide asks for it, examples of the AWS Security Blog
#: and of re:Post for sharing encrypted images leave it out.
_FOR_SOME: Final = frozenset({"kms:GenerateDataKey*"})

#: What KMS calls a key that does what it is asked ("Key states of AWS KMS keys").
_ENABLED: Final = "Enabled"

#: Why a key that cannot be used at all cannot.
_STATES: Final = {
    "Disabled": "is disabled",
    "PendingDeletion": "is about to be deleted",
    "PendingReplicaDeletion": "is about to be deleted",
    "PendingImport": "has no key material",
    "Unavailable": "is in a key store that is not connected",
    "NotFound": "is gone",
}

Row = tuple[Any, ...]
#: Account, region and ARN of a key.
Key = tuple[str, str, str]
#: The answers for ``NEEDED``, whether it is usable, what is refused, and why.
Told = tuple[tuple[bool | None, ...], bool | None, str | None, str | None]

_UNTOLD: Final[tuple[None, ...]] = (None,) * len(NEEDED)

#: What grants that nobody read may allow at most.
_ANY_GRANT: Final = tuple(
    Operation("*", action.removeprefix("kms:")) for actions in NEEDED.values() for action in actions
)


def key_access(
    snapshots: pd.DataFrame,
    snapshot_shares: pd.DataFrame,
    image_shares: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    kms_keys: pd.DataFrame,
    key_policies: pd.DataFrame,
    key_statements: pd.DataFrame,
    key_conditions: pd.DataFrame,
    key_grants: pd.DataFrame,
    directory: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each key under which something is shared, and grantee; see the frame ``key_access``."""
    wanted = _wanted(snapshots, snapshot_shares, image_shares, image_block_devices)
    if not wanted:
        return FRAMES["key_access"].empty()
    states = {row[:3]: row[3:] for row in _rows(kms_keys, "key_arn", "manager", "state")}
    read = {row[:3]: row[3:] for row in _rows(key_policies, "key_arn", "understood", "grants_listed")}
    statements = _statements(key_statements, key_conditions)
    grants = _grants(key_grants)
    members = _Members(directory)
    told = []
    for account, region, arn, kind, grantee in wanted:
        key = (account, region, arn)
        manager, state = states.get(key, (None, None))
        understood, listed = read.get(key, (None, None))
        answer = _unusable(key, manager, state, understood)
        if answer is None:
            who = members.requester(key, kind, grantee)
            least = access(statements[key], grants[key], who)
            most = least if listed else access(statements[key], _ANY_GRANT, who)
            may = {action: each if each == most[action] else None for action, each in least.items()}
            answer = _asked(arn, grantee, may, listed=bool(listed))
        told.append(answer)
    return _frame(wanted, told)


def _wanted(
    snapshots: pd.DataFrame, snapshot_shares: pd.DataFrame, image_shares: pd.DataFrame, devices: pd.DataFrame
) -> list[Row]:
    """Account, region, key and grantee of all that is shared and encrypted."""
    if not len(snapshot_shares) and not len(image_shares):
        return []
    image, device = pairs(keys(image_shares, "image_id"), keys(devices, "image_id"))
    behind = keys(devices, "snapshot_id").take(pa.array(device))
    shared = pa.concat_arrays([keys(snapshot_shares, "snapshot_id"), behind])
    place = places(shared, keys(snapshots, "snapshot_id"))
    arns = as_arrow(snapshots["kms_key_arn"]).take(pa.array(place, mask=place < 0)).to_pylist()
    accounts, regions, kinds, grantees = (
        pa.concat_arrays([as_arrow(snapshot_shares[name]), as_arrow(image_shares[name]).take(pa.array(image))])
        for name in ("account_id", "region", "grantee_type", "grantee")
    )
    columns = (accounts.to_pylist(), regions.to_pylist(), arns, kinds.to_pylist(), grantees.to_pylist())
    return sorted(row for row in set(zip(*columns, strict=True)) if row[2] is not None)


class _Members:
    """Where accounts, units and organisations stand to the one whose directory was read."""

    def __init__(self, directory: pd.DataFrame) -> None:
        columns = ["member_id", "organisation_id", "ou_path"]
        rows = list(zip(*(as_arrow(directory[name]).to_pylist() for name in columns), strict=True))
        self._ours = frozenset(organisation for _, organisation, _ in rows if organisation)
        self._placed = {account: (organisation, path) for account, organisation, path in rows}

    def requester(self, key: Key, kind: str, grantee: str) -> Requester:
        """Who asks for the use of a key where a grantee uses what it was given."""
        owner, region, _ = key
        if kind == "account":
            organisation, path = self._placed.get(grantee, (None, None))
            strange = frozenset() if grantee in self._placed else self._ours
            return Requester(region, owner, grantee, organisation, strange, f"{path}/" if path else None)
        parts = grantee.split("/")
        if kind == "organisation" and len(parts) > 1:
            return Requester(region, owner, organisation=parts[1])
        if kind == "unit" and len(parts) > 2:
            return Requester(region, owner, organisation=parts[1], path=self._path(parts[2]))
        return Requester(region, owner)

    def _path(self, unit: str) -> str | None:
        """The path of a unit that has members below it."""
        for _, path in self._placed.values():
            if path and unit in path.split("/"):
                return f"{path.partition(unit)[0]}{unit}/"
        return None


def _unusable(key: Key, manager: str | None, state: str | None, understood: bool | None) -> Told | None:
    """The answer where the policy does not matter or is not there to be asked."""
    account, _, arn = key
    if manager == "AWS":
        return _UNTOLD, False, None, f"key {arn} is managed by AWS, and such keys cannot be shared"
    if state is not None and state != _ENABLED:
        return _UNTOLD, False, None, f"key {arn} {_STATES.get(state, f'is {state}')}"
    parts = arn.split(":")
    owner = parts[4] if len(parts) > 5 else ""
    if owner != account:
        return _UNTOLD, None, None, f"key {arn} belongs to another account, which alone can read its policy"
    if understood is None:
        return _UNTOLD, None, None, f"the policy of key {arn} was not read"
    if not understood:
        return _UNTOLD, None, None, f"the policy of key {arn} could not be understood"
    return None


def _asked(arn: str, grantee: str, answers: Mapping[str, bool | None], *, listed: bool) -> Told:
    refused = [action for action, answer in answers.items() if answer is False]
    open_ = [action for action, answer in answers.items() if answer is None]
    may, named, by = tuple(answers.values()), ", ".join(refused) or None, f"allowed to {grantee} by key {arn}"
    if set(refused) - _FOR_SOME:
        return may, False, named, f"{_words(refused)} not {by}"
    if open_ and not listed:
        return may, None, named, f"the grants of key {arn} were not read"
    if open_:
        return may, None, named, f"{_words(open_)} {by} only under conditions that cannot be judged from here"
    if refused:
        return may, None, named, f"{_words(refused)} not {by}, and some uses do without"
    return may, True, None, None


def _words(actions: list[str]) -> str:
    """Actions as the subject of a sentence, and its verb."""
    if len(actions) == len(NEEDED):
        return "use of any kind is"
    return f"{', '.join(actions)} {'is' if len(actions) == 1 else 'are'}"


def _statements(statements: pd.DataFrame, conditions: pd.DataFrame) -> dict[Key, list[Statement]]:
    """The statements of each key that name an AWS principal, put together from their rows."""
    tests: dict[Row, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for *place, operator, key, value in _rows(conditions, "key_arn", "statement", "operator", "condition_key", "value"):
        tests[tuple(place)][operator, key].append(value or "")
    columns = ("key_arn", "statement", "effect", "principal_type", "principal", "not_principal", "action", "not_action")
    principals: dict[Row, set[str]] = defaultdict(set)
    actions: dict[Row, set[str]] = defaultdict(set)
    shapes: dict[Row, Row] = {}
    for *place, effect, kind, principal, not_principal, action, not_action in _rows(statements, *columns):
        where = tuple(place)
        shapes[where] = (effect == "Allow", bool(not_principal), bool(not_action))
        actions[where].add(action)
        if kind == "AWS":
            principals[where].add(principal)
    made: dict[Key, list[Statement]] = defaultdict(list)
    for where, (allows, not_principal, not_action) in shapes.items():
        if principals[where] or not_principal:
            held = tuple(Condition(*test, tuple(values)) for test, values in tests[where].items())
            made[where[0], where[1], where[2]].append(
                Statement(
                    allows, frozenset(principals[where]), frozenset(actions[where]), not_principal, not_action, held
                )
            )
    return made


def _grants(grants: pd.DataFrame) -> dict[Key, list[Operation]]:
    made: dict[Key, list[Operation]] = defaultdict(list)
    for account, region, arn, grantee, operation, constrained in _rows(
        grants, "key_arn", "grantee", "operation", "constrained"
    ):
        made[account, region, arn].append(Operation(grantee, operation, bool(constrained)))
    return made


def _frame(wanted: list[Row], told: list[Told]) -> pd.DataFrame:
    names = ("account_id", "region", "key_arn", "grantee_type", "grantee")
    values: dict[str, list[Any]] = {name: [row[place] for row in wanted] for place, name in enumerate(names)}
    for place, name in enumerate(_MAY):
        values[name] = [may[place] for may, _, _, _ in told]
    values["usable"] = [usable for _, usable, _, _ in told]
    values["refused"] = [refused for _, _, refused, _ in told]
    values["because"] = [because for _, _, _, because in told]
    return FRAMES["key_access"].of(values)


def _rows(frame: pd.DataFrame, *columns: str) -> list[Row]:
    """Account, region and columns of each row, ``None`` where a cell is missing."""
    return list(zip(*(as_arrow(frame[name]).to_pylist() for name in ("account_id", "region", *columns)), strict=True))
