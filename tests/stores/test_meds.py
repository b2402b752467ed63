"""A MEDS data set on disk: whose it is, and that equal files stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import Fatal, Retriable
from stores.meds import METADATA, ROW_GROUP_ROWS, BucketState, MedsStore

SCHEMA = pa.schema([("subject_id", pa.int64())])


def _batches(rows: int, size: int, name: str = "train/0-0") -> Iterator[tuple[str, pa.RecordBatch]]:
    for start in range(0, rows, size):
        values = pa.array(range(start, min(start + size, rows)), pa.int64())
        yield name, pa.record_batch([values], schema=SCHEMA)


def _keep(store: MedsStore, sizes: dict[str, int], rows: int = 3) -> None:
    table = SCHEMA.empty_table()
    store.keep(0, BucketState("d", sizes, rows, rows), table, table)


@pytest.fixture
def store(tmp_path: Path) -> MedsStore:
    return MedsStore(tmp_path / "meds", "home")


def test_the_same_rows_give_the_same_file_however_batched(store: MedsStore) -> None:
    rows = ROW_GROUP_ROWS * 2 + 5
    with store.writing():
        store.write_bucket(0, _batches(rows, 1000), SCHEMA)
    with store.writing():
        _, count = store.write_bucket(0, _batches(rows, 70_000), SCHEMA)
        assert store.changes.kept == ["train/0-0"] and not store.changes
    assert count == rows
    shard = pq.ParquetFile(store.root / "data/train/0-0.parquet")
    assert shard.metadata.num_row_groups == 3 and shard.read()["subject_id"].to_pylist() == list(range(rows))


def test_a_bucket_is_up_to_date_until_it_is_touched(store: MedsStore) -> None:
    with store.writing():
        assert store.bucket(0) is None
        sizes, _ = store.write_bucket(0, _batches(3, 3), SCHEMA)
        assert store.bucket(0) is None, "not before it is noted"
        _keep(store, sizes)
    assert store.bucket(0) == BucketState("d", sizes, 3, 3)
    path = store.root / "data/train/0-0.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert store.bucket(0) is None, "a shard of another size"


def test_the_data_set_says_that_it_is_whole(store: MedsStore) -> None:
    with store.writing():
        sizes, _ = store.write_bucket(0, _batches(3, 3), SCHEMA)
        _keep(store, sizes)
        for name in METADATA[1:]:
            store.write_table(name, [], SCHEMA)
        assert not store.is_whole(1)
        store.finish({"dataset_name": "x"}, {"made_from": "m"})
    assert store.is_whole(1) and store.export()["made_from"] == "m"
    with store.writing():
        store.write_bucket(0, _batches(4, 4), SCHEMA)
        assert not (store.root / METADATA[0]).exists(), "gone before the first change"


def test_a_shard_without_rows_goes(store: MedsStore) -> None:
    with store.writing():
        store.write_bucket(0, [*_batches(3, 3), *_batches(3, 3, "tuning/0-0")], SCHEMA)
        store.write_bucket(10, _batches(3, 3, "train/10-0"), SCHEMA)
        store.write_bucket(0, _batches(3, 3), SCHEMA)
        assert store.changes.removed == ["tuning/0-0"]
    assert sorted(p.name for p in (store.root / "data").rglob("*.parquet")) == ["0-0.parquet", "10-0.parquet"]


def test_buckets_that_the_lake_has_no_more_go(store: MedsStore) -> None:
    with store.writing():
        sizes, _ = store.write_bucket(5, _batches(3, 3, "train/5-0"), SCHEMA)
        store.keep(5, BucketState("d", sizes, 3, 3), SCHEMA.empty_table(), SCHEMA.empty_table())
        store.remove_buckets(5)
        assert store.changes.removed == ["train/5-0"]
    assert not list((store.root / ".nightrounds").glob("5*"))


def test_what_is_not_ours_is_left_alone(tmp_path: Path, store: MedsStore) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(Fatal, match="not empty"), MedsStore(tmp_path / "other", "home").writing():
        pass
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["thesis.txt"]
    with store.writing():
        pass
    with pytest.raises(Fatal, match="another home"), MedsStore(store.root, "elsewhere").writing():
        pass


def test_one_export_at_a_time(store: MedsStore) -> None:
    with store.writing(), pytest.raises(Retriable, match="at work"), MedsStore(store.root, "home").writing():
        pass
    with store.writing():
        pass


def test_an_export_that_breaks_off_leaves_no_scratch(store: MedsStore) -> None:
    def broken() -> Iterator[tuple[str, pa.RecordBatch]]:
        yield from _batches(3, 3)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"), store.writing():
        store.write_bucket(0, broken(), SCHEMA)
    assert not store.scratch.exists() and not list(store.root.rglob("*.parquet"))


def test_only_its_owner_may_read_it(store: MedsStore) -> None:
    with store.writing():
        sizes, _ = store.write_bucket(0, _batches(3, 3), SCHEMA)
        _keep(store, sizes)
    for path in store.root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name
    assert "subject" not in json.dumps(store.export())
