"""Reading by pattern gives what reading line by line gives, whatever the lines are."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.fhir import finding, patterns
from connectors.fhir.lines import Chunk
from connectors.fhir.patterns import cut, find_patterns, find_places, place_of, text_of_place
from connectors.fhir.read import Context, read_chunk
from connectors.fhir.scan import find_word
from contracts.keys import Key

KEY = Key("test", b"\x05" * 32)
Tables = dict[str, pa.Table]


@contextmanager
def few() -> Iterator[None]:
    """Patterns are looked for in any two lines, and never given up for being too many."""
    finding._local.__dict__.clear()
    with (
        mock.patch.object(patterns, "FEWEST", 2),
        mock.patch.object(patterns, "_FEWEST_ALIKE", 2),
        mock.patch.object(patterns, "_MOST_PATTERNS", 1.0),
        mock.patch.object(finding, "_MOST_APART", 1.0),
    ):
        yield
    finding._local.__dict__.clear()


def read(data: bytes, zone: str = "Europe/Berlin") -> Tables:
    """All rows, by table, in the order of the file."""
    context = Context("hospital-a", zone, KEY, mrn_system="urn:mrn", base="https://own.example/fhir")
    found: dict[str, list[pa.Table]] = {}
    for table, rows in read_chunk(Chunk(data, 0, 1), context):
        found.setdefault(table, []).append(rows)
    return {table: pa.concat_tables(rows).sort_by("_record") for table, rows in found.items()}


def read_line_by_line(data: bytes, zone: str = "Europe/Berlin") -> Tables:
    """The same without patterns."""
    with mock.patch.object(finding, "find_patterns", return_value=None):
        return read(data, zone)


def assert_same(found: Tables, wanted: Tables) -> None:
    assert found.keys() == wanted.keys()
    for table, rows in wanted.items():
        assert found[table].schema.equals(rows.schema)
        for name in rows.schema.names:
            assert found[table][name].to_pylist() == rows[name].to_pylist(), f"{table}.{name}"


def observation(n: int, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o-{n}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        "subject": {"reference": f"Patient/p{n % 3}"},
        "encounter": {"reference": f"Encounter/e{n % 5}"},
        "effectiveDateTime": f"2024-03-{n % 28 + 1:02d}T10:00:00+01:00",
        "valueQuantity": {
            "value": n / 4,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
        **more,
    }


def ndjson(resources: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(resource) + b"\n" for resource in resources)


texts = st.sampled_from(["", "x", "Zürich", 'say "no"', "back\\slash", "tab\t", "#c1", "8135400710-00", " "])
references = st.one_of(
    st.integers(0, 9).map(lambda n: f"Patient/p{n}"),
    st.integers(0, 9).map(lambda n: f"urn:uuid:6eb9-{n}"),
    st.integers(0, 9).map(lambda n: f"https://own.example/fhir/Patient/{n}"),
    st.integers(0, 9).map(lambda n: f"Patient?identifier=urn:mrn|{n}"),
    st.sampled_from(
        ["#c1", "", "Group/1", "Patient/", "Patient/a b", "Practitioner/1", "PractitionerRole/2"]
    ),
)
moments = st.sampled_from(
    [
        "2024",
        "2024-05",
        "2024-05-06",
        "2024-05-06T07:08:09Z",
        "2024-05-06T07:08:09.123+02:00",
        "soon",
        "2024-13-45",
    ]
)
numbers = st.sampled_from(
    [
        0,
        -0.0,
        1,
        1.5,
        -2.25,
        0.1,
        1e300,
        -1e-7,
        10**18,
        12345678901234567890,
        25.639999389648438,
        100.0,
        "7",
        None,
    ]
)
scalars = st.one_of(texts, references, moments, numbers, st.booleans())
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["value", "code", "reference", "id", "start", "display"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
quantities = st.fixed_dictionaries(
    {"value": numbers}, optional={"unit": texts, "code": texts, "comparator": texts}
)
concepts = st.fixed_dictionaries(
    {},
    optional={
        "coding": st.lists(
            st.fixed_dictionaries(
                {"code": st.one_of(texts, numbers)},
                optional={"system": st.sampled_from(["http://loinc.org", "urn:x"]), "display": texts},
            ),
            max_size=3,
        ),
        "text": texts,
    },
)
linked = st.one_of(
    st.fixed_dictionaries({"reference": references}, optional={"display": texts}),
    st.fixed_dictionaries(
        {"identifier": st.just({"system": "urn:mrn", "value": "7"}), "type": st.just("Patient")}
    ),
    trees,
)
parts = st.fixed_dictionaries(
    {"code": concepts},
    optional={
        "valueQuantity": quantities,
        "valueString": texts,
        "valueDateTime": moments,
        "dataAbsentReason": concepts,
    },
)
elements = {
    "status": st.sampled_from(["final", "entered-in-error", "registered", "?"]),
    "subject": linked,
    "encounter": linked,
    "performer": st.lists(linked, max_size=1),
    "code": st.one_of(concepts, trees),
    "valueQuantity": st.one_of(quantities, trees),
    "valueCodeableConcept": concepts,
    "valueString": texts,
    "valueInteger": numbers,
    "valueDateTime": moments,
    "valuePeriod": st.fixed_dictionaries({}, optional={"start": moments, "end": moments}),
    "valueRange": st.fixed_dictionaries({}, optional={"low": quantities, "high": quantities}),
    "valueRatio": st.fixed_dictionaries({"numerator": quantities, "denominator": quantities}),
    "dataAbsentReason": concepts,
    "effectiveDateTime": st.one_of(moments, trees),
    "effectivePeriod": st.fixed_dictionaries({}, optional={"start": moments, "end": moments}),
    "issued": moments,
    "meta": st.fixed_dictionaries({"lastUpdated": moments}),
    "referenceRange": st.lists(st.fixed_dictionaries({"low": quantities}), max_size=1),
    "component": st.lists(parts, max_size=2),
    "contained": st.just(
        [{"resourceType": "Patient", "id": "c1", "identifier": [{"system": "urn:mrn", "value": "9"}]}]
    ),
    "note": st.lists(st.fixed_dictionaries({"text": texts}), max_size=1),
    "extension": trees,
    "onsetDateTime": moments,
    "authoredOn": moments,
    "dosageInstruction": st.lists(st.fixed_dictionaries({"text": texts}), max_size=1),
    "dispenseRequest": st.fixed_dictionaries({"quantity": quantities}),
}
kinds = st.sampled_from(
    ["Observation", "Observation", "Observation", "Condition", "MedicationRequest", "Procedure"]
)


@st.composite
def exports(draw: st.DrawFn) -> bytes:
    """Lines of a few shapes, each several times with other values, some of them damaged."""
    lines = []
    for shape in range(draw(st.integers(1, 3))):
        names = draw(st.lists(st.sampled_from(sorted(elements)), unique=True, max_size=8))
        kind = draw(kinds)
        fixed = {name: draw(elements[name]) for name in names}
        for number in range(draw(st.integers(1, 4))):
            varied = {n: draw(elements[n]) if draw(st.booleans()) else fixed[n] for n in names}
            resource = {"resourceType": kind, "id": f"{shape}-{number}", **varied}
            lines.append(
                json.dumps(resource, ensure_ascii=draw(st.booleans()), separators=(",", ":")).encode()
            )
    lines = draw(st.permutations(lines))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(lines) - 1))
        place = draw(st.integers(0, len(lines[at])))
        piece = draw(st.sampled_from([b"", b'"', b"\\", b",", b"}", b"0", b"\x01", b'"id":"z",', b" ", b"-"]))
        lines[at] = lines[at][:place] + piece + lines[at][place + draw(st.integers(0, 2)) :]
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n", b"\r\n"]))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(exports())
def test_patterns_change_nothing(data: bytes) -> None:
    with few():
        assert_same(read(data), read_line_by_line(data))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(exports(), st.randoms(use_true_random=False))
def test_any_split_gives_the_same_rows(data: bytes, rng: random.Random) -> None:
    lines = [line for line in data.split(b"\n") if line.strip()]
    rng.shuffle(lines)
    cut_at = rng.randrange(len(lines) + 1)
    with few():
        whole = read(b"\n".join(lines))
        halves = [read(b"\n".join(half)) for half in (lines[:cut_at], lines[cut_at:]) if half]
    for table, rows in whole.items():
        both = [row for half in halves for row in half.get(table, rows.schema.empty_table()).to_pylist()]
        assert sorted(map(content, both)) == sorted(map(content, rows.to_pylist())), table


def content(row: dict[str, Any]) -> str:
    """A row without its place in the file."""
    return repr({name: value for name, value in row.items() if name not in ("_record", "where")})


def test_most_lines_of_an_export_have_patterns() -> None:
    resources = [
        observation(n, component=[{"code": {"text": "c"}, "valueQuantity": {"value": n}}]) for n in range(999)
    ]
    lines = pa.array([line.decode() for line in ndjson(resources).splitlines()])
    found = find_patterns(lines)
    assert found is not None
    assert len(found.texts) <= 5 and len(found.apart) < 20  # by the number of digits alone
    rows = read(ndjson(resources))["fhir.observation"].to_pylist()
    assert [row["value_number"] for row in rows] == [n / 4 for n in range(999)]
    assert [row["component_value_number"] for row in rows] == [[float(n)] for n in range(999)]
    assert_same(read(ndjson(resources)), read_line_by_line(ndjson(resources)))


def test_what_was_seen_is_forgotten_when_it_is_too_much() -> None:
    finding._local.__dict__.clear()
    with mock.patch.object(finding, "KEPT", 4):
        for year in range(12):
            data = ndjson([observation(n, note=[{"text": f"in year {year}"}]) for n in range(300)])
            assert_same(read(data), read_line_by_line(data))
    book = finding._book_of(finding_structure())
    assert 0 < len(book.seen.valid) <= 4


def finding_structure() -> Any:
    from connectors.fhir.observations import OBSERVATION

    return OBSERVATION


def test_a_line_that_holds_the_stand_in_is_read_as_it_is() -> None:
    data = ndjson([observation(n, note=[{"text": text_of_place(1)}]) for n in range(300)])
    assert find_patterns(pa.array([line.decode() for line in data.splitlines()])) is None
    assert_same(read(data), read_line_by_line(data))
    data = ndjson([observation(n, valueString=f"{text_of_place(0)}") for n in range(300)])
    assert_same(read(data), read_line_by_line(data))


@pytest.mark.parametrize(
    ("line", "places"),
    [
        (b'{"id":"a","valueQuantity":{"value":1.5,"unit":"kg"}}', [(2, False, 0, 0), (7, True, 1, 1)]),
        (b'{ "id" : "a" , "value" : -2 }\n', [(2, False, 0, 0), (5, True, 3, 3)]),
        (b'{"subject":{"reference":"Patient/1","display":"A"}}', [(4, False, 0, 0), (8, False, 0, 0)]),
        (b'{"value":true,"code":"x","start":null,"end":"2024"}', [(10, False, 0, 0)]),
        (b'{"id":["a"],"display":"x"}', []),
    ],
)
def test_places_are_found_in_a_line(line: bytes, places: list[tuple[int, bool, int, int]]) -> None:
    found = find_places(line, True)
    assert [(place.quote, place.numeric, place.lead, place.tail) for place in found] == places


@given(st.lists(st.text(max_size=20), min_size=1), st.booleans())
def test_spans_are_cut_out(words: list[str], same_length: bool) -> None:
    if same_length:
        words = [word.encode()[:0].decode() + "abcdefghijklm"[: len(words[0])] for word in words]
    raw = [word.encode() for word in words]
    ends = np.cumsum([len(word) for word in raw]).astype(np.int64)
    data = np.frombuffer(b"".join(raw) + b"." * 16, np.uint8)
    starts = ends - np.array([len(word) for word in raw], np.int64)
    assert cut(data, starts, ends).to_pylist() == words
    tight = np.frombuffer(b"." * 16 + b"".join(raw), np.uint8)  # a span that ends where the data does
    assert cut(tight, starts + 16, ends + 16).to_pylist() == words


def test_stand_ins_name_their_place() -> None:
    assert [place_of(text_of_place(place)) for place in (0, 7, 39)] == [0, 7, 39]
    assert place_of("8135400710") is None
    assert place_of(text_of_place(3) + "x") is None


@given(st.binary(max_size=60), st.sampled_from([b'"Bundle"', b"aab", b"x"]))
def test_words_are_found_as_bytes_finds_them(data: bytes, word: bytes) -> None:
    data += word + data + word[:-1]
    wanted = [place for place in range(len(data)) if data.startswith(word, place)]
    assert find_word(data, word, len(word) // 2) == wanted


def test_the_samples_are_read_alike(shared: Path) -> None:
    files = sorted((shared / "data" / "fhir" / "bulk-10-patients").glob("*.ndjson"))
    assert files
    for file in files:
        data = file.read_bytes()
        finding._local.__dict__.clear()
        assert_same(read(data), read_line_by_line(data))


def test_the_bundles_of_the_samples_are_read_alike(shared: Path) -> None:
    resources = [
        entry["resource"]
        for file in sorted((shared / "data" / "fhir").glob("bundles*/*.json"))
        for entry in orjson.loads(file.read_bytes())["entry"]
        if entry["resource"]["resourceType"] in ("Observation", "Condition", "Encounter", "Immunization")
    ]
    assert len(resources) > 5_000
    finding._local.__dict__.clear()
    assert_same(read(ndjson(resources)), read_line_by_line(ndjson(resources)))
    assert len(finding._book_of(finding_structure()).seen.valid) > 50  # patterns were used


@pytest.mark.parametrize(
    "number", ["1e3", "-1E-07", "5e7", "-0", "-0.0", "0.10", "1.50", "100000000000000000000", "01"]
)
def test_numbers_that_readers_differ_in_are_read_as_they_are(number: str) -> None:
    """Beside plain ones, before and after them, and where the example of the shape has more behind it."""
    plain = [observation(n) for n in range(40)]
    odd = [observation(n, valueQuantity={"value": 7}) for n in range(40)]
    lines = [orjson.dumps(one) for one in [*plain, *odd]]
    wanted = f'"value":{number}'.encode()
    lines += [line.replace(b'"value":7', wanted) for line in lines[40:]]
    lines += [line.replace(b'"value":', wanted + b',"was":') for line in lines[:40]]
    for order in (lines, lines[::-1]):
        data = b"\n".join(order)
        with few():
            assert_same(read(data), read_line_by_line(data))


@pytest.mark.parametrize(
    "value",
    [
        {"valueRange": {"low": {"value": 1}, "high": {"value": 2.50}}},
        {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
        {"valueDateTime": "2024-05-06T07:08:09Z"},
        {"valuePeriod": {"start": "2024-05-06", "end": "2024-05-07"}},
        {"valueQuantity": {"value": "7", "unit": "kg"}},
        {"code": {"coding": [{"code": {"value": 5}}], "text": "five"}},
        {"component": [{"code": {"text": "c"}, "valueRange": {"low": {"value": 3}}}]},
        {"component": [{"code": {"text": "c"}, "valueDateTime": "2024-05-06"}]},
    ],
)
def test_values_that_are_made_of_others_are_the_lines_own(value: dict[str, Any]) -> None:
    """Where a number becomes text, or a text stands for a number, no stand-in is taken for it."""
    plain = [observation(n) for n in range(20)]
    odd = [{key: v for key, v in observation(n).items() if key != "valueQuantity"} | value for n in range(20)]
    data = ndjson(plain + odd)
    with few():
        assert_same(read(data), read_line_by_line(data))
        assert b"8135400710" not in repr(read(data)).encode()
