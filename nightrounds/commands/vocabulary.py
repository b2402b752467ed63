"""`nightrounds vocabulary`: load OMOP's vocabularies, look codes up, and list what has no concept yet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from nightrounds.commands.layout import home_argument, plural, wrap

if TYPE_CHECKING:
    from stores.home import Home
    from stores.vocabulary import Vocabularies
    from tasks.coverage import Unmapped

app = typer.Typer(
    no_args_is_help=True, help="OMOP's vocabularies: load them, look codes up, list what is not mapped."
)

SMALLEST = 11
"""Smaller counts are not printed: a small cell can point at one of the persons in it."""
_DRUGS = "omop.drug_exposure"
_NAMES = 5
"""At most so many other names of a concept are shown."""
_FIRST_DAY, _LAST_DAY = "1970-01-01", "2099-12-31"


@app.command("load")
def load(
    download: Annotated[
        Path, typer.Argument(help="An Athena download, or an OMOP export's vocabulary tables: folder or zip.")
    ],
    home: HomeOption = Path(DEFAULT_HOME),
    json: JsonOption = False,
) -> None:
    """Load vocabularies in place of those that are there. The next round reads again what has events."""
    from stores.lease import Lease
    from stores.vocabulary_load import load_vocabulary

    opened = _home(home)
    with Lease(opened, "vocabulary load"), _bar() as progress:
        found = load_vocabulary(opened.vocabulary, download, progress).status()
    if json:
        print_json(found)
        return
    _print_loaded(found)
    say(f"the next round reads again what has events: nightrounds run --plan{home_argument(home)}")


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("reading", total=None)

        def show(done: int, total: int) -> None:
            said = "reading" if done < total else "indexing"
            progress.update(bar, completed=done, total=total, description=said)

        yield show


@app.command("status")
def status(home: HomeOption = Path(DEFAULT_HOME), json: JsonOption = False) -> None:
    """Show the vocabularies with versions and counts, and check the site's own source-to-concept map."""
    from stores.vocabulary_site import read_site_map
    from tasks.names import names_at_hand

    opened = _home(home)
    site = read_site_map(opened.vocabulary, _overlay(opened))
    loaded = _vocabularies(opened)
    mapped = [
        {"vocabulary": v, "codes mapped by the site": len(codes)} for v, codes in sorted(site.codes.items())
    ]
    targets = {target for codes in site.codes.values() for code in codes.values() for target in code.targets}
    known = loaded.concepts(targets) if loaded else {}
    found: dict[str, Any] = {
        "loaded": loaded.status() if loaded else None,
        "names": names_at_hand(),
        "site_map": mapped,
        "site_targets": {
            "concepts": len(targets),
            "not_in_the_vocabularies": len(targets - known.keys()),
            "not_standard": sum(not concept.standard for concept in known.values()),
        },
    }
    if json:
        print_json(found)
        return
    if loaded is None:
        typer.echo("no vocabulary is loaded: nightrounds vocabulary load PATH")
        _print_names(found["names"])
    else:
        _print_loaded(loaded.status())
        _print_names(found["names"])
    print_table(mapped, "\nthe site's own map")
    if targets:
        numbers = found["site_targets"]
        typer.echo(
            f"its targets: {numbers['concepts']:,} concepts, {numbers['not_in_the_vocabularies']:,} of them not in the "
            f"loaded vocabularies, {numbers['not_standard']:,} not standard"
        )


def _print_loaded(found: dict[str, Any]) -> None:
    release = f", release {found['release']}" if found["release"] else ""
    typer.echo(
        f"{plural(found['concepts'], 'concept')}, {plural(found['mappings'], 'mapping')}{release}, "
        f"digest {found['digest'][:12]}"
    )
    if found["mappings_elsewhere"]:
        count = plural(found["mappings_elsewhere"], "mapping leads", "mappings lead")
        typer.echo(
            wrap(f"{count} to a concept that is not in the download: choose its vocabulary on Athena too")
        )
    if found["lines_left_out"]:
        typer.echo(f"{plural(found['lines_left_out'], 'line')} of the download could not be read")
    for line in _of_drugs(found):
        typer.echo(wrap(line))
    print_table(found["vocabularies"], "")


def _print_names(packages: dict[str, str]) -> None:
    held = [f"{what} ({package})" for what, package in packages.items() if package]
    missing = [what for what, package in packages.items() if not package]
    said = f"names from packages, which know no concept ids: {', '.join(held) or 'none'}"
    typer.echo(wrap(said + (f"; not installed: {', '.join(missing)}" if missing else "")))


def _of_drugs(found: dict[str, Any]) -> list[str]:
    """What the download tells of drugs, and what follows where it does not."""
    ingredients, strengths = found["ingredients"], found["strengths"]
    return [
        f"{plural(ingredients, 'ingredient')} of drugs: a drug era is of an ingredient"
        if ingredients
        else "no CONCEPT_ANCESTOR with ingredients in the download: a drug era is of the drug's own concept",
        f"{plural(strengths, 'strength')} of drugs: dose eras are made"
        if strengths
        else "no DRUG_STRENGTH in the download: there are no dose eras",
        *([plural(found["synonyms"], "other name")] if found["synonyms"] else []),
    ]


@app.command("lookup")
def lookup(
    vocabulary: Annotated[
        str, typer.Argument(help="OMOP's id of the vocabulary (ICD10CM), or the source's name.")
    ],
    code: Annotated[str, typer.Argument(help="The code as the source writes it.")],
    home: HomeOption = Path(DEFAULT_HOME),
    json: JsonOption = False,
) -> None:
    """Look a code up: its own concept, what it maps to, and the table that an event of it goes to."""
    from stores.vocabulary_site import read_site_map
    from tasks.concepts import LoadedVocabulary
    from tasks.routing import table_of

    opened = _home(home)
    loaded, site = _vocabularies(opened), read_site_map(opened.vocabulary, _overlay(opened))
    found = LoadedVocabulary(loaded, site).concepts_of([(vocabulary, code)]).get((vocabulary, code), ())
    ids = {i for c in found for i in (c.source_concept_id, c.concept_id, c.value_concept_id or 0)} - {0}
    described = loaded.describe(ids) if loaded else {}
    others = loaded.drugs.synonyms(ids) if loaded else {}
    by_site = site.find(vocabulary, code) is not None
    rows = [
        {
            "role": role,
            "concept_id": str(concept),
            **{
                name: described.get(concept, {}).get(name, "")
                for name in ("name", "vocabulary", "code", "domain")
            },
            "standard": described.get(concept, {}).get("standard", ""),
            "table": table_of(one.domain) if role == "standard concept" else "",
            "also named": "; ".join(others.get(concept, [])[:_NAMES]),
        }
        for one in found
        for role, concept in (
            ("source concept", one.source_concept_id),
            ("standard concept", one.concept_id),
            ("value", one.value_concept_id or 0),
        )
        if concept
    ]
    rows = list({(r["role"], r["concept_id"]): r for r in rows}.values())
    if json:
        print_json({"concepts": rows, "by_the_site": by_site})
    elif rows:
        print_table(rows)
        if by_site:
            typer.echo("as the site's own map says")
    else:
        say(_nothing(loaded, vocabulary))


def _nothing(loaded: Vocabularies | None, vocabulary: str) -> str:
    if loaded is None:
        return "no vocabulary is loaded, and the site's own map does not have the code"
    if vocabulary not in loaded.known_vocabularies():
        return f"not found: the loaded vocabularies are {', '.join(loaded.known_vocabularies())}"
    return "not found: neither the vocabulary nor the site's own map has the code"


@app.command("worklist")
def worklist(
    home: HomeOption = Path(DEFAULT_HOME),
    out: Annotated[
        Path | None, typer.Option(help="Write a source_to_concept_map CSV to fill in; a new file.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many codes, the most frequent.")] = 200,
    json: JsonOption = False,
) -> None:
    """List the most frequent source codes without a standard concept, for a data manager to map."""
    from stores.lake import Lake
    from stores.releases import Releases
    from stores.vocabulary_site import read_site_map
    from tasks.coverage import unmapped_codes

    opened = _home(home)
    release, site = Releases(opened).current(), read_site_map(opened.vocabulary, _overlay(opened))
    if release is None:
        say(f"no release yet: nightrounds run{home_argument(home)}")
        return
    codes = unmapped_codes(Lake(opened.lake, opened.buckets), release.tables)
    codes = [one for one in codes if site.find(one.vocabulary, one.code) is None][:limit]
    if out:
        _write_worklist(out, codes)
        say(
            f"wrote {plural(len(codes), 'code')}; fill in target_concept_id and put the file, or its rows, to"
        )
        say(f"{opened.vocabulary / 'source_to_concept_map.csv'}: the next round reads again what it touches")
        return
    rows = [
        {
            "vocabulary": one.vocabulary,
            "code": one.code,
            "words": one.display,
            "known as": _known_as(one),
            "tables": ", ".join(table.partition(".")[2] for table in one.tables),
            "rows": _shown(one.rows),
            "persons": _shown(one.persons),
        }
        for one in codes
    ]
    if json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        say("every source code has a standard concept")


def _known_as(one: Unmapped) -> str:
    from tasks.names import known_as

    return known_as(one.vocabulary, one.code, one.display, is_drug=_DRUGS in one.tables)


def _shown(count: int) -> int | str:
    return f"<{SMALLEST}" if count < SMALLEST else count


def _write_worklist(path: Path, codes: list[Unmapped]) -> None:
    """The codes as a source-to-concept map whose targets are empty. A file that is there may be filled in: it stays."""
    import csv
    import os

    from contracts.errors import Fatal
    from stores.vocabulary_site import COLUMNS

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Fatal(
            "a file of this name is there already", "vocabulary worklist", "name a new file"
        ) from None
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in codes:
            words = one.display or _known_as(one)
            writer.writerow((one.code, 0, one.vocabulary, words, "", "", _FIRST_DAY, _LAST_DAY, ""))


def _home(home: Path) -> Home:
    from stores.home import open_home

    return open_home(enter_home(home))


def _overlay(home: Home) -> Path | None:
    """The site's overlay folder by the home's settings."""
    from flows.settings import load_settings

    overlay = load_settings(home.path).overlay
    return Path(overlay).expanduser().resolve() if overlay else None


def _vocabularies(home: Home) -> Vocabularies | None:
    from stores.vocabulary import Vocabularies

    return Vocabularies.open(home.vocabulary)
