"""What a reader of the app sees is in the row: one message of each kind, as the sandbox sends it and says what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from help.seen import wrong_with

import chatframes as cf
from chatframes.world.sandbox import World

CHATS: dict[str, tuple[str, Any]] = {
    "webex": ("Everything", cf.Webex("Everything")),
    "telegram": ("@everything", cf.Telegram("@everything")),
    "telegram, a forum": ("Everything in topics", cf.Telegram("Everything in topics")),
    "reddit": ("r/everything", cf.Reddit("r/everything", posts="all", comments="all")),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=20, images=0, content=True) as running:
        yield running


def fetched(world: World, chat: str) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """A chat's table with its pictures, and what is seen of each of its messages."""
    name, source = CHATS[chat]
    platform: Any = chat.partition(",")[0]
    frame = cf.fetch(source, images=True, config=world.config, progress=False)
    return frame, world.expected(name, platform=platform)


@pytest.mark.parametrize("chat", CHATS)
def test_what_is_seen_of_each_message_is_in_its_row(world: World, chat: str) -> None:
    frame, expected = fetched(world, chat)
    assert {*frame["message_id"]} == {seen["message_id"] for seen in expected}
    rows = {row["message_id"]: row for row in frame.to_dict("records")}
    wrong = {seen["sample"]: wrong_with(rows[seen["message_id"]], seen) for seen in expected}
    assert {name: sentences for name, sentences in wrong.items() if sentences} == {}
    assert cf.report(frame).status in ("complete", "open")
    assert world._telegram.defects == []


def test_what_is_lost_or_shown_too_much_is_found_out(world: World) -> None:
    frame, expected = fetched(world, "telegram")
    seen = next(one for one in expected if one["sample"] == "poll")
    (row,) = frame[frame["message_id"] == seen["message_id"]].to_dict("records")
    details = '{"poll":{"question":"Which night?","options":[],"total":7,"closed":false}}'
    for change, word in (
        ({"details": details}, "details"),
        ({"text": "Which night? Friday"}, "lacks"),
        ({"text": f"{row['text']}\nFriday"}, "twice"),
        ({"links": ["https://a.example"]}, "links"),
        ({"author_handle": "@nobody"}, "author_handle"),
    ):
        assert any(word in sentence for sentence in wrong_with({**row, **change}, seen)), change
    assert any("nobody sees" in sentence for sentence in wrong_with(row, {**seen, "hides": ["Saturday"]}))
    assert any("no flag" in sentence for sentence in wrong_with(row, {**seen, "flags": ["imported"]}))
