"""TLS of DIMSE (PS3.15, B.9 and B.10: BCP 195): both sides show certificates, and each checks the other's."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from contracts.errors import Fatal

if TYPE_CHECKING:
    from connectors.pacs.options import DimseOptions

_SECONDS = 10.0


def client_context(options: DimseOptions, name: str) -> ssl.SSLContext | None:
    """For associations that we open; None where the node goes without TLS. The PACS's certificate and name are checked.

    Raises:
        Fatal: a file of certificates or keys cannot be read.
    """
    return _context(ssl.Purpose.SERVER_AUTH, options, name) if options.tls else None


def server_context(options: DimseOptions, name: str) -> ssl.SSLContext | None:
    """For what C-MOVE sends to us: only who shows a certificate of the same authority may.

    Raises:
        Fatal: as `client_context`.
    """
    return _context(ssl.Purpose.CLIENT_AUTH, options, name) if options.tls else None


def _context(purpose: ssl.Purpose, options: DimseOptions, name: str) -> ssl.SSLContext:
    tried = "ca_file"
    try:
        context = ssl.create_default_context(purpose, cafile=options.ca_file or None)
        tried = "certificate"
        if options.certificate:
            context.load_cert_chain(options.certificate, options.private_key)
    except (OSError, ValueError):  # of which SSLError is one
        fix = "a PEM file that this user may read; certificate and private_key must belong together"
        raise Fatal("a certificate or its key cannot be read", f"source {name}: {tried}", fix) from None
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def require_certificate(options: DimseOptions, context: ssl.SSLContext, name: str) -> None:
    """Shake hands once, since pynetdicom does not tell why a handshake fails.

    Raises:
        Fatal: the PACS's certificate is not vouched for, is for another name, or ours is refused.
    """
    try:
        with (
            socket.create_connection((options.host, options.port), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=options.host),
        ):
            return
    except ssl.SSLCertVerificationError:
        what = "the certificate of the PACS is not vouched for, or is for another name"
        raise Fatal(
            what, f"source {name}: ca_file", "the authority that signed it; its own name as location"
        ) from None
    except ssl.SSLError:
        what = "the PACS does not speak TLS on this port, or refuses our certificate"
        raise Fatal(
            what, f"source {name}: tls", "its TLS port; a certificate of an authority that it trusts"
        ) from None
    except OSError:
        return  # it does not answer: the association says so, and tries again
