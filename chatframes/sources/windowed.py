"""Several windows of one chat read at once: for sources whose service answers more than one question at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

from ..errors import AuthError, ChatNotFound, RateLimited
from ..model import Missed, Window
from ..windows import Timeline

__all__ = ["final", "read_together", "read_windows"]


class Answer(Protocol):
    """What one request has brought: a `Page`, or what a source makes pages of."""

    @property
    def covered(self) -> Window | None: ...


T = TypeVar("T")
A = TypeVar("A", bound=Answer)


def final(error: Exception) -> bool:
    """Whether there is no point in asking this service for another window."""
    return isinstance(error, AuthError | ChatNotFound | RateLimited)


async def read_windows(
    timeline: Timeline,
    streams: int,
    read: Callable[[Window], AsyncGenerator[A, None]],
    *,
    most_failures: int | None = None,
) -> AsyncGenerator[A | Missed, None]:
    """Read the windows of a timeline, several at once, and yield the answers as they come.

    Parameters
    ----------
    timeline : Timeline
        Hands out the windows, and hears what is covered. An answer may reach past its window: what it covers there
        is not read again.
    streams : int
        How many windows are read at once.
    read : callable
        Reads one window, newest first, until its answers cover it.
    most_failures : int or None
        After so many failed windows no further one is begun. The first `final` error has the same effect.

    Yields
    ------
    answer or Missed
        A window that fails becomes a `Missed`, and the others go on.
    """
    failures = 0
    over = False

    async def stream() -> AsyncGenerator[A | Missed, None]:
        nonlocal failures, over
        while not over and (window := timeline.claim()) is not None:
            try:
                async with aclosing(read(window)) as answers:
                    async for answer in answers:
                        if answer.covered is not None:
                            timeline.cover(answer.covered)
                        yield answer
                        if timeline.remaining(window) is None:
                            break
            except Exception as error:  # a gap with its reason, whatever it is
                failures += 1
                over = over or final(error) or failures == most_failures
                yield Missed(window, error)

    async with aclosing(read_together([stream() for _ in range(streams)])) as answers:
        async for answer in answers:
            yield answer


async def read_together(jobs: Sequence[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    """Yield what several readings bring, as it comes. When one fails the others go on; then its failure is raised.

    Whoever takes the answers slowly slows down every reading: none asks on before its answer has been taken.
    """
    # What an answer covers counts on the messages of those before it, so none may overtake another: each is in the
    # queue the moment it is made, and it is the next request that waits.
    queue: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
    taken = asyncio.Semaphore(0)
    failures: list[Exception] = []

    async def run(job: AsyncGenerator[T, None]) -> None:
        try:
            async with aclosing(job) as answers:
                async for answer in answers:
                    queue.put_nowait((answer,))
                    await taken.acquire()
        except Exception as error:  # raised again below
            failures.append(error)
        finally:
            queue.put_nowait(None)

    tasks = [asyncio.create_task(run(job)) for job in jobs]
    try:
        running = len(tasks)
        while running:
            if (item := await queue.get()) is None:
                running -= 1
                continue
            yield item[0]
            taken.release()
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
    for failure in failures:
        raise failure
    for task in tasks:
        task.result()  # one that was cancelled from within has not come to its end
