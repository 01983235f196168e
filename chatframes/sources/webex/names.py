"""Find the room that a user names, and list the rooms of an account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from ...errors import ChatNotFound, ServiceError
from ...model import Chat
from ...transfer.link import Link, StatusError
from ...words import whole_text
from .. import Context
from ..candidates import choose_by_title, recent_first
from .connect import connect
from .links import next_link
from .rows import decode_id, moment
from .walk import IDLE_PAGES

ROOMS_PAGE = 1000


async def list_chats(context: Context) -> list[Chat]:
    """Return the rooms this account can see, most recently active first."""
    async with connect(context) as link:
        chats = [_chat(item) async for item in _rooms(link)]
    return recent_first(chats)


def _chat(item: dict[str, Any]) -> Chat:
    chat_id, title, kind = (whole_text(str(item.get(key) or "")) for key in ("id", "title", "type"))
    return Chat(chat_id, title, kind, moment(item.get("lastActivity")))


async def _rooms(link: Link) -> AsyncIterator[dict[str, Any]]:
    url: str | None = f"{link.base_url}/rooms?max={ROOMS_PAGE}"
    seen: set[str] = set()
    idle_pages = 0
    while url is not None and idle_pages < IDLE_PAGES:
        answer = await link.json(url)
        idle_pages += 1
        if not isinstance(answer.payload.get("items"), list):
            raise ServiceError("Webex answered without a list of rooms. Try again later.")
        for item in answer.payload["items"]:
            if isinstance(item, dict) and item.get("id") and str(item["id"]) not in seen:
                seen.add(str(item["id"]))
                idle_pages = 0
                yield item
        url = next_link(answer.headers.get_list("Link"), url)


async def find(link: Link, room: str) -> dict[str, Any]:
    """Return Webex's JSON of the room with this id or title; raises ChatNotFound."""
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
        raise ChatNotFound(
            f'Webex knows no room with the id {room!r} that this account is in: see chats("webex") for all of them.'
        )
    listed = [(item, _chat(item)) async for item in _rooms(link)]
    chosen = choose_by_title(room, [chat for _, chat in listed], what="Webex room", service="webex")
    return next(item for item, chat in listed if chat is chosen)
