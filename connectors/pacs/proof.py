"""Which instance a DICOM file is, read from its beginning alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from connectors.dicom.dataset import judging_errors, load_elements, survey_head
from connectors.dicom.recognise import recognise
from contracts.errors import Fatal, Rejected

_SOP_INSTANCE_UID = 0x00080018


def sop_instance_uid(opened: Callable[[], BinaryIO]) -> str:
    """SOP Instance UID of a file, empty where it is no DICOM file or has none.

    Args:
        opened: opens the file anew at each call.
    """
    place = _Landed(opened)
    try:
        with judging_errors():
            opening = recognise(place)
            if opening is None:
                return ""
            head = survey_head(place, opening, _SOP_INSTANCE_UID)
            dataset = load_elements(place, opening, head, lambda element: element.tag == _SOP_INSTANCE_UID)
            return str(dataset.get("SOPInstanceUID", "")).strip("\0 ")
    except Rejected:
        return ""


@dataclass(frozen=True)
class _Landed:
    """A landed copy that has no unit yet."""

    opened: Callable[[], BinaryIO] = field(repr=False)
    name: str = "instance.dcm"

    @property
    def size(self) -> int:
        with self.opened() as stream:
            return stream.seek(0, io.SEEK_END)

    def open(self) -> BinaryIO:
        return self.opened()

    def local(self) -> AbstractContextManager[Path]:
        raise Fatal("a landed copy is read as a stream", "landing")
