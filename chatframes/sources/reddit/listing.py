"""List the posts of a subreddit or a search, page by page, as far as Reddit lists them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ServiceError

PAGE_POSTS = 100
CAP_POSTS = 1000  # Reddit lists no more than these, however many posts there are
SURELY_WHOLE = 900  # a list that ends before this many posts is complete
IDLE_PAGES = 20  # so many pages in a row without a new post: the list leads nowhere

Thing = dict[str, Any]
Get = Callable[[str, Mapping[str, object]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """A listing of the API: its path and its query."""

    path: str
    query: tuple[tuple[str, str], ...] = ()


def question(name: str, sort: str, time_filter: str, search: str | None) -> Question:
    """Return the path and query of a listing, or of a search within it."""
    if search is None:
        return Question(f"r/{name}/{sort}", (("t", time_filter),) if sort in ("top", "controversial") else ())
    within = "off" if name.lower() == "all" else "on"
    query = (("q", search), ("restrict_sr", within), ("sort", sort), ("t", time_filter), ("type", "link"))
    return Question(f"r/{name}/search", query)


@dataclass(slots=True)
class Listing:
    """Reads one listing; the fields hold the result so far."""

    get: Get
    question: Question
    seen: int = 0  # posts that Reddit has listed, each counted once
    exhausted: bool = False  # Reddit has no more
    _after: str | None = None

    @property
    def capped(self) -> bool:
        """Whether the list ended at Reddit's limit, so that there may be more posts."""
        return self.exhausted and self.seen >= SURELY_WHOLE

    async def pages(self) -> AsyncGenerator[list[Thing], None]:
        """Yield the new posts of each page.

        Raises
        ------
        ServiceError
            The list leads in a circle, or the answer is no list.
        """
        listed_before: set[str] = set()
        requested: set[str | None] = set()
        idle_pages = 0
        while not self.exhausted:
            if self._after in requested or idle_pages > IDLE_PAGES:
                raise ServiceError(
                    "Reddit's list of posts leads in a circle: the rest of it was not read. Fetch again later."
                )
            requested.add(self._after)
            query: dict[str, object] = {**dict(self.question.query), "limit": PAGE_POSTS}
            if self._after is not None:
                query |= {"after": self._after, "count": self.seen}
            children, self._after = listed(await self.get(self.question.path, query))
            self.exhausted = self._after is None
            if self._after in requested and children:  # the link leads back: go on after the last post of this page
                self._after = str(children[-1][1].get("name"))
            posts = [data for kind, data in children if kind == "t3" and str(data.get("name")) not in listed_before]
            listed_before |= {str(post.get("name")) for post in posts}
            self.seen = len(listed_before)
            idle_pages = 0 if posts else idle_pages + 1
            yield posts


def listed(answer: Any) -> tuple[list[tuple[str, Thing]], str | None]:
    """Return the things of a Listing, each with its kind, and where the next page begins.

    Raises
    ------
    ServiceError
        The answer is no Listing.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        raise ServiceError("Reddit answered with something that is no list. Try again later.")
    things = [
        (str(child.get("kind")), child["data"])
        for child in children
        if isinstance(child, dict) and isinstance(child.get("data"), dict)
    ]
    after = data.get("after")
    return things, after if isinstance(after, str) and after else None
