"""Truth of the rules on the care of images, read off the planted tables by other means."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting import SMALL, TINY, large, plant

Reader = Callable[[Organisation, Region], Iterator[str]]


def instance_store(_: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.images.items():
        if row["ImageLocation"].endswith(".manifest.xml") and row["State"] != "failed":
            yield key


def paravirtual(_: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.images.items():
        if row["State"] != "failed" and (row["VirtualizationType"] != "hvm" or row.get("KernelId")):
            yield key


READERS: dict[str, Reader] = {
    "image_instance_store": instance_store,
    "image_paravirtual": paravirtual,
}

ORGANISATIONS = {
    "tiny, twelve by four": lambda: plant(15, 12, 4, TINY),
    "small": lambda: plant(16, 5, 3, SMALL),
    "one account, one region": lambda: plant(18, 1, 1, SMALL),
    "large": lambda: plant(19, 2, 2, large(600, 200)),
}


@pytest.fixture(scope="module", params=ORGANISATIONS)
def organisation(request: pytest.FixtureRequest) -> Organisation:
    return ORGANISATIONS[request.param]()


@pytest.mark.parametrize("rule", READERS)
def test_truth_is_what_the_tables_say(organisation: Organisation, rule: str) -> None:
    read = {(here.account_id, here.name, found) for here in organisation for found in READERS[rule](organisation, here)}
    assert organisation.truth.get(rule, set()) == read
