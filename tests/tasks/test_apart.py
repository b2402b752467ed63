"""Work in a process apart: limits of time and memory hold, and the next call is served all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.errors import Rejected, Retriable
from tasks.apart import Apart, Fault


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    made = Apart("tests.tasks.eaters:misbehave", 256 << 20)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("how", "reason", "seconds"),
    [("eat", "too-much-memory", 30), ("sleep", "too-long", 0.2), ("die", "process-died", 30)],
)
def test_what_breaks_a_limit_is_told_and_the_next_call_is_served(
    how: str, reason: str, seconds: float, apart: Apart
) -> None:
    assert apart.call("hold", 30) == str(64 << 20)
    with pytest.raises(Rejected) as caught:
        apart.call(how, seconds)
    assert caught.value.reason == reason
    assert apart.call("hold", 30) == str(64 << 20)


def test_errors_come_back_as_they_are_or_by_their_class_alone(apart: Apart) -> None:
    assert apart.call("print", 30) == "done", "what is printed is no answer"
    with pytest.raises(Retriable, match="out of reach"):
        apart.call("out of reach", 30)
    with pytest.raises(Fault) as caught:
        apart.call("fail", 30)
    assert str(caught.value) == "ValueError"
