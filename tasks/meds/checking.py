"""Does a data set keep the rules of MEDS 0.4: its schemas, and what they do not hold.

Reads a shard's row group at a time; of the whole set only the ids of subjects and the codes are in memory. Of values
nothing is told: a finding names a file and a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import Fatal
from contracts.protocols import Finding

_COLUMNS = ["subject_id", "time", "code"]
_STATIC = np.iinfo(np.int64).min


@dataclass
class Checked:
    """What a check found.

    Attributes:
        findings: what is wrong, at most one of each rule for a file.
        shards: how many there are.
        subjects: with events.
        events: rows.
        codes: in the table of codes.
    """

    findings: list[Finding] = field(default_factory=list)
    shards: int = 0
    subjects: int = 0
    events: int = 0
    codes: int = 0

    @property
    def errors(self) -> int:
        """How many findings break a rule."""
        return sum(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        counts = {name: getattr(self, name) for name in ("shards", "subjects", "events", "codes")}
        return {**counts, "errors": self.errors, "findings": [vars(finding) for finding in self.findings]}

    def add(self, rule: str, message: str, where: str, severity: str = "error") -> None:
        """Note a finding."""
        self.findings.append(Finding(severity, rule, message, where))


def check_meds(root: Path) -> Checked:
    """Check the data set in a folder.

    Raises:
        Fatal: there is none.
    """
    from meds.schema import data_subdirectory

    data = root / data_subdirectory
    shards = sorted(data.rglob("*.parquet")) if data.is_dir() else []
    if not data.is_dir():
        raise Fatal("this folder holds no MEDS data set", "meds", "a folder with data/ and metadata/")
    checked = Checked(shards=len(shards))
    _check_dataset(root, checked)
    codes = _read_codes(root, checked)
    splits = _read_splits(root, checked)
    seen: dict[str, np.ndarray] = {}
    for path in shards:
        name = path.relative_to(data).with_suffix("").as_posix()
        seen[name] = _Shard(name, checked, codes).check(path)
    _check_subjects(seen, splits, checked)
    return checked


def _check_dataset(root: Path, checked: Checked) -> None:
    from meds.schema import DatasetMetadataSchema, dataset_metadata_filepath

    try:
        values = json.loads((root / dataset_metadata_filepath).read_bytes())
    except FileNotFoundError:
        checked.add(
            "metadata", "it is missing: an export is at work, or broke off", dataset_metadata_filepath
        )
        return
    except ValueError:
        checked.add("metadata", "it is no JSON", dataset_metadata_filepath)
        return
    _validate(lambda: DatasetMetadataSchema.validate(values), checked, dataset_metadata_filepath)
    stated = str(values.get("meds_version", "") if isinstance(values, dict) else "")
    known = version("meds")
    if stated.split(".")[:2] != known.split(".")[:2]:
        checked.add("version", f"not of MEDS {known}", dataset_metadata_filepath, "warning")


def _read_codes(root: Path, checked: Checked) -> set[str]:
    from meds.schema import CodeMetadataSchema, code_metadata_filepath

    table = _read_table(
        root / code_metadata_filepath, checked, CodeMetadataSchema.validate, code_metadata_filepath
    )
    codes = table["code"].to_pylist() if table is not None and "code" in table.schema.names else []
    known = set(codes)
    checked.codes = len(known)
    if len(known) < len(codes):
        checked.add("codes once", "a code occurs twice", code_metadata_filepath)
    return known


def _read_splits(root: Path, checked: Checked) -> dict[int, str] | None:
    """The split of each subject; None where the file is missing, which the standard allows."""
    from meds.schema import SubjectSplitSchema, subject_splits_filepath

    if not (root / subject_splits_filepath).is_file():
        checked.add("splits", "subjects are not split", subject_splits_filepath, "warning")
        return None
    table = _read_table(
        root / subject_splits_filepath, checked, SubjectSplitSchema.validate, subject_splits_filepath
    )
    if table is None:
        return None
    found = dict(zip(table["subject_id"].to_pylist(), table["split"].to_pylist(), strict=True))
    if len(found) < table.num_rows:
        checked.add("splits once", "a subject has two splits", subject_splits_filepath)
    return found


def _read_table(
    path: Path, checked: Checked, validate: Callable[[pa.Table], Any], where: str
) -> pa.Table | None:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        checked.add("readable", "it is missing, or no Parquet", where)
        return None
    return table if _validate(lambda: validate(table), checked, where) else None


def _validate(validate: Callable[[], Any], checked: Checked, where: str) -> bool:
    """Ask the standard's own package. Its messages name columns and types; those of JSON may quote a value."""
    from flexible_schema import SchemaValidationError, TableValidationError

    try:
        validate()
    except (SchemaValidationError, TableValidationError) as error:
        quotes = where.endswith(".json")
        checked.add("schema", "not of the standard's schema" if quotes else str(error), where)
        return False
    return True


class _Shard:
    """Checks one shard, batch after batch: what went before is carried along."""

    def __init__(self, name: str, checked: Checked, codes: set[str]) -> None:
        self._name, self._checked, self._codes = name, checked, codes
        self._told: set[str] = set()
        self._rows = 0
        self._last: tuple[int, int] | None = None
        self._subjects: list[np.ndarray] = []

    def check(self, path: Path) -> np.ndarray:
        """Check the file; returns its subjects, one for each run of rows of one subject."""
        try:
            for table in _tables(path):
                self._check(table)
        except (OSError, pa.ArrowException):
            self._tell("readable", "no whole Parquet file")
        found = np.concatenate([np.zeros(0, np.int64), *self._subjects])
        subjects = np.unique(found)
        if len(subjects) < len(found):
            self._tell("contiguous", "a subject's rows do not follow each other")
        return subjects

    def _check(self, table: pa.Table) -> None:
        from meds.schema import DataSchema

        if not _validate(lambda: DataSchema.validate(table), self._checked, f"data/{self._name}"):
            self._told.add("schema")
            return
        unknown = set(table["code"].unique().to_pylist()) - self._codes
        if unknown:
            self._tell("codes known", f"{len(unknown)} codes are not in the table of codes")
        if "" in table["code"].unique().to_pylist():
            self._tell("codes named", "a code is empty")
        self._check_order(table)
        self._rows += table.num_rows
        self._checked.events += table.num_rows

    def _check_order(self, table: pa.Table) -> None:
        if not table.num_rows:
            return
        subjects = np.asarray(table["subject_id"])
        times = np.asarray(table["time"].cast(pa.int64()).fill_null(_STATIC))
        new = np.diff(subjects, prepend=subjects[0]) != 0
        before = np.concatenate([[times[0]], times[:-1]])
        if self._last is None or self._last[0] != subjects[0]:
            new[0] = True
        else:
            before[0] = self._last[1]
        early = ~new & (times < before)
        if early.any():
            row = self._rows + int(np.flatnonzero(early)[0])
            static = times[early][0] == _STATIC
            rule, message = ("static first", "a static row follows one with a time") if static else (
                "sorted", "a row is earlier than the one before it")  # fmt: skip
            self._tell(rule, f"{message}: row {row}")
        self._subjects.append(subjects[new])
        self._last = (int(subjects[-1]), int(times[-1]))

    def _tell(self, rule: str, message: str) -> None:
        if rule not in self._told:
            self._told.add(rule)
            self._checked.add(rule, message, f"data/{self._name}")


def _tables(path: Path) -> Iterator[pa.Table]:
    """A shard's row groups; the file's columns whole, so that the schema is judged, but large texts are not read."""
    with pq.ParquetFile(path) as parquet:
        empty = parquet.schema_arrow.empty_table()
        wanted = [name for name in parquet.schema_arrow.names if name in _COLUMNS]
        if not parquet.num_row_groups:
            yield empty
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, columns=wanted)
            for name in (n for n in empty.schema.names if n not in wanted):
                table = table.append_column(
                    empty.schema.field(name), pa.nulls(table.num_rows, empty.schema.field(name).type)
                )
            yield table


def _check_subjects(seen: dict[str, np.ndarray], splits: dict[int, str] | None, checked: Checked) -> None:
    """Each subject in one shard, and in the split that its shard's folder names."""
    together = np.concatenate([np.zeros(0, np.int64), *seen.values()])
    subjects, counts = np.unique(together, return_counts=True)
    checked.subjects = len(subjects)
    if (counts > 1).any():
        checked.add("one shard", f"{int((counts > 1).sum())} subjects are in several shards", "data")
    if splits is None:
        return
    where = "metadata/subject_splits.parquet"
    lacking = sum(subject not in splits for subject in subjects.tolist())
    if lacking:
        checked.add("splits cover", f"{lacking} subjects have no split", where)
    if extra := len(splits.keys() - set(subjects.tolist())):
        checked.add("splits without events", f"{extra} subjects have a split and no events", where, "warning")
    named = set(splits.values())
    for name, found in seen.items():
        folder = name.split("/")[0]
        if folder in named and "/" in name and any(splits.get(s, folder) != folder for s in found.tolist()):
            checked.add("split of shard", "a subject of another split", f"data/{name}")
