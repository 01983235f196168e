"""HTTP clients in use: calls with the same endpoint, credential and limits share one.

`open_link` is how the source of a service takes part in one for the time of a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from .. import kept
from ..model import Emit
from .clock import Clock
from .gate import gate
from .guard import Guard
from .http import Auth, Http
from .link import Link
from .patience import Patience


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service's address seen with one credential, and what the client for it may do.

    Parameters
    ----------
    service : str
        Its name in messages, and of its gate.
    base_url, token_url : str
        The API's address, and that where its tokens are made when it is another one; see `Http`.
    credential : str
        A name for the credential that tells nothing about it.
    max_connections, max_keepalive_connections : int
        Of the client's pool.
    allowed_private_hosts : frozenset of str
        See `Guard`.
    trust_env : bool
        See `Http`.
    """

    service: str
    base_url: str
    credential: str
    max_connections: int
    max_keepalive_connections: int
    allowed_private_hosts: frozenset[str] = frozenset()
    trust_env: bool = False
    token_url: str | None = None

    @property
    def account(self) -> str:
        """Whose waits these are: those of a credential at an address."""
        return f"{self.base_url} {self.credential}"

    def client(self, auth: Auth) -> Http:
        """Return a client of its own."""
        limits = httpx.Limits(
            max_connections=self.max_connections, max_keepalive_connections=self.max_keepalive_connections
        )
        guard = Guard(self.allowed_private_hosts)
        return Http(
            self.service, self.base_url, auth, limits, also=self.token_url, guard=guard, trust_env=self.trust_env
        )


@asynccontextmanager
async def open_link(
    endpoint: Endpoint,
    auth: Auth,
    *,
    pages: int,
    downloads: int,
    clock: Clock,
    emit: Emit,
    count: Callable[[str], None],
    max_retry_wait_seconds: float,
    pace: Callable[[httpx.Headers], float] = lambda headers: 0.0,
) -> AsyncIterator[Link]:
    """Take part in the process's one client for an endpoint, with a call's limits and its patience.

    Parameters
    ----------
    auth : Auth
        Knows the token of the endpoint's credential.
    pages, downloads : int
        How many of each this call allows at once in the service's gate.
    clock, emit, count, max_retry_wait_seconds
        See `Patience`.
    pace : callable
        See `Link`.
    """
    the_gate = gate(endpoint.service)
    async with shared(endpoint, lambda: endpoint.client(auth)) as http:
        with the_gate.pages.limited_to(pages), the_gate.downloads.limited_to(downloads):
            waits = the_gate.waits_of(endpoint.account)
            yield Link(
                http, Patience(endpoint.service, the_gate, waits, clock, emit, max_retry_wait_seconds, count), pace
            )


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
