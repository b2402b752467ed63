"""`nightrounds explain`: what happened in a round, what was held back and why, what is safe, what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import DEFAULT_HOME, HomeOption, JsonOption, enter_home, print_json, say
from nightrounds.commands.layout import wrap

if TYPE_CHECKING:
    from stores.catalog import RoundRow
    from stores.home import Home


def explain(
    run: Annotated[
        str, typer.Argument(help="A round's number, the beginning of its run id, or: last")
    ] = "last",
    home: HomeOption = Path(DEFAULT_HOME),
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the sealed traceback of the last error; needs the key.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Explain a round in plain words: what happened, what was held back and why, what is safe, what to do next."""
    if reveal:
        _reveal(enter_home(home))
        return
    from flows.settings import load_settings
    from nightrounds.story import tell
    from stores.catalog import Catalog
    from stores.home import open_home
    from stores.releases import Releases

    path = enter_home(home)
    opened = open_home(path)
    with Catalog.open(opened, load_settings(path).stores.catalog_url or None) as catalog:
        row = find_round(catalog.rounds(), run)
    release = Releases(opened).current()
    story = tell(row, _running(opened), None if release is None else release.number, home)
    if json:
        print_json(
            {"round": row.round_no, "run_id": row.run_id, "state": row.state, **story, "summary": row.summary}
        )
        return
    for heading, paragraphs in story.items():
        typer.echo(heading.capitalize())
        for paragraph in paragraphs:
            typer.echo(_laid_out(paragraph))
        typer.echo("")


def _reveal(home: Path) -> None:
    """Print the traceback that was sealed last; it may quote a patient's values, so it goes to who holds the key."""
    from stores.home import open_home
    from stores.vault import Vault

    opened = open_home(home)
    with Vault.open(opened, opened.load_key()) as vault:
        text = vault.get_sealed("traceback")
    if text is None:
        say("no error was sealed in this home")
        return
    say("this may quote what is in a patient's records: show it to nobody who may not see those")
    typer.echo(text.decode())


def find_round(rounds: list[RoundRow], wanted: str) -> RoundRow:
    """The round by number, by the beginning of its run id, or the last one. `rounds` is newest first.

    Raises:
        Fatal: there was no round yet.
        Usage: there is none like it, or several runs begin alike.
    """
    from contracts.errors import Fatal, Usage

    if not rounds:
        raise Fatal("there was no round yet", "explain", "make one: nightrounds run")
    if wanted == "last":
        return rounds[0]
    found = [row for row in rounds if wanted == str(row.round_no)]
    if not found and len(wanted) >= 4:
        found = [row for row in rounds if row.run_id.startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    problem = "several runs begin like this" if found else "there was no such round"
    raise Usage(
        problem, f"explain {wanted[:40]}", f"last, {rounds[-1].round_no} to {rounds[0].round_no}, or a run id"
    )


def _running(home: Home) -> bool:
    from stores.lease import holder_of

    holder = holder_of(home)
    return holder is not None and holder.purpose == "round"


def _laid_out(paragraph: Any) -> str:
    """A paragraph, or a point with sub-points."""
    if isinstance(paragraph, str):
        return wrap(paragraph, 2)
    head, points = paragraph["text"], paragraph["points"]
    return "\n".join([wrap(head, 4, "  - "), *(wrap(point, 6) for point in points)])
