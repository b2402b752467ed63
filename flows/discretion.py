"""What may be said of an error outside the workers: its class, never its text.

Prefect keeps the text of exceptions in states, logs and events, and a foreign library's text may quote a patient's
value. So what is not one of our errors is replaced by one that names its class; its traceback goes, sealed, into the
vault, for who holds the key (`nightrounds explain RUN --reveal`).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from contracts.errors import Fatal, NightroundsError
from flows.executor import reason_of
from flows.rounds import home_path
from tasks.workroom import open_workroom

P = ParamSpec("P")
T = TypeVar("T")
TRACEBACK = "traceback"


def discreet(stage: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a stage so that no foreign exception's text leaves it.

    Raises:
        NightroundsError: as raised; anything else becomes a `Fatal` that names the exception's class.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return function(*args, **kwargs)
            except NightroundsError:
                raise
            except Exception as error:  # noqa: BLE001 - the class is told, the rest is sealed
                caught = error
            told = reason_of(caught)
            name = f"{type(caught).__name__} ({told})" if told else type(caught).__name__
            raise Fatal(f"{name} in this stage", stage, _seal(stage, caught))

        return call

    return decorate


def _seal(stage: str, error: Exception) -> str:
    """Seal a traceback, and tell where it is. Called with no exception under way: none may be chained to ours."""
    text = "".join(traceback.format_exception(error))
    try:
        open_workroom(str(home_path())).vault.put_sealed(TRACEBACK, f"{stage}\n{text}".encode())
    except Exception as second:  # noqa: BLE001 - a full disk or a locked vault: the first error is the one to tell
        return f"its traceback could not be sealed: {type(second).__name__}"
    return "its traceback is sealed: nightrounds explain last --reveal"
