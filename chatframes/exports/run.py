"""Run one export: read what the journal lacks, put it into parts, and say what is there then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ChatframesError, ChatNotFound, ConfigError
from ..model import Emit, Window
from ..road.reading import Reading
from ..road.run import Run
from ..settings.merge import Settings
from ..sources import Source
from ..table.batches import Batch
from ..table.report import Report
from ..table.source_report import SourceReport, source_report
from ..transfer.clock import Clock
from ..windows import EPOCH, parse_bounds, utc_text
from .earlier import Earlier, ends_elsewhere, identity_of, window_to_look_again
from .entering import entered
from .facts import ticks
from .folder import Folder, clear_tmp, remove_empty
from .journal import Journal
from .opening import open_journal, set_journal_aside
from .parts import DamagedPart, Reach
from .recovery import recover
from .standing import forget_standing, keep_standing, standing_of
from .store import Store
from .told import report_of, write_manifest
from .trouble import DamagedJournal, trouble_said

__all__ = ["Order", "Result", "exporting"]

BATCH_BYTES = 2 * 2**20  # on its way from the downloads to the part, at once
IN_FLIGHT_BYTES = 32 * 2**20  # of pictures that are being downloaded
MOST_MENDED = 5  # parts that turn out to be damaged in the midst of one call; a disk that makes more is broken
MOST_WAITING = 1000  # messages whose pictures are still to come; with more of them, no page is asked for
AT_ONCE = 8  # sources: an account may have hundreds of chats
REMEMBER_BYTES = 4 * 2**20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """What one call of `export` is to do."""

    sources: Sequence[Source]
    settings: Settings
    folder: Path
    look_back: timedelta = timedelta(days=7)
    deleted: str = "keep"
    reach: Reach = lambda point: None  # tests end the process at a point


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
        self._now, self._started = clock.now(), clock.monotonic()
        self._ids: dict[str, int] = {}  # the journal's numbers of the sources, by chat
        self._look_again: dict[int, Window] = {}
        self._open_ones = ExitStack()
        self._moved: list[str] = []  # sentences about files that were moved away or mended
        self._unknown: list[SourceReport] = []  # of this call: there is no such chat, and nothing to keep

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
                    self._moved.append(await self.on_disk(set_journal_aside, folder))
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
            self._open_ones.callback(self._journal.close)
            self._for_reading = Journal(self._folder)
            self._open_ones.callback(self._for_reading.close)
            decode = not self._order.settings.images.keep_undecodable
            self._moved += [*said, *recover(self._folder, self._journal, decode=decode)]
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
            await self.on_disk(self._begin)
        earlier = Earlier(self._folder, self._for_reading, self._order.settings.images, self._now, self._look_again)
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
        report = await self.on_disk(report_of, self._journal, self._unknown)
        return Result(report, run.errors if run.came_to_nothing else ())

    async def _take(self, batch: Batch, run: Run) -> None:
        # Once a message is missing, what is read counts at the end only, together with the message's id.
        passed = [(reading, window) for reading, window in run.passed() if not reading.missing]
        marks = [mark for reading, window in passed for mark in self._mark(reading, window)]
        source_of = {uid: self._id(run.reading_of(uid).source) for uid in batch.table["uid"].to_pylist()}
        with self._trouble_said():
            await self.on_disk(self._store.add, batch, source_of.get, marks)

    @contextmanager
    def _trouble_said(self) -> Iterator[None]:
        with trouble_said(self._folder, self._store.bytes_in_flight):
            yield

    def _id(self, source: Source) -> int:
        return self._ids[identity_of(source).chat]

    def _mark(self, reading: Reading, window: Window) -> Iterator[tuple[int, Window]]:
        """Yield what a page covers of the range that was asked for: the messages beyond it were not taken."""
        asked = reading.window
        since, until = max(window.since, asked.since), min(window.until, asked.until)
        if since < until:
            yield self._id(reading.source), Window(since, until)

    # --- in the thread of the disk ------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Note what is asked for, and forget as much of what was read as is to be read again."""
        journal = self._journal
        raw = json.dumps(self._order.settings.raw)
        if (before := journal.fact("raw") or raw) != raw:
            raise ConfigError(
                f"{self._folder.root} was exported with raw={before.capitalize()}, and one column cannot hold both: "
                f"write raw={before.capitalize()}, or export into another folder."
            )
        missing = journal.missing()
        with journal.change():
            journal.set_fact("raw", raw)
            for source in self._order.sources:
                identity = identity_of(source)
                number = self._ids[identity.chat] = journal.add_source(identity.chat, source.label)
                facts = journal.source_called(identity.chat)
                assert facts is not None
                is_new_wish = facts.wish != identity.wish
                other_number = facts.most is not None and facts.most != identity.most
                if is_new_wish or other_number:
                    forget_standing(journal, number)
                if is_new_wish or other_number or number in missing:
                    journal.uncover(number)
                    journal.update_source(number, begins=None, is_open=0)
                if ends_elsewhere(source, facts, self._now):
                    journal.update_source(number, begins=None)
                window = window_to_look_again(source, facts, self._order.look_back, self._now)
                if window is not None:
                    self._look_again[number] = window
                    journal.uncover(number, window)
                bounds = parse_bounds(source.since, source.until, source.tz, self._now)
                journal.update_source(
                    number,
                    label=source.label,
                    wish=identity.wish,
                    since=None if bounds.since is None else utc_text(bounds.since),
                    until=utc_text(bounds.until),
                    report=None,
                )
            self._say_when(())

    def _say_when(self, symptoms: Sequence[str]) -> None:
        self._journal.set_fact(
            "last_call",
            json.dumps(
                {
                    "created_at": utc_text(self._now),
                    "seconds": round(self._clock.monotonic() - self._started, 1),
                    "symptoms": list(symptoms),
                    "moved": self._moved,
                    "sources": [source.label for source in self._order.sources],
                    "images": asdict(self._order.settings.images),
                }
            ),
        )

    def _keep(self, run: Run) -> None:
        """Keep what has come, when the call ends before its time."""
        with self._journal.change():
            for reading in run.readings:
                if reading.missing:
                    self._set_missing(reading)
        self._store.finish_part()
        write_manifest(self._folder, self._journal)

    def _finish(self, run: Run) -> None:
        """Write the last part, and what is known now that everything was read."""
        self._store.finish_part()
        self._store.fill_threads()
        report = run.ledger.report()
        with self._journal.change():
            for reading, of_source in zip(run.readings, report.sources, strict=True):
                if self._is_no_chat(reading):
                    self._unknown.append(of_source)
                    forget_standing(self._journal, self._id(reading.source))  # another source may get its number
                    self._journal.forget_source(self._id(reading.source))
                else:
                    self._note(reading, asdict(of_source))
            self._say_when(report.symptoms)
        self._order.reach("read")
        write_manifest(self._folder, self._journal)
        self._order.reach("manifest written")

    def _set_missing(self, reading: Reading) -> None:
        ids = reading.missing_ids or ([""] if reading.missing else [])
        self._journal.set_missing(self._id(reading.source), ids)

    def _is_no_chat(self, reading: Reading) -> bool:
        """Whether a source is a mistake that has brought nothing: remembered, it would be missing for ever."""
        mistaken = isinstance(reading.error, ChatNotFound | ConfigError) and reading.status == "failed"
        return mistaken and self._id(reading.source) not in self._journal.counts()

    def _how_far_back(self, number: int) -> Iterator[str]:
        """Say what was not looked at for edits and deletions, if there is anything older."""
        window = self._look_again.get(number)
        if window is not None and any(covered.since < window.since for covered in self._journal.covered(number)):
            yield (
                f"edits and deletions were looked for from {window.since:%Y-%m-%d %H:%M} UTC on: what changed before "
                "stays as it was read"
            )

    def _note(self, reading: Reading, report: dict[str, Any]) -> None:
        number = self._id(reading.source)
        facts = self._journal.source_called(identity_of(reading.source).chat)
        assert facts is not None
        begins = facts.begins
        asked = reading.window if reading.timeline is None else reading.timeline.window
        if reading.timeline is not None:
            self._journal.cover((number, window) for window in reading.timeline.covered())
            if reading.asked.since is None and asked.since > EPOCH and reading.status in ("complete", "open"):
                begins = ticks(asked.since)
        standing = standing_of(self._journal, number).answered(reading.window, self._journal.covered(number))
        # Where edits and deletions could not be looked for, the next call looks as far back as this one was to.
        has_looked = reading.timeline is not None and not reading.not_asked_again
        notes = [*self._how_far_back(number), *(() if reading.chat is None else reading.chat.notes)]
        keep_standing(self._journal, number, standing.joined(asked, source_report(report).requested, notes))
        self._set_missing(reading)
        self._journal.update_source(
            number,
            chat_id=report["chat_id"] or facts.chat_id,
            chat_name=report["chat_name"] or facts.chat_name,
            most=identity_of(reading.source).most,
            begins=begins,
            is_open=reading.status == "open" or (facts.is_open and reading.asked.since is not None),
            read_at=ticks(self._now) if has_looked or facts.read_at is None else facts.read_at,
            report=json.dumps(report),
        )
