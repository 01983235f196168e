"""The card that shows a call's progress in a notebook: one widget, whose words and bars are drawn anew."""

from __future__ import annotations

from typing import Any

import ipywidgets

from ..markup import escaped
from ..tally import Tally
from .display import bundle, show

__all__ = ["Card"]

_FRAME = "max-width:640px;line-height:1.5;padding:2px 0"
_SMALL = "font-size:90%;opacity:.8"
_BAR = "width:100%;height:12px;display:block"


class Card:
    """Shows a `Tally`.

    Attributes
    ----------
    box : ipywidgets.HTML
        What to display. It may be written to from any thread: what a kernel sends reaches the page while a cell runs.
    """

    def __init__(self) -> None:
        self.box = ipywidgets.HTML()
        self._words = ""
        self._handle: Any = None

    def show(self) -> None:
        """Display it in the cell that is running."""
        # A saved notebook has these words where widgets are not shown, so no number may be in them.
        self._handle = show(self.box, "chatframes is fetching")

    def draw(self, tally: Tally, now: float) -> None:
        """Show how far a call is."""
        self.box.value = _drawn(tally, now)
        self._words = ", ".join(words for words in (tally.messages, tally.files, tally.state(now)) if words)

    def close(self) -> None:
        """Leave the last words, also where widgets are not shown: in a saved file, or on a page of its own."""
        if self._handle is not None:
            self._handle.update(bundle(self.box, self._words), raw=True)


def _drawn(tally: Tally, now: float) -> str:
    event, state = tally.event, tally.state(now)
    pace = "" if tally.outcome else tally.pace(now)
    lines = [f"<div>{escaped(tally.messages)}</div>"]
    if event.messages_expected:
        lines.append(_bar("messages", event.messages, event.messages_expected))
    if tally.files:
        lines.append(f"<div>{escaped(tally.files)}</div>")
        lines.append(_bar("files", event.attachments_done, event.attachments_total))
    lines += [f"<div><b>{escaped(state)}</b></div>"] if state else []
    lines += [f'<div style="{_SMALL}">{escaped(words)}</div>' for words in (pace, *tally.notices[-3:]) if words]
    return f'<div role="group" aria-label="progress of chatframes" style="{_FRAME}">{"".join(lines)}</div>'


def _bar(what: str, done: int, total: int) -> str:
    return f'<progress aria-label="{what}" value="{min(done, total)}" max="{total}" style="{_BAR}"></progress>'
