"""Bound the requests of each service in this process, and keep the waits that each account was asked for.

There is one gate per service, whatever the number of calls, chats, cells and widgets. Where two calls bring different
limits, the lower one holds while both run. A wait that a service asks for holds for all calls of the account that was
asked to wait, and for no other account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta

from .. import kept
from .bound import Bound
from .clock import Clock
from .lanes import Lane

IMAGE_WAIT_SECONDS = 60.0  # an attachment waits no longer, whatever the service asks for


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
        self.lanes: dict[str, Lane] = {}

    def lane(self, name: str, service: Bound, key: str) -> Lane:
        """Return the lane of a host of this account; `key` tells it from the account's others."""
        if key not in self.lanes:
            self.lanes[key] = Lane(name, service)
        return self.lanes[key]

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

    def lanes_since(self, moment: float) -> Iterator[Lane]:
        """Yield the lanes that were used since a moment, on the clock's `monotonic` scale."""
        for waits in (*self._accounts.values(), self.other_hosts):
            yield from (lane for lane in waits.lanes.values() if lane.used_at >= moment)


_gates: dict[str, Gate] = kept.new_dict()


def gate(service: str) -> Gate:
    """Return the one gate of a service in this process."""
    return _gates.setdefault(service, Gate())
