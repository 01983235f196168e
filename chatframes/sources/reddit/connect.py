"""Connect one call to Reddit through the shared client of its endpoint and credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx

from ...transfer.clients import Endpoint, open_link
from ...transfer.http import Anonymous
from .. import Context
from .account import account, fingerprint
from .pace import Budget, as_said
from .pictures import Places
from .reader import Reader
from .settings import NAME, RedditConfig


@asynccontextmanager
async def connect(context: Context) -> AsyncIterator[Reader]:
    """Use the shared client of the configured endpoint and credential for one call."""
    config: RedditConfig = context.settings.config.section(NAME)
    downloads = context.settings.config.downloads
    shared_account = account(config)
    endpoint = Endpoint(
        NAME,
        config.oauth_url,
        fingerprint(config),
        max_connections=config.max_connections,
        max_keepalive_connections=config.max_keepalive_connections,
        allowed_private_hosts=frozenset(downloads.allowed_private_hosts),
        trust_env=downloads.trust_env,
        token_url=config.reddit_url,
    )
    async with open_link(
        endpoint,
        Anonymous(),  # the account brings its own token to each request
        pages=1,
        downloads=config.max_concurrent_image_downloads,
        clock=context.clock,
        emit=context.emit,
        count=context.count,
        max_retry_wait_seconds=downloads.max_retry_wait_seconds,
        adaptive=downloads.adaptive,
        pace=partial(_pause_seconds, shared_account.budget, context),
    ) as link:
        yield Reader(shared_account, link, Places.of(config.reddit_url), context.settings.raw)


def _pause_seconds(budget: Budget, context: Context, headers: httpx.Headers) -> float:
    """Return the seconds to wait before the next request, and tell the metrics what is left of the budget."""
    seconds = budget.pause_seconds(headers)
    if (said := as_said(headers)) is not None:
        left, used, resets_in_seconds = said
        context.api_budget(left, None if used is None else left + used, resets_in_seconds)
    return seconds
