"""Whether the thirtieth night costs what the second did: rounds over a small export of which 1 % changes every night.

Each night all files are there again, and one record in a hundred says something else, with a later `lastUpdated`. All
stages of a round but embedding, upkeep included, in one process; CPU seconds. A night is compared by the median of
three, since a single one may be that in which tables are compacted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from statistics import mean, median

import orjson

from benchmarks.figures import Figure
from benchmarks.homes import make_home, make_plain_round
from benchmarks.observations import base_set, grow
from benchmarks.processes import RoundWatch
from benchmarks.records import Patient, Resource, invent_patients, lines_of, write_patients
from contracts.errors import NightroundsError
from contracts.units import Source

NIGHTS = 30
_SHARE = 100  # one record in so many changes
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def draw_export(people: Sequence[Patient], records: int) -> dict[str, list[Resource]]:
    """Records by file: Observations for the most part, visits and conditions."""
    drawn: dict[str, Iterator[bytes]] = {"Observation": grow(base_set()[0], people)}
    drawn |= {kind: lines_of(kind, list(people), 3) for kind in ("Encounter", "Condition")}
    share = {"Observation": 0.8, "Encounter": 0.1, "Condition": 0.1}
    return {
        kind: [orjson.loads(line) for line in islice(lines, int(records * share[kind]))]
        for kind, lines in drawn.items()
    }


def change(export: dict[str, list[Resource]], night: int) -> int:
    """Let one record in a hundred say something else; returns how many."""
    rng, changed = Random(f"night:{night}"), 0
    stamp = (_FIRST + timedelta(days=night)).isoformat()
    for resources in export.values():
        for number in rng.sample(range(len(resources)), len(resources) // _SHARE):
            one = resources[number]
            one["meta"] = {**one.get("meta", {}), "lastUpdated": stamp}
            if "value" in one.get("valueQuantity", {}):
                one["valueQuantity"]["value"] = round(rng.uniform(1, 200), 2)
            changed += 1
    return changed


def write_export(folder: Path, export: dict[str, list[Resource]]) -> None:
    """The files of a night, in place of those of the night before."""
    for kind, resources in export.items():
        new = folder / f"{kind}.new"
        new.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in resources))
        new.replace(folder / f"{kind}.ndjson")


def time_nights(folder: Path, nights: int, records: int) -> list[dict[str, float]]:
    """CPU seconds by stage, of the first round and of each night after it."""
    people = invent_patients(100)
    export, place = draw_export(people, records), folder / "export"
    place.mkdir()
    write_patients(place / "Patient.ndjson", people)
    make_home(folder / "home", [Source("bench", "fhir", str(place), "hospital-a")])
    found = []
    for night in range(nights + 1):
        if night:
            change(export, night)
        write_export(place, export)
        watch = RoundWatch()
        state = make_plain_round(folder / "home", watch).state
        if state not in ("published", "quarantine"):  # one visit in 400 is planted to be held back
            raise NightroundsError(f"night {night} ended as {state}", "benchmark", "published")
        found.append(watch.seconds)
    return found


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    os.environ |= {"NIGHTROUNDS_ENCODERS__TEXT": "none", "NIGHTROUNDS_ENCODERS__IMAGE": "none"}
    nights, records = (8, 2_000) if quick else (NIGHTS, 20_000)
    found = time_nights(folder, nights, records)
    totals = [sum(stages.values()) for stages in found]
    early, late = totals[2:5], totals[-3:]
    details = {"records": records, "cpu_s_by_night": totals, "stages_cpu_s": found}
    tenth = max(nights // 3, 1)
    first, last = mean(totals[1 : 1 + tenth]), mean(totals[-tenth:])
    name = f"night {nights} over night 2, 1 % of {records:,} records changed"
    return [
        Figure(
            name,
            f"{median(late):.2f} s",
            f"{median(early):.2f} s",
            median(late) / median(early),
            1.2,
            "within 20 %",
            details,
        ),
        Figure(
            f"mean of the last {tenth} nights over that of the first {tenth}, compaction included",
            f"{last:.2f} s",
            f"{first:.2f} s",
            last / first,
        ),
    ]
