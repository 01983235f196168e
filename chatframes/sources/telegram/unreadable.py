"""Keep what can be read of an answer that holds an object unknown to the installed Telethon.

Telethon reads an answer from front to back, and cannot skip an object whose layout it does not know: all that stands
behind it is lost. What stands before it has been read, and is kept here.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import telethon
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, types
from telethon.tl.alltlobjects import tlobjects

from ...errors import ServiceError

__all__ = ["UPDATE_TELETHON", "HalfRead", "HalfReadService", "Unreadable", "kept_readable"]

UPDATE_TELETHON = f"the installed Telethon ({telethon.__version__}) does not know: run `pip install -U telethon`"
VECTOR = 0x1CB5C415  # begins every list
_WHERE_THE_ID_IS = {types.Message: 3, types.MessageService: 2}  # among its whole numbers; the constructor is the first


class HalfRead(types.Message):  # type: ignore[misc]
    """The fields of a message that stand before the object which cannot be read.

    `unread` is that object's number in Telegram's protocol, as far as it is known; a newer Telethon knows its name.
    """

    unread = "unknown"


class HalfReadService(types.MessageService):  # type: ignore[misc]
    """The same for a service message."""

    unread = "unknown"


class Unreadable(ServiceError):
    """An answer holds an object that the installed Telethon cannot read.

    Attributes
    ----------
    kind : type or None
        Of the answer.
    numbers : list of int
        The whole numbers of the answer itself that were read, its constructor first.
    lists : list of list
        The lists of the answer that were begun, with the objects that were read.
    message : HalfRead, HalfReadService or None
        What was read of the message that holds the object, if it was a message and its id was read.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(f"Telegram sent something that {UPDATE_TELETHON}, then fetch again.")
        reader = _Noting(data)
        unread = None
        # Read again with notes, up to where it fails again; what is misread may fail in any way at all.
        with suppress(Exception):
            try:
                reader.tgread_object()
            except TypeNotFoundError as error:
                unread = f"{error.invalid_constructor_id:#010x}"
        self.kind = tlobjects.get(reader.numbers[0] & 0xFFFFFFFF) if reader.numbers else None
        self.numbers, self.lists, self.message = reader.numbers, reader.lists, reader.message()
        if self.message is not None and unread is not None:
            self.message.unread = unread

    def first_list(self) -> list[Any]:
        """Return the objects of the answer's first list that were read."""
        return self.lists[0] if self.lists else []

    @property
    def in_first_list(self) -> bool:
        """Whether the object that cannot be read stands in the answer's first list."""
        return len(self.lists) == 1


def kept_readable(request: TLRequest) -> TLRequest:
    """Return the request, whose answer now raises nothing but `Unreadable` when it cannot be read."""
    request.read_result = _read_result
    return request


def _read_result(reader: Any) -> Any:
    start = reader.tell_position()
    try:
        return reader.tgread_object()
    except Exception:  # TypeNotFoundError and, where what follows it was misread, any other
        raise Unreadable(reader.get_bytes()[start:]) from None


class _Noting(BinaryReader):  # type: ignore[misc]
    """Reads an answer and notes what was read: of the answer, of its lists, and of the object under way."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.depth = 0  # 1 in the answer, 2 in a message, 3 in a part of it
        self.numbers: list[int] = []
        self.lists: list[list[Any]] = []
        self._begin()

    def _begin(self) -> None:
        self._numbers: list[int] = []
        self._peers: list[Any] = []
        self._date: datetime | None = None
        self._text: str | None = None

    def tgread_object(self) -> Any:
        if self.depth == 1:
            self._begin()
        self.depth += 1  # and left so when reading fails, which is the end
        found = super().tgread_object()
        self.depth -= 1
        if self.depth == 1 and self.lists:
            self.lists[-1].append(found)
            self._begin()
        elif self.depth == 2 and self._date is None and isinstance(found, types.TypePeer):
            self._peers.append(found)
        return found

    def read_int(self, signed: bool = True) -> int:
        number = int(super().read_int(signed))
        if self.depth == 1:
            self.numbers.append(number)
            if number == VECTOR:
                self.lists.append([])
        elif self.depth == 2:
            self._numbers.append(number)
        return number

    def tgread_date(self) -> datetime | None:
        date: datetime | None = super().tgread_date()
        if self.depth == 2 and self._date is None:
            self._date = date
        return date

    def tgread_string(self) -> str:
        text = str(super().tgread_string())
        if self.depth == 2 and self._date is not None and self._text is None:
            self._text = text
        return text

    def message(self) -> HalfRead | HalfReadService | None:
        """Return what was read of the message under way."""
        kind = next((kind for kind in _WHERE_THE_ID_IS if self._numbers[:1] == [_signed(kind.CONSTRUCTOR_ID)]), None)
        if kind is None or len(self._numbers) <= _WHERE_THE_ID_IS[kind]:
            return None
        message_id, peers = self._numbers[_WHERE_THE_ID_IS[kind]], self._peers
        sender = peers.pop(0) if self._numbers[1] & 256 and peers else None  # bit 8: a sender stands before the chat
        chat = peers[0] if peers else None
        if kind is types.MessageService:
            return HalfReadService(message_id, chat, self._date, types.MessageActionEmpty(), from_id=sender)
        return HalfRead(message_id, chat, self._date, self._text or "", from_id=sender)


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
