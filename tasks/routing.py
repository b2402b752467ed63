"""Route events to OMOP tables: by the standard concept's domain, as the CDM asks, else by the source's own kind.

Codes are looked up once for each distinct one of a batch; everything else is array work. The outcome for an event
depends on the event and the vocabulary alone, so any split of the events gives the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.schemas.events import CODED, ROUTED
from tasks.concepts import Concept, Vocabulary
from tasks.units import unit_concepts

TARGETS = {
    "Condition": "condition_occurrence",
    "Drug": "drug_exposure",
    "Procedure": "procedure_occurrence",
    "Device": "device_exposure",
    "Measurement": "measurement",
    "Specimen": "specimen",
}
"""Domain of the concept to OMOP table. Every other domain goes to `observation`: Race, Ethnicity, Gender, Language,
Visit, Provider, Unit, Meas Value, Spec Anatomic Site and so on, stated as an event, are statements about the person."""
FALLBACK = "observation"

OPERATORS = {"<": 4171756, "<=": 4171754, "=": 4172703, ">=": 4171755, ">": 4172704}
"""OMOP's concepts of operators."""

_RESERVED = ("_record", "_owner", "_version", "_digest")
_UNKNOWN = (Concept(),)
_PARTS = {"Meas": "Measurement", "Obs": "Observation"}  # as domains of two kinds abbreviate them
_TABLES = [FALLBACK, *TARGETS.values()]
_Ints = npt.NDArray[np.int64]
_NULL = -1
"""In place of a null in arrays of numpy: no concept id is negative."""


def route_events(events: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """Give events their concepts and tables.

    Args:
        events: rows of `EVENT`, with the reserved columns.
        vocabulary: looks the codes up.

    Returns:
        Rows of `ROUTED` with the reserved columns, in the order of the events: an event once for each concept that
        its code maps to, and once where it maps to none.
    """
    index, place, concepts, which = _own_concepts(events, vocabulary)
    routed = events if index is None else events.take(pa.array(index))
    columns = {name: routed[name] for name in routed.schema.names}
    values = np.array(
        [_NULL if c.value_concept_id is None else c.value_concept_id for c in concepts], np.int64
    )
    ids = np.array([c.concept_id for c in concepts], np.int64)[which]
    columns["target"] = _targets([c.domain for c in concepts], which, routed["domain"])
    columns["concept_id"] = pa.array(ids)
    columns["source_concept_id"] = pa.array(
        np.array([c.source_concept_id for c in concepts], np.int64)[which]
    )
    columns["row_id"] = _row_ids(routed["event_id"], place, ids, values[which])
    for prefix in ("value_", "route_", "modifier_"):
        columns[f"{prefix}concept_id"] = _element_concepts(routed, prefix, vocabulary)
    if (values != _NULL).any():
        columns["value_concept_id"] = pc.coalesce(_nullable(values[which]), columns["value_concept_id"])
    columns["unit_concept_id"] = columns["unit_source_concept_id"] = _unit_concepts(routed, vocabulary)
    columns["operator_concept_id"] = _operator_concepts(routed["operator"])
    reserved = [pa.field(n, events.schema.field(n).type) for n in _RESERVED if n in events.schema.names]
    schema = pa.schema([*ROUTED, *reserved])
    return pa.table([columns[name] for name in schema.names], schema=schema)


def table_of(domain: str, stated: str = "") -> str:
    """The OMOP table of a concept of this domain; where none is known, of `stated`, the source's own kind."""
    return _TABLES[_table(domain, stated)]


def _own_concepts(
    events: pa.Table, vocabulary: Vocabulary
) -> tuple[_Ints | None, _Ints, list[Concept], _Ints]:
    """Each event's concepts: index of the event (None: each once), place among its concepts, all concepts that occur,
    and which of them."""
    number, pairs = _distinct(events, "")
    known = vocabulary.concepts_of(pairs)
    found = [
        _UNKNOWN,
        *(known.get(pair) or _UNKNOWN for pair in pairs),
    ]  # the first is for events without a code
    concepts = [concept for several in found for concept in several]
    counts = np.array([len(several) for several in found], np.int64)
    first = np.cumsum(counts) - counts
    own = number + 1
    if len(concepts) == len(found):
        return None, np.zeros(len(own), np.int64), concepts, own
    repeats = counts[own]
    index = np.repeat(np.arange(len(own)), repeats)
    place = np.arange(len(index)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return index, place, concepts, first[own[index]] + place


def _distinct(rows: pa.Table, prefix: str) -> tuple[_Ints, list[tuple[str, str]]]:
    """Each row's code as a number (-1: it has none) among the distinct (vocabulary, code) pairs.

    Words without a code stand in for it: they are what `*_source_value` says, and what a site can map.
    """
    vocabulary, code = CODED[prefix]
    codes = rows[code]
    if codes.null_count:
        codes = pc.coalesce(codes, rows[f"{prefix}display"])
    code_number, code_names = _encode(codes)
    place_number, place_names = _encode(rows[vocabulary])
    if not len(code_names):
        return code_number, []
    width = len(place_names) + 1
    both = code_number * width + place_number + 1  # 0 is for no vocabulary
    both[code_number == _NULL] = _NULL
    present = pc.dictionary_encode(_nullable(both))
    number, distinct = _decode(present)
    pairs = [(place_names[n % width - 1] if n % width else "", code_names[n // width]) for n in distinct]
    return number, pairs


def _encode(column: pa.ChunkedArray) -> tuple[_Ints, list[str]]:
    """A text column as numbers into its distinct values, -1 for null and empty."""
    number, names = _decode(pc.dictionary_encode(column))
    if "" in names:
        number[number == names.index("")] = _NULL
    return number, names


def _decode(encoded: pa.ChunkedArray | pa.DictionaryArray) -> tuple[_Ints, list]:  # type: ignore[type-arg]
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    if isinstance(encoded, pa.ChunkedArray):  # no chunks at all
        return np.zeros(0, np.int64), []
    number = encoded.indices.fill_null(_NULL).to_numpy(zero_copy_only=False).astype(np.int64)
    return number, encoded.dictionary.to_pylist()


def _nullable(numbers: _Ints) -> pa.Array:
    return pa.array(numbers, mask=numbers == _NULL)


def _targets(domains: Sequence[str], which: _Ints, stated: pa.ChunkedArray) -> pa.Array:
    """The OMOP table of each row, by the domain of its concept and the kind that the source states."""
    own, kinds = _decode(pc.dictionary_encode(stated))
    known = {domain: number for number, domain in enumerate(dict.fromkeys(domains))}
    table = np.array([[_table(domain, kind) for kind in kinds] for domain in known], np.int32)
    domain_number = np.array([known[domain] for domain in domains], np.int64)[which]
    chosen = table[domain_number, own] if len(own) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(chosen, pa.int32()), _TABLES).cast(pa.string())


@lru_cache(maxsize=4096)
def _table(domain: str, stated: str) -> int:
    """Number of the table in `_TABLES`. A domain of two kinds (Condition/Meas) leaves the source's own, if it is one
    of them, else takes the first."""
    kinds = [_PARTS.get(part, part) for part in domain.split("/")] if domain else [stated]
    return _TABLES.index(TARGETS.get(stated if stated in kinds else kinds[0], FALLBACK))


def _element_concepts(rows: pa.Table, prefix: str, vocabulary: Vocabulary) -> pa.Array:
    """Concepts of a coded element: 0 where it has a code and no concept, null where it has none."""
    number, pairs = _distinct(rows, prefix)
    if not pairs:
        return pa.nulls(rows.num_rows, pa.int64())
    known = vocabulary.concepts_of(pairs)
    ids = [_NULL, *((known.get(pair) or _UNKNOWN)[0].concept_id for pair in pairs)]
    return _nullable(np.array(ids, np.int64)[number + 1])


def _unit_concepts(rows: pa.Table, vocabulary: Vocabulary) -> pa.Array:
    """Concepts of units: by the UCUM code where the source states one, else by the unit as written."""
    stated, codes = _encode(rows["unit_code"])
    written, units = _encode(rows["unit"])
    if not codes and not units:
        return pa.nulls(rows.num_rows, pa.int64())
    named = {*codes, *(unit for unit in units if _is_telling(unit))} - {""}
    known = {**unit_concepts(), **vocabulary.units_of(named)}
    by_code = np.array([_NULL, *(known.get(code, 0) for code in codes)], np.int64)[stated + 1]
    by_unit = np.array(
        [_NULL, *(known.get(unit, 0) if _is_telling(unit) else 0 for unit in units)], np.int64
    )[written + 1]
    return _nullable(np.where(by_code == _NULL, by_unit, by_code))


def _is_telling(unit: str) -> bool:
    """Whether a unit as written can be taken for UCUM: C and F are coulomb and farad there, and degrees elsewhere."""
    return len(unit) > 1 or unit == "%"


def _operator_concepts(operators: pa.ChunkedArray) -> pa.Array:
    number, names = _encode(operators)
    return _nullable(np.array([_NULL, *(OPERATORS.get(name, _NULL) for name in names)], np.int64)[number + 1])


def _row_ids(event_ids: pa.ChunkedArray, place: _Ints, concepts: _Ints, values: _Ints) -> pa.Array:
    """The event's id for its first concept, a mix of id, concept and value for the others (splitmix64's finaliser).

    Event ids are keyed hashes already, so the mix needs no key of its own.
    """
    if not place.any():
        return event_ids
    ids = event_ids.to_numpy().astype(np.uint64)
    mixed = ids ^ (concepts.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    mixed ^= (values + 1).astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)
    return pa.array(np.where(place == 0, ids, np.maximum(mixed, np.uint64(1))).astype(np.int64))
