"""Flatten a tree of comments, and count what in it cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import ServiceError
from .listing import Thing, listed


@dataclass(frozen=True, slots=True)
class Flat:
    """The things of a tree of comments, each with its kind, in the order in which a reader sees them."""

    things: list[tuple[str, Thing]]
    unreadable: int  # null, without kind or id, or hidden without a way to ask for them


def flat(listing: Any) -> Flat:
    """Return the things of a tree of comments.

    Raises
    ------
    ServiceError
        The answer is no Listing.
    """
    top = listed(listing)
    unreadable = top.unreadable
    things: list[tuple[str, Thing]] = []
    rest = top.things[::-1]
    while rest:
        kind, data = rest.pop()
        things.append((kind, data))
        if kind == "more":
            unreadable += _cannot_be_asked_for(data)
        replies = data.get("replies")
        if kind == "t1" and replies:
            try:
                below = listed(replies)
            except ServiceError:
                unreadable += 1
                continue
            unreadable += below.unreadable
            rest.extend(below.things[::-1])
    return Flat(things, unreadable)


def _cannot_be_asked_for(stub: Thing) -> int:
    """Return how many comments a stub hides without an id, though not below a comment, whose tree could be read."""
    ids = stub.get("children")
    children = ids if isinstance(ids, list) else []
    named = sum(isinstance(child, str) for child in children)
    if children or str(stub.get("parent_id")).startswith("t1_"):
        return len(children) - named
    count = stub.get("count")
    return count if isinstance(count, int) and count > 0 else 0
