"""Secrets by reference: a file, an environment variable, or a secret mounted into the container."""

from __future__ import annotations

import os
from pathlib import Path

from connectors.fhir_bulk.smart import SECRETS_VARIABLE
from contracts.errors import Fatal


def load_secret(reference: str, name: str, option: str) -> str:
    """What `file:PATH`, `env:VARIABLE` or `secret:NAME` holds, without white space around it.

    Raises:
        Fatal: nothing is there. Nothing of it is told.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        text = os.environ.get(rest, "")
    else:
        folder = Path(os.environ.get(SECRETS_VARIABLE, "/run/secrets"))
        path = Path(rest).expanduser() if scheme == "file" else folder / Path(rest).name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = ""
    if not text.strip():
        raise Fatal(
            "a secret is not there",
            f"source {name}: {option}",
            "a file, variable or secret this user may read",
        )
    return text.strip()
