"""`nightrounds doctor`: whether all is installed, reachable, writable and large enough."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from nightrounds.commands.common import (
    DEFAULT_HOME,
    EXIT_ERROR,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    say,
)
from nightrounds.commands.layout import plural, wrap


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(home: HomeOption = Path(DEFAULT_HOME), json: JsonOption = False) -> None:
    """Check installation and home: ok, warn or fail for each, with what to do. Changes nothing.

    Looks at Python and its packages, home, key and folders, catalog, encoders, sources (how many files, no names),
    disk, server and port, Dask and the schedule. Exit code 1 if any check fails.
    """
    from nightrounds.checkup import check_home, check_installation

    checks = [*check_installation(), *check_home(enter_home(home))]
    failed = sum(check.state == "fail" for check in checks)
    if json:
        print_json([asdict(check) for check in checks])
    else:
        broad = max(len(check.name) for check in checks)
        for check in checks:
            typer.echo(wrap(check.found, broad + 8, f"{check.state:4}  {check.name}"))
            if check.state != "ok" and check.fix:
                typer.echo(wrap(f"to do: {check.fix}", broad + 8))
        warned = sum(check.state == "warn" for check in checks)
        say(f"\n{plural(len(checks), 'check')}: {failed} failed, {plural(warned, 'warning')}")
    raise typer.Exit(EXIT_ERROR if failed else 0)
