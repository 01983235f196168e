"""How many requests of one service may be under way in this process, and how long each account has to wait.

There is one gate per service, whatever the number of calls, chats, cells and widgets. Where two calls bring different
limits, the lower one holds while both run. A wait that the service asks for belongs to the account that was asked: it
holds for all calls of that account, and for no other account.
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
    """At most `limit` holders at once, first come first served."""

    def __init__(self) -> None:
        self._limits: list[int] = []
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.active = 0

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
            if waiter.done() and not waiter.cancelled():  # the place came, and at the same moment the cancellation
                self._leave()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Let others have the caller's place for a while; at the end, the caller waits for a place in its turn."""
        self._leave()
        try:
            yield
            await self.__aenter__()
        except BaseException:
            self._enter()  # at once, whatever the limit: the caller gives it back next
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
    """The service is not to be asked for longer than the caller may wait. Never reaches a user."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(f"closed until {retry_at:%Y-%m-%d %H:%M:%S} UTC")
        self.retry_at = retry_at


class Waits:
    """Until when one account is not to ask its service.

    Where a service limits each kind of request by itself, `kind` says which of the waits is meant.
    """

    def __init__(self) -> None:
        self._closed_until: dict[str, float] = {}

    def close_for(self, seconds: float, clock: Clock, kind: str = "") -> None:
        """Send no request of this kind for `seconds`: the service has asked for that."""
        self._closed_until[kind] = max(self.closed_until(kind), clock.monotonic() + seconds)

    def closed_until(self, kind: str = "") -> float:
        """Return until when, as the clock's `monotonic` counts."""
        return self._closed_until.get(kind, 0.0)

    async def wait_open(
        self,
        budget_seconds: float,
        clock: Clock,
        tell: Callable[[float], None] | None = None,
        *,
        kind: str = "",
        place: Bound | None = None,
    ) -> float:
        """Wait until a request of this kind may be sent; return the seconds waited.

        Parameters
        ----------
        budget_seconds : float
            The longest wait.
        tell : callable, optional
            Gets the seconds of each wait before it begins.
        place : Bound, optional
            Where the caller holds a place: other accounts have it during the wait.

        Raises
        ------
        TooLong
            At once, when the wait would be longer than `budget_seconds`.
        """
        waited, told_until = 0.0, None
        while (seconds := self.closed_until(kind) - clock.monotonic()) > 0:
            if waited + seconds > budget_seconds:
                raise TooLong(clock.now() + timedelta(seconds=seconds))
            if tell is not None and told_until != self.closed_until(kind):
                told_until = self.closed_until(kind)
                tell(seconds)
            async with place.lent() if place is not None else nullcontext():
                await clock.sleep(seconds)
            waited += seconds
        return waited


class Gate:
    """One service: its bounds, which all accounts share, and the waits of each account."""

    def __init__(self) -> None:
        self.downloads = Bound()
        self.pages = Bound()
        self.strangers = Waits()  # asked for by other hosts that pictures lie at; each host is a kind
        self._accounts: dict[str, Waits] = {}

    def waits_of(self, account: str) -> Waits:
        """Return the waits of one account, by any name that tells its endpoint and its credential from others."""
        return self._accounts.setdefault(account, Waits())


_gates: dict[str, Gate] = kept.new_dict()


def gate(service: str) -> Gate:
    """Return the one gate of a service in this process."""
    return _gates.setdefault(service, Gate())
