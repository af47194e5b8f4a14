"""What holds for every collector."""

import pytest

from auditor.aws.collector import Where
from auditor.aws.collectors import COLLECTORS
from auditor.aws.partition import in_order
from auditor.frames import FRAMES, INVENTORY, frames_filled_by

NAMES = [collector.name for collector in COLLECTORS]


def test_every_frame_has_its_collectors_and_no_other():
    assert {name for frame in INVENTORY.values() for name in frame.filled_by} == set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    for collector in COLLECTORS:
        assert set(collector.frames) == set(frames_filled_by(collector.name))


def test_each_can_be_read_behind_those_whose_frames_it_uses():
    ordered = in_order(COLLECTORS)
    assert sorted(collector.name for collector in ordered) == sorted(NAMES)
    for place, collector in enumerate(ordered):
        assert {*collector.after, *collector.heeds} <= {earlier.name for earlier in ordered[:place]}


@pytest.mark.parametrize("collector", COLLECTORS, ids=NAMES)
def test_an_empty_page_makes_empty_frames(collector):
    for name, frame in collector.transform([], Where("111122223333", "eu-west-1")).items():
        assert frame.dtypes.equals(FRAMES[name].empty().dtypes)
        assert frame.empty
