"""Find the room that a user names, and list the rooms of an account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

from ...errors import ChatNotFound, IncompleteWarning, ServiceError
from ...model import Chat
from ...transfer.link import Link
from ...warn import warn
from ...words import counted, whole_text
from .. import Context
from ..candidates import choose_by_title, recent_first
from .addresses import RoomName, parse, room_id
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
        warn(_not_whole(left_out), IncompleteWarning)
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
    """Return Webex's JSON of the room that a user names; raises ChatNotFound."""
    named = parse(room)
    match named.how:
        case "room":
            return await _by_id(link, named.name)
        case "uuid":
            return await _by_uuid(link, named.name)
        case "message":
            message = await _given(link, f"messages/{quote(named.name, safe='')}", "the message")
            if not message.get("roomId"):
                raise ChatNotFound(
                    f"Webex knows no message with the id {named.name!r} that this account can see: it was deleted, or "
                    "is in a space that this account is not in."
                )
            return await _by_id(link, str(message["roomId"]))
        case "person" | "email":
            return await _by_person(link, named)
        case "title":
            return await _by_title(link, named.name)


async def _given(link: Link, path: str, what: str) -> dict[str, Any]:
    """Return what Webex has under a path; without anything in it where there is nothing that this account can see."""
    answer = await ask(link, f"{link.base_url}/{path}", what, let_through=NO_ROOM)
    found: dict[str, Any] = answer.payload if answer.status not in NO_ROOM else {}
    return found


async def _by_id(link: Link, room_id: str) -> dict[str, Any]:
    item = await _given(link, f"rooms/{quote(room_id, safe='')}", "the space")
    if not item.get("id"):
        raise _unknown(room_id)
    return item


async def _by_uuid(link: Link, uuid: str) -> dict[str, Any]:
    """Return the room with a uuid. Links have it without the cluster, which the id has, and which may be any."""
    item = await _given(link, f"rooms/{room_id(uuid)}", "the space")
    if item.get("id"):
        return item
    left_out: list[str] = []
    async for listed in _rooms(link, left_out):
        decoded = decode_id(str(listed["id"]))
        if decoded is not None and decoded[1].lower() == uuid:
            return listed
    raise _unlisted(_unknown(uuid), left_out)


async def _by_person(link: Link, named: RoomName) -> dict[str, Any]:
    """Return the direct conversation with a person: only its messages can be asked for by the person."""
    parameter = "personEmail" if named.how == "email" else "personId"
    query = urlencode({parameter: named.name, "max": 1})
    items = (await _given(link, f"messages/direct?{query}", "the direct conversation")).get("items")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and item.get("roomId"):
            return await _by_id(link, str(item["roomId"]))
    left_out: list[str] = []
    async for listed in _rooms(link, left_out):
        if listed.get("title") == named.name:  # as of somebody who has no name yet
            return listed
    missing = ChatNotFound(
        f"Webex knows no direct conversation of this account with {named.name!r} that holds a message: see "
        'chats("webex") for all of them; a direct conversation has the other person\'s name as its title.'
    )
    raise _unlisted(missing, left_out)


async def _by_title(link: Link, title: str) -> dict[str, Any]:
    left_out: list[str] = []
    listed = [(item, _chat(item)) async for item in _rooms(link, left_out)]
    try:
        chosen = choose_by_title(title, [chat for _, chat in listed], what="Webex room", service="webex")
    except ChatNotFound as error:
        raise _unlisted(error, left_out) from None
    return next(item for item, chat in listed if chat is chosen)


def _unlisted(error: ChatNotFound, left_out: list[str]) -> ChatNotFound:
    """Return the error with what of the list of rooms could not be listed, if anything."""
    return ChatNotFound(f"{error}\n{_not_whole(left_out)}") if left_out else error


def _unknown(room: str) -> ChatNotFound:
    return ChatNotFound(
        f'Webex knows no room with the id {room!r} that this account is in: see chats("webex") for all of them.'
    )
