"""Describe the photos and documents of Telegram, and what is needed to download them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import types

from ...model import Attachment
from ..durations import milliseconds

__all__ = ["FileHandle", "document_of", "photo_of", "without_bytes"]


@dataclass(frozen=True, slots=True)
class FileHandle:
    """The place of one file's bytes. Its `location` holds keys of this account and is never shown."""

    location: Any = field(repr=False, hash=False)  # InputPhotoFileLocation or InputDocumentFileLocation
    dc_id: int
    size: int  # bytes
    message_id: int  # fetch this message again when the location has expired


def without_bytes(kind: str, width: int | None = None, height: int | None = None, source_id: str = "") -> Attachment:
    return Attachment(0, kind, source_id, width=width, height=height, reason="no_bytes")


def photo_of(photo: Any, kind: str, message_id: int) -> Attachment:
    """Return a photo in the largest size that can be downloaded (the sizes come in no particular order)."""
    if not isinstance(photo, types.Photo):
        return without_bytes(kind)
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
        return without_bytes(kind, source_id=str(photo.id))
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


def document_of(document: Any, message_id: int, kind: str | None = None) -> Attachment:
    if not isinstance(document, types.Document):
        return without_bytes(kind or "document")
    told = _Told()
    for attribute in document.attributes or ():
        told.read(attribute)
    location = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
    return Attachment(
        position=0,
        kind=kind or told.kind,
        source_id=str(document.id),
        name=told.name,
        declared_mime=document.mime_type,
        declared_size=document.size,
        width=told.width,
        height=told.height,
        duration_ms=told.duration_ms,
        alt=told.alt,
        reason="not_an_image" if _is_no_image(document.mime_type, told.name) else None,
        handle=FileHandle(location, document.dc_id, document.size, message_id),
    )


@dataclass(slots=True)
class _Told:
    """What a document's attributes say of it."""

    kinds: set[str] = field(default_factory=set)
    name: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    alt: str | None = None

    @property
    def kind(self) -> str:
        # An animated sticker is also a video, and so is nearly every "GIF"; the more specific kind is taken.
        return next((kind for kind in _KINDS if kind in self.kinds), "document")

    def read(self, attribute: Any) -> None:
        match attribute:
            case types.DocumentAttributeFilename():
                self.name = attribute.file_name
            case types.DocumentAttributeImageSize():
                self.width, self.height = attribute.w, attribute.h
            case types.DocumentAttributeVideo():
                self.kinds.add("video_note" if attribute.round_message else "video")
                self.width, self.height = attribute.w, attribute.h
                self.duration_ms = milliseconds(attribute.duration)
            case types.DocumentAttributeAudio():
                self.kinds.add("voice" if attribute.voice else "audio")
                self.duration_ms = milliseconds(attribute.duration)
                self.alt = " – ".join(part for part in (attribute.performer, attribute.title) if part) or None
            case types.DocumentAttributeSticker() | types.DocumentAttributeCustomEmoji():
                self.kinds.add("sticker")
                self.alt = attribute.alt or None
            case types.DocumentAttributeAnimated():
                self.kinds.add("gif")


_KINDS = ("sticker", "gif", "video_note", "video", "voice", "audio")


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
