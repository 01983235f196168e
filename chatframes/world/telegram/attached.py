"""Messages with a file or with the preview of a page, one of each kind, for ``sandbox(content=True)``."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from ..sample import Sample, Seen
from .place import Place

_URL = "https://files.apollo.example/plan?a=1&b=2"


def attached(place: Place) -> list[Sample]:
    """What is told by its file, and what a page says of itself."""
    return [*_files(place), *_previews(place)]


def _files(place: Place) -> list[Sample]:
    voice = types.DocumentAttributeAudio(7, voice=True, waveform=bytes(40))
    song = types.DocumentAttributeAudio(200, title="Nocturne", performer="The Domes")
    film = types.DocumentAttributeVideo(duration=4.5, w=320, h=320, round_message=True)
    plain = types.DocumentAttributeVideo(duration=12.0, w=640, h=360)
    emoji = types.DocumentAttributeSticker("🔭", types.InputStickerSetEmpty())
    tgs, mp3 = "application/x-tgsticker", "audio/mpeg"
    cases: list[tuple[str, Any, dict[str, Any], dict[str, Any]]] = [
        ("sticker", place.sticker(), {}, {"kind": "sticker", "alt": "🌠", "is_image": True}),
        ("sticker that moves", place.document(tgs, "a.tgs", emoji), {}, {"kind": "sticker", "alt": "🔭"}),
        ("voice", place.document("audio/ogg", None, voice), {"voice": True}, _lasts("voice", 7_000)),
        ("song", place.document(mp3, "nocturne.mp3", song), {}, _lasts("audio", 200_000)),
        ("round video", place.document("video/mp4", None, film), {"round": True}, _lasts("video_note", 4_500)),
        ("video", place.document("video/mp4", "night.mp4", plain), {"video": True}, _lasts("video", 12_000)),
        ("document", place.document("application/pdf", "p.pdf"), {}, {"kind": "document", "name": "p.pdf"}),
    ]
    files = [
        Sample(
            name,
            {"message": "", "media": types.MessageMediaDocument(document=document, **more)},
            Seen(media=(media,)),
        )
        for name, document, more, media in cases
    ]
    hidden = types.MessageMediaPhoto(photo=place.photo(), spoiler=True)
    seen = Seen(flags=("spoiler",), media=({"kind": "photo", "is_image": True},))
    return [*files, Sample("picture, hidden", {"message": "", "media": hidden}, seen)]


def _lasts(kind: str, milliseconds: int) -> dict[str, Any]:
    return {"kind": kind, "duration_ms": milliseconds}


def _previews(place: Place) -> list[Sample]:
    def page(**more: Any) -> Any:
        told = {
            "type": "article",
            "site_name": "Night sky",
            "title": "Tonight above you",
            "description": "Four planets",
        }
        return types.WebPage(1, _URL, _URL.removeprefix("https://"), 0, **told, **more)

    preview = {"url": _URL, "title": "Tonight above you", "description": "Four planets", "site": "Night sky"}
    shown = {"kind": "link_preview", "alt": "Tonight above you"}
    gif = place.document("image/gif", None)
    cases: list[tuple[str, Any, tuple[dict[str, Any], ...]]] = [
        ("preview with a picture", page(photo=place.photo()), ({**shown, "is_image": True},)),
        ("preview with a GIF", page(document=gif), (shown,)),
        ("preview of words", page(), ()),
    ]
    return [
        Sample(
            name,
            {"message": "Look at this", "media": types.MessageMediaWebPage(webpage)},
            Seen(words=("Look at this",), links=(_URL,), details={"preview": preview}, media=media),
        )
        for name, webpage, media in cases
    ]
