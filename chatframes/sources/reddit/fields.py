"""Read fields of Reddit's JSON: any may be missing, null or of a wrong type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Thing = dict[str, Any]
OFFICIAL = "https://www.reddit.com"


def text(thing: Thing, field: str) -> str:
    """Return a text; "" for anything else."""
    value = thing.get(field)
    return value if isinstance(value, str) else ""


def integer(value: Any) -> int | None:
    """Return a whole number of 64 bits; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def when(thing: Thing, field: str = "created_utc", per_second: int = 1) -> datetime | None:
    """Return a time that is given in seconds (or parts of them); None when it is missing or impossible."""
    try:
        return datetime.fromtimestamp(float(thing[field]) / per_second, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def dicts(value: Any) -> list[Thing]:
    """Return the objects in a JSON list; an empty list for anything but a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_at(thing: Thing, *path: str) -> Thing:
    """Return the object at a path of fields; an empty one where there is none."""
    for field in path:
        inner = thing.get(field)
        if not isinstance(inner, dict):
            return {}
        thing = inner
    return thing


def gallery_items(post: Thing) -> list[Thing]:
    """Return the entries of a post's gallery, in their order."""
    return dicts(object_at(post, "gallery_data").get("items"))


def original(post: Thing) -> Thing | None:
    """Return the post that a crosspost shows; None where it is no crosspost, or Reddit does not say which."""
    parents = dicts(post.get("crosspost_parent_list"))
    return parents[-1] if parents else None
