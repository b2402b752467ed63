"""Embedding: what is missing is encoded, what is gone is removed, what stands is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from stores.objects import Objects, object_key
from stores.vectors import Vectors
from tasks.embedding import (
    digest_text,
    encode_images,
    encode_texts,
    image_jobs,
    load_vectors,
    reconcile,
    text_jobs,
)
from tasks.encoders import load_encoder
from tests.flows.exports import write_image
from tests.tasks.rooms import make_room

_TEXTS = ["Short of breath.", "No known allergies.", "No known allergies.", "Walks without help."]
_IMAGE, _TEXT = "efficientnet-lite0", "minilm-l6-v2"


class Counting:
    """An encoder of four dimensions: the direction of a text's length."""

    name, digest, dimension = "counting", "0" * 64, 4

    def encode(self, batch: Sequence[Any]) -> np.ndarray:
        vectors = np.ones((len(batch), 4), np.float32)
        vectors[:, 0] = [len(text) for text in batch]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / lengths, np.float32)


def _wanted(texts: Sequence[str], person: int = 7, day: date = date(2023, 5, 6)) -> pl.DataFrame:
    count = len(texts)
    return pl.DataFrame(
        {
            "id": range(1, count + 1), "source_id": range(1, count + 1), "chunk": [0] * count,
            "person_id": [person] * count, "date": [day] * count, "modality": [None] * count,
            "title": ["note"] * count, "text": texts, "digest": [digest_text(t) for t in texts],
        },
        schema_overrides={"chunk": pl.Int32, "modality": pl.String, "date": pl.Date},
    )  # fmt: skip


def _apply(vectors: Vectors, encoder: Counting, wanted: pl.DataFrame) -> tuple[int, list[int]]:
    add, gone = reconcile(wanted, vectors, "note", encoder)
    rows: pa.Table = add.to_arrow(compat_level=pl.CompatLevel.oldest())
    flat = pa.array(encoder.encode(add["text"].to_list()).reshape(-1), pa.float32())
    rows = rows.append_column("vector", pa.FixedSizeListArray.from_arrays(flat, 4))
    vectors.apply("note", encoder, rows, gone)
    return add.height, gone


def test_only_what_differs_is_encoded_and_only_what_is_gone_removed(tmp_path: Path) -> None:
    vectors, encoder = Vectors(tmp_path), Counting()
    assert _apply(vectors, encoder, _wanted(_TEXTS)) == (4, [])
    assert _apply(vectors, encoder, _wanted(_TEXTS)) == (0, [])
    assert _apply(vectors, encoder, _wanted(["Better.", *_TEXTS[1:]])) == (1, [])
    assert _apply(vectors, encoder, _wanted(_TEXTS[:3])) == (1, [4])
    held = vectors.digests("note", encoder)
    assert sorted(held["digest"].to_pylist()) == sorted(digest_text(t) for t in _TEXTS[:3])


def test_another_person_or_date_rewrites_a_vectors_row(tmp_path: Path) -> None:
    vectors, encoder = Vectors(tmp_path), Counting()
    _apply(vectors, encoder, _wanted(_TEXTS))
    assert _apply(vectors, encoder, _wanted(_TEXTS, person=8)) == (4, [])
    assert _apply(vectors, encoder, _wanted(_TEXTS, person=8, day=date(2023, 5, 7))) == (4, [])
    assert set(vectors.digests("note", encoder)["person_id"].to_pylist()) == {8}


def test_rows_without_person_and_date_stand_too(tmp_path: Path) -> None:
    """Nobody's image has neither: a null equals a null, or it would be encoded every night."""
    vectors, encoder = Vectors(tmp_path), Counting()
    nobody = _wanted(_TEXTS).with_columns(person_id=pl.lit(None, pl.Int64), date=pl.lit(None, pl.Date))
    assert _apply(vectors, encoder, nobody) == (4, [])
    assert _apply(vectors, encoder, nobody) == (0, [])


def test_equal_texts_are_encoded_once_and_all_come_back(tmp_path: Path, model_folder: Path) -> None:
    wanted = _wanted(_TEXTS)
    jobs = list(text_jobs(wanted, _TEXT, tmp_path))
    outputs = [encode_texts(job) for job in jobs]
    assert sum(output.count for output in outputs) == 3
    joined = wanted.join(load_vectors([o.output for o in outputs]), on="digest")
    assert joined.height == 4
    direct = load_encoder(_TEXT).encode(joined["text"].to_list())
    assert np.abs(np.array(joined["vector"].to_list()) - direct).max() < 1e-4


def test_many_texts_are_dealt_out_evenly(tmp_path: Path) -> None:
    texts = ["word " * (n + 1) for n in range(600)]
    jobs = list(text_jobs(_wanted(texts), _TEXT, tmp_path))
    sizes = [len("".join(pl.read_parquet(job.texts)["text"])) for job in jobs]
    assert len(jobs) == 3
    assert max(sizes) < 1.05 * min(sizes)


def test_an_image_that_cannot_be_decoded_is_told_by_reason(tmp_path: Path, model_folder: Path) -> None:
    room = make_room(tmp_path, "dicom")
    write_image(room.folder / "a.dcm", "P-100001", 1)
    whole = write_image(room.folder / "b.dcm", "P-100001", 2).read_bytes()
    (room.folder / "b.dcm").write_bytes(whole[:-10])
    objects = Objects(room.work.home.objects)
    keys = []
    for number, name in enumerate(("a.dcm", "b.dcm"), 11):
        keys.append((number, object_key(1, f"1.2.{number}", number)))
        objects.write(keys[-1][1], (room.folder / name).read_bytes())
    (job,) = image_jobs(str(room.work.home.path), keys, _IMAGE, tmp_path / "vectors")
    encoded = encode_images(job)
    assert encoded.count == 1
    assert encoded.failed.keys() == {12} and encoded.failed[12]
    vectors = load_vectors([encoded.output])
    assert vectors["instance_id"].to_list() == [11]
    assert abs(np.linalg.norm(vectors["vector"][0].to_numpy()) - 1) < 1e-3
