"""Several processes on one machine keep to one limit and one wait together: counted at the server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from help.fakes import FakeTime

import chatframes as cf
from chatframes.transfer import machine, machine_waits
from chatframes.transfer.bound import Bound
from chatframes.transfer.clock import SYSTEM
from chatframes.transfer.gate import Gate, Waits
from chatframes.transfer.machine import PROCESSES, Place, Places
from chatframes.transfer.machine_waits import GROUP_BYTES, RECORD, TOGETHER, SharedWaits, _place

pytestmark = pytest.mark.skipif(sys.platform not in machine.LAYOUTS, reason="limits hold per process here")

ANOTHER = """
import sys
from chatframes.transfer.machine import Places
places = Places("webex somebody downloads")
places.enter(int(sys.argv[1]))
print(*[places.take(int(sys.argv[1])) for _ in range(int(sys.argv[2]))], flush=True)
sys.stdin.read()
"""
FETCHES = """
import json, sys, warnings
import chatframes as cf
warnings.simplefilter("ignore")
with cf.sandbox(messages=20, images=0, days=1) as small:  # everything is imported
    cf.fetch(cf.Webex("Project Apollo"), config=small.config, progress=False)
print("ready", flush=True)
source, config = json.loads(sys.argv[1]), json.loads(sys.stdin.read())
try:
    frame = cf.fetch(getattr(cf, source[0])(source[1]), images=True, config=config, progress=False)
except cf.ChatframesError as error:
    print(type(error).__name__)
else:
    print(cf.attachments(frame)["status"].eq("ok").sum())
"""


@contextmanager
def another(limit: int, takes: int) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run another process of the same user that takes so many places; yield it, and the places it got."""
    command = [sys.executable, "-c", ANOTHER, str(limit), str(takes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


def taken(places: Places, limit: int) -> int:
    count = 0
    while places.take(limit) is not None:
        count += 1
    return count


@pytest.fixture
def places() -> Iterator[Places]:
    mine = Places("webex somebody downloads")
    mine.enter(20)
    yield mine
    mine.leave()


def test_a_process_by_itself_has_all_the_places(places: Places) -> None:
    assert taken(places, 20) == 20


def test_two_processes_have_as_many_together_as_one_and_each_its_share(places: Places) -> None:
    with another(20, 15) as (_, its):
        assert its.count("None") == 5
        assert taken(places, 20) == 10


def test_what_another_process_holds_is_not_taken_even_if_it_is_more_than_its_share() -> None:
    late = Places("webex somebody downloads")
    with another(20, 18) as (_, its):
        assert "None" not in its  # it was alone
        late.enter(20)
        assert taken(late, 20) == 2
    late.leave()


def test_the_lowest_limit_of_all_processes_holds(places: Places) -> None:
    with another(6, 0):
        assert taken(places, 20) == 3


def test_a_process_that_is_killed_gives_everything_back(places: Places) -> None:
    with another(20, 10) as (process, _):
        assert taken(places, 20) == 10
        process.kill()
        process.wait()
        assert taken(places, 20) == 10


async def times_in(places: Places, limit: int, seconds: float, requests: int, time: FakeTime) -> list[int]:
    """Let requests take places again and again, each for 30 ms; return how often each got one."""
    counts, bound = [0] * requests, Bound()

    async def again_and_again(number: int) -> None:
        while time.seconds < seconds:
            async with bound:
                place = Place(places, limit)
                while not place.take(limit):
                    await place.look_again(bound, time.clock)
                counts[number] += 1
                await time.clock.sleep(0.03)
                place.end()

    with bound.limited_to(requests):
        await asyncio.gather(*map(again_and_again, range(requests)))
    return counts


def test_one_process_that_holds_everything_and_is_stopped_costs_two_minutes_once() -> None:
    time = FakeTime()
    with another(2, 2) as (process, its):
        assert "None" not in its
        process.send_signal(signal.SIGSTOP)
        counts = asyncio.run(times_in(Places("webex somebody downloads"), 2, 130.0, 1, time))
    assert counts[0] > 100
    assert min(time.sleeps) >= 0.02
    assert time.seconds < 131.0


def test_no_request_is_left_out_while_others_of_its_process_go_ahead() -> None:
    with another(6, 3):
        counts = asyncio.run(times_in(Places("webex somebody downloads"), 6, 5.0, 5, FakeTime()))
    assert min(counts) > 20


def test_where_places_do_not_suffice_for_all_each_is_left_for_a_moment(places: Places) -> None:
    with another(1, 0):
        place = places.take(1)
        assert place is not None
        places.give_back(place)
        assert places.take(1) is None
        places._given_back_at -= machine.LEAVE_SECONDS
        assert places.take(1) == place


def test_another_account_has_places_of_its_own(places: Places) -> None:
    with another(20, 20):
        elsewhere = Places("webex somebody else downloads")
        elsewhere.enter(20)
        assert taken(elsewhere, 20) == 20
        elsewhere.leave()


def test_many_processes_are_all_counted(places: Places) -> None:
    with ExitStack() as others:
        for _ in range(4):
            others.enter_context(another(20, 0))
        assert taken(places, 20) == 4


def test_a_forked_child_holds_nothing_of_its_parent(places: Places) -> None:
    assert taken(places, 20) == 20
    if (child := os.fork()) == 0:
        late = Places("webex somebody downloads")
        late.enter(20)
        os._exit(100 + (late.take(20) is None) + 2 * len(list(late._others(late._file or 0))))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 103  # it got none, and saw one other process


def test_without_a_home_that_can_be_written_each_process_has_its_own_limit_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    for _ in range(3):
        mine = Places("webex somebody downloads")
        mine.enter(20)
        assert mine.take(20) is not None
        mine.leave()
    (said,) = caplog.messages
    assert said.startswith("Limits hold for this process only")
    assert said.endswith(".")


def test_nothing_is_written_to_the_file_of_the_gate_and_it_is_private(places: Places) -> None:
    taken(places, 20)
    file = Path.home() / ".chatframes" / "gate.lock"
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (0, 0o600)


def test_a_file_with_another_name_elsewhere_is_never_written_to() -> None:
    folder = Path.home() / ".chatframes"
    folder.mkdir(exist_ok=True)
    (folder / "important").write_text("important")
    os.link(folder / "important", folder / "waits")
    SharedWaits("somebody").close_until(1e9, 1e9 + 60.0, "")
    assert (folder / "important").read_text() == "important"


def test_a_file_that_is_removed_is_made_anew_and_none_stays_open_twice() -> None:
    first = machine.open_own_file("waits")
    cf.shutdown()
    assert machine.open_own_file("waits") == first
    (Path.home() / ".chatframes" / "waits").unlink()
    assert machine.open_own_file("waits") != first
    assert (Path.home() / ".chatframes" / "waits").exists()


def test_a_limit_has_bytes_of_its_own_for_each_process() -> None:
    assert (machine.MOST_PLACES + 1) * PROCESSES == machine.BYTES
    assert machine.ACCOUNTS * machine.BYTES < 2**63


# --- waits ------------------------------------------------------------------------------------------------------------


def told(seconds: float, kind: str = "") -> None:
    """Let another process be asked to wait."""
    code = (
        "from chatframes.transfer.gate import Gate; from chatframes.transfer.clock import SYSTEM; import sys\n"
        "Gate('webex').waits_of('somebody').close_for(float(sys.argv[1]), SYSTEM, sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, str(seconds), kind], check=True)


def left(waits: Waits, kind: str = "") -> float:
    waits.hear(SYSTEM, kind)
    return max(0.0, waits.closed_until(kind) - SYSTEM.monotonic())


def test_a_wait_that_another_process_was_asked_for_is_heeded() -> None:
    mine = Gate("webex").waits_of("somebody")
    assert left(mine) == 0.0
    told(900.0)
    assert 800.0 < left(mine) <= 900.0
    told(60.0)
    assert left(mine) > 800.0  # the later end holds
    assert left(mine, "pictures") == 0.0
    assert left(Gate("webex").waits_of("somebody else")) == 0.0
    assert left(Gate("reddit").waits_of("somebody")) == 0.0


def test_many_waits_and_a_damaged_file_do_no_harm() -> None:
    mine = Gate("webex").waits_of("somebody")
    for number in range(6000):
        mine.close_for(-1.0, SYSTEM, f"over {number}")
    told(900.0)
    assert left(mine) > 800.0
    file = Path.home() / ".chatframes" / "waits"
    assert file.stat().st_size <= 2**17
    file.write_bytes(os.urandom(1000))
    assert left(Gate("webex").waits_of("somebody")) == 0.0


@pytest.mark.parametrize("days_ahead", [-300.0, 0.01, 30.0, float("nan"), float("inf"), float("-inf")])
def test_what_a_wrong_clock_wrote_neither_holds_anybody_up_nor_hides_a_wait(
    days_ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, now = SharedWaits("somebody"), 1e9
    group, key = _place(waits.account, "")
    file = machine.open_own_file("waits")
    assert file is not None
    record = RECORD.pack(key, now + days_ahead * 86_400.0, now + 86_400.0, b"some")
    os.pwrite(file, record * TOGETHER, group * GROUP_BYTES)
    assert waits.closed_until(now, "") == 0.0
    waits.close_until(now, now + 30.0, "")
    monkeypatch.setattr(machine_waits, "_writer", lambda: b"else")
    assert waits.closed_until(now, "") == now + 30.0


# --- whole fetches ----------------------------------------------------------------------------------------------------


def fetched(world: cf.sandbox, source: tuple[str, str], homes: list[Path]) -> list[str]:
    """Fetch the same chat in a process for each home, at the same time; return what each said in the end."""
    children, pipe = [], subprocess.PIPE
    for home in homes:
        home.mkdir(exist_ok=True)
        command = [sys.executable, "-c", FETCHES, json.dumps(source)]
        children.append(
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, "HOME": str(home)})
        )
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(json.dumps(world.config))
        child.stdin.close()
        child.stdin = None
    return [child.communicate()[0].strip() for child in children]


@pytest.mark.long
@pytest.mark.parametrize("together", [True, False])
def test_two_processes_never_have_more_than_twenty_downloads_under_way(tmp_path: Path, together: bool) -> None:
    homes = [tmp_path / "a", tmp_path / ("a" if together else "b")]
    with cf.sandbox(messages=150, images=150, latency_ms=150) as world:
        assert fetched(world, ("Webex", "Project Apollo"), homes) == ["150", "150"]
        peak = world.stats()["peak_downloads"]
    assert (peak <= 20) is together


@pytest.mark.long
@pytest.mark.parametrize("together", [True, False])
def test_no_process_asks_within_a_wait_that_another_was_asked_for(tmp_path: Path, together: bool) -> None:
    with cf.sandbox(messages=100, images=0, faults={"reddit_day_long"}) as world:
        for name in ("a", "a" if together else "b"):
            (said,) = fetched(world, ("Reddit", "r/apollo"), [tmp_path / name])
        early = world.stats()["reddit"]["early_requests"]
    assert (early == 0) is together
    assert (said == "RateLimited") is together  # the second one has not even asked
