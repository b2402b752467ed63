"""Embed what the vector stores lack, and remove what the lake no longer holds."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from contracts.protocols import Encoder
from flows.rounds import Round
from tasks.embedding import (
    IMAGE_SOURCE,
    NOTE_SOURCE,
    OBJECT_SOURCE,
    Encoded,
    chunk_notes,
    chunks_of,
    encode_images,
    encode_texts,
    held_vectors,
    image_jobs,
    lacking,
    load_vectors,
    reconcile,
    text_jobs,
)
from tasks.encoders import load_encoder

Progress = Callable[[int, int], None]
NOTE, IMAGE = "note", "image"
_ROWS_AT_ONCE = 10_000


def embed_notes(current: Round, progress: Progress | None = None) -> dict[str, Any]:
    """Embed the chunks of notes that are new or changed."""
    name = current.settings.encoders.text
    if name == "none" or current.lake.version(NOTE_SOURCE) is None:
        return {}
    with current.timed("embed notes"):
        encoder = load_encoder(name)
        folder = _scratch(current, NOTE)
        held = held_vectors(current.vectors, NOTE, encoder)
        ids: list[pl.Series] = []
        added, changed = 0, False
        for wanted in chunk_notes(current.lake, current.room.key):
            ids.append(wanted["id"])
            add = lacking(wanted, held)
            if add.height:
                outputs = _run(current, encode_texts, list(text_jobs(add, name, folder)), NOTE, progress)
                if outputs:
                    add = add.join(load_vectors([o.output for o in outputs]), on="digest", how="inner")
                    changed |= _apply(current, NOTE, encoder, add, [])
                    added += add.height
        known = pl.concat(ids) if ids else pl.Series(dtype=pl.Int64)
        gone = held.filter(~pl.col("id").is_in(known.implode()))["id"].to_list()
        changed |= _apply(current, NOTE, encoder, chunks_of((), current.room.key), gone)
        shutil.rmtree(folder, ignore_errors=True)
    return _note(current, NOTE, encoder, len(known), added, len(gone), changed)


def embed_images(current: Round, progress: Progress | None = None) -> dict[str, Any]:
    """Embed one frame of each object with pixels that has no vector yet."""
    name = current.settings.encoders.image
    if name == "none" or current.lake.version(OBJECT_SOURCE) is None:
        return {}
    with current.timed("embed images"):
        encoder = load_encoder(name)
        wanted, keys = _images(current)
        hopeless = _hopeless(current, encoder)
        add, gone = reconcile(
            wanted.filter(~pl.col("id").is_in(list(hopeless))), current.vectors, IMAGE, encoder
        )
        chosen = [(i, keys[i]) for i in add["id"].to_list()]
        folder = _scratch(current, IMAGE)
        if chosen:
            jobs = list(image_jobs(str(current.home.path), chosen, name, folder))
            outputs = _run(current, encode_images, jobs, IMAGE, progress)
            for output in outputs:
                hopeless.update(output.failed)
            if outputs:
                vectors = load_vectors([o.output for o in outputs]).rename({"instance_id": "id"})
                add = add.join(vectors, on="id", how="inner")
            else:
                add = add.clear()
            current.catalog.set_checkpoint(
                _hopeless_key(encoder), orjson.dumps(list(hopeless.items())).decode()
            )
        else:
            add = add.clear()
        receipt = _apply(current, IMAGE, encoder, add, gone)
        shutil.rmtree(folder, ignore_errors=True)
    held = {i: r for i, r in hopeless.items() if i in keys}
    return _note(
        current, IMAGE, encoder, wanted.height, add.height, len(gone), receipt, Counter(held.values())
    )


def _images(current: Round) -> tuple[pl.DataFrame, dict[int, str]]:
    """The images that were written, as rows of the vector table, and the key of each one's file.

    A vector is of the pixels that are shown: other pixels, another vector.
    """
    columns = ["instance_id", "object_key", "has_preview", "shown_digest"]
    objects = pl.from_arrow(current.lake.read(OBJECT_SOURCE, columns=columns))
    index = pl.from_arrow(
        current.lake.read(IMAGE_SOURCE, columns=["instance_id", "person_id", "study_date", "modality"])
    )
    assert isinstance(objects, pl.DataFrame) and isinstance(index, pl.DataFrame)
    shown = objects.filter(pl.col("has_preview") & pl.col("object_key").is_not_null())
    frame = shown.join(index, on="instance_id", how="inner")
    wanted = frame.select(
        id="instance_id",
        source_id="instance_id",
        chunk=pl.lit(0, pl.Int32),
        person_id="person_id",
        date="study_date",
        modality="modality",
        title=pl.lit(None, pl.String),
        text=pl.lit(None, pl.String),
        digest="shown_digest",
    )
    return wanted, dict(frame.select("instance_id", "object_key").iter_rows())


def _hopeless_key(encoder: Encoder) -> str:
    return f"no-vector:{encoder.name}:{encoder.digest[:8]}"


def _hopeless(current: Round, encoder: Encoder) -> dict[int, str]:
    """Instances known to have no decodable frame, by reason: not tried again until the encoder changes."""
    value = current.catalog.checkpoint(_hopeless_key(encoder))
    return {int(i): str(r) for i, r in orjson.loads(value)} if value else {}


def _scratch(current: Round, kind: str) -> Path:
    folder = Path(current.home.staging) / "vectors" / kind
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _run(
    current: Round,
    function: Callable[[Any], Encoded],
    jobs: Sequence[Any],
    kind: str,
    progress: Progress | None,
) -> list[Encoded]:
    outputs: list[Encoded] = []
    for number, done in enumerate(current.executor.map(function, jobs), 1):
        if done.result is not None:
            outputs.append(done.result)
        elif done.failure is not None:
            problem = f"embedding {kind}: {done.failure.error} {done.failure.message}".strip()
            current.embedded.setdefault(kind, {})["problem"] = problem
        if progress:
            progress(number, len(jobs))
    return outputs


def _apply(current: Round, kind: str, encoder: Encoder, add: pl.DataFrame, gone: list[int]) -> bool:
    if not add.height and not gone:
        return False
    if "vector" not in add.columns:  # nothing but removals: no job made vectors
        add = add.clear().with_columns(vector=pl.lit(None, pl.Array(pl.Float32, encoder.dimension)))
    rows = add.with_columns(encoder=pl.lit(f"{encoder.name}@{encoder.digest[:12]}"))
    changed = False
    for start in range(0, max(rows.height, 1), _ROWS_AT_ONCE):
        step = rows.slice(start, _ROWS_AT_ONCE).to_arrow(compat_level=pl.CompatLevel.oldest())
        receipt = current.vectors.apply(kind, encoder, step, gone if start == 0 else [])
        changed |= receipt.changed
    current.changed |= changed
    return changed


def _note(
    current: Round,
    kind: str,
    encoder: Encoder,
    wanted: int,
    added: int,
    removed: int,
    changed: bool,
    failed: Counter[str] | None = None,
) -> dict[str, Any]:
    found = {
        "encoder": encoder.name,
        "wanted": wanted,
        "added": added,
        "removed": removed,
        "changed": changed,
        "without_vector": dict(failed or {}),
    }
    current.embedded.setdefault(kind, {}).update(found)
    return found
