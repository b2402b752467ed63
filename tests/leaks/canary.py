"""Plants a canary in every kind of store, so that a scan which finds nothing is known to be able to find."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.leaks.identifiers import Identifiers

CANARY = "Kanarienvogel731"
CANARY_UID = "1.2.276.0.7230010.99.731.2718281828"
CANARY_SHORT = "Piepp"
CANARY_PERSON = "fhir/canary"
CANARY_BIRTH = "1931-07-19"


def canary_identifiers() -> Identifiers:
    """The canary's name, a short name, a UID, a telephone number and a birth date."""
    found = Identifiers()
    found.add("given_name", CANARY, CANARY_PERSON)
    found.add("family_name", CANARY_SHORT, CANARY_PERSON)
    found.add("uid", CANARY_UID, CANARY_PERSON)
    found.add("phone", "555-731-2718", CANARY_PERSON)
    found.add("birth_date", CANARY_BIRTH, CANARY_PERSON)
    return found.settle()


def plant_canaries(home: Path) -> dict[str, str]:
    """Plant one canary in each kind of store under `home`, written by the real libraries.

    Returns:
        Name of the hiding place -> the file or folder, relative to the home, in which a scan must find it.
    """
    planted = {}
    for name, (relative, plant) in _PLACES.items():
        path = home / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        plant(path)
        planted[name] = relative
    return planted


def _delta_rows(path: Path) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    text = pa.array([f"seen by {CANARY.lower()}, again", "nothing here"])
    notes = pa.array([[{"deep": [CANARY]}], []], pa.list_(pa.struct([("deep", pa.list_(pa.string()))])))
    table = pa.table({"person_id": pa.array([1, 2], pa.int64()), "text": text, "nested": notes})
    write_deltalake(str(path), table)


def _delta_removed(path: Path) -> None:
    """A name that only an earlier version holds."""
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    write_deltalake(str(path), pa.table({"text": [CANARY]}))
    write_deltalake(str(path), pa.table({"text": ["clean"]}), mode="overwrite")
    DeltaTable(str(path)).create_checkpoint()


def _delta_log(path: Path) -> None:
    """A name in a commit's custom metadata and nowhere else."""
    import pyarrow as pa
    from deltalake import CommitProperties, write_deltalake

    properties = CommitProperties(custom_metadata={"operator": CANARY})
    write_deltalake(str(path), pa.table({"text": ["clean"]}), commit_properties=properties)


def _delta_dictionary(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.mkdir()
    values = pa.array([CANARY, "clean"] * 500).dictionary_encode()
    table = pa.table({"code": values}).replace_schema_metadata({"note": "clean"})
    pq.write_table(table, path / "part.parquet", compression="zstd", write_statistics=False)


def _parquet_metadata(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"code": ["clean"]}).replace_schema_metadata({"source": f"/exports/{CANARY}/x.vcf"})
    pq.write_table(table, path)


def _parquet_number(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"contact": pa.array([5557312718, 7], pa.int64())}), path)


def _parquet_birth(path: Path) -> None:
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    birth = [datetime.datetime.fromisoformat(CANARY_BIRTH), None]
    pq.write_table(pa.table({"birth_datetime": pa.array(birth, pa.timestamp("us"))}), path)


def _lance(path: Path) -> None:
    """A name in a deleted row: only an earlier version holds it."""
    import lancedb

    table = lancedb.connect(str(path.parent)).create_table(
        path.stem, [{"vector": [0.0, 1.0], "text": f"by {CANARY}"}, {"vector": [1.0, 0.0], "text": "clean"}]
    )
    table.delete("text != 'clean'")


def _sqlite(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE run (id INTEGER, message TEXT)")
        database.execute("INSERT INTO run VALUES (1, ?)", (f"failed for {CANARY_SHORT}: no value",))
    database.close()


def _sqlite_freed(path: Path) -> None:
    """A name in a deleted row, beside others, in a page that the database has freed."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA secure_delete = OFF")
    database.execute("CREATE TABLE run (a TEXT, b TEXT, c TEXT)")
    database.executemany("INSERT INTO run VALUES ('left', ?, 'right')", [(CANARY,)] * 500)
    database.commit()
    database.execute("DROP TABLE run")
    database.commit()
    database.close()


def _sqlite_blob(path: Path) -> None:
    """A name in compressed JSON in base64 in a blob."""
    inner = base64.b64encode(zlib.compress(json.dumps({"parameters": {"who": CANARY}}).encode())).decode()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE result (data BLOB)")
        database.execute(
            "INSERT INTO result VALUES (?)", (zlib.compress(json.dumps({"data": inner}).encode()),)
        )
    database.close()


def _json(path: Path) -> None:
    accented = json.dumps({"outer": json.dumps({"given": CANARY}).replace("K", "\\u004b")})
    path.write_text(accented)


def _ndjson_gz(path: Path) -> None:
    path.write_bytes(gzip.compress(f'{{"a": 1}}\n{{"b": "{CANARY_UID}"}}\n'.encode()))


def _html(path: Path) -> None:
    path.write_text(
        f"<p>clean</p><img src='data:image/png;base64,{base64.b64encode(_png_bytes(b'zTXt')).decode()}'>"
    )


def _html_escaped(path: Path) -> None:
    path.write_text(f"<p>Born July 19, 1931</p><p>{CANARY[:3]}&#97;{CANARY[4:]}</p>")


def _png_bytes(kind: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    text = CANARY.encode()
    body = b"Comment\0" + text if kind == b"tEXt" else b"Comment\0\0" + zlib.compress(text)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(kind, body) + pixels + chunk(b"IEND", b"")


def _png(path: Path) -> None:
    path.write_bytes(_png_bytes(b"tEXt"))


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.json.gz", gzip.compress(json.dumps([CANARY]).encode()))


def _tar(path: Path) -> None:
    data = bz2.compress(f"phone (555) 731-2718 for {CANARY_SHORT}".encode())
    with tarfile.open(path, "w:xz") as archive:
        info = tarfile.TarInfo("log.bz2")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))


def _dicom(path: Path) -> None:
    """A name in a private element inside a sequence, in deflated transfer syntax."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    item = Dataset()
    item.private_block(0x0011, "CANARY", create=True).add_new(0x01, "UN", CANARY.encode())
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.ReferencedStudySequence = [item]
    dataset.save_as(path, enforce_file_format=True)


def _log(path: Path) -> None:
    path.write_text(f"08:00 INFO start\n08:01 ERROR cannot read {CANARY.upper()}%5E{CANARY_SHORT}.dcm\n")


def _log_utf16(path: Path) -> None:
    path.write_bytes(b"\x07\x00\x01" + f"who={CANARY}".encode("utf-16-le"))


def _zstd(path: Path) -> None:
    import pyarrow as pa

    with pa.output_stream(str(path), compression="zstd") as file:
        file.write(f"a\nb {CANARY}\n".encode())


def _birth_parts(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    year, month, day = (int(part) for part in CANARY_BIRTH.split("-"))
    row = {"person_id": [1], "year_of_birth": [year], "month_of_birth": [month], "day_of_birth": [day]}
    pq.write_table(pa.table(row), path)


def _name(path: Path) -> None:
    path.write_text("{}")


def _unencrypted(path: Path) -> None:
    path.write_bytes(bytes(range(128, 256)) + f"{CANARY}{CANARY}".encode() + bytes(range(128, 256)))


_PLACES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "Delta column": ("lake/canary/rows", _delta_rows),
    "Delta version past": ("lake/canary/removed", _delta_removed),
    "Delta log": ("lake/canary/log", _delta_log),
    "Parquet dictionary": ("lake/canary/dictionary", _delta_dictionary),
    "Parquet metadata": ("staging/canary-metadata.parquet", _parquet_metadata),
    "Parquet number": ("staging/canary-number.parquet", _parquet_number),
    "Parquet birth date": ("staging/canary-birth.parquet", _parquet_birth),
    "Parquet birth parts": ("staging/canary-parts.parquet", _birth_parts),
    "Lance version past": ("vectors/canary.lance", _lance),
    "SQLite row": ("catalog-canary.db", _sqlite),
    "SQLite free page": ("prefect/canary-freed.db", _sqlite_freed),
    "SQLite blob": ("prefect/canary-blob.db", _sqlite_blob),
    "JSON in JSON": ("releases/canary.json", _json),
    "NDJSON gzip": ("reports/canary.ndjson.gz", _ndjson_gz),
    "HTML data URL": ("reports/canary-image.html", _html),
    "HTML escape": ("reports/canary-escape.html", _html_escaped),
    "PNG text": ("objects/canary.png", _png),
    "ZIP": ("objects/canary.zip", _zip),
    "TAR": ("objects/canary.tar.xz", _tar),
    "DICOM private": ("objects/canary.dcm", _dicom),
    "log": ("prefect/canary.log", _log),
    "log in UTF-16": ("prefect/canary-16.log", _log_utf16),
    "log in zstd": ("prefect/canary.log.zst", _zstd),
    "file name": (f"staging/{CANARY_UID}.json", _name),
    "vault in the clear": ("vault/canary.bin", _unencrypted),
    "quarantine in the clear": ("quarantine/canary.bin", _unencrypted),
}
