"""A site's own source-to-concept map: a CSV in OMOP's columns that a data manager fills in. It wins.

It lies in the home (`vocabulary/source_to_concept_map.csv`) or in the site's overlay, under the same name; where both
map a code, the overlay's rows count. A round adopts it when it begins, so that all of the round sees one map. A row
without a target (empty, or 0) is one to be filled in, and says nothing yet.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import orjson

from contracts.errors import Fatal
from stores.files import write_file
from stores.vocabulary_codes import code_keys

NAME = "source_to_concept_map.csv"
COLUMNS = (
    "source_code",
    "source_concept_id",
    "source_vocabulary_id",
    "source_code_description",
    "target_concept_id",
    "target_vocabulary_id",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
)
"""The columns of OMOP's SOURCE_TO_CONCEPT_MAP (https://ohdsi.github.io/CommonDataModel/cdm54.html)."""
_NEEDED = ("source_code", "source_vocabulary_id", "target_concept_id")
_ADOPTED = "adopted.json"
_BIGGEST = 2**63 - 1


@dataclass(frozen=True)
class SiteCode:
    """What a site says of a code: the concepts that it means, in order, and its own concept (0: none)."""

    targets: tuple[int, ...]
    source_concept_id: int = 0


@dataclass(frozen=True)
class SiteMap:
    """A site's map: by vocabulary, then by the key of the code."""

    codes: Mapping[str, Mapping[str, SiteCode]]

    def __len__(self) -> int:
        return sum(len(codes) for codes in self.codes.values())

    def find(self, vocabulary: str, code: str) -> SiteCode | None:
        """What the site says of a code."""
        codes = self.codes.get(vocabulary)
        if not codes:
            return None
        return next((codes[key] for key in code_keys(vocabulary, code) if key in codes), None)

    @cached_property
    def digests(self) -> dict[str, str]:
        """A digest for each vocabulary that it maps codes of: a change touches what uses that vocabulary."""
        return {
            vocabulary: hashlib.sha256(_dump({vocabulary: codes})).hexdigest()[:32]
            for vocabulary, codes in sorted(self.codes.items())
        }


NO_MAP = SiteMap({})


def read_site_map(folder: Path, overlay: Path | None = None) -> SiteMap:
    """The map as its files say now.

    Args:
        folder: the home's `vocabulary/`.
        overlay: the site's folder; by default what `NIGHTROUNDS_OVERLAY` names.

    Raises:
        Fatal: a file is no such map; place and column are named.
    """
    found: dict[str, dict[str, SiteCode]] = {}
    for path in site_files(folder, overlay):
        for vocabulary, codes in _read(path).items():
            found.setdefault(vocabulary, {}).update(codes)
    return SiteMap(found)


def site_files(folder: Path, overlay: Path | None = None) -> list[Path]:
    """The files of the map that exist, the one that wins last."""
    configured = os.environ.get("NIGHTROUNDS_OVERLAY", "")
    site = overlay or (Path(configured) if configured else None)
    places = [folder / NAME, *([site / "vocabulary" / NAME] if site else [])]
    return [path for path in places if path.is_file()]


def adopt_site_map(folder: Path) -> SiteMap:
    """Read the map and keep it as it is now, for the processes of this round."""
    found = read_site_map(folder)
    data, path = _dump(found.codes), folder / _ADOPTED
    known = path.read_bytes() if path.is_file() else _dump({})
    if data != known:
        write_file(path, data)
    return found


def adopted_site_map(folder: Path) -> SiteMap:
    """The map that the round has adopted."""
    path = folder / _ADOPTED
    if not path.is_file():
        return NO_MAP
    rows = orjson.loads(path.read_bytes())
    return SiteMap(
        {
            v: {key: SiteCode(tuple(targets), own) for key, (targets, own) in codes.items()}
            for v, codes in rows.items()
        }
    )


def adopted_stamp(folder: Path) -> int:
    """Tells one adopted map from the next."""
    path = folder / _ADOPTED
    return path.stat().st_mtime_ns if path.is_file() else 0


def _dump(codes: Mapping[str, Mapping[str, SiteCode]]) -> bytes:
    rows = {
        v: {key: (code.targets, code.source_concept_id) for key, code in inner.items()}
        for v, inner in codes.items()
    }
    return orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)


def _read(path: Path) -> dict[str, dict[str, SiteCode]]:
    found: dict[str, dict[str, SiteCode]] = {}
    for number, row in _rows(path):
        code, vocabulary = row["source_code"].strip(), row["source_vocabulary_id"].strip()
        target = _concept_id(row, "target_concept_id", number)
        if not code or not target or row.get("invalid_reason"):
            continue
        own = _concept_id(row, "source_concept_id", number)
        codes = found.setdefault(vocabulary, {})
        key = code_keys(vocabulary, code)[0]
        before = codes.get(key, SiteCode(()))
        targets = before.targets if target in before.targets else (*before.targets, target)
        codes[key] = SiteCode(targets, before.source_concept_id or own)
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            names = [name.strip().lower() for name in reader.fieldnames or []]
            if missing := [name for name in _NEEDED if name not in names]:
                raise Fatal(f"there is no column {missing[0]}", NAME, f"the columns {', '.join(COLUMNS)}")
            reader.fieldnames = names
            for row in reader:
                yield (
                    reader.line_num,
                    {name: value or "" for name, value in row.items() if isinstance(name, str)},
                )
    except (csv.Error, UnicodeDecodeError):
        raise Fatal("this is not a CSV in UTF-8", NAME, "commas, double quotes, UTF-8") from None


def _concept_id(row: Mapping[str, str], column: str, number: int) -> int:
    text = row.get(column, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or int(text) > _BIGGEST:
        raise Fatal(
            "a concept id is no number", f"{NAME}: line {number}, {column}", "a whole number, or empty"
        )
    return int(text)
