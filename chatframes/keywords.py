"""What a misspelt keyword of a call is answered with: the nearest one there is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from .errors import ConfigError
from .words import nearest

__all__ = ["UnknownKeyword", "checks_keywords"]

P = ParamSpec("P")
R = TypeVar("R")


class UnknownKeyword(ConfigError, TypeError):
    """A call has a keyword that does not exist; it is a TypeError, too, as it is for any function."""


def checks_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function name the keyword that was meant by a misspelt one.

    Examples
    --------
    >>> @checks_keywords
    ... def fetch(*, images=None): ...
    >>> fetch(image=True)
    Traceback (most recent call last):
    chatframes.keywords.UnknownKeyword: fetch() has no keyword 'image': did you mean 'images'?
    """
    keywords = [name for name in inspect.signature(function).parameters if name != "self"]
    known = frozenset(keywords)
    called = function.__qualname__.removesuffix(".__init__")

    def check(given: dict[str, Any]) -> None:
        for name in given.keys() - known:
            near = nearest(name, keywords)
            hint = f"did you mean {near!r}?" if near is not None else f"there are {', '.join(keywords)}."
            raise UnknownKeyword(f"{called}() has no keyword {name!r}: {hint}")

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            check(kwargs)
            return await function(*args, **kwargs)

        return cast(Callable[P, R], awaited)

    @functools.wraps(function)
    def called_plainly(*args: P.args, **kwargs: P.kwargs) -> R:
        check(kwargs)
        return function(*args, **kwargs)

    return called_plainly
