"""A small vocabulary download, as Athena ships it and as an OMOP export has it. Ids are from OMOP's range for sites."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

SITE = 2_000_000_000
CONCEPT = (
    "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept concept_code "
    "valid_start_date valid_end_date invalid_reason"
).split()
RELATIONSHIP = (
    "concept_id_1 concept_id_2 relationship_id valid_start_date valid_end_date invalid_reason".split()
)
_EVER = ("19700101", "20991231")


ANCESTOR = (
    "ancestor_concept_id",
    "descendant_concept_id",
    "min_levels_of_separation",
    "max_levels_of_separation",
)
SYNONYM = ("concept_id", "concept_synonym_name", "language_concept_id")
STRENGTH = (
    "drug_concept_id ingredient_concept_id amount_value amount_unit_concept_id numerator_value "
    "numerator_unit_concept_id denominator_value denominator_unit_concept_id box_size valid_start_date "
    "valid_end_date invalid_reason"
).split()


def concept(
    number: int,
    vocabulary: str,
    code: str,
    domain: str,
    standard: str = "S",
    invalid: str = "",
    name: str = "a name",
    ends: str = _EVER[1],
    kind: str = "Class",
) -> tuple[str, ...]:
    return (str(SITE + number), name, domain, vocabulary, kind, standard, code, _EVER[0], ends, invalid)


def link(source: int, target: int, relationship: str = "Maps to", invalid: str = "") -> tuple[str, ...]:
    return (str(SITE + source), str(SITE + target), relationship, *_EVER, invalid)


CONCEPTS = [
    concept(1, "SNOMED", "44054006", "Condition", name='Diabetes "type 2" without the closing quote"'),
    concept(2, "SNOMED", "111", "Condition", name="a name with\ta tab"),
    concept(3, "SNOMED", "222", "Observation", name='History of "event'),
    concept(4, "SNOMED", "333", "Measurement"),
    concept(5, "SNOMED", "444", "Condition", "", "U"),  # replaced, and mapped to nothing
    concept(6, "SNOMED", "555", "Condition", "", "U"),  # replaced by the one before
    concept(7, "SNOMED", "666", "Condition", "", "D"),
    concept(10, "ICD10CM", "E11.9", "Condition", ""),  # to one
    concept(11, "ICD10CM", "I15.0", "Condition", ""),  # to two
    concept(12, "ICD10CM", "Z86.7", "Observation", ""),  # to one with a value
    concept(13, "ICD10CM", "R99", "Condition", ""),  # to one that is not here
    concept(14, "ICD10CM", "Q00", "Condition/Meas", ""),  # to none
    concept(20, "NDC", "00069015001", "Drug", ""),
    concept(21, "RxNorm", "313", "Drug"),
    concept(22, "RxNorm", "1191", "Drug", kind="Ingredient"),
    concept(23, "RxNorm", "1192", "Drug", "", "U", kind="Ingredient"),  # no standard concept any more
    concept(30, "UCUM", "mg/dL", "Unit"),
    concept(31, "UCUM", "MG/DL", "Unit"),
    concept(40, "HCPCS", "A0001", "Device", "", "D", ends="19991231"),  # a code that was used again
    concept(41, "HCPCS", "A0001", "Procedure"),
]
LINKS = [
    link(1, 1),
    link(10, 1),
    link(10, 2, invalid="D"),
    link(11, 1),
    link(11, 4),
    link(11, 1, "Is a"),
    link(12, 3),
    link(12, 1, "Maps to value"),
    link(13, 999),
    link(20, 21),
    link(7, 5),  # what maps to a concept that is not standard maps to nothing
    link(6, 5, "Concept replaced by"),
    link(5, 2, "Concept replaced by"),
]
ANCESTORS = [(SITE + a, SITE + d, 1, 1) for a, d in ((22, 21), (22, 22), (23, 21), (1, 2), (22, 998))]
SYNONYMS = [
    (SITE + 1, 'NIDDM, "adult onset', 4180186), (SITE + 1, "type 2 with\ta tab", 4180186), (SITE + 998, "x", 4180186),
]  # fmt: skip
STRENGTHS = [
    (SITE + 21, SITE + 22, "81", "8576", "", "", "", "", "", *_EVER, ""),
    (SITE + 21, SITE + 22, "", "", ".5", "8576", "", "8505", "", *_EVER, ""),
    (SITE + 21, SITE + 22, "1", "8576", "", "", "", "", "", *_EVER, "D"),
    (SITE + 998, SITE + 22, "1", "8576", "", "", "", "", "", *_EVER, ""),
]
VERSIONS = [("None", "v5.0 01-JAN-26"), ("SNOMED", "2025-09-01"), ("UCUM", "1.8.2")]


def write_athena(folder: Path, concepts: list[tuple[str, ...]] = CONCEPTS) -> Path:
    """Tabs, no quoting: what stands in a name stands in the file."""
    folder.mkdir(parents=True)
    for name, columns, rows in _tables(concepts):
        lines = ["\t".join(columns), *("\t".join(row) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "DRUG_STRENGTH_NOTES.csv").write_text("not\tread\n")
    return folder


def write_omop(folder: Path) -> Path:
    """Commas, quotes and dates with dashes, in a zip with stray files, in another order."""
    folder.mkdir(parents=True)
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._CONCEPT.csv", b"\x00\x05\x16\x07")
        for name, columns, rows in _tables(CONCEPTS):
            lines = [columns, *([_dashed(cell) for cell in row] for row in reversed(rows))]
            inner = folder / name
            with inner.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, quoting=csv.QUOTE_ALL).writerows(lines)
            archive.write(inner, f"vocabulary/{name.lower()}.csv")
    return path


def _tables(concepts: list[tuple[str, ...]]) -> list[tuple[str, list[str], list[tuple[str, ...]]]]:
    return [
        ("CONCEPT", CONCEPT, concepts),
        ("CONCEPT_RELATIONSHIP", RELATIONSHIP, LINKS),
        (
            "VOCABULARY",
            ["vocabulary_id", "vocabulary_name", "vocabulary_version"],
            [(v, "x", w) for v, w in VERSIONS],
        ),
        *(
            (name, list(columns), [tuple(str(cell) for cell in row) for row in rows])
            for name, columns, rows in (
                ("CONCEPT_ANCESTOR", ANCESTOR, ANCESTORS),
                ("CONCEPT_SYNONYM", SYNONYM, SYNONYMS),
                ("DRUG_STRENGTH", STRENGTH, STRENGTHS),
            )
        ),
    ]


def _dashed(cell: str) -> str:
    dated = len(cell) == 8 and cell.isdigit() and cell[:2] in {"19", "20"} and cell != "44054006"
    return f"{cell[:4]}-{cell[4:6]}-{cell[6:]}" if dated else cell
