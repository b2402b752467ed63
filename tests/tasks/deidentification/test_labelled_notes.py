"""The goals, on a small fixed sample of the labelled notes; `python -m benchmarks notes` prints the whole table."""

from __future__ import annotations

from functools import lru_cache

import pytest

from benchmarks.labelled_notes.documents.writer import make_documents
from benchmarks.labelled_notes.generator import Note, make_notes
from benchmarks.labelled_notes.scoring import Score
from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.text import Scrubber
from tests.tasks.deidentification.people import TODAY

PARTS = ("tune", "more", "third", "fourth")


@lru_cache(maxsize=2)
def score(known: bool) -> Score:
    """All parts together: 15 notes of each."""
    found = Score()
    for part in PARTS:
        scrubber = Scrubber(Profile.SAFE_HARBOR, TODAY)
        for number, note in enumerate(make_notes(part, 15, seed=97)):
            person = Person(number + 1, -77, note.traits if known else {})
            found.add(note, [(s.start, s.end) for s in scrubber.spans(note.text, person)])
    return found


@pytest.mark.parametrize("known", [True, False], ids=["known identifiers", "nothing known"])
def test_the_goals_hold_on_a_small_sample(known: bool) -> None:
    found = score(known)
    assert found.notes == 60
    assert found.total["NAME"] > 500
    assert found.recall() >= 0.995, found.missed
    assert found.recall("NAME") >= (0.999 if known else 0.995), found.missed
    assert found.precision >= 0.95, found.wrong.most_common(9)
    assert found.notes_leaking / found.notes <= 0.1, found.missed


def test_scoring_finds_a_leak_and_a_false_find() -> None:
    note = next(make_notes("tune", 1, seed=1))
    blind, greedy = Score(), Score()
    blind.add(note, [])
    greedy.add(note, [(0, len(note.text))])
    assert blind.recall() == 0 and blind.notes_leaking == 1
    assert greedy.recall() == 1 and greedy.notes_leaking == 0
    assert greedy.precision < 0.8
    half = [(label.start, label.start + 1) for label in note.labels]
    halved = Score()
    halved.add(note, half)
    assert halved.recall() < 0.2  # a part of an identifier is a leak


def test_notes_are_the_same_for_the_same_seed_and_labelled_where_they_say() -> None:
    first, again, other = (tuple(make_notes("more", 5, seed=s)) for s in (3, 3, 4))
    assert first == again
    assert first != other
    assert all(names_of(note) for note in first)


def names_of(note: Note) -> list[str]:
    found = [note.text[x.start : x.end] for x in note.labels if x.kind == "NAME"]
    assert all(name.strip() == name and name for name in found)
    return found


def test_parts_share_neither_names_nor_sentences() -> None:
    from benchmarks.labelled_notes import pools, templates, templates_fourth, templates_more, templates_third

    parts = (pools.TUNE, pools.MORE, pools.THIRD, pools.FOURTH)
    files = (templates, templates_more, templates_third, templates_fourth)
    last = {line for lines in files[-1].SECTIONS.values() for line in lines}
    for pool, file in zip(parts[:-1], files[:-1], strict=True):
        assert last.isdisjoint({line for lines in file.SECTIONS.values() for line in lines})
        assert set(pool.cities).isdisjoint(parts[-1].cities)
        assert set(pool.hospitals).isdisjoint(parts[-1].hospitals)


@pytest.mark.parametrize(("known", "recall", "names"), [(True, 0.985, 0.985), (False, 0.98, 0.98)])
def test_whole_documents_keep_what_was_reached(known: bool, recall: float, names: float) -> None:
    found = Score()
    scrubber = Scrubber(Profile.SAFE_HARBOR, TODAY)
    for number, note in enumerate(make_documents("fifth", 48, seed=2026)):
        person = Person(number + 1, -77, note.traits if known else {})
        spans = [(s.start, s.end) for s in scrubber.spans(note.text, person)]
        found.add(note, spans, frozenset({"SUFFIX"}))
    assert found.total["NAME"] > 350
    assert found.recall() >= recall, found.missed
    assert found.recall("NAME") >= names, found.missed
    assert found.precision >= 0.97, found.wrong.most_common(9)


def test_halves_of_documents_share_neither_names_nor_templates() -> None:
    from dataclasses import fields

    from benchmarks.labelled_notes.documents import fifth_letters, fifth_notes, sixth_letters, sixth_notes
    from benchmarks.labelled_notes.documents.names_fifth import FIFTH
    from benchmarks.labelled_notes.documents.names_sixth import SIXTH

    for name in (x.name for x in fields(FIFTH)):
        assert set(getattr(FIFTH, name)).isdisjoint(getattr(SIXTH, name))
    first, second = (
        {
            line
            for document in half
            for part in document
            for line in ((part,) if isinstance(part, str) else part[1])
        }
        for half in (
            fifth_notes.DOCUMENTS + fifth_letters.DOCUMENTS,
            sixth_notes.DOCUMENTS + sixth_letters.DOCUMENTS,
        )
    )
    assert first.isdisjoint(second)


def test_documents_are_labelled_where_they_say() -> None:
    notes = list(make_documents("fifth", 24, seed=5))
    assert notes == list(make_documents("fifth", 24, seed=5))
    for note in notes:
        assert all(note.text[x.start : x.end].strip() for x in note.labels)
        assert all(a.end <= b.start for a, b in zip(note.labels, note.labels[1:], strict=False))
