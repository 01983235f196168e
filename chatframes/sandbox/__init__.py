"""A world to try chatframes in: services on loopback, over their real protocols; no account, no network."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from types import ModuleType
from typing import Any

from ..errors import ConfigError
from .faults import FAULTS
from .serving import Background
from .webex_records import truth
from .webex_server import WebexServer
from .world import Community
from .writing import MAX_IMAGES_PER_MESSAGE, build

__all__ = ["World", "sandbox"]

Record = dict[str, Any]


class World:
    """A running sandbox; close it, or use it in a ``with`` block. Made by `sandbox`.

    Attributes
    ----------
    config : dict
        What chatframes needs to reach it; pass it as ``config=``.
    bot_token : str
        An access token of the bot, which sees only messages that mention it.
    foreign_host : str
        ``host:port`` of the second server, a host that must never see a credential.
    faults : frozenset of str
        What goes wrong here.
    """

    def __init__(self, community: Community, faults: frozenset[str], latency_ms: float, rate_limits: bool) -> None:
        self.faults = faults
        self._community = community
        self._webex = WebexServer(community, faults, latency_ms / 1000, rate_limits)
        self._background = Background("chatframes-sandbox")
        self._last_stats: Record | None = None
        self._background.run(self._webex.start())
        self.bot_token = self._webex.bot_token
        self.foreign_host = self._webex.foreign_url.removeprefix("http://")

    @property
    def config(self) -> dict[str, Any]:
        """A new plain dict for ``config=``; holds the sandbox's tokens."""
        webex = {"base_url": self._webex.base_url, "access_token": self._webex.access_token}
        if "token_expires" in self.faults:
            webex |= {
                "client_id": self._webex.client_id,
                "client_secret": self._webex.client_secret,
                "refresh_token": self._webex.refresh_token,
            }
        return {"webex": webex}

    @cached_property
    def truth(self) -> dict[str, list[Record]]:
        """Everything there is, as plain records: ``chats``, ``people`` and ``messages`` in the table's order.

        Field names are the table's columns; times are UTC. A message's ``media`` has one record for each file:
        ``position, source_id, name, declared_mime, mime, size`` (bytes), ``sha256, is_image, width, height``
        (pixels).
        """
        return truth(self._community)

    def expected(
        self, chat: str, since: datetime | str | None = None, until: datetime | str | None = None
    ) -> list[Record]:
        """The records of one chat, by id or title, from `since` up to `until`.

        A datetime `until` is not included; a bare date means that whole day in UTC.

        Raises
        ------
        ConfigError
            No chat, or more than one, goes by that name.
        """
        ids = [one["id"] for one in self.truth["chats"] if chat in (one["id"], one["title"])]
        if len(ids) != 1:
            titles = ", ".join(repr(one["title"]) for one in self.truth["chats"])
            raise ConfigError(f"sandbox: {len(ids)} chats are called {chat!r}; there are {titles}")
        since, until = _instant(since, last=False), _instant(until, last=True)
        return [
            record
            for record in self.truth["messages"]
            if record["chat_id"] == ids[0] and since <= record["created_at"] < until
        ]

    def afflicted(self, fault: str, *, for_ever: bool = False) -> set[str]:
        """What `fault` meets here: the ``source_id`` of images, or message ids for ``item_errors``.

        Parameters
        ----------
        fault : str
            One of the faults this sandbox was made with.
        for_ever : bool
            Of ``item_errors``, only the messages that never heal.
        """
        if fault not in self.faults:
            raise ConfigError(f"sandbox: the fault {fault!r} is not on here; on are {sorted(self.faults)}")
        if fault == "item_errors":
            return {id_ for id_, heals in self._webex.broken.items() if not (heals and for_ever)}
        return {source_id for source_id, name in self._webex.afflicted.items() if name == fault}

    def stats(self) -> Record:
        """What clients did since the start or `reset_stats`, counted at the server.

        ``requests`` by kind; ``content_gets`` and ``content_bytes`` (written) by ``source_id``;
        ``peak_downloads``, ``peak_pages``, ``peak_connections`` at once; ``open_connections``;
        ``early_requests`` that came inside a wait the server had asked for; ``foreign_credentials``,
        ``foreign_cookies``, ``api_cookies``; ``refreshes``, ``unauthorized``, ``max_people_ids``;
        ``messages_log``, the query of each page.
        """
        if self._last_stats is not None:
            return self._last_stats
        return self._background.run(self._stats())

    def reset_stats(self) -> None:
        """Begin to count anew."""
        if self._last_stats is None:
            self._background.run(self._reset())

    def close(self) -> None:
        """Stop the servers and the thread; `truth` and the last `stats` stay."""
        if self._last_stats is None:
            self._last_stats = self._background.run(self._stats())
            self._background.run(self._webex.stop())
            self._background.close()

    async def _stats(self) -> Record:
        return self._webex.counts.as_dict()

    async def _reset(self) -> None:
        self._webex.counts.reset()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        main = self._community.chats[0]
        images = sum(file.photo is not None for message in main.messages for file in message.files)
        state = self._webex.base_url if self._last_stats is None else "closed"
        faults = f", faults: {', '.join(sorted(self.faults))}" if self.faults else ""
        size = f"{len(main.messages)} messages, {images} images"
        return f"<World webex: {state}, {main.title!r}: {size}{faults}>"


def sandbox(
    *,
    messages: int = 300,
    images: int = 60,
    days: int = 30,
    seed: int = 0,
    latency_ms: float = 0,
    faults: Iterable[str] = (),
    rate_limits: bool = False,
) -> World:
    """Start a small Webex on this machine, with an invented team and real photographs in it.

    Its main chat is "Project Apollo"; others are there to be listed, confused and found empty. Its time ends
    at 2026-11-01T00:00:00Z, and the same arguments always give the same messages.

    Parameters
    ----------
    messages : int
        Messages in "Project Apollo", exactly.
    images : int
        Pictures attached to them, exactly; at most four for each message.
    days : int
        How many days before the end the chat begins.
    seed : int
        Another seed, other conversations.
    latency_ms : float
        Every answer waits this long, in milliseconds.
    faults : iterable of str
        What goes wrong, by name; `chatframes.sandbox.faults` holds the table.
    rate_limits : bool
        Refuse bursts with 429, as a busy service does.

    Returns
    -------
    World
        Close it, or use it in a ``with`` block.

    Raises
    ------
    ConfigError
        A number out of range, or an unknown fault.

    Examples
    --------
    >>> with sandbox(messages=20, images=4) as world:
    ...     len(world.expected("Project Apollo"))
    20
    """
    for name, value, least in (("messages", messages, 0), ("images", images, 0), ("days", days, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"sandbox: {name} must be a whole number, {least} or more, not {value!r}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"sandbox: seed must be a whole number, not {seed!r}")
    if images > (room := MAX_IMAGES_PER_MESSAGE * messages):
        raise ConfigError(f"sandbox: {messages} messages hold at most {room} images, not {images}")
    if isinstance(latency_ms, bool) or not isinstance(latency_ms, int | float) or not 0 <= latency_ms <= 60_000:
        raise ConfigError(f"sandbox: latency_ms must be a number from 0 to 60000, not {latency_ms!r}")
    names = frozenset([faults] if isinstance(faults, str) else faults)
    if unknown := sorted(map(str, names - FAULTS.keys())):
        raise ConfigError(f"sandbox: no fault is called {', '.join(unknown)}; known are {', '.join(FAULTS)}")
    return World(build(messages, images, days, seed), names, latency_ms, rate_limits)


def _instant(moment: datetime | str | None, *, last: bool) -> datetime:
    if moment is None:
        return datetime.max.replace(tzinfo=UTC) if last else datetime.min.replace(tzinfo=UTC)
    if isinstance(moment, str):
        if len(moment) == len("2026-10-01"):
            day = datetime.combine(date.fromisoformat(moment), time(), UTC)
            return day + timedelta(days=1) if last else day
        moment = datetime.fromisoformat(moment)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Callable(ModuleType):
    """Lets `chatframes.sandbox` be called, although importing this package gives that name to the module."""

    __call__ = staticmethod(sandbox)


sys.modules[__name__].__class__ = _Callable
