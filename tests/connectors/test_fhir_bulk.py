"""Bulk Data exports: asked for, waited for, fetched and concluded, whatever the server does."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import jwt
import pytest

from connectors.fhir_bulk.export import told_progress
from connectors.fhir_bulk.http import pause, retry_after
from connectors.fhir_bulk.options import request_of
from connectors.fhir_bulk.place import count_lines
from connectors.fhir_bulk.state import read_manifest, read_state
from contracts.errors import Fatal, NightroundsError, Retriable, Unreachable
from contracts.protocols import Exporter, Fetchable
from contracts.units import Source
from tasks.exporting import Unfetched
from tasks.workroom import load_checkpoint
from tests.conftest import ROOT
from tests.connectors.bulk_server import OUTCOME, BulkServer, make_client
from tests.connectors.bulk_ward import CONNECTOR, Ward, make_ward
from tests.flows.exports import condition, encounter, patient

CARE = "output/Condition.00000.ndjson"
PEOPLE = "output/Patient.00000.ndjson"
VISITS = "output/Encounter.00000.ndjson"


@pytest.fixture
def server() -> Iterator[BulkServer]:
    server = BulkServer().start()
    server.put(*(patient(n) for n in range(3)))
    server.put(*(encounter(f"v{n}", n) for n in range(3)))
    server.put(*(condition(f"c{n}", n, f"v{n}") for n in range(3)))
    server.pass_time()
    yield server
    server.stop()


@pytest.fixture
def ward(tmp_path: Path, server: BulkServer) -> Ward:
    return make_ward(tmp_path / "ward", server)


def big(server: BulkServer, size: int = 4 << 20) -> bytes:
    """Replace the conditions by a file of more than `size` bytes; returns it."""
    server.stored = [s for s in server.stored if s.record_type != "Condition"]
    like, long = server.stored[0], [{"text": "seen again " * 400}]
    for number in range(size // 4000):
        line = json.dumps({**condition(f"c{number:06d}", 0, "v0"), "note": long}).encode() + b"\n"
        server.stored.append(replace(like, record_type="Condition", file="Condition", line=line))
    return b"".join(s.line for s in server.stored if s.record_type == "Condition")


def failure(found: object) -> NightroundsError:
    assert isinstance(found, Unfetched)
    return found.error


# the course of an export


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_an_export_comes_whole(tmp_path: Path, server: BulkServer, algorithm: str) -> None:
    ward = make_ward(tmp_path / "one", server, algorithm)
    found = ward.export()
    stored = {
        kind: b"".join(s.line for s in server.stored if s.record_type == kind)
        for kind in ("Patient", "Condition")
    }
    assert sorted(found) == [CARE, VISITS, PEOPLE]
    assert found[PEOPLE] == stored["Patient"] and found[CARE] == stored["Condition"]
    (path, headers), *_ = server.sent("GET", "$export")
    assert "_since" not in path and headers["Prefer"] == "respond-async"
    assert ward.told == ["ehr: export asked for", "ehr: export 50%", "ehr: export done, 3 files"]


def test_the_next_export_begins_where_the_last_one_ended(ward: Ward, server: BulkServer) -> None:
    ward.export()
    ended = server.now
    ward.conclude()
    assert not server.exports, "the server was told that the export may go"
    server.pass_time()
    server.put(condition("c9", 1, "v1"))
    server.delete("Condition", "c0")
    server.pass_time()
    found = ward.export()
    assert sorted(found) == ["deleted/Bundle.00000.ndjson", CARE]
    (path, _) = server.sent("GET", "$export")[-1]
    assert f"_since={ended:%Y-%m-%dT%H}" in path
    again = ward.discover()
    assert len(server.sent("GET", "$export")) == 2, "what was not concluded is gone on with"
    assert len(again.listed) == 2


def test_a_snapshot_is_asked_for_whole_every_night(ward: Ward, server: BulkServer) -> None:
    ward.source = replace(ward.source, snapshot=True)
    for _ in range(2):
        assert len(ward.export()) == 3
        ward.conclude()
        server.pass_time()
    assert all("_since" not in path for path, _ in server.sent("GET", "$export"))


def test_another_request_begins_anew(ward: Ward, server: BulkServer) -> None:
    ward.export()
    ward.conclude()
    ward.set(types="Patient, Condition", group="ward-7", kick_off="post")
    assert sorted(ward.export()) == [CARE, PEOPLE]
    assert server.sent("POST", "Group/ward-7/$export")
    ward.conclude()
    assert json.loads(load_checkpoint(ward.room.vault, "ehr"))["since"]
    ward.set(types="Patient")
    assert sorted(ward.export()) == [PEOPLE], (
        "conditions were never told of as patients were: all of them come"
    )


def test_everything_is_asked_for_anew(ward: Ward, server: BulkServer) -> None:
    ward.export()
    ward.conclude()
    server.pass_time()
    assert len(ward.export()) == 0
    assert len(ward.export(afresh=True)) == 3


def test_a_killed_round_goes_on_with_the_same_export(ward: Ward, server: BulkServer) -> None:
    first = CONNECTOR.discover(ward.source, "")
    assert first.wait_seconds == 0 and not first.listed
    second = CONNECTOR.discover(ward.source, first.checkpoint)
    third = CONNECTOR.discover(ward.source, second.checkpoint)
    assert third.wait_seconds is None and len(third.listed) == 3
    assert len(server.sent("GET", "$export")) == 1
    assert CONNECTOR.discover(ward.source, third.checkpoint).listed == third.listed


def test_an_export_that_the_server_forgot_is_made_again(ward: Ward, server: BulkServer) -> None:
    ward.discover()
    server.exports.clear()
    assert len(ward.export()) == 3
    assert len(server.sent("GET", "$export")) == 2


def test_patience_ends_and_the_export_stays(ward: Ward, server: BulkServer) -> None:
    server.faults.polls, server.faults.retry_after = 1000, "30"
    ward.set(patience_minutes="5")
    found = ward.discover()
    assert "not ready in time" in found.problem and 250 <= sum(ward.waits) <= 300
    server.exports[next(iter(server.exports))].polls_left = 0
    assert len(ward.export()) == 3
    assert len(server.sent("GET", "$export")) == 1


def test_the_deadline_ends_the_wait(ward: Ward, server: BulkServer) -> None:
    server.faults.polls = 1000
    assert "not ready in time" in ward.discover(late=lambda: len(server.sent("GET", "/status/")) > 3).problem


def test_waits_grow_where_the_server_says_nothing(ward: Ward, server: BulkServer) -> None:
    server.faults.polls, server.faults.retry_after = 3, None
    ward.set(retry_seconds="1")
    ward.export()
    assert all(2.0**n / 2 <= wait <= 2.0**n for n, wait in enumerate(ward.waits)), ward.waits
    assert len(ward.waits) == 3 and ward.waits[0] != 1, "with jitter"


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert retry_after({"Retry-After": "120"}) == 120
    assert retry_after({"Retry-After": format_datetime(now + timedelta(seconds=90), usegmt=True)}, now) == 90
    assert retry_after({"Retry-After": format_datetime(now - timedelta(days=1), usegmt=True)}, now) == 0
    assert retry_after({"Retry-After": "soon"}) is None and retry_after({}) is None
    assert retry_after({"Retry-After": "9" * 9}) == 900, "no server holds a night for ever"
    assert 30 <= pause(20, 1) <= 60


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("12% of https://h/x", "12%"),
        ("exported 3 of 7 files", "3 of 7"),
        ("on Jane Doe", "under way"),
        ("99.5 %", "99%"),
    ],
)
def test_progress_is_told_in_figures(text: str, told: str) -> None:
    assert told_progress(text) == told


# what goes wrong while the export is made


def test_a_failed_export_is_let_go(ward: Ward, server: BulkServer) -> None:
    server.faults.outcome = OUTCOME
    found = ward.discover()
    assert (
        found.problem
        == "the export failed on the server (HTTP 500, exception); the next round asks for another"
    )
    server.faults.outcome = None
    assert len(ward.export()) == 3
    assert len(server.sent("GET", "$export")) == 2 and server.sent("DELETE", "/status/")


def test_a_status_that_stumbles_is_asked_again(ward: Ward, server: BulkServer) -> None:
    server.faults.poll_failures = 3
    assert len(ward.export()) == 3
    server.faults.outcome_status, server.faults.outcome = 503, {"issue": [{"code": "transient"}]}
    found = ward.discover()
    assert "goes on with the same export" in found.problem
    server.faults.outcome = None
    assert len(ward.export()) == 3 and len(server.sent("GET", "$export")) == 1


def test_where_there_is_no_export(ward: Ward, server: BulkServer) -> None:
    ward.source = replace(ward.source, location=f"{server.origin}/elsewhere")
    with pytest.raises(Fatal, match=r"where tokens are given") as caught:
        ward.discover()
    ward.set(token_url=server.token_url)
    with pytest.raises(Fatal, match=r"makes no export \(HTTP 404") as caught:
        ward.discover()
    assert server.origin not in str(caught.value) and "elsewhere" not in str(caught.value)
    with pytest.raises(Fatal, match="no FHIR server"):
        CONNECTOR.probe(ward.source)


def test_a_refusal_names_its_code(ward: Ward) -> None:
    ward.set(output_format="application/xml")
    with pytest.raises(Fatal, match=r"HTTP 400, not-supported"):
        ward.discover()


def test_a_server_that_is_away(ward: Ward, server: BulkServer) -> None:
    server.stop()
    with pytest.raises(Unreachable, match="does not answer") as caught:
        ward.discover()
    assert "127.0.0.1" not in str(caught.value) and caught.value.__cause__ is None
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), Unreachable)
    server.start()
    assert len(ward.export()) == 3


def test_the_way_is_checked_without_an_export(ward: Ward, server: BulkServer) -> None:
    assert CONNECTOR.probe(ward.source) == "the server answers, FHIR 4.0.1, gives a token"
    assert not server.exports


# keys and tokens


def test_a_wrong_key_is_refused(ward: Ward, server: BulkServer, tmp_path: Path) -> None:
    other = make_client(BulkServer(), tmp_path)
    kid = server.clients["night-client"][0]["kid"]
    ward.set(private_key=f"file:{other}", kid=kid)
    with pytest.raises(Fatal, match="cannot be used") as caught:
        ward.discover()
    content = json.loads(Path(other).read_text())
    Path(other).write_text(json.dumps({**content, "kid": kid}))
    with pytest.raises(Fatal, match=r"gives no access token \(invalid_client\)"):
        ward.discover()
    assert content["d"] not in str(caught.value)


def test_keys_come_from_where_the_settings_point(
    ward: Ward, server: BulkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives import serialization

    (name,) = tmp_path.glob("ward/*.jwk")
    key = jwt.PyJWK(json.loads(name.read_text())).key
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    monkeypatch.setenv("WARD_KEY", pem)
    kid = server.clients["night-client"][0]["kid"]
    ward.set(private_key="env:WARD_KEY", kid=kid)
    assert CONNECTOR.probe(ward.source).endswith("gives a token")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/ward").write_text(json.dumps({"keys": [json.loads(name.read_text())]}))
    monkeypatch.setenv("NIGHTROUNDS_SECRETS", str(tmp_path / "secrets"))
    ward.set(private_key="secret:ward")
    assert CONNECTOR.probe(ward.source).endswith("gives a token")
    for wrong in (pem, "file:/nowhere", "env:NO_SUCH_VARIABLE"):
        ward.set(private_key=wrong)
        with pytest.raises(Fatal, match="private_key") as caught:
            CONNECTOR.probe(ward.source)
        assert "PRIVATE" not in str(caught.value) and "nowhere" not in str(caught.value)


def test_a_token_that_ends_in_the_middle_is_renewed(ward: Ward, server: BulkServer) -> None:
    server.faults.token_uses = 1
    ward.set(downloads="1")
    assert all(isinstance(found, bytes) for found in ward.export().values())
    assert len(server.sent("POST", "/auth/token")) >= 4
    assert len(server.sent("POST", "/auth/token")) == len(server.tokens), (
        "each assertion was taken: none came twice"
    )


def test_a_token_taken_by_nobody_is_asked_for_once_more_and_no_more(ward: Ward, server: BulkServer) -> None:
    found = ward.discover()
    server.faults.token_uses = 0
    server.tokens.clear()
    failed = [failure(one) for one in ward.fetch(found).values()]
    assert all("HTTP 401" in str(error) for error in failed)
    assert len(server.sent("POST", "/auth/token")) <= 1 + len(failed)


def test_files_that_need_no_token_get_none(ward: Ward, server: BulkServer) -> None:
    server.faults.needs_token = False
    ward.export()
    assert all("Authorization" not in headers for _, headers in server.sent("GET", "/files/"))
    assert all("Authorization" in headers for _, headers in server.sent("GET", "/status/"))


def test_scopes_are_those_that_the_server_has() -> None:
    from connectors.fhir_bulk.smart import _scope

    assert _scope({"scopes_supported": ["system/*.read"]}) == "system/*.read"
    assert _scope({"capabilities": ["permission-v1", "permission-v2"]}) == "system/*.rs"
    assert _scope({}) == "system/*.rs"


# fetching


def test_throttling_is_heeded(ward: Ward, server: BulkServer) -> None:
    server.faults.throttled = {"Patient.ndjson": 3}
    server.faults.broken = {"Condition.ndjson": 2}
    assert all(isinstance(found, bytes) for found in ward.export().values())
    assert len(server.sent("GET", "Patient.ndjson")) == 4


def test_a_file_that_cannot_be_had_is_a_failure_of_its_own(ward: Ward, server: BulkServer) -> None:
    server.faults.missing = {"Condition.ndjson"}
    found = ward.export()
    assert "HTTP 404" in str(failure(found.pop(CARE))) and all(
        isinstance(one, bytes) for one in found.values()
    )
    server.faults.missing = set()
    assert isinstance(ward.export()[CARE], bytes)
    assert len(server.sent("GET", "Patient.ndjson")) == 1, "what has landed is not fetched again"


def test_a_page_is_no_file(ward: Ward, server: BulkServer) -> None:
    server.faults.pages, server.faults.counts = {"Condition.ndjson"}, {"Condition.ndjson": None}
    assert "a page came" in str(failure(ward.export()[CARE]))


def test_a_cut_connection_goes_on_by_range(ward: Ward, server: BulkServer) -> None:
    content = big(server)
    server.faults.compress = False
    server.faults.cuts = {"Condition.ndjson": [(3 << 20) + 17, 1 << 10]}
    assert ward.export()[CARE] == content
    asked = [headers.get("Range") for _, headers in server.sent("GET", "Condition.ndjson")]
    assert asked == [None, "bytes=2097152-", "bytes=2097152-"], (
        "after the last whole chunk of the sealed copy"
    )
    assert not list(ward.landing.rglob("*.part")) and not list(ward.landing.rglob("*.mark"))


@pytest.mark.parametrize("fault", ["no ranges", "no etags", "changed", "compressed"])
def test_where_it_cannot_go_on_it_begins_anew(ward: Ward, server: BulkServer, fault: str) -> None:
    content = big(server)
    server.faults.compress = fault == "compressed"
    server.faults.ranges, server.faults.etags = fault != "no ranges", fault != "no etags"
    server.faults.cuts = {"Condition.ndjson": [60_000 if fault == "compressed" else 3 << 20]}
    if fault == "changed":
        found = ward.discover()
        server.faults.cuts["Condition.ndjson"] += [100] * 3
        assert isinstance(failure(ward.fetch(found)[CARE]), Retriable)
        (export,) = server.exports.values()
        file = next(f for f in export.files["output"] if f.name == "Condition.ndjson")
        file.data = content = content[::-1].replace(b"\n", b" ", 1) + b"\n"
        server.faults.counts = {"Condition.ndjson": None}
    assert ward.export()[CARE] == content


def test_counts_that_differ_are_a_failure_unless_they_are_ignored(ward: Ward, server: BulkServer) -> None:
    server.faults.counts = {"Condition.ndjson": 4}
    error = failure(ward.export()[CARE])
    assert "3 lines where its manifest states 4" in str(error) and isinstance(error, Retriable)
    assert not list(ward.landing.rglob("*.part")), "nothing is kept of it"
    ward.set(counts="ignore")
    assert isinstance(ward.export()[CARE], bytes)


def test_lines_are_counted_as_records_are() -> None:
    from io import BytesIO

    assert count_lines(BytesIO(b"")) == 0
    assert count_lines(BytesIO(b"{}\n\n {}\r\n\r\n{}")) == 3
    assert count_lines(BytesIO(b"x" * 600_000 + b"\n" + b"y" * 300_000)) == 2


def test_a_changed_manifest_is_taken_as_it_is_now(ward: Ward, server: BulkServer) -> None:
    server.stored[4].file = "Encounter.more"
    first = ward.export()
    assert {VISITS, "output/Encounter.00001.ndjson"} <= set(first)
    server.faults.shuffle = True
    second = ward.export()
    assert second[VISITS] == first["output/Encounter.00001.ndjson"] and second[PEOPLE] == first[PEOPLE]
    assert len(server.sent("GET", "Patient.ndjson")) == 1


def test_urls_signed_anew_are_the_same_files(ward: Ward, server: BulkServer) -> None:
    server.faults.signed = True
    assert ward.export() == ward.export()
    assert len(server.sent("GET", "/files/")) == 3


def test_a_manifest_in_pages_is_read_to_its_end() -> None:
    first = {"transactionTime": "2026-03-01T00:00:00Z", "output": [{"type": "Patient", "url": "a/1"}]}
    second = {
        **first,
        "output": [{"type": "Patient", "url": "/b/2", "count": 3}, {"type": "<x>", "url": "c"}],
    }
    manifest = read_manifest([first, second], "https://h/x/y")
    assert manifest is not None
    assert [f.url for f in manifest.files] == ["https://h/x/a/1", "https://h/b/2", "https://h/x/c"]
    assert [manifest.path(f).partition("/")[2] for f in manifest.files] == [
        PEOPLE, "output/Patient.00001.ndjson", "output/any.00000.ndjson",
    ]  # fmt: skip
    wrongs: list[list[object]] = [[], [None], [first, None], [{"output": []}], [{**first, "output": {}}]]
    for wrong in wrongs:
        assert read_manifest(wrong, "https://h") is None


def test_a_dead_server_is_not_asked_for_every_file(ward: Ward, server: BulkServer) -> None:
    for number in range(30):
        server.stored.append(replace(server.stored[0], file=f"Patient.{number}"))
    ward.set(downloads="2")
    found = ward.discover()
    server.stop()
    failed = [str(failure(one)) for one in ward.fetch(found).values()]
    assert len(failed) == 33 and sum("not tried" in text for text in failed) >= 25
    server.start()
    assert all(isinstance(one, bytes) for one in ward.fetch(found).values())


def test_killed_in_the_middle_of_a_file_it_goes_on(ward: Ward, server: BulkServer) -> None:
    content = big(server, 6 << 20)
    server.faults.compress, server.faults.slow = False, {"Condition.ndjson": 0.05}
    code = (
        "import sys\nfrom tasks.workroom import open_workroom, load_sources\n"
        "from tests.connectors.bulk_ward import Ward\n"
        "room = open_workroom(sys.argv[1])\n"
        "Ward(room, None, load_sources(room.vault)['ehr']).export()\n"
    )
    command = [sys.executable, "-c", code, str(ward.room.home.path)]
    client = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ))
    until = time.monotonic() + 60
    while not any(path.stat().st_size > 3 << 20 for path in ward.landing.rglob("*.part")):
        assert client.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    client.send_signal(signal.SIGKILL)
    assert client.wait() == -signal.SIGKILL
    server.faults.slow = {}
    assert ward.export()[CARE] == content
    assert len(server.sent("GET", "$export")) == 1, "the same export"
    ranges = [headers.get("Range") for _, headers in server.sent("GET", "Condition.ndjson")]
    assert ranges[0] is None and len(ranges) == 2 and ranges[1] not in (None, "bytes=0-")


# settings and secrets


@pytest.mark.parametrize(
    ("location", "options", "place"),
    [
        ("http://fhir.example.org/r4", {}, "location"),
        ("/exports/fhir", {}, "location"),
        ("https://h/r4", {"client_id": "x"}, "client_id"),
        ("https://h/r4", {"typ": "Patient"}, "options"),
        ("https://h/r4", {"types": "patient"}, "types"),
        ("https://h/r4", {"level": "group"}, ": group"),
        ("https://h/r4", {"group": "../x"}, "group"),
        ("https://h/r4", {"downloads": "many"}, "downloads"),
        ("https://h/r4", {"lenient": "perhaps"}, "lenient"),
    ],
)
def test_wrong_settings_are_named(location: str, options: dict[str, str], place: str) -> None:
    with pytest.raises(Fatal) as caught:
        request_of(Source("ehr", "fhir_bulk", location, options=options))
    assert place in caught.value.place and location not in str(caught.value)
    assert not any(
        value in str(caught.value) for value in options.values() if value in ("../x", "many", "perhaps")
    )


def test_plain_http_is_a_choice() -> None:
    source = Source("ehr", "fhir_bulk", "http://fhir.hospital/r4/", options={"plain_http": "true"})
    assert request_of(source).base == "http://fhir.hospital/r4"


def test_it_keeps_to_its_protocols(ward: Ward) -> None:
    assert isinstance(CONNECTOR, Exporter)
    assert isinstance(CONNECTOR.place(ward.source, "", "a/output/b.ndjson"), Fetchable)
    with pytest.raises(Fatal, match="checkpoint"):
        read_state("{}")


def test_nothing_secret_is_told(ward: Ward, server: BulkServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults.missing, server.faults.throttled = {"Condition.ndjson"}, {"Patient.ndjson": 1}
    found = ward.discover()
    fetched = ward.fetch(found)
    state = load_checkpoint(ward.room.vault, "ehr")
    told = [*ward.told, caplog.text, repr(found), repr(read_state(state)), str(failure(fetched[CARE]))]
    told += [
        repr(ward.source),
        repr(request_of(ward.source)),
        repr(CONNECTOR.place(ward.source, state, found.listed[0].path)),
    ]
    key = json.loads(next(ward.room.home.path.parent.glob("*.jwk")).read_text())["d"]
    secrets = [server.origin, "127.0.0.1", "/files/", "/status/", key, *server.tokens, "night-client"]
    assert [(s, text) for s in secrets for text in told if s in text] == []
    for path in ward.room.home.path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in data for secret in secrets), path.name
