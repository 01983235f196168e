"""Show a call's progress in a notebook: one widget whose HTML is replaced at each step."""

from __future__ import annotations

from typing import Any

import ipywidgets

from ..page.cells import close_all, inside_output_widget, may_be_text_only, show, show_in_text
from ..page.html import NO_FORMULAS, Html, show_html
from .tally import Tally

__all__ = ["Card"]

_FRAME = "max-width:640px;line-height:1.5;padding:2px 0"
_SMALL = "font-size:90%;opacity:.8"
_BAR = "width:100%;height:12px;display:block"


class Card:
    """Shows a `Tally`.

    Parameters
    ----------
    stopped : str
        What to add when the call was stopped.

    Attributes
    ----------
    box : ipywidgets.HTML
        What to display. It may be written to from any thread, and the page gets it even while a cell runs.
    """

    def __init__(self, stopped: str = "") -> None:
        self.box = ipywidgets.HTML()
        self._stopped = stopped
        self._words = ""
        self._handle: Any = None
        self._inside_output_widget = False
        self._text_only = False

    def show(self) -> None:
        """Display it in the cell that is running."""
        # A saved notebook shows this text where widgets are not shown, so there is no number in it.
        self._handle = show(self.box, "chatframes is fetching")
        self._inside_output_widget = inside_output_widget()
        self._text_only = may_be_text_only()

    def draw(self, tally: Tally, now: float) -> None:
        """Show how far a call is."""
        state = tally.state(now)
        if self._stopped and tally.outcome == "stopped":
            state += f"; {self._stopped}"
        show_html(self.box, _drawn(tally, now, state))
        self._words = ", ".join(words for words in (tally.messages, tally.attachments, state) if words)

    def close(self) -> None:
        """Replace the widget by the last state as plain HTML, which stays when the notebook is saved and reopened."""
        if self._handle is not None and not self._inside_output_widget:
            self._handle.update({"text/plain": self._words, "text/html": self.box.value}, raw=True)
            close_all(self.box)
            if self._text_only:
                show_in_text(self._words)


def _drawn(tally: Tally, now: float, state: str) -> Html:
    event = tally.event
    pace = "" if tally.outcome else tally.pace(now)
    lines = [Html("<div>{}</div>").format(words) for words in (tally.chat, tally.messages) if words]
    if tally.messages_expected:
        lines.append(_bar("messages", event.messages, tally.messages_expected))
    if tally.attachments:
        lines.append(Html("<div>{}</div>").format(tally.attachments))
        lines.append(_bar("attachments", event.attachments_done, event.attachments_total))
    lines += [Html("<div><b>{}</b></div>").format(state)] if state else []
    small = Html('<div style="{}">{}</div>')
    lines += [small.format(_SMALL, words) for words in (pace, *tally.notices[-3:]) if words]
    return Html('<div {} role="group" aria-label="progress of chatframes" style="{}">{}</div>').format(
        NO_FORMULAS, _FRAME, Html().join(lines)
    )


def _bar(what: str, done: int, total: int) -> Html:
    return Html('<progress aria-label="{}" value="{}" max="{}" style="{}"></progress>').format(
        what, min(done, total), total, _BAR
    )
