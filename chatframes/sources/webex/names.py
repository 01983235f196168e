"""Which room a user means, and which rooms there are."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from ...errors import ChatNotFound
from ...model import Chat
from ...transfer.link import Link, StatusError
from ...words import whole_text
from .. import Context
from .chat import IDLE_PAGES, next_link
from .connect import connect
from .rows import decode_id, list_in, moment

ROOMS_PAGE = 1000


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


async def find(link: Link, room: str) -> dict[str, Any]:
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
