"""What the events of one call add up to, in words: how much, how fast, how long still, and what is waited for."""

from __future__ import annotations

import asyncio
from collections import deque

from .images import bytes_in_words
from .markup import plain
from .model import Event

__all__ = ["Tally"]

_ENDINGS = {"complete": "done", "partial": "done, but not whole", "failed": "failed"}
RECENT_SECONDS = 10.0  # what a rate is taken over


class Tally:
    """The state of one call, as its events tell it.

    Attributes
    ----------
    event : Event
        The last one: its counts are of the whole call.
    notices : list of str
        What the sources wanted to be told.
    outcome : str
        Empty while it goes on, then ``done``, ``done, but not whole``, ``stopped`` or ``failed``.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.take(Event("messages", "", messages=1200, messages_expected=3000, elapsed_seconds=2.0), now=0.0)
    >>> tally.messages
    '1,200 of 3,000 messages'
    """

    def __init__(self) -> None:
        self.event = Event("start", "")
        self.notices: list[str] = []
        self.outcome = ""
        self._recent: deque[Event] = deque([self.event])
        self._waits: dict[str, float] = {}
        self._retry = ""
        self._ending = "done"

    def take(self, event: Event, now: float) -> None:
        """Add one event; `now` is in seconds, on the clock that `state` is asked by."""
        self.event = event
        self._retry = ""
        match event.kind:
            case "waiting":
                self._waits[event.source] = now + event.wait_seconds
            case "retry":
                self._retry = f"{plain(event.note)[:60]}, trying again in {event.wait_seconds:.0f} s"
            case "notice":
                self.notices.append(plain(event.note))
            case "finished":
                self._ending = _ENDINGS.get(event.note, "done")
        self._recent.append(event)
        while self._recent[0].elapsed_seconds < event.elapsed_seconds - RECENT_SECONDS:
            self._recent.popleft()

    def end(self, error: BaseException | None = None) -> None:
        """Say that it ended, and with which error."""
        if error is not None:
            stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            self._ending = "stopped" if stopped else "failed"
        self.outcome = self._ending
        self._waits.clear()
        self._retry = ""

    def waits(self, now: float) -> dict[str, float]:
        """Return who has asked to be left alone, and for how many seconds still."""
        return {source: until - now for source, until in self._waits.items() if until > now}

    @property
    def messages(self) -> str:
        """How many messages of how many."""
        event = self.event
        of_all = f" of {event.messages_expected:,}" if event.messages_expected > event.messages else ""
        return f"{event.messages:,}{of_all} message{'' if event.messages == 1 and not of_all else 's'}"

    @property
    def files(self) -> str:
        """How many files of how many, and their bytes; empty while there are none."""
        event = self.event
        if not event.attachments_total:
            return ""
        size = f", {self.size}" if self.size else ""
        return f"{event.attachments_done:,} of {event.attachments_total:,} files{size}"

    @property
    def size(self) -> str:
        """What the pictures weigh; empty while there are none."""
        return f"{bytes_in_words(self.event.image_bytes)} of pictures" if self.event.image_bytes else ""

    def rates(self) -> tuple[float, float]:
        """Return messages and files per second, of the last ten seconds."""
        first, last = self._recent[0], self.event
        seconds = last.elapsed_seconds - first.elapsed_seconds
        if seconds <= 0:
            return 0.0, 0.0
        return (
            (last.messages - first.messages) / seconds,
            (last.attachments_done - first.attachments_done) / seconds,
        )

    def left_seconds(self, now: float) -> float | None:
        """Return how long it may still take; None when nobody can know."""
        event = self.event
        left = 0.0
        for missing, rate in zip(
            (event.messages_expected - event.messages, event.attachments_total - event.attachments_done),
            self.rates(),
            strict=True,
        ):
            if missing > 0 and rate <= 0:
                return None
            left = max(left, missing / rate if missing > 0 else 0.0)
        if not left:
            return None
        return left + max(self.waits(now).values(), default=0.0)

    def pace(self, now: float) -> str:
        """Return how fast it goes, how long still, and how wide the way is."""
        event = self.event
        messages, files = self.rates()
        said = [f"{rate:,.0f} {what}/s" for rate, what in ((messages, "messages"), (files, "files")) if rate >= 0.5]
        left = self.left_seconds(now)
        if left is not None:
            said.append(f"about {_duration(left)} left")
        if event.downloads_limit:
            said.append(f"{event.downloads_active} of {event.downloads_limit} downloads at once")
        if event.retries:
            said.append(f"{event.retries:,} repeated")
        return ", ".join(said)

    def state(self, now: float) -> str:
        """Return what is being waited for, or how it ended."""
        waits = [f"{plain(source)} asked to wait, {seconds:.0f} s left" for source, seconds in self.waits(now).items()]
        if waits or self._retry:
            return "; ".join([*waits, *([self._retry] if self._retry else [])])
        if self.outcome:
            return f"{self.outcome} in {_duration(self.event.elapsed_seconds)}"
        return ""


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
