"""Parts of visits: what happened in a part of a visit belongs to the visit, and to the part as its visit detail.

An export says of an event in which encounter it happened; that the encounter is a part of another one is said by the
encounter's own record, which may come in any file of any night. So an event is published under the encounter that it
names, and brought to visit and detail here, from the lake as a whole: `visit_detail_id` keeps the encounter that was
named, and the visit follows from it. What is known already is settled when rows are published, so that an export sent
again changes nothing; the rest follows after publication, whatever came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.registry import read_as
from contracts.protocols import Receipt
from contracts.schemas import LAKE, table_named
from stores.lake import Lake
from tasks.mappings import mappings

RESOLVED = "resolved"
"""The source under which rows stand that follow from records of several."""
DETAIL = "omop.visit_detail"
VISIT = "omop.visit_occurrence"
_PARTED = frozenset({"fhir"})
"""Kinds whose encounters name what they are a part of; others state visits and details themselves."""
_COLUMNS = {
    DETAIL: ("visit_occurrence_id", "parent_visit_detail_id"),
    None: ("visit_occurrence_id", "visit_detail_id"),
}
_NONE = -1
"""In place of null: ids are positive."""
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Which encounters are parts: their ids, ascending, and for each the encounter that it belongs to in the end."""

    ids: _Ints
    roots: _Ints

    def settle(self, table: str, rows: pa.Table) -> pa.Table:
        """Rows with visit and detail (of a detail: with visit and parent) as far as the parts are known."""
        visit, detail = _columns(table)
        named = _named(rows, table)
        found, roots = self._find(named)
        columns = {visit: np.where(found, roots, named), detail: np.where(found, named, _NONE)}
        for name, values in columns.items():
            made = pa.array(values, mask=values == _NONE)
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), made)
        return rows

    def stale(self, table: str, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """Which rows say another visit or detail than `settle` would."""
        now = self.settle(table, rows)
        differs = np.zeros(rows.num_rows, bool)
        for name in _columns(table):
            differs |= _ids(rows[name]) != _ids(now[name])
        return differs

    def _find(self, named: _Ints) -> tuple[npt.NDArray[np.bool_], _Ints]:
        if not len(self.ids):
            return np.zeros(len(named), bool), named
        at = np.minimum(np.searchsorted(self.ids, named), len(self.ids) - 1)
        return self.ids[at] == named, self.roots[at]


def parted_kind(kind: str) -> bool:
    """Whether the encounters of this kind of source name what they are a part of."""
    return read_as(kind) in _PARTED


def settled_tables() -> list[str]:
    """The published tables whose rows name a visit and its detail, the details first."""
    names = {"visit_occurrence_id", "visit_detail_id"}
    held = [
        n for n, t in LAKE.items() if not t.derived and names <= set(t.schema.names) and n.startswith("omop.")
    ]
    return sorted(held, key=lambda name: (name != DETAIL, name))


def read_parts(lake: Lake) -> Parts:
    """The parts of visits that the lake knows."""
    columns = ["visit_detail_id", *_COLUMNS[DETAIL]]
    rows = lake.read(DETAIL, columns=columns) if lake.version(DETAIL) is not None else None
    if rows is None or not rows.num_rows:
        return Parts(np.zeros(0, np.int64), np.zeros(0, np.int64))
    ids, first = np.unique(_ids(rows["visit_detail_id"]), return_index=True)
    return Parts(ids, _roots(ids, _named(rows, DETAIL)[first]))


def resolve_visits(lake: Lake, sources: Sequence[str], round_no: int) -> list[Receipt]:
    """Bring what is published to visits and details, and give a visit of which only parts are there a row.

    Args:
        sources: names of the sources whose encounters name what they are a part of.
    """
    if lake.version(DETAIL) is None:
        return []
    parts, receipts = read_parts(lake), []
    present = set(lake.tables())
    for table in settled_tables():
        for source in sources if table in present else ():
            stale = _stale_owners(lake, table, source, parts)
            if len(stale):
                rows = _settled(lake.owned(table, source, stale.tolist()), table, parts)
                publish = lake.next_publication(table, f"visits:{source}:{table}", round_no)
                receipts.append(lake.replace(table, source, stale.tolist(), rows, publish=publish))
    receipts.append(_stand_in(lake, sources, round_no))
    return receipts


def _stale_owners(lake: Lake, table: str, source: str, parts: Parts) -> _Ints:
    found = [np.zeros(0, np.int64)]
    for batch in lake.batches(table, columns=["_source", "_owner", *_columns(table)]):
        rows = pa.Table.from_batches([batch])
        rows = rows.filter(pc.equal(rows["_source"], source))
        found.append(rows["_owner"].to_numpy()[parts.stale(table, rows)])
    return np.unique(np.concatenate(found))


def settled_rows(lake: Lake, table: str, rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows about to be published, with visit and detail as far as the lake knows the parts."""
    return _settled(rows, table, read_parts(lake))


def _settled(batches: Iterable[pa.RecordBatch], table: str, parts: Parts) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield from parts.settle(table, pa.Table.from_batches([batch])).to_batches()


def _stand_in(lake: Lake, sources: Sequence[str], round_no: int) -> Receipt:
    """Visits of which only parts are there, as the mapping makes them."""
    mapping, schema = mappings(RESOLVED)[VISIT], table_named(VISIT).schema
    lake.ensure(VISIT)
    with lake.connect(own_columns=True) as connection:
        connection.execute("SET VARIABLE parted = ?::VARCHAR[]", [list(sources)])
        connection.execute("SET VARIABLE resolved = ?::VARCHAR", [RESOLVED])
        made = connection.sql(mapping.sql).to_arrow_table()
    made = made.append_column("_recipe", pa.array([""] * made.num_rows, pa.string()))
    fields = [
        f
        for f in (*schema, made.schema.field("_owner"), made.schema.field("_recipe"))
        if f.name in made.schema.names
    ]
    rows = made.select([f.name for f in fields]).cast(pa.schema([f.with_nullable(True) for f in fields]))
    publish = lake.next_publication(VISIT, f"{RESOLVED}:{VISIT}", round_no)
    return lake.replace(VISIT, RESOLVED, [], rows.to_batches(), publish=publish, whole_source=True)


def _columns(table: str) -> tuple[str, str]:
    return _COLUMNS.get(table, _COLUMNS[None])


def _named(rows: pa.Table, table: str) -> _Ints:
    """The encounter that each row named when it was published."""
    visit, detail = _columns(table)
    return _ids(pc.coalesce(rows[detail], rows[visit]))


def _ids(column: pa.ChunkedArray) -> _Ints:
    return np.asarray(pc.fill_null(column, _NONE).to_numpy(), np.int64)


def _roots(ids: _Ints, parents: _Ints) -> _Ints:
    """What each part belongs to in the end. Of parts that are parts of each other, the least id stands for all."""
    roots = parents.copy()
    # a step doubles the way: 2^40 parts within each other are more than there are
    jump = np.minimum(np.searchsorted(ids, roots), len(ids) - 1)
    for _ in range(40):
        inner = ids[jump] == roots
        if not inner.any():
            return roots
        roots = np.where(inner, roots[jump], roots)
        jump = np.minimum(np.searchsorted(ids, roots), len(ids) - 1)
    at = {int(i): int(p) for i, p in zip(ids, parents, strict=True)}
    for index in np.nonzero(ids[jump] == roots)[0]:
        ring, here = [], int(roots[index])
        while here not in ring:
            ring.append(here)
            here = at[here]
        roots[index] = min(ring)
    return roots
