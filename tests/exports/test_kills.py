"""An export that is killed at any moment goes on: no row is lost or doubled, and nothing finished is asked for again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from help.exports import PLATFORMS, Kill, content, in_a_child, names, order, pictures_asked, pictures_held, run, source
from help.sampling import sampled

import chatframes as cf
from chatframes.exports import store

pytestmark = pytest.mark.posix

POINTS = [
    "part begun",
    "rows written",
    "part synced",
    "prepared",
    "replaced",
    "folder synced",
    "done",
    "rewrite begun",
    "rewrite written",
    "threads found",
    "read",
    "manifest written",
]
SAMPLE = [
    ("webex", "rows written", 3),
    ("telegram", "prepared", 2),
    ("reddit", "replaced", 2),
    ("telegram", "part synced", 2),
    ("telegram", "threads found", 1),
    ("reddit", "read", 1),
]


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=120, images=24) as world:
        yield world


@pytest.fixture(scope="module")
def whole(world: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What an uninterrupted export of each chat holds."""
    folder = tmp_path_factory.mktemp("whole")
    for platform in PLATFORMS:
        run(order(source(platform), folder / platform, world.config))
    return {platform: content(cf.read_parquet(folder / platform)) for platform in PLATFORMS}


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PART_BYTES", 300_000)
    monkeypatch.setattr("chatframes.exports.run.BATCH_BYTES", 100_000)
    monkeypatch.setattr("chatframes.road.outbox.BATCH_ROWS", 20)


def kill_and_go_on(world: Any, platform: str, folder: Path, kill: Kill, truth: dict[str, Any], **first: Any) -> int:
    """Kill an export, look at what every reader would see, go on, and compare the end with the truth.

    Returns how the first process ended: 0 when it was through before its end came.
    """
    if first:
        run(order(source(platform), folder, world.config, **first))
    emit = kill.event if kill.point is None else lambda event: None
    ended = in_a_child(order(source(platform), folder, world.config, reach=kill), emit)
    assert ended in (-9, 0)
    if (folder / "data").is_dir():
        seen = pd.concat(
            [pd.read_parquet(folder / "data" / name)[["uid", "text"]] for name in names(folder)]
            or [pd.DataFrame({"uid": []})]
        )
        assert seen["uid"].is_unique
        assert all(truth[uid]["text"] == text for uid, text in zip(seen["uid"], seen.get("text", ()), strict=True))
        held, before = pictures_held(folder), pictures_asked(world, platform)
    else:
        held, before = set(), {}
    run(order(source(platform), folder, world.config))
    after = pictures_asked(world, platform)
    assert {name: after[name] - before.get(name, 0) for name in held if after[name] != before.get(name, 0)} == {}
    assert content(cf.read_parquet(folder)) == truth
    assert cf.report(folder).status in ("complete", "open")
    return ended


@pytest.mark.parametrize(("platform", "point", "times"), sampled(SAMPLE, 3))
def test_an_export_that_is_killed_goes_on(
    world: Any, whole: dict[str, Any], tmp_path: Path, platform: str, point: str, times: int
) -> None:
    assert kill_and_go_on(world, platform, tmp_path / "out", Kill(point, times), whole[platform]) == -9


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_export_that_is_killed_at_any_point_goes_on(
    world: Any, whole: dict[str, Any], tmp_path: Path, platform: str, point: str
) -> None:
    for times in (1, 3):
        kill_and_go_on(world, platform, tmp_path / f"out{times}", Kill(point, times), whole[platform])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(50))
def test_an_export_that_is_killed_at_any_moment_goes_on(
    world: Any, whole: dict[str, Any], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    platform = PLATFORMS[seed % 3]
    first = {"images": False} if seed < 10 else {}
    kill_and_go_on(world, platform, tmp_path / "out", Kill(None, chance.randint(5, 45)), whole[platform], **first)


def test_the_control_an_export_that_forgets_its_journal_asks_again(
    world: Any, whole: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    run(order(source("webex"), folder, world.config))
    before = pictures_asked(world, "webex")
    run(order(source("webex"), tmp_path / "other", world.config))
    assert pictures_asked(world, "webex") != before
