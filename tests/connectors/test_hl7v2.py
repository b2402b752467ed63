"""HL7 v2: files split into messages, messages into statements, each of them about one thing."""

from __future__ import annotations

import gzip
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.hl7v2 import Hl7v2Connector, stream
from connectors.hl7v2.message import Message
from connectors.hl7v2.values import compared, instant, local_time, range_of
from contracts.errors import Rejected
from contracts.identity import Identity, encode_subject
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.units import WHOLE, Source, Unit
from stores.places import place_of
from tests import hl7v2_messages as m
from tests.accounts import accounted

KEY = Key("test", b"\x01" * 32)
ZONE = "America/New_York"
Rows = dict[str, list[dict[str, Any]]]


def reading(path: Path, **options: str) -> Reading:
    source = Source("feed", "hl7v2", str(path.parent), "mercy", ZONE, options=options)
    return Reading(Unit("feed/x", "feed", "hl7v2"), source, place_of(source, path.name), KEY)


def read(data: bytes | str, folder: Path, name: str = "feed.hl7") -> Rows:
    """All rows by table."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found: Rows = {}
    for table, batch in accounted(Hl7v2Connector().read(reading(path), WHOLE)):
        found.setdefault(table, []).extend(batch.to_pylist())
    return found


def who(data: bytes | str, folder: Path, **options: str) -> list[Identity]:
    path = folder / "feed.hl7"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(Hl7v2Connector().identities(reading(path, **options)))


def content(found: Rows) -> dict[str, Counter[tuple[object, ...]]]:
    """What is told, wherever it lay in the file."""
    return {
        table: Counter(
            tuple(v for k, v in row.items() if k not in ("_record", "where")) for row in map(_plain, rows)
        )
        for table, rows in found.items()
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}


def reasons(found: Rows) -> dict[str, int]:
    return dict(Counter(row["reason"] for row in found.get("rejected", [])))


def ignored(found: Rows) -> dict[str, int]:
    return dict(Counter(row["type"] for row in found.get("ignored", [])))


# --- files


def forms(messages: Sequence[str]) -> dict[str, bytes]:
    plain = "".join(messages)
    return {
        "mllp": m.mllp(*messages),
        "mllp, LF between frames": m.mllp(*messages).replace(b"\x1c\r", b"\x1c\r\n"),
        "CR": plain.encode(),
        "LF": plain.replace("\r", "\n").encode(),
        "CRLF": plain.replace("\r", "\r\n").encode(),
        "BOM": b"\xef\xbb\xbf" + plain.encode(),
        "batch": m.batch(*messages).encode(),
        "gzip": gzip.compress(plain.encode()),
        "blank lines": "\n\n".join(messages).encode() + b"\n \n",
        "control-Z": plain.encode() + b"\x1a",
    }


@pytest.mark.parametrize("form", forms([m.admission()]))
def test_messages_are_the_same_in_every_form_of_file(form: str, tmp_path: Path) -> None:
    messages = m.everything()
    plain = read("".join(messages), tmp_path)
    found = read(forms(messages)[form], tmp_path)
    assert content(found) == content(plain)
    assert "rejected" not in plain and {t: len(r) for t, r in plain.items()} == {
        "hl7v2.patient": 7, "hl7v2.visit": 5, "hl7v2.result": 8, "hl7v2.note": 2, "hl7v2.diagnosis": 2,
        "hl7v2.allergy": 2, "hl7v2.procedure": 1, "hl7v2.drug": 3, "hl7v2.provider": 4, "hl7v2.other": 3, "ignored": 3,
    }  # fmt: skip


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_where_the_file_is_cut_while_it_is_read_makes_no_difference(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = m.batch(*m.everything()).encode() + m.mllp(*m.everything("-2"))
    whole = read(data, tmp_path)
    monkeypatch.setattr(stream, "CHUNK_BYTES", size)
    assert read(data, tmp_path) == whole


def test_places_are_bytes_of_the_file_and_tell_statements_apart(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + "".join(m.everything()).encode()
    found = read(data, tmp_path)
    places = [row["_record"] for rows in found.values() for row in rows]
    assert len(places) == len(set(places))
    assert [data[row["_record"] :][:4] for row in found["hl7v2.patient"]] == [b"PID|"] * 7


def test_garbage_between_messages_is_counted(tmp_path: Path) -> None:
    noise = b"2023-05-04 08:30 received from Quillfeather\n"
    assert ignored(read(noise + m.admission().encode(), tmp_path))["garbage"] == 1
    framed = m.mllp(m.discharge()) + noise + m.mllp(m.discharge())
    assert ignored(read(framed, tmp_path)) == {"garbage": 1}
    assert ignored(read(m.discharge() + noise.decode() + m.discharge(), tmp_path)) == {"garbage": 1}


def test_a_file_without_messages_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="not-hl7v2"):
        read("Quillfeather, Zebediah\n" * 50, tmp_path)
    assert read(b"", tmp_path) == {}


@pytest.mark.parametrize("last", [m.mllp(m.discharge())[:-2], m.discharge()[:-20].encode()])
def test_a_message_that_is_cut_off_is_rejected(last: bytes, tmp_path: Path) -> None:
    first = m.mllp(m.admission()) if last.startswith(b"\x0b") else m.admission().encode()
    found = read(first + last, tmp_path)
    assert reasons(found) == {"truncated-message": 1}
    assert len(found["hl7v2.patient"]) == 1
    assert who(first + last, tmp_path) == who(first, tmp_path)


def test_batches_are_counted(tmp_path: Path) -> None:
    messages = [m.admission(), m.discharge()]
    assert reasons(read(m.batch(*messages), tmp_path)) == {}
    assert reasons(read(m.batch(*messages, count=3), tmp_path)) == {"batch-count-mismatch": 1}
    cut = m.batch(*messages).replace("BTS|2\rFTS|1\r", "")
    assert reasons(read(cut, tmp_path)) == {"missing-trailer": 1}
    assert reasons(read(m.batch(*messages).replace("FTS|1", "FTS|2"), tmp_path)) == {"file-count-mismatch": 1}
    assert len(read(cut, tmp_path)["hl7v2.patient"]) == 2


# --- characters


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("", "utf-8", "Zöë"),
        ("UNICODE UTF-8", "utf-8", "Žofie"),
        ("8859/1", "latin-1", "Zoë"),
        ("8859/15", "iso8859-15", "Šœ"),
        ("GB 18030-2000", "gb18030", "王小明"),
        ("~ISO IR87", "utf-8", "Zoë"),
        ("ISO IR87", "iso2022_jp", "山田太郎"),
        ("SHIFT-JIS", "shift_jis", "表構能"),
        ("ASCII", "ascii", "Zoe"),
    ],
)
def test_character_sets_are_those_that_are_declared(
    charset: str, codec: str, name: str, tmp_path: Path
) -> None:
    """In Shift-JIS the second byte of 表 is a backslash, and of others a bar: splitting comes after decoding."""
    patient = m.Patient(given=name)
    data = m.message(m.msh("ADT^A08", charset=charset), m.evn("A08"), m.pid(patient), m.pv1())
    assert name in who(data.encode(codec), tmp_path)[0].traits["name"]


def test_what_is_not_in_its_character_set_is_rejected_and_never_guessed(tmp_path: Path) -> None:
    data = m.message(m.msh("ADT^A08"), m.evn("A08"), m.pid(m.Patient(given="Zoë")), m.pv1())
    assert reasons(read(data.encode("latin-1"), tmp_path)) == {"undecodable-text": 1}
    unknown = data.replace("|2.5.1||||||", "|2.5.1||||||KLINGON")
    assert reasons(read(unknown, tmp_path)) == {"unknown-character-set": 1}


def test_escapes_are_resolved_in_the_messages_own_terms(caplog: pytest.LogCaptureFixture) -> None:
    text = r"A\T\B \F\ \S\ \R\ \E\ \XC3A9\ \X0D\ \.br\next \H\bold\N\ \Zlocal\ \Q"
    message = Message(m.message(m.msh("ORU^R01"), m.obx(1, "TX", "1^x^L", text)).encode())
    with caplog.at_level(logging.DEBUG):
        found = next(s for s in message.segments() if s.name == "OBX").text(5)
    assert found == "A&B | ^ ~ \\ é \r \nnext bold \\Zlocal\\ \\Q"
    assert not caplog.records  # the library would log values that it cannot resolve


def test_delimiters_are_those_of_the_header(tmp_path: Path) -> None:
    plain = m.chemistry()
    other = plain.translate(str.maketrans("|^~\\&", "#@!%*"))
    assert read(other, tmp_path)["hl7v2.result"] == read(plain, tmp_path)["hl7v2.result"]
    assert reasons(read(plain.replace("MSH|^~\\&", "MSH|^^\\&"), tmp_path)) == {"malformed-header": 1}


# --- times, numbers


@pytest.mark.parametrize(
    ("value", "wall", "moment"),
    [
        ("1998", "1998", "1998-01-01T05:00:00.000000"),
        ("199805", "1998-05", "1998-05-01T04:00:00.000000"),
        ("19980517", "1998-05-17", "1998-05-17T04:00:00.000000"),
        ("1998051707", "1998-05-17T07:00:00", "1998-05-17T11:00:00.000000"),
        ("199805170730", "1998-05-17T07:30:00", "1998-05-17T11:30:00.000000"),
        ("19980517073015.25-0700", "1998-05-17T07:30:15", "1998-05-17T14:30:15.250000"),
        ("20230701030000+0000", "2023-06-30T23:00:00", "2023-07-01T03:00:00.000000"),
        ("20230312023000", "2023-03-12T02:30:00", "2023-03-12T07:30:00.000000"),  # an hour that clocks skip
        ("00000000", None, ""),
        ("Tuesday", "Tuesday", ""),
    ],
)
def test_times_are_as_precise_as_they_are(value: str, wall: str | None, moment: str) -> None:
    assert local_time(value, ZONE) == wall
    assert instant(value, ZONE) == moment


def test_numbers_and_ranges() -> None:
    assert (
        compared("<5") == ("<", 5.0)
        and compared(">= 1e3") == (">=", 1000.0)
        and compared("7.") == (None, 7.0)
    )
    assert compared("5 to 6") is None and compared("") is None
    assert (
        range_of("70-99") == (70.0, 99.0)
        and range_of("-1.5 to 2") == (-1.5, 2.0)
        and range_of("<5") == (None, 5.0)
    )
    assert range_of("negative") == range_of("99-70") == (None, None)


# --- people


def test_a_patient_is_told_with_everything_to_be_hidden(tmp_path: Path) -> None:
    patient = m.ZEBEDIAH
    (found,) = who(m.admission(), tmp_path)
    assert found.subject == encode_subject("mercy", patient.number)
    assert [a.subject for a in found.aliases] == [encode_subject("mercy", patient.number, "hl7v2:MERCY")]
    hidden = {value for values in found.traits.values() for value in values}
    assert set(patient.canaries) <= hidden
    assert {"1961-04-23", "zebediah@example.org", "Thorvald", "02139", "V1001"} <= hidden


def test_a_message_about_nobody_is_rejected(tmp_path: Path) -> None:
    assert reasons(read(m.message(m.msh("ORU^R01"), m.obr()), tmp_path)) == {"missing-patient-id": 1}
    nameless = m.message(m.msh("ADT^A01"), m.evn("A01"), "PID|1||||Doe^Jane", m.pv1())
    assert reasons(read(nameless, tmp_path)) == {"missing-patient-id": 1}
    assert reasons(read(m.message(m.msh("ADT^A01", processing="T"), m.pid()), tmp_path)) == {
        "test-message": 1
    }


# --- statements


def by_code(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in rows}


def test_results_keep_their_kind_of_value(tmp_path: Path) -> None:
    found = by_code(read(m.chemistry(), tmp_path)["hl7v2.result"])
    glucose = found["2345-7"]
    told = (
        "system",
        "value_number",
        "unit",
        "unit_code",
        "range_low",
        "range_high",
        "flag",
        "status",
        "start_date",
    )
    assert [glucose[n] for n in told] == [
        "LOINC", 182.0, "mg/dL", "mg/dL", 70.0, 99.0, "H", "F", "2023-05-04T09:05:00",
    ]  # fmt: skip
    assert (found["33914-3"]["operator"], found["33914-3"]["value_number"]) == (">", 60.0)
    assert (found["718-7"]["operator"], found["718-7"]["value_number"]) == ("<", 5.0)
    assert found["5196-1"]["value_free"] == "1:128" and found["5196-1"]["value_number"] is None
    assert (found["882-1"]["value_system"], found["882-1"]["value_code"]) == ("SNOMED", "278149003")
    assert found["5778-6"]["value_free"] == "Yellow" and found["11778-8"]["value_date"] == "2023-11-24"


def result(status: str, value: str, sent: str, **more: str) -> str:
    return m.message(
        m.msh("ORU^R01", sent=sent), m.pid(), m.obr(), m.obx(1, "NM", m.GLUCOSE, value, status=status, **more)
    )


def test_a_later_message_is_a_newer_version_of_the_same_result(tmp_path: Path) -> None:
    sent = ["20230504111500-0400", "20230504111500-0400", "20230504141500-0300"]
    rows = [
        read(result(s, v, t), tmp_path)["hl7v2.result"][0]
        for s, v, t in zip("PFC", ["1", "2", "3"], sent, strict=True)
    ]
    assert len({row["_owner"] for row in rows}) == 1
    versions = [row["_version"] for row in rows]
    assert versions == sorted(versions) and len(set(versions)) == 3
    again = read(result("P", "1", "20240101000000"), tmp_path)["hl7v2.result"][0]
    assert again["_digest"] == rows[0]["_digest"] and again["_version"] > versions[-1]


@pytest.mark.parametrize("status", ["D", "W", "X"])
def test_a_result_that_is_taken_back_is_deleted(status: str, tmp_path: Path) -> None:
    first = read(result("F", "182", "20230504111500-0400"), tmp_path)["hl7v2.result"][0]
    found = read(result(status, "182", "20230505111500-0400"), tmp_path)
    assert "hl7v2.result" not in found
    (gone,) = found["deleted"]
    assert (gone["_owner"], gone["record_type"]) == (first["_owner"], "result")
    assert gone["_version"] > first["_version"]


def test_pending_results_are_none(tmp_path: Path) -> None:
    assert ignored(read(result("I", "", "20230504111500-0400"), tmp_path)) == {"OBX-pending": 1}


def test_results_of_one_code_are_told_apart(tmp_path: Path) -> None:
    lines = [
        m.obx(1, "ST", "600-7^Organism^LN", "E. coli"),
        m.obx(2, "ST", "600-7^Organism^LN", "K. pneumoniae"),
    ]
    lines += [m.obx(3, "ST", "600-7^Organism^LN", "yeast", sub="2")]
    found = read(m.message(m.msh("ORU^R01"), m.pid(), m.obr(), *lines), tmp_path)["hl7v2.result"]
    assert len({row["_owner"] for row in found}) == 3
    # a placeholder is no number: two patients' results under it are two
    feed = "".join(
        m.message(m.msh("ORU^R01"), m.pid(p), m.obr("9999", f2="9999"), lines[0])
        for p in (m.ZEBEDIAH, m.OTTOLINE)
    )
    assert len({row["_owner"] for row in read(feed, tmp_path)["hl7v2.result"]}) == 2


def test_lines_of_a_report_are_one_note(tmp_path: Path) -> None:
    (note,) = read(m.radiology(), tmp_path)["hl7v2.note"]
    assert note["note"].splitlines()[1:] == [
        "Heart size normal.",
        "No effusion, A&P views.",
        "IMPRESSION: No acute disease.",
    ]
    broken = m.message(
        m.msh("ORU^R01"), m.pid(), m.obr(section="RAD"), m.obx(1, "TX", "1-8^Report^LN", "line 1\nline 2")
    )
    assert read(broken, tmp_path)["hl7v2.note"][0]["note"] == "line 1\nline 2"
    packed = m.message(
        m.msh("ORU^R01"),
        m.pid(),
        m.obr(section="RAD"),
        m.obx(1, "ED", "1-8^Report^LN", m.encoded_text("one\ntwo")),
    )
    assert read(packed, tmp_path)["hl7v2.note"][0]["note"] == "one\ntwo"


def test_documents_are_replaced_and_cancelled(tmp_path: Path) -> None:
    first = read(m.document(), tmp_path)["hl7v2.note"][0]
    edited = read(m.document("T08", sent="20230506070000-0400"), tmp_path)["hl7v2.note"][0]
    assert edited["_owner"] == first["_owner"] and edited["_version"] > first["_version"]
    replaced = read(m.document("T10", "DOC-2", parent="DOC-4410", sent="20230506070000-0400"), tmp_path)
    assert [row["_owner"] for row in replaced["deleted"]] == [first["_owner"]]
    assert replaced["hl7v2.note"][0]["_owner"] != first["_owner"]
    cancelled = read(m.document("T11", sent="20230506070000-0400"), tmp_path)
    assert [row["_owner"] for row in cancelled["deleted"]] == [
        first["_owner"]
    ] and "hl7v2.note" not in cancelled


def visit(trigger: str, sent: str, **more: str) -> str:
    return m.message(m.msh(f"ADT^{trigger}", sent=sent), m.evn(trigger, sent), m.pid(), m.pv1(**more))


def test_a_visit_is_what_the_newest_admission_message_says(tmp_path: Path) -> None:
    (admitted,) = read(visit("A01", "20230504083000"), tmp_path)["hl7v2.visit"]
    (left,) = read(visit("A03", "20230506120000"), tmp_path)["hl7v2.visit"]
    (back,) = read(visit("A13", "20230506130000", discharged="20230506120000"), tmp_path)["hl7v2.visit"]
    assert len({row["_owner"] for row in (admitted, left, back)}) == 1
    assert (admitted["end_date"], left["end_date"], back["end_date"]) == (None, "2023-05-06T12:00:00", None)
    assert admitted["_version"] < left["_version"] < back["_version"]
    (gone,) = read(visit("A11", "20230507"), tmp_path)["deleted"]
    assert (gone["_owner"], gone["record_type"]) == (admitted["_owner"], "visit") and gone["_version"] > back[
        "_version"
    ]
    # what a result carries along counts less than any admission message
    (carried,) = read(m.chemistry().replace("20230504111500", "20240101000000"), tmp_path)["hl7v2.visit"]
    assert carried["_owner"] == admitted["_owner"] and carried["_version"] < admitted["_version"]


def test_diagnoses_allergies_procedures(tmp_path: Path) -> None:
    found = read(m.admission(), tmp_path)
    assert [(r["system"], r["code"], r["kind"]) for r in found["hl7v2.diagnosis"]] == [
        ("ICD10CM", "I21.4", "A"),
        ("ICD10CM", "E11.9", "W"),
    ]
    assert [(r["kind"], r["value_code"], r["value_text"], r["severity"]) for r in found["hl7v2.allergy"]] == [
        ("DA", "7980", None, "SV"),
        ("FA", None, "Peanuts", "MO"),
    ]
    (stent,) = found["hl7v2.procedure"]
    assert (stent["system"], stent["code"], stent["modifier_code"]) == ("CPT4", "92928", "LD")
    deleted = m.message(m.msh("ADT^A60"), m.evn("A60"), m.pid(), "IAM|1|DA|7980^Penicillin G^RXNORM|SV||D")
    assert read(deleted, tmp_path)["deleted"][0]["_owner"] == found["hl7v2.allergy"][0]["_owner"]
    assert len(found["hl7v2.provider"]) == 2


def test_drugs_are_given_prescribed_and_cancelled(tmp_path: Path) -> None:
    given, refused = read(m.vaccination(), tmp_path)["hl7v2.drug"]
    told = ("system", "code", "quantity", "dose_unit", "route_code", "lot_number", "status")
    assert [given[n] for n in told] == ["CVX", "140", 0.5, "mL", "IM", "W46593", "CP"]
    assert (refused["code"], refused["refusal_code"], refused["status"], refused["quantity"]) == (
        "21",
        "00",
        "RE",
        None,
    )
    assert ignored(read(m.vaccination(), tmp_path)) == {"RXA-without-drug": 1}
    (ordered,) = read(m.prescription(), tmp_path)["hl7v2.drug"]
    assert (ordered["code"], ordered["refills"], ordered["end_date"], ordered["route_code"]) == (
        "860975", 3, "2023-06-12", "PO",
    )  # fmt: skip
    assert read(m.prescription(control="CA"), tmp_path)["deleted"][0]["_owner"] == ordered["_owner"]
    doses = "".join(m.administration(t) for t in ("20230504140000-0400", "20230504200000-0400"))
    assert len({row["_owner"] for row in read(doses, tmp_path)["hl7v2.drug"]}) == 2


def test_an_order_is_a_procedure_once_it_is_carried_out(tmp_path: Path) -> None:
    assert read(m.order("CM"), tmp_path)["hl7v2.procedure"][0]["code"] == "71046"
    planned = read(m.order("SC"), tmp_path)
    assert "hl7v2.procedure" not in planned and planned["hl7v2.other"][0]["record_type"] == "OBR"


def test_what_has_no_table_is_kept_or_counted(tmp_path: Path) -> None:
    (kept,) = read(m.appointment(), tmp_path)["hl7v2.other"]
    assert kept["record_type"] == "SIU_S12" and kept["dates"] == ["2023-05-10T09:00:00"]
    assert dict(zip(kept["code_places"], kept["codes"], strict=True))["AIS-3"] == "CT1"
    assert ignored(read(m.admission(), tmp_path)) == {"NK1": 1, "ZPI": 1}
    assert ignored(read(m.message(m.msh("ACK^A01"), "MSA|AA|1"), tmp_path)) == {"ACK": 1}


# --- hostile files


def test_a_result_of_ten_megabytes(tmp_path: Path) -> None:
    text = "All is well. " * 800_000
    data = m.message(m.msh("ORU^R01"), m.pid(), m.obr(), m.obx(1, "TX", "1-8^Report^LN", text))
    assert len(read(data, tmp_path)["hl7v2.note"][0]["note"]) == len(text)


def test_a_text_of_a_hundred_thousand_lines_takes_time_in_proportion(tmp_path: Path) -> None:
    text = "\n".join(f"line {i}" for i in range(100_000))
    data = m.message(m.msh("ORU^R01"), m.pid(), m.obr(), m.obx(1, "TX", "1-8^Report^LN", text))
    assert read(data, tmp_path)["hl7v2.note"][0]["note"] == text


def test_a_message_of_many_results(tmp_path: Path) -> None:
    lines = (m.obx(i, "NM", f"{i}-0^Analyte^LN", str(i)) for i in range(5_000))
    found = read(m.message(m.msh("ORU^R01"), m.pid(), m.obr(), *lines), tmp_path)
    assert len({row["_owner"] for row in found["hl7v2.result"]}) == 5_000


def test_fields_and_messages_beyond_all_measure_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = m.message(m.msh("ADT^A08"), m.pid(numbers="1^^^MERCY^MR~" * 20_000), m.pv1())
    assert reasons(read(deep, tmp_path)) == {"overlong-field": 1}
    code = m.message(m.msh("ORU^R01"), m.pid(), m.obr(), m.obx(1, "NM", "a^b&c~" * 20_000, "1"))
    assert reasons(read(code, tmp_path)) == {"overlong-field": 1}
    monkeypatch.setattr(stream, "MESSAGE_LIMIT", 3 << 20)
    long = m.message(m.msh("ORU^R01"), m.pid(), m.obr(), m.obx(1, "TX", "1-8^x^LN", "x" * (4 << 20)))
    found = read(m.discharge() + long + m.discharge(), tmp_path)
    assert reasons(found) == {"message-too-long": 1} and len(found["hl7v2.patient"]) == 2


def test_scripts_in_names_are_names(tmp_path: Path) -> None:
    evil = m.Patient(family="<script>alert(1)</script>", given="'; DROP TABLE omop--")
    found = read(m.admission(evil), tmp_path)
    assert "rejected" not in found and "hl7v2.patient" in found
    assert not any(
        "script" in str(v) for t in ("hl7v2.patient", "hl7v2.visit") for row in found[t] for v in row.values()
    )
    assert evil.family in who(m.admission(evil), tmp_path)[0].traits["name"]


def test_the_preflight_tells_places_and_no_value(tmp_path: Path) -> None:
    path = tmp_path / "feed.hl7"
    other = m.message(m.msh("ADT^A08"), m.pid(numbers="5^^^ELSEWHERE^MR"), m.pv1())
    path.write_text(m.admission() + other + m.discharge()[:-9], newline="")
    findings = list(Hl7v2Connector().check(reading(path).place))
    assert {f.rule for f in findings if f.severity == "error"} == {"truncated-message"}
    assert {f.rule for f in findings if f.severity == "warning"} == {"several-authorities"}
    assert not any(canary in f"{f.message}{f.where}" for f in findings for canary in m.ZEBEDIAH.canaries)


@pytest.mark.parametrize(("stated", "told"), [("Y", True), ("N", False), ("", None), ("U", None)])
def test_that_somebody_is_dead_is_told_without_a_date_too(
    stated: str, told: bool | None, tmp_path: Path
) -> None:
    pid = "PID|1||7^^^MERCY^MR||Doe^Jane||19500504" + "|" * 23 + stated
    (row,) = read(m.message(m.msh("ADT^A01"), m.evn("A01"), pid, m.pv1()), tmp_path)["hl7v2.patient"]
    assert (row["deceased"], row["death_date"]) == (told, None)
