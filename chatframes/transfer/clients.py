"""Share HTTP clients: calls with the same endpoint, credential and limits use one client.

A source calls `open_link` to use the shared client for the time of one call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

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
    """A service's address, the credential used there, and the limits of the client for it.

    Parameters
    ----------
    service : str
        The service's name, used in messages and for its gate.
    base_url, token_url : str
        The address of the API, and the address that issues its tokens where that is another one; see `Http`.
    credential : str
        A fingerprint of the credential, from which it cannot be read.
    max_connections, max_keepalive_connections : int
        The limits of the client's pool.
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
        """The key under which waits are kept: an address and a credential."""
        return f"{self.base_url} {self.credential}"

    def client(self, auth: Auth) -> Http:
        """Return a new client."""
        limits = httpx.Limits(
            max_connections=self.max_connections, max_keepalive_connections=self.max_keepalive_connections
        )
        guard = Guard(self.allowed_private_hosts)
        return Http(
            self.service, self.base_url, auth, limits, token_url=self.token_url, guard=guard, trust_env=self.trust_env
        )


class Connections(NamedTuple):
    """The connections of a service: in use now, in use at once so far, and as many as there may be."""

    in_use: int
    peak: int
    most: int


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
    adaptive: bool = True,
    pace: Callable[[httpx.Headers], float] = lambda headers: 0.0,
) -> AsyncIterator[Link]:
    """Use the shared client of an endpoint for one call, with that call's own limits.

    Parameters
    ----------
    auth : Auth
        Gives and renews the token of the endpoint's credential.
    pages, downloads : int
        How many pages and downloads this call allows at once in the service's gate.
    clock, emit, count, max_retry_wait_seconds, adaptive
        See `Patience`.
    pace : callable
        See `Link`.
    """
    service_gate = gate(endpoint.service)
    async with shared(endpoint, lambda: endpoint.client(auth)) as http:
        with service_gate.pages.limited_to(pages), service_gate.downloads.limited_to(downloads):
            waits = service_gate.waits_of(endpoint.account)
            patience = Patience(
                endpoint.service, service_gate, waits, clock, emit, max_retry_wait_seconds, count, adaptive
            )
            yield Link(http, patience, pace)


@dataclass(slots=True)
class _Shared:
    http: Http
    users: int = 0


_clients: dict[Hashable, _Shared] = kept.new_dict()


@asynccontextmanager
async def shared(key: Hashable, build: Callable[[], Http]) -> AsyncIterator[Http]:
    """Share one client among all calls on this event loop with the same key; the last call to finish closes it."""
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


def connections(service: str) -> Connections | None:
    """Return how many connections to a service are in use in this process.

    None where it has no client here, or its client does not say.
    """
    told = [client.http.connections for client in _clients.values() if client.http.service == service]
    known = [each for each in told if each is not None]
    return Connections(*map(sum, zip(*known, strict=True))) if known else None
