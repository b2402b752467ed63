"""Progress of the stages, to whoever listens: the terminal's bars, Prefect's progress artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Observer = Callable[[str, int, int], None]
_observers: list[Observer] = []


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let `observer(stage, done, total)` hear of all progress within the block."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def progress_of(stage: str, own: Observer | None = None) -> Callable[[int, int], None]:
    """A callback (done, total) for one stage; `own` hears of it besides the observers."""

    def tell(done: int, total: int) -> None:
        for observer in [*_observers, *([own] if own else [])]:
            observer(stage, done, total)

    return tell
