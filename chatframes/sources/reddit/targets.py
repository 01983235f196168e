"""Understand the text of `Reddit(what)` when it is no address: a subreddit or several, a person, an id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ...errors import ConfigError

INSTEAD = (
    "write 'python', 'python+learnpython', 'u/name', 'user/name/submitted', the URL of a post, or its id as 't3_1abcd2'"
)
ID = re.compile(r"[0-9a-z]{1,13}")
PERSON = re.compile(r"[A-Za-z0-9_-]{2,24}")
_SUBREDDITS = re.compile(r"[A-Za-z0-9_]{2,24}([+-][A-Za-z0-9_]{2,24})*")
# The kinds of things that Reddit's "fullnames" begin with, and that are neither listed nor commented on.
_OTHER_THINGS = {"t2": "a person: write 'u/name'", "t4": "a private message", "t6": "an award"}


@dataclass(frozen=True, slots=True)
class Target:
    """What is read, or what leads there.

    `name` is ``"python+learnpython"``, the path of another list (``"user/name/submitted"``), the id of a post, a
    comment or a subreddit, or the path of a share link.
    """

    kind: Literal["listing", "post", "share", "comment", "subreddit"]
    name: str


@dataclass(frozen=True, slots=True)
class Named:
    """A target, with all else that an address says."""

    target: Target
    comment: str = ""  # the id of the comment in a post that a link names
    sort: str | None = None
    time_filter: str | None = None
    search: str | None = None


def listing(name: str) -> Target | None:
    """Return the listing of a subreddit, or of several; None where no subreddit can be called so."""
    return Target("listing", name) if _SUBREDDITS.fullmatch(name) else None


def post(post_id: str) -> Target | None:
    """Return a post by its id, or None where none can have it."""
    post_id = post_id.lower()
    return Target("post", post_id) if ID.fullmatch(post_id) else None


def plain_name(what: str) -> Target:
    """Return what a text names that is no address.

    Raises
    ------
    ConfigError
        It names nothing of Reddit's.
    """
    what = what.removeprefix("reddit:")  # as in the column uid: reddit:t5_2abcd:t3_1abcd2
    thing, _, short_id = what.lower().rpartition(":")[2].partition("_")
    meant: Target | None = None
    if short_id and ID.fullmatch(short_id) and re.fullmatch("(t5_[0-9a-z]+:)?[^:]+", what.lower()):
        if thing in _OTHER_THINGS:
            raise ConfigError(f"Reddit({what!r}): this is the id of {_OTHER_THINGS[thing]}.")
        kinds: dict[str, Literal["post", "comment", "subreddit"]] = {"t1": "comment", "t3": "post", "t5": "subreddit"}
        meant = Target(kinds[thing], short_id) if thing in kinds else None
    if meant is None and not re.match("t[1-6]_", what, re.IGNORECASE):
        meant = listing(what)
    if meant is None:
        other = re.fullmatch(r"(?:#|[a-z][/\\]|r )/?(\w{2,21})/?", what, re.IGNORECASE)  # as elsewhere, or a slip
        instead = f"did you mean 'r/{other[1]}'?" if other is not None else f"{INSTEAD}."
        raise ConfigError(f"Reddit({what[:60]!r}): this names no subreddit and no post: {instead}")
    return meant
