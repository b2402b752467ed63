"""Where the columns of patients, and of those who and where they are cared for, come from."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.states import state_code
from connectors.fhir.taking import (
    Made,
    Nested,
    Structure,
    Taken,
    concept,
    moment,
    one_of,
    provider,
    reference,
    simple,
)

_GENDER = "male female other unknown"
_SEX = "F M OTH UNK ASKU"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def _birth(values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    local = c.local_times(values, zone)
    precision = {4: "year", 7: "month", 10: "day"}
    lengths = pc.binary_length(local).to_pylist()
    return local, pa.array([precision.get(length) for length in lengths], pa.string()), local


def _deceased(said: pa.Array, when: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    stated = pc.if_else(
        pc.is_in(said, pa.array(["true", "false"])), pc.equal(said, "true"), pa.scalar(None, pa.bool_())
    )
    return (pc.if_else(pc.is_valid(when), True, stated),)


def _state(values: pa.Array) -> pa.Array:
    return pa.array([state_code(value) for value in values.to_pylist()], pa.string())


def _country(values: pa.Array) -> pa.Array:
    """Codes of ISO 3166; any other text is left out."""
    return c.null_where(pc.invert(pc.match_substring_regex(values, r"^[A-Z]{2,3}$")), values)


def _us_core(values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    """Race, ethnicity (code, display, text; of several categories the first) and birth sex, by US Core."""
    import orjson

    rows = []
    for value in values.to_pylist():
        listed = orjson.loads(value) if value and value.startswith("[") else []
        found = {e.get("url", ""): e for e in listed if isinstance(e, dict)}
        sex = found.get(f"{_US_CORE}birthsex", {}).get("valueCode")
        categories = (_category(found.get(_US_CORE + name, {})) for name in ("race", "ethnicity"))
        rows.append([*(part for category in categories for part in category), sex])
    made = [pa.array([_scalar(v) for v in column], pa.string()) for column in zip(*rows, strict=True)]
    race, ethnicity = (c.code_of(made[i]) for i in (0, 3))
    return (
        *(race, c.display_of(made[1], race), made[2]),
        *(ethnicity, c.display_of(made[4], ethnicity), made[5]),
        c.within(made[6], _SEX.split()),
    )


def _category(extension: dict[str, object]) -> tuple[object, object, object]:
    parts = extension.get("extension")
    listed = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    coding = next((part.get("valueCoding") for part in listed if part.get("url") == "ombCategory"), None)
    coding = coding if isinstance(coding, dict) else {}
    text = next((part.get("valueString") for part in listed if part.get("url") == "text"), None)
    return coding.get("code"), coding.get("display"), text


def _scalar(value: object) -> str | None:
    return value if isinstance(value, str) else None


_US_CORE_NAMES = (
    "race_code",
    "race_display",
    "race_text",
    "ethnicity_code",
    "ethnicity_display",
    "ethnicity_text",
)

PATIENT = Structure(
    (
        Taken(("birth_date", "birth_precision", "birth_year"), ("$.birthDate",), _birth),
        Taken(("deceased",), ("$.deceasedBoolean", "$.deceasedDateTime"), _deceased),
        moment("death", "$.deceasedDateTime"),
        one_of("gender", "$.gender", _GENDER),
        Taken((*_US_CORE_NAMES, "birth_sex"), ("$.extension",), _us_core),
        simple("zip", "$.address[0].postalCode", c.plain),
        simple("state", "$.address[0].state", _state),
        provider("provider", *(f"$.generalPractitioner[{i}]" for i in range(3))),
        reference("organization", "$.managingOrganization", "Organization"),
    )
)

_IDENTIFIERS = Nested(
    "$.identifier",
    "identifier",
    Structure((Taken(("form",), ("$.system", "$.value"), lambda s, v, zone: (c.identified(s, v),)),)),
)
"""The identifiers by which others may refer to a resource, in the form of such references."""


def _forms(made: Made, *first: str) -> pl.Series:
    """The forms of reference of each row: the columns `first`, then its identifiers; each once."""
    frame = pl.DataFrame([pl.Series(n, made[n].cast(pa.large_string())) for n in first])
    frame = frame.with_columns(pl.Series("identifiers", pl.from_arrow(made["identifier_form"])))
    every = pl.concat_list([*first, "identifiers"]).list.drop_nulls().list.unique(maintain_order=True)
    return frame.select(every).to_series()


def _listed(values: pl.Series) -> pa.Array:
    return values.to_arrow().cast(pa.list_(pa.string()))


def _finish_practitioner(made: Made) -> None:
    made["provider"] = _listed(_forms(made, "_id"))
    made["represents"] = pc.is_null(made["_id"])


def _finish_role(made: Made) -> None:
    """A role speaks of its practitioner, in the form in which it refers to one, and may be referred to itself."""
    own = _forms(made, "_id").list.eval(f"{c.ROLE}/" + pl.element())
    who = pl.Series("who", made["practitioner"].cast(pa.large_string()))
    every = pl.concat_list([who, own.alias("own")]).list.drop_nulls()
    made["provider"] = _listed(pl.DataFrame([who, own.alias("own")]).select(every).to_series())
    made["represents"] = pc.is_valid(made["practitioner"])


PRACTITIONER = Structure(
    (one_of("gender", "$.gender", _GENDER),), nested=(_IDENTIFIERS,), finish=_finish_practitioner
)

PRACTITIONER_ROLE = Structure(
    (
        provider("practitioner", "$.practitioner"),
        concept("$.specialty[0]", "specialty", text=False),
        reference("organization", "$.organization", "Organization"),
        reference("location", "$.location[0]", "Location"),
    ),
    nested=(_IDENTIFIERS,),
    finish=_finish_role,
)


def _finish_organization(made: Made) -> None:
    made["organization"] = _listed(_forms(made, "_id"))


def _finish_location(made: Made) -> None:
    made["location"] = _listed(_forms(made, "_id"))


def _address(path: str) -> tuple[Taken, ...]:
    return (
        simple("zip", f"{path}.postalCode", c.plain),
        simple("state", f"{path}.state", _state),
        simple("country", f"{path}.country", _country),
    )


ORGANIZATION = Structure(
    (concept("$.type[0]", "type", text=False), *_address("$.address[0]")),
    nested=(_IDENTIFIERS,),
    finish=_finish_organization,
)

LOCATION = Structure(
    (concept("$.type[0]", "type", text=False), *_address("$.address")),
    nested=(_IDENTIFIERS,),
    finish=_finish_location,
)


def _payer(name: pa.Array, refers: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    """The insurer's name; a payer who is a person is none."""
    person = pc.match_substring_regex(pc.coalesce(refers, ""), r"Patient|RelatedPerson|urn:|#")
    return (c.null_where(person, c.plain(name)),)


def _plan(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    kinds, names = values[:3], values[3:]
    plans = (
        c.null_where(pc.invert(pc.equal(pc.coalesce(k, ""), "plan")), n)
        for k, n in zip(kinds, names, strict=True)
    )
    return (c.plain(pc.coalesce(*plans)),)


COVERAGE = Structure(
    (
        one_of("status", "$.status", "active cancelled draft entered-in-error"),
        concept("$.type", "type"),
        moment("start", "$.period.start"),
        moment("end", "$.period.end"),
        Taken(("payer",), ("$.payor[0].display", "$.payor[0].reference"), _payer),
        Taken(
            ("plan",),
            (
                *(f"$.class[{i}].type.coding[0].code" for i in range(3)),
                *(f"$.class[{i}].name" for i in range(3)),
            ),
            _plan,
        ),
    ),
    patient="$.beneficiary",
    # a plan's period without a beginning is none
    kept_whole=(("status", "cancelled draft"), ("start_date", "")),
)
