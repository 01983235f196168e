"""Space out requests for history: first a burst, then the pace that Telegram tolerates."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

from ...transfer.bound import Bound
from ...transfer.clock import Clock

BURST_PAGES = 40
SECONDS_PER_PAGE = 1.0
SLOWEST_SECONDS_PER_PAGE = 3.0  # about what Telegram's strictest days allow
QUIET_PAGES = 60  # after so many pages without a complaint the usual pace returns


class Pace:
    """The pace of one account, shared by all its calls."""

    def __init__(self) -> None:
        self._seconds_per_page = SECONDS_PER_PAGE
        self._all_due = 0.0  # when all pages taken so far would be due at the steady pace
        self._since_complaint = 0
        self._turn = asyncio.Lock()

    async def take(self, clock: Clock, place: Bound | None = None) -> None:
        """Wait until one more page may be requested; an interrupted wait does not count as a page.

        Parameters
        ----------
        place : Bound, optional
            Where the caller holds a place; it is lent to others during the wait.
        """
        if self._turn.locked() or self._wait_seconds(clock) > 0:
            async with place.lent() if place is not None else nullcontext(), self._turn:
                while (seconds := self._wait_seconds(clock)) > 0:  # a complaint may come meanwhile
                    await clock.sleep(seconds)
                self._count_page(clock)
        else:
            self._count_page(clock)

    def complain(self, clock: Clock) -> None:
        """Note that the service asked to wait: no burst, and a slower pace, until QUIET_PAGES have passed."""
        self._since_complaint = 0
        self._seconds_per_page = min(SLOWEST_SECONDS_PER_PAGE, self._seconds_per_page * 2)
        self._all_due = max(self._all_due, clock.monotonic() + self._burst_seconds)

    @property
    def _burst_seconds(self) -> float:
        return (BURST_PAGES - 1) * self._seconds_per_page

    def _wait_seconds(self, clock: Clock) -> float:
        return self._all_due - self._burst_seconds - clock.monotonic()

    def _count_page(self, clock: Clock) -> None:
        self._since_complaint += 1
        if self._since_complaint == QUIET_PAGES:
            wait_seconds = self._wait_seconds(clock)  # unchanged, although a burst takes less time at the usual pace
            self._seconds_per_page = SECONDS_PER_PAGE
            self._all_due = clock.monotonic() + wait_seconds + self._burst_seconds
        self._all_due = max(self._all_due, clock.monotonic()) + self._seconds_per_page
