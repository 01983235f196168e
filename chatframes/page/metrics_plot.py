"""Draw the metrics of a call: its figures as a table, and how it went over time as small charts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..words import bytes_in_words, counted, seconds_in_words
from .html import COLOURS, NO_FORMULAS, Html, plain, sparkline, table

__all__ = ["MetricsPlot"]

MOST_BARS = 120
NOT_KNOWN = "not known"
NO_METRICS = "There are no metrics here: an older version made this report, or it tells of several calls together."
# What is drawn over time: its name in the metrics, what it is called, and which of the metrics is a line above it.
CHARTS = (
    ("images", "pictures per second", None),
    ("image_bytes", "bytes per second", None),
    ("downloads", "downloads under way", "gate_width"),
    ("connections", "connections in use", None),
    ("failed", "failures per second", None),
)
PER_SECOND = ("images", "image_bytes", "failed")


@dataclass(frozen=True, slots=True)
class _Chart:
    """Heights over time, None where they are not known, and perhaps a line above them."""

    what: str
    heights: Sequence[float | None]
    line: Sequence[float | None]
    seconds: float  # that it is of
    in_bytes: bool

    @property
    def most(self) -> float:
        return max((height for height in self.heights if height is not None), default=0.0)

    def words(self, height: float | None) -> str:
        if height is None:
            return NOT_KNOWN
        return bytes_in_words(round(height)) if self.in_bytes else f"{height:,.1f}".removesuffix(".0")

    @property
    def caption(self) -> str:
        said = f"{self.what}, over {seconds_in_words(self.seconds)}: at most {self.words(self.most)}"
        wide = [width for width in self.line if width is not None]
        return (
            f"{said}; the line is the gate, {self.words(min(wide))} to {self.words(max(wide))} wide" if wide else said
        )


@dataclass(frozen=True, slots=True, repr=False)
class MetricsPlot:
    """The metrics of one call; it shows itself in a notebook and prints itself in a terminal.

    Parameters
    ----------
    metrics : mapping or None
        As `Report.metrics` holds them. What is not what it should be counts as not known.

    Examples
    --------
    >>> print(MetricsPlot({"images": {"ok": 3, "success_rate": 0.75}, "peak_memory_bytes": 2_000_000}))
    pictures    3 ok, 75 % of those tried
    downloads   not known
    connections not known
    memory      2.0 MB at most, since this process began
    >>> "no metrics here" in repr(MetricsPlot(None))
    True
    """

    metrics: Mapping[str, Any] | None

    def __repr__(self) -> str:
        if not self.metrics:
            return NO_METRICS
        lines = [f"{label:12}{text}" for label, text in self._rows()]
        for chart in self._charts():
            blocks = sparkline([math.ceil(100 * (height or 0.0)) for height in chart.heights])
            lines += [f"|{blocks}|", f" {chart.caption}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self._html())  # a plain str: a part of an `Html` is an `Html` too, and escapes what is added to it

    def _html(self) -> Html:
        if not self.metrics:
            return Html("<div>{}</div>").format(NO_METRICS)
        charts = Html().join(_drawn(chart) for chart in self._charts())
        return Html("<div {}>{}{}</div>").format(NO_FORMULAS, table(self._rows()), charts)

    def _rows(self) -> list[tuple[str, str]]:
        """Return the figures that are known as (label, text)."""
        told = _Told(self.metrics or {})
        rows = (
            ("pictures", _pictures(told)),
            ("one takes", _durations(told)),
            ("bytes", _bytes(told)),
            ("downloads", _use(told, "downloads")),
            ("gate", _gate(told)),
            ("connections", _use(told, "connections")),
            ("repeated", _repeated(told)),
            *_waits(told),
            *_budgets(told),
            ("memory", _memory(told)),
        )
        return [(label, text) for label, text in rows if text]

    def _charts(self) -> list[_Chart]:
        """Return what changed over time; what was 0 or not known all the time is left out."""
        over_time = _Told(self.metrics or {}).part("over_time")
        stretch = over_time.number("stretch_seconds") or 0.0
        if stretch <= 0:
            return []
        charts = []
        for name, what, line in CHARTS:
            heights = over_time.numbers(name)
            if name in PER_SECOND:
                heights = [None if height is None else height / stretch for height in heights]
            widths = over_time.numbers(line)[: len(heights)] if line else []
            if any(heights):
                charts.append(_Chart(what, heights, widths, len(heights) * stretch, name == "image_bytes"))
        return charts


class _Told:
    """Metrics, in which anything may be missing or be something else: a file may have been written by anybody."""

    def __init__(self, told: object) -> None:
        self.told = told if isinstance(told, Mapping) else {}

    def part(self, name: str) -> _Told:
        return _Told(self.told.get(name))

    def number(self, name: str) -> float | None:
        return _number(self.told.get(name))

    def numbers(self, name: str) -> list[float | None]:
        listed = self.told.get(name)
        return [_number(each) for each in listed[:MOST_BARS]] if isinstance(listed, list | tuple) else []


def _number(value: object) -> float | None:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_one and 0 <= value < 1e18 else None  # type: ignore[operator, arg-type]


def _pictures(told: _Told) -> str:
    images = told.part("images")
    ok, rate, speed = images.number("ok"), images.number("success_rate"), images.number("per_second")
    parts = [f"{ok:,.0f} ok" if ok is not None else ""]
    parts += [f"{100 * rate:.0f} % of those tried" if rate is not None else ""]
    parts += [f"{speed:,.1f} per second" if speed is not None else ""]
    for status in ("skipped", "failed"):
        reasons = images.part(status)
        for reason in list(reasons.told)[:8]:
            if number := reasons.number(reason):
                parts.append(f"{number:,.0f} {status} ({plain(reason)[:40]})")
    return ", ".join(filter(None, parts))


def _durations(told: _Told) -> str:
    durations = told.part("download_seconds")
    said = [(name, durations.number(name)) for name in ("median", "mean", "p95", "longest")]
    return ", ".join(f"{name} {_short(seconds)}" for name, seconds in said if seconds is not None)


def _short(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 0.9995 else seconds_in_words(seconds)


def _bytes(told: _Told) -> str:
    sizes = told.part("bytes")
    received, kept, speed = (sizes.number(name) for name in ("received", "kept", "per_second"))
    parts = [f"{bytes_in_words(round(received))} received" if received is not None else ""]
    parts += [f"{bytes_in_words(round(kept))} kept" if kept is not None else ""]
    parts += [f"{bytes_in_words(round(speed))} per second" if speed is not None else ""]
    return ", ".join(filter(None, parts))


def _use(told: _Told, name: str) -> str:
    use = told.part(name)
    mean, peak, most, share = (use.number(each) for each in ("mean", "peak", "most", "utilisation"))
    if peak is None:
        return NOT_KNOWN
    of = f" of {most:,.0f}" if most is not None else ""
    on_average = f"; {mean:,.1f} on average" if mean is not None else ""
    in_use = f", {100 * share:.0f} % in use" if share is not None else ""
    return f"at most {peak:,.0f}{of} at once{on_average}{in_use}"


def _gate(told: _Told) -> str:
    last, least = told.part("gate_width").number("last"), told.part("gate_width").number("least")
    return "" if last is None or least is None else f"{last:,.0f} wide at the end, {least:,.0f} at its narrowest"


def _repeated(told: _Told) -> str:
    requests, downloads = told.part("retries").number("requests"), told.part("retries").number("downloads")
    if requests is None or downloads is None:
        return ""
    return f"{counted(int(requests), 'request')}, {counted(int(downloads), 'download')}"


def _waits(told: _Told) -> list[tuple[str, str]]:
    rows = []
    waits = told.part("waits")
    for service in list(waits.told)[:8]:
        number, seconds = waits.part(service).number("number"), waits.part(service).number("seconds")
        if number:
            rows.append(
                ("waits", f"{number:,.0f} for {plain(service)[:40]}, {seconds_in_words(seconds or 0.0)} in all")
            )
    return rows


def _budgets(told: _Told) -> list[tuple[str, str]]:
    rows = []
    budgets = told.part("api_budget")
    for service in list(budgets.told)[:8]:
        left, lowest, of = (budgets.part(service).number(name) for name in ("left", "lowest", "of"))
        if left is not None:
            of_all = f" of {of:,.0f}" if of is not None else ""
            least = f", {lowest:,.0f} at the lowest" if lowest is not None else ""
            rows.append(("API budget", f"{plain(service)[:40]} leaves {left:,.0f}{of_all} requests{least}"))
    return rows


def _memory(told: _Told) -> str:
    peak = told.number("peak_memory_bytes")
    return f"{bytes_in_words(round(peak))} at most, since this process began" if peak is not None else ""


_FRAME = "display:flex;align-items:flex-end;gap:1px;height:48px;max-width:640px;margin-top:8px"
_BAR = Html(
    '<div title="{}" style="flex:1 1 0;max-width:14px;height:100%;position:relative;min-width:1px">'
    '<div style="position:absolute;bottom:0;left:0;right:0;height:{}%;background:{}"></div>{}</div>'
)
_MARK = Html('<div style="position:absolute;left:0;right:-1px;bottom:{}%;height:1px;background:{}"></div>')


def _drawn(chart: _Chart) -> Html:
    """Return a chart as bars; its caption is what a screen reader says in its place."""
    top = max([chart.most, *(width for width in chart.line if width is not None)])
    bars = []
    for place, height in enumerate(chart.heights):
        width = chart.line[place] if place < len(chart.line) else None
        percent = 0 if not height else max(3, round(100 * height / top))
        mark = Html() if width is None else _MARK.format(min(98, round(100 * width / top)), COLOURS["failed"])
        said = f"{_short(place * chart.seconds / len(chart.heights))}: {chart.words(height)}"
        bars.append(_BAR.format(said, percent, COLOURS["messages"], mark))
    frame = Html('<div role="img" aria-label="{0}" style="{1}">{2}</div><div style="{3}">{0}</div>')
    return frame.format(chart.caption, _FRAME, Html().join(bars), "font-size:85%;opacity:.75")
