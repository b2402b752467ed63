"""DICOM headers by the Basic Application Level Confidentiality Profile (PS3.15 Annex E, Table E.1-1).

A header is in the DICOM JSON model (PS3.18 F.2). What its IOD asks of an attribute (type 1, 2 or 3) is not
known here, so a compound action is taken as the one that conforms whatever the type, and discloses nothing
either way:

- X/Z -> Z (empty conforms to types 2 and 3); X/D, Z/D, X/Z/D -> D (a dummy conforms to all);
- X/Z/U* -> the sequence stays with its items cleaned and its UIDs replaced;
- a sequence under D becomes one empty item.

Under `expert`, for an image of a known person, the Retain Longitudinal Temporal Information with Modified
Dates Option holds: dates and date-times that the table marks are shifted by the person's days, times stay.
Otherwise no date stays.

Attributes that the table doesn't name stay where their value can't be free text: numbers, code strings, UIDs
(replaced unless they are of the standard), and the short texts of `header_text_allow.csv`. Names, long texts,
unknown and binary values, and everything private go.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from contracts.errors import Fatal
from contracts.identity import Person
from contracts.keys import Key
from contracts.privacy import Profile
from tasks.deidentification.dates import shift_stated
from tasks.deidentification.keyed import surrogate_uid
from tasks.deidentification.lexicon import fold
from tasks.deidentification.text import Scrubber
from tasks.deidentification.text_dates import find_dates
from tasks.deidentification.writing import compose

Json = dict[str, Any]

_RESOLVED = {
    "X": "X",
    "Z": "Z",
    "D": "D",
    "U": "U",
    "K": "K",
    "X/Z": "Z",
    "X/D": "D",
    "Z/D": "D",
    "X/Z/D": "D",
    "X/Z/U*": "U",
}
_NUMBERS = frozenset({"DS", "IS", "FL", "FD", "US", "UL", "SS", "SL", "SV", "UV"})
_TEXTS = frozenset({"LO", "SH"})
_DATES = frozenset({"DA", "DT", "TM"})
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{0,16}")
_TAG = re.compile(r"[0-9A-F]{8}")
_UID = re.compile(r"[0-9.]{1,64}")
_CLASS_UIDS = frozenset(
    {"00020002", "00020010", "0008001A", "00080016", "0008001B", "0008010C", "00081150", "00041510"}
)
"""UIDs that name a class, a transfer syntax or a coding scheme: no instance, whoever's root they are
under."""
_DUMMIES: Mapping[str, Sequence[Any]] = {
    "PN": [{"Alphabetic": "REMOVED"}],
    "DA": ["19000101"],
    "TM": ["000000"],
    "DT": ["19000101000000"],
    "AS": ["000Y"],
    "UR": ["urn:removed"],
    "SQ": [{}],
    **{vr: ["REMOVED"] for vr in ("LO", "SH", "LT", "ST", "UT", "UC", "CS", "AE")},
    **{vr: [0] for vr in _NUMBERS},
}
_DONE = frozenset({"00120062", "00120063", "00120064", "00280303"})
_DEPTH = 24


@dataclass(frozen=True)
class Rule:
    """A row of the table: its action, resolved, and whether the modified-dates option concerns it."""

    action: str
    shifted: bool


@lru_cache(maxsize=1)
def profile_table() -> Mapping[str, Rule]:
    """The table by tag (eight hexadecimal digits, upper case); patterns are judged by `_pattern_rule`.

    Raises:
        Fatal: an action that PS3.15 does not define.
    """
    found = {}
    for row in _rows("ps315_basic_profile.csv"):
        if row["action"] not in _RESOLVED:
            raise Fatal(
                "an unknown action", f"ps315_basic_profile.csv: {row['tag']}", "X, Z, D, U, K or a compound"
            )
        found[row["tag"]] = Rule(_RESOLVED[row["action"]], "modified-dates" in row["options"].split())
    return found


@lru_cache(maxsize=1)
def allowed_texts() -> frozenset[str]:
    """Tags of short texts that stay though the table doesn't name them."""
    return frozenset(row["tag"] for row in _rows("header_text_allow.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


class HeaderCleaner:
    """Cleans headers under one key and profile."""

    def __init__(self, key: Key, profile: Profile, today: date, scrubber: Scrubber) -> None:
        self._key = key
        self._profile = profile
        self._scrubber = scrubber
        self._table = profile_table()
        self._texts = allowed_texts()

    def clean(self, header: Json, person: Person | None) -> Json:
        """The header by the profile, with the elements that say so.

        Args:
            header: a data set in the DICOM JSON model, tag -> {vr, Value}; it is not changed.
            person: whose image it is; None for an image of nobody: then no date stays under any profile.

        Returns:
            A new data set with (0012,0062), (0012,0063), (0012,0064) and (0028,0303) set.
        """
        kept = self._dataset(header, person, 0)
        kept |= _statement(self._shifts(person))
        return dict(sorted(kept.items()))

    def _shifts(self, person: Person | None) -> bool:
        return self._profile is Profile.EXPERT and person is not None

    def _dataset(self, dataset: Json, person: Person | None, depth: int) -> Json:
        kept: Json = {}
        for tag, element in dataset.items():
            name = tag.upper()
            if not _TAG.fullmatch(name) or not isinstance(element, dict) or name in _DONE or depth > _DEPTH:
                continue
            cleaned = self._element(name, element, person, depth)
            if cleaned is not None:
                kept[name] = cleaned
        return kept

    def _element(self, tag: str, element: Json, person: Person | None, depth: int) -> Json | None:
        vr = element.get("vr")
        if not isinstance(vr, str) or _is_removed_by_group(tag):
            return None
        rule = self._table.get(tag)
        value = element.get("Value")
        values = value if isinstance(value, list) else []
        if rule is None:
            return self._unlisted(tag, vr, values, person, depth)
        if rule.shifted and self._shifts(person) and vr in _DATES:
            return self._shifted(vr, values, person) or self._acted(tag, vr, rule, values, person, depth)
        return self._acted(tag, vr, rule, values, person, depth)

    def _acted(
        self, tag: str, vr: str, rule: Rule, values: Sequence[Any], person: Person | None, depth: int
    ) -> Json | None:
        """What the table's action leaves of an element."""
        if rule.action == "X" or (rule.action == "D" and not self._dummy(tag, vr, person)):
            return None
        if rule.action == "Z" or not values:
            return {"vr": vr}
        if rule.action == "D":
            return {"vr": vr, "Value": self._dummy(tag, vr, person)}
        if rule.action == "U":
            if vr == "SQ":
                return self._sequence(values, person, depth)
            return self._uids(tag, values, always=True) if vr == "UI" else None
        return self._unlisted(tag, vr, values, person, depth)

    def _dummy(self, tag: str, vr: str, person: Person | None) -> list[Any]:
        if tag == "00100020" and person:  # the pseudonym is the row's own person_id: nothing new is told
            return [str(person.person_id)]
        if vr == "UI":
            return [surrogate_uid(self._key, tag)]
        return list(_DUMMIES.get(vr, ()))

    def _unlisted(
        self, tag: str, vr: str, values: Sequence[Any], person: Person | None, depth: int
    ) -> Json | None:
        """An attribute that the table doesn't name: by its kind of value."""
        if vr == "SQ":
            return self._sequence(values, person, depth)
        if vr == "UI":
            return self._uids(tag, values)
        if vr in _DATES:
            return self._shifted(vr, values, person) if self._shifts(person) else None
        if vr in _NUMBERS:
            kept = all(v is None or _is_number(v) for v in values)
        elif vr == "CS":
            kept = all(v is None or (isinstance(v, str) and _CODE_STRING.fullmatch(v)) for v in values)
            kept = kept and self._holds_nothing(values, person)
        elif vr == "AT":
            kept = all(isinstance(v, str) and _TAG.fullmatch(v.upper()) for v in values)
        else:
            kept = vr in _TEXTS and tag in self._texts and self._holds_nothing(values, person)
        if not kept:
            return None
        return {"vr": vr, "Value": list(values)} if values else {"vr": vr}

    def _holds_nothing(self, values: Sequence[Any], person: Person | None) -> bool:
        """Whether short texts hold neither a trait of the person nor a date."""
        texts = [v for v in values if v is not None]
        if not all(isinstance(v, str) for v in texts):
            return False
        traits = any(not self._scrubber.holds_no_trait(v, person, ordinary=False) for v in texts)
        return not traits and not any(True for v in map(compose, texts) for _ in find_dates(v, fold(v)))

    def _sequence(self, items: Sequence[Any], person: Person | None, depth: int) -> Json:
        cleaned = [self._dataset(item, person, depth + 1) for item in items if isinstance(item, dict)]
        return {"vr": "SQ", "Value": cleaned} if cleaned else {"vr": "SQ"}

    def _uids(self, tag: str, values: Sequence[Any], *, always: bool = False) -> Json | None:
        """UIDs replaced by keyed ones; those of the standard, and of classes, stay."""
        kept: list[str] = []
        for value in values:
            if not isinstance(value, str) or not value.strip():
                continue
            is_class = tag in _CLASS_UIDS and _UID.fullmatch(value.strip()) is not None
            kept.append(value if is_class and not always else surrogate_uid(self._key, value))
        return {"vr": "UI", "Value": kept} if kept else {"vr": "UI"}

    def _shifted(self, vr: str, values: Sequence[Any], person: Person | None) -> Json | None:
        """Dates of the person shifted; None where one can't be."""
        if person is None:
            return None
        moved = [_shift_value(vr, v, person.shift_days) for v in values if v is not None]
        if any(v is None for v in moved):
            return None
        return {"vr": vr, "Value": moved} if moved else {"vr": vr}


def _is_removed_by_group(tag: str) -> bool:
    """Private (odd) groups, curves (50xx), overlay data and comments (60xx), pixel and other bulk data, group
    lengths."""
    group, element = int(tag[:4], 16), tag[4:]
    if group % 2 or tag[:2] == "50" or group >= 0x7FE0 or element == "0000":
        return True
    return tag[:2] == "60" and element in {"3000", "4000"}


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_DATETIME = re.compile(r"(\d{4}(?:\d{2}(?:\d{2})?)?)(\d{0,6}(?:\.\d{1,6})?)(?:[+-]\d{4})?")


def _shift_value(vr: str, value: Any, days: int) -> str | None:
    """A DA, DT or TM value shifted by whole days; a range or anything malformed is none."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if vr == "TM":
        return text if _TIME.fullmatch(text) else None
    found = _DATETIME.fullmatch(text) if vr == "DT" else None
    stated, rest = (found[1], found[2]) if found else (text, "")
    moved = shift_stated(stated, days) if vr == "DA" or found else None
    return f"{moved:%Y%m%d}"[: len(stated)] + rest if moved else None


def _statement(shifted: bool) -> Json:
    """What PS3.15 E.1.1 asks to be said of a de-identified data set (PS3.3 C.12.1.1.1, C.7.1.1)."""
    codes = [("113100", "Basic Application Confidentiality Profile")]
    if shifted:
        codes.append(("113107", "Retain Longitudinal Temporal Information Modified Dates Option"))
    items = [
        {
            "00080100": {"vr": "SH", "Value": [code]},
            "00080102": {"vr": "SH", "Value": ["DCM"]},
            "00080104": {"vr": "LO", "Value": [meaning]},
        }
        for code, meaning in codes
    ]
    return {
        "00120062": {"vr": "CS", "Value": ["YES"]},
        "00120063": {
            "vr": "LO",
            "Value": ["Nightrounds", "PS3.15 Basic Application Confidentiality Profile"],
        },
        "00120064": {"vr": "SQ", "Value": items},
        "00280303": {"vr": "CS", "Value": ["MODIFIED" if shifted else "REMOVED"]},
    }
