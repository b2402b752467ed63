"""An ultrasound with its patient's name drawn into it, as the demo made it and as it was published."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightrounds.demo.hospital import Hospital
from nightrounds.demo.people import RADIOLOGY
from retrieval.reader import Reader
from stores.objects import Objects

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PATIENT_ID = 0x00100020
_APART = 32
"""Columns that part two boxes of one line."""
_LEGIBLE = 0.5
"""The least score of a line that counts as read."""


@dataclass(frozen=True)
class BurnedIn:
    """An image as the scanner wrote it beside what was published of it.

    Attributes:
        before, after: as PNG. The first is drawn from the demo's own file: patient data, were she not invented.
        width, height: of both, in pixels.
        boxes: what differs: left, top, right, bottom in pixels, the last two outside.
        lines_before, lines_after: lines that OCR reads.
        told_before, told_after: how many of these hold a word of the person's identifiers.
        hidden: the boxes that the object's row counts.
    """

    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    width: int
    height: int
    boxes: tuple[tuple[int, int, int, int], ...]
    lines_before: int
    lines_after: int
    told_before: int
    told_after: int
    hidden: int

    @property
    def gone(self) -> bool:
        """Whether the identifiers could be read before, and cannot be now."""
        return self.told_before > 0 == self.told_after and self.hidden > 0


def compare_ultrasound(reader: Reader, hospital: Hospital, hero: int | None) -> BurnedIn | None:
    """The first ultrasound image of the shown person, as exported and as published; None where there is none."""
    from stores.places import LocalPlace
    from tasks.dicom.frames import find_pixels

    found = reader.rows(
        """SELECT object_key, boxes_hidden FROM imaging.object AS o JOIN imaging.instance AS i USING (instance_id)
        WHERE o.person_id = ? AND i.modality = 'US' AND o.status = 'written' AND i.instance_number = 1""",
        [hero],
    )
    person = hospital.person(hospital.hero)
    number = next((n for authority, n, _ in person["identities"] if authority == RADIOLOGY), "")
    path = _exported(hospital, number)
    if not found or path is None:
        return None
    place = Objects(reader.home.objects).place(found[0]["object_key"])
    before, after = (_levels(find_pixels(p)) for p in (LocalPlace(path), place))
    words = telling_words([*person["identifiers"], *person["birth_spellings"]])
    told = [_read(image, words) for image in (before, after)]
    return BurnedIn(
        before=_png(before),
        after=_png(after),
        width=before.shape[1],
        height=before.shape[0],
        boxes=changed_boxes(before, after),
        lines_before=told[0][0],
        lines_after=told[1][0],
        told_before=told[0][1],
        told_after=told[1][1],
        hidden=found[0]["boxes_hidden"] or 0,
    )


def _exported(hospital: Hospital, number: str) -> Path | None:
    """The demo's own file of a person's first ultrasound image."""
    from connectors.dicom.dataset import load_elements, survey_elements
    from connectors.dicom.recognise import recognise
    from connectors.dicom.values import text_of
    from stores.places import LocalPlace

    folder = next(Path(s["location"]) for s in hospital.sources_on(1) if s["kind"] == "dicom")
    for path in sorted(folder.glob("*/*_US_*/IM0001.dcm")):
        place = LocalPlace(path)
        opening = recognise(place)
        if opening is not None:
            elements = survey_elements(place, opening).elements
            if (
                text_of(load_elements(place, opening, elements, lambda e: e.tag == _PATIENT_ID), _PATIENT_ID)
                == number
            ):
                return path
    return None


def _levels(pixels: Any) -> NDArray[np.uint8]:
    from tasks.dicom.burned_in.looking import show

    return show(pixels, 0)[0]


def telling_words(identifiers: Iterable[str]) -> frozenset[str]:
    """What of identifiers tells who somebody is, as `squeeze` has it: words of names, numbers and dates as wholes."""
    words = set()
    for text in identifiers:
        parts = [text] if re.search(r"\d", text) else re.split(r"\W+", text)
        words |= {word for part in parts if len(word := squeeze(part)) >= 4}
    return frozenset(words)


def squeeze(text: str) -> str:
    """Letters and digits alone, case-folded: OCR often loses the blanks and points between words."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _read(image: NDArray[np.uint8], words: Iterable[str]) -> tuple[int, int]:
    """Lines that OCR reads in an image, and how many of them hold one of the words."""
    from tasks.dicom.burned_in.reading import reader

    lines = [squeeze(line.text) for line in reader().read(image) if line.score >= _LEGIBLE]
    return len([line for line in lines if line]), sum(any(w in line for w in words) for line in lines)


def changed_boxes(
    before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> tuple[tuple[int, int, int, int], ...]:
    """Boxes around the pixels that differ: bands of rows, each parted where some columns are alike."""
    differs = before != after
    found = []
    for top, bottom in _runs(differs.any(axis=1), 2):
        for left, right in _runs(differs[top:bottom].any(axis=0), _APART):
            rows = differs[top:bottom, left:right].any(axis=1).nonzero()[0]
            found.append((left, top + int(rows[0]), right, top + int(rows[-1]) + 1))
    return tuple(found)


def _runs(set_: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Where something is set, as (begin, end); gaps of up to `gap` are bridged."""
    runs: list[tuple[int, int]] = []
    for place in set_.nonzero()[0].tolist():
        if runs and place - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _png(image: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", optimize=True)
    return data.getvalue()
