"""Exports of invented images and variants: many small DICOM files, and one VCF with many records."""

from __future__ import annotations

from pathlib import Path
from random import Random

_HEADER = (
    "##fileformat=VCFv4.3\n"
    '##FILTER=<ID=PASS,Description="All filters passed">\n'
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">\n'
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n'
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Total depth">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Read depth of each allele">\n'
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">\n'
    "##contig=<ID=chr1,length=248956422>\n"
)
_MR_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_ROOT = "1.2.826.0.1.3680043.8.498."  # for invented UIDs
_SLICES = 20
_SIDE = 128


def write_images(folder: Path, count: int) -> None:
    """`count` MR slices of 128 x 128 pixels (16 bits), twenty a series, a series a study, a study a patient."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    folder.mkdir(parents=True)
    rng = Random("images")
    for number in range(count):
        series, position = divmod(number, _SLICES)
        image = Dataset()
        image.SOPClassUID, image.SOPInstanceUID = _MR_STORAGE, f"{_ROOT}3.{number + 1}"
        image.StudyInstanceUID, image.SeriesInstanceUID = f"{_ROOT}1.{series + 1}", f"{_ROOT}2.{series + 1}"
        image.PatientName, image.PatientID = f"INVENTED^P{series}", f"P{series:06d}"
        image.PatientBirthDate, image.StudyDate = "19600401", f"20200{1 + series % 9}15"
        image.Modality, image.InstanceNumber = "MR", position + 1
        image.Rows = image.Columns = _SIDE
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation = 15, 0
        image.PixelData = rng.randbytes(_SIDE * _SIDE * 2)
        image.file_meta = FileMetaDataset()
        image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
        image.save_as(folder / f"slice-{number:06d}.dcm", enforce_file_format=True)


def write_variants(path: Path, records: int, samples: int = 10) -> None:
    """One VCF with `records` records of `samples` samples (GT:AD:GQ)."""
    rng = Random("variants")
    names = "\t".join(f"SAMPLE{n:03d}" for n in range(samples))
    calls = [
        f"{rng.randrange(2)}/{rng.randrange(2)}:{rng.randrange(60)},{rng.randrange(60)}:{rng.randrange(99)}"
        for _ in range(997)
    ]
    with path.open("w") as file:
        file.write(f"{_HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n")
        for number in range(records):
            start = rng.randrange(len(calls) - samples)
            info = f"AC={rng.randrange(1, 20)};AF={rng.random():.4f};DP={rng.randrange(10, 900)}"
            row = f"chr1\t{1000 + 40 * number}\t.\tA\tG\t{rng.randrange(30, 900)}\tPASS\t{info}\tGT:AD:GQ\t"
            file.write(row + "\t".join(calls[start : start + samples]) + "\n")
