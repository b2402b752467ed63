"""Errors classed by what the caller should do about them.

Each carries a *place* (a token and, where there is one, a record number: never a patient's value, a file name or a
path) and *legal* (what would have been accepted, or the fix). All of them survive pickling between processes.
"""

from __future__ import annotations


class NightroundsError(Exception):
    """Base of all errors that Nightrounds raises on purpose.

    Args:
        message: what is wrong, in a sentence, free of patient data.
        place: where, as a token, a table, a setting or a record number.
        legal: what would be legal here, or what to do next.
    """

    def __init__(self, message: str, place: str = "", legal: str = "") -> None:
        super().__init__(message, place, legal)
        self.message = message
        self.place = place
        self.legal = legal

    def __reduce__(self) -> tuple[type[NightroundsError], tuple[str, str, str]]:
        return type(self), (self.message, self.place, self.legal)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} ({self.legal})" if self.legal else text


class Retriable(NightroundsError):
    """Try again later: a lock, a lost connection, a busy store."""


class Alone(Retriable):
    """A unit that was read as one record and holds several: it is read again, by itself."""


class Unreachable(Retriable):
    """A server that does not answer, or stays busy, asked as often as is fair: a later round may find it well."""


class Fatal(NightroundsError):
    """Stop: a wrong setting, a missing key, a broken home. Trying again changes nothing."""


class Usage(Fatal):
    """What was asked for cannot be asked: a name, number or path given by the caller that is none."""


class Rejected(NightroundsError):
    """This unit or record is bad input: it goes to quarantine and the rest goes on.

    The `message` of a rejection is its reason code (lower-case words joined by hyphens).
    """

    @property
    def reason(self) -> str:
        """The reason code under which the record is quarantined."""
        return self.message
