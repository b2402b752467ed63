"""What the hospitals' other systems know of a person: whose results, on which days, under which numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

from nightrounds.demo.chart import Visit
from nightrounds.demo.ledger import Ledger
from nightrounds.demo.people import Registration, TruePerson


@dataclass(frozen=True)
class Test:
    """A laboratory test: LOINC code and name, UCUM unit, and what is usual."""

    code: str
    name: str
    unit: str
    low: float
    high: float

    def flag(self, value: float) -> str:
        """H or L where a value is not usual."""
        return "H" if value > self.high else "L" if value < self.low else ""


@dataclass(frozen=True)
class Happened:
    """An entry of a person's true timeline: what, when, and which feed tells of it."""

    person: str
    source: str
    what: str
    day: datetime
    title: str
    night: int = 1


@dataclass(frozen=True)
class Guest:
    """A person as a feed knows her: registration, the visits there, and the results of her first story."""

    person: TruePerson
    registration: Registration
    visits: tuple[Visit, ...]

    @property
    def first(self) -> Visit:
        """The first visit at this registration's hospital."""
        return self.visits[0]

    def results(self, place: str) -> list[tuple[Test, float]]:
        """Results of the `ward` or the `practice`, by the story of the first visit."""
        known = _load()
        values: Mapping[str, float] = known["story"].get(self.first.story, {}).get(place, {})
        return [(test_of(code), value) for code, value in values.items()]


@dataclass(frozen=True)
class Commission:
    """What every feed is written from, and where to.

    Attributes:
        root: the folder of the exports; each feed has `night-N/<source>` below it.
        people, visits: the truth.
        seed: decides everything that is drawn by lot.
        nights: how many, 1 or 2.
        ledger: where what is written is booked.
    """

    root: Path
    people: tuple[TruePerson, ...]
    visits: tuple[Visit, ...]
    seed: int
    nights: int
    ledger: Ledger

    def guests(self, authority: str, keys: Iterable[str]) -> list[Guest]:
        """The people named by `keys`, in that order, with their visits of night 1 at a hospital."""
        named, found = {person.key: person for person in self.people}, []
        own = [v for v in self.visits if v.registration.authority == authority and v.night == 1]
        for key in keys:
            person = named[key]
            registration = next(r for r in person.registrations if r.authority == authority)
            found.append(Guest(person, registration, tuple(v for v in own if v.person is person)))
        return found

    def folder(self, night: int, source: str) -> Path:
        """Where a feed of that night goes."""
        return self.root / f"night-{night}" / source


def test_of(code: str) -> Test:
    """A test by its LOINC code; KeyError for an unknown one."""
    told = _load()["tests"][code]
    return Test(code, told["name"], told["unit"], float(told["low"]), float(told["high"]))


def later(visit: Visit, days: int, hour: int = 9, minute: int = 30) -> datetime:
    """A moment some days after a visit (before it, where negative), on a day on which offices are open."""
    day = visit.start + timedelta(days=days)
    day += timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])
    return day.replace(hour=hour, minute=minute, second=0)


def number(rng: Random, prefix: str, digits: int = 7) -> str:
    """A number as a system counts, such as an order's."""
    return f"{prefix}{rng.randrange(10 ** (digits - 1), 10**digits)}"


@lru_cache(maxsize=1)
def _load() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("nightrounds.demo").joinpath("care.toml").read_text(encoding="utf-8")
    )
