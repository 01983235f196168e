"""Read a range of a chat's history in few requests and little time.

The newest page comes first: often it is all there is. Then comes the oldest wanted page, and the rest between the two
is read by several streams at once. In channels and supergroups, which number their own messages, it is divided by id.
In other chats, where an id says little about how many messages lie below it, it is divided by date.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telethon.tl import types

from ...errors import ServiceError
from ...model import ListEnded, Missed, Window
from ...timeline import Timeline
from ...windows import EPOCH
from ..windowed import read_together, read_windows
from .ends import HOLE, PAGE_SIZE, Ask, ById, Ends
from .spans import ONE_SECOND, Piece, Span, around, between, known_since, whole_second

FEW_PAGES = 2  # so few are read faster one after the other
OLDER = 2  # messages from below a range: by one alone, which may have a wrong date, no end is judged


@dataclass(slots=True)
class History:
    """One reading of one chat.

    Parameters
    ----------
    ask : callable
        Requests one page.
    dense : bool
        Whether the chat numbers its own messages.
    streams : int
        How many spans or windows may be read at once.
    chunk_days : int
        The length of the windows into which a chat that is not dense is divided.
    limit : int or None
        Only so many of the newest messages.
    tell_total : callable
        Called with the number of messages in the whole chat.
    by_id : callable or None
        Requests messages by their ids.
    compare_count : bool
        Whether the range is the whole chat, so that its counter can be compared with what was read.

    Attributes
    ----------
    ended : ListEnded or None
        After the reading: that the list ended where nothing proves that nothing is older.
    oldest : datetime or None
        The time of the oldest message that was given.
    """

    ask: Ask
    dense: bool
    streams: int
    chunk_days: int
    limit: int | None
    tell_total: Callable[[int], None]
    by_id: ById | None = None
    compare_count: bool = False
    ended: ListEnded | None = None
    oldest: datetime | None = None
    _window: Window = field(init=False)
    _seen: set[int] = field(default_factory=set)
    _inside: int = 0  # of the messages seen, those in the window
    _ends: Ends = field(init=False)

    def __post_init__(self) -> None:
        self._ends = Ends(self.ask, self.by_id, self.dense)

    async def pieces(self, window: Window) -> AsyncGenerator[Piece, None]:
        """Yield the messages of the window, in any order and each once."""
        self._window = window
        async with aclosing(self._pieces(window)) as pieces:
            async for piece in pieces:
                yield piece
        listed = None
        if self.compare_count and not self._below_window and not self._enough:
            listed, proved = await self._ends.counted_but_not_given()
            if not proved:
                self.ended = ListEnded(self.oldest)
        if listed is None and self.limit is None:
            listed = await self._ends.left_out()
        if listed is not None:
            yield Piece(self._take(listed, Span(0, 0)), listed, None)

    async def _pieces(self, window: Window) -> AsyncGenerator[Piece, None]:
        until = whole_second(window.until)
        top = Span(0, 0)
        answer = await self.ask(offset_date=until, limit=self._page_size())
        total = getattr(answer, "count", len(answer.messages))
        self._ends.note(answer)
        if not answer.messages:
            answer = await self._ends.nothing_before(until)
            if answer is None:
                self.tell_total(total)
                yield Piece([], None, window)
                return
            if not answer.messages:
                self.ended = ListEnded(None)
                return
        self.tell_total(total)
        messages = self._take(answer, top)
        said_to_be_all = isinstance(answer, types.messages.Messages)
        if self._ended(top, answer, window) or (said_to_be_all and await self._ends.whole()):
            yield Piece(messages, answer, window)
            return
        top.done = True
        lowest = top.above
        if self._enough:
            yield Piece(messages, answer, known_since(top.oldest, window.until), enough=True)
            return
        yield Piece(messages, answer, around([top, Span(lowest, 0)], 0, window))
        if self.limit is not None:
            rest = self._newest(window, top, lowest)
        elif total - len(messages) <= FEW_PAGES * PAGE_SIZE or self.streams == 1:
            rest = self._read_spans([top, Span(lowest, 0)], window)
        elif self.dense and window.since <= EPOCH:
            rest = self._read_spans([top, *self._cut(lowest, 0)], window)
        else:
            rest = self._from_both_ends(window, top, lowest)
        async with aclosing(rest) as pieces:
            async for piece in pieces:
                yield piece

    async def _from_both_ends(self, window: Window, top: Span, lowest: int) -> AsyncGenerator[Piece, None]:
        """Read the page just above the lower end, then the messages between it and the newest page."""
        if window.since <= EPOCH:
            answer = await self.ask(offset_id=1, add_offset=-PAGE_SIZE)
        else:
            # With two messages from below the range, which prove that the page reaches its end.
            answer = await self.ask(offset_date=whole_second(window.since), add_offset=OLDER - PAGE_SIZE)
        highest = max((message.id for message in answer.messages), default=0)
        bottom = Span(highest + 1, 0)
        messages = self._take(answer, bottom)
        bottom.done = bool(answer.messages) and self._ended(bottom, answer, window)
        met = highest + 1 >= lowest
        if met and bottom.done:
            yield Piece(messages, answer, window)
            return
        if met or bottom.newest is None or top.oldest is None:
            # There is no such page, or it is short. Telegram may then have given the chat's newest messages instead,
            # which may end far above the window's lower end. So the rest is read downward.
            yield Piece(messages, answer, None)
            rest = self._read_spans([top, Span(lowest, 0)], window)
        elif self.dense:
            spans = [top, *self._cut(lowest, highest), bottom]
            yield Piece(messages, answer, around(spans, len(spans) - 1, window))
            rest = self._read_spans(spans, window)
        else:
            spans = [Span(lowest, highest), bottom]
            yield Piece(messages, answer, around(spans, 1, window))
            rest = self._between_ends(Window(max(bottom.newest, window.since), top.oldest + ONE_SECOND), spans, window)
        async with aclosing(rest) as pieces:
            async for piece in pieces:
                yield piece

    async def _between_ends(self, gap: Window, spans: list[Span], window: Window) -> AsyncGenerator[Piece, None]:
        """Read by date what lies between two pages; then below the lower one, if it did not reach the end."""
        for reading in (self._by_date(gap), self._read_span(spans, 1, window)):
            async with aclosing(reading) as pieces:
                async for piece in pieces:
                    yield piece

    async def _newest(self, window: Window, top: Span, lowest: int) -> AsyncGenerator[Piece, None]:
        """Read on, newest first, until `limit` messages have been read."""
        assert self.limit is not None
        spans = [top]
        wanted = self.limit - self._inside
        if self.dense and self.streams > 1 and wanted > FEW_PAGES * PAGE_SIZE:
            # A range of `wanted` ids holds at most `wanted` messages, so all of it can be read at once.
            below = max(lowest - 1 - wanted, 0)
            spans += [*self._cut(lowest, below), Span(below + 1, 0)]
            async with aclosing(self._read_spans(spans, window, all_but=1)) as pieces:
                async for piece in pieces:
                    yield piece
        else:
            spans.append(Span(lowest, 0))
        if self._enough:
            oldest = min(span.oldest for span in spans if span.oldest is not None)
            yield Piece([], None, known_since(oldest, window.until), enough=True)
        else:
            async with aclosing(self._read_span(spans, len(spans) - 1, window, last=True)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _read_spans(self, spans: list[Span], window: Window, all_but: int = 0) -> AsyncGenerator[Piece, None]:
        """Read at the same time all spans that are not done, except the last `all_but`; the newest comes first."""
        wanted = spans[: len(spans) - all_but]
        jobs = [self._read_span(spans, index, window) for index, span in enumerate(wanted) if not span.done]
        async with aclosing(read_together(jobs)) as pieces:
            async for piece in pieces:
                yield piece

    async def _read_span(
        self, spans: list[Span], index: int, window: Window, *, last: bool = False
    ) -> AsyncGenerator[Piece, None]:
        """Read one span, newest first; with `last`, only until there are enough messages."""
        span = spans[index]
        while not span.done:
            size = min(self._page_size(), max(span.above - span.below - 1, 1))
            answer = await self._below(span, size)
            messages = self._take(answer, span)
            span.done = self._ended(span, answer, window)
            if last and self._enough and not span.done:
                yield Piece(messages, answer, known_since(span.oldest, window.until), enough=True)
                return
            yield Piece(messages, answer, around(spans, index, window))

    async def _by_date(self, window: Window) -> AsyncGenerator[Piece, None]:
        """Read a range in windows of time, several at once; the messages of a page beyond its window are used too."""
        failure: Exception | None = None
        timeline = Timeline(window, self.chunk_days)
        # When as many windows fail as there are streams, the cause is Telegram as a whole, not a window.
        windows = read_windows(timeline, self.streams, self._read_window, most_failures=self.streams)
        async with aclosing(windows) as pieces:
            async for piece in pieces:
                if isinstance(piece, Missed):
                    failure = failure or piece.error
                else:
                    yield piece
        if failure is not None:
            raise failure

    async def _read_window(self, window: Window) -> AsyncGenerator[Piece, None]:
        """Read one window by date, newest first, until it is covered."""
        span = Span(0, 0)
        ended = False
        while not ended:
            if span.above:
                answer = await self._below(span, PAGE_SIZE)
            else:
                answer = await self.ask(offset_date=whole_second(window.until))
                if not answer.messages:
                    answer = await self._ends.nothing_before(whole_second(window.until))
                    if not (answer and answer.messages):  # older messages have been read
                        raise ServiceError(HOLE)
            messages = self._take(answer, span)
            ended = self._ended(span, answer, window)
            # In a quiet chat a page reaches far below its window; that part need not be read again.
            reached = (span.oldest or window.until) + ONE_SECOND
            if not answer.messages:
                reached = window.until if span.unproved else EPOCH
            yield Piece(messages, answer, between(min(reached, window.since) if ended else reached, window.until))

    async def _below(self, span: Span, size: int) -> Any:
        """Return the page below a span; an empty one only where nothing more can be asked."""
        answer = await self._ends.page_below(span.above, size)
        if not answer.messages:
            found, proved = await self._ends.nothing_below(span.above)
            if found is not None:
                return found
            if not proved:
                span.unproved = True
                self.ended = ListEnded(self.oldest)
        return answer

    @property
    def _below_window(self) -> bool:
        return self.oldest is not None and self.oldest < self._window.since

    @property
    def _enough(self) -> bool:
        return self.limit is not None and self._inside >= self.limit

    def _page_size(self) -> int:
        return PAGE_SIZE if self.limit is None else max(1, min(PAGE_SIZE, self.limit - self._inside))

    def _cut(self, above: int, below: int) -> list[Span]:
        """Divide the ids between two into as many spans as there are streams, each of whole pages."""
        pages = -(-(above - below - 1) // PAGE_SIZE)
        each = -(-pages // self.streams) * PAGE_SIZE
        tops = range(above, below + 1, -each) if each else ()
        return [Span(top, max(top - 1 - each, below)) for top in tops] or [Span(above, below, done=True)]

    def _take(self, answer: Any, span: Span) -> list[Any]:
        """Return the new messages of an answer; note in `span` how far it reaches."""
        new = []
        self._ends.note(answer)
        for message in answer.messages:
            span.above = min(span.above or message.id, message.id)
            if isinstance(message, types.MessageEmpty):
                continue
            if message.date is not None:  # it may be unreadable
                span.newest = message.date if span.newest is None else max(span.newest, message.date)
                span.oldest = message.date if span.oldest is None else min(span.oldest, message.date)
                self.oldest = message.date if self.oldest is None else min(self.oldest, message.date)
            if message.id not in self._seen:
                self._seen.add(message.id)
                self._inside += message.date is None or self._window.since <= message.date < self._window.until
                new.append(message)
        return new

    def _ended(self, span: Span, answer: Any, window: Window) -> bool:
        """Whether the span ends with this answer; a short page proves nothing. An empty one has been looked into."""
        dates = [date for m in answer.messages if (date := getattr(m, "date", None)) is not None][-2:]
        # Judged by the later of the last two, since a single message may have a wrong date.
        older = bool(dates) and max(dates) < window.since
        return not answer.messages or older or span.above <= span.below + 1
