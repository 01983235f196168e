"""Flatten a tree of comments, and count what in it cannot be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...errors import ServiceError
from .fields import Thing, when
from .listing import Listed, listed


@dataclass(frozen=True, slots=True)
class Flat:
    """The things of a tree of comments, each with its kind, in the order in which a reader sees them."""

    things: list[tuple[str, Thing]]
    unreadable: int  # null, without kind or id, or hidden without a way to ask for them
    since: datetime | None = None  # none of these is older; None where that is not known


def flat(listing: Any) -> Flat:
    """Return the things of a tree of comments.

    Raises
    ------
    ServiceError
        The answer is no Listing.
    """
    top = listed(listing)
    times = _times(listing, top, None)  # before which the unreadable ones were not written: a reply follows its parent
    things: list[tuple[str, Thing]] = []
    rest: list[tuple[str, Thing, datetime | None]] = [(*one, None) for one in top.things[::-1]]
    while rest:
        kind, data, parent_made = rest.pop()
        things.append((kind, data))
        if kind == "more":
            times += [parent_made] * _cannot_be_asked_for(data)
        replies = data.get("replies")
        if kind == "t1" and replies:
            made = when(data) or parent_made
            try:
                below = listed(replies)
            except ServiceError:
                times.append(made)
                continue
            times += _times(replies, below, made)
            rest.extend((*one, made) for one in below.things[::-1])
    known = [one for one in times if one is not None]
    return Flat(things, len(times), min(known, default=None) if len(known) == len(times) else None)


def _times(listing: Any, found: Listed, parent_made: datetime | None) -> list[datetime | None]:
    """Return for each unreadable thing of a list its own time, if it says one, or its parent's."""
    return [
        (when(child["data"]) if isinstance(child, dict) and isinstance(child.get("data"), dict) else None)
        or parent_made
        for child, told in zip(listing["data"]["children"], found.children, strict=True)
        if told is None
    ]


def tree_of(answer: Any) -> Flat:
    """Return the comments in an answer of posts and comments; none if it has another shape."""
    try:
        return flat(answer[1])
    except (TypeError, LookupError, ServiceError):
        return Flat([], 0)


def things_of(answer: Any) -> list[tuple[str, Thing]]:
    """Return the things in a list; none if it is no list."""
    try:
        return listed(answer).things
    except ServiceError:
        return []


def _cannot_be_asked_for(stub: Thing) -> int:
    """Return how many comments a stub hides without an id, though not below a comment, whose tree could be read."""
    ids = stub.get("children")
    children = ids if isinstance(ids, list) else []
    named = sum(isinstance(child, str) for child in children)
    if children or str(stub.get("parent_id")).startswith("t1_"):
        return len(children) - named
    count = stub.get("count")
    return count if isinstance(count, int) and count > 0 else 0


@dataclass(frozen=True, slots=True)
class More:
    """A place where comments are left out: those with the ids in `children`, or without ids all below `parent`."""

    parent: str
    children: tuple[str, ...]
    count: int
    is_sure: bool = True  # whether Reddit said that there is something below `parent`


@dataclass(slots=True)
class Promises:
    """How many comments each stub says it hides, held against those that came."""

    _parents: dict[str, str] = field(default_factory=dict)  # of each comment that came
    _times: dict[str, datetime | None] = field(default_factory=dict)  # when it was written
    _stubs: dict[str, tuple[frozenset[str], int]] = field(default_factory=dict)  # of each comment that one names

    def promised(self, ids: list[str], total: int) -> None:
        """Note that a stub hides so many comments, at and below these; no more than it names needs no note."""
        if total > len(ids):
            stub = frozenset(f"t1_{one}" for one in ids), total
            for name in stub[0]:
                self._stubs.setdefault(name, stub)

    def came(self, name: str, comment: Thing) -> None:
        self._parents[name] = str(comment.get("parent_id"))
        self._times[name] = when(comment)

    def made(self, name: str) -> datetime | None:
        """Return when a comment that came was written, if it says so."""
        return self._times.get(name)

    def unkept_of(self, names: Iterable[str]) -> list[str]:
        """Return those of the comments whose stubs hide more than came."""
        unkept: list[str] = []
        came: dict[frozenset[str], int] = {}
        for name in names:
            if name in self._stubs:
                tops, total = self._stubs[name]
                if tops not in came:
                    came[tops] = self._at_and_below(tops)
                unkept += [name] * (came[tops] < total)
        return unkept

    def _at_and_below(self, tops: frozenset[str]) -> int:
        inside = dict.fromkeys(tops, True)
        for one in self._parents:
            path, name = [], one
            while name in self._parents and name not in inside:
                path.append(name)
                inside[name] = False  # until its parents are known; they may lead in a circle
                name = self._parents[name]
            inside |= dict.fromkeys(path, inside.get(name, False))
        return sum(inside[name] for name in self._parents)
