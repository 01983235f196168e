"""Bound the requests of each service, and keep the waits that each account was asked for.

There is one gate per service, whatever the number of calls, chats, cells and widgets. Where two calls bring different
limits, the lower one holds while both run. A wait that a service asks for holds for all calls of the account that was
asked to wait, and for no other account.

The words: a `Bound` lets so many in at once, and who is in has a place there. A `Lane` is the bound of one host; its
width is how many the host takes. A `Place` is a place in the bound that all processes of this machine share. The `Turn`
of a request holds both: its place in a lane, and its `Place`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta

from .. import kept
from .bound import Bound
from .clock import Clock
from .lanes import Lane
from .machine import Place, Places
from .machine_waits import SharedWaits

BOUNDED = ("pages", "downloads")  # each by itself
SAME_SECONDS = 0.05  # two ends of a wait, told on different clocks, may be this far apart
IMAGE_WAIT_SECONDS = 60.0  # an attachment waits no longer, whatever the service asks for


class TooLong(Exception):
    """The wait that a service asks for is longer than the caller allows. Never reaches a user."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(f"closed until {retry_at:%Y-%m-%d %H:%M:%S} UTC")
        self.retry_at = retry_at


class Waits:
    """The waits of one account: until when it must not send requests.

    Some services limit each kind of request by itself; `kind` then names the kind.

    Parameters
    ----------
    shared_as : str, optional
        What the other processes of this machine know the account by; without it, nothing is shared with them.
    """

    def __init__(self, shared_as: str | None = None) -> None:
        self._closed_until: dict[str, float] = {}
        self._shared = None if shared_as is None else SharedWaits(shared_as)
        self.lanes: dict[str, Lane] = {}
        self._places = {} if shared_as is None else {what: Places(f"{what} {shared_as}") for what in BOUNDED}

    def lane(self, name: str, service_bound: Bound, key: str) -> Lane:
        """Return the lane of a host of this account; `key` tells it from the account's others."""
        if key not in self.lanes:
            self.lanes[key] = Lane(name, service_bound)
        return self.lanes[key]

    def place(self, what: str, limit: int) -> Place | None:
        """Return a place to take among those that all processes have; `what` is one of BOUNDED."""
        return Place(self._places[what], limit) if self._places else None

    def close_for(self, seconds: float, clock: Clock, kind: str = "") -> None:
        """Note that the service wants no request of this kind for `seconds`."""
        self._closed_until[kind] = max(self.closed_until(kind), clock.monotonic() + seconds)
        if self._shared is not None:
            now = clock.now().timestamp()
            self._shared.close_until(now, now + seconds, kind)

    def hear(self, clock: Clock, kind: str) -> None:
        """Heed what the service asked other processes for."""
        if self._shared is not None:
            now = clock.now().timestamp()
            until = clock.monotonic() + self._shared.closed_until(now, kind) - now
            if until > self.closed_until(kind) + SAME_SECONDS:
                self._closed_until[kind] = until

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
        bound: Bound | None = None,
    ) -> float:
        """Wait until a request of this kind may be sent; return the seconds waited.

        Parameters
        ----------
        budget_seconds : float
            The longest wait.
        on_wait : callable, optional
            Called with the seconds of each wait before it begins.
        bound : Bound, optional
            Where the caller holds a place; it is lent to others during the wait.

        Raises
        ------
        TooLong
            The wait would be longer than `budget_seconds`; raised without waiting.
        """
        waited, announced_until = 0.0, None
        self.hear(clock, kind)
        while (seconds := self.closed_until(kind) - clock.monotonic()) > 0:
            if waited + seconds > budget_seconds:
                raise TooLong(clock.now() + timedelta(seconds=seconds))
            if on_wait is not None and announced_until != self.closed_until(kind):
                announced_until = self.closed_until(kind)
                on_wait(seconds)
            async with bound.lent() if bound is not None else nullcontext():
                await clock.sleep(seconds)
            waited += seconds
            self.hear(clock, kind)
        return waited


class Gate:
    """The gate of one service: bounds that all its accounts share, and the waits of each account.

    Parameters
    ----------
    service : str, optional
        The name by which other processes of this machine know it; without it, nothing is shared with them.
    """

    def __init__(self, service: str | None = None) -> None:
        self.downloads, self.pages = Bound(), Bound()
        self.bounds = {"pages": self.pages, "downloads": self.downloads}  # by the names of BOUNDED
        self._service = service
        self.other_hosts = self._waits("")  # of hosts outside the service that hold pictures; each host is a kind
        self._accounts: dict[str, Waits] = {}

    def _waits(self, account: str) -> Waits:
        return Waits(None if self._service is None else f"{self._service} {account}")

    def waits_of(self, account: str) -> Waits:
        """Return the waits of one account; `account` is any key that stands for its endpoint and credential."""
        if account not in self._accounts:
            self._accounts[account] = self._waits(account)
        return self._accounts[account]

    def lanes_since(self, moment: float) -> Iterator[Lane]:
        """Yield the lanes that were used since a moment, on the clock's `monotonic` scale."""
        for waits in (*self._accounts.values(), self.other_hosts):
            yield from (lane for lane in waits.lanes.values() if lane.used_at >= moment)


_gates: dict[str, Gate] = kept.new_dict()


def gate(service: str) -> Gate:
    """Return the one gate of a service in this process."""
    if service not in _gates:
        _gates[service] = Gate(service)
    return _gates[service]
