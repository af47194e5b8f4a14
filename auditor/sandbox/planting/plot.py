"""The ground a story is planted in: one account in one region, with the tools to put rows there.

The tools note in ``truth`` what holds by construction of the row they plant (unencrypted, failed, too old, …) from what
the story declares; what only the story can know (why a snapshot is an orphan, what keeps it) it declares by argument.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditor.sandbox.blocks import BLOCK_BYTES, BLOCKS_PER_GIB, Held, History
from auditor.sandbox.model import Account, Organisation, Region, Row
from auditor.sandbox.planting.keyring import Keys
from auditor.sandbox.planting.names import TEAMS, hostile
from auditor.sandbox.planting.size import Size

DAY = timedelta(days=1)

#: The volume ids that copies and imports carry instead of a real one.
NO_VOLUME = "vol-ffffffff"

#: Traits of a place, which are cast like stories: its volumes are not encrypted by default; its texts break readers.
PLAIN_VOLUMES, HOSTILE_TEXTS = "volumes not encrypted by default", "hostile texts"
#: AWS Backup is not opted in for volumes: plans that select by tag pass over them in silence.
OPTED_OUT = "backup of volumes not opted in"

#: Account and region.
Place = tuple[str, str]
Story = Callable[["Plot"], None]
Part = Story | str

#: A story, whether a place tells it always (1), with the size's chance (0) or with a third of it (-1), and, where it is
#: of something wrong, how many of fifteen places tell it in an organisation whose size makes such stories rare.
Telling = tuple[Story, int, int]


@dataclass
class Lineage:
    """A volume as its snapshots see it: its identity, its key and its block history so far."""

    volume_id: str
    size_gib: int
    key: str | None
    data_key: str | None
    history: History
    point: int
    tags: dict[str, str] = field(default_factory=dict)
    line: str = ""

    def write(self, rng: random.Random, churn: float = 0.02, growth: float = 0.003) -> None:
        """Let a day pass: rewrite a share of the blocks and add some."""
        present = self.history.present(self.point)
        grown = min(self.history.limit, present + int(present * growth * rng.random()) + 1)
        self.point = self.history.add(self.point, max(present, grown), int(present * churn * (0.5 + rng.random())))


def tag_list(tags: dict[str, str]) -> list[Row]:
    """Tags in the shape of EC2."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def stamp(moment: datetime) -> str:
    """A moment as DescribeImages writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Plot:
    """One account in one region while it is planted.

    Attributes:
        rng: The place's own generator; no other place moves it.
        keys: The KMS keys that the settings put here.
        parts: The rare stories and the traits that were cast for this place.
        managed: Images that AWS Backup or a lifecycle policy that is on looks after.
        families: By image, the family that its story says it is of, where its name does not tell.
        declared: By image, what uses it and whether accounts that nobody here can read may, as its story says.
        plans: Planted backup plans that several stories deliver by, by name; as ``backup.plan`` returns them.
    """

    organisation: Organisation
    account: Account
    here: Region
    rng: random.Random
    size: Size
    keys: Keys = field(default_factory=Keys)
    parts: frozenset[Part] = frozenset()
    managed: set[str] = field(default_factory=set)
    families: dict[str, str] = field(default_factory=dict)
    declared: dict[str, tuple[str, bool]] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The organisation's present."""
        return self.organisation.now

    @property
    def where(self) -> tuple[str, str]:
        """Account and region, the first two parts of every key in the truth."""
        return self.here.account_id, self.here.name

    def note(self, rule: str, resource_id: str, *discriminator: str) -> None:
        """Write down that a rule must find a resource; ``unknown:rule`` where it must not be able to tell."""
        self.organisation.truth[rule].add((*self.where, resource_id, *discriminator))

    def made(self, resource_id: str, origin: str) -> None:
        """Write down what made an image or snapshot, and how sure that can be told: ``copy-image proven``."""
        by, _, confidence = origin.partition(" ")
        self.organisation.origins[(*self.where, resource_id)] = by, confidence

    def maybe(self, chance: float) -> bool:
        """Throw a loaded coin."""
        return self.rng.random() < chance

    def tells(self, telling: Telling) -> bool:
        """Whether a story is told here."""
        story, always, weight = telling
        if weight and not self.size.dense:
            return story in self.parts
        chance = self.size.chance / 3 if always < 0 else self.size.chance
        return always > 0 or self.maybe(chance) or story in self.parts

    def hostile(self, plain: str) -> str:
        """A text that breaks careless readers, or the plain one where people write as people do."""
        return hostile(self.rng) if self.size.dense or HOSTILE_TEXTS in self.parts else plain

    def owner(self) -> dict[str, str]:
        """The tag that says whose something is; one in seven lacks it."""
        if self.maybe(0.15):
            return {}
        team = self.account.tags["owner"].partition("@")[0]
        return {"owner": f"{self.rng.choice(TEAMS.get(team, (team,)))}@example.com"}

    def new(self, prefix: str, digits: int = 17) -> str:
        """A fresh id, e.g. ``snap-0123456789abcdef0``; of 8 digits as before 2018 when asked."""
        if digits == 17:
            return f"{prefix}-0{self.rng.getrandbits(64):016x}"
        return f"{prefix}-{self.rng.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """A fresh UUID."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def ago(self, days: float) -> datetime:
        """About so many days ago, some minutes earlier, to the second."""
        return self.now - timedelta(days=days, seconds=self.rng.randrange(60, 3600))

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region."""
        return f"arn:{self.organisation.partition}:{service}:{self.here.name}:{self.here.account_id}:{resource}"

    def zone(self) -> str:
        """One of the region's zones."""
        return self.here.name + self.rng.choice("abc")

    def usual_key(self) -> str | None:
        """The key most volumes here have: none, the one AWS manages or the customer's own."""
        weights = (0, 4, 6) if self.here.encryption_by_default else (4, 3, 3)
        if not self.size.dense:
            weights = (0, 9, 1) if self.here.encryption_by_default else (5, 4, 1)
        key = self.rng.choices((None, self.keys.managed, self.keys.enabled), weights)[0]
        # where somebody made the own key the default, new volumes have it
        own_default = not self.size.dense and self.here.default_key == self.keys.enabled
        return self.keys.enabled if own_default and key == self.keys.managed else key

    def lineage(
        self,
        size_gib: int,
        key: str | None = None,
        *,
        volume_id: str | None = None,
        used: float = 0.4,
        tags: dict[str, str] | None = None,
    ) -> Lineage:
        """A volume's history with its first blocks written; no volume yet and no snapshot."""
        capacity = size_gib * BLOCKS_PER_GIB
        present = max(64, int(capacity * used * (0.7 + 0.3 * self.rng.random())))
        history = History(self.rng.getrandbits(63), capacity, min(capacity * 9 // 10, present * 2))
        return Lineage(
            volume_id or self.new("vol"),
            size_gib,
            key,
            self.uuid() if key else None,
            history,
            history.add(-1, present, 0),
            self.owner() | (tags or {}),
        )

    def snapshot(
        self,
        of: Lineage,
        started: datetime,
        *,
        description: str = "",
        state: str = "completed",
        volume_id: str | None = None,
        tags: dict[str, str] | None = None,
        kept: str = "",
        orphan: str = "",
        snapshot_id: str | None = None,
        **more: object,
    ) -> str:
        """Plant a snapshot of a lineage as it is now.

        Args:
            of: What it is a snapshot of.
            started: Its point in time.
            description: Its description.
            state: completed, pending or error.
            volume_id: Volume id it carries; the lineage's own by default.
            tags: Its tags; of the lineage's own only the owner is inherited.
            kept: What makes it right to keep it however old it is: image, lock or recovery point.
            orphan: Why nothing needs it once it is older than 30 days: image_gone, volume_gone, policy_leftover or
                source_withdrawn.
            snapshot_id: Its id where the description of another row already names it.
            more: Further members of the row as DescribeSnapshots names them; they win over the usual ones.

        Returns:
            Its id.
        """
        row = self.snapshot_row(
            of, started, description=description, state=state, volume_id=volume_id, tags=tags, snapshot_id=snapshot_id
        )
        row |= more
        snapshot_id = str(row["SnapshotId"])
        age = self.now - started
        if of.key is None:
            self.note("snapshot_unencrypted", snapshot_id)
        else:
            self._note_key(of.key, snapshot_id)
        if state == "error" or (state == "pending" and age > DAY):
            self.note("snapshot_failed", snapshot_id)
        if state == "completed" and age > 365 * DAY and not kept:
            self.note("snapshot_over_retention", snapshot_id)
        if state == "completed" and age > 30 * DAY and orphan:
            self.note("snapshot_orphaned", snapshot_id)
        if "owner" not in (tag["Key"] for tag in row["Tags"]):
            self.note("resource_untagged", snapshot_id)
        self.here.snapshots[snapshot_id] = row
        return snapshot_id

    def _note_key(self, key: str, snapshot_id: str) -> None:
        owner = key.split(":")[4]
        if owner == self.here.account_id:
            if key in self.keys.unusable:
                self.note("snapshot_key_unusable", snapshot_id)
            if key == self.keys.managed and self.here.default_key == self.keys.enabled:
                self.note("snapshot_wrong_key", snapshot_id)
            return
        # a key of another account is ours to describe only where its policy lets us
        there = self.organisation.places.get((owner, self.here.name))
        if there is None or self.here.account_id not in there.key_readers.get(key, ()):
            self.note("unknown:snapshot_key_unusable", snapshot_id)
            self.note("unknown:snapshot_wrong_key", snapshot_id)
        elif there.kms_keys[key]["KeyState"] != "Enabled":
            self.note("snapshot_key_unusable", snapshot_id)

    def snapshot_row(
        self,
        of: Lineage,
        started: datetime,
        *,
        description: str = "",
        state: str = "completed",
        volume_id: str | None = None,
        tags: dict[str, str] | None = None,
        snapshot_id: str | None = None,
    ) -> Row:
        """A snapshot's row, in no table yet, with its blocks put down; arguments as for :meth:`snapshot`."""
        snapshot_id = snapshot_id or self.new("snap")
        row: Row = {
            "SnapshotId": snapshot_id,
            "OwnerId": self.here.account_id,
            "VolumeId": volume_id or of.volume_id,
            "VolumeSize": of.size_gib,
            "Description": description,
            "StartTime": started,
            "State": state,
            "Progress": "100%" if state == "completed" else f"{self.rng.randrange(0, 99)}%",
            "Encrypted": of.key is not None,
            "StorageTier": "standard",
            "Tags": tag_list({key: value for key, value in of.tags.items() if key == "owner"} | (tags or {})),
        }
        if of.key is not None:
            row |= {"KmsKeyId": of.key, "DataEncryptionKeyId": of.data_key}
        if state == "completed":
            row["CompletionTime"] = started + timedelta(seconds=self.rng.randrange(40, 2400))
            # AWS tells the size since 2024, and not of what is much older
            if self.now - started < 900 * DAY:
                row["FullSnapshotSizeInBytes"] = of.history.present(of.point) * BLOCK_BYTES
            self.here.blocks[snapshot_id] = Held(of.history, of.point, of.line)
        return row

    def volume(
        self,
        of: Lineage,
        created: datetime,
        *,
        backup: str,
        state: str = "in-use",
        source: str = "",
        instance: str = "",
        device: str = "/dev/xvda",
        promised: bool = False,
        **more: object,
    ) -> str:
        """Plant the volume of a lineage.

        Args:
            of: Its history, id, key and tags.
            created: When it was created.
            backup: fresh (newest completed backup at most 6 days old), stale (older than 8 days) or never.
            state: Its state.
            source: Snapshot it was made from.
            instance: Instance it is attached to.
            device: Device it is attached as.
            promised: Whether some policy or plan in force, or what is agreed, covers it or the instance it is on; or
                it is agreed that it may be lost.
            more: Further members of the row as DescribeVolumes names them; they win over the usual ones.

        Returns:
            Its id.
        """
        row: Row = {
            "VolumeId": of.volume_id,
            "Size": of.size_gib,
            "VolumeType": "gp3",
            "Iops": 3000,
            "Throughput": 125,
            "State": state,
            "CreateTime": created,
            "Encrypted": of.key is not None,
            "SnapshotId": source,
            "AvailabilityZone": self.zone(),
            "MultiAttachEnabled": False,
            "Attachments": [],
            "Tags": tag_list(of.tags),
        }
        if of.key is not None:
            row["KmsKeyId"] = of.key
        if instance:
            row["Attachments"] = [
                {
                    "VolumeId": of.volume_id,
                    "InstanceId": instance,
                    "Device": device,
                    "State": "attached",
                    "AttachTime": created + timedelta(seconds=1),
                    "DeleteOnTermination": device == "/dev/xvda",
                }
            ]
        self.here.volumes[of.volume_id] = row | more
        if backup == "never" and state in ("in-use", "available") and self.now - created > 2 * DAY:
            self.note("volume_never_backed_up", of.volume_id)
        if backup == "stale" and state == "in-use":
            self.note("volume_backup_stale", of.volume_id)
        if not promised and state in ("in-use", "available"):
            self.note("volume_not_in_any_plan", of.volume_id)
        return of.volume_id

    def instance(self, image_id: str, created: datetime, *, name: str, state: str = "running", **more: object) -> str:
        """Plant an instance without volumes; attach those with :meth:`volume`. The story knows its image."""
        instance_id = self.new("i")
        codes = {"pending": 0, "running": 16, "stopping": 64, "stopped": 80, "terminated": 48}
        self.here.instances[instance_id] = {
            "InstanceId": instance_id,
            "ImageId": image_id,
            "State": {"Code": codes[state], "Name": state},
            "InstanceType": self.rng.choice(("t3.medium", "m6i.large", "r6i.xlarge", "c7g.large")),
            "LaunchTime": created,
            "Placement": {"AvailabilityZone": self.zone(), "Tenancy": "default"},
            "Architecture": "x86_64",
            "VirtualizationType": "hvm",
            "Hypervisor": "xen",
            "RootDeviceName": "/dev/xvda",
            "RootDeviceType": "ebs",
            "PlatformDetails": "Linux/UNIX",
            "UsageOperation": "RunInstances",
            "BlockDeviceMappings": [],
            "Tags": tag_list({"Name": name, "env": self.account.tags["env"]}),
        } | more
        return instance_id
