"""What a worker process needs at hand: the home, the key, the vault and the sources, opened once a process.

Workers load the key and the sources themselves, from the home; neither travels as an argument of a task.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from pathlib import Path

import orjson

from connectors.registry import connector
from contracts.errors import Fatal
from contracts.keys import Key
from contracts.protocols import Connector, Exporter, Place, Reading
from contracts.units import Source, Stamp, Unit
from stores.home import Home, open_home
from stores.landing import Landing
from stores.places import is_remote, is_there, place_of
from stores.quarantine import Quarantine
from stores.vault import Vault
from tasks.concepts import Vocabulary, open_vocabulary
from tasks.deidentification.policy import TextPolicy
from tasks.dicom.policy import ImagePolicy
from tasks.vcf.policy import VariantPolicy

_SOURCES = "sources"
_TEXT = "text policy"
_IMAGES = "image policy"
_VARIANTS = "variant policy"
_CHECKPOINT = "checkpoint/"


@dataclass(frozen=True)
class Job:
    """One unit's work order: picklable and free of patient data.

    Attributes:
        home: path of the home.
        unit: the unit, with its digest and recipe once surveyed.
        context: digest of the persons in the unit, from the vault.
        today: the round's date (ISO), so that a round that passes midnight judges by one date.
        listed: the object's stamp as listed, by which a remote object is acquired anew when it changed.
    """

    home: str
    unit: Unit
    today: str
    context: str = ""
    listed: Stamp | None = None

    @property
    def day(self) -> date:
        """The round's date."""
        return date.fromisoformat(self.today)

    @property
    def fingerprint(self) -> str:
        """What makes the staged output of this unit what it is: content, recipe and persons."""
        return f"{self.unit.digest[:12]}{self.stamp[:12]}"

    @property
    def stamp(self) -> str:
        """What besides its content makes a row what it is, recipe and persons: the `_recipe` of its rows."""
        return hashlib.sha256(f"{self.unit.recipe} {self.context}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Workroom:
    """The stores that work on one unit needs."""

    home: Home
    key: Key = field(repr=False)
    vault: Vault = field(repr=False)
    quarantine: Quarantine = field(repr=False)

    @property
    def vocabulary(self) -> Vocabulary:
        """The home's vocabulary and the site's map, as the round adopted it."""
        return open_vocabulary(self.home)

    def source(self, name: str) -> Source:
        """The source by name, as the round sealed it into the vault."""
        known = load_sources(self.vault)
        if name not in known:
            raise Fatal(
                "no such source in this home", name, f"one of {', '.join(sorted(known)) or 'none yet'}"
            )
        return known[name]

    def connector(self, kind: str) -> Connector:
        """The connector of a source's kind."""
        return connector(kind)

    def reading(self, unit: Unit) -> Reading:
        """Resolve the unit's token through the vault and hand its bytes to a connector."""
        source = self.source(unit.source)
        path = self.vault.path_of(unit)
        place = self._place(source, path)
        if is_remote(place):
            place = self._landed(unit, place)
        elif self.is_kept(source) and not is_there(place):
            place = Landing(self.home, self.key).landed(unit, place.name)
        return Reading(unit, source, place, self.key, path)

    def acquire(self, unit: Unit, listed: Stamp | None) -> None:
        """Bring a remote object into the encrypted landing area; a local one is read where it is.

        Of a local one that its source may withdraw without meaning its records, a copy is kept there as well.
        """
        source = self.source(unit.source)
        place = self._place(source, self.vault.path_of(unit))
        if is_remote(place) or self.is_kept(source):
            Landing(self.home, self.key).land(unit, place, listed)

    def is_kept(self, source: Source) -> bool:
        """Whether copies of a source's objects are kept: those of exports that tell each record once.

        What links people may come when the file that told of them is gone; their rows are written anew from the copy.
        """
        return (
            source.kept_days > 0 and not source.snapshot and self.connector(source.kind).ownership == "record"
        )

    def place(self, unit: Unit) -> Place:
        """Where a unit's bytes come from."""
        return self._place(self.source(unit.source), self.vault.path_of(unit))

    def _place(self, source: Source, path: str) -> Place:
        one = self.connector(source.kind)
        if isinstance(one, Exporter):
            return one.place(source, load_checkpoint(self.vault, source.name), path)
        return place_of(source, path, self.home.landing)

    def _landed(self, unit: Unit, place: Place) -> Place:
        """The landed copy; an object whose copy's time to live is over is acquired again."""
        landing = Landing(self.home, self.key)
        try:
            return landing.landed(unit, place.name)
        except Fatal:
            landing.land(unit, place)
            return landing.landed(unit, place.name)


def open_workroom(home: str) -> Workroom:
    """The workroom of this process for the home: opened once, kept open (a store's connection is not for forks)."""
    return _open(str(Path(home).resolve()), os.getpid())


@lru_cache(maxsize=4)
def _open(home: str, _process: int) -> Workroom:
    opened = open_home(Path(home))
    key = opened.load_key()
    return Workroom(opened, key, Vault.open(opened, key), Quarantine(opened, key))


def save_sources(vault: Vault, sources: list[Source]) -> None:
    """Seal the round's sources into the vault: their locations are patient data."""
    rows = [{one.name: getattr(source, one.name) for one in fields(source)} for source in sources]
    data = orjson.dumps(rows, default=dict)
    if vault.get_sealed(_SOURCES) != data:
        vault.put_sealed(_SOURCES, data)


def load_sources(vault: Vault) -> dict[str, Source]:
    """The sources sealed by `save_sources`, by name."""
    data = vault.get_sealed(_SOURCES)
    return {row["name"]: Source(**row) for row in orjson.loads(data)} if data else {}


def save_checkpoint(vault: Vault, source: str, checkpoint: str) -> None:
    """Seal where an exporter's export stands: its checkpoint holds addresses."""
    if load_checkpoint(vault, source) != checkpoint:
        vault.put_sealed(_CHECKPOINT + source, checkpoint.encode())


def load_checkpoint(vault: Vault, source: str) -> str:
    """The checkpoint that `save_checkpoint` sealed, empty at first."""
    return (vault.get_sealed(_CHECKPOINT + source) or b"").decode()


def save_text_policy(vault: Vault, policy: TextPolicy) -> None:
    """Tell the workers how free text is treated."""
    data = policy.to_bytes()
    if vault.get_sealed(_TEXT) != data:
        vault.put_sealed(_TEXT, data)


def load_text_policy(vault: Vault) -> TextPolicy:
    """How free text is treated, as the round said; where it said nothing, as `TextPolicy` does unless told."""
    return TextPolicy.from_bytes(vault.get_sealed(_TEXT))


def save_image_policy(vault: Vault, policy: ImagePolicy) -> None:
    """Tell the workers how images are treated."""
    data = policy.to_bytes()
    if vault.get_sealed(_IMAGES) != data:
        vault.put_sealed(_IMAGES, data)


def load_image_policy(vault: Vault) -> ImagePolicy:
    """How images are treated, as the round said; where it said nothing, as `ImagePolicy` does unless told."""
    return ImagePolicy.from_bytes(vault.get_sealed(_IMAGES))


def save_variant_policy(vault: Vault, policy: VariantPolicy) -> None:
    """Tell the workers how samples of nobody known are treated."""
    data = policy.to_bytes()
    if vault.get_sealed(_VARIANTS) != data:
        vault.put_sealed(_VARIANTS, data)


def load_variant_policy(vault: Vault) -> VariantPolicy:
    """How samples of nobody known are treated, as the round said; where it said nothing, as `VariantPolicy` does."""
    return VariantPolicy.from_bytes(vault.get_sealed(_VARIANTS))
