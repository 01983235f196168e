"""Count messages per day (or week, month, year), and draw the counts as a small chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..words import no_table
from .html import NO_FORMULAS, Html, bars, plain, sparkline

__all__ = ["Activity", "Plot", "count_activity", "plot_activity", "times_of"]

Unit = Literal["day", "week", "month", "year"]
Group = Literal["platform", "chat_name", "author_name", "kind"]

MOST_BARS = 120
MOST_GROUPS = 8
_UNITS: dict[Unit, str] = {"day": "D", "week": "W", "month": "M", "year": "Y"}
_GROUPS = get_args(Group)


@dataclass(frozen=True, slots=True)
class Activity:
    """The number of messages in each stretch of time.

    Attributes
    ----------
    unit : str
        ``day``, ``week``, ``month`` or ``year`` (UTC): the shortest that needs at most 120 stretches.
    counts : tuple of (str, int)
        The first day of each stretch, and its number of messages; stretches without messages are included, with 0.
    undated : int
        Messages without a time, which are in no stretch.
    older : int
        Messages before the first stretch, as only the last 120 stretches are counted.

    Examples
    --------
    >>> Activity("day", (("2026-10-01", 3), ("2026-10-02", 0))).html("messages").count("title=")
    2
    """

    unit: Unit = "day"
    counts: tuple[tuple[str, int], ...] = ()
    undated: int = 0
    older: int = 0

    @property
    def total(self) -> int:
        """How many there are in all, also those that are in no stretch."""
        return sum(number for _, number in self.counts) + self.undated + self.older

    def html(self, what: str, most: int | None = None) -> Html:
        """Return a bar chart of the counts; `what` names what is counted, and a count of `most` has the full height."""
        return bars(self.counts, f"{what} per {self.unit}", most)

    def __str__(self) -> str:
        return sparkline([number for _, number in self.counts])


def count_activity(times: pd.Series, among: pd.Series | None = None) -> Activity:
    """Count times (UTC) by day, or by the shortest longer stretch that needs at most 120 of them.

    When `times` are only some of the times in `among`, the stretches are those that `among` needs.

    Examples
    --------
    >>> count_activity(pd.to_datetime(pd.Series(["2026-10-01", "2026-10-03"]), utc=True)).counts
    (('2026-10-01', 1), ('2026-10-02', 0), ('2026-10-03', 1))
    """
    dated, every = times.dropna(), (times if among is None else among).dropna()
    undated = len(times) - len(dated)
    if every.empty:
        return Activity(undated=undated)
    for unit, code in _UNITS.items():
        periods = _naive(every).dt.to_period(code)
        first, last = periods.min(), periods.max()
        if last.ordinal - first.ordinal < MOST_BARS or unit == "year":
            break
    counted = _naive(dated).dt.to_period(code).value_counts()
    wanted = pd.period_range(max(first, last - (MOST_BARS - 1)), last)
    counts = tuple((f"{period.start_time:%Y-%m-%d}", int(counted.get(period, 0))) for period in wanted)
    return Activity(unit, counts, undated, len(dated) - sum(number for _, number in counts))


def _naive(times: pd.Series) -> pd.Series:
    naive: pd.Series = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return naive


_ONE = {"messages": "message", "people": "person"}


@dataclass(frozen=True, slots=True, repr=False)
class Plot:
    """Charts, one below the other; it shows itself in a notebook and prints itself in a terminal."""

    rows: tuple[tuple[str, Activity], ...]
    others: int = 0
    by: str = ""
    counted: Literal["messages", "people"] = "messages"
    nothing: str = "no messages"  # what to say instead of charts that would be empty

    @property
    def _is_empty(self) -> bool:
        return not any(activity.total for _, activity in self.rows)

    def __repr__(self) -> str:
        if self._is_empty:
            return self.nothing
        lines = [f"{plain(name)[:24]:24} |{activity}|" for name, activity in self.rows]
        return "\n".join([*lines, *self._days_line(), *([self._others_line()] if self.others else [])])

    def _days_line(self) -> list[str]:
        """Return what the charts are of, as they have no axis; all have the same one."""
        dated = [activity for _, activity in self.rows if activity.counts]
        if not dated:
            return []
        first, last = min(each.counts[0][0] for each in dated), max(each.counts[-1][0] for each in dated)
        return [f"{'':24}  {self.counted} per {dated[0].unit}, {first} to {last} (UTC)"]

    def _others_line(self) -> str:
        return f"and {self.others:,} more ({self.by}), none with more {self.counted}"

    def _repr_html_(self) -> str:
        return str(self._html())  # a plain str: a part of an `Html` is an `Html` too, and escapes what is added to it

    def _html(self) -> Html:
        if self._is_empty:
            return Html("<div {}>{}</div>").format(NO_FORMULAS, self.nothing)
        shown = []
        most = max((number for _, activity in self.rows for _, number in activity.counts), default=0)
        for name, activity in self.rows:
            total = sum(number for _, number in activity.counts)
            heading = Html("<b>{}</b>: {:,} {}").format(name, total, _ONE[self.counted] if total == 1 else self.counted)
            for number, which in ((activity.older, "older than that"), (activity.undated, "without a time")):
                heading += f", and {number:,} {which}" if number else ""
            chart = activity.html(self.counted, most)
            shown.append(Html('<div style="margin-bottom:8px"><div>{}</div>{}</div>').format(heading, chart))
        if self.others:
            shown.append(Html("<div>{}</div>").format(self._others_line()))
        return Html("<div {}>{}</div>").format(NO_FORMULAS, Html().join(shown))


def times_of(frame: pd.DataFrame, function: str, *others: str) -> pd.Series:
    """Return the times of a table of messages; ConfigError when it lacks them, or one of the `others` columns."""
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(f"{function}() takes a frame of fetch() or read_parquet(), not {no_table(frame)}.")
    for name in ("created_at", *others):
        if name not in frame.columns:
            raise ConfigError(f"{function}() takes a frame of fetch() or read_parquet(), with the column {name!r}.")
    times: pd.Series = frame["created_at"]
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise ConfigError(
            f"{function}() needs times with a time zone, but the column 'created_at' is {times.dtype}: "
            "convert it with pd.to_datetime(..., utc=True)."
        )
    return times


@checks_keywords
def plot_activity(frame: pd.DataFrame, *, by: Group | None = None) -> Plot:
    """Show when people talked: a bar for each day, or for each week, month or year of a longer range.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, whole or filtered.
    by : str, optional
        One chart for each of the eight most frequent values of ``platform``, ``chat_name``, ``author_name`` or
        ``kind``, all on one scale; a line says how many more values there are.

    Returns
    -------
    Plot
        Shows itself. Its ``rows`` are (name, `Activity`), and ``others`` is how many are not among them; days are
        those of UTC.

    Raises
    ------
    ConfigError
        If `frame` is not a table of messages, or `by` is not one of these.

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox(days=7) as world:
    ...     df = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False)
    >>> (name, activity), = plot_activity(df).rows
    >>> name, len(activity.counts), sum(number for _, number in activity.counts)
    ('all', 7, 300)
    """
    times = times_of(frame, "plot_activity")
    if by is None:
        return Plot((("all", count_activity(times)),))
    if by not in _GROUPS:
        raise ConfigError(f"plot_activity() cannot take by={by!r}: write one of {', '.join(_GROUPS)}.")
    if by not in frame.columns:
        raise ConfigError(
            f"plot_activity() finds no column {by!r} in this frame: give it a frame of fetch(), with all columns."
        )
    counts = frame[by].value_counts()
    names = counts[counts > 0].index
    rows = ((str(name), count_activity(times[frame[by] == name], among=times)) for name in names[:MOST_GROUPS])
    return Plot(tuple(rows), max(0, len(names) - MOST_GROUPS), by)
