"""The image encoder against an independent forward pass, and what its users rely on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import Rejected
from tasks.encoders.cache import load_model, read_pinned_file
from tasks.encoders.efficientnet import DEVIATION, MEAN, EfficientNetLite0
from tasks.encoders.images import prepare_image
from tasks.encoders.weights import read_torch_stream

Array = NDArray[Any]


@pytest.fixture(scope="module")
def encoder() -> EfficientNetLite0:
    return EfficientNetLite0()


def draw_disc(height: int = 200, width: int = 160) -> Array:
    """A 12-bit body in section: an ellipse with two dark lungs and a slope."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    image = np.where(x**2 + y**2 < 0.8, 1000.0 + 200 * y, 0)
    lungs = ((np.abs(x) - 0.35) / 0.25) ** 2 + (y / 0.5) ** 2 < 1
    return np.where(lungs, 150, image).astype(np.uint16)


def draw_stripes(height: int = 200, width: int = 160) -> Array:
    y, x = np.mgrid[:height, :width]
    return np.where((x + y) % 20 < 10, 3000, 100).astype(np.uint16)


# (stride, whether the input is added) of each block, as the network's published table has it.
TABLE = [(1, 0), (2, 0), (1, 1), (2, 0), (1, 1), (2, 0), (1, 1), (1, 1), (1, 0), (1, 1), (1, 1)]
TABLE += [(2, 0), (1, 1), (1, 1), (1, 1), (1, 0)]


def forward(weights: dict[str, Array], image: Array) -> Array:
    """The network on one (3, 224, 224) image in float64: explicit padding, batch norm as it is written."""

    def conv(kernel: Array, x: Array, stride: int = 1) -> Array:
        outputs, _, width, _ = kernel.shape
        out = -(-x.shape[1] // stride)
        total = max((out - 1) * stride + width - x.shape[1], 0)
        x = np.pad(x, ((0, 0), *[(total // 2, total - total // 2)] * 2))
        result = np.zeros((outputs, out, out))
        for i in range(width):
            for j in range(width):
                part = x[:, i : i + stride * out : stride, j : j + stride * out : stride][:, :out, :out]
                taps = kernel[:, :, i, j]
                depthwise = kernel.shape[1] == 1
                result += taps[:, :, None] * part if depthwise else np.tensordot(taps, part, 1)
        return result

    def norm(name: str, x: Array) -> Array:
        mean, var = (weights[f"{name}.running_{part}"][:, None, None] for part in ("mean", "var"))
        scale, bias = (weights[f"{name}.{part}"][:, None, None] for part in ("weight", "bias"))
        normed: Array = scale * (x - mean) / np.sqrt(var + 0.001) + bias
        return normed

    def clip(x: Array) -> Array:
        return np.clip(x, 0, 6)

    x = clip(norm("_bn0", conv(weights["_conv_stem.weight"], image, 2)))
    for number, (stride, added) in enumerate(TABLE):
        at, start = f"_blocks.{number}.", x
        if number > 0:
            x = clip(norm(f"{at}_bn0", conv(weights[f"{at}_expand_conv.weight"], x)))
        x = clip(norm(f"{at}_bn1", conv(weights[f"{at}_depthwise_conv.weight"], x, stride)))
        x = norm(f"{at}_bn2", conv(weights[f"{at}_project_conv.weight"], x))
        x = x + start if added else x
    x = clip(norm("_bn1", conv(weights["_conv_head.weight"], x))).mean((1, 2))
    result: Array = x / np.linalg.norm(x)
    return result


def test_vectors_equal_an_independent_forward_pass(encoder: EfficientNetLite0) -> None:
    content = read_torch_stream(read_pinned_file(load_model("efficientnet-lite0"), "weights"))
    weights = {name: array.astype(np.float64) for name, array in content.items()}
    # Colour of 8 bits and the right size passes the preparation unchanged.
    image = np.random.default_rng(7).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    expected = forward(weights, (np.moveaxis(image, 2, 0) - 127.0) / 128.0)
    np.testing.assert_allclose(encoder.encode([image])[0], expected, atol=1e-5)


def test_weights_were_trained_on_this_normalisation() -> None:
    """The stem is linear, so its running mean is its kernels' sums times the mean input (3 unknowns)."""
    weights = read_torch_stream(read_pinned_file(load_model("efficientnet-lite0"), "weights"))
    kernels = weights["_conv_stem.weight"].astype(np.float64)
    mean_input, *_ = np.linalg.lstsq(kernels.sum((2, 3)), weights["_bn0.running_mean"], rcond=None)
    photographs = np.array([123.7, 116.3, 103.5])  # the mean red, green and blue of the training set
    np.testing.assert_allclose(mean_input, (photographs - MEAN) / DEVIATION, atol=0.07)
    # The smoothest kernel passes brightness on: about 65 of 255 in photographs.
    sums = kernels.sum((1, 2, 3))
    smoothest = np.argmax(np.abs(sums) / np.abs(kernels).sum((1, 2, 3)))
    deviation = np.sqrt(weights["_bn0.running_var"][smoothest]) / abs(sums[smoothest])
    assert 60 / DEVIATION < deviation < 75 / DEVIATION


def test_shape_type_and_norm(encoder: EfficientNetLite0) -> None:
    batch = [draw_disc(), draw_stripes(), np.zeros((3, 5), bool), np.full((300, 20, 3), 9.0)] * 3
    vectors = encoder.encode(batch)
    assert vectors.shape == (12, 1280) == (12, encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, 1280)


def test_vectors_do_not_depend_on_the_batch(encoder: EfficientNetLite0) -> None:
    batch = [draw_disc(), draw_stripes(), draw_disc(90, 300)] * 4
    together = encoder.encode(batch)
    np.testing.assert_array_equal(encoder.encode(batch), together)
    np.testing.assert_allclose(encoder.encode(batch[::-1])[::-1], together, atol=1e-5)
    alone = np.concatenate([encoder.encode([image]) for image in batch[:3]])
    np.testing.assert_allclose(alone, together[:3], atol=1e-5)


def test_scaled_intensities_are_near_and_other_images_are_not(encoder: EfficientNetLite0) -> None:
    disc = draw_disc()
    batch = [disc, disc.astype(np.float32) * 0.1 - 1024, (disc // 8).astype(np.uint8), draw_stripes()]
    first, *others = encoder.encode(batch)
    scaled, coarse, stripes = (float(first @ other) for other in others)
    assert scaled > 0.999
    assert coarse > 0.98
    assert stripes < 0.7


def test_hot_pixels_and_values_that_are_no_numbers_do_not_set_the_window() -> None:
    disc = draw_disc().astype(np.float32)
    dirty = disc.copy()
    dirty[10, 10], dirty[0, 0], dirty[5, 5], dirty[6, 6] = 60000, np.nan, np.inf, -np.inf
    assert np.abs(prepare_image(dirty, 224) - prepare_image(disc, 224)).mean() < 1
    assert np.isfinite(prepare_image(np.full((9, 9), np.nan), 224)).all()


@pytest.mark.parametrize("shape", [(50, 70), (224, 224), (500, 300), (2000, 1500)])
def test_resize_keeps_place_and_brightness(shape: tuple[int, int]) -> None:
    slope = np.broadcast_to(np.linspace(0, 1000, shape[1]), shape)
    prepared = prepare_image(slope, 224)
    assert prepared.shape == (3, 224, 224)
    assert prepared.dtype == np.float32
    np.testing.assert_array_equal(prepared[0], prepared[2])
    expected = np.interp((np.arange(224) + 0.5) / 224, (np.arange(shape[1]) + 0.5) / shape[1], slope[0])
    expected = np.clip((expected - 5) * 255 / 990, 0, 255)
    np.testing.assert_allclose(prepared[0, 100, 2:-2], expected[2:-2], atol=2)


def test_shrinking_averages_and_skips_no_pixel() -> None:
    board = (np.indices((1344, 1344)).sum(0) % 2 * 255).astype(np.uint8)
    colour = np.stack([board, board, board], axis=2)
    np.testing.assert_allclose(prepare_image(colour, 224), 127.5, atol=1)


def test_mask_of_few_pixels_is_seen() -> None:
    mask = np.zeros((224, 224), np.uint8)
    mask[100:104, 100:104] = 1
    assert prepare_image(mask, 224).max() == 255


@pytest.mark.parametrize("shape", [(4,), (4, 4, 4), (2, 3, 4, 3), (0, 5), (0, 5, 3)])
def test_other_shapes_are_rejected_by_number(encoder: EfficientNetLite0, shape: tuple[int, ...]) -> None:
    with pytest.raises(Rejected, match="image 1 of the batch") as caught:
        encoder.encode([draw_disc(), np.zeros(shape)])
    assert caught.value.reason == "image-shape-not-supported"


def test_complex_and_text_arrays_are_rejected() -> None:
    for array in (np.zeros((4, 4), complex), np.full((4, 4), "x")):
        with pytest.raises(Rejected):
            prepare_image(array, 224)
