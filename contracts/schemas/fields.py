"""How a column is declared, and the reserved tables of connectors."""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action


def field(
    name: str,
    kind: pa.DataType,
    action: Action,
    reason: str = "",
    *,
    space: str = "",
    output: str = "",
    term: str = "",
    code: str = "",
    of: str = "",
    birth: bool = False,
) -> pa.Field:
    """A column of a source-shaped table.

    Args:
        name: the column as the connector emits it.
        kind: its Arrow type.
        action: what de-identification does with it. A column without an action is dropped.
        reason: why that is right; shown in the documentation of the policy.
        space: for `Action.ID`, the name space of the id ("Encounter").
        term: for `Action.TERM`, what the column holds: `code` (where empty), `system` or `display`.
        code: for a `display`, the column that holds its code.
        of: for `Action.PRECISION`, the column of the date.
        birth: for `Action.DATE`, that it is a date of birth.
        output: the column's name after de-identification; the same name where empty.
    """
    meta = {"action": action.value, "reason": reason, "space": space, "output": output or name}
    meta |= {"term": term, "code": code, "of": of, "birth": "yes" if birth else ""}
    return pa.field(name, kind, metadata={k: v for k, v in meta.items() if v})


def lake_field(name: str, kind: pa.DataType, required: bool = False, unit: str = "") -> pa.Field:
    """A column of a lake table; `required` columns are never null, `unit` is the unit of measure."""
    return pa.field(name, kind, nullable=not required, metadata={"unit": unit} if unit else None)


REJECTED = pa.schema(
    [
        pa.field("_record", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("where", pa.string()),  # a line number, a tag, a field name: never a value
        pa.field("payload", pa.binary()),  # the raw record, for the encrypted quarantine; may be cut at 1 MiB
    ]
)
"""Records that a connector cannot read, or that cleaning or the gate rejects."""

IGNORED = pa.schema(
    [pa.field("_record", pa.int64(), nullable=False), pa.field("type", pa.string(), nullable=False)]
)
"""What is counted and not kept: a file in a DICOM tree that is not DICOM, a line that is not FHIR."""

COUNTED = pa.schema([pa.field("records", pa.int64(), nullable=False)])
"""How many records a connector met, counted where it takes the export to pieces, before anything is made of them."""


def count_records(number: int) -> tuple[str, pa.RecordBatch]:
    """What a connector's `read` yields to say that it met `number` records: a batch of `COUNTED` under its name."""
    return "counted", pa.RecordBatch.from_arrays([pa.array([number], pa.int64())], schema=COUNTED)


DELETED = pa.schema(
    [
        pa.field("_record", pa.int64(), nullable=False),
        pa.field("_owner", pa.int64(), nullable=False),
        pa.field("_version", pa.string(), nullable=False),
        pa.field("_digest", pa.int64(), nullable=False),
        pa.field("record_type", pa.string(), nullable=False),
    ]
)
"""Statements that a record is no more (a FHIR DELETE): versions of it like any other, after which nothing of it stands
until a newer one is stated."""

PRESENCE = pa.schema(
    [
        pa.field("_owner", pa.int64(), nullable=False),
        pa.field("_record", pa.int64(), nullable=False),
        pa.field("record_type", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("digest", pa.int64(), nullable=False),
        pa.field("fate", pa.string(), nullable=False),
    ]
)
"""Which record stands in which unit, in which version: what newest-wins, merging and removal are judged by.

`fate` is accepted or unmapped (it stands), quarantined (it is there, and cannot be believed), deleted (its source says
that it is no more) or retracted (its source says that it should never have been).

Connectors with ownership "record" emit the columns `_owner`, `_version` and `_digest` in every table; units of
connectors with ownership "file" have one owner, the keyed digest of their content.
"""
