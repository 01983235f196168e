"""How a call takes part in the process's one client for this account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ...transfer.gate import gate
from ...transfer.patience import Patience
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
    the_account = await account(config)
    patience = Patience(
        SERVICE,
        the_gate,
        the_gate.waits_of(the_account.key),
        context.clock,
        context.emit,
        context.settings.config.downloads.max_retry_wait_seconds,
        _all_but_waits(context.count),
    )
    with (
        the_gate.pages.limited_to(config.max_concurrent_fetches),
        the_gate.downloads.limited_to(config.max_concurrent_media_downloads),
    ):
        yield TelegramLink(the_account, patience)


def _all_but_waits(count: Callable[[str], None]) -> Callable[[str], None]:
    # Telegram sets the pace by its waits, and we keep to it by ourselves: there is no setting to advise.
    return lambda what: None if what == "rate_limited" else count(what)
