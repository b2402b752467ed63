"""What follows from several FHIR resources is the same whatever the order of files and nights, and follows changes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.fhir.lines import Chunk
from connectors.fhir.read import Context, read_chunk
from contracts.identity import Person, encode_subject
from contracts.keys import Key
from contracts.privacy import Profile
from contracts.schemas import table_named
from contracts.schemas.fhir import TABLES
from stores.lake import Lake
from tasks.concepts import Concept, NoVocabulary, Pair
from tasks.deidentification.engine import Deidentifier
from tasks.deriving import derive_table
from tasks.referring import THING, Resolver, resolve_referring
from tasks.standardising import map_rows
from tasks.visit_parts import (
    DETAIL,
    RESOLVED,
    VISIT,
    read_parts,
    resolve_visits,
    settled_rows,
    settled_tables,
)

KEY, AUTHORITY, WARD = Key("test", b"\x01" * 32), "hospital-a", "ward"
PATIENT = encode_subject(AUTHORITY, "p1", "fhir")
PERSON = Person(person_id=77, shift_days=0)
ABOUT = {"subject": {"reference": "Patient/p1"}}
RXNORM, NDC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
SNOMED = "http://snomed.info/sct"
Json = dict[str, Any]


def encounter(name: str, days: tuple[int, int], part_of: str = "") -> Json:
    more = {"partOf": {"reference": f"Encounter/{part_of}"}} if part_of else {}
    period = {"start": f"2024-03-{days[0]:02}T08:00:00Z", "end": f"2024-03-{days[1]:02}T08:00:00Z"}
    return {
        "resourceType": "Encounter", "id": name, "status": "finished", "class": {"code": "IMP"}, "period": period,
        **ABOUT, **more,
    }  # fmt: skip


def condition(name: str, where: str) -> Json:
    code = {"coding": [{"system": SNOMED, "code": "44054006", "display": "Diabetes mellitus type 2"}]}
    return {
        "resourceType": "Condition", "id": name, **ABOUT, "code": code,
        "encounter": {"reference": f"Encounter/{where}"}, "onsetDateTime": "2024-03-02",
    }  # fmt: skip


def medication(name: str, *codings: tuple[str, str]) -> Json:
    listed = [{"system": system, "code": code, "display": f"words of {code}"} for system, code in codings]
    return {"resourceType": "Medication", "id": name, "code": {"coding": listed}}


def request(name: str, drug: str, where: str) -> Json:
    return {
        "resourceType": "MedicationRequest", "id": name, "status": "active", "intent": "order", **ABOUT,
        "medicationReference": {"reference": f"Medication/{drug}"}, "authoredOn": "2024-03-02",
        "encounter": {"reference": f"Encounter/{where}"},
    }  # fmt: skip


DEVICE = {
    "resourceType": "Device", "id": "d1", "patient": {"reference": "Patient/p1"},
    "type": {"coding": [{"system": SNOMED, "code": "706004007", "display": "Implantable cardiac pacemaker"}]},
}  # fmt: skip
USE = {
    "resourceType": "DeviceUseStatement", "id": "u1", "status": "active", **ABOUT,
    "device": {"reference": "Device/d1"}, "timingDateTime": "2024-03-03",
}  # fmt: skip
STAY = [encounter("stay", (1, 6)), encounter("unit", (2, 4), "stay"), encounter("bed", (2, 3), "unit")]
EVENTS = [
    condition("c1", "stay"),
    condition("c2", "unit"),
    condition("c3", "bed"),
    request("r1", "m1", "bed"),
]
DRUG = medication("m1", (NDC, "00006-0074-31"), (RXNORM, "314076"))


class Known(NoVocabulary):
    """Says what codes are, as a loaded vocabulary does."""

    def __init__(self, found: Mapping[Pair, tuple[Concept, ...]]) -> None:
        self._found = found

    def concepts_of(self, codes: Iterable[Pair]) -> dict[Pair, tuple[Concept, ...]]:
        return {pair: self._found[pair] for pair in codes if pair in self._found}


class Nights:
    """A lake that is told FHIR resources night by night, each as a file of its own."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.number, self.vocabulary = lake, 0, NoVocabulary()

    def pass_over(self, *resources: Json, gone: Iterable[tuple[str, str]] = ()) -> bool:
        """Publish the resources, take back those that are gone, resolve; whether that changed anything."""
        self.number += 1
        changed = self._publish(resources) if resources else False
        for kind, name in gone:
            owner = KEY.id63("owner", AUTHORITY, kind, name)
            for table in self.lake.tables():
                publish = self.lake.next_publication(table, f"gone:{table}", self.number)
                changed |= self.lake.replace(table, WARD, [owner], [], publish=publish).changed
        receipts = resolve_visits(self.lake, [WARD], self.number)
        derive_table(self.lake, THING, self.number)
        resolver = Resolver(self.vocabulary, {"vocabulary": type(self.vocabulary).__name__}, Profile.EXPERT)
        receipts += resolve_referring(self.lake, resolver, self.number)
        return changed | any(receipt.changed for receipt in receipts)

    def _publish(self, resources: Sequence[Json]) -> bool:
        changed = False
        owners = [KEY.id63("owner", AUTHORITY, r["resourceType"], r["id"]) for r in resources]
        made = _rows(b"".join(json.dumps(resource).encode() + b"\n" for resource in resources))
        # a record that changes its table leaves the one where it was
        for table in sorted({*made, *self.lake.tables()} - {THING}, key=lambda t: (table_named(t).order, t)):
            batches: Iterable[pa.RecordBatch] = made[table].to_batches() if table in made else []
            if table in settled_tables():
                batches = settled_rows(self.lake, table, batches)
            publish = self.lake.next_publication(table, f"{WARD}:{table}", self.number)
            changed |= self.lake.replace(table, WARD, owners, batches, publish=publish).changed
        return changed

    def rows(self, table: str) -> list[Json]:
        key = table_named(table).key[0]
        return sorted(self.lake.read(table).to_pylist(), key=lambda row: row[key])

    def visits_of(self, table: str = "omop.condition_occurrence") -> dict[int, tuple[int | None, int | None]]:
        names = (table_named(table).key[0], "visit_occurrence_id", "visit_detail_id")
        return {row[names[0]]: (row[names[1]], row[names[2]]) for row in self.rows(table)}


def _rows(data: bytes) -> dict[str, pa.Table]:
    deid = Deidentifier(
        KEY, Profile.EXPERT, {PATIENT: PERSON}, today=date(2026, 1, 1), source_authority=AUTHORITY
    )
    found: dict[str, list[pa.Table]] = {}
    for table, rows in read_chunk(Chunk(data, 0, 1), Context(AUTHORITY, "UTC", KEY)):
        for target, made in map_rows("fhir", table, deid.apply(rows, TABLES[table]), Profile.EXPERT).items():
            kept = made.drop_columns(["_record", "_version", "_digest"])
            recipe = pa.array(["r"] * kept.num_rows, pa.string())
            found.setdefault(target, []).append(kept.append_column("_recipe", recipe))
    return {target: pa.concat_tables(tables) for target, tables in found.items()}


def visit(name: str) -> int:
    return KEY.id63("Encounter", f"{AUTHORITY}\x1f{name}")


def id_of(kind: str, name: str) -> int:
    return KEY.id63(kind, f"{AUTHORITY}\x1f{name}")


EXPECTED = {
    id_of("Condition", "c1"): (visit("stay"), None),
    id_of("Condition", "c2"): (visit("stay"), visit("unit")),
    id_of("Condition", "c3"): (visit("stay"), visit("bed")),
}


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(Lake(tmp_path, 2))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_what_happened_in_a_part_belongs_to_the_visit(nights: Nights, order: tuple[int, ...]) -> None:
    """Two nights (the second one brings two files), in every order of the stay, its parts and the events."""
    files = [STAY[:1], STAY[1:], [*EVENTS, DRUG]]
    first, *others = (files[n] for n in order)
    nights.pass_over(*first)
    nights.pass_over(*(resource for resources in others for resource in resources))
    assert nights.visits_of() == EXPECTED
    (drug,) = nights.rows("omop.drug_exposure")
    assert (drug["visit_occurrence_id"], drug["visit_detail_id"]) == (visit("stay"), visit("bed"))
    (stay,) = nights.rows(VISIT)
    assert (stay["visit_occurrence_id"], stay["visit_end_date"]) == (visit("stay"), date(2024, 3, 6))
    details = {r["visit_detail_id"]: r for r in nights.rows(DETAIL)}
    assert {d["visit_occurrence_id"] for d in details.values()} == {visit("stay")}
    assert details[visit("bed")]["parent_visit_detail_id"] == visit("unit")
    assert details[visit("unit")]["parent_visit_detail_id"] is None
    version = nights.lake.versions()
    assert not nights.pass_over(*STAY, *EVENTS, DRUG), "the same again changes nothing"
    assert nights.lake.versions() == version


def test_a_visit_of_which_only_parts_are_there_has_a_row_until_its_own_comes(nights: Nights) -> None:
    nights.pass_over(*EVENTS, *STAY[1:])
    assert nights.visits_of() == EXPECTED
    (stand_in,) = nights.rows(VISIT)
    assert (stand_in["visit_occurrence_id"], stand_in["person_id"]) == (visit("stay"), 77)
    assert (stand_in["visit_start_date"], stand_in["visit_end_date"]) == (date(2024, 3, 2), date(2024, 3, 4))
    nights.pass_over(STAY[0])
    (stay,) = nights.rows(VISIT)
    assert stay["visit_end_date"] == date(2024, 3, 6)
    nights.pass_over(gone=[("Encounter", "stay")])
    assert nights.rows(VISIT) == [stand_in]


def test_a_correction_of_a_part_is_followed(nights: Nights) -> None:
    nights.pass_over(*STAY, *EVENTS)
    other = encounter("other", (1, 9))
    nights.pass_over(other, encounter("unit", (2, 4), "other"))
    assert nights.visits_of()[id_of("Condition", "c3")] == (visit("other"), visit("bed"))
    nights.pass_over(encounter("unit", (2, 4)))  # it stands alone now, and its bed is a part of it
    assert nights.visits_of()[id_of("Condition", "c2")] == (visit("unit"), None)
    assert nights.visits_of()[id_of("Condition", "c3")] == (visit("unit"), visit("bed"))
    nights.pass_over(*STAY)
    assert nights.visits_of() == EXPECTED


def test_parts_of_each_other_end(nights: Nights) -> None:
    nights.pass_over(
        encounter("a", (1, 2), "b"),
        encounter("b", (1, 3), "a"),
        encounter("c", (1, 4), "a"),
        condition("c1", "c"),
    )
    root = min(visit("a"), visit("b"))
    assert set(read_parts(nights.lake).roots.tolist()) == {root}
    assert [row["visit_occurrence_id"] for row in nights.rows(VISIT)] == [root]
    assert nights.visits_of() == {id_of("Condition", "c1"): (root, visit("c"))}


@pytest.mark.parametrize("thing_first", [True, False])
def test_a_drug_told_elsewhere_reaches_the_exposure(nights: Nights, thing_first: bool) -> None:
    told = [[DRUG, DEVICE], [EVENTS[3], USE]]
    for resources in told if thing_first else told[::-1]:
        nights.pass_over(*resources)
    (drug,), (device,) = nights.rows("omop.drug_exposure"), nights.rows("omop.device_exposure")
    assert (drug["drug_source_value"], drug["source_vocabulary"]) == ("314076", "RxNorm"), (
        "the standard coding"
    )
    assert drug["source_display"] == "words of 314076" and drug["drug_type_concept_id"] == 32838
    assert drug["drug_exposure_id"] == id_of("MedicationRequest", "r1") and drug["person_id"] == 77
    assert (device["device_source_value"], device["source_vocabulary"]) == ("706004007", "SNOMED")
    assert len(nights.lake.owners("omop.drug_exposure", RESOLVED)) == 1
    assert not nights.pass_over(DRUG, EVENTS[3])


def test_until_a_thing_is_known_its_id_stands_for_it(nights: Nights) -> None:
    nights.pass_over(EVENTS[3])
    (drug,) = nights.rows("omop.drug_exposure")
    assert (drug["source_vocabulary"], drug["drug_source_value"]) == (
        "Medication",
        str(id_of("Medication", "m1")),
    )
    nights.pass_over(DRUG)
    nights.pass_over(gone=[("Medication", "m1")])
    assert nights.rows("omop.drug_exposure") == [drug]
    nights.pass_over(gone=[("MedicationRequest", "r1")])
    assert nights.rows("omop.drug_exposure") == []


def test_a_code_goes_to_each_table_of_its_concepts(nights: Nights) -> None:
    nights.pass_over(EVENTS[3], medication("m1", (NDC, "1")))
    nights.vocabulary = Known(
        {("NDC", "1"): (Concept(11, 9, "Drug"), Concept(12, 9, "Drug"), Concept(13, 9, "Device"))}
    )
    nights.pass_over()
    drugs, (device,) = nights.rows("omop.drug_exposure"), nights.rows("omop.device_exposure")
    assert sorted(row["drug_concept_id"] for row in drugs) == [11, 12] and device["device_concept_id"] == 13
    assert {row["drug_source_concept_id"] for row in drugs} == {9} == {device["device_source_concept_id"]}
    nights.vocabulary = NoVocabulary()
    nights.pass_over()
    assert [row["drug_concept_id"] for row in nights.rows("omop.drug_exposure")] == [0]
    assert nights.rows("omop.device_exposure") == []


def test_sources_that_state_details_themselves_stay_as_they_are(nights: Nights) -> None:
    nights.pass_over(*STAY)
    row = {
        **dict.fromkeys(table_named("omop.condition_occurrence").schema.names),
        "condition_occurrence_id": 1,
    }
    row |= {"person_id": 7, "condition_concept_id": 0, "condition_start_date": date(2024, 1, 1)}
    row |= {"condition_type_concept_id": 32817, "visit_occurrence_id": 5, "visit_detail_id": 6}
    rows = pa.Table.from_pylist(
        [{**row, "_owner": 1, "_recipe": "r"}],
        schema=pa.schema(
            [
                *table_named("omop.condition_occurrence").schema,
                ("_owner", pa.int64()),
                ("_recipe", pa.string()),
            ]
        ),
    )
    nights.lake.replace("omop.condition_occurrence", "cdm", [1], rows.to_batches(), publish=("cdm", 1))
    nights.pass_over()
    assert nights.visits_of() == {1: (5, 6)}
