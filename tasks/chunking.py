"""Chunk notes for embedding: by their own sections, none longer than the encoder reads.

Sections repeat between notes ("No known allergies."), so equal chunks are encoded once.
"""

from __future__ import annotations

import re

_HEADING = re.compile(r"(?m)^(?=#{1,6} |[A-Z][A-Za-z /]{2,40}:\s*$|[A-Z][A-Z /&]{3,40}:)")
_WHOLE_HEADING = re.compile(r"(?m)^#.*$")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.;!?])\s+")
MAX_CHARACTERS = 900
"""About 200 word pieces of clinical English: under the 256 that the encoder reads."""


def chunk_note(text: str, limit: int = MAX_CHARACTERS) -> list[str]:
    """Split a note into chunks of at most `limit` characters, in order, losing nothing but white space."""
    chunks: list[str] = []
    for section in _HEADING.split(text):
        chunks.extend(_pack(section.strip(), limit, (_PARAGRAPH, _SENTENCE)))
    told = [c for c in chunks if re.search(r"\w", _WHOLE_HEADING.sub("", c))]
    # a note that is nothing but headings keeps them: it must be found too
    return told or [c for c in chunks if c]


def _pack(text: str, limit: int, splitters: tuple[re.Pattern[str], ...]) -> list[str]:
    """Pack pieces of `text` into chunks as long as fit; cut hard where nothing else splits."""
    if len(text) <= limit:
        return [text] if text else []
    if not splitters:
        return [text[i : i + limit] for i in range(0, len(text), limit)]
    packed, room = [], ""
    for piece in splitters[0].split(text):
        for part in _pack(piece, limit, splitters[1:]):
            if room and len(room) + 1 + len(part) > limit:
                packed.append(room)
                room = part
            else:
                room = f"{room}\n{part}" if room else part
    if room:
        packed.append(room)
    return packed
