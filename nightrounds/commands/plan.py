"""`nightrounds run --plan`: what a round would read and which rows it would change. Writes nothing."""

from __future__ import annotations

from pathlib import Path

import typer

from nightrounds.commands.common import print_json, print_table


def show_plan(home: Path, sources: list[str] | None, *, reprocess: bool, json: bool) -> None:
    """Print the plan: units by source and why, and rows by table."""
    from flows.planning import plan_round

    plan = plan_round(home, sources, reprocess=reprocess)
    if json:
        print_json(plan)
        return
    print_table(plan["sources"], "units")
    print_table(plan["rows"], "\nrows that will be made anew")
    for problem in plan["problems"]:
        typer.echo(f"{problem['source']} could not be listed: {problem['problem']}")
    if not plan["rows"] and not any(s["to read"] for s in plan["sources"]):
        typer.echo("nothing to do: every unit is published under this recipe")
