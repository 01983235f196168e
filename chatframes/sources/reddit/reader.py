"""Give one call access to Reddit: send requests, and turn the JSON of posts and comments into pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import AuthError, ChatframesError, RateLimited
from ...model import Page
from ...transfer.link import Link
from .account import Account
from .fields import Thing
from .pictures import Places
from .rows import row


@dataclass(frozen=True, slots=True)
class Reader:
    """A shared `Account` as one call uses it."""

    account: Account
    link: Link
    places: Places
    raw: bool

    async def get(self, path: str, query: Mapping[str, object]) -> Any:
        return await self.account.request(self.link, path, query)

    async def post(self, path: str, form: Mapping[str, str]) -> Any:
        return await self.account.request(self.link, path, form=form)

    def page(self, things: list[tuple[Thing, int | None]]) -> Page:
        """Return posts or comments, each with its depth, as a page of rows."""
        now = self.link.clock.now()
        return Page(
            [row(thing, places=self.places, fetched_at=now, depth=depth, raw=self.raw) for thing, depth in things], None
        )


def comment_count(post: Thing) -> int:
    """Return how many comments a post says it has."""
    count = post.get("num_comments")
    return count if isinstance(count, int) and count > 0 else 0


def final(error: ChatframesError | None) -> bool:
    """Whether every further request would fail in the same way."""
    return isinstance(error, AuthError | RateLimited)
