"""Score what became of the set: every planted element and line, and every image without text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.scored.generator import ink_of
from benchmarks.scored.truth import (
    CLEANED,
    HIDDEN,
    KEPT,
    PATIENT,
    REMOVED,
    REPLACED,
    RETAINED,
    SHIFTED,
    UID,
    File,
    Line,
    Plant,
    Truth,
)  # fmt: skip

if TYPE_CHECKING:
    from numpy.typing import NDArray

_INK_LEFT = 0.1
"""A line of which no more than this share of ink can still be seen is hidden."""
_NEAR = 24
"""Pixels around lines that may be hidden with them."""
_SHORTEST = 4
"""Identifiers of as many characters are looked for in the whole header."""


@dataclass
class Score:
    """What was right.

    Attributes:
        right, wrong: actions by kind.
        failures: of each wrong one: kind of action, kind of file, and where; nothing that was planted.
        leaks: identifiers that are left in a header, as (file, keyword).
        lines: by (height, contrast), lines hidden and lines there were.
        by_kind: the same by kind of image, of ten pixels and more.
        changed: files without text of which a pixel changed.
        held: files that were not written, by reason.
    """

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    leaks: list[tuple[str, str]] = field(default_factory=list)
    lines: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    by_kind: dict[str, list[int]] = field(default_factory=dict)
    markers: list[int] = field(default_factory=lambda: [0, 0])
    changed: list[str] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)

    def add(self, action: str, good: bool, kind: str, where: str) -> None:
        """Count one action."""
        (self.right if good else self.wrong)[action] += 1
        if not good:
            self.failures.append((action, kind, where))

    @property
    def share(self) -> float:
        """Of all actions, those that were right."""
        return self.right.total() / max(1, self.right.total() + self.wrong.total())

    def recall(self, height: int, contrast: int = 0) -> tuple[int, int]:
        """Lines hidden and lines there were, of so many pixels and grey levels and more."""
        chosen = [v for (tall, strong), v in self.lines.items() if tall >= height and strong >= contrast]
        return sum(v[0] for v in chosen), sum(v[1] for v in chosen)


def score_set(folder: Path, truth: Truth, written: Mapping[str, Path], held: Mapping[str, str]) -> Score:
    """Score the files that were written.

    Args:
        folder: of the set.
        truth: of the set.
        written: by name of the source, the de-identified file.
        held: by name, why a file was not written: all of its actions are wrong.
    """
    score, judge = Score(), _Together()
    for file in truth.files:
        if file.name not in written:
            score.held[held.get(file.name, "not there")] += 1
            for plant in file.plants:
                score.add(plant.action, False, file.kind, "held")
            for _ in [x for x in file.lines if x.personal]:
                score.add(HIDDEN, False, file.kind, "held")
            continue
        _score_file(score, judge, folder, file, written[file.name], truth.identifiers[file.patient])
    judge.settle(score)
    return score


def _score_file(
    score: Score, judge: _Together, folder: Path, file: File, path: Path, names: tuple[str, ...]
) -> None:
    from pydicom import dcmread

    found = dcmread(path)
    for plant in file.plants:
        value = _value_at(found, plant.path)
        if plant.action in (SHIFTED, UID, PATIENT):
            judge.take(file, plant, value)
        else:
            score.add(plant.action, _is_right(plant, value), file.kind, plant.path)
    score.leaks += [(file.name, keyword) for keyword in _leaks(found, names)]
    if file.kind != "header":
        _score_pixels(score, folder, file, dcmread(folder / file.name).pixel_array, found.pixel_array)


def _is_right(plant: Plant, value: str | None) -> bool:
    left = [t for t in plant.tokens if t and value and _holds(value, t)]
    if plant.action == REMOVED:
        return not value
    if plant.action == REPLACED:
        return not value or (value.strip() != plant.value.strip() and not left)
    if plant.action == KEPT:
        return value is not None and _plain(value) == _plain(plant.value)
    if plant.action == CLEANED:
        return not left
    return value is not None and all(word.casefold() in value.casefold() for word in plant.words)


def _plain(value: str) -> str:
    try:
        return "\\".join(f"{float(v):.6g}" for v in value.split("\\"))
    except ValueError:
        return value.strip()


def _holds(value: str, token: str) -> bool:
    pattern = rf"(?<!\w){re.escape(token.casefold())}(?!\w)"
    if not token.isascii() and not re.search(r"[A-Za-z]", token):
        pattern = re.escape(token.casefold())
    return re.search(pattern, value.casefold()) is not None


def _value_at(dataset: Any, path: str) -> str | None:
    """The value at a path, several parted by backslashes; None where there is no element."""
    *way, last = path.split(".") if "." in path else (path,)
    for step in way:
        keyword, number = step.rstrip("]").split("[")
        sequence = dataset.get(keyword)
        if not sequence or len(sequence) <= int(number):
            return None
        dataset = sequence[int(number)]
    private = re.fullmatch(r"([0-9A-F]{4})\[(.*)\]([0-9A-F]{2})", last)
    try:
        if private:
            return _spelled(dataset.private_block(int(private[1], 16), private[2])[int(private[3], 16)])
        return _spelled(dataset[last])
    except KeyError:
        return None


def _spelled(element: Any) -> str:
    value = element.value
    if element.VR == "SQ":
        return "items" if len(value) else ""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    many = isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue"
    return "\\".join(map(str, value)) if many else str(value)


def _leaks(found: Any, names: tuple[str, ...]) -> list[str]:
    """Keywords of elements that hold a direct identifier of the person, at any depth."""
    long = [n for n in names if len(n) >= _SHORTEST or not n.isascii()]
    held = []
    for element in found.iterall():
        if (element.VR in ("SQ", "OW", "OB") and element.tag.group == 0x7FE0) or element.VR == "SQ":
            continue
        value = _spelled(element)
        if any(_holds(value, name) for name in long):
            held.append(element.keyword or str(element.tag))
    return held


class _Together:
    """What can be judged only over all files: one value for one value, and one shift for one person."""

    def __init__(self) -> None:
        self._same: dict[tuple[str, str], list[tuple[File, Plant, str | None]]] = {}
        self._shifts: dict[int, list[tuple[File, Plant, int | None]]] = {}

    def take(self, file: File, plant: Plant, value: str | None) -> None:
        """Remember a value until all are seen."""
        if plant.action == SHIFTED:
            self._shifts.setdefault(file.patient, []).append((file, plant, _days(plant.value, value)))
        else:
            self._same.setdefault((plant.action, plant.value), []).append((file, plant, value))

    def settle(self, score: Score) -> None:
        """Judge them."""
        taken: Counter[tuple[str, str]] = Counter()
        usual = {}
        for mark, seen in self._same.items():
            usual[mark] = Counter(value or "" for _, _, value in seen).most_common(1)[0][0]
            taken[mark[0], usual[mark]] += 1
        for mark, seen in self._same.items():
            own = bool(usual[mark]) and usual[mark] != mark[1] and taken[mark[0], usual[mark]] == 1
            for file, plant, value in seen:
                score.add(plant.action, own and value == usual[mark], file.kind, plant.path)
        for seen_days in self._shifts.values():
            days = Counter(d for _, _, d in seen_days if d is not None).most_common(1)
            for file, plant, moved in seen_days:
                good = bool(days) and moved == days[0][0] and moved != 0
                score.add(SHIFTED, good, file.kind, plant.path)


def _days(before: str, after: str | None) -> int | None:
    try:
        if not after or before[8:] != after[8:]:
            return None
        return (date.fromisoformat(after[:8]) - date.fromisoformat(before[:8])).days
    except ValueError:
        return None


def _score_pixels(score: Score, folder: Path, file: File, before: NDArray[Any], after: NDArray[Any]) -> None:
    if before.shape != after.shape:
        score.add(RETAINED, False, file.kind, "another shape")
        score.changed.append(file.name)
        return
    if not file.lines:
        same = bool((before == after).all())
        score.add(RETAINED, same, file.kind, "pixels")
        score.changed += [] if same else [file.name]
        return
    ink = ink_of(folder, file)
    left = _unchanged(before, after, ink.shape)
    away = np.ones(ink.shape, np.bool_)
    for line in file.lines:
        x0, y0, x1, y1 = line.box
        away[max(0, y0 - _NEAR) : y1 + _NEAR, max(0, x0 - _NEAR) : x1 + _NEAR] = False
        _score_line(score, file, line, left[y0:y1, x0:x1], ink[y0:y1, x0:x1])
    score.add(RETAINED, bool(left[away].all()), file.kind, "away from text")


def _unchanged(before: NDArray[Any], after: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where no frame and no channel changed: (rows, columns)."""
    same = before == after
    while same.shape[:2] != shape or same.ndim > 2:
        same = same.all(axis=-1) if same.shape[-1] == 3 and same.ndim > 2 else same.all(axis=0)
    return np.asarray(same, np.bool_)


def _score_line(score: Score, file: File, line: Line, left: NDArray[Any], ink: NDArray[Any]) -> None:
    hidden = float((left & ink).sum()) <= _INK_LEFT * float(ink.sum())
    if not line.personal:
        score.markers[0] += not hidden
        score.markers[1] += 1
        return
    held = score.lines.setdefault((line.height, line.contrast), [0, 0])
    held[0] += hidden
    held[1] += 1
    if line.height >= 10:
        kind = score.by_kind.setdefault(file.kind, [0, 0])
        kind[0] += hidden
        kind[1] += 1
    where = f"{line.height} px, {line.contrast} levels, {line.font}"
    score.add(HIDDEN, hidden, file.kind, where)
