"""The command line: thin, and quick to answer `--help`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from nightrounds import __version__
from nightrounds.commands import demo, doctor, export, init, keys, read, release, run, serve, vocabulary
from nightrounds.commands.common import EXIT_ERROR, EXIT_USAGE, print_json, say

app = typer.Typer(
    name="nightrounds",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Every night a hospital's exports arrive: images (DICOM), variants (VCF), records (EHR). Nightrounds reads "
    "what is new, de-identifies it, lets nothing pass that fails its quality gate, embeds it, and leaves a lakehouse, "
    "a vector index and a patient graph.\n\n"
    "Exit codes: 0 all published, 1 error, 2 wrong usage, 3 something held back.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"nightrounds {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Options before any command."""


for module in (demo, init, run, serve, read, doctor):
    module.add_to(app)
app.add_typer(read.quarantine_app, name="quarantine")
app.add_typer(release.app, name="release")
app.add_typer(export.app, name="export")
app.add_typer(keys.app, name="key")
app.add_typer(vocabulary.app, name="vocabulary")


def main() -> None:
    """Run the command line; our own errors are told in one line, with the place and the fix.

    With `--json` they are told on standard output too, as JSON.
    """
    from contracts.errors import NightroundsError, Usage

    os.umask(0o077)  # whatever any library writes is the owner's alone
    try:
        app()
    except NightroundsError as error:
        say(f"error: {error}")
        _tell_json(type(error).__name__, error.message, error.place, error.legal)
        sys.exit(EXIT_USAGE if isinstance(error, Usage) else EXIT_ERROR)
    except SystemExit as stop:
        if stop.code == EXIT_USAGE:  # the parser's own words are on standard error
            _tell_json("Usage", "wrong usage", "command line", "standard error says what; --help lists all")
        raise
    except KeyboardInterrupt:
        say("stopped; run the same command again to go on where it stopped")
        sys.exit(130)


def _tell_json(name: str, message: str, place: str, legal: str) -> None:
    if "--json" in sys.argv[1:]:
        print_json({"error": {"class": name, "message": message, "place": place, "legal": legal}})


if __name__ == "__main__":
    main()
