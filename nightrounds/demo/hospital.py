"""Make the demo hospital: two nights of exports of invented people, and the truth about them beside."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.errors import Fatal
from nightrounds.demo import crosswalk, csv_export, dicom_export, fhir_export, vcf_export
from nightrounds.demo.care import Commission
from nightrounds.demo.ccda_documents import MRN_ROOT
from nightrounds.demo.chart import TIME_ZONE, make_charts
from nightrounds.demo.hl7v2_messages import ASSIGNER
from nightrounds.demo.ledger import Ledger
from nightrounds.demo.people import HOSPITAL_A, HOSPITAL_B, LAB, RADIOLOGY, make_people
from nightrounds.demo.systems import export_systems
from nightrounds.demo.truth import tell_truth

_TRUTH = "truth.json"
QUESTION = "shortness of breath"
"""What the demo asks of the finished record."""


@dataclass(frozen=True)
class Hospital:
    """The demo hospital as it lies on disk.

    Attributes:
        root: the folder that holds `night-1`, `night-2` and `truth.json`.
        seed: what it was drawn from.
        nights: how many nights were written.
        sources: one dict a source: `name`, `kind` (fhir, hl7v2, ccda, synthea, omop, csv, dicom, vcf, crosswalk),
            `authority`, `time_zone`, `snapshot`, `options`, and `location`, the path by night number.
        truth: the content of `truth.json`.
        hero: key of the person whom the demo's page shows in three disguises.
        question: what the demo asks of the finished record.
    """

    root: Path
    seed: int
    nights: int
    sources: list[dict[str, Any]]
    truth: dict[str, Any] = field(repr=False)
    hero: str = "maria-garcia"
    question: str = QUESTION

    @property
    def truth_path(self) -> Path:
        """Where the truth lies: outside the nights, so that no source ever reads it."""
        return self.root / _TRUTH

    def sources_on(self, night: int) -> list[dict[str, Any]]:
        """The sources with `location` resolved to the path of one night (1 or 2)."""
        return [{**source, "location": source["location"][night]} for source in self.sources]

    def person(self, key: str) -> dict[str, Any]:
        """The truth about one person by key; KeyError where there is no such person."""
        persons: dict[str, dict[str, Any]] = {person["key"]: person for person in self.truth["persons"]}
        return persons[key]


def make_hospital(out: Path, seed: int = 7, nights: int = 2) -> Hospital:
    """Write the exports under `out`, and `out/truth.json`. The same seed gives the same bytes.

    Args:
        out: a folder that is new, empty, or holds an earlier demo hospital, which is replaced.
        seed: decides everything that is drawn by lot.
        nights: 1 or 2.

    Raises:
        Fatal: `nights` is neither, or `out` holds something else.
    """
    if nights not in (1, 2):
        raise Fatal(f"the demo cannot make {nights} nights", "demo", "1 or 2")
    out = Path(out)
    _clear(out)
    ledger = Ledger()
    people = make_people(seed)
    visits = tuple(visit for visit in make_charts(people, seed) if visit.night <= nights)
    fhir_export.export_records(out, people, visits, seed, nights, ledger)
    studies = dicom_export.export_images(out, visits, seed, nights, ledger)
    vcf_export.export_variants(out, people, seed, nights, ledger)
    told = export_systems(Commission(out, people, visits, seed, nights, ledger))
    crosswalk.export_crosswalk(out, people, nights, ledger)
    truth = {"seed": seed, "nights": nights, **tell_truth(people, visits, studies, told, nights, ledger)}
    text = json.dumps(truth, ensure_ascii=False, indent=1) + "\n"
    (out / _TRUTH).write_text(text, encoding="utf-8")
    return Hospital(out, seed, nights, _sources(out, nights), truth)


def _clear(out: Path) -> None:
    """Make `out` empty, but only if what it holds is a demo hospital."""
    if out.is_dir() and any(out.iterdir()):
        if not (out / _TRUTH).is_file():
            raise Fatal("the folder for the demo's exports holds other files", "demo", "name an empty folder")
        for folder in out.glob("night-[0-9]"):
            shutil.rmtree(folder)
        (out / _TRUTH).unlink()
    out.mkdir(parents=True, exist_ok=True)
    (out / _TRUTH).write_text("{}\n")  # marks the folder as ours, should the making be interrupted


def _sources(out: Path, nights: int) -> list[dict[str, Any]]:
    named: tuple[tuple[str, str, str, str, bool, dict[str, str]], ...] = (
        ("crosswalk", "crosswalk", "", "crosswalk.csv", True, {}),
        ("ehr", "fhir", HOSPITAL_A, "ehr", False, {}),
        ("clinic", "fhir", HOSPITAL_B, "clinic", False, {}),
        ("interface", "hl7v2", HOSPITAL_A, "interface", False, {"mrn_authority": ASSIGNER}),
        ("exchange", "ccda", HOSPITAL_B, "exchange", False, {"mrn_root": MRN_ROOT}),
        ("practices", "synthea", HOSPITAL_A, "practices", False, {}),
        ("warehouse", "omop", HOSPITAL_B, "warehouse", True, {"person_source_value": "mrn"}),
        (
            "laboratory",
            "csv",
            HOSPITAL_A,
            "laboratory",
            False,
            {"mapping": str(csv_export.mapping_path(out))},
        ),
        ("pacs", "dicom", RADIOLOGY, "pacs", False, {}),
        ("lab", "vcf", LAB, "lab", False, {}),
    )
    return [
        {
            "name": name, "kind": kind, "authority": authority, "time_zone": TIME_ZONE, "snapshot": snapshot,
            "options": options,
            "location": {n: str(out / f"night-{n}" / place) for n in range(1, nights + 1)},
        }
        for name, kind, authority, place, snapshot, options in named
    ]  # fmt: skip
