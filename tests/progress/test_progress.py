"""Progress tells the truth: counts, rates, time left, waits that count down, and never more than ten times a second."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from help.fakes import FakeTime

import chatframes as cf
from chatframes.model import Event
from chatframes.page import html
from chatframes.progress.bar import Bar
from chatframes.progress.card import Card
from chatframes.progress.drawing import Steady, listening
from chatframes.progress.tally import Tally
from chatframes.road.run import Run
from chatframes.settings.merge import merge
from chatframes.transfer.gate import Gate, Waits
from chatframes.transfer.patience import Patience


class Page:
    """Something to draw on that keeps each drawing, with a clock and timers moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.drawn: list[tuple[float, str]] = []
        self.closed = 0
        self._timers: list[Page.Timer] = []

    class Timer:
        def __init__(self, at: float, call: Callable[[], None]) -> None:
            self.at, self.call, self.cancelled = at, call, False

        def cancel(self) -> None:
            self.cancelled = True

    def draw(self, tally: Tally, now: float) -> None:
        self.drawn.append((now, f"{tally.messages} | {tally.attachments} | {tally.state(now)} | {tally.pace(now)}"))

    def close(self) -> None:
        self.closed += 1

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        self._timers.append(timer := Page.Timer(self.seconds + seconds, call))
        return timer

    def pass_time(self, seconds: float) -> None:
        until = self.seconds + seconds
        while due := [one for one in self._timers if not one.cancelled and one.at <= until]:
            first = min(due, key=lambda one: one.at)
            self._timers.remove(first)
            self.seconds = max(self.seconds, first.at)
            first.call()
        self.seconds = until

    @property
    def waiting(self) -> bool:
        return any(not one.cancelled for one in self._timers)


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def steady(page: Page) -> Steady:
    return Steady(page, now=lambda: page.seconds, later=page.later)


def event(kind: Any = "messages", **counts: Any) -> Event:
    return Event(kind, counts.pop("source", "Webex('Project Apollo')"), **counts)


def test_a_thousand_events_in_a_second_are_drawn_at_most_ten_times_and_the_last_state_always(
    page: Page, steady: Steady
) -> None:
    for number in range(1, 1001):
        page.pass_time(0.001)
        steady.take(event(messages=number, elapsed_seconds=number / 1000))
    page.pass_time(0.1)
    assert 10 <= len(page.drawn) <= 12
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(page.drawn)]
    assert min(gaps) >= 0.1 - 1e-9
    assert page.drawn[-1][1].startswith("1,000 messages")


def test_a_wait_counts_down_each_second_though_nothing_happens(page: Page, steady: Steady) -> None:
    steady.take(event("waiting", source="webex", wait_seconds=30.0))
    page.pass_time(29.5)
    said = [re.search(r"Webex asks to wait: (\d+) s left", words)[1] for _, words in page.drawn]
    assert said == [str(seconds) for seconds in range(30, 0, -1)]
    steady.take(event())
    assert "Webex asks to wait: 1 s left" in page.drawn[-1][1], "half a second is not none"
    page.pass_time(2.0)
    assert "asks to wait" not in page.drawn[-1][1]


def test_the_next_try_is_counted_down_too(page: Page, steady: Steady) -> None:
    steady.take(event("retry", source="webex", wait_seconds=2.0, note="answered 502"))
    page.pass_time(3.0)
    said = [re.search(r"Webex: answered 502, ([^|]+) \|", words)[1] for _, words in page.drawn]
    assert said == [
        "next try in 2 s",
        "next try in 1 s",
        "trying again",
        "trying again",
    ]
    steady.take(event(messages=1))
    page.pass_time(0.1)
    assert "502" not in page.drawn[-1][1]


def test_in_a_stall_the_rate_falls_and_no_time_left_is_promised(page: Page, steady: Steady) -> None:
    steady.take(event("start"))
    for second in range(1, 11):
        page.pass_time(1.0)
        steady.take(event("image", reading=False, attachments_done=10 * second, attachments_total=110))
    page.pass_time(0.1)
    assert "10 attachments/s, about 1.0 s left" in page.drawn[-1][1]
    page.pass_time(5.0)
    assert "5 attachments/s, about 2.0 s left" in page.drawn[-1][1]
    page.pass_time(60.0)
    assert "left" not in page.drawn[-1][1]
    assert "/s" not in page.drawn[-1][1]
    steady.close()
    assert not page.waiting


def test_while_nobody_knows_how_many_messages_there_are_no_time_left_is_promised() -> None:
    tally = Tally()
    tally.take(event("start"), now=0.0)
    tally.take(event(messages=100, attachments_done=1, attachments_total=20), now=5.0)
    tally.take(event("image", messages=100, attachments_done=10, attachments_total=20), now=6.0)
    assert tally.left_seconds(6.0) is None, "more pages may come"
    tally.take(event("image", messages=100, reading=False, attachments_done=10, attachments_total=20), now=6.0)
    assert tally.left_seconds(6.0) == pytest.approx(10 / (10 / 6))


def test_two_services_that_ask_to_wait_are_both_named(page: Page, steady: Steady) -> None:
    steady.take(event("waiting", source="webex", wait_seconds=30.0))
    page.pass_time(0.5)
    steady.take(event("waiting", source="telegram", wait_seconds=12.0))
    page.pass_time(0.5)
    assert "Webex asks to wait" in page.drawn[-1][1]
    assert "Telegram asks to wait" in page.drawn[-1][1]


def test_after_the_end_nothing_more_is_drawn(page: Page, steady: Steady) -> None:
    steady.take(event("waiting", source="webex", wait_seconds=30.0))
    steady.take(event("finished", messages=12, note="partial", elapsed_seconds=3.0))
    steady.close()
    drawn = len(page.drawn)
    assert "done in 3.0 s, but something is missing: the report says what" in page.drawn[-1][1]
    page.pass_time(60.0)
    steady.take(event(messages=13))
    page.pass_time(60.0)
    assert (len(page.drawn), page.closed, page.waiting) == (drawn, 1, False)


def test_rate_and_time_left_come_from_the_last_ten_seconds() -> None:
    tally = Tally()
    for second in range(31):
        done = second if second < 20 else 20 + 5 * (second - 20)  # it goes five times faster in the end
        tally.take(
            event(
                "image",
                attachments_done=done,
                attachments_total=120,
                elapsed_seconds=float(second),
                reading=False,
                downloads_active=7,
                downloads_limit=20,
                retries=3,
            ),
            now=float(second),
        )
    assert tally.rates(30.0) == (0.0, 5.0)
    assert tally.left_seconds(30.0) == pytest.approx(50 / 5)
    assert tally.pace(30.0) == "5 attachments/s, about 10 s left, 7 of 20 downloads at once, 3 requests repeated"
    tally.take(replace(tally.event, kind="waiting", source="webex", wait_seconds=60.0), now=30.0)
    assert tally.left_seconds(30.0) == pytest.approx(60 + 10)


def test_when_all_is_there_it_is_all_though_a_service_counts_what_it_shows_to_nobody() -> None:
    for note, words, most in (("complete", "300 messages", "300"), ("partial", "300 of 302 messages", "302")):
        card, tally = Card(), Tally()
        tally.take(event("finished", note=note, reading=False, messages=300, messages_expected=302), now=3.0)
        tally.end()
        card.draw(tally, 3.0)
        assert f">{words}<" in card.box.value
        assert f'value="300" max="{most}"' in card.box.value


def test_one_is_not_many() -> None:
    tally = Tally()
    tally.take(event(messages=1, attachments_done=1, attachments_total=4, retries=1), now=1.0)
    tally.take(event(messages=2, attachments_done=2, attachments_total=4, retries=1), now=2.0)
    assert tally.pace(2.0) == "1 message/s, 1 attachment/s, 1 request repeated"
    tally.take(replace(tally.event, reading=False), now=2.0)
    assert tally.pace(2.0) == "1 attachment/s, about 2.0 s left, 1 request repeated", "no more messages will come"


def test_what_nobody_can_know_is_not_said() -> None:
    tally = Tally()
    tally.take(event(messages=500, elapsed_seconds=1.0), now=1.0)
    assert tally.messages == "500 messages"
    assert tally.left_seconds(1.0) is None
    tally.take(event(messages=500, messages_expected=900, elapsed_seconds=20.0), now=20.0)
    tally.take(event(messages=500, messages_expected=900, elapsed_seconds=31.0), now=31.0)
    assert tally.messages == "500 of 900 messages"
    assert "left" not in tally.pace(31.0), "it has stood still for ten seconds"


@pytest.mark.parametrize("hostile", ["<img src=x onerror=alert(1)>", "</div><script>alert(1)</script>", '" onclick="x'])
def test_what_a_service_says_is_text_on_the_card(hostile: str) -> None:
    card, tally = Card(), Tally()
    for kind in ("notice", "retry", "waiting"):
        tally.take(event(kind, source=hostile, note=hostile, wait_seconds=5.0), now=0.0)
        card.draw(tally, 0.0)
        assert hostile not in card.box.value
        assert html.Html.escape(hostile)[:20] in card.box.value


def test_the_card_shows_both_bars_and_the_width_of_the_gate() -> None:
    card, tally = Card(), Tally()
    tally.take(
        event(
            messages=1_500, messages_expected=3_000, attachments_done=30, attachments_total=60, image_bytes=5_000_000,
            downloads_active=20, downloads_limit=20, elapsed_seconds=3.0,
        ),
        now=0.0,
    )  # fmt: skip
    card.draw(tally, 0.0)
    assert "1,500 of 3,000 messages" in card.box.value
    assert "30 of 60 attachments, 5.0 MB of images" in card.box.value
    assert "20 of 20 downloads at once" in card.box.value
    assert re.findall(r'value="(\d+)" max="(\d+)"', card.box.value) == [("1500", "3000"), ("30", "60")]


def test_a_terminal_gets_a_bar_that_ends_full(capsys: pytest.CaptureFixture[str]) -> None:
    with cf.sandbox(messages=200, images=30) as world:
        cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config)
        files = sum(len(message["media"]) for message in world.expected("Project Apollo"))
    told = capsys.readouterr().err.split("\r")[-1]
    assert re.search(rf"200 messages \|█+\| {files}/{files}, done in .*MB of images", told)


def test_in_a_terminal_one_line_says_how_fast_how_long_how_wide_and_how_often_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    termios = pytest.importorskip("termios")  # Windows has no such terminal
    ours, theirs = os.openpty()
    counts = {"messages_expected": 30_000, "attachments_total": 346, "downloads_active": 19, "downloads_limit": 20}
    tally = Tally()
    tally.take(event("start"), now=0.0)
    tally.take(event("image", messages=20_000, attachments_done=170, retries=8, **counts), now=10.0)

    def line(columns: int) -> str:
        termios.tcsetwinsize(theirs, (40, columns))
        bar.draw(tally, 10.0)
        said = os.read(ours, 10_000).decode().split("\r")[-1].strip()
        assert len(said) < columns
        return re.sub(r"\|.+\|", "|", said)

    with open(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        bar = Bar()
        whole = "20,000 of 30,000 messages, 2,000/s | 170/346, 17/s, 10 s left, 19 of 20 at once, 8 repeated"
        assert line(100) == whole
        assert line(80) == whole.replace(", 19 of 20 at once", ""), "no half a number"
        tally.take(replace(tally.event, kind="waiting", source="webex", wait_seconds=30.0), now=10.0)
        assert line(100) == "20,000 of 30,000 messages | 170/346, Webex asks to wait: 30 s left, 19 of 20 at once"
        tally.take(replace(tally.event, kind="finished", messages=30_000, attachments_done=346), now=10.0)
        tally.end()
        assert line(100) == "30,000 messages | 346/346, done in 0.0 s"
        bar.close()
    os.close(ours)


def test_no_progress_says_nothing_and_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with cf.sandbox(messages=20, images=2) as world:
        cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    assert capsys.readouterr() == ("", "")


def test_every_event_reaches_a_function_and_the_totals_are_the_truth() -> None:
    events: list[cf.Event] = []
    with cf.sandbox(messages=900, images=90, latency_ms=5) as world:
        cf.fetch(cf.Telegram("@apollo"), images=True, config=world.config, progress=events.append)
        files = sum(len(message["media"]) for message in world.expected("Project Apollo", platform="telegram"))
        peak = world.stats()["telegram"]["peak_files"]
    last = events[-1]
    assert (last.kind, last.note) == ("finished", "complete")
    assert (last.messages, last.messages_expected) == (900, 900)
    assert (last.attachments_done, last.attachments_total) == (files, files)
    for earlier, later in itertools.pairwise(events):
        assert earlier.messages <= later.messages
        assert earlier.attachments_done <= later.attachments_done
        assert earlier.elapsed_seconds <= later.elapsed_seconds
    assert {one.downloads_limit for one in events} == {20}
    assert 1 < max(one.downloads_active for one in events) <= 20
    assert peak <= 20
    assert (events[0].reading, last.reading) == (True, False)


def test_of_a_mixture_the_number_of_messages_is_only_told_when_every_source_has_told_it() -> None:
    events: list[cf.Event] = []
    with cf.sandbox(messages=100, images=0) as world:
        sources = [cf.Webex("Project Apollo"), cf.Telegram("@apollo")]
        cf.fetch(sources, config=world.config, progress=events.append)
    assert {one.messages_expected for one in events} == {None}
    assert events[-1].messages == 200


def test_an_empty_chat_has_told_its_number_too() -> None:
    events: list[cf.Event] = []
    with cf.sandbox(messages=50, images=0) as world:
        sources = [cf.Telegram("@apollo"), cf.Telegram("Quiet corner")]
        cf.fetch(sources, config=world.config, progress=events.append)
    assert (events[-1].messages, events[-1].messages_expected) == (50, 50)
    run = Run([cf.Webex("x"), cf.Webex("y")], merge({}), emit=events.append)
    run.ledger.emit(Event("messages", "Webex('x')", messages_expected=7))
    assert events[-1].messages_expected is None
    run.ledger.emit(Event("messages", "Webex('y')", messages_expected=0))
    assert events[-1].messages_expected == 7


def test_of_several_chats_it_is_said_which_of_how_many_is_read() -> None:
    tally, card = Tally(), Card()
    tally.take(event(messages=40, chat="Kitchen", chat_number=3, chats=12), 0.0)
    assert tally.in_brief(0.0)[:2] == ["40 messages", "chat 3 of 12: Kitchen"]
    card.draw(tally, 0.0)
    assert "<div>chat 3 of 12: Kitchen</div>" in card.box.value
    tally.take(event(chat="<b>" + "long name " * 9, chat_number=3, chats=12), 0.0)
    assert tally.chat == "chat 3 of 12: <b>long name long name long n…"
    card.draw(tally, 0.0)
    assert "<b>long" not in card.box.value
    tally.take(event(messages=99, reading=False, chat_number=12, chats=12), 0.0)
    assert tally.chat == "all 12 chats are read"
    tally.end()
    assert tally.in_brief(0.0)[0] == "99 messages in 12 chats"
    tally.take(event(chat="Kitchen", chat_number=1, chats=1), 0.0)
    assert "chat" not in " ".join(tally.in_brief(0.0)), "one chat needs no number"


def test_the_chats_of_an_account_are_counted_in_events() -> None:
    events: list[cf.Event] = []
    with cf.sandbox(messages=300, images=0) as world:
        listed = cf.chats("webex", config=world.config)
        cf.fetch(listed, config=world.config, progress=events.append)
    assert {one.chats for one in events} == {len(listed)}
    numbers = [one.chat_number for one in events]
    assert numbers == sorted(numbers)
    assert (events[-1].chat, numbers[-1]) == ("", len(listed))
    names = {one.chat for one in events} - {""}
    assert {"Project Apollo"} <= names <= set(listed["title"])


def test_an_export_that_is_run_again_counts_what_it_has_to_do(tmp_path: Path) -> None:
    with cf.sandbox(messages=200, images=40) as world:
        ended = []
        for _ in range(2):
            steady = Tally()
            chat = cf.Telegram("@apollo")
            listen = lambda one, tally=steady: tally.take(one, 0.0)  # noqa: E731
            cf.export(chat, tmp_path, images=True, config=world.config, progress=listen)
            ended.append(steady)
    first, second = ended
    assert first.event.attachments_done == first.event.attachments_total > 0
    assert (second.event.attachments_done, second.event.attachments_total) == (0, 0), "all of them are there"
    assert first.messages == "200 messages"
    assert 0 < second.event.messages < 200
    assert second.messages == f"{second.event.messages} messages, new or read again"


def test_each_of_two_calls_hears_of_the_same_wait_once() -> None:
    async def main() -> None:
        time, waits = FakeTime(), Waits()
        waits.close_for(30.0, time.clock)
        heard: tuple[list[cf.Event], list[cf.Event]] = ([], [])
        runs = [Run([cf.Webex("x")], merge({}), emit=one.append, clock=time.clock) for one in heard]
        waiting = [
            Patience("webex", Gate(), waits, time.clock, run.ledger.emit, 300.0).wait_for_page(300.0)
            for run in runs
            for _ in range(10)
        ]
        await asyncio.gather(*waiting)
        for events in heard:
            assert [(one.kind, one.wait_seconds) for one in events] == [("waiting", 30.0)]

    asyncio.run(main())


def test_a_display_that_breaks_costs_no_message() -> None:
    class Broken:
        def draw(self, tally: Tally, now: float) -> None:
            raise ValueError("no screen")

        def close(self) -> None:
            pass

    async def main() -> None:
        with listening(Broken()) as emit:
            emit(event())
            emit(event())

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main())
    assert any("the fetch goes on" in str(one.message) for one in caught)


@pytest.mark.parametrize("kind", ["async def", "async generator", "generator"])
def test_a_function_that_would_never_run_is_refused(kind: str) -> None:
    async def coroutine(event: cf.Event) -> None: ...

    async def agenerator(event: cf.Event) -> Any:
        yield

    def generator(event: cf.Event) -> Any:
        yield

    progress: Any = {"async def": coroutine, "async generator": agenerator, "generator": generator}[kind]
    with pytest.raises(cf.ConfigError, match="a plain function"), listening(progress):
        pass


def test_a_listener_that_breaks_costs_no_message_where_warnings_are_errors() -> None:
    with cf.sandbox(messages=20, images=0) as world, warnings.catch_warnings():
        warnings.simplefilter("error")
        df = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=lambda event: 1 / 0)
    assert len(df) == 20


def test_an_error_in_the_call_is_shown_as_one_and_an_interrupt_as_stopped() -> None:
    for error, word in ((cf.ServiceError("no"), "failed"), (asyncio.CancelledError(), "stopped")):
        page = Page()

        async def main(page: Page = page, error: BaseException = error) -> None:
            with pytest.raises(type(error)), listening(page):
                raise error

        asyncio.run(main())
        assert word in page.drawn[-1][1]
        assert page.closed == 1


def test_outside_of_notebooks_no_widget_is_imported() -> None:
    import subprocess

    code = (
        "import sys, chatframes as cf\n"
        "with cf.sandbox(messages=5, images=1) as world:\n"
        "    cf.fetch(cf.Webex('Project Apollo'), config=world.config)\n"
        "print('ipywidgets' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
