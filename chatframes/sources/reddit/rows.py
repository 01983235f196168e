"""Turn Reddit's JSON of posts and comments into rows of the table.

Any field may be missing, null or of a wrong type: the row is kept with the fields that can be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ...model import ForwardedFrom, Message
from .listing import Thing
from .pictures import (
    OFFICIAL,
    Places,
    attachments,
    dicts,
    gallery_items,
    links_in,
)

_PERSON = re.compile(r"(?<![\w/])/?(u/[A-Za-z0-9_-]{1,40})")
_GONE = (None, "[deleted]")


def row(thing: Thing, *, places: Places, fetched_at: datetime, depth: int | None = 0, raw: bool = False) -> Message:
    """Return a post or a comment as a row; `thing` is the "data" in Reddit's JSON."""
    is_post = _text(thing, "name").startswith("t3_")
    body = _text(thing, "selftext" if is_post else "body")
    fullname, permalink = _text(thing, "name"), _text(thing, "permalink")
    return Message(
        platform="reddit",
        chat_id=_text(thing, "subreddit_id"),
        chat_name=_text(thing, "subreddit"),
        message_id=fullname,
        created_at=when(thing),
        fetched_at=fetched_at,
        kind="post" if is_post else "comment",
        edited_at=None if isinstance(thing.get("edited"), bool) else when(thing, "edited"),
        author_id=_text(thing, "author_fullname") or None,
        author_name=_author(thing),
        author_kind=_author_kind(thing),
        title=_text(thing, "title") if is_post else None,
        text="\n".join([*filter(None, [body]), *_texts_outside_body(thing)]),
        markup=body or None,
        parent_id=None if is_post else _text(thing, "parent_id") or None,
        thread_id=fullname if is_post else _text(thing, "link_id") or None,
        depth=depth,
        topic=(_text(thing, "link_flair_text") or None) if is_post else None,
        mentions=tuple(dict.fromkeys(_PERSON.findall(body))),
        links=tuple(dict.fromkeys(_links(thing, body, places))),
        score=None if thing.get("score_hidden") is True else _integer(thing.get("score")),
        reply_count=_integer(thing.get("num_comments")) if is_post else None,
        forwards=_integer(thing.get("num_crossposts")) if is_post else None,
        forwarded_from=_origin(thing),
        flags=tuple(_flags(thing, body)),
        permalink=f"{OFFICIAL}{permalink}" if permalink.startswith("/") else None,
        raw=json.dumps({**thing, "replies": None} if "replies" in thing else thing) if raw else None,
        attachments=attachments(thing, places),
    )


def when(thing: Thing, field: str = "created_utc") -> datetime | None:
    """Return a time of a post or comment; None when it is missing or impossible."""
    try:
        return datetime.fromtimestamp(float(thing[field]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _texts_outside_body(thing: Thing) -> Iterator[str]:
    """Yield the options of a poll and the captions of a gallery."""
    poll = thing.get("poll_data")
    for option in dicts(poll.get("options") if isinstance(poll, dict) else None):
        yield from filter(None, [_text(option, "text")])
    for item in gallery_items(thing):
        yield from filter(None, [_text(item, "caption")])


def _links(thing: Thing, body: str, places: Places) -> Iterator[str]:
    leads_to = places.url(thing.get("url"))
    if thing.get("is_self") is False and leads_to is not None:
        yield leads_to
    yield from links_in(body)
    for item in gallery_items(thing):
        yield from filter(None, [places.url(item.get("outbound_url"))])


def _flags(thing: Thing, body: str) -> Iterator[str]:
    removed_by = _text(thing, "removed_by_category")
    by_author = removed_by in ("deleted", "author")
    is_set = {
        "over_18": thing.get("over_18") is True,
        "spoiler": thing.get("spoiler") is True,
        "removed": bool(removed_by and not by_author) or body == "[removed]",
        "deleted": by_author or body == "[deleted]" or (_author_kind(thing) == "deleted" and not body),
        "pinned": thing.get("stickied") is True,
        "locked": thing.get("locked") is True,
        "quarantine": thing.get("quarantine") is True,
        "distinguished": bool(_text(thing, "distinguished")),
        "submitter": thing.get("is_submitter") is True,
    }
    yield from (flag for flag, holds in is_set.items() if holds)


def _author(thing: Thing) -> str | None:
    return None if _author_kind(thing) == "deleted" else _text(thing, "author") or None


def _author_kind(thing: Thing) -> str:
    if thing.get("author") in _GONE:
        return "deleted"
    return {"": "unknown", "AutoModerator": "bot"}.get(_text(thing, "author"), "person")


def _origin(thing: Thing) -> ForwardedFrom | None:
    """Return the origin of a crosspost."""
    parents = dicts(thing.get("crosspost_parent_list"))
    if not parents:
        return None
    first = parents[-1]
    return ForwardedFrom(
        chat_id=_text(first, "subreddit_id") or None,
        message_id=_text(first, "name") or None,
        author_id=_text(first, "author_fullname") or None,
        name=_author(first),
        created_at=when(first),
    )


def _text(thing: Thing, field: str) -> str:
    value = thing.get(field)
    return value if isinstance(value, str) else ""


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None
