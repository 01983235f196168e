"""Prove that a chat holds nothing older, or nothing more, than what has been read.

An empty answer proves nothing, and neither does a counter: each is a reason to ask in another way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from telethon.tl import types

from ...errors import ServiceError

PAGE_SIZE = 100  # Telegram gives no more
ASKED_AGAIN = 3  # times, when an answer contradicts another one
MOST_IDS_ASKED = 1000  # for messages that are counted and were not given: ten requests
HOLE = "Telegram gave an empty answer where there are messages: this range was not read. Fetch again later."
CIRCLE = "Telegram's pages lead in a circle: the rest of this range was not read. Fetch again later."


class Ask(Protocol):
    """Requests one page: messages below `offset_id`, or before `offset_date`, moved by `add_offset`."""

    def __call__(
        self, *, offset_id: int = 0, offset_date: datetime | None = None, add_offset: int = 0, limit: int = PAGE_SIZE
    ) -> Awaitable[Any]: ...


ById = Callable[[Sequence[int]], Awaitable[dict[int, Any]]]


@dataclass(frozen=True, slots=True)
class Listed:
    """Messages that were given by their ids, in the form of a page; newest first."""

    messages: list[Any]
    users: tuple[Any, ...] = ()
    chats: tuple[Any, ...] = ()


@dataclass(slots=True)
class Ends:
    """What has been read of a chat, and the questions that prove where it ends.

    Parameters
    ----------
    ask : callable
        Requests one page.
    by_id : callable or None
        Requests messages by their ids.
    dense : bool
        Whether the chat numbers its own messages, so that a lacking id may be one of its own.
    """

    ask: Ask
    by_id: ById | None
    dense: bool = True
    _named: set[int] = field(default_factory=set)  # by the replies to them
    ids: set[int] = field(default_factory=set)  # of all messages of all answers, deleted ones included
    count: int | None = None  # of the whole chat, as the newest answer has it
    _bottom: list[int] | None = None  # the ids of the chat's oldest page

    def note(self, answer: Any) -> None:
        """Note the messages of an answer."""
        for message in answer.messages:
            self.ids.add(message.id)
            self._named.update(_answered(message))
        self.count = getattr(answer, "count", self.count)

    async def page_below(self, above: int, limit: int) -> Any:
        """Return the page below an id. One that begins at that id or above it is an old answer, and asked for again."""
        for _ in range(ASKED_AGAIN + 1):
            answer = await self.ask(offset_id=above, limit=limit)
            if not answer.messages or min(message.id for message in answer.messages) < above:
                return answer
        raise ServiceError(CIRCLE)

    async def whole(self) -> bool:
        """Ask for the chat's oldest page: whether it begins with the oldest message that has been read."""
        oldest = await self._oldest_page()
        return min((message.id for message in oldest.messages), default=0) == min(self.ids)

    async def nothing_before(self, until: datetime) -> Any | None:
        """Ask again about a chat that gave nothing before a time.

        Returns
        -------
        answer or None
            A page of messages before it; None where there is none. An empty page where that is not proved.
        """
        oldest = await self._oldest_page()
        dates = [date for message in oldest.messages if (date := getattr(message, "date", None)) is not None]
        older = any(date < until for date in dates)
        if not older and (oldest.messages or not self.count):
            return None
        for _ in range(ASKED_AGAIN):
            answer = await self.ask(offset_date=until)
            if answer.messages:
                return answer
        if older:
            raise ServiceError(HOLE)
        return oldest

    async def nothing_below(self, above: int) -> tuple[Any | None, bool]:
        """Ask again, in other ways, about an id below which there seems to be nothing.

        Returns
        -------
        answer or None
            A page of messages below it, after all.
        bool
            Whether it is proved that there is none.
        """
        lowest = min(self.ids, default=above)
        if not self._bottom:
            await self._oldest_page()
        bottom = self._bottom or []
        proved = bool(bottom) and min(bottom) <= lowest
        if not proved:
            probe = await self.ask(offset_id=lowest + 1)
            self.note(probe)
            bottom = [message.id for message in probe.messages]
            proved = bool(bottom) and min(bottom) >= lowest
        if any(id_ < above for id_ in bottom):
            for _ in range(ASKED_AGAIN):
                answer = await self.ask(offset_id=above)
                if answer.messages:
                    return answer, False
            raise ServiceError(HOLE)
        if self.dense and self.by_id is not None:
            edge = min(above, lowest)
            listed = await self._given_by_id(range(edge - 1, max(edge - 1 - PAGE_SIZE, 0), -1)) if edge > 1 else None
            if listed is not None:
                return listed, False
            proved = proved or edge - 1 <= PAGE_SIZE
        return None, proved

    async def counted_but_not_given(self) -> tuple[Listed | None, bool]:
        """Compare the whole chat with its counter; ask for what is lacking by its id, where that is possible.

        Returns
        -------
        Listed or None
            Messages that had not been given.
        bool
            Whether nothing more can be lacking.
        """
        if self.count is None or self.count <= len(self.ids):
            return None, True
        newest = max(self.ids, default=0)
        now = await self.ask()  # messages may have come meanwhile
        newer = sum(message.id > newest for message in now.messages)
        if getattr(now, "count", len(now.messages)) - newer <= len(self.ids):
            return None, True
        above = newest + PAGE_SIZE  # the newest may be lacking, too
        if not self.dense or self.by_id is None or above - len(self.ids) > MOST_IDS_ASKED:
            return None, False
        lacking = [id_ for id_ in range(above, 0, -1) if id_ not in self.ids]
        return await self._given_by_id(lacking), True

    async def left_out(self) -> Listed | None:
        """Ask for messages between those that were read: those that replies name and, if few, all that are lacking.

        Mostly they were deleted. Where the ids are the account's, only replies tell that one is lacking.
        """
        if self.by_id is None or not self.ids or self.count == len(self.ids):
            return None
        lacking = self._lacking()
        return await self._given_by_id(lacking) if lacking else None

    def _lacking(self) -> list[int]:
        """Return the ids between those that were read, of which something is to be asked."""
        oldest, newest = min(self.ids), max(self.ids)
        if self.dense and newest - oldest + 1 - len(self.ids) <= MOST_IDS_ASKED:
            return [id_ for id_ in range(newest, oldest, -1) if id_ not in self.ids]
        return [id_ for id_ in self._named - self.ids if oldest < id_ < newest]

    async def _given_by_id(self, ids: Sequence[int]) -> Listed | None:
        found = await self.by_id(ids) if self.by_id is not None else {}
        return Listed([found[id_] for id_ in sorted(found, reverse=True)]) if found else None

    async def _oldest_page(self) -> Any:
        answer = await self.ask(offset_id=1, add_offset=-PAGE_SIZE)
        self._bottom = [message.id for message in answer.messages]
        self.count = getattr(answer, "count", self.count)
        return answer


def _answered(message: Any) -> tuple[int, ...]:
    """Return the ids of the messages of the same chat that a message answers."""
    reply = getattr(message, "reply_to", None)
    if not isinstance(reply, types.MessageReplyHeader) or reply.reply_to_peer_id is not None:
        return ()
    return tuple(id_ for id_ in (reply.reply_to_msg_id, reply.reply_to_top_id) if id_ is not None)
