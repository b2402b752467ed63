"""The text encoder against an independent forward pass, and what its users rely on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.encoders.cache import load_model, read_pinned_file
from tasks.encoders.minilm import MiniLM
from tasks.encoders.weights import read_safetensors

Array = NDArray[Any]

TEXTS = [
    "chest pain",
    "",
    "The patient was seen for follow-up of type 2 diabetes mellitus; HbA1c 8.1 %, metformin continued. " * 3,
    "Fracture of the ankle after a fall.",
    "naïve β-blocker übermäßig 咳嗽",
    "no fever",
]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM()


def forward(weights: dict[str, Array], ids: list[int]) -> Array:
    """BERT on one text in float64, written from the paper: no batch, no mask, nothing folded."""

    def dense(name: str, x: Array) -> Array:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        normed: Array = scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]
        return normed

    def heads(name: str, x: Array) -> Array:
        return dense(name, x).reshape(len(ids), 12, 32).swapaxes(0, 1)

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm("embeddings.LayerNorm", x + weights["embeddings.token_type_embeddings.weight"][0])
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        query, key, value = (heads(f"{at}.attention.self.{part}", x) for part in ("query", "key", "value"))
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(32))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        mixed = dense(f"{at}.attention.output.dense", mixed.swapaxes(0, 1).reshape(len(ids), 384))
        x = norm(f"{at}.attention.output.LayerNorm", x + mixed)
        inner = dense(f"{at}.intermediate.dense", x)
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(f"{at}.output.LayerNorm", x + dense(f"{at}.output.dense", inner))
    pooled = x.mean(0)
    result: Array = pooled / np.linalg.norm(pooled)
    return result


def test_vectors_equal_an_independent_forward_pass(encoder: MiniLM) -> None:
    from tokenizers import Tokenizer

    model = load_model("minilm-l6-v2")
    content = read_safetensors(read_pinned_file(model, "weights"))
    weights = {name: array.astype(np.float64) for name, array in content.items()}
    tokenizer = Tokenizer.from_buffer(read_pinned_file(model, "tokenizer"))
    tokenizer.no_padding()
    expected = np.array([forward(weights, tokenizer.encode(text).ids) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=2e-6)


def test_shape_type_and_norm(encoder: MiniLM) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384) == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.encode([]).dtype == np.float32


def test_vectors_do_not_depend_on_batch_order_or_threads(encoder: MiniLM) -> None:
    texts = [f"{text} {number}" for number in range(40) for text in TEXTS]
    together = encoder.encode(texts)
    np.testing.assert_array_equal(encoder.encode(texts), together)
    np.testing.assert_allclose(encoder.encode(texts[::-1])[::-1], together, atol=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in texts[:12]])
    np.testing.assert_allclose(alone, together[:12], atol=1e-5)
    np.testing.assert_allclose(MiniLM(threads=2).encode(texts[:12]), together[:12], atol=1e-5)


def test_equal_texts_get_equal_vectors(encoder: MiniLM) -> None:
    vectors = encoder.encode(["cough", "rash", "cough"])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert vectors[0] @ vectors[1] < 0.9


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("chest pain", "angina pectoris", "fractured ankle"),
        ("shortness of breath", "dyspnea on exertion", "itchy skin rash"),
        ("high blood pressure", "hypertension", "broken tooth"),
    ],
)
def test_meaning_orders_texts(encoder: MiniLM, query: str, near: str, far: str) -> None:
    vectors = encoder.encode([query, near, far])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


def test_long_text_is_cut_at_its_limit(encoder: MiniLM) -> None:
    words = ["pain"] * (encoder.max_tokens - 1)
    whole, longer, shorter = encoder.encode(
        [" ".join([*words, "fever"]), " ".join([*words, "fever", *["rash"] * 500]), " ".join(words)]
    )
    np.testing.assert_allclose(whole, longer, atol=1e-6)
    assert np.abs(whole - shorter).max() > 1e-4  # the last token within the limit does count


def test_tokens_are_counted_in_full(encoder: MiniLM) -> None:
    assert encoder.count_tokens(["", "pain", "chest pain.", "pain " * 1000]) == [0, 1, 3, 1000]
    assert encoder.count_tokens([]) == []


def test_lone_surrogates_are_taken(encoder: MiniLM) -> None:
    np.testing.assert_array_equal(encoder.encode(["pain \ud800"]), encoder.encode(["pain ?"]))
    assert encoder.count_tokens(["pain \ud800"]) == [2]
