"""Events -> a bar, for whoever is looking: tqdm's in a terminal or a notebook, or a function of the user's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .model import Emit, Event

Progress = bool | Callable[[Event], None]


@contextmanager
def listening(progress: Progress) -> Iterator[Emit]:
    """Give something to emit events to.

    Parameters
    ----------
    progress : bool or callable
        True shows a bar, False nothing; a callable gets every `Event`, on chatframes' own thread.
    """
    if callable(progress):
        yield _guarded(progress)
    elif progress:
        bar = _Bar()
        try:
            yield bar.show
        finally:
            bar.close()
    else:
        yield lambda event: None


def _guarded(listener: Callable[[Event], None]) -> Emit:
    broken = False

    def emit(event: Event) -> None:
        nonlocal broken
        if broken:
            return
        try:
            listener(event)
        except Exception as error:  # a listener's defect must not cost a message
            broken = True
            warnings.warn(f"the progress function raised {type(error).__name__}; it is not called again", stacklevel=2)

    return emit


class _Bar:
    """Messages read, pictures done of those known so far, and what is being waited for."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._last = Event("start", "")

    def show(self, event: Event) -> None:
        self._last = event
        if self._bar is None:  # not `or`: a bar with no total is false
            self._bar = _tqdm()(total=0, unit="file", dynamic_ncols=True)
        bar = self._bar
        if event.kind == "waiting":
            bar.set_postfix_str(f"{event.source} asked to wait {event.wait_seconds:.0f} s")
        elif event.kind == "retry":
            bar.set_postfix_str(f"trying again: {event.note[:60]}")
        bar.set_description_str(f"{event.messages:,} messages", refresh=False)
        bar.total = event.attachments_total
        bar.update(event.attachments_done - bar.n)
        if event.kind == "finished":
            bar.set_postfix_str(f"{event.image_bytes / 1e6:,.1f} MB of pictures")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()


def _tqdm() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's own words about which of its bars it picked
        from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread beside ours

    return Bar
