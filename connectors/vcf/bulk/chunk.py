"""A chunk of lines: typed columns of the records that the kernels vouch for, and which of them they don't."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from connectors.vcf.bulk.arrays import (
    list_array,
    numbers_array,
    split_array,
    text_array,
    truth_array,
    value_array,
)
from connectors.vcf.bulk.calls import MISSING, MISSING_ALLELE, NUMBER, OTHER, UNTOLD, read_calls
from connectors.vcf.bulk.scan import (
    find_columns,
    find_info,
    mark_unless_letters,
    number_texts,
    read_positions,
    read_qualities,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.vcf.bulk.layout import CallLayout, InfoLayout, Seen
    from connectors.vcf.fields import Field

Array = np.ndarray
Columns = dict[str, pa.Array]
_POINT, _LESS = ord("."), ord("<")
_FIXED = 8


@dataclass
class Chunk:
    """Lines of a file.

    Attributes:
        data: their bytes, and whatever stands around them.
        starts, ends: where each line begins and ends, without its end of line.
        samples: how many samples the header names.
        doubtful: by record, whether the kernels cannot vouch for it.
    """

    data: Array
    starts: Array
    ends: Array
    samples: int
    info: InfoLayout
    calls: CallLayout
    seen: Seen
    doubtful: Array = made(init=False)

    def __post_init__(self) -> None:
        self.total = len(self.starts)
        self.doubtful = np.zeros(self.total, np.uint8)
        width = _FIXED + (self.samples > 0)
        self.tabs = np.empty((self.total, width + 1), np.int32)
        find_columns(self.data, self.starts, self.ends, width, self.samples > 0, self.tabs, self.doubtful)

    def columns(self) -> Columns:
        """All columns by name, for all of the records: those of doubtful ones mean nothing."""
        found = self._fixed()
        info = self._info()
        calls = self._calls() if self.samples else self._no_calls()
        found["end_position"] = self._end_positions(found)
        first = {name: calls.pop(name) for name in ("genotype", "phased")}
        return {**found, **first, **info, **calls, **self._named_alone()}

    def _span(self, column: int) -> tuple[Array, Array]:
        begins = np.ascontiguousarray(self.tabs[:, column])
        return begins, np.maximum(
            self.tabs[:, column + 1] - 1, begins
        )  # a line cut off has columns of no length

    def _fixed(self) -> Columns:
        positions = np.empty(self.total, np.int64)
        read_positions(self.data, self.tabs, positions, self.doubtful)
        qualities, known = np.empty(self.total, np.float32), np.zeros(self.total, np.uint8)
        read_qualities(self.data, self.tabs, qualities, known, self.doubtful)
        self.positions = positions
        self.reference = self._span(3)
        mark_unless_letters(self.data, *self.reference, self.doubtful)
        return {
            "contig": self._distinct(0, self.seen.contig, pa.string()),
            "position": pa.array(positions),
            "end_position": pa.array(positions),  # until INFO is known
            "identifiers": self._split(2, ord(";")),
            "reference": text_array(self.data, *self.reference),
            "alternates": self._alternates(),
            "quality": numbers_array(qualities, known, pa.float32()),
            "filters": self._filters(),
        }

    def _codes(self, column: int) -> tuple[Array, list[bytes]]:
        """A code for each record's text in a column, and the texts by code."""
        begins, ends = self._span(column)
        size = 1 << (2 * max(1, self.total)).bit_length()
        codes, firsts = np.empty(self.total, np.int32), np.empty(self.total, np.int32)
        count = number_texts(self.data, begins, ends, np.full(size, -1, np.int32), codes, firsts)
        texts = [self.data[begins[i] : ends[i]].tobytes() for i in firsts[:count]]
        return codes, texts

    def _distinct(self, column: int, read: Callable[[bytes], object], kind: pa.DataType) -> pa.Array:
        codes, texts = self._codes(column)
        values = [read(text) for text in texts]
        unread = np.array([value is None for value in values], np.uint8)
        self.doubtful |= unread[codes]
        return pa.array(values, kind).take(pa.array(codes))

    def _filters(self) -> pa.Array:
        codes, texts = self._codes(6)
        values = [None if text == b"." else self.seen.filter(text) for text in texts]
        unread = [value is None and text != b"." for value, text in zip(values, texts, strict=True)]
        self.doubtful |= np.array(unread, np.uint8)[codes]
        return pa.array(values, pa.list_(pa.string())).take(pa.array(codes))

    def _is_missing(self, begins: Array, ends: Array) -> Array:
        first = self.data[np.minimum(begins, len(self.data) - 1)]
        return np.asarray((ends - begins == 1) & (first == _POINT))

    def _split(self, column: int, separator: int) -> pa.Array:
        begins, ends = self._span(column)
        begins = np.where(self._is_missing(begins, ends), -1, begins).astype(np.int32)
        lists, bad, _ = split_array(self.data, begins, ends, "String", separator)
        self.doubtful |= bad
        return lists

    def _alternates(self) -> pa.Array:
        begins, ends = self._span(4)
        begins = np.where(self._is_missing(begins, ends), -1, begins).astype(np.int32)
        lists, bad, first = split_array(self.data, begins, ends, "String")
        offsets = np.frombuffer(lists.buffers()[1], np.int32)
        self.doubtful |= bad
        symbolic = np.zeros(self.total, np.uint8)
        marked = np.flatnonzero(self.data[first] == _LESS)
        symbolic[np.searchsorted(offsets, marked, side="right") - 1] = 1
        self.symbolic = symbolic
        return list_array(offsets, lists.values)  # none at all is an empty list

    def _info(self) -> Columns:
        layout = self.info
        shape = (len(layout.fields), self.total)
        self.info_begins, self.info_ends = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
        find_info(
            self.data, self.tabs, layout.keys, layout.first, layout.last, layout.table, layout.kinds,
            self.info_begins, self.info_ends, self.doubtful,
        )  # fmt: skip
        pairs = zip(layout.fields, self.info_begins, self.info_ends, strict=True)
        return {one.column: self._info_column(one, begins, ends) for one, begins, ends in pairs}

    def _info_column(self, declared: Field, begins: Array, ends: Array) -> pa.Array:
        if not (begins >= 0).any():
            return pa.nulls(self.total, declared.type)
        if declared.kind == "Flag":
            return truth_array(np.ones(self.total, np.uint8), begins >= 0)
        if declared.scalar:
            values, bad = value_array(self.data, begins, ends, declared.kind)
        else:
            values, bad, _ = split_array(self.data, begins, ends, declared.kind)
        if bad is not None:
            self.doubtful |= bad
        return values

    def _named_alone(self) -> Columns:
        """INFO fields of `Number=1` that records name with a missing value: lists of it (contracts.schemas.vcf)."""
        found: Columns = {}
        for one, begins, ends in zip(self.info.fields, self.info_begins, self.info_ends, strict=True):
            if not one.scalar:
                continue
            alone = self._is_missing(begins, ends)
            if alone.any():
                offsets = np.concatenate([[0], np.cumsum(alone)]).astype(np.int32)
                kind = one.as_list.type.value_type
                found[one.as_list.column] = list_array(offsets, pa.nulls(int(offsets[-1]), kind), alone)
        return dict(sorted(found.items()))

    def _end_positions(self, found: Columns) -> pa.Array:
        """END where it is told, else the last base of the reference (VCF 4.5, section 1.6.1).

        What could mean another length is left to htslib: SVLEN, LEN of a block, and END within the reference.
        """
        begins, ends = self.reference
        last = self.positions + (ends - begins) - 1
        index = self.info.by_id.get("END")
        if index is not None:
            declared = self.info.fields[index]
            told = self.info_begins[index] >= 0
            values = np.empty(self.total, np.int32)
            known, bad = np.zeros(self.total, np.uint8), np.zeros(self.total, np.uint8)
            if declared.kind == "Integer" and declared.scalar:
                from connectors.vcf.bulk.numbers import read_integers

                read_integers(self.data, self.info_begins[index], self.info_ends[index], values, known, bad)
            self.doubtful |= (told & ((known == 0) | (values < last))).astype(np.uint8)
            last = np.where(known.astype(bool), values, last)
        index = self.info.by_id.get("SVLEN")
        if index is not None:
            self.doubtful |= (self.info_begins[index] >= 0).astype(np.uint8)
        if self.samples:
            self.doubtful |= self.symbolic & self.has_length
        return pa.array(np.maximum(last, self.positions).astype(np.int64))

    def _no_calls(self) -> Columns:
        return {
            "genotype": pa.nulls(self.total, pa.list_(pa.list_(pa.int16()))),
            "phased": pa.nulls(self.total, pa.list_(pa.bool_())),
        }

    def _layouts(self) -> tuple[Array, Array, Array]:
        """By record the code of its FORMAT; by code the fields, and how many they are."""
        codes, texts = self._codes(8)
        read = [self.seen.format(text) for text in texts]
        self.doubtful |= np.array([one is None for one in read], np.uint8)[codes]
        length = self.calls.by_id.get("LEN", -1)
        self.has_length = np.array([length in (one or ()) for one in read], np.uint8)[codes]
        lengths = np.array([len(one or ()) for one in read], np.int32)
        layouts = np.zeros((len(read), max(1, int(lengths.max(initial=0)))), np.int32)
        for code, one in enumerate(read):
            layouts[code, : lengths[code]] = one or ()
        return codes, layouts, lengths

    def _calls(self) -> Columns:
        codes, layouts, lengths = self._layouts()
        how, fields = self.calls.how, len(self.calls.fields) + 1
        room = self.total * self.samples
        most = (
            int(self.ends[-1] - self.starts[0]) // 2 + room // max(1, self.samples) + 2 if self.total else 2
        )
        self.most, self.room = most, room
        self.alleles, self.allele_offsets = np.empty(most, np.int16), np.zeros(room + 1, np.int32)
        self.phases = np.empty(room, np.uint8)
        self.values = np.empty(how.numbers * most, np.int32)
        self.offsets = np.empty(how.numbers * (room + 1), np.int32)
        self.offsets[:: room + 1] = 0
        self.spans = np.empty((2, how.others * room), np.int32)
        self.entries, self.counts = np.zeros(fields, np.int64), np.zeros(fields, np.int64)
        self.present = np.zeros((fields, self.total), np.uint8)
        read_calls(
            self.data, np.ascontiguousarray(self.tabs[:, 9]), self.ends, self.doubtful, codes, layouts, lengths,
            how.kinds, how.slots, self.samples, room, most, self.alleles, self.allele_offsets, self.phases,
            self.values, self.offsets, self.spans, self.entries, self.counts, self.present,
        )  # fmt: skip
        found = self._genotypes()
        found |= {
            one.column: self._call_column(index + 1, one) for index, one in enumerate(self.calls.fields)
        }
        return found

    def _by_record(self, field: int, values: pa.Array) -> pa.Array:
        """Entries as a list for each record that has the field."""
        offsets = np.zeros(self.total + 1, np.int32)
        np.cumsum(self.present[field], dtype=np.int32, out=offsets[1:])
        offsets *= self.samples
        return list_array(offsets, values, self.present[field])

    def _genotypes(self) -> Columns:
        entries, count = int(self.entries[0]), int(self.counts[0])
        if not entries:
            return self._no_calls()
        alleles = self.alleles[:count]
        alleles = numbers_array(alleles, alleles != MISSING_ALLELE, pa.int16())
        genotype = list_array(self.allele_offsets[: entries + 1], alleles)
        phases = self.phases[:entries]
        phased = truth_array(phases == 1, phases != UNTOLD)
        return {"genotype": self._by_record(0, genotype), "phased": self._by_record(0, phased)}

    def _call_column(self, index: int, declared: Field) -> pa.Array:
        entries, count = int(self.entries[index]), int(self.counts[index])
        if not entries:
            return pa.nulls(self.total, declared.type)
        kind, slot = self.calls.how.kinds[index], self.calls.how.slots[index]
        if kind == OTHER:
            return self._by_record(index, self._other(index, slot, entries, declared))
        values = self.values[slot * self.most : slot * self.most + count]
        values = numbers_array(values, values != MISSING, pa.int32())
        if kind == NUMBER:
            return self._by_record(index, values)
        first = slot * (self.room + 1)
        return self._by_record(index, list_array(self.offsets[first : first + entries + 1], values))

    def _other(self, index: int, slot: int, entries: int, declared: Field) -> pa.Array:
        begins, ends = self.spans[:, slot * self.room : slot * self.room + entries]
        if declared.scalar:
            values, bad = value_array(self.data, begins, ends, declared.kind)
        else:
            values, bad = self._other_lists(begins, ends, declared.kind)
        if bad is not None and bad.any():
            records = np.flatnonzero(self.present[index])
            self.doubtful[records[np.flatnonzero(bad) // self.samples]] = 1
        return values

    def _other_lists(self, begins: Array, ends: Array, kind: str) -> tuple[pa.Array, Array]:
        """What a sample leaves out is a list of one missing value, like `.`."""
        gone = begins < 0
        if gone.any():
            point = int(np.flatnonzero(self.data == _POINT)[0]) if (self.data == _POINT).any() else -1
            begins, ends = np.where(gone, point, begins), np.where(gone, point + 1, ends)
        lists, bad, _ = split_array(self.data, begins.astype(np.int32), ends.astype(np.int32), kind)
        return list_array(np.frombuffer(lists.buffers()[1], np.int32), lists.values), bad
