"""Drawn images: roughly what a radiograph, a CT slice and an ultrasound fan look like, never mere noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.float64]
    Pixels = npt.NDArray[np.int16 | np.uint16 | np.uint8]


def draw(modality: str, body: str, number: int, seed: int) -> Pixels:
    """Draw instance `number` of a series.

    Returns:
        (rows, columns) array: CT int16 in Hounsfield units (128 x 128), MR uint16 in 0..1000 (128 x 128),
        CR uint16 in 0..4095 (192 x 160), US uint8 (300 x 400). The same arguments give the same pixels.
    """
    import numpy as np

    rng = np.random.default_rng([seed, number, sum(map(ord, modality + body))])
    anatomy = np.random.default_rng([seed, sum(map(ord, modality + body))])
    if modality == "CT":
        image = _head(anatomy, number) if body == "HEAD" else _trunk(anatomy, number, lungs=body == "CHEST")
        return np.round(image + rng.normal(0, 12, image.shape)).astype(np.int16)
    if modality == "MR":
        image = _brain(anatomy, number)
        return np.clip(np.round(image + rng.normal(0, 8, image.shape)), 0, 1000).astype(np.uint16)
    if modality == "CR":
        image = _radiograph(anatomy, lateral=number % 2 == 1)
        return np.clip(np.round(image + rng.normal(0, 20, image.shape)), 0, 4095).astype(np.uint16)
    return _ultrasound(anatomy, rng, number)


def _disc(
    shape: tuple[int, int], row: float, column: float, height: float, width: float
) -> npt.NDArray[np.bool_]:
    """Mask of an ellipse; centre and half axes are fractions of the image's size."""
    import numpy as np

    rows, columns = np.ogrid[: shape[0], : shape[1]]
    y, x = (rows / shape[0] - row) / height, (columns / shape[1] - column) / width
    inside: npt.NDArray[np.bool_] = y * y + x * x <= 1
    return inside


def _trunk(rng: np.random.Generator, number: int, *, lungs: bool) -> Image:
    import numpy as np

    shape = (128, 128)
    girth = rng.uniform(0.40, 0.46)
    image = np.full(shape, -1000.0)
    image[_disc(shape, 0.5, 0.5, girth * 0.75, girth)] = -90  # fat
    image[_disc(shape, 0.5, 0.5, girth * 0.68, girth * 0.92)] = 45  # muscle
    if lungs:
        for side in (0.31, 0.69):
            image[_disc(shape, 0.49, side, 0.21 + 0.01 * number, 0.13)] = -820
        image[_disc(shape, 0.53, 0.46, 0.10, 0.10)] = 40  # heart
        spot = rng.uniform(0.40, 0.55), rng.choice((0.29, 0.71))
        image[_disc(shape, *spot, 0.018, 0.018)] = 60  # nodule
        for _ in range(14):
            image[
                _disc(shape, rng.uniform(0.36, 0.62), rng.choice((0.27, 0.33, 0.67, 0.73)), 0.008, 0.008)
            ] = -50
    else:
        image[_disc(shape, 0.45, 0.33, 0.16, 0.14)] = 65  # liver
        for side in (0.34, 0.66):
            image[_disc(shape, 0.60, side, 0.07, 0.045)] = 35  # kidneys
        image[_disc(shape, 0.61, 0.64, 0.010, 0.010)] = 900  # stone
    image[_disc(shape, 0.68, 0.5, 0.05, 0.05)] = 400  # vertebra
    return _closer(image, 1.25) if lungs else image


def _closer(image: Image, factor: float) -> Image:
    """The middle of an image, enlarged: a field of view for the lungs. Whole, two lungs in a ring look like letters."""
    import numpy as np

    rows, columns = (np.floor((np.arange(n) - n / 2) / factor + n / 2).astype(int) for n in image.shape)
    return image[np.ix_(rows, columns)]


def _head(rng: np.random.Generator, number: int) -> Image:
    import numpy as np

    shape = (128, 128)
    size = rng.uniform(0.36, 0.41) - 0.015 * number
    image = np.full(shape, -1000.0)
    image[_disc(shape, 0.5, 0.5, size, size * 0.82)] = 1100  # skull
    image[_disc(shape, 0.5, 0.5, size * 0.90, size * 0.72)] = 34  # brain
    for side in (0.46, 0.54):
        image[_disc(shape, 0.47, side, 0.09, 0.022)] = 8  # ventricles
    return image


def _brain(rng: np.random.Generator, number: int) -> Image:
    import numpy as np

    shape = (128, 128)
    size = rng.uniform(0.38, 0.42) * (1 - 0.0016 * (number - 5) ** 2)
    image = np.zeros(shape)
    image[_disc(shape, 0.5, 0.5, size, size * 0.80)] = 780  # skin and fat
    image[_disc(shape, 0.5, 0.5, size * 0.94, size * 0.75)] = 60  # bone
    image[_disc(shape, 0.5, 0.5, size * 0.88, size * 0.70)] = 430  # grey matter
    image[_disc(shape, 0.5, 0.5, size * 0.74, size * 0.56)] = 560  # white matter
    for side in (0.46, 0.54):
        image[_disc(shape, 0.47, side, 0.10 - 0.004 * number, 0.024)] = 110  # ventricles
    return image


def _radiograph(rng: np.random.Generator, *, lateral: bool) -> Image:
    import numpy as np

    shape = (192, 160)
    rows = np.linspace(0, 1, shape[0])[:, None]
    image = np.full(shape, 500.0) + 300 * rows
    image[_disc(shape, 0.60, 0.5, 0.62, 0.44)] = 2500
    if lateral:
        image[_disc(shape, 0.48, 0.5, 0.33, 0.26)] = 1150
        image[_disc(shape, 0.5, 0.74, 0.5, 0.05)] = 3300  # spine
    else:
        for side in (0.30, 0.70):
            image[_disc(shape, 0.48, side, 0.30, 0.16)] = 1000
        image[:, 76:84] = np.maximum(image[:, 76:84], 3200)  # spine
    image[_disc(shape, 0.58, 0.55, 0.14, rng.uniform(0.13, 0.19))] = 2900  # heart
    image[_disc(shape, rng.uniform(0.5, 0.65), 0.28, 0.07, 0.07)] += rng.choice((0, 900))  # consolidation
    for rib in range(8):
        band = np.abs(rows - 0.24 - 0.065 * rib - 0.05 * np.linspace(-1, 1, shape[1]) ** 2) < 0.008
        image[band & (image > 900) & (image < 2000)] += 450
    return image


def _ultrasound(rng: np.random.Generator, noise: np.random.Generator, number: int) -> npt.NDArray[np.uint8]:
    import numpy as np

    shape = (300, 400)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    depth = np.hypot(rows - 4, columns - 200)
    angle = np.arctan2(columns - 200, rows - 4)
    fan = (np.abs(angle) < 0.62) & (depth > 52) & (depth < 284)
    image = 150 * np.exp(-depth / 380) * (0.75 + 0.25 * np.sin(depth / 13 + rng.uniform(0, 3)))
    image *= noise.rayleigh(0.8, (150, 200)).repeat(2, axis=0).repeat(2, axis=1)  # speckle
    size = rng.uniform(0.10, 0.13) * (1 + 0.12 * number)  # a chamber that fills, or a cyst
    image[_disc(shape, 0.55, 0.5, size, size * 0.7)] *= 0.12
    image[_disc(shape, 0.56 + size, 0.5, 0.02, 0.09)] += 90
    image[~fan] = 0
    for side in (-1, 1):  # calipers across it
        row, column = 165, round(200 + side * size * 0.7 * 400)
        image[row - 3 : row + 4, column] = image[row, column - 3 : column + 4] = 255
    grey: npt.NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return grey


def burn_in(image: npt.NDArray[np.uint8], lines: Sequence[str], foot: str) -> npt.NDArray[np.uint8]:
    """A copy with text drawn into it as scanners do: lines at the top left, one at the foot."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    shown = Image.fromarray(image)
    canvas, font = ImageDraw.Draw(shown), ImageFont.load_default(15)
    for number, line in enumerate(lines):
        canvas.text((8, 4 + 19 * number), line, fill=235, font=font)
    canvas.text((8, image.shape[0] - 20), foot, fill=200, font=ImageFont.load_default(12))
    return np.asarray(shown)
