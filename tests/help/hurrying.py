"""Clocks that run faster than the wall's, and stand still while this process waits for a processor.

A busy machine must not make a deadline pass of which the library has seen nothing.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from help.fakes import STARTS

from chatframes.transfer.clock import SYSTEM, Clock
from chatframes.world.awake import awake_seconds, this_moment


def fast_clock(times: float, seed: int = 0, starts: datetime = STARTS) -> Clock:
    """Return a clock on which everything happens `times` faster than it really does."""
    passed, last = 0.0, this_moment()

    def monotonic() -> float:
        nonlocal passed, last
        now = this_moment()
        passed += awake_seconds(last, now)
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
