"""EfficientNet-Lite0: images to 1280 numbers, the pooled features below its classifier, L2-normalised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.encoders.cache import load_model, read_graph
from tasks.encoders.images import prepare_image
from tasks.encoders.session import open_session
from tasks.encoders.weights import Weights, read_torch_stream

if TYPE_CHECKING:
    from tasks.encoders.graph import Graph

NAME = "efficientnet-lite0"
SIZE = 224
# The Lite models' own normalisation of 0..255, as in their TensorFlow source: not ImageNet's. The weights
# agree: the stem's running mean and variance give an input of mean -0.08, deviation 0.51 (see the tests).
MEAN, DEVIATION = 127.0, 128.0
BLOCKS = 16
HALVING_BLOCKS = frozenset({1, 3, 5, 11})  # the first of the stages with stride 2
_EPSILON = 1e-3  # batch norm's, as in TensorFlow; torch's own default would be 1e-5
_BATCH = 8


class EfficientNetLite0:
    """The image encoder (protocol `contracts.protocols.Encoder`).

    Attributes:
        name: `efficientnet-lite0`.
        digest: SHA-256 of weights and graph version.
        dimension: 1280.
    """

    name = NAME

    def __init__(self, threads: int = 1) -> None:
        model = load_model(NAME)
        self.digest, self.dimension = model.digest, model.dimension
        self._session = open_session(read_graph(model, build_graph), threads)

    def encode(self, batch: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Encode images, (H, W) grey or (H, W, 3) RGB each, as `images.prepare_image` takes them.

        Returns:
            (n, 1280) float32, each row of L2 norm 1, in the order of `batch`.

        Raises:
            Rejected: an image of another shape; its place is its number in the batch.
        """
        vectors = np.empty((len(batch), self.dimension), dtype=np.float32)
        for start in range(0, len(batch), _BATCH):
            chosen = range(start, min(start + _BATCH, len(batch)))
            pixels = np.stack([prepare_image(batch[i], SIZE, f"image {i} of the batch") for i in chosen])
            normalised = (pixels - np.float32(MEAN)) / np.float32(DEVIATION)
            vectors[chosen.start : chosen.stop] = self._session.run(None, {"image": normalised})[0]
        return vectors


def build_graph(content: bytes) -> bytes:
    """Build the ONNX graph of the weights (a legacy torch stream's content).

    Input `image`, float32 (batch, 3, 224, 224), RGB normalised by `MEAN` and `DEVIATION`; output `embedding`,
    float32 (batch, 1280). Lite has no squeeze-and-excitation and clips at 6 where EfficientNet has swish.
    Source: Tan and Le 2019; Howard et al. 2017 and Sandler et al. 2018 (the blocks).
    """
    from tasks.encoders.graph import Graph

    weights = read_torch_stream(content)
    graph = Graph(NAME, load_model(NAME).graph_version)
    hidden = graph.add_input("image", "FLOAT", ["batch", 3, SIZE, SIZE])
    bounds = (graph.add_number(0.0), graph.add_number(6.0))
    size = SIZE // 2
    hidden = graph.add_node("Clip", _add_conv(graph, weights, "_conv_stem", "_bn0", hidden, SIZE, 2), *bounds)
    for number in range(BLOCKS):
        stride = 2 if number in HALVING_BLOCKS else 1
        hidden = _add_block(graph, weights, f"_blocks.{number}.", hidden, size, stride, bounds)
        size //= stride
    hidden = graph.add_node("Clip", _add_conv(graph, weights, "_conv_head", "_bn1", hidden, size), *bounds)
    pooled = graph.add_node("Flatten", graph.add_node("GlobalAveragePool", hidden))
    norm = graph.add_node("ReduceL2", pooled, graph.add_integers(1), keepdims=1)
    norm = graph.add_node("Max", norm, graph.add_number(1e-12))
    embedding = graph.add_node("Div", pooled, norm, output="embedding")
    return graph.serialise(embedding, ["batch", load_model(NAME).dimension])


def _add_block(
    graph: Graph, weights: Weights, prefix: str, hidden: str, size: int, stride: int, bounds: tuple[str, str]
) -> str:
    """An inverted bottleneck: widen, filter each channel, narrow; plus its input where the shapes agree."""
    start = hidden
    expands = f"{prefix}_expand_conv.weight" in weights
    if expands:
        widened = _add_conv(graph, weights, f"{prefix}_expand_conv", f"{prefix}_bn0", hidden, size)
        hidden = graph.add_node("Clip", widened, *bounds)
    filtered = _add_conv(graph, weights, f"{prefix}_depthwise_conv", f"{prefix}_bn1", hidden, size, stride)
    hidden = graph.add_node("Clip", filtered, *bounds)
    hidden = _add_conv(graph, weights, f"{prefix}_project_conv", f"{prefix}_bn2", hidden, size // stride)
    shape = weights[f"{prefix}_expand_conv.weight" if expands else f"{prefix}_depthwise_conv.weight"].shape
    channels_in = shape[1] if expands else shape[0]
    same = stride == 1 and channels_in == weights[f"{prefix}_project_conv.weight"].shape[0]
    return graph.add_node("Add", hidden, start) if same else hidden


def _add_conv(
    graph: Graph, weights: Weights, conv: str, norm: str, hidden: str, size: int, stride: int = 1
) -> str:
    """A convolution with its batch norm folded in. `size` is the input's height and width.

    Padding is TensorFlow's "SAME": what cannot be halved goes to the right and the bottom.
    """
    kernel, bias = fold_norm(weights, conv, norm)
    width = kernel.shape[2]
    total = max((-(-size // stride) - 1) * stride + width - size, 0)
    before, after = total // 2, total - total // 2
    return graph.add_node(
        "Conv",
        hidden,
        graph.add_constant(kernel),
        graph.add_constant(bias),
        kernel_shape=[width, width],
        strides=[stride, stride],
        pads=[before, before, after, after],
        group=kernel.shape[0] if conv.endswith("_depthwise_conv") else 1,
    )


def fold_norm(weights: Weights, conv: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of convolution `conv` followed by batch norm `norm`, computed in float64."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"].astype(np.float64) + _EPSILON)
    kernel = weights[f"{conv}.weight"] * scale[:, np.newaxis, np.newaxis, np.newaxis]
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return kernel.astype(np.float32), bias.astype(np.float32)
