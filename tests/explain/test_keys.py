"""What is said of shares under a key that lets the grantee in, keeps it out, or cannot be judged."""

import pytest

from auditor.sandbox.planting.names import PARTNER


@pytest.fixture(scope="module")
def shares(place):
    """By what its key is for, an image that is shared with the partner, and the key."""
    keys = {row["KmsKeyId"]: key for key, row in place.snapshots.items() if "KmsKeyId" in row}
    images = {
        device["Ebs"]["SnapshotId"]: image_id
        for image_id, row in place.images.items()
        for device in row["BlockDeviceMappings"]
        if "SnapshotId" in device.get("Ebs", {})
    }
    return {
        row["Description"]: (images[keys[key]], keys[key], key)
        for key, row in place.kms_keys.items()
        if images.get(keys.get(key)) and {"UserId": PARTNER} in place.image_permissions.get(images[keys[key]], [])
    }


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("one short", "they cannot use it: kms:CreateGrant is not allowed to {partner} by key {key}"),
        ("no longer", "they cannot use it: kms:Decrypt is not allowed to {partner} by key {key}"),
        ("ours alone", "they cannot use it: use of any kind is not allowed to {partner} by key {key}"),
        ("by a grant", ""),
        ("through EC2", ""),
        (
            "from the office",
            "whether they can use it: use of any kind is allowed to {partner} by key {key} only under conditions that "
            "cannot be judged from here",
        ),
    ],
)
def test_the_key_is_said_to_let_them_in_or_not(told, shares, what, said):
    image_id, snapshot_id, key = shares[what]
    wanted = said.format(key=key, partner=PARTNER)
    for resource_id in (image_id, snapshot_id):
        (line,) = [each for each in told(resource_id).access if PARTNER in each]
        assert line.endswith(f"{wanted}." if wanted else "a third party.")
