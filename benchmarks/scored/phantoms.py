"""Images like those of scanners, without any text: anatomy-like shapes, gradients and noise; values of 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Make = Callable[[np.random.Generator], "NDArray[np.float32]"]


def slice_of_ct(rng: np.random.Generator, side: int = 512) -> NDArray[np.float32]:
    """A body with organs and a spine in air, on a table: 0 is air, .5 about water."""
    image = np.zeros((side, side), np.float32)
    _ellipse(image, (0.5, 0.5), (0.42 + 0.04 * rng.random(), 0.3 + 0.04 * rng.random()), 0.5)
    for _ in range(7):
        middle = 0.3 + 0.4 * rng.random(), 0.36 + 0.28 * rng.random()
        _ellipse(
            image,
            middle,
            (0.03 + 0.09 * rng.random(), 0.03 + 0.08 * rng.random()),
            rng.choice((0.1, 0.46, 0.54, 0.58)),
        )
    _ellipse(image, (0.5, 0.68), (0.05, 0.05), 0.85)
    image[int(side * 0.86) : int(side * 0.86) + 3, side // 6 : -side // 6] = 0.4
    return _noisy(_blurred(image, 1.2), rng, 0.012)


def slice_of_mr(rng: np.random.Generator, side: int = 320) -> NDArray[np.float32]:
    """A head under a coil's shading, with Rician noise."""
    image = np.zeros((side, side), np.float32)
    _ellipse(image, (0.5, 0.5), (0.36, 0.42), 0.8)
    _ellipse(image, (0.5, 0.5), (0.33, 0.39), 0.25)
    _ellipse(image, (0.5, 0.5), (0.31, 0.37), 0.55)
    for _ in range(12):
        middle = 0.28 + 0.44 * rng.random(), 0.26 + 0.48 * rng.random()
        _ellipse(
            image, middle, (0.02 + 0.05 * rng.random(), 0.02 + 0.06 * rng.random()), 0.4 + 0.3 * rng.random()
        )
    rows, columns = np.mgrid[0:side, 0:side] / side
    shading = 1 - 0.5 * ((rows - rng.random()) ** 2 + (columns - rng.random()) ** 2)
    image = _blurred(image, 0.9) * shading.astype(np.float32)
    real, imaginary = (rng.normal(0, 0.02, image.shape).astype(np.float32) for _ in range(2))
    magnitude: NDArray[np.float32] = np.hypot(image + real, imaginary)
    return np.clip(magnitude, 0, 1)


def fan_of_us(rng: np.random.Generator, rows: int = 480, columns: int = 640) -> NDArray[np.float32]:
    """An ultrasound fan: speckle with cysts and bright layers in a black screen, and a grey bar."""
    image = np.zeros((rows, columns), np.float32)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    depth, angle = (
        np.hypot(y + 40 - rows * 0.12, x - columns / 2),
        np.arctan2(x - columns / 2, y + 40 - rows * 0.12),
    )
    inside = (np.abs(angle) < 0.62) & (depth > 60) & (depth < rows * 0.86)
    speckle = _blurred(rng.rayleigh(0.18, image.shape).astype(np.float32), 1.1)
    layers = 0.6 + 0.3 * np.sin(depth / (14 + 20 * rng.random())) + 0.2 * np.sin(angle * 9)
    tissue = speckle * layers.astype(np.float32) * 1.7
    for _ in range(3):
        hole = np.hypot(y - rows * (0.3 + 0.4 * rng.random()), x - columns * (0.35 + 0.3 * rng.random()))
        tissue[hole < 15 + 30 * rng.random()] *= 0.15
    image[inside] = tissue[inside]
    image[rows // 5 : rows // 5 * 3, columns - 24 : columns - 12] = np.linspace(
        1, 0, rows // 5 * 3 - rows // 5
    )[:, None]
    return np.clip(image, 0, 1)


def film_of_cr(rng: np.random.Generator, rows: int = 1000, columns: int = 820) -> NDArray[np.float32]:
    """A chest: dark lungs between ribs and a bright middle, with grain."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    y, x = y / rows, x / columns
    image = 0.75 - 0.2 * np.abs(y - 0.5) + 0.05 * rng.random()
    for middle in (0.3, 0.7):
        lung = np.exp(-(((x - middle) / 0.15) ** 4) - ((y - 0.45) / 0.3) ** 4)
        image -= 0.42 * lung
        image += 0.1 * lung * (np.sin(y * 60 + (x - 0.5) ** 2 * 30 + rng.random()) > 0.75)
    image += 0.15 * np.exp(-(((x - 0.5) / 0.06) ** 2))
    image *= np.clip(np.minimum(x, 1 - x) * 14, 0.06, 1)
    return _noisy(_blurred(image.astype(np.float32), 2.0), rng, 0.01)


def screen_of_sc(rng: np.random.Generator, rows: int = 600, columns: int = 800) -> NDArray[np.float32]:
    """A screen of a workstation: an image in a frame beside a curve and grey panels."""
    image = np.full((rows, columns), 0.12, np.float32)
    inner = slice_of_mr(rng, 360)
    image[120:480, 40:400] = inner
    image[110:112, 30:410] = image[488:490, 30:410] = 0.5
    image[:60] = np.linspace(0.35, 0.2, columns)[None, :]
    steps = np.cumsum(rng.normal(0, 1.4, 320))
    for x, y in enumerate(steps - steps.mean()):
        at = int(np.clip(300 + y * 3, 130, 470))
        image[at : at + 2, 440 + x] = 0.8
    return image


PHANTOMS: dict[str, Make] = {
    "CT": slice_of_ct,
    "MR": slice_of_mr,
    "US": fan_of_us,
    "CR": film_of_cr,
    "SC": screen_of_sc,
}
"""By modality."""


def _ellipse(
    image: NDArray[np.float32], middle: tuple[float, float], radii: tuple[float, float], value: float
) -> None:
    rows, columns = image.shape
    y, x = np.ogrid[0:rows, 0:columns]
    inside = ((x / columns - middle[0]) / radii[0]) ** 2 + ((y / rows - middle[1]) / radii[1]) ** 2 <= 1
    image[inside] = value


def _blurred(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), sigma).astype(np.float32)


def _noisy(image: NDArray[np.float32], rng: np.random.Generator, sigma: float) -> NDArray[np.float32]:
    return np.clip(image + rng.normal(0, sigma, image.shape).astype(np.float32), 0, 1)
