"""Route events to OMOP tables: by the standard concept's domain, as the CDM asks, else by the source's own kind."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.schemas.events import CODED, ROUTED
from tasks.concepts import Concept, Vocabulary

TARGETS = {
    "Condition": "condition_occurrence",
    "Drug": "drug_exposure",
    "Procedure": "procedure_occurrence",
    "Device": "device_exposure",
    "Measurement": "measurement",
    "Specimen": "specimen",
}
"""Domain of the concept to OMOP table; every other domain goes to `observation`."""
FALLBACK = "observation"

OPERATORS = {"<": 4171756, "<=": 4171754, "=": 4172703, ">=": 4171755, ">": 4172704}
"""OMOP's concepts of operators."""

_RESERVED = ("_record", "_owner", "_version", "_digest")
_UNKNOWN = (Concept(),)


def route_events(events: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """Give events their concepts and tables.

    Args:
        events: rows of `EVENT`, with the reserved columns.
        vocabulary: looks the codes up.

    Returns:
        Rows of `ROUTED` with the reserved columns, in the order of the events: an event once for each concept that
        its code maps to.
    """
    index, place, found = _own_concepts(events, vocabulary)
    routed = events if len(index) == events.num_rows else events.take(pa.array(index))
    columns = {name: routed[name] for name in routed.schema.names}
    domains = [c.domain for c in found]
    own = routed["domain"].to_pylist()
    targets = [_target(known or stated) for known, stated in zip(domains, own, strict=True)]
    columns["target"] = pa.array(targets, pa.string())
    columns["concept_id"] = pa.array([c.concept_id for c in found], pa.int64())
    columns["source_concept_id"] = pa.array([c.source_concept_id for c in found], pa.int64())
    columns["row_id"] = _row_ids(routed["event_id"], place, columns["concept_id"])
    for prefix in ("value_", "route_", "modifier_"):
        columns[f"{prefix}concept_id"] = _element_concepts(routed, prefix, vocabulary)
    stated = pa.array([c.value_concept_id for c in found], pa.int64())
    columns["value_concept_id"] = pc.coalesce(stated, columns["value_concept_id"])
    columns.update(_units(routed, vocabulary))
    operators = pa.array([OPERATORS.get(o or "") for o in routed["operator"].to_pylist()], pa.int64())
    columns["operator_concept_id"] = operators
    reserved = [pa.field(n, events.schema.field(n).type) for n in _RESERVED if n in events.schema.names]
    schema = pa.schema([*ROUTED, *reserved])
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _target(domain: str) -> str:
    return TARGETS.get(domain, FALLBACK)


def _pairs(rows: pa.Table, prefix: str) -> tuple[list[tuple[str, str] | None], set[tuple[str, str]]]:
    vocabulary, code = CODED[prefix]
    pairs = [
        (v or "", c) if c else None
        for v, c in zip(rows[vocabulary].to_pylist(), rows[code].to_pylist(), strict=True)
    ]
    return pairs, {pair for pair in pairs if pair}


def _own_concepts(events: pa.Table, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray, list[Concept]]:
    """Each event's concepts: index of the event, place among its concepts, the concept."""
    pairs, distinct = _pairs(events, "")
    known = vocabulary.concepts_of(distinct)
    index, place, found = [], [], []
    for number, pair in enumerate(pairs):
        for position, concept in enumerate(known.get(pair, _UNKNOWN) if pair else _UNKNOWN):
            index.append(number)
            place.append(position)
            found.append(concept)
    return np.array(index, np.int64), np.array(place, np.int64), found


def _element_concepts(rows: pa.Table, prefix: str, vocabulary: Vocabulary) -> pa.Array:
    """Concepts of a coded element: 0 where it has a code and no concept, null where it has none."""
    if rows[CODED[prefix][1]].null_count == rows.num_rows:
        return pa.nulls(rows.num_rows, pa.int64())
    pairs, distinct = _pairs(rows, prefix)
    known = vocabulary.concepts_of(distinct)
    return pa.array([known.get(p, _UNKNOWN)[0].concept_id if p else None for p in pairs], pa.int64())


def _units(rows: pa.Table, vocabulary: Vocabulary) -> dict[str, pa.Array]:
    """Concepts of units, by their UCUM code."""
    codes = rows["unit_code"].to_pylist()
    stated = [bool(c or u) for c, u in zip(codes, rows["unit"].to_pylist(), strict=True)]
    known = vocabulary.units_of({c for c in codes if c})
    found = [known.get(c or "", 0) if s else None for c, s in zip(codes, stated, strict=True)]
    concepts = pa.array(found, pa.int64())
    return {"unit_concept_id": concepts, "unit_source_concept_id": concepts}


def _row_ids(event_ids: pa.ChunkedArray, place: np.ndarray, concepts: pa.Array) -> pa.Array:
    """The event's id for its first concept, a mix of id and concept for the others (splitmix64's finaliser).

    Event ids are keyed hashes already, so the mix needs no key of its own.
    """
    ids = event_ids.to_numpy().astype(np.uint64)
    mixed = ids ^ (concepts.to_numpy(zero_copy_only=False).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)
    return pa.array(np.where(place == 0, ids, np.maximum(mixed, np.uint64(1))).astype(np.int64))
