"""The one road: sources are opened and read, their attachments downloaded, and rows come out in batches.

Pages and downloads overlap. A row leaves when its last attachment has an outcome, so what is held is what is in
flight; a slow consumer brakes both pages and downloads. Nothing here raises for one chat's failure: it is recorded,
with the gap it leaves, and the other chats go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from ..errors import ChatframesError, ServiceError
from ..model import Attachment, Emit, Event, Message, Missed, OpenChat, Outcome, Page, Window
from ..settings.merge import Settings
from ..sources import Context, Source, missing_members
from ..table.batches import Batch
from ..transfer.clock import SYSTEM, Clock
from ..transfer.downloads import Downloader
from ..transfer.gate import gate
from ..windows import parse_bounds
from .ledger import Ledger
from .outbox import Outbox, Row
from .reading import Reading

MAX_ATTACHMENTS = 100  # of one message
DISABLED = Outcome("skipped", "disabled")
CANCELLED = Outcome("failed", "cancelled", error="the call ended before this attachment was read")


class Run:
    """One call on its way: the tasks that read its sources and download what they show.

    Parameters
    ----------
    sources : sequence of Source
    settings : Settings
    emit : callable
        Gets every `Event`.
    remember_bytes : int or None
        See `Downloader`.

    Attributes
    ----------
    ledger : Ledger
        What it has come to so far.

    Examples
    --------
    Used as ``async with Run(...) as run: async for batch in run.batches(): ...``
    """

    def __init__(
        self,
        sources: Sequence[Source],
        settings: Settings,
        *,
        emit: Emit = lambda event: None,
        clock: Clock = SYSTEM,
        remember_bytes: int | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._remember_bytes = remember_bytes
        now = clock.now()
        self._readings = [
            Reading(source, parse_bounds(source.since, source.until, source.tz, now)) for source in sources
        ]
        self.ledger = Ledger(self._readings, settings, emit, clock, now)
        self._outbox = Outbox()
        self._seen: dict[str, tuple[Reading, Window | None]] = {}  # by uid: where a message first came from
        self._downloaders: dict[str, Downloader] = {}  # by service
        self._working: list[asyncio.Task[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Run:
        self.ledger.tell(Event("start", ""))
        self._task = asyncio.create_task(self._drive())
        self._task.add_done_callback(lambda _: self._outbox.close())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        # Downloads end first: a source that closes under them would make their outcomes look like defects.
        interrupted: asyncio.CancelledError | None = None
        for tasks in (self._working, [self._task]):
            for task in tasks:
                task.cancel()
            while not all(task.done() for task in tasks):
                try:
                    await asyncio.wait(tasks)
                except asyncio.CancelledError as error:  # a second one must not leave anything running
                    interrupted = error
        if interrupted is not None:
            raise interrupted
        if not self._task.cancelled():
            self._task.exception()  # seen here; `batches` has raised it
        self.ledger.tell(Event("finished", "", note=self.ledger.status))

    @property
    def errors(self) -> list[ChatframesError]:
        """What went wrong, one error per source that has one."""
        return [reading.error for reading in self._readings if reading.error is not None]

    @property
    def came_to_nothing(self) -> bool:
        """Whether every source failed without a single message."""
        return all(reading.status == "failed" for reading in self._readings)

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield settled rows, batch by batch, until all is read."""
        assert self._task is not None
        async for batch in self._outbox.batches():
            yield batch
        self._task.result()

    def salvage(self) -> list[Batch]:
        """Return what an unfinished call has read and not handed out; attachments under way count as cancelled."""
        self._settle_the_rest()
        for reading in self._readings:
            if reading.status != "complete":
                reading.fail(ServiceError("interrupted before it was done"))
        return self._outbox.rest()

    def report(self) -> dict[str, Any]:
        """Return the report as small plain JSON."""
        return self.ledger.report().to_dict()

    # --- the tasks --------------------------------------------------------------------------------------------------

    async def _drive(self) -> None:
        self._downloaders = {
            service: Downloader(
                gate(service).downloads,
                self._settings.limits(service).max_concurrent_downloads,
                self._settings.images.max_size_bytes,
                self._clock,
                remember_bytes=self._remember_bytes,
                room=self._outbox.room,
            )
            for service in {reading.source.service for reading in self._readings}
        }
        try:
            async with asyncio.TaskGroup() as workers:
                self._working = [workers.create_task(downloader.run()) for downloader in self._downloaders.values()]
                async with asyncio.TaskGroup() as readers:
                    for reading in self._readings:
                        readers.create_task(self._read(reading))
                for task in self._working:
                    task.cancel()
            self._settle_the_rest()
        except* Exception as group:
            raise _first(group) from None  # an ExceptionGroup never reaches a user

    async def _read(self, reading: Reading) -> None:
        """Read one source to its end; whatever fails is recorded in `reading`."""
        context = Context(self._settings, self._clock, self.ledger.tell, lambda what: reading.counts.update((what,)))
        try:
            async with reading.source.open(context) as chat:
                _check(chat, reading.source)
                await self._read_pages(reading, chat)
                reading.over = True
                await reading.all_settled()
        except Exception as error:  # also a defect of ours: it must not take the other chats with it
            reading.fail(error)
        finally:
            reading.over = True

    async def _read_pages(self, reading: Reading, chat: OpenChat) -> None:
        """Read the whole range that was asked for, as fast as there is room for its rows."""
        window = reading.begin(chat)
        if window.since >= window.until:
            return
        try:
            async with aclosing(chat.messages(window)) as answers:
                async for answer in answers:
                    if isinstance(answer, Missed):
                        reading.miss(answer)
                        continue
                    self._take(answer, reading, chat)
                    reading.note(answer)
                    await self._outbox.room()
            reading.finish()
        except Exception as error:  # a gap with its reason, whatever it is
            reading.miss(Missed(window, error))

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _take(self, page: Page, reading: Reading, chat: OpenChat) -> None:
        """Let the messages of a page that were asked for, and not seen before, onto the road."""
        self.ledger.count_page()
        for message in reading.asked_for(page.messages):
            here = reading, page.part
            first = self._seen.setdefault(message.uid, here)
            if first is here:
                self._send(message, reading, chat)
            elif first[0] is not reading or first[1] is page.part:
                # Pages of neighbouring windows overlap by our own doing; what else comes twice is worth telling.
                reading.duplicates.add(message.uid)
        self.ledger.tell(Event("messages", reading.source.label))

    def _send(self, message: Message, reading: Reading, chat: OpenChat) -> None:
        """Send a message on its way, and its attachments to be downloaded."""
        reading.messages += 1
        self.ledger.count_attachments(len(message.attachments))
        row = self._outbox.add(message)
        if message.attachments:
            reading.hold()
        for position, attachment in enumerate(message.attachments):
            self._start(row, position, attachment, reading, chat)

    def _start(self, row: Row, position: int, attachment: Attachment, reading: Reading, chat: OpenChat) -> None:
        def done(outcome: Outcome) -> None:
            if self._settle(row, position, outcome):
                reading.settle()
            self.ledger.tell(Event("image", reading.source.label))

        if not self._settings.images.enabled:
            done(DISABLED)
        elif attachment.reason is not None:
            done(Outcome("skipped", attachment.reason))
        elif position >= MAX_ATTACHMENTS:
            done(Outcome("skipped", "too_many", error=f"only the first {MAX_ATTACHMENTS} of a message are downloaded"))
        else:
            downloader = self._downloaders[reading.source.service]
            # By the whole address: an id of one host says nothing about what another host has under it.
            downloader.submit(attachment.url or attachment.source_id, attachment, chat.read, done)

    def _settle(self, row: Row, position: int, outcome: Outcome) -> bool:
        self.ledger.count_outcome(outcome)
        return self._outbox.settle(row, position, outcome)

    def _settle_the_rest(self) -> None:
        """Let every row leave, with what its attachments have come to."""
        for row, position in self._outbox.unsettled():
            self._settle(row, position, CANCELLED)


def _check(chat: object, source: Source) -> None:
    """Say what a chat of another distribution lacks, before anything of it is read."""
    lacks = missing_members(chat, OpenChat)
    if lacks:
        raise ServiceError(
            f"{source.label} could not be read: what its open() gives has no {', no '.join(lacks)}. "
            "Tell the people who make this source: chatframes.model.OpenChat says what a chat needs."
        )


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error
