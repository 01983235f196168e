"""How our widgets get into a cell: with words for where widgets are not shown, and closed when a cell is run again.

Widgets may be made, changed and closed on any thread: what they send goes through a queue that ipykernel's own thread
empties. One rule: no two threads set the same value of a widget at the same time, or what the page gets last may not be
what stands last. So what a widget shows is written on one thread, or under its owner's lock.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from typing import Any, Protocol

from .html import Html

__all__ = ["Closable", "all_of", "bundle", "close_all", "in_a_notebook", "show", "take_the_place"]


class Closable(Protocol):
    """Something on a page that may be doing something."""

    def close(self) -> None: ...


def in_a_notebook() -> bool:
    """Whether a kernel runs us, so that there is a page that can show widgets."""
    return hasattr(_shell(), "kernel")


def bundle(box: Any, text: str, html: Html | None = None) -> dict[str, Any]:
    """Return what a cell shows: the widget and, for where there is none of it, a text or HTML.

    A widget's own text would be its repr, which holds what somebody is just typing. Of a closed widget there is the
    text alone.
    """
    render = box._repr_mimebundle_
    shown = {**((render() if render is not None else None) or {}), "text/plain": text}
    return shown if html is None else {**shown, "text/html": str(html)}


def show(box: Any, text: str) -> Any:
    """Display a widget in the cell that is running; return a handle whose ``update`` replaces it."""
    from IPython.display import display

    return display(bundle(box, text), raw=True, display_id=True)  # type: ignore[no-untyped-call]


def captured() -> bool:
    """Whether an `ipywidgets.Output` takes what is displayed now: it shows a display, and never an update of it."""
    from ipywidgets import Output
    from ipywidgets.widgets import widget

    shell = _shell()
    message = shell.get_parent().get("header", {}).get("msg_id") if hasattr(shell, "get_parent") else None
    known = list(getattr(widget, "_instances", {}).values())
    return bool(message) and any(isinstance(one, Output) and one.msg_id == message for one in known)


def all_of(widget: Any) -> Iterator[Any]:
    """Yield a widget and all within it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_of(child)


def close_all(*boxes: Any, but: Any = None) -> None:
    """Take widgets and all within them off the page, but for one (and all within that).

    Their looks are models of their own; what is not closed is kept by ipywidgets for ever, and with it whatever
    listens to it.
    """
    kept = set() if but is None else set(all_of(but))
    for box in boxes:
        for widget in all_of(box):
            if widget not in kept:
                for model in (widget, getattr(widget, "layout", None), getattr(widget, "style", None)):
                    if model is not None:
                        model.close()


_in_cells: dict[str, list[weakref.ref[Closable]]] = {}


def take_the_place(one: Closable) -> None:
    """Close this when the cell that is running is run again, whatever it holds then: it would not be seen any more.

    Cells are known where the front end names them, as JupyterLab, Notebook 7 and VS Code do.
    """
    cell = _cell()
    if not cell:
        return
    if _close_earlier not in _shell().events.callbacks["pre_run_cell"]:
        _shell().events.register("pre_run_cell", _close_earlier)
    _in_cells.setdefault(cell, []).append(weakref.ref(one))


def _close_earlier(_: object) -> None:
    for reference in _in_cells.pop(_cell(), []):
        if (earlier := reference()) is not None:
            earlier.close()


def _cell() -> str:
    parent = _shell().get_parent() if hasattr(_shell(), "get_parent") else {}
    return str(parent.get("metadata", {}).get("cellId") or "")


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
