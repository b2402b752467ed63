"""HL7 v2.5.1 messages of the demo's hospital, as an interface engine passes them on (ADT, ORU, MDM, SIU)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from nightrounds.demo.care import Test
from nightrounds.demo.chart import TIME_ZONE
from nightrounds.demo.people import TruePerson

ASSIGNER = "SEG"
"""The assigning authority of hospital A's record numbers (CX-4)."""
END = "\r"


def message(*segments: str) -> str:
    """A message, each segment ended."""
    return "".join(segment + END for segment in segments)


def batch(messages: list[str], made: datetime) -> str:
    """A batch file: FHS, BHS, the messages, BTS, FTS (HL7 v2.9, 2.10.3)."""
    head = f"FHS|^~\\&|ENGINE|{ASSIGNER}{END}BHS|^~\\&|ENGINE|{ASSIGNER}|||{made:%Y%m%d}{END}"
    return f"{head}{''.join(messages)}BTS|{len(messages)}{END}FTS|1{END}"


def header(kind: str, control: str, sent: datetime, processing: str = "P") -> str:
    """MSH; `kind` is ADT^A04."""
    name, _, trigger = kind.partition("^")
    return (
        f"MSH|^~\\&|ENGINE|{ASSIGNER}|NIGHT|{ASSIGNER}|{_zoned(sent)}||{kind}^{name}_{trigger}|{control}|{processing}|"
        "2.5.1||||||UNICODE UTF-8"
    )


def event(trigger: str, at: datetime) -> str:
    """EVN."""
    return f"EVN|{trigger}|{_zoned(at)}"


def patient(person: TruePerson, mrn: str) -> str:
    """PID with all that registration knows."""
    birth = person.birth.replace("-", "")
    given, _, middle = person.given.partition(" ")
    place = f"{person.line}^^{person.city}^{person.state}^{person.postal_code}^USA^H"
    ids = f"{mrn}^^^{ASSIGNER}^MR~{person.ssn}^^^USSSA^SS"
    name = f"{person.family}^{given}^{middle}^^^^L"
    fields = [
        "PID",
        "1",
        "",
        ids,
        "",
        name,
        "",
        birth,
        person.sex,
        "",
        "",
        place,
        "",
        f"{person.phone}^PRN^PH",
    ]
    return "|".join(fields)


def unknown_patient(mrn: str, sex: str) -> str:
    """PID of somebody who could not say who he is: a temporary number, and no name."""
    return _segment("PID", {1: "1", 3: f"{mrn}^^^{ASSIGNER}^MR", 8: sex})


def next_of_kin(person: TruePerson) -> list[str]:
    """NK1, where a relative is known."""
    if person.contact is None:
        return []
    given, _, family = person.contact.name.rpartition(" ")
    return [f"NK1|1|{family}^{given}|{person.contact.relation}||{person.contact.phone}"]


def visit(
    number: str, kind: str, doctor: str, begun: datetime | None = None, ended: datetime | None = None
) -> str:
    """PV1: class O, E or I; `doctor` as XCN."""
    fields = {1: "1", 2: kind, 3: f"LAB^^^{ASSIGNER}", 7: doctor, 19: f"{number}^^^{ASSIGNER}^VN"}
    if begun is not None:
        fields[44] = f"{begun:%Y%m%d%H%M%S}"
    if ended is not None:
        fields[45] = f"{ended:%Y%m%d%H%M%S}"
    return _segment("PV1", fields)


def request(order: str, panel: str, taken: datetime, reported: datetime) -> str:
    """OBR of a panel."""
    fields = {1: "1", 2: f"P{order}", 3: f"{order}^LAB", 4: panel, 7: f"{taken:%Y%m%d%H%M%S}"}
    fields |= {22: f"{reported:%Y%m%d%H%M%S}", 24: "LAB", 25: "F"}
    return _segment("OBR", fields)


def result(place: int, test: Test, value: float, taken: str, status: str = "F") -> str:
    """OBX of a number; `taken` as it stands in OBX-14."""
    usual = f"{test.low:g}-{test.high:g}"
    shown = "" if status in "WDX" else f"{value:g}"
    fields = {1: str(place), 2: "NM", 3: f"{test.code}^{test.name}^LN", 5: shown, 6: f"{test.unit}^^UCUM"}
    fields |= {7: usual, 8: test.flag(value), 11: status, 14: taken}
    return _segment("OBX", fields)


def document(number: str, written: datetime, doctor: str, text: str) -> list[str]:
    """TXA and OBX of a progress note."""
    fields = {1: "1", 2: "PN^Progress note^HL70270", 3: "TX", 4: f"{written:%Y%m%d%H%M%S}", 5: doctor}
    fields |= {6: f"{written:%Y%m%d%H%M%S}", 9: doctor, 12: number, 17: "AU"}
    lines = [line for line in text.split("\n") if line]
    code = "11506-3^Progress note^LN"
    return [
        _segment("TXA", fields),
        *(
            _segment("OBX", {1: str(n), 2: "TX", 3: code, 5: line, 11: "F"})
            for n, line in enumerate(lines, 1)
        ),
    ]


def doctor_of(clinician: str, place: int) -> str:
    """A clinician as XCN; the number is the hospital's own."""
    given, _, family = clinician.partition(" ")
    return f"D{place + 1:04d}^{family}^{given}^^^^MD^^{ASSIGNER}"


def _segment(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(i, "") for i in range(1, max(fields) + 1))])


def _zoned(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=ZoneInfo(TIME_ZONE)):%Y%m%d%H%M%S%z}"
