"""`nightrounds serve`: the Prefect server and a worker, with the night round on its schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nightrounds.commands.common import DEFAULT_HOME, HomeOption, enter_home, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    home: HomeOption = Path(DEFAULT_HOME),
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this many seconds; runs on otherwise.")
    ] = None,
) -> None:
    """Start the Prefect server and a worker; the night round runs on its schedule and on demand. Ctrl-C stops both."""
    from flows.environment import prepare_environment
    from flows.server import running_server, wait_for_children
    from flows.settings import load_settings
    from stores.home import open_home

    path = enter_home(home)
    opened = open_home(path)
    opened.load_key()
    settings = load_settings(path)
    prepare_environment(opened)
    with running_server(opened, settings, say) as url:
        schedule = settings.schedule
        say(f"UI: {url}   schedule: {schedule.cron} {schedule.time_zone}")
        say("by hand: prefect deployment run night_round/nightly, or Run in the UI. Ctrl-C stops.")
        wait_for_children(seconds if seconds is not None else 3600 * 24 * 3650)
