"""Validity for who reads records: which lines are to be read, and what is to be told of the others.

admission = admit_file(path, strict=is_strict(source.options))             # raises Rejected: the header stops the file
admitted, rejected = admission.admit(data, starts, ends, numbers)          # lines in the file's order, none twice
...                                                                        # read where `admitted`, reject the others
admission.conclude(ended=raw.is_ended)                                     # raises Rejected: so does the file's end
admission.findings()                                                       # counts by rule and field
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connectors.vcf.raw import open_raw
from connectors.vcf.validity.file import lines_of_header
from connectors.vcf.validity.header import judge_header
from connectors.vcf.validity.judge import RecordsJudge
from connectors.vcf.validity.rules import RULES, Found, Verdict
from connectors.vcf.validity.screened import Lines
from contracts.errors import Fatal, Rejected
from contracts.schemas.vcf import FINDING

OPTION = "strict"
SMALL = 1 << 20


def is_strict(options: Mapping[str, str]) -> bool:
    """Whether a source is read in strict mode: its option `strict` is "true".

    Raises:
        Fatal: the option is neither "true" nor "false".
    """
    stated = options.get(OPTION, "false").lower()
    if stated not in {"true", "false"}:
        raise Fatal("not an option of VCF", OPTION, 'strict = "true" or "false"')
    return stated == "true"


def admit_file(path: Path, *, strict: bool = False) -> Admission:
    """Judge a file's header, before its records are read.

    Raises:
        Rejected: the file is empty or cut off, or its header is not to be believed; the reason is then the rule.
    """
    try:
        with open_raw(path) as raw:
            return Admission(raw.header, strict=strict, is_bcf=raw.is_bcf)
    except Rejected as rejected:
        if rejected.reason != "malformed-header":
            raise
    return Admission(lines_of_header(path), strict=strict)  # which tells what is wrong with it


class Admission:
    """Tells which records of a file are to be read.

    Args:
        header: the header's text with the #CHROM line.
        strict: whether what is nonconformant is held back too.
        is_bcf: whether numbers are those of records, not of lines.

    Raises:
        Rejected: the header is invalid (or, in strict mode, nonconformant); the reason is the rule.
    """

    def __init__(self, header: bytes, *, strict: bool = False, is_bcf: bool = False) -> None:
        judged = judge_header(header)
        self._limit = Verdict.NONCONFORMANT if strict else Verdict.INVALID
        if judged.verdict >= self._limit:
            worst = max(judged.findings, key=lambda found: (found.verdict, -found.line))
            raise Rejected(worst.rule, _where(worst, is_bcf=False), RULES[worst.rule].legal)
        self._unit_is_record = is_bcf
        self._judge = RecordsJudge(judged, strict=strict)
        self._begun = False
        self._judge.tally.add(judged.findings)

    def admit(
        self,
        data: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int32],
        ends: npt.NDArray[np.int32],
        numbers: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.bool_], list[tuple[int, str, str]]]:
        """Judge lines.

        Args:
            data: their bytes, (b,).
            starts, ends: where each begins and where its text ends, (n,).
            numbers: their numbers in the file, (n,).

        Returns:
            Whether each is to be read, (n,); and of each that is not: its index, the reason and where ("line 12 POS").
        """
        if not self._begun and len(data) > SMALL:
            self._judge.compile()
        self._begun = True
        judged = self._judge.judge(Lines(data, starts, ends, numbers))
        admitted: npt.NDArray[np.bool_] = np.ones(len(starts), np.bool_)
        told = [
            (index, found.rule, _where(found, is_bcf=self._unit_is_record))
            for index, found in judged.rejected
        ]
        admitted[[index for index, _, _ in told]] = False
        return admitted, told

    def conclude(self, *, ended: bool) -> None:
        """Judge how the file ends.

        Args:
            ended: whether its last byte ends a line.

        Raises:
            Rejected: `file-last-line`, in strict mode.
        """
        if ended:
            return
        found = Found("file-last-line", 0)
        if found.verdict >= self._limit:
            raise Rejected(found.rule, "end", RULES[found.rule].legal)
        self._judge.tally.add([found])

    def findings(self) -> pa.RecordBatch:
        """Rows of `vcf.finding`: counts by rule and field, gravest first; advice is left out."""
        groups = [group for group in self._judge.tally.groups() if group.verdict > Verdict.ADVICE]
        rows = [
            {
                "_record": -1,
                "_digest": 0,
                "rule": group.rule,
                "verdict": group.verdict.name.lower(),
                "field": group.field or None,
                "records": group.count,
                "first_line": group.lines[0] or None,
                "held_back": group.verdict >= self._limit,
            }
            for group in groups
        ]
        return pa.RecordBatch.from_pylist(rows, schema=FINDING)


def _where(found: Found, *, is_bcf: bool) -> str:
    return f"{'record' if is_bcf else 'line'} {found.line} {found.field}".rstrip()
