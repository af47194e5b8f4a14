"""What the believable run collected: five accounts in three regions, some of it unseen, some of it hostile."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pandas as pd

from auditor.frames import FRAMES
from auditor.report import Spend, SpendLine

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


def ident(kind, number):
    return f"{kind}-{sha256(f'{kind}{number}'.encode()).hexdigest()[:17]}"


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
