"""Takes the wrapping off: SQLite, Lance, DICOM, PNG, archives, compressed and encoded text."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import html
import json
import lzma
import re
import shutil
import sqlite3
import struct
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.leaks.dicom import scan_dicom
from tests.leaks.documents import scan_pdf

if TYPE_CHECKING:
    from tests.leaks.scanner import Scan

Place = tuple[str, str, str]
_DEEPEST = 5
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_EMBEDDED = re.compile(r"base64,([A-Za-z0-9+/=]{20,})")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_TEXT_LIKE = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]*")
_PNG = b"\x89PNG\r\n\x1a\n"


def scan_path(run: Scan, path: Path, relative: Path) -> None:
    """Decode one file of the home; large formats are read from disk, the rest in memory."""
    place = (relative.parts[0], relative.as_posix(), "")
    with path.open("rb") as file:
        head = file.read(132)
        file.seek(max(0, path.stat().st_size - 4))
        tail = file.read(4)
    if head[:4] == b"PAR1":
        from tests.leaks.columns import scan_parquet

        if tail == b"PAR1":
            scan_parquet(run, place, path)
        else:  # cut off while it was written: it has no footer to decode it by
            run.report.undecoded.append((place[1], "Parquet without a footer"))
    elif head[:15] == b"SQLite format 3":
        scan_sqlite(run, place, path)
    elif tail == b"LANC":
        return  # read through lancedb, table by table and version by version
    else:
        scan_content(run, place, path.read_bytes(), 0)


def scan_content(run: Scan, place: Place, data: bytes, depth: int) -> None:
    """Bytes of any kind: recognised by their first bytes, never by a file's name."""
    if depth > _DEEPEST or not data:
        return
    for recognised, decode in _FORMATS:
        if recognised(data):
            try:
                decode(run, place, data, depth)
            except (
                OSError,
                EOFError,
                ValueError,
                zlib.error,
                lzma.LZMAError,
                zipfile.BadZipFile,
                tarfile.TarError,
            ):
                run.report.undecoded.append((place[1], place[2]))
            return
    _scan_plain(run, place, data, depth)


def unwrap(run: Scan, place: Place, text: str, depth: int) -> None:
    """A text that wraps another: JSON, base64, data URLs, percent and HTML escapes."""
    start = text[:1]
    if start in ("{", "[") and _scan_json(run, place, text, depth):
        return
    for match in _EMBEDDED.finditer(text):
        _scan_base64(run, place, match[1], depth)
    if len(text) >= 20 and _BASE64.fullmatch(text):
        _scan_base64(run, place, text, depth)
    plain = text
    if "%" in plain:
        plain = urllib.parse.unquote(plain)
    if "&" in plain:
        plain = html.unescape(plain)
    if "\\u" in plain:
        plain = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), plain)
    if plain != text:
        run.scan_strings(place, [plain], depth=depth + 1)


def scan_sqlite(run: Scan, place: Place, path: Path) -> None:
    """Every table of an SQLite database, with its write-ahead log; read from a copy: nothing is touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        shutil.copyfile(path, copy)
        for suffix in ("-wal",):
            if Path(f"{path}{suffix}").exists():
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        connection = sqlite3.connect(copy)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            run.scan_strings(
                (place[0], place[1], "sqlite_master"),
                [s for (s,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")],
            )
            for name in names:
                _scan_table(run, place, connection, name)
        except sqlite3.DatabaseError:
            run.report.undecoded.append((place[1], "sqlite"))
        finally:
            connection.close()


def _scan_table(run: Scan, place: Place, connection: sqlite3.Connection, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = connection.execute(f"SELECT * FROM {quoted}")
    columns = [d[0] for d in cursor.description]
    while rows := cursor.fetchmany(20_000):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            at = (place[0], place[1], f"{name}.{column}")
            run.scan_strings(at, list({v for v in values if isinstance(v, str)}))
            numbers = {v for v in values if isinstance(v, int)} & run.numbers.keys()
            for number in numbers:
                run.report.add(at, run.numbers[number])
            for value in {v for v in values if isinstance(v, bytes)}:
                scan_content(run, at, value, 1)


def scan_lance(run: Scan, folder: Path, relative: Path) -> None:
    """Every table and version of a LanceDB folder, without its vectors; raw bytes are read with the files."""
    import lancedb
    import pyarrow as pa

    from tests.leaks.columns import scan_arrow

    database = lancedb.connect(str(folder))
    for name in sorted(p.stem for p in folder.glob("*.lance")):
        table = database.open_table(name)
        for version in [v["version"] for v in table.list_versions()]:
            table.checkout(version)
            columns = [f.name for f in table.schema if not pa.types.is_fixed_size_list(f.type)]
            rows = table.count_rows()
            place = (relative.parts[0], f"{relative.as_posix()}/{name}.lance", f"version {version}")
            run.scan_strings((*place[:2], "schema"), [str(table.schema)])
            if rows and columns:
                scan_arrow(run, place, table.search().select(columns).limit(rows).to_arrow())


def _scan_plain(run: Scan, place: Place, data: bytes, depth: int) -> None:
    """Text, or bytes of no known format (read raw once more where they came out of a wrapping)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    elif _TEXT_LIKE.fullmatch(data[:4096]) and b"\0" not in data:
        text = data.decode("utf-8", "replace")
    else:
        if depth:
            run.scan_raw(place, data)
        _scan_zlib(run, place, data, depth)
        return
    run.scan_strings(place, [text], depth=depth)
    if text[:1] in ("{", "[") and "\n" in text.strip():
        for line in text.splitlines():  # JSON, one record a line
            if line[:1] in ("{", "["):
                _scan_json(run, place, line, depth)


def _scan_zlib(run: Scan, place: Place, data: bytes, depth: int) -> None:
    if data[:1] == b"\x78" and len(data) > 2 and int.from_bytes(data[:2], "big") % 31 == 0:
        try:
            scan_content(run, place, zlib.decompress(data), depth + 1)
        except zlib.error:
            run.report.undecoded.append((place[1], place[2]))


def _scan_json(run: Scan, place: Place, text: str, depth: int) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    run.scan_strings(place, list(dict.fromkeys(_strings(value))), depth=depth + 1)
    return True


def _strings(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
            yield from item.keys()
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, int) and abs(item) >= 10**8:
            yield str(item)


def _scan_base64(run: Scan, place: Place, text: str, depth: int) -> None:
    padded = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        data = base64.b64decode(padded + "=" * (-len(padded) % 4))
    except (binascii.Error, ValueError):
        return  # looked like base64, is none: it was read as text
    scan_content(run, place, data, depth + 1)


def _scan_zip(run: Scan, place: Place, data: bytes, depth: int) -> None:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        run.scan_strings(place, [*archive.namelist(), archive.comment.decode("latin-1")])
        for info in archive.infolist():
            if info.flag_bits & 1:
                run.report.undecoded.append((place[1], "encrypted member"))
            else:
                scan_content(run, (*place[:2], _inside(place, "zip member")), archive.read(info), depth + 1)


def _scan_tar(run: Scan, place: Place, data: bytes, depth: int) -> None:
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        for member in archive:
            run.scan_strings(place, [member.name, member.linkname, *map(str, member.pax_headers.values())])
            file = archive.extractfile(member)
            if file:
                scan_content(run, (*place[:2], _inside(place, "tar member")), file.read(), depth + 1)


def _scan_png(run: Scan, place: Place, data: bytes, depth: int) -> None:
    """Text chunks (tEXt, zTXt, iTXt) and any other metadata chunk of a PNG image."""
    offset = len(_PNG)
    while offset + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[offset : offset + 8])
        body = data[offset + 8 : offset + 8 + length]
        offset += 12 + length
        if name in (b"IDAT", b"IHDR", b"PLTE", b"IEND"):
            continue
        at = (*place[:2], _inside(place, f"PNG {name.decode('latin-1')}"))
        if name in (b"zTXt", b"iTXt"):
            key, _, rest = body.partition(b"\0")
            packed = name == b"zTXt" or rest[:1] == b"\1"
            rest = rest[1:] if name == b"zTXt" else rest[2:].split(b"\0", 2)[-1]
            body = key + b"\n" + (zlib.decompress(rest) if packed else rest)
        run.scan_strings(at, [body.replace(b"\0", b"\n").decode("utf-8", "replace")], depth=depth)
    run.scan_raw((*place[:2], _inside(place, "after the PNG")), data[offset:])


def _scan_stream(run: Scan, place: Place, data: bytes, depth: int, codec: str) -> None:
    import pyarrow as pa

    with pa.input_stream(pa.py_buffer(data), compression=codec) as stream:
        scan_content(run, place, stream.read(), depth + 1)


def _scan_parquet(run: Scan, place: Place, data: bytes, _depth: int) -> None:
    from tests.leaks.columns import scan_parquet

    scan_parquet(run, place, BytesIO(data))


def _inside(place: Place, name: str) -> str:
    return f"{place[2]} > {name}" if place[2] else name


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[Scan, Place, bytes, int], None]], ...] = (
    (lambda d: d[:2] == b"\x1f\x8b", lambda r, p, d, n: scan_content(r, p, gzip.decompress(d), n + 1)),
    (lambda d: d[:3] == b"BZh", lambda r, p, d, n: scan_content(r, p, bz2.decompress(d), n + 1)),
    (lambda d: d[:6] == b"\xfd7zXZ\0", lambda r, p, d, n: scan_content(r, p, lzma.decompress(d), n + 1)),
    (lambda d: d[:4] == b"\x28\xb5\x2f\xfd", lambda r, p, d, n: _scan_stream(r, p, d, n, "zstd")),
    (lambda d: d[:4] == b"\x04\x22\x4d\x18", lambda r, p, d, n: _scan_stream(r, p, d, n, "lz4")),
    (lambda d: d[:4] == b"PK\x03\x04", _scan_zip),
    (lambda d: d[257:262] == b"ustar", _scan_tar),
    (lambda d: d[:8] == _PNG, _scan_png),
    (lambda d: d[128:132] == b"DICM", scan_dicom),
    (lambda d: d[:5] == b"%PDF-", scan_pdf),
    (lambda d: d[:4] == b"PAR1", _scan_parquet),
)
