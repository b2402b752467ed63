"""The INFO and FORMAT fields of a file, as its header declares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.schemas.vcf import ELEMENTS, column_name, column_type

if TYPE_CHECKING:
    from pysam import VariantHeader


@dataclass(frozen=True)
class Field:
    """One declared field.

    Attributes:
        place: "info" or "format".
        field_id: its id.
        kind: Integer, Float, Flag, Character or String.
        scalar: `Number=1`.
    """

    place: str
    field_id: str
    kind: str
    scalar: bool

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in {"Integer", "Float"}

    @property
    def column(self) -> str:
        """The name of its column."""
        return column_name(self.place, self.field_id, self.kind, self.scalar)

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of its column."""
        return column_type(self.place, self.kind, self.scalar)

    @property
    def as_list(self) -> Field:
        """The field that takes the values where `Number=1` was declared and several came."""
        return Field(self.place, self.field_id, self.kind, False)


class Fields:
    """Looks up fields by id. htslib adds a field to the header when a record brings one that was not declared."""

    def __init__(self, header: VariantHeader) -> None:
        self._header = header
        self._places = {"info": header.info, "format": header.formats}
        self.declares_genotype = "GT" in header.formats and header.formats["GT"].type == "String"
        self.declared = [
            self.get(place, field_id)
            for place in ("info", "format")
            for field_id in self._places[place]
            if (place, field_id) != ("format", "GT")
        ]

    def get(self, place: str, field_id: str) -> Field:
        """The field by id; one that no header line tells of is a single String, as in htslib."""
        if field_id not in self._places[place]:
            return Field(place, field_id, "String", True)
        found = self._places[place][field_id]
        stated = dict(found.record.attrs) if found.record is not None else {}
        kind = str(stated.get("Type") or found.type)
        kind = kind if kind in ELEMENTS else "String"
        if kind == "Flag" and place == "format":
            kind = "String"  # the specification has no FORMAT flag: what stands there is kept as text
        number = str(stated.get("Number") or found.number)
        return Field(place, field_id, kind, number == "1" and kind != "Flag")
