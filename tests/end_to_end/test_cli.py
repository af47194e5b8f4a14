"""The command line as its users meet it: what it prints, what it leaves and what it tells the shell."""

import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from auditor.cli import main
from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.planting import TINY, plant
from auditor.sandbox.server import Sandbox

ORGANISATION = """
[scope]
organisation = true
role = "AuditorReadOnly"
external_id = "sandbox"
"""


def auditor(*arguments, code=None):
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    if code is not None:
        assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def organisation():
    return plant(3, accounts=2, regions=1, size=TINY)


@pytest.fixture
def sandbox(organisation, monkeypatch):
    with Sandbox(organisation) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "audit.toml"
    path.write_text(ORGANISATION)
    return path


@pytest.fixture(scope="module")
def finished(organisation, tmp_path_factory):
    """A run folder, collected once."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "audit.toml").write_text(ORGANISATION)
    with Sandbox(organisation) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        moment = organisation.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        auditor("collect", "-q", "-c", folder / "audit.toml", "--out", folder / "run", "--as-of", moment)
    return folder / "run"


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it to do things to."""
    return shutil.copytree(finished, tmp_path / "run")


def test_run_leaves_the_reports_and_says_where(sandbox, config, tmp_path):
    out = tmp_path / "2026-03"
    result = auditor("run", "-q", "-c", config, "--out", out, "--allow-incomplete", code=1)
    assert {"report.pdf", "report.xlsx", "findings.json", "findings.parquet", "manifest.json"} <= {
        path.name for path in out.iterdir()
    }
    assert "report.pdf" in result.output
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_report_needs_no_aws_and_takes_the_configuration_from_the_run(run):
    auditor("report", run, "--format", "json", "--allow-incomplete", code=1)
    assert json.loads((run / "findings.json").read_text())["findings"]


def test_reports_elsewhere_leave_the_run_alone(run, tmp_path):
    before = {path.name for path in run.iterdir()}
    auditor("report", run, "--out", tmp_path / "elsewhere", "--format", "json", "--allow-incomplete", code=1)
    assert {path.name for path in run.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--select", "image_public", "--fail-on", "never", "--allow-incomplete"], 0),
        (["--select", "image_public", "--fail-on", "critical", "--allow-incomplete"], 1),
        (["--select", "snapshot_unencrypted", "--fail-on", "high", "--allow-incomplete"], 0),
        (["--select", "snapshot_unencrypted", "--fail-on", "medium", "--allow-incomplete"], 1),
        (["--select", "image_unused", "--fail-on", "never"], 3),
    ],
)
def test_the_exit_code_says_what_was_asked(run, options, code):
    auditor("report", run, "--format", "json", *options, code=code)


def test_a_gap_outranks_findings(organisation, monkeypatch, config, tmp_path):
    fault = Fault("denied", service="ec2", action="DescribeVolumes")
    with Sandbox(organisation, Faults(fault)) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        out = ["--out", tmp_path / "run", "--format", "json"]
        result = auditor("run", "-q", "-c", config, *out, "--fail-on", "critical", code=3)
    assert "0 of 2" in result.output


def test_only_what_the_selected_rules_need_is_read(sandbox, config, tmp_path):
    auditor("run", "-q", "-c", config, "--out", tmp_path / "run", "--format", "json", "--select", "image_public")
    assert not {operation for _, _, service, operation in sandbox.calls if service in {"backup", "dlm", "rbin"}}


def test_an_earlier_run_spares_asking_whom_things_are_shared_with(sandbox, config, tmp_path, finished):
    out = tmp_path / "run"
    chosen = ("--select", "snapshot_shared_outside_organisation")
    auditor("collect", "-q", "-c", config, "--out", out, *chosen, "--reuse-shares", finished)
    asked = {call[3] for call in sandbox.calls}
    assert "DescribeSnapshots" in asked
    assert "DescribeSnapshotAttribute" not in asked
    assert json.loads((out / "manifest.json").read_text())["config"]["sharing"]["reuse"] == str(finished)
    result = auditor("collect", "-q", "-c", config, "--out", out, *chosen, "--reuse-shares", out, code=2)
    assert "this run's own folder" in result.output


@pytest.fixture(scope="module")
def earlier(organisation, finished, tmp_path_factory):
    """The run of a month before: as collected, but judged as of then."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("earlier") / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["as_of"] = (organisation.now - timedelta(days=31)).isoformat()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    auditor("report", folder, "--format", "json", "--fail-on", "never", "--allow-incomplete", code=0)
    return folder


def test_what_changed_since_an_earlier_run_is_told(run, earlier):
    options = ("--format", "json", "--fail-on", "never", "--allow-incomplete", "--ignore", "snapshot_public")
    result = auditor("report", run, "--previous", earlier, *options, code=0)
    body = json.loads((run / "findings.json").read_text())
    told, before = body["changes"], json.loads((earlier / "findings.json").read_text())
    assert "Since the run of" in result.output
    assert told["run_id"] == before["run"]["id"]
    assert told["before"] == {severity: line["open"] for severity, line in before["counts"].items()}
    assert (told["cost_low_usd"], told["cost_high_usd"]) == tuple(
        before["spend"]["total"][bound] for bound in ("low_usd", "high_usd")
    )
    ignored = {each["finding_id"] for each in before["findings"] if each["rule_id"] == "snapshot_public"}
    assert ignored
    assert {each["finding_id"] for each in told["no_longer_open"] if each["became"] == "unjudged"} == ignored
    stood = {each["finding_id"] for each in before["findings"] if each["verdict"] == "found"}
    for each in body["findings"]:
        assert each["first_seen"] == (before if each["finding_id"] in stood else body)["run"]["as_of"]


def test_a_run_names_the_earlier_one_before_it_reads_anything(sandbox, config, tmp_path, finished):
    out = ["--out", tmp_path / "run"]
    for folder, said in (("nowhere", "is not a run folder"), (finished, "holds no findings")):
        result = auditor("run", "-q", "-c", config, *out, "--previous", tmp_path / folder, code=2)
        assert said in " ".join(result.output.split())
    assert not sandbox.calls


def test_an_earlier_run_is_another_one_and_earlier(run, earlier):
    result = auditor("report", run, "--previous", run, code=2)
    assert "this run's own folder" in " ".join(result.output.split())
    auditor("report", run, "--format", "json", "--fail-on", "never", "--allow-incomplete", code=0)
    result = auditor("report", earlier, "--previous", run, code=2)
    assert "is not before this one" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "nowhere"], "is not a run folder"),
        (["run", "-c", "nowhere.toml", "--out", "x"], "There is no file nowhere.toml"),
        (["run", "--account", "12", "--out", "x"], "accounts"),
        (["run", "--region", "eu-wset-1", "--out", "x"], "Did you mean 'eu-west-1'"),
        (["rules", "show", "snapshot_publik"], "snapshot_public"),
        (["rules", "list", "--select", "no_such_rule"], "no_such_rule"),
        (["columns", "snapshotz"], "There is no frame 'snapshotz'"),
        (["permissions", "--as", "terraform"], "--principal"),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(sandbox, monkeypatch, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)
    result = auditor(*arguments, code=2)
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_an_unreachable_endpoint_is_said_at_once(monkeypatch, tmp_path):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
    }.items():
        monkeypatch.setenv(name, value)
    result = auditor("run", "-q", "--out", tmp_path / "run", code=2)
    assert "127.0.0.1:9" in result.output


def test_no_credentials_at_all_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = auditor("run", "-q", "--out", tmp_path / "run", code=2)
    assert "credentials" in result.output


def test_a_role_that_cannot_be_assumed_costs_that_account_only(sandbox, tmp_path, organisation):
    config = tmp_path / "audit.toml"
    foreign = "123412341234"
    accounts = json.dumps([organisation.management_id, foreign])
    config.write_text(f'[scope]\naccounts = {accounts}\nrole = "AuditorReadOnly"\nexternal_id = "sandbox"')
    auditor("run", "-q", "-c", config, "--out", tmp_path / "run", "--format", "json", code=3)
    body = json.loads((tmp_path / "run" / "findings.json").read_text())
    statuses = {row["account_id"]: row["status"] for row in body["coverage"] if row["collector"] == "snapshots"}
    assert statuses == {organisation.management_id: "complete", foreign: "denied"}


def test_a_damaged_file_is_named(run):
    path = next((run / "inventory" / "snapshots").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:100])
    result = auditor("report", run, code=2)
    assert path.name in "".join(result.output.split())
    assert "auditor collect" in " ".join(result.output.split())


def test_a_foreign_folder_is_left_alone(tmp_path, sandbox):
    (tmp_path / "thesis.doc").write_text("precious")
    auditor("run", "--out", tmp_path, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_rule_file_that_does_not_load_is_named_with_its_line(run, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir(mode=0o755)
    (rules / "broken.py").write_text("def broken(:\n")
    (rules / "broken.py").chmod(0o644)
    result = auditor("report", run, "--rules", rules, code=2)
    assert "broken.py" in result.output


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands), ["rules", "show"], ["rules", "check"]])
def test_help_teaches(command):
    result = auditor(*command, "--help", code=0)
    assert "\x08" not in result.output
    assert len(result.output.splitlines()) > 6


def test_rules_list_and_show(run):
    assert auditor("rules", "list", code=0).output.splitlines()[1].split()[1] == "critical"
    page = auditor("rules", "show", "snapshot_orphaned", code=0).output
    assert "min_age_days = 30" in page
    assert "dlm:GetLifecyclePolicies" in page


def test_columns_explains_a_frame():
    assert "full_size_bytes" in auditor("columns", "snapshots", code=0).output
    assert "snapshots" in auditor("columns", code=0).output


def test_permissions_are_least_for_the_selected_rules():
    everything = json.loads(auditor("permissions", code=0).output)
    little = json.loads(auditor("permissions", "--select", "image_public", code=0).output)
    names = [
        {action for statement in policy["Statement"] for action in statement["Action"]}
        for policy in (everything, little)
    ]
    assert names[1] < names[0]
    assert not {name for name in names[0] if not name.split(":")[1].startswith(("Describe", "Get", "List", "Lookup"))}


def test_the_caller_needs_to_list_the_organisation_and_assume_the_role(config):
    policy = json.loads(auditor("permissions", "--as", "caller", "-c", config, code=0).output)
    assume, listing = policy["Statement"]
    assert assume["Action"] == "sts:AssumeRole"
    assert "organizations:ListAccounts" in listing["Action"]


def test_permissions_check_asks_every_account_and_region(sandbox, config):
    result = auditor("permissions", "--check", "-c", config, code=0)
    assert "calls are allowed" in result.output


def test_permissions_check_names_what_is_denied(organisation, monkeypatch, config):
    with Sandbox(organisation, Faults(Fault("denied", action="DescribeVolumes"))) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        result = auditor("permissions", "--check", "-c", config, code=3)
    assert "ec2:DescribeVolumes" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    assert "_AUDITOR_COMPLETE" in auditor("completion", shell, code=0).output
