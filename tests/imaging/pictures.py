"""DICOM files made for nights: images with text drawn into them, heads, documents, files that cost too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from tests.dicom_files import image, write

US = "1.2.840.10008.5.1.4.1.1.6.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"


def uids(number: int, series: int = 0) -> dict[str, str]:
    """UIDs that tell instance and series apart from others'."""
    return {
        "SOPInstanceUID": f"1.2.826.78.{series}.{number}.1",
        "SeriesInstanceUID": f"1.2.826.78.{series}.2",
        "StudyInstanceUID": f"1.2.826.78.{series}.3",
    }


def save(path: Path, dataset: Any) -> Path:
    """Write a data set with the file meta information that belongs to it."""
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    return write(path, dataset)


def drawn(*texts: str, shape: tuple[int, int] = (240, 320)) -> np.ndarray[Any, Any]:
    """Frames (frames, rows, columns) of a grey disc with one of the texts each, in letters of 18 px."""
    frames = []
    for text in texts:
        canvas = Image.new("L", (shape[1], shape[0]), 0)
        draw = ImageDraw.Draw(canvas)
        draw.ellipse((60, 80, 260, 220), fill=90)
        draw.multiline_text((12, 14), text, fill=255, font=ImageFont.load_default(size=18))
        frames.append(np.array(canvas))
    return np.stack(frames)


def ultrasound(number: int, *texts: str, **elements: Any) -> Any:
    """An ultrasound whose frames show the texts."""
    pixels = drawn(*texts)
    more = {"NumberOfFrames": len(texts)} if len(texts) > 1 else {}
    made = {"Modality": "US", "SOPClassUID": US, "Rows": 240, "Columns": 320, "PixelData": pixels.tobytes()}
    return image(**(uids(number) | made | more | elements))


def head(number: int, **elements: Any) -> Any:
    """One of the slices of a head."""
    made = {
        "Modality": "CT",
        "SOPClassUID": CT,
        "BodyPartExamined": "HEAD",
        "PixelSpacing": [1, 1],
        "ImagePositionPatient": [0, 0, number],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelData": bytes((number + i) % 256 for i in range(16)),
    }
    return image(**(uids(number, 7) | made | elements))


def screenshot(number: int) -> Any:
    """A picture of a screen."""
    return image(**uids(number), ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])


def document(number: int, data: bytes = b"%PDF-1.4 Doe Jane") -> Any:
    """An encapsulated PDF."""
    data += b"\0" * (len(data) % 2)
    made = {"PixelData": None, "SOPClassUID": PDF, "EncapsulatedDocument": data, "Modality": "DOC"}
    return image(**(uids(number) | made | {"MIMETypeOfEncapsulatedDocument": "application/pdf"}))


def swollen(number: int, side: int) -> Any:
    """A few bytes that decode to `side` x `side` pixels of two bytes."""
    made = image(**uids(number), Rows=side, Columns=side, BitsAllocated=16, BitsStored=16, HighBit=15)
    segment = b"\x81\x00" * (side * side // 128)  # 128 zeros each
    offsets = np.array([2, 64, 64 + len(segment), *[0] * 13], "<u4").tobytes()
    made.PixelData = encapsulate([offsets + 2 * segment])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = RLELossless
    return made
