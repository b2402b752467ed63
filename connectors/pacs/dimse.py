"""DIMSE: searching by C-FIND, fetching by C-MOVE or C-GET, Study Root (PS3.4, C.6.2)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors.pacs.associations import Associations
from connectors.pacs.inbox import Inbox, Listener, file_of
from connectors.pacs.model import Instance, Series, Study
from contracts.errors import Fatal, Retriable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from connectors.pacs.options import DimseOptions, Manners

_PENDING = frozenset({0xFF00, 0xFF01})
_SUCCESS, _UNKNOWN_DESTINATION, _SOME_FAILED = 0x0000, 0xA801, 0xB000
"""Status codes of C-FIND, C-MOVE and C-GET (PS3.4, C.4)."""
_LOWEST_FAILURE, _HIGHEST_FAILURE = 0xA700, 0xCFFF
_MOST_CONTEXTS = 120
"""Of at most 128 in an association (PS3.8, 9.3.2)."""
_LATE_SECONDS = 10.0
"""How long after the end of a C-MOVE what it sends may still come."""


@dataclass
class DimseArchive:
    """A PACS behind DIMSE. Threads may share it."""

    name: str
    options: DimseOptions = field(repr=False)
    manners: Manners
    inbox: Inbox = field(init=False, repr=False)
    listener: Listener = field(init=False, repr=False)
    pool: Associations = field(init=False, repr=False)
    _vouched: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        options, manners = self.options, self.manners
        self.inbox = Inbox(self.name)
        self.listener = Listener(self.name, self.inbox, options, manners.associations)
        self.pool = Associations(
            self.name, manners.associations, manners.retry_seconds, self._associate, self.listener.stop
        )

    def _associate(self) -> Association:
        from pynetdicom import AE, evt
        from pynetdicom import sop_class as classes

        from connectors.pacs.network import prepare, without_delay
        from connectors.pacs.tls import client_context, require_certificate

        prepare()
        context = client_context(self.options, self.name)
        if context is not None and not self._vouched:
            require_certificate(self.options, context, self.name)
            self._vouched = True
        entity, seconds = AE(self.options.calling_aet), self.manners.timeout_seconds
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = seconds
        entity.connection_timeout = min(10.0, seconds)
        entity.maximum_pdu_size = self.options.max_pdu
        entity.add_requested_context(classes.Verification)  # type: ignore[attr-defined]
        entity.add_requested_context(classes.StudyRootQueryRetrieveInformationModelFind)  # type: ignore[attr-defined]
        handlers: list[Any] = [(evt.EVT_CONN_OPEN, without_delay)]
        roles: list[Any] = []
        if self.options.retrieve == "get":
            entity.add_requested_context(classes.StudyRootQueryRetrieveInformationModelGet)  # type: ignore[attr-defined]
            roles = _offer_storage(entity)
            handlers.append((evt.EVT_C_STORE, self.inbox.receive))
        else:
            entity.add_requested_context(classes.StudyRootQueryRetrieveInformationModelMove)  # type: ignore[attr-defined]
        return entity.associate(
            self.options.host,
            self.options.port,
            ext_neg=roles,
            ae_title=self.options.called_aet,
            max_pdu=self.options.max_pdu,
            evt_handlers=handlers,
            tls_args=(context, self.options.host) if context else None,
        )

    def studies(self, first: date, last: date) -> Iterator[Study]:
        """See `Archive.studies`."""
        day = f"{first:%Y%m%d}"
        days = day if first == last else f"{day}-{last:%Y%m%d}"
        wanted = _query(
            "STUDY",
            StudyDate=days,
            StudyInstanceUID="",
            NumberOfStudyRelatedSeries=None,
            NumberOfStudyRelatedInstances=None,
            InstanceAvailability="",
        )
        for found in self._find(wanted):
            if uid := _text(found, "StudyInstanceUID"):
                yield Study(
                    uid,
                    _text(found, "StudyDate") or day,
                    _number(found, "NumberOfStudyRelatedSeries"),
                    _number(found, "NumberOfStudyRelatedInstances"),
                    _text(found, "InstanceAvailability"),
                )

    def series(self, study: str) -> Iterator[Series]:
        """See `Archive.series`."""
        wanted = _query(
            "SERIES",
            StudyInstanceUID=study,
            SeriesInstanceUID="",
            Modality="",
            NumberOfSeriesRelatedInstances=None,
            InstanceAvailability="",
        )
        for found in self._find(wanted):
            if uid := _text(found, "SeriesInstanceUID"):
                yield Series(
                    uid,
                    _text(found, "Modality"),
                    _number(found, "NumberOfSeriesRelatedInstances"),
                    _text(found, "InstanceAvailability"),
                )

    def instances(self, study: str, series: str) -> Iterator[str]:
        """See `Archive.instances`."""
        wanted = _query("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID="")
        for found in self._find(wanted):
            if uid := _text(found, "SOPInstanceUID"):
                yield uid

    def _find(self, wanted: Dataset) -> list[Dataset]:
        """All matches: the association is free again before the next question. Asked twice where it is cut."""
        from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

        for last in (False, True):
            found, status = [], None
            with self.pool.taken() as association:
                for answer, match in association.send_c_find(
                    wanted, StudyRootQueryRetrieveInformationModelFind
                ):
                    status = answer.get("Status")
                    if status in _PENDING and match is not None:
                        found.append(match)
            if status == _SUCCESS:
                return found
            if status is not None and _LOWEST_FAILURE <= status <= _HIGHEST_FAILURE and last:
                fix = "what the PACS allows calling_aet to search"
                raise Fatal(f"the PACS cannot be searched (status {status:04X})", self._where, fix)
        raise Retriable(
            "the PACS was cut off while it was searched", self._where, "the next round searches again"
        )

    @contextmanager
    def fetch(self, instance: Instance) -> Iterator[BinaryIO]:
        """See `Archive.fetch`."""
        wanted = _query(
            "IMAGE",
            StudyInstanceUID=instance.study,
            SeriesInstanceUID=instance.series,
            SOPInstanceUID=instance.uid,
        )
        moves = self.options.retrieve == "move"
        with self.inbox.expecting(instance.uid) as awaited:
            with self.pool.taken() as association:
                if moves:
                    self.listener.start()
                status = self._retrieve(association, wanted)
                self._judge(status)
                if status == _SUCCESS:
                    awaited.came.wait(_LATE_SECONDS if moves else 0)
            if not awaited.came.is_set():
                told = f"status {status:04X}" if status is not None else "cut off"
                raise Retriable(
                    f"the PACS did not send an instance ({told})", self._where, "it is asked for again"
                )
        yield file_of(awaited)

    def _retrieve(self, association: Association, wanted: Dataset) -> int | None:
        """The last status of C-MOVE or C-GET, None where the connection was cut."""
        from pynetdicom import sop_class as classes

        if self.options.retrieve == "move":
            model = classes.StudyRootQueryRetrieveInformationModelMove  # type: ignore[attr-defined]
            answers = association.send_c_move(wanted, self.options.destination_aet, model)
        else:
            model = classes.StudyRootQueryRetrieveInformationModelGet  # type: ignore[attr-defined]
            answers = association.send_c_get(wanted, model)
        status: int | None = None
        for answer, _ in answers:
            status = answer.get("Status")
        return status

    def _judge(self, status: int | None) -> None:
        """Raise where trying again would change nothing."""
        if status == _UNKNOWN_DESTINATION:
            fix = "enter destination_aet in the PACS, with this machine's address and listen_port"
            raise Fatal("the PACS does not know the destination of C-MOVE", self._where, fix)

    def probe(self) -> str:
        """See `Archive.probe`: C-ECHO, a C-FIND, whether we can listen, and whether the PACS knows where to send."""
        with self.pool.taken() as association:
            if association.send_c_echo().get("Status") != _SUCCESS:
                raise Retriable("the PACS takes the association, but does not answer C-ECHO", self._where)
        today = date.today()  # noqa: DTZ011 - any day would do
        found = list(self.studies(today, today))
        told = f"answers, {len(found):,} studies of today"
        if found and found[0].instances is None:
            told += ", does not count instances: each night asks for all of a window"
        if self.options.retrieve == "get":
            return f"{told}, C-GET"
        self.listener.start()
        nothing = f"2.25.{secrets.randbits(96)}"
        with self.pool.taken() as association:
            status = self._retrieve(association, _query("STUDY", StudyInstanceUID=nothing))
        self._judge(status)
        return f"{told}, knows the destination, port {self.options.listen_port} listens"

    @property
    def _where(self) -> str:
        return f"source {self.name}"


def _offer_storage(entity: Any) -> list[Any]:
    """Contexts for what C-GET sends back on the same association, with us as who stores (PS3.7, D.3.3.4)."""
    from pynetdicom import ALL_TRANSFER_SYNTAXES, StoragePresentationContexts, build_role

    roles = []
    for context in StoragePresentationContexts[:_MOST_CONTEXTS]:
        kind = str(context.abstract_syntax)
        entity.add_requested_context(kind, ALL_TRANSFER_SYNTAXES)
        roles.append(build_role(kind, scp_role=True))
    return roles


def _query(level: str, **keys: Any) -> Dataset:
    from pydicom.dataset import Dataset

    wanted = Dataset()
    wanted.QueryRetrieveLevel = level
    for name, value in keys.items():
        setattr(wanted, name, value)
    return wanted


def _text(found: Dataset, name: str) -> str:
    value = found.get(name)
    return "" if value is None else str(value).strip()


def _number(found: Dataset, name: str) -> int | None:
    text = _text(found, name)
    return int(text) if text.isascii() and text.isdigit() else None
