"""Names of codes that come without words; what a source says itself stays."""

from __future__ import annotations

import pytest

from tasks import names
from tasks.names import name_codes, names_version
from tests.tasks.test_routing import coded, events

ROWS = [
    coded("ICD10CM", "E11.9"),
    coded("ICD10CM", "e119"),
    coded("ICD10CM", "S52.521A"),
    coded("ICD10CM", "E11.9", display="the source's words"),
    coded("ICD10CM", "no such"),
    coded("ICD10CM", "A00-A09"),  # a block of codes
    coded("ICD10CM", None),
    coded("SNOMED", "44054006"),
    coded("", "E11.9"),
]
_DIABETES = "Type 2 diabetes mellitus without complications"


def test_bare_codes_get_their_names() -> None:
    pytest.importorskip("simple_icd_10_cm", reason="needs the extra `names`")
    found = name_codes(events(ROWS))
    assert found["display"].to_pylist() == [
        _DIABETES,
        _DIABETES,
        "Torus fracture of lower end of right radius, initial encounter for closed fracture",
        "the source's words",
        *[None] * 5,
    ]
    assert found.drop(["display"]).equals(events(ROWS).drop(["display"]))
    assert found.schema.equals(events(ROWS).schema)
    assert names_version().startswith("simple-icd-10-cm ")


def test_without_the_package_or_a_bare_code_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_tabular", None)  # it is not asked
    for rows in (ROWS[3:4], ROWS[6:], []):
        assert name_codes(events(rows)).equals(events(rows))
    monkeypatch.setattr(names, "names_version", lambda: "none")
    assert name_codes(events(ROWS)).equals(events(ROWS))
