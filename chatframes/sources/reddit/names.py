"""Parse the text of `Reddit(what)`: a subreddit (or several), a post, or a share link that leads to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ...errors import ConfigError

LONGEST = 2000
_SUBREDDITS = re.compile(r"[A-Za-z0-9_]{2,24}([+-][A-Za-z0-9_]{2,24})*")
_ID = re.compile(r"[0-9a-z]{1,13}")
_SITE = re.compile(r"(https?://)?([a-z0-9-]+\.)?(reddit\.com|redd\.it)(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """A listing, post or share link.

    `name` is ``"python+learnpython"``, the id of a post, or the path of a share link.
    """

    kind: Literal["listing", "post", "share"]
    name: str


def target(what: str) -> Target:
    """Return what a user's text names.

    Raises
    ------
    ConfigError
        It names neither a subreddit nor a post.
    """
    if len(what) <= LONGEST:
        if _SITE.match(what) or "://" in what:
            meant = _from_url(what)
        elif what.lower().startswith("t3_"):
            meant = _post(what[3:])
        elif what.lower().startswith("t1_"):
            raise ConfigError(f"Reddit({what!r}): this is a comment: name its post, and its comments are read with it.")
        else:
            meant = _from_path(what.strip("/").split("/")) if "/" in what else _listing(what)
        if meant is not None:
            return meant
    raise ConfigError(
        f"Reddit({what[:60]!r}): this names no subreddit and no post: write 'python', 'python+learnpython', 'u/name', "
        "the URL of a post, or its id as 't3_1abcd2'."
    )


def _from_url(url: str) -> Target | None:
    match = _SITE.match(url)
    if match is None:
        return None
    try:
        path = urlsplit(url if "://" in url else f"https://{url}").path
    except ValueError:
        return None
    parts = [part for part in path.split("/") if part]
    if match[3].lower() == "redd.it":
        # i.redd.it and v.redd.it hold the pictures and videos of posts, not posts
        return _post(parts[0]) if match[2] in (None, "www.") and len(parts) == 1 else None
    return _from_path(parts)


def _from_path(parts: list[str]) -> Target | None:
    for word in ("comments", "gallery", "tb"):
        if word in parts[:-1]:
            return _post(parts[parts.index(word) + 1])
    match parts:
        case ["r" | "u" | "user", name, "s", code] if code.isalnum() and _SUBREDDITS.fullmatch(name):
            return Target("share", "/".join(parts))
        case ["r", name, *_]:
            return _listing(name)
        case ["u" | "user", name, *_]:
            return _listing(f"u_{name}")
    return None


def _listing(name: str) -> Target | None:
    return Target("listing", name) if _SUBREDDITS.fullmatch(name) else None


def _post(post_id: str) -> Target | None:
    post_id = post_id.lower()
    return Target("post", post_id) if _ID.fullmatch(post_id) else None
