"""Frames of sharing: what Access Analyzer reports, and what the configuration expects and whether it is so."""

from auditor.frames.columns import WHERE, Frame, flag, integer, moment, text

_ENTRY = integer("entry", "Which [[sharing.expect]] of the configuration, counted from 1")


def _selections(thing: str) -> Frame:
    return Frame(
        f"{thing}_selections",
        f"One own {thing} that one [[sharing.expect]] of the configuration selects.",
        (*WHERE, text(f"{thing}_id", f"The {thing}"), _ENTRY),
        key=("account_id", "region", f"{thing}_id", "entry"),
        derived_from=(f"{thing}s", f"{thing}_tags"),
    )


IMAGE_SELECTIONS = _selections("image")
SNAPSHOT_SELECTIONS = _selections("snapshot")

_COVER = (
    text(
        "covered_by",
        "The share that gives it: the account itself, the ARN of its unit, of a parent or of its organisation, all "
        "where it is public, owner where it is its own, or members where each account has it one by one; missing "
        "where none does",
    ),
    flag("missing", "No share covers it; missing itself where that cannot be told"),
)

IMAGE_EXPECTATIONS = Frame(
    "image_expectations",
    "One account, unit or organisation that one own, available image must be shared with, and whether it is.",
    (
        *WHERE,
        text("image_id", "The image"),
        _ENTRY,
        text("expected_type", "account, unit or organisation"),
        text("expected", "Account id, ou-… or o-…, whether the configuration gave an ARN or not"),
        flag("copyable", "It must be possible to copy it, too"),
        *_COVER,
        text("missing_accounts", "Where a unit or organisation lacks it: its accounts that do, with commas"),
    ),
    key=("account_id", "region", "image_id", "expected"),
    derived_from=("images", "image_selections", "image_shares", "directory"),
)

SNAPSHOT_EXPECTATIONS = Frame(
    "snapshot_expectations",
    "One account that one own, completed snapshot must be shared with, and whether it is. AWS shares snapshots with "
    "accounts alone, so a unit or an organisation stands for each of its open accounts.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot"),
        _ENTRY,
        text("expected", "Account id; what the configuration says where its accounts are not known"),
        text("image_id", "The image whose copy needs it; missing where the snapshot itself is selected"),
        *_COVER,
    ),
    key=("account_id", "region", "snapshot_id", "expected"),
    derived_from=(
        "snapshots",
        "snapshot_selections",
        "snapshot_shares",
        "images",
        "image_selections",
        "image_block_devices",
        "directory",
    ),
)

ACCESS_ANALYZERS = Frame(
    "access_analyzers",
    "One analyzer of IAM Access Analyzer in the account, whose findings of snapshots were read to the end.",
    (
        *WHERE,
        text("analyzer_arn", "The analyzer", "access-analyzer ListAnalyzers"),
        text("name", "Its name"),
        text("type", "ACCOUNT and ORGANIZATION report access from outside of them; others, …_UNUSED_ACCESS, do not"),
        text("status", "ACTIVE, CREATING, DISABLED or FAILED"),
        moment("created_at", "Creation"),
        moment("last_analyzed_at", "When it last looked at anything", "lastResourceAnalyzedAt"),
    ),
    key=("account_id", "region", "analyzer_arn"),
    filled_by=("access_analyzers",),
)

ANALYZER_FINDINGS = Frame(
    "analyzer_findings",
    "One finding by which an analyzer reports that a snapshot is shared beyond its zone of trust.",
    (
        *WHERE,
        text("finding_id", "The finding", "access-analyzer ListFindingsV2"),
        text("analyzer_arn", "The analyzer"),
        text("snapshot_id", "The snapshot"),
        text("owner_id", "Account that owns it", "resourceOwnerAccount"),
        text("status", "ACTIVE or ARCHIVED"),
        moment("analyzed_at", "When the analyzer looked; up to 30 minutes after a change"),
        moment("updated_at", "Last change of the finding"),
    ),
    key=("account_id", "region", "finding_id"),
    filled_by=("access_analyzers",),
)

SOURCE_SNAPSHOTS = Frame(
    "source_snapshots",
    "One snapshot of another account that a volume in use was made from, as far as it can be seen today.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot", "ec2 DescribeSnapshots, filter snapshot-id"),
        text("owner_id", "Account that owns it"),
        text("owner_alias", "amazon, aws-marketplace, …"),
        text("description", "Free text of its owner"),
        flag("encrypted", "Encrypted"),
    ),
    key=("account_id", "region", "snapshot_id"),
    filled_by=("source_snapshots",),
    noun="source snapshot",
)

FRAMES = (
    ACCESS_ANALYZERS,
    ANALYZER_FINDINGS,
    SOURCE_SNAPSHOTS,
    IMAGE_SELECTIONS,
    SNAPSHOT_SELECTIONS,
    IMAGE_EXPECTATIONS,
    SNAPSHOT_EXPECTATIONS,
)
