"""Rejected records: whole and sealed for who holds the key, counted in the clear without patient data."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contracts.errors import Fatal
from contracts.keys import Key
from contracts.units import Unit
from stores.files import file_name, make_folder, write_file, write_json
from stores.home import Home
from stores.sealing import seal, unseal

if TYPE_CHECKING:
    import pyarrow as pa

PURPOSE = "quarantine"
MOST_LISTED = 1_000
"""How many records of a unit and stage the index names one by one; all of them are counted."""
MOST_WHERE = 120
"""Characters of `where` that the index keeps: a tag, a field or a line number is shorter."""


class Held(NamedTuple):
    """One rejected record, named without patient data."""

    source: str
    token: str
    record: int
    reason: str
    where: str


class Quarantine:
    """The quarantine of a home. Each (unit, stage) has a sealed Arrow file and an index beside it; any number of
    processes may put different units at once."""

    def __init__(self, home: Home, key: Key) -> None:
        self._root = home.quarantine
        self._key = key

    def put(self, unit: Unit, rejected: pa.Table, stage: str) -> None:
        """Replace what `stage` of the unit rejected; an empty table clears it.

        Args:
            unit: whose records they are.
            rejected: schema `contracts.schemas.REJECTED`.
            stage: what rejected them ("read", "clean", "gate"): a later stage does not overwrite an earlier one.

        Raises:
            Fatal: another schema, or a reason that is not a code of lower-case words joined by hyphens.
        """
        rejected = _conform(rejected, unit)
        index, sealed = self._paths(unit, stage)
        if rejected.num_rows == 0:
            index.unlink(missing_ok=True)
            sealed.unlink(missing_ok=True)
            return
        entry = _index(unit, rejected, stage)
        write_file(sealed, seal(self._key, PURPOSE, _to_bytes(rejected), f"{unit.unit}/{stage}"))
        write_json(index, entry)

    def list(self, source: str | None = None) -> list[Held]:
        """The rejected records, by source, token and record; up to 1,000 for each unit and stage."""
        held = [
            Held(entry["source"], entry["token"], int(record), reason, where)
            for entry in self._entries(source)
            for record, reason, where in entry["records"]
        ]
        return sorted(held)

    def totals(self) -> dict[str, dict[str, int]]:
        """How many records are held, by source and reason."""
        totals: dict[str, Counter[str]] = {}
        for entry in self._entries(None):
            totals.setdefault(entry["source"], Counter()).update(entry["counts"])
        return {source: dict(sorted(counts.items())) for source, counts in sorted(totals.items())}

    def reveal(self, token: str) -> pa.Table:
        """The rejected records of a unit as they were: patient data, for who holds the key.

        Returns:
            Schema `REJECTED` and a last column `stage`, in the order of stages and records.

        Raises:
            Fatal: nothing is held by this token, or the file was changed.
        """
        import pyarrow as pa

        tables = []
        for entry in self._entries(None, file_name(token, "token")):
            unit = Unit(f"{entry['source']}/{token}", entry["source"], "")
            sealed = self._paths(unit, entry["stage"])[1].read_bytes()
            table = _from_bytes(unseal(self._key, PURPOSE, sealed, f"{unit.unit}/{entry['stage']}"))
            tables.append(
                table.append_column("stage", pa.array([entry["stage"]] * table.num_rows, pa.string()))
            )
        if not tables:
            raise Fatal(
                "nothing is held in quarantine by this token", token, "see `nightrounds quarantine list`"
            )
        return pa.concat_tables(tables)

    def forget(self, unit: Unit) -> None:
        """Remove all that is held of a unit."""
        for path in sorted((self._root / file_name(unit.source, "source")).glob(f"{unit.token}.*")):
            path.unlink(missing_ok=True)

    def purge(self, older_than_days: float) -> int:
        """Remove what was put more than `older_than_days` ago; returns the number of files removed."""
        limit, removed = time.time() - older_than_days * 86_400, 0
        for path in sorted(self._root.glob("*/*")):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _paths(self, unit: Unit, stage: str) -> tuple[Path, Path]:
        folder = make_folder(self._root / file_name(unit.source, "source"))
        stem = f"{file_name(unit.token, 'token')}.{file_name(stage, 'stage')}"
        return folder / f"{stem}.json", folder / f"{stem}.sealed"

    def _entries(self, source: str | None, token: str = "*") -> Iterator[dict[str, Any]]:
        folder = file_name(source, "source") if source else "*"
        for path in sorted(self._root.glob(f"{folder}/{token}.*.json")):
            try:
                text = path.read_text()
            except FileNotFoundError:
                continue  # another process has just released it
            yield json.loads(text)


def _conform(rejected: pa.Table, unit: Unit) -> pa.Table:
    """The table in the schema `REJECTED`; whether columns may be null need not be declared."""
    import pyarrow as pa

    from contracts.schemas.fields import REJECTED

    try:
        return rejected.select(REJECTED.names).cast(REJECTED)
    except (KeyError, ValueError, pa.ArrowException):
        raise Fatal("rejected records have another schema", unit.token, ", ".join(REJECTED.names)) from None


def _index(unit: Unit, rejected: pa.Table, stage: str) -> dict[str, Any]:
    """What may be known of rejected records without the key."""
    reasons = rejected["reason"].to_pylist()
    for reason in set(reasons):
        if not reason or not all(c.islower() or c.isdigit() or c == "-" for c in reason):
            raise Fatal("a reason is no code", unit.token, "lower-case words joined by hyphens")
    first = rejected.slice(0, MOST_LISTED)
    where = [(text or "")[:MOST_WHERE] for text in first["where"].to_pylist()]
    records = zip(first["_record"].to_pylist(), first["reason"].to_pylist(), where, strict=True)
    return {
        "source": unit.source,
        "token": unit.token,
        "stage": stage,
        "counts": dict(Counter(reasons)),
        "records": [list(record) for record in records],
    }


def _to_bytes(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def _from_bytes(data: bytes) -> pa.Table:
    import pyarrow as pa

    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
