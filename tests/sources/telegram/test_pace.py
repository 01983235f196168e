"""A burst of pages, then the pace the service tolerates; waits of one kind close only that kind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from help.fakes import FakeTime

from chatframes.sources.telegram.pace import (
    BURST_PAGES,
    QUIET_PAGES,
    SECONDS_PER_PAGE,
    SLOWEST_SECONDS_PER_PAGE,
    Pace,
)
from chatframes.transfer.gate import Bound, TooLong, Waits


def taken(pace: Pace, time: FakeTime, pages: int) -> list[float]:
    """When each of so many pages was allowed."""

    async def take() -> list[float]:
        moments = []
        for _ in range(pages):
            await pace.take(time.clock)
            moments.append(time.clock.monotonic())
        return moments

    return asyncio.run(take())


def test_a_burst_costs_no_wait_and_then_a_page_comes_every_second() -> None:
    time = FakeTime()
    began = time.clock.monotonic()
    moments = [moment - began for moment in taken(Pace(), time, BURST_PAGES + 10)]
    assert moments[BURST_PAGES - 1] == 0
    assert moments[BURST_PAGES:] == pytest.approx([SECONDS_PER_PAGE * n for n in range(1, 11)])


def test_after_a_rest_there_is_a_burst_again() -> None:
    time, pace = FakeTime(), Pace()
    taken(pace, time, BURST_PAGES + 5)
    asyncio.run(time.clock.sleep(BURST_PAGES * SECONDS_PER_PAGE))
    began = time.clock.monotonic()
    assert taken(pace, time, BURST_PAGES)[-1] == began


def test_after_a_complaint_there_is_no_burst_and_a_slower_pace_until_things_are_quiet() -> None:
    time, pace = FakeTime(), Pace()
    taken(pace, time, 3)
    for _ in range(5):
        pace.complain(time.clock)
    moments = taken(pace, time, 10)
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps == pytest.approx([SLOWEST_SECONDS_PER_PAGE] * 9)
    moments = taken(pace, time, QUIET_PAGES + 5)
    assert moments[-1] - moments[-2] == pytest.approx(SECONDS_PER_PAGE)
    assert max(b - a for a, b in pairwise(moments)) == pytest.approx(SLOWEST_SECONDS_PER_PAGE)


def test_who_is_interrupted_while_waiting_has_taken_no_page() -> None:
    time, pace = FakeTime(), Pace()
    taken(pace, time, BURST_PAGES)

    async def interrupted() -> None:
        with pytest.raises(asyncio.CancelledError):
            await pace.take(replace(time.clock, sleep=cancelled))

    async def cancelled(seconds: float) -> None:
        raise asyncio.CancelledError

    for _ in range(10):
        asyncio.run(interrupted())
    began = time.clock.monotonic()
    assert taken(pace, time, 1)[0] - began == pytest.approx(SECONDS_PER_PAGE)


def test_who_waits_for_the_pace_leaves_the_place_to_others_and_all_wait_for_one_pace() -> None:
    async def main() -> None:
        time, pace, pages = FakeTime(), Pace(), Bound()
        moments: list[float] = []

        async def ask(paced: bool) -> None:
            async with pages:
                if paced:
                    await pace.take(time.clock, pages)
                    moments.append(time.seconds)
                assert pages.active <= 2

        with pages.limited_to(2):
            async with asyncio.TaskGroup() as tasks:
                for _ in range(BURST_PAGES + 6):
                    tasks.create_task(ask(paced=True))
                others = tasks.create_task(ask(paced=False))
                while not others.done():
                    await asyncio.sleep(0)
                assert time.seconds == 0  # another account's page did not wait
        assert moments == pytest.approx([0.0] * BURST_PAGES + [SECONDS_PER_PAGE * n for n in range(1, 7)])
        assert pages.active == 0

    asyncio.run(main())


def test_a_wait_of_one_kind_of_request_leaves_the_others_alone() -> None:
    time, waits = FakeTime(), Waits()
    waits.close_for(100, time.clock, "history")

    async def ask() -> float:
        assert await waits.wait_open(0, time.clock, kind="files") == 0
        with pytest.raises(TooLong):
            await waits.wait_open(99, time.clock, kind="history")
        return await waits.wait_open(100, time.clock, kind="history")

    assert asyncio.run(ask()) == pytest.approx(100)
