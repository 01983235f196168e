"""Cut a range of time into windows, and keep track of what of it has been read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from .errors import ConfigError
from .model import Window

__all__ = ["Timeline"]

LONGEST_DAYS = 4_000_000  # more than the calendar has: one window, whatever the range

# A range of at most this many windows is read newest first; a longer one is read from several places at once.
_FEW_WINDOWS = 10

_TICK = timedelta(microseconds=1)


class Timeline:
    """Keeps track of which parts of a range have been read, are being read, or neither.

    Streams take windows with `claim`, read them from the newer edge downward and call `cover` for every page.
    A page may reach past its own window, and what it covers there is never claimed again: a silent year costs
    one page, not one per window. Not safe for threads: it lives on one event loop.

    Parameters
    ----------
    window : Window
        The whole range.
    chunk_days : int, optional
        The windows are ceil(days / `chunk_days`) equal parts of the range; without it the range is one window.

    Examples
    --------
    >>> from datetime import UTC
    >>> month = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    >>> timeline = Timeline(month, chunk_days=7)
    >>> f"{timeline.claim().since:%Y-%m-%d}"
    '2026-10-25'
    >>> timeline.cover(month)
    >>> timeline.claim(), timeline.gaps()
    (None, [])
    """

    def __init__(self, window: Window, chunk_days: int = LONGEST_DAYS) -> None:
        self.window = window
        self._grid = _Grid(window, chunk_days)
        self._covered: list[Window] = []  # merged, oldest first
        self._claimed: list[Window] = []  # those not yet covered whole; disjoint

    def claim(self) -> Window | None:
        """Return the next window to read, now claimed; None when nothing is left.

        It is trimmed to what is not yet covered. A short range is read newest first. In a long one, a stretch below
        what has been read is continued at its newer end; one below a window still being read is started in its
        middle, since the pages of that window may yet reach into it.
        """
        free = _without([self.window], _merged([*self._covered, *self._claimed]))
        if not free:
            return None
        if self._grid.count <= _FEW_WINDOWS:
            stretch, moment = free[-1], free[-1].until - _TICK
        else:
            being_read = {claimed.since for claimed in self._claimed}
            quiet = [stretch for stretch in free if stretch.until not in being_read]  # nothing above is being read
            stretch = max(quiet or free, key=lambda stretch: stretch.until - stretch.since)
            moment = stretch.until - _TICK if quiet else stretch.since + (stretch.until - stretch.since) / 2
        window = self._grid.window(self._grid.index(moment))
        claimed = Window(max(window.since, stretch.since), min(window.until, stretch.until))
        self._claimed.append(claimed)
        return claimed

    def cover(self, window: Window) -> None:
        """Note that an interval has been read without a hole; the part outside the range is ignored."""
        since, until = max(window.since, self.window.since), min(window.until, self.window.until)
        if since < until:
            self._covered = _merged([*self._covered, Window(since, until)])
            self._claimed = [claimed for claimed in self._claimed if self.remaining(claimed)]

    def begin_at(self, since: datetime) -> None:
        """Let the range begin at `since`: anything older is no longer wanted."""
        self.window = Window(max(self.window.since, min(since, self.window.until)), self.window.until)
        self._covered = [Window(max(w.since, self.window.since), w.until) for w in self._covered if w.until > since]
        self._claimed = [claimed for claimed in self._claimed if self.remaining(claimed)]

    def end_at(self, until: datetime) -> None:
        """Let the range end at `until`: there is nothing after it."""
        self.window = Window(self.window.since, max(self.window.since, min(until, self.window.until)))
        self._covered = [Window(w.since, min(w.until, self.window.until)) for w in self._covered if w.since < until]

    def remaining(self, window: Window) -> Window | None:
        """Return the part of a window that is not covered yet, trimmed at both ends; None when all of it is."""
        left = _without([window], self._covered)
        return Window(left[0].since, left[-1].until) if left else None

    def covered(self) -> list[Window]:
        """Return what has been read, merged, oldest first."""
        return list(self._covered)

    def gaps(self) -> list[Window]:
        """Return what has not been read, merged, oldest first; with `covered` it tiles the range."""
        return _without([self.window], self._covered)

    def explained_gaps(self, reasons: Iterable[tuple[Window, str]], otherwise: str) -> list[tuple[Window, str]]:
        """Return the gaps with their reasons, oldest first, split where the reason changes.

        Where two windows in `reasons` overlap, the first one counts; `otherwise` is the reason for the rest.
        """
        left = self.gaps()
        explained: list[tuple[Window, str]] = []
        for window, reason in reasons:
            rest = _without(left, [window])
            explained += [(gap, reason) for gap in _without(left, rest)]
            left = rest
        explained += [(gap, otherwise) for gap in left]
        return sorted(explained, key=lambda entry: entry[0].since)


class _Grid:
    """The equal windows of a range, computed when asked for, so that a range of centuries costs nothing."""

    def __init__(self, window: Window, chunk_days: int) -> None:
        if chunk_days < 1:
            raise ConfigError(f"parallel_fetch_chunk_days is {chunk_days}: write a number of days, at least 1.")
        self._since = window.since
        self._ticks = max((window.until - window.since) // _TICK, 0)
        self.count = -(-self._ticks // (timedelta(days=chunk_days) // _TICK))

    def window(self, index: int) -> Window:
        return Window(self._border(index), self._border(index + 1))

    def index(self, moment: datetime) -> int:
        # The largest i whose border, floor(ticks * i / count), is not after the moment.
        return (((moment - self._since) // _TICK + 1) * self.count - 1) // self._ticks

    def _border(self, index: int) -> datetime:
        return self._since + self._ticks * index // self.count * _TICK


def _merged(windows: Iterable[Window]) -> list[Window]:
    """Return the union, oldest first; windows that touch become one."""
    union: list[Window] = []
    for window in sorted(windows, key=lambda window: window.since):
        if union and window.since <= union[-1].until:
            if window.until > union[-1].until:
                union[-1] = Window(union[-1].since, window.until)
        else:
            union.append(window)
    return union


def _without(windows: list[Window], taken: list[Window]) -> list[Window]:
    """Return `windows` without `taken`; both are disjoint and oldest first."""
    left: list[Window] = []
    for window in windows:
        since = window.since
        for hole in taken:
            if hole.until <= since or hole.since >= window.until:
                continue
            if hole.since > since:
                left.append(Window(since, hole.since))
            since = hole.until
        if since < window.until:
            left.append(Window(since, window.until))
    return left
