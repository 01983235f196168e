"""A stretch of history arrives whole, once, in few requests, whatever the chat looks like."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from help.sampling import tried
from hypothesis import example, given
from hypothesis import strategies as st
from telethon.tl import types

from chatframes.errors import ServiceError
from chatframes.model import Window
from chatframes.sources.telegram.ends import PAGE_SIZE
from chatframes.sources.telegram.history import History
from chatframes.sources.telegram.spans import Piece
from chatframes.windows import EPOCH

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = Window(START, END)
ALL = Window(EPOCH, END)


@dataclass
class Shelf:
    """A chat as Telegram keeps it: (id, seconds after START), asked for in Telegram's way."""

    entries: Sequence[tuple[int, int]]
    clamped: bool = True
    empties: frozenset[int] = frozenset()
    page: int = PAGE_SIZE
    fail_at: int | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    peak: int = 0

    def __post_init__(self) -> None:
        self.newest_first = sorted(self.entries, reverse=True)

    def when(self, seconds: int) -> datetime:
        return START + timedelta(seconds=seconds)

    async def ask(
        self, *, offset_id: int = 0, offset_date: datetime | None = None, add_offset: int = 0, limit: int = PAGE_SIZE
    ) -> Any:
        self.asked.append({"offset_id": offset_id, "offset_date": offset_date, "limit": limit})
        if self.fail_at == len(self.asked):
            raise ServiceError("no more")
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        place = 0
        for id_, seconds in self.newest_first:
            if offset_id and id_ < offset_id:
                break
            if not offset_id and (offset_date is None or self.when(seconds) < offset_date):
                break
            place += 1
        first = place + add_offset
        last = first + min(limit, self.page if not add_offset else limit)
        if first < 0 and self.clamped:
            first, last = 0, min(limit, self.page)
        found = self.newest_first[max(first, 0) : max(last, 0)]
        messages = [
            types.MessageEmpty(id_, None)
            if id_ in self.empties
            else types.Message(id_, peer_id=types.PeerChat(1), date=self.when(seconds), message="")
            for id_, seconds in found
        ]
        if len(found) == len(self.entries):
            return types.messages.Messages(messages, topics=[], chats=[], users=[])
        return types.messages.MessagesSlice(count=len(self.entries), messages=messages, topics=[], chats=[], users=[])


def read(
    shelf: Shelf, window: Window = ALL, *, dense: bool = True, streams: int = 5, limit: int | None = None
) -> list[Piece]:
    history = History(shelf.ask, dense, streams, 7, limit, lambda total: None)

    async def collect() -> list[Piece]:
        return [piece async for piece in history.pieces(window)]

    return asyncio.run(collect())


def ids(pieces: list[Piece], window: Window) -> list[int]:
    """What the road would keep of it."""
    return sorted(m.id for piece in pieces for m in piece.messages if window.since <= m.date < window.until)


def right(shelf: Shelf, window: Window) -> list[int]:
    return sorted(
        id_ for id_, s in shelf.entries if window.since <= shelf.when(s) < window.until and id_ not in shelf.empties
    )


def plain_requests(shelf: Shelf, window: Window) -> int:
    """How many requests one plain pass needs, newest first, until it is below the window."""
    below = [s for _, s in shelf.newest_first if shelf.when(s) < window.until]
    inside = sum(shelf.when(s) >= window.since for s in below)
    return max(1, -(-(inside + (inside < len(below))) // PAGE_SIZE))


def covered_whole(pieces: list[Piece], window: Window) -> bool:
    edge = window.until
    for since, until in sorted(
        ((p.covered.since, p.covered.until) for p in pieces if p.covered), key=lambda w: w[1], reverse=True
    ):
        if until < edge:
            break
        edge = min(edge, since)
    return edge <= window.since


@st.composite
def shelves(draw: st.DrawFn) -> tuple[Shelf, bool]:
    dense = draw(st.booleans())
    count = draw(st.integers(0, 900))
    shape = draw(st.sampled_from(["even", "bursts", "quiet"]))
    rng = draw(st.randoms(use_true_random=False))
    step = 1 if dense else 7
    id_, at, entries = 0, 0, []
    for _ in range(count):
        id_ += rng.choice([1, 1, 1, 1, 2, 9]) if dense else rng.randrange(1, 60) * step
        if shape == "even":
            at += 31_000
        elif shape == "bursts":
            at += 0 if rng.random() < 0.8 else rng.randrange(1, 150_000)
        else:
            at += 86_400 * 40 if rng.random() < 0.02 else rng.randrange(0, 60)
        entries.append((id_, at))
    empties = frozenset(i for i, _ in entries if rng.random() < draw(st.sampled_from([0.0, 0.05])))
    return Shelf(entries, draw(st.booleans()), empties, draw(st.sampled_from([PAGE_SIZE, 37]))), dense


@tried(given(shelves(), st.integers(1, 8), st.integers(-30, 420), st.integers(0, 420), st.booleans()), few=30)
@example((Shelf([(7 * n, 31_000 * n) for n in range(1, 250)], True, frozenset(), 37), False), 2, 54, 14, False)
def test_every_message_of_any_window_of_any_chat_arrives_once(
    made: tuple[Shelf, bool], streams: int, since_day: int, days: int, from_the_beginning: bool
) -> None:
    shelf, dense = made
    since = EPOCH if from_the_beginning else START + timedelta(days=since_day)
    window = Window(since, max(since, START + timedelta(days=since_day)) + timedelta(days=days, seconds=1))
    pieces = read(shelf, window, dense=dense, streams=streams)
    assert ids(pieces, window) == right(shelf, window)
    assert covered_whole(pieces, window)
    assert shelf.peak <= streams


@tried(given(shelves(), st.integers(1, 8), st.integers(1, 700)), few=30)
def test_a_limit_brings_exactly_the_newest(made: tuple[Shelf, bool], streams: int, limit: int) -> None:
    shelf, dense = made
    pieces = read(shelf, dense=dense, streams=streams, limit=limit)
    newest = right(shelf, ALL)[-limit:]
    assert ids(pieces, ALL) == newest
    come: set[int] = set()
    for piece in pieces:
        come.update(message.id for message in piece.messages)
        if piece.covered is not None:
            assert set(right(shelf, piece.covered)) & set(newest) <= come
            assert piece.enough or set(right(shelf, piece.covered)) <= come


@tried(given(shelves(), st.integers(0, 400)), few=30)
@example((Shelf([(200 * n, 31_000 * n) for n in range(1, 581)], False, frozenset(), 37), False), 130)
def test_what_is_called_covered_has_no_hole(made: tuple[Shelf, bool], day: int) -> None:
    shelf, dense = made
    window = Window(START + timedelta(days=day / 2), START + timedelta(days=day + 20))
    come: set[int] = set()
    history = History(shelf.ask, dense, 5, 7, None, lambda total: None)

    async def walk() -> None:
        async for piece in history.pieces(window):
            come.update(message.id for message in piece.messages)
            if piece.covered is not None:
                assert set(right(shelf, piece.covered)) <= come

    asyncio.run(walk())


def test_a_quiet_chat_costs_one_request_and_one_that_confirms_its_end_however_long_the_range() -> None:
    shelf = Shelf([(n * 50, n * 500_000) for n in range(1, 51)])
    for dense in (True, False):
        shelf.asked.clear()
        assert len(ids(read(shelf, YEAR, dense=dense), YEAR)) == 50
        assert len(shelf.asked) == 2


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 150, 199, 200, 201, 250, 299, 300])
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("window", [ALL, YEAR], ids=["all", "year"])
def test_a_small_chat_costs_no_more_than_a_plain_reading(count: int, dense: bool, window: Window) -> None:
    shelf = Shelf([(n, n * 10_000) for n in range(1, count + 1)])
    read(shelf, window, dense=dense)
    assert len(shelf.asked) <= plain_requests(shelf, window) + 1


def test_a_large_chat_is_read_by_five_streams_at_once_with_hardly_a_request_more() -> None:
    shelf = Shelf([(n, n * 10_000) for n in range(1, 3001)])
    assert len(ids(read(shelf), ALL)) == 3000
    assert shelf.peak == 5
    assert len(shelf.asked) <= 30 + 5


def test_a_sparse_chat_is_cut_by_date_and_overshoots_by_a_page_per_stream_at_most() -> None:
    shelf = Shelf([(n * 40, n * 10_000) for n in range(1, 3001)])
    assert len(ids(read(shelf, dense=False), ALL)) == 3000
    assert shelf.peak == 5
    assert len(shelf.asked) <= 30 + 60  # every window's last page, at most


def test_a_window_of_a_large_chat_asks_for_nothing_outside_it_beyond_a_page_per_stream() -> None:
    shelf = Shelf([(n, n * 600) for n in range(1, 20_001)])
    week = Window(START + timedelta(days=60), START + timedelta(days=67))
    inside = right(shelf, week)
    assert ids(read(shelf, week), week) == inside
    assert len(shelf.asked) <= -(-len(inside) // PAGE_SIZE) + 6


def test_when_one_stream_fails_the_others_go_on_and_what_came_is_kept() -> None:
    shelf = Shelf([(n, n * 10_000) for n in range(1, 3001)], fail_at=9)
    come: list[Piece] = []

    async def walk() -> None:
        async for piece in History(shelf.ask, True, 5, 7, None, lambda total: None).pieces(ALL):
            come.append(piece)

    with pytest.raises(ServiceError):
        asyncio.run(walk())
    assert 2000 < len(ids(come, ALL)) < 3000
    for piece in come:
        if piece.covered is not None:
            assert set(right(shelf, piece.covered)) <= set(ids(come, ALL))


def test_pages_that_lead_in_a_circle_end_with_a_sentence() -> None:
    shelf = Shelf([(n, n * 10_000) for n in range(1, 3001)])
    first = asyncio.run(shelf.ask())

    async def the_same(**_: Any) -> Any:
        return first

    async def walk() -> None:
        async for _ in History(the_same, True, 1, 7, None, lambda total: None).pieces(ALL):
            pass

    with pytest.raises(ServiceError, match="circle"):
        asyncio.run(walk())
