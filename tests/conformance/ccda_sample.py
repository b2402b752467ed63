"""C-CDA documents of invented people, made piece by piece, and the export that the conformance suite reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MRN_ROOT = "2.16.840.1.113883.19.5.99999.2"
OTHER_ROOT = "2.16.840.1.113883.19.5.77777"
LOINC, SNOMED, RXNORM = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "2.16.840.1.113883.6.88"
ICD10, CVX, CPT = "2.16.840.1.113883.6.90", "2.16.840.1.113883.12.292", "2.16.840.1.113883.6.12"
NAMESPACES = 'xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@dataclass(frozen=True)
class Person:
    """An invented patient, and all by which somebody could know them."""

    number: str
    family: str
    given: str
    birth: str = "19610423"
    street: str = "14 Larkspur Passage"
    phone: str = "555-0182-3377"
    contact: str = "Hildegund"
    ssn: str = "987-65-4329"

    @property
    def canaries(self) -> tuple[str, ...]:
        """What must never come out."""
        return (self.number, self.family, self.given, self.street, self.phone, self.contact, self.ssn)


ZEBEDIAH = Person("MRN-8801277", "Quillfeather", "Zebediah")
OTTOLINE = Person(
    "MRN-8801278", "Thistlewhit", "Ottoline", "19740911", "3 Bramblewick Row", "555-0199-2244", "Cuthwulf",
    "912-44-7781",
)  # fmt: skip


def code(code: str, system: str, display: str, name: str = "code", more: str = "", kind: str = "") -> str:
    """A coded element."""
    typed = f' xsi:type="{kind}"' if kind else ""
    return f'<{name}{typed} code="{code}" codeSystem="{system}" displayName="{display}">{more}</{name}>'


def period(low: str = "", high: str = "") -> str:
    """An effectiveTime from low to high; a null flavor where one is not known."""
    ends = [
        f'<{n} value="{v}"/>' if v else f'<{n} nullFlavor="UNK"/>' for n, v in (("low", low), ("high", high))
    ]
    return f"<effectiveTime>{''.join(ends)}</effectiveTime>"


def point(when: str) -> str:
    """An effectiveTime at one moment."""
    return f'<effectiveTime value="{when}"/>'


def ident(extension: str, root: str = "2.16.840.1.113883.19.5.1") -> str:
    """An id."""
    return f'<id root="{root}" extension="{extension}"/>' if extension else '<id nullFlavor="NI"/>'


PERFORMER = (
    '<performer><assignedEntity><id root="2.16.840.1.113883.4.6" extension="1234567893"/>'
    '<code code="207R00000X" codeSystem="2.16.840.1.113883.6.101" displayName="Internal Medicine"/>'
    "<assignedPerson><name><given>Ignatia</given><family>Bloodgood</family></name></assignedPerson>"
    "</assignedEntity></performer>"
)


def section(
    loinc: str, title: str, text: str = "", *entries: str, templates: Sequence[str] = (), inner: str = ""
) -> str:
    """A section in its component."""
    named = "".join(f'<templateId root="{t}"/>' for t in templates)
    told = "".join(f'<entry typeCode="DRIV">{entry}</entry>' for entry in entries)
    coded = code(loinc, LOINC, title) if loinc else ""
    return (
        f"<component><section>{named}{coded}<title>{title}</title><text>{text}</text>{told}{inner}"
        "</section></component>"
    )


def problem(
    number: str,
    value: str,
    low: str = "20230504",
    high: str = "",
    *,
    status: str = "active",
    negated: bool = False,
    text: str = "",
    state: str = "completed",
) -> str:
    """A concern with one problem, whose value is given."""
    no = ' negationInd="true"' if negated else ""
    return (
        f'<act classCode="ACT" moodCode="EVN">{ident("act-" + number)}'
        f'{code("CONC", "2.16.840.1.113883.5.6", "Concern")}<statusCode code="{status}"/>{period(low)}'
        f'<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN"{no}>{ident(number)}'
        f'{code("55607006", SNOMED, "Problem")}{text}<statusCode code="{state}"/>{period(low, high)}{value}'
        "</observation></entryRelationship></act>"
    )  # fmt: skip


def medication(
    number: str,
    drug: str,
    *,
    mood: str = "EVN",
    times: str = "",
    dose: str = "",
    more: str = "",
    negated: bool = False,
    state: str = "active",
) -> str:
    """A substanceAdministration of a drug."""
    no = ' negationInd="true"' if negated else ""
    times = (
        times
        or '<effectiveTime xsi:type="IVL_TS"><low value="20230504"/><high nullFlavor="UNK"/></effectiveTime>'
    )
    route = code("C38288", "2.16.840.1.113883.3.26.1.1", "ORAL", "routeCode")
    return (
        f'<substanceAdministration classCode="SBADM" moodCode="{mood}"{no}>{ident(number)}'
        f'<statusCode code="{state}"/>{times}{route}{dose}<consumable><manufacturedProduct><manufacturedMaterial>'
        f"{drug}<lotNumberText>LOT88</lotNumberText></manufacturedMaterial></manufacturedProduct></consumable>"
        f"{more}</substanceAdministration>"
    )  # fmt: skip


def result(
    number: str,
    named: str,
    value: str,
    when: str = "202305040915",
    *,
    flag: str = "",
    reference: str = "",
    state: str = "completed",
    more: str = "",
) -> str:
    """An observation with a value."""
    flag = f'<interpretationCode code="{flag}" codeSystem="2.16.840.1.113883.5.83"/>' if flag else ""
    return (
        f'<observation classCode="OBS" moodCode="EVN">{ident(number)}{named}<statusCode code="{state}"/>'
        f"{point(when)}{value}{flag}{more}{reference}</observation>"
    )  # fmt: skip


def organizer(number: str, named: str, *observations: str, state: str = "completed") -> str:
    """A panel of observations."""
    inner = "".join(f"<component>{one}</component>" for one in observations)
    return (
        f'<organizer classCode="BATTERY" moodCode="EVN">{ident(number)}{named}<statusCode code="{state}"/>{inner}'
        "</organizer>"
    )


def quantity(value: str, unit: str) -> str:
    """A PQ."""
    return f'<value xsi:type="PQ" value="{value}" unit="{unit}"/>'


def reference_range(low: str, high: str, unit: str) -> str:
    """A reference range as an interval."""
    ends = f'<low value="{low}" unit="{unit}"/><high value="{high}" unit="{unit}"/>'
    return (
        f'<referenceRange><observationRange><value xsi:type="IVL_PQ">{ends}</value></observationRange>'
        "</referenceRange>"
    )


def allergy(number: str, substance: str, reaction: str = "", *, negated: bool = False) -> str:
    """An allergy with its concern."""
    no = ' negationInd="true"' if negated else ""
    entity = f'<playingEntity classCode="MMAT">{substance}</playingEntity>'
    role = f'<participantRole classCode="MANU">{entity}</participantRole>'
    return (
        f'<act classCode="ACT" moodCode="EVN">{ident("act-" + number)}<statusCode code="active"/>'
        f'<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN"{no}>{ident(number)}'
        f"{code('ASSERTION', '2.16.840.1.113883.5.4', 'Assertion')}{period('2007')}"
        f"{code('419511003', SNOMED, 'Propensity to adverse reactions to drug', 'value', kind='CD')}"
        f'<participant typeCode="CSM">{role}</participant>{reaction}</observation></entryRelationship></act>'
    )


REACTION = (
    '<entryRelationship typeCode="MFST" inversionInd="true"><observation classCode="OBS" moodCode="EVN">'
    + code("ASSERTION", "2.16.840.1.113883.5.4", "Assertion")
    + code("247472004", SNOMED, "Hives", "value", kind="CD")
    + "</observation></entryRelationship>"
)


def patient(person: Person, *, roots: Sequence[str] = (MRN_ROOT,), more: str = "") -> str:
    """recordTarget."""
    ids = "".join(ident(person.number, root) for root in roots)
    return (
        f"<recordTarget><patientRole>{ids}{ident(person.ssn, '2.16.840.1.113883.4.1')}"
        f'<addr use="HP"><streetAddressLine>{person.street}</streetAddressLine><city>Cambridge</city>'
        "<state>MA</state><postalCode>02139</postalCode></addr>"
        f'<telecom use="HP" value="tel:{person.phone}"/>'
        f"<patient><name><given>{person.given}</given><family>{person.family}</family></name>"
        f"{code('F', '2.16.840.1.113883.5.1', 'Female', 'administrativeGenderCode')}"
        f'<birthTime value="{person.birth}"/>{more}'
        f"{code('2106-3', '2.16.840.1.113883.6.238', 'White', 'raceCode')}"
        f"{code('2186-5', '2.16.840.1.113883.6.238', 'Not Hispanic', 'ethnicGroupCode')}"
        "</patient><providerOrganization><id root='2.16.840.1.113883.19.5' extension='clinic'/></providerOrganization>"
        "</patientRole></recordTarget>"
    )


def encounter_of(
    number: str = "visit-1", low: str = "202305040800-0400", high: str = "202305061130-0400"
) -> str:
    """componentOf: the encounter that is documented."""
    return (
        f"<componentOf><encompassingEncounter>{ident(number)}"
        f"{code('IMP', '2.16.840.1.113883.5.4', 'Inpatient')}"
        f'<effectiveTime><low value="{low}"/><high value="{high}"/></effectiveTime>'
        '<dischargeDispositionCode code="01" codeSystem="2.16.840.1.113883.12.112"/>'
        f"<responsibleParty>{PERFORMER.replace('performer>', 'x>').removeprefix('<x>').removesuffix('</x>')}"
        "</responsibleParty><location><healthCareFacility>"
        '<id root="2.16.840.1.113883.19.5" extension="ward-7"/>'
        f"{code('1060-3', '2.16.840.1.113883.6.259', 'Medical Ward')}"
        "<location><addr><state>MA</state><postalCode>02139</postalCode></addr></location>"
        "</healthCareFacility></location></encompassingEncounter></componentOf>"
    )


def document(
    *sections: str,
    person: Person = ZEBEDIAH,
    number: str = "doc-1",
    made: str = "20230506120000-0400",
    versions: str = "",
    related: str = "",
    encounter: str | None = None,
    target: str | None = None,
    body: str | None = None,
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>',
    extra: str = "",
) -> str:
    """A whole document."""
    held = f"<structuredBody>{''.join(sections)}</structuredBody>" if body is None else body
    return (
        f'{declaration}\n<?xml-stylesheet type="text/xsl" href="CDA.xsl"?>\n<ClinicalDocument {NAMESPACES}>'
        '<realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        '<templateId root="2.16.840.1.113883.10.20.22.1.2" extension="2015-08-01"/>'
        f"{ident(number)}{code('34133-9', LOINC, 'Summarization of Episode Note')}"
        f'<title>Summary of {person.given} {person.family}</title><effectiveTime value="{made}"/>'
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="en-US"/>'
        f"{versions}{patient(person) if target is None else target}"
        '<author><time value="20230506"/><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="1234567893"/>'
        "</assignedAuthor></author>"
        "<informant><relatedEntity classCode='PRS'><code code='SPS' codeSystem='2.16.840.1.113883.5.111'/>"
        f"<relatedPerson><name><given>{person.contact}</given></name></relatedPerson></relatedEntity></informant>"
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        "<id root='2.16.840.1.113883.19.5' extension='hospital'/><name>St Elsewhere</name>"
        "<addr><state>MA</state><postalCode>02138</postalCode></addr>"
        "</representedCustodianOrganization></assignedCustodian></custodian>"
        f"{extra}{related}{encounter_of() if encounter is None else encounter}<component>{held}</component>"
        "</ClinicalDocument>"
    )  # fmt: skip


def versioned(set_id: str, number: int) -> str:
    """setId and versionNumber."""
    return f'<setId root="2.16.840.1.113883.19.7" extension="{set_id}"/><versionNumber value="{number}"/>'


def replaces(number: str, kind: str = "RPLC") -> str:
    """relatedDocument."""
    return f'<relatedDocument typeCode="{kind}"><parentDocument>{ident(number)}</parentDocument></relatedDocument>'


METFORMIN = code("860975", RXNORM, "metformin 500 MG Extended Release Oral Tablet")
HYPERTENSION = code("38341003", SNOMED, "Hypertension", "value", kind="CD")
INFLUENZA = code("140", CVX, "Influenza, seasonal, injectable, preservative free")
PANEL = code("24323-8", LOINC, "Comprehensive metabolic panel")
GLUCOSE = code("2345-7", LOINC, "Glucose [Mass/volume] in Serum or Plasma")


def everything(person: Person, key: str = "") -> str:
    """A document with entries of every kind."""
    named = f"{person.given} {person.family} ({person.number}), born 1961-04-23, of {person.street}"
    every = '<effectiveTime xsi:type="IVL_TS"><low value="20230504"/></effectiveTime>' + (
        '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="12" unit="h"/></effectiveTime>'
    )
    device = (
        f'<supply classCode="SPLY" moodCode="EVN">{ident("dev" + key)}<statusCode code="completed"/>'
        f"{period('20200101')}"
        '<participant typeCode="PRD"><participantRole classCode="MANU"><playingDevice>'
        f"{code('72506001', SNOMED, 'Implantable defibrillator')}</playingDevice></participantRole></participant>"
        "</supply>"
    )
    smoking = result(
        "smoke" + key, code("72166-2", LOINC, "Tobacco smoking status"),
        code("8517006", SNOMED, "Former smoker", "value", kind="CD"), "20230504",
    )  # fmt: skip
    seen = (
        f'<encounter classCode="ENC" moodCode="EVN">{ident("visit-0" + key)}'
        f"{code('99213', CPT, 'Office visit', more=code('AMB', '2.16.840.1.113883.5.4', 'Ambulatory', 'translation'))}"
        f"{point('202201101000-0500')}{PERFORMER}</encounter>"
    )
    done = (
        f'<procedure classCode="PROC" moodCode="EVN">{ident("proc" + key)}'
        f"{code('80146002', SNOMED, 'Appendectomy')}<statusCode code='completed'/>{point('20230505')}"
        f"{code('66754008', SNOMED, 'Appendix structure', 'targetSiteCode')}{PERFORMER}</procedure>"
    )
    infarct = code("22298006", SNOMED, "Myocardial infarction", "value", kind="CD")
    relative = (
        '<organizer classCode="CLUSTER" moodCode="EVN"><statusCode code="completed"/>'
        '<subject><relatedSubject classCode="PRS"><code code="FTH" codeSystem="2.16.840.1.113883.5.111" '
        f'displayName="Father"/><subject><name><given>{person.contact}</given></name></subject></relatedSubject>'
        f"</subject><component>{result('fam' + key, code('64572001', SNOMED, 'Condition'), infarct)}"
        "</component></organizer>"
    )
    return document(
        section("11450-4", "Problems", f"<paragraph>{named}. Ill.</paragraph>", problem("p" + key, HYPERTENSION)),
        section("10160-0", "Medications", "", medication("m" + key, METFORMIN, times=every)),
        section("11369-6", "Immunizations", "", medication("i" + key, INFLUENZA, state="completed")),
        section(
            "30954-2", "Results", f"<paragraph>Seen: {person.contact}</paragraph>",
            organizer("panel" + key, PANEL, result("glu" + key, GLUCOSE, quantity("182", "mg/dL"))),
        ),
        section("47519-4", "Procedures", "", done),
        section("48765-2", "Allergies", "", allergy("a" + key, code("7980", RXNORM, "Penicillin G"), REACTION)),
        section("29762-2", "Social history", "", smoking),
        section("46264-8", "Medical equipment", "", device),
        section("46240-8", "Encounters", "", seen),
        section("10157-6", "Family history", "", relative),
        person=person, number="doc" + key, encounter=encounter_of("visit-1" + key),
    )  # fmt: skip


def ccda_export(folder: Path, times: int) -> Sequence[str]:
    """Documents of two people, and a style sheet beside them."""
    for turn in range(times):
        for number, person in enumerate((ZEBEDIAH, OTTOLINE)):
            (folder / f"{turn:05d}-{number}.xml").write_text(everything(person, f"-{turn}-{number}"))
    return [canary for person in (ZEBEDIAH, OTTOLINE) for canary in (*person.canaries, "Bloodgood")]
