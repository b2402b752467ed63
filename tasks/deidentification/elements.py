"""What becomes of an element's values by a verdict of `ps315`: one for headers in the index and for files."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from contracts.identity import Person
from contracts.keys import Key
from contracts.privacy import OLDEST_AGE
from tasks.deidentification.dates import shift_stated
from tasks.deidentification.keyed import surrogate_uid
from tasks.deidentification.lexicon import (
    END,
    START,
    fold,
    identifier_pattern,
    name_parts,
    name_pattern,
)
from tasks.deidentification.ps315 import (
    DATES,
    NUMBERS,
    PATIENT_ID,
    TEXTS,
    Do,
    Verdict,
)
from tasks.deidentification.text import Scrubber
from tasks.deidentification.text_dates import find_dates
from tasks.deidentification.words import word_lists
from tasks.deidentification.writing import compose

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{0,16}")
_LOOSE_CODE = re.compile(r"[A-Za-z0-9_ ./-]{0,16}")
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_UID = re.compile(r"[0-9.]{1,64}")
_AGE = re.compile(r"(\d{3})([DWMY])")
_MOMENT = re.compile(r"[\d.:+ -]{0,54}")
_TAGS = frozenset({"NAME", "ID"})
_YEARS = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}
_LIMITS = {"SH": 16, "LO": 64}
_DUMMIES: Mapping[str, Sequence[Any]] = {
    "PN": ["REMOVED"],
    "DA": ["19000101"],
    "TM": ["000000"],
    "DT": ["19000101000000"],
    "AS": ["000Y"],
    "UR": ["urn:removed"],
    **{vr: ["REMOVED"] for vr in ("LO", "SH", "LT", "ST", "UT", "UC", "CS", "AE")},
    **{vr: [0] for vr in NUMBERS},
}
Item = Mapping[int, tuple[str, str]]
_DUMMY_CODE: Item = {
    0x00080100: ("SH", "REMOVED"),
    0x00080102: ("SH", "99REMOVED"),
    0x00080104: ("LO", "REMOVED"),
}
_DUMMY_ITEMS: Mapping[int, Item] = {
    0x00080082: _DUMMY_CODE,
    0x00401101: _DUMMY_CODE,
    0x0040A730: {0x0040A010: ("CS", "CONTAINS"), 0x0040A040: ("CS", "TEXT"), 0x0040A160: ("UT", "REMOVED")},
}


@dataclass(frozen=True)
class Subject:
    """Whose an image is.

    Attributes:
        owner: the person, by whose days dates are shifted; None for an image of nobody.
        known: whose traits are to be hidden in its texts: the owner's, and a name that the header itself states.
        run_on: names in scripts that write words without spaces, where a name has no border to be told by.
        stated: names of staff and numbers that the header states, in folded text.
    """

    owner: Person | None
    known: Person | None
    run_on: re.Pattern[str] | None = None
    stated: re.Pattern[str] | None = None

    def holds(self, text: str) -> bool:
        """Whether a text holds what only the header states, or a name that has no border."""
        found = bool(self.run_on and self.run_on.search(text))
        return found or bool(self.stated and self.stated.search(fold(compose(text))))

    def hide(self, text: str) -> str:
        """The text with tags in the place of such names and numbers."""
        if self.run_on:
            text = self.run_on.sub("[NAME]", text)
        if self.stated is None:
            return text
        text, place, out = compose(text), 0, []
        for match in self.stated.finditer(fold(text)):
            out += [
                text[place : match.start()],
                f"[{match.lastgroup if match.lastgroup in _TAGS else 'NAME'}]",
            ]
            place = match.end()
        return "".join([*out, text[place:]]) if out else text


def dummy_item(tag: int) -> Item:
    """The one item of a sequence under D: by tag, VR and value of its elements; empty where none is needed."""
    return _DUMMY_ITEMS.get(tag, {})


class ValueCleaner:
    """Cleans values under one key; what may be done is the verdict's.

    Args:
        key: of surrogate UIDs.
        today: the day by which ages are told.
        scrubber: cleans texts.
    """

    def __init__(self, key: Key, today: date, scrubber: Scrubber) -> None:
        self._key = key
        self._today = today
        self._scrubber = scrubber

    def clean(
        self, verdict: Verdict, tag: int, vr: str, values: Sequence[Any], subject: Subject
    ) -> list[Any] | None:
        """The values that stay; none of them where the element stays empty; None where it goes.

        Args:
            verdict: for an element that is no sequence.
            tag: of the element.
            vr: its VR, for `Do.SHIFT`, `Do.NUMBER` and dummies.
            values: strings, or numbers; None for an empty one among several.
            subject: whose they are.
        """
        do = verdict.do
        if do is Do.REMOVE:
            return None
        if do is Do.EMPTY:
            return []
        if do is Do.DUMMY:
            return self._dummy(tag, vr, subject)
        if not values:
            return []
        found = self._kept(do, tag, vr, values, subject)
        return self.clean(Verdict(verdict.otherwise), tag, vr, values, subject) if found is None else found

    def _kept(self, do: Do, tag: int, vr: str, values: Sequence[Any], subject: Subject) -> list[Any] | None:
        """The values under an action that keeps something of them; None where it can't."""
        if do is Do.NUMBER:
            return list(values) if all(v is None or is_number(v) for v in values) else None
        if do is Do.TAGS:
            stays = all(isinstance(v, str) and _TAG.fullmatch(v) for v in values)
            return list(values) if stays else None
        texts = [v or "" for v in values]
        if not all(isinstance(v, str) for v in texts):
            return list(values) if do is Do.KEEP and all(map(is_number, values)) else None
        if do is Do.SHIFT:
            return _shifted(vr, texts, subject)
        if do is Do.AGE:
            return _grouped(texts)
        if do is Do.UID or vr == "UI":
            return self._uids(do, tag, vr, texts)
        if do is Do.SCRUB:
            return self._scrubbed(vr, texts, subject)
        if do is Do.CODE:
            return texts if self._are_codes(texts, subject) else None
        if vr in DATES:
            return texts if all(map(_MOMENT.fullmatch, texts)) else None
        return texts if vr in TEXTS and self.holds_nothing(texts, subject) else None

    def holds_nothing(self, texts: Sequence[str], subject: Subject) -> bool:
        """Whether short texts hold neither a trait of the person nor a date."""
        if any(map(subject.holds, texts)):
            return False
        if any(not self._scrubber.holds_no_trait(v, subject.known, ordinary=False) for v in texts):
            return False
        return not any(True for v in map(compose, texts) for _ in find_dates(v, fold(v)))

    def _are_codes(self, texts: Sequence[str], subject: Subject) -> bool:
        if not all(map(_CODE_STRING.fullmatch, texts)):
            # Not as the standard has it, but a code may still be in lower case: if it reads like no name.
            loose = all(map(_LOOSE_CODE.fullmatch, texts))
            if not loose or any(self._scrubber.scrub(v, subject.known) != v for v in texts):
                return False
        return self.holds_nothing(texts, subject)

    def _dummy(self, tag: int, vr: str, subject: Subject) -> list[Any] | None:
        if tag == PATIENT_ID:  # the pseudonym is the row's own person_id: nothing new is told
            return [str(subject.owner.person_id)] if subject.owner else []
        if vr == "UI":
            return [surrogate_uid(self._key, f"{tag:08X}")]
        found = _DUMMIES.get(vr)
        return list(found) if found else None

    def _uids(self, do: Do, tag: int, vr: str, values: Sequence[str]) -> list[str] | None:
        """UIDs replaced by keyed ones; those of the standard, and of classes, stay."""
        if vr != "UI":
            return None
        named = [v.strip(" \x00") for v in values]
        if do is Do.KEEP:
            return list(values) if all(map(_UID.fullmatch, filter(None, named))) else None
        return [surrogate_uid(self._key, v) for v in named if v]

    def _scrubbed(self, vr: str, values: Sequence[str], subject: Subject) -> list[str]:
        found = []
        for value in values:
            cleaned = scrub_description(self._scrubber, subject.hide(value), subject.known)
            changed = cleaned != value and cleaned != compose(value)
            found.append(cleaned[: _LIMITS.get(vr)] if changed else value)
        return found


@lru_cache(maxsize=1)
def description_words() -> frozenset[str]:
    """Words of image descriptions in several languages, folded, from `descriptor_words.csv`."""
    text = (files(__package__) / "descriptor_words.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for row in rows for word in row["words"].split())


def scrub_description(scrubber: Scrubber, text: str, known: Person | None) -> str:
    """The text scrubbed; capitals alone make no name of a word of image descriptions ("Schädel nativ").

    Such words are shown to the scrubber in lower case, in which it hides only what is known, and get their capitals
    back where they stayed.
    """
    text = compose(text)
    words = [m for m in _WORD.finditer(text) if not m[0].islower() and fold(m[0]) in description_words()]
    words = [m for m in words if len(m[0].lower()) == len(m[0])]
    if not words:
        return scrubber.scrub(text, known)
    lowered = list(text)
    for word in words:
        lowered[word.start() : word.end()] = word[0].lower()
    shown = "".join(lowered)
    cleaned = scrubber.scrub(shown, known)
    if cleaned == shown:
        return text
    place = 0
    for word in words:
        found = re.compile(rf"(?<![^\W_]){re.escape(word[0].lower())}(?![^\W_])").search(cleaned, place)
        if found:
            cleaned = cleaned[: found.start()] + word[0] + cleaned[found.end() :]
            place = found.end()
    return cleaned


def is_number(value: Any) -> bool:
    """Whether a value is a number, or a string that spells one."""
    if isinstance(value, str):
        return not value.strip() or _NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _grouped(values: Sequence[str]) -> list[str] | None:
    """Ages (AS), those over 89 as one group."""
    found = []
    for value in values:
        age = _AGE.fullmatch(value.strip())
        if not age:
            return None
        great = int(age[1]) / _YEARS[age[2]] >= OLDEST_AGE
        found.append(f"{OLDEST_AGE:03d}Y" if great else value)
    return found


def _shifted(vr: str, values: Sequence[str], subject: Subject) -> list[str] | None:
    """Dates of the person shifted; None where one can't be."""
    if subject.owner is None:
        return None
    days = subject.owner.shift_days
    moved = [shift_value(vr, v, days) if v.strip() else "" for v in values]
    return None if any(v is None for v in moved) else [v for v in moved if v is not None]


_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_DATETIME = re.compile(r"(\d{4}(?:\d{2}(?:\d{2})?)?)(\d{0,6}(?:\.\d{1,6})?)(?:[+-]\d{4})?")


def shift_value(vr: str, value: str, days: int) -> str | None:
    """A DA, DT or TM value shifted by whole days; a range or anything malformed is none."""
    text = value.strip()
    if vr == "TM":
        return text if _TIME.fullmatch(text) else None
    found = _DATETIME.fullmatch(text) if vr == "DT" else None
    stated, rest = (found[1], found[2]) if found else (text, "")
    moved = shift_stated(stated, days) if vr == "DA" or found else None
    return f"{moved:%Y%m%d}"[: len(stated)] + rest if moved else None


NAMES = frozenset({0x00100010, 0x00101001, 0x00101005, 0x00101060, 0x00080090, 0x00081048, 0x00081050})
NAMES |= {0x00081060, 0x00081070, 0x00321032, 0x00380016}
"""Names of the patient, relatives and staff that a header states itself."""
NUMBERS_OF_PATIENT = frozenset({0x00100020, 0x00101000, 0x00101090, 0x00080050, 0x00380010})
PATIENT_NAMES = frozenset({0x00100010, 0x00101001, 0x00101005})
_GAPS = re.compile(r"[\s\u3000^=]+")
_RUN_ON = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]+")
_WORD = re.compile(r"[^\W\d_]+")
_NO_LETTERS = re.compile(r"[\W\d_]+")
_PLACEHOLDER = re.compile(r"(?i)anon\w*|unknown|none|test|removed|patient|name|n/?a|xxx+|dummy|\W*|phantom")


def _parts_of_name(value: str) -> list[str]:
    """The components of a person name's groups; of a group that is written without spaces, also the whole."""
    groups = [[part.strip(" \x00") for part in group.split("^")] for group in value.split("=")]
    wholes = ["".join(parts) for parts in groups]
    return [*(part for parts in groups for part in parts), *filter(_RUN_ON.fullmatch, wholes)]


def _is_no_name(word: str) -> bool:
    """Whether what stands for a name is an ordinary word and no name ("PANCREAS_0001", "PHANTOM")."""
    plain = _NO_LETTERS.sub("", fold(compose(word)))
    lists = word_lists()
    return lists.is_ordinary(plain) and not lists.may_name(plain)


def subject_of(person: Person | None, stated: Mapping[int, Sequence[str]]) -> Subject:
    """The person, and what the header itself states of her and of staff: to be hidden in its own texts.

    A person's patterns are costly to compile. So they are the person's own, compiled once for all of her records,
    unless a header knows her by a name that the vault does not; staff and numbers get a pattern of their own.

    Args:
        person: as the vault knows her; None: an image of nobody, whose header may still name somebody.
        stated: by tag, the values of `NAMES` and `NUMBERS_OF_PATIENT`.
    """
    own = _stated_names(stated, PATIENT_NAMES)
    staff = _stated_names(stated, NAMES - PATIENT_NAMES)
    texts = (v.strip(" \x00") for tag in sorted(NUMBERS_OF_PATIENT) for v in stated.get(tag, ()))
    numbers = [v for v in texts if len(v) > 1 and not _PLACEHOLDER.fullmatch(v)]
    traits = person.traits if person else {}
    names = [*traits.get("name", ()), *traits.get("contact", ())]
    known = person
    if name_parts(own) - name_parts(names):
        ids = (person.person_id, person.shift_days) if person else (0, 0)
        known = Person(*ids, {**traits, "name": (*traits.get("name", ()), *own)})
    return Subject(person, known, _run_on([*names, *own, *staff]), _pattern_of(staff, numbers))


def _stated_names(stated: Mapping[int, Sequence[str]], tags: frozenset[int]) -> list[str]:
    """The components of names that the header states, without placeholders."""
    values = (value for tag in sorted(tags) for value in stated.get(tag, ()))
    parts = dict.fromkeys(part for value in values for part in _parts_of_name(value))
    return [p for p in parts if len(p) > 1 and not _PLACEHOLDER.fullmatch(p) and not _is_no_name(p)]


def _pattern_of(staff: Sequence[str], numbers: Sequence[str]) -> re.Pattern[str] | None:
    """Names of staff, but those that are ordinary words, and numbers of the patient, in folded text."""
    lists = word_lists()
    names = {p for p in name_parts(staff) if len(p) > 2 and not lists.is_ordinary(p)}
    ids = [pattern for pattern in dict.fromkeys(map(identifier_pattern, numbers)) if pattern]
    kinds = [f"(?P<NAME>{name_pattern(names)})"] if names else []
    kinds += [f"(?P<ID>{'|'.join(ids)})"] if ids else []
    return re.compile(f"{START}(?:{'|'.join(kinds)}){END}") if kinds else None


def _run_on(names: Sequence[str]) -> re.Pattern[str] | None:
    """Names of two characters and more in Han, Kana or Hangul, the longest first, wherever they stand."""
    words = (word for name in names for word in (name, *_GAPS.split(name)))
    found = {word for word in words if len(word) > 1 and _RUN_ON.fullmatch(word)}
    if not found:
        return None
    spelled = (r"\s?".join(map(re.escape, n)) for n in sorted(found, key=lambda n: (-len(n), n)))
    return re.compile("|".join(spelled))
