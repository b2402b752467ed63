"""Compiling kernels with numba, once: what it compiles is kept in a folder of the user's and found again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

_P = ParamSpec("_P")
_R = TypeVar("_R")


def kernel_folder() -> Path:
    """Where compiled kernels lie: `NUMBA_CACHE_DIR`, else a folder of the user's cache, else a temporary one."""
    if configured := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(configured)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "nightrounds" / "kernels"
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="nightrounds-kernels-"))
    return cache if os.access(cache, os.W_OK) else Path(tempfile.mkdtemp(prefix="nightrounds-kernels-"))


def _numba() -> Any:
    """numba, told where to keep what it compiles before it asks."""
    os.environ["NUMBA_CACHE_DIR"] = str(kernel_folder())
    import numba

    config: Any = numba.config
    config.reload_config()
    return numba


numba = _numba()


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function as machine code, compiled at its first call and kept for later processes."""
    return cast(Callable[_P, _R], numba.njit(cache=True, nogil=True)(function))
