"""A room of ToyChat, and which days of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatframes.sources import Context, code_of, freeze

if TYPE_CHECKING:
    from .chat import Room

NAME = "toychat"


@dataclass(frozen=True, init=False)
class ToyChat:
    """A room of ToyChat, by its name."""

    room: str
    since: str | None
    until: str | None
    tz: str

    def __init__(self, room: str, *, since: Any = None, until: Any = None, tz: str = "UTC") -> None:
        freeze(self, room=room, since=since, until=until, tz=tz)

    def __repr__(self) -> str:
        return code_of(self, self.room, {"since": None, "until": None, "tz": "UTC"})

    @property
    def service(self) -> str:
        return NAME

    @property
    def label(self) -> str:
        return repr(self)

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[Room]:
        from .chat import Room, connect

        async with connect(context) as link:
            config = context.settings.config.section(NAME)
            yield Room(self.room, self.room.title(), link, config.page_size, context.clock)
