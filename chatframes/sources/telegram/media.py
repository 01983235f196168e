"""Find the pictures and files of a Telegram message, and what is needed to download them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from telethon.tl import types

from ...model import Attachment
from .file_attachments import FileHandle, document_of, photo_of, without_bytes

__all__ = ["FileHandle", "attachments", "find", "snake"]


def attachments(message: Any) -> tuple[Attachment, ...]:
    """Return the attachments of a message, in order; a malformed one never raises.

    Parameters
    ----------
    message : telethon Message or MessageService
        As the service sent it.

    Returns
    -------
    tuple of Attachment
        One per picture or file, and one for each item that has no bytes at all (``reason="no_bytes"``). `handle` is a
        `FileHandle` where there are bytes. Sizes are in bytes, width and height in pixels, all as announced.

    Examples
    --------
    >>> from telethon.tl import types
    >>> dice = types.Message(1, types.PeerUser(1), media=types.MessageMediaDice(6, "🎲"))
    >>> [(attachment.kind, attachment.reason) for attachment in attachments(dice)]
    [('dice', 'no_bytes')]
    """
    items: list[Attachment] = []
    for carrier in (message.media, message.rich_message):
        if carrier is not None:
            items += _read(carrier, message.id)
    if message.action is not None:
        items += _read_safely(_action, message.action, message.id, None)
    if len(items) > 1:
        items = [replace(attachment, position=position) for position, attachment in enumerate(items)]
    return tuple(items)


def find(message: Any, source_id: str) -> FileHandle | None:
    """Return the current handle of a content; None when the message is gone or no longer shows it.

    Parameters
    ----------
    message : telethon Message or None
        The message, fetched again, so that its files have new references.
    source_id : str
        The `Attachment.source_id` of the content.

    Returns
    -------
    FileHandle or None
    """
    if message is None or isinstance(message, types.MessageEmpty):
        return None
    for attachment in attachments(message):
        if attachment.source_id == source_id and isinstance(attachment.handle, FileHandle):
            return attachment.handle
    return None


@lru_cache(maxsize=512)
def snake(name: str, prefix: str) -> str:
    """Return the name of a class of the protocol without `prefix`: ``MessageActionPinMessage`` as ``pin_message``."""
    name = name.removeprefix(prefix)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


Reader = Callable[[Any, int], Iterable[Attachment]]


def _read(carrier: Any, message_id: int) -> list[Attachment]:
    """Read media or a rich message; an unknown or malformed one becomes an attachment without bytes."""
    kind = _KINDS.get(type(carrier)) or snake(type(carrier).__name__, "MessageMedia")
    reader = _READERS.get(type(carrier))
    if reader is not None:
        return _read_safely(reader, carrier, message_id, kind)
    return _read_safely(_unknown_media, carrier, message_id, kind) or [without_bytes(kind)]


def _read_safely(reader: Reader, carrier: Any, message_id: int, kind: str | None) -> list[Attachment]:
    items: list[Attachment] = []
    try:
        items.extend(reader(carrier, message_id))
    except Exception:  # malformed: keep what was read, and list the rest without bytes
        if kind is not None:
            items.append(without_bytes(kind))
    return items


def _unknown_media(media: Any, message_id: int) -> Iterator[Attachment]:
    photo = getattr(media, "photo", None)
    if isinstance(photo, types.Photo):
        yield photo_of(photo, "photo", message_id)


def _action(action: Any, message_id: int) -> Iterator[Attachment]:
    """Yield the new photo or wallpaper of a service message; most have none."""
    photo = getattr(action, "photo", None)
    if isinstance(photo, types.Photo | types.PhotoEmpty):
        yield photo_of(photo, "photo", message_id)
    paper = getattr(getattr(action, "wallpaper", None), "document", None)
    if isinstance(paper, types.Document):
        yield document_of(paper, message_id, "wallpaper")


def _media_photo(media: Any, message_id: int) -> Iterator[Attachment]:
    yield photo_of(media.photo, "photo", message_id)
    if isinstance(media.video, types.Document):  # the video of a live photo
        yield document_of(media.video, message_id, "video")


_WHAT_IT_WAS = {"video_note": "round", "voice": "voice", "video": "video"}


def _media_document(media: Any, message_id: int) -> Iterator[Attachment]:
    # `alt_documents` are the same video in other qualities, and are not listed.
    kind = None
    if not isinstance(media.document, types.Document):  # it has destroyed itself
        kind = next((kind for kind, so in _WHAT_IT_WAS.items() if getattr(media, so)), None)
    yield document_of(media.document, message_id, kind)
    if isinstance(media.video_cover, types.Photo):
        yield photo_of(media.video_cover, "video_cover", message_id)


def _preview(media: Any, message_id: int) -> Iterator[Attachment]:
    page = media.webpage
    photo, document = getattr(page, "photo", None), getattr(page, "document", None)
    alt = getattr(page, "title", None) or None
    if isinstance(photo, types.Photo):
        yield replace(photo_of(photo, "link_preview", message_id), alt=alt)
    if isinstance(document, types.Document):
        yield replace(document_of(document, message_id, "link_preview"), alt=alt)


def _paid(media: Any, message_id: int) -> Iterator[Attachment]:
    for item in media.extended_media or ():
        yield from _extended(item, message_id)


def _extended(item: Any, message_id: int) -> Sequence[Attachment]:
    if isinstance(item, types.MessageExtendedMedia):
        return _read(item.media, message_id)
    kind = "photo" if getattr(item, "video_duration", None) is None else "video"
    return [without_bytes(kind, getattr(item, "w", None), getattr(item, "h", None))]


def _invoice(media: Any, message_id: int) -> Sequence[Attachment]:
    if isinstance(media.extended_media, types.MessageExtendedMedia):  # already paid for, so the media itself is here
        return _extended(media.extended_media, message_id)
    return [without_bytes("invoice")]


def _story(media: Any, message_id: int) -> Iterator[Attachment]:
    shown = getattr(media.story, "media", None)  # a story that was deleted has none
    for attachment in _read(shown, message_id) if shown is not None else [without_bytes("story")]:
        yield replace(attachment, kind="story")


def _poll(media: Any, message_id: int) -> Iterator[Attachment]:
    """Yield the pictures of a poll; the poll itself is text."""
    answers = [getattr(answer, "media", None) for answer in getattr(media.poll, "answers", None) or ()]
    for shown in (media.attached_media, *answers, getattr(media.results, "solution_media", None)):
        if shown is not None:
            yield from _read(shown, message_id)


def _game(media: Any, message_id: int) -> Iterator[Attachment]:
    yield photo_of(media.game.photo, "game", message_id)
    if isinstance(media.game.document, types.Document):
        yield document_of(media.game.document, message_id, "game")


def _rich(rich: Any, message_id: int) -> Iterator[Attachment]:
    for photo in rich.photos or ():
        yield photo_of(photo, "photo", message_id)
    for document in rich.documents or ():
        yield document_of(document, message_id)


def _no_attachments(_carrier: Any, _message_id: int) -> Sequence[Attachment]:
    return ()


_KINDS: dict[type, str] = {
    types.MessageMediaPhoto: "photo",
    types.MessageMediaDocument: "document",
    types.MessageMediaWebPage: "link_preview",
    types.MessageMediaGeo: "location",
    types.MessageMediaGeoLive: "location",
    types.MessageMediaVenue: "location",
}
_READERS: dict[type, Reader] = {
    types.MessageMediaPhoto: _media_photo,
    types.MessageMediaDocument: _media_document,
    types.MessageMediaWebPage: _preview,
    types.MessageMediaPaidMedia: _paid,
    types.MessageMediaStory: _story,
    types.MessageMediaPoll: _poll,
    types.MessageMediaToDo: _no_attachments,
    types.MessageMediaEmpty: _no_attachments,
    types.MessageMediaInvoice: _invoice,
    types.MessageMediaGame: _game,
    types.RichMessage: _rich,
    **{
        place: lambda _media, _message_id: [without_bytes("location")]
        for place in (types.MessageMediaGeo, types.MessageMediaGeoLive, types.MessageMediaVenue)
    },
}
