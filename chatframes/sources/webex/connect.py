"""How a call takes part in the process's one client for this endpoint and credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from ...transfer.clients import shared
from ...transfer.gate import gate
from ...transfer.guard import Guard
from ...transfer.http import Http
from ...transfer.link import Link
from .. import Context
from .account import fingerprint, tokens
from .settings import WebexConfig

SERVICE = "webex"


@asynccontextmanager
async def connect(context: Context) -> AsyncIterator[Link]:
    """Take part in the process's one client for this endpoint and credential."""
    config: WebexConfig = context.settings.config.section(SERVICE)
    limits = httpx.Limits(
        max_connections=config.max_connections, max_keepalive_connections=config.max_keepalive_connections
    )
    ways = context.settings.config.downloads
    guard = Guard(frozenset(ways.allowed_private_hosts))
    numbers = limits.max_connections, limits.max_keepalive_connections
    key = (SERVICE, config.base_url, fingerprint(config), *numbers, guard, ways.trust_env)
    the_gate = gate(SERVICE)

    def build() -> Http:
        known = tokens(config, context.clock)
        return Http(SERVICE, config.base_url, known, limits, guard=guard, trust_env=ways.trust_env)

    async with shared(key, build) as http:
        with (
            the_gate.pages.limited_to(config.max_concurrent_fetches),
            the_gate.downloads.limited_to(config.max_concurrent_image_downloads),
        ):
            wait = context.settings.config.downloads.max_retry_wait_seconds
            yield Link(http, the_gate, context.clock, context.emit, wait, context.count)
