"""What happened to whom and when: the visits and examinations that all exports tell of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from nightrounds.demo.people import DEATHS, HOSPITAL_A, HOSPITAL_B, Registration, TruePerson

TIME_ZONE = "America/New_York"
NIGHTS = (datetime(2024, 3, 12, 1, 30), datetime(2024, 3, 13, 1, 30))
"""When each night's export was made, local wall time. The visits of night 2 lie between the two."""

INSTITUTIONS = {HOSPITAL_A: "St. Elsewhere General", HOSPITAL_B: "Riverbend Community Clinic"}
CLINICIANS = (
    "Miriam Castellano", "Gordon Pruitt", "Lakshmi Venkataraman", "Oliver Standish", "Rosalind Achebe",
    "Peter Lindholm",
)  # fmt: skip

_FIRST_DAY, _LAST_DAY = date(2022, 3, 1), date(2023, 10, 15)
_DEATH_CERTIFICATION = {
    "setting": "AMB", "note": "11506-3", "complaint": "Death certification",
    "history": "Record entry for {who}, who died at home. The medical examiner told the family physician.",
    "medications": ["None"], "assessment": "1. Death certificate completed; cause of death heart failure.",
    "snomed": "419099009", "display": "Dead (finding)", "icd10": "R99",
}  # fmt: skip


@dataclass(frozen=True)
class Study:
    """One imaging examination. `start` is local wall time."""

    key: str
    accession: str
    modality: str
    body: str
    exam: str
    start: datetime
    finding: str


@dataclass(frozen=True)
class Visit:
    """One visit with its note, its diagnosis and its examination, if any. Times are local wall time."""

    person: TruePerson
    registration: Registration
    story: str
    scene: dict[str, Any]
    night: int
    start: datetime
    end: datetime
    encounter_id: str
    condition_id: str
    note_id: str
    clinician: str
    study: Study | None = None


def with_offset(moment: datetime) -> str:
    """A local wall time as an ISO 8601 string with the offset of the hospital's zone."""
    return moment.replace(tzinfo=ZoneInfo(TIME_ZONE)).isoformat()


def load_stories() -> dict[str, dict[str, Any]]:
    """The clinical stories by name, from `stories.toml`."""
    text = resources.files("nightrounds.demo").joinpath("stories.toml").read_text(encoding="utf-8")
    return {story["name"]: story for story in tomllib.loads(text)["story"]}


def make_charts(people: tuple[TruePerson, ...], seed: int) -> tuple[Visit, ...]:
    """Let every person live through their stories. Visits come in order of person, then time."""
    stories = load_stories()
    visits: list[Visit] = []
    for person in people:
        rng = Random(f"{seed}:chart:{person.key}")
        own: list[Visit] = []
        for number, name in enumerate(person.stories):
            # who goes to two hospitals is seen for the second story at the second one
            registration = person.registrations[min(number, len(person.registrations) - 1)]
            own += _live(rng, person, registration, stories[name], first=number == 0)
        if person.key in DEATHS:
            moment = datetime.fromisoformat(DEATHS[person.key]) + timedelta(days=2, hours=9)
            own.append(_visit(rng, person, person.home, "death", _DEATH_CERTIFICATION, 1, moment))
        visits += sorted(own, key=lambda visit: visit.start)
    return tuple(visits)


def age_at(person: TruePerson, day: date) -> int:
    """Completed years on `day`; of a birth date that is a year alone, the difference of years."""
    if len(person.birth) == 4:
        return day.year - int(person.birth)
    born = date.fromisoformat(person.birth)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _live(
    rng: Random, person: TruePerson, registration: Registration, story: dict[str, Any], *, first: bool
) -> list[Visit]:
    begin = _FIRST_DAY + timedelta(days=rng.randrange((_LAST_DAY - _FIRST_DAY).days))
    lived = []
    for scene in story["visit"]:
        night = int(scene.get("night", 1))
        if night == 2 and not (first and person.is_a("night_2")):
            continue
        day = NIGHTS[0].date() if night == 2 else begin + timedelta(days=scene["after_days"])
        if scene["setting"] == "AMB" and night == 1:
            day += timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])  # clinics are closed at weekends
        hour = rng.randrange(8, 16) if scene["setting"] == "AMB" or night == 2 else rng.randrange(0, 23)
        moment = datetime(day.year, day.month, day.day, hour, rng.randrange(0, 60, 5))
        lived.append(_visit(rng, person, registration, story["name"], scene, night, moment))
    return lived


def _visit(
    rng: Random, person: TruePerson, registration: Registration, story: str, scene: dict[str, Any],
    night: int,
    start: datetime,
) -> Visit:  # fmt: skip
    lengths = {"AMB": (25, 70), "EMER": (180, 480), "IMP": (2 * 1440, 5 * 1440)}
    end = start + timedelta(minutes=rng.randrange(*lengths[scene["setting"]]))
    encounter_id, condition_id, note_id = (_resource_id(rng, registration, kind) for kind in "ecn")
    study = _study(rng, encounter_id, scene, start) if person.imaging_id and "modality" in scene else None
    return Visit(
        person, registration, story, scene, night, start, end, encounter_id, condition_id, note_id,
        CLINICIANS[rng.randrange(len(CLINICIANS))], study,
    )  # fmt: skip


def _study(rng: Random, key: str, scene: dict[str, Any], start: datetime) -> Study:
    wait = timedelta(minutes=rng.randrange(20, 100))
    if scene["setting"] == "AMB" and "night" not in scene:
        wait += timedelta(days=rng.randrange(0, 3))
    accession = f"ACC{start.year % 100}{rng.randrange(100_000, 999_999)}"
    finding = scene["assessment"].split("\n")[0].removeprefix("1. ")
    return Study(key, accession, scene["modality"], scene["body"], scene["exam"], start + wait, finding)


def _resource_id(rng: Random, registration: Registration, kind: str) -> str:
    if registration.authority == HOSPITAL_B:
        return f"{kind}{rng.randrange(100_000, 999_999)}"
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
