"""The contradictions of the sandbox's Telegram, by name: answers that look whole, and do not fit each other.

Nothing here refuses anything. Each is alone or together with all others and with the faults; who meets it is chosen by
the seed (``plan.py``). `World.withheld` lists what cannot be had for them, and ``stats()["telegram"]["delivered"]``
counts how often a client met each.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from telethon.tl import types

from .faults import Kind, TelegramCall
from .plan import OTHER_NAME
from .stock import Sent, Stock

Go = Callable[[], Any]
Act = Callable[[TelegramCall, Go, Stock], Any]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`on` names the kinds of calls it meets; `act` gives the answer."""

    name: str
    does: str
    on: frozenset[str]
    act: Act


CONTRADICTIONS: dict[str, Contradiction] = {}


def contradiction(*on: Kind) -> Callable[[Act], Act]:
    """Register a function as the contradiction of its name."""

    def register(act: Act) -> Act:
        name: str = getattr(act, "__name__")  # noqa: B009 - a Callable need not have one
        CONTRADICTIONS[name] = Contradiction(name, (act.__doc__ or "").strip(), frozenset(on), act)
        return act

    return register


def contradict(names: Collection[str], call: TelegramCall, stock: Stock, go: Go) -> Any:
    """What `go` answers with the contradictions `names` around it; the first of the table is the outermost."""
    for name, one in reversed(CONTRADICTIONS.items()):
        if name in names and call.kind in one.on:
            go = _around(one.act, call, go, stock)
    return go()


def _around(act: Act, call: TelegramCall, go: Go, stock: Stock) -> Go:
    return lambda: act(call, go, stock)


def _number(call: TelegramCall, what: str) -> int:
    """A number that the seed and `what` give."""
    return zlib.crc32(f"{call.seed}/{what}".encode())


def _nth(call: TelegramCall, what: str) -> int:
    """How many pages of this chat were asked for, this one included; counted once for each fault."""
    count: int = call.memory.get((what, call.chat), 0) + 1
    call.memory[what, call.chat] = count
    return count


@contradiction("pages")
def empty_answer(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """One page of each chat is empty, its first one or its second, though there are messages; asked again, it is not.

    A chat of one page has its first one empty. The count that goes with it is the real one, or none.
    """
    answer = go()
    long = len(stock.rooms[int(call.chat)].ids) > call.page_cap if call.chat.lstrip("-").isdigit() else False
    turn = 1 + (_number(call, "empty_answer") % 2 if long else 0)
    if answer.messages and _nth(call, "empty_answer") == turn:
        answer.messages = []
        if hasattr(answer, "count") and _number(call, "count of nothing") % 2:
            answer.count = 0
        call.delivered["empty_answer"] += 1
    return answer


@contradiction("pages")
def uneven_pages(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """A chat's first page, and half of the others, hold fewer messages than asked for, though there are more.

    What is left out lies furthest from the offset; the pages of basic groups and people stay as they are.
    """
    answer = go()
    messages = answer.messages
    hit = _nth(call, "uneven_pages") == 1 or _number(call, call.key) % 2
    if hit and len(messages) > 1 and isinstance(answer, types.messages.ChannelMessages):
        fewer = 1 + _number(call, f"fewer {call.key}") % (len(messages) // 2)
        answer.messages = messages[fewer:] if call.upwards else messages[:-fewer]
        call.delivered["uneven_pages"] += 1
    return answer


@contradiction("pages", "other")
def lying_counts(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """The count of messages, or chats, that comes with a page is wrong, and changes from page to page."""
    answer = go()
    real = getattr(answer, "count", None)
    if real and isinstance(
        answer, types.messages.ChannelMessages | types.messages.MessagesSlice | types.messages.DialogsSlice
    ):
        lies = [lie for lie in (len(getattr(answer, "dialogs", answer.messages)), real // 2, real + 50) if lie != real]
        answer.count = lies[_number(call, f"count {call.key}") % len(lies)]
        call.delivered["lying_counts"] += 1
    return answer


@contradiction("pages", "by_id", "other")
def newer_layer(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """Some messages carry an object of a later layer, whose constructor no client of today knows.

    The whole answer with such a message is unreadable for a client that does not know where the object ends.
    """
    answer = go()
    sent = [one for one in getattr(answer, "messages", None) or () if isinstance(one, Sent)]
    call.delivered["newer_layer"] += any(one.newer for one in sent)
    return answer


@contradiction("pages")
def vanishing_messages(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """Some messages are deleted as soon as the main chat's first page was given: of that page, and of later ones."""
    main = _is_main(call, stock)
    if main and _nth(call, "vanishing_messages") > 1:
        call.delivered["vanishing_messages"] += bool(stock.plan.doomed)
    answer = go()
    if main and call.once("messages vanish"):
        for id_ in stock.plan.doomed:
            stock.delete(id_)
            stock.plan.keep_back(id_, "vanishing_messages")
    return answer


@contradiction("pages")
def arriving_messages(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """The three newest messages of the main chat are written when its first page was given: all others move down."""
    answer = go()
    if _is_main(call, stock):
        call.delivered["arriving_messages"] += 1
        stock.arrive()
    return answer


@contradiction("pages", "by_id")
def mended_messages(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """Some messages of the main chat are edited when its first page was given: later answers have other words."""
    answer = go()
    main = _is_main(call, stock)
    if main and stock.plan.edited:
        ids = {one.id for one in answer.messages}
        call.delivered["mended_messages"] += bool(ids & stock.plan.edits.keys())
    elif main and call.kind == "pages" and answer.messages:
        stock.edit()
    return answer


@contradiction("other")
def two_names(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """Project Apollo has two public names, and ``username`` is empty: both stand in ``usernames`` alone."""
    answer = go()
    chats = [chat.data for chat in getattr(answer, "chats", None) or () if isinstance(chat, Sent)]
    whole = getattr(answer, "chats", None) or ()
    named = any(getattr(chat, "usernames", None) for chat in whole) or any(OTHER_NAME.encode() in one for one in chats)
    call.delivered["two_names"] += named
    return answer


def _is_main(call: TelegramCall, stock: Stock) -> bool:
    return call.chat.lstrip("-").isdigit() and int(call.chat) == stock.plan.main


@contradiction("other")
def one_title(call: TelegramCall, go: Go, stock: Stock) -> Any:
    """The group that Project Apollo was, before it became a supergroup, has its title: two chats of one name."""
    answer = go()
    titles = [getattr(chat.chat.entity, "title", "") for chat in stock.by_activity]
    lists = isinstance(answer, types.messages.Dialogs | types.messages.DialogsSlice)
    call.delivered["one_title"] += lists and len(set(titles)) < len(titles)
    return answer
