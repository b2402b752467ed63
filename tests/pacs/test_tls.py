"""TLS over DIMSE and DICOMweb against a real Orthanc: it works where certificates are right, and only there."""

from __future__ import annotations

import socket
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from connectors.pacs import DicomWebConnector, DimseConnector
from contracts.errors import Fatal, Unreachable
from contracts.units import Source
from tests.pacs.certificates import Authority
from tests.pacs.night import make_ward
from tests.pacs.orthanc import AET, Orthanc, free_port
from tests.pacs.studies import studies

IMAGES = 3


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "hospital")


@pytest.fixture(scope="module")
def secured(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc whose DICOM port speaks TLS alone, and asks who speaks to it for a certificate."""
    certificate, key = authority.sign("orthanc")
    port = free_port()
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": certificate,
        "DicomTlsPrivateKey": key,
        "DicomTlsTrustedCertificates": authority.file,
        "DicomTlsRemoteCertificateRequired": True,
        "DicomModalities": {
            "ours": {"AET": "NIGHTROUNDS", "Host": "127.0.0.1", "Port": port, "UseDicomTls": True}
        },
    }
    made = Orthanc(tmp_path_factory.mktemp("orthanc"), our_port=port, settings=settings)
    try:
        made.start().upload(studies(1, 1, 1, IMAGES))
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def https(secured: Orthanc, authority: Authority) -> Iterator[str]:
    """Its DICOMweb service behind TLS, as hospitals put a proxy before one (Debian's Orthanc crashes on its own)."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.sign("proxy"))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as outer,
                socket.create_connection(("127.0.0.1", secured.http_port)) as inner,
            ):
                back = Thread(target=forward, args=(inner, outer))
                back.start()
                forward(outer, inner)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"https://localhost:{server.server_address[1]}/dicom-web"
        server.shutdown()


def forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def ours(authority: Authority, name: str = "ours") -> dict[str, str]:
    certificate, key = authority.sign(name)
    return {"tls": "true", "ca_file": authority.file, "certificate": certificate, "private_key": key}


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_dimse_over_tls(retrieve: str, secured: Orthanc, authority: Authority, quick: Path) -> None:
    ward = make_ward(quick / "home", secured, "dimse", retrieve=retrieve, **ours(authority))
    ward.source = replace(ward.source, location=f"localhost:{secured.dicom_port}")
    night = ward.night()
    assert not night.problem and not night.failures and len(ward.rows()) == IMAGES


def test_dicomweb_over_tls(secured: Orthanc, https: str, authority: Authority, quick: Path) -> None:
    ward = make_ward(quick / "home", secured, "dicomweb", ca_file=authority.file)
    ward.source = replace(ward.source, location=https)
    night = ward.night()
    assert not night.problem and not night.failures and len(ward.rows()) == IMAGES


def node(secured: Orthanc, location: str = "", **options: str) -> Source:
    common = {"called_aet": AET, "retry_seconds": "0.001", "timeout_seconds": "5", "retrieve": "get"}
    return Source(
        "pacs", "dimse", location or f"localhost:{secured.dicom_port}", options={**common, **options}
    )


def test_a_certificate_of_another_authority_is_refused(
    secured: Orthanc, https: str, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    options = ours(authority) | {"ca_file": stranger.file}
    with pytest.raises(Fatal, match="not vouched for"):
        DimseConnector().probe(node(secured, **options))
    web = Source("pacs", "dicomweb", https, options={"ca_file": stranger.file, "retry_seconds": "0.001"})
    with pytest.raises(Unreachable, match="SSLError"):
        DicomWebConnector().probe(web)


def test_a_certificate_for_another_name_is_refused(secured: Orthanc, authority: Authority) -> None:
    with pytest.raises(Fatal, match="another name"):
        DimseConnector().probe(node(secured, f"127.0.0.1:{secured.dicom_port}", **ours(authority)))


def test_who_shows_no_certificate_or_speaks_plainly_gets_nothing(
    secured: Orthanc, authority: Authority
) -> None:
    with pytest.raises((Fatal, Unreachable)):
        DimseConnector().probe(node(secured, tls="true", ca_file=authority.file))
    with pytest.raises(Unreachable):
        DimseConnector().probe(node(secured))


def test_who_shows_no_certificate_sends_us_nothing(secured: Orthanc, authority: Authority) -> None:
    from pynetdicom import AE
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

    from connectors.pacs.session import archive_of

    source = node(secured, listen_port=str(secured.our_port), **{**ours(authority), "retrieve": "move"})
    assert "knows the destination" in DimseConnector().probe(source)
    listener = archive_of(source).archive.listener  # type: ignore[attr-defined]
    listener.start()
    try:
        context = ssl.create_default_context(cafile=authority.file)
        for tls_args in (None, (context, "localhost")):
            entity = AE("ORTHANC")
            entity.acse_timeout = entity.network_timeout = 3
            entity.add_requested_context(Verification)
            made = entity.associate("127.0.0.1", secured.our_port, ae_title="NIGHTROUNDS", tls_args=tls_args)
            assert not made.is_established
    finally:
        listener.stop()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"ca_file": "x"}, "ca_file"),
        ({"tls": "true", "certificate": "x"}, "certificate"),
        ({"tls": "true", "retrieve": "move"}, "certificate"),
        ({"tls": "perhaps"}, "tls"),
        ({"tls": "true", "ca_file": "/nowhere/Quillfeather.pem"}, "ca_file"),
    ],
)
def test_settings_that_do_not_belong_together_are_told(options: dict[str, str], named: str) -> None:
    source = Source("pacs", "dimse", "localhost:1", options={"called_aet": AET, "retrieve": "get", **options})
    with pytest.raises(Fatal) as caught:
        DimseConnector().probe(source)
    assert caught.value.place == f"source pacs: {named}" and "Quillfeather" not in str(caught.value)
