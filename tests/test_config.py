from datetime import date

import pytest

from auditor.config import Config
from auditor.errors import ConfigError

WAIVER = """
[[waiver]]
rule = "image_public"
resources = ["ami-0123456789abcdef0"]
reason = "published base image"
owner = "platform@example.com"
approver = "ciso@example.com"
ticket = "SEC-1234"
from = 2026-01-01
until = 2026-12-31
"""


def read(tmp_path, text):
    path = tmp_path / "audit.toml"
    path.write_text(text)
    return Config.read(path)


def test_the_documented_example_is_read(tmp_path):
    config = read(
        tmp_path,
        """
[scope]
organisation = true
role = "AuditorReadOnly"
regions = ["eu-west-1"]

[sharing]
trusted_accounts = { "999988887777" = "backup vendor" }

[cost]
discount = 0.07

[rules.snapshot_over_retention]
max_age_days = 400
severity = "medium"
"""
        + WAIVER,
    )
    assert config.scope.regions == ("eu-west-1",)
    assert config.rules["snapshot_over_retention"].severity == "medium"
    assert config.rules["snapshot_over_retention"].parameters == {"max_age_days": 400}
    assert config.waiver[0].until == date(2026, 12, 31)


def test_a_sharing_matrix_is_read(tmp_path):
    (entry,) = read(
        tmp_path,
        """
[[sharing.expect]]
images = { tag = "golden", value = "true" }
shared_with = ["111122223333", "ou-ab12-34cd56ef"]
copyable = true
""",
    ).sharing.expect
    assert (entry.images.tag, entry.images.value, entry.copyable) == ("golden", "true", True)
    assert entry.shared_with == ("111122223333", "ou-ab12-34cd56ef")
    assert entry.may_share_with is None


def test_backups_promised_by_the_configuration_are_read(tmp_path):
    backup = read(
        tmp_path,
        """
[backup]
days = 14
ephemeral = [{ tag = "scratch" }, { tag = "tier", value = "cache" }]
[[backup.rpo]]
name = "gold"
volumes = { tag = "tier", value = "gold" }
hours = 24
[[backup.rpo]]
accounts = ["111122223333"]
hours = 48
look_back_days = 14
""",
    ).backup
    assert (backup.days, backup.grace_minutes, backup.rpo_names) == (14, 60, ["gold", "2"])
    assert [(each.hours, each.look_back_days) for each in backup.rpo] == [(24, 7), (48, 14)]
    assert [(each.tag, each.value) for each in backup.ephemeral] == [("scratch", None), ("tier", "cache")]


def test_everything_has_a_default(tmp_path):
    assert read(tmp_path, "") == Config()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[scop]", "the key 'scop' is unknown. Did you mean 'scope'?"),
        ("[scope]\norganization = true", "'scope.organization' is unknown. Did you mean 'organisation'?"),
        ("[report]\nlogo = 'x'", "'report.logo' is unknown. Known keys there: classification"),
        ("[scope]\naccounts = ['12']", "scope.accounts.0: "),
        ("[scope]\naccounts = [111122223333]", "scope.accounts.0: "),
        ("[scope]\norganisation = true\naccounts = ['111122223333']", "exclude each other"),
        ("[scope]\nunits = ['ou-ab12-cd34']", "narrow an organisation"),
        ("[cost]\ndiscount = 7", "cost.discount: "),
        ("[rules.image_public]\nseverity = 'urgent'", "rules.image_public.severity"),
        ("[[sharing.expect]]\nimages = { tag = 'golden' }\nshared_with = ['12']", "'12'"),
        (
            "[[sharing.expect]]\nimages = { tag = 'golden' }\nshared_with = ['everybody']",
            "sharing.expect.0.shared_with.0: name an account by its 12 digits",
        ),
        (
            "[[sharing.expect]]\nimages = { tag = 'golden' }\nsharedwith = ['organisation']",
            "'sharing.expect.0.sharedwith' is unknown. Did you mean 'shared_with'?",
        ),
        (
            "[[sharing.expect]]\nimages = { tag = 'golden' }\n",
            "say shared_with, who must have them, or may_share_with, who may",
        ),
        (
            "[[sharing.expect]]\nimages = { tag = 'golden' }\nmay_share_with = []\ncopyable = true",
            "copyable is said of images that must be shared",
        ),
        ("[[sharing.expect]]\nimages = { tgg = 'a' }", "'sharing.expect.0.images.tgg' is unknown. Did you mean 'tag'?"),
        ("[[sharing.expect]]\nimages = {}\nshared_with = ['organisation']", "it selects nothing"),
        ("[[sharing.expect]]\nimages = { value = 'a' }\nshared_with = ['organisation']", "without a tag"),
        ("[[sharing.expect]]\nshared_with = ['organisation']", "one of the two"),
        ("[[backup.rpo]]\nhours = 24", "say which volumes it is for by tag, or which accounts, one of the two"),
        ("[[backup.rpo]]\nhours = 24\nvolumes = { tag = 'a' }\naccounts = ['111122223333']", "one of the two"),
        ("[[backup.rpo]]\nvolumes = { tag = 'a' }", "'backup.rpo.0.hours' is missing"),
        ("[[backup.rpo]]\nhours = 0\nvolumes = { tag = 'a' }", "backup.rpo.0.hours: "),
        ("[[backup.rpo]]\nhours = 24\nacounts = []", "'backup.rpo.0.acounts' is unknown. Did you mean 'accounts'?"),
        ("[[backup.rpo]]\nhours = 24\nvolumes = { key = 'a' }", "backup.rpo.0.volumes"),
        (2 * "[[backup.rpo]]\nname = 'a'\nhours = 24\nvolumes = { tag = 'a' }\n", "two objectives are called 'a'"),
        ("[backup]\ndays = 400", "backup.days: "),
        ("[backup]\nephemeral = [{ value = 'a' }]", "'backup.ephemeral.0.tag' is missing"),
        ("[backup]\ngrace_minute = 5", "'backup.grace_minute' is unknown. Did you mean 'grace_minutes'?"),
        (WAIVER.replace('rule = "image_public"', 'ruel = "image_public"'), "'waiver.0.rule' is missing"),
        (WAIVER.replace("2026-12-31", "2025-12-31"), "until lies before from"),
        (WAIVER.replace('resources = ["ami-0123456789abcdef0"]', ""), "names resources or accounts"),
        ("[scope", "is not valid TOML"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_file_and_key(tmp_path, text, said):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert "audit.toml" in error.value.message
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="There is no file"):
        Config.read(tmp_path / "nowhere.toml")


def test_binary_is_no_configuration(tmp_path):
    (tmp_path / "audit.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.read(tmp_path / "audit.toml")
