"""Measure one thing each in constant memory: how much of it was in use, how long was waited, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ApiBudget", "Use", "Wait"]

SAME_WAIT_SECONDS = 0.5  # two ends of a wait, told by two requests, may be this far apart


class Use:
    """How much of something was in use, on average and at most."""

    def __init__(self) -> None:
        self._used = self._there = self._seconds = 0.0
        self._peak: int | None = None
        self._most: int | None = None

    def saw(self, used: int | None, most: int | None = None) -> None:
        """Note how much is in use at this moment, and how much there is."""
        if used is not None:
            self._peak = max(self._peak or 0, used)
        if most is not None:  # of several services, some may be done
            self._most = max(self._most or 0, most)

    @property
    def is_known(self) -> bool:
        return self._most is not None

    def held(self, used: int | None, most: int | None, seconds: float) -> None:
        """Note that for some seconds so much was in use, of so much that there was."""
        if used is not None:
            self._used += used * seconds
            self._there += (most or 0) * seconds
            self._seconds += seconds

    def told(self) -> dict[str, Any]:
        mean = round(self._used / self._seconds, 2) if self._seconds else None
        share = round(self._used / self._there, 3) if self._there else None
        return {"mean": mean, "peak": self._peak, "most": self._most, "utilisation": share}


class Wait:
    """The waits that one service has asked for; those that overlap count as one."""

    def __init__(self) -> None:
        self.number = 0
        self._seconds, self._until = 0.0, float("-inf")

    def begins(self, now: float, seconds: float) -> bool:
        """Note a wait; return False when another request has told of it already."""
        until = now + seconds
        if until - self._until < SAME_WAIT_SECONDS:
            return False
        self.number += now >= self._until  # else it prolongs the one that is going on
        self._seconds += until - max(now, self._until)
        self._until = until
        return True

    def seconds(self, now: float) -> float:
        """Return how long was waited so far."""
        return self._seconds - max(0.0, self._until - now)


@dataclass(frozen=True, slots=True)
class ApiBudget:
    """The requests that a service says are left."""

    left: float
    of: float | None
    resets_in_seconds: float | None
    lowest: float

    def told(self) -> dict[str, Any]:
        return {
            "left": round(self.left),
            "lowest": round(self.lowest),
            "of": None if self.of is None else round(self.of),
            "resets_in_seconds": None if self.resets_in_seconds is None else round(self.resets_in_seconds, 1),
        }
