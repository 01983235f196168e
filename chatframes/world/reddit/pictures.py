"""The pictures of the sandbox's Reddit: their addresses, and the JSON that describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from ..community import photos, talk
from ..community.people import File, picture_file
from .drafts import Draft, Shot, Shown, token

_SHORT = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}
_STILL = (photos.OTHERS[0], photos.OTHERS[2])  # png, webp
_GIF = photos.OTHERS[1]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a path of a picture host gives. `query` is the only one it may be asked with; None is any."""

    mime: str
    size_bytes: int
    sha256: str
    source_id: str
    query: str | None
    data: Callable[[], bytes]


class Shelf:
    """Makes pictures and puts them where they can be asked for, as ``host/path`` without the query."""

    def __init__(self, seed: int, reddit_url: str, foreign_url: str) -> None:
        self.seed, self.site, self.strangers = seed, reddit_url.rstrip("/"), foreign_url.rstrip("/")
        self.random = Random(f"chatframes/reddit/pictures/{seed}")
        self.pictures: dict[str, Picture] = {}
        self.pages: set[str] = set()
        self.made = 0
        self._copies: dict[str, Shot] = {}

    def image(self, *, slug: str = "", suffix: str = "", original: bool = True) -> Shot:
        """A photograph of Reddit's own; with a `slug` its preview is named by it, and perhaps all there is.

        `suffix` is what somebody makes of its name who knows nothing but the address of the preview.
        """
        usual = not slug and self.made % 4 == 3
        photo = self.random.choice(_STILL if usual else photos.JPEGS)
        id_ = self._token(13)
        suffix = suffix or photo.suffix
        name = f"{slug}-v0-{id_}.jpeg" if slug else f"{id_}.{suffix}"
        preview = self._file(photo, "preview")
        preview_url = self._signed("preview.redd.it", name, id_, preview)
        file = self._file(photo) if original else preview
        self._copies[id_] = Shot("external", id_, id_, preview_url, preview_url, preview)
        url = f"{self.site}/i.redd.it/{id_}.{suffix}"
        if original:
            self._put(f"i.redd.it/{id_}.{suffix}", id_, file)
        return Shot("image", id_, id_, url, preview_url, file)

    def animated(self) -> Shot:
        """A GIF of Reddit's own."""
        id_, file = self._token(13), self._file(_GIF)
        self._put(f"i.redd.it/{id_}.gif", id_, file)
        preview = self._file(_GIF, "preview")
        preview_url = self._signed("preview.redd.it", f"{id_}.gif", id_, preview)
        self._copies[id_] = Shot("external", id_, id_, preview_url, preview_url, preview)
        return Shot("animated", id_, id_, f"{self.site}/i.redd.it/{id_}.gif", preview_url, file)

    def giphy(self, *, downsized: bool = False) -> Shot:
        """A GIF of Giphy's, as Reddit copies it."""
        id_, file = self._token(16).swapcase(), self._file(_GIF)
        url = self._signed("external-preview.redd.it", f"{self._token(40)}.gif", id_, file)
        return Shot("giphy", f"giphy|{id_}{'|downsized' * downsized}", id_, url, None, file)

    def external(self) -> Shot:
        """The small picture of another site; WebP now and then, whatever its name says."""
        photo = _STILL[1] if self.made % 3 == 2 else self.random.choice(photos.JPEGS)
        stem, file = self._token(43), self._file(photo)
        url = self._signed("external-preview.redd.it", f"{stem}.jpg", stem, file)
        return Shot("external", stem, stem, url, url, file)

    def foreign(self, path: str, query: str) -> Shot:
        """A photograph on a stranger's site."""
        url, file = f"{self.strangers}/{path}?{query}", self._file(self.random.choice(photos.JPEGS))
        self._put(f"foreign/{path}", url, file)
        return Shot("foreign", url, url, url, None, file)

    def copy_of(self, shot: Shot) -> Shot:
        """Reddit's own copy of a picture that a post links, made when first asked for."""
        if shot.source_id not in self._copies:
            self._copies[shot.source_id] = self.external()
        return self._copies[shot.source_id]

    def path_of(self, shot: Shot) -> str:
        """Host and path where a picture itself is; empty when only copies of it are there."""
        return next((path for path in self.pictures if (shot.url or "-").partition("?")[0].endswith(f"/{path}")), "")

    def page(self, path: str) -> str:
        """The address of a stranger's page, whatever its name promises."""
        self.pages.add(f"foreign/{path}")
        return f"{self.strangers}/{path}"

    def page_around(self, url: str) -> str:
        """The address of Reddit's own page around a picture."""
        return f"{self.site}/media?url={quote(url, safe='')}"

    def film(self) -> Shot:
        """A film in a gallery."""
        id_ = self._token(13)
        return Shot("film", id_, id_, preview_url=f"{self.site}/v.redd.it/link/{id_}/asset")  # no picture: its parts

    def video(self) -> Shot:
        """A film that is a post."""
        id_ = self._token(13)
        return Shot("video", id_, id_, f"{self.site}/v.redd.it/{id_}")

    def holes(self) -> tuple[Shot, Shot, Shot]:
        """Pictures of a gallery that went wrong: failed, unprocessed, and without an entry."""
        failed, unprocessed, absent = (self._token(13) for _ in range(3))
        return (
            Shot("failed", failed, failed),
            Shot("unprocessed", unprocessed, unprocessed),
            Shot("absent", absent, absent),
        )

    def _token(self, length: int) -> str:
        self.made += 1
        return token(length, self.seed, "picture", self.made)

    def _file(self, photo: photos.Photo, what: str = "picture") -> File:
        return picture_file(f"reddit/{self.made}/{what}", photo, None, f"sandbox {self.seed}, {what} {self.made}")

    def _put(self, path: str, source_id: str, file: File, query: str | None = None) -> None:
        self.pictures[path] = Picture(file.mime, file.size_bytes, file.sha256, source_id, query, file.data)

    def _signed(self, host: str, name: str, source_id: str, file: File) -> str:
        signature = hashlib.sha256(f"{self.seed}/{host}/{name}".encode()).hexdigest()[:40]
        query = f"width=640&crop=smart&auto=webp&s={signature}"
        self._put(f"{host}/{name}", source_id, file, query)
        return f"{self.site}/{host}/{name}?{query}"


def caption(shot: Shot) -> str:
    """What somebody could say to a photograph, its slots still empty."""
    photo = shot.file.photo if shot.file is not None else None
    return talk.CAPTIONS[photo.subject][1][0] if photo is not None else "Look at this."


# As Reddit's JSON


def metadata(shown: Iterable[Shown]) -> dict[str, Any]:
    """The media_metadata of what is shown; without it nothing is told at all."""
    entries = {
        one.shot.key: _entry(one.shot)
        for one in shown
        if one.how in ("gallery", "img", "bare", "unshown") and one.shot.shape != "absent"
    }
    return {"media_metadata": entries} if entries else {}


def _entry(shot: Shot) -> dict[str, Any]:
    if shot.shape in ("failed", "unprocessed"):
        return {"status": shot.shape}
    if shot.shape == "film":
        return {
            "status": "valid", "e": "RedditVideo", "x": 1280, "y": 720, "isGif": False, "id": shot.key,
            "dashUrl": f"{shot.preview_url}/DASHPlaylist.mpd", "hlsUrl": f"{shot.preview_url}/HLSPlaylist.m3u8",
        }  # fmt: skip
    width, height = _pixels(shot)
    entry: dict[str, Any] = {"status": "valid", "id": shot.key}
    if shot.shape == "image":
        assert shot.file is not None
        # Reddit says image/jpg
        entry |= {"e": "Image", "m": f"image/{_SHORT[shot.file.mime]}", "s": {"y": height, "x": width}}
        entry["s"]["u"] = shot.preview_url
        entry["p"] = _smaller(shot.preview_url or "", width, height, ("u", "x", "y"))
        return entry
    film = (shot.preview_url or shot.url or "").replace("crop=smart", "format=mp4")
    source = {"y": height, "x": width, "gif": shot.url, "mp4": film}
    entry |= {"e": "AnimatedImage", "m": "image/gif", "s": source}
    if shot.shape == "giphy":
        return entry | {"t": "giphy", "ext": f"https://giphy.com/gifs/{shot.source_id}", "p": []}
    return entry | {"p": _smaller(shot.preview_url or "", width, height, ("u", "x", "y"))}


def preview(shot: Shot) -> dict[str, Any]:
    """The preview of a post; nothing when Reddit made none."""
    if shot.preview_url is None:
        return {}
    width, height = _pixels(shot)
    image = {
        "source": {"url": shot.preview_url, "width": width, "height": height},
        "resolutions": _smaller(shot.preview_url, width, height, ("url", "width", "height")),
        "variants": {},
        "id": token(43, "preview", shot.key),
    }
    return {"preview": {"images": [image], "enabled": True}}


def gallery_data(draft: Draft) -> dict[str, Any] | None:
    """The order of a gallery, where it is told."""
    if draft.unordered:
        return None
    items = []
    for number, shown in enumerate(draft.shown):
        item: dict[str, Any] = {"media_id": shown.shot.key, "id": 800_000_000 + number}
        if shown.caption:
            item["caption"] = shown.caption
        if shown.outbound_url:
            item["outbound_url"] = shown.outbound_url
        items.append(item)
    return {"items": items}


def video(shot: Shot) -> dict[str, Any]:
    """The media of a post that is a film."""
    base = shot.url
    film = {
        "bitrate_kbps": 2400, "fallback_url": f"{base}/DASH_720.mp4?source=fallback", "has_audio": False,
        "height": 720, "width": 1280, "scrubber_media_url": f"{base}/DASH_96.mp4", "duration": 21,
        "dash_url": f"{base}/DASHPlaylist.mpd", "hls_url": f"{base}/HLSPlaylist.m3u8", "is_gif": False,
        "transcoding_status": "completed",
    }  # fmt: skip
    return {"reddit_video": film}


def _pixels(shot: Shot) -> tuple[int, int]:
    photo = shot.file.photo if shot.file is not None else None
    assert photo is not None
    return photo.width, photo.height


def _smaller(url: str, width: int, height: int, names: tuple[str, str, str]) -> list[dict[str, Any]]:
    """The smaller sizes Reddit offers, each with a signature of its own; nothing here ever asks for them."""
    sizes = []
    for across in (108, 216, 320):
        signature = hashlib.sha256(f"{url}/{across}".encode()).hexdigest()[:40]
        place = url.partition("?")[0]
        small = (f"{place}?width={across}&crop=smart&auto=webp&s={signature}", across, height * across // width)
        sizes.append(dict(zip(names, small, strict=True)))
    return sizes
