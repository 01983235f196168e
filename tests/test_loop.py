"""Blocking and awaited calls on one background loop: in scripts, in running loops, in threads, forked, interrupted."""

from __future__ import annotations

import _thread
import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from help.holding import ROOM, HoldingWebex, outcomes
from help.kernels import clean_environment

import chatframes as cf
from chatframes import loop
from chatframes.api import fetching

PATIENCE_SECONDS = 60  # only a failing test waits this long


@pytest.fixture(autouse=True)
def a_loop_of_its_own() -> Iterator[None]:
    """End the background loop after each test, as `shutdown` does."""
    yield
    cf.shutdown()


@pytest.fixture
def server() -> Iterator[HoldingWebex]:
    with HoldingWebex(messages=12, answered=4) as server:
        yield server


def fetch(server: HoldingWebex, **options: Any) -> Any:
    return cf.fetch(cf.Webex(ROOM), **{"images": True, "config": server.config, "progress": False, **options})


def fetch_async(server: HoldingWebex, **options: Any) -> Coroutine[Any, Any, Any]:
    return cf.fetch_async(cf.Webex(ROOM), **{"images": True, "config": server.config, "progress": False, **options})


async def loop_and_thread() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


def awaited(coroutine: Coroutine[Any, Any, Any], *too_late: Callable[[Any], None]) -> Any:
    """`run_async`, as a script's own loop would use it."""

    async def main() -> Any:
        return await loop.run_async(coroutine, *too_late)

    return asyncio.run(main())


both_ways = pytest.mark.parametrize("way", [loop.run, awaited], ids=["blocking", "awaited"])


class Aside:
    """A function running in a thread of its own; one that hangs fails its test and no other."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._future: Future[Any] = Future()
        threading.Thread(target=self._run, args=(function, *arguments), daemon=True).start()

    def _run(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            self._future.set_result(function(*arguments))
        except BaseException as error:
            self._future.set_exception(error)

    def result(self) -> Any:
        return self._future.result(PATIENCE_SECONDS)


class Endless:
    """A coroutine that never ends by itself, what became of it, and a clean-up that may be held up."""

    def __init__(self, *, held_up: bool = False) -> None:
        self.begun, self.ended, self.let_go = threading.Event(), threading.Event(), threading.Event()
        if not held_up:
            self.let_go.set()

    async def run(self) -> None:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(self.let_go.wait, PATIENCE_SECONDS)
            self.ended.set()

    async def until_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, PATIENCE_SECONDS)


async def tasks_but_this_one() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


def tasks_left() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks(loop.get())


# --- one loop, from everywhere ----------------------------------------------------------------------------------------


@both_ways
def test_a_call_returns_what_its_coroutine_returns(way: Callable[..., Any]) -> None:
    async def seven() -> int:
        await asyncio.sleep(0)
        return 7

    assert way(seven()) == 7


def test_every_call_from_everywhere_runs_on_one_background_loop_and_thread() -> None:
    async def inside_a_running_loop() -> list[Any]:
        return [loop.run(loop_and_thread()), await loop.run_async(loop_and_thread())]

    seen = [loop.run(loop_and_thread()), awaited(loop_and_thread()), *asyncio.run(inside_a_running_loop())]
    asides = [Aside(lambda: loop.run(loop_and_thread())) for _ in range(8)]
    seen += [aside.result() for aside in asides]
    own, thread = seen[0]
    assert seen == [(own, thread)] * len(seen)
    assert own is loop.get()
    assert thread is not threading.main_thread()
    assert thread.daemon


def test_calls_of_several_threads_run_at_the_same_time() -> None:
    everybody_is_here = threading.Barrier(4)  # each call ends only when all four are running

    async def meet() -> None:
        await asyncio.to_thread(everybody_is_here.wait, PATIENCE_SECONDS)

    calls = [Aside(way, meet()) for way in (loop.run, awaited) * 2]
    assert [call.result() for call in calls] == [None] * 4


def test_the_first_calls_of_many_threads_start_only_one_loop() -> None:
    together = threading.Barrier(8)

    def first_call() -> asyncio.AbstractEventLoop:
        together.wait(PATIENCE_SECONDS)
        return loop.get()

    calls = [Aside(first_call) for _ in range(8)]
    assert len({call.result() for call in calls}) == 1


@both_ways
def test_an_exception_comes_through_as_it_is(way: Callable[..., Any]) -> None:
    error = cf.ChatNotFound("no such room")

    async def fail() -> None:
        raise error

    with pytest.raises(cf.ChatNotFound) as raised:
        way(fail())
    assert raised.value is error


@both_ways
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_call_that_asks_python_to_exit_does_not_take_the_loop_with_it(
    way: Callable[..., Any], kind: type[BaseException]
) -> None:
    async def leave() -> None:
        raise kind

    before = loop.get()
    with pytest.raises(kind):
        Aside(way, leave()).result()
    assert Aside(loop.run, loop_and_thread()).result()[0] is before


@pytest.mark.parametrize("way", ["blocking", "awaited"])
def test_calling_from_the_loops_own_thread_is_an_error_at_once(way: str) -> None:
    never_run = Endless()

    async def call_again() -> None:
        if way == "blocking":
            loop.run(never_run.run())
        else:
            await loop.run_async(never_run.run())

    with pytest.raises(RuntimeError, match="called from its own event loop"):
        Aside(loop.run, call_again()).result()
    gc.collect()  # a coroutine nobody awaited would warn here, and warnings are errors
    assert not never_run.begun.is_set()


def test_stopping_from_the_loops_own_thread_is_an_error_at_once() -> None:
    async def stop() -> None:
        loop.stop()

    before = loop.get()
    with pytest.raises(RuntimeError, match="called from its own event loop"):
        loop.run(stop())
    assert loop.get() is before


# --- endings ----------------------------------------------------------------------------------------------------------


def test_cancelling_an_awaiting_task_ends_the_call_before_it_goes_on() -> None:
    endless = Endless()

    async def main() -> bool:
        task = asyncio.create_task(loop.run_async(endless.run()))
        await endless.until_begun()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return endless.ended.is_set()

    assert asyncio.run(main())
    assert tasks_left() == set()


def test_a_task_group_that_fails_ends_the_calls_in_it() -> None:
    endless = Endless()

    async def fail_once_it_runs() -> None:
        await endless.until_begun()
        raise LookupError

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(loop.run_async(endless.run()))
            group.create_task(fail_once_it_runs())

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main())
    assert raised.group_contains(LookupError)
    assert endless.ended.is_set()
    assert tasks_left() == set()


@pytest.mark.parametrize("once_it_runs", [False, True], ids=["at once", "once it runs"])
def test_an_interrupt_while_a_call_is_being_started_ends_it_too(
    monkeypatch: pytest.MonkeyPatch, once_it_runs: bool
) -> None:
    endless, start = Endless(), asyncio.run_coroutine_threadsafe

    def start_and_be_interrupted(coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> None:
        start(coroutine, loop)
        assert not once_it_runs or endless.begun.wait(PATIENCE_SECONDS)
        raise KeyboardInterrupt  # where a signal may well strike: the call is on its way and nobody holds it yet

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "run_coroutine_threadsafe", start_and_be_interrupted)
        with pytest.raises(KeyboardInterrupt):
            loop.run(endless.run())
    assert endless.ended.is_set() == endless.begun.is_set()
    assert loop.run(tasks_but_this_one()) == set()


@pytest.fixture
def _interrupts() -> Iterator[None]:
    """What a shell starts in the background ignores interrupts, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interrupts")
def test_a_result_that_an_interrupt_came_too_late_for_is_kept() -> None:
    kept: list[int] = []

    async def seven_all_the_same() -> int:
        _thread.interrupt_main()  # the main thread is waiting for us
        return 7

    with pytest.raises(KeyboardInterrupt):
        loop.run(seven_all_the_same(), kept.append)
    assert kept == [7]


@pytest.mark.parametrize("cancelled_first", [True, False], ids=["while it is made", "once it is there"])
def test_a_result_that_a_cancellation_came_too_late_for_is_kept(cancelled_first: bool) -> None:
    kept: list[int] = []
    begun, let_go, made = threading.Event(), threading.Event(), threading.Event()

    async def seven_all_the_same() -> int:
        begun.set()
        let_go.wait(PATIENCE_SECONDS)  # busy, as a table that is being built
        asyncio.get_running_loop().call_soon(made.set)
        return 7

    async def main() -> None:
        task = asyncio.create_task(loop.run_async(seven_all_the_same(), kept.append))
        await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
        if cancelled_first:
            task.cancel()
            await asyncio.sleep(0)  # the task has heard of it
        let_go.set()
        assert made.wait(PATIENCE_SECONDS)  # this loop hears nothing meanwhile
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert kept == [7]


@both_ways
def test_a_result_that_is_returned_is_not_kept_as_well(way: Callable[..., Any]) -> None:
    async def seven() -> int:
        return 7

    kept: list[int] = []
    assert way(seven(), kept.append) == 7
    assert kept == []


def test_a_clean_up_that_never_ends_does_not_hold_the_caller_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CLEAN_UP_SECONDS", 0.01)
    endless = Endless(held_up=True)

    async def main() -> bool:
        task = asyncio.create_task(loop.run_async(endless.run()))
        await endless.until_begun()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return endless.ended.is_set()

    assert asyncio.run(main()) is False
    endless.let_go.set()
    assert endless.ended.wait(PATIENCE_SECONDS)


def test_closing_a_loop_under_a_waiting_call_ends_the_call() -> None:
    endless = Endless(held_up=True)

    async def main() -> None:
        waiting = loop.run_async(endless.run())
        waiting.send(None)
        await endless.until_begun()
        waiting.close()  # what Python does to the coroutines of a loop that has gone

    asyncio.run(main())
    endless.let_go.set()
    assert endless.ended.wait(PATIENCE_SECONDS)


def test_after_stop_the_next_call_starts_a_new_loop_and_the_old_thread_is_gone() -> None:
    own, thread = loop.run(loop_and_thread())
    loop.stop()
    assert own.is_closed()
    assert not thread.is_alive()
    assert loop.run(loop_and_thread())[0] is not own


def test_stop_without_a_loop_and_stop_twice_do_nothing() -> None:
    loop.stop()
    loop.stop()
    assert loop.run(loop_and_thread())


@both_ways
def test_stop_ends_what_is_running_and_its_caller_is_told(way: Callable[..., Any]) -> None:
    endless = Endless()
    call = Aside(way, endless.run())
    assert endless.begun.wait(PATIENCE_SECONDS)
    loop.stop()
    assert endless.ended.is_set()
    with pytest.raises(cf.ChatframesError, match=r"ended before it was done.*last_result\(\)"):
        call.result()


def test_calls_that_race_with_stop_either_run_or_say_so() -> None:
    over = threading.Event()

    async def short() -> str:
        await asyncio.sleep(0)
        return "ran"

    def call() -> set[str]:
        said = set()
        while not over.is_set():
            try:
                said.add(loop.run(short()))
            except cf.ChatframesError:
                said.add("stopped")
        return said

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as can be
    try:
        calls = [Aside(call) for _ in range(4)]
        for _ in range(300):
            loop.stop()
    finally:
        over.set()
        sys.setswitchinterval(interval)
    said = set().union(*(one.result() for one in calls))  # a call that got lost never comes back
    assert "ran" in said
    assert said <= {"ran", "stopped"}


# --- fetch and fetch_async --------------------------------------------------------------------------------------------


def test_fetch_works_in_a_script_and_in_a_running_loop_and_fetch_async_under_asyncio_run(server: HoldingWebex) -> None:
    server.release()

    async def main() -> list[Any]:
        return [fetch(server), await fetch_async(server)]

    frames = [fetch(server), *asyncio.run(main()), asyncio.run(fetch_async(server))]
    assert [(len(frame), int(frame["n_images"].sum())) for frame in frames] == [(12, 12)] * 4
    server.until_nobody_is_connected()


def test_fetches_of_several_threads_and_tasks_finish_side_by_side(server: HoldingWebex) -> None:
    del (config := server.config)["webex"]["max_concurrent_image_downloads"]

    async def two_at_once() -> list[Any]:
        return await asyncio.gather(fetch_async(server, config=config), fetch_async(server, config=config))

    calls = [Aside(lambda: [fetch(server, config=config)]) for _ in range(2)]
    calls.append(Aside(lambda: asyncio.run(two_at_once())))
    server.until_holding(20)  # the one gate's ceiling: more than two calls could ask for
    server.release()
    frames = [frame for call in calls for frame in call.result()]
    assert [(len(frame), int(frame["n_images"].sum())) for frame in frames] == [(12, 12)] * 4


def test_fetch_works_again_after_shutdown(server: HoldingWebex) -> None:
    server.release()
    assert len(fetch(server)) == 12
    cf.shutdown()
    assert len(fetch(server)) == 12


def test_shutdown_ends_a_running_fetch_and_what_was_read_is_kept(server: HoldingWebex) -> None:
    call = Aside(fetch, server)
    server.until_holding(8)
    cf.shutdown()
    with pytest.raises(cf.ChatframesError, match="ended before it was done"):
        call.result()
    server.until_nobody_is_connected()
    assert outcomes(cf.last_result()) == (12, 4, 8)


def test_a_progress_function_that_fetches_is_told_not_to(server: HoldingWebex) -> None:
    server.release()
    refused: list[str] = []

    def listener(_: cf.Event) -> None:
        try:
            fetch(server)
        except RuntimeError as error:
            refused.append(str(error))

    assert len(fetch(server, progress=listener)) == 12
    assert refused
    assert all("called from its own event loop" in said for said in refused)


def test_cancelling_again_during_the_clean_up_leaves_nothing_running_either() -> None:
    for rounds in range(12):
        with HoldingWebex(messages=12, answered=4) as server:

            async def cancel_twice(server: HoldingWebex = server, rounds: int = rounds) -> int:
                options = {"images": True, "raw": False, "config": server.config, "progress": False}
                task = asyncio.create_task(fetching(cf.Webex(ROOM), **options))
                await asyncio.to_thread(server.until_holding, 8)
                task.cancel()
                for _ in range(rounds):
                    await asyncio.sleep(0)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                return len(asyncio.all_tasks())

            assert loop.run(cancel_twice()) == 1, "this one"
            server.until_nobody_is_connected()


def test_cancelling_an_awaited_fetch_leaves_nothing_behind_and_keeps_what_was_read(server: HoldingWebex) -> None:
    async def main() -> None:
        task = asyncio.create_task(fetch_async(server))
        await asyncio.to_thread(server.until_holding, 8)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tasks_left() == set()

    asyncio.run(main())
    server.until_nobody_is_connected()
    assert outcomes(cf.last_result()) == (12, 4, 8)


# --- whole scripts, in processes of their own -------------------------------------------------------------------------

SCRIPT = """
import asyncio, json, os, signal, sys, threading
import chatframes as cf
from chatframes import loop, nested_loops
from help.holding import outcomes

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs tests in the background ignores it
config = json.loads(sys.argv[1])
room = cf.Webex("Held room")

def say(**what):
    os.write(1, json.dumps(what).encode() + b"\\n")  # whole lines, whoever says them
"""


class Script:
    """A running script that says JSON objects, line by line."""

    def __init__(self, code: str, folder: Path, config: object = None) -> None:
        command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", SCRIPT + code]
        self.process = subprocess.Popen(
            [*command, json.dumps(config)],
            cwd=folder,
            env=clean_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._watchdog = threading.Timer(PATIENCE_SECONDS, self._kill)
        self._watchdog.start()

    def says(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else pytest.fail(f"the script ended: {self.process.communicate()[1]}")

    def go_on(self) -> None:
        """Let a script that reads a line go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> str:
        """Wait for the end and return what stands on stderr."""
        _, stderr = self.process.communicate()
        assert self.process.returncode == 0, stderr
        return stderr

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._kill()
        self.process.communicate()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):  # nobody is left
            os.killpg(self.process.pid, signal.SIGKILL)  # with the children it may have forked


INTERRUPTED = """
try:
    {call}
except KeyboardInterrupt:
    say(ended_by="KeyboardInterrupt")
say(tasks=[repr(task) for task in asyncio.all_tasks(loop.get())], kept=outcomes(cf.last_result()))
sys.stdin.readline()
say(again=len(cf.fetch(room, images=True, config=config)))
"""


@pytest.mark.parametrize(
    "call",
    [
        "cf.fetch(room, images=True, config=config)",
        "asyncio.run(cf.fetch_async(room, images=True, config=config))",
    ],
    ids=["blocking", "awaited"],
)
def test_ctrl_c_ends_a_fetch_leaves_nothing_behind_and_keeps_what_was_read(
    server: HoldingWebex, tmp_path: Path, call: str
) -> None:
    with Script(INTERRUPTED.format(call=call), tmp_path, server.config) as script:
        server.until_holding(8)
        script.process.send_signal(signal.SIGINT)
        assert script.says() == {"ended_by": "KeyboardInterrupt"}
        assert script.says() == {"tasks": [], "kept": [12, 4, 8]}
        server.until_nobody_is_connected()
        server.release()
        script.go_on()
        assert script.says() == {"again": 12}
        assert "Traceback" not in script.end()


CLEANING_UP = """
async def work():
    try:
        say(state="working")
        await asyncio.Event().wait()
    finally:
        await asyncio.to_thread(say, state="cleaned up")

try:
    {call}
except KeyboardInterrupt:
    say(state="interrupted")
"""


@pytest.mark.parametrize("call", ["loop.run(work())", "asyncio.run(loop.run_async(work()))"])
def test_ctrl_c_lets_the_coroutine_clean_up_before_the_call_returns(tmp_path: Path, call: str) -> None:
    with Script(CLEANING_UP.format(call=call), tmp_path) as script:
        assert script.says() == {"state": "working"}
        script.process.send_signal(signal.SIGINT)
        assert script.says() == {"state": "cleaned up"}
        assert script.says() == {"state": "interrupted"}
        assert script.end() == ""


FORKING = """
import multiprocessing

def count(_=None):
    return len(cf.fetch(room, images=True, config=config, progress=False))

say(before=count())
read, write = os.pipe()
child = os.fork()
if child == 0:
    os.write(write, str(count()).encode())
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
say(child=int(os.read(read, 10)))
with multiprocessing.get_context("fork").Pool(2) as pool:
    say(pool=pool.map(count, range(2)))
say(after=count())
"""


@pytest.mark.posix
def test_forked_children_fetch_and_so_does_their_parent_afterwards(server: HoldingWebex, tmp_path: Path) -> None:
    server.release()
    with Script(FORKING, tmp_path, server.config) as script:
        assert script.says() == {"before": 12}
        assert script.says() == {"child": 12}
        assert script.says() == {"pool": [12, 12]}
        assert script.says() == {"after": 12}
        assert script.end() == ""


FORKING_IN_MID_FETCH = """
under_way = threading.Event()

def listen(event):
    if event.attachments_done == 4:
        under_way.set()

def count(**options):
    return outcomes(cf.fetch(room, images=True, config=config, **options))

fetching = threading.Thread(target=lambda: say(parent=count(progress=listen)))
fetching.start()
under_way.wait()
child = os.fork()
if child == 0:
    say(child=count(progress=False))
    os._exit(0)
say(child_status=os.waitpid(child, 0)[1])
fetching.join()
"""


def test_a_child_forked_while_its_parent_downloads_waits_for_its_turn(server: HoldingWebex, tmp_path: Path) -> None:
    with Script(FORKING_IN_MID_FETCH, tmp_path, server.config) as script:
        server.until_holding(8)  # all that there may be of one account on one machine
        server.release()
        said: dict[str, Any] = {}
        for _ in range(3):
            said.update(script.says())
        assert said == {"parent": [12, 12, 0], "child": [12, 12, 0], "child_status": 0}
        assert script.end() == ""
        assert server.most_held == 8


NESTED = """
import nest_asyncio, nest_asyncio2
imported_only = [nested_loops._patched_by(name) for name in ("nest_asyncio", "nest_asyncio2")]
how, again = cf.enable_nested_loops(), cf.enable_nested_loops()
say(imported_only=imported_only, how=how, again=again, patched=[nested_loops._patched_by(n) for n in (how, "asyncio")])

async def inner():
    await asyncio.sleep(0)
    return len(await cf.fetch_async(room, images=True, config=config, progress=False))

async def outer():
    nested = asyncio.run(inner())
    return [nested, await inner(), len(cf.fetch(room, images=True, config=config, progress=False))]

say(inside=asyncio.run(outer()), outside=len(cf.fetch(room, images=True, config=config, progress=False)))
"""
SAFE_IN_SCRIPTS = "nest_asyncio" if sys.version_info < (3, 12) else "nest_asyncio2"


def test_in_a_script_nested_loops_work_and_so_does_fetch_afterwards(server: HoldingWebex, tmp_path: Path) -> None:
    server.release()
    with Script(NESTED, tmp_path, server.config) as script:
        assert script.says() == {
            "imported_only": [False, False],
            "how": SAFE_IN_SCRIPTS,
            "again": SAFE_IN_SCRIPTS,
            "patched": [True, False],
        }
        assert script.says() == {"inside": [12, 12, 12], "outside": 12}
        assert script.end() == ""


APPLIED_BEFORE = """
import {package}
{package}.apply()
say(how=cf.enable_nested_loops(), by={{n: nested_loops._patched_by(n) for n in ("nest_asyncio", "nest_asyncio2")}})
"""


@pytest.mark.parametrize("package", [SAFE_IN_SCRIPTS, "nest_asyncio2"])
def test_what_the_user_has_applied_already_is_recognised_and_kept(tmp_path: Path, package: str) -> None:
    with Script(APPLIED_BEFORE.format(package=package), tmp_path) as script:
        by = {name: name == package for name in ("nest_asyncio", "nest_asyncio2")}
        assert script.says() == {"how": package, "by": by}
        assert script.end() == ""


WITHOUT = """
sys.version_info = (3, 12, 0)
sys.modules["nest_asyncio2"] = None
try:
    cf.enable_nested_loops()
except RuntimeError as error:
    say(error=str(error), patched=hasattr(asyncio, "_nest_patched"))
"""


def test_on_python_3_12_and_later_nest_asyncio_alone_is_refused(tmp_path: Path) -> None:
    with Script(WITHOUT, tmp_path) as script:
        said = script.says()
        assert said["error"].startswith("Nothing was patched: nest_asyncio breaks asyncio.run")
        assert "Install nest-asyncio2" in said["error"]
        assert said["patched"] is False
