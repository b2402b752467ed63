"""`nightrounds run --plan`: what a round would read and which rows it would change. Writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nightrounds.commands.common import print_json, print_table

if TYPE_CHECKING:
    from nightrounds.commands.adhoc import Given


def show_plan(
    home: Path,
    sources: list[str] | None,
    given: Given,
    mapping: Path | None = None,
    *,
    reprocess: bool,
    json: bool,
) -> None:
    """Print the plan: units by source and why, and rows by table."""
    from flows.planning import known_sources, plan_round
    from flows.settings import load_settings
    from nightrounds.commands.adhoc import sources_of

    extra = sources_of(given, known_sources(home) if given else {}, load_settings(home), mapping)
    names = [*(sources or []), *(source.name for source in extra)]
    plan = plan_round(home, names or None, reprocess=reprocess, extra=extra)
    if json:
        print_json(plan)
        return
    print_table(plan["sources"], "units")
    print_table(plan["rows"], "\nrows that will be made anew")
    for problem in plan["problems"]:
        typer.echo(f"{problem['source']} could not be listed: {problem['problem']}")
    for name in plan["cut_off"]:
        typer.echo(
            f"{name}: a round was cut off before it knew who is who; what it left is read: nightrounds run"
        )
    for name in plan["asked"]:
        typer.echo(
            f"{name}: its server is asked for an export when the round is made; what it holds shows then"
        )
    if not plan["rows"] and not plan["asked"] and not any(s["to read"] for s in plan["sources"]):
        typer.echo("nothing to do: every unit is published under this recipe")
