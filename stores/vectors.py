"""Vectors with their texts in LanceDB: one table for each kind and encoder; exact filters, full text, fusion."""

from __future__ import annotations

import datetime as dt
import operator
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal
from contracts.protocols import Encoder, Receipt
from stores.files import make_folder
from stores.lake_digest import digest_rows, is_member
from stores.vectors_search import (
    filter_of,
    fuse_rankings,
    has_words,
    join_integers,
    result_schema,
    search_by_text,
    search_by_vector,
    vector_schema,
)

if TYPE_CHECKING:
    from lancedb.table import Table

KINDS = ("note", "image")
BRUTE_FORCE_ROWS = 100_000
_IDS_IN_A_FILTER = 5_000
_FOR_EVER = dt.timedelta(days=36_500)
_STEP_ROWS = 20_000
_MARGIN = dt.timedelta(minutes=1)
_DESCRIBING = ("id", "person_id", "source_id", "chunk", "date", "modality", "title", "digest")


class Vectors:
    """All vector tables under one folder. One writer at a time; readers may read any version that is kept."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()

    # Names and versions

    def table_name(self, kind: str, encoder: Encoder) -> str:
        """The table of a kind and an encoder: another encoder, or another build of it, has another table."""
        if kind not in KINDS:
            raise Fatal("no such kind of vectors", kind, f"one of {', '.join(KINDS)}")
        slug = re.sub(r"[^a-z0-9]+", "_", encoder.name.lower()).strip("_")
        return f"{kind}_{slug}_{re.sub(r'[^0-9a-f]', '', encoder.digest.lower())[:12]}"

    def tables(self) -> list[str]:
        """The names of the tables that exist, sorted."""
        return sorted(path.stem for path in self.root.glob("*.lance"))

    def version(self, kind: str, encoder: Encoder) -> int | None:
        """The newest version; None where there is no table."""
        table = self._open(self.table_name(kind, encoder))
        return None if table is None else int(table.version)

    def versions(self) -> dict[str, int]:
        """The newest version of each table, told by its manifests' names: no night should import LanceDB for it."""
        return {name: _newest_manifest(self.root / f"{name}.lance" / "_versions") for name in self.tables()}

    def rows(self, kind: str, encoder: Encoder, version: int | None = None) -> int:
        """How many vectors there are."""
        table = self._open(self.table_name(kind, encoder), version)
        return 0 if table is None else int(table.count_rows())

    # Reconciliation

    def digests(self, kind: str, encoder: Encoder) -> pa.Table:
        """What is embedded: id, digest, person_id, date of each row, for the anti-join with the lake."""
        names = ["id", "digest", "person_id", "date"]
        schema = pa.schema([vector_schema(encoder.dimension).field(name) for name in names])
        table = self._open(self.table_name(kind, encoder))
        return schema.empty_table() if table is None else _columns(table, names).cast(schema)

    def content_digest(self, kind: str, encoder: Encoder, version: int | None = None) -> str:
        """Digest over id, text digest and encoder of all rows: equal for equal content, however written."""
        table = self._open(self.table_name(kind, encoder), version)
        return digest_rows([] if table is None else _columns(table, ["id", "digest", "encoder"]).to_batches())

    def apply(self, kind: str, encoder: Encoder, add: pa.Table, remove_ids: Sequence[int]) -> Receipt:
        """Add or replace rows by id, remove others, and bring the indexes up to date.

        Rows that are stored already with the same digest and description are left alone, so that the same call again
        writes nothing. A crash half-way is repaired by the next night's anti-join and call.

        Args:
            kind: "note" or "image".
            encoder: whose vectors they are.
            add: rows in `vector_schema`, but for `encoder`, which is filled in; ids are unique.
            remove_ids: ids to remove; those that are not there are passed over.

        Raises:
            Fatal: rows that do not fit the schema, or an id that comes twice.
        """
        name = self.table_name(kind, encoder)
        rows = _fit(name, add, encoder)
        table = self._open(name)
        if table is None and not rows.num_rows:
            return Receipt(name, -1, False)
        table = self._create(name, encoder) if table is None else table
        stored = _columns(table, list(_DESCRIBING))
        rows = rows.filter(pa.array(~_is_stored(rows, stored)))
        ids = np.asarray(stored.column("id"))
        doomed = ids[is_member(ids, np.sort(_integers(remove_ids)))]
        known = is_member(np.asarray(rows.column("id")), np.sort(ids))
        _write(table, rows.filter(pa.array(known)), rows.filter(pa.array(~known)))
        for start in range(0, len(doomed), _IDS_IN_A_FILTER):
            table.delete(f"id IN ({join_integers(doomed[start : start + _IDS_IN_A_FILTER])})")
        changed = bool(rows.num_rows or len(doomed))
        if changed or not _indexed(table, "text") or _lags(table):
            _refresh(table)
        removed = len(doomed) + int(known.sum())
        return Receipt(name, int(self._existing(name).version), changed, rows.num_rows, removed)

    # Search

    def search(
        self,
        kind: str,
        encoder: Encoder,
        vector: Any | None,
        text: str | None,
        *,
        persons: Sequence[int] | None = None,
        date_from: dt.date | None = None,
        date_to: dt.date | None = None,
        modality: str | None = None,
        k: int = 10,
        version: int | None = None,
    ) -> pa.Table:
        """The `k` best rows, best first, with a `score` and without their vectors.

        With a vector and a text, both rankings are fused by reciprocal rank (RRF); with one of them, the score is the
        cosine similarity or BM25. Filters hold before ranking: no row outside them is returned, none inside is lost.

        Args:
            kind: "note" or "image".
            encoder: whose table to search.
            vector: float32 of the encoder's dimension, L2 norm 1; None for text alone.
            text: words; None or blank for vector alone.
            persons: only these persons' rows; an empty list finds nothing.
            date_from: only rows of this date or later (undated rows are left out).
            date_to: only rows of this date or earlier.
            modality: only images of this modality.
            k: how many, 1 or more.
            version: a kept version, such as a release's; None for the newest.
        """
        schema = result_schema(encoder.dimension)
        table = self._open(self.table_name(kind, encoder), version)
        where = filter_of(persons, date_from, date_to, modality)
        if table is None or k < 1 or where is None:
            return schema.empty_table()
        depth = k if vector is None or not has_words(text) else max(4 * k, 50)
        rankings = []
        if vector is not None:
            rankings.append(search_by_vector(table, np.asarray(vector, dtype=np.float32), where, depth))
        if has_words(text):
            rankings.append(search_by_text(table, str(text), where, depth))
        if not rankings:
            return schema.empty_table()
        best = rankings[0] if len(rankings) == 1 else fuse_rankings(rankings)
        return best.sort_by([("score", "descending"), ("id", "ascending")]).slice(0, k).cast(schema)

    # Upkeep

    def vacuum(self, keep_versions: Mapping[str, Sequence[int]]) -> None:
        """Remove what only versions older than the oldest one to keep (by table name; none: the newest) need.

        LanceDB can't drop versions between two that are kept. A version within a minute of the oldest stays too.

        Raises:
            Fatal: a version to keep is not there any more.
        """
        for name in self.tables():
            table = self._existing(name)
            kept = [int(version) for version in keep_versions.get(name, ())]
            older_than = dt.timedelta(0)
            if kept:
                dates = {entry["version"]: entry["timestamp"] for entry in table.list_versions()}
                if not set(kept) <= set(dates):
                    raise Fatal(
                        f"version {min(set(kept) - set(dates))} is not there", name, "a version that was kept"
                    )
                made = dates[min(kept)]
                older_than = dt.datetime.now(dt.UTC) - made.astimezone(dt.UTC) + _MARGIN
            _drop_versions(table, older_than)

    def erase(self) -> None:
        """Rewrite every table, so that no byte of removed rows is left in data, index or history.

        Versions that releases pin are lost too.
        """
        for name in self.tables():
            table = self._existing(name)
            fresh = self._connect().create_table(name, _reader(table), mode="overwrite")
            _refresh(fresh)
            _drop_versions(fresh, dt.timedelta(0))

    # Places

    def _connect(self) -> Any:
        import lancedb

        return lancedb.connect(str(make_folder(self.root)))

    def _create(self, name: str, encoder: Encoder) -> Table:
        table: Table = self._connect().create_table(name, schema=vector_schema(encoder.dimension))
        return table

    def _existing(self, name: str) -> Table:
        table: Table = self._connect().open_table(name)
        return table

    def _open(self, name: str, version: int | None = None) -> Table | None:
        if not (self.root / f"{name}.lance").is_dir():
            return None
        table = self._existing(name)
        if version is not None:
            try:
                table.checkout(int(version))
            except (ValueError, RuntimeError):
                raise Fatal(f"version {version} is not there", name, "a version that was kept") from None
        return table


def _newest_manifest(folder: Path) -> int:
    """The greatest version among Lance's manifests, whose names count down from 2^64 - 1 (or up, in old tables)."""
    numbers = [int(path.stem) for path in folder.glob("*.manifest") if path.stem.isdigit()]
    return max((2**64 - 1 - n if n >= 2**63 else n for n in numbers), default=0)


def _fit(name: str, add: pa.Table, encoder: Encoder) -> pa.Table:
    """The rows in the table's schema, with the encoder's name and digest."""
    schema = vector_schema(encoder.dimension)
    label = pa.repeat(pa.scalar(f"{encoder.name}@{encoder.digest}", pa.string()), add.num_rows)
    columns: list[Any] = []
    for field in schema:
        if field.name == "encoder":
            columns.append(label)
        elif field.name in add.schema.names:
            columns.append(_cast(name, add.column(field.name), field))
        elif field.nullable:
            columns.append(pa.nulls(add.num_rows, field.type))
        else:
            raise Fatal("a required column is missing", f"{name}.{field.name}")
    ids = np.sort(np.asarray(columns[0]))
    if (ids[1:] == ids[:-1]).any():
        raise Fatal("an id comes twice", name)
    return pa.table(columns, schema=schema)


def _cast(name: str, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if not field.nullable and column.null_count:
        raise Fatal(f"{column.null_count} rows lack a required value", f"{name}.{field.name}")
    try:
        return column.cast(field.type)
    except pa.ArrowException:  # its message quotes values
        raise Fatal(
            f"values of type {column.type} do not fit", f"{name}.{field.name}", str(field.type)
        ) from None


def _columns(table: Table, names: list[str]) -> pa.Table:
    """Some columns of all rows, in bounded memory but for the result."""
    return table.search().select(names).limit(max(table.count_rows(), 1)).to_arrow().select(names)


def _is_stored(rows: pa.Table, stored: pa.Table) -> Any:
    """Which rows are stored with the same digest and description: bool array."""
    import polars as pl

    names = list(_DESCRIBING)
    known = pl.from_arrow(stored.select(names))
    new = pl.from_arrow(rows.select(names))
    assert isinstance(known, pl.DataFrame) and isinstance(new, pl.DataFrame)
    same = new.with_row_index().join(known, on=names, how="semi", nulls_equal=True)
    mask = np.zeros(rows.num_rows, dtype=bool)
    mask[same["index"].to_numpy()] = True
    return mask


def _write(table: Table, known: pa.Table, fresh: pa.Table) -> None:
    """Replace rows whose ids are stored, append the others; in steps, since LanceDB holds several copies."""
    for start in range(0, known.num_rows, _STEP_ROWS):
        merge = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        merge.execute(known.slice(start, _STEP_ROWS))
    for start in range(0, fresh.num_rows, _STEP_ROWS):
        table.add(fresh.slice(start, _STEP_ROWS))


def _integers(values: Sequence[int]) -> Any:
    return np.array([operator.index(value) for value in values], dtype=np.int64)


def _indexed(table: Table, column: str) -> bool:
    return any(column in index.columns for index in table.list_indices())


def _lags(table: Table) -> bool:
    """Whether an index leaves out rows, as after a crash between writing and indexing."""
    stats = [table.index_stats(index.name) for index in table.list_indices()]
    return any(stat is not None and stat.num_unindexed_rows > 0 for stat in stats)


def _refresh(table: Table) -> None:
    """Build the indexes that are due, and take new rows into those that exist. Old versions stay for releases."""
    from lancedb.index import FTS, IvfFlat

    if not _indexed(table, "text"):
        words = FTS(language="English", stem=True, remove_stop_words=True, ascii_folding=True)
        table.create_index("text", config=words)
    count = table.count_rows()
    if count > BRUTE_FORCE_ROWS and not _indexed(table, "vector"):
        lists = IvfFlat(distance_type="cosine", num_partitions=round(count**0.5))
        table.create_index("vector", config=lists)
    table.optimize(cleanup_older_than=_FOR_EVER)


def _drop_versions(table: Table, older_than: dt.timedelta) -> None:
    """Remove old versions and what only they need. The caller holds the writer lease, so nobody is writing."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*removes every version except the latest.*")
        table.optimize(cleanup_older_than=older_than, delete_unverified=True)


def _reader(table: Table) -> pa.RecordBatchReader:
    """All rows of a table as a stream."""
    schema = table.schema

    def batches() -> Iterator[pa.RecordBatch]:
        yield from table.search().limit(max(table.count_rows(), 1)).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())
