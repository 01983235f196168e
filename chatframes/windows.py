"""Ranges of time: read what a user writes, and turn it into UTC. Nothing here reads a clock."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from .errors import ConfigError
from .words import did_you_mean, kind_of

__all__ = ["END_OF_TIME", "EPOCH", "Bounds", "parse_bounds", "plain_bound", "utc_text", "zone"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # no message of any chat is older
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)  # stands in for "now" before a call has begun

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
