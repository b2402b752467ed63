"""C-CDA documents as they are written: what is read of their entries and sections."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from connectors.ccda.narrative import render
from connectors.ccda.values import bounds
from contracts.errors import Rejected
from tests.conformance import ccda_sample as c
from tests.connectors.ccda_reading import only, read


def diagnosis(value: str, text: str = "", **more: Any) -> dict[str, Any]:
    """The condition that a problem with this value makes."""
    made = read(c.document(c.section("11450-4", "Problems", text, c.problem("p1", value, **more))))
    (row,) = made["condition"]
    return row


# codes


def test_of_code_and_translations_the_one_that_omop_uses_as_standard_is_taken() -> None:
    snomed = c.code("38341003", c.SNOMED, "Hypertensive disorder", "translation")
    value = c.code("I10", c.ICD10, "Essential hypertension", "value", snomed, kind="CD")
    row = diagnosis(value)
    assert (row["system"], row["code"], row["display"]) == ("SNOMED", "38341003", "Hypertensive disorder")
    value = c.code(
        "H1", "1.2.3.4", "Local", "value", c.code("I10", c.ICD10, "Hypertension", "translation"), kind="CD"
    )
    assert diagnosis(value)["system"] == "ICD10CM"
    row = diagnosis(c.code("H1", "1.2.3.4", "Local", "value", kind="CE"))
    assert (row["system"], row["code"]) == ("urn:oid:1.2.3.4", "H1")


def test_a_null_flavor_leaves_the_translation_or_the_words_that_the_narrative_has() -> None:
    translation = f'<translation code="I10" codeSystem="{c.ICD10}"/>'
    other = f'<value xsi:type="CD" nullFlavor="OTH">{translation}</value>'
    assert (diagnosis(other)["system"], diagnosis(other)["code"]) == ("ICD10CM", "I10")
    unknown = (
        '<value xsi:type="CD" nullFlavor="UNK"><originalText><reference value="#p7"/></originalText></value>'
    )
    row = diagnosis(unknown, '<list><item ID="p7">High blood <content>pressure</content></item></list>')
    assert (row["code"], row["text"]) == (None, "- High blood pressure")
    coded = c.code(
        "38341003", c.SNOMED, "", "value", '<originalText><reference value="#p7"/></originalText>', kind="CD"
    )
    assert (
        diagnosis(coded, '<content ID="p7">Hypertension, benign</content>')["display"]
        == "Hypertension, benign"
    )


def test_the_prefix_of_a_type_does_not_matter() -> None:
    value = c.HYPERTENSION.replace('xsi:type="CD"', 'xsi:type="hl7:CD"')
    assert diagnosis(value)["code"] == "38341003"


# problems


def test_problems_have_onset_end_and_state() -> None:
    row = diagnosis(c.HYPERTENSION, low="2019", high="20210305", status="completed")
    assert (row["start_date"], row["start_datetime"], row["end_date"]) == ("2019", None, "2021-03-05")
    assert row["clinical_status"] == "completed"
    assert diagnosis(c.HYPERTENSION, low="")["start_date"] == "2023-05-04T08:00:00"  # the encounter's begin


def test_what_is_denied_is_no_condition_and_what_was_an_error_is_taken_back() -> None:
    section = c.section(
        "11450-4", "Problems", "",
        c.problem("p1", c.HYPERTENSION, negated=True), c.problem("p2", c.HYPERTENSION, state="nullified"),
    )  # fmt: skip
    made = read(c.document(section))
    assert "condition" not in made
    assert [row["record_type"] for row in made["deleted"]] == ["condition"]
    (denied,) = [row for row in made["other"] if row["record_type"] == "CDA_problem_observation"]
    assert "negated" in denied["texts"] and "38341003" in denied["codes"]


def test_a_preference_within_a_concern_is_no_problem() -> None:
    priority = (
        '<entryRelationship typeCode="REFR"><observation classCode="OBS" moodCode="EVN">'
        f"{c.code('225773000', c.SNOMED, 'Preference')}{c.code('394849002', c.SNOMED, 'High', 'value', kind='CD')}"
        "</observation></entryRelationship></act>"
    )
    made = read(
        c.document(c.section("11450-4", "P", "", c.problem("p", c.HYPERTENSION)[: -len("</act>")] + priority))
    )
    assert [row["code"] for row in made["condition"]] == ["38341003"]


# drugs

PIVL = '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="12" unit="h"/></effectiveTime>'
IVL = '<effectiveTime xsi:type="IVL_TS"><low value="20230504"/><high value="20230514"/></effectiveTime>'


def drugs(*entries: str, loinc: str = "10160-0") -> list[dict[str, Any]]:
    return read(
        c.document(c.section(loinc, "Medications", '<content ID="s1">with food</content>', *entries))
    )["drug"]


def test_a_drug_has_course_dose_route_and_how_to_take_it() -> None:
    dose = '<doseQuantity value="1" unit="{tbl}"/>'
    sig = '<substanceAdministration><code code="76662-6"/></substanceAdministration>'
    sig = f'<entryRelationship typeCode="COMP">{sig}</entryRelationship>'
    entry = c.medication("m", c.METFORMIN, times=IVL + PIVL, dose=dose, more=sig)
    entry = entry.replace("<statusCode", '<text><reference value="#s1"/></text><statusCode', 1)
    (row,) = drugs(entry)
    assert (row["start_date"], row["end_date"], row["quantity"], row["dose_unit"]) == (
        "2023-05-04",
        "2023-05-14",
        1,
        "{tbl}",
    )
    assert (row["route_code"], row["sig"], row["kind"]) == ("C38288", "with food; every 12 h", "listed")
    between = PIVL.replace(
        '<period value="12" unit="h"/>',
        '<period><low value="4" unit="h"/><high value="6" unit="h"/></period>',
    )
    assert only(drugs(c.medication("m", c.METFORMIN, times=IVL + between)), "sig") == ("every 4 to 6 h",)


def test_a_prescription_has_what_its_supply_order_says() -> None:
    supply = (
        '<entryRelationship typeCode="REFR"><supply classCode="SPLY" moodCode="INT"><repeatNumber value="3"/>'
        '<quantity value="60" unit="{tbl}"/></supply></entryRelationship>'
    )
    (row,) = drugs(c.medication("m", c.METFORMIN, mood="INT", more=supply))
    assert (row["kind"], row["quantity"], row["refills"]) == ("prescribed", 60, 3)
    assert only(drugs(c.medication("m", c.METFORMIN), loinc="29549-3"), "kind") == ("given",)


def test_what_was_not_given_is_no_exposure_and_what_was_cancelled_never_was() -> None:
    reason = (
        '<entryRelationship typeCode="RSON"><observation classCode="OBS" moodCode="EVN">'
        f"{c.code('PATOBJ', '2.16.840.1.113883.5.8', 'patient objection')}</observation></entryRelationship>"
    )
    (row,) = drugs(c.medication("i", c.INFLUENZA, negated=True, more=reason), loinc="11369-6")
    assert (row["kind"], row["code"], row["refusal_code"]) == ("refused", "140", "PATOBJ")
    made = read(c.document(c.section("10160-0", "M", "", c.medication("m", c.METFORMIN, state="cancelled"))))
    assert "drug" not in made and [row["record_type"] for row in made["deleted"]] == ["drug"]


def test_proposals_stay_whole_as_unmapped() -> None:
    made = read(c.document(c.section("18776-5", "Plan", "", c.medication("m", c.METFORMIN, mood="INT"))))
    assert "drug" not in made
    (kept,) = [row for row in made["other"] if row["record_type"] == "CDA_plan_substanceAdministration"]
    assert {"860975", "INT"} <= set(kept["codes"])


# results


def measured(value: str, **more: Any) -> dict[str, Any]:
    """The row of a result with this value."""
    made = read(c.document(c.section("30954-2", "Results", "", c.result("r", c.GLUCOSE, value, **more))))
    (row,) = made["result"]
    return row


@pytest.mark.parametrize(
    ("value", "number", "operator", "words", "unit"),
    [
        (c.quantity("5.1", "mmol/L"), 5.1, None, None, "mmol/L"),
        ('<value xsi:type="PQ" nullFlavor="OTH"><translation value="7" code="mg/dl"/></value>', 7, None, None, "mg/dl"),
        ('<value xsi:type="INT" value="42"/>', 42, None, None, None),
        ('<value xsi:type="ST">&lt;5</value>', 5, "<", None, None),
        ('<value xsi:type="ST">positive</value>', None, None, "positive", None),
        ('<value xsi:type="IVL_PQ"><high value="2" unit="ng/mL" inclusive="false"/></value>', 2, "<", None, "ng/mL"),
        ('<value xsi:type="IVL_PQ"><low value="100" unit="ng/mL"/></value>', 100, ">=", None, "ng/mL"),
        ('<value xsi:type="IVL_PQ"><low value="1" unit="g"/><high value="2"/></value>', None, None, "1-2 g", None),
        ('<value xsi:type="RTO"><numerator value="1"/><denominator value="128"/></value>', None, None, "1/128", None),
        ('<value xsi:type="BL" value="true"/>', None, None, "true", None),
    ],
)  # fmt: skip
def test_values_by_type(
    value: str, number: float | None, operator: str | None, words: str | None, unit: str | None
) -> None:
    row = measured(value)
    told = tuple(row.get(name) for name in ("value_number", "operator", "value_free", "unit"))
    assert told == (number, operator, words, unit)


def test_a_value_may_be_coded_or_a_date() -> None:
    row = measured(c.code("10828004", c.SNOMED, "Positive", "value", kind="CD"))
    assert (row["value_system"], row["value_code"]) == ("SNOMED", "10828004")
    assert measured('<value xsi:type="TS" value="20231124"/>')["value_date"] == "2023-11-24"


def test_degrees_are_not_taken_for_coulomb_and_farad() -> None:
    assert measured(c.quantity("37", "C"))["unit_code"] is None
    assert measured(c.quantity("37", "Cel"))["unit_code"] == "Cel"


def test_results_have_range_flag_and_panel() -> None:
    one = c.result(
        "r", c.GLUCOSE, c.quantity("182", "mg/dL"), flag="H", reference=c.reference_range("70", "99", "mg/dL")
    )
    worded = "<referenceRange><observationRange><text>70-99</text></observationRange></referenceRange>"
    two = c.result("r2", c.GLUCOSE, c.quantity("82", "mg/dL"), reference=worded)
    panel, first, second = read(
        c.document(c.section("30954-2", "R", "", c.organizer("o", c.PANEL, one, two)))
    )["result"]
    assert (panel["code"], panel["domain"]) == ("24323-8", "Measurement")
    assert first["parent"] == second["parent"] == panel["id"]
    assert [(r["range_low"], r["range_high"], r["flag"]) for r in (first, second)] == [
        (70, 99, "H"),
        (70, 99, None),
    ]


def test_results_that_are_not_there_yet_are_counted() -> None:
    pending = c.result("r", c.GLUCOSE, '<value xsi:type="PQ" nullFlavor="NA"/>', state="active")
    missing = c.result("r2", c.GLUCOSE, '<value xsi:type="PQ" nullFlavor="UNK"/>')
    made = read(c.document(c.section("30954-2", "R", "", pending, missing)))
    assert "result" not in made
    assert [row["type"] for row in made["ignored"]] == ["result-pending", "result-without-value"]


# the other sections


def test_an_allergy_is_its_kind_with_the_substance_as_value() -> None:
    penicillin = c.code("7980", c.RXNORM, "Penicillin G")
    made = read(
        c.document(
            c.section(
                "48765-2",
                "A",
                "",
                c.allergy("a", penicillin, c.REACTION),
                c.allergy("n", penicillin, negated=True),
            )
        )
    )
    told = only(made["allergy"], "code", "value_system", "value_code", "reaction_code", "start_date")
    assert told == ("419511003", "RxNorm", "7980", "247472004", "2007")
    assert "CDA_allergy_observation" in {row["record_type"] for row in made["other"]}


def test_everything_in_a_document_finds_its_table() -> None:
    made = read(c.everything(c.ZEBEDIAH))
    assert only(made["procedure"], "code", "site_code", "start_date") == (
        "80146002",
        "66754008",
        "2023-05-05",
    )
    assert only(made["device"], "code", "start_date") == ("72506001", "2020-01-01")
    documented, listed = sorted(made["visit"], key=lambda row: row["start_date"], reverse=True)
    assert (documented["class_code"], documented["end_date"], documented["disposition"]) == (
        "IMP",
        "2023-05-06T11:30:00",
        "01",
    )
    assert (listed["class_code"], listed["system"], listed["code"]) == ("AMB", "CPT4", "99213")
    social = next(row for row in made["result"] if row["code"] == "72166-2")
    assert (social["domain"], social["value_code"]) == ("Observation", "8517006")
    family = next(row for row in made["other"] if row["record_type"] == "CDA_family_organizer")
    assert {"FTH", "22298006"} <= set(family["codes"])
    records = [row["_record"] for rows in made.values() for row in rows]
    assert sorted(records) == list(range(len(records)))
    assert made["procedure"][0]["provider"] == documented["provider"] == made["provider"][0]["provider"]
    assert [row["specialty"] for row in made["provider"]] == [None, "207R00000X"]


def test_what_began_in_the_documented_days_belongs_to_the_encounter_and_the_rest_does_not() -> None:
    inside, before = c.problem("p1", c.HYPERTENSION), c.problem("p2", c.HYPERTENSION, low="20190101")
    first, second = read(c.document(c.section("11450-4", "P", "", inside, before)))["condition"]
    assert first["visit"] is not None and second["visit"] is None


def test_sections_without_a_known_code_are_told_by_template_or_stay_whole() -> None:
    entry = c.problem("p1", c.HYPERTENSION)
    template = ("2.16.840.1.113883.10.20.22.2.5.1",)
    assert read(c.document(c.section("", "P", "", entry, templates=template)))["condition"]
    made = read(c.document(c.section("99999-9", "Something", "", entry)))
    assert "condition" not in made
    assert {row["record_type"] for row in made["other"]} == {"ClinicalDocument", "CDA_unknown_act"}


def test_sections_in_sections_are_read_as_their_own() -> None:
    inner = c.section(
        "30954-2", "Results", "<paragraph>inner</paragraph>", c.result("r", c.GLUCOSE, c.quantity("5", "g"))
    )
    made = read(c.document(c.section("11450-4", "P", "<paragraph>outer</paragraph>", inner=inner)))
    assert {(row["code"], row["note"]) for row in made["note"]} == {
        ("30954-2", "inner"),
        ("11450-4", "outer"),
    }
    assert made["result"][0]["code"] == "2345-7"


# narratives and bodies


def test_tables_lists_and_paragraphs_are_lines() -> None:
    text = (
        "<table><thead><tr><th>Drug</th><th>Dose</th></tr></thead><tbody><tr><td>Metformin<br/>500</td><td>1</td></tr>"
        "</tbody></table><list><item>one</item><item>two</item></list><paragraph>a <content>b</content>\n c</paragraph>"
        '<paragraph revised="delete">gone</paragraph><script>alert(1)</script>'
    )
    made = read(c.document(c.section("8648-8", "Hospital course", text)))
    told = only(made["note"], "note", "code", "title", "start_date", "language")
    assert told[0] == "Drug | Dose\nMetformin 500 | 1\n- one\n- two\na b c"
    assert told[1:] == ("8648-8", "Hospital course", "2023-05-06T12:00:00", None)


def test_a_section_without_words_makes_no_note() -> None:
    assert "note" not in read(c.document(c.section("8648-8", "Hospital course", "<paragraph> </paragraph>")))


@pytest.mark.parametrize("encoded", [False, True])
def test_a_plain_body_is_a_note(encoded: bool) -> None:
    words = "Seen in clinic.\nNo fever."
    inside = base64.b64encode(words.encode()).decode() if encoded else words
    form = ' representation="B64"' if encoded else ""
    made = read(
        c.document(body=f'<nonXMLBody><text mediaType="text/plain"{form}>{inside}</text></nonXMLBody>')
    )
    assert only(made["note"], "note", "code", "language") == (words, "34133-9", "en-US")


def test_other_bodies_are_counted_however_large_they_are() -> None:
    data = "QUJD" * (5 << 20)
    for media, told in (("application/pdf", "body-application-pdf"), ("x/Quillfeather", "body-other")):
        made = read(
            c.document(
                body=f'<nonXMLBody><text mediaType="{media}" representation="B64">{data}</text></nonXMLBody>'
            )
        )
        assert [row["type"] for row in made["ignored"]] == [told]
        assert made["patient"] and made["visit"] and "note" not in made
    cut = c.document(body=f'<nonXMLBody><text mediaType="application/pdf">{data}')[: 10 << 20]
    with pytest.raises(Rejected, match="malformed-xml"):
        read(cut)


# times


@pytest.mark.parametrize(
    ("written", "zone", "local"),
    [
        ("201205061415", "America/New_York", "2012-05-06T14:15:00"),
        ("20120506141523.123-0400", "UTC", "2012-05-06T14:15:23"),
        ("20120507031500+0000", "America/New_York", "2012-05-06T23:15:00"),
        ("20120507000000+0000", "UTC", "2012-05-07T00:00:00"),
        ("20120506", "America/New_York", "2012-05-06"),
        ("2012", "America/New_York", "2012"),
    ],
)
def test_times_are_as_precise_as_stated_and_in_the_source_s_zone(written: str, zone: str, local: str) -> None:
    made = read(
        c.document(c.section("11450-4", "P", "", c.problem("p", c.HYPERTENSION, low=written))), zone=zone
    )
    assert made["condition"][0]["start_date"] == local


def test_intervals_by_width() -> None:
    from xml.etree.ElementTree import fromstring

    text = '<t xmlns="urn:hl7-org:v3"><low value="20230228"/><width value="10" unit="d"/></t>'
    assert bounds(fromstring(text)) == ("20230228", "20230310")
    assert bounds(None) == ("", "")
    assert render(fromstring('<text xmlns="urn:hl7-org:v3"/>')) == ""
