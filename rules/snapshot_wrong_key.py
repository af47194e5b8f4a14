"""A snapshot encrypted with another key than those that are meant to be used."""

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, lookup, rule

#: What AWS calls its own key for EBS where it names it by alias.
_ALIAS = "alias/aws/ebs"


@rule(
    title="Snapshot is encrypted with the wrong key",
    severity="low",
    subject="snapshots",
    headline=(
        "1 snapshot is encrypted with another key than is meant to be used",
        "{count} snapshots are encrypted with other keys than are meant to be used",
    ),
    message="{snapshot_id} is encrypted with {which_key}",
    remedy="aws kms describe-key --region {region} --key-id {kms_key_arn}",
    breaks="Nothing: the command only looks. Another key takes a copy of the snapshot, which is stored and billed in "
    "full; what is made from the old one goes on with the old key.",
    controls={"NIST 800-53 r5": ["SC-13"], "ISO 27001:2022": ["A.8.24"]},
)
def snapshot_wrong_key(
    snapshots: pd.DataFrame,
    kms_keys: pd.DataFrame,
    default_keys: pd.DataFrame,
    *,
    allowed_keys: tuple[str, ...] = (),
    require_customer_key: bool = False,
) -> Verdict:
    """The AWS-managed key cannot be shared, and its use cannot be limited; one's own key was chosen for a reason.

    Found are snapshots under the AWS-managed key in a region whose default for new volumes is another key. Where
    `require_customer_key` is set, all those under the AWS-managed key are found, whatever the default. Where
    `allowed_keys` names keys by ARN or key id, every snapshot under another key is found instead. Snapshots that are
    not encrypted pass, for another rule finds them.

    Copy what must stay under the right key, make volumes from the copy, and let the old one go.
    """
    key = snapshots["kms_key_arn"]
    # what AWS manages cannot be deleted
    gone = kms_keys["state"].eq("NotFound").fillna(False)
    wrong = flags(kms_keys["manager"].eq("AWS")).mask(gone, False)
    default = lookup(kms_keys["region"], default_keys["region"], default_keys["key_arn"])
    which = "the AWS-managed key"
    if not require_customer_key:
        wrong &= flags(~default.str.endswith(_ALIAS)) & flags(default.ne(kms_keys["key_arn"]))
        which = "the AWS-managed key, though the region's default is another"
    answer = lookup(key, kms_keys["key_arn"], wrong)
    if allowed_keys:
        allowed = pd.Series(list(allowed_keys), dtype="string")
        fits = among(key, allowed) | among(key.str.replace("^.*/", "", regex=True), allowed)
        answer = flags(~fits).mask(key.isna())
        which = "a key that is not among those allowed"
    found = snapshots["encrypted"] & answer
    if all_pass(found):
        return found
    return pd.DataFrame(
        {
            "found": found,
            "which_key": which,
            "kms_key_arn": key,
            "default_key_arn": lookup(key, kms_keys["key_arn"], default),
        }
    )


_ARN = "arn:aws:kms:eu-west-1:111122223333:key/"
_KEY, _OWN = f"{_ARN}11111111-2222-3333-4444-555555555555", f"{_ARN}99999999-2222-3333-4444-555555555555"


def _under(manager: str | None, default: str | None, **more: object) -> dict[str, object]:
    keys = [{"key_arn": _KEY, "manager": manager, "state": "Enabled"}]
    return {
        "encrypted": True,
        "kms_key_arn": _KEY,
        "given": {"kms_keys": keys, "default_keys": [{"key_arn": default}] if default else []},
        **more,
    }


def _params(**params: object) -> dict[str, object]:
    return {"params": params}


FAILS = [
    {**_under("AWS", _OWN), "expect": {"kms_key_arn": _KEY, "default_key_arn": _OWN}},
    _under("AWS", "alias/aws/ebs", **_params(require_customer_key=True)),
    _under("CUSTOMER", _OWN, **_params(allowed_keys=[_OWN])),
    _under("AWS", "alias/aws/ebs", **_params(allowed_keys=["99999999-2222-3333-4444-555555555555"])),
]
PASSES = [
    _under("AWS", "alias/aws/ebs"),
    _under("AWS", "arn:aws:kms:eu-west-1:111122223333:alias/aws/ebs"),
    _under("AWS", _KEY),
    _under("CUSTOMER", _OWN),
    _under("CUSTOMER", "alias/aws/ebs", **_params(require_customer_key=True)),
    _under("AWS", _OWN, **_params(allowed_keys=[_KEY])),
    _under("CUSTOMER", _OWN, **_params(allowed_keys=["11111111-2222-3333-4444-555555555555"])),
    {
        "encrypted": True,
        "kms_key_arn": _KEY,
        "given": {"kms_keys": [{"key_arn": _KEY, "state": "NotFound"}], "default_keys": [{"key_arn": _OWN}]},
    },
    {"encrypted": False, "given": {"default_keys": [{"key_arn": _OWN}]}},
]
UNKNOWN = [
    _under("AWS", None),
    _under(None, _OWN),
    {**_under("AWS", _OWN), "encrypted": None},
    {**_under("AWS", _OWN), "gap": "default_keys"},
    {"encrypted": True, **_params(allowed_keys=[_KEY])},
]
