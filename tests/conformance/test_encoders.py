"""What every encoder owes: unit vectors of its dimension, the same for the same input, whatever the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from contracts.errors import Fatal
from contracts.protocols import Encoder
from tasks.encoders.registry import ENCODERS, load_encoder

_TEXTS = ("Shortness of breath on exertion.", "", "Fracture of the left ankle. " * 40, "Übelkeit, 発熱")


def _images() -> list[Any]:
    rows, columns = np.mgrid[0:96, 0:80].astype(np.float32)
    return [rows, columns * 3 - 200, np.zeros((64, 64), np.float32), np.stack([rows, columns, rows], axis=-1)]


def _inputs(name: str) -> Sequence[Any]:
    """Texts or images, as the encoder's module says it takes."""
    return _TEXTS if name == "minilm-l6-v2" else _images()


@pytest.fixture(scope="module", params=sorted(ENCODERS))
def encoder(request: pytest.FixtureRequest) -> tuple[Encoder, Sequence[Any]]:
    """Each registered encoder and a few inputs of its kind."""
    return load_encoder(request.param), _inputs(request.param)


def test_it_says_what_it_is(encoder: tuple[Encoder, Sequence[Any]]) -> None:
    one, _ = encoder
    assert one.name in ENCODERS
    assert len(one.digest) >= 12 and one.dimension > 0


def test_vectors_are_of_norm_one(encoder: tuple[Encoder, Sequence[Any]]) -> None:
    one, inputs = encoder
    vectors = one.encode(inputs)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(inputs), one.dimension)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_nothing_encodes_to_nothing(encoder: tuple[Encoder, Sequence[Any]]) -> None:
    one, _ = encoder
    assert one.encode([]).shape == (0, one.dimension)


def test_the_batch_makes_no_difference(encoder: tuple[Encoder, Sequence[Any]]) -> None:
    one, inputs = encoder
    together = one.encode(inputs)
    alone = np.concatenate([one.encode([item]) for item in inputs])
    backwards = one.encode(list(reversed(inputs)))[::-1]
    np.testing.assert_allclose(together, alone, atol=2e-5)
    np.testing.assert_allclose(together, backwards, atol=2e-5)
    np.testing.assert_array_equal(together, one.encode(inputs))


def test_different_inputs_are_told_apart(encoder: tuple[Encoder, Sequence[Any]]) -> None:
    one, inputs = encoder
    vectors = one.encode(inputs)
    likeness = vectors @ vectors.T - np.eye(len(inputs))
    assert likeness.max() < 0.999


def test_an_unknown_encoder_is_told_with_the_known_ones() -> None:
    with pytest.raises(Fatal, match="minilm-l6-v2"):
        load_encoder("word2vec")
