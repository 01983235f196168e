"""Dicts for everything a process keeps between calls: clients, tokens, logins, gates.

A module that keeps something gets a dict from here when it is imported, and need do no more. After a fork the dicts are
empty in the child: the connections belong to the parent, and a child that used or closed one would break it.
`shutdown` closes what is in the dicts and empties them.
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
    """Call a function in every forked child, to reset what is not kept in a dict."""
    _after_fork.append(function)


async def close_all() -> None:
    """Empty every dict, then close what was in them. Call it only when nothing is running."""
    closing = [(close, value) for values, close in _dicts if close is not None for value in values.values()]
    forget()
    for close, value in closing:
        try:
            await close(value)
        except Exception:  # go on and close the others
            _log.warning("closing a kept %s failed", type(value).__name__, exc_info=True)


def forget() -> None:
    """Empty every dict, without closing what is in them."""
    for values, _ in _dicts:
        values.clear()


def _forget_after_fork() -> None:
    forget()
    for function in _after_fork:
        function()


if hasattr(os, "register_at_fork"):  # the only fork hook of the library
    os.register_at_fork(after_in_child=_forget_after_fork)
