"""Keep Python's garbage collector from looking through everything again and again while a table is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .. import kept

__all__ = ["collector_paused"]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Run a block, or a function, that makes many objects and no circles of them, without the collector.

    It looks through all objects of the process whenever a fourth more are there, and a third of the time that a large
    table takes went there. Who has switched it off finds it so afterwards.

    Examples
    --------
    >>> with collector_paused():
    ...     cells = [[] for _ in range(100_000)]
    >>> gc.isenabled()
    True
    """
    was_on = gc.isenabled()
    try:
        if was_on:
            _pauses.append(None)
        gc.disable()  # here, or an interrupt right after it would leave it off
        yield
    finally:
        if was_on:
            gc.enable()
            with suppress(IndexError):  # after a fork
                _pauses.pop()


_pauses: list[None] = []  # under way, in whatever thread, where the collector was on


def _on_again() -> None:
    """Switch the collector on in a child that was forked during a pause: the thread that would do so is not there."""
    if _pauses:
        _pauses.clear()
        gc.enable()


kept.after_fork(_on_again)
