from __future__ import annotations

from inspect import getdoc

import botocore.session
import pytest

from auditor.sandbox.services import SERVICES

OPERATIONS = [(service, operation) for service, handlers in SERVICES.items() for operation in handlers]
GLOBAL = ("sts", "organizations")


@pytest.fixture(scope="module")
def models():
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in SERVICES}


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_operations_are_named_as_in_the_api_and_described(models, service, operation):
    assert operation in models[service].operation_names
    assert getdoc(SERVICES[service][operation])


@pytest.mark.parametrize(("service", "operation"), [one for one in OPERATIONS if one[0] not in GLOBAL])
def test_regions_that_are_not_enabled_refuse_everything(refusal, service, operation):
    code = {"ec2": "AuthFailure", "autoscaling": "InvalidClientTokenId"}.get(service, "UnrecognizedClientException")
    assert refusal(service, operation, region="af-south-1") == code
    assert refusal(service, operation, region="mars-1") == code


@pytest.mark.parametrize("operation", list(SERVICES["ec2"]))
def test_dry_runs_change_nothing_and_answer_nothing(refusal, operation):
    assert refusal("ec2", operation, DryRun=True) == "DryRunOperation"
