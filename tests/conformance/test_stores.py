"""What the stores owe: whatever is written twice stands once, and what is replaced is gone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.schemas import LAKE, LakeTable
from stores.lake import Lake

SOURCE, OWNERS = "somewhere", (11, 12)
TABLES = sorted(name for name, table in LAKE.items() if not table.derived)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """An empty lake."""
    return Lake(tmp_path_factory.mktemp("lake"), buckets=2)


def _value(kind: pa.DataType, seed: int) -> object:
    if pa.types.is_list(kind):
        return [_value(kind.value_type, seed), _value(kind.value_type, seed + 1)]
    if pa.types.is_string(kind):
        return f"text {seed}"
    if pa.types.is_boolean(kind):
        return seed % 2 == 0
    if pa.types.is_floating(kind):
        return seed + 0.5
    if pa.types.is_date32(kind):
        return dt.date(2000, 1, 1) + dt.timedelta(days=seed)
    return dt.datetime(2000, 1, 1) + dt.timedelta(minutes=seed) if pa.types.is_timestamp(kind) else seed


def _rows(table: LakeTable, owners: tuple[int, ...], seed: int = 0) -> list[pa.RecordBatch]:
    """One row for each owner, every column filled."""
    rows = []
    for number, owner in enumerate(owners):
        values = {
            f.name: _value(f.type, 100 * owner + 10 * number + seed + i) for i, f in enumerate(table.schema)
        }
        rows.append({**values, "_owner": owner, "_recipe": "r"})
    own = [pa.field("_owner", pa.int64()), pa.field("_recipe", pa.string())]
    batches: list[pa.RecordBatch] = pa.Table.from_pylist(rows, pa.schema([*table.schema, *own])).to_batches()
    return batches


@pytest.mark.parametrize("table", TABLES)
def test_replacing_is_idempotent(lake: Lake, table: str) -> None:
    declared = LAKE[table]
    first = lake.replace(table, SOURCE, OWNERS, _rows(declared, OWNERS), publish=(f"a:{table}", 1))
    digest = lake.content_digest(table)
    assert first.changed and first.rows_written == len(OWNERS)
    again = lake.replace(table, SOURCE, OWNERS, _rows(declared, OWNERS), publish=(f"a:{table}", 2))
    assert not again.changed and again.version == first.version
    other = lake.replace(
        table, SOURCE, OWNERS[:1], _rows(declared, OWNERS[:1], seed=1), publish=(f"a:{table}", 3)
    )
    assert other.changed and lake.content_digest(table) != digest
    back = lake.replace(table, SOURCE, OWNERS[:1], _rows(declared, OWNERS[:1]), publish=(f"a:{table}", 4))
    assert back.changed and lake.content_digest(table) == digest
    gone = lake.replace(table, SOURCE, OWNERS, [], publish=(f"a:{table}", 5))
    assert gone.changed and lake.read(table).num_rows == 0


@pytest.mark.parametrize("table", TABLES)
def test_a_source_never_touches_another(tmp_path: Path, table: str) -> None:
    lake, declared = Lake(tmp_path, buckets=2), LAKE[table]
    lake.replace(table, "a", OWNERS, _rows(declared, OWNERS), publish=("a", 1))
    lake.replace(table, "b", (21,), _rows(declared, (21,)), publish=("b", 1))
    digest = lake.content_digest(table)
    lake.replace(table, "b", (21,), [], publish=("b", 2))
    lake.replace(table, "b", (21,), _rows(declared, (21,)), publish=("b", 3))
    assert lake.content_digest(table) == digest
    assert sorted(lake.read(table)["_source"].to_pylist()) == ["a", "a", "b"]


@pytest.mark.parametrize("table", TABLES)
def test_a_publication_counts_once(tmp_path: Path, table: str) -> None:
    lake, declared = Lake(tmp_path, buckets=2), LAKE[table]
    first = lake.replace(table, SOURCE, OWNERS, _rows(declared, OWNERS), publish=("night", 1))
    repeated = lake.replace(table, SOURCE, OWNERS, [], publish=("night", 1))
    assert repeated == first
    assert lake.read(table).num_rows == len(OWNERS)
