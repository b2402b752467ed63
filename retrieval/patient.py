"""One person's record in time order: what happened, what was seen, what was written, what the genome says."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from contracts.errors import Fatal
from retrieval.events import Event, clinical_events, time_of
from retrieval.passages import snippet_of
from retrieval.reader import Reader
from retrieval.variants import VariantSummary, summarise_variants
from tasks.chunking import chunk_note

FIRST_WORDS = 100
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_ORDER = (
    "visit",
    "condition",
    "procedure",
    "device",
    "drug",
    "immunisation",
    "measurement",
    "observation",
    "note",
    "study",
    "death",
)
_SEXES = {8507: "male", 8532: "female"}
"""OMOP standard concepts of gender; any other is told as the source states it."""
_VISITS = {
    262: "emergency and inpatient visit",
    581476: "home visit",
    5083: "telehealth visit",
    9201: "inpatient visit",
    9202: "outpatient visit",
    9203: "emergency room visit",
    32036: "laboratory visit",
}
_TABLES = {
    "omop.person": "",
    "omop.visit_occurrence": "visits",
    "omop.condition_occurrence": "conditions",
    "omop.drug_exposure": "drugs",
    "omop.procedure_occurrence": "procedures",
    "omop.device_exposure": "devices",
    "omop.measurement": "measurements",
    "omop.observation": "observations",
    "omop.note": "notes",
    "imaging.study": "studies",
    "imaging.series": "series",
    "imaging.instance": "instances",
    "genomics.sample": "samples",
    "omop.death": "",
}
_UNLISTED = {"series", "instances", "devices"}
_SOURCES = {"genomics.sample": "(SELECT DISTINCT person_id, sample_id FROM genomics.sample)"}
"""A sample that several files hold is one sample."""


@dataclass(frozen=True)
class PatientRecord:
    """All that the release says of one person.

    Attributes:
        person_id: who.
        year_of_birth: None where no record states it.
        sex: "male", "female", or as the source states it; "" where no record does.
        counts: rows by what they are (visits, conditions, drugs, ..., notes, studies, series, instances, samples,
            variants); measurements and observations are events by the day.
        events: in time order, undated ones last.
        variants: the genome, in short.
        release: number of the release that was read.
        profile: privacy profile of the home: under safe_harbor, dates are years.
    """

    person_id: int
    year_of_birth: int | None
    sex: str
    counts: dict[str, int]
    events: tuple[Event, ...] = field(repr=False)
    variants: VariantSummary = field(repr=False)
    release: int
    profile: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def patient_record(reader: Reader, person_id: int, most_variants: int | None = 20) -> PatientRecord:
    """The record of one person.

    Args:
        reader: an open release.
        person_id: as `omop.person` and every search result name it.
        most_variants: how many variants to list; None lists all.

    Raises:
        Fatal: no table of the release knows this person.
    """
    counts = {what: _count(reader, table, person_id) for table, what in _TABLES.items() if what}
    person = _person(reader, person_id)
    if person is None and not any(counts.values()):
        fix = "`nightrounds patient --list` lists the ids, `nightrounds search WORDS` finds some"
        raise Fatal("the release knows no person by this id", f"person {person_id}", fix)
    events = [*_visits(reader, person_id), *_conditions(reader, person_id), *_notes(reader, person_id)]
    events += [*clinical_events(reader, person_id), *_studies(reader, person_id), *_deaths(reader, person_id)]
    variants = summarise_variants(reader, person_id, most_variants)
    return PatientRecord(
        person_id=person_id,
        year_of_birth=person["year_of_birth"] if person else None,
        sex=_SEXES.get(person["gender_concept_id"], person["gender_source_value"] or "") if person else "",
        counts={**counts, "samples": variants.samples, "variants": variants.total},
        events=tuple(sorted(events, key=_in_time)),
        variants=variants,
        release=reader.release.number,
        profile=reader.home.profile.value,
    )


def list_persons(reader: Reader, most: int | None = None) -> list[dict[str, Any]]:
    """Persons of the release with how many rows of each kind they have, those with most kinds first."""
    known = {t: what for t, what in _TABLES.items() if what and reader.has(t)}
    if not known and not reader.has("omop.person"):
        return []
    parts = [
        f"SELECT person_id, '{what}' AS what FROM {_SOURCES.get(table, table)}"
        for table, what in known.items()
    ]
    if reader.has("omop.person"):
        parts.append("SELECT person_id, 'person' FROM omop.person")
    wanted = [what for what in _TABLES.values() if what and what not in _UNLISTED]
    columns = ", ".join(f"count(*) FILTER (WHERE what = '{what}') AS {what}" for what in wanted)
    query = f"""
        SELECT person_id, {columns} FROM ({" UNION ALL ".join(parts)})
        WHERE person_id IS NOT NULL GROUP BY person_id
        ORDER BY count(DISTINCT what) DESC, count(*) DESC, person_id"""
    return reader.rows(query if most is None else f"{query} LIMIT {int(most)}")


def _in_time(event: Event) -> tuple[Any, ...]:
    day, time = event.date or dt.date.max, event.time or dt.time.min
    return day, time if event.kind != "death" else dt.time.max, _ORDER.index(event.kind), event.id


def _count(reader: Reader, table: str, person_id: int) -> int:
    if not reader.has(table):
        return 0
    found = reader.rows(f"SELECT count(*) AS rows FROM {table} WHERE person_id = ?", [person_id])
    return int(found[0]["rows"])


def _of_person(reader: Reader, table: str, columns: str, person_id: int) -> list[dict[str, Any]]:
    if not reader.has(table):
        return []
    return reader.rows(f"SELECT {columns} FROM {table} WHERE person_id = ?", [person_id])


def _person(reader: Reader, person_id: int) -> dict[str, Any] | None:
    columns = "year_of_birth, gender_concept_id, gender_source_value"
    return next(iter(_of_person(reader, "omop.person", columns, person_id)), None)


def _visits(reader: Reader, person_id: int) -> list[Event]:
    columns = (
        "visit_occurrence_id, visit_start_date, visit_start_datetime, visit_end_date, visit_concept_id, "
        "coalesce(source_display, visit_source_value) AS words"
    )
    events = []
    for row in _of_person(reader, "omop.visit_occurrence", columns, person_id):
        days = (row["visit_end_date"] - row["visit_start_date"]).days
        words = row["words"]
        title = _VISITS.get(row["visit_concept_id"], words or "visit")
        detail = [words if words != title else "", f"{days:,} day{'s' * (days != 1)}" if days > 0 else ""]
        events.append(
            Event(
                "visit",
                row["visit_occurrence_id"],
                row["visit_start_date"],
                time_of(row["visit_start_datetime"]),
                title,
                ", ".join(part for part in detail if part),
            )
        )
    return events


def _conditions(reader: Reader, person_id: int) -> list[Event]:
    columns = (
        "condition_occurrence_id, condition_start_date, condition_start_datetime, condition_end_date, "
        "coalesce(source_display, condition_source_value) AS words, condition_status_source_value"
    )
    events = []
    for row in _of_person(reader, "omop.condition_occurrence", columns, person_id):
        until = f"until {reader.show_date(row['condition_end_date'])}" if row["condition_end_date"] else ""
        detail = [until, row["condition_status_source_value"] or ""]
        events.append(
            Event(
                "condition",
                row["condition_occurrence_id"],
                row["condition_start_date"],
                time_of(row["condition_start_datetime"]),
                row["words"] or "condition",
                ", ".join(part for part in detail if part),
            )
        )
    return events


def _notes(reader: Reader, person_id: int) -> list[Event]:
    columns = "note_id, note_date, note_datetime, note_title, note_text"
    return [
        Event(
            "note",
            row["note_id"],
            row["note_date"],
            time_of(row["note_datetime"]),
            row["note_title"] or "note",
            snippet_of(_opening(row["note_text"]), "", FIRST_WORDS),
        )
        for row in _of_person(reader, "omop.note", columns, person_id)
    ]


def _opening(text: str) -> str:
    """Where a note begins to say something: its letterhead holds dates, and names and numbers that were replaced."""
    for chunk in chunk_note(text):
        if "[NAME]" not in chunk and "[ID]" not in chunk and len(_LETTERS.findall(chunk)) > 1:
            return chunk
    return text


def _studies(reader: Reader, person_id: int) -> list[Event]:
    series: dict[int, list[str]] = {}
    columns = "study_id, series_id, modality, body_part_examined, number_of_instances"
    for row in sorted(
        _of_person(reader, "imaging.series", columns, person_id),
        key=lambda r: (r["study_id"], r["series_id"]),
    ):
        name = " ".join(word for word in (row["modality"], row["body_part_examined"]) if word) or "series"
        count = row["number_of_instances"]
        series.setdefault(row["study_id"], []).append(f"{name}: {count:,} instance{'s' * (count != 1)}")
    columns = "study_id, study_date, modalities, number_of_series, number_of_instances"
    return [
        Event(
            "study",
            row["study_id"],
            row["study_date"],
            None,
            f"{' '.join(row['modalities'] or []) or 'imaging'} study",
            "; ".join(series.get(row["study_id"], [])),
        )
        for row in _of_person(reader, "imaging.study", columns, person_id)
    ]


def _deaths(reader: Reader, person_id: int) -> list[Event]:
    columns = "death_date, death_datetime, cause_source_value"
    return [
        Event(
            "death",
            person_id,
            row["death_date"],
            time_of(row["death_datetime"]),
            "death",
            row["cause_source_value"] or "",
        )
        for row in _of_person(reader, "omop.death", columns, person_id)
    ]
