"""With a disk cache no picture is asked for twice: by no verb, in no process, and after no kill."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from help.exports import PLATFORMS, content, pictures_asked, source

import chatframes as cf
from chatframes.transfer import disk_cache

pytestmark = pytest.mark.posix


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=80, images=16) as world:
        yield world


@pytest.fixture(scope="module")
def whole(world: Any) -> dict[str, pd.DataFrame]:
    """What a fetch without a cache gives."""
    return {name: cf.fetch(source(name), images=True, config=world.config, progress=False) for name in PLATFORMS}


@pytest.fixture
def config(world: Any, tmp_path: Path) -> dict[str, Any]:
    return with_cache(world, tmp_path / "cache")


def with_cache(world: Any, folder: Path, **keys: Any) -> dict[str, Any]:
    return {**world.config, "downloads": {**world.config.get("downloads", {}), "cache_dir": str(folder), **keys}}


def in_a_child(work: Callable[[], object]) -> int:
    """Do something in a process of its own; return how that ended: 0, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def asked(world: Any, platform: str, frame: pd.DataFrame) -> int:
    """How many pictures were asked for since the last `reset_stats`; of other files the first bytes are looked at."""
    table = cf.attachments(frame)
    pictures = set(table["source_id"][table["status"] == "ok"])
    return len(pictures & pictures_asked(world, platform).keys())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_other_call_asks_for_a_picture_again(
    world: Any, whole: dict[str, pd.DataFrame], config: dict[str, Any], tmp_path: Path, platform: str
) -> None:
    arguments = {"config": config, "progress": False}
    world.reset_stats()
    assert in_a_child(lambda: cf.fetch(source(platform), images=True, **arguments)) == 0
    assert asked(world, platform, whole[platform]) >= 12  # so the count counts
    world.reset_stats()
    again = cf.fetch(source(platform), images=True, **arguments)
    cf.export(source(platform), tmp_path / "export", images=True, **arguments)
    assert asyncio.run(_streamed(source(platform), config)) == sum(whole[platform]["n_images"])
    assert content(again) == content(whole[platform])
    assert content(cf.read_parquet(tmp_path / "export")) == content(whole[platform])
    assert asked(world, platform, whole[platform]) == 0
    table = cf.attachments(again)
    table = table[table["status"] == "ok"]
    assert set(table["attempts"]) == {0}
    assert table["http_status"].isna().all()
    assert (table["elapsed_ms"] >= 0).all()
    # A limit holds for what is in the cache, and what is too large is not asked for either.
    middle = int(table["size"].median())
    small = cf.ImageSettings(True, max_size_bytes=middle)
    less = cf.fetch(source(platform), images=small, **arguments)
    plain = cf.fetch(source(platform), images=small, config=world.config, progress=False)
    assert reasons(less) == reasons(plain)
    assert reasons(less)["too_large"] > 0


async def _streamed(chat: Any, config: Any) -> int:
    return sum([sum(batch["n_images"]) async for batch in cf.stream(chat, images=True, config=config)])


def reasons(frame: pd.DataFrame) -> dict[str, int]:
    return dict(cf.attachments(frame)["reason"].value_counts())


def test_pictures_are_filled_in_from_the_cache(
    world: Any, whole: dict[str, pd.DataFrame], config: dict[str, Any]
) -> None:
    for platform in PLATFORMS:
        cf.fetch(source(platform), images=True, config=config, progress=False)
        texts = cf.fetch(source(platform), config=config, progress=False)
        world.reset_stats()
        filled = cf.fill_images(texts, config=cf.load_config(config), progress=False)
        assert content(filled) == content(whole[platform])
        assert asked(world, platform, whole[platform]) == 0


def test_a_cache_that_cannot_be_used_is_one_warning_and_nothing_else(
    world: Any, whole: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.warns(UserWarning, match=r"others can open cache; take that away \(chmod 700\)") as warned:
        frame = cf.fetch(source("webex"), images=True, config=with_cache(world, folder), progress=False)
    assert len(warned) == 1
    assert content(frame) == content(whole["webex"])
    assert list(folder.iterdir()) == []


def test_pictures_from_the_cache_count_towards_no_total(
    world: Any, whole: dict[str, pd.DataFrame], config: dict[str, Any]
) -> None:
    least = cf.ImageSettings(True, total_bytes=1)
    cf.fetch(source("reddit"), images=True, config=config, progress=False)
    again = cf.fetch(source("reddit"), images=least, config=config, progress=False)
    assert content(again) == content(whole["reddit"])
    without = cf.fetch(source("reddit"), images=least, config=world.config, progress=False)
    assert cf.report(without).images_ok == 0  # so the total does bind


def test_a_bound_that_holds_few_pictures_is_kept_to(world: Any, whole: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    config = with_cache(world, folder, max_cache_bytes=200_000)
    for _ in range(2):
        frame = cf.fetch(source("webex"), images=True, config=config, progress=False)
        assert content(frame) == content(whole["webex"])
        assert 0 < sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 200_000


def test_a_damaged_picture_is_asked_for_again(
    world: Any, whole: dict[str, pd.DataFrame], config: dict[str, Any]
) -> None:
    cf.fetch(source("webex"), images=True, config=config, progress=False)
    pictures = sorted(Path(config["downloads"]["cache_dir"], "pictures").iterdir())
    for path in pictures[:3]:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    world.reset_stats()
    again = cf.fetch(source("webex"), images=True, config=config, progress=False)
    assert content(again) == content(whole["webex"])
    assert asked(world, "webex", whole["webex"]) == 3


# --- killed ---------------------------------------------------------------------------------------------------------


def killed_while_keeping(platform: str, config: dict[str, Any], renames: int) -> int:
    """Fetch in a child that is killed at so many renames within its cache."""

    def work() -> None:
        plain, left = os.replace, [renames]

        def dying(*arguments: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)  # another thread may get here before the signal does
            plain(*arguments)

        disk_cache.os.replace = dying  # type: ignore[attr-defined]
        cf.fetch(source(platform), images=True, config=config, progress=False)

    return in_a_child(work)


def assert_only_the_rest_is_asked_for(
    world: Any, whole: pd.DataFrame, platform: str, config: dict[str, Any], renames: int
) -> None:
    assert killed_while_keeping(platform, config, renames) == -signal.SIGKILL
    kept = len(list(Path(config["downloads"]["cache_dir"], "found").glob("[0-9a-f]*")))
    assert kept == (renames - 1) // 2  # each picture is two renames: itself, then its note
    world.reset_stats()
    again = cf.fetch(source(platform), images=True, config=config, progress=False)
    assert content(again) == content(whole)
    rest = asked(world, platform, whole)
    world.reset_stats()
    cf.fetch(source(platform), images=True, config=world.config, progress=False)
    assert rest == asked(world, platform, whole) - kept  # without a cache all are asked for
    world.reset_stats()
    cf.fetch(source(platform), images=True, config=config, progress=False)
    assert asked(world, platform, whole) == 0


def test_a_fetch_that_was_killed_is_taken_up_where_its_cache_ends(
    world: Any, whole: dict[str, pd.DataFrame], config: dict[str, Any]
) -> None:
    assert_only_the_rest_is_asked_for(world, whole["webex"], "webex", config, 14)


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("renames", [1, 2, 3, 8, 17, 24, 30])
def test_a_fetch_killed_at_any_rename_is_taken_up_where_its_cache_ends(
    world: Any, whole: dict[str, pd.DataFrame], config: dict[str, Any], platform: str, renames: int
) -> None:
    assert_only_the_rest_is_asked_for(world, whole[platform], platform, config, renames)
