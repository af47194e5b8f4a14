"""The costs hold what the sandbox bills, block by block, in a whole planted organisation."""

import pandas as pd
import pytest

from auditor.analysis.costs import snapshot_costs
from auditor.analysis.prices import prices
from auditor.aws.collector import Where
from auditor.aws.collectors import recycle_bin, snapshots, volumes
from auditor.frames import FRAMES
from auditor.sandbox.blocks import BLOCK_BYTES, billed_blocks
from auditor.sandbox.planting import TINY, plant

READERS = {
    "snapshots": (snapshots.COLLECTOR, "snapshots"),
    "volumes": (volumes.COLLECTOR, "volumes"),
    "recycle_bin_snapshots": (recycle_bin.SNAPSHOTS, "binned_snapshots"),
}


def frames_of(place):
    where = Where(place.account_id, place.name)
    return [
        collector.transform(list(getattr(place, table).values()), where)[frame]
        for frame, (collector, table) in READERS.items()
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bounds_hold_the_bill(seed):
    organisation = plant(seed, accounts=5, regions=3, size=TINY)
    judged = 0
    for place in organisation:
        costs = snapshot_costs(*frames_of(place), FRAMES["fast_restores"].empty(), prices(), FRAMES["gaps"].empty())
        billed = pd.Series(billed_blocks(place), dtype="Int64") * BLOCK_BYTES
        truth = billed.reindex(costs["snapshot_id"]).set_axis(costs.index)
        known = costs["stored_high_bytes"].notna()
        assert truth[known].notna().all()
        outside = known & ~truth.between(costs["stored_low_bytes"], costs["stored_high_bytes"]).fillna(True)
        assert costs[outside].empty, costs[outside].assign(truth=truth[outside]).iloc[0].to_dict()
        judged += int(known.sum())
    assert judged > 500
