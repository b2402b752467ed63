"""The patient graph: codes of drugs, procedures and measurements are nodes, and every edge ends at a node."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from stores.lake import Lake
from tasks.deriving import derive_table
from tests.tasks.test_deriving import patient, publish

WHEN = date(2020, 1, 1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path, 2)
    publish(
        lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1)), patient(2, 8, datetime(2024, 1, 1))]
    )
    _measure(
        lake, [(7, "LOINC", "8867-4"), (7, "LOINC", "8867-4"), (8, "LOINC", "8867-4"), (7, None, "local")]
    )
    drug = {
        "drug_exposure_id": 1, "person_id": 7, "drug_concept_id": 0, "drug_exposure_start_date": WHEN,
        "drug_exposure_end_date": WHEN, "drug_type_concept_id": 32838, "drug_source_value": "314076",
        "source_vocabulary": "RxNorm", "source_display": "lisinopril 10 MG Oral Tablet",
    }  # fmt: skip
    condition = {
        "condition_occurrence_id": 2, "person_id": 7, "condition_concept_id": 0, "condition_start_date": WHEN,
        "condition_type_concept_id": 32817, "condition_source_value": "38341003", "source_vocabulary": "SNOMED",
    }  # fmt: skip
    publish(lake, "omop.drug_exposure", [drug, drug | {"drug_exposure_id": 3, "drug_source_value": None}])
    publish(lake, "omop.condition_occurrence", [condition, condition | {"condition_occurrence_id": 4}])
    return lake


def _measure(lake: Lake, codes: list[tuple[int, str | None, str]], round_no: int = 1) -> None:
    constant = {"measurement_concept_id": 0, "measurement_date": WHEN, "measurement_type_concept_id": 32817}
    rows: list[dict[str, Any]] = [
        {
            **constant,
            "measurement_id": 10 + n,
            "person_id": p,
            "source_vocabulary": v,
            "measurement_source_value": c,
        }
        for n, (p, v, c) in enumerate(codes)
    ]
    publish(lake, "omop.measurement", rows, round_no)


def _derive(lake: Lake, round_no: int = 1) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    for table in ("omop.person", "records.code", "graph.node", "graph.edge"):
        derive_table(lake, table, round_no)
    return lake.read("graph.node").to_pylist(), lake.read("graph.edge").to_pylist()


def test_codes_are_nodes_that_persons_share(lake: Lake) -> None:
    nodes, edges = _derive(lake)
    labels = {(n["kind"], n["label"]) for n in nodes if n["kind"].endswith("_code")}
    assert labels == {
        ("measurement_code", "8867-4"),
        ("measurement_code", "local"),
        ("drug_code", "lisinopril 10 MG Oral Tablet"),
        ("condition_code", "38341003"),
    }
    ids = [n["node_id"] for n in nodes]
    assert len(set(ids)) == len(ids) == 8
    assert {e[end] for e in edges for end in ("from_node", "to_node")} <= set(ids), "no edge to nowhere"
    assert len({e["edge_id"] for e in edges}) == len(edges)
    [pulse] = [n["node_id"] for n in nodes if n["label"] == "8867-4"]
    assert sorted(e["from_node"] for e in edges if e["to_node"] == pulse) == [7, 8]
    kinds = sorted(e["kind"] for e in edges)
    assert kinds == ["had_measurement"] * 3 + ["has_condition"] * 2 + ["is_a"] * 2 + ["took_drug"]


def test_a_code_that_nobody_has_any_more_leaves_the_graph(lake: Lake) -> None:
    _derive(lake)
    lake.replace("omop.measurement", "ward", [4], [], publish=("ward:omop.measurement", 2))
    nodes, edges = _derive(lake, 2)
    assert "local" not in {n["label"] for n in nodes}
    assert sum(e["kind"] == "had_measurement" for e in edges) == 2
