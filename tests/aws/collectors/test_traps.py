"""What is easily overlooked in asking AWS, by behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.aws.collectors import COLLECTORS

BY_NAME = {collector.name: collector for collector in COLLECTORS}


class Listener:
    """A reader that answers nothing and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Any:
        self.asked.append({"operation": operation, **parameters})
        return iter(())


def asked(name: str) -> dict[str, Any]:
    listener = Listener()
    list(BY_NAME[name].get(listener))  # type: ignore[arg-type]
    (request,) = listener.asked
    return request


def test_disabled_and_deprecated_images_are_asked_for() -> None:
    request = asked("images")
    assert (request["IncludeDisabled"], request["IncludeDeprecated"]) == (True, True)
    assert request["Owners"] == ["self"]
    assert "Filters" not in request


@pytest.mark.parametrize("name", ["images", "snapshots", "volumes", "instance_images"])
def test_large_listings_come_in_pages_of_the_most_that_a_page_holds(name: str) -> None:
    """Without a size EC2 may put all of a listing into one answer; with a small one it is asked too often."""
    assert asked(name)["MaxResults"] == (500 if name == "volumes" else 1000)


def test_what_fast_launch_and_the_recycle_bin_hold_is_asked_for() -> None:
    assert asked("fast_launches")["operation"] == "DescribeFastLaunchImages"
    for thing in ("snapshot", "image", "volume"):
        assert asked(f"recycle_bin_{thing}s")["operation"] == f"List{thing.title()}sInRecycleBin"
