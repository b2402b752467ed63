"""The lake against a plain-dict model, on real Delta tables."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Fatal, Retriable
from contracts.schemas import LAKE
from stores import lake_replace
from stores.lake import Lake
from stores.lake_files import list_files

UNMAPPED = "records.unmapped"
CALL = "genomics.call"
EDGE = "graph.edge"


def unmapped(rows: Sequence[tuple[int, int, int | None, str]], recipe: str = "r1") -> pa.RecordBatch:
    """(owner, record_id, person_id, text) rows."""
    return pa.record_batch(
        {
            "record_id": pa.array([r[1] for r in rows], pa.int64()),
            "person_id": pa.array([r[2] for r in rows], pa.int64()),
            "record_type": pa.array(["Claim"] * len(rows), pa.string()),
            "resource": pa.array([r[3] for r in rows], pa.string()),
            "_owner": pa.array([r[0] for r in rows], pa.int64()),
            "_recipe": pa.array([recipe] * len(rows), pa.string()),
        }
    )


def stored(lake: Lake, table: str = UNMAPPED) -> Counter[tuple[Any, ...]]:
    """(source, owner, bucket, record_id, person_id, resource) of all rows, with how often each occurs."""
    names = ["_source", "_owner", "_bucket", "record_id", "person_id", "resource"]
    return Counter(tuple(row[n] for n in names) for row in lake.read(table).to_pylist())


rows_of_owner = st.lists(
    st.tuples(
        st.integers(1, 5), st.one_of(st.none(), st.integers(1, 40)), st.sampled_from(["a", "b", "ä" * 300])
    ),
    max_size=3,
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["north", "south"]),
        st.dictionaries(st.integers(1, 6), rows_of_owner, max_size=4),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps)
def test_replace_equals_the_model(plan: list[tuple[str, dict[int, Any], bool]]) -> None:
    model: dict[tuple[str, int], list[tuple[int, int | None, str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder), buckets=4)
        for number, (source, owners, whole) in enumerate(plan):
            before = {k: Counter(v) for k, v in model.items() if v}
            if whole:
                model = {k: v for k, v in model.items() if k[0] != source}
            model.update({(source, owner): list(rows) for owner, rows in owners.items()})
            after = {k: Counter(v) for k, v in model.items() if v}
            rows = [(owner, *row) for owner, several in owners.items() for row in several]
            batches = [unmapped([row], recipe=f"r{number}") for row in rows]
            version = lake.version(UNMAPPED)
            receipt = lake.replace(
                UNMAPPED, source, list(owners), batches, publish=("t", number), whole_source=whole
            )
            assert receipt.changed == (before != after)
            if not receipt.changed:
                assert lake.version(UNMAPPED) == version
            if lake.version(UNMAPPED) is None:
                continue
            want: Counter[tuple[Any, ...]] = Counter()
            for (origin, owner), several in model.items():
                for record, person, text in several:
                    bucket = (owner if person is None else person) % 4
                    want[origin, owner, bucket, record, person, text] += 1
            assert stored(lake) == want
            assert lake.rows(UNMAPPED) == want.total()


def test_no_op_keeps_the_recipe_and_writes_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [(1, 1, 7, "x"), (1, 2, None, "y"), (2, 3, 8, "z")]
    lake.replace(UNMAPPED, "ehr", [1, 2], [unmapped(rows)], publish=("a", 1))
    files = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    receipt = lake.replace(UNMAPPED, "ehr", [2, 1], [unmapped(rows[::-1], "r2")], publish=("a", 2))
    assert (receipt.changed, receipt.version) == (False, 1)
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == files
    assert set(lake.read(UNMAPPED).column("_recipe").to_pylist()) == {"r1"}


def test_only_differing_owners_are_rewritten(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(UNMAPPED, "ehr", [1, 2], [unmapped([(1, 1, 7, "x"), (2, 3, 8, "z")])], publish=("a", 1))
    changed = unmapped([(1, 1, 7, "x"), (2, 3, 8, "new"), (3, 4, 8, "w")], "r2")
    receipt = lake.replace(UNMAPPED, "ehr", [1, 2, 3], [changed], publish=("a", 2))
    assert (receipt.rows_written, receipt.rows_removed) == (2, 1)
    recipes = dict(
        zip(*(lake.read(UNMAPPED).column(n).to_pylist() for n in ("_owner", "_recipe")), strict=True)
    )
    assert recipes == {1: "r1", 2: "r2", 3: "r2"}


def test_the_same_publish_id_commits_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "x")])], publish=("a", 1))
    lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "y")])], publish=("b", 1))
    again = lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "x")])], publish=("a", 1))
    assert again == first
    assert lake.version(UNMAPPED) == 2
    assert lake.read(UNMAPPED).column("resource").to_pylist() == ["y"]


def test_a_lost_race_starts_again_from_the_newest_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "x")])], publish=("a", 1))
    commit = lake_replace.commit
    overtaken: list[int] = []

    def overtake(*args: Any, **named: Any) -> int:
        if not overtaken:
            overtaken.append(1)
            lake.replace(UNMAPPED, "ehr", [2], [unmapped([(2, 2, 7, "other")])], publish=("b", 1))
        return commit(*args, **named)

    monkeypatch.setattr(lake_replace, "commit", overtake)
    lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "mine")])], publish=("a", 2))
    assert sorted(lake.read(UNMAPPED).column("resource").to_pylist()) == ["mine", "other"]
    assert lake.version(UNMAPPED) == 3


def test_races_without_end_are_retriable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from deltalake.exceptions import CommitFailedError

    def always(*_: Any, **__: Any) -> int:
        raise CommitFailedError("overtaken")

    lake = Lake(tmp_path)
    monkeypatch.setattr(lake_replace, "commit", always)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(Retriable):
        lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "x")])], publish=("a", 1))
    assert lake.rows(UNMAPPED) == 0


_KILLED = """
import os, sys
from pathlib import Path
from stores import lake_replace
from stores.lake import Lake
from tests.stores.test_lake import unmapped, UNMAPPED
moment = sys.argv[2]
commit = lake_replace.commit
def die(*args, **named):
    if moment == "after":
        commit(*args, **named)
    os.kill(os.getpid(), 9)
lake_replace.commit = die
Lake(Path(sys.argv[1])).replace(UNMAPPED, "ehr", [1, 2], [unmapped([(1, 1, 7, "new"), (2, 2, 7, "b")])],
                                publish=("a", 2))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_about_the_commit_then_run_again(tmp_path: Path, moment: str) -> None:
    lake = Lake(tmp_path)
    lake.replace(UNMAPPED, "ehr", [1], [unmapped([(1, 1, 7, "x")])], publish=("a", 1))
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), moment], cwd=root, check=False)
    assert killed.returncode == -9
    assert lake.read(UNMAPPED).column("resource").to_pylist() == (
        ["x"] if moment == "before" else ["new", "b"]
    )
    rows = unmapped([(1, 1, 7, "new"), (2, 2, 7, "b")])
    receipt = lake.replace(UNMAPPED, "ehr", [1, 2], [rows], publish=("a", 2))
    assert (receipt.version, receipt.rows_written, receipt.rows_removed) == (2, 2, 1)
    assert sorted(lake.read(UNMAPPED).column("resource").to_pylist()) == ["b", "new"]
    assert list((tmp_path / ".spool").iterdir()) == []
    removed = lake.vacuum(UNMAPPED)
    assert removed == (2 if moment == "before" else 1)
    assert sorted(lake.read(UNMAPPED).column("resource").to_pylist()) == ["b", "new"]


def call(owner: int, record: int, **further: pa.Array) -> pa.RecordBatch:
    """A row of the open table `genomics.call`."""
    columns = {
        "record_id": pa.array([record], pa.int64()),
        "file_id": pa.array([owner], pa.int64()),
        "genotype": pa.array([[[0, None], None, [1]]], pa.list_(pa.list_(pa.int16()))),
        "phased": pa.array([[True, None, False]], pa.list_(pa.bool_())),
        "_owner": pa.array([owner], pa.int64()),
        "_recipe": pa.array(["r"], pa.string()),
    }
    return pa.record_batch({**columns, **further})


def test_open_tables_take_further_columns(tmp_path: Path) -> None:
    lake = Lake(tmp_path, 2)
    depth = pa.array([[3, None, 5]], pa.list_(pa.uint16()))
    quality = pa.array([[0.5, 1.5]], pa.list_(pa.float32()))
    lake.replace(CALL, "vcf", [1], [call(1, 1, format_DP=depth)], publish=("a", 1))
    both = [call(2, 2, format_GQ=quality), call(2, 3)]
    assert lake.replace(CALL, "vcf", [2], both, publish=("a", 2)).rows_written == 2
    table = lake.read(CALL).sort_by("record_id")
    assert table.column("format_DP").to_pylist() == [[3, None, 5], None, None]
    assert table.column("format_GQ").to_pylist() == [None, [0.5, 1.5], None]
    assert table.column("genotype").to_pylist() == [[[0, None], None, [1]]] * 3
    assert not lake.replace(CALL, "vcf", [1], [call(1, 1, format_DP=depth)], publish=("a", 3)).changed
    lake.replace(CALL, "vcf", [1, 2], [call(1, 1)], publish=("a", 4))
    frame = lake.scan(CALL).collect()
    assert frame["format_GQ"].to_list() == [None]
    connection = lake.connect()
    assert connection.sql("SELECT record_id, format_DP, format_GQ FROM genomics.call").fetchall() == [
        (1, None, None)
    ]


def test_a_further_column_may_not_change_its_type(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(CALL, "vcf", [1], [call(1, 1, format_DP=pa.array([[3]]))], publish=("a", 1))
    with pytest.raises(Fatal, match="format_DP"):
        lake.replace(CALL, "vcf", [2], [call(2, 2, format_DP=pa.array([["x"]]))], publish=("a", 2))


@pytest.mark.parametrize("table", sorted(LAKE))
def test_every_table_is_written_and_read_in_its_types(tmp_path: Path, table: str) -> None:
    declared = LAKE[table].own_schema
    values: dict[pa.DataType, Any] = {
        pa.int64(): 2**62,
        pa.int32(): 7,
        pa.string(): "text",
        pa.date32(): 9000,
        pa.timestamp("us"): 10**15,
        pa.bool_(): True,
        pa.float32(): 0.5,
        pa.float64(): 0.1,
        pa.list_(pa.string()): ["a", None],
        pa.list_(pa.int32()): [7, None],
        pa.list_(pa.int64()): [2**62, None],
        pa.list_(pa.float64()): [0.25],
        pa.list_(pa.bool_()): [True, None],
        pa.list_(pa.list_(pa.int16())): [[0, 1], None],
    }
    columns = {
        f.name: pa.array([values[f.type], None if f.nullable else values[f.type]], type=f.type)
        for f in declared
    }
    batch = pa.record_batch(
        {name: column for name, column in columns.items() if name not in ("_source", "_bucket")}
    )
    lake = Lake(tmp_path)
    lake.replace(table, "some", [2**62], [batch], publish=("a", 1))
    read = lake.read(table)
    assert [(f.name, f.type) for f in read.schema] == [(f.name, f.type) for f in declared]
    for f in LAKE[table].schema:
        assert sorted(map(repr, read.column(f.name).to_pylist())) == sorted(
            map(repr, columns[f.name].to_pylist())
        )
    assert lake.scan(table).collect().height == 2
    assert lake.connect(own_columns=True).sql(f"SELECT * FROM {table}").arrow().read_all().num_rows == 2


def test_rows_that_do_not_fit_are_refused_without_their_values(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    good = unmapped([(1, 1, 7, "secret")])
    bad = good.set_column(0, "record_id", pa.array(["secret"]))
    for rows in (bad, good.drop_columns(["resource"]), good.append_column("more", pa.array([1]))):
        with pytest.raises(Fatal) as caught:
            lake.replace(UNMAPPED, "ehr", [1], [rows], publish=("a", 1))
        assert "secret" not in str(caught.value)
    with pytest.raises(Fatal):
        lake.replace(UNMAPPED, "ehr", [2], [good], publish=("a", 1))
    with pytest.raises(Fatal):
        lake.replace(UNMAPPED, "ehr' OR 1=1", [1], [good], publish=("a", 1))
    null = good.set_column(3, "resource", pa.array([None], pa.string()))
    with pytest.raises(Fatal, match="required"):
        lake.replace(UNMAPPED, "ehr", [1], [null], publish=("a", 1))
    assert lake.tables() == []


def edges(rows: Sequence[tuple[int, int | None, str]]) -> pa.RecordBatch:
    """(edge_id, person_id, kind) rows of a derived table."""
    return pa.record_batch(
        {
            "edge_id": pa.array([r[0] for r in rows], pa.int64()),
            "kind": pa.array([r[2] for r in rows], pa.string()),
            "from_node": pa.array([1] * len(rows), pa.int64()),
            "to_node": pa.array([2] * len(rows), pa.int64()),
            "person_id": pa.array([r[1] for r in rows], pa.int64()),
        }
    )


def test_derived_tables_are_replaced_by_bucket(tmp_path: Path) -> None:
    lake = Lake(tmp_path, 4)
    every = [(i, i, "has") for i in range(20)] + [(99, None, "has")]
    assert lake.replace_buckets(EDGE, range(4), [edges(every)], ("d", 1)).rows_written == 21
    kept = {f.path for f in list_files(lake._target(EDGE).open()) if f.bucket != 2}
    fresh = [(i, p, k) for i, p, k in every if p is not None and p % 4 == 2 and p != 10]
    receipt = lake.replace_buckets(
        EDGE, [1, 2], [edges([r for r in every if r[1] and r[1] % 4 == 1] + fresh)], ("d", 2)
    )
    assert (receipt.rows_written, receipt.rows_removed) == (4, 5)
    assert {f.path for f in list_files(lake._target(EDGE).open()) if f.bucket != 2} == kept
    assert not lake.replace_buckets(EDGE, [2], [edges(fresh)], ("d", 3)).changed
    assert lake.replace_buckets(EDGE, [0, 1, 2, 3], [], ("d", 4)).rows_removed == 20
    assert lake.rows(EDGE) == 0
    with pytest.raises(Fatal):
        lake.replace_buckets(EDGE, [2], [edges([(1, 1, "has")])], ("d", 5))


def test_content_digest_does_not_depend_on_how_rows_were_written(tmp_path: Path) -> None:
    one, two = Lake(tmp_path / "1", 8), Lake(tmp_path / "2", 3)
    rows = [(i % 9, i, None if i % 4 else i, "x" * (i % 600)) for i in range(700)]
    one.replace(UNMAPPED, "ehr", range(9), [unmapped(rows)], publish=("a", 1))
    for owner in range(9):
        mine = [unmapped([row], f"r{owner}") for row in reversed(rows) if row[0] == owner]
        two.replace(UNMAPPED, "other", [owner], mine, publish=("a", owner))
    digest = one.content_digest(UNMAPPED)
    assert two.content_digest(UNMAPPED) == digest
    code = (
        "import sys; from pathlib import Path; from stores.lake import Lake;"
        f"print(Lake(Path(sys.argv[1])).content_digest({UNMAPPED!r}))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "1")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest
    two.replace(UNMAPPED, "other", [5], [unmapped([(5, 5, 5, "other")])], publish=("a", 20))
    assert two.content_digest(UNMAPPED) != digest


def test_content_digest_is_pinned(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(
        UNMAPPED, "ehr", [1], [unmapped([(1, 2, 3, "four"), (1, 5, None, "ä" * 400)])], publish=("a", 1)
    )
    lake.replace(CALL, "vcf", [1], [call(1, 1, format_DP=pa.array([[3, None]]))], publish=("a", 1))
    assert lake.content_digest(UNMAPPED)[:16] == "48035ba9d31b8b78"
    assert lake.content_digest(CALL)[:16] == "e268a5ac681e0c14"


def test_compaction_keeps_rows_and_vacuum_keeps_pinned_versions(tmp_path: Path) -> None:
    lake = Lake(tmp_path, 2)
    digests = {}
    for owner in range(12):
        rows = [unmapped([(owner, owner * 10 + i, i, "x") for i in range(6)])]
        receipt = lake.replace(UNMAPPED, "ns"[owner % 2] * 3, [owner], rows, publish=("a", owner))
        digests[receipt.version] = lake.content_digest(UNMAPPED)
    newest = max(digests)
    assert lake.version(UNMAPPED) == newest
    receipt = lake.compact(UNMAPPED)
    assert receipt.changed
    assert receipt.version == newest + 1
    assert len(list_files(lake._target(UNMAPPED).open())) == 4  # two buckets, two sources
    assert lake.content_digest(UNMAPPED) == digests[newest]
    assert not lake.compact(UNMAPPED).changed
    assert lake.vacuum(UNMAPPED, keep_versions=[3]) > 0
    assert lake.version(UNMAPPED) == receipt.version
    assert lake.content_digest(UNMAPPED, 3) == digests[3]
    assert lake.connect({UNMAPPED: 3}).sql(f"SELECT count(*) FROM {UNMAPPED}").fetchall() == [(18,)]
    assert lake.content_digest(UNMAPPED) == digests[newest]
    with pytest.raises(Fatal):
        lake.vacuum(UNMAPPED, keep_versions=[99])


def test_erasing_history_leaves_no_byte(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    owner, record, text = 5_876_543_210_123_456_789, 4_123_456_789_012_345_678, "zebrafinch-canary"
    rows = [unmapped([(owner, record, 1, text)]), unmapped([(1, 1, 1, "stays")])]
    lake.replace(UNMAPPED, "ehr", [owner, 1], rows, publish=("a", 1))

    def found() -> list[str]:
        needles = [
            str(owner).encode(),
            owner.to_bytes(8, "little"),
            record.to_bytes(8, "little"),
            text.encode(),
        ]
        data = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
        return [repr(needle) for needle in needles if any(needle in d for d in data)]

    assert len(found()) == 4
    lake.replace(UNMAPPED, "ehr", [owner], [], publish=("a", 2))
    assert len(found()) == 4
    lake.erase_history(UNMAPPED)
    assert found() == []
    assert lake.read(UNMAPPED).column("resource").to_pylist() == ["stays"]
    assert lake.replace(UNMAPPED, "ehr", [1], [], publish=("a", 1)).changed is False  # publish ids survive
    lake.replace(UNMAPPED, "ehr", [2], [unmapped([(2, 2, 2, "more")])], publish=("a", 3))
    assert lake.rows(UNMAPPED) == 2


def test_reading(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "it's [odd] *")
    assert (lake.version(UNMAPPED), lake.versions(), lake.rows(UNMAPPED)) == (None, {}, 0)
    assert lake.read(UNMAPPED).num_rows == 0
    assert not lake.replace(UNMAPPED, "ehr", [1], [], publish=("a", 1)).changed
    assert lake.tables() == []
    assert lake.ensure(UNMAPPED) == lake.ensure(UNMAPPED) == 0
    assert lake.scan(UNMAPPED).collect().height == 0
    rows = [(1, 1, 7, "x"), (2, 2, None, "y")]
    lake.replace(UNMAPPED, "ehr", [1, 2], [unmapped(rows)], publish=("a", 1))
    lake.replace(UNMAPPED, "lab", [9], [unmapped([(9, 3, 7, "z")])], publish=("a", 2))
    assert lake.versions() == {UNMAPPED: 2}
    assert lake.owners(UNMAPPED, "ehr").to_pylist() == [1, 2]
    assert lake.owners(UNMAPPED, "lab").to_pylist() == [9]
    read = lake.read(UNMAPPED, columns=["resource", "_source"], where=pl.col("person_id") == 7)
    assert sorted(map(tuple, (r.values() for r in read.to_pylist()))) == [("x", "ehr"), ("z", "lab")]
    assert lake.read(UNMAPPED, version=1).num_rows == lake.rows(UNMAPPED, 1) == 2
    connection = lake.connect()
    assert connection.sql("SELECT * FROM records.unmapped").columns == LAKE[UNMAPPED].schema.names
    assert connection.sql("SELECT count(*) FROM records.unmapped WHERE person_id = 7").fetchall() == [(2,)]
    with pytest.raises(Fatal):
        lake.read(UNMAPPED, version=7)
    with pytest.raises(Fatal):
        lake.read("records.nothing")


_BIG = """
import sys
import numpy as np, pyarrow as pa
from pathlib import Path
from stores.lake import Lake
def batches(count, text):
    for start in range(0, count, 50_000):
        ids = np.arange(start, start + 50_000)
        yield pa.record_batch({
            "record_id": pa.array(ids), "person_id": pa.array(ids % 9973),
            "record_type": pa.array([text] * len(ids)),
            "resource": pa.array([f"{text} {i:060}" for i in ids.tolist()]),
            "_owner": pa.array(ids % 1000), "_recipe": pa.array(["r"] * len(ids))})
lake = Lake(Path(sys.argv[1]))
for number, (count, text) in enumerate([(2_000_000, "a"), (2_000_000, "b")]):
    lake.replace("records.unmapped", "ehr", range(1000), batches(count, text), publish=("a", number))
# Not ru_maxrss: Linux starts it at what the parent held when it forked.
peak_kib = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(int(peak_kib) // 1024, lake.rows("records.unmapped"))
"""


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """2,000,000 rows (over 200 MB in Arrow) replace as many: the peak stays far below what both take."""
    command = [sys.executable, "-c", _BIG, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    peak_mib, rows = map(int, done.stdout.split())
    assert rows == 2_000_000
    assert peak_mib < 450


def test_a_commit_without_rows_says_what_a_table_was_made_from(tmp_path: Path) -> None:
    lake = Lake(tmp_path, 2)
    rows = [edges([(1, 1, "has")])]
    first = lake.replace_buckets(EDGE, [0, 1], rows, ("d", 1), facts={"basis": "a"})
    content = lake.content_version(EDGE)
    assert first.changed and lake.last_fact(EDGE, "basis") == "a"
    second = lake.replace_buckets(EDGE, [0, 1], rows, ("d", 2), facts={"basis": "b"})
    assert (second.changed, second.version) == (False, first.version + 1)
    assert lake.replace_buckets(EDGE, [0, 1], rows, ("d", 2), facts={"basis": "b"}) == second, (
        "committed once"
    )
    assert lake.last_fact(EDGE, "basis") == "b"
    assert lake.content_version(EDGE) == content, "no row differs"
    assert (
        not lake.replace_buckets(EDGE, [0, 1], rows, ("d", 3)).changed
        and lake.version(EDGE) == second.version
    )
    lake.replace_buckets(EDGE, [0, 1], [edges([(1, 1, "had")])], ("d", 4))
    assert lake.last_fact(EDGE, "basis") is None
    assert lake.content_version(EDGE) != content


def test_compaction_is_no_new_content(tmp_path: Path) -> None:
    lake = Lake(tmp_path, 1)
    for owner in range(5):
        lake.replace(
            UNMAPPED, "ehr", [owner], [unmapped([(owner, owner, None, "x")])], publish=("a", owner + 1)
        )
    content = lake.content_version(UNMAPPED)
    assert lake.compact(UNMAPPED).changed
    assert lake.content_version(UNMAPPED) == content
    lake.erase_history(UNMAPPED)
    assert lake.content_version(UNMAPPED) is not None
    lake.replace(UNMAPPED, "ehr", [0], [], publish=("a", 9))
    assert lake.content_version(UNMAPPED) not in {content, None}
    assert Lake(tmp_path / "none").content_version(UNMAPPED) is None
    assert Lake(tmp_path / "none").last_fact(UNMAPPED, "basis") is None
