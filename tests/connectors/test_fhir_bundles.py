"""Bundles: opened entry by entry whatever their size and layout, whole or not at all."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.fhir import FhirConnector
from connectors.fhir.scan import Document, Entry, scan
from contracts.errors import Rejected
from contracts.units import WHOLE
from tests.accounts import accounted
from tests.connectors.fhir_files import KEY, PATIENT, Held, lines, read, reading

Rows = dict[str, list[dict[str, Any]]]


def entry(resource: Any, **more: Any) -> dict[str, Any]:
    return {"resource": resource, **more}


def bundle(*entries: Any, kind: str = "collection", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, **more, "entry": list(entries)}


def flag(name: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Flag", "id": name, "subject": {"reference": "Patient/p1"}, **more}


def delete(url: str, **response: str) -> dict[str, Any]:
    return {"request": {"method": "DELETE", "url": url}, "response": response}


def ids(found: Rows, table: str = "fhir.other") -> list[str]:
    return [row["id"].split("\x1f")[-1] for row in found.get(table, [])]


LAYOUTS = {
    "one line": lambda made: json.dumps(made).encode(),
    "dense": lambda made: json.dumps(made, separators=(",", ":")).encode(),
    "indented": lambda made: json.dumps(made, indent=2).encode(),
    "tabs": lambda made: json.dumps(made, indent="\t").encode(),
    "windows": lambda made: json.dumps(made, indent=1).replace("\n", "\r\n").encode(),
    "mark": lambda made: b"\xef\xbb\xbf" + json.dumps(made, indent=1).encode(),
    "an entry a line": lambda made: (
        json.dumps({**made, "entry": []}).encode()[:-2] + b"\n" + b",\n".join(
            json.dumps(one).encode() for one in made["entry"]
        ) + b"\n]}\n"
    ),
    "gzip": lambda made: gzip.compress(json.dumps(made, indent=2).encode()),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["transaction", "batch", "collection", "searchset", "history"])
def test_a_bundle_says_what_its_entries_say(layout: str, kind: str) -> None:
    odd = flag("f2", text={"div": '<p class=\\"x\\">}]{"entry":[{"resource":{ \\\\" \\'})
    made = bundle(entry(PATIENT), entry(flag("f1")), entry(odd, search={"mode": "match"}), kind=kind)
    data = LAYOUTS[layout](made)
    found = read(data)
    plain = read(lines(PATIENT, flag("f1"), odd))
    assert {table: len(rows) for table, rows in found.items()} == {
        table: len(rows) for table, rows in plain.items()
    }
    assert ids(found) == ["f1", "f2"]
    assert json.loads(found["fhir.other"][1]["resource"]) == odd
    text = gzip.decompress(data) if layout == "gzip" else data
    for row in (*found["fhir.patient"], *found["fhir.other"]):
        assert text[row["_record"] :].startswith(b"{")
        assert b'"resource"' in text[row["_record"] : row["_record"] + 20]


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_owner_and_digest_are_those_of_the_resource_on_a_line(indent: int | None) -> None:
    said = {**PATIENT, "name": [{"text": 'a "  b \\" \t'}], "multipleBirthInteger": 2}
    (row,) = read(json.dumps(bundle(entry(said)), indent=indent).encode())["fhir.patient"]
    assert row["_owner"] == KEY.id63("owner", "hospital-a", "Patient", "p1")
    line = json.dumps(said, separators=(",", ":")).encode()
    assert row["_digest"] == KEY.id63("record-digest", line)
    assert row["_digest"] == read(line)["fhir.patient"][0]["_digest"]


@pytest.mark.parametrize("indent", [None, 2])
def test_the_order_of_keys_says_nothing(indent: int | None) -> None:
    made = {"entry": [entry(flag("f1"))], "resourceType": "Bundle", "type": "collection"}
    assert ids(read(json.dumps(made, indent=indent).encode())) == ["f1"]
    listing = {"entry": [{"item": {"reference": "Flag/f1"}}], "resourceType": "List", "id": "l1"}
    assert ids(read(json.dumps(listing, indent=indent).encode())) == ["l1"]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_empty_bundle_is_a_success_of_none(indent: int | None) -> None:
    assert read(json.dumps(bundle(), indent=indent).encode()) == {}
    assert read(json.dumps({"resourceType": "Bundle"}, indent=indent).encode()) == {}


def test_one_resource_over_several_lines_is_a_record() -> None:
    assert len(read(json.dumps(PATIENT, indent=2).encode())["fhir.patient"]) == 1


def test_bundles_a_line_beside_resources() -> None:
    data = lines(flag("a"), bundle(entry(flag("b")), entry(flag("c"))), flag("d"), bundle(), flag("e"))
    found = read(data)
    assert sorted(ids(found)) == ["a", "b", "c", "d", "e"]
    records = [row["_record"] for row in found["fhir.other"]]
    assert len(set(records)) == 5


def test_a_broken_line_spoils_no_other_bundle() -> None:
    good = lines(bundle(entry(flag("a"))))
    found = read(good + good[:-9] + b"\n" + lines(bundle(entry(flag("b")))))
    assert ids(found) == ["a", "b"]
    assert [(row["reason"], row["where"]) for row in found["rejected"]] == [("invalid-json", "line 2")]


def test_bundles_inside_bundles_are_opened() -> None:
    inner = bundle(entry(flag("b")), bundle(), kind="searchset")
    made = bundle(entry(flag("a")), entry(inner), entry(flag("c")))
    for data in (json.dumps(made).encode(), json.dumps(made, indent=2).encode()):
        found = read(data)
        assert ids(found) == ["a", "b", "c"]
        assert len({row["_record"] for rows in found.values() for row in rows}) == 4
        assert [row["type"] for row in found["ignored"]] == ["empty-entry"]


def test_bundles_too_deep_are_rejected() -> None:
    made = bundle(entry(flag("a")))
    for _ in range(12):
        made = bundle(entry(made))
    assert [row["reason"] for row in read(json.dumps(made).encode())["rejected"]] == ["container-resource"]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.95, 0.999])
@pytest.mark.parametrize("indent", [None, 2])
def test_of_a_truncated_bundle_nothing_is_kept(share: float, indent: int | None) -> None:
    data = json.dumps(bundle(*(entry(flag(f"f{n}")) for n in range(30))), indent=indent).encode()
    data = data[: int(len(data) * share)]
    if indent is None:
        found = read(data)
        assert {table: len(rows) for table, rows in found.items()} == {"rejected": 1}
    else:
        with pytest.raises(Rejected, match="truncated-json"):
            read(data)
        with pytest.raises(Rejected, match="truncated-json"):
            list(FhirConnector().identities(reading(data)))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data + b"}", "invalid-json"),
        (lambda data: data + b" trailing", "invalid-json"),
        (lambda data: data.replace(b'"entry": [', b'"entry": [null, '), "malformed-bundle"),
        (lambda data: data.replace(b'"type"', b'"type" 5'), "invalid-json"),
    ],
)
def test_a_broken_envelope_is_one_rejection(damage: Any, reason: str) -> None:
    data = json.dumps(bundle(entry(flag("a")), entry(flag("b"))), indent=2).encode()
    with pytest.raises(Rejected, match=reason):
        read(damage(data))


def test_damage_inside_an_entry_is_that_entrys() -> None:
    data = json.dumps(bundle(*(entry(flag(name)) for name in "abcd")), indent=2).encode()
    data = data.replace(b'"id": "b"', b'"id": "\xff"').replace(b'"id": "c"', b'"id": c')
    found = read(data)
    assert ids(found) == ["a", "d"]
    rejected = {row["where"]: row["reason"] for row in found["rejected"]}
    assert rejected == {"entry 2": "invalid-utf8", "entry 3": "invalid-json"}


def test_the_same_id_twice_is_two_statements() -> None:
    made = bundle(entry(flag("a", status="active")), entry(flag("a", status="inactive")))
    first, second = read(json.dumps(made, indent=1).encode())["fhir.other"]
    assert first["_owner"] == second["_owner"]
    assert first["_digest"] != second["_digest"]


def test_what_is_no_resource_is_counted() -> None:
    made = bundle(
        entry(flag("a")),
        {"request": {"method": "GET", "url": "Patient/p1"}},
        {"response": {"status": "201"}},
        entry({"resourceType": "OperationOutcome", "issue": []}),
        entry({"resourceType": "Johnson", "id": "x"}),
        entry({"resourceType": "Flag"}),
        kind="batch",
    )
    found = read(json.dumps(made, indent=1).encode())
    assert Counter(row["type"] for row in found["ignored"]) == {"empty-entry": 2, "operation-outcome": 1}
    assert {row["where"]: row["reason"] for row in found["rejected"]} == {
        "entry 5": "unknown-resource-type",
        "entry 6": "missing-id",
    }


def test_a_resource_without_an_id_takes_that_of_its_entry() -> None:
    made = bundle(
        entry({"resourceType": "Flag", "status": "active"}, fullUrl="urn:uuid:7b1c"),
        entry({"status": "active", "resourceType": "Flag"}, fullUrl="https://h.org/fhir/Flag/9"),
        entry({"resourceType": "Flag"}, request={"method": "PUT", "url": "Flag/put"}),
    )
    assert ids(read(json.dumps(made, indent=1).encode())) == ["7b1c", "9", "put"]


@pytest.mark.parametrize("indent", [None, 2])
def test_names_that_hold_in_a_bundle_alone_lead_to_the_id(indent: int | None) -> None:
    """A server answers with its own ids, while references say the urn:uuid of the request."""
    patient = {**PATIENT, "id": "server-7", "identifier": [{"value": "urn:uuid:aa"}]}
    about = {"subject": {"reference": "urn:uuid:aa"}}
    made = bundle(entry(flag("f", **about)), entry(patient, fullUrl="urn:uuid:aa"), entry(flag("g", **about)))
    data = json.dumps(made, indent=indent).encode()
    found = read(data)
    assert {row["subject"].split("\x1f")[2] for rows in found.values() for row in rows} == {"server-7"}
    assert {one.identifier for one in FhirConnector().identities(reading(data))} == {"server-7"}
    other = lines(made, bundle(entry(flag("h", **about))))
    subjects = {row["id"][-1]: row["subject"].split("\x1f")[2] for row in read(other)["fhir.other"]}
    assert subjects == {"f": "server-7", "g": "server-7", "h": "aa"}


def test_deletions_are_statements() -> None:
    made = bundle(
        entry(flag("a")),
        delete("Flag/b", lastModified="2024-05-01T10:00:00+02:00"),
        delete("https://h.org/fhir/Patient/p1"),
        delete("Flag?status=active"),
        delete("Johnson/x"),
        kind="history",
        timestamp="2024-06-01T00:00:00Z",
    )
    for data in (lines(made), json.dumps(made, indent=2).encode()):
        found = read(data)
        told = [(row["record_type"], row["_version"]) for row in found["deleted"]]
        assert told == [("Flag", "2024-05-01T08:00:00.000000"), ("Patient", "2024-06-01T00:00:00.000000")]
        assert [row["_owner"] for row in found["deleted"]] == [
            KEY.id63("owner", "hospital-a", "Flag", "b"),
            KEY.id63("owner", "hospital-a", "Patient", "p1"),
        ]
        assert [row["reason"] for row in found["rejected"]] == ["unresolved-delete"] * 2
        assert found["fhir.other"][0]["_version"] == "2024-06-01T00:00:00.000000"


def test_the_resources_own_version_comes_first() -> None:
    own = flag("a", meta={"lastUpdated": "2020-01-01T00:00:00Z"})
    made = bundle(
        entry(own, response={"lastModified": "2021-01-01T00:00:00Z"}), timestamp="2022-01-01T00:00:00Z"
    )
    assert read(lines(made))["fhir.other"][0]["_version"] == "2020-01-01T00:00:00.000000"


def test_check_tells_entries_and_no_values() -> None:
    made = bundle(entry({**PATIENT, "birthDate": "1950-02-30"}), delete("Flag/b"), delete("Flag?x=Roe"))
    findings = list(FhirConnector().check(Held(json.dumps(made, indent=2).encode())))
    assert {(f.severity, f.rule, f.where) for f in findings} == {
        ("error", "impossible-date", "entry 1"),
        ("error", "unresolved-delete", "entry 3"),
        ("info", "count", ""),
    }
    assert {f.message for f in findings if f.rule == "count"} == {
        "1 Patient",
        "1 deleted Flag",
        "1 unresolved delete",
    }
    (broken,) = FhirConnector().check(Held(json.dumps(made, indent=2).encode()[:-9]))
    assert (broken.severity, broken.rule) == ("error", "truncated-json")
    assert not [f for f in (*findings, broken) if "Roe" in f.message]


_TEXT = st.text(alphabet='ab\\"{}[]:, \n\u00e9\U0001f600', max_size=12)
_JSON = st.recursive(
    _TEXT | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT | st.just("entry"), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_TEXT | st.sampled_from(["resource", "entry"]), _JSON, max_size=4)
_ENTRIES = st.fixed_dictionaries({"fullUrl": _TEXT}, optional={"resource": _OBJECTS, "request": _OBJECTS})


@settings(max_examples=60, deadline=None)
@given(
    entries=st.lists(_ENTRIES, max_size=4),
    more=st.dictionaries(_TEXT.filter(lambda t: t != "entry"), _JSON, max_size=3),
    before=st.booleans(),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    size=st.integers(1, 40),
)
def test_the_scanner_cuts_where_a_parser_would(
    entries: list[dict[str, Any]],
    more: dict[str, Any],
    before: bool,
    indent: int | None,
    ascii_only: bool,
    size: int,
) -> None:
    made = {**more, "entry": entries} if before else {"entry": entries, **more}
    data = json.dumps(made, indent=indent, ensure_ascii=ascii_only).encode()
    *found, last = scan(io.BytesIO(data * 2), size=size)
    documents = [one for one in (*found, last) if isinstance(one, Document)]
    cut = [one for one in found if isinstance(one, Entry)]
    assert [json.loads(one.data) for one in cut] == entries * 2
    assert [one.rest for one in cut] == [_without_resource(one) for one in entries] * 2
    assert [json.loads(one.resource_bytes or b"null") for one in cut] == [
        one.get("resource") for one in entries
    ] * 2
    assert all((data * 2)[one.offset :].startswith(one.data) for one in cut)
    assert [one.content for one in documents] == [{**made, "entry": [{}] * len(entries)}] * 2
    assert [one.offset for one in documents] == [0, len(data)]


def _without_resource(one: dict[str, Any]) -> dict[str, Any]:
    return {key: None if key == "resource" else value for key, value in one.items()}


def test_an_overlong_entry_is_rejected_and_the_rest_read() -> None:
    made = bundle(entry(flag("a")), entry(flag("b", text="x" * 5_000)), entry(flag("c")))
    data = json.dumps(made, indent=2).encode()
    found = list(scan(io.BytesIO(data), size=100, limit=1_000))
    assert [one.overlong for one in found if isinstance(one, Entry)] == [False, True, False]
    with pytest.raises(Rejected, match="line-too-long"):
        list(scan(io.BytesIO(json.dumps(flag("b", text="x" * 5_000)).encode()), size=100, limit=1_000))


MEASURE = textwrap.dedent("""
    import resource, sys
    from pathlib import Path
    from connectors.fhir import FhirConnector
    from contracts.units import WHOLE
    from tests.connectors.fhir_files import reading
    import connectors.fhir.read
    from stores.places import LocalPlace
    from dataclasses import replace
    import connectors.fhir.bundles, connectors.fhir.connector, connectors.fhir.heads, connectors.fhir.scan
    connectors.fhir.bundles.CHUNK_BYTES = connectors.fhir.heads.CHUNK_BYTES = 1 << 17
    connectors.fhir.connector.PART_BYTES = connectors.fhir.scan.scan.__kwdefaults__["size"] = 1 << 17
    of = replace(reading(b""), place=LocalPlace(Path(sys.argv[1])))
    fhir = FhirConnector()
    assert fhir.parts(of) == [WHOLE]
    people = sum(1 for _ in fhir.identities(of))
    rows = sum(batch.num_rows for table, batch in fhir.read(of, WHOLE) if table != "counted")
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
    print(people, rows, int(peak) >> 10)
""")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_a_long_line_is_read_in_the_memory_of_a_short_one(tmp_path: Path) -> None:
    """With blocks of 128 KiB in place of 8 MiB, so that a file need not be long to show it."""
    peaks = []
    for number in (1_000, 7_000):
        path = tmp_path / f"{number}.json"
        with path.open("w") as file:
            file.write('{"resourceType": "Bundle", "type": "collection", "entry": [')
            for n in range(number):
                more = flag(f"f{n}", text={"status": "generated", "div": "x" * 700})
                file.write(("," if n else "") + json.dumps(entry(more, fullUrl=f"urn:uuid:f{n}")))
            file.write("]}")
        told = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        people, rows, peak = map(int, told.stdout.split())
        assert (people, rows) == (1, number)
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 5, f"{peaks} MiB for 1 and 6 MB"


def test_the_sample_bundles_are_read_whole(shared: Path) -> None:
    """By type, as an independent reading of the JSON counts them."""
    path = min(
        (shared / "data" / "fhir" / "bundles-incremental").glob("*.json"), key=lambda p: p.stat().st_size
    )
    data = path.read_bytes()
    expected = Counter(one["resource"]["resourceType"] for one in json.loads(data)["entry"])
    held = reading(data)
    people = {identity.identifier for identity in FhirConnector().identities(held)}
    counts: Counter[str] = Counter()
    for table, batch in accounted(FhirConnector().read(held, WHOLE)):
        subjects = batch["subject"].to_pylist() if "subject" in batch.schema.names else []
        assert {subject.split("\x1f")[2] for subject in subjects if subject} <= people
        counts[table] += batch.num_rows
    assert counts.total() == expected.total() == 254
    assert counts["fhir.encounter"] == expected["Encounter"]
    assert not counts["rejected"]
