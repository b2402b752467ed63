"""Work for a process apart that behaves badly: at the top of a module, since the process imports it."""

from __future__ import annotations

import os
import time

from contracts.errors import Retriable


def misbehave(how: str) -> str:
    """Do what is said."""
    if how == "hold":
        return str(len(bytearray(64 << 20)))
    if how == "eat":
        return str(len(bytearray(1 << 30)))
    if how == "sleep":
        time.sleep(60)
    if how == "die":
        os.abort()
    if how == "print":
        print("Quillfeather")
    if how == "out of reach":
        raise Retriable("out of reach", "unit")
    if how == "fail":
        raise ValueError("Quillfeather")
    return "done"
