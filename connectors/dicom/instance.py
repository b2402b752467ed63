"""The row of one instance, made of its header; and whether its pixels are all there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connectors.accessions import accession_rules
from connectors.dicom.columns import ACQUISITION_DATETIME, MOMENTS, read_columns, wanted_elements
from connectors.dicom.dataset import is_metadata, load_elements, survey_elements
from connectors.dicom.identities import ISSUER, PATIENT_ID, subject_of
from connectors.dicom.model import dump_header
from connectors.dicom.plain import PlainHeader, PlainReader
from connectors.dicom.plain_values import Declined
from connectors.dicom.recognise import NATIVE
from connectors.dicom.stack import read_stack
from connectors.dicom.values import code_of, moment_in, moment_of, text_of, uid_of, whole_of
from contracts.errors import Alone, Rejected

if TYPE_CHECKING:
    from connectors.dicom.recognise import Opening
    from connectors.dicom.values import Header
    from contracts.protocols import Reading

SEPARATOR = "\x1f"
UIDS = {"sop_instance_uid": 0x00080018, "series_instance_uid": 0x0020000E, "study_instance_uid": 0x0020000D}
DIRECTORY_RECORDS = 0x00041220
_ACCESSION = 0x00080050
_SOP_CLASS, _ROWS = 0x00080016, 0x00280010
_SUBSAMPLED = {"YBR_FULL_422": (2, 3), "YBR_PARTIAL_422": (2, 3), "YBR_PARTIAL_420": (1, 2)}
"""Share of the samples that a native image of subsampled chroma holds (PS3.3 C.7.6.3.1.2)."""
_MOST_SIZES = 4096
_SHORT_TEXTS = frozenset({"LO", "SH"})
_PLAIN = PlainReader(
    {
        **wanted_elements(),
        **dict.fromkeys(UIDS.values(), frozenset({"UI"})),
        **dict.fromkeys((PATIENT_ID, ISSUER, _ACCESSION), _SHORT_TEXTS),
    }
)


def read_instance_plainly(reading: Reading, *, dumped: bool = True) -> dict[str, Any] | None:
    """The row of `dicom.instance` of a plainly written file; None where it is not one, or where it is to be judged.

    The row is the one that `read_instance` gives for the same file.
    """
    header = _PLAIN.read(reading.place, dumped=dumped)
    if header is None:
        return None
    try:
        _require_pixels_once(header)
        row = _row(reading, header, header.transfer_syntax, header.size)
    except (Declined, Rejected):  # a file that is rejected is so by the reader that judges all files
        return None
    return {**row, "has_pixels": header.pixels is not None, "header": header.header}


def read_instance(reading: Reading, opening: Opening, *, alone: bool = True) -> dict[str, Any] | None:
    """The row of `dicom.instance`; None where the file is a directory of a medium and no instance.

    Args:
        reading: the unit.
        opening: how its file begins.
        alone: whether it may take as much time and memory as it needs.

    Raises:
        Alone: it would take much, and is not alone.
        Rejected: `truncated-file`, `no-uids`, `nested-too-deep`, `unreadable`, `too-many-elements`, `too-large`.
    """
    survey = survey_elements(reading.place, opening)
    if any(element.tag == DIRECTORY_RECORDS for element in survey.elements):
        return None
    if survey.heavy and not alone:
        raise Alone("a large header", "unit")
    dataset = load_elements(reading.place, opening, survey.elements, is_metadata)
    pixels = (survey.pixels.tag, survey.pixels.length) if survey.pixels else None
    require_pixels(dataset, pixels, opening.transfer_syntax)
    row = _row(reading, dataset, opening.transfer_syntax, reading.place.size)
    return {**row, "has_pixels": pixels is not None, "header": dump_header(dataset)}


def require_pixels(header: Header, pixels: tuple[int, int] | None, transfer_syntax: str) -> None:
    """Raise `truncated-file` where native pixels are fewer than the header declares.

    Encapsulated pixels end with their delimiter, which the walk over the file has demanded already. An image without
    pixels is taken for a header sent alone if it says how large the image is, else for a file cut before that.

    Args:
        header: the header.
        pixels: the tag of the pixels, and how many bytes they have (-1 where they are encapsulated).
        transfer_syntax: UID, "" where none is stated.
    """
    if pixels is None:
        if _is_image(uid_of(header, _SOP_CLASS) or "") and whole_of(header, _ROWS) is None:
            raise Rejected("truncated-file", f"tag {_ROWS:08X}", "the size of the image, and its pixels")
        return
    tag, length = pixels
    if transfer_syntax not in NATIVE or length < 0:
        return
    sizes = [whole_of(header, tag) for tag in (_ROWS, 0x00280011, 0x00280100)]
    samples, frames = whole_of(header, 0x00280002) or 1, whole_of(header, 0x00280008) or 1
    bits = samples * frames
    for size in sizes:
        bits *= size or 0
    share, whole = _SUBSAMPLED.get(code_of(header, 0x00280004) or "", (1, 1))
    if length < -(-bits * share // (8 * whole)):
        raise Rejected("truncated-file", f"tag {tag:08X}", "as many pixels as the header declares")


_PIXEL_ATTRIBUTES = (_SOP_CLASS, _ROWS, 0x00280011, 0x00280100, 0x00280002, 0x00280008, 0x00280004)
_enough: dict[Any, bool] = {}
"""Pixels of a size, by what a header says of them, that are known to be enough: slices of a series are alike."""


def _require_pixels_once(header: PlainHeader) -> None:
    said = (header.pixels, header.transfer_syntax, *map(header.raw.get, _PIXEL_ATTRIBUTES))
    if said not in _enough:
        require_pixels(header, header.pixels, header.transfer_syntax)
        if len(_enough) >= _MOST_SIZES:
            _enough.clear()
        _enough[said] = True


@lru_cache(maxsize=256)
def _is_image(sop_class: str) -> bool:
    from pydicom.uid import UID

    return UID(sop_class).name.endswith("Image Storage")


def _row(reading: Reading, header: Header, transfer_syntax: str, size: int) -> dict[str, Any]:
    """All of a row but what depends on how the file was read.

    Raises:
        Rejected: `no-uids`.
    """
    uids = {name: uid_of(header, tag) for name, tag in UIDS.items()}
    if uids["sop_instance_uid"] is None:
        missing = ", ".join(f"{UIDS[name]:08X}" for name, uid in uids.items() if uid is None)
        raise Rejected("no-uids", f"tag {missing}", "a SOP Instance UID at least")
    row = {"_record": 0, **_keys(reading, header, uids), "transfer_syntax_uid": transfer_syntax or None}
    row |= read_columns(header)
    for name, (day, time) in MOMENTS.items():
        row[name] = moment_of(header, day, time)
    if row["acquisition_datetime"] is None:
        row["acquisition_datetime"] = moment_in(header, ACQUISITION_DATETIME)
    return row | read_stack(header) | {"size_bytes": size}


def _keys(reading: Reading, header: Header, uids: dict[str, str | None]) -> dict[str, Any]:
    """Ids, and what they are made of. A study is one for each patient, whatever number of files tells of it.

    An image that names no series or no study is alone in one, named after the image.
    """
    sop, digest = str(uids["sop_instance_uid"]), reading.unit.digest
    subject = subject_of(header, reading.authority)
    of_patient = SEPARATOR + subject if subject else ""
    accession, rules = text_of(header, _ACCESSION), accession_rules(reading.source)
    by = (rules.authority or text_of(header, ISSUER) or reading.authority) + SEPARATOR
    return {
        "_digest": reading.key.id63("dicom-instance", sop, digest),
        "subject": subject,
        "instance_key": sop + SEPARATOR + digest,
        "series_key": (uids["series_instance_uid"] or sop) + of_patient,
        "study_key": (uids["study_instance_uid"] or sop) + of_patient,
        **uids,
        "accession": by + accession if accession else None,
        "accession_normal": by + rules.normal(accession) if accession else None,
    }
