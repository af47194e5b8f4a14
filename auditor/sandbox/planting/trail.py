"""What CloudTrail's event history has of the images of a place."""

from __future__ import annotations

import json
import random
import uuid
from datetime import datetime
from typing import Any

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import DAY, Plot

#: Days that the event history goes back.
KEPT = 90


def image_created(
    plot: Plot, image_id: str, instance_id: str, called: datetime, *, no_reboot: bool = False, words: str | None = None
) -> None:
    """Note the call of CreateImage that made an image, unless it is longer ago than anybody can look it up.

    Args:
        plot: Where.
        image_id: The image.
        instance_id: What it was made of.
        called: When.
        no_reboot: Whether the instance was to go on running.
        words: The event itself where it is to be something else than what CloudTrail writes.
    """
    if plot.now - called >= KEPT * DAY:
        return
    rng = random.Random(f"event/{image_id}")  # of its own, so that what comes after stays as it is
    event_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    request: dict[str, Any] = {"instanceId": instance_id, "name": f"image of {instance_id}"}
    if no_reboot or rng.random() < 0.5:  # the console says it always, the command line only where it was said
        request["noReboot"] = no_reboot
    told = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{plot.here.account_id}:assumed-role/build/{rng.choice(('pipeline', 'anna'))}",
            "accountId": plot.here.account_id,
        },
        "eventTime": called.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": "CreateImage",
        "awsRegion": plot.here.name,
        "requestParameters": request,
        "responseElements": {"requestId": str(uuid.UUID(int=rng.getrandbits(128))), "imageId": image_id},
        "eventID": event_id,
        "readOnly": False,
        "managementEvent": True,
    }
    put_event(plot, event_id, called, json.dumps(told) if words is None else words, [("AWS::EC2::Ami", image_id)])


def forget(plot: Plot, image_id: str) -> None:
    """Take the making of an image out of the history, as if it had never been told."""
    events = plot.here.trail_events
    for event_id in [
        key for key, row in events.items() if image_id in (each["ResourceName"] for each in row["Resources"])
    ]:
        del events[event_id]


def put_event(
    plot: Plot, event_id: str, called: datetime, words: str, resources: list[tuple[str, str]], name: str = "CreateImage"
) -> None:
    """Put an event into the history; ``resources`` are types and names that CloudTrail lists beside it."""
    row: Row = {
        "EventId": event_id,
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": called,
        "EventSource": "ec2.amazonaws.com",
        "Username": "build",
        "Resources": [{"ResourceType": kind, "ResourceName": of} for kind, of in resources],
        "CloudTrailEvent": words,
    }
    plot.here.trail_events[event_id] = row
