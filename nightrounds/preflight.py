"""What kind of export a file is, told from what is in it, and the findings of its connector's preflight."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.errors import NightroundsError
from contracts.protocols import Finding

if TYPE_CHECKING:
    from contracts.protocols import Place

UNKNOWN = "not known"
CROSSWALK = "crosswalk"
_HEAD_BYTES = 64 << 10
_SKIPPED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_INDEX_SUFFIXES = (".csi", ".tbi", ".bai", ".fai", ".gzi", ".idx")


@dataclass(frozen=True)
class Checked:
    """One file, checked.

    Attributes:
        path: as the user named it, or found below a folder that the user named.
        kind: fhir, dicom, vcf, hl7v2, ccda, crosswalk or "not known".
        findings: what the preflight says.
        readable: whether the file could be read at all.
    """

    path: Path
    kind: str
    findings: tuple[Finding, ...]
    readable: bool = True

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "readable": self.readable,
            "findings": [asdict(finding) for finding in self.findings],
        }


def list_exports(paths: list[Path]) -> list[Path]:
    """The files named, and those below the folders named, sorted within each; hidden and index files are left out."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file() and _wanted(p.relative_to(path)))
            found.update(dict.fromkeys(sorted(below)))
        else:
            found[path] = None
    return list(found)


def _wanted(path: Path) -> bool:
    parts = [part.lower() for part in path.parts]
    if any(part.startswith(".") or part in _SKIPPED for part in parts):
        return False
    return not parts[-1].endswith(_INDEX_SUFFIXES)


def check_path(path: Path, mapping: Path | None = None, *, strict: bool = False) -> Checked:
    """Check one file by the preflight of its kind. What cannot be read is said so, and no error is raised.

    `mapping` is the mapping file of a CSV; without it those beside the file, or in the site's overlay, are taken.
    `strict` makes errors of what a VCF's specification frowns on.
    """
    from connectors import crosswalk
    from connectors.csv_table import preflight as csv_table
    from connectors.registry import connector
    from contracts.units import Source
    from nightrounds.held_back import held_back
    from stores.places import place_of

    try:
        place = place_of(Source("check", UNKNOWN, str(path.absolute())), "")
        kind = kind_of(place, mapping)
        if path.suffix == ".toml" and kind == UNKNOWN:
            return Checked(path, "csv mapping", tuple(csv_table.check_mapping(path)))
        if kind == UNKNOWN and mapping is None:
            return Checked(path, kind, (_not_known(place),))
        if kind == CROSSWALK:
            found = crosswalk.check(place)
        elif kind in {"csv", UNKNOWN}:  # of no other kind, but a mapping file was named
            found = csv_table.check_file(place, csv_table.mappings_of(place, mapping))
        elif kind == "vcf":
            found = _check_vcf(place, strict=strict)
        else:
            found = chain(connector(kind).check(place), held_back(kind, place))
        return Checked(path, kind, tuple(found))
    except NightroundsError as error:
        legal = f" ({error.legal})" if error.legal else ""
        return Checked(
            path, UNKNOWN, (Finding("error", "unreachable", f"{error.message}{legal}"),), readable=False
        )
    except OSError as error:
        finding = Finding(
            "error", "unreachable", f"the file cannot be read: {error.strerror or type(error).__name__}"
        )
        return Checked(path, UNKNOWN, (finding,), readable=False)


def _check_vcf(place: Place, *, strict: bool) -> Iterator[Finding]:
    from connectors.vcf.preflight import check_file

    with place.local() as path:
        yield from check_file(path, strict=strict)


def _not_known(place: Place) -> Finding:
    from contracts.archives import is_archive, list_members
    from contracts.errors import Rejected

    if place.size == 0:
        return Finding("warning", "empty-file", "the file is empty")
    if is_archive(place.name):
        try:
            list_members(place)
        except Rejected as rejected:
            return Finding("error", rejected.reason, f"nothing of the archive is read: {rejected.legal}")
    message = (
        "neither FHIR NDJSON, DICOM, VCF or BCF, HL7 v2 messages, C-CDA documents, OMOP or Synthea CSV, CSV that a "
        "mapping file is for, nor a crosswalk: no connector would take it for its own"
    )
    return Finding("warning", "not-known", message)


def kind_of(place: Place, mapping: Path | None = None) -> str:
    """The kind of export by what the file holds, whatever its name says."""
    head = _head(place)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"BCF\x02") or text.startswith((b"##fileformat=VCF", b"#CHROM\t")):
        return "vcf"
    if head[128:132] == b"DICM":
        return "dicom"
    if text.startswith((b"{", b"[")):
        return "fhir"
    if text.startswith((b"<", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")) and _is_ccda(place):
        return "ccda"
    if _is_hl7v2(text):
        return "hl7v2"
    if _is_crosswalk(text):
        return CROSSWALK
    if _is_omop(place):
        return "omop"
    if _is_dicom_archive(place):
        return "dicom"
    if _has_mapping(place, mapping):
        return "csv"
    if _is_synthea(text):
        return "synthea"
    return _by_name_or_elements(place, head)


def _is_hl7v2(text: bytes) -> bool:
    """A header segment, perhaps after what a log put before it; of UTF-16, every other byte is its ASCII."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = text[2:].replace(b"\x00", b"")
    return re.search(rb"(?:\A|[\r\n\x0b])(?:MSH|FHS|BHS)[^A-Za-z0-9\s]", text[:4096]) is not None


def _is_ccda(place: Place) -> bool:
    from connectors.ccda.preflight import is_export

    return is_export(place)


def _has_mapping(place: Place, mapping: Path | None) -> bool:
    from connectors.csv_table.preflight import mappings_of, takes

    return takes(place.name, mappings_of(place, mapping))


def _is_synthea(text: bytes) -> bool:
    from connectors.synthea.layout import is_header

    first = text.split(b"\n", 1)[0].decode("utf-8", errors="replace")
    return is_header([name.strip().strip('"') for name in first.split(",")])


def _by_name_or_elements(place: Place, head: bytes) -> str:
    """What its content alone does not tell: DICOM without preamble, and files broken at their very beginning."""
    from connectors.dicom.recognise import recognise
    from contracts.errors import Rejected

    name = place.name.lower()
    if name.endswith((".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")):
        return "vcf"
    if name.endswith((".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")) or b'"resourceType"' in head[:4096]:
        return "fhir"
    try:
        return UNKNOWN if place.size == 0 or recognise(place) is None else "dicom"
    except Rejected:
        return "dicom"  # cut off within its file meta: the preflight tells


def _is_omop(place: Place) -> bool:
    from connectors.omop.reading import is_export

    return is_export(place)


def _is_dicom_archive(place: Place) -> bool:
    from connectors.dicom.preflight import is_export

    return is_export(place)


def _is_crosswalk(text: bytes) -> bool:
    from connectors.crosswalk import COLUMNS

    first = text.split(b"\n", 1)[0].decode("utf-8", errors="replace").lower()
    named = {name.strip().strip('"') for name in first.split(",")}
    return (
        len(named & set(COLUMNS)) >= 2
    )  # with one or two columns missing it is a broken crosswalk, and told so


def _head(place: Place) -> bytes:
    """The first bytes, decompressed where they are gzip; as far as they go where the file is damaged."""
    with place.open() as file:
        raw = file.read(_HEAD_BYTES)
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(raw, _HEAD_BYTES)
    except (zlib.error, gzip.BadGzipFile):
        return raw


def check_all(paths: list[Path], mapping: Path | None = None, *, strict: bool = False) -> Iterator[Checked]:
    """Check the files one after another."""
    for path in paths:
        yield check_path(path, mapping, strict=strict)
