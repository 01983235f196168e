"""One source being read: what was asked of it, what came, and what is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import ChatframesError
from ..model import Message, Missed, OpenChat, Page, Window
from ..sources import Source
from ..table.source_report import Gap, SourceReport, Span
from ..windows import EPOCH, Bounds, Timeline, utc_text
from .defects import unexpected


@dataclass(slots=True)
class Reading:
    """One source being read: what was asked, got and missed."""

    source: Source
    asked: Bounds
    chat: OpenChat | None = None
    timeline: Timeline | None = None  # from when its chat is open
    over: bool = False  # no more messages are to come
    error: ChatframesError | None = None
    failures: list[tuple[Window, str]] = field(default_factory=list)
    messages: int = 0
    duplicates: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)  # what its source has counted: page, retry, ...
    _unsettled: int = 0  # messages whose attachments are still being read
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def window(self) -> Window:
        """The range that was asked for; without a lower end it reaches back to where no chat does."""
        return Window(min(self.asked.since or EPOCH, self.asked.until), self.asked.until)

    def begin(self, chat: OpenChat) -> Window:
        """Note that the chat is open; return the range to read."""
        self.chat, self.timeline = chat, Timeline(self.window)
        return self.window

    def note(self, page: Page) -> None:
        """Note what a page covers. Its messages have been handed over before."""
        assert self.timeline is not None
        if page.covered is not None:
            self.timeline.cover(page.covered)
            if page.enough:
                self.timeline.begin_at(page.covered.since)

    def miss(self, missed: Missed) -> None:
        """Note a window that could not be read: it becomes a gap with this reason."""
        self.fail(missed.error)
        told = missed.error if isinstance(missed.error, ChatframesError) else unexpected(missed.error)
        self.failures.append((missed.window, str(told)))

    def finish(self) -> None:
        """Note that its pages have come to their end: what did not fail has been read."""
        if not self.failures and self.timeline is not None:
            self.timeline.cover(self.window)

    def fail(self, error: Exception) -> None:
        """Keep the first thing that went wrong."""
        self.error = self.error or (error if isinstance(error, ChatframesError) else unexpected(error))

    def hold(self) -> None:
        """Note that one more message waits for its attachments."""
        self._unsettled += 1

    def settle(self) -> None:
        """Note that a message has all its attachments."""
        self._unsettled -= 1
        self._settled.set()

    async def all_settled(self) -> None:
        """Wait until no message waits for its attachments."""
        while self._unsettled:
            self._settled.clear()
            await self._settled.wait()

    @property
    def status(self) -> str:
        if self.timeline is not None and not self._unsettled and not self.timeline.gaps():
            return "complete"
        return "partial" if self.messages else "failed"

    def asked_for(self, messages: list[Message]) -> Iterator[Message]:
        """Yield the messages inside the range that was asked for."""
        since = self.asked.since
        return inside(messages, lambda when: (since is None or since <= when) and when < self.asked.until)

    def report(self) -> SourceReport:
        """Tell what became of this source."""
        why = str(self.error) if self.error else "the call ended before this was read"
        gaps = self.timeline.explained_gaps(self.failures, why) if self.timeline else []
        covered = self.timeline.covered() if self.timeline else []
        return SourceReport(
            source=self.source.label,
            chat_id=self.chat.id if self.chat else None,
            chat_name=self.chat.name if self.chat else None,
            requested=Span(_instant(self.asked.since), _instant(self.asked.until)),
            covered=tuple(Span(_instant(window.since), _instant(window.until)) for window in covered),
            gaps=tuple(Gap(_instant(gap.since), _instant(gap.until), reason) for gap, reason in gaps),
            status=self.status,
            messages=self.messages,
            duplicates=len(self.duplicates),
            pages=self.counts["page"],
            retries=self.counts["retry"],
            error=str(self.error) if self.error and self.status != "complete" else None,
            notes=tuple(self.chat.notes) if self.chat else (),
        )


def inside(messages: list[Message], wanted: Callable[[datetime], bool]) -> Iterator[Message]:
    """Yield the messages whose time is wanted; one without a time, if either neighbour's is."""
    newer: datetime | None = None
    for at, message in enumerate(messages):
        if message.created_at is not None:
            newer = message.created_at
            keep = wanted(newer)
        else:
            older = next((m.created_at for m in messages[at:] if m.created_at is not None), None)
            neighbours = [when for when in (newer, older) if when is not None]
            keep = not neighbours or any(map(wanted, neighbours))
        if keep:
            yield message


def _instant(when: datetime | None) -> str | None:
    return None if when is None or when <= EPOCH else utc_text(when)
