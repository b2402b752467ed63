"""Seal the versions in the ledger: when a record was changed is a true date, and the lake holds none.

Sealed deterministically (AES-SIV, RFC 5297, bound to the record's owner), so that an unchanged ledger stays equal.
"""

from __future__ import annotations

import base64

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from contracts.errors import Fatal
from contracts.keys import Key

_PURPOSE = "ledger-version"


def seal_versions(ledger: pl.DataFrame, key: Key) -> pl.DataFrame:
    """The ledger with its non-empty versions sealed."""
    cipher = AESSIV(key.subkey(_PURPOSE))
    rows = zip(ledger["_owner"].to_list(), ledger["version"].to_list(), strict=True)
    sealed = [
        base64.b64encode(cipher.encrypt(v.encode(), [str(o).encode()])).decode() if v else "" for o, v in rows
    ]
    return ledger.with_columns(version=pl.Series(sealed, dtype=pl.String))


def open_versions(ledger: pl.DataFrame, key: Key) -> pl.DataFrame:
    """The inverse of `seal_versions`.

    Raises:
        Fatal: a version was not sealed by this key for this record.
    """
    cipher = AESSIV(key.subkey(_PURPOSE))
    rows = zip(ledger["_owner"].to_list(), ledger["version"].to_list(), strict=True)
    try:
        opened = [
            cipher.decrypt(base64.b64decode(v), [str(o).encode()]).decode() if v else "" for o, v in rows
        ]
    except (InvalidTag, ValueError):
        raise Fatal(
            "a version in the ledger cannot be opened", "records.ledger", "the key of this home"
        ) from None
    return ledger.with_columns(version=pl.Series(opened, dtype=pl.String))
