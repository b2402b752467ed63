"""Process a unit: read, clean, de-identify, standardise, judge, stage. One pass, memory bounded by a batch."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from contracts.accounting import Account
from contracts.errors import Fatal, Rejected
from contracts.protocols import Connector
from contracts.schemas import PRESENCE, REJECTED
from contracts.units import Unit
from quality.gate import judge_rows, merge_verdicts
from stores import staging
from stores.staging import Manifest, StagingWriter
from tasks.cleaning import clean
from tasks.concepts import Watched
from tasks.deidentification.engine import Deidentifier
from tasks.mappings import left_out
from tasks.standardising import standardise_rows
from tasks.vcf.policy import UNTIED_SAMPLE
from tasks.versions import seal_texts
from tasks.workroom import (
    Job,
    Workroom,
    load_image_policy,
    load_text_policy,
    load_variant_policy,
    open_workroom,
)

ENTERED_IN_ERROR = "entered-in-error"
"""The reason code under which cleaning rejects what its own source has declared void."""
NO_OWNER = 0
"""The owner of a file of which nothing stands: all of it was quarantined or is no record."""
_MODULUS = 1 << 63
_PAYLOAD_LIMIT = 1 << 20
_TREATED_BYTES = 24 << 20
"""So much of a table is treated at once: what planning a query and the gate cost does not depend on the rows."""


@dataclass(frozen=True)
class Processed:
    """What processing a unit left behind, in counts: safe to travel through Dask and Prefect."""

    unit: Unit
    account: dict[str, Any]
    rows: dict[str, int]
    reason: str = ""
    reused: bool = False


def process_unit(job: Job) -> Processed:
    """Take one unit from its export to staged, judged, de-identified Parquet.

    Records that cannot be read, or that cleaning or the gate rejects, go to the encrypted quarantine with a reason
    code. A unit that fails as a whole (a broken header, a truncated file) is quarantined as one record. Staged output
    of the same fingerprint, left by a round that was cut off, is used as it is.
    """
    room = open_workroom(job.home)
    unit = job.unit
    found = staging.find(room.home.staging, unit.source, unit.token, job.fingerprint)
    if found is not None:
        return processed_of(found, reused=True)
    room.quarantine.forget(unit)
    try:
        with StagingWriter(room.home.staging, unit, job.fingerprint) as writer:
            treatment = Treatment(room, job, writer)
            treatment.run()
            return processed_of(treatment.finish())
    except Rejected as rejected:
        return reject_unit(job, rejected)


def reject_unit(job: Job, rejected: Rejected) -> Processed:
    """Quarantine a unit as one record: nothing of it is staged."""
    room = open_workroom(job.home)
    room.quarantine.forget(job.unit)
    with StagingWriter(room.home.staging, job.unit, job.fingerprint) as writer:
        treatment = Treatment(room, job, writer)
        treatment.reject_whole(rejected)
        return processed_of(treatment.finish(), rejected.reason)


def processed_of(manifest: Manifest, reason: str = "", *, reused: bool = False) -> Processed:
    """What a manifest tells of its unit."""
    rows = {table: manifest.rows(table) for table in manifest.tables}
    return Processed(manifest.unit, dict(manifest.account), rows, reason, reused)


@dataclass
class Treatment:
    """The state of one unit's pass."""

    room: Workroom
    job: Job
    writer: StagingWriter
    account: Account = field(default_factory=Account)
    verdicts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    rejected: list[pa.Table] = field(default_factory=list)
    source_tables: Counter[str] = field(default_factory=Counter)
    content: int = 0
    counted: bool = False
    rejected_whole: bool = False
    waiting: dict[str, list[pa.Table]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.unit = self.job.unit
        self.reading = self.room.reading(self.unit)
        self.connector: Connector = self.room.connector(self.unit.kind)
        self.record_owned = self.connector.ownership == "record"
        self.deid = Deidentifier(
            self.room.key,
            self.room.home.profile,
            self.room.vault.people(self.unit),
            today=self.job.day,
            source_authority=self.reading.authority,
            text=load_text_policy(self.room.vault),
            zone=self.reading.source.time_zone,
            images=load_image_policy(self.room.vault).ps315(self.room.home.profile),
        )

        if self.unit.kind == "vcf":
            from tasks.vcf.standardise import refer

            refer(self.deid, self.reading.source.options, load_variant_policy(self.room.vault))
        self.vocabulary = Watched(self.room.vocabulary)

    def run(self) -> None:
        """Read the unit to its end.

        Raises:
            Rejected: the unit is bad as a whole.
            Fatal: the connector does not say how many records it met.
        """
        for part in self.connector.parts(self.reading):
            self.counted = False
            for table, batch in self.connector.read(self.reading, part):
                self.take(table, pa.Table.from_batches([batch]))
            if not self.counted:
                raise Fatal(
                    f"the connector {self.unit.kind} does not say how many records it met",
                    self.unit.unit,
                    "`counted` at the end of `read`",
                )
        for table in list(self.waiting):
            self._treat_waiting(table)

    def reject_whole(self, rejected: Rejected) -> None:
        """The unit is one quarantined record: nothing of it is staged, never half a file as a success.

        What cannot be read says nothing of what it held, which stays; what waits for a tie holds nothing any more.
        """
        self.rejected_whole = rejected.reason != UNTIED_SAMPLE
        row = {"_record": [0], "reason": [rejected.reason], "where": [rejected.place], "payload": [None]}
        self.rejected = [pa.table(row, schema=REJECTED)]
        self.account.met()
        self.account.add("quarantined", reason=rejected.reason)

    def take(self, table: str, rows: pa.Table) -> None:
        """Take one batch of one source table through the stages."""
        if table == "counted":
            self.counted = True
            self.account.met(pc.sum(rows["records"]).as_py() or 0)
        elif table == "rejected":
            self._reject(rows)
        elif table == "ignored":
            for kind, count in Counter(rows["type"].to_pylist()).items():
                self.account.add("unmapped", count, kind=kind)
        elif table == "deleted":
            self._delete(rows)
        elif not self.record_owned:  # tables whose columns may change from batch to batch
            self._treat(table, rows)
        else:
            self._wait(table, rows)

    def _wait(self, table: str, rows: pa.Table) -> None:
        """Keep rows until they are enough to be treated."""
        held = self.waiting.setdefault(table, [])
        held.append(rows)
        if sum(one.nbytes for one in held) >= _TREATED_BYTES:
            self._treat_waiting(table)

    def _treat_waiting(self, table: str) -> None:
        held = self.waiting.pop(table)
        self._treat(table, pa.concat_tables(held).combine_chunks())

    def _reject(self, rows: pa.Table) -> None:
        if rows.num_rows:
            self.rejected.append(rows.select(REJECTED.names).cast(REJECTED))
            for reason, count in Counter(rows["reason"].to_pylist()).items():
                self.account.add("quarantined", count, reason=reason)

    def _delete(self, rows: pa.Table) -> None:
        """Statements that records are no more: nothing is staged of them but that they were made."""
        for kind, count in Counter(rows["record_type"].to_pylist()).items():
            self.account.add("removed", count, kind=kind)
        self._note_presence("deleted", rows, "deleted")

    def _treat(self, table: str, rows: pa.Table) -> None:
        counted = (rows.schema.metadata or {}).get(b"counts") != b"no"
        if not self.record_owned:
            digests = rows["_digest"].to_numpy().astype(np.uint64)
            self.content = (self.content + int(np.add.reduce(digests))) % _MODULUS  # the sum wraps at 2^64
        if (rows.schema.metadata or {}).get(b"warns") == b"yes":
            self._warn(rows)
        cleaned = clean(self.unit.kind, table, rows, today=self.job.day)
        self._reject(cleaned.rejected)
        self.account.warnings.update(cleaned.warnings)
        safe = cleaned.accepted
        if (
            self.unit.kind != "vcf"
        ):  # whose columns are the export's own: its standardising de-identifies them
            safe = self.deid.apply(safe, self.connector.tables[table])
        staged = standardise_rows(self.unit.kind, table, safe, self.deid, self.vocabulary)
        failed = self._judge(staged)
        if self.unit.kind == "vcf":
            from tasks.vcf.standardise import refused

            failed |= refused(self.deid, staged)
        self._reject(rejections_of(cleaned.accepted, failed))
        if failed:
            staged = {t: r.filter(_outside(r["_record"], failed)) for t, r in staged.items()}
        for target, accepted in staged.items():
            self.writer.write(target, accepted.select([n for n in accepted.schema.names if n != "_version"]))
            self.account.rows[target] += accepted.num_rows
        self._count(table, cleaned.accepted, failed, staged, counted)
        self._tell_gate(cleaned.rejected, set(staged))
        if self.record_owned:
            self._note_held(table, rows, cleaned.rejected, failed)

    def _warn(self, rows: pa.Table) -> None:
        """What a connector's own rules found odd, and let pass: `records` by `rule`, unless `held_back`."""
        columns = (rows[name].to_pylist() for name in ("rule", "records", "held_back"))
        for rule, count, held_back in zip(*columns, strict=True):
            if not held_back:
                self.account.warnings[rule] += count

    def _note_held(self, table: str, rows: pa.Table, rejected: pa.Table, failed: dict[int, str]) -> None:
        """Note what is there and held back; what its source has declared void ends the record, like a deletion."""
        held = {**dict(zip(*(rejected[n].to_pylist() for n in ("_record", "reason")), strict=True)), **failed}
        void = {record: reason for record, reason in held.items() if reason == ENTERED_IN_ERROR}
        for fate, records in (
            ("retracted", void),
            ("quarantined", {r: held[r] for r in held.keys() - void.keys()}),
        ):
            if records:
                self._note_presence(table, rows.filter(pc.invert(_outside(rows["_record"], records))), fate)

    def _tell_gate(self, rejected: pa.Table, targets: set[str]) -> None:
        """What cleaning rejects counts for the gate too: a table that loses too many rows is blocked."""
        reasons = Counter(rejected["reason"].to_pylist())
        for verdict in (self.verdicts[target][-1] for target in targets if rejected.num_rows):
            verdict["rows"] += rejected.num_rows
            verdict["rejected"] += rejected.num_rows
            verdict["reasons"] = dict(Counter(verdict["reasons"]) + reasons)

    def _judge(self, staged: dict[str, pa.Table]) -> dict[int, str]:
        """Judge every target's rows; a record fails as a whole when one of its rows does."""
        failed: dict[int, str] = {}
        for target, rows in staged.items():
            verdict = judge_rows(target, rows, today=self.job.day)
            self.verdicts[target].append(verdict.to_json())
            self.account.warnings.update(verdict.warnings)
            records = rows["_record"].to_pylist() if verdict.rejected else []
            for index, reason in verdict.rejected:
                failed.setdefault(records[index], reason)
        return failed

    def _count(
        self,
        table: str,
        rows: pa.Table,
        failed: dict[int, str],
        staged: dict[str, pa.Table],
        counted: bool,
    ) -> None:
        if failed:
            rows = rows.filter(_outside(rows["_record"], failed))
        self.source_tables[table] += rows.num_rows
        rows = self._leave_out(table, rows, staged, counted)
        # that a record names a study of images is no table of its own
        fate = "unmapped" if set(staged) - {"records.accession"} == {"records.unmapped"} else "accepted"
        if fate == "unmapped" and "record_type" in rows.schema.names:
            kinds = Counter(rows["record_type"].to_pylist())
        else:
            kinds = Counter({table.rpartition(".")[2]: rows.num_rows})
        if counted:
            for kind, count in kinds.items():
                self.account.add(fate, count, kind=kind)
        if self.record_owned:
            self._note_presence(table, rows, fate)

    def _leave_out(self, table: str, rows: pa.Table, staged: dict[str, pa.Table], counted: bool) -> pa.Table:
        """The records that have a row; those without one are counted as unmapped, if a mapping says that it may be so.

        Raises:
            Fatal: a record would be counted as accepted, and nothing of it be kept.
        """
        without = _without_row(rows, staged)
        if not len(without):
            return rows
        code = left_out(self.unit.kind, table)
        if not code:
            raise Fatal(
                f"{len(without)} records of {table} were accepted and have no row",
                self.unit.unit,
                "a row of each, or `-- leaves out: <code>` in a mapping of the table",
            )
        bare = pc.is_in(rows["_record"], pa.array(without))
        if counted:
            self.account.add("unmapped", len(without), kind=code)
        if self.record_owned:
            self._note_presence(table, rows.filter(bare), "unmapped")
        return rows.filter(pc.invert(bare))

    def _note_presence(self, table: str, rows: pa.Table, fate: str) -> None:
        if "record_type" in rows.schema.names:
            kind = rows["record_type"]
        else:
            kind = pa.array([table.rpartition(".")[2]] * rows.num_rows, pa.string())
        sealed = seal_texts(rows["_owner"].to_pylist(), rows["_version"].to_pylist(), self.room.key)
        columns = [rows["_owner"], rows["_record"], kind, pa.array(sealed, pa.string()), rows["_digest"]]
        fates = pa.array([fate] * rows.num_rows, pa.string())
        self.writer.write_presence(pa.table([*columns, fates], schema=PRESENCE))

    def finish(self) -> Manifest:
        """Seal the rejected records, note what stands in the unit and write the manifest, last of all."""
        if self.rejected:
            self.room.quarantine.put(self.unit, pa.concat_tables(self.rejected), "processing")
        stands = self.account.fates["accepted"] or (
            self.source_tables and not self.account.fates["quarantined"]
        )
        self.account.check(self.unit.unit)
        return self.writer.finish(
            # a file with a header and no record stands too: a success of 0 records
            owner=None if self.record_owned else (self.content or 1) if stands else NO_OWNER,
            ownership=self.connector.ownership,
            recipe=self.job.stamp,
            account={
                **self.account.to_json(),
                "source_tables": dict(self.source_tables),
                "vocabularies": sorted(self.vocabulary.asked),
            },
            verdicts={target: merge_verdicts(found) for target, found in self.verdicts.items()},
            context={"persons": self.job.context, "rejected": self.rejected_whole},
        )


def _without_row(rows: pa.Table, staged: dict[str, pa.Table]) -> npt.NDArray[np.int64]:
    """The records of `rows` that no staged table has a row of."""
    records: npt.NDArray[np.int64] = rows["_record"].to_numpy()
    found = [table["_record"].to_numpy() for table in staged.values()]
    if any(np.array_equal(records, one) for one in found):  # as nearly always
        return np.zeros(0, np.int64)
    present = np.concatenate([records[:0], *found])
    without: npt.NDArray[np.int64] = np.setdiff1d(records, present, assume_unique=False)
    return without


def _outside(records: pa.ChunkedArray, failed: dict[int, str]) -> pa.ChunkedArray:
    return pc.invert(pc.is_in(records, pa.array(list(failed), pa.int64())))


def rejections_of(rows: pa.Table, failed: dict[int, str]) -> pa.Table:
    """The raw records behind gate failures, as rows of REJECTED; the payload is the cleaned source row as JSON."""
    if not failed:
        return REJECTED.empty_table()
    chosen = rows.filter(pc.is_in(rows["_record"], pa.array(list(failed), pa.int64())))
    numbers = chosen["_record"].to_pylist()
    payloads = [orjson.dumps(row, default=str)[:_PAYLOAD_LIMIT] for row in chosen.to_pylist()]
    columns = [numbers, [failed[n] for n in numbers], [f"record {n}" for n in numbers], payloads]
    return pa.table(dict(zip(REJECTED.names, columns, strict=True)), schema=REJECTED)
