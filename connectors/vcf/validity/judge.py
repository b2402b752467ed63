"""Judging a file's records, a chunk of lines at a time.

header = judge_header(text)                    # stop where header.verdict is INVALID (in strict mode: NONCONFORMANT)
judge = RecordsJudge(header, strict=False)
for first, chunk in chunks:                    # whole lines, `first` the number of the chunk's first line
    judged = judge.judge(chunk, first)
    judged.verdicts                            # a verdict for each line; -1 for an empty line, which is no record
    judged.rejected                            # line index, rule and field of each record that is not to be read
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
    """The verdicts on a chunk's lines.

    Attributes:
        lines: where they are in the chunk.
        verdicts: a `Verdict` for each line, -1 for an empty one, (n,) int8.
        rejected: for each record that is not to be read its index among the lines and the gravest finding.
    """

    lines: Lines
    verdicts: npt.NDArray[np.int8]
    rejected: list[tuple[int, Found]] = field(default_factory=list)


class RecordsJudge:
    """Judges records in the file's order.

    Args:
        header: the file's, judged.
        strict: whether nonconformant records are rejected too.
        screen: tells lines surely without fault from others; by default none is.
    """

    def __init__(self, header: Header, *, strict: bool = False, screen: Screen | None = None) -> None:
        self.header = header
        self.tally = Tally()
        self._limit = Verdict.NONCONFORMANT if strict else Verdict.INVALID
        self._record = RecordJudge(header)
        self._samples = SampleJudge(header)
        self._sequence = Sequence()
        self._screen: Screen = screen or PlainScreen()

    def use(self, screen: Screen) -> None:
        """Go on with another screen; between two chunks of a file only the first may be changed."""
        self._screen = screen

    def judge(self, chunk: bytes, first: int) -> Judged:
        """Judge a chunk.

        Args:
            chunk: whole lines; the file's last may lack its line end.
            first: the number of its first line in the file.
        """
        lines = self._screen.look(chunk)
        verdicts = np.zeros(len(lines.flags), np.int8)
        verdicts[lines.flags == EMPTY] = NO_RECORD
        judged = Judged(lines, verdicts)
        for index in np.flatnonzero(_to_look_at(lines)).tolist():
            text = chunk[lines.starts[index] : lines.ends[index]]
            faults = list(
                dict.fromkeys(self._line(text, int(lines.flags[index]), int(lines.positions[index])))
            )
            if faults:
                self._note(judged, index, first + index, faults)
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
    look = lines.flags != 0
    if len(look):
        look[:-1] |= (lines.flags[1:] & OVERLAPS) != 0
        look[-1] = True
    return look


def gravest(header: Header, tally: Tally) -> Verdict:
    """The gravest verdict on a file."""
    rules = [found.rule for found in header.findings] + [group.rule for group in tally.groups()]
    return max((RULES[rule].verdict for rule in rules), default=Verdict.ADVICE)
