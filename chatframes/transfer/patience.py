"""How one call waits for a service: as long as the service asks, between tries, and at most how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from ..errors import RateLimited, ServiceError
from ..model import Emit, Event, Refusal
from .clock import Clock
from .gate import IMAGE_WAIT_SECONDS, Gate, TooLong, Waits


def _count_nothing(what: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Patience:
    """One call of one account: what it waits with, and whom it tells.

    Parameters
    ----------
    service : str
        Its name in messages and events.
    gate : Gate
        The service's: whoever waits holds a place in it, and lends it to others meanwhile.
    waits : Waits
        The account's.
    emit : callable
        Gets an `Event` for each wait and retry.
    max_retry_wait_seconds : float
        The longest wait for a page, all its waits together.
    count : callable
        Gets "retry", "rate_limited" or "pool_timeout", for the report.
    """

    service: str
    gate: Gate
    waits: Waits
    clock: Clock
    emit: Emit
    max_retry_wait_seconds: float
    count: Callable[[str], None] = _count_nothing
    _told: dict[str, float] = field(default_factory=dict)  # of each kind: which wait was told of, by its end

    def with_strangers(self) -> Patience:
        """Return the same with the waits of other hosts, where `kind` is the host."""
        return replace(self, waits=self.gate.strangers)

    async def wait_for_page(self, budget_seconds: float, kind: str = "") -> float:
        """Wait, in a place for pages, until the service may be asked; return the seconds waited.

        Raises
        ------
        RateLimited
            At once, when that is further away than `budget_seconds`.
        """
        try:
            return await self.waits.wait_open(
                budget_seconds, self.clock, partial(self._tell, kind), kind=kind, place=self.gate.pages
            )
        except TooLong as closed:
            retry_at = closed.retry_at
        raise self.too_long(retry_at)

    async def wait_for_image(self, kind: str = "", http_status: int | None = None) -> None:
        """Wait, in a place for downloads, until one may begin; raises Refusal when that is too far away."""
        try:
            await self.waits.wait_open(
                IMAGE_WAIT_SECONDS, self.clock, partial(self._tell, kind), kind=kind, place=self.gate.downloads
            )
        except TooLong as closed:
            retry_at = closed.retry_at
        else:
            return
        raise self._refusal(retry_at, http_status)

    def asked_to_wait(self, seconds: float, kind: str = "") -> None:
        """Let every call of this account wait: the service has refused a request and asked for that."""
        self.count("rate_limited")
        self.waits.close_for(seconds, self.clock, kind)

    async def pause(self, seconds: float, budget_seconds: float, why: str) -> float:
        """Wait before the next try; raises ServiceError when that is longer than `budget_seconds`."""
        if seconds > budget_seconds:
            raise ServiceError(
                f"{self.service} failed ({why}), and max_retry_wait_seconds ({self.max_retry_wait_seconds:g}) leaves "
                f"no {seconds:.1f} s to wait before the next try: fetch again later, or raise the limit in config.json."
            )
        self.emit(Event("retry", self.service, wait_seconds=seconds, note=why))
        await self.clock.sleep(seconds)
        return seconds

    def too_long(self, retry_at: datetime) -> RateLimited:
        """Return the error for a page that has to wait longer than the admin allows."""
        return RateLimited(
            f"{self.service} asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC, longer than max_retry_wait_seconds "
            f"({self.max_retry_wait_seconds:g}) allows; fetch again after that, or raise the limit in config.json.",
            retry_at,
        )

    def too_long_for_image(self, seconds: float, http_status: int | None = None) -> Refusal:
        """Return the refusal of an image that has to wait longer than images may."""
        return self._refusal(self.clock.now() + timedelta(seconds=seconds), http_status)

    def _refusal(self, retry_at: datetime, http_status: int | None) -> Refusal:
        return Refusal(
            "failed",
            "rate_limited",
            f"the service asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC",
            http_status=http_status,
            retry_after_seconds=(retry_at - self.clock.now()).total_seconds(),
        )

    def _tell(self, kind: str, seconds: float) -> None:
        """Say once that this call waits, however many of its requests do."""
        until = self.waits.closed_until(kind)
        if self._told.get(kind) != until:
            self._told[kind] = until
            self.emit(Event("waiting", self.service, wait_seconds=seconds, note="the service asked to wait"))
