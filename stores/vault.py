"""The vault: who is who. The one place where identifiers and persons meet; sealed, keyed, for workers only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Self

from contracts.errors import Fatal
from contracts.identity import Identity, Link, Person
from contracts.keys import Key
from contracts.units import Unit
from stores import vault_identities, vault_people, vault_resolve
from stores.home import Home
from stores.sealing import seal, unseal
from stores.vault_identities import PURPOSE
from stores.vault_resolve import Resolution
from stores.vault_schema import open_database, reading, writing

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Resolution", "Vault", "token_of"]

TOKEN_CHARACTERS = 16


def token_of(key: Key, source: str, path: str) -> str:
    """The token of an object: 16 hexadecimal characters, a keyed digest of its source and path."""
    return key.digest("place", source, _path_bytes(path))[:TOKEN_CHARACTERS]


def _path_bytes(path: str) -> bytes:
    """File names are bytes; those that are no UTF-8 come as lone surrogates."""
    return path.encode("utf-8", "surrogateescape")


class Vault:
    """An open vault. Every process (and thread) opens its own; they may all write at the same time.

    Every method raises `Retriable` when other processes keep the vault busy for over a minute, and `Fatal` when what
    it holds was changed or cut.
    """

    def __init__(self, home: Home, key: Key, connection: sqlite3.Connection) -> None:
        self._home = home
        self._key = key
        self._connection = connection

    @classmethod
    def open(cls, home: Home, key: Key) -> Vault:
        """Open the vault of `home`, making it where it is missing.

        Raises:
            Fatal: the key is not this home's, or the file is no vault.
        """
        home.check_key(key)
        return cls(home, key, open_database(home.vault / "vault.db"))

    def close(self) -> None:
        """Close it. Closing twice is allowed."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def remember_places(self, source: str, paths: Sequence[str]) -> list[str]:
        """Store where the objects of a source lie; returns their tokens in the same order."""
        tokens = [token_of(self._key, source, path) for path in paths]
        marks = [bytes.fromhex(self._key.digest("place mark", source, _path_bytes(path))) for path in paths]
        with writing(self._connection) as connection:
            for token, mark, path in zip(tokens, marks, paths, strict=True):
                row = connection.execute("SELECT mark FROM place WHERE token = ?", (token,)).fetchone()
                if row is None:
                    sealed = seal(self._key, PURPOSE, _path_bytes(path), f"path/{token}")
                    connection.execute("INSERT INTO place VALUES (?, ?, ?, ?)", (token, source, mark, sealed))
                elif row[0] != mark:
                    raise Fatal("two objects have the same token", token, "rename one of them")
        return tokens

    def path_of(self, unit: Unit) -> str:
        """The path of a unit inside its source: patient data.

        Raises:
            Fatal: the vault has no such unit.
        """
        return self.reveal(unit.token)

    def reveal(self, token: str) -> str:
        """The path that a token stands for: patient data, for who holds the key.

        Raises:
            Fatal: the vault has no such token.
        """
        with reading(self._connection) as connection:
            row = connection.execute("SELECT path FROM place WHERE token = ?", (token,)).fetchone()
        if row is None:
            raise Fatal(
                "the vault knows no object by this token", token, "run the round that lists its source"
            )
        return unseal(self._key, PURPOSE, row[0], f"path/{token}").decode("utf-8", "surrogateescape")

    def remember_identities(self, unit: Unit, identities: Iterable[Identity]) -> bool:
        """Replace who is in `unit`, with aliases as links and traits sealed, in one transaction.

        Identities that occur more than once are merged. Returns whether anything changed; the same set again writes
        nothing. Memory is bounded whatever the number of identities.
        """
        return vault_identities.remember(self._connection, self._key, unit.unit, identities)

    def forget_unit(self, unit_name: str) -> None:
        """Remove a unit's place, identities and links. Allotments stay, so that a unit that returns is the same."""
        with writing(self._connection) as connection:
            vault_identities.drop_unit(connection, unit_name)
            connection.execute("DELETE FROM place WHERE token = ?", (unit_name.rsplit("/", 1)[-1],))

    def set_links(self, source: str, links: Iterable[Link]) -> bool:
        """Replace the links that `source` (a crosswalk, a rule) states; returns whether anything changed."""
        return vault_identities.replace_links(self._connection, self._key, source, links)

    def resolve(self, round_no: int) -> Resolution:
        """Bring every identity's person up to date with the units and links there are. See `vault_resolve`."""
        return vault_resolve.resolve(self._connection, self._key, self._home.seed, round_no)

    def people(self, unit: Unit) -> dict[str, Person]:
        """The people of a unit by encoded subject (`Identity.subject`), aliases included. Patient data.

        Each person comes with the traits of all their identities in all units, sorted.

        Raises:
            Fatal: the vault was not resolved since the unit's identities were remembered.
        """
        return vault_people.people_of(self._connection, self._key, unit.unit)

    def contexts(self, units: Sequence[str], today: date | None = None) -> dict[str, str]:
        """For each unit name, a keyed digest over its people and all that is known of them.

        A late link, an unlink or a new name changes it for exactly the units of the person concerned. So does, with
        `today`, the year in which they turn 90, and each year after it in which they live.

        Raises:
            Fatal: the vault was not resolved since the identities of one of them were remembered.
        """
        return vault_people.contexts_of(self._connection, self._key, units, today)

    def linkage_person(self) -> pa.Table:
        """Which identity belongs to which person now; schema `contracts.schemas.linkage.PERSON`."""
        return vault_people.linkage_person(self._connection)

    def linkage_history(self) -> pa.Table:
        """How that came about; schema `contracts.schemas.linkage.HISTORY`."""
        return vault_people.linkage_history(self._connection)

    def put_sealed(self, name: str, value: bytes) -> None:
        """Keep a setting that may hold patient data, such as the location of an ad-hoc source."""
        sealed = seal(self._key, PURPOSE, value, f"setting/{name}")
        with writing(self._connection) as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (self._setting(name), sealed))

    def get_sealed(self, name: str) -> bytes | None:
        """A setting as it was put, or None."""
        with reading(self._connection) as connection:
            row = connection.execute(
                "SELECT value FROM setting WHERE name = ?", (self._setting(name),)
            ).fetchone()
        return None if row is None else unseal(self._key, PURPOSE, row[0], f"setting/{name}")

    def _setting(self, name: str) -> bytes:
        return bytes.fromhex(self._key.digest("setting", name))
