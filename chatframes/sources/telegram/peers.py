"""Name the people, groups and channels of Telegram, by their marked ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from telethon.tl import types

from .addresses import CHANNEL_MARK


class NameAndKind(NamedTuple):
    """Name and kind of an author."""

    name: str | None
    kind: str  # person, bot, channel, deleted, unknown
    handle: str | None = None  # the public name, with its @


@dataclass(slots=True)
class Peers:
    """Names and kinds by marked id, taken from the answers that hold the messages, so that no name costs a request.

    Examples
    --------
    >>> Peers.of([types.User(7, first_name="Ada")], []).called(7)
    'Ada'
    """

    by_id: dict[int, NameAndKind] = field(default_factory=dict)

    @classmethod
    def of(cls, users: Iterable[Any], chats: Iterable[Any]) -> Peers:
        """Return the people, groups and channels of one answer."""
        peers = cls()
        peers.add(users, chats)
        return peers

    def add(self, users: Iterable[Any], chats: Iterable[Any]) -> None:
        """Add the people, groups and channels of an answer; a newer name replaces an older one."""
        for user in users or ():
            if isinstance(user, types.User):
                self.by_id[user.id] = _person(user)
        for chat in chats or ():
            marked = _marked_chat(chat)
            if marked is not None:
                self.by_id[marked] = NameAndKind(chat.title or None, "channel", _handle(chat))

    def called(self, marked: int) -> str:
        """Return what to call somebody in a sentence: a name if it is known, else the id."""
        known = self.by_id.get(marked)
        if known is None:
            return str(marked)
        return known.name or ("Deleted account" if known.kind == "deleted" else str(marked))


def marked_id(peer: Any) -> int | None:
    """Return the marked id, unique among all peers: people positive, groups ``-…``, channels ``-100…``.

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
        return -(CHANNEL_MARK + int(peer.channel_id))
    return None


def id_of(peer: Any) -> str | None:
    """Return the marked id as the table holds it; None where there is none."""
    return as_text(marked_id(peer))


def as_text(number: int | None) -> str | None:
    """Return an id of Telegram's as the table holds it; None where there is none."""
    return None if number is None else str(number)


def name_of(user: Any) -> str | None:
    """Return a person's first and last name, else the public name, else None."""
    return " ".join(part for part in (user.first_name, user.last_name) if part).strip() or username_of(user)


def username_of(entity: Any) -> str | None:
    """Return the public name of a user or channel; the first active one of several."""
    if getattr(entity, "username", None):
        return str(entity.username)
    return next((str(name.username) for name in getattr(entity, "usernames", None) or () if name.active), None)


def _person(user: Any) -> NameAndKind:
    if user.deleted:
        return NameAndKind(None, "deleted")
    return NameAndKind(name_of(user), "bot" if user.bot else "person", _handle(user))


def _handle(entity: Any) -> str | None:
    name = username_of(entity)
    return None if name is None else f"@{name}"


def _marked_chat(chat: Any) -> int | None:
    if isinstance(chat, types.Channel | types.ChannelForbidden):
        return -(CHANNEL_MARK + int(chat.id))
    if isinstance(chat, types.Chat | types.ChatForbidden):
        return -int(chat.id)
    return None
