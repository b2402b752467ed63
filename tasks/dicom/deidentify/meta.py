"""File meta (group 0002) and what de-identification says of itself (PS3.10 7.1, PS3.15 E.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.dicom.recognise import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    NATIVE,
    Encoding,
    Opening,
)
from tasks.deidentification.ps315 import METHOD, Options, method_codes, temporal_information
from tasks.dicom.deidentify.encode import element_bytes, sequence_bytes, text_item

PREAMBLE = bytes(128) + b"DICM"
IMPLEMENTATION_CLASS = b"2.25.264158716237459829160485731968052137441"
IMPLEMENTATION_VERSION = b"NIGHTROUNDS"
_EXPLICIT = Encoding()
BURNED_IN = 0x00280301


@dataclass(frozen=True)
class Told:
    """What other stages found of an image, to be stated in its header.

    Attributes:
        burned_in: value of Burned In Annotation (0028,0301): "YES" or "NO"; the file's own stays where it is empty.
        pixels_cleaned: burned-in text was looked for, and hidden.
        faces_cleaned: recognisable features were hidden.
    """

    burned_in: str = ""
    pixels_cleaned: bool = False
    faces_cleaned: bool = False


def syntax_of(opening: Opening) -> str:
    """The transfer syntax to state: the one stated, unless the bytes are in another encoding."""
    stated = opening.transfer_syntax
    if stated and stated not in NATIVE - {""}:
        return stated
    if opening.deflated:
        return stated
    if not opening.encoding.little:
        return EXPLICIT_BIG
    if opening.encoding.implicit:
        return stated if stated.startswith("1.2.840.113619.") else IMPLICIT_LITTLE
    return EXPLICIT_LITTLE


def file_meta(sop_class: str, sop_instance: bytes, syntax: str) -> bytes:
    """Preamble, prefix and file meta; nothing of the file's own but its class and encoding."""
    values: Mapping[int, tuple[str, bytes]] = {
        0x00020001: ("OB", b"\x00\x01"),
        0x00020002: ("UI", sop_class.encode("ascii", "replace")),
        0x00020003: ("UI", sop_instance),
        0x00020010: ("UI", syntax.encode("ascii", "replace")),
        0x00020012: ("UI", IMPLEMENTATION_CLASS),
        0x00020013: ("SH", IMPLEMENTATION_VERSION),
    }
    body = b"".join(element_bytes(tag, vr, value, _EXPLICIT) for tag, (vr, value) in values.items())
    return PREAMBLE + element_bytes(0x00020000, "UL", len(body).to_bytes(4, "little"), _EXPLICIT) + body


def statements(options: Options, shifts: bool, told: Told, encoding: Encoding) -> list[tuple[int, bytes]]:
    """The elements that say what was done, encoded, by ascending tag."""
    codes = method_codes(
        options, shifts, pixels_cleaned=told.pixels_cleaned, faces_cleaned=told.faces_cleaned
    )
    items = [
        text_item({0x00080100: ("SH", c), 0x00080102: ("SH", "DCM"), 0x00080104: ("LO", m)}, encoding)
        for c, m in codes
    ]
    values = [
        (0x00120062, "CS", b"YES"),
        (0x00120063, "LO", "\\".join(METHOD).encode("ascii")),
        (BURNED_IN, "CS", told.burned_in.encode("ascii")),
        (0x00280303, "CS", temporal_information(options, shifts).encode("ascii")),
    ]
    found = [(tag, element_bytes(tag, vr, value, encoding)) for tag, vr, value in values if value]
    return sorted([*found, (0x00120064, sequence_bytes(0x00120064, "SQ", items, encoding))])
