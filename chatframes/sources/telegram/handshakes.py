"""Accept the key of a configured server for connections to that server only.

Telethon has one set of server keys for the whole process. A sandbox's key, which anybody can read, must not be in it
while a connection to Telegram itself is made. So connections are made one at a time, and the set is restored after
each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telethon.crypto import rsa

from ... import kept
from ...errors import ConfigError
from .settings import TelegramServer


@dataclass(slots=True)
class _Turn:
    """The task that is connecting on one event loop, and the lock that makes others wait."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[Any] | None = None


_turns: dict[asyncio.AbstractEventLoop, _Turn] = kept.new_dict()
_keys_outside: dict[Any, Any] | None = None  # while a connection is made: the set as it was before


@asynccontextmanager
async def accepting_key_of(server: TelegramServer | None) -> AsyncIterator[None]:
    """Accept the configured server's key, besides Telegram's own, while the block connects.

    Raises
    ------
    ConfigError
        The configured text is no public key.
    """
    global _keys_outside
    turn, task = _turns.setdefault(asyncio.get_running_loop(), _Turn()), asyncio.current_task()
    if turn.task is task:  # nested: the server has redirected this connection to another data centre
        yield
        return
    async with turn.lock:
        turn.task = task
        before = _keys_outside = dict(rsa._server_keys)
        try:
            if server is not None:
                _add(server.public_key)
            yield
        finally:
            turn.task = _keys_outside = None
            _restore(before)


def _add(public_key: str) -> None:
    try:
        rsa.add_key(public_key.encode(), old=False)
    except ValueError:
        raise ConfigError(
            "telegram.server.public_key is not a public RSA key in PEM (PKCS#1): copy the server's key again."
        ) from None


def _restore(keys: dict[Any, Any]) -> None:
    rsa._server_keys.clear()
    rsa._server_keys.update(keys)


def _restore_after_fork() -> None:
    global _keys_outside
    if _keys_outside is not None:  # a child process forked meanwhile would go on accepting the server's key
        _restore(_keys_outside)
        _keys_outside = None


kept.after_fork(_restore_after_fork)
