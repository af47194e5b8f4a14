"""Whom the KMS keys of what is shared let in: key policies statement by statement, grants, and what follows."""

from auditor.frames.columns import WHERE, Frame, flag, moment, text
from auditor.frames.documents import CONDITION, STATEMENT

_KEY = text("key_arn", "The key as the snapshots name it")

KEY_POLICIES = Frame(
    "key_policies",
    "The policy of one own customer key under which something is shared with others.",
    (
        *WHERE,
        _KEY,
        text("document", "The policy, JSON", "kms GetKeyPolicy"),
        flag("understood", "Its statements could be told apart; else there are none in key_statements"),
        flag("grants_listed", "Its grants were read; those to other accounts are in key_grants"),
    ),
    key=("account_id", "region", "key_arn"),
    filled_by=("key_policies",),
)

KEY_STATEMENTS = Frame(
    "key_statements",
    "One action for one principal in one statement of a key policy.",
    (
        *WHERE,
        _KEY,
        *STATEMENT,
    ),
    filled_by=("key_policies",),
)

KEY_CONDITIONS = Frame(
    "key_conditions",
    "One value that one test in a statement of a key policy compares with.",
    (
        *WHERE,
        _KEY,
        *CONDITION,
    ),
    filled_by=("key_policies",),
)

KEY_GRANTS = Frame(
    "key_grants",
    "One operation that a grant on an own customer key allows to a principal of another account.",
    (
        *WHERE,
        _KEY,
        text("grant_id", "The grant", "kms ListGrants"),
        text("grantee", "ARN of the principal", "GranteePrincipal"),
        text("grantee_account_id", "Its account"),
        text("operation", "e.g. Decrypt or CreateGrant", "Operations"),
        flag("constrained", "Only for some encryption contexts", "Constraints"),
        moment("created_at", "Creation", "CreationDate"),
    ),
    key=("account_id", "region", "key_arn", "grant_id", "operation"),
    filled_by=("key_policies",),
)

KEY_ACCESS = Frame(
    "key_access",
    "Whether the key of something that is shared lets one of those it is shared with use it.",
    (
        *WHERE,
        _KEY,
        text("grantee_type", "account, group, organisation or unit"),
        text("grantee", "Account id, group, or the ARN of an organisation or unit"),
        flag("may_describe", "kms:DescribeKey is allowed; missing where it cannot be told, here and below"),
        flag("may_create_grant", "kms:CreateGrant is allowed"),
        flag("may_generate_data_key", "kms:GenerateDataKey* is allowed"),
        flag("may_re_encrypt", "kms:ReEncrypt* is allowed"),
        flag("may_decrypt", "kms:Decrypt is allowed"),
        flag("usable", "All of that is allowed; missing, too, where nothing but kms:GenerateDataKey* is refused"),
        text("refused", "What is refused, e.g. kms:CreateGrant, kms:Decrypt; missing where nothing is"),
        text("because", "Why it is not usable, or why that is not known, in words"),
    ),
    key=("account_id", "region", "key_arn", "grantee"),
    derived_from=("snapshots",),
    heeds=(
        "snapshot_shares",
        "image_shares",
        "image_block_devices",
        "kms_keys",
        "key_policies",
        "key_statements",
        "key_conditions",
        "key_grants",
        "directory",
    ),
)

FRAMES = (KEY_POLICIES, KEY_STATEMENTS, KEY_CONDITIONS, KEY_GRANTS, KEY_ACCESS)
