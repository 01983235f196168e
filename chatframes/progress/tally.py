"""Add up the events of one call, and say in words how much is done, how fast, how long it takes, and any wait."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from ..model import Event
from ..page.html import plain
from ..words import bytes_in_words, counted, seconds_in_words

__all__ = ["Tally"]

_ENDINGS = {"complete": "done", "open": "done", "partial": "partial", "failed": "failed"}
MOST_OF_A_NAME = 30  # characters: a line of a terminal has room for little more
RECENT_SECONDS, LEAST_SECONDS = 10.0, 0.5  # a rate is measured over the last 10 s, and over 0.5 s at least


class Tally:
    """The state of one call, taken from its events.

    Attributes
    ----------
    event : Event
        The last event; its counts are of the whole call.
    notices : list of str
        Sentences for the user from the sources.
    outcome : str
        Empty while the call runs, then ``done``, ``partial``, ``stopped`` or ``failed``.

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
        self._recent: deque[tuple[float, Event]] = deque()
        self._waits: dict[str, float] = {}
        self._retry: tuple[str, float] | None = None  # what went wrong, and when the next try is
        self._ending = "done"

    def take(self, event: Event, now: float) -> None:
        """Add one event; `now` is in seconds, on the same clock as that of `state`."""
        self.event = event
        self._retry = None
        match event.kind:
            case "waiting":
                self._waits[event.source] = now + event.wait_seconds
            case "retry":
                self._retry = f"{_capital(event.source)}: {plain(event.note)[:60]}", now + event.wait_seconds
            case "notice":
                self.notices.append(plain(event.note))
            case "finished":
                self._ending = _ENDINGS.get(event.note, "done")
        if not event.messages and not event.attachments_done:  # no rate can be measured before anything has come
            self._recent.clear()
        self._recent.append((now, event))

    def end(self, error: BaseException | None = None) -> None:
        """Note that the call ended, and with which error."""
        if error is not None:
            stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            self._ending = "stopped" if stopped else "failed"
        self.outcome = self._ending
        self._waits.clear()
        self._retry = None

    def waits(self, now: float) -> dict[str, float]:
        """Return which services have asked to wait, and how many seconds are left."""
        return {source: until - now for source, until in self._waits.items() if until > now}

    @property
    def messages_expected(self) -> int | None:
        """The number of messages there are, as the sources say.

        When the call is done it is the number that came: Reddit counts comments that it shows to no one, and two
        sources may have messages in common.
        """
        expected = self.event.messages_expected
        return self.event.messages if self.outcome == "done" and expected is not None else expected

    @property
    def messages(self) -> str:
        """The messages read and expected, in words."""
        done, expected = self.event.messages, self.messages_expected or 0
        of_all = f" of {expected:,}" if expected > done else ""
        read = f"{done:,}{of_all} message{'' if done == 1 and not of_all else 's'}"
        of_chats = f" in {self.event.chats:,} chats" if self.outcome and self.event.chats > 1 else ""
        return f"{read}{of_chats}{', new or read again' if self.event.again else ''}"

    @property
    def chat(self) -> str:
        """Which of several chats is being read, in words; empty where there is one."""
        event = self.event
        if event.chats < 2 or self.outcome in ("done", "partial"):
            return ""
        if not event.reading:
            return f"all {event.chats:,} chats are read"
        name = plain(event.chat)
        short = name if len(name) <= MOST_OF_A_NAME else f"{name[: MOST_OF_A_NAME - 1]}…"
        return f"chat {event.chat_number:,} of {event.chats:,}{short and ': ' + short}"

    @property
    def attachments(self) -> str:
        """The attachments done and known, and the bytes of the images, in words; empty while there are none."""
        event = self.event
        if not event.attachments_total:
            return ""
        size = f", {self.size}" if self.size else ""
        return f"{event.attachments_done:,} of {event.attachments_total:,} attachments{size}"

    @property
    def size(self) -> str:
        """The bytes of the images, in words; empty while there are none."""
        return f"{bytes_in_words(self.event.image_bytes)} of images" if self.event.image_bytes else ""

    def rates(self, now: float) -> tuple[float, float]:
        """Return messages and attachments per second, over the last ten seconds."""
        recent = self._recent
        while len(recent) > 1 and recent[1][0] <= now - RECENT_SECONDS:
            recent.popleft()
        if not recent:
            return 0.0, 0.0
        since, first = recent[0]
        seconds = now - max(since, now - RECENT_SECONDS)
        if seconds < LEAST_SECONDS:
            return 0.0, 0.0
        return (
            (self.event.messages - first.messages) / seconds,
            (self.event.attachments_done - first.attachments_done) / seconds,
        )

    def left_seconds(self, now: float) -> float | None:
        """Return how long the call may still take; None when that is not known."""
        event = self.event
        if event.reading and event.messages_expected is None:
            return None
        left = 0.0
        missing = (
            (event.messages_expected or 0) - event.messages if event.reading else 0,
            event.attachments_total - event.attachments_done,
        )
        for number, rate in zip(missing, self.rates(now), strict=True):
            if number > 0 and rate <= 0:
                return None
            left = max(left, number / rate if number > 0 else 0.0)
        return left + max(self.waits(now).values(), default=0.0) if left else None

    def pace(self, now: float) -> str:
        """Return the rates, the time left, the downloads at once and the repeated requests, in words."""
        event = self.event
        rates = zip(self._rates_in_words(now), ("message", "attachment"), strict=True)
        parts = [f"{rate} {what}{'' if rate == '1' else 's'}/s" for rate, what in rates if rate]
        left = self._left_in_words(now)
        if left:
            parts.append(f"about {left} left")
        if event.downloads_limit and event.attachments_total:
            parts.append(f"{event.downloads_active} of {event.downloads_limit} downloads at once")
        if event.retries:
            parts.append(f"{counted(event.retries, 'request')} repeated")
        return ", ".join(parts)

    def state(self, now: float) -> str:
        """Return what the call waits for, or how it ended."""
        waits = [
            f"{_capital(source)} asks to wait: {math.ceil(seconds)} s left"
            for source, seconds in self.waits(now).items()
        ]
        if self._retry:
            problem, until = self._retry
            next_try = f"next try in {math.ceil(until - now)} s" if until > now else "trying again"
            waits.append(f"{problem}, {next_try}")
        if waits or not self.outcome:
            return "; ".join(waits)
        seconds = seconds_in_words(self.event.elapsed_seconds)
        if self.outcome == "partial":
            return f"done in {seconds}, but something is missing: the report says what"
        return f"{self.outcome} in {seconds}"

    def in_brief(self, now: float) -> list[str]:
        """Return the parts of one line: the messages, then the rest with the most important first."""
        event, state = self.event, self.state(now)
        if self.outcome:
            return [self.messages, *filter(None, (state, self.size))]
        # A wait already says how long it takes, so no rate and no time left stand beside it.
        messages_rate, rate = ("", "") if state else self._rates_in_words(now)
        left = "" if state else self._left_in_words(now)
        parts = (
            state,
            self.chat,
            f"{rate}/s" if rate else "",
            f"{left} left" if left else "",
            f"{event.downloads_active} of {event.downloads_limit} at once" if event.attachments_total else "",
            f"{event.retries:,} repeated" if event.retries else "",
        )
        return [f"{self.messages}, {messages_rate}/s" if messages_rate else self.messages, *filter(None, parts)]

    def _rates_in_words(self, now: float) -> tuple[str, str]:
        """Return messages and attachments per second, in words; empty for what does not come, or no longer."""
        messages, attachments = (f"{rate:,.0f}" if rate >= 0.5 else "" for rate in self.rates(now))
        return messages if self.event.reading else "", attachments

    def _left_in_words(self, now: float) -> str:
        left = self.left_seconds(now)
        return "" if left is None or left < 0.5 else seconds_in_words(left)


def _capital(source: str) -> str:
    """Return a service's name with a capital; the name of a host stays as it is."""
    return plain(source).capitalize() if source.isalpha() else plain(source)
