"""`nightrounds demo`: two nights of an invented hospital, or one over an export of one's own, and a page of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import EXIT_ERROR, print_table, say
from nightrounds.commands.init import ProfileOption

if TYPE_CHECKING:
    from nightrounds.demo.night import Folder, Night
    from nightrounds.demo.showing import Showing
    from stores.home import Home

_NAMES = {1: "night 1", 2: "night 2", 3: "night 3, link withdrawn"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="The demo's folder; made anew each time.")] = Path(
        "nightrounds-demo"
    ),
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Make one night over your own export: records, DICOM, VCF below it."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="What the invented hospital is drawn from.")] = 7,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with what lies there: an unchanged night again.")
    ] = False,
    unlink: Annotated[bool, typer.Option("--unlink", help="A third night withdraws the late link.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Show what Nightrounds does: nights over an invented hospital (or your export), and one HTML page of them.

    Exit code 0: it came to what it should (planted dirt is held back, as expected); 1: it did not.
    """
    from nightrounds.demo.night import prepare_folder, use_keys
    from nightrounds.demo.page import write_page
    from nightrounds.demo.verdict import judge

    began = perf_counter()
    folder = prepare_folder(out, keep=keep)
    use_keys(folder)
    if data is None:
        showing = _show_hospital(folder, seed, profile or "expert", keep=keep, unlink=unlink)
    else:
        showing = _show_export(folder, data, profile or "safe_harbor")
    with _step("writing the page"):
        page = write_page(showing)
    _print(showing)
    verdict = judge(showing)
    typer.echo("\nwhat it should come to")
    for expectation, met in verdict:
        typer.echo(f"  {'yes' if met else 'NO '}  {expectation}")
    typer.echo(f"\nthe page: {page}   ({perf_counter() - began:.0f} s in all)")
    keys, home = showing.relative(folder.keys), showing.relative(folder.home)
    typer.echo(f"go on with: export NIGHTROUNDS_KEY_DIR={keys}; nightrounds status --home {home}")
    raise typer.Exit(0 if all(met for _, met in verdict) else EXIT_ERROR)


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Say what is being done, then how many seconds it took."""
    typer.echo(f"{what} …", err=True, nl=False)
    began = perf_counter()
    yield
    typer.echo(f" {perf_counter() - began:.1f} s", err=True)


def _enter(folder: Folder, profile: str, seed: str | None) -> Home:
    """The demo's home, made or opened, and this process's environment for its rounds."""
    from flows.environment import prepare_environment
    from nightrounds.commands.init import make_home

    made: Home = make_home(folder.home, profile, seed=seed)
    prepare_environment(made)
    return made


def _show_hospital(folder: Folder, seed: int, profile: str, *, keep: bool, unlink: bool) -> Showing:
    from nightrounds.demo import night as nights
    from nightrounds.demo.hospital import make_hospital
    from nightrounds.demo.showing import show_demo

    known = nights.recall(folder)
    with _step("inventing two hospitals: 31 patients, ten systems that export"):
        hospital = make_hospital(folder.exports, int(known.get("seed", seed)))
    home = _enter(folder, profile, f"demo {hospital.seed}")
    done = [nights.Night(**entry) for entry in known.get("nights", [])] if keep else []
    wanted = [1, 2, *([3] if unlink else [])]
    for number in wanted[len(done) :] or wanted[-1:]:
        again = len(done) >= len(wanted)
        name = _NAMES[number] + (", again" if again else "")
        sources = nights.deliver_night(hospital, folder, min(number, 2))
        if number == 3:  # the crosswalk of the first night lacks the late link
            sources = [_with_location(s, hospital.sources_on(1)) for s in sources]
        made = _make_night(home, sources, name, nights.DAYS[number])
        if again and not made.summary["changed"]:
            say("  nothing changed")
        else:
            done.append(made)
    nights.note(folder, seed=hospital.seed, nights=[vars(n) for n in done])
    with _step("measuring against the truth"):
        return show_demo(folder, home, done, hospital)


def _with_location(source: Any, others: list[dict[str, Any]]) -> Any:
    """The source, with the location that it had among `others`, if it is a crosswalk."""
    from dataclasses import replace

    earlier = next(o for o in others if o["name"] == source.name)
    return replace(source, location=earlier["location"]) if source.kind == "crosswalk" else source


def _show_export(folder: Folder, data: Path, profile: str) -> Showing:
    from nightrounds.demo.own_export import find_sources
    from nightrounds.demo.showing import show_export

    with _step("looking for exports"):
        sources = find_sources(data.expanduser())
    say(
        f"found: {', '.join(source.kind for source in sources)}; privacy profile {profile} (--profile chooses)"
    )
    home = _enter(folder, profile, None)
    return show_export(folder, home, _make_night(home, sources, "your export", None))


def _make_night(home: Home, sources: list[Any], name: str, day: str | None) -> Night:
    from flows.progress import observed
    from flows.settings import load_settings
    from nightrounds.demo.night import run_night

    where = {"local": "on a local Dask cluster", "sync": "in this process", "address": "on the Dask cluster"}
    say(f"{name}: a real round on Prefect, its units {where[load_settings(home.path).dask.mode]} …")
    with observed(_tell_progress):
        night = run_night(home, sources, name, day)
    say(f"  {night.summary['state']}, release {night.summary['release']}, {night.seconds:.1f} s")
    return night


def _tell_progress(stage: str, done: int, total: int) -> None:
    """A line for each stage of more than one unit: counted up where somebody looks, once at its end elsewhere."""
    watched = sys.stderr.isatty()
    if total > 1 and (done == total or watched):
        start, end = "\r" if watched else "", "\n" if done == total else ""
        typer.echo(f"{start}  {stage}: {done:,} of {total:,}{end}", err=True, nl=False)


def _print(showing: Showing) -> None:
    """The accounting of each night, what was held back, linkage and what the late link changed."""
    from nightrounds.demo.sections import gather_account, gather_held

    for night in gather_account(showing)["nights"]:
        print_table(night["rows"], f"\n{night['name']}: records in, and what became of each")
    held = gather_held(showing)
    rows = [
        {"source": source, "reason": reason, **dict(zip(held["nights"], counts, strict=True))}
        for source, reason, _, counts in held["held"]
    ]
    print_table(rows, "\nheld back")
    rows = [
        {
            "after": night.name,
            "persons": found.persons,
            "true pairs": found.true_pairs,
            "found": found.found_pairs,
            "right": found.right_pairs,
            "precision": f"{found.precision:.3f}",
            "recall": f"{found.recall:.3f}",
        }
        for night, found in zip(showing.nights, showing.linkage, strict=False)
    ]
    print_table(rows, "\npersons against truth, pairs of identities")
    rows = [
        {"table": m.table, "rows to another person": m.rows, "dates moved": m.dates} for m in showing.moved
    ]
    print_table(rows, "\nwhat the late link and the merge rewrote of the night before")
    rows = [{"table": r.table, "rows": r.rows, "as they were": r.same} for r in showing.restored]
    print_table(rows, "\nwhat unlinking restored")
