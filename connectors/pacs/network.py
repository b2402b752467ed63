"""What all our associations have in common: no words of pynetdicom in a log, no waiting for full packets."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pynetdicom.events import Event


def prepare() -> None:
    """Keep pynetdicom from logging, whose messages hold identifiers, addresses and whole queries; and let it take
    objects of any class, private ones too, in any transfer syntax: what comes is what was asked for."""
    from pynetdicom import _config

    _config.LOG_HANDLER_LEVEL = "none"
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    logger = logging.getLogger("pynetdicom")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


def without_delay(event: Event) -> None:
    """Send small messages at once: Nagle's algorithm and delayed acknowledgements cost 40 ms for each otherwise."""
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
