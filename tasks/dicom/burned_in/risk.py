"""Where text may be burned in: rules in a table, first match wins, each with its reason."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from connectors.dicom.dataset import load_elements, survey_head
from connectors.dicom.values import text_of, texts_of
from contracts.errors import Fatal

if TYPE_CHECKING:
    from contracts.protocols import Place
    from tasks.dicom.frames import Pixels

CHECK, SAMPLE, SPARE, HOLD = "check", "sample", "spare", "hold"
_VERDICTS = (CHECK, SAMPLE, SPARE, HOLD)
_IMAGE_TYPE, _SOP_CLASS, _MODALITY, _MANUFACTURER = 0x00080008, 0x00080016, 0x00080060, 0x00080070
_BURNED_IN = 0x00280301
_WANTED = frozenset({0x00080005, _IMAGE_TYPE, _SOP_CLASS, _MODALITY, _MANUFACTURER})


@dataclass(frozen=True)
class Facts:
    """What the rules go by."""

    modality: str = ""
    sop_class: str = ""
    image_type: tuple[str, ...] = ()
    burned_in: str = ""
    samples: int = 1
    manufacturer: str = ""


@dataclass(frozen=True)
class Rule:
    """A row of the table: alternatives are parted by `|`; an empty condition holds always."""

    rule: str
    verdict: str
    modality: tuple[str, ...]
    sop_class: tuple[str, ...]
    image_type: tuple[str, ...]
    burned_in: tuple[str, ...]
    samples: tuple[str, ...]
    manufacturer: tuple[str, ...]
    reason: str

    def holds(self, facts: Facts) -> bool:
        """Whether all of its conditions hold. An image type is met by a value that contains the word."""
        return (
            _one_of(facts.modality, self.modality)
            and _one_of(facts.sop_class, self.sop_class)
            and _one_of(facts.burned_in, self.burned_in)
            and _one_of(str(facts.samples), self.samples)
            and _holds_one(facts.image_type, self.image_type)
            and _holds_one((facts.manufacturer,), self.manufacturer)
        )


@dataclass(frozen=True)
class Risk:
    """The verdict on one file.

    Attributes:
        verdict: `check` every frame, `sample` some, `spare` all, or `hold` the file.
        rule: which rule said so.
    """

    verdict: str
    rule: str

    @property
    def hold(self) -> bool:
        """Whether the file is held whatever its pixels show."""
        return self.verdict == HOLD


def _one_of(value: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)


def _holds_one(values: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return not words or any(word in value for value in values for word in words)


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """The table."""
    text = (files(__package__) / "risk.csv").read_text()
    found = []
    for row in csv.DictReader(text.splitlines()):
        lists = {
            name: tuple(v for v in row[name].split("|") if v)
            for name in ("modality", "sop_class", "image_type", "burned_in", "samples", "manufacturer")
        }
        if row["verdict"] not in _VERDICTS:
            raise Fatal("no such verdict", f"risk.csv: {row['rule']}", f"one of {', '.join(_VERDICTS)}")
        found.append(Rule(rule=row["rule"], verdict=row["verdict"], reason=row["reason"], **lists))
    return tuple(found)


def facts_of(place: Place, pixels: Pixels) -> Facts:
    """What a file's header says that the rules go by; upper case."""
    elements = survey_head(place, pixels.opening, _MANUFACTURER)
    header = load_elements(place, pixels.opening, elements, lambda e: e.tag in _WANTED)
    return Facts(
        modality=_upper(text_of(header, _MODALITY)),
        sop_class=text_of(header, _SOP_CLASS) or "",
        image_type=tuple(_upper(v) for v in texts_of(header, _IMAGE_TYPE)),
        burned_in=_upper(text_of(pixels.header, _BURNED_IN)),
        samples=int(pixels.options["samples_per_pixel"]),
        manufacturer=_upper(text_of(header, _MANUFACTURER)),
    )


def _upper(text: str | None) -> str:
    return (text or "").strip().upper()


def judge_risk(facts: Facts, burned_in: str, closely: bool = False) -> Risk:
    """The verdict of the first rule that holds.

    Args:
        facts: of the file.
        burned_in: the home's setting: `strict` looks at what the rules would spare or sample, `off` at nothing.
        closely: text was found in another image of its series: it is looked at like one at risk.
    """
    rule = next(r for r in rules() if r.holds(facts))
    if rule.verdict == HOLD:
        return Risk(HOLD, rule.rule)
    if burned_in == "off":
        return Risk(SPARE, "off")
    if rule.verdict == SAMPLE and closely:
        return Risk(CHECK, "series-with-text")
    if burned_in == "strict" and rule.verdict == SAMPLE:
        return Risk(CHECK, "strict")
    return Risk(rule.verdict, rule.rule)
