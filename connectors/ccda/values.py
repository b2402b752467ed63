"""Values of CDA's data types: elements, codes, times, quantities (HL7 V3 data types R1, CDA R2)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from xml.etree.ElementTree import Element

from connectors.ccda.stream import V3
from connectors.hl7v2.values import Coded, code_of, number
from connectors.markup import is_marked, read_document
from contracts.schemas.vocabularies import is_standard, vocabulary_of

SDTC = "{urn:hl7-org:sdtc}"
NPI = "2.16.840.1.113883.4.6"
ACT_CODE = "2.16.840.1.113883.5.4"
Lookup = Callable[[str], str]
"""Finds the words in a section's narrative that a reference (`#id`) points at; empty where there are none."""

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_AMBIGUOUS_UNITS = frozenset({"C", "F", "K"})
"""Coulomb, farad and kelvin in UCUM; degrees for who writes them in a document."""
_DAYS = {"d": 1, "wk": 7}
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")


def one(element: Element | None, *path: str) -> Element | None:
    """The first element at the end of a path of names; None where a step is missing."""
    for name in path:
        if element is None:
            return None
        element = element.find(V3 + name)
    return element


def many(element: Element | None, name: str) -> list[Element]:
    """The children of a name."""
    return [] if element is None else element.findall(V3 + name)


def first(*elements: Element | None) -> Element | None:
    """The first of these that there is (an element without children is false by itself)."""
    return next((element for element in elements if element is not None), None)


def name_of(element: Element) -> str:
    """The element's own name; empty for what is not CDA's."""
    return element.tag[len(V3) :] if element.tag.startswith(V3) else ""


def attribute(element: Element | None, name: str) -> str:
    """An attribute without the white space around it; empty where there is none."""
    return (element.get(name) or "").strip() if element is not None else ""


def value_of(element: Element | None) -> str:
    """The attribute `value`; empty where there is none, or a null flavor says that there is none."""
    return "" if is_null(element) else attribute(element, "value")


def is_null(element: Element | None) -> bool:
    """Whether nothing is said: no element, or a null flavor (UNK, NI, NA ...)."""
    return element is None or element.get("nullFlavor") is not None


def is_negated(element: Element) -> bool:
    """Whether a statement says that something is not so."""
    return element.get("negationInd") in ("true", "1")


def text_in(element: Element | None) -> str:
    """All text of an element, white space folded."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def media_of(element: Element) -> str:
    """The media type of an ED, in lower case; plain text where none is stated."""
    return attribute(element, "mediaType").partition(";")[0].strip().lower() or "text/plain"


def encapsulated(element: Element) -> str | None:
    """The text of an ED, without markup; None where it holds something else, or cannot be decoded."""
    words, media = "".join(element.itertext()), media_of(element)
    if not media.startswith("text/") and not is_marked(media):
        return None
    if attribute(element, "representation") != "B64":
        return read_document(words.encode(), media, "utf-8")
    try:
        return read_document(base64.b64decode("".join(words.split()), validate=True), media, None)
    except (binascii.Error, ValueError):
        return None


def worded(element: Element) -> str:
    """The text of an ED or ST on one line; empty where it holds something else."""
    return " ".join((encapsulated(element) or "").split())


@dataclass(frozen=True)
class Id:
    """An instance identifier. `extension` is empty where the root is unique by itself."""

    root: str
    extension: str

    @property
    def key(self) -> str:
        """What tells the thing apart."""
        return f"{self.root}|{self.extension}"


def ids_of(element: Element | None, name: str = "id") -> list[Id]:
    """The identifiers of an element that say something."""
    found = [
        Id(attribute(e, "root").lower(), attribute(e, "extension"))
        for e in many(element, name)
        if not is_null(e)
    ]
    return [found_id for found_id in found if found_id.root]


def best_id(ids: list[Id]) -> Id | None:
    """Of a person's or organization's ids the one that most will use: NPI, else the first with an extension."""
    return next(
        (i for i in ids if i.root == NPI), next((i for i in ids if i.extension), ids[0] if ids else None)
    )


@lru_cache(maxsize=1 << 10)
def system_of(oid: str) -> str | None:
    """The terminology of a code: OMOP's vocabulary id, else its OID as a URN."""
    known = vocabulary_of(oid)
    return known or (f"urn:oid:{oid}" if _OID.fullmatch(oid) else None)


def coded(element: Element | None, lookup: Lookup) -> Coded:
    """A CD, CE or CV: of code and translations the one in a vocabulary that OMOP uses as standard, else one of OMOP's,
    else the first; the words of its original text where the code has none."""
    if element is None:
        return Coded()
    found = [coding for coding in map(_coding, codings(element)) if coding.code]
    words = original_text(element, lookup)
    if not found:
        return Coded(text=words or attribute(element, "displayName") or None)
    best = max(found, key=_worth)  # the first of equals
    return best if best.display or not words else Coded(best.system, best.code, words)


def codings(element: Element) -> Iterator[Element]:
    """The element and its translations, however they are nested."""
    yield element
    for translation in element.iterfind(f"{V3}translation"):
        yield from codings(translation)


def _coding(element: Element) -> Coded:
    if element.get("nullFlavor") is not None:
        return Coded()
    code = code_of(attribute(element, "code"))
    return Coded(system_of(attribute(element, "codeSystem")), code, attribute(element, "displayName") or None)


@lru_cache(maxsize=1 << 10)
def _worth_of(system: str) -> int:
    known = vocabulary_of(system)
    return 2 if is_standard(known) else 1 if known else 0


def _worth(found: Coded) -> int:
    return _worth_of(found.system or "")


def code_in(element: Element | None, system: str = "") -> str | None:
    """The code of an element or of its translations, in the code system of an OID where one is named."""
    for coding in codings(element) if element is not None else ():
        code = code_of(attribute(coding, "code"))
        if code and coding.get("nullFlavor") is None and system in ("", coding.get("codeSystem")):
            return code
    return None


def original_text(element: Element, lookup: Lookup) -> str:
    """`originalText`: written out, or as a reference into the narrative."""
    return _referred(one(element, "originalText"), lookup)


def text_of(element: Element | None, lookup: Lookup) -> str:
    """The `text` of a statement: written out, or as a reference into the narrative."""
    return _referred(one(element, "text"), lookup)


def _referred(element: Element | None, lookup: Lookup) -> str:
    if element is None:
        return ""
    reference = value_of(one(element, "reference"))
    found = lookup(reference[1:]) if reference.startswith("#") else ""
    return found or worded(element)


def type_of(value: Element) -> str:
    """The data type of a value (`xsi:type`), without its prefix."""
    return attribute(value, _TYPE).rpartition(":")[2]


def bounds(time: Element | None) -> tuple[str, str]:
    """Start and end of a TS or IVL_TS as written; empty where they are not stated. A point in time is a start."""
    if time is None:
        return "", ""
    low, high, center = (value_of(one(time, name)) for name in ("low", "high", "center"))
    start = value_of(time) or low or center
    return start, high or _end_by_width(low, one(time, "width"))


def _end_by_width(low: str, width: Element | None) -> str:
    """The end of what begins on a day and lasts so many."""
    found, length = _DATE.match(low), number(value_of(width))
    days = _DAYS.get(attribute(width, "unit"))
    if not found or length is None or days is None or not 0 <= length * days < 40_000:
        return ""
    try:
        end = date(int(found[1]), int(found[2]), int(found[3])) + timedelta(days=length * days)
    except (ValueError, OverflowError):
        return ""
    return f"{end:%Y%m%d}"


def quantity(element: Element | None) -> tuple[float | None, str | None]:
    """A PQ: number and unit; of an interval its low, or what both ends agree on."""
    if element is None:
        return None, None
    found = number(value_of(element)) if value_of(element) else None
    if found is not None:
        return found, code_of(attribute(element, "unit"))
    ends = [one(element, name) for name in ("low", "high", "center")]
    told = [end for end in ends if end is not None and number(value_of(end)) is not None]
    values = {number(value_of(end)) for end in told}
    return (values.pop(), code_of(attribute(told[0], "unit"))) if len(values) == 1 else (None, None)


def unit_columns(unit: str | None) -> dict[str, str | None]:
    """A unit as it is written, and as the UCUM code that CDA has it be, but for letters that are taken for degrees."""
    unit = None if unit == "1" else unit
    return {"unit": unit, "unit_code": None if unit in _AMBIGUOUS_UNITS else unit}


def local_date(value: str) -> str:
    """The date of a time that is precise to the day, ISO; empty for others."""
    found = _DATE.match(value)
    return "-".join(found.groups()) if found else ""
