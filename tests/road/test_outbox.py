"""The outbox: rows leave when their last attachment is settled, in batches, and a slow taker brakes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from help.messages import message
from help.sampling import tried
from hypothesis import given
from hypothesis import strategies as st

from chatframes.model import Outcome
from chatframes.road import outbox as outbox_module
from chatframes.road.outbox import BATCH_ROWS, MOST_ROWS, Outbox, Row
from chatframes.table.batches import Batch

OK = Outcome("ok", data=b"x" * 10, mime="image/png", sha256="0" * 64)
GONE = Outcome("failed", "gone")


def ids(batches: list[Batch]) -> list[str]:
    return [one for batch in batches for one in batch.table.column("message_id").to_pylist()]


def run(test: Callable[[Outbox], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await test(Outbox())

    return asyncio.run(main())


async def is_blocked(awaitable: Awaitable[Any]) -> bool:
    task = asyncio.ensure_future(awaitable)
    for _ in range(5):
        await asyncio.sleep(0)
    blocked = not task.done()
    task.cancel()
    return blocked


def test_a_message_without_attachments_leaves_at_once() -> None:
    async def test(outbox: Outbox) -> None:
        outbox.add(message("a"))
        assert outbox.unsettled() == []
        assert ids(outbox.rest()) == ["a"]
        assert outbox.rest() == []

    run(test)


def test_a_row_waits_for_its_last_attachment_and_no_other_row_waits_for_it() -> None:
    async def test(outbox: Outbox) -> None:
        row = outbox.add(message("slow", pictures=2))
        outbox.add(message("quick"))
        assert ids(outbox.rest()) == ["quick"]
        assert outbox.settle(row, 1, OK) is False
        assert outbox.unsettled() == [(row, 0)]
        assert outbox.rest() == []
        assert outbox.settle(row, 0, GONE) is True
        assert ids(outbox.rest()) == ["slow"]

    run(test)


def test_outcomes_stay_with_their_attachments_whatever_order_they_come_in() -> None:
    async def test(outbox: Outbox) -> None:
        row = outbox.add(message("a", pictures=3))
        for position, outcome in ((2, GONE), (0, OK), (1, Outcome("skipped", "too_large"))):
            outbox.settle(row, position, outcome)
        assert [one.status for one in row.outcomes if one is not None] == ["ok", "skipped", "failed"]
        assert row.image_bytes == 10

    run(test)


def test_batches_come_when_they_are_full_and_the_rest_when_it_is_closed() -> None:
    async def test(outbox: Outbox) -> None:
        batches = outbox.batches()
        for number in range(BATCH_ROWS - 1):
            outbox.add(message(str(number)))
        assert await is_blocked(outbox.batches().__anext__())
        outbox.add(message("last"))
        assert (await anext(batches)).table.num_rows == BATCH_ROWS
        outbox.add(message("one more"))
        outbox.close()
        assert ids([batch async for batch in batches]) == ["one more"]

    run(test)


def test_what_is_ready_when_its_time_has_come_leaves_too() -> None:
    async def test() -> None:
        is_time = asyncio.Event()

        async def sleep() -> None:
            await is_time.wait()
            is_time.clear()

        outbox = Outbox(sleep=sleep)
        batches = outbox.batches()
        slow = outbox.add(message("slow", pictures=1))
        outbox.add(message("quick"))
        first = asyncio.ensure_future(anext(batches))
        assert await is_blocked(asyncio.shield(first))
        is_time.set()
        assert ids([await first]) == ["quick"]
        outbox.add(message("later"))
        second = asyncio.ensure_future(anext(batches))
        assert await is_blocked(asyncio.shield(second)), "it has its time ahead"
        is_time.set()
        assert ids([await second]) == ["later"]
        is_time.set()  # and nothing is ready
        third = asyncio.ensure_future(anext(batches))
        assert await is_blocked(asyncio.shield(third))
        outbox.settle(slow, 0, OK)
        outbox.close()
        assert ids([await third]) == ["slow"]
        assert [batch async for batch in batches] == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(test())


def test_whether_it_goes_on_is_known_as_soon_as_another_row_comes() -> None:
    async def test(outbox: Outbox) -> None:
        assert await is_blocked(outbox.goes_on())
        row = outbox.add(message("slow", pictures=1))
        assert await outbox.goes_on(), "though its picture is not there yet"
        outbox.settle(row, 0, OK)
        outbox.rest()
        assert await is_blocked(outbox.goes_on())
        outbox.close()
        assert not await outbox.goes_on()

    run(test)


def test_bytes_fill_a_batch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "BATCH_BYTES", 25)

    async def test(outbox: Outbox) -> list[int]:
        for number in range(5):
            outbox.settle(outbox.add(message(str(number), pictures=1)), 0, OK)
        return [batch.table.num_rows for batch in outbox.rest()]

    assert run(test) == [3, 2]


def test_the_brake_holds_while_rows_are_not_taken_and_lets_go_when_they_are() -> None:
    async def test(outbox: Outbox) -> None:
        for number in range(MOST_ROWS):
            outbox.add(message(str(number)))
        assert not await is_blocked(outbox.room())
        outbox.add(message("one too many"))
        assert await is_blocked(outbox.room())
        await anext(outbox.batches())
        assert not await is_blocked(outbox.room())

    run(test)


def test_bytes_brake_too_and_let_go_when_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "BATCH_BYTES", 12)

    async def test(outbox: Outbox) -> None:
        for _ in range(3):  # as often as it happens
            for number in range(2):
                outbox.settle(outbox.add(message(str(number), pictures=1)), 0, OK)
            assert not await is_blocked(outbox.room())
            outbox.settle(outbox.add(message("2", pictures=1)), 0, OK)
            assert await is_blocked(outbox.room())
            outbox.rest()
            assert not await is_blocked(outbox.room())

    run(test)


def test_the_brake_holds_until_enough_has_been_taken() -> None:
    async def test(outbox: Outbox) -> None:
        for number in range(6):
            outbox.settle(outbox.add(message(str(number), pictures=1)), 0, OK)
        batches = outbox.batches()
        blocked = []
        for _ in range(4):
            await anext(batches)
            blocked.append(await is_blocked(outbox.room()))
        assert blocked == [True, True, True, False]  # of 10 bytes each, 20 may lie there

    asyncio.run(test(Outbox(batch_bytes=10)))


def test_rows_that_wait_for_attachments_do_not_brake() -> None:
    """Else the brake on downloads would wait for the downloads."""

    async def test(outbox: Outbox) -> None:
        for number in range(MOST_ROWS + 1):
            outbox.add(message(str(number), pictures=1))
        assert not await is_blocked(outbox.room())

    run(test)


def test_pages_wait_while_too_many_rows_wait_for_attachments_and_go_on_when_half_are_settled() -> None:
    async def test(outbox: Outbox) -> None:
        rows = [outbox.add(message(str(number), pictures=1)) for number in range(5)]
        blocked = [await is_blocked(outbox.room_for_rows())]
        for row in rows:
            outbox.settle(row, 0, Outcome("skipped", "disabled"))
            blocked.append(await is_blocked(outbox.room_for_rows()))
        assert blocked == [True, True, True, False, False, False]  # with more than four, until two are left
        assert not await is_blocked(outbox.room())

    asyncio.run(test(Outbox(most_waiting=4)))


@tried(given(st.data(), st.lists(st.integers(0, 3), max_size=30), st.integers(1, 5), st.integers(5, 60)), few=30)
def test_every_row_leaves_once_and_is_whole(data: Any, pictures: list[int], rows: int, most_bytes: int) -> None:
    async def test(outbox: Outbox) -> list[Batch]:
        waiting: list[tuple[Row, int]] = []
        for number, count in enumerate(pictures):
            row = outbox.add(message(str(number), pictures=count))
            waiting += [(row, position) for position in range(count)]
        for row, position in data.draw(st.permutations(waiting)):
            outbox.settle(row, position, data.draw(st.sampled_from([OK, GONE])))
        assert outbox.unsettled() == []
        outbox.close()
        return [batch async for batch in outbox.batches()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox_module, "BATCH_ROWS", rows)
        patch.setattr(outbox_module, "BATCH_BYTES", most_bytes)
        batches = run(test)
    assert sorted(ids(batches)) == sorted(map(str, range(len(pictures))))
    counts = {row["message_id"]: len(row["media"] or ()) for batch in batches for row in batch.table.to_pylist()}
    assert counts == {str(number): count for number, count in enumerate(pictures)}
    assert all(1 <= batch.table.num_rows <= rows for batch in batches)
