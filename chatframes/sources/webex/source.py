"""Webex: spaces, their messages, people and files, through the public REST API."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import quote

import httpx

from ...errors import ChatNotFound, ConfigError
from ...model import Chat
from ...transfer.gate import gate
from ...transfer.guard import Guard
from ...transfer.http import Http, shared
from ...transfer.link import Link, StatusError
from ...windows import END_OF_TIME, parse_bounds, plain_bound
from .. import Context
from .account import fingerprint, forget_tokens, tokens
from .chat import IDLE_PAGES, Room, next_link
from .people import People
from .rows import decode_id, list_in, moment, whole_text

__all__ = ["SERVICE", "Webex", "connect", "forget_tokens", "list_chats"]

SERVICE: Literal["webex"] = "webex"
ROOMS_PAGE = 1000


@dataclass(frozen=True, init=False)
class Webex:
    """A Webex space (or a direct conversation), and which days of it.

    Parameters
    ----------
    room : str
        The id of a room, or a title that exactly one room of this account has. A direct conversation has the other
        person's name as its title.
    since, until : str, datetime.date or datetime.datetime, optional
        A bare date is that whole day in `tz`, at both ends; a datetime is that instant (a naive one is in `tz`).
        Without `since` the whole history is read; without `until` everything up to the start of the call.
    tz : str
        Time zone of bare dates and naive datetimes, an IANA name. The table itself is in UTC.

    Raises
    ------
    ConfigError
        For a bound that is no date, an unknown time zone, or an empty range.

    Notes
    -----
    Source: https://developer.webex.com/docs/api/v1/messages. A bot's token sees only the messages of a group space
    that mention the bot; a personal token lasts 12 hours.

    Examples
    --------
    >>> import chatframes as cf
    >>> cf.Webex("Project Apollo", since="2026-10-01", until="2026-10-31")
    Webex('Project Apollo', since='2026-10-01', until='2026-10-31')
    """

    room: str
    since: str | None
    until: str | None
    tz: str

    def __init__(
        self,
        room: str,
        *,
        since: str | date | datetime | None = None,
        until: str | date | datetime | None = None,
        tz: str = "UTC",
    ) -> None:
        if not isinstance(room, str) or not room.strip():
            raise ConfigError("Webex(room): room is the title of a space or its id, a text that is not empty")
        values = {"room": room.strip(), "since": plain_bound(since, "since"), "until": plain_bound(until, "until")}
        for name, value in {**values, "tz": tz}.items():
            object.__setattr__(self, name, value)
        parse_bounds(self.since, self.until, tz, END_OF_TIME)  # what is wrong is said now, not in mid-fetch

    def __repr__(self) -> str:
        bounds = "".join(f", {k}={v!r}" for k, v in (("since", self.since), ("until", self.until)) if v is not None)
        return f"Webex({self.room!r}{bounds}{'' if self.tz == 'UTC' else f', tz={self.tz!r}'})"

    @property
    def service(self) -> Literal["webex"]:
        return SERVICE

    @property
    def label(self) -> str:
        return repr(self)

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[Room]:
        """Find the room, with one look at who asks."""
        async with connect(context) as link:
            me = (await link.json(f"{link.base_url}/people/me")).payload
            item = await _find(link, self.room)
            notes: list[str] = []
            yield Room(
                id=str(item["id"]),
                name=str(item.get("title") or ""),
                begins=moment(item.get("created")),
                direct=item.get("type") == "direct",
                link=link,
                people=People(link, notes),
                notes=notes,
                clock=context.clock,
                raw=context.settings.raw,
                allow_unscannable=context.settings.config.webex.allow_unscannable,
                bot=me.get("type") == "bot",
            )


@asynccontextmanager
async def connect(context: Context) -> AsyncIterator[Link]:
    """Take part in the process's one client for this endpoint and credential."""
    config = context.settings.config.webex
    limits = httpx.Limits(
        max_connections=config.max_connections, max_keepalive_connections=config.max_keepalive_connections
    )
    ways = context.settings.config.downloads
    guard = Guard(frozenset(ways.allowed_private_hosts))
    numbers = limits.max_connections, limits.max_keepalive_connections
    key = (SERVICE, config.base_url, fingerprint(config), *numbers, guard, ways.trust_env)
    the_gate = gate(SERVICE)

    def build() -> Http:
        known = tokens(config, context.clock)
        return Http(SERVICE, config.base_url, known, limits, guard=guard, trust_env=ways.trust_env)

    async with shared(key, build) as http:
        with (
            the_gate.pages.limited_to(config.max_concurrent_fetches),
            the_gate.downloads.limited_to(config.max_concurrent_image_downloads),
        ):
            wait = context.settings.config.downloads.max_retry_wait_seconds
            yield Link(http, the_gate, context.clock, context.emit, wait, context.count)


async def list_chats(context: Context) -> list[Chat]:
    """Return the rooms this account can see, most recently active first."""
    async with connect(context) as link:
        chats = [_chat(item) async for item in _rooms(link)]
    return sorted(chats, key=lambda chat: chat.last_activity.timestamp() if chat.last_activity else 0, reverse=True)


def _chat(item: dict[str, Any]) -> Chat:
    chat_id, title, kind = (whole_text(str(item.get(key) or "")) for key in ("id", "title", "type"))
    return Chat(chat_id, title, kind, moment(item.get("lastActivity")))


async def _rooms(link: Link) -> AsyncIterator[dict[str, Any]]:
    url: str | None = f"{link.base_url}/rooms?max={ROOMS_PAGE}"
    known: set[str] = set()
    idle_pages = 0
    while url is not None and idle_pages < IDLE_PAGES:
        answer = await link.json(url)
        idle_pages += 1
        for item in list_in(answer.payload, "items"):
            if isinstance(item, dict) and item.get("id") and str(item["id"]) not in known:
                known.add(str(item["id"]))
                idle_pages = 0
                yield item
        url = next_link(answer.headers.get_list("Link"), url)


async def _find(link: Link, room: str) -> dict[str, Any]:
    decoded = decode_id(room)
    if decoded is not None and decoded[0] == "ROOM":
        try:
            item: dict[str, Any] = (await link.json(f"{link.base_url}/rooms/{quote(room, safe='')}")).payload
        except StatusError as error:
            if error.status not in (400, 403, 404):
                raise
        else:
            if item.get("id"):
                return item
        raise ChatNotFound(f"Webex knows no room with the id {room!r} that this account is in")
    rooms = [item async for item in _rooms(link)]
    matches = [item for item in rooms if item.get("title") == room]
    if not matches:
        folded = room.casefold()
        matches = [item for item in rooms if str(item.get("title") or "").strip().casefold() == folded]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ChatNotFound(
            f"{len(matches)} Webex rooms are called {room!r}; give the id of one of them:\n{_candidates(matches)}"
        )
    titles = [str(item.get("title") or "") for item in rooms]
    near = difflib.get_close_matches(room, titles, n=5, cutoff=0.4)
    shown = [item for item in rooms if item.get("title") in near] or sorted(
        rooms, key=lambda item: str(item.get("lastActivity") or ""), reverse=True
    )
    raise ChatNotFound(
        f"no Webex room of this account is called {room!r}; "
        + (f"did you mean one of these?\n{_candidates(shown)}" if shown else "it is in no room at all")
        + '\nchats("webex") lists them all'
    )


def _candidates(rooms: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"  {str(item.get('title') or '')!r}  ({item.get('type')}, last active "
        f"{str(item.get('lastActivity') or 'never')[:10]})  {item['id']}"
        for item in rooms[:8]
    )
