"""`nightrounds release`: what readers see, and moving it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightrounds.commands.common import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from stores.releases import Releases

app = typer.Typer(no_args_is_help=True, help="Releases: what readers see, and moving it.")
_Number = Annotated[int, typer.Argument(help="Number of the release.")]


@app.command("list")
def list_releases(home: HomeOption = Path(DEFAULT_HOME), json: JsonOption = False) -> None:
    """List the releases, and which one readers see."""
    from stores.home import open_home
    from stores.releases import Releases

    releases = Releases(open_home(enter_home(home)))
    current = releases.current()
    rows = [
        {
            "release": r.number,
            "round": r.round_no,
            "created": r.created[:19],
            "tables": len(r.tables),
            "pinned": r.pinned,
            "readers see it": current is not None and r.number == current.number,
        }
        for r in releases.list()
    ]
    if json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        say("no release yet: nightrounds run")


def known_release(releases: Releases, number: int) -> None:
    """Raise `Usage` where there is no release by this number."""
    from contracts.errors import Usage

    known = [release.number for release in releases.list()]
    if number not in known:
        legal = f"one of {', '.join(map(str, known))}" if known else "there is none yet: nightrounds run"
        raise Usage("there is no such release", f"release {number}", legal)


@app.command("move")
def move(number: _Number, home: HomeOption = Path(DEFAULT_HOME)) -> None:
    """Let readers see another release, earlier or later. The next round that changes something makes a new one."""
    from stores.home import open_home
    from stores.lease import Lease
    from stores.releases import Releases

    opened = open_home(enter_home(home))
    with Lease(opened, "release move"):
        known_release(Releases(opened), number)
        moved = Releases(opened).move_to(number)
    typer.echo(f"readers see release {moved.number} (round {moved.round_no})")


@app.command("pin")
def pin(
    number: _Number,
    home: HomeOption = Path(DEFAULT_HOME),
    off: Annotated[bool, typer.Option("--off", help="Let clean-up take it again.")] = False,
) -> None:
    """Keep a release from clean-up, so that it can be cited."""
    from stores.home import open_home
    from stores.lease import Lease
    from stores.releases import Releases

    opened = open_home(enter_home(home))
    with Lease(opened, "release pin"):
        known_release(Releases(opened), number)
        pinned = Releases(opened).pin(number, not off)
    typer.echo(f"release {pinned.number} is {'pinned' if pinned.pinned else 'not pinned'}")
