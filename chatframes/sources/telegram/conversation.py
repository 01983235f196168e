"""Find where a message stands in the conversation: what it answers, what it quotes, its thread and its topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from telethon.tl import types

from ...model import Message
from .peers import as_text, id_of
from .said import compact, iso

__all__ = ["GENERAL", "place", "reply_flags", "topic_ids"]

GENERAL = 1  # the topic of messages that were posted in no topic; Telegram's own name for it is "General"


def place(row: Message, message: Any, *, forum: bool, topics: Mapping[int, str]) -> None:
    """Fill in which message this one answers, and its topic and thread.

    Parameters
    ----------
    row : Message
        Has its chat and id already.
    message : telethon Message or MessageService
    forum : bool
        Whether the chat has topics, so that a message without one stands in the general one.
    topics : mapping of int to str
        The titles of topics, as far as they are known.
    """
    reply = message.reply_to
    if reply is None and message.action is None and not forum:  # most messages
        row.thread_id, row.depth = row.message_id, 0
        return
    topic = topic_of(message, row.chat_id) or (GENERAL if forum else None)
    if topic is not None:
        row.topic_id, row.topic = str(topic), topics.get(topic) or _own_title(message)
    row.thread_id, row.depth = row.message_id, 0  # unless it answers a message of this chat
    if isinstance(reply, types.MessageReplyStoryHeader):
        row.parent_chat_id = id_of(reply.peer)
        row.details = {**row.details, "reply_to_story": {"id": str(reply.story_id), "author_id": row.parent_chat_id}}
    elif isinstance(reply, types.MessageReplyHeader):
        _reply(row, reply)


def _reply(row: Message, header: Any) -> None:
    """Fill in what a reply says of the message that it answers."""
    row.quote = header.quote_text or None
    _origin(row, header)
    if _opens_topic(header):
        return
    if is_elsewhere(header, row.chat_id):  # the parent is in no thread of this chat
        origin = header.reply_from
        row.parent_chat_id = id_of(header.reply_to_peer_id) or id_of(getattr(origin, "from_id", None))
        row.parent_id = as_text(header.reply_to_msg_id or getattr(origin, "channel_post", None))
    elif header.reply_to_msg_id is not None:
        row.parent_id = str(header.reply_to_msg_id)
        named = header.reply_to_top_id is not None and not header.forum_topic
        row.thread_id, row.depth = str(header.reply_to_top_id) if named else None, None


def topic_of(message: Any, chat_id: str) -> int | None:
    """Return the topic that a message says it is in: by its own header, or because it opened one."""
    if isinstance(message.action, types.MessageActionTopicCreate):
        return int(message.id)  # a topic has the id of the message that opened it
    header = message.reply_to
    if not isinstance(header, types.MessageReplyHeader) or not header.forum_topic:
        return None
    if header.reply_to_top_id is not None:
        return int(header.reply_to_top_id)
    if is_elsewhere(header, chat_id) or header.reply_to_msg_id is None:
        return None
    return int(header.reply_to_msg_id)


def topic_ids(messages: Sequence[Any], chat_id: str, *, forum: bool) -> Iterator[int]:
    """Yield the topics that the messages of an answer are in; what is malformed is in none."""
    for message in messages:
        try:
            topic = topic_of(message, chat_id)
        except (AttributeError, TypeError, ValueError):
            continue
        if topic is not None:
            yield topic
        elif forum:
            yield GENERAL


def is_elsewhere(header: Any, chat_id: str) -> bool:
    """Whether a reply answers a message of another chat."""
    if header.reply_to_peer_id is not None:
        return id_of(header.reply_to_peer_id) != chat_id
    return header.reply_from is not None and header.reply_to_msg_id is None


def reply_flags(reply: Any, chat_id: str) -> Iterator[str]:
    """Yield what is odd about the message that a reply answers."""
    if isinstance(reply, types.MessageReplyHeader) and is_elsewhere(reply, chat_id):
        yield "reply_elsewhere"
    elif isinstance(reply, types.MessageReplyStoryHeader):
        yield "reply_to_story"


def _opens_topic(header: Any) -> bool:
    """Whether a message only stands in a topic.

    Every post of a topic "replies" to the topic's first message; only one with both ids answers another one.
    """
    return bool(header.forum_topic) and header.reply_to_top_id is None


def _own_title(message: Any) -> str | None:
    action = message.action
    return action.title if isinstance(action, types.MessageActionTopicCreate) else None


def _origin(row: Message, header: Any) -> None:
    """Keep what a reply says of a message that is in a chat this account may not see, or of a part of a message."""
    origin = header.reply_from
    facts = compact(
        todo_item=header.todo_item_id,
        quote_offset=header.quote_offset,
        author_id=id_of(getattr(origin, "from_id", None)),
        author_name=getattr(origin, "from_name", None) or getattr(origin, "post_author", None),
        created_at=iso(getattr(origin, "date", None)),
    )
    if facts:
        row.details = {**row.details, "reply": facts}
