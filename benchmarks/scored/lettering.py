"""Lines of text drawn as scanners and programs draw them: outline fonts, stroke fonts, and enlarged bitmap fonts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Drawn = Callable[[str, int], "NDArray[np.float32]"]
"""From a text and the height of its capitals to its ink, 0 to 1, cut to what is drawn."""

_HERSHEY = ("SIMPLEX", "DUPLEX", "COMPLEX", "TRIPLEX", "PLAIN")
_SHIPPED = {
    "grotesk": ("great_expectations", "render/view/static/fonts/HKGrotesk/HKGrotesk-Regular.otf"),
    "grotesk-bold": ("great_expectations", "render/view/static/fonts/HKGrotesk/HKGrotesk-Bold.otf"),
    "geist-mono": ("prefect", "server/ui-v2/fonts/GeistMono-VariableFont_wght.ttf"),
}
"""Fonts that lie in packages which Nightrounds needs anyway: by name, package and file."""


@lru_cache(maxsize=1)
def fonts() -> dict[str, Drawn]:
    """The fonts at hand, by name."""
    found: dict[str, Drawn] = {"aileron": _outline(None), "bitmap": _bitmap}
    found |= {f"hershey-{name.lower()}": _hershey(name) for name in _HERSHEY}
    for name, (package, file) in _SHIPPED.items():
        spec = find_spec(package)
        path = Path(spec.origin).parent / file if spec and spec.origin else None
        if path and path.is_file():
            found[name] = _outline(path)
    return found


def _outline(path: Path | None) -> Drawn:
    def draw(text: str, height: int) -> NDArray[np.float32]:
        from PIL import Image, ImageDraw, ImageFont

        size = round(height / 0.71)
        font = ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)
        left, top, right, bottom = font.getbbox(text)
        canvas = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
        ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, fill=255, font=font)
        return _cut(_share(canvas))

    return draw


def _hershey(name: str) -> Drawn:
    def draw(text: str, height: int) -> NDArray[np.float32]:
        import cv2

        face = getattr(cv2, f"FONT_HERSHEY_{name}")
        thick = max(1, round(height / 11))
        (_, tall), _ = cv2.getTextSize("H", face, 1.0, 1)
        scale = height / tall
        (wide, high), low = cv2.getTextSize(text, face, scale, thick)
        canvas = np.zeros((high + low + 3 * thick + 8, wide + 3 * thick + 8), np.uint8)
        cv2.putText(canvas, text, (thick + 3, high + thick + 3), face, scale, 255, thick, cv2.LINE_AA)
        return _cut(_share(canvas))

    return draw


def _bitmap(text: str, height: int) -> NDArray[np.float32]:
    """A font of dots eight pixels high, each dot a square of pixels: as old ultrasound scanners write."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default_imagefont()
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 0)
    ImageDraw.Draw(canvas).text((1, 1), text, fill=255, font=font)
    small = _share(canvas)
    times = max(1, round(height / 8))
    return _cut(np.kron(small, np.ones((times, times), np.float32)))


def _share(canvas: Any) -> NDArray[np.float32]:
    """Eight bits as 0 to 1."""
    return (np.asarray(canvas, np.float32) / 255).astype(np.float32)


def _cut(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
