"""A real PACS for tests: Orthanc, started on free ports with a folder of its own, killed and started again."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

AET, OUR_AET = "ORTHANC", "NIGHTROUNDS"
_PLUGINS = ("/usr/share/orthanc/plugins", "/usr/lib/orthanc")
_PATIENCE_SECONDS = 30.0


def plugin() -> Path | None:
    """The DICOMweb plugin of Debian's package, where it is installed."""
    for folder in _PLUGINS:
        if found := sorted(Path(folder).glob("libOrthancDicomWeb.so*")):
            return found[0].resolve()
    return None


def binary() -> str:
    """Orthanc itself; the test is skipped where it is not installed."""
    found = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if not found or plugin() is None:
        pytest.skip("needs Orthanc: apt-get install orthanc orthanc-dicomweb")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Orthanc:
    """One PACS. What it holds lies in its folder and survives its death."""

    folder: Path
    http_port: int = field(default_factory=free_port)
    dicom_port: int = field(default_factory=free_port)
    our_port: int = field(default_factory=free_port)
    settings: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def web(self) -> str:
        """The DICOMweb service."""
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    @property
    def node(self) -> str:
        """The DICOM node."""
        return f"127.0.0.1:{self.dicom_port}"

    def start(self) -> Orthanc:
        """Start it and wait until it answers."""
        program = binary()
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "orthanc.json"
        config.write_text(json.dumps(self._config()))
        with (self.folder / "log").open("ab") as log:
            quick = {**os.environ, "TCP_NODELAY": "1"}  # or DCMTK waits 40 ms before each answer
            self.process = subprocess.Popen([program, str(config)], stdout=log, stderr=log, env=quick)
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self.ask("system")
                return self
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
                assert time.monotonic() < until, "Orthanc does not start"
                time.sleep(0.05)

    def _config(self) -> dict[str, Any]:
        return {
            "Name": "tests",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "Plugins": [str(plugin())],
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": AET,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomModalities": {"ours": [OUR_AET, "127.0.0.1", self.our_port]},
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "SyncStorageArea": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            **self.settings,
        }

    def kill(self) -> None:
        """As the power goes: at once, with nothing said."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def ask(self, path: str) -> Any:
        """Orthanc's own REST API, to look at it from outside."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/{path}", timeout=10) as answer:
            return json.load(answer)

    def upload(self, datasets: Iterable[Dataset]) -> None:
        """Put instances into it by its REST API."""
        for dataset in datasets:
            dataset.save_as(written := io.BytesIO(), enforce_file_format=True)
            url = f"http://127.0.0.1:{self.http_port}/instances"
            with urllib.request.urlopen(url, written.getvalue(), timeout=10) as answer:
                assert json.load(answer)["Status"] == "Success"

    @property
    def instances(self) -> int:
        """How many it holds."""
        return int(self.ask("statistics")["CountInstances"])

    def store(self, datasets: Iterable[Dataset]) -> None:
        """Send instances by C-STORE, as a modality does."""
        from pynetdicom import AE, evt

        from connectors.pacs.gate import settle
        from connectors.pacs.network import without_delay

        kept = list(datasets)
        sender = AE("MODALITY")
        for pair in {(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in kept}:
            sender.add_requested_context(*pair)
        association = sender.associate(
            "127.0.0.1", self.dicom_port, ae_title=AET, evt_handlers=[(evt.EVT_CONN_OPEN, without_delay)]
        )
        assert association.is_established
        for dataset in kept:
            assert settle(association) and association.send_c_store(dataset).Status == 0
        assert settle(association)
        association.release()
