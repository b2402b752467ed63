"""Validity for who reads records: which lines are to be read, and what is to be told of the others.

admission = Admission(raw.header, strict=is_strict(source.options))       # raises Rejected: the header stops the file
admitted, rejected = admission.admit(data, starts, ends, numbers)          # lines in the file's order, none twice
...                                                                        # read where `admitted`, reject the others
admission.findings()                                                       # at the end, counts by rule and field
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connectors.vcf.validity.header import judge_header
from connectors.vcf.validity.judge import RecordsJudge
from connectors.vcf.validity.rules import RULES, Found, Verdict
from connectors.vcf.validity.screened import Lines
from contracts.errors import Fatal, Rejected

OPTION = "strict"
FINDINGS = pa.schema(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("field", pa.string()),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("first_line", pa.int64()),
    ]
)
"""What is counted of a file: nothing of a value. `records` counts header lines for rules over the header."""


def is_strict(options: Mapping[str, str]) -> bool:
    """Whether a source is read in strict mode: its option `strict` is "true".

    Raises:
        Fatal: the option is neither "true" nor "false".
    """
    stated = options.get(OPTION, "false").lower()
    if stated not in {"true", "false"}:
        raise Fatal("not an option of VCF", OPTION, 'strict = "true" or "false"')
    return stated == "true"


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
        limit = Verdict.NONCONFORMANT if strict else Verdict.INVALID
        if judged.verdict >= limit:
            worst = max(judged.findings, key=lambda found: (found.verdict, -found.line))
            raise Rejected(worst.rule, _where(worst, is_bcf=False), RULES[worst.rule].legal)
        self._unit_is_record = is_bcf
        self._judge = RecordsJudge(judged, strict=strict)
        self._judge.compile()
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
        judged = self._judge.judge(Lines(data, starts, ends, numbers))
        admitted: npt.NDArray[np.bool_] = np.ones(len(starts), np.bool_)
        told = [
            (index, found.rule, _where(found, is_bcf=self._unit_is_record))
            for index, found in judged.rejected
        ]
        admitted[[index for index, _, _ in told]] = False
        return admitted, told

    def findings(self) -> pa.RecordBatch:
        """Counts by rule and field, gravest first; advice is left out."""
        groups = [group for group in self._judge.tally.groups() if group.verdict > Verdict.ADVICE]
        rows = [
            (g.rule, g.verdict.name.lower(), g.field or None, g.count, g.lines[0] or None) for g in groups
        ]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in FINDINGS]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, FINDINGS.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=FINDINGS)


def _where(found: Found, *, is_bcf: bool) -> str:
    return f"{'record' if is_bcf else 'line'} {found.line} {found.field}".rstrip()
