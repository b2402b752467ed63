"""Names that are written so that no word of a text is one: spaced out, joined to others, in base64; and positions."""

from __future__ import annotations

import base64
import binascii
import re
from itertools import pairwise

from tasks.deidentification.known import Known, kind_of
from tasks.deidentification.lexicon import END, START, fold
from tasks.deidentification.spans import Span
from tasks.deidentification.words import WordLists, word_lists

_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_](?:[ \t]{1,3}|[ \t]?[.\-_*][ \t]?)){3,}[^\W\d_](?![^\W_])")
_SHORTEST = 4
"""Letters of a name that is told by its letters alone."""
_LONG = 7
"""Letters of a name that is told inside any longer word."""
_CAMEL = re.compile(r"(?<![^\W_])(?:[^\W\d_a-z][^\W\d_A-Z]{2,}){2,}(?![^\W_])")
_PIECE = re.compile(r"[^\W\d_a-z][^\W\d_A-Z]+")
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=])(?=[A-Z0-9+/]*[a-z])(?=[a-z0-9+/]*[A-Z])[A-Za-z0-9+/]{11,}={0,2}(?![\w=])"
)
_OPAQUE = 60
"""Characters from which base64 is hidden whatever it holds."""
_READABLE = 0.95
_DEGREES = (
    r"[-+]?\d{1,3}(?:\.\d{1,9})?[ ]?(?:\u00b0|deg(?:rees)?\.?)?"
    r"(?:[ ]?\d{1,2}(?:\.\d+)?['\u2032])?(?:[ ]?\d{1,2}(?:\.\d+)?[\"\u2033])?"
)
_BETWEEN = r"[ ]?[,;/ ][ ]{0,3}"
_POSITION = re.compile(
    rf"(?<![\w.])[-+]?\d{{1,2}}\.\d{{4,9}}{_BETWEEN}[-+]?\d{{1,3}}\.\d{{4,9}}(?![\w.]\d)"
    rf"|(?<![\w.]){_DEGREES}[ ]?[ns]\b(?:{_BETWEEN}|[ ]?){_DEGREES}[ ]?[ew]\b"
    rf"|\b(?:lat(?:itude)?|lon(?:g(?:itude)?)?|lng|gps|coordinates?|geo)\b[ ]?(?:is|of|at)?[ ]?[:=(]{{0,2}}[ ]?"
    rf"(?P<labelled>[-+]?\d{{1,3}}\.\d{{2,9}}(?:{_BETWEEN}[-+]?\d{{1,3}}\.\d{{2,9}})?)"
)
_HAS_POSITION = re.compile(r"\d\.\d\d|\u00b0|\bdeg")


def hidden_spans(text: str, folded: str, known: Known) -> list[Span]:
    """Names spaced out or joined, of the person and by the lists; base64 of text; latitudes and longitudes."""
    words = word_lists()
    found = [
        Span(*m.span(), "NAME")
        for m in _SPACED.finditer(folded)
        if _spells_name(text[m.start() : m.end()], known, words)
    ]
    found += _joined_spans(text, folded, known, words)
    found += _parted_spans(folded, known)
    found += [Span(*m.span(), "NAME") for m in _CAMEL.finditer(text) if _joins_names(m.group(), words)]
    found += [Span(*m.span(), "ID") for m in _BASE64.finditer(text) if _holds_text(m.group())]
    return sorted(found, key=lambda s: (s.start, -s.end))


def position_spans(folded: str) -> list[Span]:
    """Positions on earth, which are smaller than a state (45 CFR 164.514(b)(2)(i)(B): all geocodes)."""
    if not _HAS_POSITION.search(folded):
        return []
    return [Span(*m.span(m.lastgroup or 0), "PLACE") for m in _POSITION.finditer(folded)]


def _spells_name(written: str, known: Known, words: WordLists) -> bool:
    capital = written[0].isupper()
    written = fold(written)
    letters = re.sub(r"[\W_]+", "", written)
    if any(len(part) >= _SHORTEST and part in letters for part in known.parts):
        return True
    pieces = [re.sub(r"[\W_]+", "", piece) for piece in re.split(r"[ \t]{2,}", written)]
    return capital and any(len(piece) >= _SHORTEST and words.is_name(piece) for piece in {letters, *pieces})


def _parted_spans(folded: str, known: Known) -> list[Span]:
    """The person's long names with a space or a line's end inside."""
    whole = "".join(folded.split())
    found = []
    for part in known.parts:
        if (
            len(part) >= _LONG
            and part.isalpha()
            and kind_of(part) == ""
            and whole.count(part) > folded.count(part)
        ):
            spaced = START + r"\s?".join(part) + END
            found += [
                Span(*m.span(), "NAME")
                for m in re.finditer(spaced, folded)
                if len(m.group()) == len(part) + 1
            ]
    return found


def _joined_spans(text: str, folded: str, known: Known, words: WordLists) -> list[Span]:
    found = []
    for part in known.parts:
        if len(part) < _SHORTEST or part not in folded:
            continue
        for match in re.finditer(rf"[^\W_]*{re.escape(part)}[^\W_]*", folded):
            token = match.group()
            if (
                token != part
                and not words.is_ordinary(token)
                and _is_joined(text[slice(*match.span())], part, known)
            ):
                found.append(Span(*match.span(), "NAME"))
    return found


def _is_joined(written: str, part: str, known: Known) -> bool:
    """Whether a longer word is made of a name: with others of the person, in camel case, or by its length."""
    token = written.lower()
    if kind_of(part) == "" and len(part) >= _LONG:
        return True
    rest = token
    for other in sorted(known.parts, key=len, reverse=True):
        if len(other) >= 3:
            rest = rest.replace(other, " ")
    if not re.sub(r"[\d ]", "", rest):
        return " " in rest.strip() or not rest.strip() or len(token) > len(part) + 4
    at = token.find(part)
    end = at + len(part)
    begins = at == 0 or (written[at].isupper() and not written[at - 1].isupper())
    ends = end >= len(written) or not written[end].islower()
    return at >= 0 and written[at].isupper() and begins and ends and not written.isupper()


def _joins_names(written: str, words: WordLists) -> bool:
    """Whether words in camel case are a given name and what may be a family name, as "JohnSmith"."""
    pieces = [piece.lower() for piece in _PIECE.findall(written)]
    return any(
        first in words.given
        and not words.is_ordinary(first)
        and (second in words.family or not words.is_ordinary(second))
        for first, second in pairwise(pieces)
    )


def _holds_text(written: str) -> bool:
    """Whether characters are base64 of something that can be read, or of much that can't."""
    if len(written) >= _OPAQUE:
        return True
    if len(written) % 4:
        return False
    try:
        data = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return False
    return sum(32 <= byte < 127 or byte in (9, 10, 13) for byte in data) >= _READABLE * len(data)
