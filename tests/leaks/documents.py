"""The text of PDF documents: streams inflated, strings of all spellings, shown and in the document's own data."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.leaks.scanner import Scan

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_SHOWN = re.compile(rb"\[((?:[^\[\]\\(]|\\.|\((?:[^()\\]|\\.)*\))*)\]\s*TJ", re.DOTALL)
_STRING = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]{2,})>", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def scan_pdf(run: Scan, place: tuple[str, str, str], data: bytes, depth: int) -> None:
    """Texts of a PDF, as far as its fonts have the letters' own codes; streams of other kinds as what they are."""
    from tests.leaks.decoders import scan_content

    name = f"{place[2]} > PDF" if place[2] else "PDF"
    at = (*place[:2], name)
    parts = [_STREAM.sub(b"stream endstream", data)]
    for match in _STREAM.finditer(data):
        inflated = _inflate(match[1])
        if inflated is None:
            scan_content(run, at, match[1], depth + 1)
        else:
            parts.append(inflated)
            scan_content(run, at, inflated, depth + 1)
    texts = [text for part in parts for text in _texts(part)]
    run.scan_strings(at, list(dict.fromkeys(texts)), depth=depth + 1)
    run.scan_raw(at, data)


def _inflate(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return None


def _texts(part: bytes) -> Iterator[str]:
    """Strings one by one, those of one TJ together, and all in a row, as one line may be shown in pieces."""
    for shown in _SHOWN.finditer(part):
        yield "".join(_decoded(found) for found in _STRING.finditer(shown[1]))
    single = [_decoded(found) for found in _STRING.finditer(part)]
    yield from single
    yield "".join(single)
    yield " ".join(single)


def _decoded(found: re.Match[bytes]) -> str:
    if found[2] is not None:
        digits = b"".join(found[2].split())
        data = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    else:
        data = _ESCAPE.sub(_unescape, found[1])
    if data[:2] == b"\xfe\xff":
        return data[2:].decode("utf-16-be", "replace")
    return data.decode("latin-1")


def _unescape(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if code.isdigit():
        return bytes([int(code, 8) & 0xFF])
    return b"" if code in (b"\n", b"\r\n") else _NAMED.get(code, code)
