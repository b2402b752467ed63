"""Notes inside DocumentReferences and DiagnosticReports: which attachment is the note, and its text.

The common case (one attachment, plain base64, UTF-8) is decoded by SQL for all rows at once; the rest is looked at
row by row: markup, other character sets, white space in the base64, several attachments, no text inside.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from connectors.markup import is_marked, read_document

NOTED = ("DocumentReference", "DiagnosticReport")
"""Types with notes inside. Without one the first stays whole, as unmapped; the second tells something all the same."""

_SQL_CHARSETS = {None, "utf-8", "utf8", "us-ascii"}


@dataclass
class Notes:
    """The texts of a batch of documents.

    Attributes:
        columns: `text`, `content_type`, `charset`, `language`, one value a row.
        whole: rows without text inside (a URL, a PDF, a page of images): they stay whole, as unmapped.
        undecodable: rows whose text cannot be decoded.
    """

    columns: dict[str, pa.Array]
    whole: list[int] = field(default_factory=list)
    undecodable: list[int] = field(default_factory=list)


def decode_notes(made: dict[str, pa.Array], found: pa.Table, raw: Callable[[int], bytes]) -> Notes:
    """The notes of a batch.

    Args:
        made: columns `_media`, `_language` (of the first attachment) and `_document_language`.
        found: columns `_decoded`, the first attachment's data decoded as UTF-8 where that could be done, and
            `_attached`, whether there is an attachment.
        raw: gives the raw resource of a row.
    """
    decoded, attached = (found[name].combine_chunks() for name in ("_decoded", "_attached"))
    encoded = made["_media"].dictionary_encode()
    media = [parse_media(value) for value in encoded.dictionary.to_pylist()]
    kinds, charsets = (pa.array([m[i] for m in media], pa.string()).take(encoded.indices) for i in (0, 1))
    quick = pa.array([_is_plain(kind) and charset in _SQL_CHARSETS for kind, charset in media], pa.bool_())
    direct = pc.and_(pc.is_valid(decoded), pc.fill_null(quick.take(encoded.indices), True))
    languages = pc.coalesce(made["_language"], made["_document_language"])
    notes = Notes({"text": decoded, "content_type": kinds, "charset": charsets, "language": languages})
    notes.whole = pc.indices_nonzero(pc.invert(attached)).to_pylist()
    slow = pc.indices_nonzero(pc.and_(attached, pc.invert(direct))).to_pylist()
    if slow:
        _decode_slowly(notes, slow, made["_document_language"], raw)
    return notes


def _decode_slowly(notes: Notes, rows: list[int], fallback: pa.Array, raw: Callable[[int], bytes]) -> None:
    columns = {name: column.to_pylist() for name, column in notes.columns.items()}
    for row in rows:
        attachment = find_note(orjson.loads(raw(row)))
        if attachment is None:
            notes.whole.append(row)
            columns["text"][row] = None
            continue
        kind, charset = parse_media(attachment.get("contentType"))
        text = decode(attachment["data"], kind, charset)
        if text is None:
            notes.undecodable.append(row)
        elif not text and is_marked(kind):
            notes.whole.append(row)
            text = None
        language = attachment.get("language")
        columns["text"][row], columns["content_type"][row], columns["charset"][row] = text, kind, charset
        columns["language"][row] = language if isinstance(language, str) else fallback[row].as_py()
    notes.columns = {name: pa.array(values, pa.string()) for name, values in columns.items()}


def find_note(resource: dict[str, Any]) -> dict[str, Any] | None:
    """The first attachment that holds text inside; None where there is none."""
    contents, forms = resource.get("content"), resource.get("presentedForm")
    attachments = [
        content.get("attachment") if isinstance(content, dict) else None
        for content in (contents if isinstance(contents, list) else [])
    ]
    for attachment in [*attachments, *(forms if isinstance(forms, list) else [])]:
        if (
            not isinstance(attachment, dict)
            or not isinstance(attachment.get("data"), str)
            or not attachment["data"]
        ):
            continue
        if is_text(parse_media(attachment.get("contentType"))[0]):
            return attachment
    return None


def parse_media(value: Any) -> tuple[str | None, str | None]:
    """Media type and character set of a content type (RFC 2045), in lower case; None where not stated."""
    if not isinstance(value, str) or not value.strip():
        return None, None
    message = Message()
    message["content-type"] = " ".join(value.split())[:200]
    charset = message.get_param("charset")
    return message.get_content_type(), charset.lower() if isinstance(charset, str) and charset else None


def is_text(kind: str | None) -> bool:
    """Whether the media type is a text, with markup or without, or not stated."""
    return _is_plain(kind) or is_marked(kind)


def _is_plain(kind: str | None) -> bool:
    return kind is None or (kind.startswith("text/") and not is_marked(kind))


def decode(data: str, kind: str | None, charset: str | None) -> str | None:
    """The text in base64 `data`, without markup; None where it cannot be decoded."""
    try:
        return read_document(base64.b64decode("".join(data.split()), validate=True), kind, charset)
    except (binascii.Error, ValueError):
        return None
