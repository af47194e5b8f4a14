"""Frames of images as generations: what made each, what it follows, and what each family of them comes to."""

from auditor.frames.columns import WHERE, Frame, flag, integer, moment, money, text

IMAGE_ORIGINS = Frame(
    "image_origins",
    "What made one image, and how sure that is.",
    (
        *WHERE,
        text("image_id", "The image"),
        text(
            "origin",
            "create-image, copy-image (or restored from S3), dlm, aws-backup, image-builder, packer, vm-import, mgn, "
            "drs, bundle (on S3), marketplace, registered (from a snapshot) or unknown",
        ),
        text(
            "confidence",
            "proven (an aws: tag, or a field that only AWS sets), likely (words, names or tags that anyone could have "
            "written) or assumed (nothing says otherwise)",
        ),
        text("evidence", "The tag, field or words it rests on"),
        text("made_from", "Instance, image, snapshot, policy, recipe or task that it names"),
        text("product_code", "Marketplace product that it descends from; its terms go on to hold"),
    ),
    key=("account_id", "region", "image_id"),
    derived_from=("images", "image_tags", "image_block_devices", "product_codes", "snapshot_origins"),
)

IMAGE_GENERATIONS = Frame(
    "image_generations",
    "The place of one own image in its family: the images of its account and region that are one thing over time.",
    (
        *WHERE,
        text("image_id", "The image"),
        text("family", "Its family; missing where nothing tells it"),
        text("family_by", "What tells the family: tag, name, or copy (the family of the image that it is a copy of)"),
        integer("newer_images", "Available images of its family that were made later"),
        text("newest_image_id", "Newest available image of its family"),
        flag("is_managed", "AWS Backup holds it as a recovery point, or an enabled lifecycle policy looks after it"),
        flag(
            "is_kept",
            "Managed, or one of the newest few of its family that the configuration keeps; missing where it is neither "
            "managed nor available",
        ),
    ),
    key=("account_id", "region", "image_id"),
    derived_from=("images", "image_tags", "recovery_points", "lifecycle_policies"),
)

IMAGE_FAMILIES = Frame(
    "image_families",
    "One family of images in one account and region: images = used + kept + spare + unclear + disabled.",
    (
        *WHERE,
        text("family", "The family"),
        text("family_by", "What tells it: tag, name, or copy"),
        integer("images", "Available and disabled images"),
        integer("used", "Images that something current uses, in any account that was read"),
        integer("kept", "Unused ones that are managed, or among the newest few that the configuration keeps"),
        integer("spare", "Available images that are neither used nor kept"),
        integer("unclear", "The same, but accounts that were not read may use them"),
        integer("disabled", "Disabled images that nothing current uses and nothing manages"),
        text("newest_image_id", "Newest available image; newest of all where none is available"),
        text("newest_name", "Its name"),
        moment("newest_at", "Its creation"),
        moment("oldest_at", "Creation of the oldest"),
        integer("instances", "Instances that run on them or are stopped, in any account that was read"),
        integer("templates", "Launch templates that name them currently"),
        integer(
            "other_references", "Other places that name them currently: groups, configurations, parameters, recipes"
        ),
        integer("using_accounts", "Accounts that use them"),
        text("copied_to", "Regions that copies of them lie in, in any account that was read, with commas"),
        integer("public_images", "Images that anyone can launch"),
        integer("shared_images", "Images shared with others by name: accounts, organisations or units"),
        integer(
            "snapshots", "Snapshots behind them; one that several families map counts for the one that had it first"
        ),
        integer("stored_low_bytes", "Least that those store", unit="bytes"),
        integer("stored_high_bytes", "Most that those store", unit="bytes"),
        money("monthly_low_usd", "Least that those cost a month, storage only"),
        money("monthly_high_usd", "Most that those cost a month, storage only"),
        money("spare_low_usd", "Least that those of them cost that only spare images map"),
        money("spare_high_usd", "Most that those cost"),
        integer("unpriced", "Snapshots without a price or a known size; in no sum of money"),
    ),
    key=("account_id", "region", "family"),
    derived_from=(
        "images",
        "image_generations",
        "image_use",
        "image_references",
        "image_shares",
        "image_block_devices",
        "snapshot_costs",
    ),
    noun="image family",
)

FRAMES = (IMAGE_ORIGINS, IMAGE_GENERATIONS, IMAGE_FAMILIES)
