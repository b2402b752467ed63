"""Mappings: SQL files, one for each target table, that a data manager can read and a site can overlay.

A file is named after its target (`omop.visit_occurrence.sql`), begins with the comment `-- source: fhir.encounter`
(several tables are separated by commas), goes on with a sentence that says what it does, and is one DuckDB SELECT. A
record that is accepted must have a row in one lake table at least, or its unit fails; where a mapping leaves records
out on purpose, a comment says so: `-- leaves out: blank-note` (a code), and these are counted as unmapped under it. A
plugin's files stand in its `mappings/<kind>/` and add targets. A site's own files stand in `<overlay>/<kind>/` under
the same names; there a file wins over ours, and a new name adds a target.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from connectors.registry import read_as
from contracts.errors import Fatal
from contracts.plugins import plugin_folders

OVERLAY_VARIABLE = "NIGHTROUNDS_MAPPINGS"
"""Environment variable that names a site's overlay folder: workers on other machines see it too."""

_FOLDER = Path(__file__).parent
_LEAVES_OUT = re.compile(r"^\s*--\s*leaves out:\s*(?P<code>[a-z0-9]+(?:-[a-z0-9]+)*)\s*$", re.MULTILINE)
_SOURCE = re.compile(r"\A\s*--\s*source:\s*(?P<tables>[\w., ]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Mapping:
    """How one target table is made.

    Attributes:
        name: the target, `<schema>.<table>`.
        source_tables: tables it reads; the SQL names them with an underscore in place of the dot for connectors'
            tables (`fhir_encounter`).
        sql: the SELECT.
        digest: digest of the SQL, part of the recipe.
        description: the first sentence of its comment.
        leaves_out: code under which records without any row are counted; empty where none may be.
    """

    name: str
    source_tables: tuple[str, ...]
    sql: str
    digest: str
    description: str = ""
    leaves_out: str = ""


def mappings(kind: str, overlay: Path | None = None) -> dict[str, Mapping]:
    """The mappings of a connector's kind by target, sorted by name; empty where the kind has none.

    Args:
        kind: name of the connector, or of another folder here.
        overlay: the site's folder; by default what `NIGHTROUNDS_MAPPINGS` names.

    Raises:
        Fatal: a file lacks its `-- source:` line, or the overlay folder is not there.
    """
    kind, files = read_as(kind), dict[str, Path]()
    for folder in (*plugin_folders("mappings"), _FOLDER, *_overlays(overlay)):
        files.update({path.stem: path for path in (folder / kind).glob("*.sql")})
    return {name: _load(files[name], files[name].stat().st_mtime_ns) for name in sorted(files)}


def _overlays(overlay: Path | None) -> tuple[Path, ...]:
    configured = overlay or os.environ.get(OVERLAY_VARIABLE)
    if not configured:
        return ()
    folder = Path(configured)
    if not folder.is_dir():
        raise Fatal("the folder of the site's mappings is not there", OVERLAY_VARIABLE, "an existing folder")
    return (folder,)


@lru_cache(maxsize=256)
def _load(path: Path, _modified: int) -> Mapping:
    """Parse one file; the time of its change is part of the cache key."""
    sql = path.read_text(encoding="utf-8")
    found = _SOURCE.match(sql)
    if found is None:
        raise Fatal(
            "a mapping does not name its source", path.name, "a first line `-- source: <table>[, <table>]`"
        )
    tables = tuple(table.strip() for table in found["tables"].split(",") if table.strip())
    comments = [line.lstrip("- ").strip() for line in sql[found.end() :].strip().splitlines()]
    digest = hashlib.sha256(sql.encode()).hexdigest()[:32]
    out = _LEAVES_OUT.search(sql)
    return Mapping(
        path.stem, tables, sql, digest, comments[0] if comments else "", out["code"] if out else ""
    )


def left_out(kind: str, table: str) -> str:
    """The code under which records of a source table may be without any row; empty where none may be."""
    codes = (m.leaves_out for m in mappings(kind).values() if table in m.source_tables)
    return next((code for code in codes if code), "")
