"""Data sets with identifiers planted in them, and how tests de-identify and read them."""

from __future__ import annotations

import io
from typing import Any

from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.ps315 import profile_table
from tasks.dicom.deidentify import Cleaned, FileCleaner, Options, Told
from tests.dicom_files import image
from tests.tasks.deidentification.people import KEY, MARIA, TODAY

CANARY = "QZCANARYZQ"
"""A stranger's: nothing but the table says that it must go."""

PLANTED: dict[str, Any] = {
    **dict.fromkeys(("LO", "SH", "LT", "ST", "UT", "UC", "CS", "AE", "PN", "UR"), CANARY),
    "DA": "19870613",
    "TM": "135791.2468"[:6],
    "DT": "19870613135724",
    "AS": "047Y",
    "UI": "1.2.99887766.5",
    "OB": CANARY.encode(),
    "UN": CANARY.encode(),
    "OW": CANARY.encode(),
    "DS": "19870613",
    "IS": "19870613",
}
"""By VR, a value that must not be found again."""
TRACES = (CANARY.encode(), b"19870613", b"135791", b"99887766", b"047Y")


def table_tags() -> list[tuple[int, str]]:
    """Tags of Table E.1-1 that belong into a data set, and their VRs."""
    tags = [int(tag, 16) for tag in profile_table() if len(tag) == 8 and "x" not in tag]
    return [(t, dictionary_VR(t)) for t in sorted(tags) if t > 0x0002FFFF and dictionary_has_tag(t)]


def planted(values: dict[str, Any] | None = None, *, skip: frozenset[int] = frozenset()) -> Dataset:
    """A data set with a value in every attribute of the table, and a private one."""
    dataset = Dataset()
    made = values or PLANTED
    for tag, vr in table_tags():
        if vr in made and tag not in skip:
            dataset.add_new(tag, vr, made[vr])
    block = dataset.private_block(0x0009, "CANARY INC", create=True)
    block.add_new(1, "LO", made["LO"])
    block.add_new(2, "UN", b"QZCANARYZQ")
    return dataset


def nest(dataset: Dataset, depth: int) -> Dataset:
    """The data set inside of `depth` sequences that the table does not name."""
    for _ in range(depth):
        around = Dataset()
        around.add_new(0x00081115, "SQ", Sequence([dataset]))  # Referenced Series Sequence
        dataset = around
    return dataset


def to_bytes(dataset: Dataset, encoding: str = "explicit") -> bytes:
    """A file of it: `explicit`, `implicit` or `big`."""
    data = io.BytesIO()
    syntax = {"implicit": ImplicitVRLittleEndian, "big": ExplicitVRBigEndian}.get(encoding)
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(data, enforce_file_format=True)
    return data.getvalue()


def clean(
    data: bytes,
    options: Options | None = None,
    person: Person | None = MARIA,
    profile: Profile = Profile.EXPERT,
    told: Told | None = None,
) -> Cleaned:
    """The file de-identified, as an image of Maria unless told."""
    cleaner = FileCleaner(KEY, profile, TODAY, options)
    return cleaner.clean(io.BytesIO(data), person, told or Told())


def read(cleaned: Cleaned) -> Dataset:
    """The new file, by pydicom."""
    return dcmread(io.BytesIO(cleaned.to_bytes()))


def cleaned_image(options: Options | None = None, person: Person | None = MARIA, **elements: Any) -> Dataset:
    """An image made, de-identified and read."""
    return read(clean(to_bytes(image(**elements)), options, person))
