"""Settings of a place: block public access, encryption by default, keys, allowed images, bin rules, opt-ins."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.keys import members_and_partner, new_key
from auditor.sandbox.planting.names import VENDOR
from auditor.sandbox.planting.plot import OPTED_OUT, PLAIN_VOLUMES, Plot
from auditor.sandbox.planting.stories_images import public as public_images
from auditor.sandbox.planting.stories_snapshot_care import before_own_default
from auditor.sandbox.planting.stories_snapshots import once_public, public


def plant_settings(plot: Plot) -> None:
    """Every setting of a place; must come first, since stories look at them and use the keys."""
    _keys(plot)
    _block_public_access(plot)
    _encryption(plot)
    _allowed_images(plot)
    _bin_rules(plot)
    opted_out = OPTED_OUT in plot.parts or (plot.size.dense and plot.maybe(0.1))
    plot.here.backup_opt_ins = {"EBS": not opted_out, "EC2": True, "RDS": True, "S3": False}


def _manager(plot: Plot, chance: float) -> str:
    return "declarative-policy" if plot.maybe(chance) else "account"


def _block_public_access(plot: Plot) -> None:
    region = plot.here.name
    often = (4, 3, 4) if plot.size.dense else (14, 3, 1)
    snapshots = plot.rng.choices(("block-all-sharing", "block-new-sharing", "unblocked"), often)[0]
    if public in plot.parts:
        snapshots = "unblocked"
    elif once_public in plot.parts:
        snapshots = "block-all-sharing"
    plot.here.snapshot_block_public_access = {
        "State": snapshots,
        "ManagedBy": _manager(plot, 0.4 if snapshots == "block-all-sharing" else 0.05),
    }
    if snapshots != "block-all-sharing":
        plot.note("region_snapshot_sharing_not_blocked", region)
    images = plot.rng.choices(("block-new-sharing", "unblocked"), (1 if plot.size.dense else 12, 1))[0]
    if public_images in plot.parts:
        images = "unblocked"
    plot.here.image_block_public_access = {
        "ImageBlockPublicAccessState": images,
        "ManagedBy": _manager(plot, 0.3 if images == "block-new-sharing" else 0.05),
    }
    if images == "unblocked":
        plot.note("region_image_sharing_not_blocked", region)


def _encryption(plot: Plot) -> None:
    good = plot.maybe(0.5) if plot.size.dense else PLAIN_VOLUMES not in plot.parts
    plot.here.encryption_by_default = good
    if not plot.here.encryption_by_default:
        plot.note("region_encryption_not_default", plot.here.name)
    own_default = plot.maybe(0.4) or before_own_default in plot.parts
    plot.here.default_key = plot.keys.enabled if own_default else "alias/aws/ebs"


def _allowed_images(plot: Plot) -> None:
    state = plot.rng.choices(("disabled", "audit-mode", "enabled"), (6, 2, 2))[0]
    plot.here.allowed_images = {"State": state, "ManagedBy": _manager(plot, 0.2)}
    if state != "disabled":
        plot.here.allowed_images["ImageCriteria"] = [{"ImageProviders": ["amazon", plot.organisation.management_id]}]


def _keys(plot: Plot) -> None:
    keys = plot.keys
    keys.managed = new_key(plot, "Enabled", "AWS")
    keys.enabled = new_key(
        plot, "Enabled", Description=plot.rng.choice(("volumes", "backups", plot.hostile("databases")))
    )
    keys.disabled = new_key(plot, "Disabled", Description="old backups")
    dying: Row = {"DeletionDate": plot.now + timedelta(days=plot.rng.randrange(2, 29)), "Description": "retired"}
    keys.dying = new_key(plot, "PendingDeletion", **dying)
    for key in (keys.enabled, keys.disabled, keys.dying):
        members_and_partner(plot, key)
    keys.gone = plot.arn("kms", f"key/{plot.uuid()}")
    keys.foreign = f"arn:{plot.organisation.partition}:kms:{plot.here.name}:{VENDOR}:key/{plot.uuid()}"


def _bin_rules(plot: Plot) -> None:
    kinds = (("EBS_SNAPSHOT", 14), ("EC2_IMAGE", 30), ("EBS_VOLUME", 7))
    there, by_tag, but_some = (0.7, 0.3, 0.4) if plot.size.dense else (1, 0, 0)
    whole = set()
    for kind, days in kinds:
        if not plot.maybe(there):
            continue
        identifier = f"{plot.rng.getrandbits(40):011x}"[:11]
        tagged = plot.maybe(by_tag)
        locked = not tagged and plot.maybe(0.3)
        rule: Row = {
            "Identifier": identifier,
            "Description": plot.rng.choice(("keep what was deleted by mistake", "", plot.hostile("agreed with legal"))),
            "ResourceType": kind,
            "RetentionPeriod": {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"},
            "Status": "available",
            "LockState": "locked" if locked else "unlocked",
            "RuleArn": plot.arn("rbin", f"rule/{identifier}"),
            "ResourceTags": [],
            "ExcludeResourceTags": [],
        }
        if tagged:
            rule["ResourceTags"] = [{"ResourceTagKey": "env", "ResourceTagValue": "prod"}, {"ResourceTagKey": "keep"}]
        elif plot.maybe(but_some):
            rule["ExcludeResourceTags"] = [{"ResourceTagKey": "scratch"}]
        if locked:
            rule["LockConfiguration"] = {"UnlockDelay": {"UnlockDelayValue": 7, "UnlockDelayUnit": "DAYS"}}
        if not rule["ResourceTags"] and not rule["ExcludeResourceTags"]:
            whole.add(kind)
        plot.here.bin_rules[identifier] = rule
    if not whole >= {"EBS_SNAPSHOT", "EC2_IMAGE"}:
        plot.note("recycle_bin_unprotected", plot.here.name)
