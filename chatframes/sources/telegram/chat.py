"""One Telegram chat, opened: its pages, its people, its files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from telethon import errors, utils
from telethon.tl import functions, types

from ...errors import ChatframesError
from ...images.sniff import is_raster, sniff
from ...model import (
    Attachment,
    Body,
    Event,
    Message,
    Page,
    Refusal,
    Window,
)
from .history import PAGE_SIZE, History
from .link import TelegramError, TelegramLink, name_of
from .media import FileHandle, find
from .names import refused
from .peers import Peers
from .rows import ChatFacts, migrated_from, rows

PART_BYTES = 512 * 1024
HEAD_BYTES = 4096  # the least Telegram gives
MANY_MESSAGES = 10_000  # so many take minutes: worth a word beforehand
IDS_PER_REQUEST = 100


@dataclass(slots=True)
class TelegramChat:
    """An `OpenChat`."""

    facts: ChatFacts
    peer: Any
    link: TelegramLink
    label: str
    streams: int
    chunk_days: int
    limit: int | None
    unbounded: bool
    raw: bool
    notes: list[str] = field(default_factory=list)
    _peers: Peers = field(default_factory=Peers)
    _fresh: dict[str, FileHandle] = field(default_factory=dict)  # whose reference had expired
    _asked_again: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _asking: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        return self.facts.chat_id

    @property
    def name(self) -> str:
        return self.facts.chat_name

    async def messages(self, window: Window) -> AsyncGenerator[Page, None]:
        """Yield the window's pages, several stretches at once."""
        history = History(
            self._ask,
            dense=isinstance(self.peer, types.InputPeerChannel),
            streams=self.streams,
            chunk_days=self.chunk_days,
            limit=self.limit,
            tell_total=self._tell_total,
        )
        try:
            async with aclosing(history.pieces(window)) as pieces:
                async for piece in pieces:
                    if piece.enough:
                        self.notes.append(f"limit={self.limit}: older messages than these were not asked for")
                    yield Page(self._rows(piece.messages, piece.answer), piece.covered, piece.enough)
        except TelegramError as error:
            raise refused(error, self.name) from None

    async def _ask(
        self, *, offset_id: int = 0, offset_date: datetime | None = None, add_offset: int = 0, limit: int = PAGE_SIZE
    ) -> Any:
        answer = await self.link.ask(
            functions.messages.GetHistoryRequest(
                self.peer, offset_id, offset_date, add_offset, limit, max_id=0, min_id=0, hash=0
            )
        )
        self.link.count("page")
        return answer

    def _tell_total(self, total: int) -> None:
        note = ""
        if self.unbounded and total >= MANY_MESSAGES:
            note = (
                f"{self.name!r} holds {total:,} messages, all of which were asked for; "
                "since= or limit= fetches a part of them sooner"
            )
            self.notes.append(note)
        if self.unbounded or note:
            self.link.emit(Event("notice" if note else "messages", self.label, messages_expected=total, note=note))

    def _rows(self, messages: list[Any], answer: Any) -> list[Message]:
        if answer is None or not messages:
            return []
        self._peers.add(answer.users, answer.chats)
        if (before := migrated_from(messages)) is not None:
            self.notes.append(
                f"this group was a basic group before: its older messages are in the chat {before[0]} ({before[1]!r}) "
                f"and not in this table; chatframes.Telegram({before[0]}) fetches them"
            )
        return rows(messages, self._peers, self.facts, self.link.clock.now(), raw=self.raw)

    # --- files ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def read(self, attachment: Attachment) -> AsyncIterator[Body]:
        """Open one file; what is no picture by its first bytes is not read on."""
        handle = self._fresh.get(attachment.source_id, attachment.handle)
        assert isinstance(handle, FileHandle)
        reading = _Reading(self, attachment.source_id, handle)
        declared = attachment.declared_mime or ""
        if not declared.startswith("image/") and handle.size > HEAD_BYTES:
            head = await reading.part(0, HEAD_BYTES)
            if not is_raster(sniff(head)):
                yield Body(_once(head), declared_size=None)
                return
        first = await reading.part(0, PART_BYTES)
        whole = len(first) < PART_BYTES  # a short part is the last one
        yield Body(reading.rest(first, whole), declared_size=len(first) if whole else handle.size)

    async def refreshed(self, source_id: str, handle: FileHandle) -> FileHandle:
        """Return the same file with a reference of today; raises Refusal when the message no longer shows it."""
        message = await self._message(handle.message_id)
        fresh = find(message, source_id) if message is not None else None
        if fresh is None:
            raise Refusal("failed", "gone", "the message was deleted, or shows something else now")
        self._fresh[source_id] = fresh
        return fresh

    async def _message(self, message_id: int) -> Any:
        """Ask for one message again; those that are wanted meanwhile travel in the next request together."""
        waiting = self._asked_again.get(message_id)
        if waiting is None:
            waiting = self._asked_again[message_id] = asyncio.get_running_loop().create_future()
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask_again())
        return await asyncio.shield(waiting)

    async def _ask_again(self) -> None:
        await asyncio.sleep(0)  # let the others of this moment join
        while self._asked_again:
            asked = dict(list(self._asked_again.items())[:IDS_PER_REQUEST])
            outcome: dict[int, Any] = {}
            failure: Refusal | None = None
            try:
                outcome = await self._messages_by_id(list(asked))
            except ChatframesError as error:
                failure = Refusal("failed", "bad_response", f"asking again for its message failed: {error}")
            except Exception as error:  # whoever waits must hear of it: a worker that is cancelled never comes back
                failure = Refusal("failed", "bad_response", f"unexpected {type(error).__name__}")
            except BaseException:
                for future in self._asked_again.values():
                    future.cancel()
                raise
            for message_id, future in asked.items():
                del self._asked_again[message_id]
                if failure is None:
                    future.set_result(outcome.get(message_id))
                else:
                    future.set_exception(failure)
                    future.exception()  # whoever asked may be gone

    async def _messages_by_id(self, ids: list[int]) -> dict[int, Any]:
        wanted = [types.InputMessageID(one) for one in ids]
        if isinstance(self.peer, types.InputPeerChannel):
            request = functions.channels.GetMessagesRequest(utils.get_input_channel(self.peer), wanted)
        else:
            request = functions.messages.GetMessagesRequest(wanted)
        answer = await self.link.ask(request)
        return {one.id: one for one in answer.messages if not isinstance(one, types.MessageEmpty)}

    async def close(self) -> None:
        """End what is still being asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait((self._asking,))


@dataclass(slots=True)
class _Reading:
    """One file being read, part by part."""

    chat: TelegramChat
    source_id: str
    handle: FileHandle

    async def part(self, offset: int, limit: int) -> bytes:
        """Return one part, from wherever the file is by now."""
        renewed = moved = False
        while True:
            try:
                return await self.chat.link.part(self.handle.location, self.handle.dc_id, offset, limit)
            except errors.FileMigrateError as error:
                if moved:
                    raise Refusal("failed", "bad_response", "Telegram sends from one data centre to another") from None
                moved = True
                self.handle = replace(self.handle, dc_id=error.new_dc)
            except errors.RPCError as error:
                name = name_of(error)
                if not name.startswith(("FILE_REFERENCE", "FILEREF", "LOCATION_INVALID", "FILE_ID_INVALID")):
                    raise Refusal("failed", "bad_response", f"Telegram answered {name}") from None
                if renewed:
                    raise Refusal("failed", "gone", f"Telegram answered {name}, also to a new reference") from None
                renewed = True
                self.handle = await self.chat.refreshed(self.source_id, self.handle)

    async def rest(self, first: bytes, whole: bool) -> AsyncIterator[bytes]:
        yield first
        offset = len(first)
        while not whole and offset < self.handle.size:
            piece = await self.part(offset, PART_BYTES)
            whole = len(piece) < PART_BYTES
            offset += len(piece)
            yield piece


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
