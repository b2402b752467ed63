"""One source's conversation with its PACS, kept open in a process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.pacs.options import Manners, dimse_options_of, manners_of, web_options_of
from connectors.pacs.pace import Pace

if TYPE_CHECKING:
    from connectors.pacs.model import Archive
    from connectors.pacs.options import DimseOptions, WebOptions
    from contracts.units import Source


@dataclass(frozen=True)
class Session:
    """A PACS and how it is asked."""

    archive: Archive = field(repr=False)
    manners: Manners
    pace: Pace


def archive_of(source: Source) -> Session:
    """This process's session for a source.

    Raises:
        Fatal: an option of the source is wrong.
    """
    manners = manners_of(source)
    options = web_options_of(source) if source.kind == "dicomweb" else dimse_options_of(source)
    return _session(source.name, options, manners, os.getpid())


@lru_cache(maxsize=32)
def _session(name: str, options: WebOptions | DimseOptions, manners: Manners, _process: int) -> Session:
    from connectors.pacs.options import WebOptions

    archive: Archive
    if isinstance(options, WebOptions):
        from connectors.pacs.web import WebArchive

        archive = WebArchive(name, options, manners)
    else:
        from connectors.pacs.dimse import DimseArchive

        archive = DimseArchive(name, options, manners)
    return Session(archive, manners, Pace(manners.instances_per_second))
