"""Exports of Observations of any size, whose ids are unique: built like those of Synthea, a visit's together.

They are grown from a set: that of the sample exports where these are at hand, else one that is drawn here. Ids,
patients, visits, moments and numbers are drawn anew for each, so that nothing repeats that does not in an export.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import orjson

from benchmarks.records import Patient, Resource, make_uuid

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "fhir" / "bundles"
_A_VISIT = 17
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_NUMBERS = {
    "8302-2": ("Body Height", "cm", "vital-signs"), "29463-7": ("Body Weight", "kg", "vital-signs"),
    "39156-5": ("Body mass index (BMI) [Ratio]", "kg/m2", "vital-signs"),
    "8867-4": ("Heart rate", "/min", "vital-signs"), "9279-1": ("Respiratory rate", "/min", "vital-signs"),
    "2339-0": ("Glucose [Mass/volume] in Blood", "mg/dL", "laboratory"),
    "6299-2": ("Urea nitrogen [Mass/volume] in Blood", "mg/dL", "laboratory"),
    "38483-4": ("Creatinine [Mass/volume] in Blood", "mg/dL", "laboratory"),
    "2947-0": ("Sodium [Moles/volume] in Blood", "mmol/L", "laboratory"),
    "718-7": ("Hemoglobin [Mass/volume] in Blood", "g/dL", "laboratory"),
    "72514-3": ("Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}", "vital-signs"),
}  # fmt: skip
_ANSWERS = {
    "72166-2": ("Tobacco smoking status NHIS", "8517006", "Ex-smoker (finding)"),
    "71802-3": ("Housing status", "1", "I have housing"),
    "93034-5": ("How often do you feel lonely or isolated from those around you?", "LA6270-8", "Never"),
    "67875-5": ("Employment status - current", "160903007", "Full-time employment (finding)"),
    "32624-9": ("Race", "2106-3", "White"),
    "54899-0": ("Preferred language", "en", "English (Language)"),
}


def base_set() -> tuple[list[Resource], str]:
    """The Observations to grow from, and where they are from, in words."""
    if not SAMPLES.is_dir():
        return draw_set(), "drawn"
    entries = (e for f in sorted(SAMPLES.glob("*.json")) for e in orjson.loads(f.read_bytes())["entry"])
    found = [e["resource"] for e in entries if e["resource"]["resourceType"] == "Observation"]
    return found, "of the sample bundles"


def draw_set(count: int = 400, seed: int = 5) -> list[Resource]:
    """Drawn Observations: numbers with units, and answers by code."""
    rng = Random(f"observations:{seed}")
    return [_draw(rng, number) for number in range(count)]


def _draw(rng: Random, number: int) -> Resource:
    if number % 3:
        code, (display, unit, category) = rng.choice(list(_NUMBERS.items()))
        value: Resource = {
            "valueQuantity": {
                "value": round(rng.uniform(1, 200), 2),
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            }
        }
    else:
        code, (display, answer, words) = rng.choice(list(_ANSWERS.items()))
        category = "survey" if number % 2 else "social-history"
        coding = {"system": "http://snomed.info/sct", "code": answer, "display": words}
        value = {"valueCodeableConcept": {"coding": [coding], "text": words}}
    return {
        "resourceType": "Observation",
        "id": "",
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": category, "display": category}]}],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": code, "display": display}],
            "text": display,
        },
        "subject": {"reference": ""},
        "encounter": {"reference": ""},
        "effectiveDateTime": "",
        "issued": "",
        **value,
    }


def grow(base: Sequence[Resource], people: Sequence[Patient], seed: int = 1) -> Iterator[bytes]:
    """NDJSON lines without end, a visit's after each other."""
    rng = Random(f"grown:{seed}")
    while True:
        who = people[rng.randrange(len(people))]
        subject, visit = {"reference": who.reference}, {"reference": f"Encounter/{make_uuid(rng)}"}
        begin = datetime(2010, 1, 1) + timedelta(seconds=rng.randrange(15 * 365 * 86_400))
        moment = begin.isoformat() + ("-04:00" if 4 <= begin.month <= 10 else "-05:00")
        issued = f"{moment[:19]}.{rng.randrange(1000):03d}{moment[19:]}"
        for _ in range(_A_VISIT):
            one = base[rng.randrange(len(base))]
            found = {
                **one,
                "id": make_uuid(rng),
                "subject": subject,
                "encounter": visit,
                "effectiveDateTime": moment,
                "issued": issued,
            }
            if "value" in (quantity := one.get("valueQuantity", {})):
                changed = round(float(quantity["value"]) * rng.uniform(0.8, 1.2), 2)
                found["valueQuantity"] = {**quantity, "value": changed}
            yield orjson.dumps(found) + b"\n"


def write_observations(path: Path, people: Sequence[Patient], size: int, seed: int = 1) -> tuple[int, str]:
    """A file of about `size` bytes, streamed; returns how many there are, and what they were grown from."""
    base, origin = base_set()
    written = count = 0
    with path.open("wb") as file:
        for line in grow(base, people, seed):
            written += file.write(line)
            count += 1
            if written >= size:
                return count, origin
    raise AssertionError("unreachable")
