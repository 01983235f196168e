"""Say how long to wait before a failed request is tried again, and how many such retries a call has.

What a service itself asks for goes first (answers.py); `patience` does the waiting, within the limits of the call.
"""

from __future__ import annotations

from .clock import Clock

MOST_RETRIES = 200.0  # of one call at one host while nothing succeeds: enough for whatever ails single files
RETRIES_PER_SUCCESS = 0.5  # are given back by each request that succeeds


def backoff_seconds(failures: int, clock: Clock) -> float:
    """Return how long to wait after so many failures: doubling from 1 s up to 30 s, times a random factor."""
    ceiling = min(30.0, 0.5 * 2.0 ** max(failures, 1))
    # At least a tenth of it, since a wait of nearly nothing would not ease the load on the service.
    return float(max(0.1, clock.random()) * ceiling)


class RetryBudget:
    """Bounds the retries after failures, so that an outage is not met with several times the usual requests.

    Waits that a service asks for are outside of it: they end when the service says so.
    """

    def __init__(self) -> None:
        self._left = MOST_RETRIES

    def succeeded(self) -> None:
        """Note that something was answered."""
        self._left = min(MOST_RETRIES, self._left + RETRIES_PER_SUCCESS)

    def take(self) -> bool:
        """Whether one more retry is left; it is then taken."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
