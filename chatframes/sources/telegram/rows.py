"""Turn Telegram's messages into rows of the table."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from telethon.tl import types

from ...model import ForwardedFrom, Message
from . import markup, media
from .peers import Peers, marked_id
from .unreadable import HalfRead, HalfReadService

__all__ = ["ChatFacts", "migrated_from", "rows"]

GENERAL = 1  # the topic of messages that were posted in no topic


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """Facts about a chat that go into the rows of its messages.

    Attributes
    ----------
    chat_id : str
        Marked id: ``-100…`` for channels and supergroups, ``-…`` for basic groups, positive for people.
    chat_name : str
        Title, or the person's name.
    kind : {"person", "group", "supergroup", "channel"}
    username : str or None
        The public one, without ``@``.
    forum : bool
        Whether the supergroup has topics.
    bare_id : int
        The id without its mark, as links use it.
    me_id : int
        The id of the account that is logged in.
    """

    chat_id: str
    chat_name: str
    kind: Literal["person", "group", "supergroup", "channel"]
    username: str | None
    forum: bool
    bare_id: int
    me_id: int


def rows(messages: Sequence[Any], peers: Peers, chat: ChatFacts, fetched_at: datetime, *, raw: bool) -> list[Message]:
    """Turn the messages of one answer into rows; a message that cannot be parsed never drops another.

    Parameters
    ----------
    messages : sequence of telethon Message, MessageService or MessageEmpty
        As the service sent them. Empty ones (deleted) make no row.
    peers : Peers
        The users and chats that came with them.
    chat : ChatFacts
        The chat of the messages.
    fetched_at : datetime
        When they were fetched, UTC.
    raw : bool
        Whether to keep each payload as JSON, without the account's own keys to files and chats.

    Returns
    -------
    list of Message
        In the order given. Times are UTC. A row with the flag ``partial`` lacks the fields that could not be read.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from telethon.tl import types
    >>> now = datetime(2026, 10, 1, tzinfo=UTC)
    >>> chat = ChatFacts("7", "Ada", "person", None, False, 7, me_id=1)
    >>> [row.text for row in rows([types.Message(5, types.PeerUser(7), now, "Hi")], Peers(), chat, now, raw=False)]
    ['Hi']
    """
    parts = (*_PARTS, _raw) if raw else _PARTS
    result = []
    for message in messages:
        if message is None or isinstance(message, types.MessageEmpty):
            continue
        row = Message(
            platform="telegram",
            chat_id=chat.chat_id,
            chat_name=chat.chat_name,
            message_id=str(getattr(message, "id", "")),
            created_at=None,
            fetched_at=fetched_at,
        )
        complete = not isinstance(message, HalfRead | HalfReadService)
        for part in parts if complete else _PARTS_OF_HALF:
            try:
                part(row, message, peers, chat)
            except Exception:  # a part that cannot be read must not drop the others
                complete = False
        if not complete:
            row.flags = (*row.flags, "partial")
        result.append(row)
    return result


def migrated_from(messages: Iterable[Any]) -> tuple[int, str] | None:
    """Return marked id and title of the basic group that became this supergroup, when a message says so."""
    for message in messages:
        action = getattr(message, "action", None)
        if isinstance(action, types.MessageActionChannelMigrateFrom):
            return -int(action.chat_id), str(action.title or "")
    return None


# Each of these functions fills some fields of a row; if one fails, the others are still called.


def _times(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    row.created_at = _moment(message.date)
    if (
        message.edit_date is not None and not message.edit_hide
    ):  # a hidden edit changes a reaction or a button, not the text
        row.edited_at = _moment(message.edit_date)


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _author(row: Message, message: Any, peers: Peers, chat: ChatFacts) -> None:
    author = marked_id(message.from_id)
    if author is None and chat.kind == "person" and message.out:
        author = chat.me_id
    if author is None:  # posts, anonymous admins, and the other person's messages in a private chat
        author = marked_id(message.peer_id)
    if author is None:
        return
    row.author_id = str(author)
    peer = peers.by_id.get(author)
    if peer is not None:
        row.author_name, row.author_kind = peer
    elif row.author_id == chat.chat_id:
        row.author_name, row.author_kind = chat.chat_name, "unknown" if chat.kind == "person" else "channel"
    if message.post_author and author < 0:
        row.author_name = message.post_author


def _text(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    if isinstance(message, types.MessageService):
        row.kind = "service"
        return
    text = message.message or ""
    row.text = text
    if message.entities:
        pieces = markup.slices(text, message.entities)
        row.markup = markup.as_html(text, pieces)
        row.links = markup.links(pieces)
        row.mentions = markup.mentions(pieces)


def _text_of_media(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    """Add the text of polls, to-do lists and rich messages."""
    lines = list(markup.texts_of_media(message.media)) if message.media is not None else []
    if message.rich_message is not None:
        rich_lines, rich_links = markup.rich_text(message.rich_message)
        lines += rich_lines
        row.links += tuple(rich_links)
    if lines:
        row.text = "\n".join([row.text, *lines] if row.text else lines)


def _thread(row: Message, message: Any, _peers: Peers, chat: ChatFacts) -> None:
    """Fill in which message this one answers, and its topic and thread."""
    reply = message.reply_to
    header = reply if isinstance(reply, types.MessageReplyHeader) else None
    parent: int | None = None
    top = topic = None
    if header is not None:
        elsewhere = _elsewhere(header, chat)
        top = header.reply_to_top_id
        # In a forum every post of a topic "replies" to the topic's first message; only one with both ids answers.
        if not elsewhere and not (header.forum_topic and top is None):
            parent = header.reply_to_msg_id
        if header.forum_topic:
            topic = top or (None if elsewhere else header.reply_to_msg_id)
    if chat.forum:
        if topic is None and isinstance(message.action, types.MessageActionTopicCreate):
            topic = message.id  # a topic is named by the message that opened it
        row.topic = str(topic or GENERAL)
    if parent is None:
        row.thread_id, row.depth = row.message_id, 0
        return
    row.parent_id = str(parent)
    if top is not None and header is not None and not header.forum_topic:
        row.thread_id = str(top)


def _elsewhere(header: Any, chat: ChatFacts) -> bool:
    if header.reply_to_peer_id is not None:
        return str(marked_id(header.reply_to_peer_id)) != chat.chat_id
    return header.reply_from is not None and header.reply_to_msg_id is None


def _counts(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    row.views, row.forwards = message.views, message.forwards
    if message.replies is not None:
        row.reply_count = message.replies.replies
    if message.grouped_id is not None:
        row.album_id = str(message.grouped_id)


def _reactions(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    if message.reactions is None:
        row.reactions = ()
        return
    counts = []
    for result in message.reactions.results or ():
        reaction = result.reaction
        if isinstance(reaction, types.ReactionEmoji):
            counts.append((reaction.emoticon, result.count))
        elif isinstance(reaction, types.ReactionCustomEmoji):
            counts.append((f"custom:{reaction.document_id}", result.count))
        elif isinstance(reaction, types.ReactionPaid):
            counts.append(("paid", result.count))
    row.reactions = tuple(counts)


def _forwarded(row: Message, message: Any, peers: Peers, _chat: ChatFacts) -> None:
    origin = message.fwd_from
    if origin is None:
        return
    marked = marked_id(origin.from_id)
    peer = peers.by_id.get(marked) if marked is not None else None
    row.forwarded_from = ForwardedFrom(
        chat_id=str(marked) if marked is not None and marked < 0 else None,
        message_id=str(origin.channel_post) if origin.channel_post is not None else None,
        author_id=str(marked) if marked is not None and marked > 0 else None,
        name=origin.from_name or (peer.name if peer is not None else None),
        created_at=_moment(origin.date),
    )


def _flags(row: Message, message: Any, _peers: Peers, chat: ChatFacts) -> None:
    row.flags = tuple(_flag_names(message, chat))


def _flag_names(message: Any, chat: ChatFacts) -> Iterator[str]:
    if message.action is not None:
        yield media.snake(type(message.action).__name__, "MessageAction")
    if message.pinned:
        yield "pinned"
    if message.noforwards:
        yield "protected"
    if getattr(message.media, "spoiler", None):
        yield "spoiler"
    if message.restriction_reason:
        yield "restricted"
    if isinstance(message.reply_to, types.MessageReplyHeader) and _elsewhere(message.reply_to, chat):
        yield "reply_elsewhere"
    if message.via_bot_id:
        yield "via_bot"


def _permalink(row: Message, _message: Any, _peers: Peers, chat: ChatFacts) -> None:
    if chat.kind in ("supergroup", "channel"):
        row.permalink = f"https://t.me/{chat.username or f'c/{chat.bare_id}'}/{row.message_id}"


def _attachments(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    row.attachments = media.attachments(message)


def _raw(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    row.raw = json.dumps(_payload(message), ensure_ascii=True)


_ACCOUNT_KEYS = frozenset(("access_hash", "file_reference"))  # keys of this account, useless to any other


def _payload(value: Any) -> Any:
    """Return a value of the protocol as plain JSON values."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): None if key in _ACCOUNT_KEYS else _payload(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_payload(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "to_dict"):
        return _payload(value.to_dict())
    return type(value).__name__  # never a repr, which could show the keys left out above


_PARTS: tuple[Callable[[Message, Any, Peers, ChatFacts], None], ...] = (
    _times,
    _text,
    _text_of_media,
    _author,
    _thread,
    _counts,
    _reactions,
    _forwarded,
    _flags,
    _permalink,
    _attachments,
)

_PARTS_OF_HALF = (_times, _text, _author, _permalink)  # of a message that could be read only in part
