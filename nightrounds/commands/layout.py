"""How lines are laid out on a terminal: as wide as it is, 100 columns where there is none."""

from __future__ import annotations

import shutil
import textwrap
from datetime import UTC, datetime
from pathlib import Path

from nightrounds.commands.common import DEFAULT_HOME


def width() -> int:
    """Columns to fill: the terminal's, within reason."""
    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 120))


def wrap(text: str, indent: int = 0, first: str = "") -> str:
    """A paragraph wrapped to the terminal, indented; `first` stands before its first line, in the indent."""
    head = first.ljust(indent)
    return textwrap.fill(
        text, width(), initial_indent=head, subsequent_indent=" " * indent, break_on_hyphens=False
    )


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 note`, `2,301 notes`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def ago(moment: datetime) -> str:
    """How long ago, in the unit that says most: `3 minutes ago`."""
    seconds = max((datetime.now(UTC) - moment).total_seconds(), 0)
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{plural(int(seconds // size), noun)} ago"
    return "just now"


def megabytes(size: float) -> str:
    """Bytes in the unit that says most."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit in {"bytes", "kB"} else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def home_argument(home: Path) -> str:
    """`--home …` for a command that the user may copy; empty for the default."""
    return "" if str(home) == DEFAULT_HOME else f" --home {home}"
