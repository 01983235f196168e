"""The first message and the first picture come after few round trips, and a process looks nothing up twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pandas as pd
import pytest
from aiohttp import web

import chatframes as cf
from chatframes.sources.webex import people
from chatframes.world.sandbox import World
from chatframes.world.webex import records
from chatframes.world.webex.server import WebexServer

WEEK = {"since": "2026-10-25", "until": "2026-10-30"}  # one window, one page
LOOK_UPS = {"me", "rooms"}
A_WHILE = 2.0  # seconds until the server believes that nothing more is asked at the same time


class Rounds:
    """How many round trips each kind of request came after, counted at the server."""

    def __init__(self) -> None:
        self.begin(together=1)

    def begin(self, together: int) -> None:
        """Count anew; so many look-ups are answered at the same time, or after a while."""
        self.first: dict[str, int] = {}  # by kind of request: the round trip it is part of, from 1
        self.answered = self.looking_up = 0
        self.together = together


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Rounds:
    counted, serve, there = Rounds(), WebexServer._serve_api, asyncio.Event()

    async def serve_counted(self: WebexServer, request: web.BaseRequest) -> web.StreamResponse:
        kind = request.path.removeprefix("/v1/").split("/")[0] if "people/me" not in request.path else "me"
        mine = counted.answered + 1
        counted.first.setdefault(kind, mine)
        if kind in LOOK_UPS:
            counted.looking_up += 1
            if counted.looking_up >= counted.together:
                there.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(there.wait(), A_WHILE)
        try:
            return await serve(self, request)
        finally:
            counted.answered = max(counted.answered, mine)

    monkeypatch.setattr(WebexServer, "_serve_api", serve_counted)
    return counted


@pytest.fixture
def world(rounds: Rounds) -> Iterator[World]:
    with cf.sandbox(messages=60, images=20) as world:
        yield world


def fetch(world: World, room: str = "Project Apollo") -> pd.DataFrame:
    return cf.fetch(cf.Webex(room, **WEEK), images=True, config=world.config, progress=False)


def one_after_the_other(world: World) -> None:
    """Read the room as a simple client does."""
    webex = world.config["webex"]
    headers = {"Authorization": f"Bearer {webex['access_token']}"}
    with httpx.Client(headers=headers, trust_env=False) as http:

        def ask(path: str, **query: Any) -> Any:
            return http.get(f"{webex['base_url']}/{path}", params=query).json()

        ask("people/me")
        (room,) = [each for each in ask("rooms")["items"] if each["title"] == "Project Apollo"]
        messages = ask("messages", roomId=room["id"])["items"]
        ask("people", id=messages[0]["personId"])
        http.get(next(url for each in messages for url in each.get("files", ())))


def test_the_first_message_comes_after_three_round_trips_and_a_picture_after_four(world: World, rounds: Rounds) -> None:
    rounds.begin(together=2)
    assert fetch(world)["n_images"].sum() > 0
    assert rounds.first == {"me": 1, "rooms": 1, "messages": 2, "people": 3, "contents": 4}

    rounds.begin(together=2)
    one_after_the_other(world)
    assert rounds.first["people"] == 4
    assert rounds.first["contents"] == 5


def test_a_process_looks_up_neither_its_account_nor_an_author_twice(
    world: World, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fetch(world)
    for room in ("Project Apollo", before["chat_id"][0]):
        rounds.begin(together=1)
        again = fetch(world, room)
        assert list(rounds.first.values()) == [1, 2, 3]
        assert not {"me", "people"} & rounds.first.keys()
        for column in ("uid", "author_name", "author_handle", "author_kind", "n_images"):
            assert again[column].tolist() == before[column].tolist(), column

    monkeypatch.setattr(people, "KEPT_SECONDS", 0.0)  # in the end names are asked for anew
    rounds.begin(together=1)
    fetch(world)
    assert "people" in rounds.first


def test_a_new_title_is_noticed_in_the_same_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chat_id = fetch(world)["chat_id"][0]
    titles = {chat_id: "Project Artemis"}
    as_it_was = records.room_json

    def renamed(*args: Any) -> dict[str, Any]:
        room = as_it_was(*args)
        return room | {"title": titles.get(room["id"], room["title"])}

    monkeypatch.setattr(records, "room_json", renamed)
    assert set(fetch(world, "Project Artemis")["chat_name"]) == {"Project Artemis"}
    with pytest.raises(cf.ChatNotFound):
        fetch(world)
    other = next(room for room in cf.chats("webex", config=world.config)["id"] if room != chat_id)
    titles[other] = "Project Artemis"
    with pytest.raises(cf.ChatNotFound, match="2 Webex rooms are called"):
        fetch(world, "Project Artemis")
