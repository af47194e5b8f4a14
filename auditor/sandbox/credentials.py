"""Temporary credentials that carry their own meaning, so that no server has to remember them.

The access key id encodes the account, as real ones do; the session token encodes the role, the session's name and
the moment it expires. Nothing is signed: the sandbox trusts everybody on the loopback interface.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_PREFIX = "ASIA"
_ACCOUNT_BYTES = 5  # twelve digits fit into 40 bits, which are 8 characters of base32
_MARK = "sandbox"


@dataclass(frozen=True)
class Session:
    """An assumed role."""

    account_id: str
    role: str
    name: str
    expires_at: datetime

    def expired(self) -> bool:
        """Whether the credentials have run out by the machine's clock, which is what clients refresh by."""
        return datetime.now(UTC) >= self.expires_at


def mint(account_id: str, role: str, name: str, seconds: int = 3600) -> dict[str, Any]:
    """Credentials of a role's session, in the shape of the ``Credentials`` member of STS answers.

    Args:
        account_id: The account that the role lives in.
        role: The role's name, without path.
        name: The role session name.
        seconds: How long they last; 0 or less makes credentials that have expired already.
    """
    expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
    key = base64.b32encode(int(account_id).to_bytes(_ACCOUNT_BYTES, "big") + secrets.token_bytes(5)).decode()
    token = json.dumps([_MARK, account_id, role, name, int(expires_at.timestamp())]).encode()
    return {
        "AccessKeyId": _PREFIX + key,
        "SecretAccessKey": secrets.token_urlsafe(30),
        "SessionToken": base64.urlsafe_b64encode(token).decode(),
        "Expiration": expires_at,
    }


def account_of(access_key: str) -> str | None:
    """The account that an access key of :func:`mint` encodes; None for every other key."""
    if not access_key.startswith(_PREFIX):
        return None
    try:
        raw = base64.b32decode(access_key.removeprefix(_PREFIX))
    except (binascii.Error, ValueError):
        return None
    account = str(int.from_bytes(raw[:_ACCOUNT_BYTES], "big")).zfill(12)
    return account if len(raw) == 2 * _ACCOUNT_BYTES and len(account) == 12 else None


def read_token(access_key: str, token: str) -> Session | None:
    """The session that a session token stands for; None when nobody minted it for this access key."""
    try:
        mark, account_id, role, name, expires = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        return None
    if mark != _MARK or account_id != account_of(access_key):
        return None
    return Session(account_id, role, name, datetime.fromtimestamp(expires, UTC))
