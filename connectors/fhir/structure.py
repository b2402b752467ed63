"""Where in a resource each column comes from: JSON paths, and how what they find is made into columns.

All paths of a type are taken in one pass over the JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.states import state_code

_ENCOUNTER_STATUS = "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown"
_CLINICAL = "active recurrence relapse inactive remission resolved"
_VERIFICATION = "unconfirmed provisional differential confirmed refuted entered-in-error"
_DOCUMENT = "current superseded entered-in-error"
_COMPOSITION = "preliminary final amended entered-in-error"
_GENDER = "male female other unknown"
_SEX = "F M OTH UNK ASKU"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_HEAD = ("$.id", "$.meta.lastUpdated", "$.subject.reference")


@dataclass(frozen=True)
class Taken:
    """Columns `names`, made by `make` from what is found at `paths` (one array each) and the source's time zone."""

    names: tuple[str, ...]
    paths: tuple[str, ...]
    make: Callable[..., tuple[pa.Array, ...]]


@dataclass(frozen=True)
class Structure:
    """How one type is read. `extra` are columns made in SQL (name, path, expression), for what Arrow cannot do."""

    taken: tuple[Taken, ...]
    extra: tuple[tuple[str, str, str], ...] = ()

    @cached_property
    def paths(self) -> list[str]:
        """All paths, each once; the first are those of `_HEAD`."""
        return list(dict.fromkeys([*_HEAD, *(path for taken in self.taken for path in taken.paths)]))

    @cached_property
    def sql(self) -> str:
        """One row a line of the relation `lines` (line, _record): `_record`, `_valid` (is JSON), and each path."""
        wanted = [*self.paths, *(path for _, path, _ in self.extra)]
        listed = ", ".join(f"'{path}'" for path in wanted)
        place = {path: f"v[{i + 1}]" for i, path in enumerate(wanted)}
        found = "".join(f', {place[path]} AS "{path}"' for path in self.paths)
        found += "".join(f", {sql.format(place[path])} AS {name}" for name, path, sql in self.extra)
        parsed = f"SELECT _record, TRY(json_extract_string(line, [{listed}])) AS v FROM lines"
        return f"SELECT _record, v IS NOT NULL AS _valid{found} FROM ({parsed})"

    def columns(self, found: pa.Table, zone: str) -> dict[str, pa.Array]:
        """The type's columns, and `_id`, `_version`, `_patient`, from the rows of `sql`."""
        at = {path: found[path].combine_chunks() for path in self.paths}
        made = {
            "_id": c.plain(at["$.id"]),
            "_version": c.instants(at["$.meta.lastUpdated"]),
            "_patient": c.referred(at["$.subject.reference"], "Patient"),
        }
        for taken in self.taken:
            values = taken.make(*(at[path] for path in taken.paths), zone=zone)
            made.update(zip(taken.names, values, strict=True))
        return made


def _simple(name: str, path: str, change: Callable[[pa.Array], pa.Array]) -> Taken:
    return Taken((name,), (path,), lambda v, zone: (change(v),))


def _one_of(name: str, path: str, codes: str) -> Taken:
    return _simple(name, path, partial(c.within, allowed=codes.split()))


def _reference(name: str, path: str, kind: str) -> Taken:
    return _simple(name, path, partial(c.referred, kind=kind))


def _coding(path: str, system: str, code: str, display: str) -> Taken:
    """The first coding of a concept."""

    def make(systems: pa.Array, codes: pa.Array, displays: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        kept = c.code_of(codes)
        return c.url_of(systems), kept, c.display_of(displays, kept)

    leaves = tuple(f"{path}.coding[0].{leaf}" for leaf in ("system", "code", "display"))
    return Taken((system, code, display), leaves, make)


def _text(name: str, path: str) -> Taken:
    """The text of a concept that has no code."""
    paths = (f"{path}.text", f"{path}.coding[0].code")
    return Taken((name,), paths, lambda text, code, zone: (c.text_of(text, c.code_of(code)),))


def _moment(name: str, *paths: str) -> Taken:
    """A moment from the first of `paths` that is there: its date, and its date-time where it states a time."""

    def make(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        local = c.local_times(pc.coalesce(*values) if len(values) > 1 else values[0], zone)
        return local, c.with_time(local)

    return Taken((f"{name}_date", f"{name}_datetime"), paths, make)


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


def _first_patient(*references: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    return (pc.coalesce(*(c.referred(reference, "Patient") for reference in references)),)


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
        _moment("death", "$.deceasedDateTime"),
        _one_of("gender", "$.gender", _GENDER),
        Taken((*_US_CORE_NAMES, "birth_sex"), ("$.extension",), _us_core),
        _simple("zip", "$.address[0].postalCode", c.plain),
        _simple("state", "$.address[0].state", _state),
    )
)

ENCOUNTER = Structure(
    (
        _one_of("status", "$.status", _ENCOUNTER_STATUS),
        _simple("class_code", "$.class.code", c.code_of),
        _coding("$.type[0]", "type_system", "type_code", "type_display"),
        _text("type_text", "$.type[0]"),
        _moment("start", "$.period.start"),
        _moment("end", "$.period.end"),
    )
)

CONDITION = Structure(
    (
        _reference("encounter", "$.encounter.reference", "Encounter"),
        _coding("$.code", "code_system", "code", "code_display"),
        _text("code_text", "$.code"),
        _one_of("clinical_status", "$.clinicalStatus.coding[0].code", _CLINICAL),
        _one_of("verification_status", "$.verificationStatus.coding[0].code", _VERIFICATION),
        _moment("onset", "$.onsetDateTime", "$.onsetPeriod.start"),
        _moment("abatement", "$.abatementDateTime", "$.abatementPeriod.end"),
        _moment("recorded", "$.recordedDate"),
    )
)

DOCUMENT_REFERENCE = Structure(
    (
        _reference("encounter", "$.context.encounter[0].reference", "Encounter"),
        _one_of("status", "$.status", _DOCUMENT),
        _one_of("doc_status", "$.docStatus", _COMPOSITION),
        _coding("$.type", "type_system", "type_code", "type_display"),
        _moment("start", "$.context.period.start"),
        _moment("authored", "$.date"),
        _simple("_media", "$.content[0].attachment.contentType", c.plain),
        _simple("_language", "$.content[0].attachment.language", c.code_of),
        _simple("_document_language", "$.language", c.code_of),
    ),
    (("_decoded", "$.content[0].attachment.data", "TRY(decode(from_base64({})))"),),
)

OTHER = Structure(
    (
        Taken(
            ("patient",),
            tuple(
                f"$.{element}.reference"
                for element in ("subject", "patient", "beneficiary", "for", "individual")
            ),
            _first_patient,
        ),
    )
)
"""Any other type: who it is about, by the elements that name a patient in R4's patient compartment."""

STRUCTURES: dict[str, Structure] = {
    "Patient": PATIENT,
    "Encounter": ENCOUNTER,
    "Condition": CONDITION,
    "DocumentReference": DOCUMENT_REFERENCE,
}
