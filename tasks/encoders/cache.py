"""Model files, pinned by digest, and the cache of the ONNX graphs that are built from them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import Fatal

_PINS = Path(__file__).with_name("models.toml")


@dataclass(frozen=True)
class PinnedFile:
    """A file inside a model's package and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Model:
    """What `models.toml` says of one model.

    Attributes:
        module: the import package whose folder holds the files; located, never imported (it may need torch).
        install: the command that installs it.
        dimension: length of the model's vectors.
        graph_version: raised when graph or preprocessing change the vectors.
        onnx_sha256: SHA-256 of the graph that the build must give.
        files: the pinned files by role (`weights`, `tokenizer`).
    """

    name: str
    module: str
    install: str
    dimension: int
    graph_version: str
    onnx_sha256: str
    files: Mapping[str, PinnedFile]

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what the vectors are: the files' digests and the graph's version."""
        parts = [f"{role}={file.sha256}" for role, file in sorted(self.files.items())]
        return hashlib.sha256("\n".join([*parts, f"graph={self.graph_version}"]).encode()).hexdigest()


def load_model(name: str) -> Model:
    """Read the pins of the model named `name`."""
    pins = tomllib.loads(_PINS.read_text(encoding="utf-8"))
    if name not in pins:
        raise Fatal("no model by this name is pinned", f"model {name}", f"one of {', '.join(pins)}")
    pin = pins[name]
    files = {role: PinnedFile(file["path"], file["sha256"]) for role, file in pin["files"].items()}
    return Model(
        name=name,
        module=pin["module"],
        install=pin["install"],
        dimension=pin["dimension"],
        graph_version=pin["graph_version"],
        onnx_sha256=pin["onnx_sha256"],
        files=files,
    )


def cache_folder() -> Path:
    """Where built graphs lie: `NIGHTROUNDS_CACHE`, else `~/.cache/nightrounds/models`."""
    configured = os.environ.get("NIGHTROUNDS_CACHE")
    return Path(configured) if configured else Path.home() / ".cache" / "nightrounds" / "models"


def read_pinned_file(model: Model, role: str) -> bytes:
    """The bytes of one of the model's files.

    Raises:
        Fatal: the package is not installed, lacks the file, or the file is not the pinned one.
    """
    place = f"model {model.name}, {role}"
    spec = importlib.util.find_spec(model.module)
    if spec is None or not spec.submodule_search_locations:
        raise Fatal("the package that holds the model is not installed", place, model.install)
    path = Path(spec.submodule_search_locations[0], model.files[role].path)
    if not path.is_file():
        raise Fatal("the package lacks the model's file", place, model.install)
    content = path.read_bytes()
    _verify(content, model.files[role].sha256, place, f"install the package again: {model.install}")
    return content


def read_graph(model: Model, build: Callable[[bytes], bytes]) -> bytes:
    """The model's ONNX graph from the cache; built from its weights on the first call.

    What is returned was verified after it was read, so a file that changes on disk is never run. Processes
    that build at the same time write the same bytes, each under a name of its own; the last rename wins.

    Args:
        build: makes the graph (a serialised `onnx.ModelProto`) of the weights file's content, always alike.

    Raises:
        Fatal: the cached graph, the weights or the result of the build are not the pinned ones.
    """
    path = cache_folder() / f"{model.name}-{model.onnx_sha256[:16]}.onnx"
    place = f"model {model.name}, graph"
    if path.is_file():
        content = path.read_bytes()
        _verify(content, model.onnx_sha256, place, "delete it from the model cache; it is built again")
        return content
    content = build(read_pinned_file(model, "weights"))
    _verify(content, model.onnx_sha256, place, "install the pinned version of the onnx package")
    _write_atomically(path, content)
    return content


def _verify(content: bytes, sha256: str, place: str, fix: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise Fatal(f"the digest is {found[:16]}, not the pinned {sha256[:16]}", place, fix)


def _write_atomically(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # without it a power cut can leave the new name on an empty file
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
