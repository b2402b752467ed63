"""Where the columns of observations come from: values of every kind, and components, which are parts of their own.

https://hl7.org/fhir/R4/observation.html. One of number, text and code is the value (a text beside a code says what it
means, where no display does); where there is none, the reason that the source gives for that stands as the code.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.codings import coding_of
from connectors.fhir.taking import (
    Nested,
    Structure,
    Taken,
    coding_paths,
    concept,
    moment,
    one_of,
    provider,
    reference,
    several_codings,
)
from contracts.schemas.vocabularies import UCUM

_STATUS = "registered preliminary final amended corrected cancelled entered-in-error unknown"
_CATEGORIES = "social-history vital-signs imaging laboratory procedure survey exam therapy activity"
_OPERATORS = "< <= >= >"
VALUE_NAMES = (
    *("value_number", "operator", "unit", "unit_code", "value_text"),
    *("value_system", "value_code", "value_display"),
)


def _value(base: str) -> Taken:
    """The value of an observation or component at `base`."""
    number, coded = f"{base}.valueQuantity", f"{base}.valueCodeableConcept"
    quick = (f"{number}.value", f"{coded}.coding[0].code", f"{coded}.text", f"{base}.valueString")
    paths = (
        *(f"{number}.{leaf}" for leaf in ("value", "comparator", "unit", "code", "system")),
        *coding_paths(coded),
        f"{coded}.text",
        f"{base}.valueString",
    )
    rare = (
        *(f"{base}.{name}" for name in ("valueInteger", "valueDecimal", "valueBoolean")),
        *(
            f"{base}.{name}"
            for name in ("valueDateTime", "valueTime", "valuePeriod.start", "valuePeriod.end")
        ),
        *(f"{base}.valueRange.{leaf}" for leaf in ("low.value", "high.value", "low.unit", "high.unit")),
        *(f"{base}.valueRatio.{leaf}" for leaf in ("numerator.value", "denominator.value", "numerator.unit")),
        f"{base}.valueSampledData.data",
        *coding_paths(f"{base}.dataAbsentReason"),
        f"{base}.dataAbsentReason.text",
    )
    copies = (f"{number}.value", f"{base}.valueInteger", f"{base}.valueDecimal")
    return Taken(VALUE_NAMES, paths, _make_value, (several_codings(coded),), rare, quick, copies)


def _make_value(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    amount, comparator, unit, unit_code, unit_system = values[:5]
    system, first, shown, words, string, several = values[5:11]
    rare = values[11:]
    number = c.number_of(amount)
    vocabulary, code, display = coding_of(system, first, shown, several)
    text = pc.coalesce(c.plain(string), c.text_of(words, display))
    if any(column.null_count < len(column) for column in rare):
        integer, decimal, other, range_unit, absent = _rare_value(*rare, zone=zone)
        number = pc.coalesce(number, integer, decimal)
        text, unit = pc.coalesce(text, other), pc.coalesce(unit, range_unit)
        *reason, reason_words = absent
        nothing = pc.and_(pc.and_(pc.is_null(number), pc.is_null(code)), pc.is_null(text))
        found = zip((vocabulary, code, display, text), (*reason, reason_words), strict=True)
        vocabulary, code, display, text = (pc.if_else(nothing, why, value) for value, why in found)
    vocabulary, code, display = (c.null_where(pc.is_valid(number), v) for v in (vocabulary, code, display))
    text = c.null_where(pc.or_(pc.is_valid(number), pc.is_valid(display)), text)
    is_ucum = pc.equal(pc.coalesce(c.vocabulary(unit_system), ""), UCUM)
    codes = c.code_of(unit_code)
    return (
        *(number, c.within(comparator, _OPERATORS.split()), c.unit_of(pc.coalesce(unit, codes))),
        *(c.null_where(pc.invert(is_ucum), codes), text, vocabulary, code, display),
    )


def _rare_value(
    *values: pa.Array, zone: str
) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array, list[pa.Array]]:
    """Integer, decimal, all else as text, the unit of a range or ratio, and why there is no value."""
    integer, decimal, flag, moment_, time, start, end, low, high, low_unit, high_unit = values[:11]
    numerator, denominator, ratio_unit, sampled = map(c.plain, values[11:15])
    why_system, why, why_display, why_text = values[15:]
    span = pc.binary_join_element_wise(
        pc.coalesce(c.local_times(start, zone), ""), pc.coalesce(c.local_times(end, zone), ""), "/"
    )
    limits = pc.binary_join_element_wise(pc.coalesce(c.plain(low), ""), pc.coalesce(c.plain(high), ""), " - ")
    text = pc.coalesce(
        c.within(flag, ("true", "false")),
        c.local_times(moment_, zone),
        c.plain(time),
        c.null_where(pc.equal(span, "/"), span),
        c.null_where(pc.equal(limits, " - "), limits),
        pc.binary_join_element_wise(numerator, denominator, ":"),
        sampled,
    )
    none = pa.nulls(len(flag), pa.string())
    absent = coding_of(why_system, why, why_display, none)
    unit = pc.coalesce(low_unit, high_unit, ratio_unit)
    return (
        c.number_of(integer),
        c.number_of(decimal),
        text,
        unit,
        [*absent, c.text_of(why_text, absent[2])],
    )


def _range(base: str) -> Taken:
    """The first reference range."""
    paths = tuple(f"{base}.referenceRange[0].{end}.value" for end in ("low", "high"))
    return Taken(
        ("range_low", "range_high"),
        paths,
        lambda low, high, zone: (c.number_of(low), c.number_of(high)),
        copies=paths,
    )


def _parts(base: str) -> tuple[Taken, ...]:
    """What observations and components have in common."""
    return (
        concept(f"{base}.code", "code", code="code"),
        _value(base),
        _range(base),
        concept(f"{base}.interpretation[0]", "interpretation"),
    )


def _category(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    """The first category that is one of FHIR's own."""
    return (pc.coalesce(*(c.within(v, _CATEGORIES.split()) for v in values)),)


OBSERVATION = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.performer[0]"),
        one_of("status", "$.status", _STATUS),
        Taken(
            ("category",),
            ("$.category[0].coding[0].code", "$.category[1].coding[0].code"),
            _category,
        ),
        moment(
            "start",
            "$.effectiveDateTime",
            rare=("$.effectivePeriod.start", "$.effectiveInstant", "$.effectiveTiming.event[0]", "$.issued"),
        ),
        moment("end", "$.effectivePeriod.end"),
        *_parts("$"),
    ),
    nested=(Nested("$.component", "component", Structure(_parts("$")), numbered=True),),
    kept_whole=(("status", "registered cancelled"), ("start_date", "")),
    patterned=True,
)
