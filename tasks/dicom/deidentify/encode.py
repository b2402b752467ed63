"""Elements as bytes, in each of the encodings (PS3.5 7)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache

from connectors.dicom.recognise import LONG_VRS, UNDEFINED, Encoding

_SHORT_LIMIT = 0xFFFE
_ZERO_PADDED = frozenset({"UI", "OB", "OW", "UN"})
ITEM, SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD


@lru_cache(maxsize=4096)
def tag_bytes(tag: int, little: bool) -> bytes:
    """A tag's four bytes."""
    return struct.pack("<HH" if little else ">HH", tag >> 16, tag & 0xFFFF)


def length_bytes(length: int, little: bool) -> bytes:
    """A length in four bytes."""
    return length.to_bytes(4, "little" if little else "big")


def header_bytes(tag: int, vr: str, length: int, encoding: Encoding) -> bytes:
    """Tag, VR where it is written, and length."""
    little = encoding.little
    head = tag_bytes(tag, little)
    if encoding.implicit:
        return head + length_bytes(length, little)
    name = vr.encode("ascii")
    if name in LONG_VRS:
        return head + name + b"\x00\x00" + length_bytes(length, little)
    return head + name + length.to_bytes(2, "little" if little else "big")


def element_bytes(tag: int, vr: str, value: bytes, encoding: Encoding) -> bytes:
    """An element; its value is padded to an even length, and cut where its VR's length ends."""
    if not encoding.implicit and vr.encode("ascii") not in LONG_VRS:
        value = value[:_SHORT_LIMIT]
    if len(value) % 2:
        value += b"\x00" if vr in _ZERO_PADDED else b" "
    return header_bytes(tag, vr, len(value), encoding) + value


def item_bytes(body: bytes, little: bool) -> bytes:
    """An item of known length."""
    return tag_bytes(ITEM, little) + length_bytes(len(body), little) + body


def text_item(elements: Mapping[int, tuple[str, str]], encoding: Encoding) -> bytes:
    """An item of elements with ASCII values."""
    body = b"".join(
        element_bytes(tag, vr, value.encode("ascii"), encoding)
        for tag, (vr, value) in sorted(elements.items())
    )
    return item_bytes(body, encoding.little)


def sequence_bytes(tag: int, vr: str, items: Iterable[bytes], encoding: Encoding) -> bytes:
    """A sequence of known length; in UN, whose items are implicit, without (PS3.5 6.2.2)."""
    body = b"".join(items)
    if vr == "UN" and not encoding.implicit:
        end = tag_bytes(SEQUENCE_END, encoding.little) + bytes(4)
        return header_bytes(tag, vr, UNDEFINED, encoding) + body + end
    return header_bytes(tag, vr, len(body), encoding) + body
