"""The encoders by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from contracts.errors import Fatal
from contracts.protocols import Encoder


def _load_minilm(threads: int) -> Encoder:
    from tasks.encoders.minilm import MiniLM

    return MiniLM(threads)


def _load_efficientnet(threads: int) -> Encoder:
    from tasks.encoders.efficientnet import EfficientNetLite0

    return EfficientNetLite0(threads)


ENCODERS: dict[str, Callable[[int], Encoder]] = {
    "minilm-l6-v2": _load_minilm,
    "efficientnet-lite0": _load_efficientnet,
}


@lru_cache(maxsize=4)
def load_encoder(name: str, threads: int = 1) -> Encoder:
    """Load an encoder, once for each process; its ONNX graph is built on the first load on a machine.

    Args:
        name: one of `ENCODERS`; `minilm-l6-v2` takes texts, `efficientnet-lite0` takes images.
        threads: CPU threads of one `encode` call; 1 where Dask workers already fill the cores.

    Returns:
        An encoder that may be shared by threads. It does not pickle: workers load their own.

    Raises:
        Fatal: an unknown name, a missing package, or a model file whose digest is not the pinned one.
    """
    if name not in ENCODERS:
        raise Fatal("there is no encoder by this name", "setting encoders", f"one of {', '.join(ENCODERS)}")
    if threads < 1:
        raise Fatal("an encoder needs at least one thread", "setting encoders", "1 or more")
    return ENCODERS[name](threads)
