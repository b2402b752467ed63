"""Preflight of a VCF or BCF file: what would be held back and why, without a value of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.vcf.validity.file import FileJudged, judge_file
from connectors.vcf.validity.rules import RULES, Verdict
from connectors.vcf.validity.tally import Group
from contracts.errors import Rejected
from contracts.protocols import Finding

_MESSAGES = {
    "empty-file": "the file is empty",
    "truncated-file": "the file is cut off",
    "corrupt-gzip": "the compressed file is damaged",
    "corrupt-bcf": "a record's length is impossible",
    "malformed-header": "htslib cannot read the header",
}


def check_file(path: Path, *, strict: bool = False) -> Iterator[Finding]:
    """Findings for one file: a line for each rule and field, with the first line that it speaks of, and how many.

    Rules: those of `connectors/vcf/validity/rules.csv`; the reason codes of damaged files; `count` (information). What
    is invalid is an error; what is nonconformant a warning, and in strict mode an error; advice is information.
    """
    try:
        judged = judge_file(path, strict=strict)
        if judged.header.readable:
            _require_htslib(path)
    except Rejected as rejected:
        yield Finding("error", rejected.reason, _MESSAGES[rejected.reason], rejected.place)
        return
    for group in judged.tally.groups():
        yield _tell(group, "record" if judged.is_bcf else "line", strict=strict)
    yield Finding("info", "count", _count(judged), count=judged.records)


def _require_htslib(path: Path) -> None:
    """That htslib, which reads the records in the night, takes the header."""
    from connectors.vcf.htslib import open_variants

    with open_variants(path):
        pass


def _tell(group: Group, unit: str, *, strict: bool) -> Finding:
    rule = RULES[group.rule]
    is_header = rule.place == "header"
    unit = "line" if is_header else unit
    message = rule.sentence
    if group.count > 1:
        things = "lines" if is_header else "records"
        lines = ", ".join(map(str, group.lines))
        more = ", …" if group.count > len(group.lines) else ""
        message += f" ({group.count} {things}: {unit} {lines}{more})"
    where = f"{unit} {group.lines[0]} {group.field}".rstrip() if group.lines[0] else "end"
    return Finding(_severity(rule.verdict, strict=strict), group.rule, message, where, count=group.count)


def _severity(verdict: Verdict, *, strict: bool) -> str:
    if verdict is Verdict.ADVICE:
        return "info"
    return "error" if verdict is Verdict.INVALID or strict else "warning"


def _count(judged: FileJudged) -> str:
    if judged.stopped:
        return f"{judged.records} records; the file would be held back as a whole for its header"
    return f"{judged.records} records, {judged.rejected} of them would be held back"
