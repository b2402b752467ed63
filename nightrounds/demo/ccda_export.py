"""The clinic's Continuity of Care Documents, as a health information exchange hands them on: C-CDA, one a patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from nightrounds.demo import ccda_documents as ccda
from nightrounds.demo.care import Commission, Guest, Happened, number
from nightrounds.demo.chart import CLINICIANS, NIGHTS
from nightrounds.demo.ledger import Ledger, Statements
from nightrounds.demo.people import HOSPITAL_B, upper_name

SOURCE = "exchange"
GUESTS = ("maria-garcia", "franklin-meyer", "ingrid-halvorsen", "beatrice-lovelace", "omar-siddiqui")
_REFUTED = "beatrice-lovelace"
"""Whose allergy turned out to be none: the new version of her document leaves it out."""
_ALLERGENS = (("7980", "penicillin G"), ("2670", "codeine"), ("10180", "sulfamethoxazole"))
_DRUGS = {
    "breast_risk": ("314076", "lisinopril 10 MG Oral Tablet"),
    "nodule": ("314076", "lisinopril 10 MG Oral Tablet"),
    "diabetes": ("860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"),
    "heart_failure": ("314076", "lisinopril 10 MG Oral Tablet"),
    "chest_pain": ("259255", "atorvastatin 80 MG Oral Tablet"),
}
_SMOKING = (("8517006", "Ex-smoker (finding)"), ("266919005", "Never smoked tobacco (finding)"))


@dataclass(frozen=True)
class Chart:
    """What a document says of one guest, the same in each of its versions."""

    guest: Guest
    document: str
    doctor: int
    pressure: tuple[int, int]
    weight: float
    allergen: tuple[str, str]
    smoking: tuple[str, str]

    @property
    def since(self) -> date:
        """The day of the first visit: drugs and allergies are noted then."""
        return self.guest.first.start.date()


def export_documents(commission: Commission) -> tuple[tuple[Happened, ...], frozenset[str]]:
    """Write `night-N/exchange` under the root; returns entries of the true timelines, and the documents' numbers."""
    charts = [_chart(guest, commission.seed) for guest in commission.guests(HOSPITAL_B, GUESTS)]
    for night in range(1, commission.nights + 1):
        told = Statements(commission.ledger, night, SOURCE)
        folder = commission.folder(night, SOURCE)
        folder.mkdir(parents=True, exist_ok=True)
        chosen = charts if night == 1 else [c for c in charts if c.guest.person.key == _REFUTED]
        for chart in chosen:
            text = _document(chart, night, told)
            (folder / _name(chart, night)).write_text(text, encoding="utf-8")
        if night == 1:
            _plant_dirt(folder, charts, told)
        else:
            told.note("allergy", "removed")
            told.plant(
                "refuted_allergy", "removed", _name(chosen[0], night), person=_REFUTED, table="omop.observation",
                code=chosen[0].allergen[0],
            )  # fmt: skip
        commission.ledger.count_file(night, SOURCE, len(list(folder.iterdir())))
    happened = tuple(
        Happened(chart.guest.person.key, SOURCE, "summary", at, title)
        for chart in charts
        for at, title in (
            (chart.guest.first.start, "Vital signs at the clinic"),
            (_made(1), "Continuity of Care Document"),
        )
    )
    return happened, frozenset(c.document for c in charts)


def _chart(guest: Guest, seed: int) -> Chart:
    rng = Random(f"{seed}:exchange:{guest.person.key}")
    return Chart(
        guest, number(rng, "CCD"), CLINICIANS.index(guest.first.clinician) + 1,
        (rng.randrange(112, 148), rng.randrange(66, 92)), rng.randrange(560, 920) / 10,
        _ALLERGENS[rng.randrange(len(_ALLERGENS))],
        _SMOKING[0] if guest.first.story in ("nodule", "breast_risk") else _SMOKING[1],
    )  # fmt: skip


def _made(night: int) -> datetime:
    return NIGHTS[night - 1] - timedelta(hours=5)


def _name(chart: Chart, night: int) -> str:
    """Exchanges name files by patients as often as by numbers."""
    named = upper_name(chart.guest.person) if chart.guest.person.is_a("hero") else chart.document
    return f"CCD_{named}_v{night}.xml"


def _document(chart: Chart, night: int, told: Statements) -> str:
    """The document of a night; every statement in it is counted."""
    guest, key, version = chart.guest, chart.document, night
    person, visit, registration = guest.person, guest.first, guest.registration
    made = _made(night)
    drug, words = _DRUGS[visit.story]
    systolic, diastolic = chart.pressure
    measured = [
        ("8480-6", "Systolic blood pressure", str(systolic), "mm[Hg]"),
        ("8462-4", "Diastolic blood pressure", str(diastolic), "mm[Hg]"),
        ("29463-7", "Body weight", f"{chart.weight:g}", "kg"),
    ]
    refuted = night > 1
    allergies = [] if refuted else [ccda.allergy(f"{key}-a", chart.since, *chart.allergen)]
    history = (
        f"{person.first} {registration.family}, born {person.birth}, lives at {person.line}. "
        f"{chart.smoking[1].split(' (')[0]}."
    )
    for kind, entries in (("allergy", len(allergies)), ("drug", 2), ("result", 1 + len(measured) + 1)):
        for place in range(entries):
            told.say(kind, key, str(place))
    _say_rest(told, chart)
    return ccda.document(
        key, person, registration, made, version, f"C{chart.doctor:04d}",
        ccda.section("48765-2", "Allergies", "", *allergies),
        ccda.section("10160-0", "Medications", "", ccda.medication(f"{key}-m", chart.since, drug, words)),
        ccda.section("11369-6", "Immunizations", "", ccda.immunization(
            f"{key}-i", chart.since, "140", "Influenza, seasonal, injectable, preservative free")),
        ccda.section("8716-3", "Vital signs", "", ccda.vitals(f"{key}-v", visit.start, measured)),
        ccda.section("29762-2", "Social history", history, ccda.smoking(f"{key}-s", chart.since, *chart.smoking)),
        ccda.section("18776-5", "Plan of treatment", "", ccda.plan(
            f"{key}-p", NIGHTS[0].date() + timedelta(days=60), "185349003", "Encounter for check up (procedure)")),
    )  # fmt: skip


def _say_rest(told: Statements, chart: Chart) -> None:
    """What the header and the narratives state."""
    told.say("patient", chart.guest.registration.mrn)
    told.say("provider", str(chart.doctor))
    told.say("place", "clinic")
    told.say("note", chart.document)
    told.say("ClinicalDocument", chart.document, fate="unmapped")
    told.say("CDA_plan_procedure", chart.document, fate="unmapped")
    for kind in ("full_name", "birth_date", "address"):
        told.plant(f"phi_in_note:{kind}", "accepted", _name(chart, told.night), person=chart.guest.person.key)


def _plant_dirt(folder: Path, charts: list[Chart], told: Statements) -> None:
    """One document with a DOCTYPE that would read a file of the reader's, and one whose transfer broke off."""
    guest = charts[1].guest
    spare = Statements(Ledger(), told.night, SOURCE)
    whole = _document(charts[1], 1, spare).replace(charts[1].document, f"{charts[1].document}9")
    entity = '<!DOCTYPE ClinicalDocument [<!ENTITY own SYSTEM "file:///etc/hostname">]>\n<ClinicalDocument'
    hostile = whole.replace("<ClinicalDocument", entity, 1).replace("Ex-smoker", "&own;")
    (folder / "CCD_unknown-sender.xml").write_text(hostile, encoding="utf-8")
    told.note("?", "quarantined")
    told.plant("external_entity", "quarantined", "CCD_unknown-sender.xml", person=guest.person.key)
    (folder / "CCD_retry.xml").write_bytes(whole.encode()[: len(whole) * 2 // 3])
    told.note("?", "quarantined")
    told.plant("truncated_document", "quarantined", "CCD_retry.xml", person=guest.person.key)
