"""Our parser of EC2's answers gives what botocore's gives, for whatever comes over the wire."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel
from botocore.parsers import EC2QueryParser, ResponseParserError

from auditor.aws.answers import EC2Parser, Parsers
from auditor.aws.collectors import COLLECTORS

OURS, THEIRS = EC2Parser(), EC2QueryParser()


@cache
def model() -> ServiceModel:
    return ServiceModel(botocore.session.get_session().get_service_data("ec2"), "ec2")


def parsed(parser: EC2QueryParser, operation: str, inner: str, status: int = 200) -> Any:
    body = f'<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inner}</{operation}Response>'
    response = {"status_code": status, "headers": {}, "body": body.encode()}
    return parser.parse(response, model().operation_model(operation).output_shape)


def same(operation: str, inner: str, status: int = 200) -> Any:
    ours, theirs = (parsed(parser, operation, inner, status) for parser in (OURS, THEIRS))
    assert ours == theirs
    return ours


SNAPSHOT = """<item><snapshotId>snap-1</snapshotId><volumeSize>8</volumeSize><encrypted>true</encrypted><description/>
<startTime>2026-01-02T03:04:05.000Z</startTime><unheardOf><deep>1</deep></unheardOf>
<tagSet><item><key>Name</key><value>a &amp; b</value></item><item><key>empty</key><value/></item></tagSet></item>"""


def test_a_page_of_snapshots() -> None:
    answer = same("DescribeSnapshots", f"<requestId>r</requestId><snapshotSet>{SNAPSHOT}</snapshotSet><nextToken/>")
    (snapshot,) = answer["Snapshots"]
    assert snapshot.pop("StartTime").isoformat() == "2026-01-02T03:04:05+00:00"
    assert snapshot == {
        "SnapshotId": "snap-1",
        "VolumeSize": 8,
        "Encrypted": True,
        "Description": "",
        "Tags": [{"Key": "Name", "Value": "a & b"}, {"Key": "empty", "Value": ""}],
    }
    assert (answer["NextToken"], answer["ResponseMetadata"]["RequestId"]) == ("", "r")


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<snapshotSet/>",
        f"<snapshotSet>{SNAPSHOT}</snapshotSet><snapshotSet>{SNAPSHOT}{SNAPSHOT}</snapshotSet>",
        "<snapshotSet><item/></snapshotSet>",
        "<snapshotSet><item><tagSet><item/></tagSet><tagSet/></item></snapshotSet>",
        '<snapshotSet><item xmlns="urn:other"><snapshotId>a</snapshotId></item></snapshotSet>',
        "<snapshotSet>words<item>words<snapshotId>a</snapshotId>words</item></snapshotSet>",
        "<SnapshotSet><item/></SnapshotSet>",
    ],
)
def test_answers_out_of_the_ordinary(inner: str) -> None:
    same("DescribeSnapshots", inner)


@pytest.mark.parametrize("number", ["", "eight", "8.0"])
def test_what_is_no_number_is_refused_alike(number: str) -> None:
    for parser in (OURS, THEIRS):
        with pytest.raises(ValueError, match="invalid literal"):
            parsed(
                parser,
                "DescribeSnapshots",
                f"<snapshotSet><item><volumeSize>{number}</volumeSize></item></snapshotSet>",
            )


def test_an_error() -> None:
    inner = "<Errors><Error><Code>UnauthorizedOperation</Code><Message>No.</Message></Error></Errors>"
    assert same("DescribeSnapshots", inner, 403)["Error"] == {"Code": "UnauthorizedOperation", "Message": "No."}


def test_half_an_answer_is_refused() -> None:
    response = {"status_code": 200, "headers": {}, "body": b"<DescribeSnapshotsResponse><snapshotSet>"}
    with pytest.raises(ResponseParserError):
        OURS.parse(response, model().operation_model("DescribeSnapshots").output_shape)


def operations() -> list[str]:
    """Everything that collectors ask EC2; the permissions are named after the operations."""
    known = set(model().operation_names)
    asked = {action.split(":", 1)[1] for each in COLLECTORS for action in each.actions if action.startswith("ec2:")}
    return sorted(asked & known)


def node(shape: Any, chance: Random, depth: int = 0) -> str:
    """Some answer of a shape, now and then with a node too many or too few, or one nobody knows."""
    kind = shape.type_name
    if kind == "structure":
        content = ""
        for name, member in shape.members.items():
            tag = member.serialization.get("name", name)
            twice = 2 if member.type_name in ("structure", "list") else 1
            times = chance.choice((0, 1, 1, 1, 1, 1, 1, twice)) if depth < 5 else 0
            content += f"<{tag}>{node(member, chance, depth + 1)}</{tag}>" * times
        return content + chance.choice(("", "", "", "<strange>1</strange>"))
    if kind == "list":
        return "".join(f"<item>{node(shape.member, chance, depth + 1)}</item>" for _ in range(chance.randint(0, 2)))
    values = {
        "boolean": ("true", "false", ""),
        "timestamp": ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+01:00"),
        "integer": ("0", "-7"),
        "long": ("123456789012345",),
        "float": ("0.5",),
        "double": ("0.5", "1e9"),
    }
    return chance.choice(values.get(kind, ("", "words", " a\n", "ü😀 &lt;", "2026-01-01")))


@pytest.mark.parametrize("operation", operations())
def test_every_operation_that_is_asked(operation: str) -> None:
    chance = Random(operation)
    for _ in range(5):
        same(operation, node(model().operation_model(operation).output_shape, chance))


def test_other_protocols_are_left_to_botocore() -> None:
    parsers = Parsers()
    assert parsers.create_parser("ec2") is parsers.create_parser("ec2")
    assert type(parsers.create_parser("query")).__module__ == "botocore.parsers"
