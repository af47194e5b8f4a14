"""The operations that the sandbox answers, by botocore's service name and the operation's name in the API.

Every regional operation is refused where the caller's account has not opted in, as AWS refuses it there (AWS Account
Management Reference Guide, "Enable or disable AWS Regions in your account"). Every EC2 operation honours ``DryRun``
(Amazon EC2 API Reference, "Common query parameters").
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services import (
    accessanalyzer,
    autoscaling,
    backup,
    backup_activity,
    backup_holds,
    cloudtrail,
    dlm,
    ebs,
    ec2_bin,
    ec2_image_use,
    ec2_images,
    ec2_machines,
    ec2_settings,
    ec2_snapshots,
    ec2_templates,
    imagebuilder,
    kms,
    organizations,
    rbin,
    ssm,
    sts,
)

#: What services answer whose error differs from the one that JSON services give in a region that is not enabled.
_REFUSALS = {
    "ec2": ("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "autoscaling": ("InvalidClientTokenId", "The security token included in the request is invalid", 403),
}
_REFUSAL = ("UnrecognizedClientException", "The security token included in the request is invalid.", None)


def _regional(handler: Handler) -> Handler:
    """A handler that answers only in enabled regions, and EC2's dry runs with their verdict."""

    @wraps(handler)
    def handle(request: Request, params: dict[str, Any]) -> dict[str, Any]:
        if request.organisation.regions.get(request.region, "not-opted-in") == "not-opted-in":
            raise ServiceError(*_REFUSALS.get(request.service, _REFUSAL))
        if request.service == "ec2" and params.get("DryRun"):
            raise ServiceError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        return handler(request, params)

    return handle


def _all(*tables: Mapping[str, Handler]) -> dict[str, Handler]:
    return {name: _regional(handler) for table in tables for name, handler in table.items()}


SERVICES: dict[str, Mapping[str, Handler]] = {
    "sts": sts.HANDLERS,
    "organizations": organizations.HANDLERS,
    "ec2": _all(
        ec2_settings.HANDLERS,
        ec2_snapshots.HANDLERS,
        ec2_images.HANDLERS,
        ec2_image_use.HANDLERS,
        ec2_machines.HANDLERS,
        ec2_templates.HANDLERS,
        ec2_bin.HANDLERS,
    ),
    "accessanalyzer": _all(accessanalyzer.HANDLERS),
    "autoscaling": _all(autoscaling.HANDLERS),
    "ssm": _all(ssm.HANDLERS),
    "kms": _all(kms.HANDLERS),
    "dlm": _all(dlm.HANDLERS),
    "backup": _all(backup.HANDLERS, backup_activity.HANDLERS, backup_holds.HANDLERS),
    "cloudtrail": _all(cloudtrail.HANDLERS),
    "imagebuilder": _all(imagebuilder.HANDLERS),
    "rbin": _all(rbin.HANDLERS),
    "ebs": _all(ebs.HANDLERS),
}
