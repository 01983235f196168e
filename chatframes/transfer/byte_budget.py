"""Bound the bytes of bodies that are in memory, or under way, at once."""

from __future__ import annotations

import asyncio
from collections import deque


class ByteBudget:
    """Bounds the bytes of bodies in memory. Each body reserves once, so that two can never block each other."""

    def __init__(self, total_bytes: int) -> None:
        self._total = total_bytes
        self._free = total_bytes
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size_bytes: int) -> int:
        """Wait until there is room; return how much was reserved (never more than the whole budget)."""
        size = min(size_bytes, self._total)
        if self._waiters or size > self._free:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((size, waiter))
            try:
                await waiter
            except BaseException:
                # Nothing was reserved if the wait was cancelled; but a smaller body behind it may fit now.
                self.give_back(size if waiter.done() and not waiter.cancelled() else 0)
                raise
        else:
            self._free -= size
        return size

    def give_back(self, size_bytes: int) -> None:
        self._free += size_bytes
        while self._waiters and (self._waiters[0][1].done() or self._waiters[0][0] <= self._free):
            size, waiter = self._waiters.popleft()
            if not waiter.done():
                self._free -= size
                waiter.set_result(None)
