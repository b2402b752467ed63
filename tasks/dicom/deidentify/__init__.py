"""DICOM files de-identified by PS3.15 Annex E: all of its options, by the table; pixels are passed by."""

from tasks.deidentification.ps315 import DEFAULTS, Options, choose_options
from tasks.dicom.deidentify.file import Cleaned, FileCleaner, deidentify_file
from tasks.dicom.deidentify.meta import Told

__all__ = ["DEFAULTS", "Cleaned", "FileCleaner", "Options", "Told", "choose_options", "deidentify_file"]
