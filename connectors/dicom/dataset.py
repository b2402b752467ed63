"""From a file to the few elements that are wanted of it: a pydicom `Dataset` without anything large."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.dicom.cursor import open_cursor
from connectors.dicom.library import quiet_pydicom
from connectors.dicom.walk import PIXEL_TAGS, Element, Walker
from contracts.errors import NightroundsError, Rejected, Retriable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from connectors.dicom.recognise import Opening
    from contracts.protocols import Place

ELEMENT_BYTES = 1 << 20
"""An element of the top level that is larger is no metadata: it is left out of the header."""
HEADER_BYTES = 16 << 20
"""What a header may hold in all; what comes behind is left out."""
_LIGHT_ELEMENTS, _LIGHT_BYTES = 20_000, 2 << 20
BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})


@dataclass(frozen=True)
class Survey:
    """A data set walked to its end: the elements of its top level, by their places; whether anything lies behind it;
    how many elements it holds at all depths."""

    elements: tuple[Element, ...]
    trailing: bool
    count: int

    @property
    def heavy(self) -> bool:
        """Whether its header takes so much time or memory that it is no company for other files."""
        if self.count > _LIGHT_ELEMENTS:
            return True
        sizes = (e.end - e.start for e in self.elements if is_metadata(e))
        return sum(size for size in sizes if size <= ELEMENT_BYTES) > _LIGHT_BYTES

    @property
    def pixels(self) -> Element | None:
        """The element that holds the pixels."""
        return next((e for e in self.elements if e.tag in PIXEL_TAGS), None)


def survey_elements(place: Place, opening: Opening) -> Survey:
    """Walk the whole data set.

    Raises:
        Rejected: as `Walker.elements`; `truncated-file` too where there is no element at all.
    """
    with open_cursor(place, opening.offset, opening.deflated) as cursor:
        walker = Walker(cursor, opening.encoding)
        found = tuple(walker.elements())
    if not found:
        raise Rejected("truncated-file", "data set", "at least one element")
    return Survey(found, walker.trailing, walker.count)


def survey_head(place: Place, opening: Opening, last: int) -> list[Element]:
    """The elements of the top level up to tag `last`; what comes behind is not looked at."""
    found: list[Element] = []
    with open_cursor(place, opening.offset, opening.deflated) as cursor:
        for element in Walker(cursor, opening.encoding).elements():
            if element.tag > last:
                break
            found.append(element)
    return found


def load_elements(
    place: Place, opening: Opening, elements: Iterable[Element], wanted: Callable[[Element], bool]
) -> Dataset:
    """Parse the wanted elements, none of them larger than `ELEMENT_BYTES`, in at most `HEADER_BYTES` of memory."""
    quiet_pydicom()
    from pydicom.filereader import read_dataset

    chosen = [e for e in elements if e.end - e.start <= ELEMENT_BYTES and wanted(e)]
    data = io.BytesIO()
    with open_cursor(place, opening.offset, opening.deflated) as cursor:
        for element in chosen:
            if data.tell() + element.end - element.start > HEADER_BYTES:
                break
            cursor.skip(element.start - cursor.position)
            data.write(cursor.read(element.end - element.start))
    data.seek(0)
    return read_dataset(data, opening.encoding.implicit, opening.encoding.little)


def is_metadata(element: Element) -> bool:
    """Whether an element belongs into a header: no bulk data, no pixels, no group length."""
    # UN stays: what was written without its VR may well be in the dictionary
    return element.vr not in BULK_VRS and element.tag not in PIXEL_TAGS and element.tag & 0xFFFF != 0


@contextmanager
def judging_errors() -> Iterator[None]:
    """Turn whatever a broken file makes a parser raise into a rejection that tells the error's type alone.

    Raises:
        Rejected: `unreadable`, or `nested-too-deep` where Python ran out of stack. Retriable: reading failed.
    """
    try:
        yield
    except (NightroundsError, MemoryError):
        raise
    except OSError as error:
        if error.errno is None:  # pydicom's own, of a sequence that is cut: trying again changes nothing
            raise Rejected("unreadable", type(error).__name__) from None
        raise Retriable(f"a unit cannot be read: {type(error).__name__}", "unit", "try again") from None
    except RecursionError:
        raise Rejected("nested-too-deep", "RecursionError") from None
    except Exception as error:  # noqa: BLE001 - whatever a hostile file provokes is the file's fault
        raise Rejected("unreadable", type(error).__name__) from None
