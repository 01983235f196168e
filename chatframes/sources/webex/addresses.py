"""Understand how people name a Webex space: its title, ids, links of the apps and pages, a person's e-mail address."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from typing import Literal

from ...errors import ConfigError
from ..addresses import Address, Reading, tidy
from .rows import decode_id

__all__ = ["RoomName", "parse", "room_id"]

INSTEAD = "write the title of the space, its id, or a link such as webexteams://im?space=..."
_MEETING = ("is a link to a meeting or a call, and not to a space", "write the title of the space, or its id")
_INVITATION = ("is an invitation", "accept it in the Webex app, then write the title of the space")
_NOTHING = ("leads to no space", "")

_PAGES = ("web.webex.com", "teams.webex.com", "web.ciscospark.com")
_API = ("webexapis.com", "api.ciscospark.com")
_INVITING = ("eurl.io", "www.eurl.io")
# What a page shows of a space; it is the same space.
_TABS = frozenset("chat messages content files people schedule meetings apps".split())
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EMAIL = re.compile(r"(?:mailto:)?([^\s@:/<>\"]+@[^\s@:/<>\"]+\.[^\s@:/<>\".]{2,})", re.IGNORECASE)
_ID_PART = r"[A-Za-z0-9_-]{8,300}={0,2}"
_UID = re.compile(rf"webex:({_ID_PART})(?::({_ID_PART}))?")
_PLAIN_ID = re.compile(r"ciscospark://[A-Za-z0-9:_.-]+/[A-Z_]+/[A-Za-z0-9:_./-]+")
_ENCODED = base64.b64encode(b"ciscospark://").decode()[:16]  # how every id begins; the rest depends on what follows


@dataclass(frozen=True, slots=True)
class RoomName:
    """A user's text for a room, parsed."""

    how: Literal["room", "uuid", "message", "person", "email", "title"]
    name: str
    message: str = ""  # of the room, where a link names one

    @property
    def note(self) -> str:
        """A sentence for the report where a link names less than the room that is read; else empty."""
        message = self.name if self.how == "message" else self.message
        return f"the link names the message {message}; the whole space it is in is read" if message else ""


def parse(room: str) -> RoomName:
    """Parse a user's text for a room.

    Raises
    ------
    ConfigError
        The text is an address or an id that leads to no space, or that says more than which space.

    Examples
    --------
    >>> parse("webexteams://im?space=078B4340-bb02-11ee-9ae2-81c7c613996c").name
    '078b4340-bb02-11ee-9ae2-81c7c613996c'
    >>> parse("ada@example.com").how
    'email'
    """
    text = tidy(room)
    _READING.check_length(text)
    if (uid := _UID.fullmatch(text)) is not None and _kind(uid[1]) == "ROOM":
        return _of_id(uid[1], uid[2] or "")
    if (email := _EMAIL.fullmatch(text)) is not None:
        return RoomName("email", email[1])
    if _PLAIN_ID.fullmatch(text):
        text = base64.b64encode(text.encode()).decode().rstrip("=")
    address = _READING.address(text)
    if address is not None:
        return _of_address(address)
    if _UUID.fullmatch(text):
        return RoomName("uuid", text.lower())
    if _kind(text) is not None:
        return _of_id(text)
    if text.startswith(_ENCODED) and " " not in text:
        raise ConfigError(f"Webex(room): this id is not whole, or holds more than an id: {INSTEAD}.")
    return RoomName("title", text)


def room_id(uuid: str, cluster: str = "us") -> str:
    """Return the id that the API has for a room with this uuid.

    Examples
    --------
    >>> room_id("078b4340-bb02-11ee-9ae2-81c7c613996c")
    'Y2lzY29zcGFyazovL3VzL1JPT00vMDc4YjQzNDAtYmIwMi0xMWVlLTlhZTItODFjN2M2MTM5OTZj'
    """
    return base64.b64encode(f"ciscospark://{cluster}/ROOM/{uuid}".encode()).decode().rstrip("=")


def _is_host(host: str) -> bool:
    return host in (*_API, *_INVITING, "web.ciscospark.com") or re.fullmatch(r"(.*\.)?webex\.com", host) is not None


_READING = Reading(
    argument="Webex(room)",
    instead=INSTEAD,
    is_host=_is_host,
    look_alike=r"webex\.com|webexapis\.com|ciscospark\.com|eurl\.io",
    schemes=("webexteams",),
)


def _kind(webex_id: str) -> str | None:
    """Return the kind of an id of Webex's, or None where a text is none."""
    decoded = decode_id(webex_id.rstrip("="))
    return decoded[0].upper() if decoded is not None else None


def _of_id(webex_id: str, message: str = "") -> RoomName:
    """Return the room that an id names, by itself or by a message or a person."""
    webex_id = webex_id.rstrip("=")
    kinds: dict[str, Literal["room", "message", "person"]] = {"ROOM": "room", "MESSAGE": "message", "PEOPLE": "person"}
    kind = _kind(webex_id)
    if kind == "TEAM":
        raise ConfigError("Webex(room): this is the id of a team, which has several spaces: write the title of one.")
    if kind not in kinds:
        raise ConfigError(f"Webex(room): this is the id of something else than a space: {INSTEAD}.")
    return RoomName(kinds[kind], webex_id, message)


def _of_address(address: Address) -> RoomName:
    if address.scheme == "webexteams":
        return _of_app(address)
    if address.host in _INVITING:
        raise _READING.error(*_INVITATION)
    steps = address.steps
    if address.host == "web.ciscospark.com" and address.fragment.startswith("/"):  # its first pages
        steps = tuple(step for step in address.fragment.split("/") if step)
    elif address.fragment:
        raise _READING.error("says more behind '#' than is understood")
    if address.host in _API:
        return _of_api(steps, address.query)
    if address.host not in _PAGES:
        raise _READING.error(*_MEETING)
    if len(steps) < 2 or steps[0].lower() not in ("spaces", "rooms"):
        raise _READING.error(*_NOTHING)
    if len(steps) > 3 or (len(steps) == 3 and steps[2].lower() not in _TABS):
        raise _READING.error("says more than which space")
    return _of_space(steps[1], address.query)


def _of_app(address: Address) -> RoomName:
    """Return the room of a link that opens the Webex app."""
    query = dict(address.query)
    if address.host != "im" or address.steps or address.fragment:
        raise _READING.error(*(_MEETING if address.host in ("meet", "call") else _NOTHING))
    for parameter in ("space", "roomid"):
        if parameter in query:
            return _of_space(query.pop(parameter), query)
    email = _EMAIL.fullmatch(query.pop("email", ""))
    if email is None:
        raise _READING.error(*_NOTHING)
    _READING.check_rest(query, ())
    return RoomName("email", email[1])


def _of_api(steps: tuple[str, ...], query: dict[str, str]) -> RoomName:
    """Return the room of an address of the API itself."""
    query = dict(query)
    match [step.lower() for step in steps]:
        case ["v1", "rooms" | "messages", _]:
            room = steps[2]
        case ["v1", "messages"]:
            room = query.pop("roomid", "")
        case _:
            raise _READING.error(*_NOTHING)
    _READING.check_rest(query, ())
    if _kind(room) is None:
        raise _READING.error(*_NOTHING)
    return _of_id(room)


def _of_space(space: str, query: dict[str, str]) -> RoomName:
    """Return the room with the uuid or the id in a link, with the message that the link names."""
    _READING.check_rest(query, ("message",))
    message = query.get("message", "")
    if message and not (_UUID.fullmatch(message) or _kind(message) == "MESSAGE"):
        raise _READING.error("names a message by something that is no id")
    if _UUID.fullmatch(space):
        return RoomName("uuid", space.lower(), message)
    if _kind(space) != "ROOM":
        raise _READING.error(*_NOTHING)
    return replace(_of_id(space), message=message)
