"""Reddit's budget of requests: how much of it is left, and how fast to go so that it lasts.

Reddit counts the requests of a client over ten minutes, and every answer says how many are left until when. The
first half of them may go at once, for bursts are what the long window is for; the rest is spread over what is left
of it, so that no wait is ever longer than the budget makes it.
"""

from __future__ import annotations

import math

import httpx

USUAL_SECONDS_PER_REQUEST = 0.6  # 100 a minute


class Budget:
    """What Reddit last said about one client."""

    def __init__(self) -> None:
        self._left: float | None = None
        self._total = 0.0

    def pause_seconds(self, headers: httpx.Headers) -> float:
        """Return how long the answer with these headers asks to wait before the next request, in seconds."""
        left, used, reset = (_number(headers, name) for name in ("remaining", "used", "reset"))
        if left is None or reset is None:
            return 0.0
        self._left, self._total = left, left + (used or 0.0)
        if left < 1:
            return max(1.0, reset)
        return 0.0 if left > self._total / 2 else reset / left

    def seconds_for(self, requests: int) -> float:
        """Return about how long so many requests will wait for the budget."""
        if self._left is None:
            return requests * USUAL_SECONDS_PER_REQUEST
        at_once = max(0.0, self._left - self._total / 2)
        return max(0.0, requests - at_once) * USUAL_SECONDS_PER_REQUEST


def _number(headers: httpx.Headers, name: str) -> float | None:
    try:
        value = float(headers.get(f"x-ratelimit-{name}", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
