"""Show widgets in a cell, with text for pages without widgets, and close them when the cell is run again.

Widgets may be made, changed and closed on any thread: their messages go through a queue that ipykernel's own thread
empties. One rule: no two threads may set the same value of a widget at the same time, as the page could then end up
with another value than the widget. So each value is written on one thread only, or under its owner's lock.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from typing import Any, Protocol

from .html import Html

__all__ = [
    "Closable",
    "all_of",
    "bundle",
    "close_all",
    "close_on_rerun",
    "in_a_notebook",
    "inside_output_widget",
    "may_be_text_only",
    "show",
    "show_in_text",
]


class Closable(Protocol):
    """Something shown on a page that can be closed, which also stops what it is doing."""

    def close(self) -> None: ...


def in_a_notebook() -> bool:
    """Whether this process is a Jupyter kernel, so that there is a page that can show widgets."""
    return hasattr(_shell(), "kernel")


def bundle(box: Any, text: str, html: Html | None = None) -> dict[str, Any]:
    """Return what a cell displays: the widget, and a text or HTML for pages that show no widgets.

    The text replaces the widget's own repr, which holds what the user is typing. A closed widget gives only the text.
    """
    render = box._repr_mimebundle_
    shown = {**((render() if render is not None else None) or {}), "text/plain": text}
    return shown if html is None else {**shown, "text/html": str(html)}


def show(box: Any, text: str) -> Any:
    """Display a widget in the cell that is running; return a handle whose ``update`` replaces it."""
    from IPython.display import display

    return display(bundle(box, text), raw=True, display_id=True)  # type: ignore[no-untyped-call]


def inside_output_widget() -> bool:
    """Whether an `ipywidgets.Output` receives what is displayed now: it shows a display, but no update of it."""
    from ipywidgets import Output
    from ipywidgets.widgets import widget

    message = _parent().get("header", {}).get("msg_id")
    widgets = list(getattr(widget, "_instances", {}).values())
    return bool(message) and any(isinstance(each, Output) and each.msg_id == message for each in widgets)


def may_be_text_only() -> bool:
    """Whether the running cell may come from a console (jupyter console, qtconsole, Spyder).

    There is no widget there, and a display is never updated. Pages send an id with each cell, and programs that run a
    whole notebook let nobody type an answer; consoles do neither.
    """
    return not _cell() and bool(_parent().get("content", {}).get("allow_stdin"))


def show_in_text(text: str) -> None:
    """Display a line where only text is shown; a page prefers the HTML, which is empty."""
    from IPython.display import display

    display({"text/plain": text, "text/html": ""}, raw=True)  # type: ignore[no-untyped-call]


def all_of(widget: Any) -> Iterator[Any]:
    """Yield a widget and all widgets inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_of(child)


def close_all(*boxes: Any, but: Any = None) -> None:
    """Take widgets and all widgets inside them off the page, except `but` and the widgets inside it.

    Layouts and styles are closed too: ipywidgets keeps every model that is not closed, and everything that observes it.
    """
    kept = set() if but is None else set(all_of(but))
    for box in boxes:
        for widget in all_of(box):
            if widget not in kept:
                for model in (widget, getattr(widget, "layout", None), getattr(widget, "style", None)):
                    if model is not None:
                        model.close()


_in_cells: dict[str, list[weakref.ref[Closable]]] = {}


def close_on_rerun(shown: Closable) -> None:
    """Close what the running cell shows as soon as that cell is run again, because the page drops it then.

    This works in front ends that send an id for each cell, as JupyterLab, Notebook 7 and VS Code do.
    """
    cell = _cell()
    if not cell:
        return
    if _close_earlier not in _shell().events.callbacks["pre_run_cell"]:
        _shell().events.register("pre_run_cell", _close_earlier)
    _in_cells.setdefault(cell, []).append(weakref.ref(shown))


def _close_earlier(_: object) -> None:
    for reference in _in_cells.pop(_cell(), []):
        if (earlier := reference()) is not None:
            earlier.close()


def _cell() -> str:
    return str(_parent().get("metadata", {}).get("cellId") or "")


def _parent() -> dict[str, Any]:
    """Return the message that asked for the running cell; empty outside of a kernel."""
    shell = _shell()
    return (shell.get_parent() if hasattr(shell, "get_parent") else None) or {}


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
