"""Preflight of a file by its mapping: what would be held back and why, row by row, and which columns are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from connectors.csv_table.finding import mapping_for, overlay_paths
from connectors.csv_table.mapping import FileMapping, load_mapping
from connectors.csv_table.read import read_records
from connectors.tabular.rows import read_batches
from contracts.errors import Fatal, Rejected
from contracts.keys import KEY_BYTES, Key
from contracts.protocols import Finding, Place, Reading
from contracts.units import Source, Unit

MAX_FINDINGS = 1_000
"""Findings told one by one; beyond, they are only counted."""
_KEY = Key("check", bytes(KEY_BYTES))  # nothing of what is keyed by it is told or kept
_MESSAGES = {
    "ragged-row": "the row has more or fewer cells than the header",
    "malformed-csv": "a quote is not closed, or something follows where it is closed",
    "nul-byte": "the row holds a NUL byte",
    "invalid-encoding": "the row holds bytes that are none of the declared encoding",
    "row-too-long": "the row is longer than any record",
    "date-not-as-declared": "the date is not written as `dates` in the mapping says, or no calendar has it",
    "number-not-as-declared": "no number as `decimal` and `thousands` in the mapping write them",
    "value-not-mapped": "the word is none that the field knows: add it to its `map` in the mapping",
    "missing-patient": "the row names no patient",
}


def mappings_of(place: Place, given: Path | None = None) -> list[Path]:
    """The mapping file given, or those of a folder given; else those beside a local file, and of the overlay."""
    if given is not None:
        return sorted(given.glob("*.toml")) if given.is_dir() else [given]
    path = getattr(place, "path", None)  # a place that is no file of this machine has none
    beside = path.parent.glob("*.toml") if isinstance(path, Path) else ()
    return sorted({*beside, *overlay_paths()})


def check_mapping(path: Path) -> Iterator[Finding]:
    """Findings for a mapping file: `bad-mapping`, or what it says."""
    try:
        mapping = load_mapping(path)
    except Fatal as error:
        yield Finding(
            "error", "bad-mapping", f"{error.message} ({error.legal})", error.place.partition(": ")[2]
        )
        return
    blocks = Counter(block.target for block in mapping.blocks)
    made = ", ".join(f"{count} {target}" for target, count in blocks.items()) or "no records"
    what = "counted and not read" if mapping.ignore else f"read; a row gives {made}"
    yield Finding("info", "mapping", f"files {', '.join(mapping.files)} are {what}")


def takes(name: str, paths: Sequence[Path]) -> bool:
    """Whether some mapping is for a file of this name, or one of them cannot be read."""
    try:
        mapping_for(name, paths)
    except Rejected:
        return False
    except Fatal:
        return True
    return True


def check_file(place: Place, paths: Sequence[Path]) -> Iterator[Finding]:
    """Findings for one file: columns that are left out, errors by row and column, then counts.

    Rules: the reason codes of `CsvConnector.read` and of its rejected rows; `bad-mapping` (error); `unnamed-column`
    (warning); and `count` (information).
    """
    try:
        mapping = mapping_for(place.name, paths)
        yield from _check_columns(place, mapping)
        yield from _check_rows(place, mapping)
    except Rejected as rejected:
        yield Finding("error", rejected.reason, f"needs {rejected.legal}", rejected.place)
    except Fatal as error:
        yield Finding("error", "bad-mapping", f"{error.message} ({error.legal})", error.place)


def _check_columns(place: Place, mapping: FileMapping) -> Iterator[Finding]:
    named = set(mapping.columns)
    for batch in read_batches(place, mapping.dialect):
        for name in [] if mapping.ignore else batch.header:
            if name not in named:
                what = f"{mapping.path.name} does not name it: it is left out"
                yield Finding("warning", "unnamed-column", what, f"column {name}")
        return


def _check_rows(place: Place, mapping: FileMapping) -> Iterator[Finding]:
    source = Source("check", "csv", "", authority="check")
    reading = Reading(Unit("check/0", "check", "csv"), source, place, _KEY)
    counts: Counter[str] = Counter()
    told = 0
    for table, batch in read_records(reading, mapping):
        kinds = {"rejected": "reason", "ignored": "type"}
        counts.update(batch.column(kinds[table]).to_pylist() if table in kinds else {table: batch.num_rows})
        for row in batch.to_pylist() if table == "rejected" else ():
            told += 1
            if told <= MAX_FINDINGS:
                message = _MESSAGES.get(row["reason"], "a value that the mapping requires is empty")
                yield Finding("error", row["reason"], message, row["where"])
    if told > MAX_FINDINGS:
        yield Finding("info", "count", f"{told - MAX_FINDINGS} further findings are not listed")
    for name, count in sorted(counts.items()):
        yield Finding("info", "count", f"{count} {name}")
