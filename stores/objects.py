"""De-identified files and their previews, under the home's `objects/`.

A key is a relative path: a bucket by study, the study, the instance: `3f/00a1…/2.25.…-00b2….dcm`. A file is there
whole or not at all; writing the same key again replaces it, removing what is not there is no error.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from contracts.errors import Fatal
from stores.files import FILE_MODE, make_folder, sync_folder
from stores.places import LocalPlace

PREVIEW = ".png"
_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{16}/[0-9A-Za-z.-]{1,120}\.(?:dcm|png|nii\.gz)")
_DRAFT = ".tmp"


def object_key(study_id: int, sop_instance_uid: str, instance_id: int) -> str:
    """The key of an instance's file.

    Args:
        study_id: keyed id of the study.
        sop_instance_uid: the surrogate; left out of the name where it is no UID.
        instance_id: keyed id of the instance: files may share one UID and differ.
    """
    uid = sop_instance_uid if re.fullmatch(r"[0-9.]{1,64}", sop_instance_uid) else "object"
    return f"{study_id & 0xFF:02x}/{study_id:016x}/{uid}-{instance_id:016x}.dcm"


def preview_key(key: str) -> str:
    """The key of the preview beside an object."""
    return key.removesuffix(".dcm") + PREVIEW


@dataclass
class Draft:
    """A file that is being written. It becomes the object when it is kept, else nothing is left of it.

    Attributes:
        file: what to write into, from its begin.
    """

    file: BinaryIO = field(repr=False)
    path: Path = field(repr=False)
    kept: bool = False

    def place(self) -> LocalPlace:
        """What was written so far, to read it again before it is kept."""
        self.file.flush()
        return LocalPlace(self.path)

    def keep(self) -> None:
        """Let the file become the object when the block ends."""
        self.kept = True


class Objects:
    """The files under one folder.

    Args:
        root: the folder, mode 0700.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def path(self, key: str) -> Path:
        """Where the file of a key lies.

        Raises:
            Fatal: that is no key.
        """
        if not _KEY.fullmatch(key) or ".." in key:
            raise Fatal("no key of an object", "objects", "bucket/study/instance.dcm")
        return self.root / key

    def place(self, key: str) -> LocalPlace:
        """The file of a key, to be read."""
        return LocalPlace(self.path(key))

    def holds(self, key: str) -> bool:
        """Whether there is a file by this key."""
        return self.path(key).is_file()

    @contextmanager
    def draft(self, key: str) -> Iterator[Draft]:
        """Write a file beside its place; it is moved there, synced, if it is kept, else removed."""
        path = self.path(key)
        make_folder(path.parent)
        temporary = path.with_name(f".{secrets.token_hex(8)}{_DRAFT}")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            with os.fdopen(handle, "w+b") as file:
                draft = Draft(file, temporary)
                yield draft
                file.flush()
                if draft.kept:
                    os.fsync(file.fileno())
            if draft.kept:
                temporary.replace(path)
                sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def write(self, key: str, data: bytes) -> None:
        """Write a small file whole or not at all."""
        with self.draft(key) as draft:
            draft.file.write(data)
            draft.keep()

    def remove(self, keys: Iterable[str]) -> int:
        """Remove files and their previews; returns how many files of these keys were there."""
        removed = 0
        for key in keys:
            path = self.path(key)
            removed += path.is_file()
            for one in (path, self.path(preview_key(key))):
                one.unlink(missing_ok=True)
            for folder in (path.parent, path.parent.parent):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        return removed

    def keys(self) -> Iterator[str]:
        """The keys of all files, previews included, and of drafts that a killed process left."""
        for bucket in sorted(self.root.glob("*/*/*")):
            yield bucket.relative_to(self.root).as_posix()

    def sweep(self, known: Collection[str]) -> int:
        """Remove every file that is no known object or its preview; returns how many."""
        wanted = {*known, *(preview_key(key) for key in known)}
        removed = 0
        for key in list(self.keys()):
            if key not in wanted:
                (self.root / key).unlink(missing_ok=True)
                removed += 1
        return removed
