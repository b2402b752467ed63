"""Documents with markup are plain text before anything looks for names in them, whatever brings them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from connectors.markup import plain_text, read_document
from connectors.rtf import read_rtf
from tests import hl7v2_messages as m
from tests.conformance import ccda_sample as c
from tests.connectors import ccda_reading, test_hl7v2
from tests.connectors import fhir_files as f

RTF = (
    rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\info{\author Osric}}\pard N\'fa\'f1ez, Theo{\b dosia}\par 3\u8242?}"
)
HTML = b"<html><style>p {}</style><p title='x'>N&uacute;&#241;ez, Theo<b>dosia</b></p><p>3&prime;</p></html>"
XML = (
    '<?xml version="1.0" encoding="iso-8859-1"?><a x="1"><p>N\u00fa\u00f1ez, Theodosia</p><p>3&#8242;</p></a>'
)
WORDS = "N\u00fa\u00f1ez, Theodosia\n3\u2032"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"{\rtf1\ansi\ansicpg1251 \'cf\'e5\'f2\'f0}", "\u041f\u0435\u0442\u0440"),
        (
            r"{\rtf1{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset238 B;}}\f0\'b3 {\f1\'b3}\'b3}",
            "\u00b3 \u0142\u00b3",
        ),
        (r"{\rtf1{\fonttbl{\f0\fcharset128 M;}}\f0 \'8e\'52\'93c}", "\u5c71\u7530"),
        (r"{\rtf1\mac caf\'8e}", "caf\u00e9"),
        ("{\\rtf1\\uc2 \\u-10179??\\u-8704?? \\u233\\'e9\\'e9.}", "\U0001f600 \u00e9."),
        (r"{\rtf1 a\~b\-c\_d\{e\}\\\line f\tab g}", "a bc-d{e}\\\nf\tg"),
        (
            r"{\rtf1{\pict\bin4 {\}x}{\*\unknown x}{\*\generator y}{\field{\*\fldinst z}{\fldrslt Mail}}}",
            "Mail",
        ),
        (r"{\rtf1\trowd a\cell b\cell\row c{\footnote d}}", "a | b\nc\nd"),
        (r"{\rtf1 cut {\b off", "cut off"),
    ],
)
def test_rtf_is_read(text: str, words: str) -> None:
    assert read_rtf(text) == words


@pytest.mark.parametrize("text", [r"{\rtf1\ansicpg99999 \'e9}", r"{\rtf1\ansi \'81}"])
def test_rtf_of_unknown_characters_is_undecodable(text: str) -> None:
    assert read_document(text.encode(), "text/rtf", None) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>Z</b>wickel&shy;brunner", "Zwickel\u00adbrunner"),
        (
            "<p>one</p><ul><li>a<li>b</ul><table><tr><td>c</td><td><p>d</p>e</td></tr></table>f",
            "one\n- a\n- b\nc | d e\nf",
        ),
        ("Jos&amp;eacute; DOB 02&#47;03&#47;1960", "Jos\u00e9 DOB 02/03/1960"),
        ("<p><![CDATA[x &amp; y]]></p><!-- z --><script>s</script>", "x & y"),
        ("WBC <4 & >2; a<b and c>d, R&D;", "WBC <4 & >2; a<b and c>d, R&D;"),
        ("&lt;b&gt;Z&lt;/b&gt;wick", "Zwick"),
    ],
)
def test_markup_in_texts_is_read(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("data", "kind", "charset", "text"),
    [
        (RTF, "application/rtf", None, WORDS),
        (RTF, "text/plain", "utf-8", WORDS),
        (HTML, "text/html", None, WORDS),
        (XML.encode("latin-1"), "application/xml", None, WORDS),
        (b"<meta charset=windows-1252><p>caf\xe9", "text/html", None, "caf\u00e9"),
        ("caf\u00e9".encode("utf-16"), "text/plain", None, "caf\u00e9"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", None, None, "caf\u00e9"),
        (b"caf\xe9", "text/html", None, None),
        (b"a\0b", "text/plain", None, None),
    ],
)
def test_documents_are_decoded(data: bytes, kind: str | None, charset: str | None, text: str | None) -> None:
    assert read_document(data, kind, charset) == text


KINDS = [(HTML, "text/html"), (RTF, "application/rtf"), (XML.encode("latin-1"), "text/xml")]


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_fhir_attachments_are_plain_text(data: bytes, kind: str) -> None:
    def document(data: bytes) -> dict[str, object]:
        attachment = {"contentType": kind, "data": base64.b64encode(data).decode()}
        about = {"subject": {"reference": "Patient/p1"}, "date": "2023-01-01", "status": "current"}
        return {
            "resourceType": "DocumentReference",
            "id": "d",
            **about,
            "content": [{"attachment": attachment}],
        }

    assert f.read(f.lines(document(data)))["fhir.document_reference"][0]["text"] == WORDS
    broken = f.read(f.lines(document(b"{\\rtf1 \\'81}" + b"\xff" if kind != "text/xml" else b"\xff")))
    assert [row["reason"] for row in broken["rejected"]] == ["attachment-undecodable"]
    without = f.read(f.lines(document(b"<img src='x'/>")))
    assert "rejected" not in without
    assert "fhir.document_reference" not in without


@pytest.mark.parametrize(("data", "kind"), [("TEXT", "HTML"), ("AP", "RTF"), ("TEXT", "xml")])
def test_hl7_encapsulated_data_is_plain_text(data: str, kind: str, tmp_path: Path) -> None:
    inside = {"HTML": HTML, "RTF": RTF, "xml": XML.encode("latin-1")}[kind]
    segments = [m.msh("ORU^R01"), m.pid(), m.obr(section="RAD")]
    for value in (
        f"^{data}^{kind}^Base64^{base64.b64encode(inside).decode()}",
        f"^{data}^{kind}^Hex^{inside.hex()}",
    ):
        message = m.message(*segments, m.obx(1, "ED", "1-8^Report^LN", value))
        assert test_hl7v2.read(message, tmp_path)["hl7v2.note"][0]["note"] == WORDS


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_ccda_bodies_are_plain_text(data: bytes, kind: str) -> None:
    inside = base64.b64encode(data).decode()
    text = f'<nonXMLBody><text mediaType="{kind}" representation="B64">{inside}</text></nonXMLBody>'
    assert ccda_reading.read(c.document(body=text))["note"][0]["note"] == WORDS
