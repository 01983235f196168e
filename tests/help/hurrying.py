"""Clocks that run faster than the wall's, and stand still while this process waits for a processor.

A busy machine must not make a deadline pass of which the library has seen nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from help.fakes import STARTS

from chatframes.transfer.clock import SYSTEM, Clock

THREADS = "/proc/self/task"  # on Linux
SLOWEST = 3  # times slower at most: threads that wait side by side are counted one by one


def fast_clock(times: float, seed: int = 0, starts: datetime = STARTS) -> Clock:
    """Return a clock on which everything happens `times` faster than it really does."""
    passed, last = 0.0, (time.monotonic(), _seconds_without_processor())

    def monotonic() -> float:
        nonlocal passed, last
        now = (time.monotonic(), _seconds_without_processor())
        wall, starved = now[0] - last[0], max(0.0, now[1] - last[1])  # less than before: a thread has ended
        passed += max(wall / SLOWEST, wall - starved)
        last = now
        return passed * times

    async def sleep(seconds: float) -> None:
        end = monotonic() + seconds
        await asyncio.sleep(0)
        while (left := end - monotonic()) > 0:
            await asyncio.sleep(left / times)

    return Clock(lambda: starts + timedelta(seconds=monotonic()), monotonic, sleep, random.Random(seed).random)


def hurry(monkeypatch: pytest.MonkeyPatch, times: float, starts: datetime | None = None) -> None:
    """Let the library's clock run so many times faster, so that its waits and deadlines cost a test little."""
    clock = replace(fast_clock(times), now=SYSTEM.now) if starts is None else fast_clock(times, starts=starts)
    monkeypatch.setattr("chatframes.api.clock", clock)


def _seconds_without_processor() -> float:
    """Return how long the threads of this process, together, were ready to run and did not."""
    if not os.path.exists(THREADS):
        return 0.0
    total = 0
    for thread in os.listdir(THREADS):
        with suppress(OSError):  # the thread has ended
            total += _nanoseconds_waited(f"{THREADS}/{thread}/schedstat")
    return total / 1e9


def _nanoseconds_waited(path: str) -> int:
    """Read the second number of the file; every look at the clock reads many, and `Path` takes five times as long."""
    file = os.open(path, os.O_RDONLY)
    try:
        return int(os.read(file, 100).split()[1])
    finally:
        os.close(file)
