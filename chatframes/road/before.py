"""What earlier calls have kept of the same sources, so that this one reads only what is missing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..model import Message, OpenChat, Outcome, Window
from ..sources import Source

__all__ = ["NOTHING", "Before", "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """What need not be read again of one source.

    Attributes
    ----------
    covered : tuple of Window
        What has been read without a hole.
    begins : datetime.datetime or None
        The moment before which nothing is wanted, or nothing exists.
    is_open : bool
        Whether the service's list ended at `begins`, which does not prove that nothing is older.
    """

    covered: tuple[Window, ...] = ()
    begins: datetime | None = None
    is_open: bool = False


class Before(Protocol):
    """What earlier calls have kept."""

    def known(self, source: Source) -> Known:
        """Return what need not be read again of a source."""

    def outcome(self, message: Message, position: int) -> Outcome | None:
        """Return the outcome of an attachment that need not be asked for; None where it must."""

    def more(self, source: Source, chat: OpenChat) -> AsyncGenerator[Message, None]:
        """Yield, while the chat is open, messages that are handed out although no page has brought them."""


class _Nothing:
    def known(self, source: Source) -> Known:
        return Known()

    def outcome(self, message: Message, position: int) -> Outcome | None:
        return None

    async def more(self, source: Source, chat: OpenChat) -> AsyncGenerator[Message, None]:
        return
        yield


NOTHING: Before = _Nothing()
