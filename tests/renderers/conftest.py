"""A believable run in memory: five accounts in three regions, some of it unseen, some of it hostile."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random

import pandas as pd
import pytest

from auditor.config import Config
from auditor.frames import FRAMES
from auditor.inventory import Inventory, Manifest, Part
from auditor.report import Spend, SpendLine, build_report
from auditor.rule import Rule

AS_OF = datetime(2026, 3, 31, 6, 0, tzinfo=UTC)
ACCOUNTS = {
    "000123456789": "acme-root",
    "111122223333": "acme-prod",
    "222233334444": "acme-staging",
    "333344445555": "acme-data",
    "444455556666": "acme-sandbox",
}
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
ORGANISATION = "o-acme123456"
HOSTILE = (
    '=HYPERLINK("http://evil.example","click")',
    "</td><script>alert(1)</script>",
    "invoice\u202egpj.exe",
    "{{ 7 * 7 }}",
    "bell\x07 tab\t newline\n null\x00",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "long " * 2000,
    "日本語の名前",
    "zero\u200bwidth\ufeff",
)


def words(name, title, severity, subject, headline, remedy, **more):
    """A rule of which only the words matter."""
    return Rule(
        id=name,
        title=title,
        severity=severity,
        subject=subject,
        headline=headline,
        message="",
        remedy=remedy,
        breaks=more.get("breaks", "Nothing that still works."),
        controls=more.get("controls", {}),
        reach="partition",
        function=lambda snapshots: snapshots,
        frames=more.get("frames", (subject,)),
        parameters={},
        why=more.get("why", "It matters."),
        how="",
    )


RULES = (
    words(
        "snapshot_public",
        "Snapshot is public",
        "critical",
        "snapshots",
        ("{count} snapshot can be restored by anyone", "{count} snapshots can be restored by anyone"),
        "aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} --attribute "
        "createVolumePermission --operation-type remove --group-names all",
        frames=("snapshots", "snapshot_public_permissions", "snapshot_block_public_access"),
        controls={"AWS FSBP": ("EC2.1",), "CIS AWS 5.0": ("5.1.1",), "NIST 800-53 r5": ("AC-3", "AC-6", "SC-7")},
        why="Anyone with an AWS account can restore it and read every block, without leaving a trace in your logs.",
        breaks="Accounts that restore it on purpose lose access; share with them by account id first.",
    ),
    words(
        "image_public",
        "Image is public",
        "critical",
        "images",
        ("{count} image can be launched by anyone", "{count} images can be launched by anyone"),
        "aws ec2 modify-image-attribute --region {region} --image-id {image_id} --launch-permission "
        "Remove=[{{Group=all}}]",
        controls={"AWS FSBP": ("EC2.1",)},
        why="Anyone can launch it and read what is on its disks.",
    ),
    words(
        "volume_never_backed_up",
        "Volume was never backed up",
        "high",
        "volumes",
        ("{count} volume has never been backed up", "{count} volumes have never been backed up"),
        "Tag the volume so that a backup plan selects it, or take a snapshot: "
        "aws ec2 create-snapshot --region {region} --volume-id {volume_id}",
        frames=("volumes", "snapshots", "recovery_points"),
        controls={"AWS FSBP": ("EC2.28",), "NIST 800-53 r5": ("CP-9", "SI-12")},
        why="If it is lost, so is what is on it: no snapshot and no recovery point was ever made of it.",
        breaks="Nothing; the first snapshot reads every block once.",
    ),
    words(
        "snapshot_unencrypted",
        "Snapshot is not encrypted",
        "medium",
        "snapshots",
        ("{count} snapshot is not encrypted", "{count} snapshots are not encrypted"),
        "aws ec2 copy-snapshot --region {region} --source-region {region} --source-snapshot-id {snapshot_id} "
        "--encrypted",
        controls={"NIST 800-53 r5": ("SC-28",)},
        why="Its blocks lie in clear text; who may restore it needs no key.",
        breaks="The copy has a new id and is stored in full; images that use the old one keep using it.",
    ),
    words(
        "region_encryption_not_default",
        "Encryption by default is off",
        "medium",
        "regions",
        (
            "{count} region does not encrypt new volumes by default",
            "{count} regions do not encrypt new volumes by default",
        ),
        "aws ec2 enable-ebs-encryption-by-default --region {region}",
        frames=("regions", "encryption_by_default"),
        why="A volume that nobody thought about is written in clear text.",
    ),
    words(
        "snapshot_orphaned",
        "Snapshot is orphaned",
        "low",
        "snapshots",
        ("{count} snapshot belongs to nothing any more", "{count} snapshots belong to nothing any more"),
        "aws ec2 delete-snapshot --region {region} --snapshot-id {snapshot_id}",
        frames=("snapshots", "images", "volumes", "snapshot_origins"),
        why="The volume or image it was made for is gone. Nobody looks after it, and it is paid for every month.",
        breaks="It cannot be undone unless a Recycle Bin rule keeps it.",
    ),
    words(
        "snapshot_failed",
        "Snapshot failed",
        "medium",
        "snapshots",
        ("{count} snapshot failed", "{count} snapshots failed"),
        "aws ec2 delete-snapshot --region {region} --snapshot-id {snapshot_id}",
    ),
    words(
        "image_unused",
        "Image is unused",
        "low",
        "images",
        ("{count} image is used by nothing", "{count} images are used by nothing"),
        "aws ec2 disable-image --region {region} --image-id {image_id}",
        frames=("images", "image_references"),
        why="Nothing launched it for months, and nothing names it.",
    ),
)


@dataclass
class Judged:
    """What the engine gives."""

    findings: pd.DataFrame
    tallies: pd.DataFrame
    rule_runs: pd.DataFrame
    waivers: pd.DataFrame


@dataclass
class Book:
    """A loaded rule."""

    rule: Rule


@dataclass
class World:
    """Everything a report is made from."""

    evaluation: Judged
    inventory: Inventory
    rules: list
    config: Config
    spend: Spend | None
    random: Random = field(default_factory=lambda: Random(7))

    def report(self):
        return build_report(self.evaluation, self.inventory, self.rules, self.config, self.spend)


def ident(kind, number):
    return f"{kind}-{sha256(f'{kind}{number}'.encode()).hexdigest()[:17]}"


def finding(rule, account, region, kind, resource, number, **more):
    return {
        "finding_id": sha256(f"{rule.id}{account}{region}{resource}{number}".encode()).hexdigest()[:32],
        "rule_id": rule.id,
        "rule_title": rule.title,
        "severity": rule.severity,
        "verdict": "found",
        "partition": "aws",
        "account_id": account,
        "region": region,
        "resource_type": kind,
        "resource_id": resource,
        "resource_name": None,
        "discriminator": "",
        "message": f"{resource}: {rule.title}",
        "evidence": "{}",
        "first_seen": AS_OF,
        "rule_sha256": sha256(rule.id.encode()).hexdigest(),
        **more,
    }


def evidence_of(name, random):
    days = timedelta(days=random.randint(31, 1500))
    return {
        "snapshot_public": {"exposure": "open", "encrypted": False, "started_at": (AS_OF - days).isoformat()},
        "image_public": {"created_at": (AS_OF - days).isoformat(), "platform": "windows"},
        "volume_never_backed_up": {
            "created_at": (AS_OF - days).isoformat(),
            "size_gib": random.choice([8, 20, 100, 500]),
            "attached_to": ident("i", random.random()),
        },
        "snapshot_unencrypted": {"encrypted": False, "started_at": (AS_OF - days).isoformat()},
        "region_encryption_not_default": {"enabled": False},
        "snapshot_orphaned": {
            "reason": random.choice(["image_gone", "volume_gone"]),
            "origin": "create-image",
            "made_for": ident("ami", random.random()),
            "started_at": (AS_OF - days).isoformat(),
        },
        "image_unused": {"last_launched_at": None, "created_at": (AS_OF - days).isoformat()},
    }[name]


FOUND = {
    "snapshot_public": 2,
    "image_public": 1,
    "volume_never_backed_up": 41,
    "snapshot_unencrypted": 118,
    "region_encryption_not_default": 4,
    "snapshot_orphaned": 132,
    "snapshot_failed": 0,
    "image_unused": 23,
}
KINDS = {"snapshots": ("snapshot", "snap"), "images": ("image", "ami"), "volumes": ("volume", "vol")}
OWNERS = ("platform@acme.example", "data@acme.example", "payments@acme.example", None)
NAMES = ("web-root", "orders-db data", "nightly", "jenkins-home", None, "golden-linux-2026-03")


def findings_of(random, scale=1):
    rows = []
    for rule in RULES:
        for number in range(FOUND[rule.id] * (scale if FOUND[rule.id] > 5 else 1)):
            account = random.choices(list(ACCOUNTS), weights=(1, 6, 3, 4, 2))[0]
            region = random.choices(REGIONS, weights=(5, 2, 1))[0]
            kind, prefix = KINDS.get(rule.subject, ("region", ""))
            low = Decimal(random.randint(0, 400)) / 100
            high = low + Decimal(random.randint(0, 1500)) / 100
            paid = rule.subject == "snapshots"
            hostile = number < len(HOSTILE) and rule.id == "snapshot_unencrypted"
            if kind == "region":
                account, region = list(ACCOUNTS)[number + 1], REGIONS[number % 3]
            rows.append(
                finding(
                    rule,
                    account,
                    region,
                    kind,
                    ident(prefix, f"{rule.id}{number}") if prefix else region,
                    number,
                    resource_name=None if kind == "region" else HOSTILE[number] if hostile else random.choice(NAMES),
                    evidence=json.dumps(evidence_of(rule.id, random), sort_keys=True),
                    owner=HOSTILE[number] if hostile and number in (1, 2) else random.choice(OWNERS),
                    cost_low_usd=low if paid else None,
                    cost_high_usd=high if paid else None,
                    saving_low_usd=low if rule.id == "snapshot_orphaned" else None,
                    saving_high_usd=high if rule.id == "snapshot_orphaned" else None,
                    saving_method="bounded" if rule.id == "snapshot_orphaned" else None,
                    waiver="SEC-1234"
                    if rule.id == "image_public" or (rule.id == "image_unused" and number < 3)
                    else None,
                )
            )
        if rule.id == "volume_never_backed_up":
            why = "Could not tell: recovery_points were refused (AccessDeniedException)."
            rows += [
                finding(
                    rule,
                    "333344445555",
                    "us-east-1",
                    "volume",
                    ident("vol", f"u{n}"),
                    n,
                    verdict="unknown",
                    message=why,
                )
                for n in range(17)
            ]
    return FRAMES["findings"].rows(rows)


def tallies_of(findings, random):
    rows = []
    for rule in RULES:
        mine = findings[findings["rule_id"] == rule.id]
        for account in ACCOUNTS:
            for region in REGIONS:
                here = mine[(mine["account_id"] == account) & (mine["region"] == region)]
                found, unknown = int((here["verdict"] == "found").sum()), int((here["verdict"] == "unknown").sum())
                passed = 1 - found if rule.subject == "regions" else random.randint(20, 90)
                rows.append(
                    {
                        "rule_id": rule.id,
                        "account_id": account,
                        "region": region,
                        "evaluated": found + passed + unknown,
                        "found": found,
                        "passed": passed,
                        "unknown": unknown,
                        "waived": int(here["waiver"].notna().sum()),
                    }
                )
    return FRAMES["tallies"].rows(rows)


def coverage_of(complete=False):
    collectors = ("snapshots", "images", "volumes", "instances", "recovery_points", "backup_vaults", "kms_keys")
    for account in ACCOUNTS:
        for number, region in enumerate(REGIONS):
            for collector in collectors:
                row = {
                    "account_id": account,
                    "region": region,
                    "collector": collector,
                    "status": "complete",
                    "calls": 7 + number,
                    "rows": 100,
                    "started_at": AS_OF - timedelta(minutes=9),
                    "finished_at": AS_OF - timedelta(minutes=4, seconds=number),
                }
                if not complete and (account, region, collector) == ("333344445555", "us-east-1", "recovery_points"):
                    row |= {
                        "status": "denied",
                        "error_code": "AccessDeniedException",
                        "message": "is not authorized to perform: backup:ListRecoveryPointsByBackupVault",
                        "rows": 0,
                    }
                if not complete and region == "us-east-1" and collector == "kms_keys":
                    row |= {
                        "status": "throttled",
                        "error_code": "ThrottlingException",
                        "message": "Rate exceeded",
                        "rows": 0,
                    }
                yield row


def snapshots_of(random, number):
    """Whole columns, so that it stays quick for many."""
    accounts = random.choices(list(ACCOUNTS), weights=(1, 6, 3, 4, 2), k=number)
    regions = random.choices(REGIONS, weights=(5, 2, 1), k=number)
    ages = [random.randint(0, 1500) for _ in range(number)]
    sizes = random.choices([8, 20, 100, 500, 1000], k=number)
    started = [AS_OF - timedelta(days=days, minutes=days) for days in ages]
    return FRAMES["snapshots"].of(
        {
            "account_id": accounts,
            "region": regions,
            "snapshot_id": [ident("snap", each) for each in range(number)],
            "name": [HOSTILE[each] if each < len(HOSTILE) else f"nightly {each % 31}" for each in range(number)],
            "owner_id": accounts,
            "description": [f"Created by CreateImage(i-{each:017x}) for ami-{each:017x}" for each in range(number)],
            "volume_id": [ident("vol", each % 977) for each in range(number)],
            "volume_size_gib": sizes,
            "full_size_bytes": [None if each % 9 == 0 else size * 2**29 for each, size in enumerate(sizes)],
            "storage_tier": ["archive" if each % 23 == 0 else "standard" for each in range(number)],
            "started_at": started,
            "completed_at": started,
            "state": ["completed"] * number,
            "encrypted": [None if each % 50 == 0 else each % 7 != 0 for each in range(number)],
            "kms_key_arn": [
                f"arn:aws:kms:{region}:{account}:key/0f0f" for region, account in zip(regions, accounts, strict=True)
            ],
        }
    )


def images_of(random, number=60):
    return FRAMES["images"].of(
        {
            "account_id": random.choices(list(ACCOUNTS), k=number),
            "region": random.choices(REGIONS, k=number),
            "image_id": [ident("ami", each) for each in range(number)],
            "name": [HOSTILE[each] if each < len(HOSTILE) else f"golden-{each}" for each in range(number)],
            "state": ["available"] * number,
            "is_public": [each == 5 for each in range(number)],
            "created_at": [AS_OF - timedelta(days=each * 11) for each in range(number)],
        }
    )


def spend_of(snapshots):
    """Lines that add up, to the cent."""
    low = snapshots["volume_size_gib"].astype("int64") * 2**26
    high = snapshots["full_size_bytes"].fillna(0).astype("int64") + 2**26
    ages = (AS_OF - snapshots["started_at"]).dt.days
    bands = pd.cut(
        ages,
        [-1, 30, 90, 365, 730, 10_000],
        labels=["up to 30 days", "31–90 days", "91–365 days", "1–2 years", "over 2 years"],
    )
    origins = pd.Series(["dlm", "aws-backup", "create-image", "manual", "copy"] * (len(snapshots) // 5 + 1))[
        : len(snapshots)
    ]
    price = Decimal("0.05")

    def line(key, rows, name=""):
        stored = int(low[rows].sum()), int(high[rows].sum())
        usd = [(Decimal(each) / 2**30 * price).quantize(Decimal("0.000001")) for each in stored]
        unknown = int(snapshots.loc[rows, "full_size_bytes"].isna().sum())
        return SpendLine(
            str(key),
            name,
            int(rows.sum()),
            *stored,
            *usd,
            unpriced=3 if key == "us-east-1" else 0,
            size_unknown=unknown,
        )

    def lines(keys, order=None):
        made = [line(key, keys == key) for key in (order or sorted(keys.unique()))]
        return tuple(made if order else sorted(made, key=lambda it: -it.high_usd))

    return Spend(
        total=line("all", pd.Series(data=True, index=snapshots.index)),
        by_account=lines(snapshots["account_id"]),
        by_region=lines(snapshots["region"]),
        by_origin=lines(origins),
        by_age=lines(bands, list(bands.cat.categories)),
        price_date="2026-02-11",
        sources=("AWS Price List, AmazonEC2",),
    )


def waivers_of():
    return FRAMES["waivers"].rows(
        [
            {
                "rule_id": "image_public",
                "ticket": "SEC-1234",
                "reason": "Published base image for customers",
                "owner": "platform@acme.example",
                "approver": "ciso@acme.example",
                "resources": "ami-0123456789abcdef0, ami-0fedcba9876543210",
                "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
                "ends_at": datetime(2026, 12, 31, tzinfo=UTC),
                "state": "active",
                "findings": 1,
            },
            {
                "rule_id": "snapshot_unencrypted",
                "ticket": "SEC-99",
                "reason": HOSTILE[1],
                "owner": "data@acme.example",
                "approver": "ciso@acme.example",
                "accounts": "333344445555",
                "starts_at": datetime(2024, 1, 1, tzinfo=UTC),
                "ends_at": datetime(2025, 12, 31, tzinfo=UTC),
                "state": "expired",
                "findings": 12,
            },
        ]
    )


def make_world(*, snapshots=600, complete=False, scale=1, classification="Internal", paper="A4"):
    random = Random(7)
    findings = findings_of(random, scale)
    runs = FRAMES["rule_runs"].rows(
        {
            "rule_id": rule.id,
            "title": rule.title,
            "severity": rule.severity,
            "parameters": json.dumps(
                {"max_age_days": 365, "keep_tags": ["keep", "do-not-delete"]} if "orphan" in rule.id else {}
            ),
            "sha256": sha256(rule.id.encode()).hexdigest(),
            "built_in": True,
            "seconds": 0.01,
        }
        for rule in RULES
    )
    snaps = snapshots_of(random, snapshots)
    inventory = Inventory.of(
        {
            "accounts": FRAMES["accounts"].rows(
                {"account_id": key, "name": name, "organisation_id": ORGANISATION, "partition": "aws"}
                for key, name in ACCOUNTS.items()
            ),
            "regions": FRAMES["regions"].rows(
                {"account_id": key, "region": region} for key in ACCOUNTS for region in REGIONS
            ),
            "snapshots": snaps,
            "images": images_of(random),
        },
        as_of=AS_OF,
    )
    parts = [Part(row) for row in coverage_of(complete)]
    memory = inventory._memory
    manifest = Manifest(
        as_of=AS_OF,
        started_at=AS_OF - timedelta(minutes=9),
        finished_at=AS_OF - timedelta(minutes=4),
        principals={key: f"arn:aws:sts::{key}:assumed-role/AuditorReadOnly/auditor" for key in ACCOUNTS},
    )
    inventory = Inventory(manifest, parts)
    inventory._memory = memory
    if complete:
        findings = findings[findings["verdict"] == "found"].reset_index(drop=True)
    config = Config.of(
        {
            "scope": {"organisation": True, "role": "AuditorReadOnly"},
            "report": {"organisation_name": "Acme & Söhne", "classification": classification, "paper": paper},
        }
    )
    return World(
        Judged(findings, tallies_of(findings, random), runs, waivers_of()),
        inventory,
        [Book(rule) for rule in RULES],
        config,
        spend_of(snaps),
    )


@pytest.fixture(scope="session")
def world():
    return make_world()


@pytest.fixture(scope="session")
def report(world):
    return world.report()


@pytest.fixture
def worlds():
    """For tests that need another one."""
    return make_world
