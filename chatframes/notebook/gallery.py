"""Look at the pictures of a table: pages of thumbnails with author, time and caption, and one picture enlarged."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import ipywidgets
import pandas as pd

from ..errors import ConfigError
from ..images.shown import ImageBytes
from ..keywords import checks_keywords
from ..page.cells import bundle, close_all, close_on_rerun
from ..page.html import NO_FORMULAS, Html, plain, show_html
from ..table.frame import attachments
from ..table.report_text import NO_PICTURE
from .thumbnails import PixelBudget
from .tile import Entry, Tile, small_html

__all__ = ["Gallery", "gallery"]

KEPT_THUMBNAILS = 1_000
MOST_AUTHORS = 500
MOST_OF_A_NAME, MOST_OF_A_TEXT = 200, 2_000  # characters
EVERYBODY = ""
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

    Attributes
    ----------
    author, what, size, since, until : ipywidgets.ValueWidget
        The filters.
    previous_button, next_button : ipywidgets.Button
        They turn the pages.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, entries: list[Entry], *, hint: str, page_size: int, thumbnail_px: int) -> None:
        self._all = self._chosen = entries
        self._hint = hint
        self._page_size = page_size
        self._thumbnail_px = thumbnail_px
        self._page = 0
        self._thumbnails: dict[int, bytes] = {}
        short = {"layout": {"width": "16em"}, "style": {"description_width": "3.5em"}}
        authors = pd.Series([entry.author for entry in entries], dtype="str").value_counts()
        if len(authors) > MOST_AUTHORS:
            few = f"Author lists the {MOST_AUTHORS} of {len(authors):,} with the most images"
            self._hint = "; ".join(filter(None, (hint, few)))
        busiest = authors.head(MOST_AUTHORS).items()
        self.author = ipywidgets.Dropdown(
            description="Author",
            options=[("everybody", EVERYBODY), *((f"{plain(name)[:60]} ({n:,})", name) for name, n in busiest)],
            **short,
        )
        self.what = ipywidgets.Dropdown(description="Show", options=list(_WHAT), **short)
        self.size = ipywidgets.Dropdown(description="Size", options=list(_SIZES), **short)
        self.since = ipywidgets.DatePicker(description="From", tooltip="First day, in UTC", **short)
        self.until = ipywidgets.DatePicker(description="Until", tooltip="Last day, in UTC", **short)
        self.previous_button = ipywidgets.Button(description="Previous", layout={"width": "6em"})
        self.next_button = ipywidgets.Button(description="Next", layout={"width": "6em"})
        self.status = ipywidgets.HTML()
        self._enlarged: int | None = None  # its position on the page
        self._lock = threading.RLock()  # each widget may be heard on a thread of its own
        self._budget = PixelBudget(thumbnail_px)
        self._tiles = [self._make_tile(place, entry) for place, entry in enumerate(self._shown())]
        columns = f"repeat(auto-fill, minmax({max(140, thumbnail_px)}px, 1fr))"
        grid = ipywidgets.GridBox(
            [tile.box for tile in self._tiles],
            layout={"grid_template_columns": columns, "grid_gap": "8px", "width": "100%"},
        )
        filters = (self.what, self.author, self.size, self.since, self.until)
        shown = ipywidgets.HBox(filters, layout={"flex_flow": "row wrap"})
        pager = ipywidgets.HBox((self.previous_button, self.next_button, self.status))
        self.box = ipywidgets.VBox((shown, pager, grid, *([pager] if self._pages > 1 else [])))
        for widget in filters:
            widget.observe(lambda _: self._filter(), "value")
        self.previous_button.on_click(lambda _: self._turn(-1))
        self.next_button.on_click(lambda _: self._turn(1))
        self._show_counts()
        close_on_rerun(self)

    def close(self) -> None:
        """Take the widgets off the page; running its cell again does the same."""
        close_all(self.box)

    def __len__(self) -> int:
        return len(self._chosen)

    def __repr__(self) -> str:
        ok = sum(entry.data is not None for entry in self._all)
        return f"Gallery of {ok:,} images, {len(self._all) - ok:,} missing{self._hint and '; ' + self._hint}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        tile = Html('<div style="width:{}px">{}</div>')
        tiles = Html().join(
            tile.format(self._thumbnail_px, small_html(entry, self._thumbnail(entry))) for entry in self._shown()
        )
        grid = Html('<div style="display:flex;flex-wrap:wrap;gap:8px">{}</div>').format(tiles) if tiles else ""
        static = Html("<div {}><p>{!r}</p>{}</div>").format(NO_FORMULAS, self, grid)
        return bundle(self.box, repr(self), static)

    def _make_tile(self, place: int, entry: Entry) -> Tile:
        return Tile(lambda: self._press(place), entry, self._thumbnail(entry))

    def _press(self, place: int) -> None:
        with self._lock:
            if place < len(self._shown()):  # otherwise the page was turned in the meantime
                self._enlarge(None if self._enlarged == place else place)

    @property
    def _pages(self) -> int:
        return max(1, -(-len(self._chosen) // self._page_size))

    def _shown(self) -> list[Entry]:
        first = self._page * self._page_size
        return self._chosen[first : first + self._page_size]

    def _filter(self) -> None:
        with self._lock:
            self._choose()
            self._page, self._enlarged = 0, None
            self._draw()

    def _choose(self) -> None:
        least, most = _SIZES[self.size.value]
        statuses = _WHAT[self.what.value]
        since, until = self.since.value, self.until.value
        self._chosen = [
            entry
            for entry in self._all
            if entry.status in statuses
            and self.author.value in (EVERYBODY, entry.author)
            and (self.size.value == ANY_SIZE or (entry.data is not None and least <= entry.size < most))
            and _on(entry.when, since, until)
        ]

    def _turn(self, by: int) -> None:
        with self._lock:
            self._page, self._enlarged = min(max(self._page + by, 0), self._pages - 1), None
            self._draw()

    def _enlarge(self, place: int | None) -> None:
        before, self._enlarged = self._enlarged, place
        shown = self._shown()
        for changed in (before, place):
            if changed is not None:
                self._draw_tile(changed, shown[changed])

    def _show_counts(self) -> None:
        self.previous_button.disabled, self.next_button.disabled = self._page == 0, self._page == self._pages - 1
        counted = f"{len(self._chosen):,} of {len(self._all):,} images"
        shown = f"{counted}, page {self._page + 1} of {self._pages}; times are in UTC"
        if not self._all:
            shown = "There are no images in this table"
        show_html(self.status, Html.escape(f"{shown}; {self._hint}" if self._hint else shown))

    def _draw(self) -> None:
        self._show_counts()
        self._budget = PixelBudget(self._thumbnail_px)
        shown = self._shown()
        for place in range(len(shown)):
            self._draw_tile(place, shown[place])
        for tile in self._tiles[len(shown) :]:
            tile.show_nothing()

    def _draw_tile(self, place: int, entry: Entry) -> None:
        if place == self._enlarged:
            self._tiles[place].show_large(entry)
        else:
            self._tiles[place].show_small(entry, self._thumbnail(entry))

    def _thumbnail(self, entry: Entry) -> bytes | None:
        if entry.data is None:
            return None
        small = self._thumbnails.get(id(entry)) or self._budget.thumbnail(entry.data)
        if small is not None:
            if len(self._thumbnails) >= KEPT_THUMBNAILS:
                self._thumbnails.clear()
            self._thumbnails[id(entry)] = small
        return small


def _on(when: pd.Timestamp | None, since: date | None, until: date | None) -> bool:
    if since is None and until is None:
        return True
    if when is None:
        return False
    day = when.date()
    return (since is None or since <= day) and (until is None or day <= until)


@checks_keywords
def gallery(frame: pd.DataFrame, *, page_size: int = 24, thumbnail_px: int = 180) -> Gallery:
    """Look at the pictures of a table: thumbnails in pages, each with its author, time and caption.

    A picture can be enlarged; author, days and size can be chosen. A missing picture has its place and its reason.
    Only the pictures of one page are in the notebook, so its file stays small.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, whole or filtered, or as plain pandas read them from our file.
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
        If `frame` is not a table of messages, or a number is out of range.

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
    try:
        tidy = attachments(frame)
    except ConfigError:
        raise
    except (TypeError, ValueError, AttributeError) as error:  # from pandas or Arrow, when columns were changed
        raise ConfigError(
            "gallery() cannot read this frame: it has the columns of fetch(), but other values in them "
            f"({type(error).__name__}). Give it a frame of fetch() or read_parquet()."
        ) from error
    details = dict(zip(frame["uid"], frame["details"], strict=True)) if "details" in frame.columns else {}
    entries = [
        _entry(row, details.get(row["uid"]))
        for row in tidy.to_dict("records")
        if row["status"] == "ok" or row["reason"] not in NO_PICTURE
    ]
    off = bool(entries) and all(entry.reason == "disabled" for entry in entries)
    hint = "they were not downloaded: fetch again with images=True" if off else ""
    return Gallery(entries, hint=hint, page_size=page_size, thumbnail_px=thumbnail_px)


def _entry(row: dict[Any, Any], details: Any) -> Entry:
    image = row["image"] if isinstance(row["image"], dict) else {}
    # Plain bytes (of a file that plain pandas read) would print whole.
    data = ImageBytes(image["bytes"]) if isinstance(image.get("bytes"), bytes) else None
    values = {name: value for name, value in row.items() if name != "image" and not _is_null(value)}
    width, height = values.get("width"), values.get("height")
    return Entry(
        data=data,
        caption=str(values.get("caption") or "")[:MOST_OF_A_TEXT],
        in_words=str(values.get("alt") or "")[:MOST_OF_A_TEXT],
        details=details,
        author=str(values.get("author_name") or values.get("author_id") or "unknown")[:MOST_OF_A_NAME],
        chat=str(values.get("chat_name", ""))[:MOST_OF_A_NAME],
        when=values.get("created_at"),
        name=str(values.get("name", ""))[:MOST_OF_A_NAME],
        size=len(data) if data is not None else 0,
        pixels=f"{width}x{height}" if width and height else "",
        status=str(values.get("status", "ok")) if data is not None or values.get("status") != "ok" else "failed",
        reason=str(values.get("reason", "")),
        error=str(values.get("error", ""))[:MOST_OF_A_TEXT],
    )


def _is_null(value: object) -> bool:
    return value is None or (not isinstance(value, list | dict | str | bytes) and bool(pd.isna(value)))  # type: ignore[call-overload]
