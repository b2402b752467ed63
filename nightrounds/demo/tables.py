"""Delimited tables of the demo: rows gathered by file, written with a header, and counted as they are added."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightrounds.demo.ledger import Statements

Row = Mapping[str, object]


@dataclass
class Tables:
    """The files of one source and night.

    Attributes:
        told: counts the rows.
        columns: all columns of a file by its name; None: those that rows name, in the order in which they first do.
        rows: rows by file.
    """

    told: Statements
    columns: Callable[[str], Sequence[str]] | None = None
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, file: str, row: Row, fate: str = "accepted") -> int:
        """Append a row that should meet `fate`; its number in the file comes back, the header being row 1."""
        rows = self.rows.setdefault(file, [])
        rows.append(row)
        self.told.note(file.partition(".")[0], fate)
        return len(rows) + 1

    def write(self, folder: Path, delimiter: str = ",") -> None:
        """Write all files."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.rows.items():
            used = dict.fromkeys(column for row in rows for column in row)
            columns = self.columns(name) if self.columns else list(used)
            text = io.StringIO()
            writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            (folder / name).write_text(text.getvalue(), encoding="utf-8")
        self.told.ledger.count_file(self.told.night, self.told.source, len(self.rows))
