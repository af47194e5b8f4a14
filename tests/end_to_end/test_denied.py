"""Any one call denied in one account; those of EC2 stand in a file of their own, so that both can run at once."""

import pytest

from tests.end_to_end.denying import ACTION_OF, ACTIONS, OPERATIONS, a_denied_call_makes_nothing_false, called, readable

__all__ = ["called", "readable"]

OTHERS = [(service, operation) for service, operation in OPERATIONS if service != "ec2"]


def test_every_call_is_among_the_permissions(called):
    """What is called is what the printed policy allows; signing in needs no permission of its own."""
    asked = {ACTION_OF.get(call, ":".join(call)) for call in called if call[0] != "sts"}
    assert asked <= ACTIONS


@pytest.mark.parametrize(("service", "operation"), OTHERS, ids=lambda value: value)
def test_a_denied_call_makes_nothing_false(readable, called, service, operation, tmp_path):
    a_denied_call_makes_nothing_false(readable, called, service, operation, tmp_path)
