"""What a file says of its fields, for judging values: declared Number and Type, else the specification's."""

from __future__ import annotations

import re
from math import comb
from typing import NamedTuple

from connectors.vcf.validity.header import Header
from connectors.vcf.validity.reserved import COUNTS, Reserved, reserved_fields

_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][0-9A-Za-z_.]{0,31}")
_LEAST, _MOST = -2_147_483_640, 2_147_483_647


class Key(NamedTuple):
    """One INFO or FORMAT key.

    Attributes:
        name: "INFO/DP" where it is declared, reserved, or at least formed like a key, else the column's name alone.
        number: Number, "" where nothing states it.
        kind: Type, "" where nothing states it.
        declared: whether the header declares it.
        counts: whether it is never below 0.
    """

    name: str
    number: str
    kind: str
    declared: bool
    counts: bool


class Keys:
    """Looks keys up; a declaration goes before what the specification reserves."""

    def __init__(self, place: str, header: Header) -> None:
        self.place = place
        self._declared = header.info if place == "INFO" else header.formats
        self._reserved = reserved_fields(place, header.minor)
        self._known: dict[str, Key] = {}

    def get(self, key: str) -> Key:
        """The key, as far as anything is known of it."""
        found = self._known.get(key)
        if found is None:
            found = self._look_up(key)
            if found.declared or key in self._reserved:
                self._known[key] = found
        return found

    def _look_up(self, key: str) -> Key:
        stated = self._declared.get(key) or self._reserved.get(key, Reserved("", ""))
        known = key in self._declared or key in self._reserved or _NAME.fullmatch(key)
        is_number = stated.kind in {"Integer", "Float"}
        return Key(
            f"{self.place}/{key}" if known else self.place,
            stated.number,
            stated.kind,
            key in self._declared,
            is_number and key in COUNTS[self.place] and key in self._reserved,
        )


def type_fault(value: str, kind: str) -> str:
    """What is wrong with a value that is not missing: "type", "range", "character" or ""."""
    if kind == "Integer":
        if not _INTEGER.fullmatch(value) or not value.isascii():
            return "type"
        return "" if len(value) < 10 or _LEAST <= int(value) <= _MOST else "range"
    if kind == "Float":
        return "" if _FLOAT.fullmatch(value) and value.isascii() else "type"
    if kind == "Character":
        return "" if len(value) == 1 or re.fullmatch("%[0-9A-Fa-f]{2}", value) else "character"
    return ""


def is_float(text: str) -> bool:
    """Whether it is a number as VCF 4.3 (section 1.3) has it."""
    return type_fault(text, "Float") == ""


def count_fits(count: int, number: str, alternates: int, ploidy: int = 0) -> bool:
    """Whether a field may have so many values. Where ALT is `.`, its missing allele may be counted or not.

    Args:
        count: how many there are.
        number: Number as declared, "" where nothing states it.
        alternates: how many alleles ALT has, 0 for `.`.
        ploidy: of the sample's genotype, 0 where it is not known.
    """
    if number.isdecimal():
        return count == int(number)
    if number in {"A", "R", "G"} and alternates == 0:
        return count in {_expected(number, 0, ploidy, count), _expected(number, 1, ploidy, count)}
    return count == _expected(number, alternates, ploidy, count)


def _expected(number: str, alternates: int, ploidy: int, count: int) -> int:
    if number == "A":
        return alternates
    if number == "R":
        return alternates + 1
    if number == "G" and ploidy:
        return comb(alternates + ploidy, ploidy)
    return ploidy if number == "P" and ploidy else count
