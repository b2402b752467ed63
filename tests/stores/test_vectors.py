"""Vectors against brute force in numpy, on real LanceDB tables."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.protocols import Receipt
from stores import vectors
from stores.vectors import Vectors

DIMENSION = 24


@dataclass
class SomeEncoder:
    """Names a table; the tests bring their own vectors."""

    name: str = "Some Encoder"
    digest: str = "0123456789abcdef"
    dimension: int = DIMENSION

    def encode(self, batch: Any) -> np.ndarray:
        raise NotImplementedError


ENCODER = SomeEncoder()


def unit_vectors(count: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


def rows(
    ids: list[int],
    texts: list[str],
    persons: list[int | None] | None = None,
    dates: list[dt.date | None] | None = None,
    embedded: np.ndarray | None = None,
) -> pa.Table:
    embedded = unit_vectors(len(ids), seed=ids[0] if ids else 0) if embedded is None else embedded
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "person_id": pa.array(persons or [None] * len(ids), pa.int64()),
            "source_id": pa.array(ids, pa.int64()),
            "chunk": pa.array([0] * len(ids), pa.int32()),
            "date": pa.array(dates or [None] * len(ids), pa.date32()),
            "text": pa.array(texts, pa.string()),
            "digest": pa.array([f"d{text}" for text in texts], pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(embedded.ravel(), pa.float32()), DIMENSION),
        }
    )


def ids_of(found: pa.Table) -> list[int]:
    return list(found.column("id").to_pylist())


def test_apply_is_idempotent(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    assert store.apply("note", ENCODER, rows([], []), []) == Receipt(
        store.table_name("note", ENCODER), -1, False
    )
    assert store.version("note", ENCODER) is None
    first = store.apply("note", ENCODER, rows([1, 2, 3], ["one", "two", "three"]), [])
    assert (first.changed, first.rows_written, first.rows_removed) == (True, 3, 0)
    again = store.apply("note", ENCODER, rows([1, 2, 3], ["one", "two", "three"]), [99])
    assert again == Receipt(first.table, first.version, False)
    changed = store.apply("note", ENCODER, rows([2, 4], ["zwei", "four"]), [3])
    assert (changed.rows_written, changed.rows_removed) == (2, 2)
    assert sorted(ids_of(store.digests("note", ENCODER))) == [1, 2, 4]
    assert store.versions() == {first.table: changed.version}
    assert store.rows("note", ENCODER) == 3
    assert store.rows("note", ENCODER, first.version) == 3


def test_a_person_moved_is_found_under_the_new_person_alone(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    store.apply("note", ENCODER, rows([1, 2], ["cough", "cough"], [7, 8]), [])
    assert store.apply("note", ENCODER, rows([1], ["cough"], [9]), []).rows_written == 1
    for persons, want in (([7], []), ([9], [1]), ([8, 9], [1, 2])):
        assert sorted(ids_of(store.search("note", ENCODER, None, "coughing", persons=persons))) == want
        assert (
            sorted(ids_of(store.search("note", ENCODER, unit_vectors(1)[0], None, persons=persons))) == want
        )
    digests = store.digests("note", ENCODER).sort_by("id")
    assert digests.column("person_id").to_pylist() == [9, 8]


def test_full_text_sees_changes_at_once(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    store.apply("note", ENCODER, rows([1, 2], ["shortness of breath", "broken arms"]), [])
    assert ids_of(store.search("note", ENCODER, None, "arm")) == [2]
    for round_ in range(4):
        text = f"fever number{round_} coughs"
        store.apply("note", ENCODER, rows([2, 10 + round_], [text, "naïve whale"]), [])
        assert ids_of(store.search("note", ENCODER, None, "arm")) == []
        assert ids_of(store.search("note", ENCODER, None, f"number{round_}")) == [2]
        assert ids_of(store.search("note", ENCODER, None, f"number{round_ - 1}")) == []
        assert sorted(ids_of(store.search("note", ENCODER, None, "whales"))) == list(range(10, 11 + round_))
    store.apply("note", ENCODER, rows([], []), [2])
    assert ids_of(store.search("note", ENCODER, None, "coughing")) == []


@pytest.mark.parametrize("indexed", [False, True])
def test_filters_are_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indexed: bool) -> None:
    if indexed:
        monkeypatch.setattr(vectors, "BRUTE_FORCE_ROWS", 1_000)
    generator = np.random.default_rng(5)
    count = 3_000
    persons = [int(p) for p in generator.integers(1, 60, count)]
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in generator.integers(0, 1_000, count)]
    words = ["cough", "fever", "pain", "rash"]
    texts = [words[i % 4] + f" case{i}" for i in range(count)]
    embedded = unit_vectors(count)
    store = Vectors(tmp_path)
    store.apply("note", ENCODER, rows(list(range(count)), texts, list(persons), list(days), embedded), [])
    gone = [int(i) for i in generator.integers(0, count, 300)]
    store.apply("note", ENCODER, rows([], []), gone)
    table = store._existing(store.table_name("note", ENCODER))
    assert any("vector" in index.columns for index in table.list_indices()) == indexed
    alive = np.setdiff1d(np.arange(count), gone)
    for trial in range(15):
        query = unit_vectors(1, 100 + trial)[0]
        who = [int(p) for p in generator.choice(60, 1 + trial % 3, replace=False)]
        low, high = dt.date(2020, 6, 1), dt.date(2021, 12, 31)
        fits = [i for i in alive.tolist() if persons[i] in who and low <= days[i] <= high]
        want = sorted(fits, key=lambda i: -float(embedded[i] @ query))[:10]
        named: dict[str, Any] = {"persons": who, "date_from": low, "date_to": high}
        found = store.search("note", ENCODER, query, None, **named)
        assert ids_of(found) == want
        assert np.allclose(found.column("score").to_pylist(), [embedded[i] @ query for i in want], atol=1e-5)
        hits = store.search("note", ENCODER, None, "fevers", k=500, **named)
        assert sorted(ids_of(hits)) == [i for i in fits if texts[i].startswith("fever")]
        both = store.search("note", ENCODER, query, "fever", **named)
        assert set(ids_of(both)) <= set(fits)
        assert len(ids_of(both)) == min(10, len(fits))
        assert both.equals(store.search("note", ENCODER, query, "fever", **named))


def test_fusion_prefers_what_both_rankings_hold(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    embedded = unit_vectors(40)
    texts = ["rash" if i in (5, 30) else "nothing" for i in range(40)]
    order = np.argsort(-(embedded @ embedded[5]))
    store.apply("note", ENCODER, rows(list(range(40)), texts, embedded=embedded), [])
    found = store.search("note", ENCODER, embedded[5], "rash", k=3)
    assert ids_of(found)[0] == 5
    assert 30 in ids_of(found)
    assert found.column("score")[0].as_py() == pytest.approx(2 / 61)
    assert ids_of(store.search("note", ENCODER, embedded[5], "  ", k=3)) == order[:3].tolist()


def test_a_search_without_anything_to_find(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    query = unit_vectors(1)[0]
    assert store.search("note", ENCODER, query, "x").num_rows == 0
    store.apply("note", ENCODER, rows([1], ["cough"], [7]), [])
    assert store.search("note", ENCODER, None, None).num_rows == 0
    assert store.search("note", ENCODER, query, "cough", persons=[]).num_rows == 0
    assert store.search("note", ENCODER, query, "cough", k=0).num_rows == 0
    assert "vector" not in store.search("note", ENCODER, query, "cough").schema.names
    for persons in (["1) OR (1=1"], [1.5]):
        with pytest.raises(TypeError):
            store.search("note", ENCODER, query, None, persons=persons)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        store.apply("note", ENCODER, rows([], []), ["1 OR 1=1"])  # type: ignore[list-item]


def test_rows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    good = rows([1, 2], ["a", "b"])
    wide = pa.FixedSizeListArray.from_arrays(pa.array([0.0] * 10, pa.float32()), 5)
    index = good.schema.get_field_index("vector")
    for bad in (
        rows([1, 1], ["a", "b"]),
        good.drop_columns(["digest"]),
        good.set_column(index, "vector", wide),
    ):
        with pytest.raises(Fatal):
            store.apply("note", ENCODER, bad, [])
    with pytest.raises(Fatal):
        store.apply("sound", ENCODER, good, [])
    assert store.tables() == []


def test_images_without_text_are_searched_by_vector(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    embedded = unit_vectors(3)
    table = rows([1, 2, 3], ["", "", ""], embedded=embedded).drop_columns(["text"])
    table = table.append_column("modality", pa.array(["CT", "MR", None]))
    assert store.apply("image", ENCODER, table, []).changed
    assert not store.apply("image", ENCODER, table, []).changed
    found = store.search("image", ENCODER, embedded[1], None, k=1)
    assert found.select(["id", "modality", "text"]).to_pylist() == [{"id": 2, "modality": "MR", "text": None}]
    assert store.search("image", ENCODER, None, "anything").num_rows == 0


def test_digest_and_names_tell_encoders_apart(tmp_path: Path) -> None:
    store, other = Vectors(tmp_path / "1"), Vectors(tmp_path / "2")
    newer = SomeEncoder(digest="ffff456789abcdef")
    assert store.table_name("note", ENCODER) == "note_some_encoder_0123456789ab"
    store.apply("note", ENCODER, rows([1, 2], ["a", "b"]), [])
    store.apply("note", newer, rows([1, 2], ["a", "b"]), [])
    assert len(store.tables()) == 2
    other.apply("note", ENCODER, rows([2, 5], ["b", "gone"]), [])
    other.apply("note", ENCODER, rows([1], ["a"]), [5])
    digest = store.content_digest("note", ENCODER)
    assert other.content_digest("note", ENCODER) == digest
    assert store.content_digest("note", newer) != digest
    other.apply("note", ENCODER, rows([1], ["changed"]), [])
    assert other.content_digest("note", ENCODER) != digest


def test_an_index_left_behind_by_a_crash_is_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Vectors(tmp_path)
    store.apply("note", ENCODER, rows([1], ["cough"]), [])

    def die(_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(vectors, "_refresh", die)
        with pytest.raises(KeyboardInterrupt):
            store.apply("note", ENCODER, rows([2], ["coughs"]), [])
    assert sorted(ids_of(store.search("note", ENCODER, None, "cough"))) == [1, 2]
    table = store._existing(store.table_name("note", ENCODER))
    assert vectors._lags(table)
    assert not store.apply("note", ENCODER, rows([2], ["coughs"]), []).changed
    assert not vectors._lags(store._existing(store.table_name("note", ENCODER)))
    assert sorted(ids_of(store.search("note", ENCODER, None, "cough"))) == [1, 2]


def test_vacuum_keeps_pinned_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        store = Vectors(tmp_path)
        first = store.apply("note", ENCODER, rows([1, 2], ["cough", "arm"]), [])
        second = store.apply("note", ENCODER, rows([1], ["fever"]), [2])
        store.vacuum({first.table: [first.version]})
        named: dict[str, Any] = {"version": first.version}
        assert ids_of(store.search("note", ENCODER, None, "coughing", **named)) == [1]
        assert ids_of(store.search("note", ENCODER, unit_vectors(1)[0], None, persons=[7], **named)) == []
        store.vacuum({})
        assert store.rows("note", ENCODER) == 1
        with pytest.raises(Fatal):
            store.search("note", ENCODER, None, "coughing", **named)
        with pytest.raises(Fatal):
            store.vacuum({first.table: [first.version]})
        assert second.version <= (store.version("note", ENCODER) or 0)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_erasing_leaves_no_byte(tmp_path: Path) -> None:
    store = Vectors(tmp_path)
    number = 4_123_456_789_012_345_678
    texts = ["the zebrafinch canary sings", *(f"stays{i}" for i in range(40))]
    embedded = unit_vectors(41)
    store.apply("note", ENCODER, rows([number, *range(40)], texts, embedded=embedded), [])
    needles = [b"zebrafinch", number.to_bytes(8, "little"), embedded[0].tobytes()]

    def found() -> list[int]:
        data = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
        return [i for i, needle in enumerate(needles) if any(needle in d for d in data)]

    assert found() == [0, 1, 2]
    store.apply("note", ENCODER, rows([], []), [number])
    assert found() != []
    digest = store.content_digest("note", ENCODER)
    store.erase()
    assert found() == []
    assert store.content_digest("note", ENCODER) == digest
    assert ids_of(store.search("note", ENCODER, None, "stays7")) == [7]
    assert store.apply("note", ENCODER, rows([77], ["more"]), []).changed
