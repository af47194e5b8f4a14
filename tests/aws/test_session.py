"""Timestamps as botocore reads them, credentials and the errors that come before anything else."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from auditor import __version__
from auditor.aws.collectors import COLLECTORS
from auditor.aws.outcome import NoRole
from auditor.aws.session import READING, Sessions, read_timestamp
from auditor.config import Scope
from auditor.errors import AccessError

zones = st.builds(
    lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(min_value=-23 * 60, max_value=23 * 60)
)
moments = st.datetimes(
    min_value=datetime(1971, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC) | zones,
)


def same(text: object) -> None:
    ours, theirs = read_timestamp(text), parse_timestamp(text)
    if theirs.tzinfo is None:  # botocore leaves open what AWS means
        theirs = theirs.replace(tzinfo=UTC)
    assert ours == theirs
    assert ours.utcoffset() == theirs.utcoffset()


@given(moments, st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"]), st.booleans())
def test_iso_texts_are_read_as_botocore_reads_them(moment: datetime, precision: str, zulu: bool) -> None:
    text = moment.isoformat(timespec=precision)
    same(text.replace("+00:00", "Z") if zulu else text)


@given(moments)
def test_other_forms_are_read_as_botocore_reads_them(moment: datetime) -> None:
    moment = moment.astimezone(UTC)
    for text in (
        moment.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        moment.replace(tzinfo=None).isoformat(),
        moment.strftime("%Y-%m-%d"),
        moment.strftime("%Y-%m-%d %H:%M:%SZ"),
        int(moment.timestamp()),
        str(int(moment.timestamp())),
        float(int(moment.timestamp())) + 0.25,
    ):
        same(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T12:29:01.123456789Z", "2026-11-22T12:29:01,5Z", "20261122T122901Z", "2026-11-22T12:29Z", "20200101"],
)
def test_odd_forms_are_read_as_botocore_reads_them(text: str) -> None:
    same(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-22T12:29:01.000Z"])
def test_what_is_no_time_is_refused_as_botocore_refuses_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_timestamp(text)
    with pytest.raises(ValueError, match=r"."):
        read_timestamp(text)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nobody")
def test_no_credentials_at_all() -> None:
    with pytest.raises(AccessError, match="no AWS credentials") as caught:
        Sessions(Scope())
    assert "AWS_PROFILE" in caught.value.hint


@pytest.mark.usefixtures("nobody")
def test_a_profile_that_does_not_exist() -> None:
    with pytest.raises(AccessError, match="no AWS profile 'audit'"):
        Sessions(Scope(profile="audit"))


def somebody(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)


@pytest.mark.usefixtures("nobody")
def test_an_endpoint_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        somebody(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(AccessError, match="AWS cannot be reached") as caught:
            Sessions(Scope()).identify()
    assert "AWS_ENDPOINT_URL" in caught.value.hint


@pytest.mark.usefixtures("nobody")
def test_another_account_without_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    somebody(monkeypatch, "http://127.0.0.1:1")
    with pytest.raises(NoRole, match="111122223333 is not the caller's"):
        Sessions(Scope()).account("111122223333")


@pytest.mark.usefixtures("nobody")
def test_clients_say_who_we_are_and_take_the_region_of_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile audit]\nregion = eu-north-1\n")
    (tmp_path / "credentials").write_text("[audit]\naws_access_key_id = a\naws_secret_access_key = b\n")
    sessions = Sessions(Scope(profile="audit"))
    assert sessions.home == "eu-north-1"
    client = sessions.caller.client("ec2", "eu-west-1")
    assert f"auditor/{__version__}" in client.meta.config.user_agent
    assert client.meta.region_name == "eu-west-1"


@pytest.mark.usefixtures("nobody")
def test_clients_have_no_operation_that_changes_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    somebody(monkeypatch, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))  # models of the user's own, of which there are none
    caller = Sessions(Scope()).caller
    services = {actions.partition(":")[0] for each in COLLECTORS for actions in each.actions} - {"access-analyzer"}
    for service in sorted(services | {"accessanalyzer", "sts"}):
        client = caller.client(service, "eu-west-1")
        operations = {*client.meta.service_model.operation_names, *client.meta.method_to_api_mapping.values()}
        assert operations
        assert not {name for name in operations if not name.startswith(READING)}
    ec2 = caller.client("ec2", "eu-west-1")
    assert hasattr(ec2, "describe_snapshots")
    assert not hasattr(ec2, "delete_snapshot")


@pytest.mark.usefixtures("nobody")
def test_partitions_have_homes_and_regions_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    somebody(monkeypatch, "http://127.0.0.1:1")
    sessions = Sessions(Scope(partition="aws-us-gov"))
    assert sessions.home == "us-gov-west-1"
    assert set(sessions.known_regions()) == {"us-gov-east-1", "us-gov-west-1"}


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("page", [b"<html><body>Welcome</body></html>", b"", b"<html><br>"])
def test_an_endpoint_that_is_not_aws(monkeypatch: pytest.MonkeyPatch, page: bytes) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            somebody(monkeypatch, f"http://127.0.0.1:{server.server_port}")
            with pytest.raises(AccessError, match="not AWS"):
                Sessions(Scope()).identify()
        finally:
            server.shutdown()
            thread.join()


class Sts:
    """Grants credentials that are about to end, each with a token of its own."""

    def __init__(self, minutes: int) -> None:
        self.asked: list[dict[str, object]] = []
        self._minutes = minutes

    def assume_role(self, **parameters: object) -> dict[str, dict[str, object]]:
        self.asked.append(parameters)
        return {
            "Credentials": {
                "AccessKeyId": "key",
                "SecretAccessKey": "secret",
                "SessionToken": f"token {len(self.asked)}",
                "Expiration": datetime.now(UTC) + timedelta(minutes=self._minutes),
            }
        }


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(("minutes", "tokens"), [(60, ["token 1", "token 1"]), (5, ["token 2", "token 3"])])
def test_credentials_are_renewed_when_they_run_out(
    monkeypatch: pytest.MonkeyPatch, minutes: int, tokens: list[str]
) -> None:
    somebody(monkeypatch, "http://127.0.0.1:1")
    sessions = Sessions(Scope(role="arn:aws:iam::000000000000:role/audit/Reader", external_id="x"))
    sessions._sts = sts = Sts(minutes)
    credentials = sessions.account("111122223333")._session.get_credentials()
    assert [credentials.get_frozen_credentials().token for _ in range(2)] == tokens
    assert sessions.account("111122223333") is sessions.account("111122223333")
    assert {str(asked["RoleArn"]) for asked in sts.asked} == {"arn:aws:iam::111122223333:role/audit/Reader"}
    assert {asked["ExternalId"] for asked in sts.asked} == {"x"}
