"""Which chat, as widgets: the service, then one of the chats this account can see, or a place at Reddit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

from ..errors import ConfigError
from ..markup import plain
from ..sources import Source
from ..sources.reddit import SEARCH_SORTS, SORTS, TIME_FILTERS, Reddit
from ..sources.telegram import Telegram
from ..sources.webex import Webex
from .days import Days

__all__ = ["ChatPicker"]

SERVICES = {"Webex": "webex", "Telegram": "telegram", "Reddit": "reddit"}
_WIDE = {"layout": {"width": "32em"}, "style": {"description_width": "5.5em"}}
_NARROW = {"layout": {"width": "14em"}, "style": {"description_width": "5.5em"}}
MOST_SHOWN = 500
ALL = "all"


class ChatPicker:
    """Widgets for one chat.

    Parameters
    ----------
    load : callable
        Called with "webex" or "telegram" when its chats are wanted; answers by `show_chats`.
    first : Source, optional
        What is chosen to begin with.

    Attributes
    ----------
    service : str
        "webex", "telegram" or "reddit".
    """

    def __init__(self, load: Callable[[str], None], first: Source | None = None, service: str = "webex") -> None:
        self._load = load
        self._chats: pd.DataFrame | None = None
        self._given = getattr(first, "room", None) or getattr(first, "chat", None)
        names = {value: name for name, value in SERVICES.items()}
        self.services = ipywidgets.ToggleButtons(
            description="Service",
            options=list(SERVICES),
            value=names[first.service if first is not None else service],
            style={"description_width": "5.5em", "button_width": "7em"},
        )
        self.search = ipywidgets.Text(
            description="Search",
            placeholder="part of a title",
            tooltip="Shows only the chats whose title holds this",
            **_WIDE,
        )
        self.refresh = ipywidgets.Button(description="List again", tooltip="Ask the service for the chats again")
        self.listed = ipywidgets.Select(description="Chat", options=[], rows=6, **_WIDE)
        self.shown = ipywidgets.HTML()
        self.newest = ipywidgets.Text(
            description="Newest",
            placeholder="all messages of these days",
            value=str(getattr(first, "limit", None) or ""),
            tooltip="How many messages, counted from the newest; nothing for all of them",
            **_WIDE,
        )
        self.what = ipywidgets.Text(
            description="Reddit",
            placeholder="r/python, a+b, a link or id of a post",
            value=getattr(first, "what", "") or "",
            **_WIDE,
        )
        self.words = ipywidgets.Text(
            description="Search",
            placeholder="words, or nothing",
            value=getattr(first, "search", None) or "",
            **_WIDE,
        )
        self.sort = ipywidgets.Dropdown(
            description="Order",
            options=SORTS if getattr(first, "search", None) is None else SEARCH_SORTS,
            value=getattr(first, "sort", "new"),
            **_NARROW,
        )
        self.time_filter = ipywidgets.Dropdown(
            description="Time",
            options=[("all time" if name == "all" else f"past {name}", name) for name in TIME_FILTERS],
            value=getattr(first, "time_filter", "all"),
            tooltip="For searches, and for the orders top and controversial",
            **_NARROW,
        )
        self.posts = _how_many("Posts", getattr(first, "posts", 50))
        self.comments = _how_many("Comments", getattr(first, "comments", 20))
        self._account = (ipywidgets.HBox((self.search, self.refresh)), self.listed, self.shown)
        numbers = ipywidgets.HBox(
            (self.sort, self.time_filter, self.posts, self.comments), layout={"flex_flow": "row wrap"}
        )
        self._reddit = (self.what, self.words, numbers)
        self._below = ipywidgets.VBox()
        self.box = ipywidgets.VBox((self.services, self._below))
        self._arrange()
        self._offer_orders()
        self.services.observe(lambda _: self._changed(), "value")
        self.search.observe(lambda _: self._list(), "value")
        for one in (self.sort, self.words):
            one.observe(lambda _: self._offer_orders(), "value")
        self.refresh.on_click(lambda _: self.load())

    @property
    def service(self) -> str:
        return SERVICES[self.services.value]

    def load(self) -> None:
        """Ask for the chats of the service that is chosen, where there is a list of them."""
        if self.service != "reddit":
            self._load(self.service)

    def show_chats(self, service: str, chats: pd.DataFrame | None) -> None:
        """Show what came, if it is still wanted; None for nothing."""
        if service == self.service:
            self._chats = chats
            self._list()

    def source(self, days: Days) -> Source:
        """Return the source that is chosen.

        Raises
        ------
        ConfigError
            Nothing is chosen, or the days or the time zone cannot be right.
        """
        times: dict[str, Any] = {"since": days.since, "until": days.until, "tz": days.tz}
        if self.service == "reddit":
            return Reddit(
                self.what.value.strip(),
                sort=self.sort.value,
                time_filter="all" if self.time_filter.disabled else self.time_filter.value,
                search=self.words.value.strip() or None,
                posts=_number_or_all(self.posts.value, "posts"),
                comments=_number_or_all(self.comments.value, "comments"),
                **times,
            )
        chat = self.listed.value
        if chat is None:
            raise ConfigError("no chat is chosen: pick one of the list")
        if self.service == "telegram":
            newest = self.newest.value.strip()
            return Telegram(chat, limit=_number(newest, "newest") if newest else None, **times)
        return Webex(chat, **times)

    def title(self) -> str:
        """Return what the chosen chat is called, for people."""
        if self._chats is None or self.listed.value is None or self.service == "reddit":
            return ""
        found = self._chats.loc[self._chats["id"] == self.listed.value, "title"]
        return plain(found.iloc[0]) if len(found) else ""

    def _changed(self) -> None:
        self._chats = None
        self._given = None  # it belongs to the service that was chosen before
        self._arrange()
        self._list()
        self.load()

    def _arrange(self) -> None:
        views = {"webex": self._account, "telegram": (*self._account, self.newest), "reddit": self._reddit}
        self._below.children = views[self.service]
        if self._given is not None and not self.listed.options:
            self.listed.options = [(plain(self._given), self._given)]
            self.listed.value = self._given

    def _offer_orders(self) -> None:
        """Offer the orders that Reddit has, with words to search for and without."""
        searching, sort = bool(self.words.value.strip()), self.sort.value
        self.sort.options = SEARCH_SORTS if searching else SORTS
        self.sort.value = sort if sort in self.sort.options else "new"
        self.time_filter.disabled = not searching and self.sort.value not in ("top", "controversial")

    def _list(self) -> None:
        chosen = self.listed.value or self._given
        options: list[tuple[str, Any]] = []
        more = ""
        if self._chats is not None:
            wanted = self.search.value.strip().casefold()
            titles = self._chats["title"].fillna("").astype(str)
            found = self._chats[titles.str.casefold().str.contains(wanted, regex=False)]
            options = [(_label(row), str(row.id)) for row in found.head(MOST_SHOWN).itertuples()]
            if len(found) > MOST_SHOWN:
                more = f"{MOST_SHOWN:,} of {len(found):,} chats, those of the latest activity: Search finds the others."
        named = [] if self._chats is None else self._chats.loc[self._chats["title"] == self._given, "id"].tolist()
        if len(named) == 1:  # a title becomes the chat it means
            chosen, self._given = str(named[0]), None
        elif self._given is not None and self._given not in [value for _, value in options]:
            options.insert(0, (plain(self._given), self._given))
        self.listed.options = options
        self.listed.value = chosen if chosen in [value for _, value in options] else None
        self.shown.value = more


def _label(row: Any) -> str:
    active = "" if pd.isna(row.last_activity) else f", {row.last_activity:%Y-%m-%d}"
    title = "" if pd.isna(row.title) else plain(row.title).strip()[:70]
    return f"{title or row.id}  ({plain(row.kind)}{active})"


def _how_many(name: str, value: object) -> Any:
    return ipywidgets.Text(
        description=name, value=str(value), tooltip=f"How many {name.lower()}: a number, or “all”", **_NARROW
    )


def _number_or_all(text: str, what: str) -> Any:
    text = text.strip().lower()
    return ALL if text == ALL else _number(text, what, "write one, or all")


def _number(text: str, what: str, hint: str = "write one, or nothing for all messages") -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ConfigError(f"{what}: {text!r} is no number: {hint}")
    return int(text)
