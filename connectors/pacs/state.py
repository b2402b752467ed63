"""What was seen complete of a PACS: the checkpoint. UIDs in it are digests, since it need not tell them again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field

import orjson

from contracts.errors import Fatal


@dataclass(frozen=True)
class Seen:
    """A study all of which is published: its day, the PACS's count of it, and its count of each series."""

    day: str
    instances: int | None
    series: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """A checkpoint.

    Attributes:
        request: digest of what is asked for; another one begins anew.
        reached: the day (YYYYMMDD) up to which all studies were listed; empty before the first night.
        seen: studies by the mark of their UID, of the window alone.
        next_reached, pending: the same of the night under way, taken over when all of it is published.
    """

    request: str = ""
    reached: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)
    next_reached: str = ""
    pending: dict[str, Seen] = field(default_factory=dict)

    def dump(self) -> str:
        """As a checkpoint."""
        return orjson.dumps(asdict(self)).decode()

    def concluded(self) -> State:
        """All that the night listed is published."""
        return State(self.request, self.next_reached or self.reached, {**self.seen, **self.pending})


def mark(uid: str) -> str:
    """Tells a UID from another."""
    return hashlib.sha256(uid.encode()).hexdigest()[:20]


def read_state(checkpoint: str) -> State:
    """The inverse of `State.dump`.

    Raises:
        Fatal: the text is no checkpoint of this connector.
    """
    if not checkpoint:
        return State()
    try:
        content = orjson.loads(checkpoint)
        for name in ("seen", "pending"):
            content[name] = {uid: Seen(**seen) for uid, seen in content[name].items()}
        return State(**content)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise Fatal(
            "a checkpoint cannot be read", "pacs", "a source under another name begins anew"
        ) from None
