"""Give every attachment of a call its outcome: at once where there is nothing to download, else from a downloader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager, nullcontext
from functools import partial

from ..model import Attachment, Body, Event, OpenChat, Outcome
from ..settings.merge import Settings
from ..transfer.bandwidth import Bandwidth, Speed, Total, of_the_process
from ..transfer.clock import Clock
from ..transfer.downloads import Downloader
from ..transfer.gate import gate
from .before import Before
from .keeping import kept_pictures, lasting_name
from .ledger import Ledger
from .outbox import Outbox, Row, Settled
from .ranking import Ranking
from .reading import Reading

__all__ = ["Attachments"]

MAX_ATTACHMENTS = 100  # of one message
DISABLED = Outcome("skipped", "disabled")
CANCELLED = Outcome("failed", "cancelled", error="the call ended before this attachment was read")


class Attachments:
    """The attachments of one call.

    Parameters
    ----------
    settings : Settings
    clock : Clock
    outbox : Outbox
        Holds their rows.
    ledger : Ledger
        Counts their outcomes.
    before : Before
        Knows the outcomes that earlier calls have kept.
    changed : callable
        Called whenever a download begins or an attachment gets its outcome.
    settled : callable or None
        See `Run`.
    remember_bytes, in_flight_bytes : int or None
        See `Downloader`.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        outbox: Outbox,
        ledger: Ledger,
        before: Before,
        *,
        changed: Callable[[], None],
        settled: Settled | None,
        remember_bytes: int | None,
        in_flight_bytes: int | None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._outbox = outbox
        self._ledger = ledger
        self._before = before
        self._changed = changed
        self._settled = settled
        self._remember_bytes = remember_bytes
        self._in_flight_bytes = in_flight_bytes
        self._ranking = Ranking(settings.images.order)
        self._kept = kept_pictures(settings)
        self._downloaders: dict[str, Downloader] = {}  # by service

    @contextmanager
    def downloaders(self, services: Iterable[str]) -> Iterator[Sequence[Downloader]]:
        """Make a downloader for each service, all of them within the limits of bytes of this call and of all calls."""
        own, all_calls = Bandwidth(), of_the_process()
        with (
            nullcontext() if self._kept is None else closing(self._kept),
            all_calls.limited_to(self._settings.config.downloads.max_bytes_per_second),
            own.limited_to(self._settings.images.bytes_per_second),
        ):
            speed, total = Speed(self._clock, (all_calls, own)), Total(self._settings.max_total_bytes)
            self._ledger.received_bytes = lambda: speed.received_bytes
            self._downloaders = {service: self._downloader(service, speed, total) for service in services}
            yield list(self._downloaders.values())

    def _downloader(self, service: str, speed: Speed, total: Total) -> Downloader:
        images = self._settings.images
        return Downloader(
            gate(service).downloads,
            self._settings.limits(service).max_concurrent_downloads,
            images.max_size_bytes,
            self._clock,
            remember_bytes=self._remember_bytes,
            in_flight_bytes=self._in_flight_bytes,
            room=self._outbox.room,
            keep_undecodable=images.keep_undecodable,
            speed=speed,
            total=total,
            kept=self._kept,
        )

    @property
    def problems(self) -> list[str]:
        """Sentences to warn the user with when the call is over: about the order they gave, or the disk cache."""
        troubled = [each for each in (self._ranking, self._kept) if each is not None]
        return [each.problem for each in troubled if each.problem is not None]

    def add(self, row: Row, reading: Reading, chat: OpenChat) -> None:
        """Give the attachments of a row their outcomes, now or later."""
        attachments = row.message.attachments
        self._ledger.count_attachments(len(attachments))
        if attachments:
            reading.hold()
        for position, attachment in enumerate(attachments):
            try:
                self._start(row, position, attachment, reading, chat)
            except Exception as error:  # of a source, or a defect of ours: nobody may wait for it for ever
                if row.outcomes[position] is None:
                    outcome = Outcome("failed", "internal", error=f"unexpected {type(error).__name__}")
                    self._done(row, position, reading, outcome)

    def _start(self, row: Row, position: int, attachment: Attachment, reading: Reading, chat: OpenChat) -> None:
        done = partial(self._done, row, position, reading)

        def read(attachment: Attachment) -> AbstractAsyncContextManager[Body]:
            self._ledger.begin_download()
            self._changed()
            return chat.read(attachment)

        if (outcome := self._before.outcome(row.message, position)) is not None:
            done(outcome, settled_before=True)
        elif attachment.reason is not None:  # also while downloading is off: a place or a call is no picture
            done(Outcome("skipped", attachment.reason))
        elif not self._settings.images.enabled:
            done(DISABLED)
        elif position >= MAX_ATTACHMENTS:
            done(Outcome("skipped", "too_many", error=f"only the first {MAX_ATTACHMENTS} of a message are downloaded"))
        else:
            downloader = self._downloaders[reading.source.service]
            # The key is the whole address: the same id may be another picture at another host.
            rank = self._ranking.of(row.message, attachment)
            lasting = None if self._kept is None else lasting_name(chat, attachment, reading.source.service)
            downloader.submit(attachment.url or attachment.source_id, attachment, read, done, rank, lasting)

    def _done(
        self, row: Row, position: int, reading: Reading, outcome: Outcome, *, settled_before: bool = False
    ) -> None:
        if self._settle(row, position, outcome, settled_before=settled_before):
            reading.settle()
        if self._settled is not None:
            self._settled(row.message, position, outcome)
        self._ledger.emit(Event("image", reading.label))
        self._changed()

    def settle_the_rest(self) -> None:
        """Mark every attachment without an outcome as cancelled, so that its row can be handed out."""
        for row, position in self._outbox.unsettled():
            self._settle(row, position, CANCELLED)

    def _settle(self, row: Row, position: int, outcome: Outcome, *, settled_before: bool = False) -> bool:
        self._ledger.count_outcome(outcome, settled_before=settled_before)
        return self._outbox.settle(row, position, outcome)
