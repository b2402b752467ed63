"""The command line, with a fault at a chosen moment: `python -m tests.faults.struck MOMENT COUNT run --home ...`.

Stands in front of `python -m nightrounds` and leaves it as it is, but for one function that at its COUNT-th call
kills the whole process group, as the kernel, an operator or a power cut would: no handler runs, nothing is flushed.
"""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import sys
from collections.abc import Callable
from typing import Any

MOMENTS = {
    "identifying": "stores.vault:Vault.remember_identities",
    "reading": "tasks.processing:Treatment.take",
    "staging": "stores.staging:StagingWriter.finish",
    "between two commits": "stores.lake:Lake.replace",
    "between rows and ledger": "flows.stages.publishing:publish_ledger",
    "between lake and vectors": "flows.stages.embedding:embed_notes",
    "between vectors and release": "stores.releases:Releases.publish",
}
"""By moment, the function that is about to be called when the blow falls."""


def strike(target: str, count: int, blow: Callable[[], None]) -> None:
    """Let `blow` fall at the `count`-th call of a function, before it does anything."""
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    function, calls = getattr(owner, name), [0]

    def struck(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == count:
            blow()
        return function(*args, **kwargs)

    setattr(owner, name, struck)


def kill_group() -> None:
    """Kill this process and all that it started."""
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    moment, count, *arguments = sys.argv[1:]
    strike(MOMENTS[moment], int(count), kill_group)
    sys.argv = ["nightrounds", *arguments]
    runpy.run_module("nightrounds", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
