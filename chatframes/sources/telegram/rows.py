"""Turn Telegram's messages into rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from telethon.tl import types

from ...model import ForwardedFrom, Message
from . import besides, markup, media
from .conversation import place, reply_flags
from .peers import Peers, marked_id
from .raw import as_json
from .said import compact, iso
from .unreadable import HalfRead, HalfReadService

__all__ = ["ChatFacts", "migrated_from", "rows"]


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
    topics : dict of int to str
        The titles of the chat's topics, as far as they are known.
    """

    chat_id: str
    chat_name: str
    kind: Literal["person", "group", "supergroup", "channel"]
    username: str | None
    forum: bool
    bare_id: int
    me_id: int
    topics: dict[int, str] = field(default_factory=dict)


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
        if not complete or "unread" in row.details:
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
    # A hidden edit changes a reaction or a button, not the text.
    if message.edit_date is not None and not message.edit_hide:
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
        row.author_name, row.author_kind, row.author_handle = peer
    elif row.author_id == chat.chat_id:
        row.author_name, row.author_kind = chat.chat_name, "unknown" if chat.kind == "person" else "channel"
    if row.author_id == chat.chat_id and row.author_handle is None and chat.username is not None:
        row.author_handle = f"@{chat.username}"
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
        besides.take_unread(row, markup.unknown(message.entities))


def _action(row: Message, message: Any, peers: Peers, _chat: ChatFacts) -> None:
    besides.action(row, message, peers)


def _media(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    besides.media(row, message)


def _beneath(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    besides.beneath(row, message)


def _thread(row: Message, message: Any, _peers: Peers, chat: ChatFacts) -> None:
    place(row, message, forum=chat.forum, topics=chat.topics)


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
    facts = compact(
        original_author=origin.post_author,
        # The message itself has the name and the time of whoever imported it.
        imported_from=compact(name=row.forwarded_from.name, created_at=iso(origin.date)) if origin.imported else None,
        announcement=origin.psa_type,
    )
    row.details = {**row.details, **facts}


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
    yield from reply_flags(message.reply_to, chat.chat_id)
    if message.via_bot_id:
        yield "via_bot"
    if getattr(message.fwd_from, "imported", None):
        yield "imported"


def _unread(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    besides.take_unread(row, [message.unread])


def _permalink(row: Message, _message: Any, _peers: Peers, chat: ChatFacts) -> None:
    if chat.kind in ("supergroup", "channel"):
        row.permalink = f"https://t.me/{chat.username or f'c/{chat.bare_id}'}/{row.message_id}"


def _attachments(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    row.attachments = media.attachments(message)


def _raw(row: Message, message: Any, _peers: Peers, _chat: ChatFacts) -> None:
    row.raw = as_json(message)


_PARTS: tuple[Callable[[Message, Any, Peers, ChatFacts], None], ...] = (
    _times,
    _text,
    _media,
    _author,
    _action,
    _thread,
    _beneath,
    _counts,
    _reactions,
    _forwarded,
    _flags,
    _permalink,
    _attachments,
)

_PARTS_OF_HALF = (_times, _text, _author, _permalink, _unread)  # of a message that could be read only in part
