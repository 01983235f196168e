"""Run one export: read what the journal lacks, put it into parts, and say what is there then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import ChatframesError
from ..model import Emit
from ..road.run import Run
from ..table.batches import Batch
from ..table.report import Report
from ..transfer.clock import Clock
from .books import Books
from .earlier import Earlier
from .entering import entered
from .folder import Folder, clear_tmp, remove_empty
from .journal import Journal
from .opening import open_journal, set_journal_aside
from .order import Order
from .parts import DamagedPart
from .recovery import recover
from .store import Store
from .told import report_of, write_manifest
from .trouble import DamagedJournal, trouble_said

__all__ = ["Result", "exporting"]

BATCH_BYTES = 2 * 2**20  # on its way from the downloads to the part, at once
IN_FLIGHT_BYTES = 32 * 2**20  # of pictures that are being downloaded
MOST_MENDED = 5  # parts that turn out to be damaged in the midst of one call; a disk that makes more is broken
MOST_WAITING = 1000  # messages whose pictures are still to come; with more of them, no page is asked for
AT_ONCE = 8  # sources: an account may have hundreds of chats
REMEMBER_BYTES = 4 * 2**20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """What a call has come to: the report of the folder, and the errors of its sources if it read nothing at all."""

    report: Report
    errors: Sequence[ChatframesError]


async def exporting(order: Order, emit: Emit, clock: Clock) -> Result:
    """Do what an order says.

    Raises
    ------
    ConfigError
        Before any request: another process writes the folder, it holds something else, or the order does not fit it.
    OSError
        The disk is full, or does not do what it must; what was there before is as it was.
    """
    disk = ThreadPoolExecutor(1, "chatframes-export")
    export = _Export(order, clock, disk)
    try:
        with ExitStack() as lock:
            folder, is_first, keep_root = await export.on_disk(entered, order.folder, lock)
            result = await export.to_its_end(folder, emit)
            if result.errors and is_first:
                await export.on_disk(remove_empty, folder, keep_root)
        return result
    finally:
        disk.shutdown(wait=False)


class _Export:
    """One call. Whatever touches the disk does so in one thread, one thing after the other."""

    def __init__(self, order: Order, clock: Clock, disk: ThreadPoolExecutor) -> None:
        self._order, self._clock, self._disk = order, clock, disk
        self._books = Books(order, clock)
        self._open_ones = ExitStack()

    async def on_disk(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, function, *arguments)

    async def to_its_end(self, folder: Folder, emit: Emit) -> Result:
        """Run, and once more for each part that turns out to be damaged: to open the folder is to mend it."""
        for last in (*(False,) * MOST_MENDED, True):
            try:
                async with self.opened(folder):
                    return await self.run(emit)
            except (DamagedPart, DamagedJournal) as error:
                if last:
                    raise
                if isinstance(error, DamagedJournal):
                    self._books.moved.append(await self.on_disk(set_journal_aside, folder))
        raise AssertionError

    @asynccontextmanager
    async def opened(self, folder: Folder) -> AsyncIterator[None]:
        """Bring folder and journal together, and close the journal at the end, behind what is being written."""
        self._folder = folder
        try:
            await self.on_disk(self._open)
            yield
        finally:
            await self.on_disk(self._close)

    def _open(self) -> None:
        with trouble_said(self._folder):
            self._open_ones = ExitStack()
            self._journal, said = open_journal(self._folder)
            self._books.journal = self._journal
            self._open_ones.callback(self._journal.close)
            self._for_reading = Journal(self._folder)
            self._open_ones.callback(self._for_reading.close)
            decode = not self._order.settings.images.keep_undecodable
            self._books.moved += [*said, *recover(self._folder, self._journal, decode=decode)]
        self._store = Store(
            self._folder,
            self._journal,
            self._order.settings.images,
            deleted=self._order.deleted,
            report=lambda: report_of(self._journal).to_dict(),
            reach=self._order.reach,
        )
        self._open_ones.callback(self._store.drop)

    def _close(self) -> None:
        self._open_ones.close()
        with suppress(OSError):
            clear_tmp(self._folder)

    async def run(self, emit: Emit) -> Result:
        with self._trouble_said():
            await self.on_disk(self._books.begin)
        earlier = Earlier(
            self._folder, self._for_reading, self._order.settings.images, self._books.now, self._books.look_again
        )
        run = Run(
            self._order.sources,
            self._order.settings,
            emit=emit,
            clock=self._clock,
            remember_bytes=REMEMBER_BYTES,
            batch_bytes=BATCH_BYTES,
            in_flight_bytes=IN_FLIGHT_BYTES,
            most_waiting=MOST_WAITING,
            at_once=AT_ONCE,
            before=earlier,
        )
        earlier.has_seen = run.has_seen
        try:
            async with run:
                async for batch in run.batches():
                    await self._take(batch, run)
            if earlier.damaged:
                await self.on_disk(self._store.doubt, earlier.damaged[0])
            with self._trouble_said():
                await self.on_disk(self._finish, run)
        except BaseException as error:
            if not isinstance(error, OSError):  # the disk works: what has come is kept
                try:
                    await self.on_disk(self._keep, run)
                except Exception as trouble:  # nothing of it counts as read
                    kind = type(trouble).__name__
                    error.add_note(f"What came last could not be kept ({kind}): the next call reads it again.")
            raise
        report = await self.on_disk(report_of, self._journal, self._books.not_found)
        return Result(report, run.errors if run.came_to_nothing else ())

    async def _take(self, batch: Batch, run: Run) -> None:
        # Once a message is missing, what is read counts at the end only, together with the message's id.
        passed = [(reading, window) for reading, window in run.passed() if not reading.missing]
        marks = [mark for reading, window in passed for mark in self._books.mark(reading, window)]
        source_of = {uid: self._books.number_of(run.reading_of(uid).source) for uid in batch.table["uid"].to_pylist()}
        with self._trouble_said():
            await self.on_disk(self._store.add, batch, source_of.get, marks)

    @contextmanager
    def _trouble_said(self) -> Iterator[None]:
        with trouble_said(self._folder, self._store.bytes_in_flight):
            yield

    # --- in the thread of the disk ------------------------------------------------------------------------------------

    def _keep(self, run: Run) -> None:
        """Keep what has come, when the call ends before its time."""
        self._books.keep_missing(run.readings, run.ledger.report())
        self._store.finish_part()
        write_manifest(self._folder, self._journal)

    def _finish(self, run: Run) -> None:
        """Write the last part, and what is known now that everything was read."""
        self._store.finish_part()
        self._store.fill_threads()
        self._books.end(run.readings, run.ledger.report())
        self._order.reach("read")
        write_manifest(self._folder, self._journal)
        self._order.reach("manifest written")
