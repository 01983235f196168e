"""Hold rows until their attachments are settled, then hand them out in batches.

A consumer that takes batches too slowly stops the reading: `room` waits while too much is ready.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ..model import Message, Outcome
from ..table.batches import Batch, to_batch

BATCH_ROWS = 1000
BATCH_BYTES = 64 * 2**20
MOST_ROWS = 4 * BATCH_ROWS  # ready and not taken; with more than these, reading stops

Settled = Callable[[Message, int, Outcome], None]  # takes what became of one attachment, named by its position


@dataclass(slots=True)
class Row:
    """A message and the outcomes of its attachments so far."""

    message: Message
    outcomes: list[Outcome | None]
    missing: int  # outcomes
    number: int = 0  # of the rows of this call, in the order in which they came

    @property
    def image_bytes(self) -> int:
        return sum(len(outcome.data) for outcome in self.outcomes if outcome is not None and outcome.data)


class Outbox:
    """Rows that wait for their attachments, and rows that are ready to be taken.

    Parameters
    ----------
    batch_bytes : int, optional
        A batch is full with so many bytes of pictures; with twice as many that nobody has taken, reading stops.
    most_waiting : int, optional
        With more rows than these that wait for their attachments, no more pages are read.
    sleep : callable, optional
        What is ready when it has been awaited leaves too, however little it is.
    """

    def __init__(
        self,
        batch_bytes: int | None = None,
        most_waiting: int | None = None,
        sleep: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._batch_bytes = BATCH_BYTES if batch_bytes is None else batch_bytes
        self._rows = 0  # so far
        self._marks: deque[tuple[int, Any]] = deque()
        self._waiting: dict[str, Row] = {}  # by uid: rows with attachments that are not settled
        self._ready: deque[Row] = deque()
        self._ready_bytes = 0
        self._closed = False
        self._sleep = sleep
        self._batch_ready = asyncio.Event()
        self._goes_on = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._most_waiting = most_waiting
        self._few_waiting = asyncio.Event()
        self._few_waiting.set()

    def add(self, message: Message) -> Row:
        """Add a message; without attachments it is ready at once."""
        count = len(message.attachments)
        row = Row(message, [None] * count, count, self._rows)
        self._rows += 1
        self._goes_on.set()
        if count:
            self._waiting[message.uid] = row
            if self._most_waiting is not None and len(self._waiting) > self._most_waiting:
                self._few_waiting.clear()
        else:
            self._make_ready(row)
        return row

    def settle(self, row: Row, position: int, outcome: Outcome) -> bool:
        """Set the outcome of one attachment; return whether the row is ready now."""
        row.outcomes[position] = outcome
        row.missing -= 1
        if row.missing:
            return False
        del self._waiting[row.message.uid]
        if self._most_waiting is not None and len(self._waiting) <= self._most_waiting // 2:
            self._few_waiting.set()
        self._make_ready(row)
        return True

    def unsettled(self) -> list[tuple[Row, int]]:
        """Return every attachment without an outcome, as its row and its position in the row."""
        rows = self._waiting.values()
        return [(row, position) for row in rows for position, outcome in enumerate(row.outcomes) if outcome is None]

    def mark(self, mark: Any) -> None:
        """Leave a mark behind the rows so far; `passed` returns it when all of them have been taken."""
        self._marks.append((self._rows, mark))

    def passed(self) -> list[Any]:
        """Return the marks whose rows have all been taken, each once, in their order."""
        if not self._marks:
            return []
        here = [row.number for row in self._ready] + [row.number for row in self._waiting.values()]
        first = min(here, default=self._rows)
        passed = []
        while self._marks and self._marks[0][0] <= first:
            passed.append(self._marks.popleft()[1])
        return passed

    async def room(self) -> None:
        """Wait until there is room for more pictures: the consumer may be slow."""
        await self._room.wait()

    async def room_for_rows(self) -> None:
        """Wait until there is room for more rows: the downloads may be slow, too."""
        await self._few_waiting.wait()
        await self._room.wait()

    def close(self) -> None:
        """Say that no more rows will come."""
        self._closed = True
        self._batch_ready.set()
        self._goes_on.set()

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield ready rows, about `BATCH_ROWS` or `BATCH_BYTES` at a time, until the outbox is closed and empty."""
        due = False
        while True:
            while self._ready and (self._full or self._closed or due):
                due = False  # what comes while this batch is used has its time ahead
                yield self._take_batch()
            if self._closed:
                return
            due = await self._full_or_due()

    async def goes_on(self) -> bool:
        """Wait until there is a row that has not left, or no more will come; return whether there is one."""
        while not (self._ready or self._waiting or self._closed):
            self._goes_on.clear()
            await self._goes_on.wait()
        return bool(self._ready or self._waiting)

    def rest(self) -> list[Batch]:
        """Return all rows that are ready."""
        batches = []
        while self._ready:
            batches.append(self._take_batch())
        return batches

    async def _full_or_due(self) -> bool:
        """Wait until a batch is full or the outbox is closed; return True if what is ready shall leave before that."""
        self._batch_ready.clear()
        if self._sleep is None:
            await self._batch_ready.wait()
            return False
        full, due = asyncio.ensure_future(self._batch_ready.wait()), asyncio.ensure_future(self._sleep())
        try:
            await asyncio.wait((full, due), return_when=asyncio.FIRST_COMPLETED)
            return due.done()
        finally:
            full.cancel()
            due.cancel()

    def _make_ready(self, row: Row) -> None:
        self._ready.append(row)
        self._ready_bytes += row.image_bytes
        if self._full:
            self._batch_ready.set()
        if self._too_much:
            self._room.clear()

    @property
    def _full(self) -> bool:
        return len(self._ready) >= BATCH_ROWS or self._ready_bytes >= self._batch_bytes

    @property
    def _too_much(self) -> bool:
        return len(self._ready) > MOST_ROWS or self._ready_bytes > 2 * self._batch_bytes

    def _take_batch(self) -> Batch:
        rows: list[Row] = []
        taken_bytes = 0
        while self._ready and len(rows) < BATCH_ROWS and taken_bytes < self._batch_bytes:
            rows.append(self._ready.popleft())
            taken_bytes += rows[-1].image_bytes
        self._ready_bytes -= taken_bytes
        if not self._too_much:  # else each batch taken would let every waiting download start
            self._room.set()
        return to_batch([(row.message, [outcome for outcome in row.outcomes if outcome is not None]) for row in rows])
