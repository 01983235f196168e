"""How a call takes part in the process's one client for this endpoint and credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from ...transfer.clients import shared
from ...transfer.gate import gate
from ...transfer.guard import Guard
from ...transfer.http import Anonymous, Http
from ...transfer.link import Link
from .. import Context
from .account import account, fingerprint
from .pictures import Places
from .reader import Reader
from .settings import RedditConfig

SERVICE = "reddit"


@asynccontextmanager
async def connect(context: Context) -> AsyncIterator[Reader]:
    """Take part in the process's one client for this endpoint and credential."""
    config: RedditConfig = context.settings.config.section(SERVICE)
    limits = httpx.Limits(
        max_connections=config.max_connections, max_keepalive_connections=config.max_keepalive_connections
    )
    known = account(config)
    ends = config.oauth_url, config.reddit_url
    ways = context.settings.config.downloads
    guard = Guard(frozenset(ways.allowed_private_hosts))
    key = (
        SERVICE,
        *ends,
        fingerprint(config),
        limits.max_connections,
        limits.max_keepalive_connections,
        guard,
        ways.trust_env,
    )
    the_gate = gate(SERVICE)

    def build() -> Http:
        api, site = ends
        return Http(SERVICE, api, Anonymous(), limits, also=site, guard=guard, trust_env=ways.trust_env)

    async with shared(key, build) as http:
        with (
            the_gate.pages.limited_to(1),
            the_gate.downloads.limited_to(config.max_concurrent_image_downloads),
        ):
            wait = ways.max_retry_wait_seconds
            pace = known.budget.pause_seconds
            whose = f"{config.oauth_url} {fingerprint(config)}"  # Reddit counts each key on its own
            link = Link(http, the_gate, context.clock, context.emit, wait, context.count, pace, whose)
            yield Reader(known, link, Places.of(config.reddit_url), context.settings.raw)
