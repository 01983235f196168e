"""Ranges of time: read what a user writes, cut it into windows, and keep track of what has been read.

Pure functions and one class; nothing here reads a clock or a service.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from .errors import ConfigError
from .model import Window
from .words import did_you_mean, kind_of

__all__ = ["EPOCH", "Bounds", "Timeline", "parse_bounds", "plain_bound", "utc_text", "zone"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # no message of any chat is older
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)  # stands in for "now" before a call has begun

LONGEST_DAYS = 4_000_000  # more than the calendar has: one window, whatever the range

# A range of at most this many windows is read newest first; a longer one is read from several places at once.
_FEW_WINDOWS = 10

_TICK = timedelta(microseconds=1)
_EXPECTED = 'write a day such as "2026-10-01", or a moment such as "2026-10-01T09:00:00Z"'


@dataclass(frozen=True, slots=True)
class Bounds:
    """What was asked for, in UTC: ``[since, until)``; `since` is None when it reaches to the beginning."""

    since: datetime | None
    until: datetime


def zone(name: str) -> tzinfo:
    """Return the time zone of that name.

    Parameters
    ----------
    name : str
        An IANA name such as ``"UTC"`` or ``"Europe/Berlin"``.

    Raises
    ------
    ConfigError
        There is no such zone; the error suggests the nearest name.

    Examples
    --------
    >>> str(zone("Europe/Berlin"))
    'Europe/Berlin'
    """
    if isinstance(name, str):
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass
        # Abbreviations such as CEST resemble others that are hours away, so only places are suggested.
        places = [place for place in zoneinfo.available_timezones() if "/" in place]
        hint = did_you_mean(name, places, 'write a name such as "UTC" or "Europe/Berlin".')
        raise ConfigError(f"tz={name!r} is not a time zone: {hint}")
    raise ConfigError(
        f'tz= is {kind_of(name)}: write the name of a time zone, such as "UTC" or "Europe/Berlin", as a string.'
    )


def parse_bounds(
    since: str | date | datetime | None, until: str | date | datetime | None, tz: str, now: datetime
) -> Bounds:
    """Turn the days or times that a user wrote into UTC bounds.

    Parameters
    ----------
    since, until : str, datetime.date, datetime.datetime or None
        A day means that whole day in `tz`, on both sides; a datetime means that instant, a naive one in `tz`.
        None means from the beginning, and until `now`.
    tz : str
        An IANA time zone name.
    now : datetime.datetime
        The start of the call, with a time zone. No range reaches past it: messages that are not yet written must not
        count as read.

    Returns
    -------
    Bounds
        Half-open and in UTC. Days keep their true length (23 or 25 hours when the clocks change).

    Raises
    ------
    ConfigError
        A bound or the zone cannot be understood, `since` is not before `until`, or `since` is in the future.

    Examples
    --------
    >>> now = datetime(2026, 11, 1, tzinfo=UTC)
    >>> bounds = parse_bounds("2026-10-01", "2026-10-31", "UTC", now)
    >>> (bounds.until - bounds.since).days
    31
    """
    where = zone(tz)
    now = now.astimezone(UTC)
    first = None if since is None else _instant(since, "since", where, end_of_day=False)
    last = now if until is None else _instant(until, "until", where, end_of_day=True)
    if first is not None and first >= now:
        raise ConfigError(f"since={_shown(since)} is in the future (it is {utc_text(now)} now): choose an earlier one.")
    if first is not None and first >= last:
        raise ConfigError(f"since={_shown(since)} is not before until={_shown(until)}: swap them or widen the range.")
    return Bounds(first, min(last, now))


def plain_bound(value: str | date | datetime | None, name: str) -> str | None:
    """Turn a bound into the plain string that a source stores, checking it on the way.

    Parameters
    ----------
    value : str, datetime.date, datetime.datetime or None
        As for `parse_bounds`.
    name : str
        The argument's name, for the error.

    Returns
    -------
    str or None
        ``"2026-10-01"`` for a day, an ISO 8601 string for an instant (in UTC with ``Z``, or naive as given).

    Raises
    ------
    ConfigError
        The value is not a date.

    Examples
    --------
    >>> plain_bound(date(2026, 10, 1), "since")
    '2026-10-01'
    """
    if value is None:
        return None
    parsed = _parse(value, name)
    if isinstance(parsed, datetime) and parsed.tzinfo is not None:
        return utc_text(_shifted(parsed, name))
    return parsed.isoformat()


def utc_text(moment: datetime) -> str:
    """Return an aware datetime as ISO 8601 in UTC, ending in ``Z``.

    Examples
    --------
    >>> utc_text(datetime(2026, 10, 1, tzinfo=UTC))
    '2026-10-01T00:00:00Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


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
    >>> month = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    >>> timeline = Timeline(month, chunk_days=7)
    >>> utc_text(timeline.claim().since)
    '2026-10-25T00:00:00Z'
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


def _instant(value: str | date | datetime, name: str, where: tzinfo, *, end_of_day: bool) -> datetime:
    parsed = _parse(value, name)
    if not isinstance(parsed, datetime):
        try:
            parsed = datetime.combine(parsed + timedelta(days=1 if end_of_day else 0), datetime.min.time())
        except OverflowError:
            raise ConfigError(f"{name}={_shown(value)} is beyond the calendar: {_EXPECTED}.") from None
    return _shifted(parsed if parsed.tzinfo else parsed.replace(tzinfo=where), name)


def _shifted(moment: datetime, name: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ConfigError(f"{name}={moment.isoformat()} is beyond the calendar: {_EXPECTED}.") from None


def _parse(value: object, name: str) -> date | datetime:
    # pandas' NaT is an instance of datetime, but not equal to itself.
    if isinstance(value, datetime) and value == value:
        # Rebuilt, so that a pandas.Timestamp leaves as a plain datetime; its nanoseconds are dropped.
        return datetime.combine(value.date(), value.time(), value.tzinfo).replace(fold=value.fold)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and "W" not in value.upper():  # "2026-W40" is a week, not a day
        for parse in (date.fromisoformat, datetime.fromisoformat):
            try:
                return parse(value.strip())
            except ValueError:
                continue
    raise ConfigError(f"{name}={_shown(value)} is not a date: {_EXPECTED}.")


def _shown(value: object) -> str:
    if value is None:
        return "now"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "…")
    return value.isoformat() if isinstance(value, date) and value == value else kind_of(value)
