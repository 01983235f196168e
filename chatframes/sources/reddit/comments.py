"""Read the comments of one post: those of the first answer, and those hidden behind "more"."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import ChatframesError, ServiceError
from .listing import Get, Thing, listed

AT_ONCE = 500  # about as many as Reddit gives in a first answer
COMMENTS_AT_ONCE = 100  # as many as it gives in one expansion
IDLE_REQUESTS = 20  # so many in a row without a new comment: they lead nowhere
SORT = "confidence"  # what readers see as "best"

Post = Callable[[str, Mapping[str, str]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class More:
    """A place where comments are left out: those with the ids in `children`, or without ids all below `parent`."""

    parent: str
    children: tuple[str, ...]
    count: int


@dataclass(slots=True)
class Thread:
    """Reads the comments of one post; `got` counts them."""

    get: Get
    post: Post
    post_id: str  # without its t3_
    wanted: int | None  # None is all of them
    got: int = 0
    _depths: dict[str, int] = field(default_factory=dict)
    _orphans: dict[str, Thing] = field(default_factory=dict)  # their parents may still come
    _left_out: list[More] = field(default_factory=list)
    _asked: set[More] = field(default_factory=set)

    @property
    def hidden(self) -> int:
        """How many comments are known to be left out."""
        return sum(max(more.count, len(more.children), 1) for more in self._left_out)

    async def comments(self) -> AsyncGenerator[list[tuple[Thing, int | None]], None]:
        """Yield comments with their depth, parents first; the best ones first as long as not all are wanted.

        Raises
        ------
        ServiceError
            Or another `ChatframesError`; what was yielded before stays valid.
        """
        self._depths[f"t3_{self.post_id}"] = 0
        limit = AT_ONCE if self.wanted is None else min(self.wanted, AT_ONCE)
        answer = await self.get(f"comments/{self.post_id}", {"limit": limit, "sort": SORT})
        if not isinstance(answer, list) or len(answer) < 2:
            raise ServiceError(f"Reddit answered without the comments of t3_{self.post_id}. Try again later.")
        yield self._taken(_flat(answer[1]))
        trouble: ChatframesError | None = None
        idle = 0
        while self._left_out and (self.wanted is None or self.got < self.wanted):
            if idle == IDLE_REQUESTS:
                trouble = ServiceError(
                    f"Reddit's comments of t3_{self.post_id} lead in a circle: the rest was not read. "
                    "Fetch again later."
                )
                break
            stubs = self._next_stubs()
            try:
                things = await self._expanded(stubs)
            except ChatframesError as error:
                trouble = error
                break
            self._left_out = [more for more in self._left_out if more not in stubs]
            taken = self._taken(things)
            idle = 0 if taken else idle + 1
            yield taken
        if self.wanted is None or self.got < self.wanted:
            yield self._rest()  # before an error is raised, too: these comments have been read
        if trouble is not None:
            raise trouble

    def _next_stubs(self) -> list[More]:
        """Return the stubs to expand in one request: the largest first, then others as long as their ids fit in."""
        stubs: list[More] = []
        ids = 0
        for more in sorted(self._left_out, key=lambda more: more.count, reverse=True):
            if not more.children and not stubs:
                return [more]
            if more.children and ids + len(more.children) <= COMMENTS_AT_ONCE:
                stubs.append(more)
                ids += len(more.children)
        return stubs

    async def _expanded(self, stubs: list[More]) -> list[tuple[str, Thing]]:
        if not stubs[0].children:
            # "Continue this thread": the answer is the tree from `parent` on.
            query = {"comment": stubs[0].parent.partition("_")[2], "limit": AT_ONCE, "sort": SORT}
            answer = await self.get(f"comments/{self.post_id}", query)
            return _flat(answer[1]) if isinstance(answer, list) and len(answer) > 1 else []
        form = {
            "link_id": f"t3_{self.post_id}",
            "children": ",".join(child for more in stubs for child in more.children),
            "sort": SORT,
            "limit_children": "false",
        }
        answer = await self.post("api/morechildren", form)
        try:
            children = answer["json"]["data"]["things"]
        except (KeyError, TypeError):
            raise ServiceError(
                f"Reddit answered without the requested comments of t3_{self.post_id}. Try again later."
            ) from None
        return _flat({"data": {"children": children}})

    def _taken(self, things: list[tuple[str, Thing]]) -> list[tuple[Thing, int | None]]:
        """Return the new comments among `things`, as many as are wanted, and remember what is left out."""
        for kind, data in things:
            if kind == "more":
                self._leave_out(data)
        fresh = self._orphans
        self._orphans = {}
        for kind, data in things:
            name = str(data.get("name"))
            if kind == "t1" and name not in self._depths:
                fresh.setdefault(name, data)
        taken: list[tuple[Thing, int | None]] = []
        for name, data in fresh.items():
            if self.wanted is not None and self.got >= self.wanted:
                break
            depth = self._depth(data, fresh)
            if depth is None:
                self._orphans[name] = data
                continue
            self._depths[name] = depth
            self.got += 1
            taken.append((data, depth))
        return taken

    def _rest(self) -> list[tuple[Thing, int | None]]:
        """Return the comments whose parents never came."""
        rest: list[tuple[Thing, int | None]] = [(data, None) for data in self._orphans.values()]
        rest = rest[: None if self.wanted is None else self.wanted - self.got]
        self.got += len(rest)
        return rest

    def _depth(self, data: Thing, fresh: Mapping[str, Thing]) -> int | None:
        """Return how deep a comment stands; None when one of its parents never came."""
        steps, parent, seen = 1, str(data.get("parent_id")), set[str]()
        while parent not in self._depths:
            if parent not in fresh or parent in seen:
                return None
            seen.add(parent)
            steps, parent = steps + 1, str(fresh[parent].get("parent_id"))
        return self._depths[parent] + steps

    def _leave_out(self, data: Thing) -> None:
        ids, count = data.get("children"), data.get("count")
        children = [child for child in ids if isinstance(child, str)] if isinstance(ids, list) else []
        parent, total = str(data.get("parent_id")), count if isinstance(count, int) else len(children)
        for start in range(0, max(len(children), 1), COMMENTS_AT_ONCE):
            part = tuple(children[start : start + COMMENTS_AT_ONCE])
            more = More(parent, part, max(len(part), total * len(part) // max(len(children), 1)))
            # Skip those requested once already: Reddit does not give them, and the requests would never end.
            if more.children or parent.startswith("t1_"):
                key = More(parent, part, 0)
                if key not in self._asked:
                    self._asked.add(key)
                    self._left_out.append(more)


def _flat(listing: Any) -> list[tuple[str, Thing]]:
    """Return the things of a tree of comments, each with its kind, in the order in which a reader sees them."""
    children, _ = listed(listing)
    flat: list[tuple[str, Thing]] = []
    rest = children[::-1]
    while rest:
        kind, data = rest.pop()
        flat.append((kind, data))
        replies = data.get("replies")
        if kind == "t1" and isinstance(replies, dict):
            below, _ = listed(replies)
            rest.extend(below[::-1])
    return flat
