"""A picture to search with: what the image encoder is given of a file, as `tasks.embedding` gives it of an object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.errors import Rejected, Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_LEGAL = "a DICOM file with pixels, a PNG or a JPEG"
_GREY = ("1", "L", "I", "I;16", "I;16B", "I;16L", "F")


def read_picture(path: Path) -> NDArray[Any]:
    """The picture in a file: of DICOM the middle frame, windowed as its header says.

    Returns:
        (rows, columns) grey where dark is low, or (rows, columns, 3) RGB bytes.

    Raises:
        Usage: there is no file, or no picture in it.
    """
    if not path.is_file():
        raise Usage("there is no such file", "--image", _LEGAL)
    try:
        with path.open("rb") as file:
            head = file.read(len(_PNG))
    except OSError as error:
        raise Usage(f"the file cannot be read ({type(error).__name__})", "--image", _LEGAL) from None
    if not head:
        raise Usage("the file is empty", "--image", _LEGAL)
    return _raster(path) if head.startswith((_PNG, _JPEG)) else _frame(path)


def _frame(path: Path) -> NDArray[Any]:
    from stores.places import LocalPlace
    from tasks.dicom.pixels import representative_frame

    try:
        return representative_frame(LocalPlace(path))
    except Rejected as rejected:
        raise Usage(f"there is no picture in the file ({rejected.reason})", "--image", _LEGAL) from None


def _raster(path: Path) -> NDArray[Any]:
    """A PNG or JPEG. One whose channels are all equal is grey: it is windowed then, as images of DICOM are."""
    import numpy as np
    from PIL import Image

    problem = Usage("the picture in the file is damaged, or too large", "--image", _LEGAL)
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.mode in _GREY:
                found = np.asarray(image)
                return found.astype(np.uint8) * 255 if found.dtype == bool else found
            colour = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise problem from None
    same = (colour[..., 0] == colour[..., 1]).all() and (colour[..., 0] == colour[..., 2]).all()
    return _plain_grey(colour) if same else colour


def _plain_grey(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return colour[..., 0].copy()
