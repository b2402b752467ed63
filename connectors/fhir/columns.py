"""Columns of text from JSON made into what the tables hold: codes, references, dates and times. Vectorised (Arrow).

An object or array where FHIR has a scalar comes as JSON text. It is taken for absent, so that a malformed resource
cannot carry text past the allow-list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import references
from connectors.fhir.engine import query
from contracts.schemas.vocabularies import vocabulary_of

_JSON = r'^(\{["}]|\[["\]\[{])'
_CODE = r"^[^\s{\[]\S{0,63}$"
_URL = r"^(https?://|urn:)\S{1,200}$"
_UTC = r"(?:[Zz]|[+-]00:00)$"
UNIT_LENGTH = 32
ROLE = "PractitionerRole"


def plain(values: pa.Array) -> pa.Array:
    """The values that are scalars."""
    odd = pc.or_kleene(pc.starts_with(values, "{"), pc.starts_with(values, "["))
    if not _any(odd):
        return values
    return null_where(pc.match_substring_regex(values, _JSON), values)


def code_of(values: pa.Array) -> pa.Array:
    """The values that can be a code: no white space, up to 64 characters."""
    return _by_value(values, lambda v: null_where(pc.invert(pc.match_substring_regex(v, _CODE)), v))


def url_of(values: pa.Array) -> pa.Array:
    """The values that can be a terminology's URL or URN."""
    return _by_value(values, lambda v: null_where(pc.invert(pc.match_substring_regex(v, _URL)), v))


def vocabulary(values: pa.Array) -> pa.Array:
    """OMOP's vocabulary ids of terminologies; the URL where a terminology is none of OMOP's."""
    encoded = values.dictionary_encode()
    systems = encoded.dictionary
    known = pa.array([vocabulary_of(s) or None for s in systems.to_pylist()], pa.string())
    return pc.coalesce(known, url_of(systems)).take(encoded.indices)


def unit_of(values: pa.Array) -> pa.Array:
    """The values that can be a unit of measure: up to 32 characters."""
    return _by_value(values, lambda v: null_where(pc.greater(pc.utf8_length(v), UNIT_LENGTH), plain(v)))


def number_of(values: pa.Array) -> pa.Array:
    """The values that are finite numbers, as float64."""
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.float64())
    import polars as pl

    numbers = pl.Series("v", values.cast(pa.large_string())).cast(pl.Float64, strict=False)
    return numbers.set(~numbers.is_finite(), None).to_arrow()


def whole_number_of(values: pa.Array) -> pa.Array:
    """The values that are whole numbers of up to nine digits, as int32."""
    wrong = pc.invert(pc.match_substring_regex(values, r"^\d{1,9}$"))
    return null_where(wrong, values).cast(pa.int32())


def display_of(values: pa.Array, codes: pa.Array) -> pa.Array:
    """The displays whose code is there."""
    return null_where(pc.is_null(codes), _by_value(values, plain))


def text_of(values: pa.Array, codes: pa.Array) -> pa.Array:
    """The texts whose code is not there."""
    return null_where(pc.is_valid(codes), plain(values))


def within(values: pa.Array, allowed: Sequence[str]) -> pa.Array:
    """The values that are among those allowed."""
    legal = pa.array(allowed, pa.string())
    return _by_value(values, lambda v: null_where(pc.invert(pc.is_in(v, legal)), v))


def referred(values: pa.Array, kind: str) -> pa.Array:
    """The ids in references to a resource of type `kind`, in all the forms of `connectors.fhir.references`."""
    return references.referred(values, kind)


def provider(values: pa.Array) -> pa.Array:
    """The ids in references to a Practitioner; those of a PractitionerRole keep their type before the id."""
    found = referred(values, "Practitioner")
    roles = pc.match_substring(values, ROLE)
    if not _any(roles):
        return found
    return pc.if_else(roles, pc.binary_join_element_wise(f"{ROLE}/", referred(values, ROLE), ""), found)


def identified(systems: pa.Array, numbers: pa.Array) -> pa.Array:
    """`system|value` of identifiers; the system is empty where the source states none."""
    return pc.binary_join_element_wise(pc.coalesce(plain(systems), ""), plain(numbers), "|")


def local_times(values: pa.Array, zone: str) -> pa.Array:
    """Local wall time, `YYYY[-MM[-DD[THH:MM:SS]]]`.

    A value with an offset keeps the wall time that it states; one in UTC (`Z` or an offset of zero) is brought into
    the source's `zone` where that is another; a date stays a date, as partial as it is. What is no date is passed on,
    cut to 19 characters, for cleaning to reject.
    """
    values = plain(values)
    timed = pc.greater(pc.binary_length(values), 10)
    if not _any(timed):
        return values
    wall = pc.utf8_slice_codeunits(values, 0, 19)
    short = pc.and_(timed, pc.not_equal(pc.utf8_slice_codeunits(values, 16, 17), ":"))
    if _any(short):
        minutes = pc.binary_join_element_wise(pc.utf8_slice_codeunits(values, 0, 16), ":00", "")
        wall = pc.if_else(short, minutes, wall)
    if zone != "UTC":
        utc = pc.and_(timed, pc.match_substring_regex(values, _UTC))
        if _any(utc):
            wall = pc.if_else(utc, pc.coalesce(_in_zone(values, zone), wall), wall)
    return wall


def with_time(values: pa.Array) -> pa.Array:
    """The values that state a time of day."""
    return null_where(pc.less_equal(pc.binary_length(values), 10), values)


def instants(values: pa.Array) -> pa.Array:
    """Instants in UTC to the microsecond, in a form whose order is that of time; empty where absent or malformed."""
    if values.null_count == len(values):
        return pa.array([""] * len(values), pa.string())
    sql = "SELECT coalesce(strftime(try_cast(v AS TIMESTAMPTZ), '%Y-%m-%dT%H:%M:%S.%f'), '') AS v FROM lines"
    return _only(query(sql, pa.table({"v": values})))


def _in_zone(values: pa.Array, zone: str) -> pa.Array:
    sql = f"SELECT strftime(timezone('{zone}', try_cast(v AS TIMESTAMPTZ)), '%Y-%m-%dT%H:%M:%S') AS v FROM lines"
    return _only(query(sql, pa.table({"v": values})))


def _only(table: pa.Table) -> pa.Array:
    return table.column(0).combine_chunks()


def _by_value(values: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Change each distinct value once: columns of codes hold few."""
    encoded = values.dictionary_encode()
    return change(encoded.dictionary).take(encoded.indices)


def null_where(mask: pa.BooleanArray, values: pa.Array) -> pa.Array:
    """The texts but those where `mask` is true."""
    return pc.if_else(mask, pa.scalar(None, pa.string()), values)


def _any(mask: pa.BooleanArray) -> bool:
    return bool(pc.any(mask).as_py())
