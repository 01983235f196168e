"""Connect one call to Webex through the shared client of its endpoint and credential.

How long is waited after a failed request is the same for every service: transfer/pages.py and transfer/backoff.py.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from ...transfer.clients import Endpoint, open_link
from ...transfer.link import Link
from .. import Context
from .account import fingerprint, tokens
from .settings import NAME, WebexConfig


def connect(context: Context) -> AbstractAsyncContextManager[Link]:
    """Use the shared client of the configured endpoint and credential for one call."""
    config: WebexConfig = context.settings.config.section(NAME)
    downloads = context.settings.config.downloads
    endpoint = Endpoint(
        NAME,
        config.base_url,
        fingerprint(config),
        max_connections=config.max_connections,
        max_keepalive_connections=config.max_keepalive_connections,
        allowed_private_hosts=frozenset(downloads.allowed_private_hosts),
        trust_env=downloads.trust_env,
    )
    return open_link(
        endpoint,
        tokens(config, context.clock),
        pages=config.max_concurrent_fetches,
        downloads=config.max_concurrent_image_downloads,
        clock=context.clock,
        emit=context.emit,
        count=context.count,
        max_retry_wait_seconds=downloads.max_retry_wait_seconds,
        adaptive=downloads.adaptive,
    )
