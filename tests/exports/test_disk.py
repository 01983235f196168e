"""What an export does when the disk is full, may not be written or cannot keep its word, or is wanted by two."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from help.exports import content, names, order, run, source
from help.sampling import sampled

import chatframes as cf
from chatframes.exports import lock, store
from chatframes.exports.entering import entered
from chatframes.exports.folder import Folder, make_places
from chatframes.exports.journal import Journal
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
    sampled(
        [("rows written", 4), ("part begun", 1), ("part synced", 2), ("prepared", 2), ("replaced", 2), ("done", 1)], 3
    ),
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


def start_together(folder: Path, number: int) -> list[tuple[int, str]]:
    """Start so many writers of one folder in the same instant; return the pid of each, and what it says."""
    start, go = os.pipe()
    writers = []
    for _ in range(number):
        answer, say = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(go)
            try:
                os.read(start, 1)  # ends for all of them when the other end is closed
                with ExitStack() as lock:
                    entered(folder, lock)
                    os.write(say, b"writes")
                    os.close(say)
                    signal.pause()
            except BaseException as error:
                os.write(say, f"{type(error).__name__}: {error}".encode())
            finally:
                os._exit(0)
        os.close(say)
        writers.append((pid, answer))
    os.close(go)
    try:
        return [(pid, os.read(answer, 10_000).decode()) for pid, answer in writers]
    finally:
        for pid, answer in writers:
            os.close(answer)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(start)


@pytest.mark.posix
@pytest.mark.parametrize("turn", [0, 1, *(pytest.param(turn, marks=pytest.mark.long) for turn in range(2, 10))])
def test_of_writers_that_start_together_one_writes_and_the_others_are_told_which(tmp_path: Path, turn: int) -> None:
    for _ in range(2):  # the second time after a killed owner, whose name is still there
        said = start_together(tmp_path / "out", 2 + turn % 3)
        (owner,) = (pid for pid, words in said if words == "writes")
        assert all(
            f"is being written by process {owner}, since 20" in words and words.startswith("ConfigError: ")
            for pid, words in said
            if pid != owner
        ), said


def test_a_lock_that_is_no_database_is_made_one_again(world: Any, truth: dict[str, Any], tmp_path: Path) -> None:
    run(order(source("webex"), tmp_path, world.config))
    for junk in (b"junk" * 500, b"", b"SQLite format 3\0" + bytes(9000)):
        (tmp_path / ".chatframes" / "lock.sqlite").write_bytes(junk)
        run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == truth


def test_a_file_system_that_cannot_lock_is_said_before_any_request(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = world.stats()["requests"]

    class Unlockable(sqlite3.Connection):
        """Says what SQLite says where the system answers ENOLCK: busy, to everybody and for ever."""

        def execute(self, *_: Any) -> Any:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

    monkeypatch.setattr(lock, "_connect", lambda folder: Unlockable(folder.lock))
    monkeypatch.setattr(lock, "BETWEEN_LOOKS_SECONDS", 0)
    with pytest.raises(OSError, match="files cannot be locked there, as on some network drives; choose a folder on"):
        run(order(source("webex"), tmp_path, world.config))
    assert world.stats()["requests"] == asked


@pytest.mark.parametrize("name", ["journal.sqlite", "lock.sqlite", "manifest.json"])
def test_a_folder_where_a_file_is_needed_is_named(world: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / ".chatframes" / name).mkdir(parents=True)
    with pytest.raises(cf.ConfigError, match=rf"{name} is a folder, and a file is needed there: move it away"):
        run(order(source("webex"), tmp_path, world.config))


def test_whatever_a_dead_process_has_left_unfinished_goes(world: Any, truth: dict[str, Any], tmp_path: Path) -> None:
    run(order(source("webex", until="2026-10-15"), tmp_path, world.config))
    tmp = tmp_path / ".chatframes" / "tmp"
    (tmp / "new-00001.1.parquet").write_bytes(b"half of it")
    (tmp / "folder" / "inner").mkdir(parents=True)
    os.symlink(tmp_path, tmp / "link")
    run(order(source("webex"), tmp_path, world.config))
    assert list(tmp.iterdir()) == []
    assert content(cf.read_parquet(tmp_path)) == truth


@pytest.mark.posix
def test_a_limit_for_the_size_of_files_is_said(world: Any, tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
        with pytest.raises(OSError, match=r"a file may not grow so large there, by a limit of .+ free, .+ needed"):
            run(order(source("webex"), tmp_path, world.config))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    run(order(source("webex"), tmp_path, world.config))
    assert cf.verify(tmp_path)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EIO])
def test_a_folder_whose_names_cannot_be_synced(
    world: Any, truth: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real = os.fsync

    def refuse(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(code, os.strerror(code))
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        if code == errno.EINVAL:  # the drive promises nothing, and nothing is lost yet
            run(order(source("webex"), tmp_path, world.config))
        else:
            with pytest.raises(OSError, match="Input/output error; choose another disk, or run the export again"):
                run(order(source("webex"), tmp_path, world.config))
    run(order(source("webex"), tmp_path, world.config))
    assert content(cf.read_parquet(tmp_path)) == truth


def test_the_cause_is_said_when_the_journal_cannot_take_back_a_change_either(tmp_path: Path) -> None:
    make_places(folder := Folder(tmp_path))
    journal = Journal(folder)
    journal.create()

    def fill_the_disk() -> None:
        with journal.change():
            journal._db.execute("ROLLBACK")  # as SQLite does by itself on a full disk
            raise OSError(errno.ENOSPC, "the cause")

    with pytest.raises(OSError, match="the cause"):
        fill_the_disk()
    journal.close()


# Runs an export on a small disk of its own until it is full, then with room: what each process says goes to its output.
ON_A_SMALL_DISK = """
import json, os, subprocess, sys
from pathlib import Path
import chatframes as cf
from chatframes.exports import store
from help.exports import content, order, run, source

place, size, config = Path(sys.argv[1]), int(sys.argv[2]), json.load(open(sys.argv[3]))
store.PART_BYTES = 200_000
import chatframes.exports.run
chatframes.exports.run.BATCH_BYTES = 50_000

def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "small", str(place)], check=True)

mount("-o", f"size={size}")
folder, said, error, held = place / "apollo", "", 0, {}
for _ in range(3):  # the disk is as full as it was: what is unfinished does not make it worse
    try:
        run(order(source("webex"), folder, config))
    except OSError as trouble:
        said, error = str(trouble), trouble.errno
        unfinished = sum(path.stat().st_size for path in folder.rglob(".chatframes/tmp/*"))
        held = content(cf.read_parquet(folder)) if any(folder.glob("data/*")) else {}
full = subprocess.run(["mount", "-o", f"remount,size={size + 64 * 2**20}", str(place)], check=True)
told = run(order(source("webex"), folder, config))
end = content(cf.read_parquet(folder))
print(json.dumps({
    "said": said, "errno": error, "unfinished": unfinished if said else 0, "status": told.status,
    "kept": all(end[uid] == row for uid, row in held.items()), "held": len(held),
    "whole": bool(cf.verify(folder)), "end": sorted(end), "texts": [end[uid]["text"] for uid in sorted(end)],
    "pictures": told.images_ok,
}))
"""


def on_a_small_disk(world: Any, folder: Path, size_bytes: int) -> dict[str, Any]:
    (folder / "disk").mkdir()
    (folder / "config.json").write_text(json.dumps(world.config), encoding="utf-8")
    (folder / "config.json").chmod(0o600)
    command = ["unshare", "-rm", sys.executable, "-c", ON_A_SMALL_DISK, folder / "disk", size_bytes]
    paths = [str(Path(cf.__file__).parents[1]), str(Path(__file__).parents[1])]
    answer = subprocess.run(
        [*map(str, command), str(folder / "config.json")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return dict(json.loads(answer.stdout))


SMALL_DISKS = [random.Random(seed).randrange(60_000, 1_200_000) for seed in range(20)]


@pytest.mark.namespace
@pytest.mark.parametrize(
    "size_bytes",
    [120_000, *(pytest.param(size, marks=pytest.mark.long) for size in (700_000, *SMALL_DISKS))],
)
def test_a_small_disk_that_is_full_is_said_and_with_room_the_export_goes_on(
    world: Any, truth: dict[str, Any], tmp_path: Path, size_bytes: int
) -> None:
    ended = on_a_small_disk(world, tmp_path, size_bytes)
    if ended["said"]:  # the largest ones have room for all
        assert ended["errno"] == errno.ENOSPC
        assert re.search(
            r"the disk is full \(.+ free, .+ needed (for the next part|to begin)\); make room", ended["said"]
        )
        assert ended["said"].count("\n") == 0
    else:
        assert size_bytes > 800_000
    assert ended["unfinished"] == 0
    assert ended["kept"]
    assert ended["whole"]
    assert (ended["end"], ended["pictures"]) == (sorted(truth), 12)
    assert ended["texts"] == [truth[uid]["text"] for uid in sorted(truth)]
    assert ended["status"] == "complete"
