"""Measure one call while it runs, in constant memory: how busy its connections were, how fast pictures came, and more.

A `Meter` is told everything, and asks nobody. What it was not told is None in its figures, and not 0.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..model import Outcome
from .course import Course
from .durations import Durations
from .measures import ApiBudget, Use, Wait

__all__ = ["NOBODY_KNOWS", "Levels", "Meter", "peak_memory_bytes"]

MOST_REASONS = 40  # there are fewer; a source of another distribution may have its own
COUNTS = ("images", "failed", "image_bytes")
LEVELS = ("downloads", "gate_width", "connections")


@dataclass(frozen=True, slots=True)
class Levels:
    """What is in use at one moment in this process; None where it is not known, or there is no such thing.

    Attributes
    ----------
    downloads, peak_downloads, most_downloads : int or None
        Downloads under way, under way at once so far, and how many there may be.
    gate_width : int or None
        How many requests for them there may be at once, where hosts take fewer.
    connections, peak_connections, most_connections : int or None
        Connections in use, in use at once so far, and how many there may be.
    """

    downloads: int | None = None
    most_downloads: int | None = None
    gate_width: int | None = None
    connections: int | None = None
    peak_connections: int | None = None
    most_connections: int | None = None
    peak_downloads: int | None = None


NOBODY_KNOWS = Levels()


class Meter:
    """The measurements of one call.

    Parameters
    ----------
    clock : callable
        The time in seconds, from any starting point.

    Examples
    --------
    >>> meter = Meter(iter([0.0, 2.0, 2.0]).__next__)
    >>> meter.settled(Outcome("ok", data=b"...", attempts=1, elapsed_ms=500))
    >>> meter.told(("webex",))["download_seconds"]["median"]
    0.5
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self._ended: float | None = None
        self._images: Counter[tuple[str, str | None]] = Counter()
        self._durations = Durations()
        self._kept_bytes = self._repeated = 0
        self._first_begun: float | None = None  # seconds after the call began, like the next one
        self._last_settled: float | None = None
        self._levels, self._looked_at, self._pending = NOBODY_KNOWS, 0.0, False
        self._downloads, self._connections = Use(), Use()
        self._width: int | None = None  # of the gate, as it was last seen
        self._narrowest: int | None = None
        self._waits: dict[str, Wait] = {}
        self._budgets: dict[str, ApiBudget] = {}
        self._course = Course(COUNTS, LEVELS)

    @property
    def _now(self) -> float:
        """Seconds since the call began; when it has ended, how long it took."""
        return (self._clock() if self._ended is None else self._ended) - self._started

    def end(self) -> None:
        """Note that the call is over: for it no more time passes."""
        if self._ended is None:
            self.look(self._levels, pending=self._pending)
            self._ended = self._clock()

    def look(self, levels: Levels, *, pending: bool) -> None:
        """Note what is in use now; so it stays until the next look.

        Parameters
        ----------
        levels : Levels
        pending : bool
            Whether there is anything to download: else it is no wonder that nothing is under way.
        """
        if self._first_begun is None:  # how many there may be at once is found out with the first one
            levels = replace(levels, gate_width=None)
        now, before = self._now, self._levels
        if now > self._looked_at:
            held = {name: getattr(before, name) for name in LEVELS}
            self._course.hold(held, self._looked_at, now)
            if self._pending:
                self._downloads.held(before.downloads, before.most_downloads, now - self._looked_at)
                self._connections.held(before.connections, before.most_connections, now - self._looked_at)
        self._levels, self._looked_at, self._pending = levels, now, pending
        self._downloads.saw(levels.downloads, levels.most_downloads)
        self._downloads.saw(levels.peak_downloads)
        self._connections.saw(levels.peak_connections, levels.most_connections)
        if levels.gate_width is not None:
            self._width = levels.gate_width
            self._narrowest = min(levels.gate_width, self._narrowest or levels.gate_width)

    def begun(self, downloads: int) -> None:
        """Note that a download begins; with it so many are under way."""
        if self._first_begun is None:
            self._first_begun = self._now
        self._downloads.saw(downloads)

    def settled(self, outcome: Outcome) -> None:
        """Note what became of one attachment."""
        now, is_known = self._now, len(self._images) < MOST_REASONS
        key = (outcome.status, outcome.reason)
        self._images[key if is_known or key in self._images else (outcome.status, "other")] += 1
        self._repeated += max(0, outcome.attempts - 1)
        if outcome.status == "failed":
            self._course.count("failed", 1, now)
        if outcome.status != "ok":
            return
        self._last_settled = now
        self._course.count("images", 1, now)
        if outcome.attempts and outcome.elapsed_ms is not None:  # else no request of its own was needed
            size = len(outcome.data or b"")
            self._kept_bytes += size
            self._course.count("image_bytes", size, now)
            self._durations.add(outcome.elapsed_ms / 1000)

    def waits(self, service: str, seconds: float) -> bool:
        """Note that a service asks to wait; return False when this wait was told of before, by another request."""
        return self._waits.setdefault(service, Wait()).begins(self._now, seconds)

    def api_budget(self, service: str, left: float, of: float | None, resets_in_seconds: float | None) -> None:
        """Note how many requests a service says are left, of how many, and when they are counted anew."""
        lowest = left if service not in self._budgets else min(left, self._budgets[service].lowest)
        self._budgets[service] = ApiBudget(left, of, resets_in_seconds, lowest)

    def told(
        self,
        services: Iterable[str],
        *,
        pages: int = 0,
        repeated_requests: int = 0,
        pending: int = 0,
        received_bytes: int | None = None,
        pool_timeouts: int = 0,
    ) -> dict[str, Any]:
        """Return all of it as small plain JSON; docs/metrics.md says what each number means.

        Parameters
        ----------
        services : iterable of str
            Those of the call.
        pages, repeated_requests, pool_timeouts, pending : int
            What the sources have counted, and how many attachments have no outcome yet.
        received_bytes : int, optional
            Of attachments, whatever became of them.
        """
        now, services = self._now, {*services}
        per_second = self._per_second(self._images["ok", None])
        return {
            "seconds": round(now, 3),
            "images": {**self._outcomes(), "pending": pending, "per_second": per_second},
            "download_seconds": self._download_seconds(),
            "downloads": self._downloads.told(),
            "gate_width": {"last": self._width, "least": self._narrowest},
            "connections": {
                **self._connections.told(),
                "timeouts": pool_timeouts if self._connections.is_known else None,
            },
            "bytes": {
                "kept": self._kept_bytes,
                "received": received_bytes,
                "per_second": None if received_bytes is None else self._per_second(received_bytes),
            },
            "pages": pages,
            "retries": {"requests": repeated_requests, "downloads": self._repeated},
            "waits": {name: self._waited(name, now) for name in sorted(services | self._waits.keys())},
            "api_budget": {
                name: self._budgets[name].told() if name in self._budgets else None
                for name in sorted(services | self._budgets.keys())
            },
            "peak_memory_bytes": peak_memory_bytes(),
            "over_time": self._course.told(now),
        }

    def _outcomes(self) -> dict[str, Any]:
        told: dict[str, Any] = {"ok": self._images["ok", None], "skipped": {}, "failed": {}}
        for (status, reason), number in sorted(self._images.items(), key=str):
            if status != "ok" and number:
                told[status][str(reason)] = number
        tried = told["ok"] + sum(told["failed"].values())
        return {**told, "success_rate": round(told["ok"] / tried, 4) if tried else None}

    def _download_seconds(self) -> dict[str, Any]:
        durations = self._durations
        figures = {
            "mean": durations.mean,
            "median": durations.quantile(0.5),
            "p95": durations.quantile(0.95),
            "longest": durations.longest if durations.number else None,
        }
        rounded = {name: None if seconds is None else round(seconds, 4) for name, seconds in figures.items()}
        return {"number": durations.number, **rounded}

    def _per_second(self, number: int) -> float | None:
        """Return a number per second, while pictures came; None where none did."""
        if self._first_begun is None or self._last_settled is None or self._last_settled <= self._first_begun:
            return None
        return round(number / (self._last_settled - self._first_begun), 2)

    def _waited(self, service: str, now: float) -> dict[str, Any]:
        wait = self._waits.get(service, Wait())
        return {"number": wait.number, "seconds": round(wait.seconds(now), 2)}


def peak_memory_bytes() -> int | None:
    """Return the most memory that this process has had since it began; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
