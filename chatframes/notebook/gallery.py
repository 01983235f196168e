"""Look at the pictures of a table: pages of thumbnails with author, time and caption, and one picture enlarged."""

from __future__ import annotations

import os
import threading
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..page.cells import bundle, close_all, close_on_rerun
from ..page.html import NO_FORMULAS, Html, plain, show_html
from .shelf import Shelf, chosen, shelf_of
from .thumbnails import PixelBudget
from .tile import Entry, Small, Tile, small_html, small_of

__all__ = ["Gallery", "first_thumbnails", "gallery"]

PAGE_SIZE, THUMBNAIL_PX = 24, 180
KEPT_THUMBNAILS = 1_000
MOST_AUTHORS = 500
MOST_OF_A_NAME = 60  # characters in a list
EVERYBODY = ALL_CHATS = ""
ANY_SIZE = "any size"
_SIZES = {
    ANY_SIZE: (0, 2**63),
    "under 100 kB": (0, 100_000),
    "100 kB to 1 MB": (100_000, 1_000_000),
    "over 1 MB": (1_000_000, 2**63),
}
_WHAT = {
    "everything": ("ok", "skipped", "failed"),
    "images": ("ok",),
    "missing ones": ("skipped", "failed"),
}


class Gallery:
    """Thumbnails in pages; made by `gallery`.

    Parameters
    ----------
    shelf : Shelf
        The attachments.
    hint : str
        What else is said beside their number.
    page_size, thumbnail_px : int
        As for `gallery`.
    thumbnails : dict of int to Small, optional
        Those that are made already (`first_thumbnails`), by place.

    Attributes
    ----------
    author, what, size, since, until, chat : ipywidgets.ValueWidget
        The filters; that of chats is shown where there are several.
    previous_button, next_button : ipywidgets.Button
        They turn the pages.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        hint: str = "",
        page_size: int = PAGE_SIZE,
        thumbnail_px: int = THUMBNAIL_PX,
        thumbnails: dict[int, Small] | None = None,
    ) -> None:
        self._shelf = shelf
        self._chosen: Any = np.arange(len(shelf.facts))  # places
        self._hint = hint
        self._trouble = ""  # why this page could not be read
        self._page_size = page_size
        self._thumbnail_px = thumbnail_px
        self._page = 0
        self._thumbnails = {} if thumbnails is None else thumbnails  # by place
        short = {"layout": {"width": "16em"}, "style": {"description_width": "3.5em"}}
        people, chats = self._counted("author"), self._counted("chat")
        if len(people) > MOST_AUTHORS:
            few = f"Author lists the {MOST_AUTHORS} of {len(people):,} with the most images"
            self._hint = "; ".join(filter(None, (hint, few)))
        self.author = ipywidgets.Dropdown(
            description="Author", options=[("everybody", EVERYBODY), *_options(people)], **short
        )
        self.chat = ipywidgets.Dropdown(description="Chat", options=[("all", ALL_CHATS), *_options(chats)], **short)
        self.what = ipywidgets.Dropdown(description="Show", options=list(_WHAT), **short)
        self.size = ipywidgets.Dropdown(description="Size", options=list(_SIZES), **short)
        self.since = ipywidgets.DatePicker(description="From", tooltip="First day, in UTC", **short)
        self.until = ipywidgets.DatePicker(description="Until", tooltip="Last day, in UTC", **short)
        self.previous_button = ipywidgets.Button(description="Previous", layout={"width": "6em"})
        self.next_button = ipywidgets.Button(description="Next", layout={"width": "6em"})
        self.status = ipywidgets.HTML()
        self._enlarged: int | None = None  # its position on the page
        self._lock = threading.RLock()  # each widget may be heard on a thread of its own
        self._load()
        self._tiles = [self._make_tile(place) for place in range(len(self._entries))]
        columns = f"repeat(auto-fill, minmax({max(140, thumbnail_px)}px, 1fr))"
        grid = ipywidgets.GridBox(
            [tile.box for tile in self._tiles],
            layout={"grid_template_columns": columns, "grid_gap": "8px", "width": "100%"},
        )
        if len(chats) < 2:
            self.chat.layout.display = "none"
        filters = (self.what, self.author, self.size, self.since, self.until, self.chat)
        shown = ipywidgets.HBox(filters, layout={"flex_flow": "row wrap"})
        pager = ipywidgets.HBox((self.previous_button, self.next_button, self.status))
        self.box = ipywidgets.VBox((shown, pager, grid, *([pager] if self._pages > 1 else [])))
        for widget in filters:
            widget.observe(lambda _: self._filter(), "value")
        self.previous_button.on_click(lambda _: self._turn(-1))
        self.next_button.on_click(lambda _: self._turn(1))
        self._show_counts()

    def _counted(self, column: str) -> pd.Series:
        return self._shelf.facts[column].astype("str").value_counts()

    def close(self) -> None:
        """Take the widgets off the page; running its cell again does the same."""
        close_all(self.box)

    def __len__(self) -> int:
        return len(self._chosen)

    def __repr__(self) -> str:
        ok = int((self._shelf.facts["status"] == "ok").sum())
        missing = len(self._shelf.facts) - ok
        more = "; ".join(filter(None, (self._hint, self._trouble)))
        return f"Gallery of {ok:,} images, {missing:,} missing{more and '; ' + more}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        tile = Html('<div style="width:{}px">{}</div>')
        tiles = Html().join(tile.format(self._thumbnail_px, small_html(entry, small)) for entry, small in self._entries)
        grid = Html('<div style="display:flex;flex-wrap:wrap;gap:8px">{}</div>').format(tiles) if tiles else ""
        static = Html("<div {}><p>{!r}</p>{}</div>").format(NO_FORMULAS, self, grid)
        return bundle(self.box, repr(self), static)

    def _make_tile(self, place: int) -> Tile:
        return Tile(lambda: self._press(place), *self._entries[place])

    def _press(self, place: int) -> None:
        with self._lock:
            if place < len(self._entries):  # otherwise the page was turned in the meantime
                self._enlarge(None if self._enlarged == place else place)

    @property
    def _pages(self) -> int:
        return max(1, -(-len(self._chosen) // self._page_size))

    def _load(self) -> None:
        """Read what is on this page: each entry, and its picture as a thumbnail."""
        self._places = [int(place) for place in self._chosen[self._page * self._page_size :][: self._page_size]]
        self._trouble = ""
        if len(self._thumbnails) > KEPT_THUMBNAILS:
            self._thumbnails.clear()
        self._entries = self._read(self._places, PixelBudget(self._thumbnail_px))

    def _read(self, places: list[int], budget: PixelBudget) -> list[tuple[Entry, Small | None]]:
        try:
            entries = self._shelf.entries(places)
            smalls = {place: small for place in places if (small := self._thumbnails.get(place)) is not None}
            for place, data in self._shelf.pictures([place for place in places if place not in smalls]):
                smalls[place] = small_of(data, budget)
        except ConfigError as error:
            if len(places) > 1:  # others may be in parts that can be read
                return [shown for place in places for shown in self._read([place], budget)]
            self._trouble = str(error)
            return [(self._shelf.unread(place), None) for place in places]
        self._thumbnails |= {place: small for place, small in smalls.items() if small.jpeg is not None}
        return [(entry, smalls.get(place)) for place, entry in zip(places, entries, strict=True)]

    def _filter(self) -> None:
        with self._lock:
            facts = self._shelf.facts
            wanted = chosen(
                facts,
                _WHAT[self.what.value],
                None if self.size.value == ANY_SIZE else _SIZES[self.size.value],
                self.since.value,
                self.until.value,
            )
            for column, name in (("author", self.author.value), ("chat", self.chat.value)):
                if name:
                    wanted = wanted & (facts[column] == name).to_numpy()
            self._chosen = np.flatnonzero(wanted)
            self._page, self._enlarged = 0, None
            self._draw()

    def _turn(self, by: int) -> None:
        with self._lock:
            self._page, self._enlarged = min(max(self._page + by, 0), self._pages - 1), None
            self._draw()

    def _enlarge(self, place: int | None) -> None:
        before, self._enlarged = self._enlarged, place
        for changed in (before, place):
            if changed is not None:
                self._draw_tile(changed)

    def _show_counts(self) -> None:
        self.previous_button.disabled, self.next_button.disabled = self._page == 0, self._page == self._pages - 1
        counted = f"{len(self._chosen):,} of {len(self._shelf.facts):,} images"
        shown = f"{counted}, page {self._page + 1} of {self._pages}; times are in UTC"
        if not len(self._shelf.facts):
            shown = "There are no images in this table"
        show_html(self.status, Html.escape("; ".join(filter(None, (shown, self._hint, self._trouble)))))

    def _draw(self) -> None:
        self._load()
        self._show_counts()
        for place in range(len(self._entries)):
            self._draw_tile(place)
        for tile in self._tiles[len(self._entries) :]:
            tile.show_nothing()

    def _draw_tile(self, place: int) -> None:
        entry, small = self._entries[place]
        data = self._data_at(place) if place == self._enlarged else None
        if data is None:
            self._tiles[place].show_small(entry, small)
        else:
            self._tiles[place].show_large(entry, data)

    def _data_at(self, place: int) -> bytes | None:
        try:
            return next((data for _, data in self._shelf.pictures([self._places[place]])), None)
        except ConfigError as error:
            self._trouble = str(error)
            self._show_counts()
            return None


def first_thumbnails(shelf: Shelf) -> dict[int, Small]:
    """Make the thumbnails of the first page, which takes a while, so that a `Gallery` is made of them at once."""
    budget = PixelBudget(THUMBNAIL_PX)
    places = range(min(PAGE_SIZE, len(shelf.facts)))
    return {place: small_of(data, budget) for place, data in shelf.pictures(places)}


def _options(counts: pd.Series) -> list[tuple[str, str]]:
    return [(f"{plain(name)[:MOST_OF_A_NAME]} ({n:,})", str(name)) for name, n in counts.head(MOST_AUTHORS).items()]


@checks_keywords
def gallery(
    frame: pd.DataFrame | str | os.PathLike[str], *, page_size: int = PAGE_SIZE, thumbnail_px: int = THUMBNAIL_PX
) -> Gallery:
    """Look at the pictures of a table or an export: thumbnails in pages, each with its author, time and caption.

    A picture can be enlarged; author, chat, days and size can be chosen. A missing picture has its place and its
    reason. Only the pictures of one page are in the notebook, so its file stays small.

    Parameters
    ----------
    frame : pandas.DataFrame, str or path-like
        Messages, whole or filtered, or as plain pandas read them from our file. Or the folder of an export, which may
        be larger than memory: what is on a page is read when the page is turned to.
    page_size : int
        Pictures on a page, 1 to 200.
    thumbnail_px : int
        Longest side of a thumbnail, 40 to 600 pixels.

    Returns
    -------
    Gallery
        Shows itself in a notebook; times are in UTC. A notebook exported as HTML holds the first page.

    Raises
    ------
    ConfigError
        If `frame` is not a table of messages, there is no export in a folder or a part of it is damaged, or a number
        is out of range.

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox() as world:
    ...     df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    >>> gallery(df)
    Gallery of 60 images, 0 missing
    """
    for what, value, least, most in (("page_size", page_size, 1, 200), ("thumbnail_px", thumbnail_px, 40, 600)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ConfigError(f"gallery() cannot take {what}={value!r}: write a whole number from {least} to {most}.")
    shelf = shelf_of(frame)
    off = len(shelf.facts) > 0 and bool((shelf.facts["reason"].astype("str") == "disabled").all())
    again = "fetch" if isinstance(frame, pd.DataFrame) else "export"
    hint = f"they were not downloaded: {again} again with images=True" if off else ""
    shown = Gallery(shelf, hint=hint, page_size=page_size, thumbnail_px=thumbnail_px)
    close_on_rerun(shown)
    return shown
