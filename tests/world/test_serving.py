"""The sandbox's servers leave nothing open, whoever knocks while they close."""

from __future__ import annotations

import gc
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from chatframes.world.mtproto.server import MtprotoServer
from chatframes.world.serving import HOST, Background, Counts, Listener

ROUNDS, KNOCKS = 12, 30


async def answer(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response()


class Knocking(threading.Thread):
    """Connects again and again until the port is closed."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.connected = port, threading.Event()

    def run(self) -> None:
        for _ in range(KNOCKS):
            with socket.socket() as client:
                try:
                    client.connect((HOST, self.port))
                except OSError:
                    break
                self.connected.set()


@pytest.mark.parametrize(
    "make",
    [lambda: Listener(answer, Counts()), lambda: MtprotoServer(2, lambda _: None, Counts())],
    ids=["http", "mtproto"],
)
def test_a_connection_that_comes_while_the_port_closes_is_not_left_open(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: left.append(str(told.exc_value)))
    for _ in range(ROUNDS):
        background, server = Background("serving"), make()
        background.run(server.start())
        knocking = Knocking(server.port)
        knocking.start()
        knocking.connected.wait(60)
        background.run(server.stop())
        background.close()
        knocking.join()
        del background, server
        gc.collect()
    assert left == []
