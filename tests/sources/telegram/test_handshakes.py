"""A configured server's key is accepted while its own connection is made, and by no other one."""

from __future__ import annotations

import asyncio
import os
import warnings

import pytest
from telethon.crypto import rsa

import chatframes as cf
from chatframes.sources.telegram.handshakes import accepting_key_of
from chatframes.sources.telegram.settings import TelegramServer


@pytest.fixture
def server() -> TelegramServer:
    with cf.sandbox(messages=0, images=0) as world:
        return TelegramServer(**world.config["telegram"]["server"])


def keys() -> set[int]:
    return set(rsa._server_keys)


def test_the_key_is_there_while_its_connection_is_made_and_one_is_made_at_a_time(server: TelegramServer) -> None:
    before = keys()
    met: list[int] = []

    async def connect(to: TelegramServer | None) -> None:
        async with accepting_key_of(to):
            met.append(len(keys()) - len(before))
            await asyncio.sleep(0)
            async with accepting_key_of(to):  # sent on to another data centre, in the same task
                met.append(len(keys()) - len(before))

    async def main() -> None:
        await asyncio.gather(connect(server), connect(None), connect(server))

    asyncio.run(main())
    assert met == [1, 1, 0, 0, 1, 1]
    assert keys() == before


def test_a_key_that_is_none_is_a_sentence_and_the_next_connection_is_made(server: TelegramServer) -> None:
    broken = server.model_copy(
        update={"public_key": "-----BEGIN RSA PUBLIC KEY-----\nno\n-----END RSA PUBLIC KEY-----"}
    )

    async def main() -> None:
        with pytest.raises(cf.ConfigError, match="public_key"):
            async with accepting_key_of(broken):
                pass
        async with accepting_key_of(server):
            pass

    before = keys()
    asyncio.run(main())
    assert keys() == before


@pytest.mark.posix
def test_a_child_forked_meanwhile_does_not_accept_the_key(server: TelegramServer) -> None:
    before = keys()

    async def main() -> int:
        async with accepting_key_of(server):
            assert keys() != before
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside other threads
                child = os.fork()
            if child == 0:
                os._exit(0 if keys() == before else 1)
            assert keys() != before
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])  # noqa: ASYNC222

    assert asyncio.run(main()) == 0
