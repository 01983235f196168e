"""What a panel has under way on the library's own loop, beside the notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from .. import loop

__all__ = ["Jobs"]


class Jobs:
    """Coroutines by name, one of each name at a time. Any thread may begin, cancel and await them.

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
        """Begin a coroutine, and end an earlier one of that name; `ended` gets its task on the loop, in any case."""

        def start() -> None:
            self._cancel(name)
            task = asyncio.get_running_loop().create_task(work)
            self._names[task] = name
            task.add_done_callback(lambda _: self._names.pop(task))
            task.add_done_callback(ended)

        loop.call_soon(start)

    def cancel(self, name: str, cancelling: Callable[[], None] = lambda: None) -> None:
        """Cancel what is under way by that name, once; `cancelling` is called on the loop if there is something."""
        loop.call_soon(lambda: self._cancel(name, cancelling))

    def wait(self) -> None:
        """Wait until nothing is under way; not to be called on the library's own loop."""
        loop.run(self._all_ended())

    def _cancel(self, name: str, cancelling: Callable[[], None] = lambda: None) -> None:
        for task, its_name in self._names.items():
            if its_name == name and not task.cancelling():  # a second one would strike its clean-up
                cancelling()
                task.cancel()

    async def _all_ended(self) -> None:
        while self._names:
            await asyncio.wait(self._names)
