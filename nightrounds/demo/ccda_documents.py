"""C-CDA R2.1 documents of the demo's clinic: Continuity of Care Documents, written entry by entry."""

from __future__ import annotations

from datetime import date, datetime
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from nightrounds.demo.chart import TIME_ZONE
from nightrounds.demo.people import Registration, TruePerson

MRN_ROOT = "2.16.840.1.113883.3.9999.2"
"""The clinic's assigning authority of record numbers (an example root)."""
_OWN = "2.16.840.1.113883.3.9999"
_LOINC, _SNOMED, _RXNORM, _CVX = (f"2.16.840.1.113883.{end}" for end in ("6.1", "6.96", "6.88", "12.292"))
_ACT = "2.16.840.1.113883.5.4"
_SPACES = 'xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def zoned(moment: datetime) -> str:
    """A local wall time as a TS with the offset of the hospital's zone."""
    return f"{moment.replace(tzinfo=ZoneInfo(TIME_ZONE)):%Y%m%d%H%M%S%z}"


def allergy(number: str, since: date, rxnorm: str, substance: str) -> str:
    """A drug allergy as a concern with one observation."""
    entity = _code("code", rxnorm, _RXNORM, substance)
    return (
        f'<act classCode="ACT" moodCode="EVN">{_id(number + "-act")}<statusCode code="active"/>'
        f'<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN">{_id(number)}'
        f"{_code('code', 'ASSERTION', _ACT, 'Assertion')}{_state('completed')}"
        f'<effectiveTime><low value="{since:%Y%m%d}"/></effectiveTime>'
        f"{_code('value', '416098002', _SNOMED, 'Allergy to drug (finding)', 'CD')}"
        '<participant typeCode="CSM"><participantRole classCode="MANU"><playingEntity classCode="MMAT">'
        f"{entity}</playingEntity></participantRole></participant></observation></entryRelationship></act>"
    )


def medication(number: str, since: date, rxnorm: str, drug: str) -> str:
    """A drug of the medication list, taken by mouth."""
    return (
        f'<substanceAdministration classCode="SBADM" moodCode="EVN">{_id(number)}<statusCode code="active"/>'
        f'<effectiveTime xsi:type="IVL_TS"><low value="{since:%Y%m%d}"/></effectiveTime>'
        f"{_product(_code('code', rxnorm, _RXNORM, drug))}</substanceAdministration>"
    )


def immunization(number: str, given: date, cvx: str, vaccine: str) -> str:
    """A vaccine that was given."""
    return (
        f'<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">{_id(number)}'
        f'<statusCode code="completed"/><effectiveTime value="{given:%Y%m%d}"/>'
        f"{_product(_code('code', cvx, _CVX, vaccine))}</substanceAdministration>"
    )


def vitals(number: str, at: datetime, measured: list[tuple[str, str, str, str]]) -> str:
    """An organizer of vital signs; `measured` holds LOINC code, name, value and UCUM unit."""
    inner = "".join(
        f'<component><observation classCode="OBS" moodCode="EVN">{_id(f"{number}-{code}")}'
        f"{_code('code', code, _LOINC, name)}{_state('completed')}{_at(zoned(at))}"
        f'<value xsi:type="PQ" value="{value}" unit="{unit}"/></observation></component>'
        for code, name, value, unit in measured
    )
    head = _code("code", "46680005", _SNOMED, "Vital signs (observable entity)")
    return (
        f'<organizer classCode="CLUSTER" moodCode="EVN">{_id(number)}{head}{_state("completed")}'
        f"{_at(zoned(at))}{inner}</organizer>"
    )


def smoking(number: str, at: date, snomed: str, words: str) -> str:
    """Smoking status."""
    return (
        f'<observation classCode="OBS" moodCode="EVN">{_id(number)}'
        f"{_code('code', '72166-2', _LOINC, 'Tobacco smoking status')}{_state('completed')}"
        f"{_at(f'{at:%Y%m%d}')}{_code('value', snomed, _SNOMED, words, 'CD')}</observation>"
    )


def plan(number: str, on: date, snomed: str, words: str) -> str:
    """A procedure that is planned: no event, and so kept whole."""
    return (
        f'<procedure classCode="PROC" moodCode="INT">{_id(number)}{_code("code", snomed, _SNOMED, words)}'
        f"{_state('active')}{_at(f'{on:%Y%m%d}')}</procedure>"
    )


def section(loinc: str, title: str, text: str, *entries: str) -> str:
    """A section with its narrative."""
    told = "".join(f'<entry typeCode="DRIV">{entry}</entry>' for entry in entries)
    body = f"<paragraph>{escape(text)}</paragraph>" if text else ""
    return (
        f"<component><section>{_code('code', loinc, _LOINC, title)}<title>{title}</title><text>{body}</text>{told}"
        "</section></component>"
    )


def document(
    number: str,
    person: TruePerson,
    registration: Registration,
    made: datetime,
    version: int,
    doctor: str,
    *sections: str,
) -> str:
    """A whole Continuity of Care Document; `doctor` is the author's number at the clinic."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument {_SPACES}><realmCode code="US"/>'
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        '<templateId root="2.16.840.1.113883.10.20.22.1.2" extension="2015-08-01"/>'
        f"{_id(f'{number}-{version}')}{_code('code', '34133-9', _LOINC, 'Summarization of Episode Note')}"
        f"<title>Continuity of Care Document: {escape(person.given)} {escape(registration.family)}</title>"
        f'{_at(zoned(made))}<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>'
        f'<languageCode code="en-US"/><setId root="{_OWN}.9" extension="{number}"/><versionNumber value="{version}"/>'
        f"{_record_target(person, registration)}"
        f'<author><time value="{zoned(made)}"/><assignedAuthor><id root="{_OWN}.4" extension="{doctor}"/>'
        "</assignedAuthor></author><custodian><assignedCustodian><representedCustodianOrganization>"
        f'<id root="{_OWN}" extension="clinic"/><name>Riverbend Community Clinic</name>'
        "<addr><state>MA</state><postalCode>01852</postalCode></addr>"
        "</representedCustodianOrganization></assignedCustodian></custodian>"
        f"<component><structuredBody>{''.join(sections)}</structuredBody></component></ClinicalDocument>\n"
    )


def _record_target(person: TruePerson, registration: Registration) -> str:
    sex = ("F", "Female") if person.sex == "F" else ("M", "Male")
    names = [registration.family, *([registration.maiden] if registration.maiden else [])]
    named = "".join(
        f"<name><given>{escape(person.first)}</given><family>{escape(family)}</family></name>"
        for family in names
    )
    return (
        f'<recordTarget><patientRole><id root="{MRN_ROOT}" extension="{registration.mrn}"/>'
        f'<id root="2.16.840.1.113883.4.1" extension="{person.ssn}"/>'
        f'<addr use="HP"><streetAddressLine>{escape(person.line)}</streetAddressLine><city>{person.city}</city>'
        f"<state>{person.state}</state><postalCode>{person.postal_code}</postalCode></addr>"
        f'<telecom use="HP" value="tel:{person.phone}"/><patient>{named}'
        f"{_code('administrativeGenderCode', sex[0], '2.16.840.1.113883.5.1', sex[1])}"
        f'<birthTime value="{person.birth.replace("-", "")}"/></patient></patientRole></recordTarget>'
    )


def _product(code: str) -> str:
    made = f"<manufacturedMaterial>{code}</manufacturedMaterial>"
    return f"<consumable><manufacturedProduct>{made}</manufacturedProduct></consumable>"


def _code(name: str, code: str, system: str, words: str, kind: str = "") -> str:
    typed = f' xsi:type="{kind}"' if kind else ""
    return f'<{name}{typed} code="{code}" codeSystem="{system}" displayName="{escape(words)}"/>'


def _id(extension: str) -> str:
    return f'<id root="{_OWN}.1" extension="{extension}"/>'


def _state(code: str) -> str:
    return f'<statusCode code="{code}"/>'


def _at(value: str) -> str:
    return f'<effectiveTime value="{value}"/>'
