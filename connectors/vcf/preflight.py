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
    "unreadable-file": "htslib does not read the file record by record",
    "malformed-record": "htslib cannot read the record",
    "malformed-value": "htslib would change a value",
    "duplicate-field": "a field stands in the record twice",
    "not-utf8": "the record is not UTF-8",
}


def check_file(path: Path, *, strict: bool = False) -> Iterator[Finding]:
    """Findings for one file: a line for each rule and field, with the first line that it speaks of, and how many.

    Rules: those of `connectors/vcf/validity/rules.csv`; the reason codes of damaged files; `count` (information). What
    is invalid is an error; what is nonconformant a warning, and in strict mode an error; advice is information.
    """
    try:
        judged = judge_file(path, strict=strict)
        refused = {} if judged.stopped else _refused_alone(path, strict=strict)
    except Rejected as rejected:
        yield Finding("error", rejected.reason, _MESSAGES[rejected.reason], rejected.place)
        return
    for group in judged.tally.groups():
        yield _tell(group, "record" if judged.is_bcf else "line", strict=strict)
    for (reason, _), (count, where) in sorted(refused.items()):
        message = _MESSAGES[reason] + (f" ({count} records)" if count > 1 else "")
        yield Finding("error", reason, message, where, count=count)
    held_back = judged.rejected + sum(count for count, _ in refused.values())
    yield Finding("info", "count", _count(judged, held_back), count=judged.records)


def _refused_alone(path: Path, *, strict: bool) -> dict[tuple[str, str], tuple[int, str]]:
    """What only reading holds back, no rule: by reason and field how many records, and where the first is."""
    from connectors.vcf.rows import read_file

    found: dict[tuple[str, str], tuple[int, str]] = {}
    try:
        for table, batch in read_file(path, None, strict=strict):
            if table == "rejected":
                _note(found, batch["reason"].to_pylist(), batch["where"].to_pylist())
    except Rejected as rejected:
        _note(found, [rejected.reason], [rejected.place])
    return found


def _note(found: dict[tuple[str, str], tuple[int, str]], reasons: list[str], places: list[str]) -> None:
    for reason, where in zip(reasons, places, strict=True):
        if reason not in RULES:
            group = reason, where.partition(" ")[2].partition(" ")[2]
            count, first = found.get(group, (0, where))
            found[group] = count + 1, first


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


def _count(judged: FileJudged, held_back: int) -> str:
    if judged.stopped:
        return f"{judged.records} records; the file would be held back as a whole for its header"
    return f"{judged.records} records, {held_back} of them would be held back"
