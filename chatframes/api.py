"""The functions users call: fetch, stream, chats, shutdown.

Each is a coroutine that runs on the library's own event loop. `fetch` and `chats` wait for it; `fetch_async` and
`chats_async` are awaited.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NoReturn

import pandas as pd

from . import loop
from .errors import ConfigError
from .keywords import checks_keywords
from .named_sources import Sources, sources_of
from .progress.drawing import Display, Progress, guarded, listening
from .results import error_with_frame, remember, remember_frame, with_warning
from .road.outbox import Settled
from .road.run import Run
from .services import services
from .settings.images import refuse_order
from .settings.merge import Config, ConfigLike, Settings, load_config, merge
from .sources import Context, Source
from .table.batches import Batch
from .table.frame import build
from .transfer.clock import SYSTEM

STREAM_REMEMBERS_BYTES = 64 * 2**20
STREAM_WAITS_FOR = 1000  # messages whose pictures are still to come; with more of them, no page is asked for
STREAM_SECONDS = 2.0  # a chat of few messages with large pictures would else come all at once, at its end

clock = SYSTEM  # tests replace it


@dataclass(frozen=True, slots=True)
class _Request:
    """The sources and settings of one call, checked and merged before anything is fetched."""

    sources: tuple[Source, ...]
    settings: Settings


@checks_keywords
def fetch(
    sources: Sources,
    *,
    images: object = None,
    raw: bool = False,
    config: ConfigLike = None,
    progress: Progress = True,
) -> pd.DataFrame:
    """Fetch chats into one table, one row per message.

    Works in scripts and in notebook cells alike; an interrupt ends it within two seconds and keeps what was read in
    `last_result()`.

    Parameters
    ----------
    sources : Webex, Telegram, Reddit, list of sources, or frame of `chats`
        What to fetch. A message seen through two sources is kept once. Of a frame of `chats`, filtered or not, every
        chat is fetched.
    images : None, bool, ImageSettings, dict or widget
        Whether to download pictures, and up to how many bytes each: True is on with 10 MiB; a dict may hold
        the keys of `ImageSettings`; of a widget its `.settings` is read, once.
    raw : bool
        Keep each message's untouched payload, as JSON text, in the column `raw`.
    config : Config, dict, path or None
        The admin's limits and the credentials; None looks for ``config.json`` and the environment (`load_config`).
    progress : bool or callable
        True shows a card in a notebook and a bar elsewhere, False nothing; a callable gets every `Event`.

    Returns
    -------
    pandas.DataFrame
        Sorted by `created_at` (UTC), with the fixed columns of docs/table.md; `images` holds lists of
        ``{"bytes", "path"}``, `media` the outcome of every attachment. `report(frame)` says what is missing.

    Raises
    ------
    ConfigError
        Before any request, for a wrong argument or setting.
    AuthError, ChatNotFound, RateLimited, ServiceError
        When nothing at all could be read; `.partial` holds the (empty) table with its report.

    Warns
    -----
    IncompleteWarning
        When part of what was asked for is missing, or pictures are lost because of the account.

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox() as world:
    ...     df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    >>> len(df), int(df["n_images"].sum())
    (300, 60)
    """
    coroutine = fetching(sources, images=images, raw=raw, config=config, progress=progress)
    return with_warning(loop.run(coroutine, too_late=remember_frame))


@checks_keywords
async def fetch_async(
    sources: Sources,
    *,
    images: object = None,
    raw: bool = False,
    config: ConfigLike = None,
    progress: Progress = True,
) -> pd.DataFrame:
    """Fetch chats into one table: `fetch`, to be awaited.

    Takes, returns and raises what `fetch` does.

    Examples
    --------
    >>> import asyncio, chatframes as cf
    >>> with cf.sandbox() as world:
    ...     df = asyncio.run(cf.fetch_async(cf.Webex("Project Apollo"), config=world.config, progress=False))
    >>> len(df)
    300
    """
    coroutine = fetching(sources, images=images, raw=raw, config=config, progress=progress)
    return with_warning(await loop.run_async(coroutine, too_late=remember_frame))


Keep = Callable[[Callable[[], pd.DataFrame]], None]


def fetching(
    sources: Sources,
    *,
    images: object,
    raw: bool,
    config: ConfigLike,
    progress: Progress | Display,
    keep: Keep | None = None,
    settled: Settled | None = None,
) -> Coroutine[Any, Any, pd.DataFrame]:
    """Return the coroutine behind `fetch`, its arguments checked, for the library's own loop.

    It gives no warning when something is missing; the report says so. When it is stopped or fails, `keep` is called
    with a function that makes the table of what had been read. Without `keep`, `last_result` returns that table.
    `settled` is called on the library's loop with what became of each attachment, as soon as that is known.
    """
    return _fetch(_Request(sources_of(sources), merge(config, images, raw)), progress, keep or remember, settled)


async def _fetch(request: _Request, progress: Progress | Display, keep: Keep, settled: Settled | None) -> pd.DataFrame:
    collected: list[Batch] = []
    with listening(progress) as emit:
        run = Run(request.sources, request.settings, emit=emit, clock=clock, settled=settled and guarded(settled))
        try:
            async with run:
                async for batch in run.batches():
                    collected.append(batch)
            frame = build(collected, run.report())
        except BaseException:
            # Built when asked for: an interrupted cell has two seconds to end, whatever the size of the table.
            keep(lambda: build(collected + run.salvage(), run.report()))
            raise
        if run.came_to_nothing:
            keep(lambda: frame)
            raise error_with_frame(run.errors, frame)
        return frame


@checks_keywords
def stream(
    sources: Sources, *, images: object = None, raw: bool = False, config: ConfigLike = None
) -> AsyncIterator[pd.DataFrame]:
    """Read chats batch by batch, for what is larger than memory.

    Iterate over it with ``async for``, on any loop; leaving the loop stops the fetch.

    Parameters
    ----------
    sources, images, raw, config
        As for `fetch`; checked at once. An ``order`` of images is refused.

    Yields
    ------
    pandas.DataFrame
        Sorted batches of about 1,000 messages or 64 MiB of images, or of what came in two seconds, in no order among
        themselves. A message comes when its last image is there. The last batch carries the whole report; it may be
        empty.

    Raises
    ------
    ConfigError, AuthError, ChatNotFound, RateLimited, ServiceError
        As `fetch` does.

    Examples
    --------
    >>> import asyncio, chatframes as cf
    >>> async def count(config):
    ...     return sum([len(batch) async for batch in cf.stream(cf.Webex("Project Apollo"), config=config)])
    >>> with cf.sandbox() as world:
    ...     asyncio.run(count(world.config))
    300
    """
    request = _Request(sources_of(sources), merge(config, images, raw))
    refuse_order(request.settings.images, "stream")
    return _Stream(request)


class _Stream:
    """An async iterator over batches; its fetch stops when the iterator is closed or dropped."""

    def __init__(self, request: _Request) -> None:
        self._request = request
        self._run: Run | None = None
        self._batches: AsyncIterator[Batch] | None = None
        self._over = False

    def __iter__(self) -> NoReturn:
        raise TypeError("Batches arrive while the chat is read: write `async for batch in chatframes.stream(...)`.")

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> pd.DataFrame:
        if self._over:
            raise StopAsyncIteration
        frame = await loop.run_async(self._next())
        return with_warning(frame) if self._over else frame

    async def aclose(self) -> None:
        """Stop the fetch and wait for its end."""
        if not self._over and self._run is not None:
            self._over = True
            await loop.run_async(self._run.__aexit__())

    def __del__(self) -> None:
        if not self._over and self._run is not None:
            asyncio.run_coroutine_threadsafe(self._run.__aexit__(), loop.get())

    async def _next(self) -> pd.DataFrame:
        """Return the next batch, as soon as it is known whether it is the last one."""
        try:
            if self._run is None:
                self._run = await Run(
                    self._request.sources,
                    self._request.settings,
                    clock=clock,
                    remember_bytes=STREAM_REMEMBERS_BYTES,
                    most_waiting=STREAM_WAITS_FOR,
                    most_seconds=STREAM_SECONDS,
                ).__aenter__()
                self._batches = self._run.batches()
            assert self._batches is not None
            batch = await anext(self._batches, None)
            if batch is not None and await self._run.goes_on():
                return build([batch], None, resolve=False)
        except BaseException:
            self._over = True
            if self._run is not None:
                await self._run.__aexit__()
            raise
        self._over = True
        await self._run.__aexit__()
        frame = build([batch] if batch else [], self._run.report(), resolve=False)
        if self._run.came_to_nothing:
            remember_frame(frame)
            raise error_with_frame(self._run.errors, frame)
        return frame


@checks_keywords
def chats(service: str, *, config: ConfigLike = None) -> pd.DataFrame:
    """List the chats this account can see, most recently active first.

    Parameters
    ----------
    service : str
        ``"webex"`` or ``"telegram"``.
    config : Config, dict, path or None
        As for `fetch`.

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `title`, `kind` (group, direct, channel; upgraded: a Telegram group that goes on as another)
        and `last_activity` (UTC). It may be given to `fetch` and `export`, all of it or some rows.

    Raises
    ------
    ConfigError, AuthError, RateLimited, ServiceError

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox() as world:
    ...     "Project Apollo" in set(cf.chats("webex", config=world.config)["title"])
    True
    """
    return loop.run(listing(service, config))


@checks_keywords
async def chats_async(service: str, *, config: ConfigLike = None) -> pd.DataFrame:
    """List the chats this account can see: `chats`, to be awaited."""
    return await loop.run_async(listing(service, config))


def listing(service: str, config: ConfigLike) -> Coroutine[Any, Any, pd.DataFrame]:
    """Return the coroutine behind `chats`, for the library's own loop."""
    return _chats(service, load_config(config))


async def _chats(service: str, config: Config) -> pd.DataFrame:
    chosen = services().get(str(service).lower())
    if chosen is None or chosen.list_chats is None:
        names = " and ".join(repr(name) for name, each in services().items() if each.list_chats is not None)
        raise ConfigError(f"chats({service!r}) has no list of chats: the services that can list chats are {names}.")
    listed = await chosen.list_chats(Context(merge(config), clock, lambda event: None, lambda what: None))
    frame = pd.DataFrame(
        {
            "id": pd.Series([chat.id for chat in listed], dtype="str"),
            "title": pd.Series([chat.title for chat in listed], dtype="str"),
            "kind": pd.Series([chat.kind for chat in listed], dtype="str"),
        }
    )
    times = pd.Series([chat.last_activity for chat in listed], dtype="datetime64[us, UTC]")
    frame = frame.assign(last_activity=times)
    frame.attrs["service"] = chosen.name  # so that it can be given to fetch and export
    return frame


def shutdown() -> None:
    """Cancel what is running, close every client and forget renewed tokens and waits; also done at exit.

    The next call starts afresh.
    """
    loop.stop()
