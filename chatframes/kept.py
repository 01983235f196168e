"""What this process keeps between calls: clients, tokens, logins, gates.

A module that keeps something takes a dict from here when it is imported, and need do no more. After a fork the
child's dicts are empty: what the parent keeps is the parent's, and a child that used or closed one of its connections
would break it. `shutdown` empties them too, and closes what was in them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

__all__ = ["after_fork", "close_all", "forget", "new_dict"]

K = TypeVar("K")
V = TypeVar("V")

_log = logging.getLogger("chatframes")
_dicts: list[tuple[dict[Any, Any], Callable[[Any], Awaitable[None]] | None]] = []
_after_fork: list[Callable[[], None]] = []


def new_dict(close: Callable[[V], Awaitable[None]] | None = None) -> dict[K, V]:
    """Return a dict for what one module keeps.

    Parameters
    ----------
    close : async callable, optional
        Closes one value: awaited at shutdown, on the library's loop, and never after a fork.
    """
    values: dict[K, V] = {}
    _dicts.append((values, close))
    return values


def after_fork(function: Callable[[], None]) -> None:
    """Call a function in every forked child, for what a dict cannot hold."""
    _after_fork.append(function)


async def close_all() -> None:
    """Empty every dict, then close what was in them; only for when nothing is running any more."""
    closing = [(close, value) for values, close in _dicts if close is not None for value in values.values()]
    forget()
    for close, value in closing:
        try:
            await close(value)
        except Exception:  # the others are to be closed all the same
            _log.warning("closing a kept %s failed", type(value).__name__, exc_info=True)


def forget() -> None:
    for values, _ in _dicts:
        values.clear()


def _forget_after_fork() -> None:
    forget()
    for function in _after_fork:
        function()


if hasattr(os, "register_at_fork"):  # the only one of the library
    os.register_at_fork(after_in_child=_forget_after_fork)
