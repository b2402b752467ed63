"""Build the vocabulary's file from a download: rows in, indexes after, so that millions of concepts take minutes."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal
from stores import vocabulary_drugs
from stores.files import make_folder, sync_folder, touch_private
from stores.vocabulary import FORMAT, Vocabularies
from stores.vocabulary_codes import key_column
from stores.vocabulary_csv import PLACE, Download, Progress, open_download

TABLES = ("concept", "concept_cpt4", "concept_relationship", "vocabulary", *vocabulary_drugs.TABLES)
_CONCEPT = (
    "concept_id",
    "concept_name",
    "domain_id",
    "vocabulary_id",
    "concept_class_id",
    "standard_concept",
    "concept_code",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
)
_KINDS = {"Maps to": 0, "Maps to value": 1, "Concept replaced by": 2}
"""The relationships that are kept; mappings are of the first two kinds."""
_STEPS = 10
"""How many replacements of a code are followed."""

_Numpy = npt.NDArray[Any]

_SCHEMA = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -131072;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vocabulary (number INTEGER PRIMARY KEY, id TEXT, version TEXT, concepts INTEGER, standard INTEGER);
CREATE TABLE domain (number INTEGER PRIMARY KEY, id TEXT);
CREATE TABLE concept (
    concept_id INTEGER NOT NULL,
    vocabulary INTEGER NOT NULL,
    domain INTEGER NOT NULL,
    standard INTEGER NOT NULL,  -- 1: standard and valid
    valid INTEGER NOT NULL,
    valid_start INTEGER,
    valid_end INTEGER,
    key TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE mapping (
    concept_id INTEGER NOT NULL,
    is_value INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    domain INTEGER NOT NULL,
    PRIMARY KEY (concept_id, is_value, target_id)
) WITHOUT ROWID;
CREATE TEMP TABLE link (concept_id INTEGER NOT NULL, kind INTEGER NOT NULL, target_id INTEGER, domain INTEGER);
"""

_INDEXES = """
CREATE UNIQUE INDEX concept_by_id ON concept (concept_id);
-- it holds all that a look-up by code needs
CREATE INDEX concept_by_key ON concept (vocabulary, key, concept_id, domain, standard, valid, valid_end);
CREATE INDEX temp.link_by_id ON link (kind, concept_id);
"""

_MAPPINGS = f"""
INSERT OR IGNORE INTO mapping
SELECT concept_id, kind, target_id, domain FROM link WHERE kind IN (0, 1) ORDER BY 1, 2, 3;

-- a code that maps to nothing and was replaced means what its replacement means
CREATE TEMP TABLE replaced AS
WITH RECURSIVE chain (concept_id, at, steps) AS (
    SELECT link.concept_id, link.target_id, 1
    FROM link
    WHERE link.kind = 2
    AND NOT EXISTS (SELECT 1 FROM mapping WHERE mapping.concept_id = link.concept_id AND NOT is_value)
    UNION
    SELECT chain.concept_id, link.target_id, chain.steps + 1
    FROM chain JOIN link ON link.kind = 2 AND link.concept_id = chain.at
    WHERE chain.steps < {_STEPS}
)
SELECT DISTINCT concept_id, at FROM chain;

CREATE TEMP TABLE inherited AS
SELECT replaced.concept_id, 0 AS is_value, concept.concept_id AS target_id, concept.domain
FROM replaced JOIN concept ON concept.concept_id = replaced.at
WHERE concept.standard
UNION
SELECT replaced.concept_id, mapping.is_value, mapping.target_id, mapping.domain
FROM replaced JOIN mapping ON mapping.concept_id = replaced.at;

INSERT OR IGNORE INTO mapping SELECT * FROM inherited ORDER BY 1, 2, 3;
"""


@dataclass
class _Numbers:
    """Names as small numbers, in the order of their first occurrence."""

    known: dict[str, int] = field(default_factory=dict)

    def of(self, names: pa.Array) -> list[int]:
        encoded = pc.dictionary_encode(names)
        numbers = [self.known.setdefault(name, len(self.known)) for name in encoded.dictionary.to_pylist()]
        return pa.array(numbers, pa.int32()).take(encoded.indices).to_numpy().tolist()  # type: ignore[no-any-return]


def load_vocabulary(folder: Path, download: Path, progress: Progress | None = None) -> Vocabularies:
    """Build the vocabulary's file anew in `folder` and put it in place of the one there, at once or not at all.

    Args:
        folder: the home's `vocabulary/`.
        download: a folder or zip, see `stores.vocabulary_csv`.
        progress: told (bytes read, bytes in all).

    Returns:
        The vocabulary that is now in place.

    Raises:
        Fatal: the download is none, or damaged.
    """
    tables = open_download(download, TABLES, progress)
    make_folder(folder)
    building = folder / ".building.db"
    building.unlink(missing_ok=True)
    touch_private(building)
    try:
        with _temporary_files_in(folder), closing(sqlite3.connect(building)) as db:
            db.executescript(_SCHEMA)
            db.executescript(vocabulary_drugs.SCHEMA)
            _Build(db, tables).run()
            db.commit()
        with building.open("rb") as file:
            os.fsync(file.fileno())
        building.replace(folder / Vocabularies.FILE)
        sync_folder(folder)
    except pa.ArrowInvalid:
        raise Fatal("an id is no number", PLACE, "download it again") from None
    finally:
        building.unlink(missing_ok=True)
    found = Vocabularies.open(folder)
    assert found is not None
    return found


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """SQLite sorts in files there: a system's own folder for such may be small, or in memory."""
    before = os.environ.get("SQLITE_TMPDIR")
    os.environ["SQLITE_TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SQLITE_TMPDIR"]
        else:
            os.environ["SQLITE_TMPDIR"] = before


@dataclass
class _Concepts:
    """What of the concepts the relationships are judged by, 14 bytes each."""

    parts: list[list[_Numpy]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids = self.standard = self.domain = self.vocabulary = self.ingredient = np.zeros(0, np.int64)

    def add(self, *columns: list[int]) -> None:
        """Ids, whether standard, domains, vocabularies and whether standard ingredients of more concepts."""
        kinds = (np.int64, np.bool_, np.int16, np.int16, np.bool_)
        self.parts.append([np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)])

    def sort(self) -> None:
        """No more are added.

        Raises:
            Fatal: there is none, or one stands twice.
        """
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)]
        self.parts = []
        if not columns or not len(columns[0]):
            raise Fatal("there is no concept in it", f"{PLACE}: concept", "download it again")
        order = np.argsort(columns[0])
        columns = [column[order] for column in columns]
        self.ids, self.standard, self.domain, self.vocabulary, self.ingredient = columns
        if (self.ids[1:] == self.ids[:-1]).any():
            raise Fatal("a concept stands in it twice", f"{PLACE}: concept", "one download, unzipped once")

    def find(self, ids: _Numpy) -> tuple[_Numpy, _Numpy]:
        """Where the ids stand, and whether they are there at all."""
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return at, self.ids[at] == ids


class _Build:
    def __init__(self, db: sqlite3.Connection, download: Download) -> None:
        self.db, self.download = db, download
        self.vocabularies, self.domains, self.concepts = _Numbers(), _Numbers(), _Concepts()
        self.stated = self.elsewhere = 0
        self.release = ""

    def run(self) -> None:
        self._take_concepts("concept")
        if "concept_cpt4" in self.download and "CPT4" not in self.vocabularies.known:
            self._take_concepts("concept_cpt4")  # whose names come by a licence of their own
        self.concepts.sort()
        self._take_links()
        self.db.executescript(_INDEXES)
        self.db.executescript(_MAPPINGS)
        self._name_vocabularies()
        of_drugs = self.concepts.ids[self.concepts.ingredient]
        self._tell(vocabulary_drugs.take_drugs(self.db, self.download, self.concepts.ids, of_drugs))

    def _take_concepts(self, table: str) -> None:
        for batch in self.download.batches(table, _CONCEPT):
            code = pc.utf8_trim_whitespace(batch["concept_code"])
            valid = pc.equal(batch["invalid_reason"], "")
            standard = pc.and_(pc.equal(batch["standard_concept"], "S"), valid)
            ids, flags = _integers(batch["concept_id"]), _flags(standard)
            vocabularies = self.vocabularies.of(batch["vocabulary_id"])
            domains = self.domains.of(batch["domain_id"])
            ingredient = pc.and_(standard, pc.equal(batch["concept_class_id"], "Ingredient"))
            self.concepts.add(ids, flags, domains, vocabularies, _flags(ingredient))
            starts, ends = _dates(batch["valid_start_date"]), _dates(batch["valid_end_date"])
            texts = (key_column(batch["vocabulary_id"], code), code, batch["concept_name"])
            columns: list[Iterable[object]] = [ids, vocabularies, domains, flags, _flags(valid), starts, ends]
            self._insert("concept", [*columns, *(text.to_pylist() for text in texts)])

    def _take_links(self) -> None:
        columns = ("concept_id_1", "concept_id_2", "relationship_id", "invalid_reason")
        kinds = pa.array(list(_KINDS))
        for batch in self.download.batches("concept_relationship", columns):
            kind = pc.index_in(batch["relationship_id"], kinds)
            kept = pc.and_(pc.is_valid(kind), pc.equal(batch["invalid_reason"], ""))
            kept = pc.and_(kept, pc.not_equal(batch["concept_id_1"], batch["concept_id_2"]))
            chosen = batch.filter(kept)
            if chosen.num_rows:
                ends = [chosen[name].cast(pa.int64()).to_numpy() for name in columns[:2]]
                self._take(ends[0], kind.filter(kept).to_numpy(), ends[1])

    def _take(self, sources: _Numpy, kinds: _Numpy, targets: _Numpy) -> None:
        """Keep the links of concepts that need one, and of the mappings those to standard concepts that are here."""
        source, here = self.concepts.find(sources)
        needs = here & ~self.concepts.standard[source]
        target, there = self.concepts.find(targets)
        maps = kinds != _KINDS["Concept replaced by"]
        self.stated += int((needs & maps).sum())
        self.elsewhere += int((needs & maps & ~there).sum())
        kept = needs & there & (self.concepts.standard[target] | ~maps)
        columns = (sources[kept], kinds[kept], targets[kept], self.concepts.domain[target[kept]])
        self._insert("link", [column.tolist() for column in columns])

    def _insert(self, table: str, columns: Sequence[Iterable[object]]) -> None:
        marks = ", ".join("?" * len(columns))
        self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", zip(*columns, strict=True))

    def _name_vocabularies(self) -> None:
        versions: dict[str, str] = {}
        if "vocabulary" in self.download:
            for batch in self.download.batches("vocabulary", ("vocabulary_id", "vocabulary_version")):
                versions |= dict(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        self.release = versions.get("None", "")
        self.db.executemany(
            "INSERT INTO domain VALUES (?, ?)", [(n, d) for d, n in self.domains.known.items()]
        )
        of = self.concepts.vocabulary
        counts = [
            np.bincount(ids, minlength=len(self.vocabularies.known))
            for ids in (of, of[self.concepts.standard])
        ]
        rows = [
            (n, v, versions.get(v, ""), int(counts[0][n]), int(counts[1][n]))
            for v, n in self.vocabularies.known.items()
        ]
        self.db.executemany("INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?)", rows)

    def _tell(self, more: dict[str, str]) -> None:
        facts = {
            **more,
            "format": str(FORMAT),
            "release": self.release,
            "digest": self._digest(),
            "concepts": str(len(self.concepts.ids)),
            "mappings": str(self.db.execute("SELECT count(*) FROM mapping").fetchone()[0]),
            "mappings_stated": str(self.stated),
            "mappings_elsewhere": str(self.elsewhere),
            "lines_left_out": str(sum(self.download.left_out.values())),
        }
        self.db.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())

    def _digest(self) -> str:
        """Over what a look-up can say, however the download is packed or ordered; names say nothing there."""
        digest = hashlib.sha256()
        concepts = (
            "SELECT key, concept_id, domain.id, standard, valid, valid_end FROM concept "
            "JOIN domain ON domain.number = concept.domain WHERE vocabulary = ? ORDER BY key, concept_id"
        )
        mappings = "SELECT concept_id, is_value, target_id FROM mapping ORDER BY 1, 2, 3"
        cursors = [(v, self.db.execute(concepts, (n,))) for v, n in sorted(self.vocabularies.known.items())]
        for name, cursor in [*cursors, ("", self.db.execute(mappings))]:
            digest.update(name.encode())
            while rows := cursor.fetchmany(10_000):
                digest.update(repr(rows).encode())
        return digest.hexdigest()[:32]


def _integers(texts: pa.Array) -> list[int]:
    return texts.cast(pa.int64()).to_numpy().tolist()  # type: ignore[no-any-return]


def _flags(truths: pa.Array) -> list[int]:
    return pc.cast(truths, pa.int8()).to_numpy().tolist()  # type: ignore[no-any-return]


def _dates(texts: pa.Array) -> list[int | None]:
    """`20200131` or `2020-01-31` as the number 20200131."""
    digits = pc.replace_substring(texts, "-", "")
    digits = pc.if_else(pc.match_substring_regex(digits, r"^\d{8}$"), digits, None)
    return digits.cast(pa.int32()).to_pylist()  # type: ignore[no-any-return]
