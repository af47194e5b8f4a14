"""Reads from the tables alone what is promised and what became of it: by walking the clock, not by the stories."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from auditor.sandbox.model import Organisation, Region

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
UNITS = {"DAYS": DAY, "WEEKS": 7 * DAY, "MONTHS": 28 * DAY, "YEARS": 365 * DAY}
NO_TIME = timedelta()

Row = dict[str, Any]


@dataclass(frozen=True)
class Promise:
    """What one resource was promised; ``hours`` where it is an age, ``schedule`` and what else where it is a time."""

    resource: str
    promise_id: str
    kind: str
    since: datetime
    due: Callable[[datetime], bool] = lambda _: False
    grace: timedelta = NO_TIME
    limit: Callable[[datetime], timedelta] = lambda _: 2 * HOUR
    count: int | None = None
    age: timedelta | None = None
    kept: Callable[[datetime], timedelta] = lambda _: 99 * DAY
    made_as: frozenset[str] = frozenset()
    hours: int = 0
    look_back: timedelta = NO_TIME
    without_boot: bool = False
    without: tuple[tuple[str, str], ...] = ()


def tags(row: Row) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])}


def resources(here: Region) -> dict[str, Row]:
    volumes = {key: row for key, row in here.volumes.items() if row["State"] in ("in-use", "available")}
    return volumes | {key: row for key, row in here.instances.items() if row["State"]["Name"] != "terminated"}


def created(here: Region, resource: str) -> datetime:
    row = here.volumes.get(resource)
    if row:
        return row["CreateTime"]
    attached = [each["Attachments"][0]["AttachTime"] for each in volumes_of(here, resource)]
    return min([here.instances[resource]["LaunchTime"], *attached])


def volumes_of(here: Region, instance: str) -> list[Row]:
    rows = here.volumes.values()
    return [row for row in rows if row["Attachments"] and row["Attachments"][0]["InstanceId"] == instance]


def cron(expression: str, zone: str) -> Callable[[datetime], bool]:
    minute, hour, day, _, weekday, _ = re.fullmatch(r"cron\((.*)\)", expression)[1].split()

    def due(moment: datetime) -> bool:
        there = moment.astimezone(ZoneInfo(zone))
        return (
            (there.minute, there.hour) == (int(minute), int(hour))
            and (day in "?*" or there.day == int(day))
            and (weekday in "?*" or DAYS[there.weekday()] == weekday)
        )

    return due


def lifecycle_promises(here: Region) -> Iterator[Promise]:
    for policy_id, row in here.lifecycle_policies.items():
        details, since = row["PolicyDetails"], row["DateModified"]
        if row["State"] != "ENABLED" or details["PolicyType"] == "EVENT_BASED_POLICY":
            continue
        if row["DefaultPolicy"]:
            yield from default_promises(here, policy_id, details, since)
            continue
        prefix = "vol-" if details["ResourceTypes"] == ["VOLUME"] else "i-"
        kind = "snapshots" if prefix == "vol-" else details["PolicyType"]
        wanted = {(tag["Key"], tag["Value"]) for tag in details["TargetTags"]}
        more = details.get("Parameters", {})
        for resource, what in resources(here).items():
            if not resource.startswith(prefix) or not wanted & set(tags(what).items()):
                continue
            for schedule in details["Schedules"]:
                keep = schedule["RetainRule"]
                yield Promise(
                    resource,
                    f"{policy_id}/{schedule['Name']}",
                    kind,
                    since,
                    lifecycle_times(schedule["CreateRule"]),
                    2 * HOUR,
                    count=keep.get("Count"),
                    age=keep["Interval"] * UNITS[keep["IntervalUnit"]] if "Interval" in keep else None,
                    without_boot=more.get("ExcludeBootVolume", False),
                    without=tuple((tag["Key"], tag["Value"]) for tag in more.get("ExcludeDataVolumeTags", [])),
                )


def lifecycle_times(rule: Row) -> Callable[[datetime], bool]:
    if "CronExpression" in rule:
        return cron(rule["CronExpression"], "UTC")
    hour, minute = map(int, rule["Times"][0].split(":"))
    return lambda moment: moment.minute == minute and (moment.hour - hour) % rule["Interval"] == 0


def default_promises(here: Region, policy_id: str, details: Row, since: datetime) -> Iterator[Promise]:
    out = details["Exclusions"]
    unwanted = {(tag["Key"], tag["Value"]) for tag in out.get("ExcludeTags", [])}
    every = details["CreateInterval"]
    back = max(every, min(31, details["RetainInterval"] - every)) * DAY
    for resource, row in resources(here).items():
        boot = any(each["Device"] == "/dev/xvda" for each in row.get("Attachments", []))
        if (
            resource.startswith("vol-" if details["ResourceType"] == "VOLUME" else "i-")
            and not unwanted & set(tags(row).items())
            and row.get("VolumeType") not in out.get("ExcludeVolumeTypes", ["none"])
            and not (boot and out.get("ExcludeBootVolumes"))
        ):
            yield Promise(resource, f"{policy_id}/default", "any", since, hours=24 * every, look_back=back, grace=DAY)


def holds(condition: str, value: str | None, wanted: str) -> bool:
    like = fnmatchcase(value or "", wanted) if "Like" in condition else value == wanted
    return not like if "Not" in condition else like and value is not None


def selects(here: Region, selection: Row, resource: str, row: Row) -> bool:
    kind = "volume" if resource.startswith("vol-") else "instance"
    arn = f"arn:aws:ec2:{here.name}:{here.account_id}:{kind}/{resource}"
    own = tags(row)
    named = any(fnmatchcase(arn, pattern) for pattern in selection["Resources"])
    tagged = any(own.get(term["ConditionKey"]) == term["ConditionValue"] for term in selection["ListOfTags"])
    terms = [
        (operator, term["ConditionKey"].removeprefix("aws:ResourceTag/"), term["ConditionValue"])
        for operator, rows in selection["Conditions"].items()
        for term in rows
    ]
    return (
        (named or tagged)
        and all(holds(operator, own.get(key), value) for operator, key, value in terms)
        and not any(fnmatchcase(arn, pattern) for pattern in selection["NotResources"])
    )


def plan_promises(here: Region) -> Iterator[Promise]:
    for plan_id, row in here.backup_plans.items():
        selections = [each["BackupSelection"] for each in here.backup_selections[plan_id].values()]
        for resource, what in resources(here).items():
            if not any(selects(here, selection, resource, what) for selection in selections):
                continue
            for said in rule_histories(here, row):
                last = said[0]
                yield Promise(
                    resource,
                    f"{plan_id}/{last.rule['RuleId']}",
                    "recovery-points",
                    said[-1].since,
                    lambda moment, said=said: any(
                        each.since <= moment < each.until and each.due(moment) for each in said
                    ),
                    (last.minutes("Start", 480) + 60) * MINUTE,
                    limit=lambda moment, said=said: said_at(said, moment).longest(),
                    kept=lambda moment, said=said: said_at(said, moment).rule["Lifecycle"]["DeleteAfterDays"] * DAY,
                    made_as=frozenset(f"{plan_id}/{each.rule['RuleId']}" for each in said),
                )


@dataclass(frozen=True)
class Said:
    """What a rule of a plan said from when until when."""

    rule: Row
    since: datetime
    until: datetime

    def due(self, moment: datetime) -> bool:
        return plan_times(self.rule, self.since)(moment)

    def minutes(self, window: str, otherwise: int) -> int:
        return self.rule.get(f"{window}WindowMinutes", otherwise)

    def longest(self) -> timedelta:
        return (self.minutes("Start", 480) + self.minutes("Completion", 10080) + 60) * MINUTE


def said_at(said: list[Said], moment: datetime) -> Said:
    """What held at a moment; what was said first where none did yet."""
    return next((each for each in said if each.since <= moment), said[-1])


def rule_histories(here: Region, plan: Row) -> list[list[Said]]:
    """What each rule of a plan said, the newest first: one rule by its id, or else by its name."""
    versions = sorted(
        [plan, *here.backup_plan_versions.get(plan["BackupPlanId"], {}).values()], key=lambda row: row["CreationDate"]
    )
    histories: list[list[Said]] = []
    until = datetime.max.replace(tzinfo=UTC)
    for version in reversed(versions):
        for rule in version["BackupPlan"]["Rules"]:
            here_said = Said(rule, version["CreationDate"], until)
            same = [
                each
                for each in histories
                if any(one.rule["RuleId"] == rule["RuleId"] or one.rule["RuleName"] == rule["RuleName"] for one in each)
            ]
            if same:
                same[0].append(here_said)
            else:
                histories.append([here_said])
        until = version["CreationDate"]
    return histories


def plan_times(rule: Row, since: datetime) -> Callable[[datetime], bool]:
    expression, zone = (
        rule.get("ScheduleExpression", "cron(0 5 ? * * *)"),
        rule.get("ScheduleExpressionTimezone", "UTC"),
    )
    rate = re.fullmatch(r"rate\((\d+) hours\)", expression)
    if rate:
        return lambda moment: moment >= since and (moment - since) % (int(rate[1]) * HOUR) == NO_TIME
    return cron(expression, zone)


def agreed_promises(here: Region) -> Iterator[Promise]:
    for resource, row in resources(here).items():
        if resource.startswith("vol-") and tags(row).get("backed-up-by") == "script":
            yield Promise(resource, "rpo/scripts", "any", row["CreateTime"], hours=24, look_back=7 * DAY, grace=HOUR)


def promises(here: Region) -> list[Promise]:
    return [*lifecycle_promises(here), *plan_promises(here), *agreed_promises(here)]


def expected(here: Region, promise: Promise, at: datetime) -> set[str]:
    """The volumes of a machine that a backup of it has to hold."""
    found = set()
    for row in volumes_of(here, promise.resource):
        place = row["Attachments"][0]
        boot = place["Device"] == "/dev/xvda"
        out = promise.without_boot if boot else set(promise.without) & set(tags(row).items())
        if not out and place["AttachTime"] <= at:
            found.add(row["VolumeId"])
    return found


def mapped(here: Region, image_id: str) -> set[str]:
    devices = here.images[image_id]["BlockDeviceMappings"]
    return {here.snapshots[device["Ebs"]["SnapshotId"]]["VolumeId"] for device in devices}


def made_by(row: Row, promise_id: str) -> bool:
    own = tags(row)
    return f"{own.get('aws:dlm:lifecycle-policy-id')}/{own.get('aws:dlm:lifecycle-schedule-name')}" == promise_id


#: When it began, whether it is whole, in part or failed, its volumes, and what of it must be in time.
Trace = tuple[datetime, str, set[str], datetime]


def traces(here: Region, promise: Promise) -> list[Trace]:
    """What a promise left of a resource."""
    resource, found = promise.resource, []
    if promise.kind in ("snapshots", "EBS_SNAPSHOT_MANAGEMENT"):
        own = {resource} if promise.kind == "snapshots" else {row["VolumeId"] for row in volumes_of(here, resource)}
        found += [
            (row["StartTime"], row["State"], {row["VolumeId"]}, row["StartTime"])
            for row in here.snapshots.values()
            if row["VolumeId"] in own and made_by(row, promise.promise_id)
        ]
    elif promise.kind == "IMAGE_MANAGEMENT":
        for image_id, row in here.images.items():
            if row.get("SourceInstanceId") == resource and made_by(row, promise.promise_id):
                state = "completed" if row["State"] == "available" else "error"
                begun = datetime.fromisoformat(row["CreationDate"])
                found.append((begun, state, mapped(here, image_id), begun))
    else:
        found += points(here, promise)
    return found


def points(here: Region, promise: Promise) -> Iterator[Trace]:
    def mine(row: Row) -> bool:
        by = row.get("CreatedBy", {})
        named = f"{by.get('BackupPlanId')}/{by.get('BackupRuleId')}" in promise.made_as
        return named and row["ResourceArn"].endswith(f"/{promise.resource}")

    for vault in here.recovery_points.values():
        for arn, row in vault.items():
            last = arn.rpartition("/")[2]
            held = mapped(here, last) if last in here.images else {promise.resource}
            if mine(row):
                yield row["CreationDate"], row["Status"].lower(), held, row["CompletionDate"]
    for row in here.backup_jobs.values():
        if mine(row) and row["State"] in ("FAILED", "ABORTED", "EXPIRED", "RUNNING"):
            yield row["CreationDate"], "running" if row["State"] == "RUNNING" else "error", set(), row["CreationDate"]


def verdict(here: Region, promise: Promise, now: datetime, at: datetime, end: datetime) -> str:
    left = [trace for trace in traces(here, promise) if at <= trace[0] < end]
    whole = {promise.resource} if promise.resource.startswith("vol-") else expected(here, promise, at)
    good = [trace for trace in left if trace[1] == "completed"]
    held = set().union(*(trace[2] for trace in good))
    if whole <= held:
        done = min(good, key=lambda trace: trace[0])[3]
        return "met" if done - at <= promise.limit(at) else "late"
    if good or any(trace[1] == "partial" for trace in left):
        return "partial"
    if any(trace[1] == "error" for trace in left):
        return "failed"
    return "pending" if now < at + promise.grace else "missed"


def usable(here: Region, resource: str) -> list[datetime]:
    """When each backup of a volume or machine began that could be restored, whoever made it."""
    moments = [
        row["StartTime"]
        for row in here.snapshots.values()
        if (row["VolumeId"], row["State"]) == (resource, "completed")
    ]
    moments += [
        row["CreationDate"]
        for vault in here.recovery_points.values()
        for row in vault.values()
        if row["Status"] == "COMPLETED" and row["ResourceArn"].endswith(f"/{resource}")
    ]
    moments += [
        datetime.fromisoformat(row["CreationDate"])
        for row in here.images.values()
        if row.get("SourceInstanceId") == resource and row["State"] == "available"
    ]
    return sorted(moments)


def pieces(here: Region, promise: Promise, now: datetime) -> Iterator[tuple[datetime, str]]:
    """The stretches of an age that is promised; tried every ten minutes."""
    made, size = usable(here, promise.resource), promise.hours * HOUR
    born, first = created(here, promise.resource), max(promise.since, now - promise.look_back)
    begins = now - size
    while begins >= max(first, born):
        ages = []
        for step in range(promise.hours * 6 + 1):
            at = begins + step * timedelta(minutes=10)
            ages.append(at - max([born, *(moment for moment in made if moment <= at)]))
        yield begins, "missed" if max(ages) > size + promise.grace else "met"
        begins -= size


def windows(here: Region, now: datetime) -> Iterator[tuple[str, str, str, str]]:
    """Resource, promise, scheduled time and verdict of every window."""
    clock = [now.replace(minute=0, second=0) + HOUR - step * timedelta(minutes=30) for step in range(48 * 62)]
    clock = [moment for moment in reversed(clock) if moment <= now]
    for promise in promises(here):
        if promise.hours:
            judged = list(pieces(here, promise, now))
        else:
            times = [moment for moment in clock if promise.due(moment)]
            kept = times[-promise.count :] if promise.count else times
            first = max(now - 31 * DAY, promise.since, created(here, promise.resource), now - (promise.age or 99 * DAY))
            ends = dict(zip(times, [*times[1:], now], strict=True))
            judged = [
                (at, verdict(here, promise, now, at, ends[at]))
                for at in kept
                if at > max(first, now - promise.kept(at))
            ]
        for at, what in judged:
            yield promise.resource, promise.promise_id, f"{at:%Y-%m-%dT%H:%M:%SZ}", what


def everything(organisation: Organisation) -> set[tuple[str, ...]]:
    return {
        (here.account_id, here.name, *window) for here in organisation for window in windows(here, organisation.now)
    }
