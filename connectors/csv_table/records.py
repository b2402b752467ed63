"""From rows to records: each block of a mapping makes its records of the rows that it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.csv_table.mapping import Block, Cell, FileMapping
from connectors.fhir.states import state_code
from connectors.tabular.columns import UNIT_SEPARATOR, digests, each, joined, nothing, prefixed, texts
from connectors.tabular.moments import Reader
from connectors.tabular.rows import Batch
from contracts.errors import Rejected
from contracts.identity import encode_subject
from contracts.keys import Key
from contracts.schemas.csv_table import CODE_OF, OPERATORS, TABLES, TARGETS, WORDS
from contracts.schemas.vocabularies import vocabulary_of

_REASONS = {
    "moment": "date-not-as-declared",
    "number": "number-not-as-declared",
    "integer": "number-not-as-declared",
    "word": "value-not-mapped",
}
_RESULT = re.compile(r"(<=|>=|<|>|=|≤|≥)?\s*(.+)", re.DOTALL)
_SIGNS = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True)
class Context:
    """What making records needs beside the rows."""

    mapping: FileMapping
    authority: str
    key: Key
    read_moment: Reader
    unnamed: int


class Columns:
    """The columns of a batch that a mapping names.

    Raises:
        Rejected: `missing-column`, or `duplicate-column` where the header has one twice.
    """

    def __init__(self, batch: Batch, mapping: FileMapping) -> None:
        self.count = len(batch.numbers)
        cells = list(zip(*batch.cells, strict=True)) or [()] * len(batch.header)
        self._values = {}
        for name in mapping.columns:
            if batch.header.count(name) != 1:
                absent = name not in batch.header
                reason = "missing-column" if absent else "duplicate-column"
                fix = (
                    "the column in the file, or its right name in the mapping" if absent else "each name once"
                )
                raise Rejected(reason, f"row 1, column {name}", fix)
            self._values[name] = texts(cells[batch.header.index(name)], mapping.nulls)

    def value(self, name: str) -> pa.Array:
        """A column, trimmed, null where the mapping says so."""
        return self._values[name]

    def of(self, cell: Cell | None, separator: str) -> pa.Array:
        """The values of a field."""
        if cell is None:
            return nothing(self.count)
        if not cell.columns:
            return pa.repeat(pa.scalar(cell.constant, pa.string()), self.count)
        if len(cell.columns) == 1:
            values = self.value(cell.columns[0])
        else:
            parts = [self.value(name) for name in cell.columns]
            present = [pc.is_valid(part) for part in parts]
            some = np.logical_or.reduce([p.to_numpy(zero_copy_only=False) for p in present])
            values = pc.binary_join_element_wise(
                *parts,
                separator,
                null_handling="skip" if separator == " " else "replace",
                null_replacement="",
            )
            values = pc.if_else(pa.array(some), values, None)
        return each(values, lambda v: cell.replace.get(v, v), pa.string()) if cell.replace else values


@dataclass
class Made:
    """What a block made of a batch.

    Attributes:
        rows: the records.
        taken: by row of the batch, whether the block took it: as a record or as one that is rejected.
        rejected: (row of the batch, reason code, column of the file).
    """

    rows: pa.RecordBatch = field(repr=False)
    taken: np.ndarray
    rejected: list[tuple[int, str, str]]


def make_records(batch: Batch, columns: Columns, block: Block, index: int, context: Context) -> Made:
    """The records that one block makes of a batch's rows; `index` is the block's place in its mapping."""
    maker = _Maker(columns, block, context)
    taken = maker.taken()
    values = maker.values()
    bad = {row: told for row, told in sorted(maker.bad.items()) if taken[row]}
    good = taken.copy()
    good[list(bad)] = False
    numbers = np.array(batch.numbers, np.int64) * len(context.mapping.blocks) + index
    values["_record"] = pa.array(numbers)
    schema = TABLES[f"csv.{block.target}"]
    whole = pa.RecordBatch.from_arrays([values[f.name].cast(f.type) for f in schema], schema=schema)
    return Made(whole.filter(pa.array(good)), taken, [(row, *told) for row, told in bad.items()])


class _Maker:
    """Makes the columns of one block's records; `bad` holds the rows that are none, each with its first reason."""

    def __init__(self, columns: Columns, block: Block, context: Context) -> None:
        self.columns, self.block, self.context = columns, block, context
        self.target = TARGETS[block.target]
        self.bad: dict[int, tuple[str, str]] = {}
        self.raw = {
            name: columns.of(block.cells.get(name), UNIT_SEPARATOR if kind == "id" else " ")
            for name, kind in self.target.fields.items()
        }
        self.patient = columns.value(context.mapping.patient)

    def taken(self) -> np.ndarray:
        """Which rows the block takes: those that `when` chooses and that have something to tell."""
        chosen = np.ones(self.columns.count, bool)
        if self.block.when:
            name, words = self.block.when
            # nothing is chosen by naming nothing: `is = [""]`
            stated = pc.fill_null(self.columns.value(name), "")
            chosen &= pc.is_in(stated, pa.array([*words], pa.string())).to_numpy(zero_copy_only=False)
        telling = [n for n in self.target.content if (cell := self.block.cells.get(n)) and cell.columns]
        if telling:
            valid = [pc.is_valid(self.raw[name]).to_numpy(zero_copy_only=False) for name in telling]
            chosen &= np.logical_or.reduce(valid)
        return chosen

    def values(self) -> dict[str, pa.Array]:
        """All columns of the target's table but `_record`."""
        found = self._own()
        self._refuse(pc.is_null(self.patient), "missing-patient", self.context.mapping.patient)
        for name, kind in self.target.fields.items():
            if kind == "value":
                self._take_result(found, self.raw[name])
            else:
                found |= self._read(name, kind)
        if self.block.target == "event":
            self._merge_results(found)
        for name in self.target.required:
            self._refuse(pc.is_null(self.raw[name]), f"missing-{name}", self._column_of(name))
        return found

    def _own(self) -> dict[str, pa.Array]:
        context, target = self.context, self.block.target
        whole = joined([self.patient, *(self.raw[n] for n in self.target.fields)])
        ident = self._ident(whole)
        version = each(self.raw["updated"], lambda v: _version(context.read_moment, v), pa.string())
        return {
            "_owner": digests(
                context.key, "owner", [context.authority, f"csv.{target}"], pc.fill_null(ident, "")
            ),
            "_version": pc.fill_null(version, ""),
            "_digest": digests(context.key, "record-digest", [target], whole),
            "unnamed_columns": pa.repeat(pa.scalar(context.unnamed, pa.int64()), self.columns.count),
            "subject": prefixed(encode_subject(context.authority, ""), self.patient),
            "id": prefixed(context.authority + UNIT_SEPARATOR, ident),
        }

    def _ident(self, whole: pa.Array) -> pa.Array:
        """What tells the record apart: a patient's number, a visit's id, else id or content in mapping and block."""
        mapping, block = self.context.mapping, self.block
        if block.target == "patient":
            return self.patient
        ident = self.raw["id"]
        if block.target == "visit":
            return pc.coalesce(ident, whole)
        scope = UNIT_SEPARATOR.join((mapping.name, block.name, ""))
        return prefixed(scope, pc.coalesce(ident, whole))

    def _read(self, name: str, kind: str) -> dict[str, pa.Array]:
        raw = self.raw[name]
        match kind:
            case "moment":
                return self._moment(name, raw)
            case "number" | "integer":
                whole = kind == "integer"
                return {name: self._each(name, kind, lambda v: _number(v, self.context.mapping, whole=whole))}
            case "word":
                return {name: self._each(name, kind, lambda v: v if v in WORDS[name] else None)}
            case "system":
                return {name: each(raw, lambda v: vocabulary_of(v) or v, pa.string())}
            case "state":
                return {name: each(raw, state_code, pa.string())}
            case "display":
                coded = pc.is_valid(self.raw[CODE_OF[name]])
                return {name: pc.if_else(coded, raw, None), f"{name}_text": pc.if_else(coded, None, raw)}
            case "id":
                return {} if name == "id" else {name: prefixed(self.context.authority + UNIT_SEPARATOR, raw)}
        return {name: raw}

    def _moment(self, name: str, raw: pa.Array) -> dict[str, pa.Array]:
        read = self.context.read_moment
        date = self._each(name, "moment", lambda v: (read(v) or (None, None))[0])
        time = each(raw, lambda v: (read(v) or (None, None))[1], pa.string())
        if name == "birth_date":
            lengths = {4: "year", 7: "month", 10: "day"}
            precision = each(date, lambda v: lengths.get(len(v)), pa.string())
            return {"birth_date": date, "birth_year": date, "birth_precision": precision}
        base = "death" if name == "death_date" else name
        return {f"{base}_date": date, f"{base}_datetime": time}

    def _each(self, name: str, kind: str, make: Callable[[str], Any]) -> pa.Array:
        """The values as read; a row whose value cannot be read is none."""
        raw = self.raw[name]
        types = {"number": pa.float64(), "integer": pa.int32()}
        made = each(raw, make, types.get(kind, pa.string()))
        self._refuse(pc.and_(pc.is_valid(raw), pc.is_null(made)), _REASONS[kind], self._column_of(name))
        return made

    def _take_result(self, found: dict[str, pa.Array], raw: pa.Array) -> None:
        mapping = self.context.mapping
        results = {v: _result(v, mapping) for v in pc.unique(raw).to_pylist() if v is not None}
        found["result_operator"] = each(raw, lambda v: results[v][0], pa.string())
        found["result_number"] = each(raw, lambda v: results[v][1], pa.float64())
        found["result_text"] = each(raw, lambda v: None if results[v][1] is not None else v, pa.string())

    def _merge_results(self, found: dict[str, pa.Array]) -> None:
        """The parts of `value` go where no field of its own says otherwise."""
        for name, part in (("operator", "operator"), ("value_number", "number"), ("value_text", "text")):
            found[name] = pc.coalesce(found[name], found.pop(f"result_{part}"))

    def _column_of(self, name: str) -> str:
        cell = self.block.cells.get(name)
        return cell.columns[0] if cell and cell.columns else name

    def _refuse(self, mask: pa.Array, reason: str, column: str) -> None:
        for row in np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False)).tolist():
            self.bad.setdefault(row, (reason, column))


def _version(read: Reader, text: str) -> str | None:
    found = read(text)
    return (found[1] or found[0]) if found else None


def _number(text: str, mapping: FileMapping, *, whole: bool = False) -> float | int | None:
    """A number as the mapping writes them; None where it is none. `1.234` is no number where the comma is decimal."""
    mark, group = re.escape(mapping.decimal), re.escape(mapping.thousands)
    grouped = rf"\d{{1,3}}(?:{group}\d{{3}})+|" if group else ""
    if not re.fullmatch(rf"[+-]?(?:{grouped}\d+)(?:{mark}\d*)?(?:[eE][+-]?\d{{1,3}})?|[+-]?{mark}\d+", text):
        return None
    plain = text.replace(mapping.thousands, "") if mapping.thousands else text
    value = float(plain.replace(mapping.decimal, "."))
    if not np.isfinite(value) or (whole and (value != int(value) or abs(value) >= 1 << 31)):
        return None
    return int(value) if whole else value


def _result(text: str, mapping: FileMapping) -> tuple[str | None, float | None]:
    """Operator and number of a result such as `< 0,5`; neither where it is in words."""
    found = _RESULT.fullmatch(text)
    if found is None:
        return None, None
    number = _number(found[2].strip(), mapping)
    sign = _SIGNS.get(found[1] or "", found[1])
    return (sign if number is not None and sign in OPERATORS else None), number


def reject_records(
    batch: Batch, made: Mapping[int, list[tuple[int, str, str]]], blocks: int
) -> list[tuple[int, str, str, str]]:
    """(record, reason, place, raw text) of the rejected rows of each block, by its index."""
    found = []
    for index, rejected in made.items():
        for row, reason, column in rejected:
            number = batch.numbers[row]
            place = f"{batch.row(number)}, column {column}"
            found.append((number * blocks + index, reason, place, "\t".join(batch.cells[row])))
    return sorted(found)
