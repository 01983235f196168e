"""What changes in the sandbox's Reddit while a client reads: contradictions between an answer and a later one.

They are switched on, counted and told of like those in ``contradictions.py``, which has them in its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..calls import Answer, Call
from ..fault import Act, Fault, Go, registered
from .plan import EDITED_AT, Plan

CHANGES: dict[str, Fault] = {}
LISTS = ("listing", "search")
MOST_ON_A_PAGE = 10
_BY_RANK = ("hot", "top", "rising", "controversial", "comments", "relevance")

Thing = dict[str, Any]


def change(*on: str) -> Callable[[Act], Act]:
    """Register a function as the contradiction of its name."""
    return registered(CHANGES, on, "none")


def plan_of(call: Call) -> Plan:
    """Who meets what."""
    plan: Plan = call.memory["plan"]
    return plan


def things_in(answer: Answer) -> list[Any]:
    """The things at the top of an answer: posts, or what an expansion gives."""
    payload = answer.payload
    if answer.status != 200 or payload is None:
        return []
    if isinstance(payload, list):
        payload = payload[0]
    things: list[Any] = payload["json"]["data"]["things"] if "json" in payload else payload["data"]["children"]
    return things


def names_of(things: Iterable[Any]) -> list[str]:
    """The fullnames of those things that have one."""
    return [one["data"]["name"] for one in things if one is not None and "name" in one["data"]]


@change(*LISTS)
def reddit_short_pages(call: Call, go: Go) -> Answer:
    """No page of a list holds more than ten posts, whatever is asked for; its cursor leads on."""
    asked = call.query.get("limit", "25")
    if asked.isdigit() and int(asked) > MOST_ON_A_PAGE:
        call.query = {**call.query, "limit": str(MOST_ON_A_PAGE)}
        call.delivered["reddit_short_pages"] += 1
    return go(call)


@change(*LISTS, "info", "comments")
def reddit_new_posts(call: Call, go: Go) -> Answer:
    """Three posts come into the lists when the first page of one was given: two are new, one was held back till then.

    The two stand above all others, the third where its time is: behind what has been given, or before it.
    """
    answer, plan = go(call), plan_of(call)
    named = names_of(things_in(answer))
    call.delivered["reddit_new_posts"] += bool(plan.arrived.intersection(named))
    if call.kind in LISTS and named and plan.arriving:
        call.delivered["reddit_new_posts"] += 1
        plan.arrive()
    return answer


@change("comments", "morechildren", "info")
def reddit_new_comments(call: Call, go: Go) -> Answer:
    """Some comments are written when their thread was given for the first time: only who asks for it again has them."""
    answer, plan = go(call), plan_of(call)
    if call.kind == "comments" and answer.status == 200:
        written = {name for name, post in plan.unwritten.items() if post == call.last}
        call.delivered["reddit_new_comments"] += bool(written)
        for name in written:
            del plan.unwritten[name]
    return answer


@change(*LISTS, "comments", "info")
def reddit_edited_posts(call: Call, go: Go) -> Answer:
    """A third of the posts with words are edited when a list first named them: their threads say something else."""
    answer, plan = go(call), plan_of(call)
    for one in things_in(answer):
        name = one["data"].get("name") if one is not None else None
        if name not in plan.edited:
            continue
        if name in plan.shown:
            one["data"] = one["data"] | {"selftext": plan.edited[name], "edited": EDITED_AT.timestamp()}
            call.delivered["reddit_edited_posts"] += 1
        plan.shown.add(name)
    return answer


@change(*LISTS)
def reddit_ranks_move(call: Call, go: Go) -> Answer:
    """In a list by rank the post that comes next rises to the top while a page is read: no later page has it."""
    path, query = call.path, dict(call.query)
    sort = query.get("sort") or path.rstrip("/").rpartition("/")[2]
    if sort not in _BY_RANK and path.count("/") != 2:  # /r/name alone is hot
        return go(call)
    risen: list[Any] = call.memory.setdefault(("risen", path, query.get("t"), query.get("q")), [])
    answer = go(call)
    children = things_in(answer)
    if not children:
        return answer
    names = names_of(risen)
    others = [one for one in children if not set(names_of([one])) & {*names}]
    call.delivered["reddit_ranks_move"] += len(others) < len(children)
    children[:] = others if query.get("after") else [*risen, *others][: len(children)]
    after = answer.payload["data"]["after"]
    if after is not None:
        call.query = {**query, "after": after, "limit": "1"}
        risen[:0] = [one for one in things_in(go(call)) if not {*names_of([one])} & {*names}]
        call.query = query
    return answer


@change("picture")
def reddit_copy_elsewhere(call: Call, go: Go) -> Answer:
    """Half of the pictures that posts link are gone from there: 404; Reddit's own signed copies are not."""
    if call.path in plan_of(call).copied:
        call.delivered["reddit_copy_elsewhere"] += 1
        return Answer(404, body=b"")
    return go(call)
