"""What proves that a chat has no older message: neither an empty answer, nor a counter, nor a short page."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from help.telegram_chats import fetch
from telethon.tl import types

import chatframes as cf
from chatframes.errors import ServiceError
from chatframes.model import ListEnded, Window
from chatframes.sources.telegram.ends import PAGE_SIZE
from chatframes.sources.telegram.history import History
from chatframes.sources.telegram.spans import Piece
from chatframes.windows import EPOCH
from chatframes.world.telegram.methods import Methods

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Window(EPOCH, END)
EMPTY: list[Any] = []


@dataclass
class Liar:
    """A chat whose server answers as Telegram does, except for what `lie` makes of an answer."""

    entries: Sequence[int]  # ids; each message is an hour after the one before
    lie: Callable[[Liar, list[Any], dict[str, Any]], list[Any]] = lambda self, found, asked: found
    count: int | None = None  # what the counter says
    dense: bool = True
    gives_by_id: bool = True
    answers: dict[int, int] = field(default_factory=dict)  # by the id of the reply: the id of the message it answers
    lies: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    asked_by_id: int = 0

    def message(self, id_: int) -> Any:
        when = START + timedelta(hours=list(self.entries).index(id_) + 1)
        reply = types.MessageReplyHeader(reply_to_msg_id=self.answers[id_]) if id_ in self.answers else None
        return types.Message(id_, peer_id=types.PeerChat(1), date=when, message="", reply_to=reply)

    def plainly(self, asked: dict[str, Any]) -> list[Any]:
        all_ = [self.message(id_) for id_ in sorted(self.entries, reverse=True)]
        above = [
            m
            for m in all_
            if (m.id >= asked["offset_id"] if asked["offset_id"] else False)
            or (not asked["offset_id"] and asked["offset_date"] is not None and m.date >= asked["offset_date"])
        ]
        first = len(above) + asked["add_offset"]
        return all_[max(first, 0) : max(first + min(asked["limit"], PAGE_SIZE), 0)]

    async def ask(
        self, *, offset_id: int = 0, offset_date: datetime | None = None, add_offset: int = 0, limit: int = PAGE_SIZE
    ) -> Any:
        asked = {"offset_id": offset_id, "offset_date": offset_date, "add_offset": add_offset, "limit": limit}
        self.asked.append(asked)
        await asyncio.sleep(0)
        right = self.plainly(asked)
        told = self.lie(self, right, asked)
        self.lies += [m.id for m in told] != [m.id for m in right]
        count = len(self.entries) if self.count is None else self.count
        return types.messages.MessagesSlice(count=count, messages=told, topics=[], chats=[], users=[])

    async def by_id(self, ids: Sequence[int]) -> dict[int, Any]:
        self.asked_by_id += 1
        return {id_: self.message(id_) for id_ in ids if id_ in self.entries and self.gives_by_id}


@dataclass
class Reading:
    ids: set[int]
    pieces: list[Piece]
    ended: ListEnded | None
    failure: ServiceError | None

    @property
    def complete(self) -> bool:
        return self.ended is None and self.failure is None


def read(
    liar: Liar, window: Window = ALL, *, limit: int | None = None, streams: int = 5, compare: bool = True
) -> Reading:
    history = History(liar.ask, liar.dense, streams, 7, limit, lambda total: None, liar.by_id, compare)
    pieces: list[Piece] = []
    failure = None

    async def collect() -> None:
        async for piece in history.pieces(window):
            pieces.append(piece)

    try:
        asyncio.run(collect())
    except ServiceError as error:
        failure = error
    ids = {m.id for piece in pieces for m in piece.messages if window.since <= m.date < window.until}
    return Reading(ids, pieces, history.ended, failure)


def first_time(what: Callable[[Liar, list[Any], dict[str, Any]], bool]) -> Any:
    """A lie told once: an empty answer where `what` is so."""
    told: list[bool] = []

    def lie(liar: Liar, found: list[Any], asked: dict[str, Any]) -> list[Any]:
        if not told and what(liar, found, asked):
            told.append(True)
            return EMPTY
        return found

    return lie


def empty_below(edge: int) -> Any:
    """A lie told always: nothing below an id is given in a list."""
    return lambda liar, found, asked: [m for m in found if m.id >= edge]


SIZES = [60, 100, 101, 350]
DENSE = [True, False]


def spread(size: int, dense: bool) -> range:
    return range(11, 11 + size) if dense else range(1000, 1000 + 7 * size, 7)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dense", DENSE)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_one_empty_answer_is_no_end_wherever_it_comes(size: int, dense: bool, nth: int) -> None:
    calls = iter(range(1, 10_000))
    liar = Liar(spread(size, dense), lambda self, found, asked: EMPTY if next(calls) == nth else found, dense=dense)
    reading = read(liar)
    assert reading.complete
    assert reading.ids == set(liar.entries)


@pytest.mark.parametrize("size", SIZES)
def test_a_list_that_ends_early_goes_on_by_id_where_the_chat_numbers_its_own(size: int) -> None:
    liar = Liar(spread(size, True), empty_below(11 + size // 2))
    reading = read(liar)
    assert liar.lies
    assert reading.ids == set(liar.entries)
    assert reading.complete


@pytest.mark.parametrize("size", SIZES)
def test_where_ids_do_not_help_a_list_that_ends_early_is_open(size: int) -> None:
    liar = Liar(spread(size, False), empty_below(1000 + 7 * (size // 2)), dense=False)
    reading = read(liar)
    assert liar.lies
    assert reading.ids < set(liar.entries)
    assert reading.ended is not None
    assert reading.ended.known_from == liar.message(min(reading.ids)).date


@pytest.mark.parametrize("dense", DENSE)
@pytest.mark.parametrize("count", [0, 1, 99, 150])
def test_a_counter_that_is_too_small_ends_nothing(dense: bool, count: int) -> None:
    liar = Liar(spread(350, dense), count=count, dense=dense)
    reading = read(liar)
    assert reading.complete
    assert reading.ids == set(liar.entries)


@pytest.mark.parametrize("size", SIZES)
def test_a_counter_that_is_too_big_is_found_out_by_id(size: int) -> None:
    liar = Liar(spread(size, True), count=5000)
    reading = read(liar)
    assert reading.complete
    assert reading.ids == set(liar.entries)


def test_a_counter_that_is_too_big_leaves_open_what_no_id_can_prove_and_nothing_where_the_range_is_passed() -> None:
    liar = Liar(spread(350, False), count=5000, dense=False)
    assert read(liar).ended is not None
    assert read(liar, Window(START + timedelta(hours=100), END)).complete


def test_messages_left_out_in_the_middle_come_by_id_when_the_counter_knows_them() -> None:
    hidden = {50, 120, 121, 300}
    liar = Liar(range(1, 351), lambda self, found, asked: [m for m in found if m.id not in hidden])
    reading = read(liar)
    assert reading.ids == set(liar.entries)
    assert reading.complete


@pytest.mark.parametrize("hidden", [{350}, {349, 350}, {101, 300, 350}])
def test_the_newest_messages_come_by_id_when_lists_leave_them_out(hidden: set[int]) -> None:
    liar = Liar(range(1, 351), lambda self, found, asked: [m for m in found if m.id not in hidden])
    assert read(liar).ids == set(liar.entries)


def test_messages_left_out_of_a_range_come_by_id_when_few_are_lacking() -> None:
    hidden = {210, 260, 261, 300}
    liar = Liar(range(1, 351), lambda self, found, asked: [m for m in found if m.id not in hidden])
    window = Window(START + timedelta(hours=200), END)
    reading = read(liar, window)
    assert reading.ids == {id_ for id_ in liar.entries if liar.message(id_).date >= window.since}
    assert reading.complete


@pytest.mark.parametrize("lacking", [90, 400, 600])
def test_messages_left_out_of_a_range_come_by_id_though_many_others_were_deleted(lacking: int) -> None:
    entries = [id_ for id_ in range(1, 1200) if id_ % (1200 // lacking)]
    hidden = set(entries[400:403])
    liar = Liar(entries, lambda self, found, asked: [m for m in found if m.id not in hidden])
    window = Window(liar.message(entries[100]).date, END)
    assert read(liar, window).ids == set(entries[100:])
    assert liar.asked_by_id == 1


@pytest.mark.parametrize("since", [EPOCH, START + timedelta(hours=30)])
@pytest.mark.parametrize("count", [None, 40, 5000])
def test_where_ids_are_the_accounts_a_message_that_a_reply_names_is_asked_for(
    since: datetime, count: int | None
) -> None:
    entries = list(spread(350, False))
    hidden = entries[200]
    liar = Liar(
        entries,
        lambda self, found, asked: [m for m in found if m.id != hidden],
        count=count,
        dense=False,
        answers={entries[300]: hidden},
    )
    reading = read(liar, Window(since, END))
    assert hidden in reading.ids
    assert liar.asked_by_id == 1


def test_a_message_that_was_answered_and_then_deleted_is_asked_for_once_and_is_no_hole() -> None:
    entries = list(spread(350, False))
    liar = Liar([id_ for id_ in entries if id_ != entries[200]], dense=False, answers={entries[300]: entries[200]})
    reading = read(liar, Window(START + timedelta(hours=30), END))
    assert reading.complete
    assert liar.asked_by_id == 1


@pytest.mark.parametrize("stream", [1, 5])
def test_a_page_from_an_older_answer_is_asked_for_again(stream: int) -> None:
    kept: list[list[Any]] = []
    told: list[int] = []

    def stale(liar: Liar, found: list[Any], asked: dict[str, Any]) -> list[Any]:
        kept.append(found)
        if len(kept) in (3, 4):
            told.append(1)
            return kept[0]
        return found

    liar = Liar(range(1, 901), stale)
    reading = read(liar, streams=stream)
    assert told
    assert reading.complete
    assert reading.ids == set(liar.entries)


def test_a_server_that_always_gives_the_same_page_is_said_and_not_believed() -> None:
    kept: list[list[Any]] = []

    def same(liar: Liar, found: list[Any], asked: dict[str, Any]) -> list[Any]:
        kept.append(found)
        return kept[0]

    reading = read(Liar(range(500, 900), same))
    assert reading.failure is not None
    assert not reading.complete


@pytest.mark.parametrize("dense", DENSE)
@pytest.mark.parametrize("limit", [20, 50, 130])
def test_with_a_limit_only_what_lies_inside_the_range_is_counted(dense: bool, limit: int) -> None:
    def ignores_the_date(liar: Liar, found: list[Any], asked: dict[str, Any]) -> list[Any]:
        return liar.plainly({**asked, "offset_date": None}) if asked["offset_date"] else found

    liar = Liar(spread(350, dense), ignores_the_date, dense=dense)
    until = START + timedelta(hours=200)
    reading = read(liar, Window(EPOCH, until), limit=limit)
    inside = [id_ for id_ in liar.entries if liar.message(id_).date < until]
    assert liar.lies
    assert reading.ids == set(inside[-limit:])
    assert reading.complete


@pytest.mark.parametrize("dense", DENSE)
def test_a_page_from_the_wrong_place_proves_no_lower_end(dense: bool) -> None:
    """The oldest page of a range comes from the chat's top: the range is read downward, and whole."""

    def from_the_top(liar: Liar, found: list[Any], asked: dict[str, Any]) -> list[Any]:
        return (
            liar.plainly({**asked, "offset_id": 0, "offset_date": None, "add_offset": 0})
            if asked["add_offset"]
            else found
        )

    liar = Liar(spread(700, dense), from_the_top, dense=dense)
    window = Window(START + timedelta(hours=50), END)
    reading = read(liar, window)
    assert reading.ids == {id_ for id_ in liar.entries if liar.message(id_).date >= window.since}


@pytest.mark.parametrize("dense", DENSE)
@pytest.mark.parametrize("count", [0, 12])
def test_an_empty_chat_is_asked_twice_and_believed_when_its_counter_agrees(dense: bool, count: int) -> None:
    liar = Liar([], count=count, dense=dense)
    reading = read(liar)
    assert len(liar.asked) >= 2
    assert (reading.ended is None) == (count == 0)


def test_a_naive_reader_loses_in_each_of_these() -> None:
    """The negative control: who stops at an empty answer, or at the counter, has a hole."""

    async def naive(liar: Liar, by_counter: bool) -> set[int]:
        got: set[int] = set()
        above = 0
        while True:
            answer = await liar.ask(offset_id=above)
            if not answer.messages or (by_counter and len(got) >= answer.count):
                return got
            got |= {m.id for m in answer.messages}
            above = min(got)

    early = Liar(spread(350, True), empty_below(180))
    assert asyncio.run(naive(early, False)) < set(early.entries)
    once = Liar(spread(350, True), first_time(lambda liar, found, asked: len(liar.asked) == 2))
    assert asyncio.run(naive(once, False)) < set(once.entries)
    small = Liar(spread(350, True), count=100)
    assert asyncio.run(naive(small, True)) < set(small.entries)


# --- over the wire ---------------------------------------------------------------------------------------------------


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Every third page of history is empty when it is asked for first; counts them."""
    real, counts = Methods._history, Counter[str]()
    asked: set[str] = set()

    def history(self: Methods, request: Any, *about: Any) -> Any:
        answer = real(self, request, *about)
        if str(request) not in asked:
            asked.add(str(request))
            if len(asked) % 3 == 1 and answer.messages:
                counts["emptied"] += 1
                answer.messages = []
        return answer

    monkeypatch.setattr(Methods, "_history", history)
    return counts


@pytest.mark.parametrize("messages", [60, 150, 1200])
def test_pages_that_are_empty_once_lose_nothing(emptied: Counter[str], messages: int) -> None:
    with cf.sandbox(messages=messages, images=0) as world:
        frame = fetch(world)
    assert emptied["emptied"] >= 1
    assert len(frame) == messages
    assert cf.report(frame).status == "complete"


def test_a_chat_of_which_nothing_is_ever_given_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Methods._history

    def history(self: Methods, *about: Any) -> Any:
        answer = real(self, *about)
        answer.messages = []
        return answer

    monkeypatch.setattr(Methods, "_history", history)
    with cf.sandbox(messages=60, images=0) as world:
        frame = fetch(world)
        assert cf.report(frame).status == "open"
        with pytest.warns(cf.IncompleteWarning):
            assert cf.report(fetch(world, cf.Telegram("@apollo", since="2026-10-01"))).status == "partial"
