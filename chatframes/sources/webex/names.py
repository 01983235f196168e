"""Find the room that a user names, and list the rooms of an account."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from ...errors import ChatNotFound, IncompleteWarning, ServiceError
from ...model import Chat
from ...transfer.link import Link
from ...words import counted, whole_text
from .. import Context
from ..candidates import choose_by_title, recent_first
from .connect import connect
from .links import next_link
from .refusals import ask
from .rows import decode_id, moment
from .walk import IDLE_PAGES

ROOMS_PAGE = 1000
NO_ROOM = frozenset({400, 404})  # what Webex answers to an id that is no room of this account's


async def list_chats(context: Context) -> list[Chat]:
    """Return the rooms this account can see, most recently active first."""
    left_out: list[str] = []
    async with connect(context) as link:
        chats = [_chat(item) async for item in _rooms(link, left_out)]
    if left_out:
        warnings.warn(_not_whole(left_out), IncompleteWarning, stacklevel=2)
    return recent_first(chats)


def _not_whole(left_out: list[str]) -> str:
    return f"The list of Webex's spaces is not whole: {', and '.join(left_out)}."


def _chat(item: dict[str, Any]) -> Chat:
    chat_id, title, kind = (whole_text(str(item.get(key) or "")) for key in ("id", "title", "type"))
    return Chat(chat_id, title, kind, moment(item.get("lastActivity")))


async def _rooms(link: Link, left_out: list[str]) -> AsyncIterator[dict[str, Any]]:
    """Yield every room; `left_out` gets a phrase for what could not be listed."""
    url: str | None = f"{link.base_url}/rooms?max={ROOMS_PAGE}"
    seen: set[str] = set()
    idle_pages = nameless = 0
    while url is not None and idle_pages < IDLE_PAGES:
        answer = await ask(link, url, "the list of spaces")
        idle_pages += 1
        if not isinstance(answer.payload.get("items"), list):
            raise ServiceError("Webex answered without a list of rooms. Try again later.")
        for item in answer.payload["items"]:
            if not isinstance(item, dict) or not item.get("id"):
                nameless += 1
            elif str(item["id"]) not in seen:
                seen.add(str(item["id"]))
                idle_pages = 0
                yield item
        url = next_link(answer.headers.get_list("Link"), url)
    if nameless:
        left_out.append(f"{counted(nameless, 'space')} came without an id")
    if url is not None:
        left_out.append(f"the links of its pages go on and on, the last {idle_pages} of them without another space")


async def find(link: Link, room: str) -> dict[str, Any]:
    """Return Webex's JSON of the room with this id or title; raises ChatNotFound."""
    decoded = decode_id(room)
    if decoded is not None and decoded[0] == "ROOM":
        url = f"{link.base_url}/rooms/{quote(room, safe='')}"
        item: dict[str, Any] = (await ask(link, url, "the space", let_through=NO_ROOM)).payload
        if item.get("id"):
            return item
        raise ChatNotFound(
            f'Webex knows no room with the id {room!r} that this account is in: see chats("webex") for all of them.'
        )
    left_out: list[str] = []
    listed = [(item, _chat(item)) async for item in _rooms(link, left_out)]
    try:
        chosen = choose_by_title(room, [chat for _, chat in listed], what="Webex room", service="webex")
    except ChatNotFound as error:
        raise (ChatNotFound(f"{error}\n{_not_whole(left_out)}") if left_out else error) from None
    return next(item for item, chat in listed if chat is chosen)
