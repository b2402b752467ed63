"""The registry of lake tables: schema, key, order of publication, clustering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from contracts.errors import Fatal
from contracts.plugins import load_plugins
from contracts.schemas import genomics, graph, imaging, linkage, omop, records

OWN_COLUMNS = (
    pa.field("_source", pa.string(), nullable=False),
    pa.field("_owner", pa.int64(), nullable=False),
    pa.field("_recipe", pa.string(), nullable=False),
    pa.field("_bucket", pa.int32(), nullable=False),
)
"""Carried by every lake table, left out of content digests and exports; `_bucket` is the partition."""


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake.

    Attributes:
        name: `<schema>.<table>`.
        schema: its columns without the own ones.
        key: columns that identify a row.
        order: tables are published in ascending order; parents before children.
        parents: tables that must not be blocked for this one to be published.
        bucket_by: the column that clusters it, `person_id` falling back to the owner where it is null.
        derived: computed over whole tables of the lake, not staged by units.
        open: may hold further columns that the export declares (INFO and FORMAT fields).
        date: the column that puts a row on a person's timeline.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    order: int
    parents: tuple[str, ...] = ()
    bucket_by: str = "person_id"
    derived: bool = False
    open: bool = False
    date: str = ""

    @property
    def own_schema(self) -> pa.Schema:
        """The schema with the own columns, as stored."""
        return pa.schema([*self.schema, *OWN_COLUMNS])


def bucket_of(value: int, buckets: int) -> int:
    """The bucket of an id: ids are uniform keyed hashes, so a remainder spreads them evenly."""
    return value % buckets


_BEFORE = ("records.patient",)
_WITHIN = (*_BEFORE, "omop.visit_occurrence")


def _omop(
    table: str, order: int, parents: tuple[str, ...] = _WITHIN, *, derived: bool = False, date: str = ""
) -> LakeTable:
    """An OMOP table; its key is the CDM's first column."""
    schema = omop.schema_of(table)
    bucket_by = "person_id" if "person_id" in schema.names else schema.names[0]
    return LakeTable(
        f"omop.{table}", schema, (schema.names[0],), order, parents, bucket_by, derived=derived, date=date
    )


_RECORDS = [
    LakeTable("records.patient", records.PATIENT, ("record_id",), 10),
    LakeTable("records.place", records.PLACE, ("record_id", "place_id"), 10, bucket_by="record_id"),
    LakeTable("records.provider", records.PROVIDER, ("record_id", "provider_id"), 10, bucket_by="record_id"),
    LakeTable("records.observation_period", records.OBSERVATION_PERIOD, ("record_id",), 11, _BEFORE),
    LakeTable("records.thing", records.THING, ("thing_id", "place"), 12, bucket_by="thing_id", derived=True),
    LakeTable("records.referring", records.REFERRING, ("event_id",), 35, _WITHIN),
    LakeTable("records.report", records.REPORT, ("note_id",), 35, _WITHIN),
    LakeTable("records.accession", records.ACCESSION, ("record_id", "kind"), 41),
    _omop("location", 15, ("records.place",), derived=True),
    _omop("care_site", 16, ("records.place",), derived=True),
    _omop("provider", 17, ("records.provider",), derived=True),
    _omop("person", 20, _BEFORE, derived=True),
    _omop("death", 21, _BEFORE, derived=True, date="death_date"),
    _omop("visit_occurrence", 30, _BEFORE, date="visit_start_date"),
    _omop("visit_detail", 31, date="visit_detail_start_date"),
    _omop("condition_occurrence", 40, date="condition_start_date"),
    _omop("drug_exposure", 40, date="drug_exposure_start_date"),
    _omop("procedure_occurrence", 40, date="procedure_date"),
    _omop("device_exposure", 40, date="device_exposure_start_date"),
    _omop("measurement", 40, date="measurement_date"),
    _omop("observation", 40, date="observation_date"),
    _omop("specimen", 40, date="specimen_date"),
    _omop("note", 40, date="note_date"),
    _omop("payer_plan_period", 40, _BEFORE),
    _omop("cost", 45),
    _omop("episode", 45, date="episode_start_date"),
    _omop("observation_period", 50, ("omop.visit_occurrence",), derived=True),
    _omop("condition_era", 51, ("omop.condition_occurrence",), derived=True),
    _omop("drug_era", 51, ("omop.drug_exposure",), derived=True),
    _omop("dose_era", 51, ("omop.drug_exposure",), derived=True),
    LakeTable(
        "records.code",
        records.CODE,
        ("target", "source_vocabulary", "source_value", "concept_id"),
        55,
        (),
        "_owner",
        derived=True,
    ),
    LakeTable("records.unmapped", records.UNMAPPED, ("record_id",), 60),
    LakeTable("records.ledger", records.LEDGER, ("_owner", "unit"), 99, bucket_by="_owner"),
]

_TABLES = [
    *_RECORDS,
    LakeTable("imaging.instance", imaging.INSTANCE, ("instance_id",), 10, date="study_date"),
    LakeTable(
        "imaging.series", imaging.SERIES, ("series_id", "person_id"), 20, ("imaging.instance",), derived=True
    ),
    LakeTable(
        "imaging.study",
        imaging.STUDY,
        ("study_id", "person_id"),
        30,
        ("imaging.series",),
        derived=True,
        date="study_date",
    ),
    LakeTable("imaging.flag", imaging.FLAG, ("instance_id", "flag"), 40, ("imaging.instance",), derived=True),
    LakeTable(
        "imaging.link",
        imaging.LINK,
        ("study_id", "person_id", "kind", "record_id", "series_id"),
        42,
        ("imaging.instance",),
        derived=True,
    ),
    LakeTable(
        "omop.image_occurrence",
        imaging.IMAGE_OCCURRENCE,
        ("image_occurrence_id",),
        45,
        ("imaging.instance",),
        derived=True,
        date="image_occurrence_date",
    ),
    LakeTable(
        "imaging.report_image",
        imaging.REPORT_IMAGE,
        ("note_id", "series_id", "person_id"),
        45,
        ("imaging.instance",),
        derived=True,
    ),
    LakeTable("imaging.object", imaging.OBJECT, ("instance_id",), 50, ("imaging.instance",), derived=True),
    LakeTable("genomics.file", genomics.FILE, ("file_id",), 10, bucket_by="_owner"),
    LakeTable("genomics.sample", genomics.SAMPLE, ("file_id", "sample_index"), 20, ("genomics.file",)),
    LakeTable(
        "genomics.finding",
        genomics.FINDING,
        ("file_id", "finding_index"),
        20,
        ("genomics.file",),
        "_owner",
    ),
    LakeTable(
        "genomics.variant", genomics.VARIANT, ("record_id",), 30, ("genomics.file",), "_owner", open=True
    ),
    LakeTable("genomics.call", genomics.CALL, ("record_id",), 40, ("genomics.variant",), "_owner", open=True),
    LakeTable(
        "genomics.reference_block",
        genomics.REFERENCE_BLOCK,
        ("record_id",),
        40,
        ("genomics.file",),
        "_owner",
        open=True,
    ),
    LakeTable(
        "genomics.variant_quality",
        genomics.VARIANT_QUALITY,
        ("record_id",),
        50,
        ("genomics.variant",),
        "_owner",
        derived=True,
    ),
    LakeTable(
        "genomics.sample_quality",
        genomics.SAMPLE_QUALITY,
        ("file_id", "sample_index"),
        50,
        ("genomics.sample",),
        "_owner",
        derived=True,
    ),
    LakeTable(
        "genomics.file_quality",
        genomics.FILE_QUALITY,
        ("file_id",),
        51,
        ("genomics.file",),
        "_owner",
        derived=True,
    ),
    LakeTable(
        "genomics.consequence",
        genomics.CONSEQUENCE,
        ("record_id", "annotated_by", "consequence_index"),
        50,
        ("genomics.variant",),
        "_owner",
        derived=True,
    ),
    LakeTable(
        "genomics.suppressed",
        genomics.SUPPRESSED,
        ("record_id", "reason"),
        60,
        ("genomics.variant",),
        "file_id",
        derived=True,
    ),
    LakeTable("linkage.person", linkage.PERSON, ("identity_id",), 10, derived=True),
    LakeTable("linkage.history", linkage.HISTORY, ("event_id",), 10, derived=True),
    LakeTable("graph.node", graph.NODE, ("node_id",), 90, derived=True),
    LakeTable("graph.edge", graph.EDGE, ("edge_id",), 91, ("graph.node",), derived=True),
]


class _Registry(Mapping[str, LakeTable]):
    """Lake tables by name. Whoever looks first brings in those of plugins."""

    def __init__(self, tables: list[LakeTable]) -> None:
        self._tables = {table.name: table for table in tables}

    def __getitem__(self, name: str) -> LakeTable:
        load_plugins()
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(tuple(self._tables))

    def __len__(self) -> int:
        load_plugins()
        return len(self._tables)

    def add(self, table: LakeTable) -> None:
        """Add a table; the same one again changes nothing."""
        if self._tables.setdefault(table.name, table) != table:
            raise Fatal("the lake has another table by this name", table.name, "choose another name")


LAKE = _Registry(_TABLES)


def register(table: LakeTable) -> None:
    """Add the lake table of a new format. A name is taken once.

    Raises:
        Fatal: another table has the name.
    """
    LAKE.add(table)


def table_named(name: str) -> LakeTable:
    """The lake table by name.

    Raises:
        Fatal: there is none; the message lists the names.
    """
    if name not in LAKE:
        raise Fatal("no such lake table", name, f"one of {', '.join(sorted(LAKE))}")
    return LAKE[name]
