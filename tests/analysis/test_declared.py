"""Derived frames declare what their functions take."""

import inspect

import pytest

from auditor.analysis import DERIVED, SETTINGS
from auditor.frames import FRAMES


@pytest.mark.parametrize("name", DERIVED)
def test_a_derived_frame_declares_what_it_takes(name):
    takes = set(inspect.signature(DERIVED[name]).parameters) - {"as_of", "elsewhere", *SETTINGS}
    assert takes == {*FRAMES[name].derived_from, *FRAMES[name].heeds}
