"""What a KMS key policy and its grants let somebody of another account do: allowed, refused, or it cannot be told.

Follows "Determining whether a request is allowed or denied within an account" and "Cross-account policy evaluation
logic" (IAM User Guide), "Key policies in AWS KMS" and "Grants in AWS KMS" (KMS Developer Guide): an explicit Deny wins
over every Allow and every grant; what nothing allows is refused. The grantee's own IAM policies are theirs and not
looked at: a key that allows an account allows it to pass that on.

Conditions are judged where the request is known beforehand, which is one that EC2 makes for the grantee to restore,
copy or launch: who calls, through which service and for what. All other conditions leave the answer open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

__all__ = ["NEEDED", "Condition", "Operation", "Requester", "Statement", "access", "account_of", "pattern"]

#: What restoring, copying and launching need, and which actions that is ("Share the KMS key used to encrypt a shared
#: Amazon EBS snapshot", EBS User Guide).
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "kms:DescribeKey": ("kms:DescribeKey",),
    "kms:CreateGrant": ("kms:CreateGrant",),
    "kms:GenerateDataKey*": ("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    "kms:ReEncrypt*": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
    "kms:Decrypt": ("kms:Decrypt",),
}

#: True allowed, False refused, None cannot be told.
Answer = bool | None

_ROOT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):.+")
_POSITIVE: Final = {"stringequals", "stringequalsignorecase", "stringlike", "bool"}


@dataclass(frozen=True)
class Condition:
    """One test of a statement: any of the values will do."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement of a key policy, its AWS principals alone: services and federated users are nobody's account."""

    allows: bool
    principals: frozenset[str]
    actions: frozenset[str]
    not_principal: bool = False
    not_action: bool = False
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One operation that a grant allows."""

    grantee: str
    operation: str
    constrained: bool = False


@dataclass(frozen=True)
class Requester:
    """Who wants to use a key, and through EC2 of which region.

    Attributes:
        region: Region of the key.
        owner: Account of the key; its own principals are not whom it is shared with.
        account: The account; ``None`` for a whole organisation, a unit of one, or everybody.
        organisation: Organisation it is in or is; ``None`` where that is not known.
        strange_to: Organisations that it certainly is not in.
        path: Where it sits, e.g. ``o-a1/r-ab12/ou-ab12-3/``; ``None`` where that is not known.
        principal: ARN of one principal of the account; ``None`` for any that the account lets.
    """

    region: str
    owner: str
    account: str | None = None
    organisation: str | None = None
    strange_to: frozenset[str] = frozenset()
    path: str | None = None
    principal: str | None = None


def access(statements: Collection[Statement], grants: Collection[Operation], who: Requester) -> dict[str, Answer]:
    """What of ``NEEDED`` one principal of the grantee may do: of the one that may do most, and of any before a named.

    A permission that stands for two actions cannot be told where only one of them is allowed: which of the two is asked
    for depends on what the grantee does.
    """
    named = {each for statement in statements for each in statement.principals} | {grant.grantee for grant in grants}
    theirs = sorted(each for each in named if who.account and _account(each) == who.account)
    best: dict[str, Answer] = {}
    for candidate in (who, *(replace(who, principal=each) for each in theirs)):
        told = {name: _family(statements, grants, candidate, actions) for name, actions in NEEDED.items()}
        if not best or _merit(told) > _merit(best):
            best = told
    return best


def _merit(told: Mapping[str, Answer]) -> tuple[int, int]:
    answers = list(told.values())
    return -answers.count(False), answers.count(True)


def _family(
    statements: Collection[Statement], grants: Collection[Operation], who: Requester, actions: Iterable[str]
) -> Answer:
    answers = {_decide(statements, grants, who, action) for action in actions}
    return answers.pop() if len(answers) == 1 else None


def _decide(statements: Iterable[Statement], grants: Iterable[Operation], who: Requester, action: str) -> Answer:
    denied: Answer = False
    allowed = _any(_granted(grant, who, action) for grant in grants)
    for statement in statements:
        fits = _all([_acts(statement, action), _concerns(statement, who), *_hold(statement, who, action)])
        if statement.allows:
            allowed = _any((allowed, fits))
        else:
            denied = _any((denied, fits))
    if denied or allowed is False:
        return False
    return None if denied is None or allowed is None else True


def _any(answers: Iterable[Answer]) -> Answer:
    told = set(answers)
    return True if True in told else None if None in told else False


def _all(answers: Iterable[Answer]) -> Answer:
    told = set(answers)
    return False if False in told else None if None in told else True


def _granted(grant: Operation, who: Requester, action: str) -> Answer:
    if f"kms:{grant.operation}" != action or not _is(grant.grantee, who):
        return False
    # constraints are on encryption contexts, which asking what a key is has none of
    return None if grant.constrained and grant.operation != "DescribeKey" else True


def _acts(statement: Statement, action: str) -> bool:
    return any(pattern(each.lower()).fullmatch(action.lower()) for each in statement.actions) != statement.not_action


def _concerns(statement: Statement, who: Requester) -> Answer:
    """Whether a statement is about the grantee."""
    if statement.not_principal:
        return _not_left_out(statement.principals, who)
    if any(_is(each, who) for each in statement.principals):
        return True
    if who.account is None and any(account_of(each) not in (None, who.owner) for each in statement.principals):
        return None  # accounts named one by one may be all, some or none of an organisation's
    return False


def _not_left_out(left_out: Collection[str], who: Requester) -> Answer:
    """Whether ``NotPrincipal`` is about the grantee: to leave out a principal, its account must be named as well."""
    if "*" in left_out:
        return False
    if who.account is None:
        return None if any(account_of(each) != who.owner for each in left_out) else True
    mine = [each for each in left_out if account_of(each) == who.account]
    if not mine:
        return True
    return False if who.principal in mine and any(_ROOT.fullmatch(each) for each in mine) else None


def _is(principal: str, who: Requester) -> bool:
    """Whether a principal stands for the grantee: everybody, its account, or itself."""
    if principal == "*":
        return True
    whole = _ROOT.fullmatch(principal)
    if whole:
        return whole[1] == who.account
    return principal == who.principal


def _account(principal: str) -> str | None:
    """The account of a principal that is less than a whole account."""
    if _ROOT.fullmatch(principal):
        return None
    match = _ACCOUNT.fullmatch(principal)
    return match[1] if match else None


def account_of(principal: str) -> str | None:
    """The account of a principal, whole or part of it; ``None`` for what is of no one account."""
    whole = _ROOT.fullmatch(principal)
    return whole[1] if whole else _account(principal)


def _hold(statement: Statement, who: Requester, action: str) -> list[Answer]:
    return [_holds(condition, who, action) for condition in statement.conditions]


def _holds(condition: Condition, who: Requester, action: str) -> Answer:
    """Whether one test holds for the request; IAM User Guide, "IAM JSON policy elements: Condition operators"."""
    operator = condition.operator.lower()
    for_any = operator.startswith("foranyvalue:")
    operator = operator.removeprefix("foranyvalue:")
    if_exists = operator.endswith("ifexists")
    operator = operator.removesuffix("ifexists")
    negated = operator.startswith("stringnot")
    positive = operator.replace("not", "", 1) if negated else operator
    if positive not in _POSITIVE or (for_any and negated) or any("${" in value for value in condition.values):
        return None
    known, value = _request(condition.key.lower(), who, action)
    if not known:
        return None
    if value is None:  # the request has no such key
        return if_exists or negated
    told = _any(_compared(positive, condition.key.lower(), value, each, who) for each in condition.values)
    return told if told is None else told != negated


def _request(key: str, who: Requester, action: str) -> tuple[bool, str | None]:
    """Whether a key of the request is known, and its value; ``None`` where the request has no such key."""
    if key in ("kms:calleraccount", "aws:principalaccount"):
        return who.account is not None, who.account
    if key == "aws:principalorgid":
        return bool(who.organisation or who.strange_to), who.organisation or ""
    if key == "aws:principalorgpaths":
        return bool(who.path or who.strange_to), who.path or ""
    if key == "kms:viaservice":
        return not who.region.startswith("cn-"), f"ec2.{who.region}.amazonaws.com"
    if key == "kms:grantisforawsresource":
        return True, "true" if action == "kms:CreateGrant" else None
    if key == "aws:securetransport":
        return True, "true"
    return False, None


def _compared(operator: str, key: str, value: str, wanted: str, who: Requester) -> Answer:
    """One value of a request against one that a policy names."""
    if not value:  # a stranger: of which organisation is not known, but not of those
        return False if wanted.partition("/")[0] in who.strange_to else None
    if operator == "stringlike":
        if who.account is None and key == "aws:principalorgpaths":  # a unit's accounts may sit further down
            return pattern(wanted).fullmatch(value) is not None if wanted.endswith("*") else None
        return pattern(wanted).fullmatch(value) is not None
    if operator == "stringequals":
        return value == wanted
    return value.lower() == wanted.lower()


@cache
def pattern(glob: str) -> re.Pattern[str]:
    """IAM's wildcards: ``*`` for any characters, ``?`` for one; no brackets."""
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in glob), re.DOTALL)
