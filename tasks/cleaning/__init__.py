"""Clean: take out of a batch the records that cannot be true, each with a reason code. Pure functions.

Every kind is held to the types and required columns that its connector declares; records have rules of their own
(`tasks.cleaning.records`). Duplicates are not looked for here: what is one record is known when it is published.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connectors.registry import read_as
from contracts.errors import Fatal
from contracts.schemas import REJECTED

if TYPE_CHECKING:
    from tasks.cleaning.rules import Rule

PAYLOAD_LIMIT = 1 << 20

_RULES = {"fhir": "records", "csv": "csv_table"} | {k: k for k in ("ccda", "hl7v2", "omop", "synthea")}
"""Which module has a kind's rules on single rows; a kind without one is held to its declared columns alone."""


@dataclass(frozen=True)
class Cleaned:
    """A batch cleaned: every row of it is in `accepted` or in `rejected`, once.

    Attributes:
        accepted: the rows that hold, as they came.
        rejected: the others, as `contracts.schemas.REJECTED`; the payload is the row as JSON.
        warnings: how many of the accepted rows are odd, by reason code.
    """

    accepted: pa.Table = field(repr=False)
    rejected: pa.Table = field(repr=False)
    warnings: Counter[str]


def clean(kind: str, table: str, rows: pa.Table, today: date | None = None) -> Cleaned:
    """Clean one batch of a connector's table.

    Args:
        kind: the connector's name.
        table: the source-shaped table.
        rows: its rows, with `_record`; columns beyond the declared ones are let through.
        today: the round's date, for what cannot lie in the future; None leaves that out.

    Raises:
        Fatal: a declared column is missing or of another type, which is the connector's fault and no record's.
    """
    rows = require_types(table, rows, _declared(kind, table))
    rules = [*require_columns(_declared(kind, table)), *_rules(kind, table, today)]
    if not rules or not rows.num_rows:
        return Cleaned(rows, REJECTED.empty_table(), Counter())
    from tasks.cleaning.rules import judge

    failed, warnings = judge(rows, rules)
    if not failed:
        return Cleaned(rows, REJECTED.empty_table(), warnings)
    mask = pa.array([index in failed for index in range(rows.num_rows)])
    return Cleaned(rows.filter(pc.invert(mask)), _reject(rows.filter(mask), list(failed.values())), warnings)


def require_types(table: str, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with each declared column in its declared type."""
    for declared in schema:
        index = rows.schema.get_field_index(declared.name)
        if index < 0:
            raise Fatal("the connector left out a column", f"{table}.{declared.name}", str(declared.type))
        if rows.schema.field(index).type != declared.type:
            try:
                rows = rows.set_column(index, declared, rows.column(index).cast(declared.type))
            except pa.ArrowInvalid:
                problem = f"the connector gave {rows.schema.field(index).type}"
                raise Fatal(problem, f"{table}.{declared.name}", str(declared.type)) from None
    return rows


def require_columns(schema: pa.Schema) -> list[Rule]:
    """Rules that reject rows in which a required column is null."""
    from tasks.cleaning.rules import Rule, missing

    required = [
        declared.name for declared in schema if not declared.nullable and not declared.name.startswith("_")
    ]
    return [Rule(f"missing-{name.replace('_', '-')}", name, missing(name), (name,)) for name in required]


def _declared(kind: str, table: str) -> pa.Schema:
    from connectors.registry import connector

    tables = connector(kind).tables
    if table not in tables:
        raise Fatal(
            "the connector declares no such table", f"{kind} {table}", f"one of {', '.join(sorted(tables))}"
        )
    return tables[table]


def _rules(kind: str, table: str, today: date | None) -> list[Rule]:
    module = _RULES.get(read_as(kind))
    if module is None:
        return []
    found: list[Rule] = import_module(f"tasks.cleaning.{module}").rules(table, today)
    return found


def _reject(rows: pa.Table, failed: list[tuple[str, str]]) -> pa.Table:
    import orjson

    payloads = [orjson.dumps(row, default=str)[:PAYLOAD_LIMIT] for row in rows.to_pylist()]
    columns = [rows["_record"], [reason for reason, _ in failed], [where for _, where in failed], payloads]
    return pa.table(dict(zip(REJECTED.names, columns, strict=True))).cast(REJECTED)
