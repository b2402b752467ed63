"""all-MiniLM-L6-v2: sentences to 384 numbers. BERT of 6 layers and 12 heads, mean-pooled, L2-normalised."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.encoders.cache import load_model, read_graph, read_pinned_file
from tasks.encoders.session import open_session
from tasks.encoders.weights import Weights, read_safetensors

if TYPE_CHECKING:
    from tasks.encoders.graph import Graph

NAME = "minilm-l6-v2"
LAYERS, HEADS, WIDTH = 6, 12, 384
MAX_TOKENS = 256  # what the model was trained for; the shipped tokenizer file says 128
SPECIAL_TOKENS = 2  # [CLS] and [SEP]
_BATCH_TOKENS = 512  # padded tokens of one run: more leaves the processor's cache and is slower
_EPSILON = 1e-12  # BERT's layer norm
_MASKED = -1e9  # far below any score, so that padding gets no attention


class MiniLM:
    """The text encoder (protocol `contracts.protocols.Encoder`).

    Attributes:
        name: `minilm-l6-v2`.
        digest: SHA-256 of weights, tokenizer and graph version.
        dimension: 384.
        max_tokens: tokens of a text that are read (254); what follows them is cut off, so chunk before.
    """

    name = NAME
    max_tokens = MAX_TOKENS - SPECIAL_TOKENS

    def __init__(self, threads: int = 1) -> None:
        model = load_model(NAME)
        self.digest, self.dimension = model.digest, model.dimension
        self._counter, self._tokenizer = _open_tokenizers(read_pinned_file(model, "tokenizer"))
        self._session = open_session(read_graph(model, build_graph), threads)

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts.

        Equal texts are encoded once; texts of like length run together, so little is spent on padding.

        Returns:
            (n, 384) float32, each row of L2 norm 1, in the order of `batch`.
        """
        rows = {text: row for row, text in enumerate(dict.fromkeys(batch))}
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        encodings = self._tokenizer.encode_batch_fast([_clean(text) for text in rows])
        tokens = [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]
        for chosen in _batch_by_length([len(ids) for ids in tokens]):
            vectors[chosen] = self._run([tokens[row] for row in chosen])
        return vectors[[rows[text] for text in batch]]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each whole text, without the special ones: compare with `max_tokens`."""
        cleaned = [_clean(text) for text in texts]
        encodings = self._counter.encode_batch_fast(cleaned, add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _run(self, tokens: list[NDArray[np.int64]]) -> Any:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)  # 0 is [PAD]
        mask = np.zeros_like(ids)
        for row, values in enumerate(tokens):
            ids[row, : len(values)] = values
            mask[row, : len(values)] = 1
        return self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def _open_tokenizers(content: bytes) -> tuple[Any, Any]:
    """The tokenizer twice: without a limit, for counting, and cut at `MAX_TOKENS`, for encoding."""
    # Dask fills the cores already, and a pool of tokenizer threads does not survive a fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer

    counter, tokenizer = Tokenizer.from_buffer(content), Tokenizer.from_buffer(content)
    for each in (counter, tokenizer):
        each.no_padding()
        each.no_truncation()
    tokenizer.enable_truncation(MAX_TOKENS)
    return counter, tokenizer


def _clean(text: str) -> str:
    """The text without lone surrogates, which badly decoded notes hold and no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _batch_by_length(lengths: list[int]) -> Iterator[list[int]]:
    """Yield row numbers, shortest text first, in batches of at most `_BATCH_TOKENS` padded tokens."""
    chosen: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if chosen and (len(chosen) + 1) * lengths[row] > _BATCH_TOKENS:
            yield chosen
            chosen = []
        chosen.append(row)
    if chosen:
        yield chosen


def build_graph(content: bytes) -> bytes:
    """Build the ONNX graph of the weights (a safetensors file's content).

    Inputs `input_ids` and `attention_mask`, int64 (batch, seq), seq up to 512; output `embedding`, float32
    (batch, 384), mean-pooled over the attended tokens and L2-normalised. Source: Devlin et al. 2019 (BERT);
    Reimers and Gurevych 2019 (pooling).
    """
    from tasks.encoders.graph import Graph

    weights = read_safetensors(content)
    graph = Graph(NAME, load_model(NAME).graph_version)
    ids = graph.add_input("input_ids", "INT64", ["batch", "seq"])
    mask = graph.add_input("attention_mask", "INT64", ["batch", "seq"])
    attended = graph.add_node("Cast", mask, to=1)
    hidden = _add_embeddings(graph, weights, ids)
    penalty = graph.add_node("Sub", attended, graph.add_number(1.0))
    penalty = graph.add_node("Mul", penalty, graph.add_number(-_MASKED))
    penalty = graph.add_node("Unsqueeze", penalty, graph.add_integers(1, 2))
    for layer in range(LAYERS):
        hidden = _add_layer(graph, weights, f"encoder.layer.{layer}.", hidden, penalty)
    return graph.serialise(_add_pooling(graph, hidden, attended), ["batch", WIDTH])


def _add_embeddings(graph: Graph, weights: Weights, ids: str) -> str:
    words = graph.add_node("Gather", graph.add_constant(weights["embeddings.word_embeddings.weight"]), ids)
    # One text at a time, so every token is of type 0: its row is added to the positions here, once.
    positions = weights["embeddings.position_embeddings.weight"]
    positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.add_node("Shape", ids, start=1, end=2)
    positions_used = graph.add_node(
        "Slice", graph.add_constant(positions), graph.add_integers(0), length, graph.add_integers(0)
    )
    return _add_norm(graph, weights, "embeddings.LayerNorm", graph.add_node("Add", words, positions_used))


def _add_layer(graph: Graph, weights: Weights, prefix: str, hidden: str, penalty: str) -> str:
    attention = _add_attention(graph, weights, prefix + "attention.self.", hidden, penalty)
    attention = _add_dense(graph, weights, prefix + "attention.output.dense", attention)
    hidden = graph.add_node("Add", attention, hidden)
    hidden = _add_norm(graph, weights, prefix + "attention.output.LayerNorm", hidden)
    inner = graph.add_node("Gelu", _add_dense(graph, weights, prefix + "intermediate.dense", hidden))
    outer = graph.add_node("Add", _add_dense(graph, weights, prefix + "output.dense", inner), hidden)
    return _add_norm(graph, weights, prefix + "output.LayerNorm", outer)


def _add_attention(graph: Graph, weights: Weights, prefix: str, hidden: str, penalty: str) -> str:
    shape = graph.add_integers(0, 0, HEADS, WIDTH // HEADS)

    def add_heads(part: str, order: list[int], scale: float = 1.0) -> str:
        projected = _add_dense(graph, weights, prefix + part, hidden, scale)
        return graph.add_node("Transpose", graph.add_node("Reshape", projected, shape), perm=order)

    # The scale of the scores is put into the query's weights.
    query = add_heads("query", [0, 2, 1, 3], (WIDTH // HEADS) ** -0.5)
    key = add_heads("key", [0, 2, 3, 1])
    value = add_heads("value", [0, 2, 1, 3])
    scores = graph.add_node("Add", graph.add_node("MatMul", query, key), penalty)
    mixed = graph.add_node("MatMul", graph.add_node("Softmax", scores, axis=-1), value)
    mixed = graph.add_node("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.add_node("Reshape", mixed, graph.add_integers(0, 0, WIDTH))


def _add_dense(graph: Graph, weights: Weights, name: str, hidden: str, scale: float = 1.0) -> str:
    matrix = (weights[f"{name}.weight"].T * scale).astype(np.float32)
    bias = (weights[f"{name}.bias"] * scale).astype(np.float32)
    product = graph.add_node("MatMul", hidden, graph.add_constant(matrix))
    return graph.add_node("Add", product, graph.add_constant(bias))


def _add_norm(graph: Graph, weights: Weights, name: str, hidden: str) -> str:
    scale, bias = (graph.add_constant(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.add_node("LayerNormalization", hidden, scale, bias, axis=-1, epsilon=_EPSILON)


def _add_pooling(graph: Graph, hidden: str, attended: str) -> str:
    weight = graph.add_node("Unsqueeze", attended, graph.add_integers(1))
    # (batch, 1, seq) x (batch, seq, 384): the sum over the attended tokens. The length divides out below.
    total = graph.add_node("Squeeze", graph.add_node("MatMul", weight, hidden), graph.add_integers(1))
    norm = graph.add_node("ReduceL2", total, graph.add_integers(1), keepdims=1)
    norm = graph.add_node("Max", norm, graph.add_number(1e-12))
    return graph.add_node("Div", total, norm, output="embedding")
