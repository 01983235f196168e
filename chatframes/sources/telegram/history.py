"""Read a range of a chat's history in few requests and little time.

The newest page comes first: often it is all there is. Then comes the oldest wanted page, and the rest between the two
is read by several streams at once. In channels and supergroups, which number their own messages, it is divided by id.
In other chats, where an id says little about how many messages lie below it, it is divided by date.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from telethon.tl import types

from ...errors import ServiceError
from ...model import Missed, Window
from ...windows import EPOCH, Timeline
from ..windowed import read_together, read_windows

PAGE_SIZE = 100  # Telegram gives no more
FEW_PAGES = 2  # so few are read faster one after the other
ONE_SECOND = timedelta(seconds=1)  # Telegram's times are whole seconds; the next page may hold more of the same second


class Ask(Protocol):
    """Requests one page: messages below `offset_id`, or before `offset_date`, moved by `add_offset`."""

    def __call__(
        self, *, offset_id: int = 0, offset_date: datetime | None = None, add_offset: int = 0, limit: int = PAGE_SIZE
    ) -> Awaitable[Any]: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """The new messages of one answer, and the interval that has been read without a gap, earlier answers included."""

    messages: list[Any]
    answer: Any
    covered: Window | None
    enough: bool = False


@dataclass(slots=True)
class Span:
    """A range of ids from `above` down to `below`, both excluded, and how far it has been read."""

    above: int
    below: int
    newest: datetime | None = None
    oldest: datetime | None = None
    done: bool = False


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
    """

    ask: Ask
    dense: bool
    streams: int
    chunk_days: int
    limit: int | None
    tell_total: Callable[[int], None]
    _seen: set[int] = field(default_factory=set)

    async def pieces(self, window: Window) -> AsyncGenerator[Piece, None]:
        """Yield the messages of the window, in any order and each once."""
        top = Span(0, 0)
        answer = await self.ask(offset_date=_whole_second(window.until), limit=self._page_size())
        total = getattr(answer, "count", len(answer.messages))
        self.tell_total(total)
        messages = self._take(answer, top)
        if isinstance(answer, types.messages.Messages) or self._ended(top, answer, window):
            yield Piece(messages, answer, window)
            return
        top.done = True
        lowest = top.above
        if self._enough:
            yield Piece(messages, answer, _between(top.oldest, window.until), enough=True)
            return
        yield Piece(messages, answer, _around([top, Span(lowest, 0)], 0, window))
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
            answer = await self.ask(offset_date=_whole_second(window.since), add_offset=-PAGE_SIZE)
        highest = max((message.id for message in answer.messages), default=0)
        bottom = Span(highest + 1, 0)
        messages = self._take(answer, bottom)
        bottom.done = True
        met = highest + 1 >= lowest
        if met and len(answer.messages) >= PAGE_SIZE:
            yield Piece(messages, answer, window)
            return
        if met or bottom.newest is None or top.oldest is None:
            # There is no such page, or it is short. Telegram may then have given the chat's newest messages instead,
            # which may end far above the window's lower end. So the rest is read downward.
            yield Piece(messages, answer, None)
            rest = self._read_spans([top, Span(lowest, 0)], window)
        elif self.dense:
            yield Piece(messages, answer, _between(window.since, bottom.newest))
            rest = self._read_spans([top, *self._cut(lowest, highest), bottom], window)
        else:
            yield Piece(messages, answer, _between(window.since, bottom.newest))
            rest = self._by_date(Window(max(bottom.newest, window.since), top.oldest + ONE_SECOND))
        async with aclosing(rest) as pieces:
            async for piece in pieces:
                yield piece

    async def _newest(self, window: Window, top: Span, lowest: int) -> AsyncGenerator[Piece, None]:
        """Read on, newest first, until `limit` messages have been read."""
        assert self.limit is not None
        spans = [top]
        wanted = self.limit - len(self._seen)
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
            yield Piece([], None, _between(oldest, window.until), enough=True)
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
            answer = await self.ask(offset_id=span.above, limit=size)
            messages = self._take(answer, span)
            span.done = self._ended(span, answer, window)
            if last and self._enough and not span.done:
                yield Piece(messages, answer, _between(span.oldest, window.until), enough=True)
                return
            yield Piece(messages, answer, _around(spans, index, window))

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
                answer = await self.ask(offset_id=span.above)
            else:
                answer = await self.ask(offset_date=_whole_second(window.until))
            messages = self._take(answer, span)
            ended = self._ended(span, answer, window)
            # In a quiet chat a page reaches far below its window; that part need not be read again.
            reached = EPOCH if not answer.messages else (span.oldest or window.until) + ONE_SECOND
            yield Piece(messages, answer, _between(min(reached, window.since) if ended else reached, window.until))

    @property
    def _enough(self) -> bool:
        return self.limit is not None and len(self._seen) >= self.limit

    def _page_size(self) -> int:
        return PAGE_SIZE if self.limit is None else max(1, min(PAGE_SIZE, self.limit - len(self._seen)))

    def _cut(self, above: int, below: int) -> list[Span]:
        """Divide the ids between two into as many spans as there are streams, each of whole pages."""
        pages = -(-(above - below - 1) // PAGE_SIZE)
        each = -(-pages // self.streams) * PAGE_SIZE
        tops = range(above, below + 1, -each) if each else ()
        return [Span(top, max(top - 1 - each, below)) for top in tops] or [Span(above, below, done=True)]

    def _take(self, answer: Any, span: Span) -> list[Any]:
        """Return the new messages of an answer; note in `span` how far it reaches."""
        new = []
        if span.above and answer.messages and min(message.id for message in answer.messages) >= span.above:
            raise ServiceError(
                "Telegram's pages lead in a circle: the rest of this range was not read. Fetch again later."
            )
        for message in answer.messages:
            span.above = min(span.above or message.id, message.id)
            if isinstance(message, types.MessageEmpty):
                continue
            if message.date is not None:  # it may be unreadable
                span.newest = message.date if span.newest is None else max(span.newest, message.date)
                span.oldest = message.date if span.oldest is None else min(span.oldest, message.date)
            if message.id not in self._seen:
                self._seen.add(message.id)
                new.append(message)
        return new

    def _ended(self, span: Span, answer: Any, window: Window) -> bool:
        """Whether the span ends with this answer. A short page proves nothing; an empty one does."""
        dates = [date for m in answer.messages if (date := getattr(m, "date", None)) is not None][-2:]
        # Judged by the later of the last two, since a single message may have a wrong date.
        older = bool(dates) and max(dates) < window.since
        return not answer.messages or older or span.above <= span.below + 1


def _around(spans: list[Span], index: int, window: Window) -> Window | None:
    """Return the interval around a span that has been read without a gap."""
    first = last = index
    while first > 0 and spans[first - 1].done:
        first -= 1
    while last < len(spans) and spans[last].done:
        last += 1
    read = spans[first : last + 1]
    oldest = [span.oldest for span in read if span.oldest is not None]
    newest = [span.newest for span in read if span.newest is not None]
    since = window.since if last == len(spans) else (min(oldest) + ONE_SECOND if oldest else None)
    until = window.until if first == 0 else (max(newest) if newest else None)
    return _between(since, until)


def _between(since: datetime | None, until: datetime | None) -> Window | None:
    return Window(since, until) if since is not None and until is not None and since < until else None


def _whole_second(when: datetime) -> datetime:
    """Return the next whole second: messages before it are those before `when`, as their times have no fraction."""
    when = when.astimezone(UTC)
    return when if when.microsecond == 0 else when.replace(microsecond=0) + ONE_SECOND
