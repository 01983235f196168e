"""What an export does when the disk is full, may not be written or cannot keep its word, or is wanted by two."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from help.exports import content, names, order, run, source

import chatframes as cf
from chatframes.exports import parts, store
from chatframes.exports.folder import Folder
from chatframes.exports.lock import held


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=60, images=12) as world:
        yield world


@pytest.fixture(scope="module")
def truth(world: Any) -> dict[str, Any]:
    return content(cf.fetch(source("webex"), images=True, config=world.config, progress=False))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PART_BYTES", 200_000)
    monkeypatch.setattr("chatframes.exports.run.BATCH_BYTES", 50_000)


class Disk:
    """Fails with an error at the n-th time that a point is reached."""

    def __init__(self, code: int, point: str, times: int = 1) -> None:
        self.code, self.point, self.left = code, point, times

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize(
    ("point", "times"),
    [("part begun", 1), ("rows written", 4), ("part synced", 2), ("prepared", 2), ("replaced", 2), ("done", 1)],
)
def test_a_full_disk_is_said_with_what_is_free_and_the_same_call_goes_on_later(
    world: Any, truth: dict[str, Any], tmp_path: Path, point: str, times: int
) -> None:
    with pytest.raises(OSError, match=r"the disk is full \(.+ free, .+ needed for the next part\); make room and") as e:
        run(order(source("webex"), tmp_path, world.config, reach=Disk(errno.ENOSPC, point, times)))
    assert e.value.errno == errno.ENOSPC
    assert str(tmp_path) in str(e.value)
    for name in names(tmp_path):
        rows = content(cf.read_parquet(tmp_path / "data" / name))
        assert {uid: row["text"] for uid, row in rows.items()} == {uid: truth[uid]["text"] for uid in rows}
    run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == truth


def test_a_full_disk_under_the_journal_is_said_too(world: Any, truth: dict[str, Any], tmp_path: Path) -> None:
    def full(point: str) -> None:
        if point == "prepared":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    with pytest.raises(OSError, match="the disk is full"):
        run(order(source("webex"), tmp_path, world.config, reach=full))
    run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == truth


def test_a_folder_that_cannot_sync_is_written_all_the_same(
    world: Any, truth: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", refuse)
    run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == truth


def test_bytes_that_are_lost_when_they_are_synced_are_said(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(order(source("webex", until="2026-10-15"), tmp_path, world.config))
    before = content(cf.read_parquet(tmp_path))

    def lose(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lose)
        with pytest.raises(OSError, match="What was exported before is as it was"):
            run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == before


def test_a_folder_that_may_not_be_written_is_refused_before_any_request(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = world.stats()["requests"]

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OSError, match="writing is not allowed there"):
        run(order(source("webex"), tmp_path / "out", world.config))
    monkeypatch.undo()
    with pytest.raises(OSError, match="the path is too long"):
        run(order(source("webex"), tmp_path / ("x" * 300), world.config))
    assert world.stats()["requests"] == asked


def test_a_second_writer_is_refused_at_once_with_the_pid_of_the_first(world: Any, tmp_path: Path) -> None:
    script = """
        import sys
        from pathlib import Path
        from chatframes.exports.folder import folder_at, make_places
        from chatframes.exports.lock import held
        folder = folder_at(sys.argv[1], "export")
        make_places(folder)
        with held(folder):
            print("held", flush=True)
            sys.stdin.read()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(cf.ConfigError, match=f"is being written by process {child.pid}, since 20"):
            run(order(source("webex"), tmp_path, world.config))
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    run(order(source("webex"), tmp_path, world.config))  # a killed owner lets go
    with held(Folder(tmp_path)):
        assert len(cf.read_parquet(tmp_path)) == 60  # readers need no lock


@pytest.mark.long
@pytest.mark.parametrize("kilobytes", range(300, 2300, 100))
def test_a_small_disk_fills_up_at_any_place(
    world: Any, truth: dict[str, Any], tmp_path: Path, kilobytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of the export may hold so many bytes together, as on a small disk."""
    real = parts.PartWriter._write_group

    def write(writer: Any) -> None:
        used = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        if used > kilobytes * 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(writer)

    with monkeypatch.context() as patch:
        patch.setattr(parts.PartWriter, "_write_group", write)
        with contextlib.suppress(OSError):
            run(order(source("webex"), tmp_path, world.config))
    run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == truth
    assert shutil.disk_usage(tmp_path).free
