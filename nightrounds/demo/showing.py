"""What the demo's page is made from: a home at its release, the rounds that made it and, in the demo, the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightrounds.demo.evaluation import Linkage, Moved, Restored
from nightrounds.demo.feeds import Feed, measure_feeds
from nightrounds.demo.hospital import QUESTION, Hospital
from nightrounds.demo.images import Imaged, measure_images
from nightrounds.demo.leaks import Searched, search_identifiers
from nightrounds.demo.night import Folder, Night
from nightrounds.demo.taken_back import Merge, TakenBack, measure_merge, measure_taken_back
from retrieval.reader import Reader, open_reader
from stores.home import Home

if TYPE_CHECKING:
    from contracts.protocols import Encoder


@dataclass(frozen=True)
class Showing:
    """All that the sections of the page and the terminal read.

    Attributes:
        folder: the demo's folder.
        home: the home.
        reader: the release that readers see.
        nights: the rounds, in order.
        encoders: encoder by kind of vectors, for those that the release holds.
        hospital: the invented hospital; None for an export of one's own.
        linkage: persons against truth after each night; empty without truth.
        moved: what the late link changed; empty without one.
        restored: what unlinking restored; empty where nothing was unlinked.
        feeds: what each kind of export gave.
        hero: the person shown; None where the release knows none.
        taken_back: what the second night's exports took back; empty without one.
        merge: what became of the number that was merged; None without one.
        leaked: what a search for all identifiers found; None without truth.
        imaged: what became of the images; None where there are none.
    """

    folder: Folder
    home: Home
    reader: Reader
    nights: tuple[Night, ...]
    encoders: Mapping[str, Encoder]
    hospital: Hospital | None = None
    linkage: tuple[Linkage, ...] = ()
    moved: tuple[Moved, ...] = ()
    restored: tuple[Restored, ...] = ()
    taken_back: tuple[TakenBack, ...] = ()
    merge: Merge | None = None
    feeds: tuple[Feed, ...] = ()
    hero: int | None = None
    leaked: Searched | None = None
    imaged: Imaged | None = None
    question: str = field(default=QUESTION)

    def relative(self, path: Path) -> str:
        """A path as a user of this shell would type it."""
        try:
            return str(path.resolve().relative_to(Path.cwd()))
        except ValueError:
            return str(path)


def show_demo(folder: Folder, home: Home, nights: list[Night], hospital: Hospital) -> Showing:
    """Measure the demo's nights against the truth."""
    from nightrounds.demo.evaluation import (
        measure_linkage,
        measure_moved,
        measure_restored,
        moved_persons,
        person_of,
    )

    readers = [open_reader(home, night.summary["release"]) for night in nights]
    last, key, encoders = readers[-1], home.load_key(), load_encoders(home)
    authority, identifier, _ = hospital.person(hospital.hero)["identities"][0]
    moved: list[Moved] = []
    restored: list[Restored] = []
    taken_back: list[TakenBack] = []
    merge: Merge | None = None
    if len(readers) > 1:
        moved = measure_moved(readers[0], readers[1], encoders)
        taken_back = measure_taken_back(readers[0], readers[1], key, hospital.truth)
        merge = measure_merge(readers[0], readers[1], key, hospital.truth)
    if len(readers) > 2:
        changed, merged = moved_persons(readers[0], readers[1]), moved_persons(readers[0], last)
        back = {old: new for old, new in changed.items() if old not in merged}
        restored = measure_restored(readers[0], last, sorted({*back, *back.values()}), encoders)
    hero = person_of(last, key, authority, identifier)
    invented = [
        person_of(last, key, authority, identifier)
        for person in hospital.truth["persons"]
        for authority, identifier, kind in person["identities"]
        if kind == "image"
    ]
    return Showing(
        folder=folder,
        home=home,
        reader=last,
        nights=tuple(nights),
        encoders=encoders,
        hospital=hospital,
        linkage=tuple(
            measure_linkage(reader, key, hospital.truth, min(number, 3))
            for number, reader in enumerate(readers, 1)
        ),
        moved=tuple(moved),
        restored=tuple(restored),
        taken_back=tuple(taken_back),
        merge=merge,
        feeds=measure_feeds(last, [night.summary for night in nights], hero),
        hero=hero,
        leaked=search_identifiers(last, hospital.truth["identifiers"]),
        imaged=measure_images(last, hospital, hero, [person for person in invented if person is not None]),
        question=hospital.question,
    )


def show_export(folder: Folder, home: Home, night: Night) -> Showing:
    """Show an export of one's own: without truth, and with the person of whom most kinds of data are known."""
    from retrieval.patient import list_persons

    reader = open_reader(home)
    known = list_persons(reader, 1)
    hero = int(known[0]["person_id"]) if known else None
    return Showing(
        folder=folder,
        home=home,
        reader=reader,
        nights=(night,),
        encoders=load_encoders(home),
        feeds=measure_feeds(reader, [night.summary], hero),
        hero=hero,
        imaged=measure_images(reader, None, hero),
    )


def load_encoders(home: Home) -> dict[str, Encoder]:
    """The encoders that the home is set to, by kind of vectors."""
    from flows.settings import load_settings
    from tasks.encoders.registry import load_encoder

    settings = load_settings(home.path).encoders
    names: dict[str, Any] = {"note": settings.text, "image": settings.image}
    return {kind: load_encoder(name) for kind, name in names.items() if name != "none"}
