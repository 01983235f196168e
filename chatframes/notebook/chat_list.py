"""A list of the chats an account can see, with a search field."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

from ..errors import ConfigError
from ..page.html import Html, plain, show_html
from .fields import WIDE

__all__ = ["ChatList"]

MOST_SHOWN = 500
# What is hardly a part of a title: an address, @name, a long number, an e-mail address, an encoded id, a uuid.
_ADDRESS = re.compile(r"[a-z]+:\S|//|@|[+-]?[0-9]{5}|\S+@\S+\.|\S+\.\S+/|Y2lz|[0-9a-f]{8}-", re.IGNORECASE)


class ChatList:
    """Widgets to choose one chat of an account.

    Parameters
    ----------
    load : callable
        Called when the list is asked for again; it calls `show` with the new list.
    first : str, optional
        The id or title that is chosen at first.

    Attributes
    ----------
    chosen : str
        The id of the chosen chat, or the name a source has for it; raises ConfigError when none is chosen.
    choices : tuple of ipywidgets.ValueWidget
        Everything that can be chosen.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, load: Callable[[], None], first: str | None = None) -> None:
        self._chats: pd.DataFrame | None = None
        self._unresolved = first  # what a source calls its chat, until the list tells its id
        self._chosen: Any = first
        self._lock = threading.RLock()  # the list comes on the loop's thread, clicks on the kernel's
        self._drawing = False
        self.search = ipywidgets.Text(
            description="Search",
            placeholder="part of a title, or a link",
            tooltip="Shows only the chats whose title holds this; a link, an @name or an id can be chosen as it is",
            **WIDE,
        )
        self.refresh = ipywidgets.Button(description="List again", tooltip="Ask the service for the chats again")
        self.listed = ipywidgets.Select(description="Chat", options=[], rows=6, **WIDE)
        self.cut = ipywidgets.HTML()
        self.choices = (self.listed,)
        self.box = ipywidgets.VBox((ipywidgets.HBox((self.search, self.refresh)), self.listed, self.cut))
        self._draw()
        self.listed.observe(lambda _: self._picked(), "value")
        self.search.observe(lambda _: self._draw(), "value")
        self.refresh.on_click(lambda _: load())

    @property
    def chosen(self) -> Any:
        with self._lock:
            chosen = self.listed.value
        if chosen is None:
            raise ConfigError("No chat is chosen: pick one from the list.")
        return chosen

    def title(self) -> str:
        """Return the title of the chosen chat; empty where it is not known."""
        with self._lock:
            chats, chosen = self._chats, self.listed.value
        if chats is None or chosen is None:
            return ""
        titles = chats.loc[chats["id"] == chosen, "title"]
        return plain(titles.iloc[0]) if len(titles) else ""

    def last_active(self, chat: object) -> pd.Timestamp | None:
        """Return when a chat was last active (UTC), as far as the list says."""
        if self._chats is None:
            return None
        times = self._chats.loc[self._chats["id"] == chat, "last_activity"].dropna()
        return times.iloc[0] if len(times) else None

    def show(self, chats: pd.DataFrame) -> None:
        """Show these chats, a table like that of `chatframes.chats`."""
        with self._lock:
            self._chats = chats
            name = self._unresolved
            ids = chats.loc[(chats["title"] == name) | (chats["id"] == name), "id"].tolist()
            if len(ids) == 1:  # the list shows which chat the source means
                if self._chosen == name:
                    self._chosen = str(ids[0])
                self._unresolved = None
            self._draw()

    def forget(self) -> None:
        """Empty the list and the choice: they belong to another account."""
        with self._lock:
            self._chats = self._unresolved = self._chosen = None
            self._draw()

    def _picked(self) -> None:
        with self._lock:
            if not self._drawing:
                self._chosen = self.listed.value
                if self._chosen is not None and self._chats is not None and self._chosen not in set(self._chats["id"]):
                    self._unresolved = self._chosen  # an address: it stays in the list when the search is cleared

    def _draw(self) -> None:
        """Show the chats that match the search; a chosen chat it hides is chosen again when the search is cleared."""
        with self._lock:
            options, cut = self._matching()
            if self._unresolved is not None and self._unresolved not in [value for _, value in options]:
                options.insert(0, (plain(self._unresolved), self._unresolved))
            self._drawing = True
            try:
                self.listed.options = options
                self.listed.value = self._chosen if self._chosen in [value for _, value in options] else None
                show_html(self.cut, Html.escape(cut))
            finally:
                self._drawing = False

    def _matching(self) -> tuple[list[tuple[str, Any]], str]:
        """Return the options of the list, and a sentence if there are too many to show."""
        if self._chats is None:
            return [], ""
        wanted = self.search.value.strip().casefold()
        titles = self._chats["title"].fillna("").astype(str)
        matching = self._chats[titles.str.casefold().str.contains(wanted, regex=False)]
        shown = matching.head(MOST_SHOWN)
        if self._chosen not in set(shown["id"]):
            shown = pd.concat([shown, matching[matching["id"] == self._chosen]])  # even if it was active long ago
        options = [(_label(row), str(row.id)) for row in shown.itertuples()]
        if not options and _ADDRESS.match(typed := self.search.value.strip()):
            options = [(f"{plain(typed)}  (as it is written)", typed)]
        if len(matching) <= MOST_SHOWN:
            return options, ""
        return options, f"{MOST_SHOWN:,} of {len(matching):,} chats, the most recently active; Search finds the others."


def _label(row: Any) -> str:
    active = "" if pd.isna(row.last_activity) else f", {row.last_activity:%Y-%m-%d}"
    title = "" if pd.isna(row.title) else plain(row.title).strip()[:70]
    return f"{title or row.id}  ({plain(row.kind)}{active})"
