"""What the OMOP connector emits: rows of a CDM 5.3 or 5.4 export, every column with what becomes of it.

After the CDM's own columns (`contracts.schemas.omop.CDM`); 5.3's names are brought to 5.4's by the connector. Ids are
strings of authority, table and id, joined by U+001F, so that one id under two authorities is two and a reference has
the key that its row has. Dates and date-times are ISO strings in the wall time that the export writes. Persons and
deaths come in one table, care sites and locations too, and what has no table in the lake yet comes in `omop.other`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field
from contracts.schemas.omop import CDM, WITH_SOURCE

_S, _I = pa.string(), pa.int64()
SPACE = "omop"
"""One name space for all keys: the table is part of the value."""
SYSTEM = "omop"
"""The name space of `person_id` among an authority's identities: it is no patient number unless the site says so."""

EVENTS = (
    "visit_occurrence",
    "visit_detail",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "device_exposure",
    "measurement",
    "observation",
    "specimen",
    "note",
    "payer_plan_period",
    "cost",
    "episode",
)
"""Tables carried over to the lake's table of the same name."""
OTHERS = (
    "note_nlp",
    "fact_relationship",
    "episode_event",
    "metadata",
    "cdm_source",
    "cohort",
    "cohort_definition",
)
"""Tables that the lake has no table for: kept in `records.unmapped`."""
RECORD_TYPES = {table: "".join(word.capitalize() for word in table.split("_")) for table in OTHERS}
"""What they are called there, where names are those of record types: `CdmSource`."""
ERAS = ("condition_era", "drug_era", "dose_era")
"""Derived anew from what they are made of."""
VOCABULARY = (
    "concept",
    "vocabulary",
    "domain",
    "concept_class",
    "concept_relationship",
    "relationship",
    "concept_synonym",
    "concept_ancestor",
    "source_to_concept_map",
    "drug_strength",
)
"""Read by `nightrounds vocabulary load`, not as records."""

SOURCE_TABLE: Mapping[str, str] = {
    **{table: f"omop.{table}" for table in EVENTS},
    **dict.fromkeys(OTHERS, "omop.other"),
    "person": "omop.patient",
    "death": "omop.patient",
    "provider": "omop.provider",
    "care_site": "omop.place",
    "location": "omop.place",
    "observation_period": "omop.observation_period",
}
"""The table of the CDM, and the source-shaped table that its rows come in."""

UNKEYED = ("death", "fact_relationship", "episode_event", "cdm_source", "cohort")
"""Tables without a key of their own: a death is its person's, any other row is its own key."""

RENAMED = {
    "admitting_source_concept_id": "admitted_from_concept_id",
    "admitting_source_value": "admitted_from_source_value",
    "discharge_to_concept_id": "discharged_to_concept_id",
    "discharge_to_source_value": "discharged_to_source_value",
    "visit_detail_parent_id": "parent_visit_detail_id",
}
"""CDM 5.3's names of columns (https://ohdsi.github.io/CommonDataModel/cdm53.html), and 5.4's."""

REFERS = {
    "visit_occurrence_id": "visit_occurrence",
    "preceding_visit_occurrence_id": "visit_occurrence",
    "visit_detail_id": "visit_detail",
    "preceding_visit_detail_id": "visit_detail",
    "parent_visit_detail_id": "visit_detail",
    "provider_id": "provider",
    "care_site_id": "care_site",
    "location_id": "location",
    "note_id": "note",
    "episode_id": "episode",
    "episode_parent_id": "episode",
    "payer_plan_period_id": "payer_plan_period",
    "cohort_definition_id": "cohort_definition",
}
"""Foreign keys to one table, which it is."""

REFERS_BY = {
    "measurement_event_id": "meas_event_field_concept_id",
    "observation_event_id": "obs_event_field_concept_id",
    "note_event_id": "note_event_field_concept_id",
    "event_id": "episode_event_field_concept_id",
    "cost_event_id": "cost_domain_id",
    "fact_id_1": "domain_concept_id_1",
    "fact_id_2": "domain_concept_id_2",
}
"""Foreign keys to a table that another column of the row tells."""

TOLD_TABLES = {
    # concepts of key fields
    "1147070": "visit_occurrence",
    "1147082": "procedure_occurrence",
    "1147094": "drug_exposure",
    "1147127": "condition_occurrence",
    "1147138": "measurement",
    # concepts of tables
    "1147330": "measurement",
    # concepts of domains
    "8": "visit_occurrence",
    "10": "procedure_occurrence",
    "13": "drug_exposure",
    "17": "device_exposure",
    "19": "condition_occurrence",
    "21": "measurement",
    "27": "observation",
    "36": "specimen",
    "57": "care_site",
    # cost_domain_id, in words
    "visit": "visit_occurrence",
    "visit detail": "visit_detail",
    "procedure": "procedure_occurrence",
    "drug": "drug_exposure",
    "device": "device_exposure",
    "condition": "condition_occurrence",
    "measurement": "measurement",
    "observation": "observation",
    "specimen": "specimen",
}
"""What such a column says, and the table meant. Anything else keeps ids apart by what it says, and links nothing."""
PERSON_DOMAIN = "56"

LABELS = ("visit_source_value", "visit_detail_source_value", "note_source_value", "episode_source_value")
"""Columns in which some sites write a code and others the record's own number: the number is left out."""

_CODE = "a code of the source names a concept, not a person"
_FREE = "written by people, so it may name them"
_CONCEPT = "an OMOP concept names a concept, not a person"
_NUMBER = "a quantity, count or result"
_LINK = "links rows of one export"
_NOBODYS = "free text of no known person: no names are known to find in it"

_DECIDED: Mapping[str, tuple[Action, str]] = {
    "unique_device_id": (Action.DROP, "45 CFR 164.514(b)(2)(i)(M): a device's identifier"),
    "production_id": (Action.DROP, "45 CFR 164.514(b)(2)(i)(M): it holds the device's serial number"),
    "specimen_source_id": (Action.DROP, "45 CFR 164.514(b)(2)(i)(R): the specimen's number at its source"),
    "family_source_value": (Action.DROP, "45 CFR 164.514(b)(2)(i)(I): the number of a family's policy"),
    "value_as_string": (Action.TEXT, _FREE),
    "value_source_value": (Action.TEXT, _FREE),
    "stop_reason": (Action.TEXT, _FREE),
    "sig": (Action.TEXT, _FREE),
    "note_title": (Action.TEXT, _FREE),
    "note_text": (Action.TEXT, "the note itself"),
    "lot_number": (Action.TERM, "a manufacturer's batch, not one package"),
    "cost_domain_id": (Action.TERM, "one of OMOP's domains"),
    "measurement_time": (Action.KEEP, "a time of day; the mapping leaves it out under safe_harbor"),
    "offset": (Action.KEEP, "a place in a note, digits only"),
}
_DECIDED_OTHERS: Mapping[str, tuple[Action, str]] = {
    "snippet": (Action.DROP, _NOBODYS),
    "lexical_variant": (Action.DROP, _NOBODYS),
    "name": (Action.DROP, _NOBODYS),
    "value_as_string": (Action.DROP, _NOBODYS),
    "cdm_source_name": (Action.DROP, _NOBODYS),
    "cdm_source_abbreviation": (Action.DROP, _NOBODYS),
    "cdm_holder": (Action.DROP, _NOBODYS),
    "source_description": (Action.DROP, _NOBODYS),
    "source_documentation_reference": (Action.DROP, _NOBODYS),
    "cdm_etl_reference": (Action.DROP, _NOBODYS),
    "cohort_definition_name": (Action.DROP, _NOBODYS),
    "cohort_definition_description": (Action.DROP, _NOBODYS),
    "cohort_definition_syntax": (Action.DROP, _NOBODYS),
}

OWN = [
    field("_record", _I, Action.KEEP, "number of the row in its file, 0-based").with_nullable(False),
    field("_owner", _I, Action.KEEP, "keyed id of (authority, table, key)").with_nullable(False),
    field("_version", _S, Action.KEEP, "the export's release date in CDM_SOURCE, empty where none"),
    field("_digest", _I, Action.KEEP, "keyed digest of the row").with_nullable(False),
    field("layout", _S, Action.DROP, "what is odd about the file's columns: counted when it is cleaned"),
]


def _id(name: str, output: str = "") -> pa.Field:
    return field(name, _S, Action.ID, _LINK, space=SPACE, output=output)


def _subject(name: str = "person_id", output: str = "") -> pa.Field:
    return field(name, _S, Action.SUBJECT, "the person the row is about", output=output or name)


def _code(name: str) -> pa.Field:
    return field(name, _S, Action.TERM, _CODE, term="code")


def _concepts(*names: str) -> list[pa.Field]:
    return [field(name, _I, Action.KEEP, _CONCEPT) for name in names]


def _dropped(reason: str, *names: str) -> list[pa.Field]:
    return [field(name, _S, Action.DROP, reason) for name in names]


def _column(column: pa.Field, decided: Mapping[str, tuple[Action, str]]) -> pa.Field:
    """A column of the CDM with what becomes of it: as decided by name, else by what it is."""
    name, kind = column.name, column.type
    if name in decided:
        action, reason = decided[name]
        return field(name, _S, action, reason, term="code" if action is Action.TERM else "")
    if name == "person_id":
        return _subject()
    if pa.types.is_date(kind):
        return field(name, _S, Action.DATE, "shifted, or cut to the year")
    if pa.types.is_timestamp(kind):
        return field(name, _S, Action.DATETIME, "shifted, or left out")
    if pa.types.is_int64(kind):
        return _concepts(name)[0] if "concept_id" in name else _id(name)
    if pa.types.is_string(kind):
        return _code(name)
    return field(name, kind, Action.KEEP, _NUMBER)


def _cdm_columns(table: str, decided: Mapping[str, tuple[Action, str]]) -> list[pa.Field]:
    return [_column(column, decided) for column in CDM[table]]


def _event(table: str) -> pa.Schema:
    columns = _cdm_columns(table, _DECIDED)
    if table == "measurement":
        columns.append(
            field(
                "measurement_time_date",
                _S,
                Action.DATE,
                "measurement_time, where an export holds a date there",
            )
        )
    if table in WITH_SOURCE:
        columns.append(
            field(
                "source_vocabulary", _S, Action.TERM, "an OMOP vocabulary names a terminology", term="system"
            )
        )
    return pa.schema([*OWN, *columns])


def _others() -> pa.Schema:
    """The columns of all of `OTHERS`, each once; a row has those of its own table."""
    columns = {f.name: f for table in OTHERS for f in _cdm_columns(table, {**_DECIDED, **_DECIDED_OTHERS})}
    del columns["subject_id"]
    kind = field("record_type", _S, Action.KEEP, "the name of a CDM table, in one word")
    persons = [_subject(), _subject("person_id_2")]
    return pa.schema([*OWN, kind, _id("record_id"), *persons, *columns.values()])


PATIENT = pa.schema(
    [
        *OWN,
        field("record_type", _S, Action.KEEP, "the name of a CDM table"),
        _id("record_id"),
        _subject(),
        field("birth_date", _S, Action.DATE, "shifted, or cut to the year; grouped over 89", birth=True),
        field("birth_precision", _S, Action.PRECISION, "how much is told of the date", of="birth_date"),
        field("birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        *_concepts("gender_concept_id", "race_concept_id", "ethnicity_concept_id"),
        *(_id(name) for name in ("location_id", "provider_id", "care_site_id")),
        *(_code(f"{name}_source_value") for name in ("gender", "race", "ethnicity")),
        *_dropped("45 CFR 164.514(b)(2)(i)(H): the patient's number at the source", "person_source_value"),
        field("death_date", _S, Action.DATE, "shifted, or cut to the year"),
        field("death_datetime", _S, Action.DATETIME, "shifted, or left out"),
        *_concepts("death_type_concept_id", "cause_concept_id", "cause_source_concept_id"),
        _code("cause_source_value"),
    ]
)

PLACE = pa.schema(
    [
        *OWN,
        field("record_type", _S, Action.KEEP, "care_site or location"),
        _id("record_id"),
        _id("location_id"),
        *_concepts("place_of_service_concept_id", "country_concept_id"),
        _code("place_of_service_source_value"),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field("state", _S, Action.KEEP, "45 CFR 164.514(b)(2)(i)(B) permits the state; only its codes pass"),
        *_dropped(
            "45 CFR 164.514(b)(2)(i)(B): smaller than a state", "address_1", "address_2", "city", "county"
        ),
        *_dropped("45 CFR 164.514(b)(2)(i)(B): smaller than a state", "latitude", "longitude"),
        *_dropped("numbers and addresses of a place, which may be a home", "location_source_value"),
        *_dropped("small practices are named after people", "care_site_name", "care_site_source_value"),
        _code("country_source_value"),
    ]
)

PROVIDER = pa.schema(
    [
        *OWN,
        _id("provider_id"),
        _id("care_site_id"),
        *_concepts("specialty_concept_id", "gender_concept_id"),
        field("specialty_code", _S, Action.KEEP, "the specialty's concept, where it has one"),
        field(
            "specialty_source_value",
            _S,
            Action.TERM,
            "the source's words for a specialty, carried only where it has a concept",
            term="display",
            code="specialty_code",
        ),
        _code("gender_source_value"),
        field("birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        *_dropped("it names a person", "provider_name"),
        *_dropped("a licence's number names a person", "npi", "dea"),
        *_dropped("the provider's number at the source", "provider_source_value"),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "omop.patient": PATIENT,
    "omop.provider": PROVIDER,
    "omop.place": PLACE,
    "omop.observation_period": _event("observation_period"),
    **{f"omop.{table}": _event(table) for table in EVENTS},
    "omop.other": _others(),
}
