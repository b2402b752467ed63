"""Notes: characters per CPU-second, and what is found and missed on labelled ones, beside Presidio alone.

Presidio is measured where `NIGHTROUNDS_PRESIDIO_PYTHON` names a Python that has it (see `notes_presidio_peer`).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.figures import Figure
from benchmarks.labelled_notes.documents.writer import make_documents
from benchmarks.labelled_notes.generator import Note, make_notes
from benchmarks.labelled_notes.scoring import Score
from benchmarks.records import Patient, invent_patients, write_note
from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.policy import TextPolicy
from tasks.deidentification.text import Scrubber

PARTS = ("tune", "more", "third", "fourth")
DOCUMENTS = ("fifth", "sixth")
"""Whole documents: the engine was improved on the fifth, and nobody looked at its errors on the sixth."""
TODAY = date(2026, 11, 24)
_SEED = 2026
_PEER = Path(__file__).with_name("notes_presidio_peer.py")
_NEUTRAL = frozenset({"SUFFIX"})
_EXPERT_IGNORES = frozenset({"AGE", "DATE_WORD"}) | _NEUTRAL


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    """Recall, precision and leaks of each part, then speed on labelled notes and on notes like Synthea's."""
    count = 40 if quick else 500
    notes = {part: list(make_notes(part, count, _SEED)) for part in PARTS}
    notes |= {half: list(make_documents(half, count, _SEED)) for half in DOCUMENTS}
    figures = []
    for part, some in notes.items():
        for known in (True, False):
            figures += _quality(part, some, known=known)
    for part in ("sixth", "fourth"):
        rich = notes[part][: 40 if quick else 200]
        peer = _presidio(folder, [note.text for note in rich])
        if peer:
            figures.append(_stated(f"notes, Presidio alone: {part}", _score(rich, peer[1])))
    figures += _speeds(rich, runs, peer[0] if peer else None, quick=quick)
    return figures


def _quality(part: str, notes: Sequence[Note], *, known: bool) -> list[Figure]:
    label = f"notes, {part}, {'identifiers known' if known else 'nothing known'}"
    score = Score()
    scrubber = Scrubber(Profile.SAFE_HARBOR, TODAY)
    for number, note in enumerate(notes):
        person = Person(number + 1, -77, note.traits if known else {})
        score.add(note, [(s.start, s.end) for s in scrubber.spans(note.text, person)], _NEUTRAL)
    details = {kind: f"{score.recall(kind):.4f} of {n}" for kind, n in sorted(score.total.items())}
    missed, names = 1 - score.recall(), 1 - score.recall("NAME")
    leaking = score.notes_leaking / score.notes
    return [
        Figure(f"{label}: missed", f"{missed:.4f}", "", missed, 0.005, "recall 0.995", details),
        Figure(f"{label}: names missed", f"{names:.4f}", "", names, 0.001, "recall 0.999"),
        Figure(
            f"{label}: wrong", f"{1 - score.precision:.4f}", "", 1 - score.precision, 0.05, "precision 0.95"
        ),
        Figure(f"{label}: with any leak", f"{leaking:.3f}", "", leaking),
    ]


def _stated(name: str, score: Score) -> Figure:
    words = f"recall {score.recall():.3f}, names {score.recall('NAME'):.3f}, precision {score.precision:.3f}"
    details = {kind: f"{score.recall(kind):.4f} of {n}" for kind, n in sorted(score.total.items())}
    return Figure(name, words, "", 1 - score.recall(), details=details)


def _score(notes: Sequence[Note], spans: Sequence[Sequence[Sequence[int]]]) -> Score:
    score = Score()
    for note, found in zip(notes, spans, strict=True):
        score.add(note, [(start, end) for start, end in found], _EXPERT_IGNORES)
    return score


def _presidio(folder: Path, texts: Sequence[str]) -> tuple[float, list[list[list[int]]]] | None:
    """CPU-seconds and finds of Presidio, or None where it is not at hand."""
    python = os.environ.get("NIGHTROUNDS_PRESIDIO_PYTHON")
    if not python:
        return None
    given, answer = folder / "notes.json", folder / "presidio.json"
    given.write_text(json.dumps(list(texts)))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([python, str(_PEER), str(given), str(answer)], check=True, env=clean)
    found = json.loads(answer.read_text())
    return float(found["seconds"]), found["spans"]


def _speeds(notes: Sequence[Note], runs: int, presidio: float | None, *, quick: bool) -> list[Figure]:
    texts = [note.text for note in notes]
    traits = notes[0].traits
    size = sum(map(len, texts))
    peer = f"{size / presidio:,.0f} characters/CPU-s" if presidio else ""
    figures = [
        _speed("notes, patterns and lists", texts, traits, TextPolicy(), runs, peer),
        _speed("notes, with spaCy", texts, traits, TextPolicy(recogniser="spacy"), 1, peer),
    ]
    rng = Random(_SEED)
    who: list[Patient] = invent_patients(1)
    plain = [write_note(who[0], "2020-01-02T10:00:00-05:00", rng) for _ in range(100 if quick else 1_500)]
    known = {"name": (who[0].given, who[0].family), "birth_date": (who[0].birth.isoformat(),)}
    return [
        *figures,
        _speed("notes like Synthea's, patterns and lists", plain, known, TextPolicy(), runs, ""),
    ]


def _speed(
    name: str,
    texts: Sequence[str],
    traits: Mapping[str, tuple[str, ...]],
    policy: TextPolicy,
    runs: int,
    peer: str,
) -> Figure:
    import pyarrow as pa

    person = Person(1, -77, dict(traits))
    column, people = pa.array(texts, pa.string()), [person] * len(texts)
    scrubber = Scrubber(Profile.EXPERT, TODAY, policy)
    scrubber.scrub_column(
        column.slice(0, 2), people[:2]
    )  # patterns, lists and models are read once a process
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        scrubber.scrub_column(column, people)
        seconds.append(time.process_time() - start)
    speed = sum(map(len, texts)) / median(seconds)
    return Figure(name, f"{speed:,.0f} characters/CPU-s", peer, speed, details={"seconds": seconds})
