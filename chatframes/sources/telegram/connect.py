"""How a call takes part in the process's one client for this account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...transfer.gate import gate
from .. import Context
from .account import account
from .link import TelegramLink
from .settings import TelegramConfig

SERVICE = "telegram"


@asynccontextmanager
async def connect(context: Context) -> AsyncIterator[TelegramLink]:
    """Take part in the process's one client for this account."""
    config: TelegramConfig = context.settings.config.section(SERVICE)
    the_gate = gate(SERVICE)
    known = await account(config)
    with (
        the_gate.pages.limited_to(config.max_concurrent_fetches),
        the_gate.downloads.limited_to(config.max_concurrent_media_downloads),
    ):
        wait = context.settings.config.downloads.max_retry_wait_seconds
        yield TelegramLink(known, the_gate, context.clock, context.emit, wait, context.count)
