"""Whose image it is: the patient's number, and everything in the header that must be hidden of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from connectors.dicom.dataset import load_elements, survey_head
from connectors.dicom.plain import PlainReader
from connectors.dicom.plain_values import Declined
from connectors.dicom.recognise import recognise
from connectors.dicom.values import date_of, items_of, text_of, texts_of
from contracts.identity import Identity

if TYPE_CHECKING:
    from connectors.dicom.values import Header
    from contracts.protocols import Reading

PATIENT_ID, ISSUER = 0x00100020, 0x00100021
_CHARACTER_SET = 0x00080005
_BIRTH_DATE, _OTHER_IDS = 0x00100030, 0x00101002
# name, other names, birth name, mother's birth name
_NAMES = (0x00100010, 0x00101001, 0x00101005, 0x00101060)
# responsible person; referring, consulting, attending, performing and reading physicians, operators, requester.
# Not the patient's own identifiers, but notes name them, and who treats whom tells who is treated.
_CONTACTS = (
    0x00102297,
    0x00080090,
    0x0008009C,
    0x00081048,
    0x00081050,
    0x00081060,
    0x00081070,
    0x00321032,
)
_IDENTIFIERS = (
    PATIENT_ID,
    0x00101000,  # other patient ids
    0x00101090,  # medical record locator
    0x00080050,  # accession number
    0x00200010,  # study id
    0x00380010,  # admission id
    0x00380060,  # service episode id
    0x00402016,  # placer order number
    0x00402017,  # filler order number
)
_PHONES = (0x00102154,)
_ADDRESSES = (0x00101040, 0x00102152)  # address, region of residence
_WANTED = frozenset(
    (_CHARACTER_SET, ISSUER, _BIRTH_DATE, _OTHER_IDS)
    + (_NAMES + _CONTACTS + _IDENTIFIERS + _PHONES + _ADDRESSES)
)
_LAST = max(_WANTED)
_PLAIN = PlainReader(
    dict.fromkeys(_WANTED, frozenset({"PN", "LO", "SH", "ST", "CS", "DA", "LT", "UT"}))
    | {_OTHER_IDS: frozenset({"SQ"})}
)


def find_identity(reading: Reading) -> Identity | None:
    """The patient of an image with their traits; None where the file is no image or names no patient number.

    Raises:
        Rejected: the file cannot be read.
    """
    plain = _PLAIN.read(reading.place, dumped=False, last=_LAST)
    if plain is not None:
        with suppress(Declined):
            return describe_patient(plain, reading.authority)
    opening = recognise(reading.place)
    if opening is None:
        return None
    elements = survey_head(reading.place, opening, _LAST)
    dataset = load_elements(reading.place, opening, elements, lambda element: element.tag in _WANTED)
    return describe_patient(dataset, reading.authority)


def describe_patient(dataset: Header, authority: str) -> Identity | None:
    """The identity that a header states: an issuer's number where it names one, else the source's authority's."""
    number = text_of(dataset, PATIENT_ID)
    if number is None:
        return None
    return Identity(text_of(dataset, ISSUER) or authority, number, "", "dicom", (), _traits(dataset))


def subject_of(dataset: Header, authority: str) -> str | None:
    """The encoded identity alone."""
    number = text_of(dataset, PATIENT_ID)
    return Identity(text_of(dataset, ISSUER) or authority, number).subject if number else None


def _traits(dataset: Header) -> dict[str, tuple[str, ...]]:
    birth_date = date_of(dataset, _BIRTH_DATE)
    others = [text for item in items_of(dataset, _OTHER_IDS) for text in texts_of(item, PATIENT_ID)]
    found = {
        "name": _names(dataset, _NAMES),
        "contact": _names(dataset, _CONTACTS),
        "identifier": [*_texts(dataset, _IDENTIFIERS), *others],
        "phone": _texts(dataset, _PHONES),
        "address": _texts(dataset, _ADDRESSES),
        "birth_date": [birth_date] if birth_date else [],
    }
    return {key: tuple(dict.fromkeys(values)) for key, values in found.items() if values}


def _texts(dataset: Header, tags: tuple[int, ...]) -> list[str]:
    return [text for tag in tags for text in texts_of(dataset, tag)]


def _names(dataset: Header, tags: tuple[int, ...]) -> list[str]:
    """All parts of person names: family, given, middle, prefix, suffix, in each of their three spellings."""
    parts = []
    for text in _texts(dataset, tags):
        for spelling in text.split("="):
            parts += [part.strip() for part in spelling.split("^")]
    return [part for part in parts if part]
