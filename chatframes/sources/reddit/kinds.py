"""Name the kinds of content that Reddit's posts and comments have, and say of each whether the row keeps it.

As of 2026-11: Reddit's API documentation, recorded answers of it, and what its apps let people post.
"""

from __future__ import annotations

from collections.abc import Iterator

from .fields import Thing, object_at, original, text

KEPT = {
    "text": "text, markup and links",
    "link": "the address in links; a preview's picture in media, its words in details.preview",
    "picture": "media; where it is gone, Reddit's own copy",
    "gallery": "media, with each caption in text and in alt; addresses below pictures in links",
    "video": "its poster and, without its bytes, the film with its length in media",
    "embedded video": "the address in links, the player's title and site in details.preview, its poster in media",
    "poll": "details.poll, and its options in text",
    "crosspost": "its own words, else those of the original; details.crosspost and forwarded_from",
    "comment": "text, markup and links",
    "emote": "a sticker in media, its name in alt",
    "event": "details.event, beside the text",
    "collection": "details.collection, beside the post's own kind",
    "awards": "details.awards",
}
NOT_KEPT = {
    "app": "what an app of Reddit's developer platform shows is drawn by the app and in no answer of the API",
    "live thread": "its updates are another listing, of another API: the address of the thread is in links",
    "live audio": "Reddit Talk ended in 2023, and the API never gave the sound",
    "broadcast": "Reddit's broadcasts (RPAN) ended in 2022, and the API never gave the film",
    "prediction": "predictions ended in 2023: their options are kept as those of a poll, the stakes are not",
    "chat": "what is said in a live chat post is not in the API: its comments are kept",
}

_HINTS = frozenset({"self", "link", "image", "hosted:video", "rich:video", "gallery", "video"})
_ENTRIES = frozenset({"Image", "AnimatedImage", "RedditVideo"})
_DISCUSSIONS = frozenset({"CHAT", "LIVE"})
_COMMENTS = frozenset({"gif"})
_WORDS = (("post_hint", _HINTS), ("discussion_type", _DISCUSSIONS), ("comment_type", _COMMENTS))
_PLAYERS = frozenset({"reddit_video", "oembed", "type", "event_id"})
_WITH_PARTS = ("media_metadata", "media", "secure_media")
_APP_SAYS = "This post contains content not supported on old Reddit"


def unread(thing: Thing) -> Iterator[str]:
    """Yield the names of what is in a post or a comment and is not read: new kinds, and those of no API."""
    shown = original(thing) or thing
    if _APP_SAYS in (words := text(shown, "selftext")) and words.lstrip().startswith(_APP_SAYS):
        yield "app"
    for field, known in _WORDS:
        if (word := text(shown, field)) and word not in known:
            yield f"{field} {word[:60]}"
    if any(map(shown.get, _WITH_PARTS)):
        yield from _unread_parts(shown)


def _unread_parts(shown: Thing) -> Iterator[str]:
    """Yield the kinds of files and players that are not known."""
    for entry in object_at(shown, "media_metadata").values():
        shape = entry.get("e") if isinstance(entry, dict) else None
        if isinstance(shape, str) and shape not in _ENTRIES:
            yield f"media_metadata {shape[:60]}"
    for field in ("media", "secure_media"):
        yield from (
            f"{field} {key[:60]}" for key, value in object_at(shown, field).items() if key not in _PLAYERS and value
        )
