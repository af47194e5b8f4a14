"""One fresh seed for a whole run of the tests, however many processes share it."""

import os
import random


def pytest_configure():
    """Settle the seed before worker processes start, so that they inherit it; REPEAT_SEED runs an old one again."""
    os.environ.setdefault("REPEAT_SEED", str(random.SystemRandom().randrange(1_000_000)))


def pytest_report_header():
    """Say how a failure can be repeated."""
    return f"planted with REPEAT_SEED={os.environ['REPEAT_SEED']}"
