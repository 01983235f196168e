"""Download what a frame lacks: pictures that were switched off, too large, or failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import loop
from ..errors import ConfigError
from ..keywords import checks_keywords
from ..model import Message, OpenChat, Outcome, Window
from ..progress.drawing import Progress, listening
from ..results import first_error, with_warning_about
from ..road.before import Known
from ..road.ranking import Ranking
from ..road.run import Run
from ..services import Service, services
from ..settings.images import ImageSettings
from ..settings.merge import ConfigLike, merge
from ..sources import Source
from ..table.arrow import to_pictures, to_table
from ..table.batches import SCALARS
from ..table.frame import check_messages
from ..table.report import Report, after_filling
from ..table.schema import MESSAGES
from ..transfer.clock import SYSTEM
from ..windows import END_OF_TIME, EPOCH
from .earlier import SETTLED, TOGETHER, found_again
from .facts import Retry
from .rows import MAY_GET_BETTER, Row, best_media, message_of, whole, worth_another_try

__all__ = ["fill_images", "fill_images_async"]

clock = SYSTEM  # tests replace it
NEEDED = ("uid", "platform", "chat_id", "chat_name", "message_id", "media", "images", "n_images")


@checks_keywords
def fill_images(
    frame: pd.DataFrame, *, images: object = True, config: ConfigLike = None, progress: Progress = True
) -> pd.DataFrame:
    """Download the pictures that a frame lacks: those that were switched off, too large then, or worth another try.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `fetch` or `read_parquet`, whole or filtered, in any order. It stays as it is.
    images : bool, ImageSettings, dict or widget
        As for `fetch`.
    config : Config, path or None
        As for `fetch`; credentials are read where this runs. A plain dict that holds some is refused: it would travel
        with them to other machines.
    progress : bool or callable
        As for `fetch`.

    Returns
    -------
    pandas.DataFrame
        The same rows, index and columns; `media`, `images`, `n_images` and the counts of `report` tell what is there
        now. Again, it asks for nothing that is there.

    Raises
    ------
    ConfigError
        For a frame that is no table of messages, or whose nested columns have become text.
    AuthError, ChatNotFound, RateLimited, ServiceError
        When no chat could be asked.

    Warns
    -----
    IncompleteWarning
        When some of the chats could not be asked: their pictures are as they were.

    Examples
    --------
    >>> import json, pathlib, tempfile, chatframes as cf
    >>> with cf.sandbox() as world, tempfile.TemporaryDirectory() as folder:
    ...     config = pathlib.Path(folder, "config.json")
    ...     _ = config.write_text(json.dumps(world.config)), config.chmod(0o600)
    ...     texts = cf.fetch(cf.Webex("Project Apollo"), config=config, progress=False)
    ...     full = cf.fill_images(texts, config=config, progress=False)
    >>> int(texts["n_images"].sum()), int(full["n_images"].sum())
    (0, 60)
    """
    return _with_warning(*loop.run(_filling(frame, images, config, progress)))


@checks_keywords
async def fill_images_async(
    frame: pd.DataFrame, *, images: object = True, config: ConfigLike = None, progress: Progress = True
) -> pd.DataFrame:
    """Download the pictures that a frame lacks: `fill_images`, to be awaited."""
    return _with_warning(*await loop.run_async(_filling(frame, images, config, progress)))


def _with_warning(frame: pd.DataFrame, report: Report | None) -> pd.DataFrame:
    if report is not None:
        with_warning_about(report, "chatframes.attachments(frame)")
    return frame


async def _filling(
    frame: pd.DataFrame, images: object, config: ConfigLike, progress: Progress
) -> tuple[pd.DataFrame, Report | None]:
    """Return the frame with what was found, and what is missing of it."""
    _check(frame, config)
    settings = merge(config, images)
    lacking = _Lacking(frame, settings.images)
    if not lacking.chats:
        return frame.copy(deep=False), None
    media, pictures, counts = (list(frame[name]) for name in ("media", "images", "n_images"))
    for row, cell in lacking.media.items():  # as other tools may have left them, or `pd.concat`
        media[row], pictures[row] = cell, to_pictures(pictures[row], MESSAGES.field("images"))
    with listening(progress) as emit:
        async with Run(lacking.sources(), settings, emit=emit, clock=clock, before=lacking) as run:
            async for batch in run.batches():
                for new in whole(batch).to_pylist():
                    for row in lacking.rows[new["uid"]]:
                        found = best_media({"media": media[row], "images": pictures[row]}, new)
                        media[row], counts[row] = found["media"], found["n_images"]
                        pictures[row] = to_pictures(found["images"], MESSAGES.field("images"))
        if run.came_to_nothing:
            raise first_error(run.errors)
    lacking.mark_gone(media)
    filled = frame.copy(deep=False)
    for name, values in (("media", media), ("images", pictures)):
        filled[name] = np.fromiter(values, dtype=object, count=len(values))
    filled["n_images"] = pd.array(counts, dtype="Int16")
    report = run.ledger.report()
    filled.attrs = after_filling(frame.attrs, report, lacking.entries(lacking.media), lacking.entries(media))
    return filled, report


def _check(frame: pd.DataFrame, config: ConfigLike) -> None:
    check_messages(frame, "fill_images", NEEDED)
    if any(isinstance(cell, str) for name in ("media", "images") for cell in frame[name]):
        raise ConfigError(
            "The lists in the columns 'media' and 'images' have become text on the way, as Dask does it by itself: "
            "set dask.config.set({'dataframe.convert-string': False}) before the frame is made."
        )
    if isinstance(config, Mapping) and _holds_credentials(config):
        raise ConfigError(
            "config= is a dict that holds credentials, which would be pickled with the call and sent to other "
            "machines: write the path of a config.json, or None, and set the credentials in the environment there."
        )


def _holds_credentials(config: Mapping[str, Any]) -> bool:
    return any(
        isinstance(section := config.get(name), Mapping) and any(section.get(key) for key in service.credentials.names)
        for name, service in services().items()
    )


class _Lacking:
    """A `Before` for which everything has been read, and some attachments are worth another try.

    Attributes
    ----------
    rows : dict of str to list of int
        The rows of each message that lacks something, by its uid.
    media : dict of int to list of dict
        Their attachments with every field, by where the message stands.
    chats : dict
        Those messages, by platform and chat.
    gone : set of str
        The uids of those that the service no longer has.
    """

    def __init__(self, frame: pd.DataFrame, images: ImageSettings) -> None:
        self.rows: dict[str, list[int]] = {}
        self.media: dict[int, list[dict[str, Any]]] = {}
        self.gone: set[str] = set()
        self.chats: dict[tuple[str, str], list[Row]] = {}
        self._images = images
        self._chat_of: dict[int, tuple[str, str]] = {}  # by the identity of a source
        self._media: dict[str, list[dict[str, Any]]] = {}  # by uid
        places = [row for row, cell in enumerate(frame["media"]) if any(map(self.is_worth_it, _entries(cell)))]
        columns = [name for name in SCALARS.names if name in frame.columns]
        for place, row in zip(places, to_table(frame[columns].iloc[places], SCALARS).to_pylist(), strict=True):
            if row["uid"] not in self.rows:
                self.chats.setdefault((row["platform"], row["chat_id"]), []).append(row)
            self.rows.setdefault(row["uid"], []).append(place)
            self.media[place] = row["media"]

    def is_worth_it(self, entry: Mapping[str, Any]) -> bool:
        """Whether another try may get the picture of an entry of `media`."""
        if entry.get("status") == "ok" or (reason := entry.get("reason")) not in MAY_GET_BETTER:
            return False
        size = entry.get("declared_size") or entry.get("size")
        # A frame does not say how large a picture might have been: one whose size is unknown is tried.
        return worth_another_try(Retry(0, reason, size, 0), self._images)

    def entries(self, media: Mapping[int, Any] | list[Any]) -> Iterator[Mapping[str, Any]]:
        """Yield the entries of these messages, each message once; `media` holds them by row."""
        for rows in self.rows.values():
            yield from media[rows[0]]

    def mark_gone(self, media: list[Any]) -> None:
        """Say in a column `media` which pictures are gone with their messages."""
        for row in (row for uid in self.gone for row in self.rows[uid]):
            media[row] = [
                {**entry, "status": "failed", "reason": "gone"} if self.is_worth_it(entry) else entry
                for entry in media[row]
            ]

    def sources(self) -> list[Source]:
        """Return a source for each chat."""
        found: list[Source] = []
        for (platform, chat_id), rows in self.chats.items():
            service = services().get(platform)
            if service is None:
                raise ConfigError(f"No service is called {platform!r}, as the column platform says: install it first.")
            # What the service calls a chat by its id may be no name that a source takes: then its name is.
            source: Source = _source(service, chat_id, rows[0]["chat_name"])
            self._chat_of[id(source)] = (platform, chat_id)
            found.append(source)
        return found

    def known(self, source: Source) -> Known:
        return Known((Window(EPOCH, END_OF_TIME),))

    def outcome(self, message: Message, position: int) -> Outcome | None:
        entry = self._media[message.uid][position]
        return None if self.is_worth_it(entry) else SETTLED

    async def more(self, source: Source, chat: OpenChat) -> AsyncGenerator[Message, None]:
        rows = self._in_order(self.chats[self._chat_of[id(source)]])
        for start in range(0, len(rows), TOGETHER):
            some = rows[start : start + TOGETHER]
            self._media |= {row["uid"]: row["media"] for row in some}
            found = await found_again(chat, [message_of(row) for row in some])
            await self._ask_for(chat, some, {message.uid for message in found})
            for message in found:
                yield message

    def _in_order(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows in the order of their first picture that is to be downloaded: they are asked for again so."""
        if self._images.order is None:
            return rows
        ranking = Ranking(self._images.order)

        def rank(row: Row) -> Any:
            message = message_of(row)
            wanted = zip(message.attachments, row["media"], strict=True)
            return min(ranking.of(message, each) for each, entry in wanted if self.is_worth_it(entry))

        return sorted(rows, key=rank)

    async def _ask_for(self, chat: Any, rows: Sequence[Mapping[str, Any]], found: set[str]) -> None:
        """Note which of the messages that did not come are gone: the service must say so, an answer may lack any."""
        absent = {row["message_id"]: row["uid"] for row in rows if row["uid"] not in found}
        if absent and hasattr(chat, "gone"):
            self.gone |= {absent[message_id] for message_id in await chat.gone(list(absent))}


def _source(service: Service, chat_id: str, chat_name: str) -> Source:
    try:
        source: Source = service.source(chat_id)
    except ConfigError:
        source = service.source(chat_name)
    return source


def _entries(cell: Any) -> Iterator[Mapping[str, Any]]:
    entries = cell if isinstance(cell, list | tuple | np.ndarray) else ()
    yield from (entry for entry in entries if isinstance(entry, Mapping))
