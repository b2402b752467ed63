"""The two hospitals' bulk exports (FHIR R4 Bulk Data NDJSON), with the dirt that such exports carry."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from nightrounds.demo import fhir_resources as fhir
from nightrounds.demo.chart import CLINICIANS, NIGHTS, Visit
from nightrounds.demo.ledger import Ledger
from nightrounds.demo.notes import write_note
from nightrounds.demo.people import HOSPITAL_A, HOSPITAL_B, Registration, TruePerson

SOURCES = {HOSPITAL_A: "ehr", HOSPITAL_B: "clinic"}
MAPPED = ("Patient", "Encounter", "Condition", "DocumentReference", "Observation", "Practitioner")

FUTURE_PATIENT = replace(
    TruePerson(
        "future-birth", "Rosalie", "Quimby", "F", "2093-04-11", "", "999-05-1937", "(617) 555-0199",
        "rosalie.quimby@example.com", "77 Hourglass Way", "Lynn", "MA", "01902", (), "", "", (),
        ("birth_in_future",),
    ),
    registrations=(Registration(HOSPITAL_A, "90417755", "0f0f93b1-2093-4411-a001-1d1ff1cc1e55", "Quimby"),),
)  # fmt: skip
"""A registration with a slip of the pen in the birth date: quarantined, and not to leak either."""


@dataclass
class _Export:
    """One source's files of one night: lists of lines by file name, each line counted as it is added."""

    source: str
    night: int
    ledger: Ledger
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, name: str, resource: fhir.Resource, fate: str = "") -> int:
        """Append a resource as a line; its 0-based number in the file comes back."""
        kind = resource["resourceType"]
        line = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        return self.add_line(name, line, kind, fate or ("accepted" if kind in MAPPED else "unmapped"))

    def add_line(self, name: str, line: bytes, kind: str, fate: str) -> int:
        self.ledger.count(self.night, self.source, fate, kind)
        lines = self.files.setdefault(name, [])
        lines.append(line)
        return len(lines) - 1

    def plant(self, kind: str, fate: str, name: str, record: int, **more: str) -> None:
        self.ledger.plant(kind, self.night, self.source, fate, name, record=record, **more)

    def write(self, folder: Path, unfinished: str = "") -> None:
        """Write all files; the one named `unfinished` ends without a line feed, as if cut off."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, lines in sorted(self.files.items()):
            data = b"\n".join(lines) + (b"" if name == unfinished else b"\n")
            (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        self.ledger.count_file(self.night, self.source, len(self.files))


def export_records(
    root: Path,
    people: Iterable[TruePerson],
    visits: tuple[Visit, ...],
    seed: int,
    nights: int,
    ledger: Ledger,
) -> None:
    """Write `night-N/ehr` and `night-N/clinic` under `root` and book what was written."""
    people = tuple(people)
    for authority, source in SOURCES.items():
        own = [visit for visit in visits if visit.registration.authority == authority]
        for night in range(1, nights + 1):
            export = _Export(source, night, ledger)
            if night == 1:
                _add_people(export, people, authority)
            for visit in (v for v in own if v.night == night):
                _add_visit(export, visit, seed)
            unfinished = ""
            if authority == HOSPITAL_A and night == 1:
                unfinished = _plant_dirt(export, [v for v in own if v.night == 1], people, seed)
            elif authority == HOSPITAL_A:
                _correct(export, own, seed)
                _take_back(export, own, seed)
            export.write(root / f"night-{night}" / source, unfinished)


def _updated(visit: Visit) -> datetime:
    """When the resources of a visit were last changed: soon after it, and never after the export."""
    return min(visit.end + timedelta(hours=6), NIGHTS[visit.night - 1] - timedelta(hours=1))


def _add_people(export: _Export, people: tuple[TruePerson, ...], authority: str) -> None:
    updated = NIGHTS[0] - timedelta(days=30)
    for person in people:
        for registration in (r for r in person.registrations if r.authority == authority):
            export.add("Patient.000.ndjson", fhir.patient(person, registration, updated))
    if authority == HOSPITAL_A:
        for number, name in enumerate(CLINICIANS, 1):
            export.add("Practitioner.000.ndjson", fhir.practitioner(name, number, updated))


def _add_visit(export: _Export, visit: Visit, seed: int) -> None:
    updated = _updated(visit)
    text, left = write_note(visit, seed)
    notes = "DocumentReference.000.ndjson" + (".gz" if (export.source, export.night) == ("ehr", 1) else "")
    export.add("Encounter.000.ndjson", fhir.encounter(visit, updated))
    export.add("Condition.000.ndjson", fhir.condition(visit, updated))
    record = export.add(notes, fhir.document(visit, text, updated))
    for kind in left:
        export.plant(f"phi_in_note:{kind}", "accepted", notes, record, person=visit.person.key)
    if export.source == "ehr":
        for observation in fhir.observations(visit, updated, seed):
            export.add("Observation.000.ndjson", observation)
    if visit.story == "death":
        record = len(export.files["Encounter.000.ndjson"]) - 1
        export.plant(
            "encounter_after_death", "flagged", "Encounter.000.ndjson", record, person=visit.person.key
        )


def _plant_dirt(export: _Export, visits: list[Visit], people: tuple[TruePerson, ...], seed: int) -> str:
    """Add the broken and doubtful records of hospital A's first night; returns the file left unfinished."""
    for kind in ("Encounter", "Condition"):  # servers cut their files where they please
        whole = export.files[f"{kind}.000.ndjson"]
        export.files[f"{kind}.001.ndjson"] = [whole.pop() for _ in range(2)]
    _plant_dates(export, visits)
    _plant_duplicates(export, visits, people, seed)
    broken = _visit_of(visits, "jose-garcia-nunez")
    name = "Condition.001.ndjson"
    resource = {**fhir.condition(broken, _updated(broken)), "id": broken.condition_id[::-1]}
    resource["note"] = [{"text": f"Discussed with Señor {broken.person.family}."}]
    line = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode("latin-1")
    export.plant("invalid_utf8", "quarantined", name, export.add_line(name, line, "?", "quarantined"))
    name = "Encounter.001.ndjson"
    cut = json.dumps(fhir.encounter(visits[0], _updated(visits[0])), ensure_ascii=False).encode()[:411]
    export.plant("truncated_line", "quarantined", name, export.add_line(name, cut, "?", "quarantined"))
    return name


def _plant_dates(export: _Export, visits: list[Visit]) -> None:
    updated = NIGHTS[0] - timedelta(days=2)
    unborn = fhir.patient(FUTURE_PATIENT, FUTURE_PATIENT.home, updated)
    name = "Patient.000.ndjson"
    export.plant("birth_in_future", "quarantined", name, export.add(name, unborn, "quarantined"))
    visit = _visit_of(visits, "robert-sullivan")
    name = "Encounter.000.ndjson"
    backwards = fhir.encounter(replace(visit, start=visit.end, end=visit.start), updated)
    backwards["id"] = visit.encounter_id[::-1]
    record = export.add(name, backwards, "quarantined")
    export.plant("encounter_end_before_start", "quarantined", name, record, person=visit.person.key)
    name = "Condition.001.ndjson"
    impossible = {
        **fhir.condition(visit, updated),
        "id": visit.condition_id[::-1],
        "onsetDateTime": "2023-02-30",
    }
    record = export.add(name, impossible, "quarantined")
    export.plant("impossible_date", "quarantined", name, record, person=visit.person.key)


def _plant_duplicates(
    export: _Export, visits: list[Visit], people: tuple[TruePerson, ...], seed: int
) -> None:
    """A copy of one patient's whole record, made on request, lies in a file that bears the name."""
    person = next(p for p in people if p.is_a("deceased"))
    name = "records-request_WHITAKER_HAROLD.ndjson"
    resources = [fhir.patient(person, person.home, NIGHTS[0] - timedelta(days=30))]
    for visit in (v for v in visits if v.person is person):
        updated, (text, _) = _updated(visit), write_note(visit, seed)
        resources += [
            fhir.encounter(visit, updated), fhir.condition(visit, updated), fhir.document(visit, text,
            updated),
        ]  # fmt: skip
    for resource in resources:
        export.add(name, resource, "merged")
    export.plant("exact_duplicates", "merged", name, 0, records=str(len(resources)))
    export.plant("phi_in_file_name", "accepted", name, 0, person=person.key)


def _correct(export: _Export, visits: list[Visit], seed: int) -> None:
    """Night 2 brings a corrected diagnosis and an amended note: the same ids, a newer `meta.lastUpdated`."""
    updated = NIGHTS[1] - timedelta(hours=3)
    wrong = next(v for v in visits if v.person.key == "eleanor-fitzgerald" and v.night == 1)
    scene = {**wrong.scene, "snomed": "233604007", "display": "Pneumonia (disorder)", "icd10": "J15.9"}
    corrected = fhir.condition(replace(wrong, scene=scene), updated)
    name = "Condition.000.ndjson"
    export.plant(
        "corrected_condition", "accepted", name, export.add(name, corrected), person=wrong.person.key,
        resource=wrong.condition_id,
    )  # fmt: skip
    amended = next(v for v in visits if v.person.is_a("hero") and v.night == 1)
    text, _ = write_note(amended, seed)
    text += (
        f"\nADDENDUM: CT of {amended.person.first} {amended.registration.family} reviewed with radiology;\n"
    )
    text += "the nodule is smooth and partly calcified, which makes a granuloma more likely.\n"
    name = "DocumentReference.000.ndjson"
    export.plant(
        "amended_note", "accepted", name, export.add(name, fhir.document(amended, text, updated)),
        person=amended.person.key, resource=amended.note_id,
    )  # fmt: skip


def _take_back(export: _Export, visits: list[Visit], seed: int) -> None:
    """Night 2 deletes a measurement (Bulk Data's `deleted` Bundle), and declares another one entered in error."""
    sent, measurement = NIGHTS[1] - timedelta(hours=3), {"table": "omop.measurement", "code": "8867-4"}
    visit = _visit_of(visits, "grace-hope")
    resource = fhir.observations(visit, sent, seed)[0]
    name = "deleted.000.ndjson"
    record = export.add(name, fhir.deletion(resource, sent), "removed")
    export.plant("deleted_resource", "removed", name, record, person=visit.person.key, **measurement)
    visit = _visit_of(visits, "hiroshi-tanaka")
    resource = fhir.observations(visit, sent, seed)[0]
    name = "Observation.000.ndjson"
    record = export.add(name, {**resource, "status": "entered-in-error"}, "quarantined")
    export.plant("entered_in_error", "quarantined", name, record, person=visit.person.key, **measurement)


def _visit_of(visits: list[Visit], key: str) -> Visit:
    return next(visit for visit in visits if visit.person.key == key)
