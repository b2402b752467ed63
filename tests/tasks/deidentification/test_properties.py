"""Properties that hold for every text, date and person."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.identity import Person, encode_subject
from contracts.privacy import Action, Profile
from contracts.schemas import field
from tasks.deidentification.engine import Deidentifier
from tasks.deidentification.lexicon import ordinary_words
from tasks.deidentification.text import scrub
from tests.tasks.deidentification.people import KEY, TODAY

MONTHS = {date(2000, m, 1).strftime(f).lower() for m in range(1, 13) for f in ("%b", "%B")}
FILLER = (
    "the patient was seen with pain in left knee, blood pressure 120/80; no fever. plan follow up".split()
)
LETTERS = "abcdefghijklmnopqrstuvwxyzáéíóúñüöçł"
NAMES: st.SearchStrategy[str] = st.text(LETTERS, min_size=5, max_size=12).filter(
    lambda n: plain(n) not in ordinary_words() and plain(n) not in MONTHS and plain(n) not in FILLER
)
DAYS = st.dates(date(1900, 1, 1), date(2026, 1, 1))
FILL = st.lists(st.sampled_from(FILLER), max_size=8).map(" ".join)
SPELLINGS = ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d.%m.%Y", "%B %d, %Y", "%d %b %Y", "%m%d%Y", "%m/%d/%y")


def plain(text: str) -> str:
    lowered = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in lowered if not unicodedata.combining(c)).replace("ł", "l")


def unpadded(text: str) -> str:
    """Days without leading zeros, months by three letters: "May" does not tell which of both it is."""
    return re.sub(r"([A-Z][a-z]{2})[a-z]*", r"\1", re.sub(r"\b0", "", text))


@st.composite
def persons(draw: st.DrawFn) -> Person:
    number = st.integers(1_000_000, 999_999_999).map(str)
    phone = st.integers(2_000_000_000, 9_999_999_999).map(
        lambda n: f"{n // 10**7}-{n // 10**4 % 1000:03d}-{n % 10**4:04d}"
    )
    traits = {
        "name": (draw(NAMES).title(), draw(NAMES).title()),
        "identifier": (draw(number),),
        "phone": (draw(phone),),
        "birth_date": (draw(DAYS).isoformat(),),
    }
    shift = draw(st.integers(1, 365)) * draw(st.sampled_from([-1, 1]))
    return Person(draw(st.integers(1, 2**62)), shift, traits)


@st.composite
def written(draw: st.DrawFn, value: str) -> str:
    """A trait as people type it."""
    cased = draw(st.sampled_from([value.lower(), value.upper(), value.title(), value]))
    bare = draw(st.booleans())
    around = draw(st.sampled_from(["{}", "({})", "{},", "{}'s", "_{}_", '"{}"', "{}.", "^{}^", "-{}-"]))
    return around.format(plain(cased) if bare else cased)


@st.composite
def notes(draw: st.DrawFn) -> tuple[Person, str, str]:
    person = draw(persons())
    born = date.fromisoformat(person.traits["birth_date"][0])
    number = re.sub(r"\D", "", person.traits["phone"][0])
    spelled = born.strftime(draw(st.sampled_from(SPELLINGS)))
    between = draw(st.sampled_from(["", " ", "-", "."]))
    pieces = [draw(written(name)) for name in person.traits["name"]]
    pieces.append(between.join([number[:3], number[3:6], number[6:]]))
    pieces += [person.traits["identifier"][0], spelled]
    text = draw(FILL)
    for piece in draw(st.permutations(pieces)):
        text += f" {piece} {draw(FILL)}"
    return person, text, spelled


@settings(max_examples=150, deadline=None)
@given(notes(), st.sampled_from(list(Profile)))
def test_no_trait_survives_scrubbing(note: tuple[Person, str, str], profile: Profile) -> None:
    person, text, spelled = note
    scrubbed = scrub(text, person, profile, TODAY)
    tokens = set(re.findall(r"[^\W_]+", plain(scrubbed)))
    for name in person.traits["name"]:
        assert plain(name) not in tokens
    digits = re.sub(r"[^\d\w]", "", scrubbed)
    assert re.sub(r"\D", "", person.traits["phone"][0]) not in digits
    assert person.traits["identifier"][0] not in scrubbed
    assert spelled not in scrubbed


@settings(max_examples=100, deadline=None)
@given(notes())
def test_scrubbing_twice_changes_nothing_more(note: tuple[Person, str, str]) -> None:
    person, text, _ = note
    once = scrub(text, person, Profile.SAFE_HARBOR, TODAY)
    assert scrub(once, person, Profile.SAFE_HARBOR, TODAY) == once


@settings(max_examples=100, deadline=None)
@given(persons(), st.lists(DAYS, min_size=2, max_size=5), st.sampled_from(SPELLINGS[:6]))
def test_intervals_between_dates_in_text_are_kept(person: Person, days: list[date], spelling: str) -> None:
    text = " ; ".join(day.strftime(spelling) for day in days)
    expected = " ; ".join((day + timedelta(days=person.shift_days)).strftime(spelling) for day in days)
    assert unpadded(scrub(text, person, Profile.EXPERT, TODAY)) == unpadded(expected)


@settings(max_examples=50, deadline=None)
@given(persons(), st.lists(DAYS, min_size=1, max_size=20))
def test_intervals_between_columns_and_rows_are_kept(person: Person, days: list[date]) -> None:
    schema = pa.schema(
        [
            field("subject", pa.string(), Action.SUBJECT, output="person_id"),
            field("day", pa.string(), Action.DATE),
            field("time", pa.string(), Action.DATETIME),
        ]
    )
    subject = encode_subject("a", "1")
    times = [f"{day.isoformat()}T08:30:15" for day in days]
    rows = pa.table([[subject] * len(days), [d.isoformat() for d in days], times], schema=schema)
    deid = Deidentifier(KEY, Profile.EXPERT, {subject: person}, today=TODAY, source_authority="a")
    safe = deid.apply(rows, schema)
    assert [a - b for a, b in zip(safe["day"].to_pylist(), days, strict=True)] == [
        timedelta(days=person.shift_days)
    ] * len(days)
    assert [t.date() for t in safe["time"].to_pylist()] == safe["day"].to_pylist()
    assert {t.time().isoformat() for t in safe["time"].to_pylist()} == {"08:30:15"}


@settings(max_examples=50, deadline=None)
@given(persons(), st.lists(DAYS, min_size=1, max_size=8), st.sampled_from(SPELLINGS))
def test_safe_harbor_leaves_no_part_of_a_date_but_the_year(
    person: Person, days: list[date], spelling: str
) -> None:
    text = " ; ".join(day.strftime(spelling) for day in days if spelling != "%m%d%Y")
    scrubbed = scrub(text, person, Profile.SAFE_HARBOR, TODAY)
    assert all(re.fullmatch(r"\d{4}|\[DATE\]|", piece) for piece in scrubbed.split(" ; "))
