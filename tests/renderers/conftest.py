"""The believable run, its report, and others like it."""

import pytest

from tests.renderers.world import make_world


@pytest.fixture(scope="session")
def world():
    return make_world()


@pytest.fixture(scope="session")
def report(world):
    return world.report()


@pytest.fixture
def worlds():
    """For tests that need another one."""
    return make_world
