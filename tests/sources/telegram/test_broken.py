"""What broke Telegram once: each of these lost pictures, hung, or wrote into somebody's notebook."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from typing import Any

import pytest
from help.hurrying import hurry
from help.telegram_chats import APOLLO, fetch, telegram
from telethon.tl import types

import chatframes as cf
from chatframes.world.telegram.methods import Methods

GUESTS = 4  # the data centre where the account is a guest


def test_an_answer_that_is_none_costs_its_pictures_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = Methods._some_messages, 0

    def none_at_first(self: Methods, *about: Any) -> Any:
        nonlocal asked
        asked += 1
        return types.messages.MessagesNotModified(count=1) if asked <= 2 else real(self, *about)

    monkeypatch.setattr(Methods, "_some_messages", none_at_first)
    with cf.sandbox(messages=100, images=20, faults=["expired_references"]) as world:
        frame = fetch(world)
        assert len(frame) == 100
        assert asked > 2
        assert all(row["reason"] != "cancelled" for cells in frame["media"] for row in cells)


def test_pictures_arrive_after_the_visit_to_another_data_centre_was_ended() -> None:
    with cf.sandbox(messages=100, images=30) as world:
        assert fetch(world)["n_images"].sum() == 30
        for client in world._telegram._centres[GUESTS].clients.values():
            client.memory.pop("who", None)
        assert fetch(world)["n_images"].sum() == 30
        assert telegram(world)["imports"] == {GUESTS: 2}


@pytest.mark.parametrize("center", [2, GUESTS])
def test_a_connection_that_fell_silent_while_nobody_asked_is_made_anew(
    center: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, 20)
    with cf.sandbox(messages=100, images=30) as world:
        assert fetch(world)["n_images"].sum() == 30
        for connection in list(world._telegram.counts.connections):
            if connection._server.dc_id == center:
                connection._receive = lambda packet: None
        frame = fetch(world)
        assert len(frame) == 100
        assert frame["n_images"].sum() == 30
        assert telegram(world)["imports"] == {GUESTS: 1}, "nobody had to log in again"


def test_an_interrupt_in_the_middle_of_a_visit_leaves_no_task_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with cf.sandbox(messages=100, images=30, latency_ms=20) as world:
        knocked, door = threading.Event(), world._telegram._centres[GUESTS]
        monkeypatch.setattr(door, "_serve", _silence(knocked))

        async def interrupted() -> None:
            call = asyncio.create_task(cf.fetch_async(APOLLO, images=True, config=world.config, progress=False))
            await asyncio.to_thread(knocked.wait)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

        with caplog.at_level(logging.ERROR, "asyncio"):
            asyncio.run(interrupted())
            monkeypatch.undo()
            assert fetch(world)["n_images"].sum() == 30
            gc.collect()
        assert "destroyed" not in caplog.text


def _silence(knocked: threading.Event) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        knocked.set()
        try:
            await reader.read()  # until the client hangs up
        finally:
            writer.transport.abort()

    return serve
