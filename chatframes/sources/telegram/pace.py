"""How fast history is asked for: a burst, then the pace the service tolerates."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

from ...transfer.clock import Clock
from ...transfer.gate import Bound

BURST_PAGES = 40
SECONDS_PER_PAGE = 1.0
SLOWEST_SECONDS_PER_PAGE = 3.0  # about what Telegram's strictest days allow
QUIET_PAGES = 60  # so many without a complaint, and the pace is the usual one again


class Pace:
    """One for each account, shared by all its calls."""

    def __init__(self) -> None:
        self._seconds_per_page = SECONDS_PER_PAGE
        self._all_due = 0.0  # when the pages taken so far would be due, one at a time
        self._since_complaint = 0
        self._turn = asyncio.Lock()

    async def take(self, clock: Clock, place: Bound | None = None) -> None:
        """Wait until one more page may be asked for; who is interrupted while waiting has taken none.

        Parameters
        ----------
        place : Bound, optional
            Where the caller holds a place: other accounts have it during the wait.
        """
        if self._turn.locked() or self._wait_seconds(clock) > 0:
            async with place.lent() if place is not None else nullcontext(), self._turn:
                while (seconds := self._wait_seconds(clock)) > 0:  # a complaint may come meanwhile
                    await clock.sleep(seconds)
                self._count_one(clock)
        else:
            self._count_one(clock)

    def complain(self, clock: Clock) -> None:
        """The service asked to wait: no more bursts until things are quiet, and a slower pace for a while."""
        self._since_complaint = 0
        self._seconds_per_page = min(SLOWEST_SECONDS_PER_PAGE, self._seconds_per_page * 2)
        self._all_due = max(self._all_due, clock.monotonic() + self._burst_seconds)

    @property
    def _burst_seconds(self) -> float:
        return (BURST_PAGES - 1) * self._seconds_per_page

    def _wait_seconds(self, clock: Clock) -> float:
        return self._all_due - self._burst_seconds - clock.monotonic()

    def _count_one(self, clock: Clock) -> None:
        self._since_complaint += 1
        if self._since_complaint == QUIET_PAGES:
            wait_seconds = self._wait_seconds(clock)  # stays what it is, although a burst is shorter now
            self._seconds_per_page = SECONDS_PER_PAGE
            self._all_due = clock.monotonic() + wait_seconds + self._burst_seconds
        self._all_due = max(self._all_due, clock.monotonic()) + self._seconds_per_page
