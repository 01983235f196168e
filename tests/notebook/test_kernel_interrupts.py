"""The stop button in a real kernel: pressed at any moment of a fetch, pressed twice, pressed too late."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from help.holding import ROOM, HoldingWebex
from help.kernels import AWAITED, BLOCKING, INTERRUPT_SECONDS, Kernel, assert_nothing_is_left, cell, tasks_left
from help.truth import check

import chatframes as cf

CHAT = "Project Apollo"
SEED = 20261101
MOMENTS = 10  # for each way of calling, one in each tenth of the call's requests
PATIENCE_SECONDS = 60  # only a failing test waits this long

WAYS = pytest.mark.parametrize(
    ("verb", "ended_by"),
    [("cf.fetch", "KeyboardInterrupt"), ("await cf.fetch_async", "CancelledError")],
    ids=["blocking", "awaited"],
)
LAST_OR_NONE = """
def last_or_none():
    try:
        return cf.last_result()
    except cf.ChatframesError:
        return None
"""
# A listener is called on the library's own loop: while it waits, the call's end waits.
HOLD_THE_END = """
from urllib.request import urlopen

def hold_the_end(event):
    if event.kind == "finished":
        urlopen({base_url!r} + "/hold").close()
"""
# What one finds on the web: nobody tells the loop that its caller has gone.
NAIVE = """
import threading
naive = asyncio.new_event_loop()
threading.Thread(target=naive.run_forever, daemon=True).start()
asyncio.run_coroutine_threadsafe(cf.fetch_async(cf.Webex({room!r}), images=True, config={config!r}), naive).result()
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def world() -> Iterator[cf.sandbox.World]:
    with cf.sandbox(messages=200, images=30, latency_ms=50, faults=["short_pages"]) as world:
        yield world


@pytest.fixture
def server() -> Iterator[HoldingWebex]:
    with HoldingWebex(messages=12, answered=4) as server:
        yield server


# --- at any moment ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ending:
    """What pressing stop after `requests` requests came to."""

    requests: int
    ended_by: str | None  # None: the cell had ended by itself
    seconds: float
    messages: int
    pictures: int


class Course:
    """A fetch that takes its time: short pages, one after the other, few downloads at once, and every answer waits."""

    def __init__(self, kernel: Kernel, world: cf.sandbox.World, verb: str, folder: Path) -> None:
        self._kernel, self._world, self._folder = kernel, world, folder
        self._expected = world.expected(CHAT)
        kernel.run(LAST_OR_NONE)
        narrow, wide = world.config, world.config
        narrow["webex"] |= {
            "max_concurrent_image_downloads": 4,
            "max_concurrent_fetches": 1,
        }
        self._code = f"df = {verb}(cf.Webex({CHAT!r}), images=True, config={narrow!r})"
        self._again = f"df = {verb}(cf.Webex({CHAT!r}), images=True, config={wide!r})"

    def requests(self) -> int:
        """Run it to its end and return how many requests it makes."""
        self._world.reset_stats()
        self._kernel.run(self._code)
        return self._seen()

    def stop_after(self, requests: int) -> Ending:
        """Press stop when the server has seen that many requests, and hold what is left against the truth."""
        kernel = self._kernel
        self._world.reset_stats()
        kernel.run("df, before = None, last_or_none()")
        running = kernel.send(self._code)
        kernel.until_shown(running)
        while not kernel.answered(running) and self._seen() < requests:
            kernel.listen(0.002)
        pressed = time.monotonic()
        kernel.interrupt()
        reply = kernel.reply(running)
        seconds = time.monotonic() - pressed
        self._until_nobody_is_connected()
        assert tasks_left(kernel) == []
        kernel.run("result = last_or_none() if df is None else df")
        frame = None
        if kernel.value("result is not before"):
            frame = self._frame("result")
            assert_true_as_far_as_it_goes(frame, self._expected)
        else:
            assert self._seen() == 0  # it was stopped before it had begun
        kernel.run(self._again)
        check(self._frame("df"), self._expected)
        read = (0, 0) if frame is None else (len(frame), int(frame["n_images"].sum()))
        return Ending(requests, reply.get("ename"), round(seconds, 2), *read)

    def _frame(self, expression: str) -> pd.DataFrame:
        path = self._folder / "frame.pickle"
        self._kernel.run(f"({expression}).to_pickle({str(path)!r})")
        return pd.read_pickle(path)

    def _seen(self) -> int:
        return sum(self._world.stats()["requests"].values())

    def _until_nobody_is_connected(self) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while (open_connections := self._world.stats()["open_connections"]) and time.monotonic() < give_up:
            self._kernel.listen(0.002)
        assert open_connections == 0


def assert_true_as_far_as_it_goes(frame: pd.DataFrame, expected: Sequence[Mapping[str, Any]]) -> None:
    """Every row is one of the truth's, once and in order; every picture in hand is the right one; no report boasts."""
    by_id = {record["message_id"]: record for record in expected}
    ids = list(frame["message_id"])
    assert ids == [id_ for id_ in by_id if id_ in set(ids)]
    missing = len(by_id) - len(ids)
    for row in frame.to_dict("records"):
        record = by_id[row["message_id"]]
        assert row["text"] == record["text"]
        assert [one["source_id"] for one in row["media"]] == [one["source_id"] for one in record["media"]]
        here = [one["sha256"] for one in row["media"] if one["status"] == "ok"]
        assert [hashlib.sha256(picture["bytes"]).hexdigest() for picture in row["images"]] == here
        for one, file in zip(row["media"], record["media"], strict=True):
            if one["status"] == "ok":
                assert one["sha256"] == file["sha256"]
            elif one["reason"] == "cancelled":  # whatever it is: nobody had looked yet
                missing += 1
            else:
                assert (file["is_image"], one["reason"]) == (False, "not_an_image")
    assert cf.report(frame).status in ({"complete"} if missing == 0 else {"partial", "failed"})


@pytest.mark.long
@WAYS
def test_whenever_stop_is_pressed_nothing_is_left_and_what_was_read_is_true(
    kernel: Kernel, world: cf.sandbox.World, tmp_path: Path, verb: str, ended_by: str
) -> None:
    course = Course(kernel, world, verb, tmp_path)
    requests, random = course.requests(), Random(SEED)
    moments = [int((tenth + random.random()) / MOMENTS * requests) for tenth in range(MOMENTS)]
    endings = [course.stop_after(moment) for moment in [0, *moments]]
    for one in endings:
        print(one)
    stopped = [one for one in endings if one.ended_by is not None]
    print(f"{len(stopped)} of {len(endings)} stopped; at worst {max(one.seconds for one in stopped):.2f} s")
    assert len(stopped) >= MOMENTS - 2  # the last moments may come when all is done
    assert {one.ended_by for one in stopped} == {ended_by}
    assert max(one.seconds for one in endings) < INTERRUPT_SECONDS
    # An awaited cell hears the button up to 0.2 s later, so some moments fall together there.
    assert len({(one.messages, one.pictures) for one in stopped}) >= 3


# --- twice, and too late ----------------------------------------------------------------------------------------------


def send_a_fetch_whose_end_is_held(kernel: Kernel, template: str, server: HoldingWebex) -> str:
    kernel.run(HOLD_THE_END.format(base_url=server.base_url))
    return kernel.send(cell(template.replace("images=True", "images=True, progress=hold_the_end"), server))


def press(kernel: Kernel, running: str, ended_by: str) -> None:
    """Press stop, and be given the prompt."""
    pressed = time.monotonic()
    kernel.interrupt()
    reply = kernel.reply(running)
    seconds = time.monotonic() - pressed
    print(f"the cell ended {seconds:.2f} s after the interrupt")
    assert seconds < INTERRUPT_SECONDS
    assert reply["ename"] == ended_by


def let_the_end_go(kernel: Kernel, server: HoldingWebex) -> None:
    server.release()
    kernel.run("loop.run(asyncio.sleep(0))")  # the loop is busy until the listener returns
    assert_nothing_is_left(kernel, server)


def assert_a_further_fetch_gives_everything(kernel: Kernel, server: HoldingWebex) -> None:
    kernel.run(cell(BLOCKING, server))
    assert kernel.value("outcomes(df)") == (12, 12, 0)
    assert_nothing_is_left(kernel, server)


def test_a_second_press_gives_the_prompt_though_the_first_is_still_cleaning_up(
    kernel: Kernel, server: HoldingWebex
) -> None:
    kernel.run("patience, loop.CLEAN_UP_SECONDS = loop.CLEAN_UP_SECONDS, 600")  # only a press can end it
    running = send_a_fetch_whose_end_is_held(kernel, BLOCKING, server)
    server.until_holding(8)
    kernel.interrupt()
    server.until_holding(9)
    kernel.until_all_sent_has_arrived()
    assert not kernel.answered(running)
    press(kernel, running, "KeyboardInterrupt")
    assert server.held == 9
    kernel.run("loop.CLEAN_UP_SECONDS = patience")
    let_the_end_go(kernel, server)
    assert kernel.value("outcomes(cf.last_result())") == (12, 4, 8)
    assert_a_further_fetch_gives_everything(kernel, server)


def test_an_awaited_cell_pressed_twice_gives_the_prompt_though_its_clean_up_is_held(
    kernel: Kernel, server: HoldingWebex
) -> None:
    running = send_a_fetch_whose_end_is_held(kernel, AWAITED, server)
    server.until_holding(8)
    kernel.interrupt()
    server.until_holding(9)
    press(kernel, running, "CancelledError")
    assert server.held == 9
    let_the_end_go(kernel, server)
    assert kernel.value("outcomes(cf.last_result())") == (12, 4, 8)
    assert_a_further_fetch_gives_everything(kernel, server)


@pytest.mark.parametrize(
    ("template", "ended_by"),
    [(BLOCKING, "KeyboardInterrupt"), (AWAITED, "CancelledError")],
    ids=["blocking", "awaited"],
)
def test_a_fetch_that_was_done_when_stop_was_pressed_is_kept_whole(
    kernel: Kernel, template: str, ended_by: str
) -> None:
    with HoldingWebex(messages=12, answered=12) as server:
        running = send_a_fetch_whose_end_is_held(kernel, template, server)
        server.until_holding(1)
        press(kernel, running, ended_by)
        let_the_end_go(kernel, server)
    assert kernel.value("outcomes(cf.last_result()), cf.report(cf.last_result()).status") == ((12, 12, 0), "complete")


@pytest.mark.long
def test_waiting_for_a_loop_without_telling_it_of_the_interrupt_leaves_everything_running(
    server: HoldingWebex,
) -> None:
    # The negative control: the same questions, asked of what is written most often.
    with Kernel() as kernel:
        running = kernel.send(NAIVE.format(room=ROOM, config=server.config))
        server.until_holding(8)
        press(kernel, running, "KeyboardInterrupt")
        assert server.open_connections >= 8
        assert tasks_left(kernel) != []
        kernel.run("cf.shutdown()")
        assert_nothing_is_left(kernel, server)
