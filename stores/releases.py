"""Releases: which versions of lake and vector tables belong together. Readers follow one pointer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts.errors import Fatal
from stores.files import write_file, write_json
from stores.home import Home


@dataclass(frozen=True)
class Release:
    """What readers see of one night.

    Attributes:
        number: rises from 1; never used twice.
        run_id: the run that published it.
        round_no: its round.
        tables: Delta version by lake table.
        vectors: version by vector table.
        created: ISO date-time in UTC.
        digest: SHA-256 over tables and vectors, to cite it by.
        pinned: kept from clean-up until it is unpinned.
    """

    number: int
    run_id: str
    round_no: int
    tables: Mapping[str, int] = field(default_factory=dict)
    vectors: Mapping[str, int] = field(default_factory=dict)
    created: str = ""
    digest: str = ""
    pinned: bool = False


class Releases:
    """The releases of a home. Publishing and moving are for the holder of the lease; anyone may read."""

    def __init__(self, home: Home) -> None:
        self._root = home.releases

    def current(self) -> Release | None:
        """The release that readers see; None before the first.

        Raises:
            Fatal: the release that the pointer names is missing or was changed.
        """
        try:
            text = (self._root / "current").read_text()
        except FileNotFoundError:
            return None
        if not text.strip().isdigit():
            raise Fatal(
                "the pointer to the current release cannot be read", "releases", "move to a release again"
            )
        return self.get(int(text))

    def get(self, number: int) -> Release:
        """A release by number.

        Raises:
            Fatal: there is none by that number, or its file was changed.
        """
        try:
            data: dict[str, Any] = json.loads(self._path(number).read_text())
            release = Release(**data, pinned=self._pin(number).exists())
        except FileNotFoundError:
            raise Fatal("there is no such release", f"release {number}", self._legal()) from None
        except (ValueError, TypeError):
            raise Fatal("a release cannot be read", f"release {number}", "restore it from a backup") from None
        if release.number != number or release.digest != _digest(release.tables, release.vectors):
            raise Fatal("a release was changed", f"release {number}", "restore it from a backup")
        return release

    def list(self) -> list[Release]:
        """All releases, oldest first."""
        return [self.get(number) for number in self._numbers()]

    def publish(
        self, run_id: str, round_no: int, tables: Mapping[str, int], vectors: Mapping[str, int], created: str
    ) -> Release:
        """Make a release of these versions and let readers see it.

        Nothing is written where the current release names the same versions. Where the newest release does (a crash
        came before the pointer moved, or it was moved back), the pointer moves to that one and no number is used.
        """
        digest, current = _digest(tables, vectors), self.current()
        if current is not None and current.digest == digest:
            return current
        numbers = self._numbers()
        newest = self.get(numbers[-1]) if numbers else None
        if newest is not None and newest.digest == digest:
            return self.move_to(newest.number)
        number = newest.number + 1 if newest else 1
        release = Release(number, run_id, round_no, dict(tables), dict(vectors), created, digest)
        data = asdict(release)
        del data["pinned"]
        write_json(self._path(number), data)
        return self.move_to(number)

    def move_to(self, number: int) -> Release:
        """Let readers see another release, earlier or later.

        Raises:
            Fatal: there is none by that number.
        """
        release = self.get(number)
        write_file(self._root / "current", f"{number}\n".encode())
        return release

    def pin(self, number: int, pinned: bool = True) -> Release:
        """Keep a release from clean-up, or no longer.

        Raises:
            Fatal: there is none by that number.
        """
        release = self.get(number)
        if pinned:
            write_file(self._pin(number), b"")
        else:
            self._pin(number).unlink(missing_ok=True)
        return replace(release, pinned=pinned)

    def prune(self, keep: int) -> Sequence[int]:
        """Forget all but the newest `keep` releases, those pinned and the one that readers see; returns which went."""
        current = self.current()
        old = list(self._numbers())[:-keep]
        gone = [n for n in old if not self._pin(n).exists() and (current is None or n != current.number)]
        for number in gone:
            self._path(number).unlink(missing_ok=True)
        return gone

    def pinned_versions(self) -> dict[str, set[int]]:
        """Delta versions by lake table that clean-up must keep: those of pinned releases and of the current one."""
        return self._kept("tables")

    def pinned_vectors(self) -> dict[str, set[int]]:
        """The same for vector tables."""
        return self._kept("vectors")

    def _kept(self, kind: str) -> dict[str, set[int]]:
        current = self.current()
        kept: dict[str, set[int]] = {}
        for release in self.list():
            if release.pinned or (current is not None and release.number == current.number):
                for name, version in getattr(release, kind).items():
                    kept.setdefault(name, set()).add(version)
        return kept

    def _path(self, number: int) -> Path:
        return self._root / f"{number}.json"

    def _pin(self, number: int) -> Path:
        return self._root / f"{number}.pin"

    def _numbers(self) -> Sequence[int]:
        return sorted(int(path.stem) for path in self._root.glob("*.json") if path.stem.isdigit())

    def _legal(self) -> str:
        numbers = self._numbers()
        return f"{numbers[0]} to {numbers[-1]}" if numbers else "none was published yet"


def _digest(tables: Mapping[str, int], vectors: Mapping[str, int]) -> str:
    text = json.dumps(
        {"tables": dict(tables), "vectors": dict(vectors)}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()
