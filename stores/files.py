"""Small files written whole or not at all, readable by their owner alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from contracts.errors import Fatal

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(path: Path) -> Path:
    """Make a folder (and its parents) that only its owner may enter, and return it."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return path


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside `path` and move it there, synced, when the block ends well; else leave nothing."""
    make_folder(path.parent)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` whole or not at all."""
    with new_file(path) as file:
        file.write(data)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all, keys sorted."""
    write_file(path, (json.dumps(value, sort_keys=True, indent=1) + "\n").encode())


def sync_folder(path: Path) -> None:
    """Make a rename in this folder survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def touch_private(path: Path) -> None:
    """Make an empty file that only its owner may read, for a library that would make it readable to others."""
    make_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))


def file_name(text: str, what: str) -> str:
    """`text` if it can safely name one file, such as the name of a source.

    Raises:
        Fatal: it is empty, begins with a dot, or has characters other than letters, digits and `._-`.
    """
    if text[:1] in ("", ".") or not all(c.isalnum() or c in "._-" for c in text):
        raise Fatal(f"this {what} cannot name a file", what, "letters, digits, dots, hyphens and underscores")
    return text
