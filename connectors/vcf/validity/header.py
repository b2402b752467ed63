"""Judging a header: its version, its meta-information lines, the #CHROM line (VCF 4.3, sections 1.1 to 1.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connectors.vcf.validity.lines import Line, parse_line
from connectors.vcf.validity.reserved import Reserved, reserved_fields
from connectors.vcf.validity.rules import Found, Verdict

FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
NEWEST = 5
_TYPES = frozenset("Integer Float Flag Character String".split())
_NUMBERS = {"A": 1, "G": 1, "R": 2, "P": 4, "LA": 5, "LR": 5, "LG": 5, "M": 5}
_ORDER = ("ID", "Number", "Type", "Description")
_VERSION = re.compile(r"VCFv4\.(\d{1,3})")
_NOT_IN_CONTIG = re.compile(r"""[\s,"'`()\[\]{}<>\\]|^[*=]|[^!-~]""")
_NOT_IN_ALT = re.compile(r"[\s,<>]")
_IDENTIFIER = re.compile(r"[0-9A-Za-z_.\-]+")
_STRUCTURAL = frozenset("DEL INS DUP INV CNV BND".split())
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://(?:[^/@\s]*@)?([^/:?#\s]*)(?::\d+)?(?:[/?#]\S*)?")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass
class Header:
    """What a header declares, and what was found wrong with it.

    Attributes:
        minor: 0 for VCFv4.0 to 5 for VCFv4.5.
        samples: how many sample columns; -1 where there is no FORMAT column either.
        info, formats: Number and Type by key, the first declaration of each.
        filters, contigs: the ids declared.
        lines: how many lines the header has.
        findings: in the order of lines.
    """

    minor: int = NEWEST
    samples: int = -1
    info: dict[str, Reserved] = field(default_factory=dict)
    formats: dict[str, Reserved] = field(default_factory=dict)
    filters: set[str] = field(default_factory=set)
    contigs: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    findings: list[Found] = field(default_factory=list)

    @property
    def columns(self) -> int:
        """How many columns a record has."""
        return len(FIXED) + 1 + self.samples

    @property
    def readable(self) -> bool:
        """Whether records can be taken apart by it."""
        return self.verdict < Verdict.INVALID

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict."""
        return max((found.verdict for found in self.findings), default=Verdict.ADVICE)


def judge_header(text: bytes) -> Header:
    """Judge a header.

    Args:
        text: all lines up to and with the #CHROM line; where there is none, up to and with the line that takes its
            place.

    Returns:
        What it declares. With an invalid finding the file is not to be read.
    """
    header = Header()
    raw = text.split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    header.lines = len(raw)
    lines = [_decode(header, number, line) for number, line in enumerate(raw, 1)]
    _judge_version(header, lines[0] if lines else "")
    reserved = {place: reserved_fields(place, header.minor) for place in ("INFO", "FORMAT")}
    last = lines[-1] if lines and lines[-1].startswith("#") and not lines[-1].startswith("##") else None
    meta = lines if last is None else lines[:-1]
    for number, text_line in enumerate(meta, 1):
        _judge_meta(header, reserved, number, text_line)
    _judge_columns(header, last, len(lines))
    return header


def _decode(header: Header, number: int, line: bytes) -> str:
    try:
        return line.rstrip(b"\r").decode()
    except UnicodeDecodeError:
        header.findings.append(Found("header-utf8", number))
        return line.rstrip(b"\r").decode("latin-1")


def _judge_version(header: Header, first: str) -> None:
    if not first.startswith("##fileformat="):
        header.findings.append(Found("fileformat-missing", 1, "##fileformat"))
        return
    stated = _VERSION.fullmatch(first.removeprefix("##fileformat="))
    if stated is None:
        header.findings.append(Found("fileformat-version", 1, "##fileformat"))
        return
    header.minor = min(int(stated[1]), NEWEST)
    if int(stated[1]) > NEWEST:
        header.findings.append(Found("fileformat-newer", 1, "##fileformat"))


def _judge_meta(header: Header, reserved: dict[str, dict[str, Reserved]], number: int, text: str) -> None:
    def find(rule: str, where: str) -> None:
        header.findings.append(Found(rule, number, where))

    if not text.startswith("##"):
        if not text.strip():
            find("header-line-empty", "")
        elif text.count("\t") < len(FIXED) - 1:
            find("header-line-prefix", "")
        return
    key, equals, value = text[2:].partition("=")
    if not equals or not key or (re.search(r"\s", key) and "<" not in value):
        find("meta-key-value", "")
    elif value in {"", "<>"}:
        find("fileformat-version" if key == "fileformat" and number > 1 else "meta-value-empty", _named(key))
    elif key == "fileformat" and number > 1:
        find("fileformat-repeated", "##fileformat")
    elif key in {"assembly", "pedigreeDB"}:
        if not _is_url(value.removeprefix("<").removesuffix(">")):
            find("url", f"##{key}")
    elif key in _JUDGES:
        line = parse_line(key, value)
        for rule in _judge_structured(line, header, reserved):
            find(rule, f"##{key}")


def _named(key: str) -> str:
    known = key in _JUDGES or key in {
        "fileformat",
        "assembly",
        "pedigreeDB",
        "reference",
        "source",
        "fileDate",
    }
    return f"##{key}" if known else ""


def _is_url(text: str) -> bool:
    found = _URL.fullmatch(text)
    if found is None:
        return False
    host = found[1]
    return bool(re.search("[A-Za-z]", host) or _ADDRESS.fullmatch(host) or text.startswith("file:///"))


def _judge_structured(line: Line, header: Header, reserved: dict[str, dict[str, Reserved]]) -> Iterator[str]:
    is_field = line.kind in reserved
    if not line.closed:
        yield "declaration-broken" if is_field else "meta-structure"
        if is_field:
            return
    elif line.broken:
        yield "meta-structure"
    if is_field:
        yield from _judge_field(line, header, reserved[line.kind])
    else:
        yield from _JUDGES[line.kind](line, header)


def _judge_field(line: Line, header: Header, reserved: dict[str, Reserved]) -> Iterator[str]:
    key, number, kind = (line.get(name) for name in _ORDER[:3])
    if not key:
        yield "declaration-id"
    if kind not in _TYPES:
        yield "declaration-type"
    if not (number.isdecimal() or number == "." or number in _NUMBERS):
        yield "declaration-number"
    elif _NUMBERS.get(number, 0) > header.minor:
        yield "number-of-later-version"
    if not line.broken and (not line.has("Description") or not line.is_quoted("Description")):
        yield "declaration-description"
    if [name for name in line.keys if name in _ORDER] != [name for name in _ORDER if line.has(name)]:
        yield "declaration-order"
    yield from _compare_reserved(line, key, Reserved(number, kind), reserved)
    declared = header.info if line.kind == "INFO" else header.formats
    if declared.setdefault(key, Reserved(number, kind)) != (number, kind):
        yield "declaration-repeated"


def _compare_reserved(line: Line, key: str, stated: Reserved, reserved: dict[str, Reserved]) -> Iterator[str]:
    if stated.kind == "Flag" and line.kind == "FORMAT":
        yield "format-flag"
    if key in reserved:
        if reserved[key].kind and stated.kind != reserved[key].kind:
            yield "reserved-type"
        if reserved[key].number and stated.number != reserved[key].number:
            yield "reserved-number"
    elif stated.kind == "Flag" and stated.number != "0":
        yield "flag-number"


def _judge_filter(line: Line, header: Header) -> Iterator[str]:
    name = line.get("ID")
    if not name:
        yield "meta-id"
        return
    if name == "0" or re.search(r"[\s,;]", name):
        yield "filter-id"
    if not line.broken and not line.is_quoted("Description"):
        yield "declaration-description"
    header.filters.add(name)


def _judge_alt(line: Line, header: Header) -> Iterator[str]:
    name = line.get("ID")
    if not name:
        yield "meta-id"
        return
    if _NOT_IN_ALT.search(name):
        yield "alt-id"
    first, colon, _ = name.partition(":")
    if first not in _STRUCTURAL and (colon or header.minor < 3):
        yield "alt-id-type"
    if line.has("Number") or line.has("Type"):
        yield "alt-keys"
    if not line.broken and not line.is_quoted("Description"):
        yield "declaration-description"


def _judge_contig(line: Line, header: Header) -> Iterator[str]:
    name = line.get("ID")
    if not name:
        yield "meta-id"
        return
    if _NOT_IN_CONTIG.search(name):
        yield "contig-id"
    elif header.minor == 3 and "*" in name:
        yield "contig-id-asterisk"
    length = line.get("length")
    if length and not length.isdecimal():
        yield "contig-length"
    before = header.contigs.get(name, "")
    if before and length and before != length:
        yield "contig-repeated"
    header.contigs[name] = before or length


def _judge_sample(line: Line, header: Header) -> Iterator[str]:
    name = line.get("ID")
    if not name:
        yield "meta-id"
    if header.minor < 3:
        if not line.has("Genomes"):
            yield "sample-line-genomes"
        if any(line.is_quoted(key) for key in line.keys if key != "Description"):
            yield "sample-line-quotes"
    elif name and not _IDENTIFIER.fullmatch(name):
        yield "sample-line-id"


def _judge_pedigree(line: Line, header: Header) -> Iterator[str]:
    if header.minor >= 3 and not line.get("ID"):
        yield "meta-id"
    if not all(_IDENTIFIER.fullmatch(line.get(key)) for key in line.keys):
        yield "pedigree-value"


def _judge_meta_line(line: Line, header: Header) -> Iterator[str]:
    if line.keys[:1] != ["ID"]:
        yield "meta-line-order" if line.has("ID") else "meta-id"
    number = line.get("Number")
    if line.has("Number") and number != "." and not number.isdecimal():
        yield "meta-line-number"
    if line.has("Type") and (line.get("Type") not in _TYPES or line.get("Type") == "Flag"):
        yield "meta-line-type"
    values = line.get("Values")
    if line.has("Values") and not (values.startswith("[") and values.endswith("]")):
        yield "meta-line-values"


_JUDGES: dict[str, Callable[[Line, Header], Iterator[str]]] = {
    "INFO": lambda line, header: iter(()),
    "FORMAT": lambda line, header: iter(()),
    "FILTER": _judge_filter,
    "ALT": _judge_alt,
    "contig": _judge_contig,
    "SAMPLE": _judge_sample,
    "PEDIGREE": _judge_pedigree,
    "META": _judge_meta_line,
}


def _judge_columns(header: Header, line: str | None, number: int) -> None:
    def find(rule: str) -> None:
        header.findings.append(Found(rule, number, "#CHROM line"))

    if line is None:
        if not any(found.rule == "header-line-prefix" for found in header.findings):
            find("chrom-line-missing")
        return
    columns = line.split("\t")
    if tuple(columns[:8]) != FIXED:
        find("chrom-line-columns")
        return
    if len(columns) > 8 and columns[8] != "FORMAT":
        find("chrom-line-format")
        return
    names = columns[9:]
    header.samples = len(columns) - 9
    if len(columns) == 9:
        find("chrom-line-no-samples")
    if any(not name for name in names):
        find("sample-name-empty")
    if len(set(names)) != len(names):
        find("sample-name-repeated")
