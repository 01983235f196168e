"""The server's store of the sandbox's Telegram: chats, names and files indexed, messages as bytes."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telethon import utils
from telethon.tl import types

from .faults import inside, share_out, source_ids, tell_lies
from .login import Who
from .plan import EDITED_AT, NewerMedia, plan_for
from .records import TelegramChat, TelegramWorld
from .shelf import REFERENCE, StoredFile

OLD_REFERENCE = bytes(byte ^ 0xFF for byte in REFERENCE)  # as long as the good one, and never equal to it
KEPT_BYTES = 32 * 1024 * 1024  # of files that are asked for part by part


class Stock:
    """The world with what is needed to find things in it fast."""

    def __init__(self, world: TelegramWorld, faults: frozenset[str], seed: int = 0) -> None:
        self.world = world
        self.plan = plan_for(world, faults, seed)
        self.afflicted = share_out(world, faults)
        tell_lies(world, self.afflicted)
        self.rooms = {chat.marked_id: Room(chat) for chat in world.chats}
        self.by_activity = sorted(self.rooms.values(), key=Room.last_activity, reverse=True)
        # Ids are the account's own outside of channels: one id, one message.
        self.owners = {
            id_: room
            for room in self.rooms.values()
            if not isinstance(room.chat.entity, types.Channel)
            for id_ in room.ids
        }
        entities = [*world.users.values(), *(chat.entity for chat in world.chats)]
        self.names = {name.lower(): entity for entity in entities for name in _names(entity)}
        second = next(u for u in world.users.values() if u.id != world.me.id and not u.bot and not u.deleted)
        self.people: dict[Who, Any] = {"me": world.me, "second": _as_self(second), "bot": _as_self(world.bot)}
        self._entities: dict[int, Sent] = {}
        self._kept: OrderedDict[tuple[int, str], bytes] = OrderedDict()

    def delete(self, id_: int) -> None:
        """Delete a message of the main chat."""
        room = self.rooms[self.plan.main]
        if (at := room.place(id_)) is not None:
            room.delete(at)

    def arrive(self) -> None:
        """Let the messages of the main chat be written that are not there yet."""
        room = self.rooms[self.plan.main]
        for message in self.plan.coming:
            room.add(message)
        self.plan.coming.clear()

    def edit(self) -> None:
        """Let the messages of the main chat be edited that are to be."""
        room, self.plan.edited = self.rooms[self.plan.main], True
        for id_, words in self.plan.edits.items():
            if (at := room.place(id_)) is not None:
                room.edit(at, words, EDITED_AT)

    def title(self, marked: str) -> str:
        """What a chat is called; empty for what is none."""
        room = self.rooms.get(int(marked)) if marked.lstrip("-").isdigit() else None
        return getattr(room.chat.entity, "title", "") if room else ""

    def around(self, sent: list[Sent], *rooms: Room) -> tuple[list[Sent], list[Sent]]:
        """The users and the chats that messages speak of, as far as they are known here."""
        wanted = dict.fromkeys([room.chat.marked_id for room in rooms])
        for message in sent:
            wanted.update(dict.fromkeys(message.peers))
        if any(isinstance(room.chat.entity, types.User) for room in rooms):
            wanted[self.world.me.id] = None
        entities = [(id_, self._entity(id_)) for id_ in wanted]
        users = [entity for id_, entity in entities if entity is not None and id_ > 0]
        return users, [entity for id_, entity in entities if entity is not None and id_ < 0]

    def _entity(self, marked: int) -> Sent | None:
        if marked not in self._entities:
            room = self.rooms.get(marked)
            entity = self.world.users.get(marked) or (room.chat.entity if room else None)
            if entity is None:
                return None
            self._entities[marked] = Sent(bytes(entity), (), frozenset())
        return self._entities[marked]

    def part(self, file: StoredFile, variant: str, offset: int, limit: int) -> bytes:
        """Some bytes of a file; files of several parts are kept for a while, not made anew for each."""
        if offset >= file.sizes[variant]:
            return b""
        key = file.id, variant
        data = self._kept.pop(key, None)
        if data is None:
            data = file.data(variant)
        if len(data) > limit:
            self._kept[key] = data
            while sum(map(len, self._kept.values())) > KEPT_BYTES and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return data[offset : offset + limit]


class Room:
    """A chat whose messages can be found by id and time; each is put into bytes once."""

    def __init__(self, chat: TelegramChat) -> None:
        self.chat = chat
        self.ids = [message.id for message in chat.messages]
        self.dates = [message.date for message in chat.messages]
        self._sent: list[Sent | None] = [None] * len(self.ids)

    def last_activity(self) -> tuple[datetime, int]:
        """When it was last written in; a silent chat's creation."""
        created = getattr(self.chat.entity, "date", None) or datetime.min.replace(tzinfo=UTC)
        return (self.dates[-1] if self.dates else created, self.chat.marked_id)

    def place(self, id_: int) -> int | None:
        """Where the message with an id is; None when there is none."""
        at = bisect_left(self.ids, id_)
        return at if at < len(self.ids) and self.ids[at] == id_ else None

    def delete(self, at: int) -> None:
        """Forget the message at a place."""
        for those in (self.ids, self.dates, self._sent, self.chat.messages):
            del those[at]

    def add(self, message: Any) -> None:
        """Take a message that is newer than all others."""
        self.ids.append(message.id)
        self.dates.append(message.date)
        self._sent.append(None)
        self.chat.messages.append(message)

    def edit(self, at: int, words: str, when: datetime) -> None:
        """Let the message at a place say something else."""
        message = self.chat.messages[at]
        message.message, message.entities, message.edit_date, message.edit_hide = words, None, when, None
        self._sent[at] = None

    def sent(self, at: int) -> Sent:
        """The message at a place, ready to be sent."""
        sent = self._sent[at]
        if sent is None:
            message = self.chat.messages[at]
            things = list(inside(message))
            peers = dict.fromkeys(_peers(things))
            sent = self._sent[at] = Sent(
                bytes(message),
                tuple(peers),
                frozenset(source_ids(things)),
                message.id,
                message.date,
                any(isinstance(one, NewerMedia) for one in things),
            )
        return sent


@dataclass(frozen=True, slots=True)
class Sent:
    """A TL object as its bytes, the peers it speaks of (marked ids) and the files it carries."""

    data: bytes
    peers: tuple[int, ...]
    files: frozenset[str]
    id: int = 0
    date: datetime | None = None
    newer: bool = False  # carries what no client of today can read

    def _bytes(self) -> bytes:
        """What Telethon's classes ask of what is inside them."""
        return self.data

    def stale(self) -> Sent:
        """The same with expired file references: these are as long as good ones."""
        return Sent(self.data.replace(REFERENCE, OLD_REFERENCE), self.peers, self.files, self.id, self.date, self.newer)


def _peers(things: list[Any]) -> Iterator[int]:
    for thing in things:
        if isinstance(thing, types.PeerUser | types.PeerChat | types.PeerChannel):
            yield utils.get_peer_id(thing)
        elif isinstance(thing, types.MessageEntityMentionName):
            yield thing.user_id
        elif isinstance(thing, types.Message) and thing.via_bot_id:
            yield thing.via_bot_id
        else:  # who was added to a group, or removed from it
            yield from getattr(thing, "users", None) or ()
            if isinstance(thing, types.MessageActionChatDeleteUser):
                yield thing.user_id


def _names(entity: Any) -> Iterator[str]:
    if getattr(entity, "username", None):
        yield entity.username
    for one in getattr(entity, "usernames", None) or ():
        if one.active:
            yield one.username


def _as_self(user: Any) -> Any:
    user = copy.copy(user)
    user.is_self = True
    return user
