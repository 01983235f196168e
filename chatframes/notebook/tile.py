"""One attachment in the gallery: a thumbnail with author, time and caption, or the enlarged picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets
import pandas as pd

from ..images.headers import inspect
from ..images.shown import ImageBytes
from ..page.details import details_html
from ..page.html import Html, lines, picture, plain, show_html
from ..table.report_text import REASONS
from ..words import bytes_in_words
from .thumbnails import PixelBudget, thumbnail

__all__ = ["Entry", "Small", "Tile", "small_html", "small_of"]

MOST_OF_A_CAPTION = 120  # characters, below a thumbnail
LARGE_PX = 1600
LARGE_BYTES = 2**20  # a larger picture is shown smaller, as the notebook's file stores what it shows
_SMALL = "font-size:85%;line-height:1.3;min-height:3.9em;overflow-wrap:anywhere"
_FRAME = (
    "width:100%;height:150px;display:flex;align-items:center;justify-content:center;background:rgba(128,128,128,.12)"
)
_FITTED = "max-width:100%;max-height:150px;object-fit:contain"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said about one attachment."""

    has_picture: bool
    caption: str
    in_words: str  # what stands in the place of the picture: a sticker's emoji, the title of a linked page
    author: str
    chat: str
    when: pd.Timestamp | None
    name: str
    pixels: str
    status: str
    reason: str
    error: str
    details: Any = None  # of its message: one value of that column

    @property
    def moment(self) -> str:
        return f"{self.when:%Y-%m-%d %H:%M} UTC" if self.when is not None else "no time"

    @property
    def why_missing(self) -> str:
        return f"{self.status}: {REASONS.get(self.reason, self.reason or 'no reason is given')}"

    @property
    def alt(self) -> str:
        return f"{self.in_words[:MOST_OF_A_CAPTION] or self.name or 'image'} by {self.author}, {self.moment}"


@dataclass(frozen=True, slots=True)
class Small:
    """A picture as a thumbnail, or the words that stand in its place."""

    jpeg: bytes | None
    instead: str = ""


def small_of(data: bytes, budget: PixelBudget) -> Small:
    """Make a thumbnail, if the page may cost so much."""
    small = budget.thumbnail(data)
    if small is not None:
        return Small(small)
    why = "too many pixels for this page" if inspect(data).showable else "not shown here"
    return Small(None, f"{ImageBytes(data)!r}: {why}")


class Tile:
    """Widgets for one `Entry`.

    Parameters
    ----------
    pressed : callable
        Called when the button is pressed, to enlarge the picture or close it again.
    entry, small : Entry, Small or None
        As for `show_small`: what it shows at first. They are given here because every later change is a message to the
        page, and a page has many tiles.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display, in a grid.
    html, button : ipywidgets.HTML, ipywidgets.Button
        The widgets in it.
    """

    def __init__(self, pressed: Callable[[], None], entry: Entry, small: Small | None) -> None:
        self.html = ipywidgets.HTML(value=str(small_html(entry, small)), layout={"width": "100%"})
        self.button = ipywidgets.Button(
            description="Enlarge",
            tooltip=plain(f"Enlarge {entry.alt}"),
            disabled=small is None,
            layout={"width": "auto"},
        )
        self.box = ipywidgets.VBox((self.html, self.button))
        self.button.on_click(lambda _: pressed())

    def show_nothing(self) -> None:
        """Hide the tile."""
        self.box.layout.display = "none"
        show_html(self.html, Html())

    def show_small(self, entry: Entry, small: Small | None) -> None:
        """Show an entry as its thumbnail, or the reason why there is none."""
        self._show(small_html(entry, small), "Enlarge", entry, column=None)
        self.box.children = (self.html, self.button)
        self.button.disabled = small is None

    def show_large(self, entry: Entry, data: bytes) -> None:
        """Show an entry's picture as wide as the page, in the place of its thumbnail."""
        self._show(_large_html(entry, data), "Close", entry, column="1 / -1")
        self.box.children = (self.button, self.html)  # below a large picture the button would be out of sight

    def _show(self, html: Html, action: str, entry: Entry, *, column: str | None) -> None:
        self.box.layout.display = None
        self.box.layout.grid_column = column
        show_html(self.html, html)
        self.button.description = action
        self.button.tooltip = plain(f"{action} {entry.alt}")


def small_html(entry: Entry, small: Small | None) -> Html:
    """Return a thumbnail with author, time and caption, as HTML."""
    if small is not None and small.jpeg is not None:
        shown = picture(small.jpeg, entry.alt, _FITTED)
    elif small is not None:
        shown = Html("<span>{}</span>").format(small.instead)
    else:
        shown = Html('<span title="{}">{}</span>').format(entry.error, entry.why_missing)
    when = entry.moment.removesuffix(" UTC")
    caption = (entry.caption or entry.in_words)[:MOST_OF_A_CAPTION]
    words = Html("<b>{}</b><br>{}<br>{}").format(entry.author, when, caption)
    return Html('<div style="{}">{}</div><div style="{}">{}</div>').format(_FRAME, shown, _SMALL, words)


def _large_html(entry: Entry, data: bytes) -> Html:
    note = ""
    large: bytes | None = data
    if len(data) > LARGE_BYTES:
        large = thumbnail(data, LARGE_PX)
        note = f", shown at {LARGE_PX} pixels or less; the table holds all of it"
    shown = picture(large, entry.alt, "max-width:100%;max-height:85vh") if large is not None else None
    if shown is None:
        note = ", cannot be shown"
    facts = f"{entry.name} {entry.pixels} {bytes_in_words(len(data))}{note}"
    in_words = "" if entry.in_words in entry.caption else entry.in_words
    below = (
        f"{entry.author}, {entry.moment}, {entry.chat}",
        lines(entry.caption),
        in_words,
        details_html(entry.details),
        facts,
    )
    return (shown or Html()) + Html().join(Html("<div>{}</div>").format(line) for line in below if line)
