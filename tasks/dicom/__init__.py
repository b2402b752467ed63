"""Pixels of DICOM images: decoded in memory, one frame at a time, and never written."""
