"""An unused image that its snapshots alone may not bring back."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, alongside, among, flags, one_of, rule, whole_days


@rule(
    title="Unused image may not come back once deregistered",
    severity="medium",
    subject="images",
    headline=(
        "1 unused image holds what its snapshots alone may not give back",
        "{count} unused images hold what their snapshots alone may not give back",
    ),
    message="{image_id} is unused, and once deregistered it may not come back as a bootable image: {at_risk}",
    remedy="aws ec2 disable-image --region {region} --image-id {image_id}",
    breaks="Launches that name it by id from places no API lists fail, and its shares are lost. Enabling it again "
    "brings it back; its shares must be set anew.",
    controls={},
    reach="organisation",
)
def image_licence_at_risk(
    images: pd.DataFrame,
    image_use: pd.DataFrame,
    product_codes: pd.DataFrame,
    as_of: datetime,
    *,
    unused_days: int = 90,
) -> Verdict:
    """Cleaning up is final here: deregistering loses the licence, firmware or kernel that only the image itself names.

    Judged are images that nothing in any account that was read names, made and last launched longer ago than the
    limit: the ones that somebody will want to deregister. Found are those that bill more than plain Linux, carry a
    product code, boot by UEFI alone (on Arm all do, so it tells nothing there), want a TPM, or are paravirtual. An
    image registered anew from the same snapshots has none of this unless it is given, and some of it cannot be given.
    Images kept in S3 are left out: their bundle stays.

    Disable it instead: it costs the same and can be enabled again. Deregister it only when nobody will want it back.
    """
    limit = pd.Timedelta(days=unused_days)
    age = as_of - images["created_at"]
    old = (age > limit).astype("boolean").mask(age.isna())
    launched = (as_of - images["last_launched_at"] <= limit).astype("boolean")
    usable = one_of(images["state"], "available", "disabled")
    keys = ["account_id", "region", "image_id"]
    use = alongside(images, image_use, keys)
    on_ebs = flags(images["root_device_type"].ne("instance-store"))
    unused = usable & old & ~launched & use["references"].eq(0) & on_ebs
    if all_pass(unused):
        return unused
    few = images[unused.fillna(True).to_numpy(bool)]
    parts = [
        ("it bills " + few["platform_details"]).where(
            few["platform_details"].ne("Linux/UNIX").fillna(False).astype(bool)
        ),
        _words("it carries a product code", among(few["image_id"], product_codes["image_id"])),
        _words("it boots by UEFI alone", few["boot_mode"].eq("uefi") & few["architecture"].ne("arm64")),
        _words("it wants a TPM", few["tpm_support"].notna()),
        _words("it is paravirtual", few["virtualization_type"].eq("paravirtual") | few["kernel_id"].notna()),
    ]
    words = parts[0].fillna("")
    for part in parts[1:]:
        words = words + ("; " + part).fillna("")
    words = words.str.removeprefix("; ")
    risky = words.ne("").astype("boolean")
    untold = few[["platform_details", "virtualization_type"]].isna().any(axis=1)
    at_risk = risky.mask(~risky & untold).reindex(images.index, fill_value=False)
    return pd.DataFrame(
        {
            "found": unused & at_risk,
            "at_risk": words.where(risky).reindex(images.index),
            "age_days": whole_days(age),
            "created_at": images["created_at"],
            "last_launched_at": images["last_launched_at"],
            "usage_operation": images["usage_operation"],
            "could_be_used_unseen": use["blind_spot"],
        }
    )


def _words(text: str, where: "pd.Series[bool]") -> "pd.Series[str]":
    return pd.Series(text, index=where.index, dtype="string").where(where.fillna(False).astype(bool))


_US = {"account_id": "111122223333", "region": "eu-west-1"}
_PLAIN = {
    **_US,
    "image_id": "ami-0a",
    "state": "available",
    "is_public": False,
    "created_at": "120 days ago",
    "platform_details": "Linux/UNIX",
    "virtualization_type": "hvm",
    "root_device_type": "ebs",
    "architecture": "x86_64",
    "boot_mode": "uefi-preferred",
}
_WINDOWS = {**_PLAIN, "platform_details": "Windows with SQL Server Standard"}


def _named(strength: str) -> dict[str, list[dict[str, str]]]:
    reference = {"referrer_type": "launch-template", "referrer_id": "lt-0b", "strength": strength}
    return {"image_references": [{**_US, "image_id": "ami-0a", **reference}]}


FAILS = [
    {**_WINDOWS, "expect": {"at_risk": "it bills Windows with SQL Server Standard", "age_days": 120}},
    {**_WINDOWS, "state": "disabled"},
    {**_WINDOWS, "last_launched_at": "100 days ago"},
    # who else could use a public image cannot be seen; what it loses when it goes can
    {**_WINDOWS, "is_public": True},
    {
        **_PLAIN,
        "given": {"product_codes": [{"product_code": "abc", "product_code_type": "marketplace"}]},
        "expect": {"at_risk": "it carries a product code"},
    },
    {
        **_PLAIN,
        "boot_mode": "uefi",
        "tpm_support": "v2.0",
        "expect": {"at_risk": "it boots by UEFI alone; it wants a TPM"},
    },
    {**_PLAIN, "virtualization_type": "paravirtual", "kernel_id": "aki-0a", "expect": {"at_risk": "it is paravirtual"}},
]
PASSES = [
    {**_PLAIN},
    {**_PLAIN, "boot_mode": "uefi", "architecture": "arm64"},
    {**_WINDOWS, "created_at": "60 days ago"},
    {**_WINDOWS, "last_launched_at": "20 days ago"},
    *({**_WINDOWS, "given": _named(strength)} for strength in ("running", "default", "named", "old")),
    {**_PLAIN, "virtualization_type": "paravirtual", "root_device_type": "instance-store"},
    {**_WINDOWS, "state": "failed"},
]
UNKNOWN = [
    {**_PLAIN, "platform_details": None},
    {**_PLAIN, "virtualization_type": None},
    {**_WINDOWS, "created_at": None},
    {**_WINDOWS, "gap": "image_references"},
]
