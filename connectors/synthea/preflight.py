"""Preflight of a file of a Synthea export: which table it is, what it lacks, and the rows that would be held back."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from connectors.synthea.layout import Layout, layout_of
from connectors.tabular.moments import ISO, moment_reader
from connectors.tabular.rows import Batch, Dialect, read_batches
from contracts.errors import Rejected
from contracts.protocols import Finding, Place

MAX_FINDINGS = 1_000
"""Findings told one by one; beyond, they are only counted."""
_MESSAGES = {
    "ragged-row": "the row has more or fewer cells than the header",
    "malformed-csv": "a quote is not closed, or something follows where it is closed",
    "nul-byte": "the row holds a NUL byte",
    "invalid-encoding": "the row holds bytes that are no UTF-8",
    "row-too-long": "the row is longer than any record",
}
_MOMENTS = ("birth", "death", "start", "end", "service")


def check_file(place: Place) -> Iterator[Finding]:
    """Findings for one file: errors by row, columns that are unknown or absent, then the count of rows.

    Rules: `not-synthea`, `missing-column`, `duplicate-column`, `no-column-names`, `cut-off`, `corrupt-gzip`,
    `wrong-encoding`, `malformed-csv`, `ragged-row`, `nul-byte`, `invalid-encoding`, `row-too-long`, `missing-subject`,
    `impossible-date`; `unknown-column` and `absent-column` (warnings); and `count` (information).
    """
    rows = told = 0
    layout: Layout | None = None
    try:
        for batch in read_batches(place, Dialect()):
            if layout is None:
                layout = layout_of(place.name, batch.header)
                yield from _check_header(layout, batch)
            rows += len(batch.numbers) + len(batch.rejected)
            for finding in _check_rows(layout, batch):
                told += 1
                if told <= MAX_FINDINGS:
                    yield finding
    except Rejected as rejected:
        yield Finding("error", rejected.reason, f"needs {rejected.legal}", rejected.place)
    if told > MAX_FINDINGS:
        yield Finding("info", "count", f"{told - MAX_FINDINGS} further findings are not listed")
    what = f"{layout.file}.csv" if layout else "rows"
    yield Finding("info", "count", f"{rows} rows of {what}" if layout else f"{rows} rows")


def _check_header(layout: Layout, batch: Batch) -> Iterator[Finding]:
    layout.find(batch.header)
    for name in layout.strangers(batch.header):
        yield Finding(
            "warning", "unknown-column", f"no column of {layout.file}.csv: it is left out", f"column {name}"
        )
    for name in layout.absent(batch.header):
        yield Finding("warning", "absent-column", "it is not there, and stays empty", f"column {name}")


def _check_rows(layout: Layout, batch: Batch) -> Iterator[Finding]:
    for number, reason, _ in batch.rejected:
        yield Finding("error", reason, _MESSAGES[reason], batch.row(number))
    positions = layout.find(batch.header)
    names = {column.field: column.names[0] for column in layout.columns}
    subject = positions.get("id" if layout.table == "patient" else "subject")
    read = moment_reader([ISO], ZoneInfo("UTC"))
    dates = [(names[name], positions[name]) for name in _MOMENTS if name in positions]
    for number, cells in zip(batch.numbers, batch.cells, strict=True):
        if subject is not None and not cells[subject].strip():
            yield Finding("error", "missing-subject", "the row names no patient", batch.row(number))
        for name, at in dates:
            if cells[at].strip() and read(cells[at].strip()) is None:
                where = f"{batch.row(number)}, column {name}"
                yield Finding("error", "impossible-date", "no date that a calendar has", where)
