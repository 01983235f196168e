"""The one road: sources are opened, their windows read, their attachments downloaded, and rows come out in batches.

Pages and downloads overlap. A row leaves when its last attachment has an outcome, so what is held is what is in
flight; a slow consumer brakes both pages and downloads. Nothing here raises for one chat's failure: it is recorded,
with the gap it leaves, and the other chats go on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ..errors import AuthError, ChatframesError, ChatNotFound, RateLimited, ServiceError
from ..model import (
    Attachment,
    Emit,
    Event,
    OpenChat,
    Outcome,
    Page,
    Window,
)
from ..settings.merge import Settings
from ..sources import Context, Source
from ..table.batches import Batch, to_batch
from ..transfer.clock import SYSTEM, Clock
from ..transfer.downloads import Downloader
from ..transfer.gate import gate
from ..version import __version__
from ..windows import EPOCH, Timeline, parse_bounds, utc_text
from .reading import Reading, Row, asked_for, unexpected

BATCH_ROWS = 1000
BATCH_BYTES = 64 * 2**20
MAX_ATTACHMENTS = 100  # of one message
MEMORY_BYTES = 2**30  # more than a gigabyte of pictures in one frame: the report says what to do instead
LONGEST_DAYS = 1_000_000  # one window, whatever the range
SAME_WAIT_SECONDS = 0.5
SLOW_SECONDS = 30.0  # downloads still going on this long after the last page
DISABLED = Outcome("skipped", "disabled")
CANCELLED = Outcome("failed", "cancelled", error="the call ended before this attachment was read")


class Run:
    """One call on its way.

    Parameters
    ----------
    sources : sequence of Source
    settings : Settings
    emit : callable
        Gets every `Event`.
    remember_bytes : int or None
        See `Downloader`.

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
        self._emit = emit
        self._clock = clock
        self._started_at, self._started = clock.now(), clock.monotonic()
        self._readings = [
            Reading(source, parse_bounds(source.since, source.until, source.tz, self._started_at)) for source in sources
        ]
        self._remember_bytes = remember_bytes
        self._downloaders: dict[str, Downloader] = {}
        self._rows: dict[str, Row] = {}  # on their way, by uid
        self._seen: dict[str, tuple[Reading, Window]] = {}
        self._ready: deque[Row] = deque()
        self._ready_bytes = 0
        self._batch_ready = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._images: Counter[tuple[str, str | None]] = Counter()
        self._image_bytes = 0
        self._attachments_total = 0
        self._expected: Counter[str] = Counter()  # messages, as far as each source has said
        self._still_read = {id(reading) for reading in self._readings}
        self._downloads_repeated = 0
        self._waits: dict[str, float] = {}  # what was told of each service's: until when
        self._last_page = self._started
        self._working: list[asyncio.Task[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Run:
        self._tell(Event("start", ""))
        self._task = asyncio.create_task(self._drive())
        self._task.add_done_callback(lambda _: self._batch_ready.set())
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
        self._tell(Event("finished", "", note=self.status))

    @property
    def errors(self) -> list[ChatframesError]:
        """What went wrong, one error per source that has one."""
        return [reading.error for reading in self._readings if reading.error is not None]

    @property
    def status(self) -> str:
        """``complete``, ``partial`` or ``failed``: of all sources together."""
        statuses = {reading.status for reading in self._readings}
        return statuses.pop() if len(statuses) == 1 else "partial"

    @property
    def came_to_nothing(self) -> bool:
        """Whether every source failed without a single message."""
        return all(reading.status == "failed" for reading in self._readings)

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield settled rows, about `BATCH_ROWS` or `BATCH_BYTES` at a time, until all is read."""
        assert self._task is not None
        while True:
            await self._batch_ready.wait()
            self._batch_ready.clear()
            while self._ready and (self._full or self._task.done()):
                yield self._cut()
            if self._task.done() and not self._ready:
                break
        self._task.result()

    def salvage(self) -> list[Batch]:
        """Return what an unfinished call has read and not handed out; attachments under way count as cancelled."""
        self._settle_the_rest()
        for reading in self._readings:
            if reading.status != "complete":
                reading.fail(ServiceError("interrupted before it was done"))
        batches = []
        while self._ready:
            batches.append(self._cut())
        return batches

    def report(self) -> dict[str, Any]:
        """Return the report as small plain JSON."""
        by_status: dict[str, dict[str, int]] = {"skipped": {}, "failed": {}}
        for (status, reason), number in sorted(self._images.items(), key=str):
            if status != "ok" and reason is not None:
                by_status[status][reason] = number
        return {
            "version": __version__,
            "created_at": utc_text(self._started_at),
            "status": self.status,
            "sources": [reading.to_dict() for reading in self._readings],
            "images": {"ok": self._images["ok", None], "bytes": self._image_bytes, **by_status},
            "seconds": round(self._clock.monotonic() - self._started, 1),
            "symptoms": list(self._symptoms()),
        }

    def _symptoms(self) -> Iterator[str]:
        counts = sum((reading.counts for reading in self._readings), Counter())
        if counts["pool_timeout"]:
            yield "pool_timeout"
        # A chat that cuts itself keeps to a pace of its own: there is nothing to set.
        if any(r.counts["rate_limited"] for r in self._readings if r.chat is None or not r.chat.cuts_itself):
            yield "rate_limits"
        if self._image_bytes > MEMORY_BYTES:
            yield "memory"
        tail = self._clock.monotonic() - self._last_page
        if tail > SLOW_SECONDS and not counts["pool_timeout"] and not self._images["failed", "timeout"]:
            yield "slow"

    # --- the road -------------------------------------------------------------------------------------------------

    async def _drive(self) -> None:
        services = {reading.source.service for reading in self._readings}
        self._downloaders = {service: self._downloader(service) for service in services}
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

    def _downloader(self, service: str) -> Downloader:
        return Downloader(
            gate(service).downloads,
            self._settings.limits(service).max_concurrent_downloads,
            self._settings.images.max_size_bytes,
            self._clock,
            remember_bytes=self._remember_bytes,
            room=self._wait_for_room,
        )

    async def _wait_for_room(self) -> None:
        await self._room.wait()

    async def _read(self, reading: Reading) -> None:
        """Read one source to its end; whatever fails is recorded in `reading`."""
        context = Context(self._settings, self._clock, self._tell, lambda what: reading.counts.update((what,)))
        try:
            async with reading.source.open(context) as chat:
                reading.chat = chat
                await self._read_windows(reading, chat)
                self._still_read.discard(id(reading))
                while reading.unsettled:
                    reading.settled.clear()
                    await reading.settled.wait()
        except ChatframesError as error:
            reading.fail(error)
        except Exception as error:  # a defect of ours must not take the other chats with it
            reading.fail(unexpected(error))
        finally:
            self._still_read.discard(id(reading))

    async def _read_windows(self, reading: Reading, chat: OpenChat) -> None:
        limits = self._settings.limits(reading.source.service)
        since, until = reading.asked.since, reading.asked.until
        begins = min(since or chat.begins or EPOCH, until)
        chunk_days = None if chat.cuts_itself else limits.parallel_fetch_chunk_days
        timeline = Timeline(Window(begins, until), chunk_days or LONGEST_DAYS)
        reading.timelines.append(timeline)
        async with asyncio.TaskGroup() as streams:
            for _ in range(1 if chat.cuts_itself else limits.max_concurrent_fetches):
                streams.create_task(self._stream(reading, chat, timeline))
        if since is None and not reading.reached_the_beginning:
            # Where a chat says it begins is a hint, and its clock may be wrong: what is older was asked for, too.
            older = Timeline(Window(EPOCH, begins), LONGEST_DAYS)
            reading.timelines.insert(0, older)
            await self._stream(reading, chat, older)

    async def _stream(self, reading: Reading, chat: OpenChat, timeline: Timeline) -> None:
        """Read one window after another, as long as there are windows."""
        while reading.error is None or not _final(reading.error):
            window = timeline.claim()
            if window is None:
                return
            try:
                async with aclosing(chat.messages(window)) as pages:
                    async for page in pages:
                        self._take(page, reading, chat, window)
                        if page.covered is not None:
                            timeline.cover(page.covered)
                            reading.reached_the_beginning |= page.covered.since <= EPOCH
                        if page.enough and page.covered is not None:
                            timeline.begin_at(page.covered.since)
                            reading.reached_the_beginning = True
                        if timeline.remaining(window) is None:
                            break
                        await self._wait_for_room()
                timeline.cover(window)
            except ChatframesError as error:
                reading.fail(error)
                reading.failures.append((window, str(error)))
            except Exception as error:  # recorded as a gap with its reason, like any other failure
                reading.fail(unexpected(error))
                reading.failures.append((window, str(reading.error)))

    def _take(self, page: Page, reading: Reading, chat: OpenChat, window: Window) -> None:
        """Let the messages of a page that were asked for, and not seen before, onto the road."""
        self._last_page = self._clock.monotonic()
        for message in asked_for(page.messages, reading.asked_for):
            uid = message.uid
            if uid in self._seen:
                # Pages of neighbouring windows overlap by our own doing; what else comes twice is worth telling.
                first_reading, first_window = self._seen[uid]
                if first_reading is not reading or first_window is window:
                    reading.duplicates.add(uid)
                continue
            self._seen[uid] = reading, window
            reading.messages += 1
            attachments = message.attachments
            row = Row(message, [None] * len(attachments), len(attachments))
            if not attachments:
                self._leave(row)
                continue
            self._rows[uid] = row
            reading.unsettled += 1
            self._attachments_total += len(attachments) if self._settings.images.enabled else 0
            for position, attachment in enumerate(attachments):
                self._start(row, position, attachment, reading, chat)
        self._tell(Event("messages", reading.source.label))

    def _start(self, row: Row, position: int, attachment: Attachment, reading: Reading, chat: OpenChat) -> None:
        def done(outcome: Outcome) -> None:
            self._settle(row, position, outcome)
            if row.missing == 0:
                reading.unsettled -= 1
                reading.settled.set()
            self._tell(Event("image", reading.source.label))

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

    def _settle(self, row: Row, position: int, outcome: Outcome) -> None:
        row.outcomes[position] = outcome
        row.missing -= 1
        self._images[outcome.status, outcome.reason] += 1
        self._image_bytes += len(outcome.data or b"")
        self._downloads_repeated += max(0, outcome.attempts - 1)
        if row.missing == 0:
            del self._rows[row.message.uid]
            self._leave(row)

    def _settle_the_rest(self) -> None:
        """Let every row leave, with what its attachments have come to."""
        for row in list(self._rows.values()):
            for position, outcome in enumerate(row.outcomes):
                if outcome is None:
                    self._settle(row, position, CANCELLED)

    def _leave(self, row: Row) -> None:
        self._ready.append(row)
        self._ready_bytes += row.image_bytes
        if self._full:
            self._batch_ready.set()
        if self._ready_bytes > 2 * BATCH_BYTES or len(self._ready) > 4 * BATCH_ROWS:
            self._room.clear()

    @property
    def _full(self) -> bool:
        return len(self._ready) >= BATCH_ROWS or self._ready_bytes >= BATCH_BYTES

    def _cut(self) -> Batch:
        rows: list[Row] = []
        taken_bytes = 0
        while self._ready and len(rows) < BATCH_ROWS and taken_bytes < BATCH_BYTES:
            rows.append(self._ready.popleft())
            taken_bytes += rows[-1].image_bytes
        self._ready_bytes -= taken_bytes
        self._room.set()
        return to_batch([(row.message, [o for o in row.outcomes if o is not None]) for row in rows])

    def _tell(self, event: Event) -> None:
        if event.kind == "waiting":
            until = self._clock.monotonic() + event.wait_seconds
            if until - self._waits.get(event.source, 0.0) < SAME_WAIT_SECONDS:
                return  # one line per wait, not one per waiting request
            self._waits[event.source] = until
        if event.messages_expected is not None:
            self._expected[event.source] += event.messages_expected
        self._emit(self._event(event))

    def _event(self, event: Event) -> Event:
        labels = {reading.source.label for reading in self._readings}
        settled = sum(number for (_, reason), number in self._images.items() if reason != "disabled")
        services = {reading.source.service for reading in self._readings} if self._settings.images.enabled else ()
        return replace(
            event,
            messages=sum(reading.messages for reading in self._readings),
            messages_expected=self._expected.total() if labels <= self._expected.keys() else None,
            reading=bool(self._still_read),
            attachments_done=settled,
            attachments_total=self._attachments_total,
            image_bytes=self._image_bytes,
            retries=sum(reading.counts["retry"] for reading in self._readings) + self._downloads_repeated,
            downloads_active=sum(gate(service).downloads.active for service in services),
            downloads_limit=sum(
                gate(service).downloads.limit_with(self._settings.limits(service).max_concurrent_downloads)
                for service in services
            ),
            elapsed_seconds=self._clock.monotonic() - self._started,
        )


def _final(error: ChatframesError) -> bool:
    """Whether there is no point in asking this service for another window."""
    return isinstance(error, AuthError | ChatNotFound | RateLimited)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error
