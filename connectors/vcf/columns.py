"""From the values of a batch, as text or as floats, to typed Arrow columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.vcf.fields import Field
from contracts.schemas.vcf import ELEMENTS, column_name

STATED = column_name("format", "GT", "String", True)


@dataclass
class Values:
    """What a batch holds of one field: `width` entries (1, or one a sample) for each of `rows`.

    Attributes:
        entries: text as htslib writes it, or, for Float, one sequence of floats an entry.
    """

    field: Field
    width: int
    rows: list[int] = made(default_factory=list)
    entries: list[Any] = made(default_factory=list)

    def columns(self, total: int) -> dict[str, pa.Array]:
        """The field's column of `total` rows, and the list column beside it where a single value was several."""
        declared = self.field
        if declared.kind == "Flag":
            return {
                declared.column: _scatter(pa.array([True] * len(self.rows), pa.bool_()), self.rows, total)
            }
        if declared.scalar and not declared.is_number:
            texts = pa.array([None if e in {".", ""} else e for e in self.entries], pa.string())
            return {declared.column: self._place(texts, self.rows, total), **self._without_value(total)}
        lists = self._lists()
        if not declared.scalar:
            return {declared.column: self._place(lists, self.rows, total)}
        return self._single(lists, total)

    def _without_value(self, total: int) -> dict[str, pa.Array]:
        """An INFO text that the record names without telling it: a list of one missing value, or of none."""
        if self.field.place == "format":
            return {}
        told = {".": [None], "": []}
        found = [(row, told[e]) for row, e in zip(self.rows, self.entries, strict=True) if e in told]
        if not found:
            return {}
        rows = [row for row, _ in found]
        lists = pa.array([entry for _, entry in found], pa.list_(pa.string()))
        return {self.field.as_list.column: _scatter(lists, rows, total)}

    def _lists(self) -> pa.Array:
        element = ELEMENTS[self.field.kind]
        if self.field.kind == "Float":
            return pa.array(self.entries, pa.list_(element))
        split = pc.split_pattern(pa.array([e or "." for e in self.entries], pa.string()), ",")
        flat = split.values
        known = pc.if_else(pc.equal(flat, "."), pa.scalar(None, pa.string()), flat)
        return pa.ListArray.from_arrays(split.offsets, known.cast(element))

    def _single(self, lists: pa.Array, total: int) -> dict[str, pa.Array]:
        """Single values where each row has one; rows with several keep them all, in a list.

        So does an INFO field that the record names with a missing value: null alone would be one that it lacks.
        """
        several = np.asarray(pc.greater(pc.list_value_length(lists), 1)).reshape(-1, self.width).any(axis=1)
        if self.field.place == "info" and lists.values.null_count:
            several |= np.asarray(pc.is_null(pc.list_element(lists, 0)))
        if not several.any():
            return {self.field.column: self._place(lists.flatten(), self.rows, total)}
        rows, wide = np.asarray(self.rows), np.repeat(several, self.width)
        single = lists.filter(pa.array(~wide)).flatten()
        other = self.field.as_list.column
        return {
            self.field.column: self._place(single, rows[~several], total),
            other: self._place(lists.filter(pa.array(wide)), rows[several], total),
        }

    def _place(self, values: pa.Array, rows: Sequence[int] | np.ndarray, total: int) -> pa.Array:
        if self.field.place == "format":
            values = by_record(values, self.width)
        return _scatter(values, rows, total)


def by_record(values: pa.Array, width: int) -> pa.Array:
    """A list of `width` entries for each record."""
    offsets = np.arange(0, len(values) + 1, max(1, width), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _scatter(values: pa.Array, rows: Sequence[int] | np.ndarray, total: int) -> pa.Array:
    if len(rows) == total:
        return values
    index = np.full(total, -1, dtype=np.int64)
    index[np.asarray(rows, dtype=np.int64)] = np.arange(len(rows))
    return values.take(pa.array(index, mask=index < 0))


class Genotypes:
    """Genotypes of a batch as codes of the distinct texts, which are few."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._codes: dict[str, int] = {}
        self._rows: list[int] = []
        self._entries: list[int] = []

    def add(self, row: int, texts: Sequence[str]) -> None:
        """The genotypes of a record, one a sample."""
        codes = self._codes
        self._rows.append(row)
        self._entries.extend([codes.setdefault(text, len(codes)) for text in texts])

    def columns(self, total: int) -> dict[str, pa.Array]:
        """`genotype` and `phased`; and `STATED` where some record's genotypes are more than these two tell."""
        alleles = [_alleles(text) for text in self._codes]
        phased = [None if text in {".", ""} else "/" not in text for text in self._codes]
        codes = pa.array(self._entries, pa.int32())
        genotype = pa.array(alleles, pa.list_(pa.int16())).take(codes)
        found = {
            "genotype": _scatter(by_record(genotype, self.width), self._rows, total),
            "phased": _scatter(
                by_record(pa.array(phased, pa.bool_()).take(codes), self.width), self._rows, total
            ),
        }
        told = [_tell(a, p) in {text, ""} for text, a, p in zip(self._codes, alleles, phased, strict=True)]
        if not all(told):
            found[STATED] = self._stated(np.array(told), total)
        return found

    def _stated(self, told: np.ndarray, total: int) -> pa.Array:
        """The genotypes as they stand, of records of which one is more than allele indexes and a phase."""
        codes = np.array(self._entries, dtype=np.int64).reshape(-1, self.width)
        chosen = ~told[codes].all(axis=1)
        texts = pa.array(list(self._codes), pa.string()).take(pa.array(codes[chosen].ravel()))
        return _scatter(by_record(texts, self.width), np.asarray(self._rows)[chosen], total)


def _tell(alleles: list[int | None], phased: bool | None) -> str:
    """A genotype as allele indexes and one phase tell it; `""` where it is `.`."""
    if phased is None:
        return ""
    text = ("|" if phased else "/").join("." if one is None else str(one) for one in alleles)
    return text if phased or len(alleles) > 1 else f"/{text}"


def _alleles(text: str) -> list[int | None]:
    parts = text.replace("|", "/").removeprefix("/").split("/")
    return [None if part in {".", ""} else int(part) for part in parts]
