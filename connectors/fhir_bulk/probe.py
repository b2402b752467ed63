"""Whether a server can be asked for an export, without asking for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.fhir_bulk.http import content_of
from contracts.errors import Fatal

if TYPE_CHECKING:
    from connectors.fhir_bulk.session import Session


def probe(session: Session) -> str:
    """What is found: that the server answers, its FHIR version, and that it gives a token.

    Raises:
        Fatal: there is no FHIR server, or it refuses the client. Retriable: nobody answers.
    """
    request = session.request
    url, headers = f"{request.base}/metadata?_summary=true", {"Accept": "application/fhir+json"}
    answer = session.wire.insist(lambda: session.ask("GET", url, headers, token=False))
    content = content_of(answer)
    if (
        answer.status != 200
        or not isinstance(content, dict)
        or content.get("resourceType") != "CapabilityStatement"
    ):
        what = f"no FHIR server answers at the location (HTTP {answer.status})"
        raise Fatal(what, f"source {session.name}", "location is the server's FHIR base URL")
    version = content.get("fhirVersion")
    told = f", FHIR {version}" if isinstance(version, str) and version.replace(".", "").isdigit() else ""
    token = ", gives a token" if session.tokens.header() else ""
    return f"the server answers{told}{token}"
