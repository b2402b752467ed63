"""HL7 v2 messages of invented people, as interface engines write them, for the tests of that format."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CR = "\r"
HOSPITAL = "MERCY"


@dataclass(frozen=True)
class Patient:
    """An invented patient, with what must never come out."""

    number: str = "MRN-8801277"
    family: str = "Quillfeather"
    given: str = "Zebediah"
    middle: str = "Thorvald"
    maiden: str = "Abernethie"
    birth: str = "19610423"
    sex: str = "F"
    street: str = "14 Larkspur Passage"
    city: str = "Wobblethorpe"
    zip: str = "02139"
    phone: str = "555-0182-3377"
    ssn: str = "987-65-4329"
    licence: str = "S99912345"
    account: str = "ACCT-5512097"
    contact: str = "Brunhilda"

    @property
    def canaries(self) -> tuple[str, ...]:
        """What must never come out."""
        named = (self.number, self.family, self.given, self.maiden, self.street, self.city)
        return (*named, self.phone, self.ssn, self.licence, self.contact, self.account)


ZEBEDIAH = Patient()
OTTOLINE = Patient(
    "MRN-8801278", "Thistlewhit", "Ottoline", "", "Grimsdottir", "19890209", "M", "3 Foxglove Mews", "Netherpuddle",
    "02906", "555-0177-2299", "912-44-8831", "S44410928", "ACCT-5512098", "Ferdinanda",
)  # fmt: skip


def msh(
    kind: str,
    control: str = "1",
    *,
    sent: str = "20230504083000-0400",
    charset: str = "",
    processing: str = "P",
    version: str = "2.5.1",
) -> str:
    """MSH; `kind` is `ADT^A01`."""
    name, _, trigger = kind.partition("^")
    head = f"MSH|^~\\&|ADT1|{HOSPITAL}|NIGHT|{HOSPITAL}|{sent}||{kind}^{name}_{trigger}"
    return f"{head}|{control}|{processing}|{version}||||||{charset}"


def evn(trigger: str, recorded: str = "20230504083000-0400", occurred: str = "") -> str:
    """EVN."""
    return f"EVN|{trigger}|{recorded}||||{occurred}"


def pid(patient: Patient = ZEBEDIAH, *, numbers: str = "", died: str = "") -> str:
    """PID with everything by which the person could be told."""
    listed = (
        numbers or f"{patient.number}^^^{HOSPITAL}^MR~{patient.ssn}^^^USSSA^SS~{patient.licence}^^^MADMV^DL"
    )
    name = f"{patient.family}^{patient.given}^{patient.middle}^^^^L~{patient.maiden}^{patient.given}^^^^^M"
    address = f"{patient.street}^^{patient.city}^MA^{patient.zip}^USA^H"
    return (
        f"PID|1||{listed}||{name}|{patient.maiden}^Philippa|{patient.birth}|{patient.sex}||2106-3^White^CDCREC|{address}||"
        f"{patient.phone}^PRN^PH~^NET^Internet^{patient.given.lower()}@example.org|||S||{patient.account}|{patient.ssn}|"
        f"{patient.licence}^MA||N^Not Hispanic^HL70189|||||||{died}|{'Y' if died else ''}"
    )


def nk1(patient: Patient = ZEBEDIAH) -> str:
    """NK1: the next of kin."""
    place = f"{patient.street}^^{patient.city}^MA"
    return f"NK1|1|{patient.family}^{patient.contact}|SPO^Spouse^HL70063|{place}|{patient.phone}"


def pv1(
    number: str = "V1001",
    kind: str = "I",
    *,
    admitted: str = "20230504080000",
    discharged: str = "",
    how: str = "",
) -> str:
    """PV1."""
    doctor = f"1234567893^Haldane^Montgomery^^^^MD^^{HOSPITAL}"
    fields = ["PV1", "1", kind, f"4W^412^A^{HOSPITAL}", "E", *[""] * 2, doctor, *[""] * 2, "MED"]
    fields += [*[""] * 3, "7", *[""] * 4, f"{number}^^^{HOSPITAL}^VN", *[""] * 16, how]
    fields += [""] * (44 - len(fields)) + [admitted, discharged]
    return "|".join(fields)


def obr(filler: str = "F-770012", code: str = "24323-8^CMP^LN", *, section: str = "LAB", **more: str) -> str:
    """OBR; `more` are fields by number (`f31`)."""
    fields = {
        1: "1",
        2: "P-330011",
        3: f"{filler}^LAB1",
        4: code,
        7: "20230504090000",
        16: "1987654321^Vane^Cordelia",
    }
    fields |= {22: "20230504110000", 24: section, 25: "F"} | {
        int(name[1:]): value for name, value in more.items()
    }
    return "|".join(["OBR", *(fields.get(i, "") for i in range(1, max(fields) + 1))])


def obx(
    number: int,
    kind: str,
    code: str,
    value: str,
    *,
    unit: str = "",
    reference: str = "",
    flag: str = "",
    status: str = "F",
    when: str = "20230504090500",
    sub: str = "",
    observer: str = "",
) -> str:
    """OBX."""
    return (
        f"OBX|{number}|{kind}|{code}|{sub}|{value}|{unit}|{reference}|{flag}|||{status}|||{when}||{observer}"
    )


GLUCOSE = "2345-7^Glucose^LN^GLU^Glucose level^L"


def message(*segments: str, end: str = CR) -> str:
    """A message: each of its segments is ended."""
    return "".join(segment + end for segment in segments)


def mllp(*messages: str) -> bytes:
    """Frames, as a capture of an MLLP connection holds them."""
    return b"".join(b"\x0b" + m.encode() + b"\x1c\r" for m in messages)


def batch(*messages: str, count: int | None = None) -> str:
    """FHS, BHS, messages, BTS, FTS."""
    stated = len(messages) if count is None else count
    head = "FHS|^~\\&|LAB|MERCY\rBHS|^~\\&|LAB|MERCY|||20230504\r"
    return f"{head}{''.join(messages)}BTS|{stated}\rFTS|1\r"


def admission(patient: Patient = ZEBEDIAH, number: str = "V1001", key: str = "") -> str:
    """ADT^A01 with diagnoses, allergies, a procedure and next of kin."""
    return message(
        msh("ADT^A01", f"A01{key}"),
        evn("A01"),
        pid(patient),
        f"PD1||||1112223334^Osterhagen^Wilhelmina^^^^MD^^{HOSPITAL}",
        nk1(patient),
        pv1(number),
        "PV2|||R07.9^Chest pain, unspecified^I10C",
        "AL1|1|DA|7980^Penicillin G^RXNORM|SV|hives|20150301",
        "AL1|2|FA|^Peanuts|MO",
        "DG1|1||I21.4^Non-ST elevation myocardial infarction^I10C||20230504081500|A",
        "DG1|2|ICD10|E11.9^Type 2 diabetes mellitus^I10C||20230504|W",
        "PR1|1||92928^Percutaneous coronary stent^C4||20230504093000||||||1234567893^Haldane|"
        "||||LD^Left descending^C4MOD",
        "ZPI|1|local|Brunhilda",
    )


def discharge(patient: Patient = ZEBEDIAH, number: str = "V1001") -> str:
    """ADT^A03 two days later."""
    return message(
        msh("ADT^A03", "A03", sent="20230506120000-0400"),
        evn("A03", "20230506120000-0400"),
        pid(patient),
        pv1(number, discharged="20230506113000", how="01"),
    )


def chemistry(
    patient: Patient = ZEBEDIAH, filler: str = "F-770012", number: str = "V1001", *, withdrawn: bool = True
) -> str:
    """ORU^R01 with results of every kind of value, and one that could not be obtained."""
    gone = [obx(8, "NM", "2160-0^Creatinine^LN", "", status="X")] if withdrawn else []
    return message(
        msh("ORU^R01", f"R{filler}", sent="20230504111500-0400"),
        pid(patient),
        pv1(number),
        "ORC|RE|P-330011|" + filler,
        obr(filler),
        obx(1, "NM", GLUCOSE, "182", unit="mg/dL^milligram per deciliter^UCUM", reference="70-99", flag="H"),
        obx(2, "SN", "33914-3^eGFR^LN", ">^60", unit="mL/min", reference=">=60"),
        obx(3, "SN", "5196-1^Hepatitis B surface Ag titer^LN", "^1^:^128"),
        obx(4, "CWE", "882-1^ABO+Rh group^LN", "278149003^Group A Rh(D) positive^SCT"),
        obx(5, "ST", "5778-6^Color of urine^LN", "Yellow"),
        obx(6, "DT", "11778-8^Delivery date estimated^LN", "20231124"),
        obx(7, "NM", "718-7^Hemoglobin^LN", "<5", unit="g/dL", status="P"),
        *gone,
        "NTE|1|L|Specimen of " + patient.family + " was haemolysed.",
    )


def radiology(patient: Patient = ZEBEDIAH, filler: str = "RAD-9930221", number: str = "V1001") -> str:
    """ORU^R01 with a report whose lines are OBX of their own."""
    code = "36643-5^XR Chest 2 Views^LN"
    lines = [
        f"CHEST X-RAY of {patient.given} {patient.family} ({patient.number})",
        "Heart size normal.\\.br\\No effusion, A\\T\\P views.",
        "IMPRESSION: No acute disease.",
    ]
    return message(
        msh("ORU^R01", f"R{filler}", sent="20230504150000-0400"),
        pid(patient),
        pv1(number),
        obr(filler, code, section="RAD", f32=f"5556667778&Marchbanks&Lucius&&&&MD&&{HOSPITAL}"),
        *(obx(i, "TX", code, line) for i, line in enumerate(lines, 1)),
    )


def document(
    trigger: str = "T02",
    number: str = "DOC-4410",
    *,
    parent: str = "",
    sent: str = "20230505070000-0400",
    text: str = "",
    patient: Patient = ZEBEDIAH,
    visit: str = "V1001",
) -> str:
    """MDM with a discharge summary."""
    words = text or f"{patient.given} {patient.family}, born 04/23/1961, may go home. Call {patient.phone}."
    body = [] if trigger == "T11" else [obx(1, "TX", "18842-5^Discharge summary^LN", words)]
    author = f"1234567893^Haldane^Montgomery^^^^MD^^{HOSPITAL}"
    txa = f"TXA|1|DS^Discharge summary^HL70270|TX|20230505063000|{author}|20230505064500||||||{number}|{parent}||||AU"
    return message(
        msh(f"MDM^{trigger}", trigger + number, sent=sent), evn(trigger), pid(patient), pv1(visit), txa, *body
    )


def vaccination(patient: Patient = OTTOLINE, order: str = "IZ-783274") -> str:
    """VXU^V04: a vaccine given, one refused, and a forecast, which is none."""
    return message(
        msh("VXU^V04", f"V{order}", sent="20230601100000-0500"),
        pid(patient),
        f"ORC|RE||{order}^DCS",
        "RXA|0|1|20230601093000|20230601093000|140^Influenza, seasonal^CVX|0.5|mL^MilliLiter^UCUM||"
        "00^New record^NIP001|7824^Jackson^Lily|||||W46593||SKB^GlaxoSmithKline^MVX|||CP|A",
        "RXR|IM^Intramuscular^HL70162|LD^Left deltoid^HL70163",
        "OBX|1|CE|64994-7^Eligibility category^LN|1|V05^VFC eligible^HL70064||||||F|||20230601",
        "ORC|RE||9999^DCS",
        "RXA|0|1|20230601|20230601|21^Varicella^CVX|999||||||||||||00^Parental refusal^NIP002||RE",
        "ORC|RE||9999^DCS",
        "RXA|0|1|20230601||998^No vaccine administered^CVX|999",
    )


def prescription(patient: Patient = OTTOLINE, placer: str = "RX-20011", control: str = "NW") -> str:
    """RDE^O11."""
    return message(
        msh(
            "RDE^O11",
            f"E{placer}{control}",
            sent="20230602090000-0500" if control == "NW" else "20230603090000-0500",
        ),
        pid(patient),
        f"ORC|{control}|{placer}^CPOE|||||^BID^^20230602^20230612||20230602090000|||"
        f"1234567893^Haldane^^^^^^^{HOSPITAL}",
        "RXE|1^BID^^20230602^20230612|860975^Metformin 500 MG^RXNORM|1||TAB||"
        f"Give to {patient.given} with meals|||60|TAB|3",
        "RXR|PO^Oral^HL70162",
    )


def administration(when: str, patient: Patient = ZEBEDIAH, placer: str = "RX-20044") -> str:
    """RAS^O17."""
    return message(
        msh("RAS^O17", f"S{when}", sent=when),
        pid(patient),
        pv1(),
        f"ORC|RE|{placer}^CPOE",
        f"RXA|0|1|{when}||1191^Aspirin^RXNORM|81|mg^^UCUM",
        "RXR|PO^Oral^HL70162",
    )


def merge(survivor: str, gone: str, *, trigger: str = "A40", sent: str = "20230701080000-0400") -> str:
    """ADT^A40: the number `gone` is one person with `survivor`."""
    return message(
        msh(f"ADT^{trigger}", f"{trigger}{gone}", sent=sent),
        evn(trigger, sent),
        pid(numbers=f"{survivor}^^^{HOSPITAL}^MR"),
        f"MRG|{gone}^^^{HOSPITAL}^MR||||||Quillfeather^Z",
    )


def appointment(patient: Patient = ZEBEDIAH) -> str:
    """SIU^S12, which has no table."""
    return message(
        msh("SIU^S12", "S12"),
        f"SCH|10345^10345|||||1^Checkup for {patient.family}^L|ROUTINE^Routine^HL70276|NORMAL^Normal^HL70277|30",
        pid(patient),
        f"NTE|1||{patient.given} {patient.family} prefers mornings",
        "AIS|1||CT1^CT scan^L|20230510090000|||30",
    )


def order(state: str = "CM", patient: Patient = ZEBEDIAH) -> str:
    """ORM^O01: an order of imaging, carried out where its state is CM."""
    return message(
        msh("ORM^O01", f"O{state}"),
        pid(patient),
        pv1(),
        f"ORC|SC|P-550011|F-550012||{state}",
        obr("F-550012", "71046^Chest X-ray, 2 views^C4", section="RAD", f25=""),
    )


def encoded_text(text: str) -> str:
    """An ED value that holds a plain text."""
    return f"^TEXT^PLAIN^Base64^{base64.b64encode(text.encode()).decode()}"


def everything(key: str = "", patients: Sequence[Patient] = (ZEBEDIAH, OTTOLINE)) -> list[str]:
    """Messages of every kind, about two patients; `key` tells the things of one call from those of another."""
    first, second = patients
    return [
        admission(first, f"V1001{key}", key),
        discharge(first, f"V1001{key}"),
        chemistry(first, f"F-770012{key}", f"V1001{key}", withdrawn=False),
        radiology(first, f"RAD-9930221{key}", f"V1001{key}"),
        document(number=f"DOC-4410{key}", visit=f"V1001{key}", patient=first),
        vaccination(second, f"IZ-783274{key}"),
        prescription(second, f"RX-20011{key}"),
        appointment(first),
    ]


def conformance_export(folder: Path, times: int) -> Sequence[str]:
    """A capture of messages of every mapped kind, and of appointments, which no table takes."""
    with (folder / "feed.hl7").open("wb") as file:
        for turn in range(times):
            file.write(mllp(*everything(f"-{turn}")))
    return [canary for patient in (ZEBEDIAH, OTTOLINE) for canary in patient.canaries if canary]
