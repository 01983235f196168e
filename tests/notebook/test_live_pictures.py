"""The pictures that a panel shows while it fetches: few, calm, made elsewhere, and harmless."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from help.fakes import STARTS, picture
from help.hostile import PAYLOADS, SVG, Reader
from help.messages import message

from chatframes.model import Outcome
from chatframes.notebook import live_pictures
from chatframes.notebook.live_pictures import LEAST_SECONDS, MOST_AT_ONCE, MOST_TILES, REST, LivePictures
from chatframes.road.outbox import Settled
from chatframes.transfer.clock import Clock

pytestmark = pytest.mark.quick
UPDATES_OF_ALL = -(-MOST_TILES // MOST_AT_ONCE)  # to draw as many as there are tiles


class TurnedClock:
    """A clock on which a sleep ends when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []
        self._asleep, self._wake = asyncio.Event(), asyncio.Event()
        self.clock = Clock(lambda: STARTS, lambda: self.seconds, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._asleep.set()
        await self._wake.wait()
        self._wake.clear()
        self.seconds += seconds

    async def until_drawn(self) -> None:
        """Wait for the end of an update."""
        await self._asleep.wait()
        self._asleep.clear()

    async def next_update(self) -> None:
        self._wake.set()
        await self.until_drawn()


def play(test: Callable[[LivePictures, Settled, TurnedClock], Awaitable[Any]], afterwards: str = "") -> LivePictures:
    """Let a fetch take as long as a test; return what is left on the page."""

    async def main() -> LivePictures:
        time = TurnedClock()
        live = LivePictures(afterwards, time.clock)
        async with live.showing() as settled:
            await test(live, settled, time)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        return live

    return asyncio.run(main())


def send(settled: Settled, *numbers: int) -> None:
    """Let pictures arrive, one in each message."""
    for number in numbers:
        settled(message(f"message {number}", pictures=1), 0, Outcome("ok", data=picture(number), width=16, height=12))


def told(live: LivePictures) -> list[str]:
    return [Reader(tile.value).text.partition("message ")[2] for tile in live.grid.children]


def test_the_newest_are_shown_and_the_rest_are_counted() -> None:
    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        send(settled, *range(336))
        await time.until_drawn()
        for _ in range(UPDATES_OF_ALL - 1):
            await time.next_update()
        assert sorted(map(int, told(live))) == list(range(336 - MOST_TILES, 336))
        assert Reader(live.line.value).text == "24 pictures, and 312 more so far"
        send(settled, 336)
        await time.next_update()
        assert told(live)[0] == "336", "in the place of the oldest"
        assert len(live.grid.children) == MOST_TILES

    left = play(test, ": see the gallery")
    assert Reader(left.line.value).text == "24 pictures, and 313 more: see the gallery"
    assert len(told(left)) == MOST_TILES, "what is there when it is stopped stays there"
    left.clear()
    assert (left.grid.children, left.line.value, left.spoken.value) == ((), "", "")


def test_however_fast_they_come_the_page_gets_few_messages() -> None:
    changes: list[Any] = []

    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        live.line.observe(changes.append, "value")
        for number in range(MOST_TILES):
            send(settled, number)
        await time.until_drawn()
        for _ in range(UPDATES_OF_ALL - 1):
            await time.next_update()
        for tile in live.grid.children:
            tile.observe(changes.append, "value")
        changes.clear()
        for number in range(1_000):  # two seconds of 500 pictures each
            send(settled, number)
            if number % 250 == 249:
                await time.next_update()
        assert len(changes) == 4 * (MOST_AT_ONCE + 1), "a display that draws each picture would have sent 1,000"

    play(test)
    assert LEAST_SECONDS >= 0.5


def test_drawing_rests_four_times_as_long_as_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        make = live_pictures.small_of

        def slowly(*given: Any) -> Any:
            time.seconds += 3.0
            return make(*given)

        send(settled, 1)
        await time.until_drawn()
        monkeypatch.setattr(live_pictures, "small_of", slowly)
        send(settled, 2)
        await time.next_update()
        assert time.sleeps == [LEAST_SECONDS, 3.0 * REST]

    play(test)


def test_thumbnails_are_made_on_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    make = live_pictures.small_of
    monkeypatch.setattr(
        live_pictures, "small_of", lambda *given: (threads.append(threading.current_thread()), make(*given))[1]
    )

    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        send(settled, 1, 2)
        await time.until_drawn()
        assert len(threads) == 2
        assert threading.current_thread() not in threads

    play(test)


def test_what_strangers_wrote_stays_text() -> None:
    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        for payload in PAYLOADS:
            hostile = message(payload, pictures=1)
            hostile.author_name = hostile.chat_name = payload
            settled(hostile, 0, Outcome("ok", data=picture(), name=payload))
        await time.until_drawn()
        for _ in range(-(-len(PAYLOADS) // MOST_AT_ONCE) - 1):
            await time.next_update()
        for tile in live.grid.children:
            assert (Reader(tile.value).alive, Reader(tile.value).pictures) == ([], 1)
        assert "window.harmed" in Reader(live.grid.children[0].value).text

    assert len(PAYLOADS) <= MOST_TILES, "so that all were shown"
    play(test)


def test_a_picture_that_cannot_be_decoded_has_its_place_and_its_words() -> None:
    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        for number, data in enumerate((SVG, b"\xff\xd8\xff\xe0 cut", picture()[:200])):
            settled(message(str(number), pictures=1), 0, Outcome("ok", data=data))
        await time.until_drawn()
        shown = [Reader(tile.value) for tile in live.grid.children]
        assert [each.pictures for each in shown] == [0, 0, 0]
        assert all("not shown here" in each.text or "for this page" in each.text for each in shown)

    play(test)


def test_nothing_is_shown_for_what_is_no_picture() -> None:
    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        for outcome in (Outcome("skipped", "disabled"), Outcome("failed", "gone"), Outcome("skipped", "not_an_image")):
            settled(message("a", pictures=1), 0, outcome)
        assert live.count == 0

    left = play(test, ": see the gallery")
    assert (left.grid.children, left.line.value, left.spoken.value) == ((), "", "")


def test_a_screen_reader_has_the_words_of_each_picture_and_hears_the_number_now_and_then() -> None:
    said: list[str] = []

    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        live.spoken.observe(lambda change: said.append(Reader(change["new"]).text), "value")
        send(settled, 0)
        await time.until_drawn()
        for number in range(1, 80):
            send(settled, number)
            await time.next_update()
        assert 39 < time.seconds < 40
        assert all('alt="image by unknown, 2026-10-01 12:00 UTC"' in tile.value for tile in live.grid.children)
        assert 'role="status"' in live.spoken.value
        assert "role" not in live.line.value, "which changes twice a second"

    play(test)
    assert said == ["1 picture so far", "61 pictures so far", "80 pictures"], "80 updates, and not 80 sentences"


def test_a_defect_in_what_is_shown_costs_nothing_but_the_show(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(live: LivePictures, settled: Settled, time: TurnedClock) -> None:
        send(settled, 1)
        (drawing,) = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait((drawing,))
        send(settled, 2)

    monkeypatch.setattr(live_pictures, "small_of", lambda *given: 1 / 0)
    with pytest.warns(UserWarning, match="ZeroDivisionError"):
        assert play(test).count == 2
