"""Bound the requests of each service in this process, and keep the waits that each account was asked for.

There is one gate per service, whatever the number of calls, chats, cells and widgets. Where two calls bring different
limits, the lower one holds while both run. A wait that a service asks for holds for all calls of the account that was
asked to wait, and for no other account.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import datetime, timedelta

from .. import kept
from .clock import Clock

IMAGE_WAIT_SECONDS = 60.0  # an attachment waits no longer, whatever the service asks for


class Bound:
    """A semaphore with a changing limit: at most `limit` holders at once, first come first served."""

    def __init__(self) -> None:
        self._limits: list[int] = []
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.active = 0

    @property
    def limit(self) -> int:
        """The lowest limit of the calls now running; 1 when none is running."""
        return min(self._limits, default=1)

    def limit_with(self, another: int) -> int:
        """Return what the limit would be with one more call of limit `another`."""
        return min([*self._limits, another])

    @contextmanager
    def limited_to(self, limit: int) -> Iterator[None]:
        """Add a limit for as long as the block runs."""
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
            if waiter.done() and not waiter.cancelled():  # the place was given just as the wait was cancelled
                self._leave()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Give up the caller's place for as long as the block runs; then wait in line for a new one."""
        self._leave()
        try:
            yield
            await self.__aenter__()
        except BaseException:
            self._enter()  # without waiting: the caller expects to hold a place, and gives it back next
            raise

    def _enter(self) -> None:
        self.active += 1

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
    """The wait that a service asks for is longer than the caller allows. Never reaches a user."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(f"closed until {retry_at:%Y-%m-%d %H:%M:%S} UTC")
        self.retry_at = retry_at


class Waits:
    """The waits of one account: until when it must not send requests.

    Some services limit each kind of request by itself; `kind` then names the kind.
    """

    def __init__(self) -> None:
        self._closed_until: dict[str, float] = {}

    def close_for(self, seconds: float, clock: Clock, kind: str = "") -> None:
        """Note that the service wants no request of this kind for `seconds`."""
        self._closed_until[kind] = max(self.closed_until(kind), clock.monotonic() + seconds)

    def closed_until(self, kind: str = "") -> float:
        """Return the end of the wait, on the clock's `monotonic` scale."""
        return self._closed_until.get(kind, 0.0)

    async def wait_open(
        self,
        budget_seconds: float,
        clock: Clock,
        on_wait: Callable[[float], None] | None = None,
        *,
        kind: str = "",
        place: Bound | None = None,
    ) -> float:
        """Wait until a request of this kind may be sent; return the seconds waited.

        Parameters
        ----------
        budget_seconds : float
            The longest wait.
        on_wait : callable, optional
            Called with the seconds of each wait before it begins.
        place : Bound, optional
            Where the caller holds a place; it is lent to others during the wait.

        Raises
        ------
        TooLong
            The wait would be longer than `budget_seconds`; raised without waiting.
        """
        waited, announced_until = 0.0, None
        while (seconds := self.closed_until(kind) - clock.monotonic()) > 0:
            if waited + seconds > budget_seconds:
                raise TooLong(clock.now() + timedelta(seconds=seconds))
            if on_wait is not None and announced_until != self.closed_until(kind):
                announced_until = self.closed_until(kind)
                on_wait(seconds)
            async with place.lent() if place is not None else nullcontext():
                await clock.sleep(seconds)
            waited += seconds
        return waited


class Gate:
    """The gate of one service: bounds that all its accounts share, and the waits of each account."""

    def __init__(self) -> None:
        self.downloads = Bound()
        self.pages = Bound()
        self.other_hosts = Waits()  # of hosts outside the service that hold pictures; each host is a kind
        self._accounts: dict[str, Waits] = {}

    def waits_of(self, account: str) -> Waits:
        """Return the waits of one account; `account` is any key that stands for its endpoint and credential."""
        return self._accounts.setdefault(account, Waits())


_gates: dict[str, Gate] = kept.new_dict()


def gate(service: str) -> Gate:
    """Return the one gate of a service in this process."""
    return _gates.setdefault(service, Gate())
