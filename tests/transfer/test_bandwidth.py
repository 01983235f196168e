"""Bytes per second and bytes in all are bounded, whatever brings them; counted on a clock that moves by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from help.fakes import picture
from help.limited_host import ItsOwnTime

from chatframes.model import Attachment, Body, Outcome
from chatframes.transfer.bandwidth import Bandwidth, Speed, Total, of_the_process, piece_bytes
from chatframes.transfer.bound import Bound
from chatframes.transfer.downloads import Downloader
from chatframes.transfer.pace import Pace

KB = 1_000
CAP = 200 * KB


class Line:
    """A way to pictures that come in pieces as fast as they are read; it notes when each was."""

    def __init__(self, time: ItsOwnTime, size: int, piece: int, *, says_size: bool = True) -> None:
        self.time, self.size, self.piece, self.says_size = time, size, piece, says_size
        self.came: list[tuple[float, int]] = []
        self.asked = 0

    @asynccontextmanager
    async def read(self, wanted: Attachment) -> AsyncIterator[Body]:
        self.asked += 1
        await self.time.sleep(0.05)
        data = picture(int(wanted.source_id), self.size)

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(data), self.piece):
                chunk = data[start : start + self.piece]
                self.came.append((self.time.seconds, len(chunk)))
                yield chunk

        yield Body(chunks(), declared_size=len(data) if self.says_size else None)


async def fetch(
    lines: Sequence[Line], count: int, speed: Speed, *, total: Total | None = None, workers: int = 20
) -> list[Outcome]:
    """Download so many pictures over each line, as one call does that has a downloader for each."""
    outcomes: list[Outcome] = []
    everything = asyncio.Event()
    time = lines[0].time

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == count * len(lines):
            everything.set()

    async with asyncio.TaskGroup() as tasks, AsyncExitStack() as stack:
        running = [tasks.create_task(time.run())]
        for line in lines:
            bound = Bound()
            stack.enter_context(bound.limited_to(workers))
            downloader = Downloader(bound, workers, 10**7, time.clock, speed=speed, total=total)
            running.append(tasks.create_task(downloader.run()))
            for number in range(count):
                downloader.submit(str(number), Attachment(0, "file", str(number)), line.read, done)
        await everything.wait()
        for task in running:
            task.cancel()
    return outcomes


def most_in_ten_seconds(lines: Sequence[Line]) -> int:
    came = sorted(one for line in lines for one in line.came)
    most = within = first = 0
    for moment, size in came:
        within += size
        while came[first][0] <= moment - 10.0:
            within -= came[first][1]
            first += 1
        most = max(most, within)
    return most


def test_a_rate_holds_over_any_ten_seconds_whatever_brings_the_bytes() -> None:
    async def main() -> None:
        time = ItsOwnTime()
        # One gives small pictures in small pieces, as HTTP does, the other large ones in large pieces, as Telegram does.
        lines = [Line(time, 50 * KB, 16 * KB), Line(time, 300 * KB, 64 * KB, says_size=False)]
        bandwidth = Bandwidth()
        with bandwidth.limited_to(CAP):
            outcomes = await fetch(lines, 40, Speed(time.clock, [bandwidth]))
        assert Counter(outcome.status for outcome in outcomes) == {"ok": 80}
        assert most_in_ten_seconds(lines) <= 1.05 * CAP * 10
        assert sum(size for line in lines for _, size in line.came) >= 0.95 * CAP * time.seconds

    asyncio.run(main())


def test_without_a_rate_as_many_bytes_come_as_can() -> None:
    async def main() -> None:
        time = ItsOwnTime()
        lines = [Line(time, 50 * KB, 16 * KB)]
        await fetch(lines, 100, Speed(time.clock, [Bandwidth()]))
        assert most_in_ten_seconds(lines) > 1.05 * CAP * 10

    asyncio.run(main())


def test_bodies_are_not_asked_for_long_before_they_may_be_read() -> None:
    async def main() -> None:
        time = ItsOwnTime()
        line = Line(time, 40 * KB, 40 * KB)
        bandwidth = Bandwidth()
        with bandwidth.limited_to(CAP):
            working = asyncio.create_task(fetch([line], 100, Speed(time.clock, [bandwidth])))
            while time.seconds < 0.04:
                await asyncio.sleep(0)
            assert line.asked <= 3  # half a second's worth, and not twenty
            await working

    asyncio.run(main())


def test_the_lowest_rate_of_the_calls_now_running_holds_and_pieces_fit_it() -> None:
    bandwidth = Bandwidth()
    assert (bandwidth.rate, piece_bytes(2**19)) == (None, 2**19)
    with bandwidth.limited_to(10**6), bandwidth.limited_to(None), Bandwidth().limited_to(600_000):
        assert (bandwidth.rate, piece_bytes(2**19)) == (10**6, 2**17)
        with bandwidth.limited_to(1024):
            assert (bandwidth.rate, piece_bytes(2**19)) == (1024, 2**16)
    assert (bandwidth.rate, piece_bytes(2**19)) == (None, 2**19)
    assert of_the_process() is of_the_process()


def slow_outcomes() -> set[tuple[str, str | None]]:
    async def main() -> set[tuple[str, str | None]]:
        time, bandwidth = ItsOwnTime(), Bandwidth()
        with bandwidth.limited_to(1024):
            outcomes = await fetch([Line(time, 300 * KB, 4 * KB)], 2, Speed(time.clock, [bandwidth]))
        return {(outcome.status, outcome.reason) for outcome in outcomes}

    return asyncio.run(main())


def test_a_picture_that_comes_slowly_because_of_our_own_limit_is_not_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert slow_outcomes() == {("ok", None)}
    monkeypatch.setattr(Pace, "excuse", lambda self, seconds: None)
    assert slow_outcomes() == {("failed", "too_slow")}


@pytest.mark.parametrize("says_size", [True, False])
def test_the_pictures_of_a_call_come_to_no_more_than_its_total_and_the_rest_is_skipped(says_size: bool) -> None:
    async def main() -> None:
        time = ItsOwnTime()
        line = Line(time, 50 * KB, 16 * KB, says_size=says_size)
        outcomes = await fetch([line], 300, Speed(time.clock), total=Total(1_000 * KB))
        assert {(outcome.status, outcome.reason) for outcome in outcomes} == {("ok", None), ("skipped", "budget")}
        kept = sum(len(outcome.data or b"") for outcome in outcomes)
        assert 500 * KB < kept <= 1_000 * KB
        assert line.asked <= 40  # nothing is asked for once the total is reached

    asyncio.run(main())


def test_one_after_another_the_total_is_reached_to_the_last_picture_that_fits() -> None:
    async def main() -> None:
        time = ItsOwnTime()
        size = len(picture(1, 50 * KB))
        outcomes = await fetch([Line(time, 50 * KB, 16 * KB)], 9, Speed(time.clock), total=Total(5 * size), workers=1)
        assert [outcome.status for outcome in outcomes] == ["ok"] * 5 + ["skipped"] * 4

    asyncio.run(main())


def test_what_was_taken_for_a_picture_that_failed_is_given_back() -> None:
    total = Total(100)
    assert total.take(60)
    total.give_back(60)
    assert total.take(100)
    assert not total.take(1)
    assert not total.take(0)
    assert Total().take(10**12)


def test_a_picture_larger_than_the_total_is_left_out_alone() -> None:
    total = Total(100)
    assert not total.take(101)
    assert total.take(60)
    assert not total.take(41, 60)  # what came of it shows that it alone is larger
    assert total.take(40)
    assert not total.take(1)
    assert total.used_up
