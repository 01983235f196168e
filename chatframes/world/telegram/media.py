"""The media of the sandbox's Telegram messages: as TL objects, as bytes to serve, and as truth of the media column."""

from __future__ import annotations

import gzip
import hashlib
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from telethon.tl import types

from ..community.people import File
from .drafts import Thing
from .shelf import STRIPPED, Shelf

HUGE_BYTES = 2_147_483_648
Record = dict[str, Any]

_NOT_IMAGES = ("application/pdf", "application/zip", "application/x-tgsticker")
# shape: kind in the media column, file name, declared type, real type
_ODD: dict[str, tuple[str, str | None, str, str | None]] = {
    "gif": ("gif", "clouds.gif.mp4", "video/mp4", "video/mp4"),
    "video": ("video", "whole-night.mp4", "video/mp4", "video/mp4"),
    "voice": ("document", None, "audio/ogg", "audio/ogg"),
    "lottie": ("sticker", "AnimatedSticker.tgs", "application/x-tgsticker", "application/gzip"),
    "svg": ("document", "mount.svg", "image/svg+xml", "image/svg+xml"),
    "raw": ("document", "frames.bin", "application/octet-stream", None),
}


def hang(thing: Thing, when: datetime, shelf: Shelf, peer: Any, user_id: int) -> tuple[Any, list[Record]]:
    """The TL media of `thing` and the records of its attachments.

    `peer` tells whose story it is, `user_id` whose contact.
    """
    if thing.shape in ("poll", "todo"):
        return _in_lines(thing, when), []
    if thing.shape in _ODD:
        media, records = _odd(thing, when, shelf)
    elif thing.shape in ("document", "sticker"):
        media, records = _document(thing, when, shelf)
    elif thing.files:
        media, records = _photos(thing, when, shelf)
    else:
        media, kind = _without_bytes(thing, when, shelf.random.getrandbits(62), peer, user_id)
        records = [_record(kind, reason="no_bytes")] if kind else []
    for position, record in enumerate(records):
        record["position"] = position
    return media, records


def _photos(thing: Thing, when: datetime, shelf: Shelf) -> tuple[Any, list[Record]]:
    taken = [shelf.photo(file, when, moving=thing.shape == "moving_photo") for file in thing.files]
    kind = "link_preview" if thing.shape == "preview" else "photo"
    records = [_picture(kind, file, sent_file.id) for file, sent_file in zip(thing.files, taken, strict=True)]
    spoiler = thing.spoiler or None
    if thing.shape == "preview":
        return _web_page(thing.lines[0], shelf.random.getrandbits(62), taken[0]), records
    shown = [types.MessageMediaPhoto(photo=photo, spoiler=spoiler) for photo in taken]
    if not thing.shape.startswith("paid"):
        return shown[0], records
    extended: list[Any] = [types.MessageExtendedMedia(media) for media in shown]
    if thing.shape == "paid_half":
        thumb = types.PhotoStrippedSize("i", STRIPPED)
        extended.append(types.MessageExtendedMediaPreview(w=640, h=427, thumb=thumb))
        records.append(_record("photo", reason="no_bytes"))
    return types.MessageMediaPaidMedia(stars_amount=25, extended_media=extended), records


def _document(thing: Thing, when: datetime, shelf: Shelf) -> tuple[Any, list[Record]]:
    file = thing.files[0]
    attributes: list[Any] = []
    if file.photo is not None:
        attributes.append(types.DocumentAttributeImageSize(file.photo.width, file.photo.height))
    if thing.shape == "sticker":
        attributes.append(types.DocumentAttributeSticker("🔭", types.InputStickerSetEmpty()))
    data = partial(_file_data, file)
    document = shelf.document(file.key, when, file.name, file.mime, file.size_bytes, data, attributes)
    kind = "sticker" if thing.shape == "sticker" else "document"
    if file.photo is not None:
        record = _picture(kind, file, document.id) | {"name": file.name, "declared_mime": file.mime}
    else:
        record = _record(
            kind,
            source_id=str(document.id),
            name=file.name,
            declared_mime=file.mime,
            declared_size=file.size_bytes,
            reason=_reason(file.mime),
            mime=file.mime,
            size=file.size_bytes,
            sha256=file.sha256,
        )
    return types.MessageMediaDocument(document=document, spoiler=thing.spoiler or None), [record]


def _odd(thing: Thing, when: datetime, shelf: Shelf) -> tuple[Any, list[Record]]:
    kind, name, declared, mime = _ODD[thing.shape]
    huge = thing.shape == "video"
    data = b"" if huge else _odd_bytes(thing.shape, thing.key)
    size = HUGE_BYTES if huge else len(data)
    pixels = types.DocumentAttributeVideo(duration=28_800.0 if huge else 4.2, w=1280, h=720)
    attributes = {
        "gif": [types.DocumentAttributeAnimated(), pixels],
        "video": [pixels],
        "voice": [types.DocumentAttributeAudio(duration=7, voice=True, waveform=bytes(range(40)))],
        "lottie": [
            types.DocumentAttributeImageSize(512, 512),
            types.DocumentAttributeSticker("🚀", types.InputStickerSetEmpty()),
        ],
    }.get(thing.shape, [])
    make = _nobody_asks if huge else partial(_odd_data, thing.shape, thing.key)
    document = shelf.document(thing.key, when, name, declared, size, make, attributes)
    record = _record(
        kind,
        source_id=str(document.id),
        name=name,
        declared_mime=declared,
        declared_size=size,
        reason=_reason(declared),
        mime=mime,
        size=size,
        sha256=None if huge else hashlib.sha256(data).hexdigest(),
    )
    voice, video = thing.shape == "voice" or None, huge or None
    return types.MessageMediaDocument(document=document, voice=voice, video=video), [record]


def _in_lines(thing: Thing, when: datetime) -> Any:
    title, *lines = (types.TextWithEntities(line, []) for line in thing.lines)
    if thing.shape == "todo":
        items = [types.TodoItem(number, line) for number, line in enumerate(lines, 1)]
        return types.MessageMediaToDo(types.TodoList(title, items))
    options = [bytes([48 + number]) for number in range(len(lines))]
    answers = [types.PollAnswer(line, option) for line, option in zip(lines, options, strict=True)]
    poll = types.Poll(id=int(when.timestamp()) << 31, question=title, answers=answers, hash=0)
    votes = [
        types.PollAnswerVoters(option=option, voters=3 + number, recent_voters=[])
        for number, option in enumerate(options)
    ]
    total = sum(3 + number for number in range(len(votes)))
    return types.MessageMediaPoll(poll, types.PollResults(results=votes, total_voters=total))


def _without_bytes(thing: Thing, when: datetime, id_: int, peer: Any, user_id: int) -> tuple[Any, str]:
    """Media that are no file; the kind is "" where there is nothing to have at all."""
    shape, later = thing.shape, when + timedelta(days=7)
    place = types.GeoPoint(long=10.75, lat=59.91, access_hash=id_)
    if shape == "expired":
        return types.MessageMediaPhoto(photo=None, ttl_seconds=30), "photo"
    if shape == "geo":
        return types.MessageMediaGeo(place), "location"
    if shape == "live_geo":
        return types.MessageMediaGeoLive(place, period=900), "location"
    if shape == "venue":
        return types.MessageMediaVenue(place, "The ridge", "Hill road 4", "", "", ""), "location"
    if shape == "contact":
        return types.MessageMediaContact("15550100", "Hill", "Observatory", "", user_id), "contact"
    if shape == "dice":
        return types.MessageMediaDice(6, "🎲"), "dice"
    if shape == "story":
        return types.MessageMediaStory(peer, 12), "story"
    if shape == "invoice":
        return types.MessageMediaInvoice("Star chart", "Printed, A2", "EUR", 1_900, "chart"), "invoice"
    if shape == "giveaway":
        return types.MessageMediaGiveaway([peer.channel_id], 3, later, months=6), "giveaway"
    if shape == "preview_empty":
        return types.MessageMediaWebPage(types.WebPageEmpty(id_, thing.lines[0])), ""
    if shape == "preview_pending":
        return types.MessageMediaWebPage(types.WebPagePending(id_, when, thing.lines[0])), ""
    assert shape == "preview_bare", shape
    return _web_page(thing.lines[0], id_, None), ""


def _web_page(url: str, id_: int, photo: Any) -> Any:
    page = types.WebPage(
        id=id_,
        url=url,
        display_url=url.removeprefix("https://"),
        hash=0,
        type="photo" if photo else "article",
        site_name="Night sky",
        title="Tonight above you",
        photo=photo,
    )
    return types.MessageMediaWebPage(page)


def _reason(mime: str) -> str | None:
    other_type = mime in _NOT_IMAGES or mime.startswith(("video/", "audio/", "text/"))
    return "not_an_image" if other_type else None


def _picture(kind: str, file: File, id_: int) -> Record:
    assert file.photo is not None
    return _record(
        kind,
        source_id=str(id_),
        declared_mime="image/jpeg",
        declared_size=file.size_bytes,
        mime=file.photo.mime,
        size=file.size_bytes,
        sha256=file.sha256,
        is_image=True,
        width=file.photo.width,
        height=file.photo.height,
    )


def _record(kind: str, **fields: Any) -> Record:
    nothing: Record = dict.fromkeys(("name", "declared_mime", "declared_size", "reason", "mime", "size", "sha256"))
    empty = {"is_image": False, "width": None, "height": None}
    return {"position": 0, "kind": kind, "source_id": "", **nothing, **empty, **fields}


def _file_data(file: File, variant: str) -> bytes:
    assert not variant, variant
    return file.data()


def _odd_data(shape: str, note: str, variant: str) -> bytes:
    assert not variant, variant
    return _odd_bytes(shape, note)


def _odd_bytes(shape: str, note: str) -> bytes:
    text = note.encode()
    if shape == "gif":
        free = b"free" + text
        return bytes.fromhex("00000014667479706d70343200000000") + b"mp42" + (len(free) + 4).to_bytes(4, "big") + free
    if shape == "voice":
        return b"OggS\0\2" + bytes(20) + text
    if shape == "lottie":
        return gzip.compress(b'{"v":"5.5.2","tgs":1,"nm":"' + text + b'","layers":[]}', mtime=0)
    if shape == "svg":
        return b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><title>' + text + b"</title></svg>"
    return b"RAW1" + text + bytes(range(256)) * 16


def _nobody_asks(variant: str) -> bytes:
    raise AssertionError("The two-gigabyte video was asked for, which no reader should download.")
