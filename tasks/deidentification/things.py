"""Names that are the name of a thing: a disease, a test, a tube."""

from __future__ import annotations

import re

from tasks.deidentification.tokens import Text

_FOLLOWING = re.compile(
    r"(?:['\u2019]s?)?(?:(?:[ \t]and[ \t]|[ \t]&[ \t]|[ \t]|-|\u2013|/)([^\W\d_]+)(?:['\u2019]s)?)?"
    r"(?:[ \t\-]([^\W\d_]+))?"
)
_HYPHENS = frozenset({"-", "\u2013"})
_SCORED = re.compile(r"[ \t]*:?[ \t]*\d{1,2}/\d{1,2}(?![\d/])")
_OF_THING = re.compile(
    r"\b(?:circle|ligament|sphincter|loop|islets?|pouch|nodes?|sign|angle|crypts?|canal|bundle|lines?|zone|tetralogy|"
    r"foramen|ampulla|"
    r"triangle|organ|fossa|space|triad|chorea|disease|bodies|sinus|tubercle|tubules?) of $"
)


def is_thing(seen: Text, i: int) -> bool:
    """Whether the token names a thing: a disease, a test, a tube."""
    words, token = seen.words, seen.tokens[i]
    if seen.folded.endswith("of ", 0, token.start) and _OF_THING.search(
        seen.folded, max(0, token.start - 16), token.start
    ):
        return True
    if token.low in words.eponyms or _is_chained(seen, i) or _is_region(seen, i):
        return True
    following = _FOLLOWING.match(seen.folded, token.end)
    if _SCORED.match(seen.folded, token.end) and not (token.kind == "name" and token.low in words.given):
        return True
    near, far = (following[1] or "", following[2] or "") if following else ("", "")
    if near in words.nouns or (near in words.thing_nouns and token.low in words.named_things):
        return True
    if _is_double(seen, i):
        return True
    is_pair = far in words.nouns and (
        near in words.eponyms or near in words.named_things or words.may_name(near)
    )
    if is_pair and (token.low in words.named_things or seen.text[token.end : token.end + 1] == "-"):
        return True
    if i and token.low in words.named_things:
        left = seen.tokens[i - 1]
        joined = seen.between(left, token) in {"-", " and ", " & ", "/"}
        return joined and (left.low in words.named_things or left.low in words.eponyms)
    return False


def _is_double(seen: Text, i: int) -> bool:
    """Whether a hyphen joins the token to another name and both stand for things ("Salter-Harris", "Epstein-Barr")."""
    token, words = seen.tokens[i], seen.words
    if seen.text[token.end : token.end + 1] not in _HYPHENS and seen.text[token.start - 1] not in _HYPHENS:
        return False
    for left in (i - 1, i):
        pair = seen.tokens[max(0, left) : left + 2]
        if len(pair) == 2 and seen.between(*pair) in _HYPHENS:
            return all(t.low in words.named_things or t.low in words.eponyms for t in pair)
    return False


def _is_region(seen: Text, i: int) -> bool:
    """Whether the token is part of a state or country of two words ("New Zealand")."""
    if seen.tokens[i].low not in seen.words.region_words:
        return False
    pairs = [(j, j + 1) for j in (i - 1, i) if j >= 0 and j + 1 < len(seen.tokens)]
    both = [(seen.tokens[a], seen.tokens[b]) for a, b in pairs]
    return any(f"{a.low} {b.low}" in seen.words.regions and seen.between(a, b) == " " for a, b in both)


_HYPHENS = frozenset("-\u2013")


def _is_chained(seen: Text, i: int) -> bool:
    """Whether hyphens join the token to an eponym ("Wolff-Parkinson-White")."""
    token = seen.tokens[i]
    if (
        seen.text[token.end : token.end + 1] not in _HYPHENS
        and seen.text[max(0, token.start - 1) : token.start] not in _HYPHENS
    ):
        return False
    for step in (-1, 1):
        j = i
        while 0 <= j + step < len(seen.tokens):
            left, right = sorted((j, j + step))
            if seen.between(seen.tokens[left], seen.tokens[right]) not in {"-", "\u2013"}:
                break
            j += step
            if seen.tokens[j].low in seen.words.eponyms:
                return True
    return False
