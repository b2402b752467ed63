"""Which columns of the genomics tables hold which INFO and FORMAT fields of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from contracts.schemas.vcf import ELEMENTS, RESERVED, column_name

_LINE = re.compile(r"##(INFO|FORMAT)=<(.*)>")
_ATTRIBUTE = re.compile(r'([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|[^,>]*)')
_ESCAPED = re.compile(r"_x([0-9A-F]{2})_")
_SUFFIX = re.compile(r"_(integer|float|flag|character|string)(_list)?$")
_RENAMED = re.compile(r"x[0-9a-f]{16}")
"""The id of a field whose own held somebody's token (see the standardiser)."""
_TYPES = {pa.int32(): "Integer", pa.float32(): "Float", pa.bool_(): "Flag"}


@dataclass(frozen=True)
class Column:
    """One field of a file.

    Attributes:
        field_id: its id.
        names: the column of the field as declared, and the one of what did not fit it; the first that is not null
            tells.
    """

    field_id: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Declared:
    """A file's fields in the order of its header: `info` and `format`, the genotype left out."""

    info: tuple[Column, ...]
    format: tuple[Column, ...]

    def of(self, place: str, present: Iterable[str]) -> Iterator[Column]:
        """The fields of a place that have one of the present columns; those that nothing declares come last."""
        left = dict.fromkeys(name for name in present if name.startswith(f"{place}_"))
        for column in self.info if place == "info" else self.format:
            found = tuple(name for name in column.names if name in left)
            for name in found:
                del left[name]
            if found:
                yield Column(column.field_id, found)
        for name in left:
            yield Column(undeclared_id(place, name), (name,))


def read_declared(header: str) -> Declared:
    """The fields that a header declares; of several lines of one id the first counts, as in htslib."""
    found: dict[str, dict[str, Column]] = {"info": {}, "format": {}}
    for line in header.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        place, stated = match[1].lower(), dict(_ATTRIBUTE.findall(match[2]))
        field_id = stated.get("ID", "")
        if field_id and (place, field_id) != ("format", "GT"):
            found[place].setdefault(field_id, _column(place, field_id, stated))
    return Declared(tuple(found["info"].values()), tuple(found["format"].values()))


def _column(place: str, field_id: str, stated: dict[str, str]) -> Column:
    kind = stated.get("Type", "String")
    if kind not in ELEMENTS or (kind == "Flag" and place == "format"):
        kind = "String"
    scalar = stated.get("Number") == "1" and kind != "Flag"
    shapes = (True, False) if scalar else (False,)
    return Column(field_id, tuple(column_name(place, field_id, kind, one) for one in shapes))


def undeclared_id(place: str, name: str) -> str:
    """The id of a field by its column's name alone."""
    text = name.removeprefix(f"{place}_")
    if text not in RESERVED[place]:
        text = _SUFFIX.sub("", text)
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def renamed_lines(place: str, schema: pa.Schema) -> list[str]:
    """Header lines of fields whose ids held somebody's token: their columns tell the type."""
    lines = []
    for column in schema:
        field_id = column.name.removeprefix(f"{place}_")
        if not column.name.startswith(f"{place}_") or not _RENAMED.fullmatch(field_id):
            continue
        kind = column.type.value_type if place == "format" else column.type
        number = "." if pa.types.is_list(kind) else "0" if pa.types.is_boolean(kind) else "1"
        leaf = kind.value_type if pa.types.is_list(kind) else kind
        told = f"ID={field_id},Number={number},Type={_TYPES.get(leaf, 'String')}"
        lines.append(f'##{place.upper()}=<{told},Description="Its name told of a person">')
    return lines
