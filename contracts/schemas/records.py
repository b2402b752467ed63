"""Records beside OMOP: patients as each source states them, what has no home in OMOP, and the ledger."""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.events import EVENT
from contracts.schemas.fields import lake_field
from contracts.schemas.omop import schema_of

PATIENT = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("person_id", pa.int64(), required=True),
        lake_field("updated_datetime", pa.timestamp("us")),
        lake_field("birth_date", pa.date32()),
        lake_field("birth_precision", pa.string()),
        lake_field("year_of_birth", pa.int32()),
        lake_field("death_date", pa.date32()),
        lake_field("death_datetime", pa.timestamp("us")),
        lake_field("is_deceased", pa.bool_()),
        lake_field("gender_source_value", pa.string()),
        lake_field("race_source_value", pa.string()),
        lake_field("ethnicity_source_value", pa.string()),
        lake_field("zip3", pa.string()),
        lake_field("state", pa.string()),
        # what a source states in OMOP's own ids, where it does; they win over the source values
        lake_field("gender_concept_id", pa.int64()),
        lake_field("race_concept_id", pa.int64()),
        lake_field("ethnicity_concept_id", pa.int64()),
        lake_field("location_id", pa.int64()),
        lake_field("provider_id", pa.int64()),
        lake_field("care_site_id", pa.int64()),
        lake_field("death_type_concept_id", pa.int64()),
        lake_field("cause_concept_id", pa.int64()),
        lake_field("cause_source_value", pa.string()),
        lake_field("cause_source_concept_id", pa.int64()),
    ]
)
"""One row for each Patient record of a source; `omop.person` and `omop.death` are derived from it, one a person.
`birth_precision` is day, month or year, as the source states it. `is_deceased` is whether the source says that the
person is dead: without a date, which `omop.death` needs, that is told here alone. `updated_datetime` is when the source
last changed the record, shifted like every date of the person: it orders the statements about one person."""

PLACE = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("place_id", pa.int64(), required=True),
        lake_field("preferred", pa.bool_(), required=True),
        lake_field("kind", pa.string(), required=True),  # location (an address), care_site (who cares there)
        lake_field("care_site_name", pa.string()),
        lake_field("place_of_service_concept_id", pa.int64()),
        lake_field("place_of_service_source_value", pa.string()),
        lake_field("location_id", pa.int64()),
        lake_field("city", pa.string()),
        lake_field("state", pa.string()),
        lake_field("zip3", pa.string()),
        lake_field("country", pa.string()),
    ]
)
"""Organizations and locations as each source states them, one row for each id by which others may refer to one: its
logical id and each of its identifiers. `omop.care_site` and `omop.location` are derived: the ids that are referred to,
else the one that is `preferred`. So references resolve whichever form they take, in any order of files and nights."""

PROVIDER = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("provider_id", pa.int64(), required=True),
        lake_field("preferred", pa.bool_(), required=True),
        lake_field("specialty_concept_id", pa.int64()),
        lake_field("specialty_source_value", pa.string()),
        lake_field("care_site_id", pa.int64()),
        lake_field("gender_concept_id", pa.int64()),
        lake_field("gender_source_value", pa.string()),
        lake_field("year_of_birth", pa.int32()),
    ]
)
"""Practitioners likewise; `omop.provider` is derived. Names, NPI and DEA numbers are not kept."""

OBSERVATION_PERIOD = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("person_id", pa.int64(), required=True),
        lake_field("start_date", pa.date32(), required=True),
        lake_field("end_date", pa.date32(), required=True),
        lake_field("period_type_concept_id", pa.int64(), required=True),
    ]
)
"""Periods that a source itself vouches for; where a person has none, they are derived from what happened."""

REFERRING = EVENT
"""Events that say what was given or used by a reference to a record of its own (`vocabulary` names its type, `code` its
keyed id). That record may come in any file of any night, so they are kept as events; OMOP's rows follow from both."""

REPORT = pa.schema([*schema_of("note"), lake_field("kind", pa.string())])
"""Texts that are notes (`omop.note`) or not by what else there is, in any file of any night (`kind`):
those of reports, unless a document tells the same of the same visit, and documents that their source calls superseded,
unless a current one of the same type and visit stands in their place."""

THING = pa.schema(
    [
        lake_field("thing_id", pa.int64(), required=True),
        lake_field("place", pa.int64(), required=True),  # of the coding among those of its concept, from 1
        lake_field("kind", pa.string(), required=True),  # Medication, Device
        lake_field("system", pa.string()),
        lake_field("code", pa.string(), required=True),
        lake_field("display", pa.string()),
    ]
)
"""What is given or used, by the ids that refer to it: the codings that its own record states. Derived."""

CODE = pa.schema(
    [
        lake_field("target", pa.string(), required=True),  # the lake table
        lake_field("source_vocabulary", pa.string(), required=True),
        lake_field("source_value", pa.string(), required=True),
        lake_field("source_display", pa.string()),
        lake_field("concept_id", pa.int64(), required=True),
        lake_field("number_of_rows", pa.int64(), required=True),
        lake_field("number_of_persons", pa.int64(), required=True),
    ]
)
"""Every source code with the concept it got and how often it occurs: mapping coverage, and the worklist of what is not
mapped, are read from it. Derived."""

ACCESSION = pa.schema(
    [
        lake_field(
            "record_id", pa.int64(), required=True
        ),  # note_id, procedure_occurrence_id, or a record's own
        lake_field("kind", pa.string(), required=True),  # report, procedure, order, study
        lake_field("person_id", pa.int64()),
        lake_field("visit_occurrence_id", pa.int64()),  # as the record names it: a visit or a part of one
        lake_field("certain", pa.bool_(), required=True),  # false: an order's numbers, one of which may be it
        lake_field("accession_ids", pa.list_(pa.int64())),  # as written
        lake_field("accession_normal_ids", pa.list_(pa.int64())),  # in their normal form
        lake_field("study_instance_uids", pa.list_(pa.string())),
        lake_field("series_instance_uids", pa.list_(pa.string())),
        lake_field("stated_as_id", pa.int64()),  # by which others refer to it
        lake_field("refers_to_ids", pa.list_(pa.int64())),
        lake_field("procedure_ids", pa.list_(pa.int64())),
    ]
)
"""Records of the EHR that name an imaging study: by accession number, by UID, or by another record that does. Ids of
accession numbers are those of `imaging.instance`: keyed by who assigns them and the number."""

UNMAPPED = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("person_id", pa.int64()),
        lake_field("record_type", pa.string(), required=True),
        lake_field("resource", pa.string(), required=True),
    ]
)
"""What has no table yet, whole and de-identified, as JSON."""

LEDGER = pa.schema(
    [
        lake_field("unit", pa.string(), required=True),
        lake_field("record_type", pa.string(), required=True),
        lake_field("version", pa.string(), required=True),
        lake_field("digest", pa.int64(), required=True),
        lake_field("fate", pa.string(), required=True),
    ]
)
"""One row for each (record, unit) that holds it: what newest-wins, merging and removal are judged by. `version` is
sealed: when a record was changed is a true date."""
