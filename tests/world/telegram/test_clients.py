"""One client for the whole process: cells, interrupts, threads, scripts and notebooks one after the other or at once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from help.kernels import Kernel, clean_environment
from telethon.sessions import StringSession

import chatframes as cf
from chatframes.sources.telegram.store import StoredSession, session_name
from chatframes.world.sandbox import World


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def world() -> Iterator[World]:
    with cf.sandbox(messages=6000, images=40) as world:
        world.expected("@apollo", platform="telegram")
        yield world


def logged_in(world: World) -> dict[str, Any]:
    """A configuration that names a session file, in which somebody has logged in."""
    config = world.config
    string = StringSession(config["telegram"]["session"])
    config["telegram"]["session"] = "work"
    session = StoredSession(session_name(cf.load_config(config).telegram))
    session.set_dc(string.dc_id, string.server_address, string.port)
    session.auth_key = string.auth_key
    session.keep_login()
    return config


def telegram(world: World) -> dict[str, Any]:
    stats: dict[str, Any] = world.stats()["telegram"]
    return stats


def one_client(world: World) -> None:
    stats = telegram(world)
    assert stats["calls"]["help.getConfig"] <= 2, "one connection, and its list of data centres"
    assert set(stats["imports"].values()) <= {1}


@pytest.mark.long
def test_the_stop_button_keeps_what_was_read_and_the_cell_runs_again_on_the_same_client(world: World) -> None:
    with Kernel() as kernel:
        kernel.run(f"config = {world.config!r}")
        fetching = kernel.send("df = cf.fetch(cf.Telegram('@apollo'), images=True, config=config)")
        while telegram(world)["calls"].get("messages.getHistory", 0) < 40:  # then it keeps to its pace
            time.sleep(0.02)
        kernel.interrupt()
        assert kernel.reply(fetching)["ename"] == "KeyboardInterrupt"
        assert 3000 < kernel.value("len(cf.last_result())") < 6000
        kernel.run("df = cf.fetch(cf.Telegram('@apollo', limit=150), images=True, config=config)")
        assert kernel.value("len(df)") == 150
        one_client(world)


def test_two_cells_at_once_and_an_own_loop_after_them_share_the_client(world: World) -> None:
    with Kernel() as kernel:
        kernel.run(f"config = {world.config!r}")
        kernel.run("""
news, crew = await asyncio.gather(
    cf.fetch_async(cf.Telegram('@apollo_news'), images=True, config=config),
    cf.fetch_async(cf.Telegram('Launch crew'), images=True, config=config),
)
""")
        kernel.run("again = await cf.fetch_async(cf.Telegram('@apollo_news'), config=config)")
        sizes = [
            len(world.expected(name, platform="telegram")) for name in ("@apollo_news", "Launch crew", "@apollo_news")
        ]
        assert kernel.value("[len(news), len(crew), len(again)]") == sizes
        one_client(world)


SCRIPT = """
import asyncio, json, sys
import chatframes as cf
config = json.loads(sys.stdin.read())
for _ in range(2):
    df = asyncio.run(cf.fetch_async(cf.Telegram("@apollo", limit=300), config=config, progress=False))
print(len(df))
"""


def run_script(config: dict[str, Any], home: Path, code: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    import json

    environment = clean_environment(home) | {"HOME": str(home)}
    command = [sys.executable, "-W", "default", "-c", textwrap.dedent(code)]
    return subprocess.run(
        command, input=json.dumps(config), env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_script_runs_twice_on_its_own_loops_and_ends_without_a_word(world: World, home: Path) -> None:
    ran = run_script(logged_in(world), home)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "300\n", "")
    one_client(world)


@pytest.mark.long
def test_a_script_then_a_notebook_then_both_at_once_use_one_session_and_never_lock_it(world: World, home: Path) -> None:
    config = logged_in(world)
    assert run_script(config, home).stdout == "300\n"
    with Kernel() as kernel:
        kernel.run(f"import os; os.environ['HOME'] = {str(home)!r}; config = {config!r}")
        kernel.run("df = cf.fetch(cf.Telegram('@apollo', limit=300), config=config, progress=False)")
        cell = kernel.send("df = cf.fetch(cf.Telegram('@apollo', limit=300), config=config, progress=False)")
        ran = run_script(config, home)
        assert kernel.reply(cell)["status"] == "ok"
        assert (ran.stdout, ran.stderr) == ("300\n", "")
    assert telegram(world)["handshakes"].get(2, 0) == 0, "nobody had to make a key of their own"
    # The name was looked up by the first; the others found it in the file beside the session.
    assert telegram(world)["calls"]["contacts.resolveUsername"] == 1


def test_the_session_is_kept_from_others(world: World, home: Path) -> None:
    run_script(logged_in(world), home)
    folder = home / ".chatframes" / "telegram"
    assert folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.iterdir())
    assert files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_many_threads_share_one_client_and_its_twenty_files(world: World) -> None:
    frames: list[int] = []

    def fetch() -> None:
        frames.append(
            len(cf.fetch(cf.Telegram("@apollo", limit=400), images=True, config=world.config, progress=False))
        )

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert frames == [400] * 6
    assert telegram(world)["peak_files"] <= 20
    assert telegram(world)["peak_pages"] <= 5
    one_client(world)


def test_a_process_that_was_forked_makes_a_client_of_its_own(world: World) -> None:
    code = """
    import json, os, sys
    import chatframes as cf
    config = json.loads(sys.stdin.read())
    def fetch():
        return len(cf.fetch(cf.Telegram("@apollo", limit=120), config=config, progress=False))
    assert fetch() == 120
    pid = os.fork()
    if pid == 0:
        os._exit(0 if fetch() == 120 else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), fetch())
    """
    ran = run_script(world.config, Path(os.environ["HOME"]), code)
    assert ran.stdout == "0 120\n", ran.stderr
