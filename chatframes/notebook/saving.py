"""Where a table is saved, as widgets: a file name and a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets
import pandas as pd

from ..errors import ChatframesError
from ..table.files import write_parquet

__all__ = ["SaveRow", "messages_in"]


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
        To be disabled while there is nothing to save.
    box : ipywidgets.HBox
        What to display.
    """

    def __init__(self, pressed: Callable[[], None]) -> None:
        self.path = ipywidgets.Text(
            description="File", value="chat.parquet", tooltip="Where the table is saved, as Parquet"
        )
        self.button = ipywidgets.Button(description="Save as Parquet", disabled=True)
        self.box = ipywidgets.HBox((self.path, self.button))
        self.button.on_click(lambda _: pressed())
        self._may_replace: set[Path] = set()  # files of ours, and those that were asked about

    def write(self, frame: pd.DataFrame) -> str:
        """Write the file and return, in a sentence, what came of it. A file of others is asked about first."""
        named = self.path.value.strip()
        if not named:
            return "Not saved: name a file first, such as chat.parquet."
        try:
            path = Path(named).expanduser()
            if path.is_file() and path not in self._may_replace:
                self._may_replace.add(path)
                return f"{path} is there already: press Save as Parquet again to replace it, or give another name."
            write_parquet(frame, path)
        except (ChatframesError, OSError, ValueError, RuntimeError) as error:  # of odd names, too
            return f"Not saved: {getattr(error, 'strerror', None) or error}"
        self._may_replace.add(path)
        return f"Saved {messages_in(frame)} to {path}."


def messages_in(frame: pd.DataFrame | None) -> str:
    """Say how many messages a table has.

    Examples
    --------
    >>> messages_in(pd.DataFrame({"text": ["one"]}))
    '1 message'
    """
    number = 0 if frame is None else len(frame)
    return f"{number:,} message{'' if number == 1 else 's'}"
