"""The contradictions of the sandbox's Reddit, by name: answers that look whole, and do not fit each other.

Nothing here refuses anything, so that only who checks one answer against another notices. Each is alone or together
with all others and with the faults; who meets it is chosen by the seed (``plan.py``), among the posts of r/apollo and
their comments. `World.withheld` lists what cannot be had for them, and ``stats()["reddit"]["delivered"]`` counts how
often a client met each.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from ..calls import Answer, Call
from ..fault import Act, Fault, Go, chosen, registered
from .changes import CHANGES, LISTS, names_of, plan_of, things_in
from .listings import thing

CONTRADICTIONS: dict[str, Fault] = {**CHANGES}
OLD_NAME = "apollo_archive"  # of r/apollo, with reddit_redirected_name
_NAMELESS = {"body": "", "title": "", "selftext": "", "author": "[deleted]", "created_utc": None}
_FIRST_CURSORS = 2  # of one list die at most, so that who begins anew comes to an end

Thing = dict[str, Any]


def contradiction(*on: str) -> Callable[[Act], Act]:
    """Register a function as the contradiction of its name."""
    return registered(CONTRADICTIONS, on, "none")


# Lists


@contradiction(*LISTS, "info", "comments")
def reddit_cursor_dies(call: Call, go: Go) -> Answer:
    """The post that ends a page is removed from the lists as soon as that page is given; behind it, there is nothing.

    The first page's always, one in three of the later ones. By its id it is there, as a removed one.
    """
    plan, asked = plan_of(call), call.query.get("after", "")
    answer = go(call)
    if call.kind not in LISTS:
        for one in things_in(answer):
            if one is not None and one["data"].get("name") in plan.removed:
                gone = {"removed_by_category": "moderator", "is_robot_indexable": False}
                one["data"] = one["data"] | gone | ({"selftext": "[removed]"} if one["data"]["is_self"] else {})
        return answer
    call.delivered["reddit_cursor_dies"] += asked in plan.removed
    after = answer.payload["data"]["after"] if things_in(answer) else None
    if after is not None:
        first = f"first cursors of {call.path} {call.query.get('q', '')}"
        dies = call.memory.get(first, 0) < _FIRST_CURSORS if not asked else after in _unlucky(call)
        call.memory[first] = call.memory.get(first, 0) + (not asked)
        if dies:
            plan.remove(after)
    return answer


def _unlucky(call: Call) -> set[str]:
    unlucky: set[str] | None = call.memory.get("unlucky cursors")
    if unlucky is None:
        posts: list[str] = call.memory["posts"]
        unlucky = call.memory["unlucky cursors"] = set(chosen(call.memory["seed"], "reddit_cursor_dies", posts, 3))
    return unlucky


@contradiction(*LISTS)
def reddit_list_ends_early(call: Call, go: Go) -> Answer:
    """Lists and searches end after 245 or 673 posts, of fewer after two thirds, as if there were no more."""
    answer = go(call)
    if things_in(answer) and answer.payload["data"]["after"] is None:
        call.delivered["reddit_list_ends_early"] += bool(plan_of(call).unlisted)
    return answer


@contradiction("listing")
def reddit_pinned_old(call: Call, go: Go) -> Answer:
    """The oldest post is pinned: it stands above the newest, on the first page of each list of r/apollo."""
    answer, plan = go(call), plan_of(call)
    children = things_in(answer)
    if plan.pinned and children and not call.query.get("after"):
        posts: dict[str, Thing] = call.memory["posts"]
        children[:] = [thing("t3", posts[plan.pinned]), *(one for one in children if names_of([one]) != [plan.pinned])]
        answer.payload["data"]["dist"] = len(children)
        call.delivered["reddit_pinned_old"] += 1
    return answer


@contradiction("listing", "about", "search")
def reddit_redirected_name(call: Call, go: Go) -> Answer:
    """r/apollo_archive is what r/apollo was called: 302 to the same place of r/apollo."""
    pieces = call.path.strip("/").split("/")
    if len(pieces) > 1 and pieces[0] == "r" and pieces[1].lower() == OLD_NAME:
        call.delivered["reddit_redirected_name"] += 1
        return Answer(302, headers={"Location": f"/{'/'.join(['r', 'apollo', *pieces[2:]])}"})
    return go(call)


@contradiction(*LISTS, "comments")
def reddit_counts_none(call: Call, go: Go) -> Answer:
    """A third of the posts with comments say that they have none, wherever they are shown."""
    return _with_counts("reddit_counts_none", call, go)


@contradiction(*LISTS, "comments")
def reddit_counts_more(call: Call, go: Go) -> Answer:
    """A third of the posts count seven comments more than there are, wherever they are shown."""
    return _with_counts("reddit_counts_more", call, go)


def _with_counts(fault: str, call: Call, go: Go) -> Answer:
    answer, plan = go(call), plan_of(call)
    for one in things_in(answer):
        lies = one is not None and one["data"].get("name") in plan.miscounted
        call.delivered[fault] += lies and (one["data"]["num_comments"] == 0) == (fault == "reddit_counts_none")
    return answer


@contradiction(*LISTS, "comments", "morechildren")
def reddit_odd_children(call: Call, go: Go) -> Answer:
    """In place of some posts and comments stands a null, or a thing without an id and a name, for ever."""
    answer, plan = go(call), plan_of(call)
    if answer.status != 200 or answer.payload is None:
        return answer
    lists = [answer.payload[1]["data"]["children"]] if call.kind == "comments" else [things_in(answer)]
    while lists:
        children = lists.pop()
        for place, one in enumerate(children):
            if one is None:
                continue
            name, replies = one["data"].get("name", ""), one["data"].get("replies")
            if name in plan.nameless and one["kind"] != "more":
                null = zlib.crc32(name.encode()) >> 8 & 1  # the lowest bit is the same in all that `chosen` takes
                children[place] = None if null else {"kind": one["kind"], "data": {**_NAMELESS}}
                call.delivered["reddit_odd_children"] += 1
            elif replies:
                lists.append(replies["data"]["children"])
    return answer


# Comments


@contradiction("morechildren")
def reddit_stub_late(call: Call, go: Go) -> Answer:
    """Half of the comments that a stub names do not come when they are first asked for; asked again, they do."""
    names = [name for name in call.query.get("children", "").split(",") if name]
    asked: set[str] = call.memory.setdefault("children asked for", set())
    fresh = [name for name in names if name not in asked]
    late = chosen(call.memory["seed"], "reddit_stub_late", fresh, 2)
    asked.update(fresh)
    call.delivered["reddit_stub_late"] += bool(late)
    call.query = {**call.query, "children": ",".join(name for name in names if name not in late)}
    return go(call)


@contradiction("morechildren")
def reddit_stub_by_name(call: Call, go: Go) -> Answer:
    """Some comments are named by stubs and given by no expansion; api/info gives them."""
    plan = plan_of(call)
    return _with_names("reddit_stub_by_name", plan.only_named - plan.lost, call, go)


@contradiction("morechildren")
def reddit_stub_lost(call: Call, go: Go) -> Answer:
    """Some comments are named by stubs and given by nothing, for ever."""
    return _with_names("reddit_stub_lost", plan_of(call).lost, call, go)


def _with_names(fault: str, names: set[str], call: Call, go: Go) -> Answer:
    asked = {f"t1_{id_}" for id_ in call.query.get("children", "").split(",")}
    call.delivered[fault] += len(asked & names)
    return go(call)


@contradiction("comments")
def reddit_comment_elsewhere(call: Call, go: Go) -> Answer:
    """Who asks for one comment gets the whole thread's beginning, or no comment at all, the first time."""
    root = _root(call)
    if not root or root in (seen := call.memory.setdefault("roots asked for", set())):
        return go(call)
    seen.add(root)
    return _elsewhere("reddit_comment_elsewhere", root, call, go)


@contradiction("comments")
def reddit_comment_closed(call: Call, go: Go) -> Answer:
    """In some deep threads who asks for one comment always gets the thread's beginning, or no comment at all."""
    root = _root(call)
    return (
        _elsewhere("reddit_comment_closed", root, call, go) if root and call.last in plan_of(call).closed else go(call)
    )


def _root(call: Call) -> str:
    """The id of the comment that is asked for by itself; empty for a whole thread."""
    pieces = call.path.removesuffix(".json").strip("/").split("/")
    pieces = pieces[pieces.index("comments") :]
    return call.query.get("comment") or (pieces[3] if len(pieces) > 3 else "")


def _elsewhere(fault: str, root: str, call: Call, go: Go) -> Answer:
    pieces = call.path.removesuffix(".json").strip("/").split("/")
    call.path = "/".join(pieces[: pieces.index("comments") + 2])
    call.query = {name: value for name, value in call.query.items() if name != "comment"}
    answer = go(call)
    if answer.status == 200 and isinstance(answer.payload, list):
        call.delivered[fault] += 1
        if zlib.crc32(f"{call.memory['seed']}/{root}".encode()) % 2:
            answer.payload[1]["data"] |= {"children": [], "dist": 0}
    return answer
