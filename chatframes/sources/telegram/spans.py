"""Keep track of how far the ranges of ids have been read, and of the times that are read without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...model import Window

ONE_SECOND = timedelta(seconds=1)  # Telegram's times are whole seconds; the next page may hold more of the same second


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
    unproved: bool = False  # nothing below it was given, and nothing proves that there is nothing


def around(spans: list[Span], index: int, window: Window) -> Window | None:
    """Return the interval around a span that has been read without a gap."""
    first = last = index
    while first > 0 and spans[first - 1].done:
        first -= 1
    while last < len(spans) and spans[last].done:
        last += 1
    read = spans[first : last + 1]
    oldest = [span.oldest for span in read if span.oldest is not None]
    newest = [span.newest for span in read if span.newest is not None]
    since = (
        window.since
        if last == len(spans) and not spans[-1].unproved
        else (min(oldest) + ONE_SECOND if oldest else None)
    )
    until = window.until if first == 0 else (max(newest) if newest else None)
    return between(since, until)


def between(since: datetime | None, until: datetime | None) -> Window | None:
    """Return the window between two times; None if there is none."""
    return Window(since, until) if since is not None and until is not None and since < until else None


def known_since(oldest: datetime | None, until: datetime) -> Window | None:
    """Return what is known when messages down to `oldest` were read, and not the others of its second."""
    later = None if oldest is None else oldest + ONE_SECOND
    return between(later, until) or between(oldest, until)


def whole_second(when: datetime) -> datetime:
    """Return the next whole second: messages before it are those before `when`, as their times have no fraction."""
    when = when.astimezone(UTC)
    return when if when.microsecond == 0 else when.replace(microsecond=0) + ONE_SECOND
