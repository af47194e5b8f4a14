import json
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.errors import InventoryError
from auditor.frames import FRAMES
from auditor.inventory import Inventory, Writer
from auditor.manifest import Manifest

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-west-1"


def coverage(collector="snapshots", status="complete", region=REGION, **more):
    return {"account_id": ACCOUNT, "region": region, "collector": collector, "status": status, "rows": 1} | more


def snapshots(*ids):
    return FRAMES["snapshots"].rows({"account_id": ACCOUNT, "region": REGION, "snapshot_id": name} for name in ids)


def manifest(*plan):
    return Manifest(as_of=AS_OF, started_at=AS_OF, plan=list(plan))


@pytest.fixture
def folder(tmp_path):
    writer, finished = Writer.start(tmp_path / "run", manifest((ACCOUNT, REGION, ["snapshots", "images"])))
    assert finished == {}
    writer.write(coverage(), {"snapshots": snapshots("snap-1", "snap-2")})
    return tmp_path / "run"


def test_what_was_written_is_read_back(folder):
    inventory = Inventory.load(folder)
    pd.testing.assert_frame_equal(inventory.read("snapshots"), snapshots("snap-1", "snap-2"))
    assert inventory.read("snapshots", ACCOUNT, "us-east-1").empty
    assert list(inventory.read("snapshots", columns=["snapshot_id"])) == ["snapshot_id"]
    assert inventory.partitions == [(ACCOUNT, REGION)]
    assert inventory.as_of == AS_OF


def test_text_as_earlier_versions_stored_it_is_read_beside_todays(folder, monkeypatch):
    writer, _ = Writer.start(folder, manifest())
    earlier = FRAMES["snapshots"].arrow_schema
    assert pa.string() in earlier.types
    with monkeypatch.context() as then:
        then.setattr(
            type(FRAMES["snapshots"]), "to_arrow", lambda self, rows: pa.Table.from_pandas(rows, self.arrow_schema)
        )
        writer.write(coverage(region="us-east-1"), {"snapshots": snapshots("snap-3").assign(region="us-east-1")})
    inventory = writer.finish()
    stored = [pq.read_schema(folder / path).field("snapshot_id").type for path in inventory.manifest.files]
    assert set(stored) == {pa.string(), pa.large_string()}
    assert inventory.read("snapshots")["snapshot_id"].tolist() == ["snap-1", "snap-2", "snap-3"]
    assert inventory.read("snapshots").dtypes.equals(snapshots("snap-1").dtypes)


def test_what_was_planned_and_not_read_is_skipped_and_a_gap(folder):
    rows = Inventory.load(folder).coverage().set_index("collector")["status"].to_dict()
    assert rows == {"snapshots": "complete", "images": "skipped"}
    assert set(Inventory.load(folder).gaps()["frame"]) == {
        "images",
        "image_tags",
        "image_block_devices",
        "product_codes",
    }


def test_an_interrupted_run_goes_on_where_it_stopped(folder):
    later = Manifest(as_of=datetime(2026, 3, 2, tzinfo=UTC), started_at=datetime(2026, 3, 2, tzinfo=UTC))
    writer, finished = Writer.start(folder, later)
    assert set(finished) == {(ACCOUNT, REGION, "snapshots")}
    writer.write(coverage("images", rows=0), {"images": FRAMES["images"].empty()})
    inventory = writer.finish()
    assert inventory.as_of == AS_OF
    assert len(inventory.read("snapshots")) == 2
    assert inventory.manifest.finished_at is not None
    assert list(inventory.manifest.files) == [f"inventory/snapshots/{ACCOUNT}/{REGION}.snapshots.parquet"]


def test_incomplete_parts_are_read_again(folder):
    writer, _ = Writer.start(folder, manifest())
    writer.write(coverage("images", "throttled"), {})
    writer.write(coverage("volumes"), {}, [coverage("volumes") | {"resource_id": "vol-1", "error_code": "x"}])
    assert set(Writer.start(folder, manifest())[1]) == {(ACCOUNT, REGION, "snapshots")}


def test_a_journal_cut_off_in_its_last_line_costs_that_part_only(folder):
    journal = folder / "journal.jsonl"
    journal.write_text(journal.read_text() + '{"coverage": {"account_id": "1111')
    assert set(Writer.start(folder, manifest())[1]) == {(ACCOUNT, REGION, "snapshots")}


def test_a_journal_damaged_in_the_middle_is_refused(folder):
    journal = folder / "journal.jsonl"
    journal.write_text("garbage\n" + journal.read_text())
    with pytest.raises(InventoryError, match="damaged in line 1"):
        Inventory.load(folder)


@pytest.mark.parametrize("damage", [b"", b"PAR1 not really", None])
def test_a_damaged_file_is_named_and_collecting_again_mends_it(folder, damage):
    path = folder / "inventory" / "snapshots" / ACCOUNT / f"{REGION}.snapshots.parquet"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    with pytest.raises(InventoryError, match=f"{REGION}.snapshots.parquet") as error:
        Inventory.load(folder).read("snapshots")
    assert "auditor collect" in error.value.hint
    assert Writer.start(folder, manifest())[1] == {}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"made_by": "somebody"}', '{"made_by": "auditor", "format": 1}', "\x00"]
)
def test_a_foreign_manifest_is_refused(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InventoryError, match="not a manifest that auditor wrote"):
        Inventory.load(tmp_path)


def test_a_newer_format_is_refused_with_both_numbers(folder):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(InventoryError, match="format 99, this version reads 1"):
        Inventory.load(folder)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InventoryError, match="is not a run folder"):
        Inventory.load(tmp_path / "nowhere")


def test_collecting_into_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(InventoryError, match="holds no auditor run"):
        Writer.start(tmp_path, manifest())
    assert (tmp_path / "thesis.doc").read_text() == "precious"


def test_an_inventory_in_memory_reads_the_same():
    gap = {"resource_id": "snap-9", "error_code": "InvalidSnapshot.NotFound"}
    inventory = Inventory.of(
        {"snapshots": snapshots("snap-1")}, AS_OF, [coverage(status="truncated")], [coverage() | gap]
    )
    assert inventory.partitions == [(ACCOUNT, REGION)]
    assert set(inventory.gaps()["frame"]) == {"snapshots", "snapshot_tags"}
    assert inventory.read("images").empty
    assert len(inventory.read("snapshots", ACCOUNT, REGION)) == 1
    assert inventory.read("snapshots", "999999999999").empty
