"""A header in the DICOM JSON model (PS3.18 F.2), without bulk data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connectors.dicom.dataset import BULK_VRS
from connectors.dicom.library import CONVERSION_ERRORS
from connectors.dicom.walk import DEPTH_LIMIT
from contracts.errors import Rejected

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Json = dict[str, Any]
_BINARY_VRS = BULK_VRS | {"UN"}


def dump_header(dataset: Dataset) -> str:
    """The header as JSON text. An element whose value cannot be represented is left out, the rest stands.

    Raises:
        Rejected: `nested-too-deep`.
    """
    header = model_elements(dataset)
    try:
        return orjson.dumps(header).decode()
    except orjson.JSONEncodeError:
        return orjson.dumps({tag: one for tag, one in header.items() if _is_writable(one)}).decode()


def model_elements(dataset: Dataset, depth: int = 0) -> Json:
    """The elements by their eight-digit tag; group lengths and bulk data are left out."""
    if depth > DEPTH_LIMIT:
        raise Rejected("nested-too-deep", "data set", f"at most {DEPTH_LIMIT} sequences in one another")
    found: Json = {}
    for tag in sorted(dataset.keys()):
        if tag & 0xFFFF == 0:
            continue
        try:
            element = dataset[tag]
            vr = str(element.VR)
            if vr == "SQ":
                items = [model_elements(item, depth + 1) for item in element.value]
                found[f"{tag:08X}"] = {"vr": "SQ", "Value": items}
            elif vr not in _BINARY_VRS and " " not in vr:  # "US or OW": undecided, so binary
                found[f"{tag:08X}"] = element.to_json_dict(None, 0)
        except CONVERSION_ERRORS:
            continue
    return found


def _is_writable(value: Json) -> bool:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True
