"""The key: every id, token and digest that leaves the vault is keyed by it.

The key comes from a file, the environment or a mounted secret, by key id. Workers load it themselves: it is never an
argument of a task. Losing it is losing every id, so it is escrowed (`nightrounds key escrow`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from contracts.errors import Fatal

KEY_BYTES = 32
_SEPARATOR = b"\x1f"


@dataclass(frozen=True)
class Key:
    """A 256-bit secret with a public id. Its material never shows in a repr, a log or a pickle of ours."""

    key_id: str
    material: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.material) != KEY_BYTES:
            raise Fatal(
                f"the key holds {len(self.material)} bytes", f"key {self.key_id}", f"{KEY_BYTES} bytes"
            )
        object.__setattr__(self, "_subkeys", {})

    def subkey(self, purpose: str) -> bytes:
        """A 32-byte key derived for one purpose (HMAC-SHA-256 of the purpose under the master key)."""
        cache: dict[str, bytes] = getattr(self, "_subkeys")  # noqa: B009 - set in __post_init__ of a frozen class
        if purpose not in cache:
            cache[purpose] = hmac.new(self.material, purpose.encode(), hashlib.sha256).digest()
        return cache[purpose]

    def hasher(self, purpose: str, size: int = 16) -> hashlib.blake2b:
        """A streaming keyed BLAKE2b for `purpose`, `size` bytes of digest."""
        return hashlib.blake2b(key=self.subkey(purpose), digest_size=size)

    def digest(self, purpose: str, *parts: str | bytes) -> str:
        """Keyed digest of `parts` as 32 hexadecimal characters."""
        return self._hash(purpose, parts, 16).hexdigest()

    def id63(self, purpose: str, *parts: str | bytes) -> int:
        """Keyed 63-bit positive integer id of `parts` (never 0)."""
        return int.from_bytes(self._hash(purpose, parts, 8).digest(), "big") >> 1 or 1

    def id63_each(self, purpose: str, values: Iterable[str]) -> list[int]:
        """`id63(purpose, value)` of each value; the keyed state is made once and copied, which halves the time."""
        begin = self.hasher(purpose, 8).copy
        found = []
        for value in values:
            one = begin()
            one.update(value.encode())
            found.append(int.from_bytes(one.digest(), "big") >> 1 or 1)
        return found

    def _hash(self, purpose: str, parts: tuple[str | bytes, ...], size: int) -> hashlib.blake2b:
        digest = hashlib.blake2b(key=self.subkey(purpose), digest_size=size)
        digest.update(_SEPARATOR.join(p.encode() if isinstance(p, str) else p for p in parts))
        return digest


def key_folder() -> Path:
    """Where key files lie: `NIGHTROUNDS_KEY_DIR`, else `~/.config/nightrounds/keys`. Never inside a home."""
    configured = os.environ.get("NIGHTROUNDS_KEY_DIR")
    return Path(configured) if configured else Path.home() / ".config" / "nightrounds" / "keys"


def make_key(key_id: str, folder: Path | None = None, material: bytes | None = None) -> Path:
    """Make a key file, mode 0600, and return its path. An existing file is never overwritten."""
    folder = folder or key_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{key_id}.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Fatal("a key of this id is there already", f"key {key_id}", "choose another key id") from None
    with os.fdopen(handle, "w") as file:
        file.write((material or secrets.token_bytes(KEY_BYTES)).hex() + "\n")
    return path


def load_key(key_id: str) -> Key:
    """Load the key named `key_id` from the environment (`NIGHTROUNDS_KEY`, hexadecimal) or its file.

    Raises:
        Fatal: no key by that id, or a malformed one. Without its key, nothing runs.
    """
    text = os.environ.get("NIGHTROUNDS_KEY")
    if not text:
        path = key_folder() / f"{key_id}.key"
        if not path.is_file():
            fix = "restore it from escrow to NIGHTROUNDS_KEY_DIR, or set NIGHTROUNDS_KEY"
            raise Fatal("no key by this id was found", f"key {key_id}", fix)
        text = path.read_text()
    try:
        material = bytes.fromhex(text.strip())
    except ValueError:
        raise Fatal("the key is not hexadecimal", f"key {key_id}", "64 hexadecimal characters") from None
    return Key(key_id, material)
