"""OMOP CDM 5.4 tables (https://ohdsi.github.io/CommonDataModel/cdm54.html): names, types and required columns.

Ids are 64-bit integers, since they are keyed hashes. Date-times are local wall time of the source, without zone.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.fields import lake_field

_ID = pa.int64()
_TEXT = pa.string()
_DATE = pa.date32()
_DATETIME = pa.timestamp("us")
_INT = pa.int32()


def _schema(columns: str) -> pa.Schema:
    """Columns as `name:type` words; a trailing `!` marks a required one."""
    types = {"id": _ID, "int": _INT, "text": _TEXT, "date": _DATE, "datetime": _DATETIME}
    fields = []
    for word in columns.split():
        name, _, kind = word.partition(":")
        fields.append(lake_field(name, types[kind.rstrip("!")], required=kind.endswith("!")))
    return pa.schema(fields)


PERSON = _schema(
    "person_id:id! gender_concept_id:id! year_of_birth:int! month_of_birth:int day_of_birth:int "
    "birth_datetime:datetime race_concept_id:id! ethnicity_concept_id:id! location_id:id provider_id:id "
    "care_site_id:id person_source_value:text gender_source_value:text gender_source_concept_id:id "
    "race_source_value:text race_source_concept_id:id ethnicity_source_value:text ethnicity_source_concept_id:id"
)

OBSERVATION_PERIOD = _schema(
    "observation_period_id:id! person_id:id! observation_period_start_date:date! observation_period_end_date:date! "
    "period_type_concept_id:id!"
)

VISIT_OCCURRENCE = _schema(
    "visit_occurrence_id:id! person_id:id! visit_concept_id:id! visit_start_date:date! visit_start_datetime:datetime "
    "visit_end_date:date! visit_end_datetime:datetime visit_type_concept_id:id! provider_id:id care_site_id:id "
    "visit_source_value:text visit_source_concept_id:id admitted_from_concept_id:id admitted_from_source_value:text "
    "discharged_to_concept_id:id discharged_to_source_value:text preceding_visit_occurrence_id:id"
)

CONDITION_OCCURRENCE = _schema(
    "condition_occurrence_id:id! person_id:id! condition_concept_id:id! condition_start_date:date! "
    "condition_start_datetime:datetime condition_end_date:date condition_end_datetime:datetime "
    "condition_type_concept_id:id! condition_status_concept_id:id stop_reason:text provider_id:id "
    "visit_occurrence_id:id visit_detail_id:id condition_source_value:text condition_source_concept_id:id "
    "condition_status_source_value:text"
)

DEATH = _schema(
    "person_id:id! death_date:date! death_datetime:datetime death_type_concept_id:id cause_concept_id:id "
    "cause_source_value:text cause_source_concept_id:id"
)

NOTE = _schema(
    "note_id:id! person_id:id! note_date:date! note_datetime:datetime note_type_concept_id:id! "
    "note_class_concept_id:id! note_title:text note_text:text! encoding_concept_id:id! language_concept_id:id! "
    "provider_id:id visit_occurrence_id:id visit_detail_id:id note_source_value:text note_event_id:id "
    "note_event_field_concept_id:id"
)
