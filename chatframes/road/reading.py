"""The state of one source while it is read: what was asked for, what was read, and what is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import ChatframesError
from ..model import ListEnded, Message, Missed, NotGiven, OpenChat, Page, Window
from ..sources import Source
from ..table.source_report import MOST_IDS, Gap, Missing, SourceReport, Span
from ..timeline import Timeline
from ..windows import END_OF_TIME, EPOCH, Bounds, utc_text
from .before import Known
from .defects import unexpected

LIST_ENDED = "the service's list ended here, which does not prove that nothing is older"
UNPROVED = "nothing that came shows that this was read"


@dataclass(slots=True)
class Reading:
    """One source while it is read: what was asked for, read and missed."""

    source: Source
    asked: Bounds
    chat: OpenChat | None = None
    timeline: Timeline | None = None  # None until the chat is open
    ended: bool = False  # no more messages will come
    error: ChatframesError | None = None
    failures: list[tuple[Window, str]] = field(default_factory=list)
    list_ended: ListEnded | None = None  # only where nothing proved that nothing is older
    not_asked_again: bool = False  # an error kept this call from asking for what earlier calls have left
    was_open: bool = False  # an earlier call ended so
    was_known: bool = False  # an earlier call has read something
    missing_ids: dict[str, None] = field(default_factory=dict)  # of messages that were named and did not come
    missing_nameless: int = 0
    _why_missing: dict[str, None] = field(default_factory=dict)  # reasons, as notes
    messages: int = 0
    duplicates: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)  # what the source counts: page, retry, ...
    _unsettled: int = 0  # messages whose attachments are still being read
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    label: str = field(init=False)  # of the source, which makes it anew each time: every event bears it

    def __post_init__(self) -> None:
        self.label = self.source.label

    @property
    def window(self) -> Window:
        """The range that was asked for; without a lower end it begins before any chat does."""
        return Window(min(self.asked.since or EPOCH, self.asked.until), self.asked.until)

    def begin(self, chat: OpenChat) -> Window:
        """Note that the chat is open; return the range that was asked for."""
        self.chat, self.timeline = chat, Timeline(self.window)
        return self.window

    def still_to_read(self, known: Known) -> list[Window]:
        """Return the ranges that earlier calls have not read, oldest first."""
        assert self.timeline is not None
        for window in known.covered:
            self.timeline.cover(window)
        if known.begins is not None:
            self.timeline.begin_at(known.begins)
        self.was_open, self.was_known = known.is_open, bool(known.covered)
        return self.timeline.gaps()

    def note(self, page: Page) -> None:
        """Note what a page covers. Call it after its messages have been taken."""
        assert self.timeline is not None
        if page.covered is not None:
            self.timeline.cover(page.covered)
            if page.enough:
                self.timeline.begin_at(page.covered.since)

    def miss(self, missed: Missed) -> None:
        """Note a window that could not be read; it becomes a gap with the error as its reason."""
        self.fail(missed.error)
        self.failures.append((missed.window, str(_safe_to_show(missed.error))))

    def end_list(self, end: ListEnded, read: Window | None = None) -> None:
        """Note that the list ended where nothing proves it; of several ends the one with the least known counts."""
        if end.known_from is None and read is not None and read.until < self.window.until:
            end = ListEnded(read.until)  # what is newer was read before
        if self.list_ended is None or (end.known_from or END_OF_TIME) > (self.list_ended.known_from or END_OF_TIME):
            self.list_ended = end

    def fail_to_ask_again(self, error: Exception) -> None:
        """Note that what earlier calls have left, or what may be deleted, could not be asked for."""
        self.fail(error)
        self.not_asked_again = True

    def not_given(self, messages: NotGiven) -> None:
        """Note messages that were named and did not come."""
        self.missing_ids |= dict.fromkeys(messages.ids)
        self.missing_nameless += messages.nameless
        if messages.reason:
            self._why_missing[messages.reason] = None

    def finish(self) -> None:
        """Note that the last page has come, which proves nothing: what no page has covered is a gap."""
        if self.failures or self.timeline is None:
            return
        if self.list_ended is None:
            self.failures.append((self.timeline.window, UNPROVED))  # the reason for what no page has covered
            return
        if self.list_ended.known_until is not None:
            self.timeline.end_at(self.list_ended.known_until)
        window = self.timeline.window
        known_from = min(max(self.list_ended.known_from or window.until, window.since), window.until)
        self.timeline.cover(Window(known_from, window.until))
        if self.asked.since is None:
            self.timeline.begin_at(known_from)
        else:
            self.failures.append((Window(window.since, known_from), LIST_ENDED))

    def fail(self, error: Exception) -> None:
        """Note an error; the first one is kept."""
        self.error = self.error or _safe_to_show(error)

    def hold(self) -> None:
        """Note one more message that waits for its attachments."""
        self._unsettled += 1

    def settle(self) -> None:
        """Note that all attachments of a message are settled."""
        self._unsettled -= 1
        self._settled.set()

    async def all_settled(self) -> None:
        """Wait until no message waits for its attachments."""
        while self._unsettled:
            self._settled.clear()
            await self._settled.wait()

    @property
    def status(self) -> str:
        whole = self.timeline is not None and not self._unsettled and not self.timeline.gaps() and not self.missing
        if whole and not self.not_asked_again:
            return "complete" if self.list_ended is None and not self.was_open else "open"
        something = self.messages or self.missing or self.list_ended is not None or self.was_known
        return "partial" if something else "failed"

    @property
    def missing(self) -> int:
        """How many messages were named and did not come."""
        return len(self.missing_ids) + self.missing_nameless

    def asked_for(self, messages: list[Message]) -> Iterator[Message]:
        """Yield the messages of a page, newest first, that may lie in the range that was asked for.

        A message without a time lies somewhere between its neighbours.
        """
        since, until = self.asked.since, self.asked.until
        newer: datetime | None = None
        for position, message in enumerate(messages):
            newer = message.created_at or newer
            older = message.created_at or next((m.created_at for m in messages[position:] if m.created_at), None)
            if (since is None or newer is None or newer >= since) and (older is None or older < until):
                yield message

    def report(self) -> SourceReport:
        """Return what became of this source."""
        reason = str(self.error) if self.error else "the call ended before this was read"
        gaps = self.timeline.explained_gaps(self.failures, reason) if self.timeline else []
        covered = self.timeline.covered() if self.timeline else []
        return SourceReport(
            source=self.label,
            chat_id=self.chat.id if self.chat else None,
            chat_name=self.chat.name if self.chat else None,
            requested=Span(_instant(self.asked.since), _instant(self.asked.until)),
            covered=tuple(Span(_instant(window.since), _instant(window.until)) for window in covered),
            missing=Missing(self.missing, tuple(self.missing_ids)[:MOST_IDS]),
            gaps=tuple(Gap(_instant(gap.since), _instant(gap.until), reason) for gap, reason in gaps),
            status=self.status,
            messages=self.messages,
            duplicates=len(self.duplicates),
            pages=self.counts["page"],
            retries=self.counts["retry"],
            error=str(self.error) if self.error and self.status != "complete" else None,
            notes=(*(self.chat.notes if self.chat else ()), *self._why_missing),
            begins=_instant(getattr(self.chat, "begins", None)),
        )


def _safe_to_show(error: Exception) -> ChatframesError:
    return error if isinstance(error, ChatframesError) else unexpected(error)


def _instant(when: datetime | None) -> str | None:
    return None if when is None or when <= EPOCH else utc_text(when)
