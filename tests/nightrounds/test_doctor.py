from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from nightrounds import checkup
from nightrounds.checkup import reaches
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port that is free, as the server's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    monkeypatch.setenv("NIGHTROUNDS_SERVER__PORT", str(number))
    return number


@pytest.fixture
def copied(demo: DemoHome, tmp_path: Path) -> Path:
    shutil.copytree(demo.home.path, tmp_path / "home")
    return tmp_path / "home"


def _by_name(checks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in checks}


def test_a_sound_home_passes(call: Call, demo: DemoHome, port: int) -> None:
    said = call("doctor", "--home", demo.home.path, "--json")
    found = _by_name(said.json)
    assert {name: c["found"] for name, c in found.items() if c["state"] == "fail"} == {}
    assert said.code == 0
    units = {n: s["units"] for n, s in demo.summary["sources"].items()}
    for name, count in units.items():
        assert f"{count:,} file" in found[f"source {name}"]["found"]
    assert str(port) in found["server"]["found"]
    assert found["text encoder"]["state"] == found["image encoder"]["state"] == "ok"


def test_no_name_of_an_export_is_told(call: Call, demo: DemoHome, port: int) -> None:
    said = call("doctor", "--home", demo.home.path)
    assert said.code == 0
    assert not [p.name for p in (demo.hospital.root / "night-1").rglob("*.*") if p.name in said.out]
    assert str(demo.hospital.root) not in said.out


def test_no_home(call: Call, tmp_path: Path) -> None:
    said = call("doctor", "--home", tmp_path)
    assert said.code == 1 and "this folder is no home" in said.out and "nightrounds init" in said.out


def test_an_open_folder_and_a_missing_one_fail(call: Call, copied: Path, port: int) -> None:
    (copied / "vault").chmod(0o755)
    said = call("doctor", "--home", copied, "--json")
    assert said.code == 1 and "vault" in _by_name(said.json)["folders"]["found"]
    (copied / "vault").chmod(0o700)
    shutil.rmtree(copied / "landing")
    assert "landing is missing" in call("doctor", "--home", copied).out


def test_the_wrong_key_fails(call: Call, demo: DemoHome, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_KEY", "ab" * 32)
    found = _by_name(call("doctor", "--home", demo.home.path, "--json").json)
    assert found["key"]["state"] == "fail" and "not the key" in found["key"]["found"]


def test_a_taken_port_fails(call: Call, demo: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("NIGHTROUNDS_SERVER__PORT", str(taken.getsockname()[1]))
        found = _by_name(call("doctor", "--home", demo.home.path, "--json").json)
    assert found["server"]["state"] == "fail" and "server.port" in found["server"]["fix"]


CONFIG = """
[[sources]]
name = "gone"
kind = "vcf"
location = "{location}"
[dask]
mode = "address"
address = "tcp://127.0.0.1:1"
[schedule]
cron = "61 1 * * *"
[encoders]
image = "none"
text = "unheard-of"
"""


def test_what_the_settings_point_to_is_tried(call: Call, copied: Path, tmp_path: Path, port: int) -> None:
    (copied / "nightrounds.toml").write_text(CONFIG.format(location=tmp_path / "secret-name"))
    said = call("doctor", "--home", copied, "--json")
    found = _by_name(said.json)
    assert said.code == 1
    assert {
        n for n in ("source gone", "dask", "schedule", "text encoder") if found[n]["state"] != "fail"
    } == set()
    assert found["image encoder"]["state"] == "warn"
    assert "secret-name" not in said.out


def test_wrong_settings_are_named(call: Call, copied: Path) -> None:
    (copied / "nightrounds.toml").write_text("[dask]\nworkers = 0\n")
    found = _by_name(call("doctor", "--home", copied, "--json").json)
    assert found["settings"]["state"] == "fail" and "dask.workers" in found["settings"]["found"]


def test_too_little_room_fails(
    call: Call, demo: DemoHome, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(demo.home.path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    found = _by_name(call("doctor", "--home", demo.home.path, "--json").json)
    assert found["disk"]["state"] == "fail" and found["disk"]["fix"]


def test_an_old_or_missing_package_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "_declared", lambda: {"polars": "99.0", "no-such-package": ""})
    check = checkup._check_packages()
    assert check.state == "fail"
    assert "no-such-package is missing" in check.found and "needs 99.0" in check.found


def test_another_version_than_the_tested_one_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "_declared", lambda: {"polars": "1.0"})
    monkeypatch.setattr(checkup, "_pins", lambda: {"polars": "1.0.1"})
    assert checkup._check_packages().state == "warn"


def test_the_real_pins_are_read() -> None:
    assert set(checkup._declared()) <= set(checkup._pins())


def test_an_address_that_answers() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        assert reaches(f"tcp://127.0.0.1:{listening.getsockname()[1]}")
    assert not reaches("tcp://127.0.0.1:1", 1)
    assert not reaches("tcp://127.0.0.1:notaport", 1)
