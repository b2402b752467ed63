"""Reserved INFO and FORMAT fields: Number and Type as each version of the specification has them.

VCF 4.1 and 4.2 (sections 1.4.1.8, 1.4.2, 3), 4.3 (tables 1 and 2), 4.4 and 4.5 (the same, and sections 3 and 4).
"""

from __future__ import annotations

from typing import NamedTuple


class Reserved(NamedTuple):
    """What the specification says of a field; empty where it leaves that open."""

    number: str
    kind: str


# key:Number:Type, `-` where the version leaves it open
_INFO_ALL = """
AA:1:String AC:A:Integer AF:A:Float AN:1:Integer BQ:1:Float CIGAR:A:String DB:0:Flag DP:1:Integer END:1:Integer
H2:0:Flag H3:0:Flag MQ0:1:Integer NS:1:Integer SOMATIC:0:Flag VALIDATED:0:Flag 1000G:0:Flag
IMPRECISE:-:Flag NOVEL:-:Flag SVTYPE:-:String SVLEN:-:Integer CIPOS:-:Integer CIEND:-:Integer HOMLEN:-:Integer
HOMSEQ:-:String
"""
_INFO_41 = "MQ:1:-"
_INFO_43 = "MQ:1:Float AD:R:Integer ADF:R:Integer ADR:R:Integer"
_INFO_44 = """
SVLEN:A:Integer HOMLEN:A:Integer HOMSEQ:A:String MATEID:A:String PARID:A:String EVENT:A:String EVENTTYPE:A:String
SVCLAIM:A:String CILEN:.:Integer CIPOS:.:Integer CIEND:.:Integer CN:A:Float CICN:.:Float RN:A:Integer RUS:.:String
RUL:.:Integer RB:.:Integer RUC:.:Float CIRUC:.:Float CIRB:.:Integer RUB:.:Integer
"""
_FORMAT_ALL = """
GT:1:String DP:1:Integer FT:1:String GL:G:Float PL:G:Integer GP:G:Float GQ:1:Integer HQ:2:Integer PS:1:Integer
PQ:1:Integer EC:A:Integer MQ:1:Integer
"""
_FORMAT_41 = "GLE:G:String"
_FORMAT_43 = "AD:R:Integer ADF:R:Integer ADR:R:Integer"
_FORMAT_44 = "PP:G:Integer PSL:P:String PSO:P:Integer PSQ:P:Integer CNQ:1:Float"
_FORMAT_45 = """
LEN:1:Integer LAA:.:Integer LAD:LR:Integer LADF:LR:Integer LADR:LR:Integer LEC:LA:Integer LGL:LG:Float LGP:LG:Float
LPL:LG:Integer LPP:LG:Integer
"""

_ADDED = {
    "INFO": ((0, _INFO_ALL), (0, _INFO_41), (3, _INFO_43), (4, _INFO_44)),
    "FORMAT": ((0, _FORMAT_ALL), (0, _FORMAT_41), (3, _FORMAT_43), (4, _FORMAT_44), (5, _FORMAT_45)),
}
_REMOVED: dict[str, dict[str, int]] = {"FORMAT": {"GLE": 3}, "INFO": {}}

COUNTS = {
    "INFO": frozenset("AC AF AN DP MQ0 NS END AD ADF ADR".split()),
    "FORMAT": frozenset("DP AD ADF ADR".split()),
}
"""Reserved fields that are counts, positions or frequencies: never below 0."""


def reserved_fields(place: str, minor: int) -> dict[str, Reserved]:
    """The reserved fields of a version.

    Args:
        place: "INFO" or "FORMAT".
        minor: 0 for VCFv4.0 to 5 for VCFv4.5.
    """
    found: dict[str, Reserved] = {}
    for since, text in _ADDED[place]:
        if minor >= since:
            for item in text.split():
                key, number, kind = item.split(":")
                found[key] = Reserved(number.replace("-", ""), kind.replace("-", ""))
    gone = _REMOVED[place]
    return {key: value for key, value in found.items() if minor < gone.get(key, 9)}
