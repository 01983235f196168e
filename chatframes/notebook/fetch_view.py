"""What a panel shows of a fetch: how far it is and the pictures as they arrive, then the report and a gallery."""

from __future__ import annotations

import asyncio

import ipywidgets
import pandas as pd

from ..page.highlights import highlights_html
from ..page.html import Html, show_html
from ..progress.card import Card
from ..settings.images import ImageSettings
from ..settings.merge import Config
from ..sources import Source
from ..table.report import report
from .endings import Ended, fetch_to_the_end
from .gallery import Gallery, first_thumbnails
from .live_pictures import LivePictures
from .shelf import shelf_of

__all__ = ["FetchView"]


class FetchView:
    """The part of a panel that shows a fetch.

    Attributes
    ----------
    card : Card
        How far it is.
    report : ipywidgets.HTML
        What was asked, got and missed.
    live : LivePictures
        The pictures as they arrive.
    pictures : ipywidgets.VBox
        The place of the pictures: at first `live`, and the gallery when all is done.
    """

    def __init__(self) -> None:
        self.card = Card()
        self.report = ipywidgets.HTML()
        self.live = LivePictures("; cf.gallery(panel.frame) shows all that came")
        self.pictures = ipywidgets.VBox((self.live.box,))
        self._gallery: Gallery | None = None

    async def fetch(self, source: Source, images: ImageSettings, config: Config) -> Ended:
        """Fetch a source, and show how far it is."""
        show_html(self.report, Html())
        self.pictures.children = (self.live.box,)
        if self._gallery is not None:
            self._gallery.close()
            self._gallery = None
        return await fetch_to_the_end(source, images, config, self.card, self.live)

    async def show(self, ended: Ended) -> None:
        """Show the report of a fetch that has ended and, unless it was stopped, the gallery of its pictures."""
        if ended.frame is None:
            return
        beyond = await asyncio.to_thread(highlights_html, ended.frame)
        show_html(self.report, report(ended.frame)._html() + beyond)
        if self.live.count and not ended.stopped:
            await self._show_gallery(ended.frame)

    async def _show_gallery(self, frame: pd.DataFrame) -> None:
        shelf = await asyncio.to_thread(shelf_of, frame)
        thumbnails = await asyncio.to_thread(first_thumbnails, shelf)
        # No await from here on: a panel that is closed meanwhile closes what is in it.
        self._gallery = Gallery(shelf, thumbnails=thumbnails)
        self.pictures.children = (self._gallery.box,)
        self.live.clear()
