"""Seal versions in staging and the ledger: when a record was changed is a true date, and neither holds any.

Sealed deterministically (AES-SIV, RFC 5297, bound to the record's owner), so that an unchanged ledger stays equal.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from contracts.errors import Fatal
from contracts.keys import Key

_PURPOSE = "ledger-version"


def seal_texts(owners: Sequence[int], versions: Sequence[str], key: Key) -> list[str]:
    """Each non-empty version sealed for its record's owner, base64."""
    cipher = AESSIV(key.subkey(_PURPOSE))
    return [
        base64.b64encode(cipher.encrypt(version.encode(), [str(owner).encode()])).decode() if version else ""
        for owner, version in zip(owners, versions, strict=True)
    ]


def seal_versions(ledger: pl.DataFrame, key: Key) -> pl.DataFrame:
    """The ledger with its non-empty versions sealed."""
    sealed = seal_texts(ledger["_owner"].to_list(), ledger["version"].to_list(), key)
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
            cipher.decrypt(base64.b64decode(sealed), [str(owner).encode()]).decode() if sealed else ""
            for owner, sealed in rows
        ]
    except (InvalidTag, ValueError):
        raise Fatal(
            "a version in the ledger cannot be opened", "records.ledger", "the key of this home"
        ) from None
    return ledger.with_columns(version=pl.Series(opened, dtype=pl.String))
