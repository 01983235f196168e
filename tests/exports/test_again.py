"""An export that is run again fetches what is new, what was changed lately, and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from help.exports import PLATFORMS, content, names, order, pages_asked, pictures_asked, run, source

import chatframes as cf
from chatframes.errors import ServiceError
from chatframes.exports import store
from chatframes.transfer import body_reader
from chatframes.transfer.clock import Clock

UNTIL = {"until": "2026-10-31"}  # over when it is asked for: nothing new can come
Set = Callable[[datetime], None]


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=120, images=24) as world:
        yield world


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Set:
    def set_to(now: datetime) -> None:
        monkeypatch.setattr("chatframes.api.clock", Clock(now=lambda: now))

    return set_to


def export(world: Any, sources: Any, folder: Path, images: Any = True, **arguments: Any) -> cf.Report:
    return cf.export(sources, folder, images=images, config=world.config, progress=False, **arguments)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_pictures_come_later_and_no_page_is_asked_for_again(world: Any, tmp_path: Path, platform: str) -> None:
    asked = source(platform, **UNTIL)
    told = export(world, asked, tmp_path / "out", images=False)
    assert told.images_ok == 0
    assert told.skipped["disabled"] > 0
    pages, pictures = pages_asked(world, platform), pictures_asked(world, platform)
    told = export(world, asked, tmp_path / "out")
    assert pages_asked(world, platform) == pages
    assert pictures_asked(world, platform) != pictures
    whole = cf.fetch(asked, images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(tmp_path / "out")) == content(whole)
    assert told.images_ok == int(whole["n_images"].sum())


WRONG_LOGIN = {"webex": ("access_token",), "telegram": ("session",), "reddit": ("client_id", "client_secret")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_call_that_reads_nothing_takes_nothing_back(world: Any, tmp_path: Path, platform: str) -> None:
    first = export(world, source(platform), tmp_path / "out", images=False).sources[0]
    wrong = dict.fromkeys(WRONG_LOGIN[platform], "wrong" * 12)
    config = {**world.config, platform: {**world.config[platform], **wrong}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        with suppress(cf.AuthError):
            cf.export(source(platform), tmp_path / "out", config=config, progress=False)
    told = cf.report(tmp_path / "out").sources[0]
    assert (told.status, told.messages, told.covered) == ("partial", first.messages, first.covered)
    assert [gap.since for gap in told.gaps] == [first.covered[-1].until], "only what came since the first call"
    last = export(world, source(platform), tmp_path / "out", images=False).sources[0]
    assert (last.status, last.messages, last.gaps) == (first.status, first.messages, ())


def test_wider_days_fetch_the_days_that_are_missing(world: Any, tmp_path: Path) -> None:
    world.reset_stats()
    export(world, source("webex", since="2026-10-10", until="2026-10-14"), tmp_path)
    before = pictures_asked(world, "webex")
    world.reset_stats()
    wider = source("webex", since="2026-10-08", until="2026-10-16")
    export(world, wider, tmp_path)
    asked = [datetime.fromisoformat(entry["before"]) for entry in world.stats()["messages_log"] if "before" in entry]
    day = timedelta(days=1)
    inside = [
        when for when in asked if datetime(2026, 10, 10, tzinfo=UTC) + day < when < datetime(2026, 10, 15, tzinfo=UTC)
    ]
    assert inside == []
    assert pictures_asked(world, "webex").keys().isdisjoint(before)
    whole = cf.fetch(wider, images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(tmp_path)) == content(whole)


def test_a_larger_limit_fetches_only_what_was_too_large(world: Any, tmp_path: Path) -> None:
    asked = source("webex", **UNTIL)
    small = {"enabled": True, "max_size_bytes": 60_000}
    told = export(world, asked, tmp_path, small)
    assert told.skipped["too_large"] > 0
    assert told.images_ok > 0
    held = pictures_asked(world, "webex")
    again = export(world, asked, tmp_path, small)
    assert pictures_asked(world, "webex") == held
    assert again.skipped == told.skipped
    large = export(world, asked, tmp_path)
    assert "too_large" not in large.skipped
    assert large.images_ok == told.images_ok + told.skipped["too_large"]
    whole = cf.fetch(asked, images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(tmp_path)) == content(whole)


def test_what_failed_is_tried_again_where_that_may_help(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = source("webex", **UNTIL)
    with monkeypatch.context() as patch:
        patch.setattr(
            body_reader, "of_picture", lambda base, *_, **__: replace(base, status="failed", reason="cancelled")
        )
        told = export(world, asked, tmp_path)
    assert told.images_ok == 0
    assert told.failed["cancelled"] > 0
    told = export(world, asked, tmp_path)
    assert told.failed == {}
    whole = cf.fetch(asked, images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(tmp_path)) == content(whole)


def test_a_gap_is_not_covered_and_the_next_run_closes_it(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatframes.sources.webex.chat import Room

    asked = source("webex", since="2026-10-02", **UNTIL)
    real = Room._list
    world.reset_stats()

    async def sometimes(room: Any, url: str) -> Any:
        if "before=2026-11-01" in url:
            raise ServiceError("Webex is having lunch.")
        return await real(room, url)

    with monkeypatch.context() as patch:
        patch.setattr(Room, "_list", sometimes)
        with pytest.warns(cf.IncompleteWarning, match="lunch"):
            told = export(world, asked, tmp_path)
    assert told.status == "partial"
    assert told.sources[0].gaps
    assert cf.report(tmp_path) == told
    held = pictures_asked(world, "webex")
    told = export(world, asked, tmp_path)
    assert told.status == "complete"
    whole = cf.fetch(asked, images=False, config=world.config, progress=False)
    assert sorted(cf.read_parquet(tmp_path)["uid"]) == sorted(whole["uid"])
    assert {name for name, times in pictures_asked(world, "webex").items() if held.get(name, times) != times} == set()


@pytest.mark.parametrize("platform", ["telegram", "webex"])
def test_new_messages_join_the_last_part_and_no_message_changes_its_part(
    world: Any, tmp_path: Path, platform: str, set_clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PART_ROWS", 30)
    places: dict[str, str] = {}
    for day in range(10, 31, 5):
        set_clock(datetime(2026, 10, day, 12, tzinfo=UTC))
        export(world, source(platform), tmp_path)
        now: dict[str, str] = {}
        for name in names(tmp_path):
            now |= dict.fromkeys(cf.read_parquet(tmp_path / "data" / name)["uid"], name)
        assert now.items() >= places.items()
        places = now
    rows = [len(cf.read_parquet(tmp_path / "data" / name)) for name in names(tmp_path)]
    assert rows[:-1] == [30] * (len(rows) - 1)
    whole = cf.fetch(source(platform), images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(tmp_path)) == content(whole)


def test_a_part_that_is_full_is_not_written_twice(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PART_BYTES", 300_000)
    points: list[str] = []
    run(order(source("webex"), tmp_path, world.config, reach=points.append))
    assert len(names(tmp_path)) > 2
    assert "rewrite begun" not in points[: points.index("threads found") if "threads found" in points else None]


def test_a_larger_number_of_messages_extends_an_export(world: Any, tmp_path: Path) -> None:
    for limit in (20, 20, 50, 20):
        export(world, source("telegram", limit=limit), tmp_path)
        least = min(50, max(limit, len(cf.read_parquet(tmp_path, columns=["uid"]))))
        newest = cf.fetch(source("telegram", limit=least), images=True, config=world.config, progress=False)
        assert content(cf.read_parquet(tmp_path)) == content(newest)


def test_more_comments_are_fetched_when_they_are_asked_for(world: Any, tmp_path: Path) -> None:
    export(world, source("reddit", comments=0), tmp_path)
    held = pictures_asked(world, "reddit")
    export(world, source("reddit"), tmp_path)
    whole = cf.fetch(source("reddit"), images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(tmp_path)) == content(whole)
    assert held


def test_what_reddit_shows_as_deleted_can_be_left_out_and_stays_out(world: Any, tmp_path: Path) -> None:
    whole = cf.fetch(source("reddit"), config=world.config, progress=False)
    rest = whole[["deleted" not in flags for flags in whole["flags"]]]
    assert 0 < len(rest) < len(whole)
    for _ in range(2):
        export(world, source("reddit"), tmp_path, False, deleted="drop")
        assert sorted(cf.read_parquet(tmp_path)["uid"]) == sorted(rest["uid"])
