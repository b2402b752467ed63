"""Export a release of the lake to a MEDS data set: the buckets that changed, then the metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from contracts.keys import Key
from contracts.privacy import Profile
from stores.files import make_folder
from stores.lake import Lake
from stores.lake_buckets import LakeBuckets
from stores.meds import BucketState, MedsStore
from stores.releases import Release
from tasks.mappings import Mapping
from tasks.meds.coding import CodeCounter, code_batches, code_schema
from tasks.meds.events import BucketEvents, chosen_mappings, data_schema, events_digest
from tasks.meds.naming import Naming
from tasks.meds.options import SPLITS, MedsOptions
from tasks.meds.splitting import count_parts, place_subjects

TIME_MEANS = {
    Profile.EXPERT: "local wall time of the source, shifted by person; a date without a time is the start of its day",
    Profile.SAFE_HARBOR: "the start of the year in which it happened; the order within a year is not known",
}
"""What a time of an event means, by profile."""


@dataclass(frozen=True)
class Export:
    """What an export did, and what the data set holds after it."""

    release: int
    changed: bool
    written: int
    kept: int
    removed: int
    shards: int
    subjects: int
    events: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class MedsExporter:
    """Makes MEDS of a home's lake.

    Attributes:
        lake: the lake.
        key: the home's key: splits follow from it.
        profile: the home's, which says what times mean.
        options: what goes in.
        naming: what concepts are called.
    """

    lake: Lake
    key: Key
    profile: Profile
    options: MedsOptions
    naming: Naming

    def export(self, release: Release, store: MedsStore) -> Export:
        """Bring the data set in `store` to a release. What is as it would be is left alone.

        Raises:
            Fatal: the folder is not ours, or a mapping fails.
            Retriable: another export is at work there.
        """
        with store.writing():
            whole = self._made_from(release)
            if store.export().get("made_from") == whole and store.is_whole(self.lake.buckets):
                return self._outcome(release, store)
            chosen = chosen_mappings(self.options).values()
            tables = {table for mapping in chosen for table in mapping.source_tables}
            buckets = LakeBuckets(self.lake, {t: release.tables[t] for t in tables & set(release.tables)})
            parts = count_parts(buckets.rows, buckets.count, int(store.export().get("parts", 0)))
            for bucket in range(buckets.count):
                made_from = _digest(buckets.digest(bucket), self._recipe(), str(parts))
                state = store.bucket(bucket)
                if state is None or state.made_from != made_from:
                    self._export_bucket(store, buckets, bucket, parts, made_from)
            store.remove_buckets(buckets.count)
            _write_metadata(store, buckets.count)
            store.finish(self._dataset(release), {"made_from": whole, "parts": parts})
            return self._outcome(release, store)

    def _recipe(self) -> str:
        return _digest(events_digest(self.options), self.naming.digest, repr(self.options))

    def _made_from(self, release: Release) -> str:
        return _digest(str(release.number), release.digest, self._recipe())

    def _export_bucket(
        self, store: MedsStore, buckets: LakeBuckets, bucket: int, parts: int, made_from: str
    ) -> None:
        counter = CodeCounter()
        with buckets.connect(bucket) as connection:
            scratch = make_folder(store.scratch / "sort")
            events = BucketEvents(connection, self._mappings_of(buckets.tables(bucket)), self.naming, scratch)
            subjects = events.subjects()
            shards = place_subjects(self.key, subjects, self.options, parts)
            rows = _by_shard(events.batches(subjects, shards), bucket, parts, counter)
            sizes, count = store.write_bucket(bucket, rows, data_schema())
        splits = [SPLITS[number] for number in (shards // parts).tolist()]
        table = pa.table([pa.array(subjects), pa.array(splits, pa.string())], schema=split_schema())
        state = BucketState(made_from, sizes, count, len(subjects))
        store.keep(bucket, state, table, counter.summary())

    def _mappings_of(self, tables: set[str]) -> dict[str, Mapping]:
        """The mappings that read any of these tables: the others have nothing to give."""
        chosen = chosen_mappings(self.options)
        return {
            name: mapping for name, mapping in chosen.items() if tables.intersection(mapping.source_tables)
        }

    def _dataset(self, release: Release) -> dict[str, Any]:
        return {
            "dataset_name": "nightrounds",
            "dataset_version": f"release {release.number}",
            "etl_name": "nightrounds",
            "etl_version": version("nightrounds"),
            "meds_version": version("meds"),
            "created_at": release.created,
            "raw_source_id_columns": ["visit_id", "join_id"],
            "code_modifier_columns": ["unit"],
            "other_extension_columns": ["table", "source_code"],
            "release_digest": release.digest,
            "privacy_profile": self.profile.value,
            "time_means": TIME_MEANS[self.profile],
        }

    def _outcome(self, release: Release, store: MedsStore) -> Export:
        states = [s for number in range(self.lake.buckets) if (s := store.bucket(number))]
        shards = sum(len(state.shards) for state in states)
        done = store.changes
        return Export(
            release=release.number,
            changed=bool(done),
            written=len(done.written),
            kept=shards - len(done.written),
            removed=len(done.removed),
            shards=shards,
            subjects=sum(state.subjects for state in states),
            events=sum(state.events for state in states),
        )


def split_schema() -> pa.Schema:
    """The standard's columns of `subject_splits.parquet`."""
    from meds.schema import SubjectSplitSchema

    schema: pa.Schema = SubjectSplitSchema.schema()
    return schema


def _by_shard(
    batches: Iterator[tuple[int, pa.RecordBatch]], bucket: int, parts: int, counter: CodeCounter
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Rows with the name of their shard; their codes are counted on the way."""
    names = data_schema().names
    for number, batch in batches:
        counter.add(batch)
        split, part = divmod(number, parts)
        yield f"{SPLITS[split]}/{bucket}-{part}", batch.select(names)


def _write_metadata(store: MedsStore, buckets: int) -> None:
    from meds.schema import code_metadata_filepath, subject_splits_filepath

    def subjects() -> Iterator[pa.RecordBatch]:
        for number in range(buckets):
            yield from store.summaries(number)[0].to_batches()

    codes = code_batches(store.summaries(number)[1] for number in range(buckets))
    store.write_table(code_metadata_filepath, codes, code_schema())
    store.write_table(subject_splits_filepath, subjects(), split_schema())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
