"""Places and institutions in running text: addresses, cities by what leads to them, hospitals by what they end with.

States and countries stay.
"""

from __future__ import annotations

import re

from tasks.deidentification.initials import ABBREVIATIONS
from tasks.deidentification.premises import ends_name, premises
from tasks.deidentification.spans import Span
from tasks.deidentification.streets import STATES, addresses
from tasks.deidentification.tokens import COMMONEST, Text, Token

_BOX = re.compile(r"\bp\.?\s?o\.?\s*box\s+#?\d+|\brural route \d+(?:,? box \d+)?|\brr ?\d+,? box \d+")
_TITLES_TOO = frozenset("MD PA DO OR PT OD".split())
_AND_STATE = re.compile(rf"[ \t]*,[ \t]*(?:(?P<abbr>{STATES})\b|(?P<name>[A-Z][a-z]+(?:[ \t][A-Z][a-z]+)?))")
_ZIP = re.compile(r"[ \t]*,?[ \t]*(?P<z>\d{5}(?:-\d{4})?)(?![\w\-])")
_ZIP_LABEL = re.compile(r"\b(?:zip|zip ?code|postal code)\s*(?:is|:)?\s*(?P<z>\d{5}(?:-\d{4})?)(?!\d)")
_FIVE = re.compile(r"\d{5}(?:-\d{4})?(?![\w\-])")
_STATE_BEFORE = re.compile(rf"\b(?:{STATES})[ \t]+$")
_LEADS_IN = frozenset(
    "lives live living lived resides residing reside resided born raised grew up alone family parents "
    "relatives facility school college works working worked home house apartment vacation stationed located "
    "relocated resettled based hospitalized store church".split()
)
_LEADS_FROM = frozenset(
    "here back moved moving relocated emigrated immigrated travels traveled travelled travel traveling trip "
    "flew drove "
    "transferred transfer returned hails originally".split()
)
_LEADS_AT = frozenset(
    "works worked working employed employee job retired attends attended attending student graduated enrolled "
    "volunteers volunteer teaches teacher".split()
)
_WORK_LEADS = frozenset("at for from by with the".split())
_STAY_LEADS = _WORK_LEADS | frozenset("in uses pharmacy attends sh occupation employer school".split())
_SHIFTS = frozenset("dr mr mrs ms home work night day".split())
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


_SAINT = re.compile(
    r"S(?<![\w.]S)(?:aint|t\.?|AINT|T\.?)[ \t](?P<n>[A-Z][A-Za-z]{2,}(?:['\u2019][sS])?)(?:[ \t]+(?P<after>[a-z]+))?"
)
_HEADINGS = frozenset(
    "imaging report note nursing summary letter form facility sending receiving location".split()
)


def _saints(seen: Text) -> list[Span]:
    """What is named after a saint: a hospital, a church, a town."""
    found = []
    for match in _SAINT.finditer(seen.text):
        is_thing = match["after"] in seen.words.nouns or match["after"] in {"wort", "valve", "medical"}
        if not is_thing and seen.text[: match.start()][-1:] not in {*"0123456789"}:
            found.append(Span(match.start(), match.end("n"), "PLACE"))
    return found


def place_spans(seen: Text) -> list[Span]:
    """Addresses, institutions and cities. Institutions and cities lie over the names in them."""
    text, folded = seen.text, seen.folded
    found = addresses(seen)
    if "box" in folded:
        found += [Span(*m.span(), "ADDRESS") for m in _BOX.finditer(folded)]
    for code in _FIVE.finditer(text):
        if _STATE_BEFORE.search(text, max(0, code.start() - 6), code.start()):
            found.append(Span(*code.span(), "ADDRESS"))
    if "zip" in folded or "postal" in folded:
        found += [Span(*m.span("z"), "ADDRESS") for m in _ZIP_LABEL.finditer(folded)]
    found += premises(seen, found)
    found += _named_places(seen)
    found += _saints(seen)
    ended = -1
    for i, token in enumerate(seen.tokens):
        if ends_name(seen, i):
            institution = _institution(seen, i)
            ended = institution[-1].end if institution else ended
            found += institution
        follows = 0 <= ended < token.start and seen.text[ended : token.start].strip(" \t") == ","
        found += _city(seen, i, follows=follows)
    return _united(found)


def _united(found: list[Span]) -> list[Span]:
    """The spans, with one for all those of places that overlap ("St. Luke's" and "St. Luke's Hospital")."""
    united: list[Span] = []
    for span in sorted((s for s in found if s.kind == "PLACE"), key=lambda s: s.start):
        if united and span.start < united[-1].end:
            united[-1] = Span(united[-1].start, max(united[-1].end, span.end), "PLACE")
        else:
            united.append(span)
    return [s for s in found if s.kind != "PLACE"] + united


_ACRONYM_LEAD = re.compile(
    r"\b(?:admitted to|transferred (?:from|to|out of)|transfer (?:from|to)|records from|study from|studies from|"
    r"films? from|seen at|"
    r"treated at|done at|over at|hospitalized at|discharged from|scan at|surgery at|born at|fellowship at|care "
    r"at)[ \t]+$"
)
_ACRONYM_WEAK = re.compile(
    r"(?:\b(?:at|from|visit|records \(|nurse at|outside|per|via|(?:dr\.? )?[a-z'-]{2,16} of)[ \t]+|\()$"
)
"""What may lead to the letters of a hospital: believed of letters that stand for nothing else."""
_WARDS = frozenset(
    "icu micu sicu ccu cvicu nicu picu pacu pcu imcu tcu snf ltac ltach osh opd asap hospice rehab floor tele neuro "
    "acute "
    "stepdown obs cdu ed er or nsicu ticu mri ems home ltc alf irf bhu psych medicine surgery ortho".split()
)
_WORKS = re.compile(
    r"\b(?:works?|worked|working|employed|employee|employer:?|job|retired|laid off|quit|fired|shift|"
    r"hired)\b[^.\n;]{0,24}?"
    r"\b(?:at|for)[ \t]+(?:the[ \t]+)?$|\b(?:retired|laid off|fired|quit) from[ \t]+(?:the[ \t]+)?$|\bemployed (?:by|"
    r"with)[ \t]+(?:the[ \t]+)?$"
)
_STAYS = re.compile(
    r"\b(?:stays?|staying|fall|fell|treated|hospitalized|seen|evaluated|dialysis|hd(?: \w+)?|attends|attended|"
    r"enrolled|student|nurse|"
    r"teacher|works?|while)[ \t]+(?:at|in)[ \t]+(?:the[ \t]+)?$|\b(?:uses|pharmacy:|attends|sh:|occupation:|employer:|"
    r"school:)[ \t]+$"
)


def _named_places(seen: Text) -> list[Span]:
    """Hospitals by their letters, and places of several words that are in lists: cities, employers, hospitals."""
    words, found = seen.words, []
    places = words.places
    for i, token in enumerate(seen.tokens):
        if token.shouted and 2 < len(token.low) < 7 and _is_acronym(seen, i):
            found.append(Span(token.start, token.end, "PLACE"))
        names = places.get(token.low.partition("-")[0])
        if names:
            end = _listed_end(seen, token, names)
            is_name = end == token.end and words.may_name(token.low)
            is_state = i > 0 and end == token.end and _is_region(seen, i - 1)  # "North Carolina"
            if end and not is_name and not is_state and not _names_thing(seen, end):
                found.append(Span(token.start, end, "PLACE"))
    return found


def _is_acronym(seen: Text, i: int) -> bool:
    """Whether the letters are a hospital: known ones, or any that the words before lead to."""
    low, start = seen.tokens[i].low, seen.tokens[i].start
    if low in seen.words.acronyms and not _is_word_alone(seen, i):
        return True
    if low in _WARDS or low in seen.words.kept:
        return False
    if _ACRONYM_LEAD.search(seen.folded, max(0, start - 24), start) is not None:
        return True
    if seen.words.is_ordinary(low) or low.upper() in ABBREVIATIONS:
        return False
    return _ACRONYM_WEAK.search(seen.folded, max(0, start - 24), start) is not None


def _names_thing(seen: Text, end: int) -> bool:
    """Whether a place is the name of a thing: "Los Angeles grade B", "Boston Scientific"."""
    following = _THING.match(seen.folded, end)
    return following is not None and (
        following[1] in seen.words.nouns or following[1] in {"scientific", "classification"}
    )


_THING = re.compile(r"[ \t-]([a-z]+)")


def _is_word_alone(seen: Text, i: int) -> bool:
    """Whether the letters stand for something else here: a number follows ("UCI 5"), or a hyphen."""
    end = seen.tokens[i].end
    return seen.text[end : end + 1] in {"-", ":", "/"} or seen.text[end : end + 2].strip()[:1].isdecimal()


_LISTED_WORD = re.compile(r"[^\W\d_][\w'&]*\.?(?=[ \-]|\W|$)")
_LONGEST_PLACE = 40


def _listed_end(seen: Text, token: Token, names: frozenset[str]) -> int:
    """Where the longest listed place ends that begins at the token; 0 where none does."""
    found, at = 0, token.start
    for _ in range(5):
        word = _LISTED_WORD.match(seen.folded, at)
        if word is None or word.end() - token.start > _LONGEST_PLACE:
            break
        end = word.start() + len(word.group().rstrip("."))
        if _is_listed(seen, token.start, end, names):
            found = end
        at = word.end() + 1
        if seen.folded[word.end() : at] not in {" ", "-"}:
            break
    return found


def _is_listed(seen: Text, start: int, end: int, names: frozenset[str]) -> bool:
    """Whether the words are a listed place, each but the small ones with a capital, and no part of a longer word."""
    written = seen.folded[start:end].replace(".", "").replace("-", " ")
    if written not in names or seen.folded[end : end + 1].isalnum() or seen.folded[end : end + 1] == "-":
        return False
    return seen.small or " " not in written or seen.text[seen.text.rfind(" ", 0, end) + 1].isupper()


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
    if _runs_on(seen, last) and ends_name(seen, last + 1):
        return []  # told from its last word
    first = last
    while first > 0 and last - first < 6 and _runs_on(seen, first - 1) and not _ends(seen, first - 1):
        if seen.small and not _is_part(seen, first - 1):
            break
        if tokens[last].shouted and tokens[first - 1].low in COMMONEST - {"of", "and"}:
            break
        if _leads(seen, first - 1):
            break
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
        *_HEADINGS,
    }:
        first += 1
    if tokens[last].low == "home" and (last == first or tokens[last - 1].low not in _HOMES):
        return []
    own = [t for t in tokens[first:last] if t.low not in words.generic and t.low not in words.institution]
    beyond = _OF_PLACE.match(seen.text, tokens[last].end)
    if not own and beyond and last > first:
        return [Span(tokens[first].start, beyond.end(), "PLACE")]
    if (
        not own
        or all(t.low in words.kept and t.low not in words.faiths for t in own)
        or all(t.kind == "word" and t.shouted and len(t.low) < 5 for t in own)
    ):
        return []
    plain = words.regions | words.faiths
    if all(t.kind == "word" and t.low not in plain for t in own) and not _is_named(seen, first, last):
        return []
    return [Span(tokens[first].start, beyond.end() if beyond else tokens[last].end, "PLACE")]


_OF_PLACE = re.compile(
    r"[ \t]+(?:of|for|at|in)[ \t]+(?:the[ \t]+)?[A-Z][a-z]+(?:[ \t][A-Z][a-z]+){0,2}|[ \t]+(?:FOR|"
    r"AT)[ \t]+[A-Z]+\b|[ \t]+(?i:of)[ "
    r"\t]+[A-Za-z]+(?:[ \t][A-Za-z]+)?[ \t]+(?i:county)\b"
)
_PARTS = frozenset(
    "good general memorial saint st university regional community county city veterans affairs elm oak pine valley "
    "hill hills river lake park mountain view spring springs creek grove".split()
)


def _is_part(seen: Text, i: int) -> bool:
    """In small letters: whether the word goes on with a name of an institution."""
    token = seen.tokens[i]
    return (
        token.kind != "word"
        or token.low in _PARTS | seen.words.generic | seen.words.institution | seen.words.faiths
    )


_LINKED = re.compile(r"['\u2019]?s?[ \t]+(?:at|for)[ \t]+(?:the[ \t]+)?")


def _leads(seen: Text, left: int) -> bool:
    """Whether the token only leads to an institution ("Dr. Cook at Mercy Hospital", "Attends Mercy Hospital")."""
    token = seen.tokens[left]
    if token.low in {
        "attends",
        "attended",
        "visited",
        "called",
        "uses",
        "via",
        "per",
        "saw",
        "left",
        "entered",
        "at",
        "from",
        "to",
    }:
        return True
    between = seen.between(token, seen.tokens[left + 1])
    return (
        _LINKED.fullmatch(between) is not None
        and token.low not in seen.words.institution | seen.words.generic
    )


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
        return rest.strip(" ,.") == "" or re.match(r"[ \t]*[,\-|\u2013(][ \t]*[A-Z(]", rest) is not None
    return before[-1:] != "."


def _city(seen: Text, first: int, *, follows: bool) -> list[Span]:
    """A city, by what leads to it or by the state after it; `follows`: an institution and a comma stand before it."""
    tokens, words = seen.tokens, seen.words
    token = tokens[first]
    lead = _lead(seen, token)
    if not lead and seen.text.find(",", token.end, token.end + 40) < 0:
        return []
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
    if len(before) < 2 or token.low in _SHIFTS:
        return ""
    lead = (
        seen.folded[max(0, token.start - 48) : token.start].rpartition("\n")[2]
        if before[0] in _STAY_LEADS
        else ""
    )
    near, far = before
    if near in _WORK_LEADS and _WORKS.search(lead):
        return "strong"
    if near == "in" and far in _LEADS_IN:
        return "strong"
    if near in {"from", "to"} and far in _LEADS_FROM:
        return "weak" if far.startswith(("trans", "return")) else "strong"
    if near in {"at", "for", "by", "from"} and far in _LEADS_AT:
        return "strong"
    if near == "of" and far in {"native", "resident", "city", "town", "outside", "suburb"}:
        return "strong"
    if lead and _STAYS.search(lead):
        return "weak"
    if near in {"visiting", "visited", "near", "outside", "attends"} or (near == "up" and far == "grew"):
        return "weak"
    return "weak" if near in {"in", "from"} else ""
