"""Every element of a DICOM file: nested, private, in sequences that are written as bytes, in file meta information."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydicom.dataelem import RawDataElement

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset, FileDataset

    from tests.leaks.scanner import Scan

Place = tuple[str, str, str]
_ITEM = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_PIXELS = 0x7FE0
_DEFLATED = "1.2.840.10008.1.2.1.99"
_DEEPEST = 8
_UNDEFINED = 0xFFFFFFFF
_ERRORS = (KeyError, TypeError, AttributeError, NotImplementedError, OSError, EOFError, struct.error)


def scan_dicom(run: Scan, place: Place, data: bytes, depth: int) -> None:
    """Decode a DICOM file; pixels are read as bytes alone.

    Raises:
        ValueError: it can't be parsed to its end.
    """
    from tests.leaks.decoders import scan_content

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = read_dataset(data)
        owner, cut = _owner(dataset), _is_cut(dataset)
        for element in elements_of(dataset):
            at = (*place[:2], _inside(place, f"element {element.tag} {element.keyword}".rstrip()))
            value = element.value
            if isinstance(value, bytes):
                if element.tag.group != _PIXELS:
                    scan_content(run, at, _without_padding(value), depth + 1)
            elif value is not None:
                texts = [str(v) for v in (value if element.VM > 1 else [value])]
                run.scan_strings(at, texts, [owner] * len(texts), depth=depth)
        if dataset.file_meta.get("TransferSyntaxUID") == _DEFLATED:
            _scan_inflated(run, (*place[:2], _inside(place, "inflated")), data)
        if cut:
            raise ValueError("elements are cut off")


def read_dataset(data: bytes) -> FileDataset:
    """Parse a file, with preamble or without.

    Raises:
        ValueError: it can't be.
    """
    import pydicom

    try:
        return pydicom.dcmread(BytesIO(data), force=True)
    except Exception as error:  # noqa: BLE001 - pydicom raises whatever a file that is no DICOM provokes
        raise ValueError(type(error).__name__) from None


def elements_of(dataset: Dataset) -> Iterator[DataElement]:
    """All elements that hold values, file meta information first.

    Raises:
        ValueError: one can't be decoded.
    """
    try:
        yield from getattr(dataset, "file_meta", ())
        yield from _elements(dataset, 0)
    except _ERRORS as error:
        raise ValueError(type(error).__name__) from None


def _elements(dataset: Dataset, depth: int) -> Iterator[DataElement]:
    for element in dataset:
        items: Any = element.value if element.VR == "SQ" else _hidden_items(element, dataset)
        if items is None or depth >= _DEEPEST:
            yield element
            continue
        for item in items:
            yield from _elements(item, depth + 1)


def _hidden_items(element: DataElement, dataset: Dataset) -> Any:
    """The items of a sequence that is written as bytes (UN, or OB): implicit as a rule (PS3.5 6.2.2)."""
    data = element.value
    if not isinstance(data, bytes) or element.tag.group == _PIXELS or data[:4] not in _ITEM:
        return None
    from pydicom.charset import default_encoding
    from pydicom.filebase import DicomBytesIO
    from pydicom.filereader import read_sequence

    little, explicit = data[:4] == _ITEM[0], data[12:14].isalpha()
    encodings = dataset.original_character_set or default_encoding
    for implicit in (not explicit, explicit):
        try:
            file: Any = DicomBytesIO(data)
            items = read_sequence(file, implicit, little, len(data), encodings)
            for item in items:
                list(item.iterall())
        except Exception:  # noqa: BLE001, S112 - no such sequence: the other encoding is tried, then its bytes are read
            continue
        return items
    return None


def _is_cut(dataset: Dataset) -> bool:
    """Whether there are fewer bytes than an element says, or none at all: pydicom takes both as they are."""
    raw: list[Any] = [dataset.get_item(tag) for tag in dataset.keys()]  # noqa: SIM118 - iterating decodes
    return not raw or any(
        isinstance(e.value, bytes) and e.length != _UNDEFINED and len(e.value) < e.length
        for e in raw
        if isinstance(e, RawDataElement)
    )


def _without_padding(value: bytes) -> bytes:
    """Texts lose the zeros behind them; archives end in zeros of their own."""
    text = value.rstrip(b"\0")
    return value if b"\0" in text else text


def _owner(dataset: Dataset) -> dict[int | None, int]:
    """Whose object it is: Patient ID is the person's own id."""
    number = str(dataset.get("PatientID") or "")
    return {int(number) if number.isdigit() else None: 1}


def _scan_inflated(run: Scan, place: Place, data: bytes) -> None:
    """The bytes of a deflated data set: what lies between and behind its elements, and pixels."""
    length = int.from_bytes(data[140:144], "little")  # of the meta information: its first element says it
    run.scan_raw(place, zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(data[144 + length :]))


def _inside(place: Place, name: str) -> str:
    return f"{place[2]} > {name}" if place[2] else name
