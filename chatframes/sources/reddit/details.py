"""Say what a post or a comment says beyond its text and files: its poll, its original, its preview, its removal."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from .fields import OFFICIAL, Thing, dicts, integer, object_at, original, text, when
from .kinds import unread
from .removal import who_removed

_POLL_TIMES = 1000  # of a second: how a poll says when it ends


def details_of(thing: Thing, flags: Collection[str], now: datetime) -> dict[str, Any]:
    """Return the details of a post or a comment with these flags; docs/table.md names the keys."""
    found: dict[str, Any] = {
        "removal": who_removed(thing, flags),
        "distinguished": text(thing, "distinguished"),
        "author_flair": text(thing, "author_flair_text"),
        "awards": [
            {"name": text(one, "name"), "count": integer(one.get("count")) or 1}
            for one in dicts(thing.get("all_awardings"))
        ],
        "unread": list(dict.fromkeys(unread(thing))),
    }
    if text(thing, "name").startswith("t3_"):
        shown = original(thing) or thing
        found |= {
            "poll": _poll(shown, now),
            "crosspost": _crosspost(thing),
            "preview": _preview(shown),
            "event": _event(shown),
            "collection": [
                {"id": text(one, "collection_id"), "title": text(one, "title")}
                for one in dicts(shown.get("collections"))
            ],
        }
    return {key: value for key, value in found.items() if value}


def _poll(post: Thing, now: datetime) -> dict[str, Any]:
    poll = object_at(post, "poll_data")
    if not poll:
        return {}
    ends = when(poll, "voting_end_timestamp", per_second=_POLL_TIMES)
    return {
        "question": text(post, "title"),
        "options": [
            {"text": text(one, "text"), "votes": integer(one.get("vote_count"))} for one in dicts(poll.get("options"))
        ],
        "total": integer(poll.get("total_vote_count")),
        "closed": None if ends is None else ends <= now,
        "closes_at": ends and ends.isoformat(),
    }


def _crosspost(post: Thing) -> dict[str, Any]:
    first = original(post)
    if first is None:
        name = text(post, "crosspost_parent")
        return {"id": name} if name else {}
    permalink = text(first, "permalink")
    told = {
        "id": text(first, "name"),
        "chat": text(first, "subreddit"),
        "title": text(first, "title"),
        "author": text(first, "author"),
        "url": f"{OFFICIAL}{permalink}" if permalink.startswith("/") else "",
    }
    return {key: value for key, value in told.items() if value}


def _preview(post: Thing) -> dict[str, Any]:
    """Return what a player from elsewhere says of itself."""
    player = object_at(post, "secure_media", "oembed") or object_at(post, "media", "oembed")
    told = {
        "title": text(player, "title"),
        "description": text(player, "description"),
        "site": text(player, "provider_name"),
        "author": text(player, "author_name"),
    }
    said = {key: value for key, value in told.items() if value}
    url = text(post, "url_overridden_by_dest") or text(post, "url")
    return said | {"url": url} if said and url.startswith("http") else said


def _event(post: Thing) -> dict[str, Any]:
    start, end = when(post, "event_start"), when(post, "event_end")
    if start is None:
        return {}
    return {"start": start.isoformat(), "end": end and end.isoformat(), "live": post.get("event_is_live") is True}
