"""Events -> something to look at: a card in a notebook, tqdm's bar in a terminal, or a function of the user's."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

from .errors import ConfigError
from .model import Emit, Event
from .notebook.display import in_a_notebook
from .tally import Tally

__all__ = ["Display", "Progress", "Steady", "listening"]

Progress = bool | Callable[[Event], None]

LEAST_SECONDS = 0.1  # between two drawings
COUNTDOWN_SECONDS = 1.0


@runtime_checkable
class Display(Protocol):
    """What shows a call's progress."""

    def draw(self, tally: Tally, now: float) -> None:
        """Show how far it is; `now` is in seconds, on the clock that waits are counted on."""

    def close(self) -> None:
        """Leave the last drawing standing."""


@contextmanager
def listening(progress: Progress | Display) -> Iterator[Emit]:
    """Give something to emit events to, for as long as a call takes.

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
        yield from _drawing(_card() if in_a_notebook() else _Bar())
    elif callable(progress):
        yield _guarded(progress)
    else:
        raise ConfigError("progress= is True (a bar), False (nothing), or a function that takes each Event")


def _drawing(display: Display) -> Iterator[Emit]:
    steady = Steady(display)
    try:
        yield _guarded(steady.take)
    except BaseException as error:
        steady.tally.end(error)
        raise
    finally:
        _guarded(lambda event: steady.close())(Event("finished", ""))


def _guarded(listener: Callable[[Event], None]) -> Emit:
    broken = False

    def emit(event: Event) -> None:
        nonlocal broken
        if broken:
            return
        try:
            listener(event)
        except BaseException as error:  # a listener's defect must not cost a message, nor end a worker
            broken = True
            warnings.warn(
                f"showing progress raised {type(error).__name__}; no more is shown, and the fetch goes on", stacklevel=2
            )

    return emit


class Steady:
    """Draws at most ten times a second, the last state always, and each second while a wait counts down.

    Parameters
    ----------
    display : Display
        What is drawn on.
    now : callable
        The time in seconds, from anywhere on.
    later : callable, optional
        Called as ``later(seconds, function)``, calls that then; what it returns has a ``cancel()``. Unless given, the
        running event loop does it.
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
        self._timer: Any = None
        self._soon = False  # whether the timer is for a drawing that is due, rather than for a countdown

    def take(self, event: Event) -> None:
        """Add an event; it is drawn now, or as soon as a tenth of a second has gone by."""
        now = self._now()
        self.tally.take(event, now)
        if now - self._drawn >= LEAST_SECONDS:
            self._draw()
        elif not self._soon:
            self._set_timer(self._drawn + LEAST_SECONDS - now, soon=True)

    def close(self) -> None:
        """Draw the last state, and no more."""
        self._cancel()
        self.tally.end()
        self._display.draw(self.tally, self._now())
        self._display.close()

    def _draw(self) -> None:
        self._cancel()
        self._drawn = self._now()
        self._display.draw(self.tally, self._drawn)
        if self.tally.waits(self._drawn):
            self._set_timer(COUNTDOWN_SECONDS, soon=False)

    def _set_timer(self, seconds: float, *, soon: bool) -> None:
        self._cancel()
        self._soon = soon
        self._timer = self._later(seconds, self._draw_again)

    def _draw_again(self) -> None:
        try:
            self._draw()
        except BaseException as error:  # as in `_guarded`: nobody's event loop is to hear of it
            self._cancel()
            warnings.warn(f"showing progress raised {type(error).__name__}; the fetch goes on", stacklevel=2)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._soon = None, False


def _card() -> Display:
    from .notebook.card import Card

    card = Card()
    card.show()
    return card


class _Bar:
    """tqdm's bar: messages read, files done of those known so far, and what is being waited for."""

    def __init__(self) -> None:
        from tqdm import tqdm

        class Bar(tqdm):  # type: ignore[type-arg]
            monitor_interval = 0  # no thread beside ours

        self._bar: Any = Bar(desc="fetching", bar_format="{desc}", total=0, unit="file", miniters=0, dynamic_ncols=True)
        self._noticed = 0

    def draw(self, tally: Tally, now: float) -> None:
        bar, event = self._bar, tally.event
        for note in tally.notices[self._noticed :]:
            bar.write(note)
        self._noticed = len(tally.notices)
        bar.total = event.attachments_total
        # Without files there is no bar to fill.
        bar.bar_format = None if event.attachments_total else "{desc} [{elapsed}{postfix}]"
        bar.set_description_str(tally.messages, refresh=False)
        bar.set_postfix_str(
            ", ".join(filter(None, (tally.state(now), tally.size if tally.outcome else ""))), refresh=False
        )
        bar.n = event.attachments_done
        bar.refresh()

    def close(self) -> None:
        self._bar.close()
