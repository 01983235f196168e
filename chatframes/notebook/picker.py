"""Widgets to choose a chat: the service, a chat of the account, and the other fields of its source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from ..page.cells import close_all
from ..services import Service, services
from ..sources import Source
from .chat_list import ChatList
from .days import Days
from .source_form import SourceForm

__all__ = ["ChatPicker"]


class ChatPicker:
    """Widgets to choose one chat.

    Parameters
    ----------
    load : callable
        Called with the name of a service when its chats are wanted; it calls `chats.show` with them.
    changed : callable
        Called when another service was chosen, before `load`.
    first : Source, optional
        What is chosen at first.
    service : str
        The name of the service chosen at first, unless there is a `first`.

    Attributes
    ----------
    chats : ChatList
        The chats of an account, where the service lists them.
    forms : dict of str to SourceForm
        The other fields of each service's source, by the service's name.
    choices : tuple of ipywidgets.ValueWidget
        Everything that can be chosen.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(
        self,
        load: Callable[[str], None],
        changed: Callable[[], None],
        first: Source | None = None,
        service: str = "",
    ) -> None:
        self._load, self._change = load, changed
        chosen = first.service if first is not None else service
        self._services = services()
        self._names = {each.title: name for name, each in self._services.items()}  # by title
        titles = {name: title for title, name in self._names.items()}
        self.services = ipywidgets.ToggleButtons(
            description="Service",
            options=list(self._names),
            value=titles[chosen or next(iter(titles))],
            style={"description_width": "5.5em", "button_width": "7em"},
        )
        self.chats = ChatList(self.load, self._listed_chat(first))
        self.forms = {
            name: SourceForm(each, first if name == chosen else None) for name, each in self._services.items()
        }
        fields = [widget for form in self.forms.values() for widget in form.choices]
        self.choices = (self.services, *self.chats.choices, *fields)
        self._below = ipywidgets.VBox()
        self.box = ipywidgets.VBox((self.services, self._below))
        self._arrange()
        self.services.observe(lambda _: self._changed(), "value")

    @property
    def service(self) -> str:
        """The name of the service that is chosen."""
        return self._names[self.services.value]

    @property
    def lists_chats(self) -> bool:
        """Whether the service that is chosen lists the chats of an account."""
        return self._chosen.list_chats is not None

    @property
    def form(self) -> SourceForm:
        """The fields of the service that is chosen."""
        return self.forms[self.service]

    @property
    def _chosen(self) -> Service:
        return self._services[self.service]

    def load(self) -> None:
        """Ask for the chats of the service that is chosen, where there is a list of them."""
        if self.lists_chats:
            self._load(self.service)

    def source(self, days: Days) -> Source:
        """Return the source that is chosen.

        Raises
        ------
        ConfigError
            Nothing is chosen, or the days or the time zone are wrong.
        """
        chosen = self._chosen
        listed = {chosen.chat_key: self.chats.chosen} if self.lists_chats else {}
        values = {**listed, **self.form.values()}
        chat = values.pop(chosen.chat_key)
        source: Source = chosen.source(chat, since=days.since, until=days.until, tz=days.tz, **values)
        return source

    def title(self) -> str:
        """Return the title of the chosen chat; empty where it is not known."""
        return self.chats.title() if self.lists_chats else ""

    def last_active(self, source: Source) -> Any:
        """Return when the chat of a source was last active (UTC), as far as the list says."""
        return self.chats.last_active(self._listed_chat(source)) if self.lists_chats else None

    def close(self) -> None:
        """Take the widgets off the page, also those that are not shown now."""
        close_all(self.box, self.chats.box, *(form.box for form in self.forms.values()))

    def _listed_chat(self, source: Source | None) -> str | None:
        """Return the chat that a source names, where its service lists chats."""
        if source is None or self._services[source.service].list_chats is None:
            return None
        chat = getattr(source, self._services[source.service].chat_key)
        return None if chat is None else str(chat)

    def _changed(self) -> None:
        self.chats.forget()
        self._arrange()
        self._change()
        self.load()

    def _arrange(self) -> None:
        self._below.children = (*((self.chats.box,) if self.lists_chats else ()), self.form.box)
