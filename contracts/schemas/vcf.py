"""Source-shaped tables of the VCF connector, and how a declared INFO or FORMAT field becomes a column.

`vcf.record` is open: each field that a file's header declares adds a column, `info_*` or `format_*`.

- Integer is int32, Float float32, Flag bool, Character and String string. `Number=1` is a scalar, anything else a list.
  A FORMAT column is a list with one such entry a sample.
- A field that the record lacks is null; so is a Flag that it lacks. A list given as `.` is `[null]`. A scalar given as
  `.` is null too; in INFO, the column of a list (`info_XYZ_integer_list`) then holds `[null]`, and `[]` where a text is
  named without `=`: absent and missing are told apart.
- A numeric `Number=1` field that holds several values all the same goes, whole, to the column of a list
  (`info_XYZ_integer_list`), and its own column is null: nothing is cut off. A `Number=1` String keeps its commas.
- Percent-encoded characters (VCF 4.3, section 1.2) are left as they are.
- A genotype's null element is a missing allele; `phased` is true where no `/` separates alleles (VCF 4.5, section
  1.6.2: a haploid call counts as phased) and null where the whole genotype is `.`. A record with a genotype that these
  two do not tell in full (`0/1|2`, `|0/1`) has its genotypes as they stand in `format_GT` too.
"""

from __future__ import annotations

import re

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

FILE = pa.schema(
    [
        pa.field("_record", pa.int64(), nullable=False),  # -1: the header is no record
        pa.field("_digest", pa.int64(), nullable=False),
        field("header", pa.string(), Action.DROP, "its allow-listed lines are kept by the VCF standardiser"),
        field("format_version", pa.string(), Action.KEEP, "a version of the standard"),
        field("samples", pa.list_(pa.string()), Action.DROP, "sample names become keyed ids"),
        field("contigs", pa.list_(pa.string()), Action.KEEP, "names of reference sequences"),
        field(
            "contig_lengths",
            pa.list_(pa.int64()),
            Action.KEEP,
            "lengths of reference sequences, null where unknown",
        ),
    ],
    metadata={"counts": "no"},
)

_NO_PERSON = "tells of a place in the genome; people's tokens are replaced by the VCF standardiser"

RECORD = pa.schema(
    [
        pa.field("_record", pa.int64(), nullable=False),
        pa.field("_digest", pa.int64(), nullable=False),
        pa.field("contig", pa.string(), False, {"action": Action.KEEP.value, "reason": _NO_PERSON}),
        pa.field("position", pa.int64(), False, {"action": Action.KEEP.value, "reason": _NO_PERSON}),
        pa.field("end_position", pa.int64(), False, {"action": Action.KEEP.value, "reason": _NO_PERSON}),
        field("identifiers", pa.list_(pa.string()), Action.KEEP, _NO_PERSON),
        pa.field("reference", pa.string(), False, {"action": Action.KEEP.value, "reason": _NO_PERSON}),
        pa.field(
            "alternates", pa.list_(pa.string()), False, {"action": Action.KEEP.value, "reason": _NO_PERSON}
        ),
        field("quality", pa.float32(), Action.KEEP, "a measure of the call"),
        field("filters", pa.list_(pa.string()), Action.KEEP, _NO_PERSON),
        field(
            "genotype",
            pa.list_(pa.list_(pa.int16())),
            Action.KEEP,
            "the data itself, under the sample's keyed id",
        ),
        field("phased", pa.list_(pa.bool_()), Action.KEEP, "the data itself, under the sample's keyed id"),
    ]
)

_NO_VALUE = "counts of what rules found; no value"

FINDING = pa.schema(
    [
        pa.field("_record", pa.int64(), nullable=False),  # -1: a finding is no record
        pa.field("_digest", pa.int64(), nullable=False),  # 0: it follows from header and records
        field("rule", pa.string(), Action.KEEP, _NO_VALUE),
        field("verdict", pa.string(), Action.KEEP, _NO_VALUE),
        field("field", pa.string(), Action.KEEP, "people's tokens are replaced by the VCF standardiser"),
        field("records", pa.int64(), Action.KEEP, _NO_VALUE),
        field("first_line", pa.int64(), Action.KEEP, _NO_VALUE),
        field("held_back", pa.bool_(), Action.KEEP, _NO_VALUE),
    ],
    metadata={"counts": "no", "warns": "yes"},
)
"""What the rules of validity found in a file, a row for each rule and field, gravest first.

`records` counts header lines for rules over the header; `first_line` is the record's number in BCF; `held_back` is
true where the finding keeps a record from being read.
"""

TABLES = {"vcf.file": FILE, "vcf.record": RECORD, "vcf.finding": FINDING}

_INFO = """
AA:1:String AC:A:Integer AD:R:Integer ADF:R:Integer ADR:R:Integer AF:A:Float AN:1:Integer BQ:1:Float CIGAR:A:String
DB:0:Flag DP:1:Integer END:1:Integer H2:0:Flag H3:0:Flag MQ:1:Float MQ0:1:Integer NS:1:Integer SB:4:Integer
SOMATIC:0:Flag VALIDATED:0:Flag 1000G:0:Flag IMPRECISE:0:Flag NOVEL:0:Flag SVTYPE:1:String SVLEN:A:Integer
CIPOS:.:Integer CIEND:.:Integer HOMLEN:A:Integer HOMSEQ:A:String BKPTID:A:String MEINFO:.:String METRANS:.:String
DGVID:A:String DBVARID:A:String DBRIPID:A:String MATEID:A:String PARID:A:String EVENT:A:String EVENTTYPE:A:String
CILEN:.:Integer CN:A:Float CICN:.:Float SVCLAIM:A:String RN:A:Integer RUS:.:String RUL:.:Integer RUC:.:Float
RB:.:Integer CIRUC:.:Float CIRB:.:Integer RUB:.:Integer
"""
_FORMAT = """
AD:R:Integer ADF:R:Integer ADR:R:Integer DP:1:Integer EC:A:Integer LEN:1:Integer FT:1:String GL:G:Float GP:G:Float
GQ:1:Integer GT:1:String HQ:2:Integer LAA:.:Integer LAD:LR:Integer LADF:LR:Integer LADR:LR:Integer LEC:LA:Integer
LGL:LG:Float LGP:LG:Float LPL:LG:Integer LPP:LG:Integer MQ:1:Integer PL:G:Integer PP:G:Integer PQ:1:Integer
PS:1:Integer PSL:P:String PSO:P:Integer PSQ:P:Integer CN:1:Float CICN:2:Float CNQ:1:Float CNL:G:Float CNP:G:Float
NQ:1:Integer HAP:1:Integer AHAP:1:Integer
"""


def _reserved(text: str) -> dict[str, tuple[str, bool]]:
    declared = (item.split(":") for item in text.split())
    return {name: (kind, number == "1") for name, number, kind in declared}


RESERVED: dict[str, dict[str, tuple[str, bool]]] = {"info": _reserved(_INFO), "format": _reserved(_FORMAT)}
"""Reserved ids of VCF 4.5 (tables 1 and 2, sections 3 and 4): type, and whether it is a single value."""

ELEMENTS: dict[str, pa.DataType] = {
    "Integer": pa.int32(),
    "Float": pa.float32(),
    "Flag": pa.bool_(),
    "Character": pa.string(),
    "String": pa.string(),
}


def column_name(place: str, field_id: str, kind: str, scalar: bool) -> str:
    """The column of a declared field.

    A reserved id that is declared with its reserved type, as a single value or a list as the specification has it, is
    named by the id alone (`info_AF`; which list, `Number=R` or `.`, makes no difference). Any other carries type and
    shape (`info_XYZ_float_list`). Characters other than letters, digits and underscores become `_x2E_`, their code.

    Args:
        place: "info" or "format".
        field_id: the id in the header.
        kind: Integer, Float, Flag, Character or String.
        scalar: `Number=1`; a Flag is neither scalar nor list.
    """
    name = re.sub(r"[^0-9A-Za-z_]", lambda found: f"_x{ord(found[0]):02X}_", field_id)
    if RESERVED[place].get(field_id) == (kind, scalar):
        return f"{place}_{name}"
    shape = "" if scalar or kind == "Flag" else "_list"
    return f"{place}_{name}_{kind.lower()}{shape}"


def column_type(place: str, kind: str, scalar: bool) -> pa.DataType:
    """The Arrow type of a declared field's column."""
    element = ELEMENTS[kind]
    one = element if scalar or kind == "Flag" else pa.list_(element)
    return pa.list_(one) if place == "format" else one
