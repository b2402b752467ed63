"""Embed what is new: notes from the lake, images from their de-identified files; remove what is gone.

Vectors are reconciled by anti-join on (id, digest) against the lake, so whatever a crash left is repaired by the next
round. An image that is held has no vector.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import Rejected
from contracts.keys import Key
from contracts.protocols import Encoder
from stores.lake import Lake
from stores.objects import Objects
from stores.vectors import Vectors
from tasks.chunking import chunk_note
from tasks.encoders import load_encoder
from tasks.workroom import open_workroom

if TYPE_CHECKING:
    import polars as pl

NOTE_SOURCE = "omop.note"
IMAGE_SOURCE, OBJECT_SOURCE = "imaging.instance", "imaging.object"
_TEXTS_PER_JOB = 256
_IMAGES_PER_JOB = 32
_CHUNK_COLUMNS = ("id", "source_id", "chunk", "person_id", "date", "title", "text", "digest")


@dataclass(frozen=True)
class TextJob:
    """Encode the texts of a staged Parquet file (columns digest, text) into a file of (digest, vector)."""

    encoder: str
    texts: str
    output: str


@dataclass(frozen=True)
class ImageJob:
    """Encode one frame of each object into a file of (instance_id, vector).

    `objects` are instances with the keys of their de-identified files.
    """

    home: str
    encoder: str
    objects: tuple[tuple[int, str], ...]
    output: str


@dataclass(frozen=True)
class Encoded:
    """Counts of one job, and instances that have no vector, by reason code."""

    output: str
    count: int
    failed: dict[int, str] = field(default_factory=dict)


@lru_cache(maxsize=4)
def _encoder(name: str) -> Encoder:
    return load_encoder(name)


def encode_texts(job: TextJob) -> Encoded:
    """Encode the texts of one staged file. Runs in a worker."""
    table = pq.read_table(job.texts)
    vectors = _encoder(job.encoder).encode(table["text"].to_pylist())
    _write_vectors(job.output, "digest", table["digest"].to_pylist(), vectors, pa.string())
    return Encoded(job.output, table.num_rows)


def encode_images(job: ImageJob) -> Encoded:
    """Decode one frame of each object and encode it. Runs in a worker; it sees no file that is not de-identified."""
    from tasks.dicom.pixels import representative_frame

    objects = Objects(open_workroom(job.home).home.objects)
    frames, ids, failed = [], [], {}
    for instance_id, key in job.objects:
        try:
            frames.append(representative_frame(objects.place(key)))
            ids.append(instance_id)
        except Rejected as rejected:
            failed[instance_id] = rejected.reason
    vectors = _encoder(job.encoder).encode(frames)
    _write_vectors(job.output, "instance_id", ids, vectors, pa.int64())
    return Encoded(job.output, len(ids), failed)


def _write_vectors(output: str, name: str, keys: list[Any], vectors: np.ndarray, kind: pa.DataType) -> None:
    flat = pa.array(vectors.reshape(-1), pa.float32())
    listed = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    pq.write_table(pa.table({name: pa.array(keys, kind), "vector": listed}), output)


def digest_text(text: str) -> str:
    """Digest of a de-identified chunk."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def chunk_notes(lake: Lake, key: Key, notes_at_once: int = 4_000) -> Iterator[pl.DataFrame]:
    """All chunks of all published notes, some thousand notes at a time.

    Yields:
        Frames of id, source_id, chunk, person_id, date, title, text, digest, modality (null).
    """
    columns = ["note_id", "person_id", "note_date", "note_title", "note_text"]
    waiting: list[pa.RecordBatch] = []
    for whole in lake.batches(NOTE_SOURCE, columns=columns):
        for start in range(0, whole.num_rows, notes_at_once):
            waiting.append(whole.slice(start, notes_at_once))
            if sum(batch.num_rows for batch in waiting) >= notes_at_once:
                yield chunks_of(waiting, key)
                waiting = []
    if waiting:
        yield chunks_of(waiting, key)


def chunks_of(batches: Sequence[pa.RecordBatch], key: Key) -> pl.DataFrame:
    """The chunks of these notes, as `chunk_notes` yields them."""
    import polars as pl

    rows: dict[str, list[Any]] = {name: [] for name in _CHUNK_COLUMNS}
    for note in (note for batch in batches for note in batch.to_pylist()):
        for number, text in enumerate(chunk_note(note["note_text"])):
            values = (
                key.id63("chunk", str(note["note_id"]), str(number)),
                note["note_id"],
                number,
                note["person_id"],
                note["note_date"],
                note["note_title"],
                text,
                digest_text(text),
            )
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
    types = (pl.Int64, pl.Int64, pl.Int32, pl.Int64, pl.Date, pl.String, pl.String, pl.String)
    frame = pl.DataFrame(rows, schema=dict(zip(_CHUNK_COLUMNS, types, strict=True)))
    return frame.with_columns(modality=pl.lit(None, pl.String))


def reconcile(
    wanted: pl.DataFrame, vectors: Vectors, kind: str, encoder: Encoder
) -> tuple[pl.DataFrame, list[int]]:
    """What must be encoded or rewritten, and the ids that must go: an anti-join on (id, digest, person, date)."""
    held = held_vectors(vectors, kind, encoder)
    gone = held.join(wanted.select("id"), on="id", how="anti")["id"].to_list()
    return lacking(wanted, held), gone


def held_vectors(vectors: Vectors, kind: str, encoder: Encoder) -> pl.DataFrame:
    """What the vector table holds: id, digest, person_id, date."""
    import polars as pl

    held = pl.from_arrow(vectors.digests(kind, encoder))
    assert isinstance(held, pl.DataFrame)
    return held


def lacking(wanted: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """The wanted rows that are not held as they are."""
    keys = ["id", "digest", "person_id", "date"]
    return wanted.join(held.select(keys), on=keys, how="anti", nulls_equal=True)


def text_jobs(frame: pl.DataFrame, encoder: str, folder: Path) -> Iterator[TextJob]:
    """Stage the distinct texts, sorted by length so that a batch pads little, a few hundred a job."""
    import polars as pl

    folder.mkdir(parents=True, exist_ok=True)
    distinct = frame.select("digest", "text").unique("digest").sort(pl.col("text").str.len_chars(), "digest")
    # deal the lengths out evenly, so that no worker gets all of the long ones
    count = max(1, -(-distinct.height // _TEXTS_PER_JOB))
    for number in range(count):
        texts = folder / f"texts-{number}.parquet"
        distinct.gather_every(count, number).write_parquet(texts)
        yield TextJob(encoder, str(texts), str(folder / f"vectors-{number}.parquet"))


def image_jobs(
    home: str, objects: Sequence[tuple[int, str]], encoder: str, folder: Path
) -> Iterator[ImageJob]:
    """Jobs over the objects whose images have no vector yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(objects), _IMAGES_PER_JOB)):
        chosen = tuple(objects[start : start + _IMAGES_PER_JOB])
        yield ImageJob(home, encoder, chosen, str(folder / f"images-{number}.parquet"))


def load_vectors(outputs: Sequence[str]) -> pl.DataFrame:
    """The vectors that jobs wrote, in one frame."""
    import polars as pl

    return pl.concat([pl.read_parquet(o) for o in outputs])
