"""Measure how long a download stands in line for our own limits: no host is to blame for that time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from .clock import Clock


@dataclass(slots=True)
class Standing:
    """How long one download has stood in line."""

    seconds: float = 0.0


_standing: ContextVar[Standing | None] = ContextVar("standing", default=None)


@contextmanager
def measured() -> Iterator[Standing]:
    """Measure how long whatever the block calls stands in line."""
    standing = Standing()
    token = _standing.set(standing)
    try:
        yield standing
    finally:
        _standing.reset(token)


@asynccontextmanager
async def standing_in_line(clock: Clock) -> AsyncIterator[None]:
    """Count the time that the block takes as time in line."""
    began = clock.monotonic()
    try:
        yield
    finally:
        if (standing := _standing.get()) is not None:
            standing.seconds += clock.monotonic() - began
