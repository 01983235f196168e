"""Reddit's lists of posts, as its API gives them: their order, pages and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from ..community.people import END

Thing = dict[str, Any]
CAP = 1000  # posts in any list, whatever there is
MOST, USUAL = 100, 25  # posts on a page
SORTS = ("new", "hot", "top", "rising", "controversial")
_PERIODS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}


def ordered(posts: Iterable[Thing], sort: str, period: str) -> list[Thing]:
    """The posts as `sort` lists them, the cap included."""
    newest = sorted(posts, key=lambda post: (post["created_utc"], int(post["id"], 36)), reverse=True)
    if sort == "hot":
        newest.sort(key=lambda post: (not post["stickied"], -post["score"]))
    elif sort in ("top", "controversial", "relevance"):
        if period in _PERIODS:
            since = (END - timedelta(days=_PERIODS[period])).timestamp()
            newest = [post for post in newest if post["created_utc"] >= since]
        newest.sort(key=lambda post: post["score"], reverse=sort != "controversial")
    elif sort in ("rising", "comments"):
        newest.sort(key=lambda post: post["num_comments"], reverse=True)
    return newest[:CAP]


def found(posts: Iterable[Thing], words: str) -> list[Thing]:
    """The posts that hold every word, in title or text."""
    wanted = words.lower().replace('"', " ").split()
    return [post for post in posts if all(word in f"{post['title']} {post['selftext']}".lower() for word in wanted)]


def page(posts: list[Thing], query: Mapping[str, str]) -> Thing:
    """One page of a list, as JSON."""
    asked = query.get("limit", str(USUAL))
    size = min(max(int(asked), 1), MOST) if asked.isdigit() else USUAL
    names = [post["name"] for post in posts]
    anchor = query.get("after", "")
    start = 0 if not anchor else names.index(anchor) + 1 if anchor in names else len(names)
    part = posts[start : start + size]
    return listing([thing("t3", post) for post in part], names[start + size - 1] if names[start + size :] else None)


def listing(children: list[Thing], after: str | None = None) -> Thing:
    """A Listing, as JSON."""
    data = {"after": after, "dist": len(children), "modhash": None, "geo_filter": "", "children": children}
    return {"kind": "Listing", "data": {**data, "before": None}}


def thing(kind: str, data: Thing) -> Thing:
    """A thing, as JSON."""
    return {"kind": kind, "data": data}
