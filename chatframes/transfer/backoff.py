"""Say how long to wait before a request that failed is tried again, for every service.

What a service itself asks for goes first (answers.py); `patience` does the waiting, within the limits of the call.
"""

from __future__ import annotations

from .clock import Clock


def backoff_seconds(failures: int, clock: Clock) -> float:
    """Return how long to wait after so many failures: doubling from 1 s up to 30 s, times a random factor."""
    ceiling = min(30.0, 0.5 * 2.0 ** max(failures, 1))
    # At least a tenth of it, since a wait of nearly nothing would not ease the load on the service.
    return float(max(0.1, clock.random()) * ceiling)
