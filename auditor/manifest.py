"""The manifest of a run: what was asked for, when and by whom, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.errors import ConfigError, InventoryError

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass
class Manifest:
    """What was asked for, when and by whom.

    Attributes:
        as_of: The point in time the run is judged at, UTC.
        config: The whole configuration, so that the run can be judged again without the file.
        plan: Account, region and collectors that were to be read.
        principals: Account to the ARN that read it.
        finished_at: When collecting ended; missing while it is under way.
    """

    as_of: datetime
    started_at: datetime
    config: dict[str, Any] = field(default_factory=dict)
    plan: list[tuple[str, str, list[str]]] = field(default_factory=list)
    principals: dict[str, str] = field(default_factory=dict)
    finished_at: datetime | None = None
    tool_version: str = __version__
    files: dict[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of what was collected; names the run."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def run_id(self) -> str:
        """The first characters of the hash."""
        return self.sha256[:12]

    def to_json(self) -> str:
        """The manifest as stable, readable JSON."""
        body = {"format": FORMAT, "made_by": "auditor", **asdict(self)}
        return json.dumps(body, indent=1, sort_keys=True, default=lambda value: value.isoformat()) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a run folder.

        Raises:
            InventoryError: The folder is missing, foreign or unreadable.
        """
        path = folder / MANIFEST
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), path)
        except FileNotFoundError as error:
            raise InventoryError(
                f"{folder} is not a run folder: it has no {MANIFEST}.",
                "Name a folder made by `auditor collect` or `auditor run`.",
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise InventoryError(f"{path} cannot be read: {error}.") from error

    @classmethod
    def from_json(cls, text: str, path: Path) -> Manifest:
        """Read a manifest back.

        Raises:
            InventoryError: It is no manifest of ours, or one of a newer format.
        """
        try:
            body = json.loads(text)
            ours, version = body.pop("made_by") == "auditor", body.pop("format")
            for name in ("as_of", "started_at", "finished_at"):
                body[name] = body[name] and datetime.fromisoformat(body[name])
            body["plan"] = [(account, region, collectors) for account, region, collectors in body["plan"]]
            manifest = cls(**body) if ours and version == FORMAT else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InventoryError(
                f"{path} is not a manifest that auditor wrote.", "Name a folder made by `auditor collect` or `run`."
            ) from error
        if manifest is None:
            raise InventoryError(
                f"{path} has format {version}, this version reads {FORMAT}.", "Use the version that made it."
            )
        return manifest


def must_differ(earlier: Path, own: Path, named_by: str) -> None:
    """Refuse a run's own folder where that of an earlier one is to be named.

    Args:
        earlier: The folder that was named.
        own: The run's own.
        named_by: The option or key that names it.

    Raises:
        ConfigError: They are the same.
    """
    if earlier.resolve() == own.resolve():
        raise ConfigError(
            f"{named_by} names {earlier}, which is this run's own folder.", "Name that of an earlier run."
        )
