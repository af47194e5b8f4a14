"""EC2: volumes and instances.

Sources: Amazon EC2 API Reference, ``DescribeVolumes`` (5 to 500 a page, not together with ids), ``DescribeInstances``
(5 to 1000 a page, not together with ids; grouped by reservation).
"""

from __future__ import annotations

from typing import Any

from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import check_ids, listing, never_together
from auditor.sandbox.services.filters import Filters
from auditor.sandbox.services.paging import Pager, answer

_VOLUMES = Pager(low=5, high=500)
_INSTANCES = Pager(low=5)

_VOLUME_FILTERS = Filters(
    {
        "attachment.attach-time": "Attachments.AttachTime",
        "attachment.delete-on-termination": "Attachments.DeleteOnTermination",
        "attachment.device": "Attachments.Device",
        "attachment.instance-id": "Attachments.InstanceId",
        "attachment.status": "Attachments.State",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "create-time": "CreateTime",
        "encrypted": "Encrypted",
        "fast-restored": "FastRestored",
        "multi-attach-enabled": "MultiAttachEnabled",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "size": "Size",
        "snapshot-id": "SnapshotId",
        "status": "State",
        "volume-id": "VolumeId",
        "volume-type": "VolumeType",
    }
)
_INSTANCE_FILTERS = Filters(
    {
        "architecture": "Architecture",
        "availability-zone": "Placement.AvailabilityZone",
        "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
        "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
        "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
        "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
        "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
        "hypervisor": "Hypervisor",
        "image-id": "ImageId",
        "instance-id": "InstanceId",
        "instance-lifecycle": "InstanceLifecycle",
        "instance-state-code": "State.Code",
        "instance-state-name": "State.Name",
        "instance-type": "InstanceType",
        "kernel-id": "KernelId",
        "launch-time": "LaunchTime",
        "platform": "Platform",
        "platform-details": "PlatformDetails",
        "ramdisk-id": "RamdiskId",
        "root-device-name": "RootDeviceName",
        "root-device-type": "RootDeviceType",
        "usage-operation": "UsageOperation",
        "virtualization-type": "VirtualizationType",
    }
)


def describe_volumes(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's volumes; those in the Recycle Bin are not among them."""
    never_together(params, "VolumeIds", "MaxResults")
    check_ids(params.get("VolumeIds") or (), "vol", "InvalidVolumeID.Malformed")
    test = _VOLUME_FILTERS.test(params)
    table, missing = request.here.volumes, "InvalidVolume.NotFound"
    return listing(request, params, "Volumes", _VOLUMES, table, test=test, ids="VolumeIds", code=missing, what="volume")


def _reservation(request: Request, row: Row) -> Row:
    """The launch request that an instance came from; here every instance had its own."""
    return {
        "ReservationId": "r-" + row["InstanceId"].removeprefix("i-"),
        "OwnerId": request.account_id,
        "Groups": [],
        "Instances": [row],
    }


def describe_instances(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's instances, recently terminated ones included."""
    never_together(params, "InstanceIds", "MaxResults")
    check_ids(params.get("InstanceIds") or (), "i", "InvalidInstanceID.Malformed")
    test = _INSTANCE_FILTERS.test(params)
    table, missing = request.here.instances, "InvalidInstanceID.NotFound"
    found = listing(
        request, params, "Instances", _INSTANCES, table, test=test, ids="InstanceIds", code=missing, what="instance ID"
    )
    rows = [_reservation(request, row) for row in found["Instances"]]
    return answer("Reservations", rows, found.get("NextToken"))


HANDLERS: dict[str, Handler] = {
    "DescribeVolumes": describe_volumes,
    "DescribeInstances": describe_instances,
}
