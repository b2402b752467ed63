"""Notes inside attachments that SQL could not decode: other character sets, white space in the base64."""

from __future__ import annotations

import base64
import binascii

import pyarrow as pa
import pyarrow.compute as pc


def decode_attachments(found: pa.Table) -> tuple[pa.Table, list[int]]:
    """Fill in the texts that are still null, and name the records that cannot be decoded.

    Args:
        found: documents with `text`, `charset`, `_data` (base64 as in the source) and `_record`.

    Returns:
        The decodable rows, and `_record` of the others. A character set that is not declared is UTF-8: none is
        guessed, since a wrong one garbles names past recognition and so past de-identification.
    """
    absent = pc.is_null(found["text"])
    if not pc.any(absent).as_py():
        return found, []
    texts = found["text"].to_pylist()
    charsets, data = found["charset"].to_pylist(), found["_data"].to_pylist()
    for index in _places(absent):
        texts[index] = _decode(data[index], charsets[index] or "utf-8")
    place = found.schema.get_field_index("text")
    filled = found.set_column(place, "text", pa.array(texts, pa.string()))
    decoded = pc.is_valid(filled["text"])
    return filled.filter(decoded), filled.filter(pc.invert(decoded))["_record"].to_pylist()


def _places(mask: pa.ChunkedArray) -> list[int]:
    """The places where a mask holds."""
    places: list[int] = pc.indices_nonzero(mask).to_pylist()
    return places


def _decode(data: str, charset: str) -> str | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True).decode(charset)
    except (binascii.Error, UnicodeDecodeError, LookupError):
        return None
