"""Small real exports, and homes that compare: what a round leaves that nothing disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from nightrounds.demo.hospital import make_hospital
from tests.conftest import ROOT
from tests.flows.exports import condition, encounter, note, patient, write_records
from tests.flows.harness import Server, prefect_server
from tests.flows.house import DAY, House, make_house

_IMAGES = 6


@pytest.fixture(scope="session")
def server(own_environment: pytest.MonkeyPatch) -> Iterator[Server]:
    """The Prefect server that all rounds of the session share, as rounds share the one that `serve` runs."""
    with prefect_server() as running:
        yield running


@dataclass(frozen=True)
class Exports:
    """Records in three files, some images, one VCF."""

    records: Path
    images: Path
    variants: Path

    @property
    def arguments(self) -> list[str]:
        """The options of `nightrounds run` for them."""
        return ["--fhir", str(self.records), "--dicom", str(self.images), "--vcf", str(self.variants)]


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    root = tmp_path_factory.mktemp("exports")
    hospital = make_hospital(root / "hospital", nights=1)
    place = {source["name"]: Path(source["location"][1]) for source in hospital.sources}
    made = Exports(root / "records", root / "images", root / "variants")
    write_records(made.records / "people.ndjson", [patient(n) for n in range(4)])
    visits = [encounter(f"v{n}", n % 4, f"2023-05-{n + 1:02}") for n in range(12)]
    write_records(
        made.records / "care.ndjson", [*visits, *(condition(f"c{n}", n % 4, f"v{n}") for n in range(12))]
    )
    text = "Short of breath since visit {}. Lungs clear, no oedema."
    write_records(
        made.records / "notes.ndjson", [note(f"n{n}", n % 4, f"v{n}", text.format(n)) for n in range(12)]
    )
    made.images.mkdir()
    for number, path in enumerate(sorted(p for p in place["pacs"].rglob("*") if p.is_file())[:_IMAGES]):
        shutil.copyfile(path, made.images / f"{number}.dcm")
    made.variants.mkdir()
    smallest = min((p for p in place["lab"].rglob("*.vcf*") if p.is_file()), key=lambda p: p.stat().st_size)
    shutil.copyfile(smallest, made.variants / smallest.name)
    return made


@dataclass(frozen=True)
class Command:
    """Runs the command line in processes of their own."""

    server: Server

    def __call__(
        self, house: House, arguments: Sequence[str], *, module: Sequence[str] = ("nightrounds",), **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m <module> run --sync ...` as a process group; no child outlives it."""
        environment = {**os.environ, "PREFECT_API_URL": self.server.url, "NIGHTROUNDS_TODAY": DAY, **more}
        command = [sys.executable, "-m", *module, "run", "--sync", "--home", str(house.home.path), *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=300)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return subprocess.CompletedProcess(command, process.returncode, output)


@pytest.fixture(scope="session")
def command(server: Server) -> Command:
    return Command(server)


@pytest.fixture(scope="session")
def undisturbed(
    command: Command, exports: Exports, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Content digests of a round that nothing disturbed."""
    house = make_house(tmp_path_factory.mktemp("undisturbed"))
    done = command(house, exports.arguments)
    assert done.returncode in (0, 3), done.stdout
    digests = house.digests()
    assert {
        "omop.note",
        "imaging.instance",
        "genomics.variant",
        "vectors:note",
        "vectors:image",
    } <= digests.keys()
    return digests
