"""Where the columns of the medication types come from: requests, administrations, statements, dispenses, vaccines."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.codings import coding_of, concept_of
from connectors.fhir.taking import (
    Extra,
    Structure,
    Taken,
    coding_paths,
    concept,
    moment,
    one_of,
    provider,
    reference,
    several_codings,
    simple,
)

_REQUEST = "active on-hold cancelled completed entered-in-error stopped draft unknown"
_INTENT = "proposal plan order original-order reflex-order filler-order instance-order option"
_ADMINISTRATION = "in-progress not-done on-hold completed entered-in-error stopped unknown"
_STATEMENT = "active completed entered-in-error intended stopped on-hold unknown not-taken"
_DISPENSE = "preparation in-progress cancelled on-hold completed entered-in-error stopped declined unknown"
_DAYS = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7, "mo": 30, "month": 30, "months": 30}


def contained_concept(element: str, path: str) -> Extra:
    """The concept at `path` of the contained resource that the element refers to (`#id`), as JSON."""
    named = "lambda x: ltrim(json_extract_string(x, '$.id'), '#') = ltrim({}, '#')".format(
        f"<{element}.reference>"
    )
    inside = f"list_filter(json_extract(line, '$.contained[*]'), {named})[1]"
    sql = f"CASE WHEN <{element}.reference> LIKE '#%' THEN json_extract_string({inside}, '{path}') END"
    return Extra(f"#{element}", sql)


def thing(coded: str | None, element: str, path: str, kind: str, name: str, code: str) -> Taken:
    """What a record is about: a concept at `coded`, or a resource of type `kind` referred to at `element`.

    Of a contained resource its concept at `path` is taken. What is elsewhere is named by its id, in the column
    `kind.lower()`, and by the words of the reference: its own record may come in any file of any night.
    """

    def make(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        refers, words = values[-3 if coded is None else -4], values[-2 if coded is None else -3]
        inside = values[-1]
        if coded is None:
            none = pa.nulls(len(refers), pa.string())
            found = (none, none, none)
            text = none
        else:
            found = coding_of(values[0], values[1], values[2], values[-2])
            text = values[3]
        text = c.text_of(text, found[2])
        if inside.null_count < len(inside):
            *other, said = concept_of(inside)
            found = tuple(pc.coalesce(a, b) for a, b in zip(found, other, strict=True))
            text = pc.coalesce(text, said)
        ids = c.null_where(pc.is_valid(found[1]), c.referred(refers, kind))
        return (*found, pc.coalesce(text, c.text_of(words, found[1])), ids)

    paths = (*coding_paths(coded), f"{coded}.text") if coded else ()
    paths += (f"{element}.reference", f"{element}.display")
    extra = (several_codings(coded),) if coded else ()
    names = (f"{name}_system", code, f"{name}_display", f"{name}_text", kind.lower())
    return Taken(names, paths, make, (*extra, contained_concept(element, path)))


_MEDICATION = thing(
    "$.medicationCodeableConcept", "$.medicationReference", "$.code", "Medication", "code", "code"
)


def _days(path: str) -> Taken:
    """A duration in days; null in other units than days, weeks and months (of 30 days)."""

    def make(value: pa.Array, unit: pa.Array, word: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        units = pc.coalesce(unit, word).dictionary_encode()
        factors = pa.array([_DAYS.get((u or "").lower()) for u in units.dictionary.to_pylist()], pa.float64())
        days = pc.multiply(c.number_of(value), factors.take(units.indices))
        legal = pc.and_(pc.greater(days, 0), pc.less(days, 36_600))
        return (pc.round(pc.if_else(legal, days, None)).cast(pa.int32()),)

    return Taken(("days_supply",), (f"{path}.value", f"{path}.code", f"{path}.unit"), make)


def _sig(path: str) -> Taken:
    """The instruction in words; where there are none, made of dose and timing as the source states them."""
    dose, repeat = f"{path}.doseAndRate[0].doseQuantity", f"{path}.timing.repeat"

    def make(text: pa.Array, *parts: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        value, unit, frequency, period, period_unit = map(c.plain, parts)
        amount = _joined(value, unit, " ")
        every = _joined(pc.if_else(pc.equal(period, "1.0"), "1", period), period_unit, " ")
        timing = pc.binary_join_element_wise(frequency, every, " x per ")
        made = _joined(amount, timing, ", ")
        return (pc.coalesce(c.plain(text), c.null_where(pc.is_null(value), made)),)

    rare = (
        f"{dose}.value", f"{dose}.unit", f"{repeat}.frequency", f"{repeat}.period", f"{repeat}.periodUnit",
    )  # fmt: skip
    return Taken(("sig",), (f"{path}.text",), make, rare=rare, unless=(f"{path}.text",))


def _joined(left: pa.Array, right: pa.Array, between: str) -> pa.Array:
    """Both, else the one that is there (Arrow's own `skip` loses rows in which neither is)."""
    return pc.coalesce(pc.binary_join_element_wise(left, right, between), left, right)


def quantity(name: str, path: str) -> Taken:
    """An amount as a number."""
    return simple(name, f"{path}.value", c.number_of)


def unit(name: str, path: str) -> Taken:
    """The unit of an amount, as the source words it, else its code."""

    def make(word: pa.Array, code: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        return (c.unit_of(pc.coalesce(word, code)),)

    return Taken((name,), (f"{path}.unit", f"{path}.code"), make)


def _dosage(path: str) -> tuple[Taken, ...]:
    """The first dosage instruction."""
    return (
        _sig(path),
        concept(f"{path}.route", "route"),
        unit("dose_unit", f"{path}.doseAndRate[0].doseQuantity"),
    )


MEDICATION_REQUEST = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.requester"),
        one_of("status", "$.status", _REQUEST),
        one_of("intent", "$.intent", _INTENT),
        one_of("prohibited", "$.doNotPerform", "true"),
        _MEDICATION,
        moment("start", "$.authoredOn"),
        moment("valid_start", "$.dispenseRequest.validityPeriod.start"),
        moment("end", "$.dispenseRequest.validityPeriod.end"),
        *_dosage("$.dosageInstruction[0]"),
        quantity("quantity", "$.dispenseRequest.quantity"),
        _days("$.dispenseRequest.expectedSupplyDuration"),
        simple("refills", "$.dispenseRequest.numberOfRepeatsAllowed", c.whole_number_of),
    ),
    # a plan, a proposal, a draft or a prohibition exposes nobody to a drug
    kept_whole=(
        ("status", "cancelled draft"),
        ("intent", "proposal plan option"),
        ("prohibited", "true"),
        ("start_date valid_start_date", ""),
    ),
    patterned=True,
)

MEDICATION_ADMINISTRATION = Structure(
    (
        reference("encounter", "$.context", "Encounter"),
        provider("provider", "$.performer[0].actor"),
        one_of("status", "$.status", _ADMINISTRATION),
        _MEDICATION,
        moment("start", "$.effectiveDateTime", "$.effectivePeriod.start"),
        moment("end", "$.effectivePeriod.end"),
        simple("sig", "$.dosage.text", c.plain),
        concept("$.dosage.route", "route"),
        quantity("quantity", "$.dosage.dose"),
        unit("dose_unit", "$.dosage.dose"),
    ),
    kept_whole=(("status", "not-done"), ("start_date", "")),
    patterned=True,
)

MEDICATION_STATEMENT = Structure(
    (
        reference("encounter", "$.context", "Encounter"),
        provider("provider", "$.informationSource"),
        one_of("status", "$.status", _STATEMENT),
        _MEDICATION,
        moment("start", "$.effectiveDateTime", "$.effectivePeriod.start"),
        moment("end", "$.effectivePeriod.end"),
        moment("asserted", "$.dateAsserted"),
        *_dosage("$.dosage[0]"),
    ),
    kept_whole=(("status", "intended not-taken"), ("start_date asserted_date", "")),
    patterned=True,
)

MEDICATION_DISPENSE = Structure(
    (
        reference("encounter", "$.context", "Encounter"),
        provider("provider", "$.performer[0].actor"),
        one_of("status", "$.status", _DISPENSE),
        _MEDICATION,
        moment("start", "$.whenHandedOver", "$.whenPrepared"),
        *_dosage("$.dosageInstruction[0]"),
        quantity("quantity", "$.quantity"),
        _days("$.daysSupply"),
    ),
    kept_whole=(("status", "preparation cancelled declined"), ("start_date", "")),
    patterned=True,
)

IMMUNIZATION = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.performer[0].actor"),
        one_of("status", "$.status", "completed entered-in-error not-done"),
        concept("$.vaccineCode", "code", code="code"),
        moment("start", "$.occurrenceDateTime"),
        moment("recorded", "$.recorded"),
        concept("$.route", "route"),
        quantity("quantity", "$.doseQuantity"),
        unit("dose_unit", "$.doseQuantity"),
        simple("lot_number", "$.lotNumber", c.code_of),
    ),
    patient="$.patient",
    kept_whole=(("status", "not-done"), ("start_date recorded_date", "")),
    patterned=True,
)
