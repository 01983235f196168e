"""Describe Telegram to the rest of the package."""

from __future__ import annotations

from typing import Any

from ...model import Chat
from ...services import Field, Login, Service
from .. import Context
from .settings import CREDENTIALS, NAME, TelegramConfig
from .source import Telegram

__all__ = ["SERVICE"]


async def _list_chats(context: Context) -> list[Chat]:
    from .names import list_chats

    return await list_chats(context)


def _is_ready(section: TelegramConfig) -> bool:
    return section.api_id is not None


def _begin(config: Any) -> Any:
    from .login import TelegramLogin

    return TelegramLogin(config)


def _log_in(session: str | None) -> None:
    from .terminal import log_in

    log_in(session)


def _log_out(session: str | None) -> None:
    from .terminal import log_out

    log_out(session)


SERVICE = Service(
    name=NAME,
    title="Telegram",
    section=TelegramConfig,
    credentials=CREDENTIALS,
    source=Telegram,
    chat_key="chat",
    example="@apollo",
    downloads_key="max_concurrent_media_downloads",
    endpoints=("server",),
    list_chats=_list_chats,
    login=Login(
        is_ready=_is_ready,
        begin=_begin,
        form="chatframes.notebook.telegram_login:LoginCard",
        other_label="Another app",
        other_tooltip="Give another api_id and api_hash",
        log_in=_log_in,
        log_out=_log_out,
    ),
    fields=(
        Field(
            name="limit",
            label="Newest",
            kind="number",
            hint="all messages of these days",
            tooltip="How many messages, counted from the newest; nothing for all of them",
        ),
    ),
)
