"""What became of the images: pictures of what was published, what was held, and whether an identifier is left."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nightrounds.demo.burned_in import BurnedIn, compare_ultrasound
from nightrounds.demo.hospital import Hospital
from nightrounds.demo.leaks import identifier_pattern
from retrieval.reader import Reader
from stores.objects import Objects, preview_key

if TYPE_CHECKING:
    from contracts.protocols import Place

OBJECTS = "imaging.object"
_NEEDED = (OBJECTS, "imaging.instance")
_TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})
_SERIES = 48


@dataclass(frozen=True)
class Picture:
    """One published image with its preview.

    Attributes:
        images: how many of its series are published with a preview.
        boxes: how many of its parts are hidden.
        preview: as PNG.
    """

    instance_id: int
    study_id: int
    series_id: int
    person_id: int | None
    modality: str
    body: str
    number: int
    images: int
    boxes: int
    preview: bytes = field(repr=False)


@dataclass(frozen=True)
class Imaged:
    """The images of a release.

    Attributes:
        pictures: one of each series, of invented persons alone where the truth is known.
        series: how many series are published with a preview; in the demo, of invented persons.
        published, held: how many files; the second by reason.
        changed: published files in which something is hidden.
        burned: the shown person's ultrasound before and after; None without truth.
        searched, leaky: published files looked through for identifiers, and how many hold one. Both 0 without truth.
    """

    pictures: tuple[Picture, ...]
    series: int
    published: int
    held: Mapping[str, int]
    changed: int
    burned: BurnedIn | None = None
    searched: int = 0
    leaky: int = 0


def measure_images(
    reader: Reader, hospital: Hospital | None, hero: int | None, persons: Sequence[int] | None = None
) -> Imaged | None:
    """What became of the images; None where the release holds none.

    Args:
        reader: the release.
        hospital: the invented hospital, where it is one.
        hero: the shown person.
        persons: whose images may be shown; None for everybody's.
    """
    if not reader.has(*_NEEDED):
        return None
    rows = reader.rows(f"SELECT status, reason, boxes_hidden FROM {OBJECTS}")
    held = Counter(row["reason"] for row in rows if row["status"] == "held")
    found = _rows_of_series(reader, persons)
    burned, searched, leaky = None, 0, 0
    if hospital is not None:
        burned = compare_ultrasound(reader, hospital, hero)
        searched, leaky = search_objects(reader, hospital.truth["identifiers"])
    return Imaged(
        pictures=tuple(_pictures(reader, found[:_SERIES])),
        series=len(found),
        published=len(rows) - held.total(),
        held=dict(held),
        changed=sum(bool(row["boxes_hidden"]) for row in rows if row["status"] == "written"),
        burned=burned,
        searched=searched,
        leaky=leaky,
    )


_PREVIEWED = f"""
    SELECT o.instance_id, o.study_id, o.series_id, o.person_id, o.object_key, o.boxes_hidden AS boxes,
        i.modality, i.body_part_examined AS body, i.instance_number AS number,
        count(*) OVER (PARTITION BY o.series_id) AS images,
        row_number() OVER (PARTITION BY o.series_id ORDER BY i.instance_number, o.instance_id) AS place
    FROM {OBJECTS} AS o JOIN imaging.instance AS i USING (instance_id)
    WHERE o.status = 'written' AND o.has_preview"""


def _rows_of_series(reader: Reader, persons: Sequence[int] | None) -> list[dict[str, Any]]:
    """The middle image of each series that has a preview."""
    whose, asked = ("", []) if persons is None else (" AND list_contains(?, o.person_id)", [list(persons)])
    order = "i.modality, body, o.study_id, o.series_id"
    return reader.rows(f"{_PREVIEWED}{whose} QUALIFY place = (images + 1) // 2 ORDER BY {order}", asked)


def study_pictures(reader: Reader, study_id: int) -> tuple[Picture, ...]:
    """The previews of a study, in order of series and number."""
    if not reader.has(*_NEEDED):
        return ()
    rows = reader.rows(f"{_PREVIEWED} AND o.study_id = ? ORDER BY o.series_id, place", [study_id])
    return tuple(_pictures(reader, rows))


def _pictures(reader: Reader, rows: Sequence[Mapping[str, Any]]) -> Iterator[Picture]:
    store = Objects(reader.home.objects)
    for row in rows:
        yield Picture(
            instance_id=row["instance_id"],
            study_id=row["study_id"],
            series_id=row["series_id"],
            person_id=row["person_id"],
            modality=row["modality"] or "",
            body=row["body"] or "",
            number=row["number"] or 0,
            images=row["images"],
            boxes=row["boxes"] or 0,
            preview=store.path(preview_key(row["object_key"])).read_bytes(),
        )


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
        if row["has_preview"]:
            found = found or holds_text(preview.read_bytes())
        searched, leaky = searched + 1, leaky + found
    return searched, leaky


def holds_text(png: bytes) -> bool:
    """Whether a PNG has a chunk of text or of Exif (PNG specification, sections 11.3.3 and 11.3.4)."""
    at = 8  # after the signature
    while at + 8 <= len(png):
        if png[at + 4 : at + 8] in _TEXT_CHUNKS:
            return True
        at += 12 + int.from_bytes(png[at : at + 4], "big")  # length, type and checksum around the content
    return False


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


def thumbnail(preview: bytes, side: int = 104) -> bytes:
    """A preview in small, as PNG of 32 grey levels, or of colours where it has them."""
    from PIL import Image

    with Image.open(io.BytesIO(preview)) as image:
        small = image.convert("RGB" if image.mode in ("RGB", "P") else "L")
        small.thumbnail((side, side), Image.Resampling.BOX)
        data = io.BytesIO()
        small.quantize(32).save(data, "PNG", optimize=True)
    return data.getvalue()
