"""Read several windows of one chat at once, for sources whose service allows parallel requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

from ..errors import AuthError, ChatNotFound, RateLimited
from ..model import Missed, Window
from ..timeline import Timeline

__all__ = ["final", "read_together", "read_windows"]


class Answer(Protocol):
    """The result of one request: a `Page`, or an object from which a source builds pages."""

    @property
    def covered(self) -> Window | None: ...


T = TypeVar("T")
A = TypeVar("A", bound=Answer)


def final(error: Exception) -> bool:
    """Whether an error of this kind would come back for every other window."""
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
        Hands out the windows and records what is covered. An answer may reach past its window; what it covers there is
        not read again.
    streams : int
        How many windows are read at once.
    read : callable
        Reads one window, newest first, until its answers cover it.
    most_failures : int or None
        After this many failed windows no further one is begun. The first `final` error has the same effect.

    Yields
    ------
    answer or Missed
        A window that fails becomes a `Missed`, and the others go on.
    """
    failures = 0
    stopped = False

    async def stream() -> AsyncGenerator[A | Missed, None]:
        nonlocal failures, stopped
        while not stopped and (window := timeline.claim()) is not None:
            try:
                async with aclosing(read(window)) as answers:
                    async for answer in answers:
                        if answer.covered is not None:
                            timeline.cover(answer.covered)
                        yield answer
                        if timeline.remaining(window) is None:
                            break
            except Exception as error:  # any failure becomes a gap, with the error as its reason
                failures += 1
                stopped = stopped or final(error) or failures == most_failures
                yield Missed(window, error)

    async with aclosing(read_together([stream() for _ in range(streams)])) as answers:
        async for answer in answers:
            yield answer


async def read_together(jobs: Sequence[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    """Yield the results of several readings as they come. When one fails the others go on; then its error is raised.

    A slow consumer slows down every reading: none sends its next request before its last result has been taken.
    """
    # What an answer covers relies on the messages of the answers before it, so none may overtake another: each is
    # queued at once, and only the next request waits.
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
        task.result()  # raises if the reading was cancelled from within, and so is not complete
