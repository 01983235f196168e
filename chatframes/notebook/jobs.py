"""Run a panel's coroutines on the library's own loop, so that the notebook stays free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from .. import loop

__all__ = ["Jobs", "when_settled"]

SETTLE_SECONDS = 0.2


async def when_settled(act: Callable[[], None]) -> None:
    """Do what a press of a button asks for, a moment later.

    In a kernel with subshells each widget has its own thread, so a click may arrive before the last text typed.
    """
    await asyncio.sleep(SETTLE_SECONDS)
    act()


class Jobs:
    """Coroutines by name, one of each name at a time. Any thread may start, cancel and await them.

    Examples
    --------
    >>> jobs, done = Jobs(), []
    >>> async def count():
    ...     done.append(1)
    >>> jobs.begin("count", count())
    >>> jobs.wait()
    >>> done
    [1]
    """

    def __init__(self) -> None:
        self._names: dict[asyncio.Task[None], str] = {}

    def begin(
        self,
        name: str,
        work: Coroutine[Any, Any, None],
        ended: Callable[[asyncio.Task[None]], None] = lambda task: None,
    ) -> None:
        """Start a coroutine, and cancel an earlier one of that name; `ended` is called with its task, on the loop."""

        def start() -> None:
            self._cancel(name)
            task = asyncio.get_running_loop().create_task(work)
            self._names[task] = name
            task.add_done_callback(lambda _: self._names.pop(task))
            task.add_done_callback(ended)

        loop.call_soon(start)

    def cancel(self, name: str, cancelling: Callable[[], None] = lambda: None) -> None:
        """Cancel the coroutine of that name, once; `cancelling` is called on the loop if there is one."""
        loop.call_soon(lambda: self._cancel(name, cancelling))

    def wait(self) -> None:
        """Wait until nothing is running; not to be called on the library's own loop."""
        loop.run(self._all_ended())

    def _cancel(self, name: str, cancelling: Callable[[], None] = lambda: None) -> None:
        for task, task_name in self._names.items():
            if task_name == name and not task.cancelling():  # a second cancellation would hit its clean-up
                cancelling()
                task.cancel()

    async def _all_ended(self) -> None:
        while self._names:
            await asyncio.wait(self._names)
