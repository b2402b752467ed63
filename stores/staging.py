"""What a unit's processing leaves behind for publication: de-identified Parquet, and a manifest written last.

A unit's output lies in `<source>/<token>-<fingerprint>/`. Without its manifest it does not exist; with it, it
is whole. The fingerprint tells content and recipe, so that work done once is found again.

Small units are staged together: the folder `<source>/bundle-<digest>/` holds one manifest that lists all of them, each
with the rows that are its own (`stores.staging_bundle`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import Fatal
from contracts.units import Unit
from stores.files import file_name, make_folder, sync_folder, write_json
from stores.lake_files import sync_file

MANIFEST = "manifest.json"
BUNDLE = "bundle"
PRESENCE_TABLE = "presence"
ROW_GROUP_BYTES = 8 * 2**20
_OWNERSHIPS = ("file", "record")


@dataclass(frozen=True)
class Manifest:
    """What was staged for one unit. Counts, names and digests; nothing of a patient.

    Attributes:
        unit: the unit.
        fingerprint: of its content and recipe; part of the folder's name.
        owner: the owner of all rows where the file owns them, else None.
        ownership: "file" or "record".
        recipe: the recipe the rows carry.
        tables: by table, its files in order and its number of rows; in a bundle the `first` of its rows, too.
        account: `Account.to_json()`.
        verdicts: the gate's verdicts, counts only.
        presence: the file with the `PRESENCE` rows; empty where there is none.
        context: what else the publisher must know.
        folder: where it all lies; not part of the JSON.
    """

    unit: Unit
    fingerprint: str
    owner: int | None
    ownership: str
    recipe: str
    tables: Mapping[str, Mapping[str, Any]]
    account: Mapping[str, Any] = field(default_factory=dict)
    verdicts: Mapping[str, Any] = field(default_factory=dict)
    presence: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = field(default=Path(), compare=False, repr=False)

    def rows(self, table: str) -> int:
        """How many rows of `table` are staged."""
        return int(self.tables.get(table, {"rows": 0})["rows"])

    def paths(self, table: str) -> list[Path]:
        """The files of `table`, in order."""
        return [self.folder / name for name in self.tables.get(table, {"files": []})["files"]]

    def batches(self, table: str) -> Iterator[pa.RecordBatch]:
        """The rows of `table`, a batch at a time; batches of open tables may differ in their columns."""
        first = self.tables.get(table, {}).get("first")
        for path in self.paths(table):
            if first is None:
                yield from _read(path)
            else:
                yield from pq.read_table(path).slice(first, self.rows(table)).to_batches()

    def presence_batches(self) -> Iterator[pa.RecordBatch]:
        """The `PRESENCE` rows, a batch at a time."""
        if self.presence:
            yield from _read(self.folder / self.presence)

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON values."""
        names = ("fingerprint", "owner", "ownership", "recipe", "account", "verdicts", "presence", "context")
        tables = {name: dict(entry) for name, entry in self.tables.items()}
        return {"unit": asdict(self.unit), "tables": tables, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], folder: Path) -> Manifest:
        """The inverse of `to_json`."""
        rest = {name: value for name, value in data.items() if name != "unit"}
        return cls(unit=Unit(**data["unit"]), folder=folder, **rest)


def read_bundle(manifest: Manifest, table: str) -> pa.Table:
    """The rows of a table of all units of a bundle, of which one is given: at most some thousand small ones."""
    return pa.concat_tables(pq.read_table(path) for path in manifest.paths(table))


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as parquet:
        yield from parquet.iter_batches(16_384)


class StagingWriter:
    """Stages one unit: a context manager. What is not finished is removed, as is an earlier attempt's rest.

    Args:
        root: the staging folder.
        unit: the unit.
        fingerprint: letters and digits; digest of the unit's content and recipe.
    """

    def __init__(self, root: Path, unit: Unit, fingerprint: str) -> None:
        self._unit, self._fingerprint = unit, fingerprint
        self._folder = _folder(root, unit.source, unit.token, fingerprint)
        self._tables: dict[str, _TableWriter] = {}
        self._finished = False

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        make_folder(self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            for table in self._tables.values():
                table.close()
            shutil.rmtree(self._folder)

    def write(self, table: str, rows: pa.Table | pa.RecordBatch) -> None:
        """Append rows to a table; up to 8 MB a table stay in memory. Columns may differ between calls."""
        if table not in self._tables:
            self._tables[table] = _TableWriter(self._folder, file_name(table, "table"))
        self._tables[table].write(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)

    def write_presence(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Append `PRESENCE` rows."""
        self.write(PRESENCE_TABLE, rows)

    def finish(
        self,
        *,
        owner: int | None,
        ownership: str,
        recipe: str,
        account: Mapping[str, Any] | None = None,
        verdicts: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Close all files and write the manifest: from here on the unit is staged.

        Raises:
            Fatal: ownership and owner do not agree, or presence rows differ in their columns.
        """
        if ownership not in _OWNERSHIPS or (owner is None) == (ownership == "file"):
            raise Fatal(
                "owner and ownership do not agree", f"unit {self._unit.unit}", "an owner with ownership file"
            )
        tables = {name: writer.close() for name, writer in sorted(self._tables.items())}
        presence = tables.pop(PRESENCE_TABLE, {"files": []})["files"]
        if len(presence) > 1:
            raise Fatal("presence rows differ in their columns", f"unit {self._unit.unit}")
        manifest = Manifest(
            self._unit,
            self._fingerprint,
            owner,
            ownership,
            recipe,
            tables,
            account or {},
            verdicts or {},
            presence[0] if presence else "",
            context or {},
            self._folder,
        )
        sync_folder(self._folder)
        write_json(self._folder / MANIFEST, manifest.to_json())
        self._finished = True
        return manifest


class _TableWriter:
    """The files of one table: a new one whenever the columns change."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None
        self._pending: list[pa.Table] = []
        self._bytes = 0
        self._files: list[str] = []
        self._rows = 0

    def write(self, rows: pa.Table) -> None:
        rows = rows.replace_schema_metadata(None)
        if self._schema is None or not self._schema.equals(rows.schema):
            self._end_file()
            self._schema = rows.schema
        self._pending.append(rows)
        self._bytes += rows.nbytes
        self._rows += rows.num_rows
        if self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        if self._writer is None:
            self._files.append(f"{self._name}-{len(self._files)}.parquet")
            path = self._folder / self._files[-1]
            self._writer = pq.ParquetWriter(path, self._schema, **_settings(self._schema))
        table = pa.concat_tables(self._pending)
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._pending, self._bytes = [], 0

    def _end_file(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            sync_file(self._folder / self._files[-1])

    def close(self) -> dict[str, Any]:
        """Finish the last file; returns the table's entry in the manifest."""
        self._end_file()
        return {"files": self._files, "rows": self._rows}


def _settings(schema: pa.Schema) -> dict[str, Any]:
    """How a table is written: numbers in lists, which are measurements without end, have their bytes split and neither
    dictionary nor statistics, which would cost half of the writing; all else is as usual.
    """
    leaves = [leaf for column in schema for leaf in _leaves(column.name, column.type)]
    plain = [path for path, kind, nested in leaves if not (nested and _is_measured(kind))]
    split = [path for path, kind, nested in leaves if nested and _is_measured(kind) and kind != pa.bool_()]
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": plain or False,
        "write_statistics": plain or False,
        "column_encoding": dict.fromkeys(split, "BYTE_STREAM_SPLIT") or None,
    }


def _is_measured(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _leaves(path: str, kind: pa.DataType, *, nested: bool = False) -> Iterator[tuple[str, pa.DataType, bool]]:
    """The Parquet columns of an Arrow one: path, type, and whether it lies in a list."""
    if pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type, nested=True)
    elif pa.types.is_struct(kind):
        for one in kind:
            yield from _leaves(f"{path}.{one.name}", one.type, nested=nested)
    else:
        yield path, kind, nested


def find(root: Path, source: str, token: str, fingerprint: str) -> Manifest | None:
    """The manifest of a unit staged with this fingerprint; None where there is none or a file is missing."""
    return _load(_folder(root, source, token, fingerprint))


def manifests(root: Path, source: str) -> list[Manifest]:
    """All whole manifests of a source, in the order of their folders."""
    folders = sorted((root / file_name(source, "source")).glob("*-*"))
    return [manifest for folder in folders for manifest in _load_all(folder)]


def find_all(root: Path, source: str, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Manifest]:
    """The manifests of units staged alone or in bundles, by (token, fingerprint); units that are not there are left
    out."""
    found = {}
    folder = root / file_name(source, "source")
    for bundle in sorted(folder.glob(f"{BUNDLE}-*")):
        found.update({(m.unit.token, m.fingerprint): m for m in _load_all(bundle)})
    alone = {
        (token, mark): find(root, source, token, mark) for token, mark in wanted if (token, mark) not in found
    }
    found.update({key: manifest for key, manifest in alone.items() if manifest is not None})
    return {key: found[key] for key in wanted if key in found}


def remove(*manifests: Manifest) -> None:
    """Remove what was staged: the manifest first, so that no half is ever found. A bundle goes with its last unit."""
    folders: dict[Path, set[tuple[str, str]]] = {}
    for manifest in manifests:
        folders.setdefault(manifest.folder, set()).add((manifest.unit.token, manifest.fingerprint))
    for folder, gone in folders.items():
        kept = [m for m in _load_all(folder) if (m.unit.token, m.fingerprint) not in gone]
        if kept:
            write_json(folder / MANIFEST, {"units": [m.to_json() for m in kept]})
            continue
        (folder / MANIFEST).unlink(missing_ok=True)
        if folder.is_dir():
            shutil.rmtree(folder)


def sweep(root: Path, keep: Container[tuple[str, str, str]]) -> int:
    """Remove every staged output but those in `keep`, as (source, token, fingerprint); returns how many went.

    Only while no worker is staging.
    """
    removed = 0
    for folder in sorted(root.glob("*/*-*")):
        token, _, fingerprint = folder.name.rpartition("-")
        held = [(token, fingerprint)]
        if token == BUNDLE:
            held = [(m.unit.token, m.fingerprint) for m in _load_all(folder)]
        if not any((folder.parent.name, *one) in keep for one in held):
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)
            removed += 1
    return removed


def _folder(root: Path, source: str, token: str, fingerprint: str) -> Path:
    if not fingerprint.isalnum():
        raise Fatal("this fingerprint cannot name a folder", "staging", "letters and digits")
    return root / file_name(source, "source") / f"{file_name(token, 'token')}-{fingerprint}"


def _load_all(folder: Path) -> list[Manifest]:
    """The whole manifests in a folder: one, or those of a bundle."""
    if not folder.name.startswith(f"{BUNDLE}-"):
        one = _load(folder)
        return [] if one is None else [one]
    path = folder / MANIFEST
    if not path.is_file():
        return []
    found = [Manifest.from_json(data, folder) for data in json.loads(path.read_text())["units"]]
    names = {name for m in found for entry in m.tables.values() for name in entry["files"]}
    return found if all((folder / name).is_file() for name in names) else []


def _load(folder: Path) -> Manifest | None:
    path = folder / MANIFEST
    if not path.is_file():
        return None
    manifest = Manifest.from_json(json.loads(path.read_text()), folder)
    names = [name for entry in manifest.tables.values() for name in entry["files"]]
    names += [manifest.presence] if manifest.presence else []
    return manifest if all((folder / name).is_file() for name in names) else None
