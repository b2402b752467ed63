"""The truth about the demo hospital: who is who, what must never leak, what the dirt should come to."""

from __future__ import annotations

from datetime import date
from typing import Any

from nightrounds.demo.chart import Visit, age_at
from nightrounds.demo.dicom_export import SHIPPED_IDENTIFIERS, shipped_identities
from nightrounds.demo.fhir_export import FUTURE_PATIENT
from nightrounds.demo.ledger import Ledger
from nightrounds.demo.notes import spellings
from nightrounds.demo.people import LAB, RADIOLOGY, TruePerson, upper_name
from nightrounds.demo.systems import Told
from nightrounds.demo.vcf_export import CONTROL, LAB_USER

COMMON_WORDS = frozenset({"young", "grace", "hope", "may"})
"""Names of the demo that are words too: told apart in `truth.json`, since finding them proves nothing."""


def tell_truth(
    people: tuple[TruePerson, ...],
    visits: tuple[Visit, ...],
    studies: dict[str, str],
    told: Told,
    nights: int,
    ledger: Ledger,
) -> dict[str, Any]:
    """All that `truth.json` says. `studies` holds study instance UIDs by study key."""
    persons = [_person(person, [v for v in visits if v.person is person], studies, told) for person in people]
    kinds = _by_kind(people, visits, studies, ledger) | told.numbers
    flat = {value for kind, values in kinds.items() if kind not in _NOT_FLAT for value in values}
    return {
        "persons": persons,
        "clusters": {f"night-{night}": _clusters(people, night) for night in range(1, nights + 1)},
        "merges": [list(merge) for merge in told.merges],
        "unlinked": [[RADIOLOGY, pid] for pid in shipped_identities()] + [[LAB, CONTROL]],
        "identifiers": sorted(
            value for value in flat if len(value) >= 5 and value.lower() not in COMMON_WORDS
        ),
        "identifiers_by_kind": {kind: sorted(values) for kind, values in kinds.items()},
        "common_word_names": sorted(COMMON_WORDS),
        **ledger.to_json(),
    }


_NOT_FLAT = ("zip", "city", "clinician", "birth_date_spelling")
"""Kinds left out of the flat list: what occurs by chance, or is not a patient's."""


def _identities(person: TruePerson) -> list[list[str]]:
    found = [[r.authority, r.mrn, "record"] for r in person.registrations]
    if person.imaging_id:
        found.append([RADIOLOGY, person.imaging_id, "image"])
    if person.sample:
        found.append([LAB, person.sample, "variant"])
    return found


def _person(person: TruePerson, visits: list[Visit], studies: dict[str, str], told: Told) -> dict[str, Any]:
    timeline: list[dict[str, Any]] = [
        {
            "night": entry.night, "what": entry.what if entry.what != "encounter" else "visit", "source": entry.source,
            "date": entry.day.date().isoformat(), "title": entry.title,
        }
        for entry in told.happened
        if entry.person == person.key
    ]  # fmt: skip
    for visit in visits:
        common = {"night": visit.night, "authority": visit.registration.authority}
        timeline.append(
            {
                **common, "what": "encounter", "id": visit.encounter_id,
                "date": visit.start.date().isoformat(),
                "note": visit.note_id, "condition": visit.condition_id, "title": visit.scene["complaint"],
            }
        )  # fmt: skip
        if visit.study is not None and visit.study.key in studies:
            study = visit.study
            timeline.append(
                {
                    **common, "what": "study", "id": studies[study.key],
                    "date": study.start.date().isoformat(),
                    "modality": study.modality, "encounter": visit.encounter_id, "title": study.exam,
                }
            )  # fmt: skip
    return {
        "key": person.key,
        "labels": list(person.labels),
        "name": f"{person.given} {person.family}",
        "birth": person.birth,
        "death": person.death,
        "identities": _identities(person),
        "aliases": [list(alias) for alias in told.aliases.get(person.key, ())],
        "resource_ids": [[r.authority, r.resource_id] for r in person.registrations],
        "identifiers": sorted(_names(person) | _numbers(person)),
        "birth_spellings": list(_birth_spellings(person)),
        "ages": sorted({age_at(person, v.start.date()) for v in visits}),
        "timeline": sorted(timeline, key=lambda entry: (entry["date"], entry["what"])),
    }


def _clusters(people: tuple[TruePerson, ...], night: int) -> list[list[list[str]]]:
    """Who is one person on a night: lists of (authority, identifier). Night 1 lacks the late link."""
    clusters = []
    for person in people:
        identities = [identity[:2] for identity in _identities(person)]
        if person.is_a("late_link") and night == 1:
            clusters.append([i for i in identities if i[0] == RADIOLOGY])
            identities = [i for i in identities if i[0] != RADIOLOGY]
        clusters.append(identities)
    return clusters


def _names(person: TruePerson) -> set[str]:
    names = {*person.given.split(), *person.families}
    for family in person.families:
        names |= {f"{person.first} {family}", f"{person.given} {family}"}
    if person.contact is not None:
        names |= {person.contact.name, *person.contact.name.split()}
    return names


def _numbers(person: TruePerson) -> set[str]:
    numbers = {r.mrn for r in person.registrations} | {r.resource_id for r in person.registrations}
    numbers |= {person.ssn, person.phone, person.email, person.line, person.imaging_id, person.sample}
    if person.contact is not None:
        numbers.add(person.contact.phone)
    if len(person.birth) == 10:
        numbers.add(person.birth)
    return numbers - {""}


def _birth_spellings(person: TruePerson) -> tuple[str, ...]:
    if len(person.birth) != 10:
        return ()
    day = date.fromisoformat(person.birth)
    return (*spellings(day), f"{day:%Y%m%d}")


def _by_kind(
    people: tuple[TruePerson, ...], visits: tuple[Visit, ...], studies: dict[str, str], ledger: Ledger
) -> dict[str, set[str]]:
    everyone = (*people, FUTURE_PATIENT)
    kinds: dict[str, set[str]] = {
        "name": {name for p in everyone for name in _names(p)},
        "mrn": {r.mrn for p in everyone for r in p.registrations},
        "resource_id": {r.resource_id for p in everyone for r in p.registrations},
        "ssn": {p.ssn for p in everyone},
        "phone": {p.phone for p in everyone} | {p.contact.phone for p in everyone if p.contact},
        "email": {p.email for p in everyone},
        "address": {p.line for p in everyone},
        "city": {p.city for p in everyone},
        "zip": {p.postal_code for p in everyone},
        "birth_date": {p.birth for p in everyone if len(p.birth) == 10},
        "birth_date_spelling": {text for p in everyone for text in _birth_spellings(p)},
        "imaging_id": {p.imaging_id for p in people if p.imaging_id},
        "shipped": set(SHIPPED_IDENTIFIERS),
        "sample": {p.sample for p in people if p.sample},
        "accession": {v.study.accession for v in visits if v.study is not None and v.study.key in studies},
        "study_uid": set(studies.values()),
        "lab_user": {LAB_USER},
        "clinician": {v.clinician for v in visits},
        "file_name": set(),
    }
    for entry in ledger.planted:
        if entry["kind"] == "phi_in_file_name":
            kinds["file_name"].add(entry["where"].split("/")[0])
        elif entry["where"].startswith("incoming/"):
            kinds["file_name"].add(entry["where"].split("/")[-1])
        elif entry["where"].startswith("CCD_") and "phi_in_note" in entry["kind"]:
            kinds["file_name"].add(entry["where"])
    kinds["file_name"] |= {upper_name(p) for p in people if p.sample.count("_")}
    return kinds
