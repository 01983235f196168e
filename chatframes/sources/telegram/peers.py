"""Who is who on Telegram, by the one number that names a peer among all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from telethon.tl import types


class Known(NamedTuple):
    """Name and kind of somebody who can write."""

    name: str | None
    kind: str  # person, bot, channel, deleted, unknown


@dataclass(slots=True)
class Peers:
    """Who is who, by marked id: built from what came with the messages, so that no name costs a request."""

    known: dict[int, Known] = field(default_factory=dict)

    def add(self, users: Iterable[Any], chats: Iterable[Any]) -> None:
        """Add the people, groups and channels of an answer; a name of today replaces an older one."""
        for user in users or ():
            if isinstance(user, types.User):
                self.known[user.id] = _person(user)
        for chat in chats or ():
            marked = _marked_chat(chat)
            if marked is not None:
                self.known[marked] = Known(chat.title or None, "channel")


def marked_id(peer: Any) -> int | None:
    """Return the one number that names a peer among all: people positive, groups ``-…``, channels ``-100…``.

    Examples
    --------
    >>> from telethon.tl import types
    >>> marked_id(types.PeerChannel(12345))
    -1000000012345
    """
    if isinstance(peer, types.PeerUser):
        return int(peer.user_id)
    if isinstance(peer, types.PeerChat):
        return -int(peer.chat_id)
    if isinstance(peer, types.PeerChannel):
        return -(1_000_000_000_000 + int(peer.channel_id))
    return None


def name_of(user: Any) -> str | None:
    """Return what a person is called: first and last name, else the public name, else nothing."""
    return " ".join(part for part in (user.first_name, user.last_name) if part).strip() or username_of(user)


def username_of(entity: Any) -> str | None:
    """Return the public name of a user or channel; the first active one of several."""
    if getattr(entity, "username", None):
        return str(entity.username)
    return next((str(one.username) for one in getattr(entity, "usernames", None) or () if one.active), None)


def _person(user: Any) -> Known:
    if user.deleted:
        return Known(None, "deleted")
    return Known(name_of(user), "bot" if user.bot else "person")


def _marked_chat(chat: Any) -> int | None:
    if isinstance(chat, types.Channel | types.ChannelForbidden):
        return -(1_000_000_000_000 + int(chat.id))
    if isinstance(chat, types.Chat | types.ChatForbidden):
        return -int(chat.id)
    return None
