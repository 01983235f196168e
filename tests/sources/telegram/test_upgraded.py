"""A basic group that became a supergroup: the title means the living one, and the old id says where it goes on."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from help.newer_layer import tell
from help.telegram_chats import fetch
from telethon.tl import types

import chatframes as cf


def _one_title(world: Any) -> None:
    """Let both have the same title, as they do at the real service."""
    for chat in world.chats:
        if getattr(chat.entity, "migrated_to", None):
            chat.entity.title = "Project Apollo"


def ids(world: Any) -> tuple[str, str]:
    listed = cf.chats("telegram", config=world.config)
    twins = listed[listed["title"] == "Project Apollo"].set_index("kind")["id"]
    return str(twins["upgraded"]), str(twins["group"])


def notes(frame: Any) -> str:
    return " ".join(note for source in cf.report(frame).sources for note in source.notes)


def test_the_list_tells_the_two_apart_and_the_title_means_the_living_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, _one_title)
    with cf.sandbox(messages=60, images=0) as world:
        old, new = ids(world)
        frame = fetch(world, cf.Telegram("Project Apollo"))
    assert len(frame) == 60
    assert set(frame["chat_id"]) == {new}
    assert cf.report(frame).status == "complete"
    assert old in notes(frame), "the note about its past"


def test_the_old_id_says_where_the_group_goes_on_and_is_no_whole_history(monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, _one_title)
    with cf.sandbox(messages=60, images=0) as world:
        old, new = ids(world)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frame = fetch(world, cf.Telegram(old))
    assert len(frame) > 0
    assert cf.report(frame).status == "open"
    assert f"chatframes.Telegram({new})" in notes(frame)
    (source,) = cf.report(frame).sources
    assert [(span.since, span.until) for span in source.covered] == [(None, "2026-10-02T00:00:00Z")]
    assert "up to 2026-10-02" in str(cf.report(frame))


@pytest.mark.parametrize("since", ["2026-09-25", "2026-10-15"])
def test_a_range_that_reaches_past_the_upgrade_has_a_gap_from_there_on(since: str) -> None:
    with cf.sandbox(messages=60, images=0) as world:
        old = str(next(c["id"] for c in world.truth["chats"] if c["title"] == "Apollo garage"))
        whole = fetch(world, cf.Telegram(old))
        with pytest.warns(cf.IncompleteWarning, match="goes on there"):
            frame = fetch(world, cf.Telegram(old, since=since, until="2026-10-20"))
    (source,) = cf.report(frame).sources
    assert source.status == "partial"
    assert str(whole["created_at"].max()) == "2026-10-01 23:59:59+00:00"
    assert source.gaps[-1].until == "2026-10-21T00:00:00Z"
    assert source.gaps[-1].since == max("2026-10-02T00:00:00Z", f"{since}T00:00:00Z")
    assert len(frame) == (whole["created_at"] >= since).sum()


def test_a_range_from_before_the_upgrade_is_complete() -> None:
    with cf.sandbox(messages=60, images=0) as world:
        old = str(next(c["id"] for c in world.truth["chats"] if c["title"] == "Apollo garage"))
        frame = fetch(world, cf.Telegram(old, until="2026-09-25"))
    assert cf.report(frame).status == "complete"


def test_a_group_whose_successor_has_another_title_goes_by_its_own() -> None:
    with cf.sandbox(messages=60, images=0) as world:
        frame = fetch(world, cf.Telegram("Apollo garage"))
    assert cf.report(frame).status == "open"
    assert "has become the supergroup -100" in notes(frame)


def test_a_group_that_was_only_switched_off_is_listed_as_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(world: Any) -> None:
        for chat in world.chats:
            if isinstance(chat.entity, types.Chat) and not chat.entity.migrated_to:
                chat.entity.deactivated = True

    tell(monkeypatch, off)
    with cf.sandbox(messages=60, images=0) as world:
        kinds = cf.chats("telegram", config=world.config)["kind"].tolist()
    assert kinds.count("upgraded") == 1
