"""What the access policies of backup vaults come to: who cannot delete, and who else is let in.

Follows "Vault access policies" (AWS Backup Developer Guide): whatever a policy says, other accounts can do no more than
copy into the vault, so denying everybody is denying the vault's own account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from auditor.analysis.policies import account_of, pattern
from auditor.frames import FRAMES

__all__ = ["vault_access", "vault_protection"]

#: What takes backups away, or the policy that keeps them.
DELETIONS: Final = ("backup:DeleteRecoveryPoint", "backup:DeleteBackupVault", "backup:DeleteBackupVaultAccessPolicy")

_COPY: Final = "backup:CopyIntoBackupVault"
_UNREAD: Final = "Could not tell: its access policy was not understood."

#: Operators that ask for a match.
_POSITIVE: Final = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}

#: Ends of the ARNs that stand for many people or a whole account.
_MANY: Final = (":*", ":root", ":role/*", ":user/*", ":assumed-role/*")

#: Account, region and vault.
Vault = tuple[str, str, str]


@dataclass
class _Statement:
    """One statement, put together from its rows; ``tests`` by operator and key."""

    allows: bool
    not_principal: bool
    not_action: bool
    every_resource: bool
    principals: set[tuple[str, str]] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    tests: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def acts(self, action: str) -> bool:
        """Whether it is about an action."""
        named = any(pattern(each.lower()).fullmatch(action.lower()) for each in self.actions)
        return named != self.not_action


def vault_protection(
    backup_vaults: pd.DataFrame,
    vault_policies: pd.DataFrame,
    vault_statements: pd.DataFrame,
    vault_conditions: pd.DataFrame,
) -> pd.DataFrame:
    """One row a vault; see the frame ``vault_protection``."""
    understood = {row[:3]: row[3] for row in _rows(vault_policies, "understood")}
    statements = _statements(vault_statements, vault_conditions)
    told = []
    for vault in (row[:3] for row in _rows(backup_vaults)):
        if understood.get(vault, True) is not True:
            told.append((*vault, None, None, None, _UNREAD))
            continue
        denials = [each for each in statements[vault] if not each.allows and _everybody(each, vault[0])]
        answers = {
            action: _any(_denied(each, vault[0]) for each in denials if each.acts(action)) for action in DELETIONS
        }
        allowed = [action for action, denied in answers.items() if denied is False]
        untold = not allowed and None in answers.values()
        glass = sorted({f"{operator} {key}" for each in denials for operator, key in each.tests})
        because = "Could not tell: it denies deletion under conditions, or to some recovery points." if untold else None
        denied = None if untold else not allowed
        told.append((*vault, denied, ", ".join(allowed) or None, ", ".join(glass) or None, because))
    return _frame("vault_protection", told)


def vault_access(
    vault_policies: pd.DataFrame,
    vault_statements: pd.DataFrame,
    vault_conditions: pd.DataFrame,
    parties: pd.DataFrame,
    directory: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each vault and party outside; see the frame ``vault_access``."""
    if not len(vault_policies):
        return FRAMES["vault_access"].empty()
    known = set(parties["party_id"].dropna())
    organisations = set(directory["organisation_id"].dropna())
    told = []
    for vault, statements in sorted(_statements(vault_statements, vault_conditions).items()):
        friends = known | {vault[0]}
        grants: dict[str, list[tuple[bool | None, _Statement]]] = defaultdict(list)
        for statement in statements:
            answer = _reached(statement, friends, organisations) if statement.allows else False
            if answer is not False:
                for grantee in _grantees(statement) - friends:
                    open_to = answer if grantee == "*" or account_of(grantee) else None
                    grants[grantee].append((open_to, statement))
        told += [_grant(vault, grantee, given) for grantee, given in sorted(grants.items())]
    return _frame("vault_access", told)


def _grant(vault: Vault, grantee: str, given: Collection[tuple[bool | None, _Statement]]) -> tuple[Any, ...]:
    """One row of ``vault_access``."""
    answer = _any(each for each, _ in given)
    let = [statement for each, statement in given if each == answer]
    actions = sorted(
        {f"all but {action}" if statement.not_action else action for statement in let for action in statement.actions}
    )
    keys = sorted({key for statement in let for _, key in statement.tests})
    because = None
    if answer is None:
        why = f"under conditions on {', '.join(keys)}" if keys else "as whom nobody here knows"
        because = f"Could not tell: the policy lets it in {why}."
    return *vault, grantee, answer, any(each.acts(_COPY) for each in let), ", ".join(actions), because


def _everybody(statement: _Statement, account: str) -> bool:
    """Whether a Deny is about everybody of the vault's account, but for whom it leaves out."""
    names = {principal for kind, principal in statement.principals if kind == "AWS"}
    if statement.not_principal:
        return "*" not in names
    return any(each in ("*", account) or (each.endswith(":root") and account_of(each) == account) for each in names)


def _denied(statement: _Statement, account: str) -> bool | None:
    """Whether a Deny of everybody holds: leaving out single people is a way out for emergencies, other tests no."""
    if not statement.every_resource:
        return None
    answers = [
        _stands(operator.lower(), key.lower(), values, account) for (operator, key), values in statement.tests.items()
    ]
    return False if False in answers else None if None in answers else True


def _stands(operator: str, key: str, values: Collection[str], account: str) -> bool | None:
    """Whether a Deny with this test is still about everybody of the account but for some people."""
    if "not" not in operator or operator.startswith("for"):
        return None
    if key in ("aws:principalorgid", "aws:principalorgpaths"):
        return False  # made against other organisations: it leaves out all of our own
    if key == "aws:principalaccount":
        return account not in values
    if key in ("aws:principalarn", "aws:userid", "aws:username") or key.startswith("aws:principaltag/"):
        return None if any(value == "*" or value.endswith(_MANY) for value in values) else True
    return None


def _grantees(statement: _Statement) -> set[str]:
    """Whom an Allow names: account ids, ``*``, or what is neither; AWS's own services are nobody."""
    if statement.not_principal:
        return {"*"}
    named = (principal for kind, principal in statement.principals if kind != "Service")
    return {account_of(each) or each for each in named}


def _reached(statement: _Statement, friends: Collection[str], organisations: Collection[str]) -> bool | None:
    """Whether an Allow lets in somebody who is neither ours nor trusted: not where one of its tests keeps to those."""
    for (operator, key), values in statement.tests.items():
        plain = operator.lower().removeprefix("foranyvalue:")
        if plain in _POSITIVE and all(_ours(key.lower(), value, friends, organisations) for value in values):
            return False
    return None if statement.tests else True


def _ours(key: str, value: str, friends: Collection[str], organisations: Collection[str]) -> bool:
    """Whether a test for this value lets nobody pass but ours and those that are trusted."""
    if key == "aws:principalorgid":
        return value in organisations
    if key == "aws:principalorgpaths":
        return "/" in value and value.partition("/")[0] in organisations
    if key == "aws:principalaccount":
        return value in friends
    return key == "aws:principalarn" and account_of(value) in friends


def _statements(statements: pd.DataFrame, conditions: pd.DataFrame) -> dict[Vault, list[_Statement]]:
    """The statements of each vault's policy, in their order."""
    made: dict[Vault, dict[int, _Statement]] = defaultdict(dict)
    columns = ("statement", "effect", "principal_type", "principal", "not_principal", "action", "not_action")
    for *vault, number, effect, kind, principal, others, action, but, every in _rows(
        statements, *columns, "every_resource"
    ):
        here = made[vault[0], vault[1], vault[2]]
        if number not in here:
            here[number] = _Statement(effect == "Allow", others is True, but is True, every is True)
        here[number].principals.add((kind, principal or ""))
        here[number].actions.add(action or "")
    for *vault, number, operator, key, value in _rows(conditions, "statement", "operator", "condition_key", "value"):
        statement = made[vault[0], vault[1], vault[2]].get(number)
        if statement:
            statement.tests[operator or "", key or ""].append(value or "")
    return defaultdict(list, {vault: list(each.values()) for vault, each in made.items()})


def _any(answers: Iterable[bool | None]) -> bool | None:
    told = set(answers)
    return True if True in told else None if None in told else False


def _rows(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Rows as plain values; account, region and vault, then the columns."""
    if not len(table):
        return []
    wanted = table[["account_id", "region", "vault_name", *columns]].astype(object)
    return list(wanted.where(wanted.notna(), None).itertuples(index=False, name=None))


def _frame(name: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows in the order of the frame's columns."""
    frame = FRAMES[name]
    columns: Mapping[str, Any] = {column: [row[place] for row in rows] for place, column in enumerate(frame.names)}
    return frame.of(columns) if rows else frame.empty()
