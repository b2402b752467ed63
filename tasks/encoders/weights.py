"""Readers of the two formats that model weights come in; no torch, and no code from the file is run."""

from __future__ import annotations

import io
import json
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import Fatal

Weights = dict[str, NDArray[Any]]

_SAFETENSORS_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}
_STORAGE_TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_PROTOCOL = 1001


def read_safetensors(content: bytes) -> Weights:
    """Read a safetensors file: 8 bytes of header length (little-endian), a JSON header, then the raw tensors.

    Returns:
        Arrays by tensor name: read-only views of `content`.

    Raises:
        Fatal: a header that does not fit the content, or an element type that is not read here.
    """
    size = int.from_bytes(content[:8], "little")
    if 8 + size > len(content):
        raise Fatal("the header is longer than the file", "safetensors", "a complete file")
    body = memoryview(content)[8 + size :]
    weights: Weights = {}
    for name, entry in json.loads(content[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _SAFETENSORS_TYPES:
            raise Fatal("unknown element type", f"tensor {name}", f"one of {', '.join(_SAFETENSORS_TYPES)}")
        start, stop = entry["data_offsets"]
        values = np.frombuffer(body[start:stop], dtype=_SAFETENSORS_TYPES[entry["dtype"]])
        weights[name] = values.reshape(entry["shape"])
    return weights


class _Tensor:
    """A tensor whose storage has not been read yet: the stream holds all shapes first and all values last."""

    def __init__(self, storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides


def _rebuild_tensor(storage: str, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _LegacyUnpickler(pickle.Unpickler):
    """Knows the four names that a dictionary of tensors needs, and refuses every other one."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, tuple[str, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGE_TYPES:
            return name
        raise Fatal("the file names an object that weights have no need of", "torch stream", "tensors only")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, _, count, _ = pid
        self.storages[key] = (_STORAGE_TYPES[kind], int(count))
        return str(key)


def read_torch_stream(content: bytes) -> Weights:
    """Read a state dictionary from torch's legacy stream (before its zip format).

    The stream is five pickles (magic number, protocol, system, the dictionary, the storages' keys), then for
    each key its element count (8 bytes, little-endian) and its values.

    Returns:
        C-ordered arrays by parameter name. Source: `torch.serialization`, legacy load.

    Raises:
        Fatal: not such a stream, one that names other objects than tensors, or a storage of another length.
    """
    stream = io.BytesIO(content)
    magic, protocol = _LegacyUnpickler(stream).load(), _LegacyUnpickler(stream).load()
    if (magic, protocol) != (_TORCH_MAGIC, _TORCH_PROTOCOL):
        raise Fatal("this is no legacy torch stream", "torch stream", "a file saved by torch before 1.6")
    _LegacyUnpickler(stream).load()  # sizes of C types where it was written: of no use
    unpickler = _LegacyUnpickler(stream)
    tensors = unpickler.load()
    values: dict[str, NDArray[Any]] = {}
    for key in _LegacyUnpickler(stream).load():
        kind, count = unpickler.storages[key]
        if int.from_bytes(stream.read(8), "little") != count:
            raise Fatal("a storage is not as long as its tensor says", "torch stream", "a complete file")
        values[key] = np.frombuffer(stream.read(count * np.dtype(kind).itemsize), dtype=kind)
    return {name: _gather(tensor, values[tensor.storage]) for name, tensor in tensors.items()}


def _gather(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if last >= storage.size:
        raise Fatal("a tensor reaches past its storage", "torch stream", "a complete file")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.array(view, order="C")
