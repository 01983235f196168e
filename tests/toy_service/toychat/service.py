"""ToyChat, as chatframes sees it."""

from __future__ import annotations

from chatframes.model import Chat
from chatframes.services import Service
from chatframes.sources import Context

from .settings import CREDENTIALS, ToyChatConfig
from .source import NAME, ToyChat


async def _list_chats(context: Context) -> list[Chat]:
    from .chat import list_chats

    return await list_chats(context)


SERVICE = Service(
    name=NAME,
    title="ToyChat",
    section=ToyChatConfig,
    credentials=CREDENTIALS,
    source=ToyChat,
    chat_key="room",
    example="lobby",
    module="toychat",
    endpoints=("base_url",),
    list_chats=_list_chats,
)
