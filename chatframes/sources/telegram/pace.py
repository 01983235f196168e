"""How fast history is asked for: a burst, then the pace the service tolerates."""

from __future__ import annotations

from ...transfer.clock import Clock

BURST_PAGES = 40
SECONDS_PER_PAGE = 1.0
SLOWEST_SECONDS_PER_PAGE = 3.0  # about what Telegram's strictest days allow
QUIET_PAGES = 60  # so many without a complaint, and the pace is the usual one again


class Pace:
    """One for each account, shared by all its calls."""

    def __init__(self) -> None:
        self._seconds_per_page = SECONDS_PER_PAGE
        self._all_paid = 0.0  # when the pages taken so far would be due, one at a time
        self._since_complaint = 0

    async def take(self, clock: Clock) -> None:
        """Wait until one more page may be asked for."""
        now = clock.monotonic()
        allowance = (BURST_PAGES - 1) * self._seconds_per_page
        self._all_paid = max(self._all_paid, now) + self._seconds_per_page
        self._since_complaint += 1
        if self._since_complaint == QUIET_PAGES:
            self._seconds_per_page = SECONDS_PER_PAGE
        wait = self._all_paid - self._seconds_per_page - allowance - now
        if wait > 0:
            try:
                await clock.sleep(wait)
            except BaseException:  # who is interrupted has taken no page
                self._all_paid -= self._seconds_per_page
                raise

    def complain(self, clock: Clock) -> None:
        """The service asked to wait: no more bursts until things are quiet, and a slower pace for a while."""
        self._since_complaint = 0
        self._seconds_per_page = min(SLOWEST_SECONDS_PER_PAGE, self._seconds_per_page * 2)
        self._all_paid = max(self._all_paid, clock.monotonic() + (BURST_PAGES - 1) * self._seconds_per_page)
