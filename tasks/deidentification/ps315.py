"""What DICOM PS3.15 Annex E asks of each attribute: Table E.1-1, its options, and the verdict on an element.

The verdict is one for headers in the index and for files. It depends on the tag, its VR, the options, whether dates can
be shifted, and, for compound actions, on the attribute's type in its IOD (`ps315_types.csv`). An IOD that is not known
gets what conforms whatever the type, and discloses nothing either way: X/Z -> Z; X/D, Z/D, X/Z/D -> D.

Attributes that the table does not name stay where their value can't be free text: numbers, code strings, UIDs
(replaced unless they are of the standard), and the short texts of `header_text_allow.csv`. Other texts are cleaned, or
replaced where no option cleans, as names and addresses are. Unknown values go, and what is private and not known to be
safe.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files

from contracts.errors import Fatal
from contracts.privacy import Profile

_ACTIONS = frozenset({"X", "Z", "D", "U", "K", "X/Z", "X/D", "Z/D", "X/Z/D", "X/Z/U*"})
NUMBERS = frozenset({"DS", "IS", "FL", "FD", "US", "UL", "SS", "SL", "SV", "UV"})
TEXTS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
DATES = frozenset({"DA", "DT", "TM"})
BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})
CLASS_UIDS = frozenset(
    {0x00020002, 0x00020010, 0x0008001A, 0x00080016, 0x0008001B, 0x0008010C, 0x00081150, 0x00041510}
)
"""UIDs that name a class, a transfer syntax or a coding scheme: no instance, whoever's root they are under."""
STATEMENT = frozenset({0x00120062, 0x00120063, 0x00120064, 0x00280303})
"""What the profile itself writes (PS3.15 E.1.1); what a file says there of an earlier treatment goes."""
PATIENT_ID = 0x00100020


@dataclass(frozen=True)
class Options:
    """Options of the Basic Profile (PS3.15 E.3). Each says what it does to Safe Harbor (45 CFR 164.514(b)(2)).

    Attributes:
        retain_safe_private: private elements of `ps315_safe_private.csv` stay: numbers of the acquisition. No effect.
        retain_uids: UIDs stay. Breaks Safe Harbor: they are unique numbers, under (R).
        retain_device_identity: serial numbers and station names stay. Breaks it: device identifiers, under (M).
        retain_institution_identity: names and addresses of institutions stay. Breaks it: places smaller than a state,
            under (B).
        retain_patient_characteristics: sex, size, weight, age and the like stay; ages over 89 are grouped as "090Y", as
            (C) asks. No effect.
        retain_full_dates: dates and times stay. Breaks it, under (C).
        retain_modified_dates: dates are shifted by the person's days. Breaks it: a shifted date is a date, under (C).
        clean_descriptors: descriptions stay, with names, numbers, places and dates in them replaced. No effect as far
            as the cleaning of notes is held to have none.
        clean_structured_content: content of structured reports stays, cleaned in the same way. As the above.
        clean_graphics: overlays and graphic annotations stay, their texts cleaned; what bitmaps show is the pixels'
            stage to see. Breaks nothing if they are looked at.
    """

    retain_safe_private: bool = False
    retain_uids: bool = False
    retain_device_identity: bool = False
    retain_institution_identity: bool = False
    retain_patient_characteristics: bool = False
    retain_full_dates: bool = False
    retain_modified_dates: bool = False
    clean_descriptors: bool = False
    clean_structured_content: bool = False
    clean_graphics: bool = False

    def __post_init__(self) -> None:
        if self.retain_full_dates and self.retain_modified_dates:
            raise Fatal("both options on dates are chosen", "retain_full_dates", "one of them, or none")

    def allowed_under(self, profile: Profile) -> Options:
        """The same options.

        Raises:
            Fatal: `safe_harbor` is claimed and an option breaks it.
        """
        broken = [f.name for f in fields(self) if f.name in _BREAKS_SAFE_HARBOR and getattr(self, f.name)]
        if profile is Profile.SAFE_HARBOR and broken:
            raise Fatal("options break the profile safe_harbor", ", ".join(broken), "the profile expert")
        return self


_BREAKS_SAFE_HARBOR = frozenset(
    {
        "retain_uids",
        "retain_device_identity",
        "retain_institution_identity",
        "retain_full_dates",
        "retain_modified_dates",
    }
)
_CLEANED = {
    "retain_safe_private": True,
    "retain_patient_characteristics": True,
    "clean_descriptors": True,
    "clean_structured_content": True,
}
DEFAULTS: Mapping[Profile, Options] = {
    Profile.SAFE_HARBOR: Options(**_CLEANED),
    Profile.EXPERT: Options(**_CLEANED, retain_modified_dates=True),
}
"""What each profile chooses unless a site's settings choose otherwise."""


def choose_options(profile: Profile, changes: Mapping[str, bool]) -> Options:
    """The profile's options with a site's changes, by their names.

    Raises:
        Fatal: no option by that name, or one that breaks the profile.
    """
    names = [f.name for f in fields(Options)]
    for name in changes:
        if name not in names:
            raise Fatal("no such option of PS3.15", name, f"one of {', '.join(names)}")
    made = {name: getattr(DEFAULTS[profile], name) for name in names} | dict(changes)
    if changes.get("retain_full_dates") and "retain_modified_dates" not in changes:
        made["retain_modified_dates"] = False
    return Options(**made).allowed_under(profile)


_COLUMNS = {
    "retain-safe-private": "retain_safe_private",
    "retain-uids": "retain_uids",
    "retain-device": "retain_device_identity",
    "retain-institution": "retain_institution_identity",
    "retain-patient-characteristics": "retain_patient_characteristics",
    "full-dates": "retain_full_dates",
    "modified-dates": "retain_modified_dates",
    "clean-descriptors": "clean_descriptors",
    "clean-structured-content": "clean_structured_content",
    "clean-graphics": "clean_graphics",
}
_CODES = (
    ("clean_graphics", "113103", "Clean Graphics Option"),
    ("clean_structured_content", "113104", "Clean Structured Content Option"),
    ("clean_descriptors", "113105", "Clean Descriptors Option"),
    ("retain_full_dates", "113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    ("retain_modified_dates", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("retain_patient_characteristics", "113108", "Retain Patient Characteristics Option"),
    ("retain_device_identity", "113109", "Retain Device Identity Option"),
    ("retain_uids", "113110", "Retain UIDs Option"),
    ("retain_safe_private", "113111", "Retain Safe Private Option"),
    ("retain_institution_identity", "113112", "Retain Institution Identity Option"),
)


class Do(IntEnum):
    """What is done with an element."""

    REMOVE = 0
    """X."""
    EMPTY = 1
    """Z: present, without a value."""
    DUMMY = 2
    """D: a value that says nothing."""
    UID = 3
    """U: UIDs replaced; in a sequence, those of its items."""
    SHIFT = 4
    """Dates shifted by the person's days; what is no date falls back."""
    SCRUB = 5
    """C: text, identifiers replaced and the words around them kept."""
    ITEMS = 6
    """A sequence stays, its items cleaned."""
    KEEP = 7
    """K: the value stays as it is; a text that holds a trait of the person is cleaned."""
    AGE = 8
    """An age stays, grouped over 89."""
    NUMBER = 9
    """Stays if it is a number."""
    CODE = 10
    """Stays if it is a code string that holds nothing of the person."""
    BULK = 11
    """Bytes of an attribute of the standard that no text is in: pixels, tables, waveforms."""
    TAGS = 12
    """Stays if it is made of tags (AT)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with an element, and what else where its value does not allow that."""

    do: Do
    otherwise: Do = Do.REMOVE


@dataclass(frozen=True)
class Rule:
    """A row of the table: the action, and by option what stands in its place."""

    action: str
    options: Mapping[str, str]


@lru_cache(maxsize=1)
def profile_table() -> Mapping[str, Rule]:
    """The table by tag (eight hexadecimal digits, upper case, or a pattern).

    Raises:
        Fatal: an action that PS3.15 does not define.
    """
    found = {}
    for row in _rows("ps315_basic_profile.csv"):
        if row["action"] not in _ACTIONS:
            raise Fatal(
                "an unknown action", f"ps315_basic_profile.csv: {row['tag']}", "X, Z, D, U, K or a compound"
            )
        pairs = (option.split("=") for option in row["options"].split())
        found[row["tag"]] = Rule(row["action"], {_COLUMNS[name]: action for name, action in pairs})
    return found


@lru_cache(maxsize=1)
def allowed_texts() -> frozenset[int]:
    """Tags of short texts that stay though the table doesn't name them."""
    return frozenset(int(row["tag"], 16) for row in _rows("header_text_allow.csv"))


@lru_cache(maxsize=1)
def safe_private() -> Mapping[tuple[str, int, int], str]:
    """VR of the private elements that are known to be safe, by (creator, group, last byte of the element)."""
    return {
        (row["creator"], int(row["group"], 16), int(row["element"], 16)): row["vr"]
        for row in _rows("ps315_safe_private.csv")
    }


@lru_cache(maxsize=1)
def _types() -> Mapping[str, Mapping[int, int]]:
    """Types by scope: `*`, a SOP Class UID, or the tag of the sequence around."""
    found: dict[str, Mapping[int, int]] = {}
    for row in _rows("ps315_types.csv"):
        pairs = (pair.split("=") for pair in row["types"].split())
        types = {int(tag, 16): int(kind) for tag, kind in pairs}
        for scope in row["scopes"].split():
            found[scope] = types
    return found


def attribute_type(tag: int, scope: str) -> int:
    """1, 2 or 3; 0 where it is not known.

    Args:
        tag: of the attribute.
        scope: SOP Class UID of the data set, or, inside of a sequence, the sequence's tag (eight digits).
    """
    types = _types()
    if scope not in types:
        return 0
    usual = {} if len(scope) == 8 else types["*"]
    return types[scope].get(tag, usual.get(tag, 0))


_BY_TYPE = {
    "X/Z": (Do.EMPTY, Do.DUMMY, Do.EMPTY, Do.REMOVE),
    "X/D": (Do.DUMMY, Do.DUMMY, Do.DUMMY, Do.REMOVE),
    "Z/D": (Do.DUMMY, Do.DUMMY, Do.EMPTY, Do.EMPTY),
    "X/Z/D": (Do.DUMMY, Do.DUMMY, Do.EMPTY, Do.REMOVE),
}
"""By compound action, what it comes to for type unknown, 1, 2 and 3."""
_SIMPLE = {"X": Do.REMOVE, "Z": Do.EMPTY, "D": Do.DUMMY, "U": Do.UID, "X/Z/U*": Do.UID, "K": Do.KEEP}


_UNLISTED = {"SQ": Do.ITEMS, "AT": Do.TAGS, "AS": Do.AGE, "PN": Do.DUMMY, "AE": Do.DUMMY, "UR": Do.DUMMY}
"""What is done with an attribute that the table does not name, by its VR: a dummy conforms whatever its type."""


class Rules:
    """The table under one choice of options.

    Args:
        options: of the profile.
        shifts: whether dates can be shifted: the option is chosen and the person known.
    """

    def __init__(self, options: Options, shifts: bool) -> None:
        self.options = options
        self.shifts = shifts and options.retain_modified_dates
        self._table = {int(tag, 16): rule for tag, rule in profile_table().items() if _is_tag(tag)}
        self._texts = allowed_texts()
        self._scrubs = options.clean_descriptors or options.clean_structured_content

    def verdict(self, tag: int, vr: str, scope: str) -> Verdict:
        """What to do with an element of an even group; for private ones see `safe_private`.

        Args:
            tag: of the element.
            vr: as it is written, or of the dictionary where it is not.
            scope: as in `attribute_type`.
        """
        group = tag >> 16
        if group & 1 or not tag & 0xFFFF or tag in STATEMENT or group >> 8 == 0x50:
            return Verdict(Do.REMOVE)
        if group >> 8 == 0x60 and not self.options.clean_graphics:
            return Verdict(Do.REMOVE)  # a plane without its data is none
        rule = self._table.get(tag)
        return self._unlisted(tag, vr) if rule is None else self._listed(tag, vr, rule, scope)

    def _listed(self, tag: int, vr: str, rule: Rule, scope: str) -> Verdict:
        basic = self._basic(tag, rule, scope)
        chosen = {name: action for name, action in rule.options.items() if getattr(self.options, name)}
        if vr in DATES or "retain_full_dates" in rule.options:
            if "retain_full_dates" in chosen:
                return Verdict(Do.KEEP, basic)
            moves = "retain_modified_dates" in chosen and self.shifts and vr in DATES
            return Verdict(Do.SHIFT, basic) if moves else Verdict(basic)
        if not chosen:
            return Verdict(basic)
        kept = "K" in chosen.values()
        if vr in TEXTS:
            return Verdict(Do.KEEP if kept else Do.SCRUB, basic)
        if vr == "UI" and kept:
            return Verdict(Do.KEEP, basic)
        if vr in NUMBERS and kept:
            return Verdict(Do.NUMBER, basic)
        return Verdict({"AS": Do.AGE, "SQ": Do.ITEMS, "CS": Do.CODE}.get(vr, basic), basic)

    def _basic(self, tag: int, rule: Rule, scope: str) -> Do:
        if tag == PATIENT_ID and scope and len(scope) != 8:
            return Do.DUMMY  # the pseudonym, which is empty where there is no person
        compound = _BY_TYPE.get(rule.action)
        return compound[attribute_type(tag, scope)] if compound else _SIMPLE[rule.action]

    def _unlisted(self, tag: int, vr: str) -> Verdict:
        if vr in DATES:
            if self.options.retain_full_dates:
                return Verdict(Do.KEEP)
            return Verdict(Do.SHIFT) if self.shifts else Verdict(Do.REMOVE)
        if vr == "UI":
            kept = tag in CLASS_UIDS or self.options.retain_uids
            return Verdict(Do.KEEP if kept else Do.UID, Do.UID)
        if vr in TEXTS:
            otherwise = Do.SCRUB if self._scrubs else Do.DUMMY
            return Verdict(Do.KEEP, otherwise) if tag in self._texts else Verdict(otherwise)
        if vr == "CS":
            return Verdict(Do.CODE)
        if vr in NUMBERS:
            return Verdict(Do.NUMBER)
        return Verdict(_UNLISTED.get(vr, Do.BULK if vr in BULK else Do.REMOVE))


@lru_cache(maxsize=16)
def rules_of(options: Options, shifts: bool) -> Rules:
    """The rules of a choice, made once a process."""
    return Rules(options, shifts)


def method_codes(
    options: Options, shifts: bool, *, pixels_cleaned: bool = False, faces_cleaned: bool = False
) -> list[tuple[str, str]]:
    """Codes and meanings of CID 7050 for what was applied (PS3.16)."""
    codes = [("113100", "Basic Application Confidentiality Profile")]
    if pixels_cleaned:
        codes.append(("113101", "Clean Pixel Data Option"))
    if faces_cleaned:
        codes.append(("113102", "Clean Recognizable Visual Features Option"))
    for name, code, meaning in _CODES:
        if getattr(options, name) and (name != "retain_modified_dates" or shifts):
            codes.append((code, meaning))
    return codes


METHOD = ("Nightrounds", "PS3.15 Basic Application Confidentiality Profile")
"""Values of De-identification Method (0012,0063)."""


def temporal_information(options: Options, shifts: bool) -> str:
    """Value of Longitudinal Temporal Information Modified (0028,0303)."""
    if options.retain_full_dates:
        return "UNMODIFIED"
    return "MODIFIED" if shifts and options.retain_modified_dates else "REMOVED"


def _is_tag(tag: str) -> bool:
    return len(tag) == 8 and "x" not in tag


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
