"""Process many small units at once: what planning queries, the gate and staging cost is paid once for all of them.

Each unit keeps its account, its verdicts, its owner and its quarantine, as `tasks.processing` makes them of one unit. A
unit that this way is not made for, or that fails in any way but by its own content, is left to `process_unit`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.accounting import Account
from contracts.errors import Rejected, Retriable
from contracts.protocols import Single
from contracts.schemas import REJECTED
from quality.gate import RowVerdict, judge_rows_by_group, merge_verdicts
from quality.suites import suite
from stores import staging
from stores.staging_bundle import Staged, stage_bundle
from tasks.cleaning import clean
from tasks.concepts import Watched
from tasks.deidentification.engine import Deidentifier
from tasks.processing import NO_OWNER, Processed, processed_of, rejections_of
from tasks.standardising import standardise_rows
from tasks.workroom import Job, Workroom, load_image_policy, load_text_policy, open_workroom

MOST_UNITS = 128
_RESERVED = ("rejected", "ignored")


@dataclass
class _Fate:
    """What becomes of one unit on its way."""

    job: Job
    account: Account = field(default_factory=Account)
    tables: Counter[str] = field(default_factory=Counter)
    rejected: list[pa.Table] = field(default_factory=list)
    verdicts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    rows: Counter[str] = field(default_factory=Counter)
    content: int = 0
    whole: str = ""

    def reject(self, rows: pa.Table) -> None:
        if rows.num_rows:
            self.rejected.append(
                rows.set_column(0, REJECTED.field(0), pa.nulls(rows.num_rows, pa.int64()).fill_null(0))
            )
            for reason, count in Counter(rows["reason"].to_pylist()).items():
                self.account.add("quarantined", count, reason=reason)


def process_units(jobs: Sequence[Job]) -> list[Processed | None]:
    """Process units of one source, each a file of one record (`contracts.protocols.Single`).

    Returns:
        For each job what processing left behind; None for one that is to be processed alone.
    """
    room = open_workroom(jobs[0].home)
    source = jobs[0].unit.source
    keys = [(job.unit.token, job.fingerprint) for job in jobs]
    found = staging.find_all(room.home.staging, source, keys)
    fates: list[_Fate | None] = [
        None if key in found else _Fate(job) for key, job in zip(keys, jobs, strict=True)
    ]
    made = _Bundle(room, fates).run() if any(fates) else {}
    done: list[Processed | None] = []
    for index, key in enumerate(keys):
        if key in found:
            done.append(processed_of(found[key], reused=True))
        else:
            done.append(made.get(index))
    return done


class _Bundle:
    """One pass over units that were not staged yet."""

    def __init__(self, room: Workroom, fates: list[_Fate | None]) -> None:
        self.room = room
        self.fates = {index: fate for index, fate in enumerate(fates) if fate is not None}
        first = next(iter(self.fates.values())).job
        self.kind, self.source, self.today = first.unit.kind, first.unit.source, first.day
        self.connector: Any = room.connector(self.kind)
        self.vocabulary = Watched(room.vocabulary)
        authority = room.source(self.source)
        self.deid = Deidentifier(
            room.key,
            room.home.profile,
            room.vault.people(*(fate.job.unit for fate in self.fates.values())),
            today=self.today,
            source_authority=authority.authority or authority.name,
            text=load_text_policy(room.vault),
            zone=authority.time_zone,
            images=load_image_policy(room.vault).ps315(room.home.profile),
        )

    def run(self) -> dict[int, Processed]:
        """What became of each unit, by its place; without those that are to be processed alone."""
        staged: dict[str, list[pa.Table]] = defaultdict(list)
        for table, rows in self._read().items():
            for target, accepted in self._treat(table, rows).items():
                staged[target].append(accepted)
        tables = {target: pa.concat_tables(parts) for target, parts in staged.items()}
        return self._stage(tables)

    def _read(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each source table; `_record` is the unit's place."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for index, fate in list(self.fates.items()):
            self.room.quarantine.forget(fate.job.unit)
            fate.account.met()  # a file is one record
            try:
                table, row = self.connector.read_single(self.room.reading(fate.job.unit))
            except Rejected as rejected:
                fate.whole = rejected.reason
                table, row = "rejected", {"reason": rejected.reason, "where": rejected.place, "payload": None}
            except (Retriable, OSError):
                del self.fates[index]  # tried again alone
                continue
            if table == "rejected":
                fate.reject(pa.Table.from_pylist([{**row, "_record": 0}], schema=REJECTED))
            elif table == "ignored":
                fate.account.add("unmapped", kind=row["type"])
            else:
                found[table].append({**row, "_record": index})
                fate.content = int(row["_digest"])
        return found

    def _treat(self, table: str, rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
        """The rows that are accepted, by lake table, in the order of the units."""
        schema = self.connector.tables[table]
        cleaned = clean(self.kind, table, pa.Table.from_pylist(rows, schema=schema), today=self.today)
        for index in cleaned.rejected["_record"].to_pylist():
            self.fates[index].reject(cleaned.rejected.filter(pc.equal(cleaned.rejected["_record"], index)))
        safe = self.deid.apply(cleaned.accepted, schema)
        staged = standardise_rows(self.kind, table, safe, self.deid, self.vocabulary)
        failed: dict[int, str] = {}
        for target, made in staged.items():
            records = made["_record"].to_pylist()
            for index, verdict in judge_rows_by_group(target, made, records, today=self.today).items():
                self._note(index, target, verdict)
                for _, reason in verdict.rejected:
                    failed.setdefault(index, reason)
        for index in failed:
            self.fates[index].reject(rejections_of(cleaned.accepted, {index: failed[index]}))
        self._tell_gate(cleaned.rejected, list(staged))
        self._count(table, cleaned.accepted["_record"].to_pylist(), failed, set(staged))
        return {target: _in_order(made, failed) for target, made in staged.items()}

    def _note(self, index: int, target: str, verdict: RowVerdict) -> None:
        fate = self.fates[index]
        fate.verdicts[target].append(verdict.to_json())
        fate.account.warnings.update(verdict.warnings)

    def _tell_gate(self, rejected: pa.Table, targets: list[str]) -> None:
        """What cleaning rejects counts for the gate too, as a row judged and rejected."""
        for index, reason in zip(*(rejected[n].to_pylist() for n in ("_record", "reason")), strict=True):
            for target in targets:
                found = suite(target)
                counted = RowVerdict(target, found.digest if found else "", 1, [(0, reason)]).to_json()
                self.fates[index].verdicts[target].append(counted)

    def _count(self, table: str, records: list[int], failed: dict[int, str], targets: set[str]) -> None:
        fate = "unmapped" if targets == {"records.unmapped"} else "accepted"
        for index in records:
            if index not in failed:
                self.fates[index].tables[table] += 1
                self.fates[index].account.add(fate, kind=table.rpartition(".")[2])

    def _stage(self, tables: dict[str, pa.Table]) -> dict[int, Processed]:
        for target, rows in tables.items():
            for index, count in Counter(rows["_record"].to_pylist()).items():
                self.fates[index].rows[target] += count
                self.fates[index].account.rows[target] += count
        for fate in self.fates.values():
            if fate.rejected:
                self.room.quarantine.put(fate.job.unit, pa.concat_tables(fate.rejected), "processing")
            fate.account.check(fate.job.unit.unit)
        plain = {target: _as_single(rows) for target, rows in tables.items()}
        units = [self._staged(fate, list(tables)) for fate in self.fates.values()]
        if not units:
            return {}
        manifests = stage_bundle(self.room.home.staging, units, plain)
        return {
            index: processed_of(manifest, self.fates[index].whole)
            for index, manifest in zip(self.fates, manifests, strict=True)
        }

    def _staged(self, fate: _Fate, targets: list[str]) -> Staged:
        stands = fate.account.fates["accepted"] or (fate.tables and not fate.account.fates["quarantined"])
        return Staged(
            fate.job.unit,
            fate.job.fingerprint,
            (fate.content or 1) if stands else NO_OWNER,
            fate.job.stamp,
            {target: fate.rows[target] for target in targets if target in fate.verdicts},
            {
                **fate.account.to_json(),
                "source_tables": dict(fate.tables),
                "vocabularies": sorted(self.vocabulary.asked),
            },
            {target: merge_verdicts(found) for target, found in fate.verdicts.items()},
            {"persons": fate.job.context, "rejected": bool(fate.whole)},
        )


def _in_order(rows: pa.Table, failed: dict[int, str]) -> pa.Table:
    """The rows of the units that passed, in the order of the units."""
    if failed:
        rows = rows.filter(pc.invert(pc.is_in(rows["_record"], pa.array(list(failed), pa.int64()))))
    return rows.sort_by("_record")


def _as_single(rows: pa.Table) -> pa.Table:
    """The rows as a unit alone stages them: each is record 0 of its unit."""
    place = rows.schema.get_field_index("_record")
    zeros = pa.array(np.zeros(rows.num_rows, np.int64))
    rows = rows.set_column(place, rows.schema.field(place), zeros)
    return rows.select([n for n in rows.schema.names if n != "_version"])


def is_single(connector: object) -> bool:
    """Whether a connector's units can be processed many at once."""
    return isinstance(connector, Single)
