"""The steps of an export: ask for it, ask how far it is, let it go.

https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-export-operation-request-flow
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

import orjson

from connectors.fhir_bulk.http import BUSY, content_of, pause, retry_after, told_codes
from connectors.fhir_bulk.state import Export, State, next_page, read_manifest
from contracts.errors import Fatal, Retriable
from contracts.units import Discovery

if TYPE_CHECKING:
    from connectors.fhir_bulk.http import Response
    from connectors.fhir_bulk.session import Session

EXPORT_DAYS = 3
"""An export older than this is not gone on with: what it holds is too old to wait for."""
_JUST_BEGUN_SECONDS = 600
_ERRORS = 5
_PAGES = 10_000
_TRANSIENT = frozenset({"transient", "timeout", "throttled", "lock-error"})
"""Codes of an OperationOutcome that tell of the request alone: the export goes on."""
_PERCENT = re.compile(r"(\d{1,3})(?:\.\d+)?\s?%")
_SHARE = re.compile(r"\b(\d{1,12})\s*(?:of|/)\s*(\d{1,12})\b")
_GONE = "the server knows the export no more; the next round asks for another"


def step(session: Session, state: State, *, snapshot: bool) -> Discovery:
    """Take the export one step on: what there is now, or when to ask again.

    Raises:
        Fatal: the server refuses the export. Retriable: it does not answer.
    """
    request = session.request.digest
    if state.request != request:  # what was exported before is of other types, or of another group
        state = replace(state.without_export(), since="", request=request)
    if state.export and time.time() - state.export.started > EXPORT_DAYS * 86_400:
        state = state.without_export()
    if state.export is None:
        return _kick_off(session, state, "" if snapshot else state.since)
    return _poll(session, state, state.export)


def _kick_off(session: Session, state: State, since: str) -> Discovery:
    request = session.request
    answer = session.wire.insist(lambda: _ask(session, since, post=request.post))
    if answer.status == 405 and not request.post:
        answer = session.wire.insist(lambda: _ask(session, since, post=True))
    where = answer.headers.get("Content-Location")
    if answer.status != 202 or not where:
        raise _refused(session, answer)
    export = Export(urljoin(f"{request.base}/", where), since, time.time())
    wait = retry_after(answer.headers)
    state = replace(state, export=export)
    return _later(state, pause(0, request.retry_seconds) if wait is None else wait, "asked for")


def _ask(session: Session, since: str, *, post: bool) -> Response:
    """https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-kick-off-request"""
    request = session.request
    wanted = {
        "_outputFormat": request.output_format,
        "_since": since,
        "_type": request.types,
        "_typeFilter": request.type_filter,
    }
    wanted = {name: value for name, value in wanted.items() if value}
    prefer = "respond-async, handling=lenient" if request.lenient else "respond-async"
    headers = {"Accept": "application/fhir+json", "Prefer": prefer}
    url = f"{request.base}/{request.path}$export"
    if not post:
        return session.ask("GET", f"{url}?{urlencode(wanted)}", headers)
    parameters = [
        {"name": name, "valueInstant" if name == "_since" else "valueString": value}
        for name, value in wanted.items()
    ]
    body = orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
    return session.ask("POST", url, {**headers, "Content-Type": "application/fhir+json"}, body)


def _refused(session: Session, answer: Response) -> Fatal:
    status, codes = answer.status, ", ".join(told_codes(answer))
    what = f"the server makes no export (HTTP {status}{', ' + codes if codes else ''})"
    fix = {
        401: "client_id, private_key and scope as registered with the server",
        403: "client_id, private_key and scope as registered with the server",
        404: "location is the server's FHIR base URL, and the server offers $export at this level",
    }.get(status, "what the server offers: see the options level, group, types and output_format")
    return Fatal(what, f"source {session.name}", fix)


def _poll(session: Session, state: State, export: Export) -> Discovery:
    """https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-status-request"""
    try:
        answer = session.ask("GET", export.status, {"Accept": "application/json"})
    except Retriable as error:
        return _stumble(session, state, export, error.message)
    if answer.status in (202, 429):
        return _wait(session, state, export, answer)
    if answer.status in BUSY and _TRANSIENT.issuperset(told_codes(answer)):
        return _stumble(session, state, export, f"the server is busy (HTTP {answer.status})", answer)
    if answer.status in (401, 403):
        return Discovery((), state.dump(), problem=str(_refused(session, answer)))
    if answer.status in (404, 410):
        if export.manifest is None and time.time() - export.started < _JUST_BEGUN_SECONDS:
            return Discovery((), replace(state, export=None).dump(), problem=_GONE)
        return _kick_off(session, replace(state, export=None), export.since)
    if answer.status != 200:
        return _failed(state, answer)
    return _complete(session, state, export, answer)


def _wait(session: Session, state: State, export: Export, answer: Response) -> Discovery:
    told = retry_after(answer.headers)
    seconds = pause(export.polls, session.request.retry_seconds) if told is None else told
    export = replace(export, polls=export.polls + 1, errors=0)
    return _later(
        replace(state, export=export), seconds, told_progress(answer.headers.get("X-Progress") or "")
    )


def _stumble(
    session: Session, state: State, export: Export, what: str, answer: Response | None = None
) -> Discovery:
    """No answer of use: ask again a few times; then leave the export to the next round."""
    if export.errors + 1 >= _ERRORS:
        problem = f"{what}; the next round goes on with the same export"
        return Discovery((), replace(state, export=replace(export, errors=0)).dump(), problem=problem)
    told = retry_after(answer.headers) if answer is not None else None
    seconds = pause(export.errors, session.request.retry_seconds) if told is None else told
    return _later(replace(state, export=replace(export, errors=export.errors + 1)), seconds, "")


def _failed(state: State, answer: Response) -> Discovery:
    """The server says that the export failed: it is let go, and the next round asks for another."""
    codes = ", ".join(told_codes(answer))
    what = f"the export failed on the server (HTTP {answer.status}{', ' + codes if codes else ''})"
    return Discovery((), state.without_export().dump(), problem=f"{what}; the next round asks for another")


def _complete(session: Session, state: State, export: Export, answer: Response) -> Discovery:
    pages = list(_pages(session, export.status, content_of(answer)))
    manifest = read_manifest(pages, export.status)
    if manifest is None:
        found = _stumble(session, state, export, "what the server sends is no manifest of an export")
        return replace(found, checkpoint=state.without_export().dump()) if found.problem else found
    done = replace(state, export=replace(export, errors=0, manifest=manifest))
    return Discovery(manifest.listed(), done.dump(), progress=f"done, {len(manifest.files)} files")


def _pages(session: Session, url: str, page: Any) -> Iterator[Any]:
    """The manifest's pages; one that was not asked to come in parts has one."""
    yield page
    for _ in range(_PAGES):
        following = next_page(page, url)
        if not following:
            return
        ask = partial(session.ask, "GET", following, {"Accept": "application/json"})
        answer = session.wire.insist(ask)
        url, page = following, content_of(answer) if answer.status == 200 else None
        yield page
    yield None


def _later(state: State, seconds: float, progress: str) -> Discovery:
    return Discovery((), state.dump(), wait_seconds=seconds, progress=progress)


def told_progress(text: str) -> str:
    """What may be told of `X-Progress`, which is free text: its percentage, or its "n of m"."""
    if percent := _PERCENT.search(text):
        return f"{percent[1]}%"
    if share := _SHARE.search(text):
        return f"{share[1]} of {share[2]}"
    return "under way"


def let_go(session: Session, state: State) -> State:
    """Tell the server that it may delete concluded exports. One that cannot be told now is told next time."""
    kept = []
    for url in state.left:
        try:
            answer = session.ask("DELETE", url, {"Accept": "application/fhir+json"})
        except Retriable:
            kept.append(url)
            continue
        if answer.status in BUSY:
            kept.append(url)
    return replace(state, left=tuple(kept))
