"""The compiled screen: learns the texts of FILTER and FORMAT and the keys of INFO as they come, from the judges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from connectors.vcf.validity import kernel
from connectors.vcf.validity import kernel_values as values
from connectors.vcf.validity.fields import Key
from connectors.vcf.validity.header import Header
from connectors.vcf.validity.record import RecordJudge
from connectors.vcf.validity.samples import Plan, SampleJudge
from connectors.vcf.validity.screened import CONTIG_BYTES, EMPTY, FIXED, SAMPLES, Lines

_KINDS = {
    "Integer": values.INTEGER,
    "Float": values.FLOAT,
    "Flag": values.FLAG,
    "Character": values.CHARACTER,
}
_NUMBERS = {
    "": values.ANY,
    ".": values.ANY,
    "A": values.PER_ALTERNATE,
    "R": values.PER_ALLELE,
    "G": values.PER_GENOTYPE,
    "P": values.PER_PLOIDY,
}
_MEANINGS = {"END": kernel.END_POSITION, "AF": kernel.FREQUENCY}
_JUDGED_BY_MEANING = frozenset({"CIGAR", "SVCLAIM"})
_MOST = 2048


class _Texts:
    """A table of texts, numbered as they come; at most `_MOST`."""

    def __init__(self) -> None:
        self.slots = np.full(4 * _MOST, -1, np.int32)
        self.begins = np.zeros(_MOST + 1, np.int32)
        self.blob = np.zeros(0, np.uint8)
        self.count = 0

    def add(self, text: bytes) -> bool:
        """Add a text; whether it was new and there was room."""
        data = np.frombuffer(text, np.uint8)
        if self.count == _MOST or values.find_text(data, 0, len(data), *self.arrays) >= 0:
            return False
        self.blob = np.concatenate([self.blob, data])
        self.begins[self.count + 1 :] = len(self.blob)
        self.slots[_free_slot(data, self.slots)] = self.count
        self.count += 1
        return True

    @property
    def arrays(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        return self.slots, self.begins, self.blob


def _free_slot(data: npt.NDArray[np.uint8], slots: npt.NDArray[np.int32]) -> int:
    code = 14695981039346656037
    for byte in data.tolist():
        code = ((code ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    at = (code ^ (code >> 32)) & (len(slots) - 1)
    while slots[at] >= 0:
        at = (at + 1) & (len(slots) - 1)
    return int(at)


class CompiledScreen:
    """Tells the lines that are surely without fault.

    Args:
        header: the file's.
        record, samples: the judges, who are asked about each new text once.
    """

    def __init__(self, header: Header, record: RecordJudge, samples: SampleJudge) -> None:
        self._columns = header.columns
        self._samples = header.samples
        self._record, self._judge = record, samples
        self._info, self._filters, self._formats = _Texts(), _Texts(), _Texts()
        self._info_codes = np.zeros((4, _MOST), np.int32)
        self._seen = np.full(_MOST, -1, np.int64)
        self._filter_doubts = np.zeros(_MOST, np.uint8)
        self._format_begins = np.zeros(_MOST + 1, np.int32)
        self._format_doubts = np.zeros(_MOST, np.uint8)
        self._keys = np.zeros((3, 0), np.int32)
        self._contig = np.zeros(CONTIG_BYTES, np.uint8)
        self._state = np.full(3, -1, np.int64)
        self.plans: list[Plan] = []

    def look(self, lines: Lines) -> None:
        """Write flags, positions and plans of a chunk's lines."""
        at, sure = 0, -1
        self._seen.fill(-1)
        learned: list[int] = []
        while True:
            at = self._run(lines, at, sure)
            if at == len(lines.flags):
                break
            self._learn(lines.text(at))
            learned.append(at)
            sure = at
        for index in learned:  # what is new is judged where it first stands
            if not lines.flags[index] & EMPTY:
                lines.flags[index] |= FIXED | SAMPLES

    def _run(self, lines: Lines, at: int, sure: int) -> int:
        info = (*self._info.arrays, *self._info_codes, self._seen)
        return kernel.screen_lines(
            lines.data,
            lines.starts,
            lines.ends,
            at,
            sure,
            self._samples,
            info,
            (*self._filters.arrays, self._filter_doubts),
            (*self._formats.arrays, self._format_begins, self._format_doubts),
            (self._keys[0], self._keys[1], self._keys[2]),
            self._contig,
            self._state,
            lines.flags,
            lines.positions,
            lines.plans,
        )

    def _learn(self, text: bytes) -> None:
        if not text.isascii():
            return
        columns = text.decode().split("\t")
        if len(columns) < 8 or any(not column.isprintable() for column in columns[:9]):
            return
        if self._filters.add(columns[6].encode()):
            self._filter_doubts[self._filters.count - 1] = self._record.doubts_filter(columns[6])
        for item in columns[7].split(";"):
            self._learn_key(item.partition("=")[0])
        if len(columns) > 8 and len(columns) == self._columns:
            self._learn_format(columns[8])

    def _learn_key(self, name: str) -> None:
        if not name or not self._info.add(name.encode()):
            return
        key = self._record.key(name)
        number = _number(key)
        kind = _KINDS.get(key.kind, values.TEXT)
        if self._record.doubts_key(name) or name in _JUDGED_BY_MEANING or number is None:
            kind = values.DIRTY
        meaning = (
            _MEANINGS.get(name, kernel.PLAIN) if kind in {values.INTEGER, values.FLOAT} else kernel.PLAIN
        )
        codes = (kind, values.ANY if key.number == "G" else number or 0, key.counts, meaning)
        self._info_codes[:, self._info.count - 1] = codes

    def _learn_format(self, text: str) -> None:
        if not self._formats.add(text.encode()):
            return
        plan = self._judge.plan(text)
        self.plans.append(plan)
        doubt, codes = not plan.keys, []
        for name, key in zip(plan.names, plan.keys, strict=True):
            number = values.ANY if key.kind == "Flag" or key.number == "0" else _number(key)
            doubt |= number is None
            kind = values.TEXT if key.kind == "Flag" else _KINDS.get(key.kind, values.TEXT)
            codes.append((values.GENOTYPE if name == "GT" else kind, number or 0, key.counts))
        self._keys = np.concatenate([self._keys, np.array(codes, np.int32).reshape(-1, 3).T], axis=1)
        self._keys = np.ascontiguousarray(self._keys)
        self._format_begins[len(self.plans) :] = self._keys.shape[1]
        self._format_doubts[len(self.plans) - 1] = doubt


def _number(key: Key) -> int | None:
    """The code of Number; None where it needs more than the kernel knows."""
    if key.number.isdecimal():
        return int(key.number) if len(key.number) < 9 else None
    return _NUMBERS.get(key.number)
