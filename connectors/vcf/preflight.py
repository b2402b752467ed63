"""Preflight of a VCF or BCF file: what would be rejected and why, without a value of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.vcf.htslib import open_variants
from connectors.vcf.raw import RawFile
from connectors.vcf.rows import judge_file
from contracts.errors import Rejected
from contracts.protocols import Finding

if TYPE_CHECKING:
    from pysam import VariantFile

MAX_FINDINGS = 1_000
"""Findings told one by one; beyond, they are only counted."""

_MESSAGES = {
    "malformed-record": "htslib cannot parse this record",
    "malformed-value": "a value is not what its declared type allows",
    "duplicate-field": "a field stands in the record twice",
    "not-utf8": "the record is not UTF-8",
    "empty-file": "the file is empty",
    "truncated-file": "the file is cut off",
    "corrupt-gzip": "the compressed file is damaged",
    "corrupt-bcf": "a record's length is impossible",
    "malformed-header": "the header cannot be read",
    "unreadable-file": "htslib does not read the file record by record",
}


def check_file(path: Path) -> Iterator[Finding]:
    """Findings for one file: its header, each record that would be rejected (by line), fields that nothing declares.

    Rules: the reason codes of rejections; `other-version` and `undeclared-field`, `undeclared-contig` (warnings);
    `count` (information).
    """
    told = records = 0
    try:
        with open_variants(path) as (raw, variants):
            yield from _check_header(raw)
            declared = _declared(variants)
            for reason, where in judge_file(raw, variants):
                records += 1
                if reason:
                    told += 1
                    if told <= MAX_FINDINGS:
                        yield Finding("error", reason, _MESSAGES[reason], where)
            yield from _check_declared(declared, _declared(variants))
    except Rejected as rejected:
        yield Finding("error", rejected.reason, _MESSAGES[rejected.reason], rejected.place)
        return
    if told > MAX_FINDINGS:
        yield Finding("error", "count", f"{told - MAX_FINDINGS} more records would be rejected")
    yield Finding("info", "count", f"{records} records, {told} of them would be rejected")


def _check_header(raw: RawFile) -> Iterator[Finding]:
    if not raw.header.startswith(b"##fileformat=VCFv4."):
        message = "the first line does not state a version of VCF 4"
        yield Finding("warning", "other-version", message, "line 1")


def _declared(variants: VariantFile) -> dict[str, set[str]]:
    header = variants.header
    return {
        "INFO": set(header.info),
        "FORMAT": set(header.formats),
        "FILTER": set(header.filters),
        "contig": {str(contig) for contig in header.contigs},
    }


def _check_declared(before: dict[str, set[str]], after: dict[str, set[str]]) -> Iterator[Finding]:
    """htslib adds to its header what records bring and no line declares."""
    for place, ids in after.items():
        rule = "undeclared-contig" if place == "contig" else "undeclared-field"
        for one in sorted(ids - before[place]):
            yield Finding("warning", rule, f"no {place} line of the header declares it", f"{place}/{one}")
