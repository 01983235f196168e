"""Reddit's comment threads, as its API gives them: the best comments, and stubs for the others."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heappop, heappush
from typing import Any

from .listings import listing, thing

Thing = dict[str, Any]
MOST = 200  # comments in an answer, at most
DEEPEST = 10  # levels in an answer
_HONEST, _FEW = 0.6, 5  # of more than a few comments Reddit gives fewer than it is asked for


class Thread:
    """The comments of one post; those that are `only_named` stay behind stubs."""

    def __init__(self, post: str, comments: list[Thing], only_named: Collection[str] = ()) -> None:
        self._post, self._only_named = post, only_named
        self._all = {comment["name"]: comment for comment in comments}
        self._below: dict[str, list[Thing]] = {}
        for comment in comments:
            self._below.setdefault(comment["parent_id"], []).append(comment)
        self._deepest = DEEPEST

    def tree(self, limit: int, root: str | None, depth: int = DEEPEST) -> Thing:
        """The nested Listing of a thread, or of what is at and below the comment `root`, `depth` levels of it."""
        self._deepest = min(max(depth, 1), DEEPEST)
        roots = self._below.get(self._post, []) if root is None else [self._all[root]] if root in self._all else []
        there = sum(1 + self._size(root["name"]) for root in roots)
        wanted = min(limit, MOST, there)
        taken = self._best(roots, wanted if wanted <= _FEW else int(wanted * _HONEST))
        return listing(self._nested(self._post if root is None else "", roots, taken, 0))

    def expansion(self, ids: list[str], depth: int = DEEPEST) -> list[Thing]:
        """The flat answer to a stub: the comments asked for, some of what is below them, and stubs for the rest."""
        self._deepest = min(max(depth, 1), DEEPEST)
        names = [f"t1_{id_}" for id_ in ids[:100]]
        roots = [self._all[name] for name in names if name in self._all and name not in self._only_named]
        taken = self._best(roots, max(len(roots), int(100 * _HONEST)))
        flat: list[Thing] = []
        rest = self._nested("", roots, taken, 0)[::-1]
        while rest:
            one = rest.pop()
            replies = one["data"].get("replies")
            flat.append(one if not replies else thing(one["kind"], {**one["data"], "replies": ""}))
            rest += replies["data"]["children"][::-1] if replies else []
        return flat

    def _best(self, roots: list[Thing], most: int) -> dict[str, int]:
        """The best comments from `roots` down, never one without its parent, and how deep each is below them."""
        heap: list[tuple[int, int, str, int]] = []
        taken: dict[str, int] = {}
        for one in roots:
            heappush(heap, (-one["score"], len(heap), one["name"], 0))
        number = len(heap)
        while heap and len(taken) < most:
            _, _, name, depth = heappop(heap)
            if name in self._only_named:
                continue
            taken[name] = depth
            for one in self._below.get(name, ()) if depth + 1 < self._deepest else ():
                number += 1
                heappush(heap, (-one["score"], number, one["name"], depth + 1))
        return taken

    def _nested(self, parent: str, siblings: list[Thing], taken: dict[str, int], depth: int) -> list[Thing]:
        things = []
        for one in siblings:
            if one["name"] in taken:
                below = self._nested(one["name"], self._below.get(one["name"], []), taken, depth + 1)
                things.append(thing("t1", {**one, "depth": depth, "replies": listing(below) if below else ""}))
        left = [one for one in siblings if one["name"] not in taken]
        if left:
            things.append(self._stub(parent or left[0]["parent_id"], left, depth))
        return things

    def _stub(self, parent: str, left: list[Thing], depth: int) -> Thing:
        if depth >= self._deepest:  # "continue this thread"
            return thing(
                "more", {"count": 0, "name": "t1__", "id": "_", "parent_id": parent, "depth": depth, "children": []}
            )
        count = sum(1 + self._size(one["name"]) for one in left)
        stub = {"count": count, "name": left[0]["name"], "id": left[0]["id"], "parent_id": parent, "depth": depth}
        return thing("more", {**stub, "children": [one["id"] for one in left]})

    def _size(self, name: str) -> int:
        """How many comments there are below one."""
        rest, count = [name], -1
        while rest:
            count += 1
            rest += [one["name"] for one in self._below.get(rest.pop(), ())]
        return count
