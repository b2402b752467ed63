"""Make notes from templates, each identifier with its label and place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from benchmarks.labelled_notes import surfaces, templates, templates_fourth, templates_more, templates_third
from benchmarks.labelled_notes.pools import FOURTH, MORE, THIRD, TUNE, Pool

_BRACES = re.compile(r"\{([a-z0-9_.]+)\}")
_PARTS = {
    "tune": (templates.SECTIONS, TUNE),
    "more": (templates_more.SECTIONS, MORE),
    "third": (templates_third.SECTIONS, THIRD),
    "fourth": (templates_fourth.SECTIONS, FOURTH),
}
"""By part, its sentences and the names it draws. Each was measured before a rule was tuned on it."""
_AMOUNTS = {"header": 1, "opening": 1, "history": 2, "social": 2, "body": 6, "plan": 2, "signature": 1}
_HEADINGS = {
    "history": "\nHISTORY:", "social": "\nSocial History:", "body": "\nData and Exam:",
    "plan": "\nASSESSMENT AND PLAN:", "signature": "\n",
}  # fmt: skip


@dataclass(frozen=True)
class Label:
    """An identifier: its place in the note and its type."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Note:
    """A note, its labels, and what a vault would know of its patient."""

    text: str
    labels: tuple[Label, ...]
    traits: Mapping[str, tuple[str, ...]]


@dataclass
class _Someone:
    given: str
    family: str
    middle: str


@dataclass
class _Draft:
    """A note while it is written. Patient and relative stay the same through it; most numbers are drawn anew."""

    rng: Random
    pool: Pool
    text: str = ""
    labels: list[Label] = field(default_factory=list)
    known: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = {"p": self._someone(), "r": self._someone(), "d": self._someone()}
        patient, relative = self.people["p"], self.people["r"]
        self.known = {"name": [patient.given, patient.family, patient.middle], "contact": []}
        self.known["contact"] += [f"{relative.given} {relative.family}"]
        self.born = date(1935, 1, 1) + timedelta(days=self.rng.randrange(25_000))
        self.known["birth_date"] = [self.born.isoformat()]
        self.own = {name: surfaces.DRAWN[name][1](self.rng) for name in ("mrn", "ssn", "phone")}
        self.known |= {"identifier": [self.own["mrn"], self.own["ssn"]], "phone": [self.own["phone"]]}

    def _someone(self) -> _Someone:
        return _Someone(
            self.pool.given_name(self.rng), self.pool.family_name(self.rng), self.pool.given_name(self.rng)
        )

    def write(self, template: str) -> None:
        """Add a sentence with its blanks filled in."""
        place = 0
        for blank in _BRACES.finditer(template):
            self.text += template[place : blank.start()]
            self._fill(blank[1])
            place = blank.end()
        self.text += template[place:]

    def _fill(self, name: str) -> None:
        who, dot, form = name.partition(".")
        if dot:
            if who == "d" and self.rng.random() < 0.5:
                self.people["d"] = self._someone()
            self._name(self.people[who], form, may_err=who != "d")
        elif name in {"age", "year"}:
            self.text += str(self.rng.randrange(19, 89) if name == "age" else self.rng.randrange(1995, 2024))
        elif name == "shortdate_on":
            self._add(surfaces.short_date(self.rng), "DATE")
        elif name in {"city", "hospital", "employer"}:
            places = {
                "city": self.pool.cities,
                "hospital": self.pool.hospitals,
                "employer": self.pool.employers,
            }[name]
            self._add(self.rng.choice(places), "PLACE")
        elif name == "street_line":
            flat = self.rng.choice(("", "", f", Apt {self.rng.randrange(1, 40)}"))
            self._add(f"{self.rng.randrange(1, 9999)} {self.rng.choice(self.pool.streets)}{flat}", "ADDRESS")
        elif name == "box":
            self._add(f"{self.rng.choice(('P.O. Box', 'PO Box'))} {surfaces.digits(self.rng, 3)}", "ADDRESS")
        elif name in {"bed", "npi"}:
            self._add(surfaces.digits(self.rng, {"bed": 2, "npi": 10}[name]), "ID")
        else:
            kind, draw = surfaces.DRAWN[name]
            is_own = name in self.own and name != "phone"
            self._add(self.own[name] if is_own else draw(self.rng), kind)
            if kind == "AGE":
                self.text += surfaces.age_unit(self.rng)

    def _add(self, value: str, kind: str) -> None:
        self.labels.append(Label(len(self.text), len(self.text) + len(value), kind))
        self.text += value

    def _name(self, who: _Someone, form: str, *, may_err: bool) -> None:
        given, family = who.given, who.family
        if may_err and self.rng.random() < 0.03:
            family = surfaces.misspelt(self.rng, family)
        initial = f" {who.middle[0]}." if self.rng.random() < 0.3 else ""
        title = self.rng.choice(("Mr. ", "Mr ", "Mr. "))
        if form == "mr":
            self.text += title
        value = {
            "full": f"{given}{initial} {family}", "first": given, "last": family, "mr": family,
            "last_first": f"{family}, {given}{initial}", "full_caps": f"{given} {family}".upper(),
            "last_first_caps": f"{family}, {given}{initial}".upper(),
        }[form]  # fmt: skip
        self._add(value, "NAME")


def make_notes(part: str, count: int, seed: int) -> Iterator[Note]:
    """`count` notes of a part (`tune`, `more`, `third` or `fourth`), the same for the same seed."""
    sections, pool = _PARTS[part]
    rng = Random(f"notes:{part}:{seed}")
    for _ in range(count):
        draft = _Draft(rng, pool)
        for section, amount in _AMOUNTS.items():
            if section in _HEADINGS:
                draft.text += _HEADINGS[section] + "\n"
            for template in rng.sample(sections[section], amount):
                draft.write(template)
                draft.text += "\n" if section == "body" or rng.random() < 0.3 else " "
        traits = {name: tuple(values) for name, values in draft.known.items()}
        yield Note(draft.text, tuple(draft.labels), traits)
