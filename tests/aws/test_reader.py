"""Pages, single items and repeated requests, against a client that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from auditor.aws import reader as module
from auditor.aws.collector import Where
from auditor.aws.limits import Limiter
from auditor.aws.outcome import CredentialsExpired, IncompleteAnswer
from auditor.aws.progress import Quiet
from auditor.aws.reader import PartitionReader, Run, Stopped
from auditor.aws.session import AccountSession

Answers = Callable[..., Mapping[str, Any]]


def aws(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeThings")


class Client:
    """A client whose every operation is one function."""

    def __init__(self, answer: Answers) -> None:
        self.describe_things = answer
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], PartitionReader]:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(PartitionReader, "_watch", lambda *_: None)

    def make(answer: Answers) -> PartitionReader:
        class Session:
            def client(self, _service: str, _region: str) -> Client:
                return Client(answer)

        run = Run(Limiter.unlimited(), Quiet())
        return PartitionReader(Where("1", "eu-west-1"), cast("AccountSession", Session()), "us-east-1", run)

    return make


Read = Callable[[Answers], PartitionReader]


def test_pages_go_on_through_empty_ones_to_the_last_token(read: Read) -> None:
    tokens: list[Any] = []
    pages: dict[Any, Mapping[str, Any]] = {
        None: {"Things": [1], "NextToken": "a"},
        "a": {"NextToken": "b"},
        "b": {"Things": [], "NextToken": "c"},
        "c": {"Things": [2, 3], "NextToken": ""},
    }

    def answer(**parameters: Any) -> Mapping[str, Any]:
        assert parameters.pop("MaxResults") == 5
        tokens.append(parameters.get("NextToken"))
        return pages[parameters.get("NextToken")]

    assert list(read(answer).pages("ec2", "DescribeThings", "Things", MaxResults=5)) == [[1], [], [], [2, 3]]
    assert tokens == [None, "a", "b", "c"]


def test_kms_names_its_tokens_otherwise(read: Read) -> None:
    def answer(Marker: str | None = None) -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        return {"Things": [2]} if Marker == "m" else {"Things": [1], "NextMarker": "m"}

    assert list(read(answer).pages("kms", "DescribeThings", "Things")) == [[1], [2]]


def test_a_token_that_comes_twice_ends_the_listing(read: Read) -> None:
    def answer(NextToken: str = "") -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        return {"Things": [NextToken], "NextToken": {"": "a", "a": "b", "b": "a"}[NextToken]}

    pages = read(answer).pages("ec2", "DescribeThings", "Things")
    got = [next(pages), next(pages), next(pages)]
    with pytest.raises(IncompleteAnswer, match="same page token twice"):
        next(pages)
    assert got == [[""], ["a"], ["b"]]


def test_unreadable_answers_are_asked_for_again_and_in_the_end_raised(read: Read) -> None:
    asked: list[int] = []

    def answer() -> Mapping[str, Any]:
        asked.append(1)
        if len(asked) < 4:
            raise ResponseParserError("cut")
        return {"ok": True}

    assert read(answer).call("ec2", "DescribeThings") == {"ok": True}
    asked.extend([1])

    def never() -> Mapping[str, Any]:
        asked.append(1)
        raise ResponseParserError("cut")

    asked.clear()
    with pytest.raises(ResponseParserError):
        read(never).call("ec2", "DescribeThings")
    assert len(asked) == module.READS


def test_refusals_are_not_asked_for_again(read: Read) -> None:
    asked: list[int] = []

    def answer() -> Mapping[str, Any]:
        asked.append(1)
        raise aws("UnauthorizedOperation")

    with pytest.raises(ClientError):
        read(answer).call("ec2", "DescribeThings")
    assert len(asked) == 1


def items(read: Read, codes: Mapping[str, str], ids: list[str], drop: tuple[str, ...] = ()) -> Any:
    def answer(Id: str) -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        if Id in codes:
            raise aws(codes[Id])
        return {"Id": Id}

    reader = read(answer)
    got = list(reader.each(ids, lambda each: reader.call("ec2", "DescribeThings", Id=each), drop=drop))
    assert all(resource_id == answer["Id"] for resource_id, answer in got)
    return [resource_id for resource_id, _ in got], [gap[:2] for gap in reader.tally.gaps]


IDS = [f"i{number}" for number in range(200)]


def test_items_come_in_order_and_failures_cost_only_themselves(read: Read) -> None:
    got, gaps = items(read, {"i3": "Gone", "i7": "Odd", "i100": "UnauthorizedOperation"}, IDS, drop=("Gone",))
    assert got == [each for each in IDS if each not in ("i3", "i7", "i100")]
    assert gaps == [("i7", "Odd"), ("i100", "UnauthorizedOperation")]


def test_refused_at_first_is_refused_altogether(read: Read) -> None:
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        items(read, dict.fromkeys(IDS, "UnauthorizedOperation"), IDS)
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        items(read, dict.fromkeys(IDS, "UnauthorizedOperation"), IDS[:2])


def test_some_refusals_at_first_are_gaps(read: Read) -> None:
    refused = dict.fromkeys(IDS[:4], "UnauthorizedOperation")
    got, gaps = items(read, refused, IDS[:10])
    assert got == IDS[4:10]
    assert gaps == [(each, "UnauthorizedOperation") for each in IDS[:4]]


def test_an_item_that_is_gone_says_nothing_about_refusals(read: Read) -> None:
    codes = {"i0": "Gone"} | dict.fromkeys(IDS[1:10], "UnauthorizedOperation")
    got, gaps = items(read, codes, IDS[:11], drop=("Gone",))
    assert got == ["i10"]
    assert len(gaps) == 9


def test_expired_credentials_stop_everybody(read: Read) -> None:
    def answer() -> Mapping[str, Any]:
        raise aws("ExpiredToken")

    reader = read(answer)
    with pytest.raises(ClientError):
        reader.call("ec2", "DescribeThings")
    with pytest.raises(CredentialsExpired):
        reader.call("ec2", "DescribeThings")


def test_a_stopped_run_asks_nothing_more(read: Read) -> None:
    reader = read(lambda: pytest.fail("asked all the same"))
    reader.run.stop.set()
    with pytest.raises(Stopped):
        reader.call("ec2", "DescribeThings")
    with pytest.raises(Stopped):
        list(reader.each(["a"], lambda _: reader.call("ec2", "DescribeThings")))


def test_once_asks_once_and_keeps_no_failures(read: Read) -> None:
    reader = read(dict)
    answers = iter([aws("Odd"), 1, 2])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ClientError):
        reader.once("key", ask)
    assert [reader.once("key", ask), reader.once("key", ask)] == [1, 1]


def test_closing_lets_go_of_the_clients(read: Read) -> None:
    reader = read(dict)
    reader.call("ec2", "DescribeThings")
    (client,) = reader._clients.values()
    list(reader.each(["a"], lambda _: {}))
    reader.close()
    assert client.closed
    assert not reader._clients
