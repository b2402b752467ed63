"""The capitalised words of a text, each with what it can be: what names and places are told from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from tasks.deidentification.words import WordLists, word_lists

_CAPITALISED = re.compile(
    r"[A-Z\u00c0-\u00de\u0100-\u017d](?<![^\W_].)[^\W\d_]*(?:['\u2019][^\W\d_]+)*(?:-[a-z]{2,6}(?![\w\-]))?",
    re.DOTALL,
)
_ANY_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SMALL = 200
"""Characters of which one word at least is capitalised, but in a text of small letters."""
COMMONEST = frozenset(
    "will may can has is was were are be been am do does did done had have for from with to at on in of and or the a "
    "an as by "
    "but not no so if then than that this these those who she he her his him they them their we our you your it its "
    "all any "
    "both can could should would must shall see seen saw said says say call called calls note notes home house day "
    "week month "
    "year today man woman male female patient doctor nurse care pain left right start stop dose due now new old may "
    "last first "
    "next back time plan take took go goes went came come get got give gave make made need needs want wants use "
    "used".split()
)
_GENITIVE = re.compile(r"['\u2019]s?$")
_MONTHS = frozenset({"april", "may", "june", "august"})
_REACH = 40
_BEFORE_WORD = " \t\r\n:.,;()[]*#>\"'/-\u2013=|"


@dataclass(slots=True)
class Token:
    """A capitalised word.

    Attributes:
        start: where it begins in the text.
        end: where it ends, without a genitive.
        low: it, folded.
        kind: `name`, `both` (a name and an ordinary word), `month` (both of a kind), `word` or `unknown`.
        shouted: whether it is all capitals.
        numbered: whether a generator's digits follow ("Larue605").
        sure: whether it is a name for certain.
        given: whether it is a given name, or stands after a title, so that a family name follows.
    """

    start: int
    end: int
    low: str
    kind: str
    shouted: bool
    numbered: bool
    sure: bool = False
    given: bool = False
    before: list[str] | None = None


@dataclass(frozen=True)
class Text:
    """A text, what it is folded, and its capitalised words; all its words where it is written in small letters."""

    text: str
    folded: str
    tokens: list[Token]
    words: WordLists = field(repr=False)
    small: bool = False

    def between(self, left: Token, right: Token) -> str:
        """What stands between two tokens."""
        return self.text[left.end : right.start]

    def is_plain(self, word: str) -> bool:
        """Whether a folded word is ordinary and no name."""
        return self.words.is_ordinary(word) and not self.words.may_name(word)

    def words_before(self, token: Token) -> list[str]:
        """The folded words before a token, the nearest first, up to two; none over the end of a line."""
        if token.before is None:
            before = self.folded[max(0, token.start - _REACH) : token.start].rpartition("\n")[2]
            token.before = [w.strip(_BEFORE_WORD) for w in reversed(before.split()[-2:])]
        return token.before


def read_tokens(text: str, folded: str) -> Text:
    """The text with its capitalised words, or with all of them where hardly one is capitalised."""
    words = word_lists()
    tokens = [t for m in _CAPITALISED.finditer(text) if (t := _token(text, folded, *m.span(), words))]
    if len(tokens) * _SMALL > len(text) or len(text) < _SMALL:
        return Text(text, folded, tokens, words)
    tokens = [t for m in _ANY_WORD.finditer(text) if (t := _token(text, folded, *m.span(), words))]
    for token in tokens:
        if token.kind in {"unknown", "month"} or token.low in COMMONEST:
            token.kind = "word"  # what is in no list is a misspelling here
    return Text(text, folded, tokens, words, small=True)


def _token(text: str, folded: str, start: int, end: int, words: WordLists) -> Token | None:
    low = folded[start:end]
    if low[-1] == "s" or low[-1] in "'\u2019":
        cut = _GENITIVE.search(low)
        if cut:
            low, end = low[: cut.start()], start + cut.start()
    kind = ""
    if "-" in low:
        first, _, second = low.partition("-")
        kind = _hyphened_kind(first, second, words)
        if not kind:
            low = first
            end = start + len(low)
    if len(low) < 2:
        return None
    shouted = end - start > 1 and text[start:end].isupper()
    following = text[end : end + 2]
    numbered = len(following) == 2 and len(low) > 2 and following.isdecimal()
    return Token(start, end, low, kind or _kind(low), shouted, numbered)


def _hyphened_kind(first: str, second: str, words: WordLists) -> str:
    """What "Hyun-woo" is; empty where the hyphen joins an ordinary word ("Foley-related")."""
    if words.is_ordinary(second) and not words.may_name(second):
        return "both" if len(second) < 4 and words.may_name(first) else ""
    if words.is_ordinary(second):
        return "both" if words.may_name(first) and len(first) < 5 else ""
    return "name" if words.may_name(first) or words.may_name(second) else "unknown"


@lru_cache(maxsize=50_000)
def _kind(low: str) -> str:
    words = word_lists()
    if low in _MONTHS:
        return "month"
    ordinary, named = words.is_ordinary(low), words.may_name(low)
    if ordinary:
        return "both" if named and low not in words.kept and low not in words.regions else "word"
    if named:
        return "name"
    bare = low.replace("'", "").replace("\u2019", "")
    if bare != low:
        return "name" if words.may_name(bare) or words.may_name(re.split("['\u2019]", low)[-1]) else "unknown"
    return "word" if _is_inflected(low, words) else "unknown"


def _is_inflected(low: str, words: WordLists) -> bool:
    """Whether an unlisted word is a form of a listed one ("Rescheduled", "Nonadherent")."""
    for end, other in (
        ("s", ""),
        ("es", ""),
        ("ies", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("ly", ""),
    ):
        if low.endswith(end) and low[: len(low) - len(end)] + other in words.ordinary:
            return True
    return any(
        low.startswith(p) and low[len(p) :] in words.ordinary
        for p in ("non", "un", "re", "pre", "post", "anti")
    )
