"""Pass time and randomness in as an object, so that tests can replace them and need not wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The source of every wait, deadline and random delay of the library."""

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


SYSTEM = Clock()


def backoff_seconds(failures: int, clock: Clock) -> float:
    """Return how long to wait after so many failures: doubling from 1 s up to 30 s, times a random factor."""
    ceiling = min(30.0, 0.5 * 2.0 ** max(failures, 1))
    # At least a tenth of it, since a wait of nearly nothing would not ease the load on the service.
    return float(max(0.1, clock.random()) * ceiling)
