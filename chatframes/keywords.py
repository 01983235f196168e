"""Answer a misspelt keyword of a public function with the nearest one, and any other wrong call in a sentence."""

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
    """A call has arguments that the function does not take, or too few. It is a TypeError too, as for any function."""


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
    signature = inspect.signature(function)
    keywords = [name for name in signature.parameters if name != "self"]
    function_name = function.__qualname__.removesuffix(".__init__")

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for name in kwargs.keys() - set(keywords):
            near = nearest(name, keywords)
            hint = f"did you mean {near!r}?" if near is not None else f"it takes {', '.join(keywords)}."
            raise UnknownKeyword(f"{function_name}() has no keyword {name!r}: {hint}")
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise UnknownKeyword(_wrong_call(function_name, signature, args, kwargs, error)) from None

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def checked_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
            check(args, kwargs)
            return await function(*args, **kwargs)

        return cast(Callable[P, R], checked_coroutine)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        check(args, kwargs)
        return function(*args, **kwargs)

    return checked


def _wrong_call(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any], error: TypeError
) -> str:
    """Return what is wrong with the number of arguments, and what to do."""
    help_ = f"help(chatframes.{name}) shows examples"
    own = [each for each in signature.parameters.values() if each.name != "self"]
    given = len(args) - (len(signature.parameters) - len(own))
    plain = [each.name for each in own if each.kind is each.POSITIONAL_OR_KEYWORD]
    lacking = [each.name for each in own[given:] if each.default is each.empty and each.name not in kwargs]
    if given > len(plain):
        were = "was" if given == 1 else "were"
        takes = f"takes {len(plain)} positional argument{'' if len(plain) == 1 else 's'} but {given} {were} given"
        return f"{name}() {takes}: put several into one list, and write the names of the others ({help_})."
    if lacking:
        several = "" if len(lacking) == 1 else "s"
        listed = " and ".join(map(repr, lacking))
        return f"{name}() is missing {len(lacking)} required positional argument{several}: write {listed} ({help_})."
    return f"{name}() cannot be called so ({error}): {help_}."
