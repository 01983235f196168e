"""Events -> a bar, for whoever is looking: tqdm's in a terminal or a notebook, or a function of the user's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .errors import ConfigError
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
    if not isinstance(progress, bool) and not callable(progress):
        raise ConfigError("progress= is True (a bar), False (nothing), or a function that takes each Event")
    if callable(progress):
        yield _guarded(progress)
    elif progress:
        bar = _Bar()
        try:
            yield _guarded(bar.show)
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
        except BaseException as error:  # a listener's defect must not cost a message, nor end a worker
            broken = True
            warnings.warn(
                f"showing progress raised {type(error).__name__}; no more is shown, and the fetch goes on", stacklevel=2
            )

    return emit


class _Bar:
    """Messages read, files done of those known so far, and what is being waited for."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._said = ""

    def show(self, event: Event) -> None:
        if self._bar is None:  # not `or`: a bar with no total is false
            # A saved notebook shows these first words where widgets cannot be shown, so no number may be in them.
            self._bar = _tqdm()(
                desc="fetching", bar_format="{desc}", total=0, unit="file", miniters=0, dynamic_ncols=True
            )
        bar = self._bar
        self._grow_to(event.attachments_total)
        if event.kind == "notice":
            bar.write(event.note)
        if event.kind != "start":
            bar.set_description_str(_counted(event), refresh=False)
        said = _said(event)
        news, self._said = said != self._said, said
        bar.set_postfix_str(said, refresh=False)
        bar.update(event.attachments_done - bar.n)
        if news:
            bar.refresh()

    def _grow_to(self, total: int) -> None:
        bar = self._bar
        bar.total = total
        bar.bar_format = None if total else "{desc} [{elapsed}{postfix}]"  # without files there is no bar to fill
        widget = getattr(bar, "container", None)
        if widget is not None:  # in a notebook tqdm looks at the total only when it begins
            fill = widget.children[1]
            fill.max = max(total, 1)
            fill.layout.display = None if total else "none"

    def close(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()


def _counted(event: Event) -> str:
    of_all = f" of {event.messages_expected:,}" if event.messages_expected > event.messages else ""
    return f"{event.messages:,}{of_all} message{'' if event.messages == 1 and not of_all else 's'}"


def _said(event: Event) -> str:
    if event.kind == "waiting":
        return f"{event.source} asked to wait {event.wait_seconds:.0f} s"
    if event.kind == "retry":
        return f"{event.note[:60]}, trying again in {event.wait_seconds:.0f} s"
    if event.kind == "finished" and event.image_bytes:
        return f"{event.image_bytes / 1e6:,.1f} MB of pictures"
    return ""


def _tqdm() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's own words about which of its bars it picked
        from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread beside ours

    return Bar
