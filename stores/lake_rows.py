"""Rows made to fit their lake table: types, required columns, own columns, buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal
from contracts.schemas import LakeTable
from contracts.schemas.lake import OWN_COLUMNS

OWN = tuple(column.name for column in OWN_COLUMNS)
DERIVED_SOURCE = "derived"


def storable_type(kind: pa.DataType) -> pa.DataType:
    """The type in which Delta keeps values of `kind`: signed integers, microseconds, plain lists and strings."""
    if pa.types.is_unsigned_integer(kind):
        return {8: pa.int16(), 16: pa.int32()}.get(kind.bit_width, pa.int64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_dictionary(kind):
        return storable_type(kind.value_type)
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz=kind.tz)
    if pa.types.is_date64(kind):
        return pa.date32()
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(child.name, storable_type(child.type)) for child in kind])
    if pa.types.is_nested(kind) and not pa.types.is_map(kind):
        return pa.list_(storable_type(kind.value_type))
    return kind


@dataclass(frozen=True)
class Fitting:
    """Fits incoming batches to one table.

    Attributes:
        table: the lake table.
        source: written to `_source`.
        buckets: how many buckets the lake has.
        derived: rows may come without owner and recipe, which then are 0 and empty.
    """

    table: LakeTable
    source: str
    buckets: int
    derived: bool = False

    def fit(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`batch` with exactly the table's columns (and further ones where the table is open) and the own columns.

        Raises:
            Fatal: a column is missing, unknown, of a type that does not fit, or null where it is required.
        """
        names = batch.schema.names
        if len(set(names)) != len(names):
            raise Fatal("a column occurs twice", self.table.name)
        fields = [*self.table.schema, *self._further(batch.schema)]
        columns = [self._column(batch, field) for field in fields]
        owner, recipe = self._own(batch)
        bucket = self._bucket(
            batch.num_rows, dict(zip((f.name for f in fields), columns, strict=True)), owner
        )
        source = pa.repeat(pa.scalar(self.source, pa.string()), batch.num_rows)
        schema = pa.schema([*(f.remove_metadata() for f in fields), *OWN_COLUMNS])
        return pa.record_batch([*columns, source, owner, recipe, bucket], schema=schema)

    def _further(self, schema: pa.Schema) -> list[pa.Field]:
        known = {*self.table.schema.names, *OWN}
        further = [f for f in schema if f.name not in known]
        if further and not self.table.open:
            raise Fatal("the rows have a column that the table lacks", f"{self.table.name}.{further[0].name}")
        if any(f.name.startswith("_") for f in further):
            raise Fatal("a further column begins with an underscore", self.table.name, "own columns alone do")
        return [pa.field(f.name, storable_type(f.type)) for f in further if not pa.types.is_null(f.type)]

    def _column(self, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
        place = f"{self.table.name}.{field.name}"
        if field.name not in batch.schema.names:
            if not field.nullable:
                raise Fatal("a required column is missing", place)
            return pa.nulls(batch.num_rows, field.type)
        column = batch.column(field.name)
        if column.type != field.type:
            try:
                column = column.cast(field.type)
            except pa.ArrowException:
                # Arrow's message quotes the value, so it goes no further
                raise Fatal(f"values of type {column.type} do not fit", place, str(field.type)) from None
        if not field.nullable and column.null_count:
            raise Fatal(f"{column.null_count} rows lack a required value", place)
        return column

    def _own(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
        owner, recipe = OWN_COLUMNS[1], OWN_COLUMNS[2]
        if self.derived and owner.name not in batch.schema.names:
            size = batch.num_rows
            return pa.repeat(pa.scalar(0, pa.int64()), size), pa.repeat(pa.scalar("", pa.string()), size)
        return self._column(batch, owner), self._column(batch, recipe)

    def _bucket(self, size: int, columns: dict[str, pa.Array], owner: pa.Array) -> pa.Array:
        by = owner
        if self.table.bucket_by != "_owner":
            by = pc.coalesce(columns[self.table.bucket_by], owner)
        values: Any = np.asarray(by)
        return pa.array((values % self.buckets).astype(np.int32)) if size else pa.array([], pa.int32())


def align(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """`batch` in the columns of `schema`: by name, missing ones null, types cast."""
    names = set(batch.schema.names)
    columns = [
        batch.column(f.name).cast(f.type) if f.name in names else pa.nulls(batch.num_rows, f.type)
        for f in schema
    ]
    return pa.record_batch(columns, schema=schema)
