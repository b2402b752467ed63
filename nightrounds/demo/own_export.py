"""An export of one's own: which kinds of files lie below a folder, told by looking into them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

from contracts.errors import Fatal, NightroundsError
from contracts.units import Source

_LOOK = 4096
_JSON = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz", ".json", ".json.gz")
_RECORDS = frozenset({"hl7v2", "ccda", "omop", "synthea", "csv"})
_ANY = "FHIR, HL7 v2, C-CDA, OMOP or Synthea CSV, CSV with a mapping file, DICOM or VCF"


def find_sources(root: Path) -> list[Source]:
    """The exports below `root` as sources, one for each kind: the deepest folder that holds all files of the kind.

    Raises:
        Fatal: there is nothing at `root`, or nothing that can be read.
    """
    if not root.exists():
        raise Fatal("there is nothing at this path", "--data", f"a file or folder with {_ANY}")
    found: dict[str, list[Path]] = {}
    for path in _files(root):
        kind = recognise_kind(path)
        if kind is not None:
            found.setdefault(kind, []).append(path)
    if not found:
        raise Fatal(f"no file below it is {_ANY}", "--data", "`nightrounds check PATH` says why")
    return [Source(kind, kind, str(_common(paths)), authority=kind) for kind, paths in sorted(found.items())]


def recognise_kind(path: Path) -> str | None:
    """The kind of export by what is in a file; None where it is of none, and for what cannot be opened."""
    try:
        head = _head(path)
    except OSError:
        return None
    if head.startswith((b"##fileformat=VCF", b"BCF\x02")):
        return "vcf"
    if path.name.lower().endswith(_JSON) and head.lstrip().startswith(b"{") and b'"resourceType"' in head:
        return "fhir"
    return "dicom" if _is_dicom(path, head) else _records_kind(path)


def _records_kind(path: Path) -> str | None:
    """hl7v2, ccda, omop, synthea, or csv where a mapping file beside it takes it."""
    from nightrounds.preflight import kind_of
    from stores.places import LocalPlace

    try:
        kind = kind_of(LocalPlace(path))
    except NightroundsError:
        return None
    return kind if kind in _RECORDS else None


def _head(path: Path) -> bytes:
    """The first bytes, unpacked where they are gzip (bgzip is)."""
    with path.open("rb") as file:
        head = file.read(_LOOK)
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        with gzip.open(path, "rb") as packed:
            return packed.read(_LOOK)
    except (gzip.BadGzipFile, EOFError):
        return head


def _is_dicom(path: Path, head: bytes) -> bool:
    if head[128:132] == b"DICM":
        return True
    if path.suffix.lower() not in {"", ".dcm", ".ima", ".dicom"}:
        return False  # without the preamble, only a name that could be an image's is worth a longer look
    from connectors.dicom.recognise import recognise
    from stores.places import LocalPlace

    try:
        return recognise(LocalPlace(path)) is not None
    except NightroundsError:
        return True  # it began as DICOM: the round will say what is wrong with it


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def _common(paths: list[Path]) -> Path:
    """The file itself where there is one, else the deepest folder that holds them all."""
    if len(paths) == 1:
        return paths[0].resolve()
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))
