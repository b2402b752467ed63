"""What has no table: messages and segments kept as far as `elements.csv` allows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from connectors.hl7v2.chart import Chart, Row
from connectors.hl7v2.message import Segment
from connectors.hl7v2.values import coded, number
from contracts.errors import Fatal

KINDS = ("code", "date", "number", "text")
_LISTS = (
    "code_places systems codes displays date_places dates number_places numbers text_places texts"
).split()

_STANDARD = """
ABS ACC ADD AFF AIG AIL AIP AIS AL1 APR ARQ ARV AUT BHS BLC BLG BPO BPX BTS BTX BUI CDM CDO CER CM0 CM1 CM2 CNS CON CSP
CSR CSS CTD CTI CTR DB1 DEV DG1 DMI DON DPS DRG DSC DSP DST ECD ECR EDU EQP EQU ERR EVN FAC FHS FT1 FTS GOL GP1 GP2 GT1
IAM IAR IIM ILT IN1 IN2 IN3 INV IPC IPR ISD ITM IVC IVT LAN LCC LCH LDP LOC LRL MCP MFA MFE MFI MRG MSA MSH NCK NDS NK1
NPU NSC NST NTE OBR OBX ODS ODT OH1 OH2 OH3 OH4 OM1 OM2 OM3 OM4 OM5 OM6 OM7 OMC ORC ORG OVR PAC PCE PCR PD1 PDA PDC PEO
PES PID PKG PM1 PMT PR1 PRA PRB PRC PRD PRT PSG PSH PSL PSS PTH PV1 PV2 PYE QAK QEL QID QPD QRD QRF QRI RCP RDF RDT REL
RF1 RFI RGS RMI RNA ROL RQ1 RQD RXA RXC RXD RXE RXG RXO RXR RXV SAC SCD SCH SCP SDD SFT SGH SGT SHP SID SLT SPM STF STZ
SZR TCC TCD TQ1 TQ2 TXA UAC UB1 UB2 URD URS VAR VND
"""
STANDARD = frozenset(_STANDARD.split())
"""Names of segments (HL7 v2.9, appendix A, and earlier versions)."""


@lru_cache(maxsize=1)
def elements() -> dict[str, tuple[tuple[int, str], ...]]:
    """The allow-list: by segment, fields with their kind.

    Raises:
        Fatal: a kind is none.
    """
    text = (files(__package__) / "elements.csv").read_text(encoding="utf-8")
    found: dict[str, list[tuple[int, str]]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        if row["kind"] not in KINDS:
            raise Fatal("an unknown kind of element", f"elements.csv: {row['segment']}", ", ".join(KINDS))
        found.setdefault(row["segment"], []).extend(
            (int(field), row["kind"]) for field in row["fields"].split()
        )
    return {name: tuple(sorted(fields)) for name, fields in found.items()}


def type_of(segment: Segment) -> str:
    """What a segment without a table is counted as: its name, where that is one of HL7's or of a site (`Z..`)."""
    return segment.name if segment.name in STANDARD or segment.name.startswith("Z") else "unknown-segment"


def has_elements(segment: Segment) -> bool:
    """Whether anything of such a segment may stay."""
    return segment.name in elements()


def keep(chart: Chart, record_type: str, first: Segment, segments: Iterable[Segment]) -> None:
    """One statement of what may stay of these segments; it is about no thing but itself."""
    row: Row = {name: [] for name in _LISTS}
    for segment in segments:
        for field, kind in elements().get(segment.name, ()):
            _add(row, chart, segment, field, kind)
    # nothing says which message replaces which, so what is equal is one and all else stands side by side
    content = "\x1f".join(str(row[name]) for name in _LISTS)
    day = (chart.sent_local or "")[:10]
    thing = ("other", record_type, str(chart.subject), day, str(chart.unit.digest(content)))
    key = "\x1f".join((chart.unit.scope.authority, *thing))
    row |= {"id": key, "subject": chart.subject, "record_type": record_type}
    chart.state("hl7v2.other", first, thing, row)


def _add(row: Row, chart: Chart, segment: Segment, field: int, kind: str) -> None:
    place = f"{segment.name}-{field}"
    if not segment.raw(field):
        return
    if kind == "text":
        row["text_places"].append(place)
        row["texts"].append(segment.text(field))
        return
    for repetition in segment.repetitions(field):
        if kind == "code":
            found = coded(repetition)
            if found.code:
                row["code_places"].append(place)
                for column, value in (
                    ("systems", found.system),
                    ("codes", found.code),
                    ("displays", found.display),
                ):
                    row[column].append(value)
            elif found.text:
                row["text_places"].append(place)
                row["texts"].append(found.text)
            continue
        value = repetition[0][0].strip() if repetition and repetition[0] else ""
        if kind == "date" and chart.local(value):
            row["date_places"].append(place)
            row["dates"].append(chart.local(value))
        elif kind == "number" and number(value) is not None:
            row["number_places"].append(place)
            row["numbers"].append(number(value))
