"""Look now and then at what is in use: the gates, the lanes and the connections of the services of one call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from ..transfer.clients import connections
from ..transfer.gate import Gate, gate
from .metrics import Levels

__all__ = ["Lookout", "levels"]

# Something begins or ends up to a thousand times a second: a look costs some microseconds each time.
SECONDS_BETWEEN_LOOKS = 0.02


def levels(limits: Mapping[str, int], since: float, *, downloading: bool = True) -> Levels:
    """Return what is in use at the services of a call, each with the limit of its downloads.

    Parameters
    ----------
    limits : mapping of str to int
        By service, of those that are in use.
    since : float
        When the call began, on the clock's `monotonic` scale.
    downloading : bool
        Whether pictures are downloaded at all.
    """
    gates = {name: gate(name) for name in limits if downloading}
    pools = [each for name in limits if (each := connections(name)) is not None]
    return Levels(
        downloads=_sum(each.downloads.active for each in gates.values()),
        peak_downloads=_sum(each.downloads.peak for each in gates.values()),
        most_downloads=_sum(each.downloads.limit_with(limits[name]) for name, each in gates.items()),
        gate_width=_sum(_width(each, limits[name], since) for name, each in gates.items()),
        connections=_sum(each.in_use for each in pools),
        peak_connections=_sum(each.peak for each in pools),
        most_connections=_sum(each.most for each in pools),
    )


def _sum(numbers: Iterable[int]) -> int | None:
    """Return the sum; None, and not 0, where there is no number."""
    known = list(numbers)
    return sum(known) if known else None


def _width(the_gate: Gate, limit: int, since: float) -> int:
    """Return how many downloads there may be: the limit, or fewer where the hosts that were asked take fewer."""
    most = the_gate.downloads.limit_with(limit)
    widths = [lane.width.now for lane in the_gate.lanes_since(since) if lane.service_bound is the_gate.downloads]
    return min(most, sum(widths)) if widths else most


class Lookout:
    """Calls a function, with the services that are in use, soon after something has changed, but not too often.

    It is called when all tasks that can go on have done so: a worker that has just finished a download has then begun
    the next one, so that busy workers are seen busy.
    """

    def __init__(self, look: Callable[[Iterable[str]], None]) -> None:
        self._look = look
        self._services: Counter[str] = Counter()  # by the chats that are open
        self._next_look: asyncio.Handle | None = None
        self._looked_at = float("-inf")
        self._over = False

    @contextmanager
    def at(self, service: str) -> Iterator[None]:
        """Look at a service for as long as the block runs."""
        self._services[service] += 1
        self.changed()
        try:
            yield
        finally:
            self._look(+self._services)
            self._services[service] -= 1
            self.changed()

    def changed(self) -> None:
        """Note that something has changed."""
        if self._next_look is not None or self._over:
            return
        loop = asyncio.get_running_loop()
        wait = self._looked_at + SECONDS_BETWEEN_LOOKS - loop.time()
        self._next_look = loop.call_soon(self._now) if wait <= 0 else loop.call_later(wait, self._now)

    def close(self) -> None:
        """Look no more."""
        self._over = True
        if self._next_look is not None:
            self._next_look.cancel()

    def _now(self) -> None:
        self._next_look = None
        self._looked_at = asyncio.get_running_loop().time()
        self._look(+self._services)
