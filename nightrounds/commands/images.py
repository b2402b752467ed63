"""`nightrounds search --image`: series that look like a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nightrounds.commands.common import enter_home, print_json, say
from nightrounds.commands.layout import home_argument, plural, wrap

if TYPE_CHECKING:
    from retrieval.image_search import Near
    from retrieval.reader import Reader
    from retrieval.search import Filters


def find_near(home: Path, file: Path, filters: Filters, modality: str | None, k: int, json: bool) -> None:
    """Print the series with the images nearest to the picture in a file, and the reports that tell of them."""
    reader, found = _search(home, file, filters, modality, k)
    if json:
        print_json([near.to_json() for near in found])
        return
    if not found:
        say("nothing was found within these filters")
    for number, near in enumerate(found, 1):
        typer.echo("\n".join(_lines(reader, number, near)))
    if found:
        say(
            f"\na person's whole record: nightrounds patient {found[0].person_id or 'ID'}{home_argument(home)}"
        )


def _search(
    home: Path, file: Path, filters: Filters, modality: str | None, k: int
) -> tuple[Reader, list[Near]]:
    from contracts.errors import Fatal
    from flows.settings import load_settings
    from retrieval.image_search import search_near
    from retrieval.pictures import read_picture
    from retrieval.reader import open_reader
    from stores.home import open_home
    from tasks.encoders import load_encoder

    path = enter_home(home)
    reader = open_reader(open_home(path))
    name = load_settings(path).encoders.image
    if name == "none":
        fix = "name an encoder, then run"
        raise Fatal("images are not embedded in this home", "setting encoders.image", fix)
    picture = read_picture(file)
    return reader, search_near(reader, picture, load_encoder(name, threads=2), filters, modality, k)


def _lines(reader: Reader, number: int, near: Near) -> list[str]:
    who = f"person {near.person_id}" if near.person_id is not None else "no person"
    day = reader.show_date(near.date) or "undated"
    lines = [f"{number:>3}  {day:10}  {near.score:.4f}  {who:26}  series {near.series_id}"]
    title = " ".join(word for word in (near.modality, near.body_part, near.description) if word)
    lines.append(wrap(f"{title or 'no modality'}, {plural(near.images, 'image')}", 17))
    lines.append(wrap(f"study {near.study_id}, image {near.instance_id}", 17))
    for report in near.reports:
        when = reader.show_date(report.date)
        lines.append(wrap(f"report {report.note_id} {when} {report.title} (by {report.basis})", 17))
        lines.append(wrap(report.snippet, 19))
    return [line for line in lines if line.strip()]
