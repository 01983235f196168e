"""How one call waits for a service: at its gate, between tries, and how long at most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..errors import RateLimited, ServiceError
from ..model import Emit, Event, Refusal
from .clock import Clock
from .gate import IMAGE_WAIT_SECONDS, Gate, TooLong


@dataclass(frozen=True, slots=True)
class Patience:
    """What a link of any service waits with. `kind` is the gate's: which wait is meant."""

    service: str
    gate: Gate
    clock: Clock
    emit: Emit
    max_retry_wait_seconds: float

    async def wait_open(self, budget_seconds: float, kind: str = "") -> float:
        """Wait until the service may be asked again; return the seconds waited.

        Raises
        ------
        RateLimited
            At once, when that is further away than `budget_seconds`.
        """
        try:
            return await self.gate.wait_open(budget_seconds, self.clock, self._tell, kind)
        except TooLong as closed:
            retry_at = closed.retry_at
        raise self.too_long(retry_at)

    async def wait_open_for_image(self, kind: str = "", http_status: int | None = None) -> None:
        """Wait until a download may begin; raises Refusal when that is too far away for an image."""
        try:
            await self.gate.wait_open(IMAGE_WAIT_SECONDS, self.clock, self._tell, kind)
        except TooLong as closed:
            retry_at = closed.retry_at
        else:
            return
        raise self.closed_until(retry_at, http_status)

    async def pause(self, seconds: float, budget_seconds: float, why: str) -> float:
        """Wait before the next try; raises ServiceError when the call has no such patience left."""
        if seconds > budget_seconds:
            raise ServiceError(
                f"{self.service} failed ({why}), and max_retry_wait_seconds ({self.max_retry_wait_seconds:g}) leaves "
                f"no {seconds:.1f} s to wait before the next try"
            )
        self.emit(Event("retry", self.service, wait_seconds=seconds, note=why))
        await self.clock.sleep(seconds)
        return seconds

    def too_long(self, retry_at: datetime) -> RateLimited:
        """Return the error for a page that has to wait longer than the admin allows."""
        return RateLimited(
            f"{self.service} asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC, longer than max_retry_wait_seconds "
            f"({self.max_retry_wait_seconds:g}) allows; fetch again after that, or raise the limit in config.json",
            retry_at,
        )

    def closed_until(self, retry_at: datetime, http_status: int | None = None) -> Refusal:
        """Return the refusal for an image that has to wait longer than images may."""
        return Refusal(
            "failed",
            "rate_limited",
            f"the service asks to wait until {retry_at:%Y-%m-%d %H:%M:%S} UTC",
            http_status=http_status,
            retry_after_seconds=(retry_at - self.clock.now()).total_seconds(),
        )

    def _tell(self, seconds: float) -> None:
        self.emit(Event("waiting", self.service, wait_seconds=seconds, note="the service asked to wait"))
