"""Widgets to choose a range of days: presets, a calendar for each end, and the time zone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo, available_timezones

import ipywidgets

from ..errors import ConfigError
from ..transfer.clock import SYSTEM, Clock

__all__ = ["DayControls", "Days"]

EVERYTHING, OWN = "Everything", "Days of my own"


@dataclass(frozen=True, slots=True)
class Days:
    """A range of whole days in a time zone, both ends included; None where it is open."""

    since: str | None
    until: str | None
    tz: str


def _last(days: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days=days - 1), today)


def _this_month(today: date) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_month(today: date) -> tuple[date, date]:
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


_PRESETS: dict[str, Callable[[date], tuple[date | None, date | None]]] = {
    "Last 7 days": _last(7),
    "Last 30 days": _last(30),
    "This month": _this_month,
    "Last month": _last_month,
    EVERYTHING: lambda today: (None, None),
}


class DayControls:
    """Widgets for a range of days.

    Parameters
    ----------
    since, until : str, optional
        ISO dates that are chosen at first; without them `preset` is.
    tz : str
        IANA name of the time zone that is chosen at first.
    preset : str
        "Last 7 days", "Last 30 days", "This month", "Last month" or "Everything".
    clock : Clock
        Says what today is.

    Examples
    --------
    >>> DayControls("2026-10-01", "2026-10-31").days()
    Days(since='2026-10-01', until='2026-10-31', tz='UTC')
    """

    def __init__(
        self,
        since: str | None = None,
        until: str | None = None,
        tz: str = "UTC",
        *,
        preset: str = EVERYTHING,
        clock: Clock = SYSTEM,
    ) -> None:
        self._clock = clock
        self._filling = False
        self._lock = threading.RLock()  # a fetch asks on the loop's thread, clicks come on the kernel's
        wide = {"layout": {"width": "18em"}, "style": {"description_width": "5.5em"}}
        self.preset = ipywidgets.Dropdown(description="Days", options=[*_PRESETS, OWN], value=preset, **wide)
        self.since = ipywidgets.DatePicker(description="First day", **wide)
        self.until = ipywidgets.DatePicker(description="Last day", **wide)
        self.tz = ipywidgets.Combobox(
            description="Time zone", value=tz, options=sorted(available_timezones()), ensure_option=False, **wide
        )
        self.box = ipywidgets.HBox((self.preset, self.since, self.until, self.tz), layout={"flex_flow": "row wrap"})
        self.choices = (self.preset, self.since, self.until, self.tz)
        self._fill()
        if since or until:
            self.since.value, self.until.value = _day(since), _day(until)
            self.preset.value = OWN
        self.preset.observe(lambda _: self._fill(), "value")
        self.tz.observe(lambda _: self._fill(), "value")
        for end in (self.since, self.until):
            end.observe(lambda _: self._chosen(), "value")

    def days(self) -> Days:
        """Return what is chosen now; a preset is counted from today, even if it was chosen yesterday."""
        with self._lock:
            self._fill()
            since, until, tz = self.since.value, self.until.value, self.tz.value.strip() or "UTC"
        return Days(since.isoformat() if since else None, until.isoformat() if until else None, tz)

    def _fill(self) -> None:
        """Show the days of the preset; the time zone decides which day is today."""
        preset = _PRESETS.get(self.preset.value)
        if preset is None:
            return
        try:
            today = self._clock.now().astimezone(ZoneInfo(self.tz.value.strip() or "UTC")).date()
        except (ValueError, KeyError, OSError):  # half typed; the source says later what is wrong with it
            return
        with self._lock:
            self._filling = True
            try:
                self.since.value, self.until.value = preset(today)
            finally:
                self._filling = False

    def _chosen(self) -> None:
        with self._lock:
            if not self._filling:
                self.preset.value = OWN


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"A panel chooses whole days, and {text!r} is not a day: give a date such as '2026-10-01', or use fetch()."
        ) from None
