"""Judging the fixed columns of a record, CHROM to INFO (VCF 4.3, section 1.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.vcf.validity.fields import Key, Keys, count_fits, is_float, type_fault
from connectors.vcf.validity.header import Header

Fault = tuple[str, str]
"""A rule's id and the field."""

_CHROM = re.compile(r"""<[^\s,"'`()\[\]{}<>\\]+>|[^\s,"'`()\[\]{}<>\\=*][^\s,"'`()\[\]{}<>\\]*""")
_BASES = re.compile(r"[ACGTNacgtn]+")
_CODES = re.compile(r"[ACGTURYKMSWBDHVNacgturykmswbdhvn]+")
_SYMBOLIC = re.compile(r"<[^\s,<>]+>")
_BREAKEND = re.compile(
    r"(?:[ACGTNacgtn.]+(?:\[[^\s\[\]]+:\d+\[|\][^\s\[\]]+:\d+\])|(?:\[[^\s\[\]]+:\d+\[|\][^\s\[\]]+:\d+\])[ACGTNacgtn.]+)"
)
_SINGLE_BREAKEND = re.compile(r"\.[ACGTNacgtn]+|[ACGTNacgtn]+\.")
_INFO_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*|1000G")
_CIGAR = re.compile(r"(?:\d+[MIDNSHPX=])+")
_SPACE = re.compile(r"\s")
_LAST = 2_147_483_647


class RecordJudge:
    """Judges the first eight columns by what the header declares."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._minor = header.minor
        self._keys = Keys("INFO", header)

    def judge(self, columns: list[str]) -> Iterator[Fault]:
        """What is wrong with CHROM, POS, ID, REF, ALT, QUAL, FILTER and INFO.

        Args:
            columns: at least the eight, as they stand.
        """
        chrom, pos, ids, ref, alt, qual, filters, info = columns[:8]
        yield from self._chrom(chrom)
        yield from _pos(pos)
        yield from self._ids(ids)
        yield from _ref(ref)
        yield from _alt(alt, ref)
        yield from _qual(qual)
        yield from self._filters(filters)
        yield from self._info(info, pos, 0 if alt == "." else alt.count(",") + 1)

    def key(self, name: str) -> Key:
        """What is known of an INFO key."""
        return self._keys.get(name)

    def doubts_key(self, name: str) -> bool:
        """Whether a key of INFO itself has a fault that counts for every record."""
        faults = self._info_key(name, "", self._keys.get(name))
        return any(not rule.startswith("undeclared-") for rule, _ in faults)

    def doubts_filter(self, text: str) -> bool:
        """Whether a FILTER column has a fault that counts for every record."""
        return any(not rule.startswith("undeclared-") for rule, _ in self._filters(text))

    def _chrom(self, text: str) -> Iterator[Fault]:
        if not _CHROM.fullmatch(text):
            yield "chrom-name", "CHROM"
        elif self._minor == 3 and "*" in text:
            yield "chrom-asterisk", "CHROM"
        elif self._header.contigs and text not in self._header.contigs and text[0] != "<":
            yield "undeclared-contig", "CHROM"

    def _ids(self, text: str) -> Iterator[Fault]:
        if text == ".":
            return
        if not text:
            yield "column-empty", "ID"
            return
        items = text.split(";")
        if _SPACE.search(text):
            yield "id-whitespace", "ID"
        if "" in items:
            yield "id-empty", "ID"
        if len(set(items)) != len(items) and self._minor >= 3:
            yield "id-repeated", "ID"

    def _filters(self, text: str) -> Iterator[Fault]:
        if text in {".", "PASS"}:
            return
        if not text:
            yield "column-empty", "FILTER"
            return
        items = text.split(";")
        if _SPACE.search(text):
            yield "filter-whitespace", "FILTER"
        if "" in items:
            yield "filter-empty", "FILTER"
        if "." in items:
            yield "filter-missing", "FILTER"
        if "0" in items:
            yield "filter-zero", "FILTER"
        if len(set(items)) != len(items) and self._minor >= 3:
            yield "filter-repeated", "FILTER"
        if "PASS" in items:
            yield "filter-pass", "FILTER"
        if not self._header.filters.issuperset(item for item in items if item not in {"", ".", "0", "PASS"}):
            yield "undeclared-filter", "FILTER"

    def _info(self, text: str, pos: str, alternates: int) -> Iterator[Fault]:
        if text == ".":
            return
        if not text:
            yield "column-empty", "INFO"
            return
        seen: set[str] = set()
        for item in text.split(";"):
            key, equals, value = item.partition("=")
            if not item:
                yield "info-empty", "INFO"
                continue
            known = self._keys.get(key)
            if key in seen:
                yield "info-key-repeated", known.name
                continue
            seen.add(key)
            yield from self._info_key(key, value, known)
            yield from _info_value(key, known, value if equals else None, alternates)
            if key == "END" and value.isdecimal() and pos.isdecimal() and int(value) < int(pos):
                yield "info-end", known.name

    def _info_key(self, key: str, value: str, known: Key) -> Iterator[Fault]:
        if _SPACE.search(key) or (self._minor < 3 and _SPACE.search(value)):
            yield "info-whitespace", known.name
        elif self._minor >= 3 and not _INFO_KEY.fullmatch(key):
            yield "info-key", known.name
        if not known.declared:
            yield "undeclared-info", known.name


def _pos(text: str) -> Iterator[Fault]:
    if not (text.isdecimal() and text.isascii()):
        yield "pos-number", "POS"
    elif int(text) > _LAST:
        yield "pos-range", "POS"


def _ref(text: str) -> Iterator[Fault]:
    if text in {"", "."}:
        yield "ref-missing", "REF"
    elif _BASES.fullmatch(text):
        return
    elif "," in text:
        yield "ref-several", "REF"
    else:
        yield "ref-ambiguous" if _CODES.fullmatch(text) else "ref-bases", "REF"


def _alt(text: str, ref: str) -> Iterator[Fault]:
    if text == ".":
        return
    alleles = text.split(",")
    for allele in alleles:
        if not _BASES.fullmatch(allele) and (rule := _allele_fault(allele)):
            yield rule, "ALT"
    if len(alleles) > 1 and len(set(alleles)) != len(alleles):
        yield "alt-repeated", "ALT"
    if ref in alleles:
        yield "alt-is-ref", "ALT"


def _allele_fault(allele: str) -> str:
    if allele == "":
        return "alt-empty"
    if allele == ".":
        return "alt-missing"
    if allele == "*" or _SYMBOLIC.fullmatch(allele) or _SINGLE_BREAKEND.fullmatch(allele):
        return ""
    if "<" in allele or ">" in allele:
        return "" if _breakend_of_assembly(allele) else "alt-symbolic"
    if "[" in allele or "]" in allele:
        return "" if _BREAKEND.fullmatch(allele) else "alt-breakend"
    return "alt-ambiguous" if _CODES.fullmatch(allele) else "alt-bases"


def _breakend_of_assembly(allele: str) -> bool:
    """A mate on a contig of the assembly file, `C[<ctg1>:7[`, or an insertion of one, `C<ctg1>` (section 5.4)."""
    return bool(_BREAKEND.fullmatch(allele) or re.fullmatch(r"[ACGTNacgtn]+<[^\s,<>]+>", allele))


def _qual(text: str) -> Iterator[Fault]:
    if text == ".":
        return
    if not text:
        yield "column-empty", "QUAL"
    elif not is_float(text):
        yield "qual-number", "QUAL"
    elif float(text) < 0:
        yield "qual-negative", "QUAL"


def _info_value(key: str, known: Key, value: str | None, alternates: int) -> Iterator[Fault]:
    if known.kind == "Flag":
        if value:
            yield "info-flag-stated" if value in {"0", "1"} else "info-flag", known.name
        return
    if not value:
        if value == "" or known.kind:
            yield "info-value", known.name
        return
    if value == "." or not known.kind:
        return
    values = [value] if len(value) > 1 and value[0] == value[-1] == '"' else value.split(",")
    faults = {rule for one in values if one != "." and (rule := type_fault(one, known.kind))}
    yield from ((f"info-{rule}", known.name) for rule in sorted(faults))
    if known.number not in {"", "G"} and not count_fits(len(values), known.number, alternates):
        yield "info-number", known.name
    if not faults:
        yield from _info_meaning(key, known, values)


def _info_meaning(key: str, known: Key, values: list[str]) -> Iterator[Fault]:
    if known.counts and any(one.startswith("-") and float(one) < 0 for one in values):
        yield "info-negative", known.name
    if key == "AF" and known.counts and any(one != "." and float(one) > 1 for one in values):
        yield "info-frequency", known.name
    if key == "CIGAR" and not all(one == "." or _CIGAR.fullmatch(one) for one in values):
        yield "info-cigar", known.name
    if key == "SVCLAIM" and not all(one in {".", "D", "J", "DJ"} for one in values):
        yield "info-svclaim", known.name
