from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import ClientError

from auditor.aws.collector import Collector, Item, Page, Where
from auditor.aws.outcome import is_refusal
from auditor.frames import FRAMES

Answer = Callable[..., Mapping[str, Any]] | Mapping[str, Any]


def _refusal(code: str = "AccessDeniedException", message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class ScriptedReader:
    """A reader whose answers are written down; a callable answer gets the parameters, several come in turn."""

    exact_shares = True
    discovery = "exhaustive"
    audited_from = datetime(2026, 1, 1, tzinfo=UTC)
    earlier: Any = None
    members_known = False
    known_accounts: tuple[str, ...] = ()
    organisation_error: Exception | None = None
    members: tuple[Mapping[str, Any], ...] = ()

    def __init__(self, answers: Mapping[str, Answer], frames: Mapping[str, list[dict[str, Any]]] | None = None) -> None:
        self.where = Where("111122223333", "eu-west-1")
        self.account: Mapping[str, Any] = {"Id": "111122223333"}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.gaps: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self._answers = answers
        self._frames = frames or {}

    def call(self, service: str, operation: str, /, **parameters: Any) -> Mapping[str, Any]:
        self.calls.append((f"{service}:{operation}", parameters))
        answer = self._answers[f"{service}:{operation}"]
        return answer(**parameters) if callable(answer) else answer

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> Iterator[Page]:
        while True:
            answer = self.call(service, operation, **parameters)
            yield list(answer.get(key) or ())
            token = next((name for name in ("NextToken", "nextToken") if answer.get(name)), None)
            if token is None:
                return
            parameters = {**parameters, token: answer[token]}

    def each(
        self, ids: Iterable[str], read: Callable[[str], Item], *, drop: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Item]]:
        failed: list[tuple[str, ClientError]] = []
        ids = list(ids)
        for id_ in ids:
            try:
                yield id_, read(id_)
            except ClientError as error:
                if error.response["Error"]["Code"] not in drop:
                    failed.append((id_, error))
        if failed and len(failed) == len(ids) and all(is_refusal(error) for _, error in failed):
            raise failed[0][1]
        self.gaps += [(id_, error.response["Error"]["Code"]) for id_, error in failed]

    def frame(self, name: str) -> pd.DataFrame:
        here = {"account_id": self.where.account_id, "region": self.where.region}
        return FRAMES[name].rows([here | row for row in self._frames.get(name, [])])

    def once(self, key: str, read: Callable[[], Any], /) -> Any:
        return read()

    def gap(self, resource_id: str, error_code: str, message: str) -> None:
        self.gaps.append((resource_id, error_code))

    def note(self, code: str, message: str) -> None:
        self.notes.append(code)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame without account and region, missing cells left out."""
    here = frame.drop(columns=["account_id", "region"], errors="ignore").astype(object)
    return [{name: cell for name, cell in row.items() if not pd.isna(cell)} for row in here.to_dict("records")]


def _run(collector: Collector, reader: ScriptedReader) -> dict[str, list[dict[str, Any]]]:
    brought: dict[str, list[dict[str, Any]]] = {name: [] for name in collector.frames}
    for page in collector.get(reader):
        for name, frame in collector.transform(page, reader.where).items():
            pd.testing.assert_frame_equal(frame, FRAMES[name].conform(frame))
            assert set(frame.get("account_id", [])) <= {"111122223333"}
            assert set(frame.get("region", [])) <= {"eu-west-1"}
            brought[name] += _rows(frame)
    return brought


@pytest.fixture
def where() -> Where:
    return Where("111122223333", "eu-west-1")


@pytest.fixture
def scripted() -> type[ScriptedReader]:
    return ScriptedReader


@pytest.fixture
def refusal() -> Callable[..., ClientError]:
    return _refusal


@pytest.fixture
def rows() -> Callable[[pd.DataFrame], list[dict[str, Any]]]:
    return _rows


@pytest.fixture
def run() -> Callable[[Collector, ScriptedReader], dict[str, list[dict[str, Any]]]]:
    """Run a collector on a scripted reader; its rows by frame, checked to keep the frames' contract."""
    return _run
