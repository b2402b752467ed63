"""Small FHIR exports for hypothesis: records in several versions, and how their lines lie in files and nights."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

CHANGED = (
    "",
    "2024-01-01T00:00:00Z",
    "2024-01-01T05:00:00+02:00",
    "2024-06-30T23:59:59.5Z",
    "2025-01-01T00:00:00Z",
)
"""When a version was changed; the empty one does not say. The second and third lie two hours apart, in this order."""

_FAMILIES = ("Quillfeather", "Thistlewhit", "Vandersloot")
_DAYS = ("2023-01-05", "2023-04-30", "2024-02-29")


@dataclass(frozen=True)
class Statement:
    """One line: a record in one of its versions."""

    kind: str
    number: int
    changed: str
    line: str

    @property
    def record(self) -> tuple[str, int]:
        return self.kind, self.number


def _resource(kind: str, number: int, changed: str, turn: int, patient: int) -> dict[str, Any]:
    about = {"subject": {"reference": f"Patient/p{patient}"}}
    family, day = _FAMILIES[turn % len(_FAMILIES)], _DAYS[turn % len(_DAYS)]
    note = base64.b64encode(f"Mx {family} ({turn}) slept well on {day}.".encode()).decode()
    bodies: dict[str, dict[str, Any]] = {
        "Patient": {
            "name": [{"family": family, "given": ["Ottoline"]}],
            "birthDate": f"196{turn}-04-23",
            "gender": ("female", "male", "other")[turn % 3],
        },
        "Encounter": {
            **about,
            "status": "finished",
            "class": {"code": "AMB"},
            "period": {"start": day, "end": day},
        },
        "Condition": {
            **about,
            "encounter": {"reference": f"Encounter/e{number}"},
            "code": {"coding": [{"code": f"3834100{turn}"}]},
            "onsetDateTime": day,
        },
        "DocumentReference": {
            **about,
            "status": "current",
            "date": f"{day}T10:00:00Z",
            "content": [{"attachment": {"contentType": "text/plain", "data": note}}],
        },
        "Observation": {
            **about,
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "effectiveDateTime": day,
            "valueInteger": turn,
            "component": [{"code": {"text": "part"}, "valueInteger": part} for part in range(turn)],
        },
        "Goal": {**about, "lifecycleStatus": "active", "startDate": day, "priority": {"text": str(turn)}},
    }
    meta = {"meta": {"lastUpdated": changed}} if changed else {}
    return {"resourceType": kind, "id": f"{kind[0].lower()}{number}", **meta, **bodies[kind]}


def state(kind: str, number: int, changed: str, turn: int, patient: int) -> Statement:
    """A record's version: `turn` tells what it says, `patient` whom it is about."""
    return Statement(kind, number, changed, json.dumps(_resource(kind, number, changed, turn, patient)))


@st.composite
def statements(draw: st.DrawFn) -> list[Statement]:
    """A few patients and their records, most in one version, some in several, some lines twice."""
    patients = draw(st.integers(1, 2))
    kinds = ["Patient"] * patients + draw(
        st.lists(
            st.sampled_from(["Encounter", "Condition", "DocumentReference", "Observation", "Goal"]),
            max_size=5,
        )
    )
    found = []
    for position, kind in enumerate(kinds):
        number = position if kind == "Patient" else 10 + position
        versions = draw(
            st.lists(st.tuples(st.sampled_from(CHANGED), st.integers(0, 2)), min_size=1, max_size=3)
        )
        patient = draw(st.integers(0, patients - 1))
        for changed, turn in versions:
            found.append(state(kind, number, changed, turn, patient))
    return found


@st.composite
def layouts(draw: st.DrawFn, lines: list[Statement]) -> list[list[str]]:
    """The lines in any order, in one to three files."""
    order = draw(st.permutations(range(len(lines))))
    files: list[list[str]] = [[] for _ in range(draw(st.integers(1, 3)))]
    for index in order:
        files[draw(st.integers(0, len(files) - 1))].append(lines[index].line)
    return files


def write_files(folder: Path, files: list[list[str]], prefix: str = "export") -> None:
    """Write each file's lines; an empty file is a file too."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, lines in enumerate(files):
        (folder / f"{prefix}-{number}.ndjson").write_text("".join(line + "\n" for line in lines))
