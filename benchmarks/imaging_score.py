"""The scored set of images (`benchmarks/scored`): identifiers planted in headers and pixels, judged action by action.

Files go the way of a round: surveyed, people resolved, each made an object by `make_object`, night after night. Beside
the figures stand the recall of burned-in lines by height and contrast, and failures by kind.
`NIGHTROUNDS_SCORED=sealed` takes the second set, whose names, texts and draws nobody looks at while rules are written.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from benchmarks.figures import Figure
from benchmarks.homes import TODAY
from benchmarks.scored.generator import CONTRASTS, HEIGHTS, write_set
from benchmarks.scored.scoring import Score, score_set
from benchmarks.scored.truth import Truth

_ACTIONS, _LINES = 0.9994, 0.99
_LEGIBLE = 10
SEEDS = {"tune": "1", "sealed": "2"}


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    """Write the set, make objects of it, and score them."""
    part = os.environ.get("NIGHTROUNDS_SCORED", "tune")
    truth = write_set(folder / "set", SEEDS[part], part, 1 if quick else 8)
    written, held, rows, spent = make_objects(folder, truth)
    score = score_set(folder / "set", truth, written, held)
    print(report(score), file=sys.stderr)
    return [*_figures(score, part), *_speed(rows, spent)]


def make_objects(
    folder: Path, truth: Truth
) -> tuple[dict[str, Path], dict[str, str], list[dict[str, Any]], list[float]]:
    """The objects of a set's files, by name; why others are held; rows of `imaging.object`; CPU seconds of each."""
    from contracts.privacy import Profile
    from contracts.units import Source
    from stores.home import create_home
    from stores.objects import Objects
    from tasks.workroom import open_workroom, save_sources

    home = create_home(folder / "home", Profile.EXPERT, seed="scored")
    room = open_workroom(str(home.path))
    export = folder / "export"
    export.mkdir()
    source = Source("pacs", "dicom", str(export), authority="pacs")
    save_sources(room.vault, [source])
    written: dict[str, Path] = {}
    held: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    spent: list[float] = []
    for night in (1, 2):
        names = [f.name for f in truth.files if f.night == night]
        for name in names:
            os.link(folder / "set" / name, export / Path(name).name)
        for name, row, seconds in _one_night(str(home.path), source, names, len(rows)):
            rows.append(row)
            spent.append(seconds)
            if row["status"] == "written":
                written[name] = Objects(home.objects).path(row["object_key"])
            else:
                held[name] = str(row["reason"])
    return written, held, rows, spent


def _one_night(
    home: str, source: Any, names: list[str], begun: int
) -> list[tuple[str, dict[str, Any], float]]:
    from contracts.units import Unit
    from tasks.dicom.objects import ObjectJob, ObjectTask, make_object
    from tasks.surveying import survey_unit
    from tasks.workroom import Job, open_workroom

    room = open_workroom(home)
    paths = [Path(name).name for name in names]
    tokens = room.vault.remember_places(source.name, paths)
    found = [
        survey_unit(Job(home, Unit(f"{source.name}/{t}", source.name, source.kind), TODAY)) for t in tokens
    ]
    room.vault.resolve(1)
    made = []
    for number, (name, surveyed) in enumerate(zip(names, found, strict=True), begun + 1):
        task = ObjectTask(number, 1 + number // 10, number, surveyed.unit, "scored", sampled=True)
        started = process_time()
        row = make_object(ObjectJob(home, TODAY, task))
        made.append((name, row, process_time() - started))
    return made


def _figures(score: Score, part: str) -> list[Figure]:
    hidden, lines = score.recall(_LEGIBLE)
    total = score.right.total() + score.wrong.total()
    details = {"right": dict(score.right), "wrong": dict(score.wrong), "held": dict(score.held)}
    return [
        Figure(f"images, {part}: actions that were wrong", f"{100 * score.share:.3f}% right", f"of {total}",
               1 - score.share, 1 - _ACTIONS, "99.94% right", details),
        Figure("direct identifiers left in headers", str(len(score.leaks)), "", float(len(score.leaks)), 0.0, "none"),
        Figure("burned-in lines of 10 pixels and more left", f"{100 * hidden / max(lines, 1):.2f}% hidden",
               f"of {lines}",
               1 - hidden / max(lines, 1), 1 - _LINES, "99% hidden",
               {"by kind": score.by_kind, "by height": [[*k, *v] for k, v in sorted(score.lines.items())]}),
        Figure("images without text that changed", str(len(score.changed)), "", float(len(score.changed)), 0.0, "none"),
        Figure("markers that say nothing, kept", str(score.markers[0]), f"of {score.markers[1]}",
               score.markers[0] / max(score.markers[1], 1)),
    ]  # fmt: skip


def _speed(rows: list[dict[str, Any]], spent: list[float]) -> list[Figure]:
    """How long files take, and how many frames were looked at and read."""
    frames, checked, read = (
        sum(int(row.get(name) or 0) for row in rows)
        for name in ("number_of_frames", "frames_checked", "frames_read")
    )
    return [
        Figure("an object with OCR", f"{1000 * sum(spent) / max(len(spent), 1):.0f} ms of CPU",
               f"median {1000 * median(spent):.0f} ms", sum(spent) / max(len(spent), 1)),
        Figure("frames spared by rules, and unread by their likeness", f"{frames - checked} + {checked - read}",
               f"of {frames}", (frames - read) / max(frames, 1)),
    ]  # fmt: skip


def report(score: Score) -> str:
    """What was missed, by kind; and the recall of burned-in lines by height and contrast."""
    out = [f"{'action':<20}{'right':>8}{'wrong':>8}"]
    out += [f"{a:<20}{score.right[a]:>8}{score.wrong[a]:>8}" for a in sorted(score.right | score.wrong)]
    out += [
        "",
        "lines hidden of lines there were, by height (down) and contrast",
        "px   " + "".join(f"{c:>10}" for c in CONTRASTS),
    ]
    for height in sorted({*HEIGHTS, *(h for h, _ in score.lines)}):
        cells = (score.lines.get((height, c), [0, 0]) for c in CONTRASTS)
        out.append(f"{height:<5}" + "".join(f"{f'{a}/{b}':>10}" for a, b in cells))
    out += ["", "by kind, of 10 px and more:"] + [
        f"  {k:<24}{a}/{b}" for k, (a, b) in sorted(score.by_kind.items())
    ]
    out += ["", "failures:"]
    out += [f"  {n:>4} {' | '.join(what)}" for what, n in Counter(score.failures).most_common(60)]
    out += [f"  left in {keyword}: {n}" for keyword, n in Counter(k for _, k in score.leaks).most_common()]
    out += [f"  held, {reason}: {n}" for reason, n in score.held.items()]
    return "\n".join(out)
