"""C-CDA documents as wholes: who they are about, which version of what they are, what is refused, what a file holds."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from connectors.ccda import CcdaConnector
from connectors.ccda.chart import Unit
from connectors.ccda.reading import read_document
from contracts.errors import Rejected
from contracts.units import Source
from stores.places import place_of
from tests.conformance import ccda_sample as c
from tests.conformance.reading import read_unit, reading
from tests.connectors.ccda_reading import KEY, Rows, identity, read, refusal

# who it is about


def test_the_only_root_is_the_authority_s_and_others_keep_their_name_space() -> None:
    one = identity(c.document())
    assert (one.identifier, one.system) == ("MRN-8801277", "")
    assert [alias.system for alias in one.aliases] == [f"ccda:{c.MRN_ROOT}"]
    two = c.document(target=c.patient(c.ZEBEDIAH, roots=(c.OTHER_ROOT, c.MRN_ROOT)))
    assert [i.system for i in (identity(two), *identity(two).aliases)] == [
        f"ccda:{c.OTHER_ROOT}",
        f"ccda:{c.MRN_ROOT}",
    ]
    assert identity(two, c.MRN_ROOT).system == ""
    subjects = {
        row["subject"]
        for name, rows in read(two, mrn_root=c.MRN_ROOT).items()
        for row in rows
        if "subject" in row
    }
    assert subjects == {identity(two, c.MRN_ROOT).subject}


def test_all_that_names_the_person_and_those_around_is_a_trait() -> None:
    guardian = "<guardian><guardianPerson><name>Ebenezer Snodgrass</name></guardianPerson></guardian>"
    agent = (
        '<observation classCode="OBS" moodCode="EVN"><participant typeCode="CST"><participantRole classCode="AGNT">'
        '<telecom value="mailto:prue@example.org"/><playingEntity><name><given>Prudence</given></name></playingEntity>'
        "</participantRole></participant></observation>"
    )
    payer = (
        '<participant typeCode="HLD"><associatedEntity classCode="POLHOLD"><id root="1.2" extension="POL-99812"/>'
        "<associatedPerson><name><family>Marchbanks</family></name></associatedPerson>"
        "<scopingOrganization><name>Aetna</name></scopingOrganization></associatedEntity></participant>"
    )
    text = c.document(
        c.section("42348-3", "Directives", "", agent),
        extra=payer,
        target=c.patient(c.ZEBEDIAH, more=guardian),
    )
    traits = identity(text).traits
    assert {"Zebediah", "Quillfeather"} <= set(traits["name"])
    assert {"Ebenezer", "Snodgrass", "Hildegund", "Prudence", "Marchbanks"} <= set(traits["contact"])
    assert "Aetna" not in traits["contact"]
    assert {"MRN-8801277", "987-65-4329", "POL-99812", "visit-1"} <= set(traits["identifier"])
    assert traits["birth_date"] == ("1961-04-23",) and traits["phone"] == ("555-0182-3377",)
    assert traits["email"] == ("prue@example.org",) and "14 Larkspur Passage" in traits["address"]


def test_markup_in_a_name_is_a_name() -> None:
    target = c.patient(c.ZEBEDIAH).replace("Zebediah", "&lt;script&gt;alert('x')&lt;/script&gt;")
    assert "<script>alert('x')</script>" in identity(c.document(target=target)).traits["name"]


@pytest.mark.parametrize(("stated", "told"), [("true", True), ("false", False), ("", None), ("maybe", None)])
def test_that_somebody_is_dead_is_told_without_a_date_too(stated: str, told: bool | None) -> None:
    more = f'<sdtc:deceasedInd value="{stated}"/>' if stated else ""
    (row,) = read(c.document(target=c.patient(c.ZEBEDIAH, more=more)))["patient"]
    assert (row["deceased"], row["death_date"]) == (told, None)


# versions and ids


def owners(made: Rows, table: str) -> list[int]:
    return [row["_owner"] for row in made[table]]


def test_an_entry_with_the_same_id_is_the_same_statement_in_every_document() -> None:
    section = c.section("11450-4", "P", "", c.problem("p1", c.HYPERTENSION))
    first, second = read(c.document(section)), read(c.document(section, number="doc-2", made="20230601"))
    assert owners(first, "condition") == owners(second, "condition")
    assert first["condition"][0]["_version"] < second["condition"][0]["_version"]
    assert owners(first, "other") != owners(second, "other")
    other = read(c.document(section, target=c.patient(c.OTTOLINE)))
    assert owners(first, "condition") != owners(other, "condition"), (
        "a copied id does not make two people's one"
    )


def test_where_ids_are_made_anew_the_content_tells_statements_apart() -> None:
    made = [
        read(c.document(c.section("11450-4", "P", "", c.problem(number, c.HYPERTENSION))), stable=False)
        for number in ("random-1", "random-2", "")
    ]
    assert len({owners(one, "condition")[0] for one in made}) == 1
    assert (
        len(
            {
                owners(
                    read(c.document(c.section("11450-4", "P", "", c.problem(n, c.HYPERTENSION)))), "condition"
                )[0]
                for n in ("x", "y")
            }
        )
        == 2
    )


def test_one_id_for_several_things_of_a_document_leaves_them_apart() -> None:
    other = c.code("44054006", c.SNOMED, "Diabetes", "value", kind="CD")
    made = read(
        c.document(c.section("11450-4", "P", "", c.problem("p", c.HYPERTENSION), c.problem("p", other)))
    )
    assert len(set(owners(made, "condition"))) == 2


def test_versions_of_a_document_are_one_and_what_it_replaces_is_taken_back() -> None:
    first, second = (read(c.document(versions=c.versioned("set", n), number=f"d{n}")) for n in (1, 2))
    assert owners(first, "other") == owners(second, "other")
    assert first["other"][0]["_version"] < second["other"][0]["_version"]
    old, new = read(c.document(number="old")), read(c.document(number="new", related=c.replaces("old")))
    assert owners(new, "deleted") == owners(old, "other")
    assert "deleted" not in read(c.document(number="new", related=c.replaces("old", "APND")))


# damage and harm

BILLION = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "billion-laughs": (c.document(declaration=BILLION), "doctype-not-allowed"),
    "external-entity": (c.document(declaration=XXE).replace("Summary", "&x;"), "doctype-not-allowed"),
    "external-dtd": (c.document(declaration='<!DOCTYPE a SYSTEM "http://localhost/a.dtd">'), "doctype-not-allowed"),
    "doctype-after-comment": (c.document(declaration=f"<!-- {'x' * 300_000} --><!DOCTYPE a>"), "doctype-not-allowed"),
    "undeclared-entity": (c.document().replace("Summary", "&xxe;"), "malformed-xml"),
    "xinclude": (
        c.document(c.section("1", "t", '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>')),
        "xinclude-not-allowed",
    ),
    "huge-text": (c.document(c.section("1", "t", "x" * (50 << 20))), "piece-too-large"),
    "huge-attribute": (c.document(c.section("1", "t", f"<content ID='{'x' * (17 << 20)}'/>")), "piece-too-large"),
    "huge-prolog": (c.document(declaration=f"<!-- {'x' * (2 << 20)} -->"), "piece-too-large"),
    "many-elements": (c.document(c.section("1", "t", "<br/>" * 400_000)), "piece-too-large"),
    "deep-narrative": (c.document(c.section("1", "t", "<list>" * 10_000 + "</list>" * 10_000)), "too-deep"),
    "deep-entry": (c.document(c.section("1", "t", "", "<act>" * 10_000 + "</act>" * 10_000)), "too-deep"),
    "cut": (c.document()[:2000], "malformed-xml"),
    "empty": ("", "malformed-xml"),
    "shift-jis": (c.document(declaration='<?xml version="1.0" encoding="Shift_JIS"?>'), "unsupported-encoding"),
    "no-encoding": (c.document(declaration='<?xml version="1.0" encoding="no-such-9"?>'), "unsupported-encoding"),
    "wrong-encoding": (c.document().encode() + b"\xff\xfe", "malformed-xml"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_harm_and_damage_are_refused_with_a_reason(name: str) -> None:
    text, reason = HOSTILE[name]
    assert refusal(text) == reason


INCOMPLETE = {
    "missing-record-target": c.document(target=""),
    "several-patients": c.document(target=c.patient(c.ZEBEDIAH) + c.patient(c.OTTOLINE)),
    "missing-patient-id": c.document(target=c.patient(c.ZEBEDIAH, roots=())),
    "missing-document-id": c.document(number=""),
    "undecodable-body": c.document(body='<nonXMLBody><text representation="B64">?!</text></nonXMLBody>'),
}


@pytest.mark.parametrize("reason", INCOMPLETE)
def test_a_document_of_nobody_is_refused(reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        read(INCOMPLETE[reason])


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
    ],
)
def test_encodings_as_declared(declared: str, codec: str) -> None:
    text = c.document(
        c.section("8648-8", "Course", "<paragraph>Señora Müller</paragraph>"),
        declaration=f'<?xml version="1.0" encoding="{declared}"?>',
    )
    assert read(text.encode(codec))["note"][0]["note"] == "Señora Müller"


def many_entries(entry: str, count: int) -> io.BytesIO:
    """A document of one section with so many entries."""
    whole = c.document(c.section("18776-5", "Plan", "<br/>", "@@"))
    head, _, tail = whole.partition('<entry typeCode="DRIV">@@</entry>')
    return io.BytesIO((head + "".join(entry.replace("{}", str(n)) for n in range(count)) + tail).encode())


def test_a_hundred_thousand_entries_are_counted_each() -> None:
    told = [
        table
        for table, _ in read_document(many_entries("<entry/>", 100_000), Unit("w", "UTC", "", True, KEY))
    ]
    assert told.count("ignored") == 100_000


def test_what_has_been_told_is_forgotten() -> None:
    entry = f'<entry><act classCode="ACT" moodCode="EVN">{c.ident("{}")}<code code="1" codeSystem="1.2"/></act></entry>'
    stream = many_entries(entry, 12_000)
    tracemalloc.start()
    count = sum(
        table == "ccda.other" for table, _ in read_document(stream, Unit("ward", "UTC", "", True, KEY))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 12_001
    assert peak < 16 << 20  # one chunk of the input as elements, and a number for each entry


# files


def test_media_and_strays_are_counted_and_documents_in_archives_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "xdm.zip", "w") as archive:
        archive.writestr("INDEX.HTM", "<html/>")
        archive.writestr("IHE_XDM/SUBSET01/METADATA.XML", '<SubmitObjectsRequest xmlns="urn:x"/>')
        archive.writestr("IHE_XDM/SUBSET01/CDA.xsl", "<xsl/>")
        archive.writestr("IHE_XDM/SUBSET01/DOC0001.XML", c.everything(c.ZEBEDIAH))
    (tmp_path / "feed.xml").write_text("<rss/>")
    source = Source("ward", "ccda", str(tmp_path))
    one = CcdaConnector()
    found = [read_unit(one, reading(source, item.path)) for item in one.discover(source, "").listed]
    types = sorted(row["type"] for f in found for row in f.rows("ignored"))
    assert types == ["not-cda", "stray-file", "stylesheet", "xdm-metadata"]
    assert sum(len(f.rows("ccda.patient")) for f in found) == 1


def test_a_preflight_counts_and_tells_no_value(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Quillfeather.zip", "w") as archive:
        archive.writestr("a.xml", c.everything(c.ZEBEDIAH))
        archive.writestr("b.xml", c.document(declaration=BILLION))
    place = place_of(Source("check", "ccda", str(tmp_path / "Quillfeather.zip")), "")
    found = list(CcdaConnector().check(place))
    assert [(f.rule, f.where) for f in found if f.severity == "error"] == [
        ("doctype-not-allowed", "member 2")
    ]
    assert "statements, condition: 1" in {f.message for f in found}
    assert not any(canary in repr(found) for canary in c.ZEBEDIAH.canaries)


def test_check_knows_documents_by_what_is_in_them(tmp_path: Path) -> None:
    from nightrounds.preflight import kind_of

    def kind(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return kind_of(place_of(Source("check", "", str(tmp_path / name)), ""))

    assert kind("a.txt", c.document().encode()) == "ccda"
    assert (
        kind("b.xml", c.document(declaration='<?xml version="1.0" encoding="UTF-16"?>').encode("utf-16"))
        == "ccda"
    )
    assert kind("c.xml", c.document(declaration=BILLION).encode()) == "ccda"
    assert kind("d.xml", b"<rss>ClinicalDocument</rss>") == "not known"
