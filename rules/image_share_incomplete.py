"""An image shared with somebody who can see it, and cannot launch or copy it."""

import pandas as pd

from auditor.rule import all_pass, among, rule

#: Those that are meant to have what is shared with them; others are judged by rules of their own.
_MEANT = ("organisation", "unit", "trusted")


@rule(
    title="Image's share is not complete",
    severity="medium",
    subject="images",
    headline=(
        "1 image is shared with somebody who cannot use it",
        "{count} images are shared with somebody who cannot use them",
    ),
    message="{image_id} is shared with {grantee_id}, but {fails} will fail: {missing}",
    remedy="aws kms create-grant --region {region} --key-id KEY --grantee-principal PRINCIPAL --operations DescribeKey "
    "CreateGrant GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo Decrypt",
    breaks="Nothing here. Whoever is let in can read the disks of everything else that is shared with it under that "
    "key.",
    controls={"NIST 800-53 r5": ["CP-10"]},
)
def image_share_incomplete(
    images: pd.DataFrame,
    image_access: pd.DataFrame,
    image_expectations: pd.DataFrame,
    snapshot_expectations: pd.DataFrame,
) -> pd.DataFrame | pd.Series:
    """A share has three parts, the image, its snapshots and their key; where one is missing it fails when it is used.

    Judged are shares of available images with the organisation, its accounts and units, trusted accounts, and whomever
    ``[[sharing.expect]]`` names; shares with others are faults by themselves, and better if they fail. Found is who

    * cannot launch or copy an image, as the KMS key of a snapshot behind it is managed by AWS, disabled or gone, or
      allows them too little: both need ``kms:DescribeKey``, ``kms:CreateGrant``, ``kms:GenerateDataKey*``,
      ``kms:ReEncrypt*`` and ``kms:Decrypt``;
    * cannot copy one that ``[[sharing.expect]]`` says must be ``copyable``, as they lack the createVolumePermission of
      a snapshot behind it. To launch it they need none, so elsewhere that is no fault.

    It cannot be told where the key belongs to another account, where its policy or grants were not read, where a
    condition of its policy decides that is not known beforehand, and where nothing is refused but
    ``kms:GenerateDataKey*``, which copying to a key of one's own does without.

    Let them use the key: by a grant, or, where it is for a whole organisation or unit, in its policy under
    ``aws:PrincipalOrgID`` or ``aws:PrincipalOrgPaths``. Share the snapshots of what they must copy. What is under a key
    of AWS's must be copied to one of your own first.
    """
    lacking = snapshot_expectations["missing"].fillna(value=True).to_numpy(dtype=bool)
    if all_pass(~image_access["effective"]) and not lacking.any():
        return pd.Series(False, index=images.index)
    available = images.loc[images["state"].eq("available").fillna(False), "image_id"]
    shared = image_access[among(image_access["image_id"], available)]
    found = pd.concat([_launch(shared, image_expectations), _copy(shared, snapshot_expectations)])
    if not len(found):
        return pd.Series(False, index=images.index)
    keys = ["image_id", "grantee"]
    several = found.duplicated(keys, keep=False)
    if several.any():
        joined = (
            found[several]
            .groupby(keys, sort=False, as_index=False, dropna=False)
            .agg(found=("found", "first"), fails=("fails", "first"), missing=("missing", "; ".join))
        )
        found = pd.concat([found[~several], joined])
    places = pd.Index(images["image_id"]).get_indexer(found["image_id"])
    return pd.DataFrame(
        {
            "found": found["found"].array,
            "grantee_id": found["grantee"].array,
            "fails": found["fails"].array,
            "missing": found["missing"].array,
            "discriminator": found["grantee"].array,
            "unknown_because": ("Could not tell: " + found["missing"] + ".").array,
        },
        index=images.index[places],
    ).astype({"found": "boolean"})


def _launch(shared: pd.DataFrame, expectations: pd.DataFrame) -> pd.DataFrame:
    """Those whom a key keeps out, or may: image, grantee, whether that is so, and why."""
    dead = shared[shared["effective"].ne(True).fillna(True)]
    if len(dead):
        pairs = dead["image_id"] + " " + dead["grantee"].str.rpartition("/")[2]
        expected = among(pairs, expectations["image_id"] + " " + expectations["expected"])
        dead = dead[(dead["grantee_class"].isin(_MEANT) | expected).to_numpy(dtype=bool)]
    told = pd.Series("launch and copy", index=dead.index, dtype="string")
    return pd.DataFrame(
        {
            "image_id": dead["image_id"],
            "grantee": dead["grantee"],
            "found": ~dead["effective"],
            "fails": told.where(dead["effective"].notna()),
            "missing": dead["effective_because"],
        }
    )


def _copy(shared: pd.DataFrame, expectations: pd.DataFrame) -> pd.DataFrame:
    """Those who must be able to copy an image that they have, and lack one of its snapshots."""
    behind = expectations["image_id"].notna() & expectations["missing"].fillna(value=True)
    lacking = expectations[behind.to_numpy(dtype=bool)]
    whole = shared.loc[shared["grantee_type"].isin(["organisation", "unit"]), "image_id"]
    theirs = among(lacking["image_id"] + " " + lacking["expected"], shared["image_id"] + " " + shared["grantee"])
    lacking = lacking[theirs | among(lacking["image_id"], whole)]
    return pd.DataFrame(
        {
            "image_id": lacking["image_id"],
            "grantee": lacking["expected"],
            "found": lacking["missing"],
            "fails": pd.Series("copy", index=lacking.index, dtype="string"),
            "missing": "createVolumePermission of " + lacking["snapshot_id"],
        }
    )


_US, _THEM = "111122223333", "444455556666"
_KEY = f"arn:aws:kms:eu-west-1:{_US}:key/k"
_OWN = {"image_id": "ami-0a", "state": "available"}
_USE = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Decrypt")


def _given(*actions: str, grantee: str = _THEM, **more: object) -> dict[str, list[dict[str, object]]]:
    """An image of ours, shared, under a key that allows some actions to a member of our organisation."""
    statement = {"key_arn": _KEY, "statement": 0, "effect": "Allow", "principal_type": "AWS", "principal": _THEM}
    directory = [{"member_id": each, "organisation_id": "o-a1", "state": "ACTIVE"} for each in (_US, _THEM)]
    return {
        "image_shares": [{"grantee_type": "account", "grantee": grantee}],
        "image_block_devices": [{"snapshot_id": "snap-0b", "encrypted": bool(actions)}],
        "snapshots": [{"snapshot_id": "snap-0b", "encrypted": bool(actions), "kms_key_arn": _KEY if actions else None}],
        "kms_keys": [{"key_arn": _KEY, "manager": "CUSTOMER", "state": "Enabled", **more}],
        "key_policies": [{"key_arn": _KEY, "understood": True, "grants_listed": True}],
        "key_statements": [{**statement, "action": action} for action in actions],
        "directory": directory,
    }


_LACKS = [{"snapshot_id": "snap-0b", "expected": _THEM, "entry": 1, "missing": True}]
_MUST = [{"expected": "999988887777", "expected_type": "account", "entry": 1, "missing": False}]

FAILS = [
    {
        **_OWN,
        "given": _given(*_USE[:1], *_USE[2:]),
        "expect": {
            "severity": "medium",
            "discriminator": _THEM,
            "fails": "launch and copy",
            "missing": f"kms:CreateGrant is not allowed to {_THEM} by key {_KEY}",
        },
    },
    {
        **_OWN,
        "given": _given(*_USE, state="PendingDeletion"),
        "expect": {"missing": f"key {_KEY} is about to be deleted"},
    },
    {
        **_OWN,
        "given": {**_given(), "snapshot_expectations": _LACKS},
        "expect": {"fails": "copy", "missing": "createVolumePermission of snap-0b", "discriminator": _THEM},
    },
    {
        **_OWN,
        "given": {**_given("kms:List*"), "snapshot_expectations": _LACKS},
        "expect": {
            "fails": "launch and copy",
            "missing": f"use of any kind is not allowed to {_THEM} by key {_KEY}; createVolumePermission of snap-0b",
        },
    },
    {**_OWN, "given": {**_given(*_USE, grantee="999988887777"), "image_expectations": _MUST}},
]
PASSES = [
    {**_OWN, "given": _given(*_USE)},
    {**_OWN, "given": _given()},
    {**_OWN, "given": _given("kms:List*", grantee="999988887777")},
    {**_OWN, "given": _given("kms:List*", grantee=_US)},
    {**_OWN, "given": {**_given(), "image_shares": [], "snapshot_expectations": _LACKS}},
    {**_OWN, "state": "disabled", "given": _given("kms:List*")},
]
UNKNOWN = [
    {**_OWN, "given": _given(*_USE[:2], *_USE[3:])},
    {**_OWN, "given": {**_given(*_USE), "key_policies": []}},
    {**_OWN, "given": {**_given(*_USE), "snapshots": []}},
    {**_OWN, "given": _given(*_USE), "gap": "image_shares"},
    {**_OWN, "given": {**_given(), "snapshot_expectations": [{**_LACKS[0], "missing": None}]}},
]
