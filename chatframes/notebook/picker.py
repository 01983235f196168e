"""Which chat, as widgets: the service, then one of the chats this account can see, or a place at Reddit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from ..page.cells import close_all
from ..settings.keys import Service
from ..sources import Source
from ..sources.reddit.source import Reddit
from ..sources.telegram.source import Telegram
from ..sources.webex.source import Webex
from .chat_list import ChatList
from .days import Days
from .reddit_place import RedditPlace

__all__ = ["ChatPicker"]

SERVICES: dict[str, Service] = {"Webex": "webex", "Telegram": "telegram", "Reddit": "reddit"}


class ChatPicker:
    """Widgets for one chat.

    Parameters
    ----------
    load : callable
        Called with "webex" or "telegram" when its chats are wanted; answers by `chats.show`.
    changed : callable
        Called when another service was chosen, before its chats are wanted.
    first : Source, optional
        What is chosen to begin with.
    service : str
        Chosen to begin with, unless there is a `first`.

    Attributes
    ----------
    chats : ChatList
        The chats of an account of Webex or Telegram.
    place : RedditPlace
        What is asked for at Reddit.
    choices : tuple of ipywidgets.ValueWidget
        Everything that can be chosen.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(
        self,
        load: Callable[[Service], None],
        changed: Callable[[], None],
        first: Source | None = None,
        service: Service = "webex",
    ) -> None:
        self._load, self._change = load, changed
        names = {value: name for name, value in SERVICES.items()}
        self.services = ipywidgets.ToggleButtons(
            description="Service",
            options=list(SERVICES),
            value=names[first.service if first is not None else service],
            style={"description_width": "5.5em", "button_width": "7em"},
        )
        self.chats = ChatList(self.load, None if isinstance(first, Reddit) else first)
        self.place = RedditPlace(first if isinstance(first, Reddit) else None)
        self.choices = (self.services, *self.chats.choices, *self.place.choices)
        self._below = ipywidgets.VBox()
        self.box = ipywidgets.VBox((self.services, self._below))
        self._arrange()
        self.services.observe(lambda _: self._changed(), "value")

    @property
    def service(self) -> Service:
        return SERVICES[self.services.value]

    def load(self) -> None:
        """Ask for the chats of the service that is chosen, where there is a list of them."""
        if self.service != "reddit":
            self._load(self.service)

    def source(self, days: Days) -> Source:
        """Return the source that is chosen.

        Raises
        ------
        ConfigError
            Nothing is chosen, or the days or the time zone cannot be right.
        """
        times: dict[str, Any] = {"since": days.since, "until": days.until, "tz": days.tz}
        if self.service == "reddit":
            return self.place.source(times)
        if self.service == "telegram":
            return Telegram(self.chats.chosen, limit=self.chats.limit, **times)
        return Webex(self.chats.chosen, **times)

    def title(self) -> str:
        """Return what the chosen chat is called, for people."""
        return "" if self.service == "reddit" else self.chats.title()

    def close(self) -> None:
        """Take the widgets off the page, those that are not shown now as well."""
        close_all(self.box, self.chats.box, self.place.box)

    def _changed(self) -> None:
        self.chats.forget()
        self._arrange()
        self._change()
        self.load()

    def _arrange(self) -> None:
        self.chats.newest.layout.display = None if self.service == "telegram" else "none"
        self._below.children = (self.place.box if self.service == "reddit" else self.chats.box,)
