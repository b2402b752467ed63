"""Golden pairs: what goes in, in a form that a clinician reads, and every row that comes out of a night, as text.

`python -m tests.golden` writes the outputs anew; read the difference before you commit it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from contracts.privacy import Profile
from contracts.schemas import LAKE
from contracts.units import Source
from stores.home import Home
from tests.properties.nights import lake_of, make_home, make_night

CASES = Path(__file__).parent / "cases"
SEED = "golden pairs"
_LEFT_OUT = {"records.ledger", "linkage.history"}


def write_records(case: Path, export: Path) -> None:
    """The resources of `records.json` as NDJSON, the note of `note.txt` inside its document."""
    note = base64.b64encode((case / "note.txt").read_bytes()).decode()
    resources = json.loads((case / "records.json").read_text())
    lines = [json.dumps(resource).replace("the note in note.txt", note) for resource in resources]
    (export / "records.ndjson").write_text("".join(line + "\n" for line in lines))


def write_image(case: Path, export: Path) -> None:
    """The header of `header.json` over four pixels."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    header = json.loads((case / "header.json").read_text())
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, preamble=bytes(128), file_meta=meta)
    for keyword, value in header.items():
        setattr(image, keyword, value)
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    image.Rows, image.Columns, image.SamplesPerPixel, image.PhotometricInterpretation = 2, 2, 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.PixelData = bytes(8)
    image.private_block(0x0009, "IMAGINARY", create=True).add_new(1, "LO", "seen by Ottoline's son")
    image.save_as(export / "slice.dcm", enforce_file_format=True)


def write_variants(case: Path, export: Path) -> None:
    """`calls.vcf` as it is."""
    (export / "calls.vcf").write_bytes((case / "calls.vcf").read_bytes())


WRITERS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "records": ("fhir", write_records),
    "image": ("dicom", write_image),
    "variants": ("vcf", write_variants),
}


def render_case(name: str, profile: Profile, room: Path) -> str:
    """One night over the case's export, and the lake after it as text."""
    kind, write = WRITERS[name]
    export = room / "export"
    export.mkdir(parents=True)
    write(CASES / name, export)
    home = make_home(room / "home", profile, seed=SEED)
    source = Source(name, kind, str(export), authority="st-elsewhere", time_zone="America/New_York")
    night = make_night(home, [source])
    account = night.accounts[name].to_json()
    fates = ", ".join(f"{count} {fate}" for fate, count in account["fates"].items() if count)
    return "\n".join([f"{account['read']} records read: {fates}", "", *_tables(home)])


def _tables(home: Home) -> Iterator[str]:
    """Each table's rows, the columns that hold something; names of tables in the order of publication."""
    lake = lake_of(home)
    for table in sorted(set(lake.tables()) - _LEFT_OUT, key=lambda t: (LAKE[t].order, t)):
        own = {"_source", "_owner", "_recipe", "_bucket"}
        rows = [{k: v for k, v in row.items() if k not in own} for row in lake.read(table).to_pylist()]
        for row in sorted(rows, key=lambda r: str([r.get(name) for name in LAKE[table].key])):
            yield table
            width = max(len(name) for name in row)
            for name, value in row.items():
                if value is not None:
                    yield from _lines(f"    {name:{width}}  ", value)
            yield ""


def _lines(label: str, value: Any) -> Iterator[str]:
    """A value after its label; texts keep their lines, JSON is laid out."""
    text = _laid_out(value) if isinstance(value, str) else str(value)
    first, *more = text.splitlines() or [""]
    yield f"{label}{first}".rstrip()
    for line in more:
        yield f"{' ' * len(label)}{line}".rstrip()


def _laid_out(text: str) -> str:
    if not text.startswith("{"):
        return text
    entries = [f'"{name}": {json.dumps(value)}' for name, value in json.loads(text).items()]
    return "{\n" + "\n".join(f"  {entry}" for entry in entries) + "\n}"
