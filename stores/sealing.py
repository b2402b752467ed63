"""Sealed bytes and files: AES-256-GCM in chunks, so that a large file is read and checked piece by piece.

Layout: magic (4 bytes), salt (16 random bytes), then chunks of 1 MiB, each followed by its 16-byte tag; the last chunk
may be shorter, or empty. Every sealed thing has a key of its own, HMAC-SHA-256 of the salt under the key's subkey for
the purpose, so the nonce, the chunk's number and whether it is the last, never repeats under a key (NIST SP 800-38D,
8.2.1). The associated data of a chunk are purpose, place, number and the same flag: chunks cannot be swapped, dropped,
cut off or moved to another file without being noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import struct
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.errors import Fatal, Retriable
from contracts.keys import Key
from stores.files import new_file

MAGIC = b"NRS1"
SALT_BYTES = 16
HEADER_BYTES = len(MAGIC) + SALT_BYTES
TAG_BYTES = 16
CHUNK_BYTES = 1 << 20
STORED_BYTES = CHUNK_BYTES + TAG_BYTES


class Sealer:
    """Seals and unseals the chunks of one sealed thing.

    Args:
        key: the home's key.
        purpose: what it is ("vault", "landing"); a subkey is derived for each.
        place: where it belongs (a token, a row), so that it cannot stand in for another.
        salt: read from the header of what is unsealed; new when sealing.
    """

    def __init__(self, key: Key, purpose: str, place: str = "", salt: bytes | None = None) -> None:
        self.salt = salt or os.urandom(SALT_BYTES)
        self._cipher = AESGCM(hmac.digest(key.subkey(f"seal:{purpose}"), self.salt, hashlib.sha256))
        self._bound = f"{purpose}\x1f{place}\x1f".encode()
        self._where = purpose

    @property
    def header(self) -> bytes:
        """The first bytes of a sealed thing."""
        return MAGIC + self.salt

    def seal(self, number: int, last: bool, data: bytes) -> bytes:
        """Seal chunk `number` (0-based)."""
        return self._cipher.encrypt(_nonce(number, last), data, self._associated(number, last))

    def unseal(self, number: int, last: bool, data: bytes) -> bytes:
        """Unseal chunk `number` (0-based), or raise `Fatal` when it is not what was sealed."""
        try:
            return self._cipher.decrypt(_nonce(number, last), data, self._associated(number, last))
        except InvalidTag:
            raise _tampered(self._where) from None

    def _associated(self, number: int, last: bool) -> bytes:
        return self._bound + struct.pack(">Q?", number, last)


def seal(key: Key, purpose: str, data: bytes, place: str = "") -> bytes:
    """Seal `data`; `unseal` needs the same key, purpose and place."""
    sealer = Sealer(key, purpose, place)
    pieces = [sealer.header]
    count = max(1, -(-len(data) // CHUNK_BYTES))
    for number in range(count):
        piece = data[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES]
        pieces.append(sealer.seal(number, number == count - 1, piece))
    return b"".join(pieces)


def unseal(key: Key, purpose: str, sealed: bytes, place: str = "") -> bytes:
    """The inverse of `seal`.

    Raises:
        Fatal: the bytes were changed, cut, sealed for another purpose or place, or sealed with another key.
    """
    sealer = Sealer(key, purpose, place, _salt_of(sealed[:HEADER_BYTES], purpose))
    count = chunk_count(len(sealed), purpose)
    pieces = []
    for number in range(count):
        start = HEADER_BYTES + number * STORED_BYTES
        pieces.append(sealer.unseal(number, number == count - 1, sealed[start : start + STORED_BYTES]))
    return b"".join(pieces)


def seal_stream(key: Key, purpose: str, source: BinaryIO, target: Path, place: str = "") -> int:
    """Seal what `source` holds into the file `target` (mode 0600, whole or not at all); returns bytes read."""
    sealer = Sealer(key, purpose, place)
    size = number = 0
    with new_file(target) as file:
        file.write(sealer.header)
        piece = read_full(source)
        while True:
            following = read_full(source) if len(piece) == CHUNK_BYTES else b""
            size += len(piece)
            file.write(sealer.seal(number, not following, piece))
            if not following:
                return size
            piece, number = following, number + 1


def open_sealed(key: Key, purpose: str, path: Path, place: str = "") -> BinaryIO:
    """Open a sealed file for reading; seekable, one chunk in memory.

    Raises:
        Fatal: the file was changed, cut, or sealed for another place or with another key. The end is checked here,
            every other chunk when it is read.
        Retriable: the file is not there or cannot be read.
    """
    return io.BufferedReader(SealedReader(key, purpose, path, place), CHUNK_BYTES)


class SealedReader(io.RawIOBase):
    """The clear bytes of a sealed file. See `open_sealed`."""

    def __init__(self, key: Key, purpose: str, path: Path, place: str = "") -> None:
        super().__init__()
        try:
            self._file = path.open("rb")
        except OSError:
            raise Retriable("a sealed file cannot be opened", purpose) from None
        stored = os.fstat(self._file.fileno()).st_size
        try:
            self._sealer = Sealer(key, purpose, place, _salt_of(self._file.read(HEADER_BYTES), purpose))
            self._count = chunk_count(stored, purpose)
            self.size = stored - HEADER_BYTES - self._count * TAG_BYTES
            self._position, self._number, self._chunk = 0, -1, b""
            self._load(self._count - 1)
        except BaseException:
            self._file.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self.size:
            return 0
        number, start = divmod(self._position, CHUNK_BYTES)
        self._load(number)
        piece = self._chunk[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._chunk = b""
        super().close()

    def _load(self, number: int) -> None:
        if number != self._number:
            self._file.seek(HEADER_BYTES + number * STORED_BYTES)
            self._chunk = self._sealer.unseal(
                number, number == self._count - 1, self._file.read(STORED_BYTES)
            )
            self._number = number


def read_full(source: BinaryIO, size: int = CHUNK_BYTES) -> bytes:
    """Read exactly `size` bytes, or what is left: remote files may return less than asked before their end."""
    pieces, missing = [], size
    while missing:
        piece = source.read(missing)
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def chunk_count(stored: int, where: str) -> int:
    """How many chunks a sealed thing of `stored` bytes holds."""
    body = stored - HEADER_BYTES
    count = -(-body // STORED_BYTES)
    if body < TAG_BYTES or body - (count - 1) * STORED_BYTES < TAG_BYTES:
        raise _tampered(where)
    return count


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _salt_of(header: bytes, where: str) -> bytes:
    if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
        raise _tampered(where)
    return header[len(MAGIC) :]


def _tampered(where: str) -> Fatal:
    fix = "restore it from a backup, or check that the key is this home's"
    return Fatal("sealed data was changed, cut, or sealed with another key", where, fix)
