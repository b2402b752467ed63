"""Scans a home for identifiers: every file is decoded as far as it can be, and its raw bytes are read too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from tests.leaks.findings import Finding, Report
from tests.leaks.identifiers import Identifier, Identifiers
from tests.leaks.matcher import Matcher, fold_text, is_number

ENCRYPTED = ("vault", "landing", "quarantine")
"""Folders that hold raw patient data: only their raw bytes are read, and must show nothing either."""
SHIFTED = ("lake", "vectors", "staging", "objects", "reports", "meds")
"""Stores that hold shifted dates of persons, where a birth date can be another person's date by chance."""
_BIRTH = re.compile(r"birth|dob|\bborn", re.IGNORECASE)
_CHUNK = 1 << 24
_OVERLAP = 1 << 10
_NESTING = 5
_SEPARATOR = b"\n\x1e\n"


def scan(
    home: Path,
    identifiers: Identifiers,
    *,
    exclude: Iterable[str] = (),
    persons: Mapping[int, str | Iterable[str]] | None = None,
) -> list[Finding]:
    """Find every identifier in a home; see `survey`. Certain findings come first."""
    return survey(home, identifiers, exclude=exclude, persons=persons).findings


def survey(
    home: Path,
    identifiers: Identifiers,
    *,
    exclude: Iterable[str] = (),
    persons: Mapping[int, str | Iterable[str]] | None = None,
) -> Report:
    """Scan a home and report what was found and how much was read.

    Args:
        home: the home folder.
        identifiers: what must not be found.
        exclude: paths relative to the home that are not read at all.
        persons: `person_id` -> the person's keys in `identifiers`; with it, a birth date counts in rows of
            its own person only. Without it, one that stands among shifted dates is reported as not certain.
    """
    run = Scan(identifiers, persons)
    left_out = {Path(e) for e in exclude}
    for path in sorted(p for p in home.rglob("*") if p.is_file() and not p.is_symlink()):
        relative = path.relative_to(home)
        if left_out & {relative, *relative.parents}:
            continue
        run.scan_file(path, relative)
    if "vectors" not in {str(e) for e in left_out}:
        from tests.leaks.decoders import scan_lance

        for folder in sorted({p.parent for p in home.rglob("*.lance") if p.is_dir() and not p.is_symlink()}):
            if folder.relative_to(home).parts[0] not in ENCRYPTED:
                scan_lance(run, folder, folder.relative_to(home))
    return run.report


class Scan:
    """One scan under way: the matchers, the report, and the ways to hand in text, columns and bytes."""

    def __init__(
        self, identifiers: Identifiers, persons: Mapping[int, str | Iterable[str]] | None = None
    ) -> None:
        self.report = Report()
        self.text, self.raw = Matcher(identifiers), Matcher(identifiers, raw=True)
        self.numbers = _numbers(i for i in identifiers.items if is_number(i) and not i.ambiguous)
        self.persons = None if persons is None else {k: _keys(v) for k, v in persons.items()}
        self.birth_dates = [i for i in identifiers.items if i.kind == "birth_date" and not i.ambiguous]

    def scan_file(self, path: Path, relative: Path) -> None:
        """Read one file: its path, its raw bytes and, outside the encrypted folders, what they decode to."""
        from tests.leaks.decoders import scan_path

        store = relative.parts[0]
        place = (store, relative.as_posix(), "raw bytes")
        self.report.files[store] += 1
        self.report.volume[store] += path.stat().st_size
        self.scan_strings((store, relative.as_posix(), "path"), list(relative.parts))
        with path.open("rb") as file:
            tail = b""
            while chunk := file.read(_CHUNK):
                self.scan_raw(place, tail + chunk, skip=len(tail))
                tail = chunk[-_OVERLAP:]
        if store not in ENCRYPTED:
            scan_path(self, path, relative)

    def scan_raw(self, place: tuple[str, str, str], data: bytes, skip: int = 0) -> None:
        """Raw bytes. Hits that end within the first `skip` bytes were counted with the chunk before."""
        for hit in self.raw.find(data.lower()):
            if hit.start + hit.length > skip:
                self._judge(
                    place, hit.identifier, 1, None, data[max(0, hit.start - 40) : hit.start].decode("latin-1")
                )

    def scan_text(self, place: tuple[str, str, str], text: str) -> None:
        """One text."""
        self.scan_strings(place, [text])

    def scan_strings(
        self,
        place: tuple[str, str, str],
        values: Sequence[str],
        owners: Sequence[Mapping[int | None, int] | None] | None = None,
        depth: int = 0,
    ) -> None:
        """Texts of one column.

        Args:
            place: store, file and column.
            values: the (distinct) values.
            owners: for each value, `person_id` -> number of rows, where the table names persons.
            depth: how many wrappings were taken off already.
        """
        from tests.leaks.decoders import unwrap

        self.report.columns[place[0]] += 1
        self.report.strings[place[0]] += len(values)
        folded = [fold_text(v) for v in values]
        starts = np.array([0, *accumulate(len(f) + len(_SEPARATOR) for f in folded)])
        data = _SEPARATOR.join(folded)
        for hit in self.text.find(data):
            row = int(np.searchsorted(starts, hit.start, side="right")) - 1
            context = data[max(int(starts[row]), hit.start - 40) : hit.start].decode("utf-8", "replace")
            self._judge(place, hit.identifier, 1, owners[row] if owners else None, context)
        if depth < _NESTING:
            for value in values:
                unwrap(self, place, value, depth)

    def scan_integers(self, place: tuple[str, str, str], values: np.ndarray) -> None:
        """Distinct integers of one column: long numbers, and birth dates where the column is about birth."""
        self.report.columns[place[0]] += 1
        found = set(values.tolist())
        for number in found & self.numbers.keys():
            self.report.add(place, self.numbers[number])
        if _BIRTH.search(place[2]):
            for identifier in self.birth_dates:
                if int(identifier.value.replace("-", "")) in found:
                    self.report.add(place, identifier)

    def scan_dates(
        self,
        place: tuple[str, str, str],
        values: Sequence[str],
        owners: Sequence[Mapping[int | None, int] | None] | None,
    ) -> None:
        """Distinct dates (ISO) of a date or time column.

        Judged as text where the column is about birth; elsewhere a date can equal a birth date by chance,
        so only rows of that very person count, and never as certain.
        """
        if _BIRTH.search(place[2]):
            self.scan_strings(place, values, owners)
            return
        self.report.columns[place[0]] += 1
        known = {i.value: i for i in self.birth_dates}
        for row, value in enumerate(values):
            identifier = known.get(value[:10])
            if identifier and owners and self.persons is not None:
                mine, unknown, others = self._split(identifier, owners[row])
                self.report.coincidences += others
                if mine or unknown:
                    self.report.add(place, identifier, mine + unknown, certain=False)

    def _judge(
        self,
        place: tuple[str, str, str],
        identifier: Identifier,
        count: int,
        owners: Mapping[int | None, int] | None,
        context: str,
    ) -> None:
        """Count a hit.

        A birth date among shifted dates is a leak in rows of its own person, and where it is said to be a birth
        date in rows of nobody known; of another person it is chance. Else it is reported as not certain.
        """
        if identifier.kind != "birth_date" or place[0] not in SHIFTED:
            self.report.add(place, identifier, sum(owners.values()) if owners else count)
            return
        told = bool(_BIRTH.search(context) or _BIRTH.search(place[2]))
        if owners and self.persons is not None:
            mine, unknown, others = self._split(identifier, owners)
            self.report.coincidences += others
            if mine:
                self.report.add(place, identifier, mine)
            if unknown:
                self.report.add(place, identifier, unknown, told)
        else:
            self.report.add(place, identifier, count, told)

    def _split(self, identifier: Identifier, owners: Mapping[int | None, int] | None) -> tuple[int, int, int]:
        """Rows of the identifier's own person, of nobody known, and of others."""
        mine = unknown = others = 0
        for person, rows in (owners or {}).items():
            keys = (self.persons or {}).get(person) if person is not None else None
            if keys is None:
                unknown += rows
            elif identifier.person in keys:
                mine += rows
            else:
                others += rows
        return mine, unknown, others


def _keys(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def _numbers(identifiers: Iterable[Identifier]) -> dict[int, Identifier]:
    return {int("".join(c for c in i.value if c.isdigit())): i for i in identifiers}
