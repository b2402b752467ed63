"""Write whole documents from templates: braces are identifiers, angles are alternatives, a leading `?` is by chance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from benchmarks.labelled_notes.documents import (
    fifth_letters,
    fifth_notes,
    seventh_letters,
    seventh_notes,
    sixth_letters,
    sixth_notes,
)
from benchmarks.labelled_notes.documents.names_fifth import FIFTH
from benchmarks.labelled_notes.documents.names_seventh import SEVENTH
from benchmarks.labelled_notes.documents.names_sixth import SIXTH
from benchmarks.labelled_notes.documents.noise import STYLES, Piece, distort
from benchmarks.labelled_notes.documents.people import Names
from benchmarks.labelled_notes.documents.spellings import DRAWN, digits, mrn, phone, spell_day, ssn, zip_code
from benchmarks.labelled_notes.generator import Label, Note

Document = tuple[str | tuple[int, tuple[str, ...]], ...]
"""Lines, and how many to draw from which lines."""
_HALVES: dict[str, tuple[tuple[Document, ...], Names]] = {
    "fifth": (fifth_notes.DOCUMENTS + fifth_letters.DOCUMENTS, FIFTH),
    "sixth": (sixth_notes.DOCUMENTS + sixth_letters.DOCUMENTS, SIXTH),
    "seventh": (seventh_notes.DOCUMENTS + seventh_letters.DOCUMENTS, SEVENTH),
}
_BRACES = re.compile(r"\{([a-z0-9_.]+)\}")
_ANGLES = re.compile(r"<([^<>]*)>")


@dataclass
class _Someone:
    given: str
    family: str
    middle: str
    nick: str


@dataclass
class _Draft:
    """A document while it is written. A letter is a person, the same through it; `x` is somebody new each time."""

    rng: Random
    names: Names
    pieces: list[Piece] = field(default_factory=list)
    people: dict[str, _Someone] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = self.rng
        self.born = date(1933, 1, 1) + timedelta(days=rng.randrange(29_000))
        self.own = {
            "mrn": ("ID", mrn(rng)), "ssn": ("ID", ssn(rng)), "own_phone": ("PHONE", phone(rng)),
            "own_street": ("ADDRESS", self._street()), "own_city": ("PLACE", rng.choice(self.names.cities)),
            "own_zip": ("ADDRESS", zip_code(rng)),
        }  # fmt: skip

    def _street(self) -> str:
        flat = self.rng.choice(
            (
                "",
                "",
                "",
                f", Apt {self.rng.randrange(1, 40)}",
                f" #{self.rng.randrange(1, 400)}",
                f", Unit {self.rng.randrange(1, 9)}",
            )
        )
        return f"{self.rng.randrange(1, 9999)} {self.rng.choice(self.names.streets)}{flat}"

    def person(self, letter: str) -> _Someone:
        if letter == "x" or letter not in self.people:
            given, family, middle = (
                self.names.given(self.rng),
                self.names.family(self.rng),
                self.names.given(self.rng),
            )
            self.people[letter] = _Someone(given, family, middle, self.rng.choice(self.names.nicknames))
        return self.people[letter]

    def write(self, template: str) -> None:
        """Add a line with its alternatives chosen and its blanks filled in."""
        while _ANGLES.search(template):
            template = _ANGLES.sub(lambda m: self.rng.choice(m[1].split("|")), template)
        place = 0
        for blank in _BRACES.finditer(template):
            self.pieces.append(Piece(template[place : blank.start()]))
            self._fill(blank[1])
            place = blank.end()
        self.pieces.append(Piece(template[place:] + "\n"))

    def _fill(self, name: str) -> None:
        rng = self.rng

        def add(value: str, kind: str | None) -> None:
            self.pieces.append(Piece(value, kind))

        who, dot, form = name.partition(".")
        if dot:
            self._name(self.person(who), form)
        elif name in self.own:
            add(self.own[name][1], self.own[name][0])
        elif name == "dob":
            add(spell_day(rng, self.born), "DATE")
        elif name in {"age", "year"}:
            add(str(rng.randrange(18, 89) if name == "age" else rng.randrange(1990, 2025)), None)
        elif name in {"city", "hospital", "short", "employer"}:
            places = {
                "city": self.names.cities,
                "hospital": self.names.hospitals,
                "short": self.names.short_hospitals,
                "employer": self.names.employers,
            }
            add(rng.choice(places[name]), "PLACE")
        elif name == "street":
            add(self._street(), "ADDRESS")
        elif name == "box":
            add(f"{rng.choice(('P.O. Box', 'PO Box', 'P O Box'))} {digits(rng, 4)}", "ADDRESS")
        else:
            kind, draw = DRAWN[name]
            add(draw(rng), kind)

    def _name(self, who: _Someone, form: str) -> None:
        rng = self.rng
        form, _, case = form.partition("_")
        initial = rng.choice(("", "", "", f" {who.middle[0]}.", f" {who.middle[0]}"))
        shapes = {
            "full": f"{who.given}{initial} {who.family}", "first": who.given, "last": who.family, "nick": who.nick,
            "rev": f"{who.family}, {who.given}{initial}", "tight": f"{who.family},{who.given}",
            "il": f"{who.given[0]}. {who.family}", "il2": f"{who.given[0]}.{who.middle[0]}. {who.family}",
            "li": f"{who.family} {who.given[0]}", "fi": f"{who.given} {who.family[0]}.",
            "three": f"{who.given} {who.middle} {who.family}", "ini": f"{who.given[0]}{who.family[0]}",
            "ini3": f"{who.given[0]}{who.middle[0]}{who.family[0]}", "dots": f"{who.given[0]}.{who.family[0]}.",
        }  # fmt: skip
        value = shapes[form]
        value = value.upper() if case == "caps" else value.lower() if case == "low" else value
        self.pieces.append(Piece(value, "INITIALS" if form in {"ini", "ini3", "dots"} else "NAME"))
        if form in {"full", "rev"} and rng.random() < 0.03:
            suffix = rng.choice(("Jr.", "III", "Sr.", "II"))
            self.pieces += [Piece(" "), Piece(suffix.upper() if case == "caps" else suffix, "SUFFIX")]

    def traits(self) -> dict[str, tuple[str, ...]]:
        """What a vault would know: the patient's own, and one contact."""
        patient, contact = self.person("p"), self.person("r")
        street, city, postal = (self.own[x][1] for x in ("own_street", "own_city", "own_zip"))
        return {
            "name": (patient.given, patient.family, patient.middle), "contact": (f"{contact.given} {contact.family}",),
            "birth_date": (self.born.isoformat(),), "identifier": (self.own["mrn"][1], self.own["ssn"][1]),
            "phone": (self.own["own_phone"][1],), "address": (street, city, postal),
        }  # fmt: skip


def _write(draft: _Draft, document: Document) -> None:
    for part in document:
        lines = (part,) if isinstance(part, str) else draft.rng.sample(part[1], min(part[0], len(part[1])))
        for line in lines:
            if not line.startswith("?") or draft.rng.random() < 0.5:
                draft.write(line.removeprefix("?"))


def make_documents(half: str, count: int, seed: int) -> Iterator[Note]:
    """`count` documents of a set (`fifth`, `sixth` or `seventh`), the same for the same seed; each kind in turn."""
    documents, names = _HALVES[half]
    rng = Random(f"documents:{half}:{seed}")
    for number in range(count):
        draft = _Draft(rng, names)
        _write(draft, documents[number % len(documents)])
        text, labels = "", []
        style = rng.choices(tuple(STYLES), tuple(STYLES.values()))[0]
        for piece in distort(draft.pieces, style, rng):
            if piece.kind:
                labels.append(Label(len(text), len(text) + len(piece.text), piece.kind))
            text += piece.text
        yield Note(_wrap(text) if style == "wrapped" else text, tuple(labels), draft.traits())


def _wrap(text: str) -> str:
    """Lines of at most some 70 characters; no place moves, for a space becomes a line's end."""
    lines = list(text)
    start, space = 0, -1
    for i, letter in enumerate(lines):
        if letter == "\n":
            start, space = i + 1, -1
        elif letter == " ":
            space = i
        if i - start > 70 and space > start:
            lines[space] = "\n"
            start, space = space + 1, -1
    return "".join(lines)
