"""A lake that holds files as a round would leave them, and what to compare of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.vcf import VcfConnector
from contracts.identity import Person, encode_subject
from contracts.keys import Key
from contracts.privacy import Profile
from contracts.protocols import Reading
from contracts.units import WHOLE, Source, Unit
from stores.lake import Lake
from stores.places import LocalPlace
from tasks.deidentification.engine import Deidentifier
from tasks.vcf.standardise import finish, standardise
from tests.accounts import accounted

KEY = Key("test", bytes(range(32)))


def fill_lake(root: Path, files: Sequence[Path], people: dict[str, Person] | None = None) -> Lake:
    """A lake with these files; the n-th file's id is n + 1.

    Args:
        root: the lake's folder.
        files: VCF and BCF.
        people: persons by sample name.
    """
    lake = Lake(root, 2)
    subjects = {encode_subject("lab", name): person for name, person in (people or {}).items()}
    rows: dict[str, list[pa.RecordBatch]] = {}
    for owner, path in enumerate(files, 1):
        for target, tables in _standardised(path, subjects).items():
            records = sum(table.num_rows for table in tables)
            for table in tables:
                done = finish(target, table, owner, records=records)
                done = done.select([name for name in done.schema.names if not name.startswith("_")])
                done = done.append_column("_owner", pa.array([owner] * done.num_rows, pa.int64()))
                done = done.append_column("_recipe", pa.array(["r"] * done.num_rows, pa.string()))
                rows.setdefault(target, []).extend(done.combine_chunks().to_batches())
    owners = list(range(1, len(files) + 1))
    for target, batches in rows.items():
        lake.replace(target, "lab", owners, batches, publish=(target, 1))
    return lake


def _standardised(path: Path, subjects: dict[str, Person]) -> dict[str, list[pa.Table]]:
    """What the tasks make of a file, a batch at a time; records that are held back are left out."""
    deid = Deidentifier(KEY, Profile.EXPERT, subjects, today=date(2024, 3, 12), source_authority="lab")
    found: dict[str, list[pa.Table]] = {}
    for table, batch in accounted(VcfConnector().read(_reading(path), WHOLE)):
        if table != "rejected":
            for target, made in standardise({table: pa.Table.from_batches([batch])}, deid).items():
                found.setdefault(target, []).append(made)
    return found


def _reading(path: Path) -> Reading:
    source = Source("lab", "vcf", str(path.parent), authority="lab")
    return Reading(Unit("lab/token", "lab", "vcf"), source, LocalPlace(path), KEY)


def held_back(path: Path) -> set[int]:
    """The numbers of records that the connector rejects."""
    found = VcfConnector().read(_reading(path), WHOLE)
    return {n for table, batch in found if table == "rejected" for n in batch["_record"].to_pylist()}


def _bits(value: Any) -> Any:
    """Floats by their bits as float32, so that not a number equals itself and 0.0 is not -0.0."""
    if isinstance(value, float):
        return struct.pack("<f", value)
    return tuple(_bits(one) for one in value) if isinstance(value, tuple) else value


def read_by_pysam(path: Path) -> Iterator[tuple[Any, ...]]:
    """Each record as pysam reads it: place, INFO by key, FORMAT keys, and each sample's values and phase."""
    import pysam

    with pysam.VariantFile(str(path)) as variants:
        for record in variants:
            place = (record.contig, record.pos, record.id, record.ref, record.alts, _bits(record.qual))
            info = {key: _bits(value) for key, value in record.info.items()}
            calls = [
                ({key: _bits(value) for key, value in call.items()}, call.phased, call.alleles)
                for call in record.samples.values()
            ]
            yield (*place, tuple(record.filter.keys()), info, set(record.format.keys()), calls)
