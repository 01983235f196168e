"""How much of the time that passes this process can use: on a busy machine it waits for a processor meanwhile."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import NamedTuple

_THREADS = "/proc/self/task"  # on Linux; elsewhere every second counts
_SLOWEST = 3  # times slower than the wall's clock at most: threads that wait side by side are counted one by one


class Moment(NamedTuple):
    """A moment of this process: `starved` is how long its threads, together, were ready to run and did not."""

    seconds: float
    starved: float


def this_moment() -> Moment:
    """Look at the clock, and at how long the threads have waited."""
    return Moment(time.monotonic(), _seconds_without_processor())


def awake_seconds(since: Moment, until: Moment) -> float:
    """Return the time between two moments without that in which the process waited for a processor."""
    wall, starved = until.seconds - since.seconds, max(0.0, until.starved - since.starved)  # less: a thread has ended
    return max(wall / _SLOWEST, wall - starved)


def _seconds_without_processor() -> float:
    if not os.path.exists(_THREADS):
        return 0.0
    total = 0
    for thread in os.listdir(_THREADS):
        with suppress(OSError):  # the thread has ended
            total += _nanoseconds_waited(f"{_THREADS}/{thread}/schedstat")
    return total / 1e9


def _nanoseconds_waited(path: str) -> int:
    file = os.open(path, os.O_RDONLY)  # a test's clock reads a hundred thousand: `Path` takes five times as long
    try:
        return int(os.read(file, 100).split()[1])
    finally:
        os.close(file)
