"""Stage many small units of one source together: one folder, one file a table, one manifest that lists them all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.units import Unit
from stores.files import file_name, make_folder, sync_folder, write_json
from stores.lake_files import sync_file
from stores.staging import BUNDLE, MANIFEST, Manifest


@dataclass
class Staged:
    """One unit of a bundle.

    Attributes:
        unit: the unit.
        fingerprint: of its content and recipe.
        owner: the owner of its rows.
        recipe: the recipe they carry.
        rows: by table, its rows.
        account: `Account.to_json()`.
        verdicts: the gate's verdicts, counts only.
        context: what else the publisher must know.
    """

    unit: Unit
    fingerprint: str
    owner: int
    recipe: str
    rows: Mapping[str, int]
    account: Mapping[str, Any] = field(default_factory=dict)
    verdicts: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


def stage_bundle(root: Path, units: Sequence[Staged], tables: Mapping[str, pa.Table]) -> list[Manifest]:
    """Stage units that own their rows as files do; all of them are staged when this returns, or none.

    Args:
        root: the staging folder.
        units: of one source.
        tables: by table, the rows of all of them, in the units' order.

    Returns:
        The units' manifests, in order.
    """
    names = hashlib.sha256("\n".join(f"{u.unit.unit} {u.fingerprint}" for u in units).encode()).hexdigest()
    folder = root / file_name(units[0].unit.source, "source") / f"{BUNDLE}-{names[:32]}"
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    try:
        files = {name: _write(folder, name, rows) for name, rows in tables.items() if rows.num_rows}
        manifests, firsts = [], dict.fromkeys(tables, 0)
        for one in units:
            entries = {}
            for name, count in one.rows.items():
                entries[name] = {
                    "files": [files[name]] if count else [],
                    "rows": count,
                    "first": firsts[name],
                }
                firsts[name] += count
            manifests.append(
                Manifest(
                    one.unit, one.fingerprint, one.owner, "file", one.recipe, entries, one.account, one.verdicts,
                    "", one.context, folder,
                )
            )  # fmt: skip
        sync_folder(folder)
        write_json(folder / MANIFEST, {"units": [manifest.to_json() for manifest in manifests]})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return manifests


def _write(folder: Path, table: str, rows: pa.Table) -> str:
    name = f"{file_name(table, 'table')}-0.parquet"
    rows = rows.replace_schema_metadata(None)
    pq.write_table(
        rows, folder / name, compression="zstd", compression_level=1, row_group_size=max(rows.num_rows, 1)
    )
    sync_file(folder / name)
    return name
