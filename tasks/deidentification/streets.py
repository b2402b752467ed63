"""Streets in running text, each with the city and the postal code that go on from it."""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span
from tasks.deidentification.tokens import Text

_TYPES = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Highway|Hwy|Parkway|Pkwy|Square|Sq|"
    "Terrace|Ter|Circle|Cir|Trail|Trl|Way|Plaza|Loop|Alley|Crossing|Xing|Pike|Turnpike|Route|Rte|Landing|Run|Ridge|Path|"
    "Bend|Trace|Trce|Commons|Hollow|Glen|Cove|Cv|Pointe|Row|Mews|Bypass|Expressway|Freeway|Grove|Heights|Hts|Causeway"
)
_TYPES = f"{_TYPES}|{_TYPES.upper()}"
_SIDE = r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|NORTH|SOUTH|EAST|WEST)\.?\s+)?"
_FLAT = r"(?:,?\s*(?:Apt|APT|Apartment|Unit|UNIT|Suite|Ste|STE|Floor|Fl|Lot|Bldg|#)\.?\s*#?\s*[\w\-]+)?"
_ADDRESS = re.compile(
    rf"\d(?<![\w.,/].)\d{{0,5}}(?:-\d+)?[A-Z]?[ \t]+{_SIDE}"
    rf"(?:(?:[A-Z][\w'\u2019]*\.?|\d+(?:st|nd|rd|th|ST|ND|RD|TH))[ \t]+){{1,4}}(?:{_TYPES})\b\.?(?![ \t]+\d+\s*(?:mg|"
    rf"mcg))"
    rf"(?:[ \t]+(?:N|S|E|W|NE|NW|SE|SW)\b\.?)?{_FLAT}",
    re.DOTALL,
)
STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|"
    "OR|PA|"
    "RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_NUMBERED = re.compile(
    rf"\d(?<![\w.,/].)\d{{0,5}}[ \t]+{_SIDE}(?i:county|state|farm[ \t]+to[ \t]+market|ranch|private|us|u\.s\.)?[ \t]*"
    rf"(?i:roads?|route|rte|highway|hwy|interstate)\.?[ \t]+#?\d{{1,4}}[A-Z]?\b"
    rf"(?:[ \t]+(?:N|S|E|W|NE|NW|SE|SW|(?i:north|south|east|west))\b\.?)?{_FLAT}"
)
"""A road that has a number for a name: "12 County Road 7"."""
_ROMANCE = re.compile(
    rf"\d(?<![\w.,/].)\d{{0,5}}[ \t]+(?i:calle|avenida|via|rue|camino|paseo|corte|rua|callejon|vereda|calzada|"
    rf"chemin|strada)"
    rf"(?:[ \t]+(?i:de|del|la|las|los|el|du|des))*(?:[ \t]+[A-Z][\w'\u2019]*){{1,3}}{_FLAT}"
)
"""A street whose kind stands before its name: "12 Calle Real"."""
_CASELESS = re.compile(
    rf"\d(?<![\w.,/].)\d{{0,5}}[ \t]+(?:[nsew]{{1,2}}\.?[ \t]+|(?:north|south|east|west)[ \t]+)?(?:(?:[a-z][\w']*\.?|"
    rf"\d+(?:st|nd|rd|th))[ \t]+){{1,3}}"
    rf"(?:{_TYPES.lower()})\b\.?(?:,?[ \t]*(?:apt|unit|suite|ste|#)\.?[ \t]*#?[ \t]*[\w\-]+)?(?=[ \t]*(?:[,.;\n]|in\b|"
    rf"$))"
)
"""The same in a text of small letters."""
_CITY = r"[A-Z][\w'\u2019]+\.?(?:[ \t-][A-Za-z][\w'\u2019]+){0,2}?"
_TAIL = re.compile(
    rf"[ \t]*[,\n]?[ \t]*(?P<city>{_CITY})(?:[ \t]*,?[ \t]*(?P<state>{STATES}))?[ "
    rf"\t]*,?[ \t]*(?P<zip>\d{{5}}(?:-\d{{4}})?)(?![\w\-])"
    rf"|[ \t]*,[ \t]*(?P<city2>{_CITY})(?=[ \t]*(?:[.,;:)\n]|$|with\b|and\b|(?:{STATES})\b))"
)
"""What goes on after a street: the city, the state, the postal code."""
_TAIL_SMALL = re.compile(
    r"[ \t]*[,\n]?[ \t]*(?P<city>[a-z][a-z'.]+(?:[ \t-][a-z]+){0,2}?)[ \t]*,?[ \t]*(?P<state>[a-z]{2})?[ "
    r"\t]*,?[ \t]*(?P<zip>\d{5}(?:-\d{4})?)(?![\w\-])"
    r"|[ \t]*,[ \t]*(?P<city2>[a-z][a-z'.]+(?:[ \t-][a-z]+){0,2}?)(?=[ \t]*(?:[.,;:)\n]|$|with\b|and\b))"
)
_FLAT_AFTER = re.compile(_FLAT)
_BY_CODE = re.compile(
    rf"(?<![\w.,/])(?P<street>\d{{1,5}}[ \t]+(?:[A-Z][\w'\u2019.]*[ "
    rf"\t]*){{1,4}}(?:\d{{1,3}}[ \t]*(?=[,\n]))?{_FLAT})[ \t]*[,\n][ \t]*"
    rf"(?P<city>{_CITY})[ \t]*,?[ \t]*(?:{STATES})?[ \t]*,?[ \t]*(?P<zip>\d{{5}}(?:-\d{{4}})?)(?![\w\-])"
)
"""A street of any name, told by the city and the postal code after it."""
_AT_HOME = re.compile(
    r"\d(?<![\w.,/].)\d{0,4}[ \t]+(?:[A-Z][\w'\u2019.]*[ \t]?){1,4}(?=[ \t]*(?:[,.;\n]|$|near\b|in\b|and\b|says\b|"
    r"with\b))",
    re.DOTALL,
)
_HOME_LEAD = re.compile(
    r"\b(?:resid(?:es|ed|ing) at|liv(?:es|ed|ing) (?:at|on)|evicted from|mov(?:es|ed|ing) (?:to|from|out of)|"
    r"house at|home at|lot at|fire at|address(?: is| on file)?:?|home:|located at|mailing:|near|"
    r"corner of|"
    r"\bon|\bat|esq\.,)[ \t]+$|[)],[ \t]+$"
)
"""A street of any name, told by what leads to it."""


def addresses(seen: Text) -> list[Span]:
    """Streets, each with the city and the postal code that go on from it."""
    text = seen.text
    streets = [m.span() for m in _ADDRESS.finditer(text)] + [m.span() for m in _NUMBERED.finditer(text)]
    streets += [m.span() for m in _ROMANCE.finditer(text)]
    for match in _AT_HOME.finditer(text):
        start, end = match.span()
        if _HOME_LEAD.search(seen.folded, max(0, start - 24), start):
            flat = _FLAT_AFTER.match(text, end)
            streets.append((start, flat.end() if flat else end))
    if seen.small:
        streets += [m.span() for m in _CASELESS.finditer(text)]
    found = []
    for match in _BY_CODE.finditer(text):
        found += [Span(*match.span("street"), "ADDRESS"), Span(*match.span("city"), "PLACE")]
        found.append(Span(*match.span("zip"), "ADDRESS"))
    for start, end in streets:
        found.append(Span(start, end, "ADDRESS"))
        tail = (_TAIL_SMALL if seen.small else _TAIL).match(text, end)
        for part in ("city", "city2", "zip"):
            if tail and tail[part] and tail[part].lower() not in seen.words.regions:
                found.append(Span(*tail.span(part), "ADDRESS" if part == "zip" else "PLACE"))
    return found
