"""What records use and their header does not declare: text may, BCF may not (VCF 4.5, section 6.2.1)."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from tasks.vcf.export.fields import Declared

_ID = re.compile(r"##(FILTER|contig)=<(?:.*,)?ID=([^,>]+)")
_LINES = {
    "INFO": '##INFO=<ID={},Number=1,Type=String,Description="Not declared">',
    "FORMAT": '##FORMAT=<ID={},Number=1,Type=String,Description="Not declared">',
    "FILTER": '##FILTER=<ID={},Description="Not declared">',
    "contig": "##contig=<ID={}>",
}


class Undeclared:
    """Gathers ids as records come.

    Args:
        header: the header's lines.
        declared: its fields.
    """

    def __init__(self, header: str, declared: Declared) -> None:
        self._declared = declared
        self._known = {(found[1], found[2]) for found in _ID.finditer(header)} | {("FILTER", "PASS")}
        for place, columns in (("INFO", declared.info), ("FORMAT", declared.format)):
            self._known |= {(place, column.field_id) for column in columns}
        if "##FORMAT=<ID=GT," in header:
            self._known.add(("FORMAT", "GT"))
        self._found: dict[tuple[str, str], None] = {}

    def add(self, rows: pa.Table) -> None:
        """Look at the next records."""
        names = rows.schema.names
        used = [("contig", name) for name in pc.unique(rows["contig_stated"]).to_pylist()]
        if "filters" in names:
            filters = pc.unique(pc.list_flatten(rows["filters"])).to_pylist()
            used += [("FILTER", name) for name in filters]
        if "genotype" in names:
            used.append(("FORMAT", "GT"))
        for place in ("info", "format"):
            fields = self._declared.of(place, [name for name in names if name != "format_GT"])
            used += [(place.upper(), column.field_id) for column in fields]
        self._found |= dict.fromkeys(one for one in used if one not in self._known)

    def lines(self) -> list[str]:
        """Header lines for what was found, as htslib would take it."""
        return [_LINES[place].format(name) for place, name in self._found]
