"""Let at most so many in at once, first come first served; the limit may change at any time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager


class Bound:
    """A semaphore with a changing limit: at most `limit` holders at once, first come first served.

    Parameters
    ----------
    width : callable, optional
        Returns the limit; call `wake` when it has risen. By default it is the lowest that `limited_to` was given.
    """

    def __init__(self, width: Callable[[], int] | None = None) -> None:
        self._width = width
        self._limits: list[int] = []
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.active = self.peak = 0  # the peak is of the calls that now run

    @property
    def limit(self) -> int:
        """The lowest limit of the calls now running; 1 when none is running."""
        return min(self._limits, default=1) if self._width is None else self._width()

    def limit_with(self, another: int) -> int:
        """Return what the limit would be with one more call of limit `another`."""
        return min([*self._limits, another])

    @contextmanager
    def limited_to(self, limit: int) -> Iterator[None]:
        """Add a limit for as long as the block runs."""
        if not self._limits:
            self.peak = self.active
        self._limits.append(limit)
        self.wake()
        try:
            yield
        finally:
            self._limits.remove(limit)
            self.wake()

    @property
    def has_room(self) -> bool:
        """Whether one more gets in without waiting."""
        return self.active < self.limit and not self._waiters

    async def __aenter__(self) -> None:
        if self.has_room:
            self._let_in()
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():  # the place was given just as the wait was cancelled
                self.leave()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Give up the caller's place for as long as the block runs; then wait in line for a new one."""
        self.leave()
        try:
            yield
            await self.__aenter__()
        except BaseException:
            self._enter()  # without waiting: the caller expects to hold a place, and gives it back next
            raise

    def _let_in(self) -> None:
        self._enter()
        self.peak = max(self.peak, self.active)

    def _enter(self) -> None:
        self.active += 1

    def leave(self) -> None:
        """Give a place back."""
        self.active -= 1
        self.wake()

    def wake(self) -> None:
        """Let in whoever waits and fits."""
        while self._waiters and self.active < self.limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._let_in()
                waiter.set_result(None)
