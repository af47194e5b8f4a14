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
