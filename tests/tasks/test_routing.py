"""Routing: each event to the tables of its concepts' domains, whatever batch it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.privacy import Profile
from contracts.schemas.events import DOMAINS, EVENT, ROUTED
from stores.home import create_home
from stores.vocabulary_load import load_vocabulary
from stores.vocabulary_site import COLUMNS, NAME, SiteCode, SiteMap, read_site_map
from tasks.concepts import (
    Concept,
    LoadedVocabulary,
    NoVocabulary,
    Vocabulary,
    Watched,
    adopt_vocabulary,
    open_vocabulary,
)
from tasks.routing import OPERATORS, route_events, table_of
from tests.stores.downloads import SITE, write_athena

LOCAL = "http://hospital/codes"
_REQUIRED = {"person_id": 1, "domain": "Condition", "type_concept_id": 32817, "start_date": date(2024, 1, 2)}


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> LoadedVocabulary:
    root = tmp_path_factory.mktemp("vocabulary")
    site = {
        LOCAL: {
            "GLU": SiteCode((SITE + 4,)),
            "OLD": SiteCode((SITE + 11,), 7),  # not standard itself
            "FAR": SiteCode((12,)),  # in no vocabulary that is loaded
            "BAD": SiteCode((SITE + 7,)),  # means nothing
        },
        "": {"words alone": SiteCode((SITE + 1, SITE + 4))},
        "SNOMED": {"44054006": SiteCode((SITE + 2,))},
    }
    return LoadedVocabulary(load_vocabulary(root / "built", write_athena(root / "download")), SiteMap(site))


def events(rows: Sequence[dict[str, Any]]) -> pa.Table:
    blank = dict.fromkeys(EVENT.names)
    filled = [{**blank, **_REQUIRED, "event_id": n + 1, "_record": n, **row} for n, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema=EVENT.append(pa.field("_record", pa.int64(), nullable=False)))


def routed(vocabulary: Vocabulary, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    found = route_events(events(rows), vocabulary)
    assert found.schema.names == [*ROUTED.names, "_record"]
    found.validate(full=True)
    return found.to_pylist()  # type: ignore[no-any-return]


def coded(vocabulary: str, code: str | None, **more: Any) -> dict[str, Any]:
    return {"vocabulary": vocabulary, "code": code, **more}


def _said(rows: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(r["target"], _short(r["concept_id"]), _short(r["source_concept_id"])) for r in rows]


def _short(concept: int) -> int:
    return concept - SITE if concept > SITE else concept


def test_without_a_vocabulary_the_sources_kind_decides() -> None:
    found = routed(NoVocabulary(), *({"domain": domain, "code": "x"} for domain in DOMAINS))
    assert [(r["target"], r["concept_id"], r["source_concept_id"]) for r in found] == [
        (table_of(domain), 0, 0) for domain in DOMAINS
    ]
    assert [r["row_id"] for r in found] == [r["event_id"] for r in found]
    assert (
        table_of("Drug") == "drug_exposure" and table_of("Observation") == table_of("Race") == "observation"
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (coded("SNOMED", "333"), [("measurement", 4, 4)]),  # a condition to its source
        (coded("ICD10CM", "e119"), [("condition_occurrence", 1, 10)]),
        (coded("ICD10CM", "I15.0"), [("condition_occurrence", 1, 11), ("measurement", 4, 11)]),
        (coded("ICD10CM", "R99", domain="Drug"), [("condition_occurrence", 0, 13)]),
        (coded("ICD10CM", "Q00", domain="Measurement"), [("measurement", 0, 14)]),  # Condition/Meas
        (coded("ICD10CM", "Q00", domain="Drug"), [("condition_occurrence", 0, 14)]),
        (coded("ICD10CM", "no such", domain="Drug"), [("drug_exposure", 0, 0)]),
        (coded("SNOMED", "555"), [("condition_occurrence", 2, 6)]),
        (coded("NDC", "0069-0150-01"), [("drug_exposure", 21, 20)]),
        (coded(LOCAL, "GLU"), [("measurement", 4, 0)]),
        (coded(LOCAL, "OLD"), [("condition_occurrence", 1, 7), ("measurement", 4, 7)]),
        (coded(LOCAL, "FAR", domain="Procedure"), [("procedure_occurrence", 12, 0)]),
        (coded(LOCAL, "BAD", domain="Procedure"), [("procedure_occurrence", 0, 0)]),
        (coded("SNOMED", "44054006"), [("condition_occurrence", 2, 1)]),  # the site's word wins
        ({"display": "words alone"}, [("condition_occurrence", 1, 0), ("measurement", 4, 0)]),
        ({"domain": "Specimen"}, [("specimen", 0, 0)]),
    ],
)
def test_concepts_and_tables(
    vocabulary: LoadedVocabulary, row: dict[str, Any], expected: list[tuple[str, int, int]]
) -> None:
    found = routed(vocabulary, row)
    assert _said(found) == expected
    assert found[0]["row_id"] == 1 and len({r["row_id"] for r in found}) == len(found)


def test_maps_to_value_gives_the_value_and_wins_over_the_sources(vocabulary: LoadedVocabulary) -> None:
    (found,) = routed(vocabulary, coded("ICD10CM", "Z86.7", value_vocabulary="SNOMED", value_code="333"))
    assert (found["target"], _short(found["concept_id"]), _short(found["value_concept_id"])) == (
        "observation",
        3,
        1,
    )


def test_coded_elements(vocabulary: LoadedVocabulary) -> None:
    row = {
        "value_vocabulary": "ICD10CM", "value_code": "E11.9", "route_vocabulary": "SNOMED", "route_code": "no such",
        "modifier_vocabulary": LOCAL, "modifier_display": "GLU",
    }  # fmt: skip
    first, second = routed(vocabulary, row, {})
    assert [_short(first[f"{name}_concept_id"]) for name in ("value", "route", "modifier")] == [1, 0, 4]
    assert [second[f"{name}_concept_id"] for name in ("value", "route", "modifier")] == [None, None, None]


def test_units_and_operators(vocabulary: LoadedVocabulary) -> None:
    units = [("mg/dl", "mg/dL"), ("MG/DL", None), (None, None), ("C", None), ("furlong", None), ("", "")]
    found = routed(vocabulary, *({"unit": unit, "unit_code": code} for unit, code in units))
    assert [u and _short(u) for u in (r["unit_concept_id"] for r in found)] == [30, 31, None, 0, 0, None]
    assert all(r["unit_concept_id"] == r["unit_source_concept_id"] for r in found)
    signs = [*OPERATORS, None, "", "~"]
    found = routed(NoVocabulary(), *({"operator": sign} for sign in signs))
    assert [r["operator_concept_id"] for r in found] == [*OPERATORS.values(), None, None, None]


_CODES = st.sampled_from(
    [
        (None, None), ("", ""), (None, "words alone"), ("SNOMED", "333"), ("ICD10CM", "I15.0"), ("ICD10CM", "Z86.7"),
        ("ICD10CM", "R99"), (LOCAL, "OLD"), ("NDC", "no such"), ("RxNorm", "313"),
    ]
)  # fmt: skip
_EVENTS = st.builds(
    lambda own, value, domain, unit: {
        "vocabulary": own[0], "code": own[1], "value_vocabulary": value[0], "value_code": value[1],
        "domain": domain, "unit": unit,
    },
    _CODES, _CODES, st.sampled_from(DOMAINS), st.sampled_from([None, "mg/dL", "x"]),
)  # fmt: skip


@given(rows=st.lists(_EVENTS, max_size=12), cuts=st.lists(st.integers(0, 12), max_size=3))
def test_any_split_gives_the_rows_of_the_whole(
    vocabulary: LoadedVocabulary, rows: list[dict[str, Any]], cuts: list[int]
) -> None:
    whole = events(rows)
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    pieces = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    for seen in (vocabulary, NoVocabulary()):
        together = route_events(whole, seen).to_pylist()
        assert [row for piece in pieces for row in route_events(piece, seen).to_pylist()] == together
        assert (
            route_events(pa.concat_tables(pieces), seen).to_pylist() == together if pieces else not together
        )
        assert {row["event_id"] for row in together} == set(range(1, len(rows) + 1))
        assert [row["event_id"] for row in together] == sorted(row["event_id"] for row in together)
        assert len({row["row_id"] for row in together}) == len(together)
        assert all(row["row_id"] > 0 for row in together)


def test_a_look_up_is_made_once(vocabulary: LoadedVocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    row = coded("SNOMED", "111")
    routed(vocabulary, row)
    monkeypatch.setattr(LoadedVocabulary, "_known", None)
    assert _said(routed(vocabulary, row)) == [("condition_occurrence", 2, 2)]


def test_the_cache_is_bounded(vocabulary: LoadedVocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.concepts._CACHED", 3)
    pairs = [("SNOMED", code) for code in ("111", "222", "333", "444")]
    assert vocabulary.concepts_of(pairs).keys() == set(pairs)
    for pair in pairs:
        assert vocabulary.concepts_of([pair]).keys() == {pair}
    assert len(vocabulary._concepts) <= 4


def test_what_a_unit_asked_for_is_remembered(vocabulary: LoadedVocabulary) -> None:
    watched = Watched(vocabulary)
    routed(
        watched,
        coded("ICD10CM", "R99", value_vocabulary=LOCAL, value_code="x", unit="mg/dL"),
        {"display": "words"},
    )
    assert watched.asked == {"ICD10CM", LOCAL, "UCUM", ""}
    assert watched.digest == vocabulary.digest


def test_a_homes_vocabulary_is_what_was_loaded_under_the_map_that_the_round_adopted(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", Profile.EXPERT, seed="vocabulary")
    assert isinstance(open_vocabulary(home), NoVocabulary)
    assert adopt_vocabulary(home) == {"vocabulary": "none"}
    pair = (LOCAL, "GLU")
    home.vocabulary.mkdir()
    (home.vocabulary / NAME).write_text(f"{','.join(COLUMNS)}\nGLU,0,{LOCAL},,{SITE + 4},,,,\n")
    assert isinstance(open_vocabulary(home), NoVocabulary), "no round has adopted it yet"
    parts = adopt_vocabulary(home)
    assert parts == {"vocabulary": "none", f"codes:{LOCAL}": read_site_map(home.vocabulary).digests[LOCAL]}
    assert open_vocabulary(home).concepts_of([pair]) == {pair: (Concept(SITE + 4, 0, ""),)}
    loaded = load_vocabulary(home.vocabulary, write_athena(tmp_path / "download"))
    assert adopt_vocabulary(home) == {**parts, "vocabulary": loaded.digest}
    assert open_vocabulary(home).concepts_of([pair]) == {pair: (Concept(SITE + 4, 0, "Measurement"),)}
    assert open_vocabulary(home) is open_vocabulary(home)
