"""Windows read at once: whatever fails and whoever is slow, what counts as read has been handed over."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from help.messages import message
from hypothesis import given, settings
from hypothesis import strategies as st

import chatframes as cf
from chatframes.errors import AuthError, RateLimited, ServiceError
from chatframes.model import Missed, Page, Window
from chatframes.road.reading import Reading
from chatframes.sources.windowed import final, read_together, read_windows
from chatframes.timeline import Timeline
from chatframes.windows import Bounds

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 28
WHOLE = Window(START, START + timedelta(days=DAYS))
CHAT: Any = SimpleNamespace(id="chat", name="Chat", notes=[])


@dataclass(frozen=True)
class Plan:
    """A chat, and how its service behaves."""

    hours: list[int]  # of each message, from the start
    page_size: int
    streams: int
    chunk_days: int
    turns: list[int]  # how long each request takes, one after another
    failing_days: set[int]  # a request whose newest time is on such a day fails
    deadly_day: int | None = None  # one on this day fails for good
    most_failures: int | None = None


PLANS = st.builds(
    Plan,
    hours=st.lists(st.integers(0, DAYS * 24 - 1), max_size=40, unique=True),
    page_size=st.integers(1, 6),
    streams=st.integers(1, 5),
    chunk_days=st.integers(1, 9),
    turns=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    failing_days=st.sets(st.integers(0, DAYS - 1), max_size=6),
    deadly_day=st.none() | st.integers(0, DAYS - 1),
    most_failures=st.none() | st.integers(1, 4),
)

Reader = Callable[[Plan], AsyncGenerator[Page | Missed, None]]


class Service:
    """Answers with the newest messages before a moment, slowly or not at all."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.times = sorted((START + timedelta(hours=hour) for hour in plan.hours), reverse=True)
        self.asked = 0

    async def window(self, window: Window) -> AsyncGenerator[Page, None]:
        before = window.until
        while True:
            turns = self.plan.turns[self.asked % len(self.plan.turns)]
            self.asked += 1
            for _ in range(turns):
                await asyncio.sleep(0)
            day = (before - timedelta(microseconds=1) - START).days
            if day == self.plan.deadly_day:
                raise AuthError("the token has expired.")
            if day in self.plan.failing_days:
                raise ServiceError(f"no answer for day {day}.")
            older = [time for time in self.times if time < before]
            page = older[: self.plan.page_size]
            ends = len(older) <= self.plan.page_size
            before = START if ends else page[-1]
            yield Page(
                [message(message_id=time.isoformat(), created_at=time) for time in page],
                Window(before, window.until),
                part=window,
            )
            if before <= window.since:
                return


def careful(plan: Plan) -> AsyncGenerator[Page | Missed, None]:
    service = Service(plan)
    timeline = Timeline(WHOLE, plan.chunk_days)
    return read_windows(timeline, plan.streams, service.window, most_failures=plan.most_failures)


async def forgetful(plan: Plan) -> AsyncGenerator[Page | Missed, None]:
    """A reader with a defect: a window that fails is not spoken of."""
    async for answer in careful(plan):
        if not isinstance(answer, Missed):
            yield answer


async def greedy(plan: Plan) -> AsyncGenerator[Page | Missed, None]:
    """A naive reader: a window that fails counts as read."""
    async for answer in careful(plan):
        yield Page([], answer.window) if isinstance(answer, Missed) else answer


async def hasty(plan: Plan) -> AsyncGenerator[Page | Missed, None]:
    """A naive reader: what a page covers is told before its messages come."""
    async for answer in careful(plan):
        if isinstance(answer, Page):
            yield Page([], answer.covered, part=answer.part)
            answer = Page(answer.messages, None, part=answer.part)
        yield answer


async def follow(plan: Plan, reader: Reader) -> None:
    """Read as the road does, and check at every step what counts as read."""
    times = [START + timedelta(hours=hour) for hour in plan.hours]
    got: set[datetime] = set()
    reading = Reading(cf.Webex("x"), Bounds(WHOLE.since, WHOLE.until))
    window = reading.begin(CHAT)
    assert window == WHOLE
    timeline = reading.timeline
    assert timeline is not None

    def nothing_covered_is_missing() -> None:
        read = timeline.covered()
        assert [time for time in times if time not in got and any(w.since <= time < w.until for w in read)] == []

    async for answer in reader(plan):
        if isinstance(answer, Missed):
            reading.miss(answer)
            continue
        got |= {one.created_at for one in answer.messages if one.created_at is not None}
        reading.note(answer)
        nothing_covered_is_missing()
    reading.finish()
    nothing_covered_is_missing()

    pieces = sorted([*timeline.covered(), *timeline.gaps()], key=lambda piece: piece.since)
    assert [pieces[0].since, *(piece.until for piece in pieces)] == [
        *(piece.since for piece in pieces),
        WHOLE.until,
    ]
    failed = bool(reading.failures)
    assert failed or not timeline.gaps()
    assert all(gap.reason for gap in reading.report().gaps)
    if plan.deadly_day is None and plan.most_failures is None:
        # The other windows went on: each gap lies in windows that failed.
        left = Timeline(WHOLE)
        for gap in timeline.gaps():
            left.cover(gap)
        for missed, _ in reading.failures:
            left.cover(missed)
        for read in timeline.covered():
            left.cover(read)
        assert left.gaps() == []
        for gap in timeline.gaps():
            inside = Timeline(gap)
            for missed, _ in reading.failures:
                inside.cover(missed)
            assert inside.gaps() == []


@settings(max_examples=200, deadline=None)
@given(PLANS)
def test_failing_windows_become_gaps_and_the_rest_is_read(plan: Plan) -> None:
    asyncio.run(follow(plan, careful))


HARD = Plan(list(range(0, DAYS * 24, 13)), 3, 4, 3, [0, 3, 1], {9, 17})


@pytest.mark.parametrize("reader", [greedy, hasty])
def test_the_check_above_sees_through_naive_readers(reader: Reader) -> None:
    asyncio.run(follow(HARD, careful))
    with pytest.raises(AssertionError):
        asyncio.run(follow(HARD, reader))


@pytest.mark.parametrize(
    ("error", "hopeless"),
    [
        (AuthError("x"), True),
        (RateLimited("x", START), True),
        (ServiceError("x"), False),
        (ValueError("x"), False),
    ],
)
def test_after_some_errors_no_further_window_is_asked_for(error: Exception, hopeless: bool) -> None:
    asked: list[Window] = []

    async def read(window: Window) -> AsyncGenerator[Page, None]:
        asked.append(window)
        raise error
        yield  # a generator

    async def main() -> list[Page | Missed]:
        return [answer async for answer in read_windows(Timeline(WHOLE, 7), 1, read)]

    missed = asyncio.run(main())
    assert final(error) == hopeless
    assert len(asked) == len(missed) == (1 if hopeless else 4)
    assert all(isinstance(answer, Missed) and answer.error is error for answer in missed)


def test_a_slow_taker_slows_every_reading() -> None:
    made: list[int] = []

    async def job(name: int) -> AsyncGenerator[int, None]:
        for _ in range(50):
            made.append(name)
            yield name

    async def main() -> None:
        taken = 0
        async for _ in read_together([job(1), job(2), job(3)]):
            taken += 1
            for _ in range(5):
                await asyncio.sleep(0)
            assert len(made) <= taken + 3
        assert taken == 150

    asyncio.run(main())


def test_no_answer_overtakes_another() -> None:
    """What one answer covers may count on the messages of those before it, whichever reading brought them."""
    made: list[tuple[int, int]] = []
    turns = itertools.cycle([3, 0, 1, 5, 2, 0, 4])

    async def job(name: int) -> AsyncGenerator[tuple[int, int], None]:
        for number in range(20):
            for _ in range(next(turns)):
                await asyncio.sleep(0)
            made.append((name, number))
            yield name, number

    async def main() -> None:
        got = []
        async for answer in read_together([job(1), job(2), job(3), job(4)]):
            for _ in range(next(turns)):
                await asyncio.sleep(0)
            got.append(answer)
        assert got == made
        assert got != sorted(got)

    asyncio.run(main())


def test_one_failure_is_raised_after_the_others_have_come_to_their_end() -> None:
    async def job(count: int, error: Exception | None = None) -> AsyncGenerator[int, None]:
        for number in range(count):
            yield number
        if error is not None:
            raise error

    got: list[int] = []

    async def main() -> None:
        async for number in read_together([job(1, ServiceError("broken")), job(5)]):
            got.append(number)

    with pytest.raises(ServiceError, match="broken"):
        asyncio.run(main())
    assert sorted(got) == [0, 0, 1, 2, 3, 4]


def test_leaving_early_ends_every_reading() -> None:
    ended: list[int] = []

    async def job(name: int) -> AsyncGenerator[int, None]:
        try:
            while True:
                yield name
        finally:
            ended.append(name)

    async def main() -> None:
        answers: AsyncIterator[int] = read_together([job(1), job(2)])
        assert await anext(answers) in (1, 2)
        await answers.aclose()
        assert sorted(ended) == [1, 2]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
