"""`nightrounds export meds`: the lake as a MEDS data set, and whether a data set keeps the standard's rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import (
    DEFAULT_HOME,
    EXIT_HELD_BACK,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    say,
)
from nightrounds.commands.layout import plural

if TYPE_CHECKING:
    from tasks.meds.exporting import Export

app = typer.Typer(no_args_is_help=True, help="Standard outputs of the lake.")


@app.callback()
def _root() -> None:
    """Keep `meds` a command of its own, though it is the only one."""


@app.command("meds")
def meds(
    home: HomeOption = Path(DEFAULT_HOME),
    out: Annotated[
        Path | None,
        typer.Option(help="The folder: new, empty, or an earlier export. The home's meds/ by default."),
    ] = None,
    release: Annotated[
        int | None, typer.Option(min=1, help="Another release than the one that readers see.")
    ] = None,
    notes: Annotated[bool | None, typer.Option(help="With the text of notes.")] = None,
    images: Annotated[bool | None, typer.Option(help="With imaging studies.")] = None,
    variants: Annotated[bool | None, typer.Option(help="With samples that have variants.")] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check a data set instead; needs no home.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Export a release of the lake as a MEDS 0.4 data set, or bring an earlier export up to date.

    Shards whose rows did not change are left alone. What goes in is set by the section [meds] of the home's settings,
    or by the options. --check tells whether any MEDS data set keeps the standard's rules: exit codes 0 it does, 1 it
    cannot be read, 3 it does not.

    Examples: nightrounds export meds --out /data/meds --notes; nightrounds export meds --check /data/meds
    """
    if check is not None:
        _check(check, json)
        return
    chosen = {"notes": notes, "images": images, "variants": variants}
    done, folder = _export(
        home, out, release, {name: value for name, value in chosen.items() if value is not None}
    )
    if json:
        print_json(done.to_json())
        return
    typer.echo(
        f"release {done.release}: {plural(done.events, 'event')} of {plural(done.subjects, 'person', 'persons')} "
        f"in {plural(done.shards, 'shard')} ({done.written:,} written, {done.removed:,} removed)"
    )
    say(f"in {folder}; is it sound? nightrounds export meds --check {folder}")


def _export(home: Path, out: Path | None, release: int | None, chosen: dict[str, Any]) -> tuple[Export, Path]:
    from dataclasses import replace

    from contracts.errors import Fatal
    from flows.rounds import use_overlay
    from flows.settings import load_settings
    from nightrounds.commands.release import known_release
    from stores.home import open_home
    from stores.lake import Lake
    from stores.releases import Releases
    from tasks.meds.home import exporter_of, store_of

    opened = open_home(enter_home(home))
    settings, releases, key = load_settings(opened.path), Releases(opened), opened.load_key()
    use_overlay(settings)
    if release is not None:
        known_release(releases, release)
    found = releases.current() if release is None else releases.get(release)
    if found is None:
        raise Fatal("there is no release to export yet", "releases", "make a round first: nightrounds run")
    folder = opened.meds if out is None else out.expanduser().resolve()
    exporter = exporter_of(
        opened, Lake(opened.lake, opened.buckets), key, replace(settings.meds.options(), **chosen)
    )
    return exporter.export(found, store_of(opened, folder, key)), folder


def _check(folder: Path, json: bool) -> None:
    from tasks.meds.checking import check_meds

    checked = check_meds(folder.expanduser().resolve())
    if json:
        print_json(checked.to_json())
    else:
        for finding in checked.findings:
            typer.echo(f"{finding.where} {finding.severity} {finding.rule}: {finding.message}")
        counts = (
            plural(checked.events, "event"),
            plural(checked.subjects, "subject"),
            plural(checked.shards, "shard"),
        )
        say(f"{', '.join(counts)}: {plural(checked.errors, 'error') if checked.errors else 'sound'}")
    raise typer.Exit(EXIT_HELD_BACK if checked.errors else 0)
