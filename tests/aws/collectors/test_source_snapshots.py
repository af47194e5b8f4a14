"""Whose snapshots volumes in use were made from, of those that are not the account's own."""

from __future__ import annotations

from auditor.aws.collectors.source_snapshots import COLLECTOR, MOST_VALUES


def test_only_sources_that_are_used_and_not_own_are_asked_for_a_few_hundred_at_once(scripted, run):
    foreign = [f"snap-{number:017x}" for number in range(MOST_VALUES + 1)]

    def answer(Filters, **_):  # noqa: N803 - AWS's name
        ((named),) = Filters
        found = [{"SnapshotId": each, "OwnerId": "999988887777"} for each in named["Values"] if each != foreign[1]]
        return {"Snapshots": [*found, {"SnapshotId": "snap-new", "OwnerId": "111122223333"}]}

    reader = scripted(
        {"ec2:DescribeSnapshots": answer},
        {
            "snapshots": [{"snapshot_id": "snap-own"}],
            "volumes": [
                *({"state": "in-use", "source_snapshot_id": each} for each in (*foreign, foreign[0], "snap-own", None)),
                {"state": "available", "source_snapshot_id": "snap-idle"},
                {"source_snapshot_id": "snap-unclear"},
            ],
        },
    )
    found = run(COLLECTOR, reader)["source_snapshots"]
    assert {row["snapshot_id"] for row in found} == {*foreign} - {foreign[1]}
    assert {row["owner_id"] for row in found} == {"999988887777"}
    asked = [len(parameters["Filters"][0]["Values"]) for _, parameters in reader.calls]
    assert asked == [MOST_VALUES, 1]


def test_nothing_is_asked_where_every_source_is_own(scripted, run):
    reader = scripted({}, {"volumes": [{"state": "in-use"}]})
    assert run(COLLECTOR, reader) == {"source_snapshots": []}
    assert reader.calls == []
