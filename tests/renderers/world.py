"""A believable run in memory: what was collected of an estate, and what its rules found there."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random

import pandas as pd

from auditor.config import Config
from auditor.findings import gathered
from auditor.frames import FRAMES
from auditor.inventory import Inventory, Part
from auditor.manifest import Manifest
from auditor.report import Spend, build_report
from auditor.rule import Rule
from tests.renderers.estate import (
    ACCOUNTS,
    AS_OF,
    HOSTILE,
    ORGANISATION,
    REGIONS,
    coverage_of,
    ident,
    images_of,
    snapshots_of,
    spend_of,
)
from tests.renderers.rules import RULES


@dataclass
class Judged:
    """What the engine gives."""

    findings: pd.DataFrame
    tallies: pd.DataFrame
    rule_runs: pd.DataFrame
    waivers: pd.DataFrame

    @property
    def gathered(self):
        """As the engine's own."""
        return gathered(self.findings, self.tallies)


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

    def report(self, changes=None):
        return build_report(self.evaluation, self.inventory, self.rules, self.config, self.spend, changes=changes)


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
