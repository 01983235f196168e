"""Connect one call to Telegram through the shared client of its account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ...transfer.gate import gate
from ...transfer.patience import Patience
from .. import Context
from .account import account
from .link import TelegramLink
from .settings import NAME, TelegramConfig


@asynccontextmanager
async def connect(context: Context) -> AsyncIterator[TelegramLink]:
    """Use the shared client of the configured account for one call."""
    config: TelegramConfig = context.settings.config.section(NAME)
    service_gate = gate(NAME)
    shared_account = await account(config)
    shared_account.heard_at, shared_account.unreachable = context.clock.monotonic(), False
    patience = Patience(
        NAME,
        service_gate,
        service_gate.waits_of(shared_account.key),
        context.clock,
        context.emit,
        context.settings.config.downloads.max_retry_wait_seconds,
        _without_waits(context.count),
        context.settings.config.downloads.adaptive,
    )
    with (
        service_gate.pages.limited_to(config.max_concurrent_fetches),
        service_gate.downloads.limited_to(config.max_concurrent_media_downloads),
    ):
        yield TelegramLink(shared_account, patience)


def _without_waits(count: Callable[[str], None]) -> Callable[[str], None]:
    # Waits are part of Telegram's usual pace, and no setting avoids them: counting them would only lead to advice
    # that does not help.
    return lambda what: None if what == "rate_limited" else count(what)
