"""Space out requests to Reddit so that its budget of requests lasts.

Reddit counts the requests of a client over ten minutes, and every answer says how many are left and until when. The
first half is sent without a pause, since most calls need only a burst; the rest is spread evenly over the time left.
"""

from __future__ import annotations

import math

import httpx

USUAL_SECONDS_PER_REQUEST = 0.6  # 100 a minute


class Budget:
    """The budget of one client, as Reddit last reported it."""

    def __init__(self) -> None:
        self._left: float | None = None
        self._total = 0.0

    def pause_seconds(self, headers: httpx.Headers) -> float:
        """Return the seconds to wait before the next request, given the headers of an answer."""
        if (said := as_said(headers)) is None:
            return 0.0
        left, used, reset = said
        self._left, self._total = left, left + (used or 0.0)
        if left < 1:
            return max(1.0, reset)
        return 0.0 if left > self._total / 2 else reset / left

    def seconds_for(self, requests: int) -> float:
        """Estimate how many seconds this many requests will wait for the budget."""
        if self._left is None:
            return requests * USUAL_SECONDS_PER_REQUEST
        at_once = max(0.0, self._left - self._total / 2)
        return max(0.0, requests - at_once) * USUAL_SECONDS_PER_REQUEST


def as_said(headers: httpx.Headers) -> tuple[float, float | None, float] | None:
    """Return how many requests are left, how many were sent, and the seconds until they are counted anew, as said."""
    left, used, reset = (_number(headers, name) for name in ("remaining", "used", "reset"))
    return None if left is None or reset is None else (left, used, reset)


def _number(headers: httpx.Headers, name: str) -> float | None:
    try:
        value = float(headers.get(f"x-ratelimit-{name}", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
