import textwrap
from pathlib import Path

import pytest

from auditor.config import Config
from auditor.errors import ConfigError, RuleError
from auditor.rulebook import Rulebook, load_rule, load_rules, settle

SOUND = '''
from auditor.rule import rule

@rule(
    title="Title", severity="low", subject="snapshots", headline=("1 is old", "{count} are old"),
    message="{snapshot_id} is old", remedy="aws ec2 delete-snapshot --snapshot-id {snapshot_id}",
    breaks="Nothing.", controls={},
)
def NAME(snapshots, *, days=30, share=0.5, words=(), strict=False):
    """Why.

    How.
    """
    return snapshots["encrypted"] == False

FAILS = [{"encrypted": False}]
PASSES = [{"encrypted": True}]
'''


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


def write(folder: Path, name: str, text: str = SOUND) -> Path:
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text).replace("NAME", name))
    path.chmod(0o600)
    return path


def test_built_in_rules_are_sorted_and_carry_their_files():
    rules = load_rules()
    names = [loaded.rule.id for loaded in rules]
    assert names == sorted(names)
    assert all(loaded.built_in and loaded.path.stem == loaded.rule.id for loaded in rules)
    assert all(len(loaded.sha256) == 64 for loaded in rules)


def test_a_folder_adds_its_rules_and_leaves_helpers_out(folder):
    write(folder, "my_rule")
    write(folder, "_helper", "raise ValueError")
    mine = [loaded for loaded in load_rules([folder]) if not loaded.built_in]
    assert [loaded.rule.id for loaded in mine] == ["my_rule"]
    assert mine[0].fails == ({"encrypted": False},)
    assert mine[0].unknown == ()


def test_nothing_is_taken_from_where_it_is_started(folder, monkeypatch):
    (folder / "rules").mkdir()
    write(folder / "rules", "lurking")
    write(folder, "lurking_too")
    monkeypatch.chdir(folder)
    assert not {"lurking", "lurking_too"} & {loaded.rule.id for loaded in load_rules()}


def test_what_is_hashed_is_what_runs(folder):
    path = write(folder, "my_rule")
    before = load_rule(path).sha256
    path.write_text(path.read_text() + "# more\n")
    assert load_rule(path).sha256 != before
    assert not (folder / "__pycache__").exists()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("x = 1", "{path} holds no rule.", "Decorate a function bad with @rule(…)."),
        ("def f(:\n  pass", "{path}, line 1: invalid syntax.", "Mend the syntax."),
        ("\nimport no_such_module", "{path}, line 2: ModuleNotFoundError: No module named 'no_such_module'.", None),
        ("\n\n1 / 0", "{path}, line 3: ZeroDivisionError: division by zero.", None),
        (SOUND.replace("NAME", "other"), "{path} holds the rule other, not bad.", None),
        (SOUND + SOUND.replace("NAME", "second"), "{path} holds a second rule, second.", None),
        (SOUND.replace("FAILS =", "F ="), "{path} has no FAILS.", None),
        (SOUND.replace("PASSES =", "P ="), "{path} has no PASSES.", None),
        (SOUND.replace('[{"encrypted": False}]', "[7]"), "{path}: FAILS must be a list of examples, each a mapping of"
         " columns to values.", ""),
        (SOUND.replace('"low"', '"awful"'), "{path}: Rule bad has the severity 'awful'.", None),
        (SOUND.replace("(snapshots, *", "(snapshots, findings, *"),
         "{path} asks for the frame findings, which is only there when all rules have run.", None),
        (SOUND.replace("(snapshots, *", "(snapshots, snapshot, *"),
         "{path}: Rule bad asks for 'snapshot', which is no frame.", None),
        (SOUND.replace("{snapshot_id} is old", "{snapshot_id.x} is old"),
         "{path}: message names {{snapshot_id.x}}, which is no column.", None),
        (SOUND.replace("{snapshot_id} is old", "{snapshot_id is old"),
         "{path}: message is not a sound template: expected '}}' before end of string.", None),
        (SOUND.replace("--snapshot-id {snapshot_id}", "--name {name}"),
         "{path}: remedy names {{name}}, which others can write.", "A command may hold ids and ARNs only."),
        (SOUND.replace("{count} are old", "many are old"),
         "{path}: headline needs a sentence for one and one for many.", "Say {{count}} in the second."),
    ],
)  # fmt: skip
def test_an_unsound_file_is_refused_with_a_sentence(folder, text, message, hint):
    path = write(folder, "bad", text)
    with pytest.raises(RuleError) as caught:
        load_rules([folder])
    assert caught.value.message == message.format(path=path)
    assert hint is None or caught.value.hint == hint.format(path=path)


def test_built_in_rules_need_an_unknown_example(folder):
    path = write(folder, "mine")
    with pytest.raises(RuleError, match="has no UNKNOWN"):
        load_rule(path, built_in=True)


def test_a_name_no_function_can_have_is_refused(folder):
    path = write(folder, "my-rule", "x = 1")
    with pytest.raises(RuleError) as caught:
        load_rules([folder])
    assert caught.value.message == f"{path}: 'my-rule' is no name a function can have."


def test_a_taken_id_is_refused(folder):
    path = write(folder, "snapshot_unencrypted")
    with pytest.raises(RuleError) as caught:
        load_rules([folder])
    assert caught.value.message.startswith(f"{path}: the id snapshot_unencrypted is taken by ")


@pytest.mark.parametrize("mode", [0o620, 0o602])
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_can_write_is_refused(folder, mode, which):
    target = write(folder, "my_rule") if which == "file" else folder
    target.chmod(mode | 0o100)
    with pytest.raises(RuleError) as caught:
        load_rules([folder])
    assert caught.value.message == f"{target} can be written by others, and rules run with your rights."
    assert caught.value.hint == f"Run: chmod go-w {target}"


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RuleError, match="There is no folder"):
        load_rules([tmp_path / "nowhere"])


def test_a_folder_is_no_rule(folder):
    (folder / "my_rule.py").mkdir(0o700)
    with pytest.raises(RuleError, match=r"my_rule\.py cannot be read: Is a directory"):
        load_rules([folder])


def test_a_link_that_leads_nowhere_is_no_rule(folder):
    (folder / "my_rule.py").symlink_to(folder / "nowhere")
    with pytest.raises(RuleError, match=r"my_rule\.py cannot be read: No such file"):
        load_rules([folder])


def test_select_and_ignore(folder):
    chosen = load_rules(select=["snapshot_*"], ignore=["snapshot_public"])
    names = {loaded.rule.id for loaded in chosen}
    assert "snapshot_unencrypted" in names
    assert all(name.startswith("snapshot_") for name in names)
    assert "snapshot_public" not in names
    assert "image_public" in chosen.known


@pytest.mark.parametrize("option", ["select", "ignore"])
def test_an_unknown_name_gets_the_nearest(option):
    with pytest.raises(RuleError) as caught:
        load_rules(**{option: ["snapshot_publik"]})
    assert caught.value.message == f"--{option} snapshot_publik: there is no such rule."
    assert caught.value.hint == "Did you mean 'snapshot_public'?"


@pytest.fixture
def mine(folder):
    return Rulebook([load_rule(write(folder, "my_rule"))], known=["left_out"])


def test_the_policy_changes_parameters_and_severity(mine):
    config = Config.of(
        {"rules": {"my_rule": {"days": 7, "share": 1, "words": ["a", "b"], "strict": True, "severity": "high"}}}
    )
    settled = settle(mine, config)["my_rule"]
    assert settled.parameters == {"days": 7, "share": 1.0, "words": ("a", "b"), "strict": True}
    assert type(settled.parameters["share"]) is float
    assert settled.severity == "high"


def test_defaults_stand_where_the_policy_is_silent(mine):
    settled = settle(mine, Config.of({"rules": {"left_out": {"anything": 1}}}))["my_rule"]
    assert settled.parameters == {"days": 30, "share": 0.5, "words": (), "strict": False}
    assert settled.severity is None


def test_a_rule_can_be_switched_off(mine):
    assert settle(mine, Config.of({"rules": {"my_rule": {"enabled": False}}})) == {}


@pytest.mark.parametrize(
    ("policy", "message", "hint"),
    [
        ({"my_ruel": {}}, "[rules.my_ruel]: there is no rule 'my_ruel'.", "Did you mean 'my_rule'?"),
        ({"my_rule": {"dais": 1}}, "[rules.my_rule]: the key 'dais' is unknown.", "Did you mean 'days'?"),
        (
            {"my_rule": {"x": 1}},
            "[rules.my_rule]: the key 'x' is unknown.",
            "Known keys: days, enabled, severity, share, strict, words.",
        ),
        (
            {"my_rule": {"days": "7"}},
            "[rules.my_rule]: days = '7' does not fit; it must be a whole number.",
            "The default is 30.",
        ),
        (
            {"my_rule": {"days": True}},
            "[rules.my_rule]: days = True does not fit; it must be a whole number.",
            "The default is 30.",
        ),
        (
            {"my_rule": {"days": 7.5}},
            "[rules.my_rule]: days = 7.5 does not fit; it must be a whole number.",
            "The default is 30.",
        ),
        (
            {"my_rule": {"strict": 1}},
            "[rules.my_rule]: strict = 1 does not fit; it must be true or false.",
            "The default is False.",
        ),
        (
            {"my_rule": {"words": "abc"}},
            "[rules.my_rule]: words = 'abc' does not fit; it must be a list.",
            "The default is ().",
        ),
        (
            {"my_rule": {"words": ["a", 2]}},
            "[rules.my_rule]: words[1] = 2 does not fit; it must be a text.",
            "The default is ''.",
        ),
    ],
)
def test_a_policy_that_does_not_fit_is_refused(mine, policy, message, hint):
    with pytest.raises(ConfigError) as caught:
        settle(mine, Config.of({"rules": policy}))
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_waiver_for_no_rule_is_refused(mine):
    waiver = {"rule": "my_ruel", "accounts": ["111122223333"], "reason": "r", "owner": "o", "approver": "a"}
    config = Config.of({"waiver": [{**waiver, "ticket": "T-1", "from": "2026-01-01", "until": "2026-12-31"}]})
    with pytest.raises(ConfigError) as caught:
        settle(mine, config)
    assert caught.value.message == "The waiver T-1 is for the rule 'my_ruel', which is not there."
    assert caught.value.hint == "Did you mean 'my_rule'?"
