"""Whatever our side writes botocore reads, and the other way round, for every shape of the operations served."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.wire import HttpAnswer, HttpRequest, codec_for
from auditor.sandbox.wire.models import service_model

OPERATIONS = [
    (service, name)
    for service, names in {
        "ec2": "DescribeRegions DescribeSnapshots DescribeImages DescribeVolumes DescribeInstances "
        "DescribeSnapshotAttribute DescribeImageAttribute DescribeLaunchTemplates DescribeLaunchTemplateVersions "
        "DescribeFastSnapshotRestores DescribeLockedSnapshots DescribeSnapshotTierStatus ListSnapshotsInRecycleBin "
        "ListImagesInRecycleBin ListVolumesInRecycleBin DescribeImageReferences DescribeInstanceImageMetadata "
        "GetSnapshotBlockPublicAccessState GetImageBlockPublicAccessState GetAllowedImagesSettings "
        "GetEbsEncryptionByDefault GetEbsDefaultKmsKeyId DescribeTags CreateTags DeregisterImage RunInstances",
        "sts": "AssumeRole GetCallerIdentity",
        "organizations": "DescribeOrganization ListAccounts ListParents ListRoots ListTagsForResource ListChildren",
        "autoscaling": "DescribeAutoScalingGroups DescribeLaunchConfigurations DescribePolicies",
        "ssm": "GetParameters GetParametersByPath DescribeParameters GetParameterHistory",
        "kms": "DescribeKey ListKeys ListAliases Encrypt",
        "dlm": "GetLifecyclePolicies GetLifecyclePolicy CreateLifecyclePolicy",
        "backup": "ListBackupPlans ListBackupPlanVersions GetBackupPlan ListBackupSelections GetBackupSelection "
        "ListBackupVaults "
        "ListRecoveryPointsByBackupVault ListBackupJobs DescribeRegionSettings DescribeRecoveryPoint "
        "ListLegalHolds GetLegalHold ListRecoveryPointsByLegalHold "
        "GetBackupVaultAccessPolicy ListReportPlans ListRestoreJobs ListCopyJobs",
        "rbin": "ListRules GetRule",
        "ebs": "ListSnapshotBlocks ListChangedBlocks GetSnapshotBlock PutSnapshotBlock",
        "accessanalyzer": "ListAnalyzers ListFindingsV2 GetFindingV2",
        "cloudtrail": "LookupEvents GetTrailStatus",
        "imagebuilder": "ListImageRecipes GetImageRecipe ListContainerRecipes GetContainerRecipe ListImagePipelines",
        # not ours, but they have what ours have not: maps in forms and in XML, status codes as members, flattened lists
        "iam": "GetAccountSummary ListPolicies",
        "sns": "GetTopicAttributes Publish CreateTopic",
        "elasticache": "DescribeCacheClusters",
        "cloudformation": "DescribeStacks",
        "lambda": "GetFunction",
        "apigateway": "GetIntegration",
        "lex-runtime": "PostText",
    }.items()
    for name in names.split()
]

#: What XML can carry; control characters are a test of their own.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
_TEXT = st.text(st.sampled_from("ab01 <>&\"'\r\n\t]%/+=,;.é漢\U0001f600") | _CHARACTERS, max_size=12)
_PLAIN = st.text(string.ascii_letters + string.digits + "-_:/", min_size=1, max_size=12)
_MOMENTS = st.integers(0, 2 * 10**12).map(lambda ms: datetime(1971, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
_SECONDS = _MOMENTS.map(lambda moment: moment.replace(microsecond=0))


def scalars(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of a scalar; those that travel outside of a body cannot be anything."""
    outside = shape.serialization.get("location") is not None
    match shape.type_name:
        case "string" | "character":
            return _PLAIN if outside else _TEXT
        case "integer" | "long":
            return st.integers(-(2**31), 2**31 - 1)
        case "float" | "double":
            return st.floats(allow_nan=False, allow_infinity=False, width=32)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return _SECONDS if shape.serialization.get("location") == "header" else _MOMENTS
        case "blob":
            return st.binary(max_size=12)
    raise AssertionError(shape.type_name)


def values(shape: Shape, depth: int = 0, *, sparse: bool = False) -> st.SearchStrategy[Any]:
    """Values of a shape, of at most a few levels.

    Args:
        sparse: Whether collections always hold something, for protocols where empty ones do not travel.
    """
    if isinstance(shape, StructureShape):
        if depth > 5:
            return st.just({})
        members = {name: values(member, depth + 1, sparse=sparse) for name, member in shape.members.items()}
        if shape.is_tagged_union:
            return st.sampled_from(sorted(members)).flatmap(lambda name: members[name].map(lambda value: {name: value}))
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if isinstance(shape, ListShape):
        flattened = shape.serialization.get("flattened")
        least = 1 if flattened or sparse or shape.serialization.get("location") else 0
        items = values(shape.member, depth + 1, sparse=sparse)
        if shape.serialization.get("location"):
            items = _PLAIN
        return st.lists(items, min_size=least, max_size=2)
    if isinstance(shape, MapShape):
        keys = st.sampled_from(shape.key.enum) if getattr(shape.key, "enum", None) else _PLAIN
        return st.dictionaries(keys, values(shape.value, depth + 1, sparse=sparse), min_size=int(sparse), max_size=2)
    return scalars(shape)


def as_botocore_sees_it(answer: HttpAnswer) -> dict[str, Any]:
    return {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=map(".".join, OPERATIONS))
def test_what_we_write_botocore_reads(service: str, operation: str) -> None:
    model = service_model(service)
    shape = model.operation_model(operation).output_shape
    codec, parser = codec_for(service), create_parser(model.resolved_protocol)
    streaming = model.operation_model(operation).has_streaming_output

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(values(shape) if shape else st.just({}))
    def round_trip(output: dict[str, Any]) -> None:
        answer = codec.answer(operation, output, "the-request")
        seen = as_botocore_sees_it(answer)
        if streaming:
            seen["body"] = SimpleNamespace(raw=answer.body)
        parsed = parser.parse(seen, shape)
        assert parsed.pop("ResponseMetadata")["RequestId"] == "the-request"
        if streaming:
            payload = shape.serialization["payload"]
            assert parsed.pop(payload).raw == output.pop(payload, b"")
        assert parsed == output

    round_trip()


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=map(".".join, OPERATIONS))
def test_what_botocore_writes_we_read(service: str, operation: str) -> None:
    model = service_model(service)
    operation_model = model.operation_model(operation)
    shape = operation_model.input_shape
    codec = codec_for(service)
    serializer = create_serializer(model.resolved_protocol, include_validation=False)
    # Forms have no way to say that a list, a map or a structure is there but empty.
    sparse = model.resolved_protocol in ("ec2", "query")

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(values(shape, sparse=sparse) if shape else st.just({}))
    def round_trip(parameters: dict[str, Any]) -> None:
        wanted = without_empty_structures(parameters) if sparse else parameters
        serialized = serializer.serialize_to_request(parameters, operation_model)
        http = as_request(serialized)
        assert codec.operation(http) == operation
        try:
            assert codec.parse(operation, http) == wanted
        except ServiceError as error:
            # A required structure that is empty cannot travel in a form.
            assert sparse and error.code in ("MissingParameter", "ValidationError"), error  # noqa: PT017, PT018
            assert not set(shape.required_members) <= set(wanted)

    round_trip()


def as_request(serialized: dict[str, Any]) -> HttpRequest:
    """The request that botocore's HTTP client would send."""
    prepare_request_dict(serialized, "http://127.0.0.1")
    prepared = create_request_object(serialized).prepare()
    path, _, query = prepared.url.removeprefix("http://127.0.0.1").partition("?")
    body = prepared.body or b""
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in prepared.headers.items()
    }
    return HttpRequest(prepared.method, path, query, headers, body.encode() if isinstance(body, str) else bytes(body))


def without_empty_structures(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: without_empty_structures(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [])}
    if isinstance(value, list):
        return [item for item in map(without_empty_structures, value) if item not in ({}, [])]
    return value


@pytest.mark.parametrize("text", ["\x00bell\x07", "\x0bvertical", "half \ud83d of a pair", "\ufffe"])
def test_characters_that_xml_cannot_carry_are_replaced(text: str) -> None:
    shape = service_model("ec2").operation_model("DescribeSnapshots").output_shape
    answer = codec_for("ec2").answer("DescribeSnapshots", {"Snapshots": [{"Description": text}]}, "r")
    parsed = create_parser("ec2").parse(as_botocore_sees_it(answer), shape)
    wanted = "".join("\ufffd" if char < " " or char in "\ud83d\ufffe" else char for char in text)
    assert parsed["Snapshots"] == [{"Description": wanted}]


def test_members_that_are_unknown_or_none_are_left_out() -> None:
    rows = [{"SnapshotId": "snap-1", "Truth": "secret", "Description": None}]
    answer = codec_for("ec2").answer("DescribeSnapshots", {"Snapshots": rows}, "r")
    assert b"<snapshotSet><item><snapshotId>snap-1</snapshotId></item></snapshotSet>" in answer.body
    answer = codec_for("ssm").answer("GetParameter", {"Parameter": {"Name": "n", "Secret": 1, "Value": None}}, "r")
    assert answer.body == b'{"Parameter": {"Name": "n"}}'


def form(body: str) -> HttpRequest:
    return HttpRequest("POST", "/", "", {}, body.encode())


def test_list_items_come_in_the_order_of_their_numbers() -> None:
    body = "Action=DescribeSnapshots&" + "&".join(f"SnapshotId.{n}=snap-{n}" for n in (10, 9, 2, 1))
    assert codec_for("ec2").parse("DescribeSnapshots", form(body)) == {
        "SnapshotIds": ["snap-1", "snap-2", "snap-9", "snap-10"]
    }


@pytest.mark.parametrize(
    ("service", "http", "code", "status"),
    [
        ("ec2", form("Action=DescribeDragons"), "InvalidAction", 400),
        ("sts", form(""), "InvalidAction", 400),
        ("ssm", HttpRequest("POST", "/", "", {"x-amz-target": "AmazonSSM.Nothing"}), "UnknownOperationException", 400),
        ("kms", HttpRequest("POST", "/", "", {"x-amz-target": "AmazonSSM.X"}), "UnknownOperationException", 400),
        ("dlm", HttpRequest("GET", "/nowhere"), "UnknownOperationException", 404),
    ],
)
def test_unknown_operations_are_refused(service: str, http: HttpRequest, code: str, status: int) -> None:
    with pytest.raises(ServiceError) as caught:
        codec_for(service).operation(http)
    assert (caught.value.code, caught.value.status) == (code, status)


@pytest.mark.parametrize(
    ("service", "operation", "http", "code"),
    [
        ("ec2", "DescribeSnapshots", form("MaxResults=many"), "InvalidParameterValue"),
        ("ec2", "DescribeSnapshots", form("Colour=red"), "UnknownParameter"),
        ("ec2", "DescribeSnapshotAttribute", form("SnapshotId=snap-1"), "MissingParameter"),
        ("sts", "AssumeRole", form("RoleArn=x"), "ValidationError"),
        ("ssm", "GetParameters", HttpRequest("POST", "/", body=b"["), "SerializationException"),
        ("ssm", "GetParameters", HttpRequest("POST", "/", body=b"[]"), "SerializationException"),
        ("ssm", "GetParameters", HttpRequest("POST", "/", body=b"{}"), "ValidationException"),
        ("kms", "Encrypt", HttpRequest("POST", "/", body=b'{"Plaintext": 5}'), "SerializationException"),
        ("ebs", "ListSnapshotBlocks", HttpRequest("GET", "/snapshots/s/blocks", "maxResults=x"), "ValidationException"),
    ],
)
def test_parameters_that_cannot_be_read_are_refused(service: str, operation: str, http: HttpRequest, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        codec_for(service).parse(operation, http)
    assert caught.value.code == code


def test_labels_are_decoded_after_the_path_was_cut() -> None:
    arn = "arn%3Aaws%3Abackup%3Aeu-west-1%3A1%3Arecovery-point%3Aa%2Fb"
    http = HttpRequest("GET", f"/backup-vaults/my%20vault/recovery-points/{arn}")
    codec = codec_for("backup")
    assert codec.operation(http) == "DescribeRecoveryPoint"
    assert codec.parse("DescribeRecoveryPoint", http) == {
        "BackupVaultName": "my vault",
        "RecoveryPointArn": "arn:aws:backup:eu-west-1:1:recovery-point:a/b",
    }


def test_operations_that_share_a_path_are_told_apart_by_the_query() -> None:
    codec = codec_for("backup")
    path = "/backup-vaults/v/mpaApprovalTeam"
    assert codec.operation(HttpRequest("POST", path, "delete")) == "DisassociateBackupVaultMpaApprovalTeam"
    assert codec.operation(HttpRequest("PUT", path)) == "AssociateBackupVaultMpaApprovalTeam"


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("ec2", "InvalidSnapshot.NotFound", 400),
        ("sts", "ExpiredToken", 400),
        ("sts", "ExpiredTokenException", 400),
        ("ssm", "ParameterNotFound", 400),
        ("dlm", "ResourceNotFoundException", 404),
        ("backup", "ResourceNotFoundException", 400),
        ("imagebuilder", "ServiceUnavailableException", 503),
    ],
)
def test_errors_have_the_status_of_the_model_and_come_through(service: str, code: str, status: int) -> None:
    model = service_model(service)
    answer = codec_for(service).refuse(ServiceError(code, "a < b & c"), "the-request")
    parsed = create_parser(model.resolved_protocol).parse(as_botocore_sees_it(answer), None)
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (code, "a < b & c")
    assert parsed["ResponseMetadata"]["RequestId"] == "the-request"
    assert answer.status == status
