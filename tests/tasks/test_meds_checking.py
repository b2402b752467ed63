"""The check of a MEDS data set finds each way to break the standard's rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import Fatal
from tasks.meds.checking import check_meds

DATA = pa.schema(
    [
        pa.field("subject_id", pa.int64()),
        pa.field("time", pa.timestamp("us")),
        pa.field("code", pa.string()),
        pa.field("numeric_value", pa.float32()),
        pa.field("text_value", pa.large_string()),
    ]
)
CODES = pa.schema(
    [("code", pa.string()), ("description", pa.string()), ("parent_codes", pa.list_(pa.string()))]
)
SPLITS = pa.schema([("subject_id", pa.int64()), ("split", pa.string())])
Rows = list[tuple[Any, ...]]

TRAIN: Rows = [
    (1, None, "SEX//F", None, None),
    (1, datetime(1950, 1, 1), "MEDS_BIRTH", None, None),
    (1, datetime(2020, 1, 1), "A", 1.5, None),
    (1, datetime(2020, 1, 1), "B", None, "words"),
    (5, datetime(1960, 1, 1), "MEDS_BIRTH", None, None),
]
HELD_OUT: Rows = [(2, datetime(1970, 1, 1), "MEDS_BIRTH", None, None)]


def _write(path: Path, rows: Rows, schema: pa.Schema, group: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    pq.write_table(table, path, row_group_size=group)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data set by hand, in row groups of two rows."""
    _write(tmp_path / "data/train/0.parquet", TRAIN, DATA)
    _write(tmp_path / "data/held_out/0.parquet", HELD_OUT, DATA)
    names = ["SEX//F", "MEDS_BIRTH", "A", "B"]
    _write(tmp_path / "metadata/codes.parquet", [(name, None, None) for name in names], CODES)
    splits: Rows = [(1, "train"), (2, "held_out"), (5, "train")]
    _write(tmp_path / "metadata/subject_splits.parquet", splits, SPLITS)
    (tmp_path / "metadata/dataset.json").write_text(
        json.dumps({"dataset_name": "x", "meds_version": "0.4.1"})
    )
    return tmp_path


def test_a_sound_data_set(root: Path) -> None:
    checked = check_meds(root)
    assert checked.findings == []
    assert (checked.shards, checked.subjects, checked.events, checked.codes) == (2, 3, 6, 4)


def _train(change: Callable[[Rows], Rows]) -> Callable[[Path], None]:
    return lambda root: _write(root / "data/train/0.parquet", change(list(TRAIN)), DATA)


def _splits(rows: Rows) -> Callable[[Path], None]:
    return lambda root: _write(root / "metadata/subject_splits.parquet", rows, SPLITS)


def _other_type(root: Path) -> None:
    schema = DATA.set(0, pa.field("subject_id", pa.int32()))
    _write(root / "data/train/0.parquet", TRAIN, schema)


def _both_shards(root: Path) -> None:
    _write(root / "data/train/1.parquet", [(5, datetime(2021, 1, 1), "A", None, None)], DATA)


def _cut(name: str) -> Callable[[Path], None]:
    def cut(root: Path) -> None:
        (root / name).write_bytes((root / name).read_bytes()[:-9])

    return cut


LATER = datetime(2021, 1, 1)
SHARD, CODES_FILE = "data/train/0", "metadata/codes.parquet"
SPLITS_FILE, DATASET_FILE = "metadata/subject_splits.parquet", "metadata/dataset.json"


def _more(*row: Any) -> Callable[[Path], None]:
    return _train(lambda rows: [*rows, (*row, None, None)])


def _twice(root: Path) -> None:
    _write(root / CODES_FILE, [(n, None, None) for n in ("SEX//F", "MEDS_BIRTH", "A", "B", "B")], CODES)


def _remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def _odd_values(root: Path) -> None:
    (root / DATASET_FILE).write_text('{"dataset_name": 5}')


BROKEN: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "not sorted": (_train(lambda r: [r[0], r[2], r[1], *r[3:]]), "sorted", SHARD),
    "static after a time": (_train(lambda r: [r[1], r[0], *r[2:]]), "static first", SHARD),
    "static after a time, over a group": (_train(lambda r: [r[1], r[2], r[0], *r[3:]]), "static first", SHARD),
    "not contiguous": (_train(lambda r: [*r[:2], r[4], *r[2:4]]), "contiguous", SHARD),
    "a code unknown": (_more(5, LATER, "Z"), "codes known", SHARD),
    "an empty code": (_more(5, LATER, ""), "codes named", SHARD),
    "no code": (_more(5, LATER, None), "schema", SHARD),
    "no subject": (_more(None, LATER, "A"), "schema", SHARD),
    "another type": (_other_type, "schema", SHARD),
    "a subject in two shards": (_both_shards, "one shard", "data"),
    "a subject without a split": (_splits([(1, "train"), (2, "held_out")]), "splits cover", SPLITS_FILE),
    "a subject of another split": (
        _splits([(1, "train"), (2, "held_out"), (5, "held_out")]), "split of shard", SHARD,
    ),
    "a subject with two splits": (
        _splits([(1, "train"), (2, "held_out"), (5, "train"), (5, "train")]), "splits once", SPLITS_FILE,
    ),
    "a code twice": (_twice, "codes once", CODES_FILE),
    "no table of codes": (_remove(CODES_FILE), "readable", CODES_FILE),
    "no dataset.json": (_remove(DATASET_FILE), "metadata", DATASET_FILE),
    "dataset.json cut off": (_cut(DATASET_FILE), "metadata", DATASET_FILE),
    "dataset.json of odd values": (_odd_values, "schema", DATASET_FILE),
    "a shard cut off": (_cut("data/train/0.parquet"), "readable", SHARD),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_what_breaks_a_rule_is_found(root: Path, broken: str) -> None:
    damage, rule, where = BROKEN[broken]
    damage(root)
    checked = check_meds(root)
    assert (rule, where) in {(f.rule, f.where) for f in checked.findings if f.severity == "error"}
    assert checked.errors


def test_what_the_standard_allows_is_no_error(root: Path) -> None:
    (root / "metadata/subject_splits.parquet").unlink()
    _write(root / "data/train/9.parquet", [], DATA)
    (root / "metadata/dataset.json").write_text("{}")
    checked = check_meds(root)
    assert checked.errors == 0 and {f.rule for f in checked.findings} == {"splits", "version"}


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="no MEDS data set"):
        check_meds(tmp_path)
