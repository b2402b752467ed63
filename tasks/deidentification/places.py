"""Places and institutions in running text: addresses, cities by what leads to them, hospitals by what they end with.

States and countries stay.
"""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span
from tasks.deidentification.tokens import Text, Token

_TYPES = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Highway|Hwy|Parkway|Pkwy|Square|Sq|"
    "Terrace|Ter|Circle|Cir|Trail|Trl|Way|Plaza|Loop|Alley|Crossing|Xing|Pike|Turnpike|Route|Rte|Landing|Run|Ridge|Path"
)
_TYPES = f"{_TYPES}|{_TYPES.upper()}"
_SIDE = r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|NORTH|SOUTH|EAST|WEST)\.?\s+)?"
_FLAT = r"(?:,?\s*(?:Apt|APT|Apartment|Unit|UNIT|Suite|Ste|STE|Floor|Fl|Lot|Bldg|#)\.?\s*#?\s*[\w\-]+)?"
_ADDRESS = re.compile(
    rf"\d(?<![\w.,/].)\d{{0,5}}(?:-\d+)?[A-Z]?[ \t]+{_SIDE}"
    rf"(?:(?:[A-Z][\w'\u2019]*\.?|\d+(?:st|nd|rd|th))[ \t]+){{1,4}}(?:{_TYPES})\b\.?(?![ \t]+\d+\s*(?:mg|mcg))"
    rf"(?:[ \t]+(?:N|S|E|W|NE|NW|SE|SW)\b\.?)?{_FLAT}",
    re.DOTALL,
)
_BOX = re.compile(r"\bp\.?\s?o\.?\s*box\s+#?\d+|\brural route \d+(?:,? box \d+)?|\brr ?\d+,? box \d+")
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|"
    "RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_TITLES_TOO = frozenset("MD PA DO OR PT OD".split())
_AND_STATE = re.compile(rf"[ \t]*,[ \t]*(?:(?P<abbr>{_STATES})\b|(?P<name>[A-Z][a-z]+(?:[ \t][A-Z][a-z]+)?))")
_ZIP = re.compile(r"[ \t]*,?[ \t]*(?P<z>\d{5}(?:-\d{4})?)(?![\w\-])")
_ZIP_LABEL = re.compile(r"\b(?:zip|zip ?code|postal code)\s*(?:is|:)?\s*(?P<z>\d{5}(?:-\d{4})?)(?!\d)")
_FIVE = re.compile(r"\d{5}(?:-\d{4})?(?![\w\-])")
_STATE_BEFORE = re.compile(rf"\b(?:{_STATES})[ \t]+$")
_LEADS_IN = frozenset(
    "lives live living lived resides residing reside resided born raised grew up alone family parents "
    "relatives facility school college works working worked home house apartment vacation stationed located "
    "relocated resettled based hospitalized store church".split()
)
_LEADS_FROM = frozenset(
    "here back moved moving relocated emigrated immigrated travels traveled travelled travel traveling trip flew drove "
    "transferred transfer returned hails originally".split()
)
_LEADS_AT = frozenset(
    "works worked working employed employee job retired attends attended attending student graduated enrolled "
    "volunteers volunteer teaches teacher".split()
)
_HOMES = frozenset("nursing rest care group veterans retirement funeral convalescent".split())
_CITY_ENDS = (
    "ville",
    "burg",
    "burgh",
    "boro",
    "borough",
    "polis",
    "shire",
    "mouth",
    "haven",
    "ford",
    "field",
    "wood",
)
_GENITIVE = re.compile("['\u2019]s(?!\\w)")
_SAINTS = frozenset("st mt ft".split())
_SPACED = re.compile(
    r"(?:['\u2019]s)?[ \t]+|-|(?:['\u2019]s)?[ \t]+(?:of|and|the|at|for|&)[ \t]+(?:the[ \t]+)?|\.[ \t]+"
)


def place_spans(seen: Text) -> list[Span]:
    """Addresses, institutions and cities. Institutions and cities lie over the names in them."""
    text, folded = seen.text, seen.folded
    found = [Span(*m.span(), "ADDRESS") for m in _ADDRESS.finditer(text)]
    if "box" in folded:
        found += [Span(*m.span(), "ADDRESS") for m in _BOX.finditer(folded)]
    for code in _FIVE.finditer(text):
        if _STATE_BEFORE.search(text, max(0, code.start() - 6), code.start()):
            found.append(Span(*code.span(), "ADDRESS"))
    if "zip" in folded or "postal" in folded:
        found += [Span(*m.span("z"), "ADDRESS") for m in _ZIP_LABEL.finditer(folded)]
    ended = -1
    for i, token in enumerate(seen.tokens):
        if token.low in seen.words.institution:
            institution = _institution(seen, i)
            ended = institution[-1].end if institution else ended
            found += institution
        follows = 0 <= ended < token.start and seen.text[ended : token.start].strip(" \t") == ","
        found += _city(seen, i, follows=follows)
    return found


def _runs_on(seen: Text, left: int) -> bool:
    """Whether the token after `left` goes on with the same name of a place."""
    if left < 0 or left + 1 >= len(seen.tokens):
        return False
    between = seen.between(seen.tokens[left], seen.tokens[left + 1])
    if between.startswith("."):
        return seen.tokens[left].low in _SAINTS
    return len(between) < 12 and _SPACED.fullmatch(between) is not None


def _institution(seen: Text, last: int) -> list[Span]:
    """The name that ends by the institution word at `last`, unless it only says what kind of clinic it is."""
    words, tokens = seen.words, seen.tokens
    if _runs_on(seen, last) and tokens[last + 1].low in words.institution:
        return []  # told from its last word
    first = last
    while first > 0 and last - first < 6 and _runs_on(seen, first - 1) and not _ends(seen, first - 1):
        first -= 1
    while first < last and tokens[first].low in {
        "the",
        "at",
        "from",
        "to",
        "a",
        "an",
        "patient",
        "transfer",
        "outside",
    }:
        first += 1
    if tokens[last].low == "home" and (last == first or tokens[last - 1].low not in _HOMES):
        return []
    own = [t for t in tokens[first:last] if t.low not in words.generic and t.low not in words.institution]
    if (
        not own
        or all(t.low in words.kept for t in own)
        or all(t.kind == "word" and t.shouted and len(t.low) < 5 for t in own)
    ):
        return []
    if all(t.kind == "word" and t.low not in words.regions for t in own) and not _is_named(seen, first, last):
        return []
    begin = tokens[first].start
    return [Span(begin, tokens[last].end, "PLACE")]


def _ends(seen: Text, left: int) -> bool:
    """Whether the token at `left` is no part of the name after it: a title, or the end of another institution."""
    token = seen.tokens[left]
    between = seen.between(token, seen.tokens[left + 1]).strip()
    if token.low in seen.words.institution and between not in {"", "of"}:
        return True
    return token.low in {
        "attending",
        "admitted",
        "seen",
        "discharged",
        "transferred",
        "dr",
        "mr",
        "mrs",
        "ms",
    }


def _is_named(seen: Text, first: int, last: int) -> bool:
    """Whether ordinary words make a name ("Good Shepherd Hospital"): inside a sentence, or alone on a line."""
    start = seen.tokens[first].start
    line = seen.text.rfind("\n", 0, start) + 1
    before = seen.text[line:start].strip(" \t-*#\u2022")
    if not before or before[-1:] == ":":
        rest = seen.text[seen.tokens[last].end :].partition("\n")[0]
        return rest.strip(" ,.") == "" or re.match(r"[ \t]*,[ \t]*[A-Z]", rest) is not None
    return before[-1:] != "."


def _city(seen: Text, first: int, *, follows: bool) -> list[Span]:
    """A city, by what leads to it or by the state after it; `follows`: an institution and a comma stand before it."""
    tokens, words = seen.tokens, seen.words
    token = tokens[first]
    lead = _lead(seen, token)
    last = first
    while (
        last + 1 < len(tokens)
        and last - first < 2
        and _is_spaced(seen, last)
        and tokens[last + 1].low not in words.nouns
    ):
        last += 1
    state = _AND_STATE.match(seen.text, tokens[last].end)
    named = [t for t in tokens[first : last + 1] if t.kind != "word" or _is_cityish(seen, t)]
    if state and _is_state(seen, state, bool(named) or follows) and (lead or not _is_continued(seen, first)):
        code = _ZIP.match(seen.text, state.end())
        spans = [Span(token.start, tokens[last].end, "PLACE")]
        return [*spans, Span(*code.span("z"), "ADDRESS")] if code else spans
    if not lead or token.low in words.regions or _is_region(seen, first):
        return []
    if token.low in words.kept and token.low not in _SAINTS:
        return []
    if lead == "weak" and not named and not follows:
        return []
    if all(t.low in words.generic or t.low in words.institution for t in tokens[first : last + 1]):
        return []
    genitive = _GENITIVE.match(seen.text, tokens[last].end)
    return [Span(token.start, genitive.end() if genitive else tokens[last].end, "PLACE")]


def _is_cityish(seen: Text, token: Token) -> bool:
    return token.low in seen.words.cities or (len(token.low) > 6 and token.low.endswith(_CITY_ENDS))


def _is_spaced(seen: Text, left: int) -> bool:
    between = seen.between(seen.tokens[left], seen.tokens[left + 1])
    return between in {" ", "-"} or (between == ". " and seen.tokens[left].low in _SAINTS)


def _is_continued(seen: Text, first: int) -> bool:
    """Whether the token before is part of the same name, which was looked at from its beginning."""
    return first > 0 and _is_spaced(seen, first - 1)


def _is_region(seen: Text, first: int) -> bool:
    if first + 1 < len(seen.tokens) and _is_spaced(seen, first):
        return f"{seen.tokens[first].low} {seen.tokens[first + 1].low}" in seen.words.regions
    return False


def _is_state(seen: Text, state: re.Match[str], named: bool) -> bool:
    if state["name"]:
        return state["name"].lower() in seen.words.regions and named
    has_code = _ZIP.match(seen.text, state.end()) is not None
    return has_code or (named and state["abbr"] not in _TITLES_TOO)


def _lead(seen: Text, token: Token) -> str:
    """Whether the words before lead to a place: `strong` to any, `weak` to what is no ordinary word."""
    before = seen.words_before(token)
    if len(before) < 2:
        return ""
    near, far = before
    if near == "in" and far in _LEADS_IN:
        return "strong"
    if near in {"from", "to"} and far in _LEADS_FROM:
        return "weak" if far.startswith(("trans", "return")) else "strong"
    if near in {"at", "for", "by", "from"} and far in _LEADS_AT:
        return "strong"
    if near == "of" and far in {"native", "resident", "city", "town", "outside", "suburb"}:
        return "strong"
    if near in {"visiting", "visited", "near", "outside", "attends"} or (near == "up" and far == "grew"):
        return "weak"
    return "weak" if near in {"in", "from"} else ""
