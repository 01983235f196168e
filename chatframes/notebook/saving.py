"""Widgets to save a table: a file name, a button, and a line that says how it went."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import ipywidgets
import pandas as pd

from ..errors import ChatframesError
from ..page.html import show_status
from ..table.files import write_parquet
from ..words import counted

__all__ = ["SaveRow", "file_name", "messages_in"]


class SaveRow:
    """Widgets to save a table as Parquet.

    Parameters
    ----------
    pressed : callable
        Called when the button is pressed.

    Attributes
    ----------
    path : ipywidgets.Text
        The name of the file.
    button : ipywidgets.Button
        Disabled while there is nothing to save.
    status : ipywidgets.HTML
        Says what would be saved, and how saving went.
    box : ipywidgets.HBox
        What to display.
    """

    def __init__(self, pressed: Callable[[], None]) -> None:
        self._suggested = "chat.parquet"
        self.path = ipywidgets.Text(
            description="File", value=self._suggested, tooltip="Where the table is saved, as Parquet"
        )
        self.button = ipywidgets.Button(description="Save as Parquet", disabled=True)
        self.status = ipywidgets.HTML()
        self.box = ipywidgets.HBox((self.path, self.button, self.status), layout={"flex_flow": "row wrap"})
        self.button.on_click(lambda _: pressed())
        self._frame: pd.DataFrame | None = None
        self._may_replace: dict[Path, object] = {}  # files that this frame may replace: written with it, or asked about

    def say(self, sentence: str) -> None:
        """Show a sentence beside the button."""
        show_status(self.status, sentence)

    def offer(self, frame: pd.DataFrame, name: str) -> None:
        """Say what would be saved, and suggest a file named after the chat, unless the user has named one."""
        self.say(f"{messages_in(frame)} of {name}")
        if self.path.value == self._suggested:
            self._suggested = file_name(name)
            self.path.value = self._suggested

    async def save(self, frame: pd.DataFrame | None) -> None:
        """Write the file, and say how it went."""
        if frame is None:
            self.say("There is no table to save yet: press Fetch first.")
            return
        self.button.disabled = True
        self.say(await asyncio.to_thread(self.write, frame))

    def write(self, frame: pd.DataFrame) -> str:
        """Write the file and say in a sentence how it went. An existing file is replaced at the second press."""
        if frame is not self._frame:
            self._frame = frame
            self._may_replace.clear()
        name = self.path.value.strip()
        if not name:
            return "Not saved: name a file first, such as chat.parquet."
        try:
            path = Path(name).expanduser().resolve()
            existing = _identity(path)
            if existing is not None and self._may_replace.get(path) != existing:
                self._may_replace[path] = existing
                return f"{path} is there already: press Save as Parquet again to replace it, or give another name."
            write_parquet(frame, path)
            self._may_replace[path] = _identity(path)
        except (ChatframesError, OSError, ValueError, RuntimeError) as error:  # the last two: for odd names
            return f"Not saved: {getattr(error, 'strerror', None) or error}"
        return f"Saved {messages_in(frame)} to {path}{', in place of what was there' if existing is not None else ''}."


def _identity(path: Path) -> object:
    """Return facts that change when a file is replaced; None when there is no file."""
    if not path.is_file():
        return None
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def file_name(chat: str) -> str:
    """Suggest a file name for a chat.

    Examples
    --------
    >>> file_name("Project Apollo: tests & more"), file_name("...")
    ('project-apollo-tests-more.parquet', 'chat.parquet')
    """
    words = re.findall(r"[^\W_]+", chat.lower())
    return f"{'-'.join(words)[:60].strip('-') or 'chat'}.parquet"


def messages_in(frame: pd.DataFrame | None) -> str:
    """Return the number of messages in a table, in words.

    Examples
    --------
    >>> messages_in(pd.DataFrame({"text": ["one"]}))
    '1 message'
    """
    return counted(0 if frame is None else len(frame), "message")
