"""The exporter and the stores of a home."""

from __future__ import annotations

from pathlib import Path

from contracts.keys import Key
from stores.home import Home
from stores.lake import Lake
from stores.meds import MedsStore
from stores.vocabulary import Vocabularies
from tasks.meds.exporting import MedsExporter
from tasks.meds.naming import Naming
from tasks.meds.options import MedsOptions


def store_of(home: Home, folder: Path, key: Key) -> MedsStore:
    """The data set in a folder, as an export of this home."""
    return MedsStore(folder, key.digest("meds", "owner"))


def exporter_of(home: Home, lake: Lake, key: Key, options: MedsOptions) -> MedsExporter:
    """What makes MEDS of the home's lake, with the vocabularies that the home has loaded."""
    return MedsExporter(lake, key, home.profile, options, Naming(Vocabularies.open(home.vocabulary)))
