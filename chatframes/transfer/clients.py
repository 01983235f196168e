"""HTTP clients in use: calls with the same endpoint, credential and limits share one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .. import kept
from .http import Http


@dataclass(slots=True)
class _Shared:
    http: Http
    users: int = 0


_clients: dict[Hashable, _Shared] = kept.new_dict()


@asynccontextmanager
async def shared(key: Hashable, build: Callable[[], Http]) -> AsyncIterator[Http]:
    """Share one client among all calls of this event loop that give the same key; the last one to leave closes it."""
    key = id(asyncio.get_running_loop()), key
    client = _clients.get(key)
    if client is None:
        client = _clients[key] = _Shared(build())
    client.users += 1
    try:
        yield client.http
    finally:
        client.users -= 1
        if client.users == 0:
            if _clients.get(key) is client:
                del _clients[key]
            await client.http.aclose()
