"""Answer a misspelt keyword of a public function with the nearest keyword it has."""

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
    """A call has a keyword that the function does not take. It is a TypeError too, as it is for any function."""


def checks_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function suggest the right keyword when it is called with a misspelt one.

    Examples
    --------
    >>> @checks_keywords
    ... def fetch(*, images=None): ...
    >>> fetch(image=True)
    Traceback (most recent call last):
    chatframes.keywords.UnknownKeyword: fetch() has no keyword 'image': did you mean 'images'?
    """
    keywords = [name for name in inspect.signature(function).parameters if name != "self"]
    function_name = function.__qualname__.removesuffix(".__init__")

    def check(kwargs: dict[str, Any]) -> None:
        for name in kwargs.keys() - set(keywords):
            near = nearest(name, keywords)
            hint = f"did you mean {near!r}?" if near is not None else f"it takes {', '.join(keywords)}."
            raise UnknownKeyword(f"{function_name}() has no keyword {name!r}: {hint}")

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def checked_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
            check(kwargs)
            return await function(*args, **kwargs)

        return cast(Callable[P, R], checked_coroutine)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        check(kwargs)
        return function(*args, **kwargs)

    return checked
