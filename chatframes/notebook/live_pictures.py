"""Show the newest pictures of a fetch while they arrive."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import ipywidgets

from ..model import Message, Outcome
from ..page.cells import close_all
from ..page.html import Html, show_html
from ..progress.drawing import warn_of
from ..road.outbox import Settled
from ..transfer.clock import SYSTEM, Clock
from ..words import counted
from .shelf import entry_of
from .thumbnails import PixelBudget
from .tile import Entry, small_html, small_of

__all__ = ["LivePictures"]

MOST_TILES = 24
THUMBNAIL_PX = 150
# Each new picture is a message of about 10 kB to the page; these two let at most 16 a second go out.
MOST_AT_ONCE, LEAST_SECONDS = 8, 0.5
REST = 4.0  # times as long as drawing took: it has a fifth of one core at most, and downloads need the rest
SPOKEN_SECONDS = 30.0  # a screen reader that counts along would talk without end
_HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


class LivePictures:
    """Tiles with the newest pictures, and how many more there are.

    Thumbnails are made one after another, on another thread. When pictures come faster than they can be shown, the
    newest are shown and all are counted.

    Parameters
    ----------
    afterwards : str
        What to say behind the number of pictures when the fetch is over.
    clock : Clock
        What it waits by.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display; empty until a picture comes.
    grid : ipywidgets.GridBox
        The tiles.
    line, spoken : ipywidgets.HTML
        How many pictures there are: to be seen, and to be heard.
    count : int
        How many pictures have come.
    """

    def __init__(self, afterwards: str = "", clock: Clock = SYSTEM) -> None:
        self._afterwards, self._clock = afterwards, clock
        self.spoken, self.line = ipywidgets.HTML(), ipywidgets.HTML()
        columns = f"repeat(auto-fill, minmax({THUMBNAIL_PX}px, 1fr))"
        self.grid = ipywidgets.GridBox(
            layout={"grid_template_columns": columns, "grid_gap": "8px", "width": "100%", "max_width": "1100px"}
        )
        self.box = ipywidgets.VBox((self.spoken, self.line, self.grid))
        self._start_over()

    def _start_over(self) -> None:
        self.count = self._drawn = 0
        self._waiting: deque[tuple[Entry, bytes]] = deque(maxlen=MOST_TILES)  # to be drawn
        self._spoken_at = float("-inf")

    def clear(self) -> None:
        """Take everything off the page."""
        self._start_over()
        tiles, self.grid.children = self.grid.children, ()
        close_all(*tiles)
        for widget in (self.spoken, self.line):
            show_html(widget, Html())

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[Settled]:
        """Yield a function that takes every outcome of a fetch, and draw for as long as the fetch takes."""
        self.clear()
        arrived = asyncio.Event()

        def take(message: Message, position: int, outcome: Outcome) -> None:
            if outcome.data:
                self.count += 1
                self._waiting.append((_entry(message, position, outcome), outcome.data))
                arrived.set()

        drawing = asyncio.create_task(self._keep_drawing(arrived))
        try:
            yield take
        finally:
            drawing.cancel()
            await asyncio.wait((drawing,))
            if not drawing.cancelled() and (error := drawing.exception()) is not None:
                warn_of(error)  # a defect of what is shown; the table has every picture
            self._waiting.clear()
            if self.count:
                self._say(self._afterwards)
                self._speak("")

    async def _keep_drawing(self, arrived: asyncio.Event) -> None:
        while True:
            await arrived.wait()
            arrived.clear()
            began = self._clock.monotonic()
            await self._draw()
            if self._waiting:
                arrived.set()
            await self._clock.sleep(max(LEAST_SECONDS, REST * (self._clock.monotonic() - began)))

    async def _draw(self) -> None:
        """Draw some of the pictures that wait, the oldest of them first."""
        budget = PixelBudget(THUMBNAIL_PX)
        for _ in range(min(MOST_AT_ONCE, len(self._waiting))):
            entry, data = self._waiting.popleft()
            self._put(small_html(entry, await asyncio.to_thread(small_of, data, budget)))
        self._say(" so far")
        if self._clock.monotonic() - self._spoken_at >= SPOKEN_SECONDS:
            self._spoken_at = self._clock.monotonic()
            self._speak(" so far")

    def _put(self, shown: Html) -> None:
        """Put a picture behind the others or, when all places are taken, in the place of the oldest."""
        place = self._drawn % MOST_TILES
        self._drawn += 1
        if place < len(self.grid.children):
            show_html(self.grid.children[place], shown)
        else:
            self.grid.children = (*self.grid.children, ipywidgets.HTML(value=str(shown), layout={"width": "100%"}))

    def _say(self, then: str) -> None:
        shown = len(self.grid.children)
        more = f", and {self.count - shown:,} more" if self.count > shown else ""
        show_html(self.line, Html("<div>{}{}{}</div>").format(counted(shown, "picture"), more, then))

    def _speak(self, then: str) -> None:
        """Let a screen reader say the number when it has time."""
        words = counted(self.count, "picture")
        show_html(self.spoken, Html('<div role="status" style="{}">{}{}</div>').format(_HIDDEN, words, then))


def _entry(message: Message, position: int, outcome: Outcome) -> Entry:
    attachment = message.attachments[position]
    row = {
        "caption": message.text,
        "alt": attachment.alt,
        "author_name": message.author_name,
        "author_id": message.author_id,
        "chat_name": message.chat_name,
        "created_at": message.created_at,
        "name": outcome.name or attachment.name,
        "width": outcome.width,
        "height": outcome.height,
    }
    return entry_of(row, has_picture=True)
