"""The words a report uses, and what they mean here."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Account-region", "One region of one account: the unit that is read and judged on its own."),
    ("Could not tell", "The rule needed something that could not be read. It is neither a finding nor a pass."),
    ("Found", "The rule's condition holds for the resource, as of the time judged."),
    ("Waived", "Found, and covered by a signed exception of the policy. It stays in every list and every count."),
    ("Open", "Found and not waived."),
    ("Family", "Images of one account and region that are one thing over time, by their tag or name; copies included."),
    ("Kept", "An unused image among the newest few of its family, or one that a backup plan or policy looks after."),
    ("Spare", "An available image that is neither in use, as far as could be seen, nor kept."),
    ("Low–high", "Bounds. AWS does not tell what a snapshot stores, so the true cost lies between them."),
    ("Full size", "All blocks written on the volume when the snapshot was taken; a snapshot stores at most that."),
    ("Origin", "What made a snapshot or image: a call, a service, a tool or a person, as far as tags and words tell."),
    ("List price", "AWS's public price of the region, without negotiated discounts unless the policy names one."),
)

#: What made a snapshot, for people.
ORIGINS = {
    "aws-backup": "AWS Backup",
    "copy": "copies",
    "copy-image": "copies of images",
    "create-image": "images",
    "csi": "Kubernetes volumes (CSI)",
    "dlm": "lifecycle policies (DLM)",
    "drs": "disaster recovery (DRS)",
    "fast-launch": "fast launch of Windows",
    "image-builder": "Image Builder",
    "manual": "people, or unknown",
    "mgn": "migration (MGN)",
    "packer": "Packer",
    "shared with us": "shared with us",
    "velero": "Velero",
    "vm-import": "VM import",
}
