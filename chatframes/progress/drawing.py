"""Show events to the user: in a card in a notebook, in tqdm's bar in a terminal, or by a function of the user."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ParamSpec, Protocol, runtime_checkable

from ..errors import ConfigError
from ..model import Emit, Event
from ..page.cells import in_a_notebook
from ..warn import warn
from ..words import kind_of
from .tally import Tally

__all__ = ["Display", "Progress", "Steady", "guarded", "listening", "warn_of"]

P = ParamSpec("P")
Progress = bool | Callable[[Event], None]

LEAST_SECONDS = 0.1  # between two drawings
MOST_SECONDS = 1.0  # so that a countdown counts and a rate falls while nothing happens


@runtime_checkable
class Display(Protocol):
    """Something that shows a call's progress."""

    def draw(self, tally: Tally, now: float) -> None:
        """Show how far it is; `now` is in seconds, on the clock that waits are counted on."""

    def close(self) -> None:
        """Leave the last drawing on the screen."""


@contextmanager
def listening(progress: Progress | Display) -> Iterator[Emit]:
    """Yield a function to send events to, for as long as a call takes.

    Parameters
    ----------
    progress : bool, callable or Display
        True shows a card in a notebook and a bar elsewhere, False nothing; a callable gets every `Event`, on
        chatframes' own thread; a Display is drawn at most ten times a second.
    """
    if progress is False:
        yield lambda event: None
    elif isinstance(progress, Display):
        yield from _drawing(progress)
    elif progress is True:
        yield from _drawing(_card() if in_a_notebook() else _bar())
    elif callable(progress) and not any(is_kind(progress) for is_kind in _NEVER_RUN):
        yield guarded(progress)
    else:
        raise ConfigError(
            f"progress= cannot be {kind_of(progress)}: write True (a card or a bar), False (nothing), or a plain "
            "function that takes each Event."
        )


# Calling one of these only makes a coroutine or generator, which would never run.
_NEVER_RUN = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def _drawing(display: Display) -> Iterator[Emit]:
    steady = Steady(display)
    try:
        yield steady.take
    except BaseException as error:
        steady.tally.end(error)
        raise
    finally:
        steady.close()


def guarded(listener: Callable[P, None]) -> Callable[P, None]:
    """Return a function that calls a listener, until that raises an error: then it warns, and calls it no more."""
    broken = False

    def emit(*given: P.args, **named: P.kwargs) -> None:
        nonlocal broken
        if broken:
            return
        try:
            listener(*given, **named)
        except BaseException as error:  # a defect of the listener must not lose a message or end a worker
            broken = True
            warn_of(error)

    return emit


def warn_of(error: BaseException) -> None:
    """Warn that showing has failed, of a defect that the fetch need not end for."""
    with suppress(Warning):  # warnings may be turned into errors
        warn(
            f"Showing progress raised {type(error).__name__}: no more progress is shown, and the fetch goes on.",
        )


class Steady:
    """Draws at most ten times a second, and always the last state; a display that fails is not used again.

    Parameters
    ----------
    display : Display
        Where it draws.
    now : callable
        The time in seconds, from any starting point.
    later : callable, optional
        Called as ``later(seconds, function)``, it calls the function then; it returns something with a ``cancel()``.
        Without it, the running event loop is used.
    """

    def __init__(
        self,
        display: Display,
        now: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], Any] | None = None,
    ) -> None:
        self.tally = Tally()
        self._display = display
        self._now = now
        self._later = later or (lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call))
        self._drawn = float("-inf")
        self._over = False  # closed, or the display failed
        self._timer: Any = None
        self._soon = False  # whether the timer is for an event that is not drawn yet

    def take(self, event: Event) -> None:
        """Add an event; it is drawn now, or when a tenth of a second has passed since the last drawing."""
        if self._over:
            return
        now = self._now()
        self.tally.take(event, now)
        if now - self._drawn >= LEAST_SECONDS:
            self._draw()
        elif not self._soon:
            self._set_timer(self._drawn + LEAST_SECONDS - now, soon=True)

    def close(self) -> None:
        """Draw the last state, and stop drawing."""
        self._set_timer(None)
        self.tally.end()
        self._show(lambda: self._display.draw(self.tally, self._now()))
        self._show(self._display.close)
        self._over = True

    def _draw(self) -> None:
        self._drawn = self._now()
        self._show(lambda: self._display.draw(self.tally, self._drawn))
        self._set_timer(None if self._over else MOST_SECONDS)

    def _show(self, drawing: Callable[[], None]) -> None:
        if self._over:
            return
        try:
            drawing()
        except BaseException as error:  # as in `guarded`
            self._over = True
            warn_of(error)

    def _set_timer(self, seconds: float | None, *, soon: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._soon = soon
        self._timer = None if seconds is None else self._later(seconds, self._draw)


def _card() -> Display:
    from .card import Card

    card = Card(stopped="chatframes.last_result() has what was read")
    card.show()
    return card


def _bar() -> Display:
    from .bar import Bar

    return Bar()
