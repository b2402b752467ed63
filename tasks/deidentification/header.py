"""DICOM headers of the index by the Basic Application Level Confidentiality Profile (PS3.15 Annex E).

A header is in the DICOM JSON model (PS3.18 F.2). Verdicts and values are those of files (`ps315`, `elements`); bytes
(pixels, tables, waveforms) are no part of a header.

Under `expert`, for an image of a known person, the Retain Longitudinal Temporal Information with Modified Dates Option
holds: dates and date-times that the table marks are shifted by the person's days, times stay. Otherwise no date stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from contracts.identity import Person
from contracts.keys import Key
from contracts.privacy import Profile
from tasks.deidentification.elements import (
    NAMES,
    NUMBERS_OF_PATIENT,
    Item,
    Subject,
    ValueCleaner,
    dummy_item,
    subject_of,
)
from tasks.deidentification.ps315 import (
    DEFAULTS,
    METHOD,
    Do,
    Options,
    Rules,
    Verdict,
    method_codes,
    rules_of,
    safe_private,
    temporal_information,
)
from tasks.deidentification.text import Scrubber

Json = dict[str, Any]

_TAG = re.compile(r"[0-9A-F]{8}")
_SOP_CLASS = "00080016"
_DEPTH = 24


class HeaderCleaner:
    """Cleans headers under one key, profile and choice of options (the profile's own unless told)."""

    def __init__(
        self, key: Key, profile: Profile, today: date, scrubber: Scrubber, options: Options | None = None
    ) -> None:
        self._options = (DEFAULTS[profile] if options is None else options).allowed_under(profile)
        self._values = ValueCleaner(key, today, scrubber)
        self._known: dict[object, Subject] = {}

    def clean(self, header: Json, person: Person | None) -> Json:
        """The header by the profile, with the elements that say so.

        Args:
            header: a data set in the DICOM JSON model, tag -> {vr, Value}; it is not changed.
            person: whose image it is; None for an image of nobody: then no date stays under any profile.

        Returns:
            A new data set with (0012,0062), (0012,0063), (0012,0064) and (0028,0303) set.
        """
        rules = rules_of(self._options, person is not None)
        classes = _values(header.get(_SOP_CLASS))
        scope = classes[0].strip() if classes and isinstance(classes[0], str) else ""
        kept = _Pass(self._values, rules, self._subject(header, person)).dataset(header, scope, 0)
        kept |= _statement(self._options, rules.shifts)
        return dict(sorted(kept.items()))

    def _subject(self, header: Json, person: Person | None) -> Subject:
        """The subject, made once for what headers of one person state alike."""
        stated: dict[int, list[str]] = {}
        _collect(header, stated, 0)
        mark = id(person), tuple((tag, tuple(values)) for tag, values in sorted(stated.items()))
        held = self._known.get(mark)
        if held is None or held.owner is not person:
            if len(self._known) > 1024:
                self._known.clear()
            held = self._known[mark] = subject_of(person, stated)
        return held


class _Pass:
    """One header on its way."""

    def __init__(self, values: ValueCleaner, rules: Rules, subject: Subject) -> None:
        self._values = values
        self._rules = rules
        self._subject = subject

    def dataset(self, dataset: Json, scope: str, depth: int) -> Json:
        kept: Json = {}
        creators: dict[str, Json] = {}
        for tag, element in sorted(dataset.items()):
            name = tag.upper()
            if not _TAG.fullmatch(name) or not isinstance(element, dict) or depth > _DEPTH:
                continue
            if int(name[3], 16) & 1:
                self._private(name, element, creators, kept)
                continue
            cleaned = self._element(name, element, scope, depth)
            if cleaned is not None:
                kept[name] = cleaned
        return kept

    def _private(self, tag: str, element: Json, creators: dict[str, Json], kept: Json) -> None:
        """Keep a private element that is known to be safe, and its creator before it."""
        if tag[4:6] == "00":
            creators[tag[:4] + tag[6:]] = element
            return
        creator = creators.get(tag[:6])
        names = _values(creator)
        if not self._rules.options.retain_safe_private or not names or not isinstance(names[0], str):
            return
        vr = safe_private().get((names[0].strip(), int(tag[:4], 16), int(tag[6:], 16)))
        if vr is None or element.get("vr") != vr:
            return
        found = self._values.clean(private_verdict(vr), int(tag, 16), vr, _values(element), self._subject)
        if found:
            kept[f"{tag[:4]}00{tag[4:6]}"] = {"vr": "LO", "Value": [names[0].strip()]}
            kept[tag] = {"vr": vr, "Value": found}

    def _element(self, tag: str, element: Json, scope: str, depth: int) -> Json | None:
        vr = element.get("vr")
        if not isinstance(vr, str):
            return None
        number = int(tag, 16)
        verdict = self._rules.verdict(number, vr, scope)
        if verdict.do is Do.BULK:
            return None
        values = _values(element)
        if vr == "SQ" and verdict.do in (Do.ITEMS, Do.UID, Do.KEEP):
            items = [self.dataset(item, tag, depth + 1) for item in values if isinstance(item, dict)]
            return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
        if vr == "SQ":
            return _sequence(verdict.do, number)
        texts = [_name(v) for v in values] if vr == "PN" else values
        found = self._values.clean(verdict, number, vr, texts, self._subject)
        if found is None:
            return None
        if vr == "PN":
            found = [{"Alphabetic": v} for v in found]
        return {"vr": vr, "Value": found} if found else {"vr": vr}


def private_verdict(vr: str) -> Verdict:
    """Private elements that are known to be safe stay if they are the numbers or code strings they should be."""
    return Verdict(Do.CODE if vr == "CS" else Do.NUMBER)


def _sequence(do: Do, tag: int) -> Json | None:
    """A sequence whose items go."""
    if do is Do.REMOVE:
        return None
    return {"vr": "SQ", "Value": [_item(dummy_item(tag))]} if do is Do.DUMMY else {"vr": "SQ"}


def _item(item: Item) -> Json:
    return {f"{tag:08X}": {"vr": vr, "Value": [value]} for tag, (vr, value) in item.items()}


def _collect(header: Json, stated: dict[int, list[str]], depth: int) -> None:
    """Gather names and numbers of the patient that the header states, at any depth."""
    for tag, element in header.items():
        values = _values(element) if isinstance(element, dict) else []
        if isinstance(element, dict) and element.get("vr") == "SQ" and depth < _DEPTH:
            for item in values:
                if isinstance(item, dict):
                    _collect(item, stated, depth + 1)
        elif _TAG.fullmatch(tag.upper()) and (number := int(tag, 16)) in NAMES | NUMBERS_OF_PATIENT:
            texts = [_name(v) for v in values]
            stated.setdefault(number, []).extend(t for t in texts if isinstance(t, str))


def _name(value: Any) -> Any:
    """The components of a person's name as one string, as in a file."""
    if not isinstance(value, dict):
        return value
    parts = [value.get(group) or "" for group in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(p for p in parts if isinstance(p, str)).rstrip("=")


def _values(element: Any) -> Sequence[Any]:
    value = element.get("Value") if isinstance(element, dict) else None
    return value if isinstance(value, list) else []


def _statement(options: Options, shifted: bool) -> Json:
    """What PS3.15 E.1.1 asks to be said of a de-identified data set (PS3.3 C.12.1.1.1, C.7.1.1)."""
    items = [
        {
            "00080100": {"vr": "SH", "Value": [code]},
            "00080102": {"vr": "SH", "Value": ["DCM"]},
            "00080104": {"vr": "LO", "Value": [meaning]},
        }
        for code, meaning in method_codes(options, shifted)
    ]
    return {
        "00120062": {"vr": "CS", "Value": ["YES"]},
        "00120063": {"vr": "LO", "Value": list(METHOD)},
        "00120064": {"vr": "SQ", "Value": items},
        "00280303": {"vr": "CS", "Value": [temporal_information(options, shifted)]},
    }
