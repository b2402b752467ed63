"""Sample sheets: which sample is whose. Read from a crosswalk source, beside crosswalk files.

A CSV or a LIMS export has a header with a column for the sample and one for the patient's number, by names that
laboratories use (`SAMPLE_COLUMNS`, `PATIENT_COLUMNS`) or that the source's options give; a PED file has six columns
(family, individual, father, mother, sex, phenotype), its individuals being samples and patients' numbers at once. Sex
and parents, in a PED file or in columns of a table, are told beside the ties. The source's authority assigns the
patients' numbers; its option `samples` names the authority of the samples, which is that of the VCF source.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.crosswalk import COLUMNS, KIND, Links
from contracts.errors import Fatal, Rejected
from contracts.identity import Identity, Link
from contracts.protocols import Place

SUFFIXES = (".csv", ".tsv", ".txt", ".ped", ".fam")
SAMPLE_COLUMNS = ("sample", "sample_id", "sampleid", "sample_name", "samplename", "vcf_sample", "lab_id")
PATIENT_COLUMNS = (
    "patient",
    "patient_id",
    "patientid",
    "subject",
    "subject_id",
    "mrn",
    "identifier",
    "case_id",
)
SEX_COLUMNS = ("sex", "sex_at_birth", "birth_sex", "reported_sex", "gender")
FATHER_COLUMNS = ("father", "father_id", "paternal_id", "father_sample")
MOTHER_COLUMNS = ("mother", "mother_id", "maternal_id", "mother_sample")
SEXES = {
    **dict.fromkeys(("1", "m", "male", "xy"), "male"),
    **dict.fromkeys(("2", "f", "female", "xx"), "female"),
}
_PED_COLUMNS = 6
_NOBODY = frozenset(["", "0", "."])


@dataclass(frozen=True)
class Sheet:
    """How a source's sheets are read.

    Attributes:
        samples: the authority of sample names.
        patients: the authority of patients' numbers.
        sample_column: its name, where it is none of `SAMPLE_COLUMNS`.
        patient_column: its name, where it is none of `PATIENT_COLUMNS`.
    """

    samples: str
    patients: str
    sample_column: str = ""
    patient_column: str = ""

    @staticmethod
    def of(authority: str, options: Mapping[str, str]) -> Sheet | None:
        """From a source's options; None where it has no option `samples`: its files are crosswalks.

        Raises:
            Fatal: an option that sheets do not have.
        """
        known = {"samples", "sample_column", "patient_column"}
        if unknown := sorted(options.keys() - known):
            raise Fatal("unknown option of a sample sheet", unknown[0], f"one of {', '.join(sorted(known))}")
        if not options.get("samples"):
            return None
        return Sheet(
            options["samples"], authority, options.get("sample_column", ""), options.get("patient_column", "")
        )


@dataclass(frozen=True)
class Individual:
    """What a sheet says of a sample beside whose it is. Patient data.

    Attributes:
        sample: its name.
        sex: "male", "female", or "".
        parents: names of the samples of father and mother, as far as they are told.
    """

    sample: str = field(repr=False)
    sex: str = field(default="", repr=False)
    parents: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Row:
    number: int
    individual: Individual
    patient: str


@dataclass
class SheetLinks(Links):
    """The ties of one sheet, and its individuals that are tied."""

    individuals: list[Individual] = field(default_factory=list, repr=False)


def is_crosswalk(place: Place) -> bool:
    """Whether the first line is a crosswalk's."""
    with place.open() as raw:
        first = raw.readline().decode("utf-8-sig", "replace")
    return set(COLUMNS) <= {name.strip().strip('"').lower() for name in first.split(",")}


def read_sheet(place: Place, sheet: Sheet) -> SheetLinks:
    """Read one sheet: a link for each row that ties a sample to a patient, and what the row says of the individual.

    Rows that tie nobody have the reasons `empty-identity` (a cell is empty) and `sample-of-two` (the sample stands
    with another number before: neither tie holds).

    Raises:
        Rejected: `missing-column`, `malformed-pedigree`, `invalid-utf8`.
    """
    with place.open() as raw:
        data = raw.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Rejected("invalid-utf8", "sample sheet", "save it as UTF-8") from None
    lines = text.splitlines()
    rows = _rows_of_table(lines, sheet)
    return _link(_rows_of_pedigree(lines) if rows is None else rows, sheet)


def _link(rows: Sequence[_Row], sheet: Sheet) -> SheetLinks:
    patients: dict[str, set[str]] = {}
    for row in rows:
        if row.individual.sample and row.patient:
            patients.setdefault(row.individual.sample, set()).add(row.patient)
    found = SheetLinks(count=len(rows))
    for row in rows:
        sample = row.individual.sample
        if not sample or not row.patient:
            found.rejected.append((row.number, "empty-identity"))
        elif len(patients[sample]) > 1:
            found.rejected.append((row.number, "sample-of-two"))
        else:
            one = Identity(sheet.samples, sample, kind=KIND)
            found.links.append(Link(one, Identity(sheet.patients, row.patient, kind=KIND)))
            found.individuals.append(row.individual)
    return found


def _rows_of_table(lines: list[str], sheet: Sheet) -> list[_Row] | None:
    """Row by row; None where the first line names no sample: then it is a PED file."""
    if not lines:
        raise Rejected("missing-column", "line 1", f"one of {', '.join(SAMPLE_COLUMNS)}")
    delimiter = max("\t;,", key=lines[0].count)
    names = [_plain(name) for name in next(csv.reader([lines[0]], delimiter=delimiter))]
    sample = _find(names, sheet.sample_column, SAMPLE_COLUMNS)
    patient = _find(names, sheet.patient_column, PATIENT_COLUMNS)
    if sample is None and patient is None and not sheet.sample_column:
        return None
    if sample is None or patient is None:
        missing, legal = ("sample", SAMPLE_COLUMNS) if sample is None else ("patient", PATIENT_COLUMNS)
        raise Rejected(
            "missing-column", f"column of the {missing}", f"one of {', '.join(legal)}, or the option"
        )
    others = [_find(names, "", known) for known in (SEX_COLUMNS, FATHER_COLUMNS, MOTHER_COLUMNS)]
    found = []
    for number, row in enumerate(csv.reader(lines[1:], delimiter=delimiter), 2):
        if any(cell.strip() for cell in row):
            one, other, sex, father, mother = (_cell(row, place) for place in (sample, patient, *others))
            found.append(_Row(number, _individual(one, sex, father, mother), "" if other == "." else other))
    return found


def _rows_of_pedigree(lines: list[str]) -> list[_Row]:
    found = []
    for number, line in enumerate(lines, 1):
        cells = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or line.startswith("#"):
            continue
        if len(cells) < _PED_COLUMNS:
            legal = "family, individual, father, mother, sex, phenotype; or a header that names the sample"
            raise Rejected("malformed-pedigree", f"line {number}", legal)
        name, father, mother, sex = (cell.strip() for cell in cells[1:5])
        individual = _individual(name, sex, father, mother)
        found.append(_Row(number, individual, individual.sample))
    return found


def _individual(name: str, sex: str, father: str, mother: str) -> Individual:
    parents = tuple(parent for parent in (father, mother) if parent not in _NOBODY)
    return Individual("" if name in _NOBODY else name, SEXES.get(sex.lower(), ""), parents)


def _cell(row: Sequence[str], place: int | None) -> str:
    return row[place].strip() if place is not None and place < len(row) else ""


def _plain(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _find(names: list[str], chosen: str, known: Sequence[str]) -> int | None:
    wanted = (_plain(chosen),) if chosen else known
    return next((names.index(name) for name in wanted if name in names), None)
