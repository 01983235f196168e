"""The bound of one service in this process: downloads and page requests at once, and the waits it asked for.

There is one gate per service, whatever the number of calls, chats, cells and widgets. Where two calls bring different
limits, the lower one holds while both run.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from .. import kept
from .clock import Clock

IMAGE_WAIT_SECONDS = 60.0  # an attachment waits no longer, whatever the service asks for


class Bound:
    """At most `limit` holders at once, first come first served."""

    def __init__(self) -> None:
        self._limits: list[int] = []
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.active = 0
        self.peak = 0

    @property
    def limit(self) -> int:
        """The lowest limit of the calls now running; 1 when none is."""
        return min(self._limits, default=1)

    def limit_with(self, another: int) -> int:
        """Return the lowest limit of the calls now running, and another one."""
        return min([*self._limits, another])

    @contextmanager
    def limited_to(self, limit: int) -> Iterator[None]:
        """Take part with a limit of one's own."""
        self._limits.append(limit)
        self._wake()
        try:
            yield
        finally:
            self._limits.remove(limit)
            self._wake()

    async def __aenter__(self) -> None:
        if self.active < self.limit and not self._waiters:
            self._enter()
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():  # a place was given to one who no longer wants it
                self._leave()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _enter(self) -> None:
        self.active += 1
        self.peak = max(self.peak, self.active)

    def _leave(self) -> None:
        self.active -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiters and self.active < self.limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._enter()
                waiter.set_result(None)


class TooLong(Exception):
    """The service is closed for longer than the caller may wait. Never reaches a user."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(f"closed until {retry_at:%Y-%m-%d %H:%M:%S} UTC")
        self.retry_at = retry_at


class Gate:
    """One service's bounds and waits.

    Where a service limits each kind of request on its own, `kind` says which wait is meant.
    """

    def __init__(self) -> None:
        self.downloads = Bound()
        self.pages = Bound()
        self._closed_until: dict[str, float] = {}

    def close_for(self, seconds: float, clock: Clock, kind: str = "") -> None:
        """Send nothing of this kind to the service for `seconds`: it has asked for that."""
        self._closed_until[kind] = max(self._closed_until.get(kind, 0.0), clock.monotonic() + seconds)

    async def wait_open(
        self, budget_seconds: float, clock: Clock, tell: Callable[[float], None] | None = None, kind: str = ""
    ) -> float:
        """Wait until the service may be asked again; return the seconds waited.

        Raises
        ------
        TooLong
            At once, when that is further away than `budget_seconds`.
        """
        waited, told = 0.0, None
        while (seconds := self._closed_until.get(kind, 0.0) - clock.monotonic()) > 0:
            if waited + seconds > budget_seconds:
                raise TooLong(clock.now() + timedelta(seconds=seconds))
            if tell is not None and told != self._closed_until[kind]:
                told = self._closed_until[kind]
                tell(seconds)
            await clock.sleep(seconds)
            waited += seconds
        return waited


_gates: dict[str, Gate] = kept.new_dict()


def gate(service: str) -> Gate:
    """Return the one gate of a service in this process."""
    return _gates.setdefault(service, Gate())
