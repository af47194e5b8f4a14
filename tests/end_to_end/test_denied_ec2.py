"""Any one call of EC2 denied in one account."""

import pytest

from tests.end_to_end.denying import OPERATIONS, a_denied_call_makes_nothing_false, readable

__all__ = ["readable"]

EC2 = [operation for service, operation in OPERATIONS if service == "ec2"]


@pytest.mark.parametrize("operation", EC2)
def test_a_denied_call_makes_nothing_false(readable, operation, tmp_path):
    a_denied_call_makes_nothing_false(readable, "ec2", operation, tmp_path)
