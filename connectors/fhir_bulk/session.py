"""One source's conversation with its server, kept open in a process: connections and token."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.fhir_bulk.http import Wire
from connectors.fhir_bulk.options import Request, request_of
from connectors.fhir_bulk.smart import Tokens

if TYPE_CHECKING:
    from connectors.fhir_bulk.http import Response
    from contracts.units import Source

_UNAUTHORISED = 401


@dataclass(frozen=True)
class Session:
    """Asks a server as its client. Threads may share it."""

    name: str
    request: Request = field(repr=False)
    wire: Wire = field(repr=False)
    tokens: Tokens = field(repr=False)

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        token: bool = True,
        stream: bool = False,
    ) -> Response:
        """One exchange with a token, which is renewed once where the server takes it no more.

        Raises:
            Retriable: no answer. Fatal: no token is given, or an address is not allowed.
        """
        bearer = self.tokens.header() if token else {}
        answer = self.wire.send(method, url, {**(headers or {}), **bearer}, body, stream=stream)
        if answer.status != _UNAUTHORISED or not bearer:
            return answer
        answer.drain_conn()
        answer.release_conn()
        self.tokens.refuse(bearer)
        bearer = self.tokens.header()
        return self.wire.send(method, url, {**(headers or {}), **bearer}, body, stream=stream)


def session_of(source: Source) -> Session:
    """This process's session for a source.

    Raises:
        Fatal: an option of the source is wrong.
    """
    return _session(source.name, request_of(source), os.getpid())


@lru_cache(maxsize=32)
def _session(name: str, request: Request, _process: int) -> Session:
    wire = Wire(request, name)
    return Session(name, request, wire, Tokens(wire))
