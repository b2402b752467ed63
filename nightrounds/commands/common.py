"""What the commands share: the home, JSON output, tables, errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

DEFAULT_HOME = "nightrounds-home"

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home", envvar="NIGHTROUNDS_HOME", help="The home: where lake, vectors, vault and reports lie."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

EXIT_ERROR, EXIT_USAGE, EXIT_HELD_BACK = 1, 2, 3


def enter_home(home: Path) -> Path:
    """Make `home` this process's home, for everything that the command starts; returns its absolute path."""
    path = home.expanduser().resolve()
    os.environ["NIGHTROUNDS_HOME"] = str(path)
    return path


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def print_table(rows: Sequence[dict[str, Any]], title: str = "") -> None:
    """Print rows as a table; numbers to the right. Nothing where there are no rows."""
    if not rows:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in rows[0]:
        numeric = all(isinstance(r[name], int | float) or r[name] in {None, ""} for r in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in rows[0]))
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**12 else str(value)


def say(text: str = "") -> None:
    """Print a line for the user on standard error, so that standard output holds results alone."""
    typer.echo(text, err=True)
