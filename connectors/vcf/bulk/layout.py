"""What a header declares, arranged for the kernels, and the distinct texts of a file that were looked at already."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from connectors.vcf.bulk.calls import GENOTYPE, NUMBER, NUMBERS, OTHER
from connectors.vcf.bulk.scan import FLAG, place_keys
from connectors.vcf.fields import Fields

Array = np.ndarray
_CONTIG = re.compile(rb"[0-9A-Za-z_][0-9A-Za-z_.:*#+\-|]*")
_FILTERS = re.compile(rb"[0-9A-Za-z_.+\-]+(?:;[0-9A-Za-z_.+\-]+)*")
_VALUED = 1


class InfoLayout:
    """The INFO fields that a header declares, in its order, and their ids in a table to look them up in."""

    def __init__(self, fields: Fields) -> None:
        self.fields = [one for one in fields.declared if one.place == "info"]
        ids = [one.field_id.encode() for one in self.fields]
        self.keys = np.frombuffer(b"".join(ids) or b"\0", np.uint8)
        self.last = np.cumsum([len(one) for one in ids], dtype=np.int64)
        self.first = self.last - np.array([len(one) for one in ids], dtype=np.int64)
        self.table = np.full(_power_of_two(2 * len(ids) + 2), -1, np.int32)
        place_keys(self.keys, self.first, self.last, self.table)
        kinds = [FLAG if one.kind == "Flag" else _VALUED for one in self.fields]
        self.kinds = np.array(kinds, dtype=np.int32)
        self.by_id = {one.field_id: index for index, one in enumerate(self.fields)}


@dataclass(frozen=True)
class _Slots:
    """How the fields of calls are read: by field its kind, and its row among those of its kind."""

    kinds: Array
    slots: Array
    numbers: int
    others: int


class CallLayout:
    """The FORMAT fields that a header declares; field 0 is the genotype."""

    def __init__(self, fields: Fields) -> None:
        self.fields = [one for one in fields.declared if one.place == "format"]
        self.by_id = {one.field_id: index + 1 for index, one in enumerate(self.fields)}
        self.has_genotype = fields.declares_genotype
        kinds, slots, numbers, others = [GENOTYPE], [0], 0, 0
        for one in self.fields:
            if one.kind == "Integer":
                kinds.append(NUMBER if one.scalar else NUMBERS)
                slots.append(numbers)
                numbers += 1
            else:
                kinds.append(OTHER)
                slots.append(others)
                others += 1
        self.how = _Slots(np.array(kinds, np.int32), np.array(slots, np.int32), numbers, others)

    def arrange(self, text: bytes) -> list[int] | None:
        """The fields that a FORMAT names; None where a key is unknown, stands twice or at the wrong place."""
        if text == b".":
            return []
        keys = text.decode("ascii", "replace").split(":")
        found = [0 if key == "GT" else self.by_id.get(key, -1) for key in keys]
        if len(set(keys)) != len(keys) or min(found) < 0:
            return None
        if 0 in found and (found[0] != 0 or not self.has_genotype):
            return None
        return found


@dataclass
class Seen:
    """Distinct texts of a file: what they come to, or None where the kernels cannot vouch for them."""

    calls: CallLayout
    contigs: dict[bytes, str | None] = field(default_factory=dict)
    filters: dict[bytes, list[str] | None] = field(default_factory=dict)
    formats: dict[bytes, list[int] | None] = field(default_factory=dict)

    def contig(self, text: bytes) -> str | None:
        """The name of a contig."""
        if text not in self.contigs:
            self.contigs[text] = text.decode() if _CONTIG.fullmatch(text) else None
        return self.contigs[text]

    def filter(self, text: bytes) -> list[str] | None:
        """Filters that failed; none for PASS. `.` is told apart by who asks."""
        if text not in self.filters:
            self.filters[text] = _read_filters(text)
        return self.filters[text]

    def format(self, text: bytes) -> list[int] | None:
        """The fields of a FORMAT."""
        if text not in self.formats:
            self.formats[text] = self.calls.arrange(text)
        return self.formats[text]


def _read_filters(text: bytes) -> list[str] | None:
    if text == b"PASS":
        return []
    names = text.decode("ascii", "replace").split(";")
    plain = _FILTERS.fullmatch(text) and len(set(names)) == len(names) and "PASS" not in names
    return names if plain and "." not in names and "0" not in names else None


def _power_of_two(least: int) -> int:
    return int(1 << max(1, (least - 1).bit_length()))
