"""Turn Reddit's JSON of posts and comments into rows of the table.

Any field may be missing, null or of a wrong type: the row is kept with the fields that can be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ...model import ForwardedFrom, Message
from .details import details_of
from .fields import OFFICIAL, Thing, dicts, gallery_items, integer, object_at, original, text, when
from .pictures import Places, attachments
from .removal import GONE, action_of, flags_of
from .texts import links_in, people_in, plain


def row(thing: Thing, *, places: Places, fetched_at: datetime, depth: int | None = 0, raw: bool = False) -> Message:
    """Return a post or a comment as a row; `thing` is the "data" in Reddit's JSON."""
    fullname, permalink = text(thing, "name"), text(thing, "permalink")
    is_post = fullname.startswith("t3_")
    body = text(thing, "selftext" if is_post else "body")
    first = original(thing) if is_post else None
    # Reddit leaves the text of most crossposts empty: readers see the original's.
    markup = body if body or first is None else text(first, "selftext")
    flags = tuple(flags_of(thing, markup))
    details = details_of(thing, flags, fetched_at)
    flags += ("partial",) if "unread" in details else ()
    author = _author(thing)
    return Message(
        platform="reddit",
        chat_id=text(thing, "subreddit_id"),
        chat_name=text(thing, "subreddit"),
        message_id=fullname,
        created_at=when(thing),
        fetched_at=fetched_at,
        action=action_of(flags),
        edited_at=None if isinstance(thing.get("edited"), bool) else when(thing, "edited"),
        author_id=text(thing, "author_fullname") or None,
        author_name=author,
        author_handle=author,
        author_kind=_author_kind(thing),
        text="\n".join(filter(None, [*_before(thing, first), plain(markup), *_behind(first or thing)])),
        markup=markup or None,
        depth=depth,
        mentions=tuple(people_in(markup)),
        links=tuple(dict.fromkeys(_links(thing, first, markup, places))),
        details=details,
        score=None if thing.get("score_hidden") is True else integer(thing.get("score")),
        forwarded_from=_origin(thing, first),
        flags=flags,
        permalink=f"{OFFICIAL}{permalink}" if permalink.startswith("/") else None,
        raw=json.dumps({**thing, "replies": None} if "replies" in thing else thing) if raw else None,
        attachments=attachments(thing, places),
        **(_of_post(thing) if is_post else _of_comment(thing)),
    )


def _of_post(post: Thing) -> dict[str, Any]:
    return {
        "kind": "post",
        "title": text(post, "title"),
        "thread_id": text(post, "name"),
        "topic": text(post, "link_flair_text") or None,
        "topic_id": text(post, "link_flair_template_id") or None,
        "reply_count": integer(post.get("num_comments")),
        "forwards": integer(post.get("num_crossposts")),
    }


def _of_comment(comment: Thing) -> dict[str, Any]:
    return {
        "kind": "comment",
        "parent_id": text(comment, "parent_id") or None,
        "thread_id": text(comment, "link_id") or None,
    }


def _before(post: Thing, first: Thing | None) -> Iterator[str]:
    """Yield the title of a crosspost's original, where it differs."""
    title = text(first, "title") if first is not None else ""
    if title != text(post, "title"):
        yield title


def _behind(post: Thing) -> Iterator[str]:
    """Yield the options of a poll and the captions of a gallery."""
    for option in dicts(object_at(post, "poll_data").get("options")):
        yield text(option, "text")
    for item in gallery_items(post):
        yield text(item, "caption")


def _links(thing: Thing, first: Thing | None, markup: str, places: Places) -> Iterator[str]:
    """Yield the address that a post leads to, those in its text, and those below the pictures of its gallery."""
    leads_to = text(thing, "url_overridden_by_dest") or text(thing, "url")
    if leads_to.startswith("/"):  # as a crosspost of a text has it
        leads_to = f"{OFFICIAL}{leads_to}"
    if thing.get("is_self") is False and (url := places.url(leads_to)) is not None:
        yield url
    yield from links_in(markup)
    for item in gallery_items(first or thing):
        yield from filter(None, [places.url(item.get("outbound_url"))])


def _author(thing: Thing) -> str | None:
    return None if _author_kind(thing) == "deleted" else text(thing, "author") or None


def _author_kind(thing: Thing) -> str:
    if thing.get("author") in GONE:
        return "deleted"
    return {"": "unknown", "AutoModerator": "bot"}.get(text(thing, "author"), "person")


def _origin(thing: Thing, first: Thing | None) -> ForwardedFrom | None:
    """Return the origin of a crosspost."""
    if first is None:
        name = text(thing, "crosspost_parent")
        return ForwardedFrom(message_id=name) if name else None
    return ForwardedFrom(
        chat_id=text(first, "subreddit_id") or None,
        message_id=text(first, "name") or None,
        author_id=text(first, "author_fullname") or None,
        name=_author(first),
        created_at=when(first),
    )
