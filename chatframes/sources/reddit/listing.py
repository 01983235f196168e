"""List the posts of a subreddit or a search, page by page, as far as Reddit lists them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import ServiceError
from .account import Refused
from .fields import Thing

PAGE_POSTS = 100
IDLE_PAGES = 20  # so many pages in a row without a new post: the list leads nowhere
# Where to go on when the post that was used as "after" is gone: behind the one listed before it, then farther back,
# since whoever removes one post often removes its neighbours. The last one is a whole page back.
STEPS_BACK = (2, 3, 5, 9, 17, 33, 65, 100)

# Reddit's kinds as of 2026-11: comments, accounts, posts, messages, subreddits, awards, and stubs.
KINDS = frozenset({"t1", "t2", "t3", "t4", "t5", "t6", "more"})

Get = Callable[[str, Mapping[str, object]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """A listing of the API: its path and its query."""

    path: str
    query: tuple[tuple[str, str], ...] = ()


def question(name: str, sort: str, time_filter: str, search: str | None) -> Question:
    """Return the path and query of a listing, or of a search within it."""
    if search is None:
        period = (("t", time_filter),) if sort in ("top", "controversial") else ()
        if name.endswith("/submitted"):  # a person's posts take their order as a parameter
            return Question(name, (("sort", sort), *period))
        return Question(f"{name if '/' in name else f'r/{name}'}/{sort}", period)
    within = "off" if name.lower() == "all" else "on"
    query = (("q", search), ("restrict_sr", within), ("sort", sort), ("t", time_filter), ("type", "link"))
    return Question(f"r/{name}/search", query)


@dataclass(slots=True)
class Listing:
    """Reads one listing; the fields hold the result so far.

    That the list has ended proves nothing: Reddit keeps about 1,000 posts of a list, drops those that were removed, and
    gives an empty page when the post used as "after" is gone.
    """

    get: Get
    question: Question
    exhausted: bool = False  # Reddit lists no more
    _names: dict[str, None] = field(default_factory=dict)  # of the posts listed so far, in their order
    _after: str | None = None  # where the next page begins
    _unreadable: int = 0  # things that say neither what they are nor their id
    _requested: set[str | None] = field(default_factory=set)
    _idle_pages: int = 0
    _others: list[str | None] | None = None  # while the end is in doubt: where else the list may go on

    @property
    def seen(self) -> int:
        """How many posts Reddit has listed, each counted once."""
        return len(self._names)

    async def pages(self) -> AsyncGenerator[list[Thing | None], None]:
        """Yield the new posts of each page; None is a thing that says neither what it is nor its id, in its place.

        Raises
        ------
        ServiceError
            The list leads in a circle, or the answer is no list.
        """
        while not self.exhausted:
            if self._idle_pages > IDLE_PAGES:
                raise _circle()
            page = await self._page(self._after)
            names = [str(data["name"]) for kind, data in page.things if kind == "t3"]
            # A page that is asked for in doubt overlaps with others: what is unreadable there may be counted already.
            counted = self._unreadable if self._others is not None else 0
            fresh: list[Thing | None] = []
            before = self.seen
            for one in page.children:
                if one is None and counted > 0:
                    counted -= 1
                elif one is None:
                    self._unreadable += 1
                    fresh.append(None)
                elif one[0] == "t3" and one[1]["name"] not in self._names:
                    self._names[one[1]["name"]] = None
                    fresh.append(one[1])
            has_fresh = self.seen > before
            self._idle_pages = 0 if has_fresh else self._idle_pages + 1
            self._requested.add(self._after)
            self._go_on(names, page.after, has_fresh)
            yield fresh

    def _go_on(self, names: list[str], after: str | None, has_fresh: bool) -> None:
        """Set where the next page begins, or that the list has ended."""
        doubted = self._others is not None
        if has_fresh:
            self._others = None
            if after is not None and after in self._requested and names[-1] not in self._requested:
                after = names[-1]  # the link leads back: go on after the last post of this page
        if after is not None and after not in self._requested:
            self._after = after
            return
        if self._others is None:
            # Nothing is new, or the list says that it ends here. Both happen, too, when a post was removed meanwhile.
            listed = list(self._names)
            self._others = [listed[-step] for step in STEPS_BACK if step <= len(listed)] or [None]
        elif doubted and names and after is None:
            self.exhausted = True  # behind a post that is still there, only known ones follow
            return
        if self._others:
            self._after = self._others.pop(0)
        elif names and after is not None:
            raise _circle()
        else:
            self.exhausted = True

    async def _page(self, after: str | None) -> Listed:
        query: dict[str, object] = {**dict(self.question.query), "limit": PAGE_POSTS}
        if after is not None:
            query |= {"after": after, "count": self.seen}
        try:
            page = listed(await self.get(self.question.path, query))
        except Refused as refused:
            if after is None or refused.status not in (400, 404):
                raise
            return Listed([], None)  # the post used as "after" is gone
        if page.unreadable:
            # A second answer may hold what the first one did not.
            again = listed(await self.get(self.question.path, query))
            best, other = (again, page) if again.unreadable < page.unreadable else (page, again)
            known = {data.get("name") for _, data in best.things}
            more = [(kind, data) for kind, data in other.things if data.get("name") not in known]
            page = Listed([*best.children, *more], page.after or again.after)
        return page


def _circle() -> ServiceError:
    return ServiceError("Reddit's list of posts leads in a circle: the rest of it was not read. Fetch again later.")


@dataclass(frozen=True, slots=True)
class Listed:
    """The things in one Listing, each with its kind, or None where neither kind nor id can be told."""

    children: list[tuple[str, Thing] | None]
    after: str | None  # where the next page begins

    @property
    def things(self) -> list[tuple[str, Thing]]:
        """Those that can be told; posts and comments among them have a "name"."""
        return [child for child in self.children if child is not None]

    @property
    def unreadable(self) -> int:
        return self.children.count(None)


def listed(answer: Any) -> Listed:
    """Return what is in a Listing.

    Raises
    ------
    ServiceError
        The answer is no Listing.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        raise ServiceError("Reddit answered with something that is no list. Try again later.")
    after = data.get("after")
    return Listed([_thing(child) for child in children], after if isinstance(after, str) and after else None)


def _thing(child: Any) -> tuple[str, Thing] | None:
    """Return a thing with its kind, its name filled in from its id; None when it says neither, or is of a new kind."""
    data = child.get("data") if isinstance(child, dict) else None
    if not isinstance(data, dict):
        return None
    name, short_id = data.get("name"), data.get("id")
    kind = child.get("kind")
    if not isinstance(kind, str):
        kind = name.partition("_")[0] if isinstance(name, str) else ""
    if kind in ("t1", "t3") and not (isinstance(name, str) and name.startswith(f"{kind}_")):
        if not isinstance(short_id, str) or not short_id:
            return None
        return kind, {**data, "name": f"{kind}_{short_id}"}
    return (kind, data) if kind in KINDS else None
