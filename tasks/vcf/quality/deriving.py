"""Derive the tables that are made from a file's variants alone: quality and consequences.

A file's rows never change under its id, so a night counts the files that are new and removes those that are gone.
Nothing of a person is in these tables beyond what `genomics.*` holds; what genotypes tell against what is recorded of
a person (sex, kinship) goes to the vault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from contracts.protocols import Receipt
from stores.lake import Lake
from stores.vault import Vault
from tasks.deriving import Derived
from tasks.vcf.annotations.parsing import parse_annotations
from tasks.vcf.export.records import StoredFile, read_records
from tasks.vcf.quality.findings import SampleFacts, keep_facts
from tasks.vcf.quality.survey import Survey

VERSION = 2
"""A change of the counting counts all files again."""
MARKER = "genomics.file_quality"
TABLES = ("genomics.variant_quality", "genomics.sample_quality", "genomics.consequence", MARKER)
"""The marker last: a file that has it is done."""
_INPUTS = ("genomics.file", "genomics.sample", "genomics.variant", "genomics.call")


@dataclass(frozen=True)
class _Pending:
    """What of a source is to be done.

    Attributes:
        source: its name.
        files: rows of `genomics.file` to count.
        gone: files that are no more.
    """

    source: str
    files: list[dict[str, Any]]
    gone: list[int]


def derive_variants(lake: Lake, vault: Vault | None, round_no: int) -> list[Derived]:
    """Bring quality and consequences up to date.

    Args:
        lake: the lake.
        vault: takes what only the steward may see; None: that is left out.
        round_no: the round.
    """
    if "genomics.file" not in lake.tables():
        return []
    receipts: dict[str, Receipt] = {}
    for pending in _find_pending(lake):
        for receipt in _derive_source(lake, vault, pending, round_no):
            before = receipts.get(receipt.table)
            changed = receipt.changed or (before is not None and before.changed)
            receipts[receipt.table] = Receipt(receipt.table, receipt.version, changed)
    return [Derived(table, lake.rows(table), receipt) for table, receipt in receipts.items()]


def _find_pending(lake: Lake) -> Iterator[_Pending]:
    columns = ["file_id", "assembly", "header", "number_of_samples", "number_of_records", "_source"]
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in lake.read("genomics.file", columns=columns).to_pylist():
        by_source.setdefault(row["_source"], []).append(row)
    done: dict[str, dict[int, int]] = {}
    if MARKER in lake.tables():
        for row in lake.read(MARKER, columns=["file_id", "counted_by", "_source"]).to_pylist():
            done.setdefault(row["_source"], {})[row["file_id"]] = row["counted_by"]
    for source in sorted(by_source.keys() | done.keys()):
        own, known = by_source.get(source, []), done.get(source, {})
        files = [row for row in own if known.get(row["file_id"]) != VERSION]
        gone = sorted(known.keys() - {row["file_id"] for row in own})
        if files or gone:
            yield _Pending(source, sorted(files, key=lambda row: int(row["file_id"])), gone)


def _derive_source(lake: Lake, vault: Vault | None, pending: _Pending, round_no: int) -> Iterator[Receipt]:
    source = pending.source
    owners = [row["file_id"] for row in pending.files] + pending.gone
    samples, surveys, facts = _samples(lake, source), list[pa.Table](), dict[int, SampleFacts]()
    sample_rows: list[pa.Table] = []

    def variant_rows() -> Iterator[pa.RecordBatch]:
        for row in pending.files:
            survey = Survey(
                row["file_id"], row["number_of_samples"], row["number_of_records"], row["assembly"]
            )
            for rows in _windows(lake, source, row):
                counted = survey.take(rows)
                if counted is not None:
                    yield from _owned(counted, row["file_id"]).to_batches()
            if survey.samples:
                ids = samples[row["file_id"]]
                sample_rows.append(_owned(survey.sample_rows(ids), row["file_id"]))
                facts[row["file_id"]] = SampleFacts.of(survey, ids)
            surveys.append(_owned(survey.file_row(VERSION), row["file_id"]))

    def write(table: str, rows: Iterator[pa.RecordBatch]) -> Receipt:
        publish = lake.next_publication(table, f"derived:{table}:{source}", round_no)
        return lake.replace(table, source, owners, rows, publish=publish)

    yield write("genomics.variant_quality", variant_rows())
    yield write("genomics.sample_quality", (b for table in sample_rows for b in table.to_batches()))
    yield write("genomics.consequence", _consequences(lake, pending))
    if vault is not None:
        keep_facts(vault, source, facts, pending.gone)
    yield write(MARKER, (b for table in surveys for b in table.to_batches()))


def _samples(lake: Lake, source: str) -> dict[int, list[int]]:
    """Sample ids by file, in the samples' order."""
    found: dict[int, list[tuple[int, int]]] = {}
    if "genomics.sample" in lake.tables():
        columns = ["file_id", "sample_index", "sample_id", "_source"]
        for row in lake.read("genomics.sample", columns=columns).to_pylist():
            if row["_source"] == source:
                found.setdefault(row["file_id"], []).append((row["sample_index"], row["sample_id"]))
    return {file_id: [sample_id for _, sample_id in sorted(rows)] for file_id, rows in found.items()}


def _windows(lake: Lake, source: str, row: dict[str, Any]) -> Iterator[pa.Table]:
    """The file's variants with their calls; without its reference blocks."""
    versions = {name: v for name, v in lake.versions().items() if name in _INPUTS}
    if "genomics.variant" in versions:
        stored = StoredFile(source, row["file_id"], row["number_of_samples"], versions)
        yield from read_records(lake, stored)


def _consequences(lake: Lake, pending: _Pending) -> Iterator[pa.RecordBatch]:
    headers = {row["file_id"]: row["header"] for row in pending.files}
    if not headers or "genomics.variant" not in lake.tables():
        return
    columns = lake.schema("genomics.variant").names
    with lake.connect() as connection:
        for batch in parse_annotations(connection, headers, columns):
            recipe = pa.array([""] * batch.num_rows, pa.string())
            yield pa.RecordBatch.from_arrays([*batch.columns, recipe], names=[*batch.schema.names, "_recipe"])


def _owned(rows: pa.Table, owner: int) -> pa.Table:
    rows = rows.append_column("_owner", pa.array(np.full(rows.num_rows, owner, dtype=np.int64)))
    return rows.append_column("_recipe", pa.array([""] * rows.num_rows, pa.string()))
