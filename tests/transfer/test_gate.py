"""The gate: one bound per service for everybody in the process, and the waits of each account."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from help.fakes import STARTS, FakeTime
from hypothesis import given, settings
from hypothesis import strategies as st

from chatframes import kept
from chatframes.transfer.gate import Bound, Gate, TooLong, Waits, gate


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Counted(Bound):
    """A bound that knows how many held a place at once at most."""

    peak = 0

    def _enter(self) -> None:
        super()._enter()
        self.peak = max(self.peak, self.active)


async def hold(bound: Bound, release: asyncio.Event) -> None:
    async with bound:
        await release.wait()


# --- at most so many at once ----------------------------------------------------------------------------------------


def test_two_calls_share_one_bound() -> None:
    async def main() -> None:
        bound, release = Counted(), asyncio.Event()
        with bound.limited_to(20), bound.limited_to(20):
            async with asyncio.TaskGroup() as tasks:
                for _ in range(100):
                    tasks.create_task(hold(bound, release))
                await turns()
                assert bound.active == 20
                release.set()
            assert (bound.active, bound.peak) == (0, 20)

    asyncio.run(main())


def test_the_lower_limit_holds_while_both_calls_run_and_the_higher_one_again_afterwards() -> None:
    async def main() -> None:
        bound = Bound()
        releases = [asyncio.Event() for _ in range(30)]
        with bound.limited_to(8):
            async with asyncio.TaskGroup() as tasks:
                for release in releases[:20]:
                    tasks.create_task(hold(bound, release))
                await turns()
                assert bound.active == 8
                with bound.limited_to(3):
                    for release in releases[:5]:
                        release.set()
                    await turns()
                    assert (bound.limit, bound.active) == (3, 3)  # five left, and nobody came in for them
                    releases[5].set()
                    await turns()
                    assert bound.active == 3
                await turns()
                assert (bound.limit, bound.active) == (8, 8)  # and those who waited came in without being pushed
                for release in releases:
                    release.set()
            assert bound.active == 0

    asyncio.run(main())


def test_who_waits_longest_comes_in_first() -> None:
    async def main() -> None:
        bound, came = Bound(), []

        async def come(name: int) -> None:
            async with bound:
                came.append(name)
                await turns(1)

        with bound.limited_to(2):
            async with asyncio.TaskGroup() as tasks:
                for name in range(20):
                    tasks.create_task(come(name))
        assert came == list(range(20))

    asyncio.run(main())


def test_an_exception_inside_gives_the_place_back() -> None:
    async def main() -> None:
        bound = Bound()
        with bound.limited_to(1):
            for _ in range(3):
                with pytest.raises(KeyError):
                    async with bound:
                        raise KeyError
            assert bound.active == 0

    asyncio.run(main())


steps = st.lists(st.tuples(st.sampled_from(["come", "cancel", "release", "turn", "limit"]), st.integers(0, 30)))


@settings(max_examples=200, deadline=None)
@given(steps)
def test_whatever_is_cancelled_at_whatever_moment_no_place_is_lost(script: Sequence[tuple[str, int]]) -> None:
    async def main() -> None:
        bound, limit = Bound(), 3
        holders: list[tuple[asyncio.Task[None], asyncio.Event]] = []
        with bound.limited_to(limit):
            for what, number in script:
                if what == "come":
                    release = asyncio.Event()
                    holders.append((asyncio.create_task(hold(bound, release)), release))
                elif what == "cancel" and holders:
                    holders[number % len(holders)][0].cancel()
                elif what == "release" and holders:
                    holders[number % len(holders)][1].set()
                elif what == "limit":
                    with bound.limited_to(1 + number % 4):
                        await turns(number % 3)
                else:
                    await turns(number % 3)
                assert bound.active <= limit
            for _, release in holders:
                release.set()
            await asyncio.gather(*(task for task, _ in holders), return_exceptions=True)
            assert bound.active == 0
            again = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                for _ in range(limit + 2):
                    tasks.create_task(hold(bound, again))
                await turns()
                assert bound.active == limit  # all of them, and not one more
                again.set()

    asyncio.run(main())


# --- a place lent ---------------------------------------------------------------------------------------------------


async def lend(bound: Bound, lent: asyncio.Event, back: asyncio.Event, release: asyncio.Event) -> None:
    async with bound:
        await lent.wait()
        async with bound.lent():
            await back.wait()
        await release.wait()


def test_a_place_that_is_lent_is_anothers_and_its_owner_comes_back_in_turn() -> None:
    async def main() -> None:
        bound, lent, back, release = Counted(), asyncio.Event(), asyncio.Event(), asyncio.Event()
        with bound.limited_to(1):
            async with asyncio.TaskGroup() as tasks:
                lender = tasks.create_task(lend(bound, lent, back, release))
                others = [asyncio.Event() for _ in range(2)]
                guests = [tasks.create_task(hold(bound, other)) for other in others]
                await turns()
                lent.set()
                await turns()
                assert bound.active == 1  # the first guest's
                back.set()
                release.set()
                await turns()
                assert not lender.done()
                others[0].set()
                await turns()
                assert (guests[0].done(), guests[1].done(), lender.done()) == (True, False, False)
                others[1].set()
            assert (bound.active, bound.peak) == (0, 1)

    asyncio.run(main())


moments = st.lists(
    st.tuples(st.sampled_from(["come", "lend", "back", "release", "cancel", "turn"]), st.integers(0, 30))
)


@settings(max_examples=200, deadline=None)
@given(moments)
def test_whoever_lends_comes_back_or_is_cancelled_no_place_is_lost_or_made(script: Sequence[tuple[str, int]]) -> None:
    async def main() -> None:
        bound, limit = Bound(), 2
        lenders: list[tuple[asyncio.Task[None], dict[str, asyncio.Event]]] = []
        with bound.limited_to(limit):
            for what, number in script:
                if what == "come":
                    events = {name: asyncio.Event() for name in ("lend", "back", "release")}
                    lenders.append((asyncio.create_task(lend(bound, *events.values())), events))
                elif what == "turn":
                    await turns(number % 3)
                elif lenders:
                    task, events = lenders[number % len(lenders)]
                    task.cancel() if what == "cancel" else events[what].set()
                assert 0 <= bound.active <= limit
            for _, events in lenders:
                for event in events.values():
                    event.set()
            await asyncio.gather(*(task for task, _ in lenders), return_exceptions=True)
            assert bound.active == 0

    asyncio.run(main())


# --- not before then ------------------------------------------------------------------------------------------------


def test_an_open_gate_lets_through_without_a_pause() -> None:
    async def main() -> None:
        time = FakeTime()
        assert await Waits().wait_open(0.0, time.clock) == 0.0
        assert time.sleeps == []

    asyncio.run(main())


def test_a_closed_gate_holds_everybody_until_its_time_and_tells_each_once() -> None:
    async def main() -> None:
        time, closed, told = FakeTime(), Waits(), []
        closed.close_for(30.0, time.clock)

        async def pass_through() -> float:
            waited = await closed.wait_open(60.0, time.clock, told.append)
            assert time.seconds >= 30.0
            return waited

        assert await asyncio.gather(*(pass_through() for _ in range(25))) == [30.0] * 25
        assert (time.seconds, told) == (30.0, [30.0] * 25)  # each may belong to another call
        closed.close_for(5.0, time.clock)
        assert await closed.wait_open(60.0, time.clock, told.append) == 5.0
        assert told[25:] == [5.0]  # another wait is news again

    asyncio.run(main())


def test_a_refusal_that_comes_while_others_wait_prolongs_their_wait() -> None:
    async def main() -> None:
        time, closed = FakeTime(), Waits()
        closed.close_for(10.0, time.clock)
        first = asyncio.create_task(closed.wait_open(60.0, time.clock))
        await asyncio.sleep(0)
        closed.close_for(25.0, time.clock)
        closed.close_for(1.0, time.clock)  # a shorter one takes nothing back
        assert await first == 25.0
        assert time.seconds == 25.0

    asyncio.run(main())


def test_a_wait_beyond_the_budget_ends_at_once_and_says_when_to_come_back() -> None:
    async def main() -> None:
        time, closed = FakeTime(), Waits()
        closed.close_for(3600.0, time.clock)
        with pytest.raises(TooLong) as caught:
            await closed.wait_open(300.0, time.clock)
        assert caught.value.retry_at == STARTS + timedelta(hours=1)
        assert time.sleeps == []

    asyncio.run(main())


def test_waits_that_follow_each_other_are_held_to_one_budget() -> None:
    async def main() -> None:
        closed, dice = Waits(), random.Random(3)

        async def refused_again() -> None:
            closed.close_for(dice.uniform(15.0, 19.0), time.clock)

        time = FakeTime(before_waking=refused_again)
        closed.close_for(10.0, time.clock)
        with pytest.raises(TooLong):
            await closed.wait_open(60.0, time.clock)
        assert 40.0 < time.seconds <= 60.0

    asyncio.run(main())


def test_who_waits_lends_the_place_and_has_it_again_when_the_wait_is_over() -> None:
    async def main() -> None:
        time, waits, bound, came = FakeTime(), Waits(), Bound(), []
        waits.close_for(30.0, time.clock)

        async def of_the_account() -> None:
            async with bound:
                await waits.wait_open(60.0, time.clock, bound=bound)
                assert bound.active == 1
                came.append(("waited", time.seconds))

        async def of_another() -> None:
            async with bound:
                assert bound.active == 1
                came.append(("another", time.seconds))

        with bound.limited_to(1):
            async with asyncio.TaskGroup() as tasks:
                for _ in range(3):
                    tasks.create_task(of_the_account())
                    tasks.create_task(of_another())
        assert came == [("another", 0.0)] * 3 + [("waited", 30.0)] * 3
        assert bound.active == 0

    asyncio.run(main())


def test_a_wait_beyond_the_budget_leaves_the_place_where_it_is() -> None:
    async def main() -> None:
        time, waits, bound = FakeTime(), Waits(), Bound()
        waits.close_for(100.0, time.clock)
        with bound.limited_to(1):
            async with bound:
                with pytest.raises(TooLong):
                    await waits.wait_open(60.0, time.clock, bound=bound)
                assert bound.active == 1
            assert bound.active == 0

    asyncio.run(main())


def test_each_account_of_a_service_has_waits_of_its_own() -> None:
    the_gate, time = Gate(), FakeTime()
    the_gate.waits_of("https://api.example a-token").close_for(30.0, time.clock)
    assert the_gate.waits_of("https://api.example a-token").closed_until() == 30.0
    assert the_gate.waits_of("https://api.example another").closed_until() == 0.0
    assert the_gate.waits_of("http://127.0.0.1:1 a-token").closed_until() == 0.0


def test_a_service_has_one_gate_in_the_process_and_another_service_another() -> None:
    asyncio.run(kept.close_all())
    assert gate("webex") is gate("webex")
    assert gate("webex") is not gate("reddit")
    before = gate("webex")
    asyncio.run(kept.close_all())
    assert gate("webex") is not before
    asyncio.run(kept.close_all())
