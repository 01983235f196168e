"""The contradictions of the sandbox's Webex, by name: answers that look whole, and do not fit each other.

Nothing here refuses anything. Each is alone or together with all others and with the faults; who meets it is chosen by
the seed, among the messages of Project Apollo. `World.withheld` lists what cannot be had for them, and
``stats()["delivered"]`` counts how often a client met each.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..calls import Answer, Call
from ..community.people import END
from ..fault import Act, Fault, Go, chosen, registered
from .records import stamp

CONTRADICTIONS: dict[str, Fault] = {}
_FIRST_ANCHORS = 2  # of one room die at most, so that who begins anew comes to an end
_LATECOMERS = 3
EDITED_AT = END  # while a client reads, as far as the sandbox's time goes
NEW_TITLE = "Project Apollo, second year"  # with renamed_room


@dataclass(slots=True)
class Plan:
    """Ids of messages of the main room, by what becomes of them.

    Attributes
    ----------
    room : str
        The room.
    odd : set of str
        Those in whose place lists hold a null, or an item without an id.
    undated : set of str
        Those without ``created`` in lists.
    unlucky : set of str
        Those that are deleted when a page ends with them.
    unlinked, stale : set of str
        Those behind which a page has no link, or is an old one.
    edits : dict of str to str
        The new words of those that are edited when the room's first page was given, which is `edited`.
    edited : bool
        See `edits`.
    hidden : set of str
        What is in no list now: not written yet, or deleted; changes while clients read.
    gone : set of str
        What was deleted.
    withheld : dict of str to str
        What no client need get: from the id to the name of the fault.
    """

    room: str
    odd: set[str] = field(default_factory=set)
    undated: set[str] = field(default_factory=set)
    unlucky: set[str] = field(default_factory=set)
    unlinked: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    edits: dict[str, str] = field(default_factory=dict)
    edited: bool = False
    hidden: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    withheld: dict[str, str] = field(default_factory=dict)

    def delete(self, id_: str) -> None:
        """Let a message go for ever."""
        self.gone.add(id_)
        self.hidden.add(id_)
        self.withheld[id_] = "empty_anchor"  # whatever else befell it: now nobody can know of it


def plan_for(room: str, ids: Iterable[str], faults: Collection[str], seed: int) -> Plan:
    """Choose for the contradictions among `faults`; `ids` are the room's messages, the oldest first."""
    plan, free = Plan(room), list(ids)

    def some(fault: str, one_in: int) -> set[str]:
        return set(chosen(seed, fault, free, one_in)) if fault in faults else set()

    if "late_messages" in faults:
        plan.hidden = set(free[-_LATECOMERS:][: len(free) - 1 if len(free) <= _LATECOMERS else None])
        plan.withheld |= dict.fromkeys(plan.hidden, "late_messages")
        free = [id_ for id_ in free if id_ not in plan.hidden]
    plan.odd = some("odd_items", 30)
    plan.withheld |= dict.fromkeys(plan.odd, "odd_items")
    free = [id_ for id_ in free if id_ not in plan.odd]
    plan.undated = some("undated_items", 25)
    if "edited_messages" in faults:
        plan.edits = dict.fromkeys(chosen(seed, "edited_messages", free, 5), "Mended: it was the spacer.")
    plan.unlucky, plan.unlinked, plan.stale = some("empty_anchor", 3), some("missing_link", 3), some("stale_page", 3)
    return plan


def contradiction(*on: str) -> Callable[[Act], Act]:
    """Register a function as the contradiction of its name."""
    return registered(CONTRADICTIONS, on, "none")


def plan_of(call: Call) -> Plan:
    """Who meets what."""
    plan: Plan = call.memory["plan"]
    return plan


def _items(call: Call, answer: Answer) -> list[Any]:
    """The messages of a page of the main room."""
    ours = answer.status == 200 and call.query.get("roomId") == plan_of(call).room
    items: list[Any] = answer.payload["items"] if ours and answer.payload is not None else []
    return items


def _anchor(call: Call) -> str:
    return call.query.get("beforeMessage", "")


def _first(call: Call, fault: str) -> bool:
    """Whether the page behind this anchor is the first behind one, since the world began; it stays that page."""
    return bool(_anchor(call)) and call.memory.setdefault(f"first anchor of {fault}", _anchor(call)) == _anchor(call)


@contradiction("messages")
def late_messages(call: Call, go: Go) -> Answer:
    """The three newest messages are written when the first page of their room was given."""
    plan, answer = plan_of(call), go(call)
    if call.query.get("roomId") == plan.room and answer.status == 200:
        late = {id_ for id_, fault in plan.withheld.items() if fault == "late_messages"}
        call.delivered["late_messages"] += late <= plan.hidden
        plan.hidden -= late
    return answer


@contradiction("messages", "message")
def empty_anchor(call: Call, go: Go) -> Answer:
    """A page's last message is deleted when the page was given; behind it there is nothing: 200, and no link.

    The first page's always, one in three of the later ones.
    """
    plan, anchor = plan_of(call), _anchor(call)
    if call.kind == "messages" and anchor in plan.gone:
        call.delivered["empty_anchor"] += 1
        return Answer(payload={"items": []})
    answer = go(call)
    if call.kind == "messages" and _items(call, answer) and "next" in answer.links:
        last = answer.links["next"].rpartition("beforeMessage=")[2]
        first = call.memory.setdefault("first anchors", set())
        if last in plan.unlucky if anchor else len(first) < _FIRST_ANCHORS:
            plan.delete(last)
            first |= set() if anchor else {last}
    return answer


@contradiction("messages")
def missing_link(call: Call, go: Go) -> Answer:
    """The first page behind an anchor, and behind one in three of the others, has no link, though there is more."""
    answer = go(call)
    bare = _items(call, answer) and (_first(call, "missing_link") or _anchor(call) in plan_of(call).unlinked)
    if bare and "next" in answer.links:
        answer.links = {}
        call.delivered["missing_link"] += 1
    return answer


@contradiction("messages")
def stale_page(call: Call, go: Go) -> Answer:
    """The first page behind an anchor, and one in three of the others, is the one before it once more, without a link.

    Asked again, it is the right one.
    """
    # By the message that a page ended with: a client may read several ranges of a room at once.
    pages: dict[str, list[Any]] = call.memory.setdefault("pages by their last", {})
    asked = call.memory.setdefault("anchors asked for", set())
    before = pages.get(_anchor(call))
    hit = before is not None and (_first(call, "stale_page") or _anchor(call) in plan_of(call).stale)
    if before is not None and hit and _anchor(call) not in asked:
        asked.add(_anchor(call))
        call.delivered["stale_page"] += 1
        return Answer(payload={"items": list(before)})
    answer = go(call)
    items = _items(call, answer)
    if items and "next" in answer.links:
        pages[answer.links["next"].rpartition("beforeMessage=")[2]] = list(items)
    return answer


@contradiction("messages")
def odd_items(call: Call, go: Go) -> Answer:
    """In place of some messages stands a null, or an item without its id, for ever."""
    answer = go(call)
    items = _items(call, answer)
    for place, item in enumerate(items):
        if item is not None and item.get("id") in plan_of(call).odd:
            bare = {name: value for name, value in item.items() if name != "id"}
            items[place] = bare if _is_bare(item["id"]) else None
            call.delivered["odd_items"] += 1
    return answer


def _is_bare(id_: str) -> bool:
    """Whether an odd item lacks its id only. By its ninth bit: the lowest is the same in all that `chosen` takes."""
    return bool(zlib.crc32(id_.encode()) >> 8 & 1)


@contradiction("messages")
def undated_items(call: Call, go: Go) -> Answer:
    """Some messages have no ``created`` in a list; asked for by their ids they do."""
    answer = go(call)
    for item in _items(call, answer):
        if item is not None and item.get("id") in plan_of(call).undated:
            call.delivered["undated_items"] += item.pop("created", None) is not None
    return answer


@contradiction("messages", "message")
def edited_messages(call: Call, go: Go) -> Answer:
    """Some messages are edited when the first page of their room was given: later answers have other words."""
    plan, answer = plan_of(call), go(call)
    items = _items(call, answer) if call.kind == "messages" else [answer.payload] if call.last in plan.edits else []
    for item in items if plan.edited else ():
        if item is not None and item.get("id") in plan.edits:
            for name in ("html", "markdown", "attachments"):
                item.pop(name, None)
            item |= {"text": plan.edits[item["id"]], "updated": stamp(EDITED_AT)}
            call.delivered["edited_messages"] += 1
    plan.edited = plan.edited or bool(items)
    return answer


@contradiction("rooms", "room")
def renamed_room(call: Call, go: Go) -> Answer:
    """The main room has another title from the second answer on that tells one."""
    answer, plan = go(call), plan_of(call)
    payload = answer.payload or {}
    for item in payload.get("items", [payload]):
        if item.get("id") == plan.room and answer.status == 200:
            if call.memory.get("title told"):
                item["title"] = NEW_TITLE
                call.delivered["renamed_room"] += 1
            call.memory["title told"] = True
    return answer


@contradiction("messages")
def before_ignored(call: Call, go: Go) -> Answer:
    """Who asks for a `max` gets the newest messages, whatever `before` says."""
    if "before" in call.query and "max" in call.query:
        call.query = {name: value for name, value in call.query.items() if name != "before"}
        call.delivered["before_ignored"] += 1
    return go(call)
