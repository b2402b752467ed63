"""Lines of burned-in text are hidden to their ends; what is no text of theirs stays."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.scored.lettering import fonts
from tasks.dicom.burned_in.looking import Looked
from tasks.dicom.burned_in.risk import CHECK, Risk
from tasks.dicom.burned_in.widening import widen_along_ink


def lettered(text: str, height: int = 16) -> tuple[np.ndarray[Any, Any], tuple[int, int, int, int]]:
    """A dark image with a line of text in it, and the box of its ink."""
    shape = fonts()["aileron"](text, height)
    image = np.full((120, 400), 40, np.uint8)
    rows, columns = shape.shape
    image[50 : 50 + rows, 60 : 60 + columns] += (shape * 150).astype(np.uint8)
    return image, (60, 50, 60 + columns, 50 + rows)


def test_a_box_that_ends_before_its_line_grows_to_the_line_s_end() -> None:
    image, (left, top, right, bottom) = lettered("MUSTER 4711")
    grown = widen_along_ink(image, (left, top, right - 30, bottom))
    assert right - 2 <= grown[2] <= right
    assert grown[0] == left
    grown = widen_along_ink(image, (left + 30, top, right, bottom))
    assert left <= grown[0] <= left + 2


def test_a_box_without_ink_beside_it_stays() -> None:
    image, box = lettered("MUSTER")
    assert widen_along_ink(image, box) == box
    assert widen_along_ink(np.full((50, 50), 7, np.uint8), (10, 10, 20, 20)) == (10, 10, 20, 20)


def test_a_body_beside_a_line_is_not_hidden_with_it() -> None:
    image, box = lettered("MUSTER")
    image[:, box[2] + 5 :] = 190
    assert widen_along_ink(image, box) == box


def test_few_large_lines_are_no_page() -> None:
    looked = Looked(Risk(CHECK, "other"), 1)
    looked.boxes = [(0, 60 * n, 320, 60 * n + 40) for n in range(5)]
    looked.judge_page((320, 320))
    assert looked.reason == ""
    looked.boxes = [(0, 20 * n, 320, 20 * n + 15) for n in range(14)]
    looked.judge_page((320, 320))
    assert looked.reason == "page-of-text"
