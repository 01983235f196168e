"""What a process keeps: gone in a forked child without a touch, closed and gone at shutdown."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import chatframes as cf
from chatframes import kept, loop


class Connection:
    """Something that is closed once."""

    def __init__(self, *, broken: bool = False) -> None:
        self.closed = 0
        self.broken = broken

    async def close(self) -> None:
        if self.broken:
            raise OSError("the other end is gone")
        self.closed += 1


@pytest.fixture(autouse=True)
def a_registry_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kept, "_dicts", list(kept._dicts))
    monkeypatch.setattr(kept, "_after_fork", list(kept._after_fork))
    yield
    cf.shutdown()


def test_shutdown_closes_what_is_kept_on_the_librarys_loop_and_forgets_it() -> None:
    where: list[asyncio.AbstractEventLoop] = []

    async def close(connection: Connection) -> None:
        where.append(asyncio.get_running_loop())
        assert not connections  # nobody finds it any more while it is being closed
        await connection.close()

    connections: dict[str, Connection] = kept.new_dict(close)
    tokens: dict[str, str] = kept.new_dict()
    connections.update(a=Connection(), b=Connection())
    tokens["a"] = "token"
    first, second = connections["a"], connections["b"]
    the_loop = loop.get()
    cf.shutdown()
    assert (first.closed, second.closed, connections, tokens) == (1, 1, {}, {})
    assert where == [the_loop, the_loop]


def test_shutdown_forgets_what_is_kept_where_no_loop_has_run() -> None:
    cf.shutdown()
    tokens: dict[str, str] = kept.new_dict()
    tokens["a"] = "token"
    cf.shutdown()
    assert tokens == {}


CLOSES_AT_EXIT = """
from chatframes import kept, loop

class Connection:
    async def close(self):
        print("closed")

connections = kept.new_dict(close=Connection.close)
connections["a"] = Connection()
loop.get()
"""


def test_what_is_kept_is_closed_at_exit_too() -> None:
    ended = subprocess.run([sys.executable, "-c", CLOSES_AT_EXIT], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("closed\n", "")


def test_one_that_cannot_be_closed_leaves_no_other_open(caplog: pytest.LogCaptureFixture) -> None:
    connections: dict[str, Connection] = kept.new_dict(close=Connection.close)
    connections.update(a=Connection(broken=True), b=Connection())
    whole = connections["b"]
    with caplog.at_level(logging.WARNING, "chatframes"):
        asyncio.run(kept.close_all())
    assert whole.closed == 1
    assert "closing a kept Connection failed" in caplog.text


@pytest.mark.posix
def test_a_forked_child_has_nothing_of_it_and_closes_nothing() -> None:
    connections: dict[str, Connection] = kept.new_dict(close=Connection.close)
    connections["a"] = connection = Connection()
    forked: list[bool] = []
    kept.after_fork(lambda: forked.append(True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside other threads
        child = os.fork()
    if child == 0:
        os._exit(0 if (connections, connection.closed, forked) == ({}, 0, [True]) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (connections, forked) == ({"a": connection}, [])


def test_there_is_one_way_to_keep_things() -> None:
    package = Path(cf.__file__).parent
    hooked = [path.name for path in package.rglob("*.py") if "register_at_fork(" in path.read_text()]
    assert hooked == ["kept.py"]
    # A dict or list of a module that is filled later is kept, and comes from `kept`. What stands in a notebook's cells
    # stays there after a shutdown, and so do the files of locks: closing one unlocks what other loops hold. Pauses of
    # the collector end with their blocks, and a forked child has to see them.
    empty = re.compile(r"^_\w+(: [^=]+)? = (\{\}|\[\]|defaultdict\(.*\))", re.MULTILINE)
    others = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if empty.search(path.read_text())}
    assert others == {"kept.py", "page/cells.py", "table/collector.py", "transfer/machine.py"}
