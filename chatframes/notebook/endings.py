"""Fetch for a panel: however a fetch ends, it gives what was read and a sentence for the user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ..api import fetching
from ..errors import ChatframesError
from ..progress.drawing import Display
from ..road.defects import unexpected
from ..settings.images import ImageSettings
from ..settings.merge import Config
from ..sources import Source
from ..table.source_report import NOTHING_MISSING
from .live_pictures import LivePictures
from .saving import messages_in

__all__ = ["NOTHING_READ", "Ended", "fetch_to_the_end", "kept_from_before"]

NOTHING_READ = "Stopped before anything was read."


@dataclass(frozen=True, slots=True)
class Ended:
    """How a fetch ended.

    Attributes
    ----------
    frame : pandas.DataFrame or None
        What was read; None when there is no table and no report.
    message : str
        What the user should know; empty when all went well.
    error : ChatframesError or None
        The error that ended it.
    stopped : bool
        Whether the user stopped it.
    """

    frame: pd.DataFrame | None
    message: str = ""
    error: ChatframesError | None = None
    stopped: bool = False

    @property
    def found_nothing(self) -> bool:
        """Whether all went well, and there are no messages."""
        return not self.message and self.frame is not None and self.frame.empty

    @property
    def is_worth_keeping(self) -> bool:
        """Whether the table replaces an earlier one: an empty one does so only when nothing is missing."""
        return self.frame is not None and (not self.frame.empty or _is_complete(self.frame))


async def fetch_to_the_end(
    source: Source, images: ImageSettings, config: Config, progress: Display, live: LivePictures
) -> Ended:
    """Fetch a source. Every error, and a cancellation, ends it with an `Ended` as well."""
    kept: list[Callable[[], pd.DataFrame]] = []
    frame: pd.DataFrame | None
    try:
        async with live.showing() as settled:
            frame = await fetching(
                source,
                images=images,
                raw=False,
                config=config,
                progress=progress,
                keep=kept.append,
                settled=settled,
            )
    except asyncio.CancelledError:
        frame = kept[0]() if kept else None
        if frame is None or frame.empty:
            return Ended(frame, NOTHING_READ, stopped=True)
        said = f"Stopped: {messages_in(frame)} came before that, and panel.frame has them."
        return Ended(frame, said, stopped=True)
    except ChatframesError as error:
        return Ended(error.partial, str(error), error)
    except Exception as error:  # a defect of ours, or no memory left: what was read is kept in any case
        return Ended(kept[0]() if kept else None, str(unexpected(error)))
    return Ended(frame, "" if _is_complete(frame) else "Something is missing: the report below says what, and why.")


def kept_from_before(frame: pd.DataFrame | None) -> str:
    """Return a sentence about the table of an earlier fetch, if there is one."""
    return "" if frame is None else f"panel.frame still holds what was fetched before ({messages_in(frame)})."


def _is_complete(frame: pd.DataFrame) -> bool:
    return frame.attrs["chatframes"]["status"] in NOTHING_MISSING
