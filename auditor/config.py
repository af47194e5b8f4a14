"""``audit.toml``, read, checked and typed: what to read, how to judge it, what is excepted."""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from auditor.errors import ConfigError
from auditor.rule import Severity

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Scope(_Section):
    """What is read, and as whom."""

    organisation: bool = False
    accounts: tuple[AccountId, ...] = ()
    exclude_accounts: tuple[AccountId, ...] = ()
    units: tuple[Annotated[str, StringConstraints(pattern=r"^(ou|r)-[0-9a-z-]+$")], ...] = ()
    account_tags: dict[str, str] = {}
    profile: str | None = None
    role: str | None = None
    external_id: str | None = None
    regions: Literal["enabled"] | tuple[Words, ...] = "enabled"
    exclude_regions: tuple[Words, ...] = ()
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = "aws"

    @model_validator(mode="after")
    def _whole(self) -> Scope:
        if self.organisation and self.accounts:
            raise ValueError("organisation = true and accounts exclude each other; keep one of them")
        if (self.units or self.account_tags) and not self.organisation:
            raise ValueError("units and account_tags narrow an organisation; set organisation = true")
        return self


class Collect(_Section):
    """How much is asked, and how fast."""

    shares: Literal["exact", "bulk"] = "exact"
    workers: Annotated[int, Field(ge=1, le=256)] = 16


_PARTY = re.compile(
    r"\d{12}|organisation|o-[a-z0-9]+|ou-[a-z0-9]+-[a-z0-9]+"
    r"|arn:aws[a-z-]*:organizations::\d{12}:(organization/o-[a-z0-9]+|ou/o-[a-z0-9]+/ou-[a-z0-9]+-[a-z0-9]+)"
)


def _party(text: str) -> str:
    if _PARTY.fullmatch(text):
        return text
    raise ValueError(
        "name an account by its 12 digits, a unit (ou-…) or an organisation (o-…) by its id or ARN, "
        "or the caller's own by the word organisation"
    )


#: Somebody who can be shared with: an account, a unit, an organisation, or ``organisation`` for the caller's own.
Party = Annotated[str, AfterValidator(_party)]


class Selector(_Section):
    """Which images or snapshots; whatever is given must hold.

    Attributes:
        tag: Key of a tag that they carry.
        value: Value of that tag; any where it is left out.
        name: Pattern (``*``, ``?``, ``[…]``) of the image's name, or of the snapshot's Name tag.
        accounts: Accounts that own them.
    """

    tag: Words | None = None
    value: Words | None = None
    name: Words | None = None
    accounts: tuple[AccountId, ...] = ()

    @model_validator(mode="after")
    def _selects(self) -> Selector:
        if self.value is not None and self.tag is None:
            raise ValueError("value says nothing without a tag; name the tag's key too")
        if not (self.tag or self.name or self.accounts):
            raise ValueError("it selects nothing; give a tag, a name pattern or accounts")
        return self


class Expectation(_Section):
    """Who must have some images or snapshots, and who else may.

    Attributes:
        images: Which images; either these or snapshots.
        snapshots: Which snapshots.
        shared_with: Who must have them.
        may_share_with: Who else outside the organisation may have them; where it is given it is the whole list, and
            ``trusted_accounts`` are no longer good enough.
        copyable: Whether those who must have an image must be able to copy it, for which they need its snapshots too.
    """

    images: Selector | None = None
    snapshots: Selector | None = None
    shared_with: tuple[Party, ...] = ()
    may_share_with: tuple[Party, ...] | None = None
    copyable: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Expectation:
        if (self.images is None) == (self.snapshots is None):
            raise ValueError("say which images or which snapshots it is about, one of the two")
        if not self.shared_with and self.may_share_with is None:
            raise ValueError("say shared_with, who must have them, or may_share_with, who may")
        if self.copyable and not (self.images and self.shared_with):
            raise ValueError("copyable is said of images that must be shared; snapshots that are shared can be copied")
        return self


class Sharing(_Section):
    """Who outside the organisation may be shared with, and what must be shared with whom."""

    trusted_accounts: dict[AccountId, Words] = {}
    expect: tuple[Expectation, ...] = ()
    #: How shares of snapshots are looked for: each asked; what Access Analyzer leaves out skipped where that loses
    #: nothing but its delay; or the analyzer asked and nobody else.
    discovery: Literal["exhaustive", "auto", "analyzer"] = "exhaustive"
    #: Folder of an earlier run whose shares hold for what was there then.
    reuse: Words | None = None

    @property
    def accounts(self) -> frozenset[str]:
        """Every account that is named."""
        named = [each for entry in self.expect for each in (*entry.shared_with, *(entry.may_share_with or ()))]
        return frozenset(self.trusted_accounts).union(each for each in named if each.isdigit())


class Tagged(_Section):
    """Resources that carry a tag.

    Attributes:
        tag: Key of the tag.
        value: Its value; any where it is left out.
    """

    tag: Words
    value: str | None = None


class RecoveryPointObjective(_Section):
    """How old the newest backup of some volumes may be, whoever makes it.

    Attributes:
        name: What it is called in the report; its place in the file where it is left out.
        volumes: The volumes it is for; either these or accounts.
        accounts: The accounts whose volumes it is for, those declared ephemeral aside.
        hours: The greatest age allowed.
        look_back_days: How many days are judged.
    """

    name: Words | None = None
    volumes: Tagged | None = None
    accounts: tuple[AccountId, ...] = ()
    hours: Annotated[int, Field(ge=1, le=8784)]
    look_back_days: Annotated[int, Field(ge=1, le=366)] = 7

    @model_validator(mode="after")
    def _for_something(self) -> RecoveryPointObjective:
        if (self.volumes is None) == (not self.accounts):
            raise ValueError("say which volumes it is for by tag, or which accounts, one of the two")
        return self


class Backup(_Section):
    """What is promised besides AWS's own plans, and how promises are judged.

    Attributes:
        days: Length of the audit period, up to the moment that is judged.
        grace_minutes: How much later than promised a backup may be and still be in time.
        rpo: Ages that the newest backup may have.
        ephemeral: Volumes and instances that may be lost; nothing need promise them.
    """

    days: Annotated[int, Field(ge=1, le=366)] = 31
    grace_minutes: Annotated[int, Field(ge=0, le=10080)] = 60
    rpo: tuple[RecoveryPointObjective, ...] = ()
    ephemeral: tuple[Tagged, ...] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> Backup:
        names = self.rpo_names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two objectives are called {twice[0]!r}; give each a name of its own")
        return self

    @property
    def rpo_names(self) -> list[str]:
        """What each objective is called: its name, or its place from 1."""
        return [objective.name or str(place) for place, objective in enumerate(self.rpo, 1)]


class Images(_Section):
    """Which images are one thing over time, and how many of it are worth keeping.

    Attributes:
        keep: How many of the newest images of a family are kept for going back, used or not.
        family_tag: Tag whose value is an image's family; its name tells where this is empty.
        family_pattern: What is cut off a name to get the family, as a regular expression of RE2. Where this is empty:
            what pipelines commonly put at its end.
    """

    keep: Annotated[int, Field(ge=1)] = 3
    family_tag: str = ""
    family_pattern: str = ""

    @field_validator("family_pattern")
    @classmethod
    def _understood(cls, pattern: str) -> str:
        try:
            pc.replace_substring_regex(pa.array([""]), pattern, "")
        except pa.ArrowInvalid as error:
            raise ValueError(
                f"it is no regular expression: {str(error).removeprefix('Invalid regular expression: ')}"
            ) from error
        return pattern


class Cost(_Section):
    """What is known about prices."""

    discount: Annotated[float, Field(ge=0, lt=1)] = 0.0


class ReportSettings(_Section):
    """How the report looks."""

    title: Words = "EBS snapshot and AMI audit"
    organisation_name: str = ""
    classification: Words = "Internal"
    paper: Literal["A4", "Letter"] = "A4"
    owner_tag: str = "owner"
    #: Rows of a critical rule in the PDF; a high one shows half as many, a medium one three tenths, others one tenth.
    rows_per_rule: Annotated[int, Field(ge=1, le=100)] = 10


class Waiver(_Section):
    """An exception somebody signed: it hides nothing, it says who accepted what until when."""

    rule: Words
    resources: tuple[Words, ...] = ()
    accounts: tuple[AccountId, ...] = ()
    regions: tuple[Words, ...] = ()
    reason: Words
    owner: Words
    approver: Words
    ticket: Words
    from_: date = Field(alias="from")
    until: date

    @model_validator(mode="after")
    def _bounded(self) -> Waiver:
        if self.until < self.from_:
            raise ValueError("until lies before from")
        if not (self.resources or self.accounts):
            raise ValueError("a waiver names resources or accounts; one for everything would hide the rule")
        return self


class RulePolicy(BaseModel):
    """What the policy changes of one rule; every other key is one of the rule's parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    enabled: bool = True
    severity: Severity | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that are set."""
        return dict(self.model_extra or {})


class Config(_Section):
    """The whole configuration; every section has defaults."""

    scope: Scope = Scope()
    collect: Collect = Collect()
    sharing: Sharing = Sharing()
    backup: Backup = Backup()
    images: Images = Images()
    cost: Cost = Cost()
    report: ReportSettings = ReportSettings()
    rules: dict[str, RulePolicy] = {}
    waiver: tuple[Waiver, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Config:
        """Read a file.

        Raises:
            ConfigError: It cannot be read, is no TOML, or says something that cannot be; one sentence per fault.
        """
        try:
            body = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"There is no file {path}.", "Name your configuration with -c FILE.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}.") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path} is not valid TOML: {error}.") from error
        return cls.of(body, str(path))

    @classmethod
    def of(cls, body: dict[str, Any], name: str = "The configuration") -> Config:
        """Check a configuration that was already parsed.

        Raises:
            ConfigError: A key is unknown, or a value cannot be.
        """
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise _said_plainly(error, name) from error


def _said_plainly(error: ValidationError, name: str) -> ConfigError:
    fault = error.errors()[0]
    place = [part for part in fault["loc"] if part not in ("tuple[str, ...]", "literal['enabled']")]
    where = ".".join(str(part) for part in place if not str(part).startswith(("tuple[", "literal[")))
    more = f" ({error.error_count() - 1} more after this one.)" if error.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        known = _keys_at([str(part) for part in place[:-1]])
        near = difflib.get_close_matches(str(place[-1]), known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known keys there: {', '.join(known)}."
        return ConfigError(f"{name}: the key {where!r} is unknown.", hint + more)
    if fault["type"] == "missing":
        return ConfigError(f"{name}: {where!r} is missing.", f"Add it.{more}")
    said = fault["msg"].removeprefix("Value error, ")
    given = "" if isinstance(fault["input"], dict) else f", not {fault['input']!r}"
    return ConfigError(f"{name}: {where or 'it'}: {said}{given}.", more.strip())


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, _Section)


def _keys_at(place: list[str]) -> list[str]:
    model: Any = Config
    for part in place:
        if part.isdigit():
            continue
        annotation = model.model_fields[part].annotation
        model = next((each for each in get_args(annotation) if _is_section(each)), annotation)
    return sorted(field.alias or name for name, field in model.model_fields.items())
