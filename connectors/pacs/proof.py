"""Which instance a DICOM file is, read from its beginning alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pydicom.tag import BaseTag

_SOP_INSTANCE_UID = 0x00080018


def sop_instance_uid(stream: BinaryIO) -> str:
    """SOP Instance UID of a file, empty where it is no DICOM file or has none."""
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_partial

    def is_past(tag: BaseTag, _representation: str | None, _length: int) -> bool:
        return int(tag) > _SOP_INSTANCE_UID

    try:
        dataset = read_partial(stream, stop_when=is_past, specific_tags=[_SOP_INSTANCE_UID])
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError, AttributeError, NotImplementedError):
        return ""
    return str(dataset.get("SOPInstanceUID", "")).strip("\0 ")
