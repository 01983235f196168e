"""Read the comments of one post: those of the first answer, and those hidden behind "more"."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...errors import ChatframesError, ServiceError
from .account import Refused
from .fields import Thing
from .listing import Get, listed
from .trees import Flat, More, Promises, flat, things_of, tree_of

AT_ONCE = 500  # about as many as Reddit gives in a first answer
COMMENTS_AT_ONCE = 100  # as many as it gives in one expansion, or by their ids
IDLE_REQUESTS = 20  # so many in a row without a new comment: they lead nowhere
SORT = "confidence"  # what readers see as "best"
OTHER_SORT = "new"  # for a second look: what one order hides another may show

Post = Callable[[str, Mapping[str, str]], Awaitable[Any]]


@dataclass(slots=True)
class Thread:
    """Reads the comments of one post; `got` counts them."""

    get: Get
    post: Post
    post_id: str  # without its t3_
    wanted: int | None  # None is all of them
    counted: int = 0  # the post's own num_comments: a hint, no more
    got: int = 0
    missing: list[str] = field(default_factory=list)  # names of comments that Reddit named and did not give
    nameless: int = 0  # how many more it did not give, without naming them
    nameless_since: list[datetime | None] = field(default_factory=list)  # before which they were not; None: not known
    looked_again: bool = False  # fewer than `counted` came, and a second look found no more
    _depths: dict[str, int] = field(default_factory=dict)
    _orphans: dict[str, Thing] = field(default_factory=dict)  # their parents may still come
    _left_out: list[More] = field(default_factory=list)
    _asked: set[More] = field(default_factory=set)
    _asked_ids: dict[str, None] = field(default_factory=dict)
    _promises: Promises = field(default_factory=Promises)
    _given_up: set[str] = field(default_factory=set)  # ids that were asked for again
    _unanswered: int = 0  # comments below those whose own answer did not hold them

    async def comments(self) -> AsyncGenerator[list[tuple[Thing, int | None]], None]:
        """Yield comments with their depth, parents first; the best ones first as long as not all are wanted.

        Raises
        ------
        ServiceError
            Or another `ChatframesError`; what was yielded before stays valid.
        """
        trouble: ChatframesError | None = None
        try:
            async for taken in self._looks():
                yield taken
        except ChatframesError as error:
            trouble = error.with_traceback(None)
        if self._wanting:
            yield self._rest()  # before an error is raised, too: these comments have been read
        if trouble is not None:
            raise trouble
        if self._wanting:
            self._reckon()

    @property
    def _wanting(self) -> bool:
        return self.wanted is None or self.got < self.wanted

    @property
    def _received(self) -> int:
        return self.got + len(self._orphans)

    async def _looks(self) -> AsyncGenerator[list[tuple[Thing, int | None]], None]:
        """Yield what the first answer gives and what is behind it; look again when that is less than was counted."""
        self._depths[f"t3_{self.post_id}"] = 0
        limit = AT_ONCE if self.wanted is None else min(self.wanted, AT_ONCE)
        yield self._taken(await self._look(limit, SORT))
        async for taken in self._expansions():
            yield taken
        if self._wanting and self._received < self.counted:
            before = self._received
            yield self._taken(await self._look(AT_ONCE, OTHER_SORT))
            async for taken in self._expansions():
                yield taken
            self.looked_again = self._received == before

    async def _look(self, limit: int, sort: str) -> list[tuple[str, Thing]]:
        """Return the things in an answer of the whole post."""

        async def look() -> Flat | None:
            answer = await self.get(f"comments/{self.post_id}", {"limit": limit, "sort": sort})
            if not isinstance(answer, list) or len(answer) < 2:
                return None
            try:
                posts = [data["name"] for kind, data in listed(answer[0]).things if kind == "t3"]
                found = flat(answer[1])
            except ServiceError:
                return None
            if posts and f"t3_{self.post_id}" not in posts:
                return None  # another post's
            return found if posts or found.things or not self.counted else None

        first = await look()
        second = await look() if first is None or first.unreadable else first
        answers = [one for one in (first, second) if one is not None]
        if not answers:
            raise ServiceError(f"Reddit answered without the comments of t3_{self.post_id}. Try again later.")
        self._lacks(answers, most=True)
        return [thing for one in answers[: 1 + (second is not first)] for thing in one.things]

    async def _expansions(self) -> AsyncGenerator[list[tuple[Thing, int | None]], None]:
        """Yield what is behind the stubs, then what they named and did not give, asked for again."""
        idle = 0
        while self._wanting:
            if self._left_out:
                if idle == IDLE_REQUESTS:
                    raise ServiceError(
                        f"Reddit's comments of t3_{self.post_id} lead in a circle: the rest was not read. "
                        "Fetch again later."
                    )
                stubs = self._next_stubs()
                things = await self._expanded(stubs)
                self._left_out = [more for more in self._left_out if more not in stubs]
                left = len(self._left_out)
                taken = self._taken(things)
                # What brings nothing at all ends by itself; only stubs that bring new stubs could go on for ever.
                idle = 0 if taken else idle + (len(self._left_out) > left)
                yield taken
            elif lacking := [one for one in self._not_given() if one not in self._given_up][:COMMENTS_AT_ONCE]:
                yield self._taken(await self._more_children(lacking))
                lacking = self._not_given(lacking)
                if lacking and self._wanting:
                    found = await self._by_id(lacking)
                    yield self._taken(found)
                    self._left_out += self._may_hide(found)
                self._given_up |= set(lacking)
            else:
                return

    def _not_given(self, ids: Iterable[str] | None = None) -> list[str]:
        """Return those of the ids that were asked for whose comments did not come."""
        here = self._depths.keys() | self._orphans.keys()
        return [one for one in (self._asked_ids if ids is None else ids) if f"t1_{one}" not in here]

    def _reckon(self) -> None:
        """Count what Reddit named or hid, and did not give."""
        self.missing = [f"t1_{one}" for one in self._not_given()]
        if self._unanswered:
            # How many are below a comment nobody says, except the post's own count.
            uncounted = self.counted - self.got - len(self.missing) - self.nameless
            self.nameless += max(self._unanswered, uncounted)

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
            return await self._below(stubs[0])
        self._asked_ids |= dict.fromkeys(child for more in stubs for child in more.children)
        return await self._more_children([child for more in stubs for child in more.children])

    async def _below(self, more: More) -> list[tuple[str, Thing]]:
        """Return what is below a comment ("continue this thread"): the answer is the tree from that comment on."""
        query = {"comment": more.parent.partition("_")[2], "limit": AT_ONCE, "sort": SORT}
        things: list[tuple[str, Thing]] = []
        answers: list[Flat] = []
        for _ in range(2):
            found = tree_of(await self._asked_for(f"comments/{self.post_id}", query))
            things += found.things
            answers.append(found)
            # An answer without the comment that was asked for, or with nothing below it, is no answer.
            holds_it = any(kind == "t1" and data["name"] == more.parent for kind, data in found.things)
            below = [one for one in found.things if one[1].get("parent_id") == more.parent]
            goes_on = not more.is_sure or any(kind == "t1" or data.get("children") for kind, data in below)
            if holds_it and goes_on and not found.unreadable:
                return things
        if holds_it and goes_on:
            self._lacks(answers)
        else:
            self._unanswered += max(more.count, 1)
            self.nameless_since.append(self._promises.made(more.parent))
        return things

    def _lacks(self, answers: list[Flat], *, most: bool = False) -> None:
        """Count what was unreadable in all answers to one question; of the whole post it is `most` at one time."""
        fewest = min(answers, key=lambda one: one.unreadable, default=Flat([], 0))
        self.nameless = max(self.nameless, fewest.unreadable) if most else self.nameless + fewest.unreadable
        self.nameless_since += [one.since for one in answers if fewest.unreadable]

    async def _more_children(self, ids: list[str]) -> list[tuple[str, Thing]]:
        form = {
            "link_id": f"t3_{self.post_id}",
            "children": ",".join(ids),
            "sort": SORT,
            "limit_children": "false",
        }
        answers: list[Flat] = []
        for _ in range(2):
            try:
                answer = await self.post("api/morechildren", form)
                found = flat({"data": {"children": answer["json"]["data"]["things"]}})
            except (KeyError, TypeError, Refused) as error:
                if isinstance(error, Refused) and error.is_page:
                    raise
                continue  # no answer; what does not come is asked for by its id
            here = {data.get("name") for _, data in found.things}
            # What is unreadable is first of all what was asked for by its id and did not come.
            unnamed = found.unreadable - sum(f"t1_{one}" not in here for one in ids)
            answers.append(Flat(found.things, max(0, unnamed)))
            if unnamed <= 0:
                break
        self._lacks(answers)
        return [thing for found in answers for thing in found.things]

    async def _by_id(self, ids: list[str]) -> list[tuple[str, Thing]]:
        """Return those of the comments that Reddit gives when it is asked for them by their ids."""
        names = [f"t1_{one}" for one in ids]
        answer = await self._asked_for("api/info", {"id": ",".join(names)})
        return [
            (kind, data)
            for kind, data in things_of(answer)
            if kind == "t1" and data["name"] in names and data.get("link_id") in (None, f"t3_{self.post_id}")
        ]

    def _may_hide(self, found: list[tuple[str, Thing]]) -> list[More]:
        """Return the places below comments that came by their ids: such an answer does not say what is below them.

        Nothing is looked for where all that the stub counted has come.
        """
        names = self._promises.unkept_of(data["name"] for _, data in found)
        return [More(name, (), 0, is_sure=False) for name in names]

    async def _asked_for(self, path: str, query: Mapping[str, object]) -> Any:
        """Return the answer to a question for single comments; None if it is refused, which says nothing of others."""
        try:
            return await self.get(path, query)
        except Refused as refused:
            if refused.is_page:
                raise
            return None

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
            self._promises.came(name, data)
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
        rest = dict(list(self._orphans.items())[: None if self.wanted is None else self.wanted - self.got])
        self.got += len(rest)
        return [(data, None) for data in rest.values()]

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
        children = (
            [child.removeprefix("t1_") for child in ids if isinstance(child, str)] if isinstance(ids, list) else []
        )
        parent, total = str(data.get("parent_id")), count if isinstance(count, int) else len(children)
        self._promises.promised(children, total)
        for start in range(0, max(len(children), 1), COMMENTS_AT_ONCE):
            part = tuple(children[start : start + COMMENTS_AT_ONCE])
            more = More(parent, part, max(len(part), total * len(part) // max(len(children), 1)))
            # Skip those requested once already: Reddit does not give them, and the requests would never end.
            if more.children or parent.startswith("t1_"):
                key = More(parent, part, 0)
                if key not in self._asked:
                    self._asked.add(key)
                    self._left_out.append(more)
