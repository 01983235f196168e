"""Say how slowly the bytes of an attachment may come."""

from __future__ import annotations

from ..model import Refusal
from .clock import Clock

__all__ = ["Pace", "total_seconds"]

TOTAL_SECONDS = 180.0
SLOWEST_BYTES_PER_SECOND = 64 * 1024  # large limits get longer than TOTAL_SECONDS, at this pace
STALL_SECONDS = 30.0
STALL_BYTES = 30 * 1024


def total_seconds(largest_bytes: int) -> float:
    """Return how long a body may take, all its tries together."""
    return max(TOTAL_SECONDS, largest_bytes / SLOWEST_BYTES_PER_SECOND)


class Pace:
    """The time limits of one body: a total time, and a minimum speed in each interval of STALL_SECONDS."""

    def __init__(self, clock: Clock, largest_bytes: int) -> None:
        self._clock = clock
        self._total_seconds = total_seconds(largest_bytes)
        self.restart()

    def restart(self) -> None:
        """Start measuring now: the server is not to blame for the time spent waiting for room in memory."""
        now = self._clock.monotonic()
        self._deadline = now + self._total_seconds
        self._next_check_at, self._bytes_at_last_check = now + STALL_SECONDS, 0

    def excuse(self, seconds: float) -> None:
        """Leave out time that was spent waiting for our own limits."""
        self._deadline += seconds
        self._next_check_at += seconds

    def check(self, size_bytes: int) -> None:
        """Raise Refusal if so many bytes are too few by now."""
        now = self._clock.monotonic()
        if now > self._deadline or (now > self._next_check_at and size_bytes - self._bytes_at_last_check < STALL_BYTES):
            raise Refusal("failed", "too_slow", f"only {size_bytes} bytes came in time")
        if now > self._next_check_at:
            self._next_check_at, self._bytes_at_last_check = now + STALL_SECONDS, size_bytes
