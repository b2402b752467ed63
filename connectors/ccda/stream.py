"""Reading a document as a stream of XML events, and refusing what was made to do harm.

The parser is expat, from Python's own library: lxml was no faster on entries (29 MB per CPU-second each), and expat
does nothing but parse. A document with a DOCTYPE is refused before its first element is read, so no entity can be
declared: none expands, none is fetched. XInclude is refused, processing instructions are passed over, nothing is ever
loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from contracts.errors import Rejected

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

V3 = "{urn:hl7-org:v3}"
ROOT = f"{V3}ClinicalDocument"
CHUNK_BYTES = 1 << 19
DOCUMENT_LIMIT = 256 << 20
"""Bytes of a document; the largest real ones hold decades of results in some 50 MB."""
PIECE_LIMIT = 16 << 20
"""Bytes between two points at which something is done and forgotten: header, narrative of a section, entry."""
ELEMENT_LIMIT = 300_000
"""Elements in such a piece."""
DEPTH_LIMIT = 120
PROLOG_LIMIT = 1 << 20

_XINCLUDE = "{http://www.w3.org/2001/XInclude}"
_UNKNOWN_ENCODING = 18  # XML_ERROR_UNKNOWN_ENCODING


class _Found(Exception):
    """The first element: ends the look at the prolog."""


def root_of(stream: BinaryIO) -> str:
    """The name of the root element, `{namespace}name`; the stream is back at its beginning.

    Raises:
        Rejected: `doctype-not-allowed`, `malformed-xml`, `unsupported-encoding`, `piece-too-large` (a prolog of more
            than 1 MiB).
    """
    found: list[str] = []

    def on_element(name: str, _attributes: object) -> None:
        namespace, _, local = name.rpartition(" ")
        found.append(f"{{{namespace}}}{local}" if namespace else local)
        raise _Found

    def on_doctype(*_arguments: object) -> None:
        raise Rejected("doctype-not-allowed", "prolog", "a document without DOCTYPE: CDA has none")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = on_element
    parser.StartDoctypeDeclHandler = on_doctype
    try:
        _feed_prolog(parser, stream)
    except _Found:
        return found[0]
    except expat.ExpatError as error:
        raise _malformed(error.code) from None
    except (ValueError, LookupError):
        raise _malformed(_UNKNOWN_ENCODING) from None
    finally:
        stream.seek(0)
    raise _malformed(0)


def _feed_prolog(parser: XMLParserType, stream: BinaryIO) -> None:
    size = 0
    while chunk := stream.read(CHUNK_BYTES):
        size += len(chunk)
        if size > PROLOG_LIMIT:
            raise Rejected("piece-too-large", "prolog", "a root element within the first MiB")
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def require_well_formed(stream: BinaryIO) -> None:
    """Read a document to its end for its form alone, in constant memory: what it holds is not wanted.

    Raises:
        Rejected: `malformed-xml`, `document-too-large`.
    """
    stream.seek(0)
    parser = expat.ParserCreate()
    size = 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > DOCUMENT_LIMIT:
                raise _too_large()
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise _malformed(error.code) from None


def _malformed(code: int) -> Rejected:
    if code == _UNKNOWN_ENCODING:
        return Rejected("unsupported-encoding", "XML declaration", "UTF-8, UTF-16 or a single-byte encoding")
    return Rejected("malformed-xml", "document", "well-formed XML, in the encoding that it declares")


def _too_large() -> Rejected:
    return Rejected("document-too-large", "document", f"at most {DOCUMENT_LIMIT >> 20} MiB")


class Events:
    """The start and end of each element down to the depth `deepest`, in order.

    `release` is to be called when what has been read is forgotten: between two such calls the input is bounded, in
    bytes and elements.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.deepest = DEPTH_LIMIT
        self._stream = stream
        self._held_bytes = 0
        self._held_elements = 0

    def release(self) -> None:
        """What was read until now is done with."""
        self._held_bytes = self._held_elements = 0

    def read(self) -> Iterator[tuple[bool, int, Element]]:
        """(whether it starts, depth of the element, counted from 1, the element).

        Raises:
            Rejected: `malformed-xml`, `unsupported-encoding`, `document-too-large`, `piece-too-large`, `too-deep`,
                `xinclude-not-allowed`.
        """
        parser: XMLPullParser[Any] = XMLPullParser(("start", "end"))
        depth = 0
        try:
            for chunk in self._chunks():
                if chunk:
                    parser.feed(chunk)
                else:
                    parser.close()
                for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                    if event == "start":
                        depth += 1
                        self._held_elements += 1
                        if element.tag[: len(V3)] != V3 or depth > DEPTH_LIMIT:
                            _refuse(element, depth)
                        if depth <= self.deepest:
                            yield True, depth, element
                    else:
                        if depth <= self.deepest:
                            yield False, depth, element
                        depth -= 1
                if self._held_elements > ELEMENT_LIMIT:
                    raise _piece()
        except ParseError as error:
            raise _malformed(error.code) from None
        except (
            ValueError,
            LookupError,
        ):  # what `feed` says of a declared encoding; whoever reads raises elsewhere
            raise _malformed(_UNKNOWN_ENCODING) from None

    def _chunks(self) -> Iterator[bytes]:
        """The bytes; an empty chunk is their end."""
        size = 0
        while chunk := self._stream.read(CHUNK_BYTES):
            size += len(chunk)
            self._held_bytes += len(chunk)
            if size > DOCUMENT_LIMIT:
                raise _too_large()
            if self._held_bytes > PIECE_LIMIT:
                raise _piece()
            yield chunk
        yield b""


def _refuse(element: Element, depth: int) -> None:
    """Elements that no document has: nested beyond measure, or calling for other files."""
    if depth > DEPTH_LIMIT:
        raise Rejected("too-deep", "document", f"elements nested at most {DEPTH_LIMIT} levels deep")
    if element.tag.startswith(_XINCLUDE):
        raise Rejected("xinclude-not-allowed", "document", "a document that is whole")


def _piece() -> Rejected:
    legal = f"entries and narratives of at most {PIECE_LIMIT >> 20} MiB and {ELEMENT_LIMIT:,} elements"
    return Rejected("piece-too-large", "document", legal)
