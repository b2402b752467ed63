"""Where in a resource each column comes from: JSON paths, and the SQL over what they find.

One pass over the JSON takes all paths of a type at once (a list, in their order, as `v`); the SELECT then names and
normalises them. `$N` in an expression is the N-th path, counted from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENCOUNTER_STATUS = "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown"
_CLINICAL = "active recurrence relapse inactive remission resolved"
_VERIFICATION = "unconfirmed provisional differential confirmed refuted entered-in-error"
_DOCUMENT = "current superseded entered-in-error"
_COMPOSITION = "preliminary final amended entered-in-error"
_GENDER = "male female other unknown"
_SEX = "F M OTH UNK ASKU"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

_HEAD = ["$.resourceType", "$.id", "$.meta.lastUpdated", "$.subject.reference"]


@dataclass(frozen=True)
class Structure:
    """How one type is read: `paths` into the resource, and `columns` (name, SQL expression) beyond the common ones."""

    paths: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]

    def select(self) -> str:
        """The SELECT from the relation `lines` (line VARCHAR, _record BIGINT), one row a line, in no fixed order.

        `_valid` is false where the line is not JSON; the common columns are `_type`, `_id`, `_version`, `_patient`.
        """
        paths = ", ".join(f"'{path}'" for path in self.paths)
        columns = "".join(f",\n    {_expand(sql)} AS {name}" for name, sql in self.columns)
        common = _expand(
            "_record, v IS NOT NULL AS _valid, code_of($1) AS _type, plain($2) AS _id, "
            "instant_of($3) AS _version, referred($4, 'Patient') AS _patient"
        )
        found = f"SELECT _record, line, TRY(json_extract_string(line, [{paths}])) AS v FROM lines"
        return f"SELECT {common}{columns}\nFROM ({found})"


def _expand(sql: str) -> str:
    return re.sub(r"\$(\d+)", r"v[\1]", sql)


def _one_of(place: int, codes: str) -> str:
    return f"within(${place}, [{', '.join(repr(code) for code in codes.split())}])"


def _coding(name: str, place: int, code: str = "") -> list[tuple[str, str]]:
    """A coding at three paths from `place`: system, code, display."""
    return [
        (f"{name}_system", f"url_of(${place})"),
        (code or f"{name}_code", f"code_of(${place + 1})"),
        (f"{name}_display", f"display_of(${place + 2}, code_of(${place + 1}))"),
    ]


def _moment(name: str, *places: int) -> list[tuple[str, str]]:
    """A moment from the first of `places` that is there."""
    value = f"local_of(${places[0]})" if len(places) == 1 else f"local_of(coalesce({', '.join(f'${p}' for p in places)}))"
    return [(f"{name}_date", value), (f"{name}_datetime", f"with_time({value})")]


def _coding_paths(path: str) -> list[str]:
    return [f"{path}.coding[0].{leaf}" for leaf in ("system", "code", "display")]


_EXTENSIONS = (
    '[{"url":"VARCHAR","valueCode":"VARCHAR","extension":'
    '[{"url":"VARCHAR","valueString":"VARCHAR","valueCoding":{"code":"VARCHAR","display":"VARCHAR"}}]}]'
)
_LISTED = f"TRY(from_json($11, '{_EXTENSIONS}'))"
_BIRTH_SEX = f"list_filter({_LISTED}, lambda x: x.url = '{_US_CORE}birthsex')[1].valueCode"


def _us_core(name: str) -> list[tuple[str, str]]:
    """Code, display and text of US Core's race or ethnicity extension; of several categories the first."""
    parts = f"list_filter({_LISTED}, lambda x: x.url = '{_US_CORE}{name}')[1].extension"
    coding = f"list_filter({parts}, lambda x: x.url = 'ombCategory')[1].valueCoding"
    return [
        (f"{name}_code", f"code_of({coding}.code)"),
        (f"{name}_display", f"display_of({coding}.display, code_of({coding}.code))"),
        (f"{name}_text", f"plain(list_filter({parts}, lambda x: x.url = 'text')[1].valueString)"),
    ]


PATIENT = Structure(
    (
        *_HEAD,
        "$.birthDate",
        "$.deceasedBoolean",
        "$.deceasedDateTime",
        "$.gender",
        "$.address[0].postalCode",
        "$.address[0].state",
        "$.extension",
    ),
    (
        ("birth_date", "local_of($5)"),
        ("birth_precision", "CASE length($5) WHEN 4 THEN 'year' WHEN 7 THEN 'month' WHEN 10 THEN 'day' END"),
        ("birth_year", "local_of($5)"),
        ("deceased", "CASE WHEN $7 IS NOT NULL OR $6 = 'true' THEN true WHEN $6 = 'false' THEN false END"),
        *_moment("death", 7),
        ("gender", _one_of(8, _GENDER)),
        (
            "birth_sex",
            f"within({_BIRTH_SEX}, [{', '.join(repr(code) for code in _SEX.split())}])",
        ),
        *_us_core("race"),
        *_us_core("ethnicity"),
        ("zip", "plain($9)"),
        ("state", "state_of(trim($10))"),
    ),
)

ENCOUNTER = Structure(
    (
        *_HEAD,
        "$.status",
        "$.class.code",
        *_coding_paths("$.type[0]"),
        "$.type[0].text",
        "$.period.start",
        "$.period.end",
    ),
    (
        ("status", _one_of(5, _ENCOUNTER_STATUS)),
        ("class_code", "code_of($6)"),
        *_coding("type", 7),
        ("type_text", "text_of($10, code_of($8))"),
        *_moment("start", 11),
        *_moment("end", 12),
    ),
)

CONDITION = Structure(
    (
        *_HEAD,
        "$.encounter.reference",
        *_coding_paths("$.code"),
        "$.code.text",
        "$.clinicalStatus.coding[0].code",
        "$.verificationStatus.coding[0].code",
        "$.onsetDateTime",
        "$.onsetPeriod.start",
        "$.abatementDateTime",
        "$.abatementPeriod.end",
        "$.recordedDate",
    ),
    (
        ("encounter", "referred($5, 'Encounter')"),
        *_coding("code", 6, code="code"),
        ("code_text", "text_of($9, code_of($7))"),
        ("clinical_status", _one_of(10, _CLINICAL)),
        ("verification_status", _one_of(11, _VERIFICATION)),
        *_moment("onset", 12, 13),
        *_moment("abatement", 14, 15),
        *_moment("recorded", 16),
    ),
)

# A note is the first of the first two attachments that holds text inside.
_TEXTUAL = "(({data} IS NOT NULL) AND ({kind} IS NULL OR lower({kind}) LIKE 'text/%'))"
_FIRST = _TEXTUAL.format(data="$14", kind="$13")
_SECOND = _TEXTUAL.format(data="$17", kind="$16")
_DATA = f"CASE WHEN {_FIRST} THEN $14 WHEN {_SECOND} THEN $17 END"
_MEDIA = f"CASE WHEN {_FIRST} THEN coalesce($13, '') WHEN {_SECOND} THEN coalesce($16, '') END"
_CHARSET = f"regexp_extract(lower({_MEDIA}), 'charset\\s*=\\s*\"?([a-z0-9._-]+)', 1)"
_DECODED = f"CASE WHEN {_CHARSET} IN ('', 'utf-8', 'utf8', 'us-ascii') THEN TRY(decode(from_base64({_DATA}))) END"

DOCUMENT_REFERENCE = Structure(
    (
        *_HEAD,
        "$.context.encounter[0].reference",
        "$.status",
        "$.docStatus",
        *_coding_paths("$.type"),
        "$.context.period.start",
        "$.date",
        *[f"$.content[0].attachment.{leaf}" for leaf in ("contentType", "data", "language")],
        *[f"$.content[1].attachment.{leaf}" for leaf in ("contentType", "data", "language")],
        "$.language",
    ),
    (
        ("encounter", "referred($5, 'Encounter')"),
        ("status", _one_of(6, _DOCUMENT)),
        ("doc_status", _one_of(7, _COMPOSITION)),
        *_coding("type", 8),
        *_moment("start", 11),
        *_moment("authored", 12),
        ("content_type", f"code_of(trim(split_part({_MEDIA}, ';', 1)))"),
        ("charset", f"nullif({_CHARSET}, '')"),
        ("language", f"code_of(coalesce(CASE WHEN {_FIRST} THEN $15 ELSE $18 END, $19))"),
        ("text", _DECODED),
        ("_inline", f"({_FIRST}) OR ({_SECOND})"),
        ("_data", _DATA),
    ),
)

_REFERRED = [f"referred(${place}, 'Patient')" for place in range(4, 9)]

OTHER = Structure(
    (
        *_HEAD,
        "$.patient.reference",
        "$.beneficiary.reference",
        "$.for.reference",
        "$.individual.reference",
    ),
    (
        (
            "patient",
            f"coalesce({', '.join(_REFERRED)})",
        ),
    ),
)
"""Any other type: who it is about. The references tried are those by which R4's patient compartment names a patient in
one element; a `urn:uuid:` there is taken for a patient."""

STRUCTURES: dict[str, Structure] = {
    "Patient": PATIENT,
    "Encounter": ENCOUNTER,
    "Condition": CONDITION,
    "DocumentReference": DOCUMENT_REFERENCE,
}
