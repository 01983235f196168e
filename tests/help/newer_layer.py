"""Let the sandbox's Telegram send objects of a layer that the installed Telethon does not know."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from telethon.tl import types

from chatframes.world.telegram import server
from chatframes.world.telegram.records import TelegramWorld

UNKNOWN = 0xDEADBEE5


def _newer(self: Any) -> bytes:
    return struct.pack("<I", UNKNOWN)


def newer(kind: type) -> type:
    """Return the kind of object in a newer form: another constructor, and nothing that can be read behind it."""
    return type(f"Newer{kind.__name__}", (kind,), {"_bytes": _newer, "__bytes__": _newer})


NewerMedia = newer(types.MessageMediaUnsupported)


def tell(monkeypatch: pytest.MonkeyPatch, change: Callable[[TelegramWorld], None]) -> None:
    """Let `change` have its way with every sandbox's Telegram before it is served."""
    build = server.build_telegram

    def changed(*args: Any, **options: Any) -> TelegramWorld:
        world = build(*args, **options)
        change(world)
        return world

    monkeypatch.setattr(server, "build_telegram", changed)


def messages_of(world: TelegramWorld, name: str = "apollo") -> list[Any]:
    """Return the messages of the chat with this public name or title, oldest first."""
    chats = (chat for chat in world.chats if name in (getattr(chat.entity, "username", ""), _title(chat.entity)))
    return next(chats).messages


def _title(entity: Any) -> str:
    return str(getattr(entity, "title", None) or getattr(entity, "first_name", ""))
