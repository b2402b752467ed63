"""Judging a file's records, some lines at a time.

header = judge_header(text)                    # stop where header.verdict is INVALID (in strict mode: NONCONFORMANT)
judge = RecordsJudge(header, strict=False)     # judge.compile() before many lines
for lines in ...:                              # Lines(data, starts, ends, numbers), in the file's order
    judged = judge.judge(lines)
    judged.verdicts                            # a verdict for each line; -1 for an empty line, which is no record
    judged.rejected                            # index, rule and field of each record that is not to be read
judge.tally                                    # counts and first lines by rule and field
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from connectors.vcf.validity.header import Header
from connectors.vcf.validity.record import Fault, RecordJudge
from connectors.vcf.validity.rules import RULES, Found, Verdict
from connectors.vcf.validity.samples import SampleJudge
from connectors.vcf.validity.screened import (
    CHANGED,
    EMPTY,
    FIXED,
    OVERLAPS,
    SAMPLES,
    UNSORTED,
    Lines,
    PlainScreen,
    Screen,
)
from connectors.vcf.validity.sequence import Sequence
from connectors.vcf.validity.tally import Tally

NO_RECORD = -1
_CONTROL = bytes(range(9)) + bytes(range(10, 32)) + b"\x7f"


@dataclass
class Judged:
    """The verdicts on some lines.

    Attributes:
        verdicts: a `Verdict` for each line, -1 for an empty one, (n,) int8.
        rejected: for each record that is not to be read its index among the lines and the gravest finding, in order.
    """

    verdicts: npt.NDArray[np.int8]
    rejected: list[tuple[int, Found]] = field(default_factory=list)


class RecordsJudge:
    """Judges records in the file's order.

    Args:
        header: the file's, judged.
        strict: whether nonconformant records are rejected too.
    """

    def __init__(self, header: Header, *, strict: bool = False) -> None:
        self.header = header
        self.tally = Tally()
        self._limit = Verdict.NONCONFORMANT if strict else Verdict.INVALID
        self._record = RecordJudge(header)
        self._samples = SampleJudge(header)
        self._sequence = Sequence()
        self._screen: Screen = PlainScreen()

    def compile(self) -> None:
        """Have lines that are surely without fault told by compiled code; before the first line is judged."""
        from connectors.vcf.validity.screen import CompiledScreen

        self._screen = CompiledScreen(self.header, self._record, self._samples)

    def judge(self, lines: Lines) -> Judged:
        """Judge lines; what is found is counted in `tally` too."""
        self._screen.look(lines)
        judged = Judged(np.where(lines.flags == EMPTY, NO_RECORD, 0).astype(np.int8))
        for index in np.flatnonzero(_to_look_at(lines)).tolist():
            flags, position = int(lines.flags[index]), int(lines.positions[index])
            faults = list(dict.fromkeys(self._line(lines.text(index), flags, position)))
            if faults:
                self._note(judged, index, int(lines.numbers[index]), faults)
        self._note_plans(lines, judged)
        judged.rejected.sort(key=lambda one: one[0])
        return judged

    def _note(self, judged: Judged, index: int, number: int, faults: list[Fault]) -> None:
        found = [Found(rule, number, where) for rule, where in faults]
        self.tally.add(found)
        if judged.verdicts[index] == NO_RECORD:
            return
        gravest = max(found, key=lambda one: one.verdict)
        judged.verdicts[index] = gravest.verdict
        if gravest.verdict >= self._limit:
            judged.rejected.append((index, gravest))

    def _note_plans(self, lines: Lines, judged: Judged) -> None:
        """What is wrong with a FORMAT column, for the records whose samples the screen vouches for."""
        vouched = np.where(lines.flags & SAMPLES, -1, lines.plans)
        for number, plan in enumerate(self._screen.plans):
            faults = [one for one in plan.faults if not one[0].startswith("undeclared-")]
            rows = np.flatnonzero(vouched == number) if faults else np.zeros(0, np.intp)
            if not len(rows):
                continue
            for rule, where in faults:
                self.tally.add_many(rule, where, len(rows), lines.numbers[rows[:5]].tolist())
            rule, where = max(faults, key=lambda one: RULES[one[0]].verdict)
            verdict = RULES[rule].verdict
            if verdict >= self._limit:
                rejected = rows[judged.verdicts[rows] < self._limit].tolist()
                judged.rejected += [(i, Found(rule, int(lines.numbers[i]), where)) for i in rejected]
            judged.verdicts[rows] = np.maximum(judged.verdicts[rows], np.int8(verdict))

    def _line(self, text: bytes, flags: int, position: int) -> Iterator[Fault]:
        if flags & EMPTY:
            yield "record-empty", ""
            return
        try:
            line = text.decode()
        except UnicodeDecodeError:
            yield "record-utf8", ""
            return
        if text.translate(None, _CONTROL) != text:
            yield "record-control", ""
            return
        columns = line.split("\t")
        if len(columns) < 8 or len(columns) != self.header.columns:
            yield "columns-count", ""
            if len(columns) < 8:
                return
        if flags & (FIXED | CHANGED):
            yield from self._record.judge(columns)
        if flags & SAMPLES and len(columns) > 8:
            alternates = 0 if columns[4] == "." else columns[4].count(",") + 1
            plan = self._samples.plan(columns[8])
            yield from plan.faults
            yield from self._samples.judge(plan, columns[9:], alternates)
        if position >= 0:
            yield from self._follow(columns, flags, position)

    def _follow(self, columns: list[str], flags: int, position: int) -> Iterator[Fault]:
        if flags & CHANGED:
            yield from self._sequence.begin_contig(columns[0])
        if flags & UNSORTED:
            yield "pos-order", "POS"
        overlaps = bool(flags & OVERLAPS)
        yield from self._sequence.judge_variant(position, columns[3], columns[4], overlaps=overlaps)


def _to_look_at(lines: Lines) -> npt.NDArray[np.bool_]:
    """Lines with any flag, those that the next one overlaps, and the last: the next chunk's first may overlap it."""
    look: npt.NDArray[np.bool_] = lines.flags != 0
    if len(look):
        look[:-1] |= (lines.flags[1:] & OVERLAPS) != 0
        look[-1] = True
    return look
