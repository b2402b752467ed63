"""Write the set: files by kind, the truth beside them, and where the ink of burned-in lines is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.labelled_notes.pools import FOURTH, TUNE
from benchmarks.scored.lettering import fonts
from benchmarks.scored.people import Patient, invent_patient
from benchmarks.scored.phantoms import PHANTOMS
from benchmarks.scored.plants import Planter
from benchmarks.scored.truth import File, Line, Truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHTS = (8, 10, 12, 14, 18, 24, 32, 40)
CONTRASTS = (40, 80, 140, 230)
_POOLS = {"tune": TUNE, "sealed": FOURTH}
_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
}
_CINE = "1.2.840.10008.5.1.4.1.1.3.1"
_EXPLICIT, _IMPLICIT, _BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
_RLE, _JPEG_LS, _J2K, _JPEG = (f"1.2.840.10008.1.2.{n}" for n in ("5", "4.80", "4.90", "4.50"))
_ROOT = "1.2.826.0.1.3680043.8.498."
MARKERS = ("SUPINE", "16 cm", "MI 1.1", "L")


@dataclass(frozen=True)
class Kind:
    """A kind of image: its modality, how its pixels are written, and how many frames it has."""

    name: str
    modality: str
    syntax: str = _EXPLICIT
    frames: int = 1
    colour: bool = False
    inverted: bool = False


KINDS = (
    Kind("CT", "CT"),
    Kind("CT JPEG-LS", "CT", _JPEG_LS),
    Kind("MR", "MR", _IMPLICIT),
    Kind("MR big endian", "MR", _BIG),
    Kind("US colour", "US", colour=True),
    Kind("US cine RLE", "US", _RLE, 4),
    Kind("US colour JPEG", "US", _JPEG, colour=True),
    Kind("CR", "CR"),
    Kind("CR inverted JPEG 2000", "CR", _J2K, inverted=True),
    Kind("SC colour", "SC", colour=True),
    Kind("SC", "SC"),
)


def write_set(folder: Path, seed: str, part: str, each: int) -> Truth:
    """Write `each` images of every kind with text, as many without, and as many headers with all that is planted.

    Args:
        folder: to write into; `truth.json` and `ink/` lie beside the files.
        seed: what is drawn.
        part: `tune`, or `sealed`, whose names and texts are others.
        each: how many of each kind.
    """
    writer = _Writer(folder, seed, part)
    for number in range(each):
        for kind in KINDS:
            writer.write_image(kind, number, text=True)
            writer.write_image(kind, number, text=False)
    for number in range(each * 4):
        writer.write_header(number)
    truth = Truth(seed, tuple(writer.files), {p.number: p.direct for p in writer.patients})
    truth.save(folder / "truth.json")
    return truth


class _Writer:
    def __init__(self, folder: Path, seed: str, part: str) -> None:
        self.folder, self.part = folder, part
        self.rng = Random(f"{part} {seed}")
        self.noise = np.random.default_rng(self.rng.randrange(1 << 32))
        self.files: list[File] = []
        self.patients: list[Patient] = []
        self.fonts = sorted(fonts().items())
        self.drawn = 0
        self.root = f"{_ROOT}{self.rng.randrange(10**6, 10**9)}."
        (folder / "files").mkdir(parents=True)
        (folder / "ink").mkdir()

    def _patient(self, number: int) -> Patient:
        """Five files each: their dates, UIDs and numbers must agree."""
        while number // 5 >= len(self.patients):
            self.patients.append(invent_patient(self.rng, _POOLS[self.part], len(self.patients)))
        return self.patients[number // 5]

    def write_header(self, number: int) -> None:
        """A file whose header holds everything and whose image holds nothing."""
        self._write(Kind("header", "CT"), None, (), np.zeros((1, 8, 8), np.float32))

    def write_image(self, kind: Kind, number: int, *, text: bool) -> None:
        """An image with lines of text or without, its header as full as any."""
        made = PHANTOMS[kind.modality]
        frames = np.stack([made(self.noise)] * 1 + [made(self.noise) for _ in range(kind.frames - 1)])
        ink, lines = self._letter(frames) if text else (None, ())
        self._write(kind, ink, lines, frames)

    def _letter(self, frames: NDArray[np.float32]) -> tuple[NDArray[np.bool_], tuple[Line, ...]]:
        """Draw up to four lines into all frames, one below the other; returns where their ink is."""
        rows, columns = frames.shape[1:]
        ink = np.zeros((rows, columns), np.bool_)
        lines: list[Line] = []
        top = self.rng.randrange(4, 30)
        for text, personal in self._sayings():
            name, draw = self.fonts[self.drawn % len(self.fonts)]
            height = HEIGHTS[self.drawn // len(self.fonts) % len(HEIGHTS)] if personal else 14
            contrast = CONTRASTS[(self.drawn * 7 + self.drawn // 3) % len(CONTRASTS)] if personal else 140
            self.drawn += 1
            shape = draw(text, height)
            while shape.shape[1] > columns - 16 and height > 8:  # it must fit
                height = max(height * 2 // 3, 8)
                shape = draw(text, height)
            shape = shape[:, : columns - 16]
            if top + shape.shape[0] > rows - 8:
                break
            left = self.rng.randrange(4, max(5, columns - shape.shape[1] - 4))
            box = (left, top, left + shape.shape[1], top + shape.shape[0])
            self._ink(frames, shape, box, contrast / 255)
            ink[box[1] : box[3], box[0] : box[2]] |= shape > 0.4
            lines.append(Line(text, box, height, contrast, name, personal))
            top = box[3] + self.rng.randrange(14, max(15, rows // 6))
        return ink, tuple(lines)

    def _sayings(self) -> list[tuple[str, bool]]:
        patient = self._patient(len(self.files))
        personal = [
            f"{patient.family} {patient.given}",
            f"{patient.family.upper()}, {patient.given[:1].upper()}",
            patient.mrn,
            f"{patient.studied:%d.%m.%Y}",
            f"{patient.studied:%m/%d/%Y} 10:15",
            patient.hospital,
            f"Dr. {patient.doctor}",
            f"ID: {patient.mrn}",
            patient.accession,
            f"DOB {patient.born:%d-%b-%Y}",
        ]
        spelled = [s if s.isascii() else "DOE JANE 4711" for s in personal]
        chosen = [(s, True) for s in self.rng.sample(spelled, 4)]
        return [*chosen[:3], (self.rng.choice(MARKERS), False), *chosen[3:]]

    def _ink(self, frames: NDArray[np.float32], shape: Any, box: Any, contrast: float) -> None:
        left, top, right, bottom = box
        around = float(np.median(frames[:, top:bottom, left:right]))
        value = around + contrast if around + contrast <= 1 else around - contrast
        value = float(np.clip(value, 0, 1))
        part = frames[:, top:bottom, left:right]
        part[...] = part * (1 - shape) + value * shape

    def _write(self, kind: Kind, ink: Any, lines: tuple[Line, ...], frames: NDArray[np.float32]) -> None:
        number = len(self.files)
        patient = self._patient(number)
        name = f"files/{number:05d}.dcm"
        dataset = _dataset(kind, frames)
        planter = Planter(dataset, patient, self.rng, self.part)
        uids = {
            "SOPInstanceUID": f"{self.root}3.{number}",
            "StudyInstanceUID": f"{self.root}1.{patient.number}",
            "SeriesInstanceUID": f"{self.root}2.{number}",
            "FrameOfReferenceUID": f"{self.root}4.{patient.number}",
            "IrradiationEventUID": f"{self.root}5.{number}",
            "_other": f"{self.root}3.{max(number - 1, 0)}",
        }
        planter.plant_all(uids, patient.studied + timedelta(days=number % 7))
        if lines or kind.name == "header":
            dataset.BurnedInAnnotation = "YES" if self.rng.randrange(2) and lines else "NO"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        _save(dataset, kind, self.folder / name)
        if ink is not None:
            np.savez_compressed(
                self.folder / "ink" / f"{number:05d}.npz", ink=np.packbits(ink), shape=ink.shape
            )
        file = File(
            name, kind.name, patient.number, 1 + number % 2, tuple(planter.plants), lines, has_pixels=True
        )
        self.files.append(
            file if lines or kind.name == "header" else replace(file, kind=f"{kind.name}, no text")
        )


def ink_of(folder: Path, file: File) -> NDArray[np.bool_]:
    """Where the ink of a file's lines is: (rows, columns)."""
    held = np.load(folder / "ink" / f"{Path(file.name).stem}.npz")
    shape = tuple(int(n) for n in held["shape"])
    return np.unpackbits(held["ink"])[: shape[0] * shape[1]].reshape(shape).astype(np.bool_)


def _dataset(kind: Kind, frames: NDArray[np.float32]) -> Any:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    image: Any = Dataset()
    image.file_meta = FileMetaDataset()
    image.SOPClassUID = _CINE if kind.frames > 1 else _CLASSES[kind.modality]
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.TransferSyntaxUID = UID(_EXPLICIT)
    image.Modality = kind.modality
    image.ImageType = ["DERIVED", "SECONDARY"] if kind.modality == "SC" else ["ORIGINAL", "PRIMARY"]
    image.Rows, image.Columns = frames.shape[1:]
    if kind.frames > 1:
        image.NumberOfFrames = kind.frames
    eight = kind.modality in ("US", "SC")
    image.BitsAllocated, image.BitsStored = (8, 8) if eight else (16, 12)
    image.HighBit, image.PixelRepresentation = image.BitsStored - 1, 0
    image.SamplesPerPixel = 3 if kind.colour else 1
    image.PhotometricInterpretation = (
        "RGB" if kind.colour else "MONOCHROME1" if kind.inverted else "MONOCHROME2"
    )
    shown = 1 - frames if kind.inverted else frames
    values = np.round(shown * (255 if eight else 4095)).astype(np.uint8 if eight else np.uint16)
    if kind.colour:
        image.PlanarConfiguration = 0
        values = np.stack([values, values, np.minimum(values, 250)], axis=-1)
    if kind.modality == "CT":
        image.RescaleIntercept, image.RescaleSlope, image.RescaleType = "-1024", "1", "HU"
    image.PixelData = values.tobytes()
    image["PixelData"].VR = "OB" if eight else "OW"
    return image


def _save(image: Any, kind: Kind, path: Path) -> None:
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID

    if kind.syntax == _JPEG:
        import io

        from PIL import Image

        rgb = np.frombuffer(image.PixelData, np.uint8).reshape(image.Rows, image.Columns, 3)
        data = io.BytesIO()
        Image.fromarray(rgb).save(data, "JPEG", quality=92, subsampling=0)
        image.PixelData = encapsulate([data.getvalue()])
        image["PixelData"].VR = "OB"
        image.PhotometricInterpretation, image.LossyImageCompression = "YBR_FULL", "01"
        image.file_meta.TransferSyntaxUID = UID(_JPEG)
    elif kind.syntax in (_RLE, _JPEG_LS, _J2K):
        image.compress(UID(kind.syntax), generate_instance_uid=False)
    elif kind.syntax == _BIG:
        image.file_meta.TransferSyntaxUID = UID(_BIG)
        swapped = np.frombuffer(image.PixelData, "<u2").astype(">u2")
        image.PixelData = swapped.tobytes()
    else:
        image.file_meta.TransferSyntaxUID = UID(kind.syntax)
    image.save_as(path, enforce_file_format=True)
