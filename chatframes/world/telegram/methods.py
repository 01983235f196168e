"""Telegram's answers about people, chats, messages and files."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from telethon import utils
from telethon.tl import functions, types

from ..mtproto.server import Client, RpcError
from .faults import PAGE, TelegramCall, inside, source_ids
from .records import TelegramChat
from .shelf import REFERENCE
from .stock import Room, Sent, Stock

MEBIBYTE = 1_048_576
GENERAL_TOPIC = 1  # where messages are that name no topic; no message opened it
_NOTIFY = types.PeerNotifySettings()
Answer = Callable[[Any, Client, TelegramCall], Any]


class Methods:
    """The methods that need the world; ``answers`` leads to them from the kind of request."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.answers: dict[Any, Answer] = {
            functions.users.GetUsersRequest: self._users,
            functions.users.GetFullUserRequest: self._full_user,
            functions.messages.GetHistoryRequest: self._history,
            functions.messages.GetMessagesRequest: self._some_messages,
            functions.channels.GetMessagesRequest: self._some_messages,
            functions.messages.GetDialogsRequest: self._dialogs,
            functions.messages.GetPeerDialogsRequest: self._peer_dialogs,
            functions.messages.GetChatsRequest: self._groups,
            functions.channels.GetChannelsRequest: self._channels,
            functions.messages.GetFullChatRequest: self._full_group,
            functions.channels.GetFullChannelRequest: self._full_channel,
            functions.messages.GetForumTopicsByIDRequest: self._topics,
            functions.messages.GetForumTopicsRequest: self._topic_list,
            functions.stories.GetStoriesByIDRequest: self._stories,
            functions.contacts.ResolveUsernameRequest: self._resolve,
            functions.upload.GetFileRequest: self._file,
        }

    # People and chats

    def _users(self, request: Any, client: Client, call: TelegramCall) -> Any:
        return [self._user(peer, client) or types.UserEmpty(getattr(peer, "user_id", 0)) for peer in request.id]

    def _user(self, peer: Any, client: Client) -> Any | None:
        if isinstance(peer, types.InputUserSelf | types.InputPeerSelf):
            return self.stock.people[client.memory["who"]]
        user = self.stock.world.users.get(getattr(peer, "user_id", 0))
        matches = user is not None and (getattr(peer, "access_hash", user.access_hash) == user.access_hash)
        return user if matches else None

    def _full_user(self, request: Any, client: Client, call: TelegramCall) -> Any:
        user = self._user(request.id, client)
        if user is None:
            raise RpcError(400, "USER_ID_INVALID")
        full = types.UserFull(user.id, types.PeerSettings(), _NOTIFY, 0)
        return types.users.UserFull(full, chats=[], users=[user])

    def _room(self, peer: Any, client: Client) -> Room:
        """The chat that is meant; a person never written with has one without messages."""
        stock = self.stock
        match peer:
            case types.InputPeerChannel() | types.InputChannel():
                room = stock.rooms.get(utils.get_peer_id(types.PeerChannel(peer.channel_id)))
                if room is None or room.chat.entity.access_hash != peer.access_hash:
                    raise RpcError(400, "CHANNEL_INVALID")
                return room
            case types.InputPeerChannelFromMessage() | types.InputChannelFromMessage():
                room = stock.rooms.get(utils.get_peer_id(types.PeerChannel(peer.channel_id)))
            case types.InputPeerChat():
                room = stock.rooms.get(-peer.chat_id)
            case _:
                user = self._user(peer, client)
                nobody = TelegramChat("person", user, user.id, [], None) if user is not None else None
                room = (stock.rooms.get(nobody.marked_id) or Room(nobody)) if nobody is not None else None
        if room is None:
            raise RpcError(400, "PEER_ID_INVALID")
        return room

    def _resolve(self, request: Any, client: Client, call: TelegramCall) -> Any:
        stock = self.stock
        name = request.username.lower()
        if not 3 < len(name) < 33 or not name.replace("_", "").isalnum():
            raise RpcError(400, "USERNAME_INVALID")
        entity = stock.names.get(name)
        if entity is None:
            raise RpcError(400, "USERNAME_NOT_OCCUPIED")
        is_user = isinstance(entity, types.User)
        return types.contacts.ResolvedPeer(
            utils.get_peer(entity), chats=[] if is_user else [entity], users=[entity] if is_user else []
        )

    def _groups(self, request: Any, client: Client, call: TelegramCall) -> Any:
        rooms = [self.stock.rooms.get(-id_) for id_ in request.id]
        if None in rooms:
            raise RpcError(400, "CHAT_ID_INVALID")
        return types.messages.Chats([room.chat.entity for room in rooms if room])

    def _channels(self, request: Any, client: Client, call: TelegramCall) -> Any:
        return types.messages.Chats([self._room(id_, client).chat.entity for id_ in request.id])

    def _full_group(self, request: Any, client: Client, call: TelegramCall) -> Any:
        room = self.stock.rooms.get(-request.chat_id)
        if room is None:
            raise RpcError(400, "CHAT_ID_INVALID")
        members = types.ChatParticipantsForbidden(request.chat_id)
        full = types.ChatFull(request.chat_id, "", members, _NOTIFY)
        return types.messages.ChatFull(full, chats=[room.chat.entity], users=[])

    def _full_channel(self, request: Any, client: Client, call: TelegramCall) -> Any:
        room = self._room(request.channel, client)
        chat = room.chat
        before = self.stock.rooms.get(-(chat.migrated_from_chat_id or 0))
        full = types.ChannelFull(
            id=chat.entity.id,
            about="",
            read_inbox_max_id=0,
            read_outbox_max_id=0,
            unread_count=0,
            chat_photo=types.PhotoEmpty(0),
            notify_settings=_NOTIFY,
            bot_info=[],
            pts=1,
            migrated_from_chat_id=chat.migrated_from_chat_id,
            migrated_from_max_id=before.ids[-1] if before and before.ids else None,
        )
        chats = [chat.entity, *([before.chat.entity] if before else [])]
        return types.messages.ChatFull(full, chats=chats, users=[])

    def _dialogs(self, request: Any, client: Client, call: TelegramCall) -> Any:
        rooms = self.stock.by_activity if not request.folder_id else []
        size = max(1, min(request.limit, PAGE))
        start = 0
        if not isinstance(request.offset_peer, types.InputPeerEmpty):
            marked = self._room(request.offset_peer, client).chat.marked_id
            start = next((n + 1 for n, room in enumerate(rooms) if room.chat.marked_id == marked), len(rooms))
        elif (when := when_given(request.offset_date)) is not None:
            start = sum(bool(room.dates) and room.dates[-1] >= when for room in rooms)
        page = self._as_dialogs(rooms[start : start + size])
        if start == 0 and len(rooms) <= size:
            return types.messages.Dialogs(**page)
        return types.messages.DialogsSlice(count=len(rooms), **page)

    def _peer_dialogs(self, request: Any, client: Client, call: TelegramCall) -> Any:
        rooms = [
            self._room(dialog.peer, client) for dialog in request.peers if isinstance(dialog, types.InputDialogPeer)
        ]
        return types.messages.PeerDialogs(**self._as_dialogs(rooms), state=state())

    def _as_dialogs(self, rooms: list[Room]) -> dict[str, Any]:
        stock = self.stock
        tops = [room.sent(len(room.ids) - 1) for room in rooms if room.ids]
        users, chats = stock.around(tops, *rooms)
        dialogs = [
            types.Dialog(
                peer=utils.get_peer(room.chat.entity),
                top_message=room.ids[-1] if room.ids else 0,
                read_inbox_max_id=0,
                read_outbox_max_id=0,
                unread_count=0,
                unread_mentions_count=0,
                unread_reactions_count=0,
                unread_poll_votes_count=0,
                notify_settings=_NOTIFY,
                pts=1 if isinstance(room.chat.entity, types.Channel) else None,
            )
            for room in rooms
        ]
        return {"dialogs": dialogs, "messages": tops, "chats": chats, "users": users}

    # Messages

    def _history(self, request: Any, client: Client, call: TelegramCall) -> Any:
        room = self._room(request.peer, client)
        count = len(room.ids)
        # Places are counted from the newest. An id goes before a date, and a date means messages before it.
        if request.offset_id > 0:
            place = count - bisect_left(room.ids, request.offset_id)
        elif (when := when_given(request.offset_date)) is not None:
            place = count - bisect_left(room.dates, when)
        else:
            place = 0
        # A page that would begin above the newest message is that much shorter.
        start = place + request.add_offset
        end = start + max(0, min(request.limit, PAGE))
        start, end = max(start, 0), min(max(end, 0), count)
        if end - start > call.page_cap:  # cut so that what lies next to the offset stays
            start, end = (end - call.page_cap, end) if request.add_offset < 0 else (start, start + call.page_cap)
        places = range(count - 1 - start, count - 1 - end, -1)
        # Bounds by id thin out the page that was found: low ones leave nothing, as clients have noticed.
        places_kept = [
            at
            for at in places
            if (not request.max_id or room.ids[at] < request.max_id)
            and (not request.min_id or room.ids[at] > request.min_id)
        ]
        sent = [self._told(room.sent(at), call) for at in places_kept]
        return self._page(sent, room, count)

    def _page(self, sent: list[Sent], room: Room, count: int) -> Any:
        users, chats = self.stock.around(sent, room)
        page = {"messages": sent, "topics": [], "chats": chats, "users": users}
        if isinstance(room.chat.entity, types.Channel):
            return types.messages.ChannelMessages(pts=1, count=count, **page)
        if len(sent) >= count:
            return types.messages.Messages(**page)
        return types.messages.MessagesSlice(count=count, **page)

    def _some_messages(self, request: Any, client: Client, call: TelegramCall) -> Any:
        if not request.id:
            raise RpcError(400, "MESSAGE_IDS_EMPTY")
        stock = self.stock
        channel = getattr(request, "channel", None)
        room = self._room(channel, client) if channel is not None else None
        found: list[Any] = []
        rooms: list[Room] = [room] if room else []
        for one in request.id[:PAGE]:
            id_ = getattr(one, "id", 0)
            at = room if room else stock.owners.get(id_)
            place = at.place(id_) if at else None
            if at is None or place is None or source_ids(inside(at.chat.messages[place])) & call.gone:
                found.append(types.MessageEmpty(id_, None))
                continue
            rooms.append(at)
            found.append(self._told(at.sent(place), call))
        users, chats = stock.around([one for one in found if isinstance(one, Sent)], *rooms)
        page = {"messages": found, "topics": [], "chats": chats, "users": users}
        if room is not None:
            return types.messages.ChannelMessages(pts=1, count=len(found), **page)
        return types.messages.Messages(**page)

    def _told(self, sent: Sent, call: TelegramCall) -> Sent:
        """The message as this answer tells it: with references that have expired, where a fault wants that."""
        return sent.stale() if sent.files and (call.all_stale or sent.files & call.stale) else sent

    def _topic_list(self, request: Any, client: Client, call: TelegramCall) -> Any:
        room = self._room(request.peer, client)
        opened = [
            message.id
            for message in room.chat.messages
            if isinstance(getattr(message, "action", None), types.MessageActionTopicCreate)
        ]
        ids = [
            id_ for id_ in (*reversed(opened), GENERAL_TOPIC) if not request.offset_topic or id_ < request.offset_topic
        ]
        page = dict.fromkeys(ids[: max(1, min(request.limit, PAGE))])
        answer = self._about_topics(room, list(page))
        answer.count = len({*opened, GENERAL_TOPIC})
        return answer

    def _topics(self, request: Any, client: Client, call: TelegramCall) -> Any:
        return self._about_topics(self._room(request.peer, client), request.topics[:PAGE])

    def _about_topics(self, room: Room, ids: list[int]) -> Any:
        if not getattr(room.chat.entity, "forum", False):
            raise RpcError(400, "CHANNEL_FORUM_MISSING")
        topics: list[Any] = []
        for id_ in ids:
            place = room.place(id_)
            message = room.chat.messages[place] if place is not None else None
            if id_ == GENERAL_TOPIC:
                topics.append(_topic(GENERAL_TOPIC, room, "General", room.dates[0] if room.dates else None, None))
            elif message is not None and isinstance(getattr(message, "action", None), types.MessageActionTopicCreate):
                topics.append(_topic(id_, room, message.action.title, message.date, message.from_id))
            else:
                topics.append(types.ForumTopicDeleted(id_))
        users, chats = self.stock.around([], room)
        page = {"messages": [], "chats": chats, "users": users}
        return types.messages.ForumTopics(count=len(topics), topics=topics, pts=1, **page)

    def _stories(self, request: Any, client: Client, call: TelegramCall) -> Any:
        return types.stories.Stories(count=0, stories=[], chats=[], users=[])  # nobody here has told one

    # Files

    def _file(self, request: Any, client: Client, call: TelegramCall) -> Any:
        offset, limit = request.offset, request.limit
        step = 1024 if request.precise else 4096
        if limit <= 0 or limit % step or limit > MEBIBYTE or (not request.precise and MEBIBYTE % limit):
            raise RpcError(400, "LIMIT_INVALID")
        if offset < 0 or offset % step:
            raise RpcError(400, "OFFSET_INVALID")
        if offset // MEBIBYTE != (offset + limit - 1) // MEBIBYTE:
            raise RpcError(400, "LIMIT_INVALID")
        place = request.location
        is_file = isinstance(place, types.InputPhotoFileLocation | types.InputDocumentFileLocation)
        file = self.stock.world.files.get(place.id) if is_file else None
        if (
            file is None
            or file.access_hash != place.access_hash
            or file.photo != isinstance(place, types.InputPhotoFileLocation)
            or place.thumb_size not in file.sizes
        ):
            raise RpcError(400, "LOCATION_INVALID")
        if file.dc_id != client.dc_id:
            raise RpcError(303, f"FILE_MIGRATE_{file.dc_id}")
        if place.file_reference != REFERENCE:
            raise RpcError(400, "FILE_REFERENCE_EXPIRED" if place.file_reference else "FILE_REFERENCE_EMPTY")
        data = self.stock.part(file, place.thumb_size, offset, limit)
        return types.upload.File(types.storage.FileJpeg() if file.photo else types.storage.FileUnknown(), 0, data)


def _topic(id_: int, room: Room, title: str, opened_at: datetime | None, opened_by: Any) -> Any:
    """A topic of a forum, with nothing unread."""
    counts = dict.fromkeys(("unread_count", "unread_mentions_count", "unread_reactions_count"), 0)
    return types.ForumTopic(
        id=id_,
        date=opened_at,
        peer=utils.get_peer(room.chat.entity),
        title=title,
        icon_color=0x6FB9F0,
        top_message=room.ids[-1] if room.ids else 0,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_poll_votes_count=0,
        from_id=opened_by or utils.get_peer(room.chat.entity),
        notify_settings=_NOTIFY,
        **counts,
    )


def state() -> Any:
    """The state of updates: there never are any."""
    return types.updates.State(pts=1, qts=0, date=now(), seq=1, unread_count=0)


def now() -> datetime:
    """The wall's time, which the service's own answers bear."""
    return datetime.now(UTC)


def when_given(date: datetime | None) -> datetime | None:
    """A date that was given; zero is none, and comes as 1970."""
    return date if date is not None and date.timestamp() > 0 else None
