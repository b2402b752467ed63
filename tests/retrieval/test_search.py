from __future__ import annotations

import datetime as dt

import pytest

from contracts.errors import Fatal
from contracts.protocols import Encoder
from retrieval.passages import snippet_of
from retrieval.reader import Reader
from retrieval.search import Filters, search_images, search_notes
from tasks.encoders import load_encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("minilm-l6-v2")


def test_the_note_that_says_it_comes_first(reader: Reader, encoder: Encoder) -> None:
    hits = search_notes(reader, "shortness of breath", encoder, k=5)
    assert len(hits) == 5
    assert "shortness of breath" in hits[0].snippet.lower()
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    for hit in hits:
        note = reader.rows("SELECT * FROM omop.note WHERE note_id = ?", [hit.id])[0]
        assert (note["person_id"], note["note_date"], note["note_title"]) == (
            hit.person_id,
            hit.date,
            hit.title,
        )


def test_meaning_finds_what_no_word_says(reader: Reader, encoder: Encoder) -> None:
    hits = search_notes(reader, "high blood sugar", encoder, k=8)
    texts = [
        reader.rows("SELECT note_text AS t FROM omop.note WHERE note_id = ?", [h.id])[0]["t"] for h in hits
    ]
    assert any("diabetes" in text.lower() for text in texts)


def test_a_note_of_many_chunks_is_shown_once(reader: Reader, encoder: Encoder) -> None:
    hits = search_notes(reader, "chief complaint and plan", encoder, k=1000)
    ids = [hit.id for hit in hits]
    assert len(ids) == len(set(ids)) == reader.count("omop.note")


def test_filters_are_exact(reader: Reader, encoder: Encoder) -> None:
    person = reader.rows("SELECT person_id FROM omop.note GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")[0][
        "person_id"
    ]
    notes = reader.rows("SELECT note_id, note_date FROM omop.note WHERE person_id = ? ORDER BY 2", [person])
    everything = search_notes(reader, "pain", encoder, Filters([person]), k=100)
    assert {h.id for h in everything} == {n["note_id"] for n in notes}
    first = notes[0]["note_date"]
    early = search_notes(reader, "pain", encoder, Filters([person], date_to=first), k=100)
    assert {h.id for h in early} == {n["note_id"] for n in notes if n["note_date"] <= first}
    late = search_notes(reader, "pain", encoder, Filters([person], date_from=first + dt.timedelta(1)), k=100)
    assert {h.id for h in late} == {n["note_id"] for n in notes if n["note_date"] > first}
    assert search_notes(reader, "pain", encoder, Filters([]), k=5) == []


@pytest.mark.parametrize("query", ["", "  ", " . ? "])
def test_an_empty_query_is_an_error(reader: Reader, encoder: Encoder, query: str) -> None:
    with pytest.raises(Fatal, match="nothing to search for"):
        search_notes(reader, query, encoder)
    with pytest.raises(Fatal, match="nothing to search for"):
        search_images(reader, query)


def test_images_are_found_by_what_their_headers_say(reader: Reader) -> None:
    hits = search_images(reader, "computed tomography chest", k=50)
    full = [hit for hit in hits if hit.score == 1.0]
    expected = reader.rows(
        "SELECT DISTINCT series_id, person_id FROM imaging.series "
        "WHERE modality = 'CT' AND body_part_examined = 'CHEST'"
    )
    assert {(h.id, h.person_id) for h in full} == {(r["series_id"], r["person_id"]) for r in expected}
    assert full
    assert search_images(reader, "spaghetti") == []


def test_images_filter_by_person_and_date(reader: Reader) -> None:
    one = next(hit for hit in search_images(reader, "CT", k=50) if hit.person_id is not None and hit.date)
    assert one.person_id is not None and one.date is not None
    mine = search_images(reader, "CT", Filters([one.person_id], one.date, one.date), k=50)
    assert one.id in {hit.id for hit in mine}
    assert {hit.person_id for hit in mine} == {one.person_id}
    assert search_images(reader, "CT", Filters([one.person_id], date_to=dt.date(1900, 1, 1))) == []


def test_a_snippet_shows_the_words_that_were_asked_for() -> None:
    text = "Nothing of note. " * 40 + "She is short of breath on stairs. " + "All else is well. " * 40
    snippet = snippet_of(text, "breath stairs", 120)
    assert "short of breath on stairs" in snippet
    assert snippet.startswith("… ") and snippet.endswith(" …")
    assert len(snippet) <= 120 + 4


def test_a_snippet_without_a_hit_is_the_beginning() -> None:
    assert snippet_of("one two\n three " * 50, "absent", 40).startswith("one two three")
    assert snippet_of("short", "absent") == "short"


def test_a_heading_goes_on_with_a_colon() -> None:
    assert (
        snippet_of("# Chief Complaint\n- Cough\n\n## Plan:\nRest", "cough")
        == "Chief Complaint: - Cough Plan: Rest"
    )
