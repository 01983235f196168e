"""Run one call: open and read the sources, download their attachments, and hand out rows in batches.

Pages and downloads overlap. A row is handed out when its last attachment has an outcome, so only what is in flight is
held in memory; a slow consumer slows down both pages and downloads. The failure of one chat raises nothing here: it is
recorded with the gap it leaves, and the other chats go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from ..errors import ChatframesError, ServiceError
from ..model import Emit, Event, ListEnded, Message, Missed, NotGiven, OpenChat, Page, Window
from ..settings.merge import Settings
from ..sources import Context, Source, missing_members
from ..table.batches import Batch
from ..transfer.clock import SYSTEM, Clock
from ..warn import warn
from ..windows import parse_bounds
from .attachments import Attachments
from .before import NOTHING, Before
from .ledger import Ledger
from .outbox import Outbox, Settled
from .reading import Reading
from .sampling import Lookout


class Run:
    """One call while it runs: the tasks that read its sources and download their attachments.

    Parameters
    ----------
    sources : sequence of Source
    settings : Settings
    emit : callable
        Gets every `Event`.
    remember_bytes : int or None
        See `Downloader`.
    batch_bytes : int or None
        See `Outbox`.
    in_flight_bytes : int or None
        See `Downloader`.
    most_waiting : int or None
        See `Outbox`.
    at_once : int or None
        How many sources are read at once; None is all of them.
    before : Before
        What earlier calls have kept.
    settled : callable or None
        Gets what became of every attachment, at once; it must be quick, and raise nothing.
    most_seconds : float or None
        What is ready leaves after so many seconds, however little it is.

    Attributes
    ----------
    ledger : Ledger
        The counts of the call so far.
    readings : list of Reading
        One per source, in their order.

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
        batch_bytes: int | None = None,
        in_flight_bytes: int | None = None,
        most_waiting: int | None = None,
        at_once: int | None = None,
        before: Before = NOTHING,
        settled: Settled | None = None,
        most_seconds: float | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._before = before
        self._turn = asyncio.Semaphore(len(sources) if at_once is None else at_once)
        now = clock.now()
        self.readings = [
            Reading(source, parse_bounds(source.since, source.until, source.tz, now)) for source in sources
        ]
        self.ledger = Ledger(self.readings, settings, emit, clock, now)
        sleep = None if most_seconds is None else lambda: clock.sleep(most_seconds)
        self._outbox = Outbox(batch_bytes, most_waiting, sleep)
        self._seen: dict[str, tuple[Reading, Window | None]] = {}  # by uid: where a message first came from
        self._lookout = Lookout(self.ledger.look)
        self._attachments = Attachments(
            settings,
            clock,
            self._outbox,
            self.ledger,
            before,
            changed=self._lookout.changed,
            settled=settled,
            remember_bytes=remember_bytes,
            in_flight_bytes=in_flight_bytes,
        )
        self._working: list[asyncio.Task[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Run:
        self.ledger.emit(Event("start", ""))
        self._task = asyncio.create_task(self._drive())
        self._task.add_done_callback(lambda _: self._outbox.close())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        # Downloads are stopped first: if their source closed before them, their outcomes would look like defects.
        interrupted: asyncio.CancelledError | None = None
        for tasks in (self._working, [self._task]):
            for task in tasks:
                task.cancel()
            while not all(task.done() for task in tasks):
                try:
                    await asyncio.wait(tasks)
                except asyncio.CancelledError as error:  # a second interrupt must not leave anything running
                    interrupted = error
        self._lookout.close()
        self.ledger.meter.end()
        if interrupted is not None:
            raise interrupted
        if not self._task.cancelled():
            self._task.exception()  # or asyncio would complain; `batches` has raised it
        self.ledger.emit(Event("finished", "", note=self.ledger.status))

    @property
    def errors(self) -> list[ChatframesError]:
        """The errors of the sources, at most one per source."""
        return [reading.error for reading in self.readings if reading.error is not None]

    @property
    def came_to_nothing(self) -> bool:
        """Whether every source failed and not one message was read."""
        return all(reading.status == "failed" for reading in self.readings)

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield finished rows, batch by batch, until everything is read."""
        assert self._task is not None
        async for batch in self._outbox.batches():
            yield batch
        self._task.result()

    async def goes_on(self) -> bool:
        """Wait until it is known whether there is more to yield, and return that; raise what broke the call off."""
        assert self._task is not None
        goes_on = await self._outbox.goes_on()
        if not goes_on:
            self._task.result()
        return goes_on

    def passed(self) -> list[tuple[Reading, Window]]:
        """Return what the batches so far cover without a hole; each window once."""
        return self._outbox.passed()

    def reading_of(self, uid: str) -> Reading:
        """Return the reading that a message first came from."""
        return self._seen[uid][0]

    def has_seen(self, uid: str) -> bool:
        """Whether a message has come in this call."""
        return uid in self._seen

    def salvage(self) -> list[Batch]:
        """Return the rows that an unfinished call has not handed out; unfinished attachments count as cancelled."""
        self._attachments.settle_the_rest()
        for reading in self.readings:
            if reading.status != "complete":
                reading.fail(ServiceError("The call was interrupted before it was done: fetch again for the rest."))
        return self._outbox.rest()

    def report(self) -> dict[str, Any]:
        """Return the report as small plain JSON."""
        return self.ledger.report().to_dict()

    # --- the tasks --------------------------------------------------------------------------------------------------

    async def _drive(self) -> None:
        services = {reading.source.service for reading in self.readings}
        with self._attachments.downloaders(services) as downloaders:
            try:
                async with asyncio.TaskGroup() as workers:
                    self._working = [workers.create_task(downloader.run()) for downloader in downloaders]
                    async with asyncio.TaskGroup() as readers:
                        for reading in self.readings:
                            readers.create_task(self._read(reading))
                    for task in self._working:
                        task.cancel()
                self._attachments.settle_the_rest()
                for problem in self._attachments.problems:
                    warn(problem)
            except* Exception as group:
                raise _first_error(group) from None  # an ExceptionGroup never reaches a user

    async def _read(self, reading: Reading) -> None:
        """Read one source to its end; whatever fails is recorded in `reading`."""
        budget = partial(self.ledger.meter.api_budget, reading.source.service)
        context = Context(
            self._settings, self._clock, self.ledger.emit, lambda name: reading.counts.update((name,)), budget
        )
        try:
            async with self._turn, reading.source.open(context) as chat:
                _check(chat, reading.source)
                with self._lookout.at(reading.source.service):
                    await self._read_pages(reading, chat)
                    reading.ended = True
                    await reading.all_settled()
        except Exception as error:  # also a defect of ours: the other chats must go on
            reading.fail(error)
        finally:
            reading.ended = True

    async def _read_pages(self, reading: Reading, chat: OpenChat) -> None:
        """Read what was asked for and is not known from before, waiting whenever the outbox is full."""
        reading.begin(chat)
        windows = reading.still_to_read(self._before.known(reading.source))
        for window in windows:
            try:
                await self._read_window(reading, chat, window)
            except Exception as error:  # any error becomes a gap with its reason
                reading.miss(Missed(window, error))
        if windows:
            reading.finish()
        try:
            await self._read_more(reading, chat)
        except Exception as error:
            reading.fail_to_ask_again(error)

    async def _read_more(self, reading: Reading, chat: OpenChat) -> None:
        """Read what earlier calls have left to do."""
        async with aclosing(self._before.more(reading.source, chat)) as messages:
            async for message in messages:
                if self._seen.setdefault(message.uid, (reading, None))[0] is reading:
                    self._add(message, reading, chat)
                await self._outbox.room_for_rows()

    async def _read_window(self, reading: Reading, chat: OpenChat, window: Window) -> None:
        async with aclosing(chat.messages(window)) as answers:
            async for answer in answers:
                match answer:
                    case Missed():
                        reading.miss(answer)
                    case ListEnded():
                        reading.end_list(answer, window)
                    case NotGiven():
                        reading.not_given(answer)
                    case Page():
                        self._take(answer, reading, chat)
                        reading.note(answer)
                        if answer.covered is not None:
                            self._outbox.mark((reading, answer.covered))
                        await self._outbox.room_for_rows()

    # --- pages ------------------------------------------------------------------------------------------------------

    def _take(self, page: Page, reading: Reading, chat: OpenChat) -> None:
        """Take the messages of a page that were asked for and have not been seen before."""
        self.ledger.count_page()
        for message in reading.asked_for(page.messages):
            place = reading, page.part
            first_place = self._seen.setdefault(message.uid, place)
            if first_place is place:
                self._add(message, reading, chat)
            elif first_place[0] is not reading or first_place[1] is page.part:
                # Not counted: pages of neighbouring windows, which overlap because of how we read.
                reading.duplicates.add(message.uid)
        self.ledger.emit(Event("messages", reading.label))
        self._lookout.changed()

    def _add(self, message: Message, reading: Reading, chat: OpenChat) -> None:
        """Add a message to the outbox, and start the downloads of its attachments."""
        reading.messages += 1
        self._attachments.add(self._outbox.add(message), reading, chat)


def _check(chat: object, source: Source) -> None:
    """Raise a ServiceError if a chat of another distribution lacks a part of `OpenChat`."""
    missing = missing_members(chat, OpenChat)
    if missing:
        raise ServiceError(
            f"{source.label} could not be read: what its open() gives has no {', no '.join(missing)}. "
            "Tell the people who make this source: chatframes.model.OpenChat says what a chat needs."
        )


def _first_error(group: BaseExceptionGroup[Exception]) -> Exception:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error
