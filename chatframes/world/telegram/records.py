"""Turns the sandbox's community into TL objects, and into the truth that a table must equal.

Both are written from the same drafts, each by its own rules: the truth never looks at a TL object, and nothing here
knows how chatframes reads Telegram.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from telethon.tl import types

from ..community.people import Community, Person
from .drafts import Draft, Origin, Room, Words, username
from .everything import everything, place_of
from .ids import Ids
from .media import Record, hang
from .shelf import Shelf, StoredFile
from .truth import Truth
from .writing import Writer

__all__ = ["TelegramChat", "TelegramWorld", "build_telegram"]

_DEFAULT_RIGHTS = types.ChatBannedRights(until_date=datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC))


@dataclass(slots=True)
class TelegramChat:
    """A chat as the server keeps it; `messages` are in the order of their ids."""

    kind: Literal["person", "bot", "group", "supergroup", "channel"]
    entity: Any  # types.User, types.Chat or types.Channel
    marked_id: int
    messages: list[Any]  # types.Message, types.MessageService
    migrated_from_chat_id: int | None = None  # not marked


@dataclass(slots=True)
class TelegramWorld:
    """Everything one account sees. `truth` holds ``chats``, ``people`` and ``messages``, as the table has them."""

    me: Any
    bot: Any
    users: dict[int, Any]
    chats: list[TelegramChat]
    files: dict[int, StoredFile]
    truth: dict[str, list[Record]]


def build_telegram(
    community: Community,
    messages: int,
    images: int,
    *,
    padding_bytes: int = 0,
    one_title: bool = False,
    content: bool = False,
) -> TelegramWorld:
    """Build the Telegram of a community; the same arguments always give the same one.

    Parameters
    ----------
    community : Community
        Who there is, since when, and the seed.
    messages : int
        Messages in "Project Apollo", service messages included, exactly.
    images : int
        Pictures that reading it brings, exactly; at most four for each message.
    padding_bytes : int
        Makes every JPEG about this much heavier, for measuring.
    one_title : bool
        The group that "Project Apollo" was has that title too, as at Telegram.
    content : bool
        Have two more chats, with one message of each kind of content.
    """
    writer = Writer(community, messages, images, padding_bytes)
    rooms = writer.rooms()
    if one_title:
        by_key = {room.key: room for room in rooms}
        by_key["garage"].title = by_key["apollo"].title
    ids = Ids(community.seed, writer.people, rooms)
    telling, truth = _Telling(community, writer.people, rooms, ids), Truth(writer.people, rooms, ids)
    shelf, group = Shelf(community.seed), types.PeerChannel(ids.rooms["apollo"])
    friend_id = ids.users[writer.team[1].key]
    chats = []
    for room in rooms:
        tl_messages = []
        for draft in room.drafts:
            media, attachments = None, list[Record]()
            if draft.thing is not None:
                media, attachments = hang(draft.thing, draft.when, shelf, group, friend_id)
            tl_messages.append(telling.message(draft, room, media))
            truth.add(draft, room, attachments)
        before = ids.rooms["garage"] if room.key == "apollo" else None
        chats.append(TelegramChat(room.kind, telling.entity(room), ids.marked(room), tl_messages, before))
    records = truth.records()
    if content:
        for entity, messages_there, told, chat in everything(place_of(writer.people, ids, shelf)):
            chats.append(TelegramChat("supergroup", entity, int(chat["id"]), messages_there))
            records["messages"] += told
            records["chats"].append(chat)
    me, bot = (telling.users[ids.users[person.key]] for person in (community.me, community.bot))
    return TelegramWorld(me, bot, telling.users, chats, shelf.files, records)


class _Telling:
    """Turns drafts into TL objects."""

    def __init__(self, community: Community, people: tuple[Person, ...], rooms: list[Room], ids: Ids) -> None:
        self.me, self.bot, self.people, self.ids = community.me, community.bot, people, ids
        self.by_key = {room.key: room for room in rooms}
        self.users = {ids.users[person.key]: self._user(person) for person in people}

    # who is who

    def _user(self, person: Person) -> Any:
        id_, bot = self.ids.users[person.key], person.kind == "bot"
        if person.left:
            return types.User(id=id_, access_hash=self.ids.access_hash(person.key), deleted=True)
        first, _, last = (person.name, "", "") if bot else person.name.partition(" ")
        return types.User(
            id=id_,
            is_self=person is self.me or None,
            bot=bot or None,
            bot_info_version=1 if bot else None,
            access_hash=self.ids.access_hash(person.key),
            first_name=first,
            last_name=last or None,
            username=username(person),
            phone="15550199" if person is self.me else None,
        )

    def entity(self, room: Room) -> Any:
        """The User, Chat or Channel of a room."""
        id_, members = self.ids.rooms[room.key], len(self.people)
        if room.person is not None:
            return self.users[id_]
        if room.kind == "group":
            moved = room.key == "garage"
            return types.Chat(
                id=id_,
                title=room.title,
                photo=types.ChatPhotoEmpty(),
                participants_count=0 if moved else members,
                date=room.created_at,
                version=3,
                deactivated=moved or None,
                migrated_to=types.InputChannel(self.ids.rooms["apollo"], self.ids.access_hash("apollo"))
                if moved
                else None,
                default_banned_rights=_DEFAULT_RIGHTS,
            )
        broadcast = room.kind == "channel" or None
        return types.Channel(
            id=id_,
            title=room.title,
            photo=types.ChatPhotoEmpty(),
            date=room.created_at,
            broadcast=broadcast,
            megagroup=not broadcast or None,
            signatures=broadcast,
            forum=room.forum or None,
            access_hash=self.ids.access_hash(room.key),
            username=room.username,
            participants_count=members,
            default_banned_rights=_DEFAULT_RIGHTS,
        )

    def _peer(self, room: Room) -> Any:
        id_ = self.ids.rooms[room.key]
        if room.person is not None:
            return types.PeerUser(id_)
        return types.PeerChat(id_) if room.kind == "group" else types.PeerChannel(id_)

    # as TL objects

    def _common(self, draft: Draft, room: Room) -> dict[str, Any]:
        author = draft.author
        if isinstance(author, str):
            from_id = None if room.kind == "channel" else self._peer(self.by_key[author])
        elif room.person is not None and (author is not self.me or draft.id % 2):
            from_id = None  # private chats do not say who wrote, only in which direction
        else:
            from_id = types.PeerUser(self.ids.users[author.key])
        results = [types.ReactionCount(_reaction(key), count) for key, count in draft.reactions]
        return {
            "id": draft.id,
            "peer_id": self._peer(room),
            "from_id": from_id,
            "date": draft.when,
            "out": author is self.me or None,
            "post": room.kind == "channel" or None,
            "reply_to": self._reply_to(draft, room),
            "reactions": types.MessageReactions(results, can_see_list=True) if results else None,
        }

    def message(self, draft: Draft, room: Room, media: Any) -> Any:
        """The Message or MessageService; `media` is what hangs on it."""
        if draft.service:
            return types.MessageService(**self._common(draft, room), action=self._action(draft, media))
        linked = self.ids.rooms["apollo"] if room.kind == "channel" else None
        comments = draft.comments
        restricted = [types.RestrictionReason("android", "copyright", "Not available in your country.")]
        return types.Message(
            **self._common(draft, room),
            message=draft.text,
            entities=list(self._entities(draft.words)) or None,
            media=media,
            grouped_id=self.ids.album(draft.album),
            fwd_from=self._forwarded(draft.origin),
            via_bot_id=self.ids.users[self.bot.key] if draft.via_bot else None,
            edit_date=draft.edited_at,
            edit_hide=draft.edit_hidden or None,
            pinned=draft.pinned or None,
            noforwards=draft.protected or None,
            restriction_reason=restricted if draft.restricted else None,
            views=draft.views,
            forwards=draft.forwards,
            replies=types.MessageReplies(comments, comments + 4, linked is not None or None, None, linked)
            if comments is not None
            else None,
            post_author=draft.signature,
        )

    def _action(self, draft: Draft, media: Any) -> Any:
        about = draft.about
        if isinstance(about, Person):
            user_id = self.ids.users[about.key]
            if draft.service == "chat_add_user":
                return types.MessageActionChatAddUser([user_id])
            return types.MessageActionChatDeleteUser(user_id)
        title = about or ""
        if draft.service == "channel_migrate_from":
            return types.MessageActionChannelMigrateFrom(self.by_key[title].title, self.ids.rooms[title])
        if draft.service == "chat_migrate_to":
            return types.MessageActionChatMigrateTo(self.ids.rooms[title])
        if draft.service == "chat_create":
            return types.MessageActionChatCreate(title, [self.ids.users[person.key] for person in self.people[:5]])
        if draft.service == "chat_edit_photo":
            return types.MessageActionChatEditPhoto(media.photo)
        if draft.service == "topic_create":
            return types.MessageActionTopicCreate(title, icon_color=0x6FB9F0)
        if draft.service == "phone_call":
            missed = types.PhoneCallDiscardReasonMissed()
            return types.MessageActionPhoneCall(draft.id << 33, reason=missed)
        if draft.service == "pin_message":
            return types.MessageActionPinMessage()
        titled = {
            "channel_create": types.MessageActionChannelCreate,
            "chat_edit_title": types.MessageActionChatEditTitle,
        }
        return titled[draft.service](title)

    def _reply_to(self, draft: Draft, room: Room) -> Any:
        answers, topic = draft.answers, draft.topic
        if draft.elsewhere == "story":
            return types.MessageReplyStoryHeader(types.PeerUser(self.ids.users[self.people[1].key]), 7)
        if answers is None:
            return types.MessageReplyHeader(reply_to_msg_id=topic.id, forum_topic=True) if topic else None
        if draft.elsewhere == "chat":
            peer = types.PeerChannel(self.ids.rooms["news"])
            origin = types.MessageFwdHeader(date=answers.when, from_id=peer, channel_post=answers.id)
            return types.MessageReplyHeader(reply_to_msg_id=answers.id, reply_to_peer_id=peer, reply_from=origin)
        if topic is not None:
            return types.MessageReplyHeader(reply_to_msg_id=answers.id, reply_to_top_id=topic.id, forum_topic=True)
        quoted = answers.words[0] if draft.quotes else None
        return types.MessageReplyHeader(
            reply_to_msg_id=answers.id,
            reply_to_top_id=draft.top.id if draft.names_top else None,
            quote=True if quoted else None,
            quote_text=quoted.text if quoted else None,
            quote_offset=0 if quoted else None,
        )

    def _forwarded(self, origin: Origin | None) -> Any:
        if origin is None:
            return None
        if origin.post is not None:
            peer = types.PeerChannel(self.ids.rooms["news"])
            header = {"from_id": peer, "channel_post": origin.post.id, "post_author": origin.post.signature}
            return types.MessageFwdHeader(date=origin.when, **header)
        from_id = types.PeerUser(self.ids.users[origin.person.key]) if origin.person else None
        return types.MessageFwdHeader(date=origin.when, from_id=from_id, from_name=origin.name)

    def _entities(self, words: Iterable[Words]) -> Iterator[Any]:
        """Offsets and lengths count UTF-16 units."""
        simple = {
            "bold": types.MessageEntityBold, "italic": types.MessageEntityItalic, "code": types.MessageEntityCode,
            "spoiler": types.MessageEntitySpoiler, "url": types.MessageEntityUrl,
            "handle": types.MessageEntityMention, "hashtag": types.MessageEntityHashtag,
        }  # fmt: skip
        at = 0
        for one in words:
            length = len(one.text.encode("utf-16-le")) // 2
            if one.bold:
                yield types.MessageEntityBold(at, length)
            if one.style in simple:
                yield simple[one.style](at, length)
            elif one.style == "link":
                yield types.MessageEntityTextUrl(at, length, one.target)
            elif one.style == "name":
                yield types.MessageEntityMentionName(at, length, self.ids.users[one.target])
            elif one.style == "emoji":
                yield types.MessageEntityCustomEmoji(at, length, int(one.target))
            at += length


def _reaction(key: str) -> Any:
    if key == "paid":
        return types.ReactionPaid()
    if key.startswith("custom:"):
        return types.ReactionCustomEmoji(int(key.removeprefix("custom:")))
    return types.ReactionEmoji(key)
