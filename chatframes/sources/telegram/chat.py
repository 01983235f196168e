"""Read one open Telegram chat: its messages, people and files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from telethon import errors
from telethon.tl import types

from ...errors import ChatframesError, ServiceError
from ...images.sniff import is_raster, sniff
from ...model import (
    Answer,
    Attachment,
    Body,
    Event,
    ListEnded,
    Message,
    Missed,
    NotGiven,
    Page,
    Refusal,
    Window,
)
from ...transfer.bandwidth import piece_bytes
from ...windows import EPOCH
from .asking import IDS_PER_REQUEST, NOT_FOUND, Asking
from .ends import ASKED_AGAIN
from .file_attachments import FileHandle
from .history import History
from .link import TelegramError, TelegramLink, name_of
from .media import attachments, find
from .names import refused
from .peers import Peers
from .rows import ChatFacts, migrated_from, rows
from .spans import ONE_SECOND
from .topics import Topics

PART_BYTES = 512 * 1024
FORBIDDEN_CODES = (403, 406)
FORBIDDEN = (
    "CHANNEL_PRIVATE",
    "CHAT_FORBIDDEN",
    "USER_BANNED_IN_CHANNEL",
    "CHAT_ADMIN_REQUIRED",
    "FROZEN_METHOD_INVALID",
)
HEAD_BYTES = 4096  # the least Telegram gives
MANY_MESSAGES = 10_000  # from this many on a fetch takes minutes, and a notice says so beforehand


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
    up_to_now: bool  # so that the chat's counter counts nothing that was not asked for
    range_asked: bool
    goes_on_as: int | None  # the marked id of the supergroup that this basic group has become
    raw: bool
    notes: list[str] = field(default_factory=list)
    _peers: Peers = field(default_factory=Peers)
    _asking: Asking = field(init=False)
    _topics: Topics = field(init=False)
    _fresh: dict[str, FileHandle] = field(default_factory=dict)  # files whose reference had expired, with the new one
    _requested_again: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _request_task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._asking = Asking(self.link, self.peer, self._peers, self.notes)
        self._topics = Topics(self._asking, self.facts.chat_id, self.facts.forum, self.facts.topics)

    @property
    def id(self) -> str:
        return self.facts.chat_id

    @property
    def name(self) -> str:
        return self.facts.chat_name

    async def messages(self, window: Window) -> AsyncGenerator[Answer, None]:
        """Yield the window's pages, several parts of it at once."""
        history = History(
            self._asking.history,
            dense=self._asking.numbers_its_own,
            streams=self.streams,
            chunk_days=self.chunk_days,
            limit=self.limit,
            tell_total=self._tell_total,
            by_id=self._asking.by_id,
            compare_count=self.up_to_now,
        )
        try:
            left_at = await self._left_at(window)
            async with aclosing(history.pieces(window)) as pieces:
                async for piece in pieces:
                    if piece.enough:
                        self.notes.append(f"limit={self.limit}: older messages than these were not asked for")
                    covered = _before(left_at, piece.covered)
                    yield Page(await self._rows(piece.messages, piece.answer), covered, piece.enough)
        except TelegramError as error:
            raise refused(error, self.name) from None
        if self._asking.nowhere:
            yield NotGiven(nameless=len(self._asking.nowhere), reason=NOT_FOUND)
        if history.ended is not None:
            yield history.ended
        if left_at is not None:
            yield ListEnded(EPOCH if history.ended is None else history.oldest, left_at)
            if self.range_asked:
                yield Missed(Window(max(left_at, window.since), window.until), ServiceError(self._moved()))

    async def _left_at(self, window: Window) -> datetime | None:
        """Return when this basic group was left for a supergroup, if the range reaches past that."""
        if self.goes_on_as is None:
            return None
        self.notes.append(self._moved())
        for _ in range(ASKED_AGAIN):
            if (answer := await self._asking.history(limit=1)).messages:  # one empty answer says nothing
                break
        last = answer.messages[0].date if answer.messages else None
        left_at = window.since if last is None else last + ONE_SECOND
        return left_at if left_at < window.until else None

    def _moved(self) -> str:
        return (
            f"this group has become the supergroup {self.goes_on_as} and goes on there: "
            f"chatframes.Telegram({self.goes_on_as}) fetches what was written since."
        )

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

    async def _rows(self, messages: list[Any], answer: Any) -> list[Message]:
        if answer is None or not messages:
            return []
        self._peers.add(answer.users, answer.chats)
        if (before := migrated_from(messages)) is not None:
            self.notes.append(
                f"this group was a basic group before: its older messages are in the chat {before[0]} ({before[1]!r}) "
                f"and not in this table; chatframes.Telegram({before[0]}) fetches them"
            )
        await self._topics.learn(messages, answer)
        return rows(messages, self._peers, self.facts, self.link.clock.now(), raw=self.raw)

    # --- files ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def read(self, attachment: Attachment) -> AsyncIterator[Body]:
        """Open one file; reading stops when its first bytes show that it is no picture."""
        handle = self._fresh.get(attachment.source_id, attachment.handle)
        assert isinstance(handle, FileHandle)
        reading = _Reading(self, attachment.source_id, handle)
        declared = attachment.declared_mime or ""
        if not declared.startswith("image/") and handle.size > HEAD_BYTES:
            head = await reading.part(0, HEAD_BYTES)
            if not is_raster(sniff(head)):
                yield Body(_single_chunk(head), declared_size=None)
                return
        first = await reading.part(0, reading.part_bytes)
        is_last = len(first) < reading.part_bytes  # a short part is the last one
        yield Body(reading.chunks(first, is_last), declared_size=len(first) if is_last else handle.size)

    def cache_key(self, attachment: Attachment) -> str | None:
        """Return what a file is known by for good: its id, and which of its sizes; ids are kept apart by account."""
        handle, account = attachment.handle, self.link.account
        if not isinstance(handle, FileHandle):
            return None
        place = "" if account.server is None else account.server.model_dump_json()
        kind, size = type(handle.location).__name__, getattr(handle.location, "thumb_size", "")
        return f"{place} {account.me.id} {kind} {handle.location.id} {size} {handle.size}"

    async def refreshed(self, source_id: str, handle: FileHandle) -> FileHandle:
        """Return the same file with a new reference; raises Refusal when the message no longer shows it."""
        message = await self._message(handle.message_id)
        fresh = find(message, source_id) if message is not None else None
        if fresh is None:
            raise Refusal("failed", "gone", "the message was deleted, or shows something else now")
        self._fresh[source_id] = fresh
        return fresh

    async def _message(self, message_id: int) -> Any:
        """Request one message again; messages wanted during a request are collected for the next one."""
        waiting = self._requested_again.get(message_id)
        if waiting is None:
            waiting = self._requested_again[message_id] = asyncio.get_running_loop().create_future()
            if self._request_task is None or self._request_task.done():
                self._request_task = asyncio.create_task(self._request_again())
        return await asyncio.shield(waiting)

    async def _request_again(self) -> None:
        await asyncio.sleep(0)  # so that files that fail at the same time share the request
        while self._requested_again:
            batch = dict(list(self._requested_again.items())[:IDS_PER_REQUEST])
            outcome: dict[int, Any] = {}
            failure: Refusal | None = None
            try:
                outcome = await self._asking.by_id(batch)
            except ChatframesError as error:
                failure = Refusal("failed", "bad_response", f"asking again for its message failed: {error}")
            except Exception as error:  # passed on to the waiting workers, which would otherwise wait for ever
                failure = Refusal("failed", "bad_response", f"unexpected {type(error).__name__}")
            except BaseException:
                for future in self._requested_again.values():
                    future.cancel()
                raise
            for message_id, future in batch.items():
                del self._requested_again[message_id]
                if failure is None:
                    future.set_result(outcome.get(message_id))
                else:
                    future.set_exception(failure)
                    future.exception()  # retrieved here, since the waiting worker may have been cancelled

    async def attachments_again(self, message_ids: Sequence[str]) -> dict[str, tuple[Attachment, ...]]:
        """Return the attachments of messages that are still there, with references that have not expired."""
        found = await self._asking.by_id(map(int, message_ids))
        return {
            str(id_): attachments(message)
            for id_, message in found.items()
            if isinstance(message, types.Message | types.MessageService)
        }

    async def gone(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Return those of some messages of which Telegram says that they are empty: they are deleted."""
        return {str(id_): "deleted" for id_ in await self._asking.empty(map(int, message_ids))}

    async def close(self) -> None:
        """Cancel the request that is still under way."""
        if self._request_task is not None:
            self._request_task.cancel()
            await asyncio.wait((self._request_task,))


@dataclass(slots=True)
class _Reading:
    """Reads one file, part by part."""

    chat: TelegramChat
    source_id: str
    handle: FileHandle
    part_bytes: int = field(default_factory=lambda: piece_bytes(PART_BYTES))  # of the whole file: offsets must fit

    async def part(self, offset: int, limit: int) -> bytes:
        """Return one part, following the file to another data centre or to a new reference once each."""
        renewed = moved = False
        while True:
            try:
                return await self.chat.link.part(self.handle.location, self.handle.dc_id, offset, limit)
            except errors.FileMigrateError as error:
                if moved:
                    raise Refusal(
                        "failed", "bad_response", "Telegram redirects from one data centre to the next"
                    ) from None
                moved = True
                self.handle = replace(self.handle, dc_id=error.new_dc)
            except errors.RPCError as error:
                name = name_of(error)
                if not name.startswith(("FILE_REFERENCE", "FILEREF", "LOCATION_", "FILE_ID_INVALID")):
                    reason = "forbidden" if error.code in FORBIDDEN_CODES or name in FORBIDDEN else "http_4xx"
                    raise Refusal("failed", reason, f"Telegram answered {name}") from None
                if renewed:
                    raise Refusal("failed", "gone", f"Telegram answered {name}, also to a new reference") from None
                renewed = True
                self.handle = await self.chat.refreshed(self.source_id, self.handle)

    async def chunks(self, first: bytes, is_last: bool) -> AsyncIterator[bytes]:
        """Yield the file from its first part on."""
        yield first
        offset = len(first)
        while not is_last and offset < self.handle.size:
            piece = await self.part(offset, self.part_bytes)
            is_last = len(piece) < self.part_bytes
            offset += len(piece)
            yield piece


def _before(end: datetime | None, window: Window | None) -> Window | None:
    if end is None or window is None or window.until <= end:
        return window
    return Window(window.since, end) if window.since < end else None


async def _single_chunk(data: bytes) -> AsyncIterator[bytes]:
    yield data
