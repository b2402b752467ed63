"""The DICOM connector: trees of image files, as a PACS or a modality exports them (PS3.10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.listing import list_with_members
from contracts.archives import MemberPlace, is_archive, is_closed_archive, list_members
from contracts.errors import Alone, Rejected
from contracts.schemas import IGNORED, REJECTED
from contracts.schemas.dicom import INSTANCE, TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

_PAYLOAD_BYTES = 1 << 20
_LIGHT_DEFLATED = 1 << 20
_DIRECTORY = {"_record": 0, "type": "directory"}


class DicomConnector:
    """Reads the headers of DICOM files. A file is one record and owns its row.

    Pixels are passed over by their lengths; `tasks.dicom` decodes them where they are needed.
    """

    kind: ClassVar[str] = "dicom"
    version: ClassVar[str] = "2"
    ownership: ClassVar[str] = "file"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List every file of the tree and every member of its archives: DICOM has no suffix. The checkpoint is handed
        on.

        Raises:
            Fatal: an archive of a snapshot cannot be read; all that it held would seem to be gone.
        """
        listed = list_with_members(source.location, strict=source.snapshot, strays=False, lenient=True)
        return Discovery(listed, checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole: an instance is read in one go."""
        return [WHOLE]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """The patient whom the header names; nobody where it names none, or the file cannot be read."""
        from connectors.dicom.dataset import judging_errors
        from connectors.dicom.identities import find_identity

        try:
            with judging_errors():
                identity = find_identity(reading)
        except Rejected:
            return  # reading it quarantines it, with the reason
        if identity is not None:
            yield identity

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """One row: of `dicom.instance`, of `rejected` or of `ignored`; of a DICOMDIR also one of `rejected` for each
        file that it lists and that is not there."""
        from contracts.schemas import count_records

        rows = _read_rows(reading)
        yield count_records(len(rows))
        schemas = {"rejected": REJECTED, "ignored": IGNORED}
        for table in dict.fromkeys(table for table, _ in rows):
            chosen = [row for found, row in rows if found == table]
            yield table, _batch(chosen, schemas.get(table, INSTANCE))

    def read_single(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The row alone, with its table: files are read many at a time.

        Raises:
            Alone: a DICOMDIR lists files that are not there, or a header is large.
        """
        from connectors.dicom.dataset import judging_errors

        try:
            with judging_errors():
                return _read(reading, alone=False)
        except Rejected as rejected:
            return _rejected(reading, rejected)

    def components(self, source: Source) -> dict[str, str]:
        """What besides the version decides how a source is read: how it writes accession numbers.

        Raises:
            Fatal: an option says nothing; see `connectors.accessions`.
        """
        from connectors.accessions import accession_components

        return accession_components(source)

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of a file or an archive; see `connectors.dicom.preflight`."""
        from connectors.dicom.preflight import check_place

        return check_place(place)


def _read_rows(reading: Reading) -> list[tuple[str, dict[str, Any]]]:
    """The rows of a file, however large, each with its table."""
    from connectors.dicom.dataset import judging_errors

    try:
        with judging_errors():
            try:
                return [_read(reading, alone=True)]
            except Alone:
                return _read_directory(reading)
    except Rejected as rejected:
        return [_rejected(reading, rejected)]


def _rejected(reading: Reading, rejected: Rejected) -> tuple[str, dict[str, Any]]:
    row = {"_record": 0, "reason": rejected.reason, "where": rejected.place}
    return "rejected", {**row, "payload": _payload(reading.place)}


def _read(reading: Reading, *, alone: bool) -> tuple[str, dict[str, Any]]:
    from connectors.dicom.directory import compare
    from connectors.dicom.instance import read_instance, read_instance_plainly
    from connectors.dicom.recognise import DIRECTORY_CLASS, recognise

    if reading.place.size == 0:
        return "ignored", {"_record": 0, "type": "empty-file"}
    _refuse_archive(reading.place)
    plain = read_instance_plainly(reading)
    if plain is not None:
        return "dicom.instance", plain
    opening = recognise(reading.place)
    if opening is None:
        return "ignored", {"_record": 0, "type": "not-dicom"}
    if opening.deflated and reading.place.size > _LIGHT_DEFLATED and not alone:
        raise Alone("a large deflated data set", "unit")
    if opening.media_class != DIRECTORY_CLASS:
        row = read_instance(reading, opening, alone=alone)
        if row is not None:
            return "dicom.instance", row
    if compare(reading, opening).absent:
        raise Alone("a directory lists files that are not there", "unit")
    return "ignored", _DIRECTORY


def _read_directory(reading: Reading) -> list[tuple[str, dict[str, Any]]]:
    """A DICOMDIR, and the files that it lists and that are not there: record `n` is the n-th file listed."""
    from connectors.dicom.directory import compare
    from connectors.dicom.recognise import recognise

    opening = recognise(reading.place)
    assert opening is not None
    listing = compare(reading, opening)
    where = f"of {listing.files} files listed"
    rows = [
        {"_record": number, "reason": reason, "where": f"file {number} {where}", "payload": None}
        for number, reason in listing.absent
    ]
    return [("ignored", _DIRECTORY), *(("rejected", row) for row in rows)]


def _refuse_archive(place: Place) -> None:
    """Say why an archive was not entered."""
    if is_archive(place.name):
        if not isinstance(place, MemberPlace):
            list_members(place, lenient=True)
        raise Rejected("nested-archive", "archive", "archives whose members are images")
    if is_closed_archive(place.name):
        raise Rejected("unsupported-archive", "archive", "a zip, or a tar that is plain or packed by gzip")


def _payload(place: Place) -> bytes | None:
    """The beginning of the file, for the encrypted quarantine; None of a member of an archive that is not read."""
    try:
        with place.open() as file:
            return file.read(_PAYLOAD_BYTES)
    except Rejected:
        return None


def _batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist(rows, schema=schema)
