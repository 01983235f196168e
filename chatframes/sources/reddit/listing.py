"""The posts of a subreddit or a search, page by page, as far as Reddit lists them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ServiceError

PAGE_POSTS = 100
CAP_POSTS = 1000  # Reddit lists no more, whatever there is
SURELY_WHOLE = 900  # a list that ends before this many has ended by itself
IDLE_PAGES = 20

Thing = dict[str, Any]
Get = Callable[[str, Mapping[str, object]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What to list: a path of the API and its query."""

    path: str
    query: tuple[tuple[str, str], ...] = ()


def question(name: str, sort: str, time_filter: str, search: str | None) -> Question:
    """Return how Reddit is asked for a listing or for a search within it."""
    if search is None:
        return Question(f"r/{name}/{sort}", (("t", time_filter),) if sort in ("top", "controversial") else ())
    within = "off" if name.lower() == "all" else "on"
    query = (("q", search), ("restrict_sr", within), ("sort", sort), ("t", time_filter), ("type", "link"))
    return Question(f"r/{name}/search", query)


@dataclass(slots=True)
class Listing:
    """One listing on its way; what it has come to stands in its fields."""

    get: Get
    question: Question
    seen: int = 0  # posts that Reddit listed, each once
    exhausted: bool = False  # Reddit had no more to give
    _after: str | None = None

    @property
    def capped(self) -> bool:
        """Whether the list ended where every list of Reddit's ends, and more may be there."""
        return self.exhausted and self.seen >= SURELY_WHOLE

    async def pages(self) -> AsyncGenerator[list[Thing], None]:
        """Yield the posts of each page, those listed before left out.

        Raises
        ------
        ServiceError
            The list leads in a circle, or is none.
        """
        known: set[str] = set()
        asked: set[str | None] = set()
        idle_pages = 0
        while not self.exhausted:
            if self._after in asked or idle_pages > IDLE_PAGES:
                raise ServiceError("Reddit's list of posts leads in a circle; the rest of it was not read")
            asked.add(self._after)
            query: dict[str, object] = {**dict(self.question.query), "limit": PAGE_POSTS}
            if self._after is not None:
                query |= {"after": self._after, "count": self.seen}
            children, self._after = listed(await self.get(self.question.path, query))
            self.exhausted = self._after is None
            if self._after in asked and children:  # it leads back: go on behind the last post of this page
                self._after = str(children[-1][1].get("name"))
            posts = [data for kind, data in children if kind == "t3" and str(data.get("name")) not in known]
            known |= {str(post.get("name")) for post in posts}
            self.seen = len(known)
            idle_pages = 0 if posts else idle_pages + 1
            yield posts


def listed(answer: Any) -> tuple[list[tuple[str, Thing]], str | None]:
    """Return the things of a Listing, each with its kind, and where the next page begins.

    Raises
    ------
    ServiceError
        It is no Listing.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        raise ServiceError("Reddit answered with something that is no list; try again later")
    things = [
        (str(child.get("kind")), child["data"])
        for child in children
        if isinstance(child, dict) and isinstance(child.get("data"), dict)
    ]
    after = data.get("after")
    return things, after if isinstance(after, str) and after else None
