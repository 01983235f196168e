"""A line in a panel that says what goes on, or how it went."""

from __future__ import annotations

import asyncio
import re
import threading

import ipywidgets

from ..page.html import show_status
from ..road.defects import unexpected

__all__ = ["StatusLine", "capitalized"]


class StatusLine:
    """A line of text that any thread may change.

    Attributes
    ----------
    widget : ipywidgets.HTML
        What to display.

    Examples
    --------
    >>> line = StatusLine()
    >>> asking = line.say("Asking for the chats …")
    >>> line.replace(asking, "3 chats.")
    >>> line.replace(asking, "This comes too late.")
    >>> line.text
    '3 chats.'
    """

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()
        self.text = ""
        self._lock = threading.RLock()

    def say(self, *sentences: object) -> str:
        """Show sentences, each on a line of its own, without those that are empty; return the text that is shown."""
        with self._lock:
            self.text = "\n".join(capitalized(str(sentence)) for sentence in sentences if str(sentence))
            show_status(self.widget, self.text)
            return self.text

    def replace(self, text: str, *sentences: object) -> None:
        """Show other sentences in the place of `text`, unless something more important is shown by now."""
        with self._lock:
            if self.text == text:
                self.say(*sentences)

    def say_defect(self, task: asyncio.Task[None]) -> None:
        """Say what a task that has ended was broken off by, if it was by an error."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.say(unexpected(error))


def capitalized(text: str) -> str:
    """Return the text with a capital first letter, unless it begins with something other than a word.

    Examples
    --------
    >>> capitalized("posts is too large."), capitalized("since='x' is not a date.")
    ('Posts is too large.', "since='x' is not a date.")
    """
    return text[0].upper() + text[1:] if re.match("[a-z]+ ", text) else text
