"""Seven readers, each in its own process, see whole and true rows: of a finished, a killed and a running export."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from help import reading_child
from help.exports import Kill, in_a_child, names, order, run, source
from PIL import Image

import chatframes as cf
from chatframes.exports import store

pytestmark = pytest.mark.posix

PLATFORM = "telegram"  # its answers make an export write parts anew, when their threads are known
REACHED_ONCE = ("rewrite begun", "rewrite written", "read")
POINTS = ["part synced", "prepared", "replaced", "folder synced", "done", "rewrite begun", "rewrite written", "read"]
REFUSALS = ("ComputeError: ", "FileNotFoundError: ", "OSError: ")  # what a reader says, instead of showing rows


class Reader:
    """One of `reading_child`'s readers, waiting in its process."""

    def __init__(self, name: str) -> None:
        self.name = name
        command = [sys.executable, reading_child.__file__, name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, folder: Path) -> None:
        assert self._process.stdin is not None
        print(folder, file=self._process.stdin, flush=True)

    def answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()  # which closes its stdin: its loop ends


class Truth:
    """What the rows may be: each message with its words, and with all of its pictures or none yet."""

    def __init__(self, folder: Path) -> None:
        frame = cf.read_parquet(folder, columns=["uid", "text", "images"])
        self.rows = {row["uid"]: row for row in frame.to_dict("records")}

    def mistakes(self, seen: Any, *, decoded: bool, whole: bool = False, without_pictures: bool = False) -> list[str]:
        if isinstance(seen, dict):
            return [seen["error"]]
        uids = [uid for uid, _, _ in seen]
        wrong = [f"{len(uids) - len(set(uids))} rows are there twice"] if len(set(uids)) < len(uids) else []
        for uid, text, pictures in seen:
            if uid not in self.rows:
                wrong.append(f"{uid} is no message")
                continue
            if text != self.rows[uid]["text"]:
                wrong.append(f"{uid} says {text!r}")
            true = [_shown(picture["bytes"], decoded) for picture in self.rows[uid]["images"]]
            if pictures != true and not (without_pictures and not pictures):
                wrong.append(f"{uid} shows {pictures}")
        if whole and set(uids) != set(self.rows):
            wrong.append(f"{len(uids)} of {len(self.rows)} rows are there")
        return wrong


def _shown(picture: bytes, decoded: bool) -> Any:
    """Return what `reading_child` says of a picture."""
    return list(Image.open(BytesIO(picture)).size) if decoded else sha256(picture).hexdigest()


@pytest.fixture(scope="module")
def readers() -> Iterator[list[Reader]]:
    """All of them at once: their imports take longest."""
    started = [Reader(name) for name in reading_child.READERS]
    yield started
    for reader in started:
        reader.close()


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=120, images=24) as world:
        yield world


@pytest.fixture(scope="module")
def truth(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    folder = tmp_path_factory.mktemp("whole")
    run(order(source(PLATFORM), folder, world.config))
    return Truth(folder)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PART_BYTES", 300_000)
    monkeypatch.setattr("chatframes.exports.run.BATCH_BYTES", 100_000)
    monkeypatch.setattr("chatframes.road.outbox.BATCH_ROWS", 20)


def look(readers: list[Reader], truth: Truth, folder: Path, **wanted: bool) -> dict[str, list[str]]:
    """Let every reader read a folder at the same time; return the mistakes of each that makes some."""
    for reader in readers:
        reader.ask(folder)
    found = {
        reader.name: truth.mistakes(reader.answer(), decoded=reader.name == "datasets", **wanted) for reader in readers
    }
    return {name: wrong for name, wrong in found.items() if wrong}


def test_a_finished_export(readers: list[Reader], truth: Truth, world: Any, tmp_path: Path) -> None:
    run(order(source(PLATFORM), tmp_path, world.config))
    assert len(names(tmp_path)) > 1
    assert look(readers, truth, tmp_path, whole=True) == {}
    (tmp_path / "data" / "copy.parquet").write_bytes((tmp_path / "data" / names(tmp_path)[0]).read_bytes())
    assert look(readers, truth, tmp_path).keys() == {reader.name for reader in readers}  # the control


@pytest.mark.long
@pytest.mark.parametrize("point", ["rewrite written", "replaced", None])
def test_a_killed_export(readers: list[Reader], truth: Truth, world: Any, tmp_path: Path, point: str | None) -> None:
    for times, at in enumerate([point] if point else POINTS, start=2):
        folder = tmp_path / f"{times}"
        kill = Kill(at, 1 if at in REACHED_ONCE else 2)
        assert in_a_child(order(source(PLATFORM), folder, world.config, reach=kill)) == -9
        assert look(readers, truth, folder) == {}


@pytest.mark.long
@pytest.mark.parametrize(("texts_first", "times"), [(False, 1), (True, 3)])
def test_a_running_export(
    readers: list[Reader], truth: Truth, world: Any, tmp_path: Path, texts_first: bool, times: int
) -> None:
    """The export waits at its steps until every reader has read what is there."""
    wrong: dict[str, dict[str, list[str]]] = {}
    looks: Counter[str] = Counter()

    def reach(point: str) -> None:
        if point in POINTS and names(tmp_path) and looks[point] < times:
            looks[point] += 1
            wrong[f"{point}, {looks[point]}"] = look(readers, truth, tmp_path, without_pictures=texts_first)

    if texts_first:
        run(order(source(PLATFORM), tmp_path, world.config, images=False))
    run(order(source(PLATFORM), tmp_path, world.config, reach=reach))
    assert {point: mistakes for point, mistakes in wrong.items() if mistakes} == {}
    assert looks.keys() == {*POINTS}
    assert look(readers, truth, tmp_path, whole=True) == {}


@pytest.mark.long
def test_an_export_that_waits_for_nobody(readers: list[Reader], truth: Truth, world: Any, tmp_path: Path) -> None:
    """A reader that opens a file twice may find another one the second time: then it fails, and shows nothing false."""
    wrong: dict[str, set[str]] = {reader.name: set() for reader in readers}
    looks = 0
    for folder in (tmp_path / name for name in "abc"):
        run(order(source(PLATFORM), folder, world.config, images=False))
        writing = Thread(target=run, args=(order(source(PLATFORM), folder, world.config),))
        writing.start()
        while writing.is_alive():
            looks += 1
            for name, mistakes in look(readers, truth, folder, without_pictures=True).items():
                wrong[name] |= {*mistakes}
        writing.join()
    assert {name for name, mistakes in wrong.items() if mistakes} <= {"polars", "polars_glob"}
    assert [each for mistakes in wrong.values() for each in mistakes if not each.startswith(REFUSALS)] == []
    assert looks >= 3
