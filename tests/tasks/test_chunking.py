"""Chunking loses nothing but white space, and keeps within the encoder's reach."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.chunking import MAX_CHARACTERS, chunk_note

_NOTE = """# Chief complaint
Shortness of breath.

# Allergies
No known allergies.

ASSESSMENT: stable.
"""
_LINES = st.lists(
    st.one_of(
        st.text(alphabet="abc XYZ.;?!\n\t 0123456789é", max_size=80),
        st.sampled_from(["# Plan\n", "ASSESSMENT: none\n", "\n\n", "History:\n", "## \n"]),
    ),
    max_size=12,
)


def _letters(text: str) -> str:
    return "".join(text.split())


@given(_LINES, st.integers(5, 60))
def test_no_chunk_is_too_long_and_no_sentence_is_lost(lines: list[str], limit: int) -> None:
    text = "".join(lines)
    chunks = chunk_note(text, limit)
    assert all(0 < len(chunk) <= limit for chunk in chunks)
    kept = _letters("".join(chunks))
    rest = iter(_letters(text))
    assert all(letter in rest for letter in kept), "nothing is added, nothing is out of order"
    words = [
        w
        for line in text.splitlines()
        if not line.strip().startswith("#")
        for w in line.split()
        if w.isalnum()
    ]
    assert sum(len(w) for w in words) <= len(kept) or not words


@given(st.text(alphabet="abcdefgh .;\n", max_size=3_000))
def test_text_without_headings_is_kept_whole(text: str) -> None:
    assert _letters("".join(chunk_note(text))) == _letters(text)


def test_sections_are_chunks_of_their_own() -> None:
    assert chunk_note(_NOTE) == [
        "# Chief complaint\nShortness of breath.",
        "# Allergies\nNo known allergies.",
        "ASSESSMENT: stable.",
    ]


def test_a_heading_over_nothing_is_no_chunk_but_a_note_of_headings_is_kept() -> None:
    assert chunk_note("# Plan\n\n# History\nNone.") == ["# History\nNone."]
    assert chunk_note("# Patient does not wish to be treated") == ["# Patient does not wish to be treated"]


def test_a_long_note_is_cut_between_sentences() -> None:
    sentence = "The patient walks without help and sleeps well at night."
    chunks = chunk_note(" ".join([sentence] * 60))
    assert len(chunks) > 1
    assert all(len(chunk) <= MAX_CHARACTERS and chunk.endswith(".") for chunk in chunks)


def test_nothing_has_no_chunks() -> None:
    assert chunk_note("") == chunk_note(" \n\n ") == []
