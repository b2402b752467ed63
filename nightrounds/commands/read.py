"""`nightrounds search` and `patient`: what the current release says. Adds the other reading commands too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightrounds.commands import check, explain, quarantine, samples, status
from nightrounds.commands.common import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    print_table,
    say,
)
from nightrounds.commands.layout import home_argument, plural, width, wrap

if TYPE_CHECKING:
    from retrieval.events import Event
    from retrieval.patient import PatientRecord
    from retrieval.reader import Reader
    from retrieval.search import Filters, Hit
    from retrieval.variants import Variant

quarantine_app = quarantine.app

_MOST_PERSONS = 50
_MOST_VARIANTS = 20


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status.status)
    app.command("explain")(explain.explain)
    app.command("search")(search)
    app.command("patient")(patient)
    app.command("check")(check.check)
    app.command("samples")(samples.samples)


def search(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Words or a question; in quotes where they are several.")
    ] = "",
    home: HomeOption = Path(DEFAULT_HOME),
    kind: Annotated[
        str, typer.Option(help="note: by meaning and by words. image: by what headers say.")
    ] = "note",
    person: Annotated[list[int] | None, typer.Option(help="Only this person's. May be repeated.")] = None,
    date_from: Annotated[str | None, typer.Option("--from", help="This date or later (YYYY-MM-DD).")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="This date or earlier (YYYY-MM-DD).")] = None,
    k: Annotated[int, typer.Option("-k", "--results", min=1, max=1000, help="How many results.")] = 10,
    json: JsonOption = False,
    variant: Annotated[
        bool,
        typer.Option("--variant", help="Search variants: QUERY is a region, a gene, a name, or left out."),
    ] = False,
    consequence: Annotated[
        str | None, typer.Option(help="With --variant: missense_variant, …, or an impact such as HIGH.")
    ] = None,
    max_frequency: Annotated[
        float | None, typer.Option(min=0, max=1, help="With --variant: at most so frequent.")
    ] = None,
    sample: Annotated[
        list[int] | None, typer.Option(help="With --variant: carried by this sample. May be repeated.")
    ] = None,
    assembly: Annotated[str | None, typer.Option(help="With --variant: called against it.")] = None,
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE", help="Images that look like this DICOM, PNG or JPEG."),
    ] = None,
    modality: Annotated[str | None, typer.Option(help="With --image: only CT, MR, US …")] = None,
) -> None:
    """Search the current release: notes by meaning and by words, series of images by what their headers say, or by a
    picture that they look like, with the reports that tell of them.

    Filters are exact. Prints person, date, score, title and the best passage of each.

    Examples: nightrounds search "shortness of breath"; nightrounds search "MRI brain" --kind image -k 5;
    nightrounds search --image chest.png --modality CR;
    nightrounds search --variant BRCA1 --consequence HIGH; nightrounds search --variant chr17:43044295-43125364
    """
    from retrieval.search import KINDS, Filters

    if variant:
        from nightrounds.commands.variants import find_variants

        find_variants(home, query, k, json, person, sample, consequence, max_frequency, assembly)
        return

    if image is not None:
        from nightrounds.commands.images import find_near

        if query:
            raise typer.BadParameter("a picture is searched for without words", param_hint="QUERY")
        within = Filters(person or None, _day(date_from, "--from"), _day(date_to, "--to"))
        find_near(home, image, within, modality.upper() if modality else None, k, json)
        return
    if modality is not None:
        raise typer.BadParameter("only with --image", param_hint="--modality")
    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is no kind; one of {', '.join(KINDS)}", param_hint="--kind")
    if not any(c.isalnum() for c in query):
        raise typer.BadParameter("there is nothing to search for: give one word or more", param_hint="QUERY")
    filters = Filters(person or None, _day(date_from, "--from"), _day(date_to, "--to"))
    reader, hits = _search(home, kind, query, filters, k)
    if json:
        print_json([hit.to_json() for hit in hits])
        return
    if not hits:
        say("nothing was found" + (" within these filters" if filters != Filters() else ""))
    for number, hit in enumerate(hits, 1):
        typer.echo(_hit_lines(reader, number, hit))
    if hits:
        say(
            f"\na person's whole record: nightrounds patient {hits[0].person_id or 'ID'}{home_argument(home)}"
        )


def _search(home: Path, kind: str, query: str, filters: Filters, k: int) -> tuple[Reader, list[Hit]]:
    from contracts.errors import Fatal
    from flows.settings import load_settings
    from retrieval.reader import open_reader
    from retrieval.search import search_images, search_notes
    from stores.home import open_home
    from tasks.encoders import load_encoder

    path = enter_home(home)
    reader = open_reader(open_home(path))
    if kind == "image":
        return reader, search_images(reader, query, filters, k)
    name = load_settings(path).encoders.text
    if name == "none":
        raise Fatal(
            "notes are not embedded in this home", "setting encoders.text", "name an encoder, then run"
        )
    return reader, search_notes(reader, query, load_encoder(name, threads=2), filters, k)


def _day(text: str | None, option: str) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write 2024-03-31", param_hint=option) from None


def _hit_lines(reader: Reader, number: int, hit: Hit) -> str:
    who = f"person {hit.person_id}" if hit.person_id is not None else "no person"
    day = reader.show_date(hit.date) or "undated"
    what = "series" if hit.kind == "image" else hit.kind
    head = f"{number:>3}  {day:10}  {hit.score:.4f}  {who:26}  {what} {hit.id}"
    return "\n".join([head, wrap(hit.title, 17) if hit.title else "", wrap(hit.snippet, 17)]).replace(
        "\n\n", "\n"
    )


def patient(
    person_id: Annotated[
        int | None, typer.Argument(metavar="ID", help="The person's id, as search prints it.")
    ] = None,
    home: HomeOption = Path(DEFAULT_HOME),
    list_all: Annotated[
        bool, typer.Option("--list", help="List persons and what is known of them instead.")
    ] = False,
    all_variants: Annotated[bool, typer.Option("--all", help="List all variants, or all persons.")] = False,
    json: JsonOption = False,
) -> None:
    """Show one person's record in the current release, in time order: visits, conditions, drugs, procedures,
    results, notes, images, variants.

    Examples: nightrounds patient --list; nightrounds patient 926865045574379457
    """
    from contracts.errors import Fatal, Usage
    from retrieval.patient import list_persons, patient_record
    from retrieval.reader import open_reader
    from stores.home import open_home

    if person_id is None and not list_all:
        raise typer.BadParameter("give a person's id, or --list for those there are", param_hint="ID")
    reader = open_reader(open_home(enter_home(home)))
    if person_id is None:
        rows = list_persons(reader, None if all_variants else _MOST_PERSONS)
        if json:
            print_json(rows)
            return
        print_table(rows)
        if not all_variants and len(rows) == _MOST_PERSONS:
            say(f"the first {_MOST_PERSONS}; --all lists all")
        return
    try:
        record = patient_record(reader, person_id, None if all_variants else _MOST_VARIANTS)
    except Fatal as error:
        if error.place != f"person {person_id}":
            raise
        raise Usage(error.message, error.place, error.legal) from None
    if json:
        print_json(record.to_json())
    else:
        typer.echo("\n".join(_record_lines(reader, record)))


_DATES = {
    "expert": "dates are shifted for this person; intervals between them are true",
    "safe_harbor": "dates are given by year",
}


def _record_lines(reader: Reader, record: PatientRecord) -> list[str]:
    born = f"born {record.year_of_birth}" if record.year_of_birth is not None else "year of birth not known"
    counted = ", ".join(
        plural(
            n,
            what.rstrip("s") if what not in {"studies", "series"} else {"studies": "study"}.get(what, what),
            what,
        )
        for what, n in record.counts.items()
        if n
    )
    lines = [
        f"person {record.person_id}: {born}, {record.sex or 'sex not known'}",
        wrap(counted or "no events"),
        f"release {record.release}, profile {record.profile}: {_DATES[record.profile]}",
        *([""] if record.events else []),
    ]
    before = ""
    for event in record.events:
        day = reader.show_date(event.date) or "undated"
        lines.append(_event_line(event, "" if day == before else day))
        before = day
    return lines + _variant_lines(record)


def _event_line(event: Event, day: str) -> str:
    time = event.time.strftime("%H:%M") if event.time else ""
    text = f"{event.title}: {event.detail}" if event.detail else event.title
    return wrap(text, 32, f"{day:10}  {time:5}  {event.kind:12}")


def _variant_lines(record: PatientRecord) -> list[str]:
    found = record.variants
    if not found.samples:
        return []
    lines = [
        "",
        f"variants: {plural(found.samples, 'sample')}, {plural(found.calls, 'call')}, "
        f"{found.total:,} differ from the reference",
    ]
    lines += [_variant_line(v) for v in found.listed]
    if len(found.listed) < found.total:
        lines.append(f"  {found.total - len(found.listed):,} more; --all lists all")
    return lines


def _variant_line(variant: Variant) -> str:
    change = f"{variant.reference}>{','.join(variant.alternates) or '.'}"
    change = change if len(change) <= 30 else change[:29] + "…"
    place = f"{variant.contig}:{variant.position}"
    filters = {True: "", False: "filtered", None: ""}[variant.passed]
    genes, names = ", ".join(variant.genes), ", ".join(variant.identifiers)
    line = f"  {place:16} {change:16} {variant.genotype:5} {genes:12} {names} {filters}"
    return line.rstrip()[: width()]
