"""The chats that an account can see, as a list that a search narrows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

from ..errors import ConfigError
from ..page.html import Html, plain, show_html
from .numbers import WIDE

__all__ = ["ChatList"]

MOST_SHOWN = 500


class ChatList:
    """Widgets for one chat of an account.

    Parameters
    ----------
    load : callable
        Called when somebody asks for the list again; answers by `show`.
    first : str, optional
        The id or title that is chosen to begin with.

    Attributes
    ----------
    chosen : str
        The id of the chat that is chosen, or what a source called it; raises ConfigError when there is none.
    choices : tuple of ipywidgets.ValueWidget
        Everything that can be chosen.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, load: Callable[[], None], first: str | None = None) -> None:
        self._chats: pd.DataFrame | None = None
        self._given = first
        self._chosen: Any = self._given
        self._lock = threading.RLock()  # the list comes on the loop's thread, clicks on the kernel's
        self._drawing = False
        self.search = ipywidgets.Text(
            description="Search",
            placeholder="part of a title",
            tooltip="Shows only the chats whose title holds this",
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
            raise ConfigError("no chat is chosen: pick one of the list")
        return chosen

    def title(self) -> str:
        """Return what the chosen chat is called, for people."""
        with self._lock:
            chats, chosen = self._chats, self.listed.value
        if chats is None or chosen is None:
            return ""
        found = chats.loc[chats["id"] == chosen, "title"]
        return plain(found.iloc[0]) if len(found) else ""

    def last_active(self, chat: object) -> pd.Timestamp | None:
        """Return when a chat was last active (UTC), as far as the list says."""
        if self._chats is None:
            return None
        found = self._chats.loc[self._chats["id"] == chat, "last_activity"].dropna()
        return found.iloc[0] if len(found) else None

    def show(self, chats: pd.DataFrame) -> None:
        """Show these chats, a table as `chatframes.chats` gives."""
        with self._lock:
            self._chats = chats
            named = chats.loc[(chats["title"] == self._given) | (chats["id"] == self._given), "id"].tolist()
            if len(named) == 1:  # what a source called it becomes the chat it means
                if self._chosen == self._given:
                    self._chosen = str(named[0])
                self._given = None
            self._draw()

    def forget(self) -> None:
        """Empty the list and the choice: they belong to another account."""
        with self._lock:
            self._chats = self._given = self._chosen = None
            self._draw()

    def _picked(self) -> None:
        with self._lock:
            if not self._drawing:
                self._chosen = self.listed.value

    def _draw(self) -> None:
        """Show what the search leaves; a choice that it hides comes back when it is cleared."""
        with self._lock:
            options, cut = self._found()
            if self._given is not None and self._given not in [value for _, value in options]:
                options.insert(0, (plain(self._given), self._given))
            self._drawing = True
            try:
                self.listed.options = options
                self.listed.value = self._chosen if self._chosen in [value for _, value in options] else None
                show_html(self.cut, Html.escape(cut))
            finally:
                self._drawing = False

    def _found(self) -> tuple[list[tuple[str, Any]], str]:
        if self._chats is None:
            return [], ""
        wanted = self.search.value.strip().casefold()
        titles = self._chats["title"].fillna("").astype(str)
        found = self._chats[titles.str.casefold().str.contains(wanted, regex=False)]
        shown = found.head(MOST_SHOWN)
        if self._chosen not in set(shown["id"]):
            shown = pd.concat([shown, found[found["id"] == self._chosen]])  # however long ago it was active
        options = [(_label(row), str(row.id)) for row in shown.itertuples()]
        if len(found) <= MOST_SHOWN:
            return options, ""
        return options, f"{MOST_SHOWN:,} of {len(found):,} chats, the most recently active; Search finds the others."


def _label(row: Any) -> str:
    active = "" if pd.isna(row.last_activity) else f", {row.last_activity:%Y-%m-%d}"
    title = "" if pd.isna(row.title) else plain(row.title).strip()[:70]
    return f"{title or row.id}  ({plain(row.kind)}{active})"
