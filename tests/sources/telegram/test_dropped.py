"""After a lost connection nothing is sent again but through the gate."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from logging import Logger
from typing import Any

import pytest
from help.telegram_chats import fetch, telegram
from telethon.extensions.messagepacker import MessagePacker
from telethon.network.connection import ConnectionTcpFull
from telethon.network.mtprotosender import MTProtoSender
from telethon.network.requeststate import RequestState
from telethon.tl import functions

import chatframes as cf
from chatframes.sources.telegram.client import CountingConnection
from chatframes.sources.telegram.dropped import Dropped, asked_again_by_us, never_sends_again

LOGGERS: Any = defaultdict(lambda: Logger("test"))


def states() -> dict[str, RequestState]:
    """One request of ours, one that was given up, one of Telethon's own."""
    made = {name: RequestState(functions.help.GetNearestDcRequest()) for name in ("ours", "given up", "telethon's")}
    for number, state in enumerate(made.values()):
        state.msg_id = number
    asked_again_by_us(made["ours"].request)
    asked_again_by_us(made["given up"].request)
    made["given up"].future.cancel()
    return made


def reconnected(*, guarded: bool) -> tuple[dict[str, RequestState], list[str]]:
    """Let a sender reconnect with requests under way and in its queue; return them, and which would be sent again."""

    async def main() -> tuple[dict[str, RequestState], list[str]]:
        sender = MTProtoSender(None, loggers=LOGGERS)

        async def connect() -> None:
            await asyncio.sleep(0)

        sender._connect = connect
        if guarded:
            never_sends_again(sender)
        under_way, queued = states(), states()
        sender._pending_state.update((state.msg_id, state) for state in under_way.values())
        sender._send_queue = sender._send_queue if guarded else MessagePacker(sender._state, loggers=LOGGERS)
        sender._send_queue.extend(queued.values())
        sender._user_connected = True
        await sender._reconnect(ConnectionResetError())
        names = {id(state): name for group in (under_way, queued) for name, state in group.items()}
        return under_way, sorted(names[id(state)] for state in sender._send_queue._deque)

    return asyncio.run(main())


def test_who_asks_again_is_told_and_what_was_given_up_is_forgotten() -> None:
    requests, sent_again = reconnected(guarded=True)
    assert sent_again == ["telethon's", "telethon's"]
    assert isinstance(requests["ours"].future.exception(), Dropped)
    assert not requests["telethon's"].future.done()


def test_telethon_alone_sends_all_of_it_again() -> None:
    _, sent_again = reconnected(guarded=False)
    assert sent_again == sorted(["given up", "ours", "telethon's"] * 2)


@pytest.mark.parametrize(("kind", "left"), [(CountingConnection, 0), (ConnectionTcpFull, 1)])
def test_nothing_packed_for_a_lost_connection_is_sent_over_the_next(kind: Any, left: int) -> None:
    async def main() -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        connection = kind("127.0.0.1", server.sockets[0].getsockname()[1], 2, loggers=LOGGERS)
        connection._send_queue.put_nowait(b"of the connection before")
        await connection._connect()
        assert connection._send_queue.qsize() == left
        connection._writer.close()
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def test_twenty_parts_at_once_are_the_most_also_when_connections_break() -> None:
    with cf.sandbox(messages=400, images=120, latency_ms=30, faults=["dropped_files"]) as world:
        frame = fetch(world)
        assert frame["n_images"].sum() == 120
        assert telegram(world)["peak_files"] <= 20
