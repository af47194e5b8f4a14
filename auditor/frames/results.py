"""Frames that the product makes: coverage, gaps, derived facts, findings and tallies."""

from auditor.frames.columns import WHERE, Frame, flag, integer, moment, money, number, text

#: What can become of one collector in one region. All but ``complete`` are gaps.
STATUSES = ("complete", "denied", "disabled", "throttled", "truncated", "failed", "skipped")

COVERAGE = Frame(
    "coverage",
    "What became of one collector in one account and region; region is global for account-wide calls.",
    (
        *WHERE,
        text("collector", "The collector"),
        text(
            "status", "complete, denied, disabled, throttled, truncated, failed or skipped; all but the first are gaps"
        ),
        text("error_code", "AWS's error code, or ours"),
        text("message", "AWS's words, cut to one line"),
        integer("calls", "Requests sent, retries included"),
        integer("rows", "Rows collected"),
        moment("started_at", "First request"),
        moment("finished_at", "Last answer"),
    ),
    key=("account_id", "region", "collector"),
)

ITEM_GAPS = Frame(
    "item_gaps",
    "One resource about which one call failed while the collector as a whole went on.",
    (
        *WHERE,
        text("collector", "The collector"),
        text("resource_id", "The resource that could not be read"),
        text("error_code", "AWS's error code"),
        text("message", "AWS's words, cut to one line"),
    ),
)

GAPS = Frame(
    "gaps",
    "One frame that is incomplete in one account and region.",
    (*WHERE, text("frame", "The frame"), text("collector", "The collector that left the gap"), text("status", "Why")),
)

SNAPSHOT_ORIGINS = Frame(
    "snapshot_origins",
    "What made one snapshot, and how sure that is.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot"),
        text(
            "origin",
            "create-image, copy-image, copy, dlm, aws-backup, vm-import, csi, velero, drs, mgn, fast-launch, "
            "image-builder, packer or manual",
        ),
        text("confidence", "proven (an aws: tag), likely (AWS's own text) or assumed (nothing says otherwise)"),
        text("evidence", "The tag or words it rests on"),
        text("made_for", "Image, policy, snapshot or resource that it names"),
    ),
    key=("account_id", "region", "snapshot_id"),
    derived_from=("snapshots", "snapshot_tags"),
)

REFERENCES_GRAPH = Frame(
    "references_graph",
    "One edge from what needs to what is needed, or from what was made to what it was made from.",
    (
        *WHERE,
        text("from_type", "snapshot, image, volume, instance, launch-template, recovery-point, legal-hold, …"),
        text("from_id", "Its id, name or ARN"),
        text("to_type", "snapshot, image, volume, instance, launch-configuration, image-recipe or container-recipe"),
        text("to_id", "Its id or name"),
        text("to_region", "Region of that end; missing where nothing says it"),
        text(
            "kind",
            "maps, names, launches, builds, launched-from, attaches, holds, backs-up, retains, manages, restores, "
            "locks, made-for, made-from, copied-from, created-from or taken-of",
        ),
        text("strength", "State of what needs, strength of a reference, or how sure an origin is"),
        text("detail", "Device, version, vault or tag that makes the edge precise"),
        text("seen_by", "The call, and the part of its answer, that showed it"),
    ),
    derived_from=(
        "snapshots",
        "snapshot_origins",
        "images",
        "image_block_devices",
        "volumes",
        "attachments",
        "instances",
        "image_references",
        "snapshot_references",
        "auto_scaling_groups",
        "recovery_points",
        "lifecycle_policies",
        "fast_restores",
        "snapshot_locks",
        "image_pipelines",
        "legal_holds",
        "legal_hold_points",
    ),
)

IMAGE_USE = Frame(
    "image_use",
    "Who uses one own image, in every account that was read, and where it could be used unseen.",
    (
        *WHERE,
        text("image_id", "The image"),
        integer("references", "Places in its region that name it, in any account that was read"),
        integer("current_references", "Those of them that are not superseded template versions"),
        integer("using_accounts", "Accounts they lie in"),
        text("strongest", "Strength of the strongest: running, stopped, default, latest, pinned, named or old"),
        text("strongest_by", "What that is: its type, id and account"),
        text("blind_spot", "Why it could be used where nobody looked, in words; missing where it could not"),
    ),
    key=("account_id", "region", "image_id"),
    derived_from=("images", "image_references", "image_shares", "accounts", "directory", "gaps"),
)

PARTIES = Frame(
    "parties",
    "One account that is no stranger: a member of the organisation, or one that the configuration trusts.",
    (
        text("party_id", "The account"),
        text("standing", "organisation, closed (a member that AWS has closed or is closing) or trusted"),
        text("party_name", "Account name, or what the configuration says of a trusted one"),
    ),
    key=("party_id",),
    derived_from=("directory",),
    everywhere=True,
)

_GRANTEE = (
    text("grantee_type", "account, group, organisation or unit"),
    text("grantee", "Account id, all, aws-marketplace, or the ARN of an organisation or unit"),
    text(
        "grantee_class",
        "public, own (the account itself), organisation, unit, trusted (or named for it in [[sharing.expect]]), "
        "marketplace, closed (a closed member), unexpected (trusted, but left out by a may_share_with for it), foreign "
        "(another organisation or its unit) or unknown (an account nobody knows); missing where it cannot be told "
        "whether an organisation is ours",
    ),
    text("grantee_name", "Account name, or what the configuration says of a trusted one"),
    text("outside_because", "Why it should not have it, in words; missing where it may have it or is no outsider"),
    flag("encrypted", "Encrypted"),
    flag("effective", "The grantee can use it today, as far as we let it; missing where that cannot be told"),
    text("effective_because", "Why not, or why it is not known, in words"),
    text("severity", "How bad that is; missing where it is no fault"),
)

SNAPSHOT_ACCESS = Frame(
    "snapshot_access",
    "One grantee of one own snapshot, who that is to us, and whether it can be used.",
    (*WHERE, text("snapshot_id", "The snapshot"), *_GRANTEE),
    key=("account_id", "region", "snapshot_id", "grantee"),
    derived_from=(
        "snapshots",
        "snapshot_shares",
        "snapshot_public_permissions",
        "snapshot_block_public_access",
        "parties",
        "directory",
        "snapshot_selections",
    ),
    heeds=("key_access", "images", "image_block_devices"),
)

IMAGE_ACCESS = Frame(
    "image_access",
    "One grantee of one own image, who that is to us, and whether it can be used.",
    (*WHERE, text("image_id", "The image"), *_GRANTEE),
    key=("account_id", "region", "image_id", "grantee"),
    derived_from=("images", "image_shares", "image_block_devices", "parties", "directory", "image_selections"),
    heeds=("snapshots", "key_access"),
)

SNAPSHOT_COSTS = Frame(
    "snapshot_costs",
    "What one snapshot costs a month, as bounds, and what deleting it alone would save.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot"),
        integer("stored_low_bytes", "Least it can store", unit="bytes"),
        integer("stored_high_bytes", "Most it can store", unit="bytes"),
        integer("freed_low_bytes", "Least that deleting it alone frees", unit="bytes"),
        integer("freed_high_bytes", "Most that deleting it alone frees", unit="bytes"),
        money("price_usd_per_gib_month", "Price used; missing means no price for this region and tier"),
        text("price_date", "Date of the price"),
        money("monthly_low_usd", "Least it costs a month, storage only"),
        money("monthly_high_usd", "Most it costs a month, storage only"),
        money("fast_restore_usd", "Fast restore a month; zero without, missing without a price"),
        money("saving_low_usd", "Least that deleting it alone saves a month"),
        money("saving_high_usd", "Most that deleting it alone saves a month"),
        text(
            "basis",
            "Why the bounds are what they are: full, growth, copy, lineage unknown, archive, archive and standard, "
            "size unknown",
        ),
    ),
    key=("account_id", "region", "snapshot_id"),
    derived_from=("snapshots", "volumes", "recycle_bin_snapshots", "fast_restores", "prices", "gaps"),
)

IMAGE_COSTS = Frame(
    "image_costs",
    "What one image with EBS storage costs a month, as bounds, and what deregistering it alone, with its snapshots, "
    "would save.",
    (
        *WHERE,
        text("image_id", "The image"),
        money("monthly_low_usd", "Least it costs a month: snapshots that no other image maps, fast restore included"),
        money("monthly_high_usd", "Most it costs a month: all of its snapshots, fast restore included"),
        money("saving_low_usd", "Least that goes with it: snapshots that no other image maps"),
        money("saving_high_usd", "Most that goes with it"),
    ),
    key=("account_id", "region", "image_id"),
    derived_from=("images", "image_block_devices", "snapshot_costs"),
)

FAST_RESTORE_COSTS = Frame(
    "fast_restore_costs",
    "What fast restore of one snapshot costs a month in each zone that is paid for, which is what ending it saves.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot, own or shared"),
        money("monthly_low_usd", "One zone at list price for 720 hours; missing without a price"),
        money("monthly_high_usd", "The same"),
        money("saving_low_usd", "The same"),
        money("saving_high_usd", "The same"),
    ),
    key=("account_id", "region", "snapshot_id"),
    derived_from=("fast_restores", "prices"),
)

FINDINGS = Frame(
    "findings",
    "One resource that a rule found, or could not tell about.",
    (
        text("finding_id", "Stable identity: hash of rule, partition, account, region, resource and discriminator"),
        text("rule_id", "The rule"),
        text("rule_title", "Its title"),
        text("severity", "critical, high, medium, low or info"),
        text("verdict", "found or unknown"),
        text("partition", "aws, aws-cn or aws-us-gov"),
        *WHERE,
        text("resource_type", "snapshot, image, volume, region, …"),
        text("resource_id", "The resource"),
        text("resource_name", "Its Name tag, or image name"),
        text("discriminator", "What tells two findings of one rule on one resource apart, e.g. the grantee"),
        text("message", "The finding as a sentence; for unknown ones, why it could not be told"),
        text("evidence", "What it rests on, as JSON text with sorted keys"),
        text("owner", "Value of the owner tag, where the configuration names one"),
        money("monthly_cost_usd", "What the resource costs a month, where that is exact"),
        money("cost_low_usd", "Least it costs a month"),
        money("cost_high_usd", "Most it costs a month"),
        money("saving_low_usd", "Least that acting on it saves a month; missing where that is not to do without it"),
        money("saving_high_usd", "Most that acting on it saves a month; missing where that is not to do without it"),
        text("saving_method", "bounded, measured or billed"),
        text("waiver", "Ticket or reason of the waiver that covers it"),
        moment("first_seen", "First run that reported it"),
        text("rule_sha256", "Hash of the rule file"),
    ),
    key=("finding_id",),
    noun="finding",
)

TALLIES = Frame(
    "tallies",
    "One rule in one account and region: evaluated = found + passed + unknown.",
    (
        text("rule_id", "The rule"),
        *WHERE,
        integer("evaluated", "Rows of the subject"),
        integer("found", "Found, waived ones included"),
        integer("passed", "Passed"),
        integer("unknown", "Could not tell"),
        integer("waived", "Found and waived"),
    ),
    key=("rule_id", "account_id", "region"),
)

RULE_RUNS = Frame(
    "rule_runs",
    "One rule of this run.",
    (
        text("rule_id", "The rule"),
        text("title", "Its title"),
        text("severity", "Its severity after the policy"),
        text("parameters", "Parameters used, as JSON text"),
        text("settings", "Hash of what it rests on of the configuration besides; missing where that is nothing"),
        text("sha256", "Hash of the rule file"),
        flag("built_in", "Ships with the product"),
        number("seconds", "Time it took", unit="seconds"),
        text("crash", "Error, file and line where it crashed"),
    ),
    key=("rule_id",),
)

WAIVERS = Frame(
    "waivers",
    "One waiver of the configuration, and what became of it.",
    (
        text("rule_id", "The rule it is for"),
        text("ticket", "Where it was decided"),
        text("reason", "Why"),
        text("owner", "Who owns what is excepted"),
        text("approver", "Who accepted it"),
        text("resources", "Resource ids it names, with commas; missing means any"),
        text("accounts", "Accounts it names, with commas; missing means any"),
        text("regions", "Regions it names, with commas; missing means any"),
        moment("starts_at", "First day it counts"),
        moment("ends_at", "Last day it counts, that day included"),
        text("state", "active, expired, not yet, or unused: it counts and nothing matches it"),
        integer("findings", "Findings it matches, whether it counts or not"),
    ),
)

PRICES = Frame(
    "prices",
    "One list price.",
    (
        text("region", "Region"),
        text("item", "standard, archive or fast_restore"),
        money("price_usd", "Price: per GiB-month of storage, per zone-hour of fast restore"),
        text("price_date", "When the price list said so, YYYY-MM-DD"),
        text("source", "Public source of the price"),
    ),
    key=("region", "item"),
)

FRAMES = (
    COVERAGE,
    ITEM_GAPS,
    GAPS,
    SNAPSHOT_ORIGINS,
    REFERENCES_GRAPH,
    IMAGE_USE,
    PARTIES,
    SNAPSHOT_ACCESS,
    IMAGE_ACCESS,
    SNAPSHOT_COSTS,
    IMAGE_COSTS,
    FAST_RESTORE_COSTS,
    FINDINGS,
    TALLIES,
    RULE_RUNS,
    WAIVERS,
    PRICES,
)
