"""Describe Webex to the rest of the package."""

from __future__ import annotations

from ...model import Chat
from ...services import Service
from .. import Context
from .settings import CREDENTIALS, NAME, WebexConfig
from .source import Webex

__all__ = ["SERVICE"]


async def _list_chats(context: Context) -> list[Chat]:
    from .names import list_chats

    return await list_chats(context)


SERVICE = Service(
    name=NAME,
    title="Webex",
    section=WebexConfig,
    credentials=CREDENTIALS,
    source=Webex,
    chat_key="room",
    example="Project Apollo",
    endpoints=("base_url",),
    list_chats=_list_chats,
)
