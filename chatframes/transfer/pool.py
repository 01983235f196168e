"""Keep the connections of one client: aiohttp's pool, with httpx's limits and with addresses that were checked."""

from __future__ import annotations

import functools
from typing import Any

import aiohttp

from .exchange import Wire
from .guard import Guard

KEEPALIVE_SECONDS = 15.0


class Pool(aiohttp.TCPConnector):
    """aiohttp's pool with httpx's two limits: connections in all, and idle connections kept.

    Several connectors, the `peers`, share these limits. One with a guard connects only to addresses that the guard has
    checked, and never reuses a connection of another connector.
    """

    def __init__(
        self, max_connections: int, max_keepalive_connections: int, peers: list[Pool], guard: Guard | None
    ) -> None:
        super().__init__(limit=0, keepalive_timeout=KEEPALIVE_SECONDS)
        self._max_connections = max_connections
        self._max_idle = max_keepalive_connections
        self._peers = peers
        self._guard = guard
        self._factory = functools.partial(Wire, self._loop)  # type: ignore[assignment]
        peers.append(self)

    @property
    def idle_connections(self) -> int:
        return sum(len(pool) for peer in self._peers for pool in peer._conns.values())

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        # The transport bounds the connections in use; here, idle ones to other hosts are closed to make room.
        if req.connection_key not in self._conns:
            while self._in_use + self.idle_connections >= self._max_connections and self._close_one_idle():
                pass
        return await super().connect(req, traces, timeout)

    async def _get(self, key: Any, traces: Any) -> Any:
        # A server that has spoken unasked would answer the next request before it is sent.
        while (connection := await super()._get(key, traces)) is not None and connection.protocol.should_close:  # type: ignore[union-attr]
            connection.close()
        return connection

    @property
    def _in_use(self) -> int:
        return sum(len(peer._acquired) for peer in self._peers)

    def _close_one_idle(self) -> bool:
        for peer in self._peers:
            for key, pool in peer._conns.items():
                protocol, _ = pool.popleft()
                protocol.close()
                if not pool:
                    del peer._conns[key]
                return True
        return False

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> Any:
        addresses = await super()._resolve_host(host, port, traces)
        if self._guard is not None:  # the addresses checked here are the ones connected to
            self._guard.check(host, port, [address["host"] for address in addresses])
        return addresses

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        full = self.idle_connections >= self._max_idle
        super()._release(key, protocol, should_close=should_close or full)
