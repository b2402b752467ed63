from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import Fatal
from retrieval.patient import list_persons, patient_record
from retrieval.reader import Reader
from retrieval.variants import _genes


def test_a_record_holds_every_row_of_the_person(reader: Reader) -> None:
    for person in list_persons(reader, 5):
        record = patient_record(reader, person["person_id"])
        kinds = [event.kind for event in record.events]
        for kind, what in (
            ("visit", "visits"),
            ("condition", "conditions"),
            ("note", "notes"),
            ("study", "studies"),
        ):
            assert kinds.count(kind) == record.counts[what] == person[what]


def test_linked_disguises_are_one_record(reader: Reader) -> None:
    """The crosswalk joins health record, images and samples: one person's record holds all of them."""
    best = list_persons(reader, 1)[0]
    assert min(best[what] for what in ("visits", "notes", "studies", "samples")) >= 1
    record = patient_record(reader, best["person_id"])
    assert record.year_of_birth is not None and record.sex in {"male", "female"}
    assert {"visit", "condition", "note", "study"} <= {event.kind for event in record.events}
    assert record.variants.total > 0


def test_events_are_in_time_order(reader: Reader) -> None:
    for person in list_persons(reader, 5):
        events = patient_record(reader, person["person_id"]).events
        days = [event.date for event in events if event.date is not None]
        assert days == sorted(days)


def test_a_death_ends_the_day(reader: Reader) -> None:
    person = reader.rows("SELECT person_id FROM omop.death LIMIT 1")[0]["person_id"]
    events = patient_record(reader, person).events
    death = next(event for event in events if event.kind == "death")
    assert all(
        event.date is None or event.date > death.date
        for event in events[events.index(death) + 1 :]
        if death.date
    )


def test_an_unknown_person_is_an_error_that_helps(reader: Reader) -> None:
    with pytest.raises(Fatal, match=r"person 5: .*no person.*patient --list.*search"):
        patient_record(reader, 5)


def _expected_variants(reader: Reader, person_id: int) -> set[tuple[int, str]]:
    """Worked out in plain Python, from whole tables."""
    samples = reader.rows(
        "SELECT file_id, sample_index FROM genomics.sample WHERE person_id = ?", [person_id]
    )
    places = {(row["file_id"], row["sample_index"]) for row in samples}
    found = set()
    for call in reader.rows("SELECT record_id, file_id, genotype, phased FROM genomics.call"):
        for file_id, index in places:
            alleles = call["genotype"][index] if call["file_id"] == file_id else None
            if alleles and any(a is not None and a > 0 for a in alleles):
                mark = "|" if call["phased"][index] else "/"
                found.add((call["record_id"], mark.join("." if a is None else str(a) for a in alleles)))
    return found


def test_variants_are_those_that_differ_from_the_reference(reader: Reader) -> None:
    persons = [p["person_id"] for p in list_persons(reader) if p["samples"]][:3]
    assert persons
    for person in persons:
        summary = patient_record(reader, person, most_variants=None).variants
        assert {(v.record_id, v.genotype) for v in summary.listed} == _expected_variants(reader, person)
        assert summary.total == len(summary.listed)
        few = patient_record(reader, person, most_variants=3).variants
        assert few.listed == summary.listed[:3] and few.total == summary.total


def test_variants_with_genes_or_names_come_first(reader: Reader) -> None:
    person = next(p["person_id"] for p in list_persons(reader) if p["samples"])
    listed = patient_record(reader, person, most_variants=None).variants.listed
    named = [bool(v.genes or v.identifiers) for v in listed]
    assert named == sorted(named, reverse=True)
    assert any("rs" in name for v in listed for name in v.identifiers) and any(v.genes for v in listed)


@pytest.mark.parametrize(
    ("column", "value", "csq", "genes"),
    [
        ("info_GENE_string", "EGFR", None, ["EGFR"]),
        ("info_GENEINFO", "BRCA1:672|NBR2:10230", None, ["BRCA1", "NBR2"]),
        ("info_ANN_string_list", ["T|missense_variant|MODERATE|TP53|x"], None, ["TP53"]),
        ("info_CSQ_string_list", ["T|intron_variant|CFTR", "A|x|"], 2, ["CFTR"]),
        ("info_CSQ_string_list", ["T|intron_variant|CFTR"], None, []),
        ("info_SYMBOL", ".", None, []),
        ("info_GENE", None, None, []),
    ],
)
def test_genes_are_found_where_annotators_put_them(
    column: str, value: Any, csq: int | None, genes: list[str]
) -> None:
    assert _genes(column, value, csq) == genes


def test_a_record_as_json_is_plain(reader: Reader) -> None:
    person = list_persons(reader, 1)[0]["person_id"]
    data = patient_record(reader, person).to_json()
    assert data["person_id"] == person
    assert isinstance(data["events"][0], dict) and isinstance(data["variants"], dict)
