"""Find the pictures and files of a Telegram message, and what is needed to download them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from telethon.tl import types

from ...model import Attachment


@dataclass(frozen=True, slots=True)
class FileHandle:
    """The place of one file's bytes. Its `location` holds keys of this account and is never shown."""

    location: Any = field(repr=False, hash=False)  # InputPhotoFileLocation or InputDocumentFileLocation
    dc_id: int
    size: int  # bytes
    message_id: int  # fetch this message again when the location has expired


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
    return _read_safely(_unknown_media, carrier, message_id, kind) or [_without_bytes(kind)]


def _read_safely(reader: Reader, carrier: Any, message_id: int, kind: str | None) -> list[Attachment]:
    items: list[Attachment] = []
    try:
        items.extend(reader(carrier, message_id))
    except Exception:  # malformed: keep what was read, and list the rest without bytes
        if kind is not None:
            items.append(_without_bytes(kind))
    return items


def _unknown_media(media: Any, message_id: int) -> Iterator[Attachment]:
    photo = getattr(media, "photo", None)
    if isinstance(photo, types.Photo):
        yield _photo(photo, "photo", message_id)


def _action(action: Any, message_id: int) -> Iterator[Attachment]:
    """Yield the new photo or wallpaper of a service message; most have none."""
    photo = getattr(action, "photo", None)
    if isinstance(photo, types.Photo | types.PhotoEmpty):
        yield _photo(photo, "photo", message_id)
    paper = getattr(getattr(action, "wallpaper", None), "document", None)
    if isinstance(paper, types.Document):
        yield _document(paper, message_id, "wallpaper")


def _without_bytes(kind: str, width: int | None = None, height: int | None = None, source_id: str = "") -> Attachment:
    return Attachment(0, kind, source_id, width=width, height=height, reason="no_bytes")


def _photo(photo: Any, kind: str, message_id: int) -> Attachment:
    """Return a photo in the largest size that can be downloaded (the sizes come in no particular order)."""
    if not isinstance(photo, types.Photo):
        return _without_bytes(kind)
    best: Any = None
    best_bytes = 0
    for size in photo.sizes or ():
        # The other classes hold a preview or an outline inside the message, and nothing to download.
        # `video_sizes` are videos with the same id.
        if isinstance(size, types.PhotoSize):
            size_bytes = size.size
        elif isinstance(size, types.PhotoSizeProgressive) and size.sizes:
            size_bytes = max(size.sizes)
        else:
            continue
        if best is None or (size.w * size.h, size_bytes) > (best.w * best.h, best_bytes):
            best, best_bytes = size, size_bytes
    if best is None:
        return _without_bytes(kind, source_id=str(photo.id))
    location = types.InputPhotoFileLocation(photo.id, photo.access_hash, photo.file_reference, best.type)
    return Attachment(
        position=0,
        kind=kind,
        source_id=str(photo.id),
        declared_mime="image/jpeg",
        declared_size=best_bytes,
        width=best.w,
        height=best.h,
        handle=FileHandle(location, photo.dc_id, best_bytes, message_id),
    )


def _document(document: Any, message_id: int, kind: str | None = None) -> Attachment:
    if not isinstance(document, types.Document):
        return _without_bytes(kind or "document")
    name = width = height = None
    seen = set()
    for attribute in document.attributes or ():
        seen.add(type(attribute))
        if isinstance(attribute, types.DocumentAttributeFilename):
            name = attribute.file_name
        elif isinstance(attribute, types.DocumentAttributeImageSize | types.DocumentAttributeVideo):
            width, height = attribute.w, attribute.h
    if kind is None:
        # An animated sticker is also a video, and so is nearly every "GIF"; the more specific kind is taken.
        kind = next((word for cls, word in _BY_ATTRIBUTE if cls in seen), "document")
    location = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
    return Attachment(
        position=0,
        kind=kind,
        source_id=str(document.id),
        name=name,
        declared_mime=document.mime_type,
        declared_size=document.size,
        width=width,
        height=height,
        reason="not_an_image" if _is_no_image(document.mime_type, name) else None,
        handle=FileHandle(location, document.dc_id, document.size, message_id),
    )


_BY_ATTRIBUTE = (
    (types.DocumentAttributeSticker, "sticker"),
    (types.DocumentAttributeAnimated, "gif"),
    (types.DocumentAttributeVideo, "video"),
)
_NO_IMAGES = frozenset(("application/pdf", "application/zip", "application/x-tgsticker"))
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|jfif|png|gif|webp|bmp|tiff?|heic|heif|avif|svg|ico|jxl)\s*$", re.IGNORECASE)


def _is_no_image(mime: str | None, name: str | None) -> bool:
    """Whether type and name, as the sender gave them, already rule out an image; else the first bytes decide."""
    plain = (mime or "").partition(";")[0].strip().lower()
    if plain.startswith(("video/", "audio/")):
        return True
    if plain in _NO_IMAGES or plain.startswith("text/"):
        return not _PICTURE_NAME.search(name or "")
    return False


def _media_photo(media: Any, message_id: int) -> Iterator[Attachment]:
    yield _photo(media.photo, "photo", message_id)
    if isinstance(media.video, types.Document):  # the video of a live photo
        yield _document(media.video, message_id, "video")


def _media_document(media: Any, message_id: int) -> Iterator[Attachment]:
    # `alt_documents` are the same video in other qualities, and are not listed.
    kind = None
    if not isinstance(media.document, types.Document) and (media.video or media.round):
        kind = "video"
    yield _document(media.document, message_id, kind)
    if isinstance(media.video_cover, types.Photo):
        yield _photo(media.video_cover, "video_cover", message_id)


def _preview(media: Any, message_id: int) -> Iterator[Attachment]:
    photo = getattr(media.webpage, "photo", None)
    if isinstance(photo, types.Photo):
        yield _photo(photo, "link_preview", message_id)


def _paid(media: Any, message_id: int) -> Iterator[Attachment]:
    for item in media.extended_media or ():
        yield from _extended(item, message_id)


def _extended(item: Any, message_id: int) -> Sequence[Attachment]:
    if isinstance(item, types.MessageExtendedMedia):
        return _read(item.media, message_id)
    kind = "photo" if getattr(item, "video_duration", None) is None else "video"
    return [_without_bytes(kind, getattr(item, "w", None), getattr(item, "h", None))]


def _invoice(media: Any, message_id: int) -> Sequence[Attachment]:
    if isinstance(media.extended_media, types.MessageExtendedMedia):  # already paid for, so the media itself is here
        return _extended(media.extended_media, message_id)
    return [_without_bytes("invoice")]


def _story(media: Any, message_id: int) -> Iterator[Attachment]:
    shown = getattr(media.story, "media", None)  # a story that was deleted has none
    for attachment in _read(shown, message_id) if shown is not None else [_without_bytes("story")]:
        yield replace(attachment, kind="story")


def _poll(media: Any, message_id: int) -> Iterator[Attachment]:
    """Yield the pictures of a poll; the poll itself is text."""
    answers = [getattr(answer, "media", None) for answer in getattr(media.poll, "answers", None) or ()]
    for shown in (media.attached_media, *answers, getattr(media.results, "solution_media", None)):
        if shown is not None:
            yield from _read(shown, message_id)


def _rich(rich: Any, message_id: int) -> Iterator[Attachment]:
    for photo in rich.photos or ():
        yield _photo(photo, "photo", message_id)
    for document in rich.documents or ():
        yield _document(document, message_id)


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
    types.MessageMediaGame: lambda media, message_id: [_photo(media.game.photo, "game", message_id)],
    types.RichMessage: _rich,
    **{
        place: lambda _media, _message_id: [_without_bytes("location")]
        for place in (types.MessageMediaGeo, types.MessageMediaGeoLive, types.MessageMediaVenue)
    },
}
