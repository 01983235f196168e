"""Where chats come from: one file or small package per service, none of which knows another."""

from __future__ import annotations

import operator
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ..model import Emit, OpenChat
from ..settings.keys import Service
from ..settings.merge import Settings
from ..transfer.clock import Clock

__all__ = ["Context", "Source", "plain_number"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a source gets from the call it serves."""

    settings: Settings
    clock: Clock
    emit: Emit
    count: Callable[[str], None]  # what happened on the way, for the report: page, retry, rate_limited, pool_timeout


class Source(Protocol):
    """A frozen description of what to fetch from one service; its fields are plain data."""

    @property
    def service(self) -> Service: ...

    @property
    def since(self) -> str | None: ...

    @property
    def until(self) -> str | None: ...

    @property
    def tz(self) -> str: ...

    @property
    def label(self) -> str:
        """What a person calls it: "Webex('Project Apollo')"."""

    def open(self, context: Context) -> AbstractAsyncContextManager[OpenChat]:
        """Find the chat; raises AuthError, ChatNotFound, RateLimited or ServiceError."""


WITHOUT_AN_ACCOUNT = "Without an account: world = chatframes.sandbox(), and config=world.config in the call."


def plain_number(value: Any) -> Any:
    """Return numpy's whole numbers, which columns are full of, as Python's; anything else as it is."""
    if isinstance(value, bool | int | str) or not hasattr(value, "__index__"):
        return value
    return operator.index(value)
