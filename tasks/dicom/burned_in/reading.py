"""Read text in an image: PaddleOCR's detector and recogniser by rapidocr-onnxruntime, whose models are in its wheel.

Large images are read in overlapping tiles, small ones enlarged, so that lines of ten pixels are found in both. One
thread each: a worker is one of several.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contracts.errors import Fatal
from tasks.dicom.burned_in.unread import find_unread

if TYPE_CHECKING:
    from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""

_TILE, _OVERLAP = 1024, 128
_SINGLE = 1280
"""An image whose longer side is at most this is read whole."""
_SMALLEST = 736
"""The detector sees the shorter side of an image, or of a tile, enlarged to this."""
_READ = 0.5
"""Where a line is read as surely as this, nothing is looked for again."""
_SURE, _LETTERS = 0.6, 3
"""What only the enlarged image shows is text where it is read as surely and has as many letters or digits."""
MODELS = {
    "ch_PP-OCRv4_det_infer.onnx": "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    "ch_PP-OCRv4_rec_infer.onnx": "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
}
"""SHA-256 of the models of rapidocr-onnxruntime 1.4.4."""


@dataclass(frozen=True)
class Line:
    """Something that looks like a line of text: where it is, what is read in it, and how surely (0 to 1)."""

    box: Box
    text: str
    score: float


class Reader:
    """Reads images. Begun once a process: loading the models takes a second."""

    def __init__(self) -> None:
        import rapidocr_onnxruntime
        from rapidocr_onnxruntime import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)  # its lines quote what it read
        _check_models(Path(rapidocr_onnxruntime.__file__).parent / "models")
        self._engine: Any = RapidOCR(
            intra_op_num_threads=1, inter_op_num_threads=1, det_limit_side_len=_SMALLEST, use_cls=False
        )

    def read(self, image: NDArray[np.uint8]) -> list[Line]:
        """The lines of an image.

        Args:
            image: (rows, columns) or (rows, columns, 3) RGB.
        """
        shown = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        shown = np.ascontiguousarray(shown[..., ::-1])
        rows, columns = shown.shape[:2]
        found: list[Line] = []
        for top in _starts(rows):
            for left in _starts(columns):
                tile = shown[top : top + _side(rows), left : left + _side(columns)]
                found += [_moved(line, left, top) for line in self._read_tile(tile)]
        return found

    def read_twice(self, image: NDArray[np.uint8]) -> list[Line]:
        """The lines of an image, and those that are seen only when it is twice as large: small and faint ones.

        Enlarged are the parts in which `find_unread` sees strokes outside the lines. What they alone show must be
        surer: noise that is enlarged looks like letters. Images that the detector sees twice as large as they are
        anyhow are read once.

        Args:
            image: as `read` takes it.
        """
        found = self.read(image)
        if 2 * min(image.shape[:2]) <= _SMALLEST:
            return found
        for part in find_unread(image, [line.box for line in found if line.score >= _READ]):
            for line in self._read_enlarged(image, part):
                if not any(_mostly_within(line.box, other.box) for other in found):
                    found.append(line)
        return found

    def _read_enlarged(self, image: NDArray[np.uint8], part: Box) -> list[Line]:
        """The lines of a part of an image that are surely some when it is twice as large."""
        import cv2

        left, top, right, bottom = part
        size = (2 * (right - left), 2 * (bottom - top))
        large = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_CUBIC)
        detector = self._engine.text_det
        detector.limit_side_len = 32  # a strip is not enlarged until its height is a frame's
        try:
            lines = self.read(np.asarray(large, np.uint8))
        finally:
            detector.limit_side_len = _SMALLEST
        return [
            _moved(Line(_halved(line.box), line.text, line.score), left, top)
            for line in lines
            if line.score >= _SURE and sum(c.isalnum() for c in line.text) >= _LETTERS
        ]

    def _read_tile(self, tile: NDArray[np.uint8]) -> list[Line]:
        if min(tile.shape[:2]) < 8:
            return []
        boxes, _ = self._engine.text_det(tile)
        if boxes is None or not len(boxes):
            return []
        crops = self._engine.get_crop_img_list(tile, boxes)
        texts, _ = self._engine.text_rec(crops)
        return [
            Line(_around(box, tile.shape), str(text), float(score))
            for box, (text, score) in zip(boxes, texts, strict=True)
        ]


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The reader of this process."""
    return Reader()


def _check_models(folder: Path) -> None:
    for name, digest in MODELS.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise Fatal("a model of the OCR is another one", name, "rapidocr-onnxruntime 1.4.4")


def _side(length: int) -> int:
    return length if length <= _SINGLE else _TILE


def _starts(length: int) -> list[int]:
    """Where tiles begin so that they cover a length, the last one ending with it."""
    if length <= _SINGLE:
        return [0]
    step = _TILE - _OVERLAP
    return [*range(0, length - _TILE, step), length - _TILE]


def _around(box: NDArray[Any], shape: tuple[int, ...]) -> Box:
    left, top = (int(v) for v in np.floor(box.min(axis=0)))
    right, bottom = (int(v) + 1 for v in np.ceil(box.max(axis=0)))
    return max(left, 0), max(top, 0), min(right, shape[1]), min(bottom, shape[0])


def _halved(box: Box) -> Box:
    return box[0] // 2, box[1] // 2, -(-box[2] // 2), -(-box[3] // 2)


def _mostly_within(box: Box, other: Box) -> bool:
    """Whether nine tenths of a box lie in another."""
    wide = min(box[2], other[2]) - max(box[0], other[0])
    tall = min(box[3], other[3]) - max(box[1], other[1])
    return wide > 0 and tall > 0 and wide * tall >= 0.9 * (box[2] - box[0]) * (box[3] - box[1])


def _moved(line: Line, left: int, top: int) -> Line:
    box = line.box
    return Line((box[0] + left, box[1] + top, box[2] + left, box[3] + top), line.text, line.score)
