"""Time and chance, handed in: tests turn hours into nothing by handing in another clock."""

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
    """Where every wait, deadline and jitter of the library comes from."""

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


SYSTEM = Clock()


def backoff_seconds(failures: int, clock: Clock) -> float:
    """Wait before try number `failures` + 1: doubling from half a second up to 30 s, with full jitter."""
    ceiling = min(30.0, 0.5 * 2.0 ** max(failures, 1))
    # Never below a tenth of it: a jitter of nearly nothing is no back-off at all.
    return float(max(0.1, clock.random()) * ceiling)
