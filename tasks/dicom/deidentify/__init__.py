"""DICOM files de-identified by PS3.15 Annex E: all of its options, by the table; pixels are passed by."""

from tasks.deidentification.ps315 import DEFAULTS, Options
from tasks.dicom.deidentify.file import Cleaned, FileCleaner, deidentify_file
from tasks.dicom.deidentify.meta import Told

__all__ = ["DEFAULTS", "Cleaned", "FileCleaner", "Options", "Told", "deidentify_file"]
