"""Wait on behalf of one call: for as long as the service asks, between two tries, and up to a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from ..errors import RateLimited, ServiceError
from ..model import Emit, Event, Refusal
from .backoff import RetryBudget
from .clock import Clock
from .gate import IMAGE_WAIT_SECONDS, Gate, TooLong, Waits
from .lanes import Lane, Turn
from .pulse import Pulse
from .renewal import Renewal


@dataclass(frozen=True, slots=True)
class Patience:
    """The waits of one call of one account, with the callbacks that report them.

    Parameters
    ----------
    service : str
        The service's name in messages and events.
    gate : Gate
        The gate of the service. A caller holds a place in it, which is lent to others during a wait.
    waits : Waits
        The waits of the account.
    emit : callable
        Called with an `Event` for each wait and retry.
    max_retry_wait_seconds : float
        The longest wait for one page, all its waits together.
    count : callable
        Called with "retry", "rate_limited" or "pool_timeout", for the report.
    adaptive : bool
        Whether each host's width is learnt; see `lanes`.
    """

    service: str
    gate: Gate
    waits: Waits
    clock: Clock
    emit: Emit
    max_retry_wait_seconds: float
    count: Callable[[str], None] = lambda what: None
    adaptive: bool = True
    places_of: Waits | None = None  # the account that takes the places, where `waits` are not its own
    pulse: Pulse = field(default_factory=Pulse)  # of the service; other hosts have none
    renewal: Renewal = field(default_factory=Renewal)
    retries: RetryBudget = field(default_factory=RetryBudget)  # of pages
    _announced: dict[str, float] = field(default_factory=dict)  # for each kind: the end of the wait last reported

    def for_other_hosts(self) -> Patience:
        """Return a copy with the waits of hosts outside the service, where `kind` is the host; the places stay."""
        return replace(self, waits=self.gate.other_hosts, places_of=self._account)

    @property
    def _account(self) -> Waits:
        return self.places_of or self.waits

    async def wait_for_page(self, budget_seconds: float, kind: str = "") -> float:
        """Wait until a page may be requested; return the seconds waited. The caller holds a place in ``gate.pages``.

        Raises
        ------
        RateLimited
            The wait would be longer than `budget_seconds`; raised without waiting.
        """
        try:
            return await self.waits.wait_open(
                budget_seconds, self.clock, partial(self._announce, kind), kind=kind, bound=self.gate.pages
            )
        except TooLong as closed:
            raise self.too_long(closed.retry_at) from None

    @asynccontextmanager
    async def turn_for_page(self, host: str, budget_seconds: float) -> AsyncIterator[Turn]:
        """Wait until a page may be requested; hold its turn among those of the host for as long as the block runs.

        The caller holds a place in ``gate.pages``. Raises RateLimited as `wait_for_page` does.
        """
        lane = self.waits.lane(host, self.gate.pages, "pages") if self.adaptive else None
        turn = await self._turn("pages", lane, "", lambda waited: self.wait_for_page(budget_seconds - waited))
        try:
            turn.begin()
            yield turn
        finally:
            turn.end()

    @asynccontextmanager
    async def turn_to_ask(self, kind: str, wait: Callable[[float], Awaitable[float]]) -> AsyncIterator[Turn]:
        """Wait until a page may be requested of a service whose pages have a pace in place of a width.

        Parameters
        ----------
        wait : async callable
            Waits for the service and the pace; is given the seconds waited before, and returns those of this wait.
        """
        async with self.gate.pages:
            turn = await self._turn("pages", None, kind, wait)
            try:
                yield turn
            finally:
                turn.end()

    async def turn_for_image(self, host: str, kind: str = "", http_status: int | None = None) -> Turn:
        """Wait until a download may begin; return its turn among those of the host, which has begun.

        The caller holds a place in ``gate.downloads``. Raises Refusal when the waits take more than IMAGE_WAIT_SECONDS.
        """
        lane = self.waits.lane(host, self.gate.downloads, f"downloads {host} {kind}") if self.adaptive else None
        turn = await self._turn(
            "downloads", lane, kind, lambda waited: self._wait_for_image(kind, http_status, IMAGE_WAIT_SECONDS - waited)
        )
        turn.begin()
        return turn

    async def _turn(self, what: str, lane: Lane | None, kind: str, wait: Callable[[float], Awaitable[float]]) -> Turn:
        """Wait for the service, then in line; who has a place in a lane sends at once, and never keeps it in a wait."""
        waited, bound, place = 0.0, self.gate.bounds[what], self._account.place(what, self.gate.bounds[what].limit)
        try:
            while True:
                waited += await wait(waited)
                turn = Turn(None, self.clock, waited) if lane is None else await lane.turn(self.clock, waited)
                self.waits.hear(self.clock, kind)
                closed = self.waits.closed_until(kind) > self.clock.monotonic()  # asked for meanwhile
                if not closed and (place is None or place.take(bound.limit)):
                    turn.place = place
                    return turn
                turn.end()
                if not closed and place is not None:
                    await place.look_again(bound, self.clock)
        except BaseException:
            if place is not None:
                place.end()
            raise

    async def _wait_for_image(self, kind: str, http_status: int | None, budget_seconds: float) -> float:
        try:
            return await self.waits.wait_open(
                budget_seconds, self.clock, partial(self._announce, kind), kind=kind, bound=self.gate.downloads
            )
        except TooLong as closed:
            raise self.too_long_for_image(closed.retry_at, http_status) from None

    def asked_to_wait(self, seconds: float, kind: str = "") -> None:
        """Make all calls of this account wait: the service has refused a request and asked for that."""
        self.count("rate_limited")
        self.waits.close_for(seconds, self.clock, kind)

    async def pause(self, seconds: float, budget_seconds: float, why: str) -> float:
        """Wait before the next try; raises ServiceError when that would take more than `budget_seconds`."""
        if seconds > budget_seconds:
            raise ServiceError(
                f"{self.service.capitalize()} failed ({why}), and the next try would have to wait {seconds:.1f} s, "
                f"longer than is left of max_retry_wait_seconds ({self.max_retry_wait_seconds:g}): fetch again later, "
                "or raise the limit in config.json."
            )
        self.emit(Event("retry", self.service, wait_seconds=seconds, note=why))
        await self.clock.sleep(seconds)
        return seconds

    def too_long(self, retry_at: datetime) -> RateLimited:
        """Return the error for a page that has to wait longer than the admin allows."""
        return RateLimited(
            f"{self.service.capitalize()} asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC, longer than "
            f"max_retry_wait_seconds ({self.max_retry_wait_seconds:g}) allows: fetch again after that, or raise the "
            "limit in config.json.",
            retry_at,
        )

    def too_long_for_image(self, retry_at: datetime, http_status: int | None = None) -> Refusal:
        """Return the refusal of an image that would have to wait longer than images may."""
        return Refusal(
            "failed",
            "rate_limited",
            f"the service asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC",
            http_status=http_status,
            retry_after_seconds=(retry_at - self.clock.now()).total_seconds(),
        )

    def _announce(self, kind: str, seconds: float) -> None:
        """Report a wait once, however many requests of this call it holds up."""
        until = self.waits.closed_until(kind)
        if self._announced.get(kind) != until:
            self._announced[kind] = until
            self.emit(Event("waiting", self.service, wait_seconds=seconds, note="the service asked to wait"))
