"""From rows of a CSV file to a source-shaped table: each column of the table from the file's column that fills it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir.states import state_code
from connectors.synthea.layout import Layout
from connectors.tabular.columns import (
    UNIT_SEPARATOR,
    digests,
    each,
    joined,
    moments,
    nothing,
    number,
    prefixed,
    texts,
)
from connectors.tabular.moments import Reader
from connectors.tabular.rows import Batch
from contracts.identity import encode_subject
from contracts.keys import Key
from contracts.privacy import Action
from contracts.schemas.synthea import TABLES
from contracts.schemas.vocabularies import vocabulary_of

_NULLS = ("", "null", "NULL")
_VOCABULARIES = {"medication": "RxNorm", "immunization": "CVX", "observation": ""}
"""Of tables whose codes are not SNOMED's; an observation's is told by its code."""
_LOINC = re.compile(r"\d{1,7}-\d")
_SNOMED = re.compile(r"\d{6,18}")
LOCAL = "Synthea"
"""The vocabulary of codes that are none of a terminology's: QALY, DALY, QOLS."""
_COSTS = {"encounter": "Visit", "medication": "Drug", "procedure": "Procedure", "immunization": "Drug"}
_RECORD_TYPES = {
    "careplan": "CarePlan",
    "imaging_study": "ImagingStudy",
    "payer": "Payer",
    "claim": "Claim",
    "claim_transaction": "ClaimTransaction",
}
_WORDS = {
    "gender": frozenset("MF"),
    "race": frozenset("white black asian native hawaiian other".split()),
    "ethnicity": frozenset(("hispanic", "nonhispanic")),
    "encounter_class": frozenset(
        "ambulatory emergency inpatient wellness urgentcare outpatient virtual snf hospice home".split()
    ),
    "severity1": frozenset(("MILD", "MODERATE", "SEVERE")),
    "severity2": frozenset(("MILD", "MODERATE", "SEVERE")),
    "ownership": frozenset(("GOVERNMENT", "PRIVATE", "NO_INSURANCE")),
}
_ALLERGY = {
    "type": frozenset(("allergy", "intolerance")),
    "category": frozenset("environment food medication drug biologic".split()),
}
_TYPE = frozenset(("numeric", "text", "code", "coded"))
_SPECIALITY = re.compile(r"[A-Z][A-Z /,&()-]{1,60}")


@dataclass(frozen=True)
class Context:
    """What shaping a file's rows needs beside the rows."""

    authority: str
    key: Key
    read: Reader
    strangers: int
    absent: int


def shape(batch: Batch, layout: Layout, positions: Mapping[str, int], context: Context) -> pa.RecordBatch:
    """A batch's rows as the layout's table declares them."""
    rows = _Rows(batch, layout, positions, context)
    schema = TABLES[f"synthea.{layout.table}"]
    columns = [rows.column(field) for field in schema]
    return pa.RecordBatch.from_arrays(
        [c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )


class _Rows:
    """The rows of one batch; `column` makes a column of the table."""

    def __init__(self, batch: Batch, layout: Layout, positions: Mapping[str, int], context: Context) -> None:
        self.batch, self.layout, self.context = batch, layout, context
        self.count = len(batch.numbers)
        cells = list(zip(*batch.cells, strict=True))
        self.values = {name: texts(cells[at], _NULLS) for name, at in positions.items()} if cells else {}
        self._moments: dict[str, tuple[pa.Array, pa.Array]] = {}
        self._made: dict[str, Callable[[], pa.Array]] = {
            "_record": lambda: pa.array(batch.numbers, pa.int64()),
            "_owner": self._owner,
            "_version": self._version,
            "_digest": lambda: digests(context.key, "record-digest", [layout.table], self._joined_all()),
            "unknown_columns": lambda: pa.repeat(pa.scalar(context.strangers, pa.int64()), self.count),
            "missing_columns": lambda: pa.repeat(pa.scalar(context.absent, pa.int64()), self.count),
            "id": lambda: prefixed(context.authority + UNIT_SEPARATOR, self._key()),
            "place": lambda: prefixed(context.authority + UNIT_SEPARATOR, self.value("id")),
            "subject": lambda: prefixed(encode_subject(context.authority, ""), self._subject()),
            "record_type": lambda: self._constant(_RECORD_TYPES.get(layout.table, "")),
            "cost_domain": lambda: self._constant(_COSTS[layout.table]),
            "system": self._system,
            "state": lambda: each(self.value("state"), state_code, pa.string()),
            "birth_year": lambda: self.moment("birth")[0],
            "birth_precision": self._birth_precision,
            "speciality": lambda: each(self.value("speciality"), _speciality, pa.string()),
            "value_number": lambda: self._observed()[0],
            "value_text": lambda: self._observed()[1],
            "value_code": lambda: self._observed()[2],
        }
        if layout.table == "payer":
            self._made["payer"] = lambda: self.value("id")

    def value(self, name: str) -> pa.Array:
        """The file's column for a field; nothing where it has none."""
        return self.values[name] if name in self.values else nothing(self.count)

    def moment(self, name: str) -> tuple[pa.Array, pa.Array]:
        """Date and date-time of a field."""
        if name not in self._moments:
            self._moments[name] = moments(self.value(name), self.context.read)
        return self._moments[name]

    def column(self, field: pa.Field) -> pa.Array:
        """One column of the table."""
        name, action = field.name, (field.metadata or {}).get(b"action", b"").decode()
        dropped = action == Action.DROP
        if name in self._made and not (dropped and name == "state"):
            return self._made[name]()
        base, _, part = name.rpartition("_")
        if part in {"date", "datetime"} and action in {Action.DATE, Action.DATETIME}:
            return self._end_of(base)[part == "datetime"]
        if action == Action.ID:
            return prefixed(self.context.authority + UNIT_SEPARATOR, self.value(name))
        if field.type == pa.float64():
            return each(self.value(name), number, pa.float64())
        words = {**_WORDS, **(_ALLERGY if self.layout.table == "allergy" else {"type": _TYPE})}.get(name)
        if words and action == Action.KEEP:
            return each(self.value(name), lambda text: _one_of(text, words), pa.string())
        return self.value(name)

    def _constant(self, text: str) -> pa.Array:
        return pa.repeat(pa.scalar(text), self.count)

    def _subject(self) -> pa.Array:
        return self.value("id" if self.layout.table == "patient" else "subject")

    def _key(self) -> pa.Array:
        values = [self.value(name) for name in self.layout.key]
        return values[0] if len(values) == 1 else joined(values)

    def _joined_all(self) -> pa.Array:
        return joined([self.value(column.field) for column in self.layout.columns])

    def _owner(self) -> pa.Array:
        whole = self._key() if len(self.layout.key) > 1 else pc.coalesce(self._key(), self._joined_all())
        return digests(
            self.context.key, "owner", [self.context.authority, f"synthea.{self.layout.table}"], whole
        )

    def _version(self) -> pa.Array:
        stated = [part for name in self.layout.version for part in reversed(self.moment(name))]
        return pc.coalesce(*stated, pa.scalar("")) if stated else self._constant("")

    def _end_of(self, base: str) -> tuple[pa.Array, pa.Array]:
        """A moment; a period that ends in a year ends with it."""
        found = self.moment(base)
        if base == "end" and self.layout.table == "payer_transition":
            year = pc.equal(pc.utf8_length(found[0]), 4)
            whole = pc.binary_join_element_wise(found[0], "-12-31", "")
            return pc.if_else(pc.fill_null(year, False), whole, found[0]), found[1]
        return found

    def _birth_precision(self) -> pa.Array:
        lengths = {4: "year", 7: "month", 10: "day"}
        return each(self.moment("birth")[0], lambda text: lengths.get(len(text)), pa.string())

    def _system(self) -> pa.Array:
        stated = each(self.value("system"), _vocabulary, pa.string())
        table = self.layout.table
        if table == "observation":
            default = each(self.value("code"), _observation_vocabulary, pa.string())
        else:
            default = self._constant(_VOCABULARIES.get(table, "SNOMED"))
        return pc.if_else(pc.is_valid(self.value("code")), pc.coalesce(stated, default), None)

    def _observed(self) -> tuple[pa.Array, pa.Array, pa.Array]:
        """An observation's value as number, words and code, each null but one; by TYPE, where the file states it."""
        value, kind = self.value("value"), pc.utf8_lower(self.value("type"))
        numeric = pc.coalesce(pc.equal(kind, "numeric"), pc.is_valid(self.value("units")))
        coded = pc.fill_null(pc.is_in(kind, pa.array(["code", "coded"])), False)
        numbers = pc.if_else(numeric, each(value, number, pa.float64()), None)
        rest = pc.if_else(pc.is_null(numbers), value, None)
        return numbers, pc.if_else(coded, None, rest), pc.if_else(coded, rest, None)


def _vocabulary(system: str) -> str | None:
    return None if system.lower() == "unknown" else vocabulary_of(system) or system


def _observation_vocabulary(code: str) -> str:
    if _LOINC.fullmatch(code):
        return "LOINC"
    return "SNOMED" if _SNOMED.fullmatch(code) else LOCAL


def _one_of(text: str, words: frozenset[str]) -> str | None:
    for spelled in (text, text.lower(), text.upper()):
        if spelled in words:
            return spelled
    return None


def _speciality(text: str) -> str | None:
    return text.upper() if _SPECIALITY.fullmatch(text.upper()) else None
