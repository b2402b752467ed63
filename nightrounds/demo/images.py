"""What became of the images: thumbnails of what was published, what was held, and a name that was burned in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightrounds.demo.hospital import Hospital
from nightrounds.demo.leaks import identifier_pattern
from nightrounds.demo.people import RADIOLOGY
from retrieval.reader import Reader
from stores.objects import Objects, preview_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contracts.protocols import Place

OBJECTS = "imaging.object"
_NEEDED = (OBJECTS, "imaging.instance")
_PATIENT_ID, _INSTANCE_NUMBER = 0x00100020, 0x00200013
_PNG_TEXT = re.compile(rb"(?:tEXt|zTXt|iTXt|eXIf)")
_NEAR = 8
"""Rows and columns between two parts that make them two boxes."""


@dataclass(frozen=True)
class Picture:
    """One published image, and its preview as PNG."""

    instance_id: int
    study_id: int
    series_id: int
    person_id: int | None
    modality: str
    body: str
    number: int
    boxes: int
    preview: bytes = field(repr=False)


@dataclass(frozen=True)
class BurnedIn:
    """An image as the scanner wrote it beside what was published of it.

    Attributes:
        before, after: as PNG. The first is patient data: it is drawn from the demo's own file, and never published.
        width, height: of both, in pixels.
        boxes: what differs: left, top, right, bottom in pixels, the last two outside.
        lines_before, lines_after: lines that OCR reads, and how many of these hold a word of the person's identifiers.
        told_before, told_after: how many of these lines hold a word of the person's identifiers.
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


@dataclass(frozen=True)
class Imaged:
    """The images of a release.

    Attributes:
        pictures: those published, with pixels, by study, series and number.
        published, held: how many files; the second by reason.
        changed: files in which something was hidden.
        burned: the shown person's ultrasound before and after; None without truth.
        searched, leaky: published files looked through for identifiers, and how many hold one. Both 0 without truth.
    """

    pictures: tuple[Picture, ...]
    published: int
    held: Mapping[str, int]
    changed: int
    burned: BurnedIn | None = None
    searched: int = 0
    leaky: int = 0


def measure_images(reader: Reader, hospital: Hospital | None, hero: int | None) -> Imaged | None:
    """What became of the images; None where the release holds none."""
    if not reader.has(*_NEEDED):
        return None
    rows = reader.rows(f"SELECT status, reason, boxes_hidden FROM {OBJECTS}")
    held: dict[str, int] = {}
    for row in rows:
        if row["status"] == "held":
            held[row["reason"]] = held.get(row["reason"], 0) + 1
    pictures = tuple(_pictures(reader))
    burned, searched, leaky = None, 0, 0
    if hospital is not None:
        burned = compare_ultrasound(reader, hospital, hero)
        searched, leaky = search_objects(reader, hospital.truth["identifiers"])
    changed = sum(bool(row["boxes_hidden"]) for row in rows if row["status"] == "written")
    return Imaged(pictures, len(rows) - sum(held.values()), held, changed, burned, searched, leaky)


_ROWS = f"""
    SELECT o.instance_id, o.study_id, o.series_id, o.person_id, o.object_key, o.boxes_hidden AS boxes,
        i.modality, i.body_part_examined AS body, i.instance_number AS number
    FROM {OBJECTS} AS o JOIN imaging.instance AS i USING (instance_id)
    WHERE o.status = 'written' AND o.has_preview
    ORDER BY o.person_id IS NULL, i.modality, o.study_id, o.series_id, i.instance_number, o.instance_id"""


def _pictures(reader: Reader) -> Iterator[Picture]:
    store = Objects(reader.home.objects)
    for row in reader.rows(_ROWS):
        preview = store.path(preview_key(row.pop("object_key")))
        if preview.is_file():
            told = {name: row[name] or "" for name in ("modality", "body")}
            counts = {name: row[name] or 0 for name in ("number", "boxes")}
            yield Picture(**{**row, **told, **counts}, preview=preview.read_bytes())


def compare_ultrasound(reader: Reader, hospital: Hospital, hero: int | None) -> BurnedIn | None:
    """The first ultrasound image of the shown person, as exported and as published; None where there is none."""
    from stores.places import LocalPlace
    from tasks.dicom.frames import find_pixels

    found = reader.rows(
        f"""SELECT object_key, boxes_hidden FROM {OBJECTS} AS o JOIN imaging.instance AS i USING (instance_id)
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
    words = {word for text in (*person["identifiers"], *person["birth_spellings"]) for word in _words(text)}
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


def _read(image: NDArray[np.uint8], words: set[str]) -> tuple[int, int]:
    """Lines that OCR reads in an image, and how many of them hold one of the words."""
    from tasks.dicom.burned_in.reading import reader

    lines = [line for line in reader().read(image) if line.score >= 0.5 and len(_words(line.text))]
    return len(lines), sum(not words.isdisjoint(_words(line.text)) for line in lines)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) >= 4}


def changed_boxes(
    before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> tuple[tuple[int, int, int, int], ...]:
    """Boxes around the pixels that differ: bands of rows, each parted where some columns are alike."""
    differs = before != after
    found = []
    for top, bottom in _runs(differs.any(axis=1), 2):
        for left, right in _runs(differs[top:bottom].any(axis=0), _NEAR * 4):
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


def search_objects(reader: Reader, identifiers: Sequence[str]) -> tuple[int, int]:
    """Published files looked through for identifiers, and how many hold one: headers in every byte but the pixels',
    previews for any text at all."""
    pattern = identifier_pattern(identifiers)
    store, searched, leaky = Objects(reader.home.objects), 0, 0
    for row in reader.rows(f"SELECT object_key, has_preview FROM {OBJECTS} WHERE status = 'written'"):
        data = _header(store.place(row["object_key"]))
        texts = (data.decode(code, "replace").casefold() for code in ("utf-8", "latin-1"))
        found = pattern is not None and any(pattern.search(text) for text in texts)
        preview = store.path(preview_key(row["object_key"]))
        if row["has_preview"] and preview.is_file():
            found = found or _PNG_TEXT.search(preview.read_bytes()[:200]) is not None
        searched, leaky = searched + 1, leaky + found
    return searched, leaky


def _header(place: Place) -> bytes:
    """All bytes of a file but its pixels'."""
    from contracts.errors import Rejected
    from tasks.dicom.frames import find_pixels

    with place.open() as file:
        data = file.read()
    try:
        element = find_pixels(place).element
    except Rejected:
        return bytes(data)  # no pixels
    return bytes(data[: element.value] + data[element.end :])


def _png(image: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", optimize=True)
    return data.getvalue()


def thumbnail(preview: bytes, side: int = 104) -> bytes:
    """A preview in small, as PNG of 32 grey levels, or of colours where it has them."""
    from PIL import Image

    with Image.open(io.BytesIO(preview)) as image:
        small = image.convert("RGB" if image.mode in ("RGB", "P") else "L")
        small.thumbnail((side, side), Image.Resampling.BOX)
        data = io.BytesIO()
        small.quantize(32).save(data, "PNG", optimize=True)
    return data.getvalue()
