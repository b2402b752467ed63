"""Ages over 89 told as values: one rule for all formats (45 CFR 164.514(b)(2)(i)(C)).

A value is an age where its code is one of `age_codes.csv`; or where its code or words say "age", and its unit is one of
time or there is none. Whatever it is called, a time of more than 89 years and less than 150 tells an age over 89 too.
Numbers become 90 years in their own unit, numbers in words and texts `90+`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from contracts.privacy import OLDEST_AGE
from tasks.deidentification.ages import GROUP, WORDED
from tasks.units import ucum_code, unit_concepts

_A_YEAR = {"a": 1.0, "a_j": 1.0, "a_g": 1.0, "mo": 12.0, "mo_j": 12.0, "wk": 52.178, "d": 365.25}
"""How many of a unit of time (by its UCUM code) are a year."""
_SAYS = r"(?i)(?:^|[^a-z])(?:ages?|yrs?old)(?:$|[^a-z-])"
_RELATIVE = r"(?i)(?:for|per|by|adjusted)[ -]ages?\b"
_OLDEST = 150
_NUMBER = re.compile(r"(?<![\w.])(\d{2,6}(?:\.\d+)?)\+?(?![\d.]*\d)(\s*-?\s*([A-Za-z]{1,6})\b)?")
_WORDS = re.compile(rf"(?i)\b(?:{WORDED})\b")


@lru_cache(maxsize=1)
def age_codes() -> frozenset[tuple[str, str]]:
    """(vocabulary, code) of `age_codes.csv`."""
    text = (files(__package__) / "age_codes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return frozenset((row["vocabulary"], row["code"]) for row in rows)


def group_event_ages(events: pa.Table) -> pa.Table:
    """Events with ages over 89 grouped.

    Args:
        events: rows of `contracts.schemas.events.EVENT`, their units normalised.
    """
    units = pc.coalesce(events["unit_code"], events["unit"])
    is_age = _is_age(events, "vocabulary", "code", ("code", "display"))
    return _group(
        events, is_age, units, _each(units, _factor), "value_number", ("value_text", "value_display")
    )


def group_omop_ages(rows: pa.Table, table: str, concepts: Sequence[int] = ()) -> pa.Table:
    """Rows of the CDM's `measurement` or `observation` likewise, as a source states them.

    Args:
        rows: of the lake table.
        table: which of the two.
        concepts: what the codes of `age_codes.csv` are in the vocabularies at hand.
    """
    source = f"{table}_source_value"
    is_age = _is_age(rows, "source_vocabulary", source, (source, "source_display"))
    coded = is_age[0]
    for name in (f"{table}_concept_id", f"{table}_source_concept_id"):
        coded = coded | _flags(pc.is_in(rows[name], pa.array(concepts, pa.int64())))
    known = {concept: code for code, concept in unit_concepts().items()}
    by_concept = pa.array([known.get(i) for i in rows["unit_concept_id"].to_pylist()], pa.string())
    units = pc.coalesce(by_concept, rows["unit_source_value"])
    texts = [name for name in ("value_as_string", "value_source_value") if name in rows.schema.names]
    return _group(rows, (coded, is_age[1]), units, _each(units, _factor), "value_as_number", texts)


def group_resource_ages(node: Any, is_age: bool = False) -> Any:
    """The same in a FHIR resource as parsed JSON: times anywhere, and all values beside the code of an age."""
    if isinstance(node, list):
        return [group_resource_ages(one, is_age) for one in node]
    if not isinstance(node, dict):
        return node
    told = is_age or _names_age(node.get("code"))
    found: dict[str, Any] = {}
    for name, value in node.items():
        inside = told and (name.startswith("value") or name in ("low", "high", "component"))
        if inside and name in ("valueInteger", "valueDecimal"):
            found[name] = group_number(value, 1.0)
        elif inside and name == "valueString" and isinstance(value, str):
            found[name] = group_text(value, 1.0)
        elif name == "value" and isinstance(value, (int, float)) and not isinstance(value, bool):
            found[name] = _quantity(value, node, is_age)
        else:
            found[name] = group_resource_ages(value, (inside and name != "component") or name.endswith("Age"))
    return found


def group_unmapped_ages(rows: pa.Table) -> pa.Table:
    """The same in `records.unmapped` as HL7 v2 and C-CDA fill it: lists of `codes` and `numbers` with their units."""
    resources = rows["resource"].to_pylist()
    for i in np.flatnonzero(_flags(pc.match_substring_regex(rows["resource"], r'"value":(?:9\d|\d{3,})'))):
        parsed = orjson.loads(resources[i])
        told = any(_names_age({"coding": [code]}) for code in parsed.get("codes", ()))
        for number in parsed["numbers"]:
            if number["value"] is not None:
                number["value"] = _quantity(number["value"], number, told)
        resources[i] = orjson.dumps(parsed).decode()
    return _replaced(rows, "resource", pa.array(resources, pa.string()))


def group_number(value: float, factor: float) -> float:
    """A number of `factor` to the year; 90 years where it is over 89."""
    return value if value <= (OLDEST_AGE - 1) * factor else _oldest(factor)


def group_text(text: str, factor: float) -> str:
    """A text that tells an age: its numbers over 89, of `factor` to the year where no unit follows them."""

    def change(found: re.Match[str]) -> str:
        stated = _factor(found[3]) if found[3] else None
        one, number = stated or factor, float(found[1])
        if not (OLDEST_AGE - 1) * one < number < _OLDEST * one:
            return found[0]
        return (GROUP if one == 1 else f"{_oldest(one):g}+") + (found[2] or "")

    return _NUMBER.sub(change, _WORDS.sub(GROUP, text))


def _oldest(factor: float) -> int:
    return int(OLDEST_AGE * factor)


def _factor(unit: str | None) -> float | None:
    """How many of a unit are a year; None where it is none of time."""
    return _A_YEAR.get(unit) or _A_YEAR.get(ucum_code(unit) or "") if unit else None


def _quantity(value: float, node: dict[str, Any], is_age: bool) -> float:
    stated = [node[name] for name in ("code", "unit") if isinstance(node.get(name), str)]
    factor = next((f for f in map(_factor, stated) if f), None)
    if factor is None:
        return group_number(value, 1.0) if is_age and not stated else value
    return group_number(value, factor) if is_age or value < _OLDEST * factor else value


def _names_age(concept: Any) -> bool:
    if not isinstance(concept, dict):
        return False
    codings = [c for c in concept.get("coding", ()) if isinstance(c, dict)]
    codes = {code for _, code in age_codes()}
    words = [concept.get("text"), *(c.get("display") for c in codings), *(c.get("code") for c in codings)]
    return any(c.get("code") in codes for c in codings) or any(
        _says_age(w) for w in words if isinstance(w, str)
    )


def _says_age(words: str) -> bool:
    return re.search(_SAYS, words.replace("_", " ")) is not None and re.search(_RELATIVE, words) is None


def _is_age(
    rows: pa.Table, vocabulary: str, code: str, words: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows have the code of an age; which say so in words."""
    names = {v for v, _ in age_codes()}
    coded = np.zeros(rows.num_rows, bool)
    stated = rows[vocabulary] if vocabulary in rows.schema.names else pa.nulls(rows.num_rows, pa.string())
    for name in names:
        codes = pa.array([c for v, c in age_codes() if v == name])
        other = pc.and_(pc.is_in(stated, pa.array(sorted(names))), pc.not_equal(stated, name))
        coded |= _flags(pc.is_in(rows[code], codes)) & ~_flags(other)
    says = np.zeros(rows.num_rows, bool)
    for column in words:
        if column in rows.schema.names:
            says |= np.array(_each(rows[column], _says_age), bool)
    return coded, says


def _group(
    rows: pa.Table,
    is_age: tuple[np.ndarray, np.ndarray],
    units: pa.ChunkedArray,
    factors: list[Any],
    number: str,
    texts: Sequence[str],
) -> pa.Table:
    coded, says = is_age
    timed = np.array([f is not None for f in factors], bool)
    factor = np.array([f or 1.0 for f in factors], float)
    age = coded | (says & (timed | ~_flags(pc.is_valid(units))))
    value = np.array(pc.fill_null(rows[number].cast(pa.float64()), 0.0).to_numpy(), float)
    old = (value > (OLDEST_AGE - 1) * factor) & (age | (timed & (value < _OLDEST * factor)))
    if old.any():
        grouped = pa.array(np.floor(OLDEST_AGE * factor))
        rows = _replaced(rows, number, pc.if_else(pa.array(old), grouped, rows[number].cast(pa.float64())))
    for name in texts:
        told = np.flatnonzero((age | timed) & _flags(pc.is_valid(rows[name])))
        if len(told):
            words = rows[name].to_pylist()
            for i in told:
                words[i] = group_text(words[i], factor[i])
            rows = _replaced(rows, name, pa.array(words, pa.string()))
    return rows


def _replaced(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    index = rows.schema.get_field_index(name)
    declared = rows.schema.field(index)
    return rows.set_column(index, declared, values.cast(declared.type))


def _flags(mask: pa.ChunkedArray | pa.Array) -> np.ndarray:
    return np.array(pc.fill_null(mask, False).to_pylist(), bool)


def _each(column: pa.ChunkedArray | pa.Array, make: Callable[[str], Any]) -> list[Any]:
    """What `make` says of each text, asked once for each distinct one; None for null."""
    values = column.to_pylist()
    known = {v: make(v) for v in set(values) if v is not None}
    return [known.get(v) for v in values]
