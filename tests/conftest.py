"""One fresh seed for a whole run of the tests, however many processes share it, and who runs what."""

import os
import random

import pytest
from xdist.scheduler import LoadFileScheduling

#: Folders whose files share an organisation that takes long to read: one process runs them all.
SHARING = ("tests/explain/",)


class Together(LoadFileScheduling):
    """A file at a time, or a folder whose files share what they need."""

    def _split_scope(self, nodeid):
        return next((folder for folder in SHARING if nodeid.startswith(folder)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep together what shares its fixtures."""
    return Together(config, log)


def pytest_configure():
    """Settle the seed before worker processes start, so that they inherit it; REPEAT_SEED runs an old one again."""
    os.environ.setdefault("REPEAT_SEED", str(random.SystemRandom().randrange(1_000_000)))


def pytest_report_header():
    """Say how a failure can be repeated."""
    return f"planted with REPEAT_SEED={os.environ['REPEAT_SEED']}"
