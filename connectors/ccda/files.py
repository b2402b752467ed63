"""Files of a source that hold a document, and those that do not: XDM's directory, style sheets, other XML."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from connectors.ccda.stream import ROOT, root_of
from connectors.hl7v2.stream import open_stream
from contracts.archives import is_archive, list_members
from contracts.errors import Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

SUFFIXES = (".xml", ".cda", ".ccd", ".ccda", ".xml.gz")
_STYLES = (".xsl", ".xslt", ".css")
_DIRECTORY = "metadata.xml"


@dataclass(frozen=True)
class Opened:
    """A file: the stream of a document, or what it is counted as; neither for an empty file that is no document."""

    stream: BinaryIO | None = field(default=None, repr=False)
    stray: str = ""


@contextmanager
def open_document(place: Place) -> Iterator[Opened]:
    """Open a file and look at its root.

    Raises:
        Rejected: as `stream.root_of`; `corrupt-gzip`; what is wrong with an archive that could not be listed.
    """
    name = place.name.lower()
    if is_archive(name):
        list_members(place)  # it was listed itself, since it cannot be read: this says why
        raise Rejected("nested-archive", "archive", "documents that are packed once")
    if not name.endswith(SUFFIXES):
        yield Opened(stray="stylesheet" if name.endswith(_STYLES) else "stray-file")
        return
    with open_stream(place) as stream:
        if root_of(stream) == ROOT:
            yield Opened(stream)
        else:
            yield Opened(stray="xdm-metadata" if name.endswith(_DIRECTORY) else "not-cda")
