"""The demo's page: one HTML file that needs no network, made of sections, each with its template.

A later part of Nightrounds adds itself with one `Section` and one template: see `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightrounds import __version__
from nightrounds.demo import sections, sections_images, sections_records
from nightrounds.demo.showing import Showing

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        name: its anchor, and the template `section_<name>.html.j2`.
        short: what the page's list of parts calls it.
        title: its heading.
        own_title: its heading over an export of one's own, where that is another.
        gather: what its template is given; None leaves the section out.
    """

    name: str
    short: str
    title: str
    gather: Callable[[Showing], Mapping[str, Any] | None]
    own_title: str = ""


SECTIONS: tuple[Section, ...] = (
    Section(
        "person",
        "The patient",
        "One patient, eight disguises, one record",
        sections.gather_person,
        "One person's record",
    ),
    Section(
        "beside",
        "Side by side",
        "Her variants, beside the image and the notes that go with them",
        sections_images.gather_beside,
        "One person's variants, beside image and note",
    ),
    Section(
        "images",
        "Images",
        "The images, and a name that was burned into one",
        sections_images.gather_images,
        "The images",
    ),
    Section("answer", "A question", "A question, answered with its sources", sections.gather_answer),
    Section("records", "By kind", "Every kind of record, the same tables", sections_records.gather_records),
    Section("held", "Held back", "What was held back, and why", sections.gather_held),
    Section("account", "Accounting", "Every record has one fate", sections.gather_account),
    Section("linkage", "Who is who", "Who is who, against the truth", sections.gather_linkage),
    Section("places", "Where it lies", "Where everything lies", sections.gather_places),
)
"""In the order of the page."""


def render_page(showing: Showing) -> str:
    """The page as HTML. All values come from the stores at the showing's release; every one is escaped."""
    environment = make_environment()
    style = resources.files("nightrounds.demo").joinpath("templates", "page.css").read_text(encoding="utf-8")
    parts = []
    for section in SECTIONS:
        found = section.gather(showing)
        if found is not None:
            template = environment.get_template(f"section_{section.name}.html.j2")
            parts.append(
                {
                    "name": section.name,
                    "short": section.short,
                    "title": section.title if showing.hospital else section.own_title or section.title,
                    "html": template.render(found),
                }
            )
    return environment.get_template("page.html.j2").render(
        style=style, sections=parts, version=__version__, **sections.gather_head(showing)
    )


def make_environment() -> Environment:
    """The page's templates: every value is escaped, and a value that is missing is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nightrounds.demo", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = lambda value: f"{100 * value:.1f} %"
    return environment


def write_page(showing: Showing) -> Path:
    """Write the page into the demo's folder and return its path."""
    showing.folder.page.write_text(render_page(showing), encoding="utf-8")
    return showing.folder.page
