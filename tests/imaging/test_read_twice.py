"""Small and faint lines are found by a second look, at where they may stand and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.scored.lettering import fonts
from tasks.dicom.burned_in.reading import reader
from tasks.dicom.burned_in.unread import find_unread

_SIDE, _LEFT, _TOP = 768, 300, 400


def faint(text: str) -> tuple[np.ndarray[Any, Any], tuple[int, int, int, int]]:
    """A noisy frame with a line of ten pixels and forty grey levels, and the box of its ink."""
    frame = np.random.default_rng(7).normal(60, 4, (_SIDE, _SIDE))
    shape = fonts()["hershey-duplex"](text, 10) if text else np.zeros((1, 1))
    rows, columns = shape.shape
    frame[_TOP : _TOP + rows, _LEFT : _LEFT + columns] += shape * 40
    return np.clip(frame, 0, 255).astype(np.uint8), (_LEFT, _TOP, _LEFT + columns, _TOP + rows)


def test_what_is_too_small_and_faint_is_read_when_it_is_enlarged() -> None:
    frame, (left, top, right, bottom) = faint("H32479777")
    assert reader().read(frame) == []
    (line,) = reader().read_twice(frame)
    assert line.text == "H32479777"
    assert np.abs(np.subtract(line.box, (left, top, right, bottom))).max() <= 4


def test_only_what_is_around_it_is_read_again() -> None:
    frame, (left, top, right, bottom) = faint("H32479777")
    (part,) = find_unread(frame, [])
    assert part[0] <= left - 32 and part[2] >= right + 32
    assert part[1] <= top - 16 and part[3] >= bottom + 16
    assert (part[2] - part[0]) * (part[3] - part[1]) < frame.size / 20


def test_noise_and_lines_that_were_read_are_not_read_again() -> None:
    assert find_unread(faint("")[0], []) == []
    frame, box = faint("H32479777")
    assert find_unread(frame, [box]) == []


def test_parts_are_apart_and_within_the_image() -> None:
    frame = np.full((500, 500), 40, np.uint8)
    shape = fonts()["aileron"]("MUSTER", 12) * 150
    rows, columns = shape.shape
    for top, left in ((0, 0), (0, 500 - columns), (40, 30), (500 - rows, 200)):
        frame[top : top + rows, left : left + columns] += shape.astype(np.uint8)
    parts = find_unread(frame, [])
    covered = np.zeros(frame.shape, np.uint8)
    for left, top, right, bottom in parts:
        assert 0 <= left < right <= 500 and 0 <= top < bottom <= 500
        covered[top:bottom, left:right] += 1
    assert covered.max() == 1
    assert (covered[frame > 100] == 1).all()
