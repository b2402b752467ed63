"""References between resources (https://hl7.org/fhir/R4/references.html), all brought to one form of id. Vectorised.

What a reference names                            the id
`Practitioner/7`, `Practitioner/7/_history/2`     `7`
`urn:uuid:6eb9…`, `urn:oid:1.2.3`                 `6eb9…`, `1.2.3`
`https://own.org/fhir/Practitioner/7`             `7`: the source's own server, or any where it is not told (`base_url`)
`https://other.org/fhir/Practitioner/7`           the URL, without its version: another server's 7 is another person
`Practitioner?identifier=system|value`            `system|value`, as `identifier_key` makes it
`{"identifier": {"system", "value"}}`             the same
`Practitioner?name=x`                             `?name=x`: as stated, it names nothing that is known
`#p` with `contained: [{"id": "p"}]`              `system|value` of the contained resource, else `<its holder's id>#p`

A logical id has neither `|` nor `/` nor `#` (R4, datatypes: id), so the forms never meet. Resources by which others
are referred to give rows for their id and for each of their identifiers, so that a reference resolves whichever form it
takes, in any order of files and nights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir.engine import query
from contracts.identity import encode_subject

_ID = r"[^/?#|\s]+"
_TYPED = rf"[A-Z][A-Za-z]+(?:/{_ID}(?:/_history/[^/]*)?|\?.+)"
_SUFFIX = ".reference"
_IDENTIFIER = b'"identifier"'
_OBJECT = re.compile(rb"\s*:\s*\{")

Json = dict[str, Any]


class Source(Protocol):
    """The stretch of a file that lines are from: `connectors.fhir.batch.Lines`."""

    @property
    def has_logical(self) -> bool:
        """Whether a reference by identifier may be among them (`has_logical_references`)."""

    def raw(self, record: int) -> bytes:
        """The resource that begins at a record's offset."""


def identifier_key(system: str | None, value: str) -> str:
    """The id by which a conditional or logical reference names the resource that has this identifier."""
    return f"{system or ''}|{value}"


@lru_cache(maxsize=64)
def form_of(kind: str) -> str:
    """The regular expression (RE2, and Python's) of the references to a `kind`, with one named group a form."""
    version = r"(?:/_history/[^/]*)?"
    return (
        rf"^(?:urn:(?:uuid|oid):(?P<urn>[^#?|\s]+)"
        rf"|{kind}/(?P<id>{_ID}(?:#{_ID})?){version}"
        rf"|(?P<url>https?://\S+/{kind}/{_ID}){version}"
        rf"|(?P<search>https?://\S+/{kind}\?.+)"
        rf"|(?:{kind})?\?identifier=(?P<identifier>.+)"
        rf"|{kind}(?P<query>\?.+))$"
    )


def referred(values: pa.Array, kind: str) -> pa.Array:
    """The ids that references to a `kind` name, null where they name another type or nothing.

    Args:
        values: `Reference.reference`, after `resolve_references`.
        kind: the type referred to ("Patient").
    """
    prefix = f"{kind}/"
    if not _any(pc.invert(pc.starts_with(values, prefix))):
        ids = pc.utf8_slice_codeunits(values, len(prefix))
        if not _any(pc.match_substring_regex(ids, r"^$|[/?#|\s]")):
            return ids
    encoded = values.dictionary_encode()
    found = pc.extract_regex(encoded.dictionary, form_of(kind))
    groups = ("urn", "id", "url", "search", "query")
    ids = pc.binary_join_element_wise(*(found.field(group) for group in groups), "")
    keys = found.field("identifier")
    if _any(pc.greater(pc.binary_length(keys), 0)):
        ids = pc.if_else(pc.greater(pc.binary_length(keys), 0), _keys_of(keys), ids)
    return pc.if_else(pc.is_null(found), pa.scalar(None, pa.string()), ids).take(encoded.indices)


def referred_by(reference: Any, kind: str, base: str = "") -> str | None:
    """`referred` for one reference that was not resolved yet; None where it names no `kind`."""
    if not isinstance(reference, str):
        return None
    found = re.search(form_of(kind), relative(reference, base))
    if not found:
        return None
    if found["identifier"]:
        return _key_of(found["identifier"])
    return next((value for value in found.groups() if value), None)


def relative(reference: str, base: str = "") -> str:
    """A reference without the URL of the source's own server (`base`; any where that is not told)."""
    if not reference.startswith("http"):
        return reference
    found = re.search(_own_url(base), reference)
    return found["own"] if found else reference


def reference_of(value: Any, resource: Json) -> str | None:
    """What a `Reference` says, as one string: a logical one as a search, a contained one by what it holds.

    Args:
        value: the `Reference`.
        resource: the resource that it stands in.
    """
    if not isinstance(value, dict):
        return None
    reference = value.get("reference")
    if isinstance(reference, str) and reference:
        return _contained(reference[1:], resource) if reference.startswith("#") else reference
    identifier, kind = value.get("identifier"), value.get("type")
    if not isinstance(identifier, dict) or not isinstance(identifier.get("value"), str):
        return None
    kind = kind if isinstance(kind, str) and kind.isalpha() else ""
    return (
        f"{kind}?identifier={_quoted(identifier_key(_text(identifier.get('system')), identifier['value']))}"
    )


def resolve_references(found: pa.Table, lines: pa.ChunkedArray, source: Source, base: str = "") -> pa.Table:
    """The columns of references (named by paths that end in `.reference`) brought to what `referred` reads.

    Logical references come in place of literal ones that are absent; the source's own URL goes; what is contained is
    named by its identifier, else by its holder.

    Args:
        found: one row a line, a column a path, and `_record`.
        lines: the lines themselves, row by row.
        source: where the lines are from.
        base: the source's own base URL, empty where it is not told.
    """
    for index, path in enumerate(found.column_names):
        if path.endswith(_SUFFIX):
            values = found.column(index).combine_chunks()
            changed = _complete(values, path, lines, source, found["_record"], base)
            if changed is not values:
                found = found.set_column(index, path, changed)
    return found


def has_logical_references(data: bytes) -> bool:
    """Whether any element `identifier` is an object: a Reference's is, a resource's nearly always a list."""
    place = data.find(_IDENTIFIER)
    while place >= 0:
        if _OBJECT.match(data, place + len(_IDENTIFIER)):
            return True
        place = data.find(_IDENTIFIER, place + 1)
    return False


def subjects(ids: pa.Array, authority: str, mrn_system: str = "") -> pa.Array:
    """The `subject` column for Patient ids; one of the authority's own patient number's system is that number."""
    plain = _prefixed(encode_subject(authority, "", "fhir"), ids)
    if not mrn_system:
        return plain
    own = pc.starts_with(ids, f"{mrn_system}|")
    if not _any(own):
        return plain
    numbers = pc.utf8_slice_codeunits(ids, len(mrn_system) + 1)
    return pc.if_else(own, _prefixed(encode_subject(authority, ""), numbers), plain)


def _complete(
    values: pa.Array,
    path: str,
    lines: pa.ChunkedArray,
    source: Source,
    records: pa.ChunkedArray,
    base: str,
) -> pa.Array:
    if values.null_count and source.has_logical:
        values = _with_logical(values, path, lines)
    if _any(pc.starts_with(values, "http")):
        values = _without_base(values, base)
    if _any(pc.starts_with(values, "#")):
        values = _with_contained(values, source, records)
    return values


def _with_logical(values: pa.Array, path: str, lines: pa.ChunkedArray) -> pa.Array:
    """Fill what is absent from the `identifier` beside it, looking only at lines that have the element at all."""
    place = path.removesuffix(_SUFFIX)
    name = '"' + re.split(r"[.\[]", place.rstrip("]0123456789["))[-1] + '"'
    null = pc.indices_nonzero(pc.is_null(values))
    absent = null.filter(pc.match_substring(lines.take(null).combine_chunks(), name))
    if not len(absent):
        return values
    wanted = ", ".join(f"'{place}.{leaf}'" for leaf in ("identifier.system", "identifier.value", "type"))
    sql = f"SELECT TRY(json_extract_string(line, [{wanted}])) AS v FROM lines"
    stated = query(sql, pa.table({"line": lines.take(absent)}))["v"].to_pylist()
    searches: list[str | None] = [None] * len(values)
    for index, leaves in zip(absent.to_pylist(), stated, strict=True):
        system, value, kind = leaves or (None, None, None)
        if value and value[0] not in "{[":
            named = kind if kind and kind.isalpha() else ""
            searches[index] = f"{named}?identifier={_quoted(identifier_key(system, value))}"
    return pc.coalesce(values, pa.array(searches, pa.string()))


def _holds(lines: pa.ChunkedArray, wanted: bytes) -> bool:
    """Whether the bytes behind the lines hold something: twenty times as fast as to look in each line."""
    buffers = [chunk.buffers()[2] for chunk in lines.chunks]
    return any(wanted in buffer.to_pybytes() for buffer in buffers if buffer is not None)


def _without_base(values: pa.Array, base: str) -> pa.Array:
    found = pc.extract_regex(values, _own_url(base))
    return pc.if_else(pc.is_null(found), values, found.field("own"))


def _with_contained(values: pa.Array, source: Source, records: pa.ChunkedArray) -> pa.Array:
    inside = pc.indices_nonzero(pc.starts_with(values, "#")).to_pylist()
    made: list[str | None] = values.to_pylist()
    for index in inside:
        resource = _object(source.raw(records[index].as_py()))
        made[index] = _contained((made[index] or "#")[1:], resource)
    return pa.array(made, pa.string())


def _contained(name: str, resource: Json) -> str | None:
    """A reference to a contained resource; None where there is none of this name."""
    held = resource.get("contained")
    for inner in held if isinstance(held, list) else []:
        if not isinstance(inner, dict) or inner.get("id") not in (name, f"#{name}"):
            continue
        kind = inner.get("resourceType")
        if not isinstance(kind, str) or not kind.isalpha():
            return None
        for identifier in _sequence(inner.get("identifier")):
            if isinstance(identifier, dict) and isinstance(identifier.get("value"), str):
                key = identifier_key(_text(identifier.get("system")), identifier["value"])
                return f"{kind}?identifier={_quoted(key)}"
        return f"{kind}/{resource.get('id')}#{name}"
    return None


def _own_url(base: str) -> str:
    own = re.escape(base.rstrip("/")) + "/+" if base else r"https?://[^?]*/"
    return rf"^(?:{own})(?P<own>{_TYPED})$"


def _keys_of(searches: pa.Array) -> pa.Array:
    return pa.array([_key_of(value) if value else value for value in searches.to_pylist()], pa.string())


def _key_of(search: str) -> str:
    key = unquote(search)
    return key if "|" in key else f"|{key}"


def _quoted(key: str) -> str:
    return key.replace("%", "%25")


def _prefixed(prefix: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, values, "", null_handling="emit_null")


def _object(data: bytes) -> Json:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _any(mask: pa.BooleanArray) -> bool:
    return bool(pc.any(mask).as_py())
