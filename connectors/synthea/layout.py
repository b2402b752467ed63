"""Which columns the files of a Synthea CSV export have, and which file is which.

The dictionary: https://github.com/synthetichealth/synthea/wiki/CSV-File-Data-Dictionary. Its versions differ in
columns. A file is told by its name where that names a table, else by its header; names of columns go in either case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from contracts.errors import Rejected


@dataclass(frozen=True)
class Column:
    """A field of the table, and the columns that may hold it, the first that is there."""

    field: str
    names: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class Layout:
    """One file of the export.

    Attributes:
        table: the connector's table, without its prefix.
        file: the file's name in an export, without `.csv`.
        columns: all of them.
        key: fields that tell rows apart: the id, or where there is none what no later export of the row changes.
        version: fields whose value makes a row newer than one without: an end that came to be known.
    """

    table: str
    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    version: tuple[str, ...]

    def find(self, header: Sequence[str]) -> dict[str, int]:
        """By field: the position of its column in a header.

        Raises:
            Rejected: `missing-column`, or `duplicate-column` where one of ours is there twice.
        """
        names = [name.upper() for name in header]
        found = {}
        for column in self.columns:
            position = next((names.index(name) for name in column.names if name in names), None)
            if position is None and column.required:
                wanted = " or ".join(column.names)
                raise Rejected("missing-column", f"row 1, column {wanted}", f"a column {wanted}")
            if position is not None:
                if names.count(names[position]) > 1:
                    raise Rejected("duplicate-column", f"row 1, column {names[position]}", "each column once")
                found[column.field] = position
        return found

    def strangers(self, header: Sequence[str]) -> list[str]:
        """Columns of a header that are none of the table's."""
        known = {name for column in self.columns for name in column.names}
        return [name for name in header if name.upper() not in known]

    def absent(self, header: Sequence[str]) -> list[str]:
        """Columns of the table that a header lacks, apart from those that not every version of Synthea has."""
        names = {name.upper() for name in header}
        return [c.names[0] for c in self.columns if not names & set(c.names) and c.field not in _RECENT]


_RECENT = frozenset(
    {"system", "fips", "middle", "income", "ownership", "end", "procedures", "category", "udi"}
)
"""Fields that came or went with a version of Synthea: their absence is nothing to report."""


def _layout(table: str, file: str, key: str, columns: str, version: str = "") -> Layout:
    """A layout from words `field=COLUMN[|COLUMN][!]`; `!` marks what no row can do without."""
    parsed = []
    for word in columns.split():
        name, _, names = word.partition("=")
        parsed.append(Column(name, tuple(names.rstrip("!").upper().split("|")), names.endswith("!")))
    return Layout(table, file, tuple(parsed), tuple(key.split()), tuple(version.split()))


_CARE = "subject=PATIENT! encounter=ENCOUNTER"
_CODED = "system=SYSTEM code=CODE! description=DESCRIPTION"
_SPAN = "start=START|DATE! end=STOP"
_REASON = "reason_code=REASONCODE reason_description=REASONDESCRIPTION"
_KEY = "subject encounter code start"

LAYOUTS = (
    _layout(
        "patient",
        "patients",
        "id",
        "id=Id! birth=BIRTHDATE! death=DEATHDATE ssn=SSN drivers=DRIVERS passport=PASSPORT prefix=PREFIX first=FIRST! "
        "middle=MIDDLE last=LAST! suffix=SUFFIX maiden=MAIDEN marital=MARITAL race=RACE ethnicity=ETHNICITY "
        "gender=GENDER birthplace=BIRTHPLACE address=ADDRESS city=CITY state=STATE county=COUNTY fips=FIPS zip=ZIP "
        "lat=LAT lon=LON expenses=HEALTHCARE_EXPENSES coverage=HEALTHCARE_COVERAGE income=INCOME",
        "death",
    ),
    _layout(
        "encounter",
        "encounters",
        "id",
        "id=Id! start=START|DATE! end=STOP subject=PATIENT! organization=ORGANIZATION provider=PROVIDER payer=PAYER "
        f"encounter_class=ENCOUNTERCLASS! {_CODED} base_cost=BASE_ENCOUNTER_COST|COST total_cost=TOTAL_CLAIM_COST "
        f"payer_coverage=PAYER_COVERAGE {_REASON}",
        "end",
    ),
    _layout("condition", "conditions", _KEY, f"{_SPAN} {_CARE} {_CODED}", "end"),
    _layout(
        "observation",
        "observations",
        f"{_KEY} value",
        f"start=DATE! {_CARE} category=CATEGORY {_CODED} value=VALUE! units=UNITS type=TYPE",
    ),
    _layout(
        "medication",
        "medications",
        f"{_KEY} base_cost",
        f"{_SPAN} {_CARE} payer=PAYER {_CODED} base_cost=BASE_COST|COST payer_coverage=PAYER_COVERAGE "
        f"dispenses=DISPENSES! total_cost=TOTALCOST {_REASON}",
        "end",
    ),
    _layout(
        "procedure",
        "procedures",
        f"{_KEY} end",
        f"{_SPAN} {_CARE} {_CODED} base_cost=BASE_COST|COST! {_REASON}",
    ),
    _layout(
        "immunization",
        "immunizations",
        _KEY,
        f"start=DATE! {_CARE} {_CODED} base_cost=BASE_COST|COST!",
    ),
    _layout(
        "allergy",
        "allergies",
        _KEY,
        f"{_SPAN} {_CARE} {_CODED} type=TYPE category=CATEGORY reaction1=REACTION1 reaction1_words=DESCRIPTION1 "
        "severity1=SEVERITY1 reaction2=REACTION2 reaction2_words=DESCRIPTION2 severity2=SEVERITY2",
        "end",
    ),
    _layout("device", "devices", f"{_KEY} udi", f"{_SPAN} {_CARE} {_CODED} udi=UDI", "end"),
    _layout("supply", "supplies", f"{_KEY} quantity", f"start=DATE! {_CARE} {_CODED} quantity=QUANTITY!"),
    _layout(
        "provider",
        "providers",
        "id",
        "id=Id! organization=ORGANIZATION! name=NAME gender=GENDER speciality=SPECIALITY|SPECIALTY! address=ADDRESS "
        "city=CITY state=STATE zip=ZIP lat=LAT lon=LON utilization=UTILIZATION|ENCOUNTERS procedures=PROCEDURES",
    ),
    _layout(
        "organization",
        "organizations",
        "id",
        "id=Id! name=NAME! address=ADDRESS city=CITY state=STATE! zip=ZIP lat=LAT lon=LON phone=PHONE "
        "revenue=REVENUE utilization=UTILIZATION!",
    ),
    _layout(
        "payer_transition",
        "payer_transitions",
        "subject start payer member",
        "subject=PATIENT! member=MEMBERID|MEMBER_ID start=START_YEAR|START_DATE! end=END_YEAR|END_DATE! payer=PAYER! "
        "secondary_payer=SECONDARY_PAYER ownership=OWNERSHIP|PLAN_OWNERSHIP owner_name=OWNERNAME|OWNER_NAME",
    ),
    _layout("careplan", "careplans", "id", f"id=Id! start=START! end=STOP {_CARE} {_CODED} {_REASON}", "end"),
    _layout(
        "imaging_study",
        "imaging_studies",
        "id instance_uid sop_code procedure_code",
        f"id=Id! start=DATE! {_CARE} series_uid=SERIES_UID bodysite_code=BODYSITE_CODE "
        "bodysite_words=BODYSITE_DESCRIPTION modality_code=MODALITY_CODE! modality_words=MODALITY_DESCRIPTION "
        "instance_uid=INSTANCE_UID sop_code=SOP_CODE sop_words=SOP_DESCRIPTION procedure_code=PROCEDURE_CODE",
    ),
    _layout(
        "payer",
        "payers",
        "id",
        "id=Id! name=NAME! ownership=OWNERSHIP address=ADDRESS city=CITY state=STATE_HEADQUARTERED zip=ZIP "
        "phone=PHONE amount_covered=AMOUNT_COVERED! amount_uncovered=AMOUNT_UNCOVERED revenue=REVENUE "
        "covered_encounters=COVERED_ENCOUNTERS uncovered_encounters=UNCOVERED_ENCOUNTERS "
        "covered_medications=COVERED_MEDICATIONS uncovered_medications=UNCOVERED_MEDICATIONS "
        "covered_procedures=COVERED_PROCEDURES uncovered_procedures=UNCOVERED_PROCEDURES "
        "covered_immunizations=COVERED_IMMUNIZATIONS uncovered_immunizations=UNCOVERED_IMMUNIZATIONS "
        "unique_customers=UNIQUE_CUSTOMERS qols_avg=QOLS_AVG member_months=MEMBER_MONTHS",
    ),
    _layout(
        "claim",
        "claims",
        "id",
        "id=Id! subject=PATIENTID! provider=PROVIDERID primary_insurance=PRIMARYPATIENTINSURANCEID "
        "secondary_insurance=SECONDARYPATIENTINSURANCEID department=DEPARTMENTID "
        "patient_department=PATIENTDEPARTMENTID "
        + " ".join(f"diagnosis{n}=DIAGNOSIS{n}" for n in "12345678")
        + " referring_provider=REFERRINGPROVIDERID encounter=APPOINTMENTID illness=CURRENTILLNESSDATE "
        "service=SERVICEDATE! supervising_provider=SUPERVISINGPROVIDERID "
        + " ".join(
            f"status{n}=STATUS{n} outstanding{n}=OUTSTANDING{n} billed{n}=LASTBILLEDDATE{n}" for n in "12p"
        )
        + " claim_type1=HEALTHCARECLAIMTYPEID1 claim_type2=HEALTHCARECLAIMTYPEID2",
    ),
    _layout(
        "claim_transaction",
        "claims_transactions",
        "id",
        "id=ID! claim=CLAIMID! charge=CHARGEID subject=PATIENTID! type=TYPE amount=AMOUNT method=METHOD "
        "start=FROMDATE! end=TODATE place_of_service=PLACEOFSERVICE procedure_code=PROCEDURECODE "
        "modifier1=MODIFIER1 modifier2=MODIFIER2 "
        + " ".join(f"diagnosis_ref{n}=DIAGNOSISREF{n}" for n in "1234")
        + " units=UNITS department=DEPARTMENTID notes=NOTES unit_amount=UNITAMOUNT transfer_out=TRANSFEROUTID "
        "transfer_type=TRANSFERTYPE payments=PAYMENTS adjustments=ADJUSTMENTS transfers=TRANSFERS "
        "outstanding=OUTSTANDING encounter=APPOINTMENTID line_note=LINENOTE "
        "patient_insurance=PATIENTINSURANCEID fee_schedule=FEESCHEDULEID provider=PROVIDERID "
        "supervising_provider=SUPERVISINGPROVIDERID",
    ),
)

_NAMED = re.compile(
    "(?<![a-z])(" + "|".join(sorted((x.file for x in LAYOUTS), key=len, reverse=True)) + ")(?![a-z])"
)
_LEAST_SHARE = 0.5
"""So many of a header's columns must be the table's, where the file's name tells nothing."""


@lru_cache(maxsize=1)
def _by_file() -> dict[str, Layout]:
    return {layout.file: layout for layout in LAYOUTS}


def layout_of(name: str, header: Sequence[str]) -> Layout:
    """The layout of a file.

    Args:
        name: the file's name.
        header: its first row.

    Raises:
        Rejected: `not-synthea`: neither tells.
    """
    named = set(_NAMED.findall(name.lower()))
    if len(named) == 1:
        return _by_file()[named.pop()]
    found = _by_header(header)
    if found is None:
        legal = ", ".join(f"{file}.csv" for file in sorted(_by_file()))
        raise Rejected("not-synthea", "row 1", f"a header of {legal}")
    return found


def is_header(header: Sequence[str]) -> bool:
    """Whether a row is the header of one of the export's files."""
    return _by_header(header) is not None


def _by_header(header: Sequence[str]) -> Layout | None:
    """The layout that most of a header is of, and of those the one that least is missing of.

    conditions.csv has no column that devices.csv has not.
    """
    columns = {column.upper() for column in header}
    fits: dict[tuple[int, int, str], Layout] = {}
    for layout in LAYOUTS:
        own = len(columns & {name for column in layout.columns for name in column.names})
        lacking = sum(1 for column in layout.columns if not columns & set(column.names))
        whole = all(columns & set(column.names) for column in layout.columns if column.required)
        if whole and own >= _LEAST_SHARE * len(columns):
            fits[own, -lacking, layout.file] = layout
    return fits[max(fits)] if fits else None
