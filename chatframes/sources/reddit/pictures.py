"""Find the pictures of a post or a comment: which ones it shows, in which order, and at which addresses.

Reddit's own pictures are requested from i.redd.it by their id, so that a picture has the same address in every row that
shows it. The signed address of a copy, as the post holds it, is kept as a fallback; it works only if left unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from ...model import Attachment
from ..durations import milliseconds
from .fields import OFFICIAL, Thing, dicts, gallery_items, object_at, original, text
from .texts import URL, without_punctuation

# Fields of which one is filled in where there is an attachment outside of the text.
_HOLDERS = (
    "url", "url_overridden_by_dest", "media_metadata", "crosspost_parent_list", "is_gallery", "gallery_data", "preview",
    "thumbnail", "is_video", "media", "secure_media",
)  # fmt: skip
_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".avif")
_SHORT = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}
# Pictures in a text: ![img](id "its title"), ![gif](id), or an address, bare or as the target of a link.
_SHOWN = re.compile(
    rf"!\[(?P<label>[^\]\n]{{0,300}})\]\([ ]{{0,9}}(?P<key>[^)\s]+)"
    rf"(?:[ ]{{1,9}}\"(?P<title>[^\"\n]{{0,300}})\")?|(?P<url>{URL})",
    re.IGNORECASE,
)


class Url(NamedTuple):
    """The address of a picture, and the one to try when the first fails."""

    first: str | None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The beginnings of the addresses of Reddit's hosts."""

    original: str
    preview: str
    external: str
    video: str
    site: str

    @classmethod
    def of(cls, reddit_url: str) -> Places:
        """Return Reddit's own hosts; for another `reddit_url` (an emulator, say), the paths that stand for them."""
        site = reddit_url.rstrip("/")
        hosts = "https://" if site == OFFICIAL else f"{site}/"
        return cls(
            original=f"{hosts}i.redd.it/",
            preview=f"{hosts}preview.redd.it/",
            external=f"{hosts}external-preview.redd.it/",
            video=f"{hosts}v.redd.it/",
            site=f"{site}/",
        )

    def has(self, url: str) -> bool:
        """Whether a URL is at a host of Reddit's."""
        return any(
            _begins_with(url, place) for place in (self.original, self.preview, self.external, self.video, self.site)
        )

    def own(self, url: str) -> bool:
        """Whether a URL is of a picture that Reddit itself hosts, with an id."""
        return _begins_with(url, self.original) or _begins_with(url, self.preview)

    def lasting(self, url: str) -> bool:
        """Whether a URL shows the same picture for ever: what is changed gets a new one."""
        return self.own(url) or _begins_with(url, self.external)

    def url(self, value: Any) -> str | None:
        """Return an http(s) URL of Reddit's JSON; in addresses of Reddit's hosts "&amp;" is turned back into "&"."""
        if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
            return None
        return value.replace("&amp;", "&") if self.has(value) else value


def attachments(thing: Thing, places: Places) -> tuple[Attachment, ...]:
    """Return the attachments of a post or a comment, in order and each once."""
    if not _may_show_something(thing):
        return ()
    first = original(thing)
    sources = [thing] if first is None else [first, thing]
    by_id: dict[str, Attachment] = {}
    for source in sources:
        own, in_text = [*_gallery(source, places), *_linked(source, places)], [*_inline(source, places)]
        if source is sources[0]:
            # What a link leads to is not shown by a stranger's picture in the words beside it.
            counts = [one for one in in_text if source.get("is_self") is not False or "://" not in one.source_id]
            if all(one.kind == "video" for one in (*own, *counts)):
                own += _preview(source, places)
        for attachment in (*own, *in_text):
            by_id.setdefault(attachment.source_id, attachment)
    return tuple(replace(attachment, position=position) for position, attachment in enumerate(by_id.values()))


def _may_show_something(thing: Thing) -> bool:
    """Whether it may have attachments: most comments cannot, and need no closer look."""
    if any(map(thing.get, _HOLDERS)):
        return True
    said = text(thing, "selftext" if "selftext" in thing else "body")
    return "://" in said or "](" in said


def _gallery(post: Thing, places: Places) -> Iterator[Attachment]:
    entries, items = _entries(post), gallery_items(post)
    if items:
        for item in items:
            if isinstance(key := item.get("media_id"), str):
                yield replace(_entry(key, entries.get(key), places), alt=text(item, "caption") or None)
    elif post.get("is_gallery") is True:
        yield from (_entry(key, entry, places) for key, entry in entries.items())


def _linked(post: Thing, places: Places) -> Iterator[Attachment]:
    """Yield the picture or the video that a post links to."""
    url = places.url(post.get("url_overridden_by_dest")) or places.url(post.get("url"))
    if url is None:
        return
    if _begins_with(url, f"{places.site}media?"):
        url = places.url(parse_qs(_parts(url).query).get("url", [url])[0]) or url
    if post.get("is_video") is True or _begins_with(url, places.video):
        id_ = _stem(url) if _begins_with(url, places.video) else url
        yield _film(post, id_, url)
    elif places.own(url):
        own = _by_url(url, places)
        yield own if own.handle else replace(own, handle=_copy(post, places, own.kind))
    elif _is_direct(url):
        yield replace(_direct(url), handle=_copy(post, places, _kind(url)))


def _is_direct(url: str) -> bool:
    """Whether an address on any host is that of a picture, as far as it says so itself."""
    return str(_parts(url).path).lower().endswith(_ENDINGS)


def _direct(url: str) -> Attachment:
    address = url.partition("#")[0]
    return Attachment(0, _kind(url), address, address)


def _film(post: Thing, id_: str, url: str) -> Attachment:
    """Return the attachment of a film, with what the post says of it."""
    film = object_at(post, "secure_media", "reddit_video") or object_at(post, "media", "reddit_video")
    return Attachment(
        position=0,
        kind="video",
        source_id=id_,
        url=url,
        width=_pixels(film.get("width")),
        height=_pixels(film.get("height")),
        duration_ms=milliseconds(film.get("duration")),
        reason="not_an_image",
    )


def _copy(post: Thing, places: Places, kind: str) -> str | None:
    """Return the signed address of Reddit's own copy of the picture that a post links to."""
    image = _preview_image(post)
    moving = object_at(image, "variants", "gif") if kind == "gif" else {}
    for shape in (moving, image):
        url = places.url(object_at(shape, "source").get("url"))
        if url is not None and (_begins_with(url, places.preview) or _begins_with(url, places.external)):
            return url
    return None


def _inline(thing: Thing, places: Places) -> Iterator[Attachment]:
    """Yield the pictures in a text, then the entries of media_metadata that the text does not show."""
    entries = _entries(thing)
    for shown in _SHOWN.finditer(text(thing, "selftext" if "selftext" in thing else "body")):
        key = shown["key"]
        url = places.url(without_punctuation(key or shown["url"]))
        if url is not None and places.own(url):
            entry = entries.get(_stem(url))
            yield _by_url(url, places) if entry is None else _entry(_stem(url), entry, places, url)
        elif url is not None and _is_direct(url):
            yield replace(_direct(url), alt=shown["title"] or shown["label"] or None)
        elif key in entries or (key is not None and key.startswith("giphy|")):
            entry = _entry(key, entries.get(key), places)
            yield replace(entry, alt=shown["title"] or entry.alt)
    if not gallery_items(thing):
        yield from (_entry(key, entry, places) for key, entry in entries.items())


def _preview(post: Thing, places: Places) -> Iterator[Attachment]:
    source = object_at(_preview_image(post), "source")
    if not source and post.get("is_self") is False:
        source = {"url": post.get("thumbnail")}  # of very old ones, there is no more
    if (url := places.url(source.get("url"))) is not None:
        width, height = _pixels(source.get("width")), _pixels(source.get("height"))
        if places.own(url):
            yield replace(_by_url(url, places), kind="link_preview", width=width, height=height)
        else:
            id_ = _stem(url) if _begins_with(url, places.external) else url
            yield Attachment(0, "link_preview", id_, url, width=width, height=height)


def _preview_image(post: Thing) -> Thing:
    images = dicts(object_at(post, "preview").get("images"))
    return images[0] if images else {}


def _entries(thing: Thing) -> dict[str, Any]:
    entries = thing.get("media_metadata")
    return {key: entry for key, entry in entries.items() if isinstance(key, str)} if isinstance(entries, dict) else {}


def _entry(key: str, entry: Any, places: Places, url_in_text: str | None = None) -> Attachment:
    """Return the attachment of an entry of media_metadata; `url_in_text` is its address in the text, if it has one."""
    family, _, rest = key.partition("|")
    if family == "giphy" and rest:
        return _of_giphy(rest.partition("|")[0], entry if isinstance(entry, dict) else {}, places)
    if not isinstance(entry, dict) or entry.get("status", "valid") != "valid":
        return Attachment(0, "photo", key, reason="no_bytes")
    source = _source(entry)
    copy = places.url(source.get("u")) or url_in_text
    if rest:  # emotes, which have no original, whether they move or not
        url = Url(places.url(source.get("gif")) or copy)
        return replace(_sized("sticker", key, url, entry), alt=rest.rpartition("|")[2] or None)
    if entry.get("e") in ("RedditVideo", "AnimatedImage"):
        return _moving(key, entry, places, url_in_text)
    if copy is not None and not places.own(copy):
        return _sized("photo", key, Url(copy), entry)
    ending = _SHORT.get(_mime(entry) or "") or _ending(copy or "")
    return _sized("photo", key, Url(f"{places.original}{key}.{ending}", copy), entry)


def _of_giphy(id_: str, entry: Thing, places: Places) -> Attachment:
    url = places.url(_source(entry).get("gif")) or f"https://i.giphy.com/media/{id_}/giphy.gif"
    return _sized("gif", id_, Url(url), entry)


def _moving(key: str, entry: Thing, places: Places, url_in_text: str | None) -> Attachment:
    if entry.get("e") == "RedditVideo":
        return Attachment(0, "video", key, reason="not_an_image")
    source = _source(entry)
    copy = places.url(source.get("u")) or url_in_text
    moving = places.url(source.get("gif"))
    if moving or copy:
        return _sized("gif", key, Url(moving or copy), entry)
    return Attachment(0, "video", key, places.url(source.get("mp4")), reason="not_an_image")


def _sized(kind: str, id_: str, url: Url, entry: Thing) -> Attachment:
    source = _source(entry)
    return Attachment(
        position=0,
        kind=kind,
        source_id=id_,
        url=url.first,
        declared_mime=_mime(entry),
        width=_pixels(source.get("x")),
        height=_pixels(source.get("y")),
        reason=None if url.first else "no_bytes",
        handle=_unless_equal(url.then, url.first),
    )


def _by_url(url: str, places: Places) -> Attachment:
    """Return the attachment of a picture that Reddit hosts, from its address alone."""
    id_ = _stem(url)
    original = f"{places.original}{id_}.{_ending(url)}"
    return Attachment(
        0, _kind(url), id_, original, handle=_unless_equal(url, original) if _begins_with(url, places.preview) else None
    )


def _unless_equal(url: str | None, other: str | None) -> str | None:
    return url if url != other else None


def _source(entry: Thing) -> Thing:
    source = entry.get("s")
    return source if isinstance(source, dict) else {}


def _mime(entry: Thing) -> str | None:
    mime = entry.get("m")
    return mime.replace("image/jpg", "image/jpeg") if isinstance(mime, str) and mime else None


def _pixels(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def _begins_with(url: str, place: str) -> bool:
    """Whether a URL begins with `place`, ignoring case and scheme."""
    return url.partition("://")[2].lower().startswith(place.partition("://")[2].lower())


def _parts(url: str) -> Any:
    try:
        return urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return urlsplit("")


def _file_name(url: str) -> str:
    return str(_parts(url).path).rstrip("/").rpartition("/")[2]


def _stem(url: str) -> str:
    """Return the id in a URL: its file name without ending, and without the title's words, which end in "-v0-"."""
    return _file_name(url).partition(".")[0].rpartition("-v0-")[2] or url


def _ending(url: str) -> str:
    return _file_name(url).partition(".")[2].lower() or "jpg"


def _kind(url: str) -> str:
    return "gif" if _file_name(url).lower().endswith(".gif") else "photo"
