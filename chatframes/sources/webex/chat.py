"""Read one open Webex room: its messages, people and files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from ...errors import ServiceError
from ...model import Attachment, Body, Message, Missed, NotGiven, Page, Refusal, Status, Window
from ...timeline import Timeline
from ...transfer.backoff import backoff_seconds
from ...transfer.clock import Clock
from ...transfer.link import Answer, Link
from ...windows import EPOCH
from ..windowed import final, read_windows
from .content import IN_A_CARD
from .data_uri import open_data_uri
from .items import Items, named
from .links import next_link, with_query
from .people import People
from .refusals import ask
from .rows import FILE_KINDS, stamp
from .walk import LONG_AGO, Listing, Walk

PAGE_SIZE = 1000  # Webex publishes no upper limit; it clamps what is too large
BOT_PAGE_SIZE = 100  # the most that Webex gives together with mentionedPeople
LEAST_PAGE_SIZE = 25
ODD_ANSWERS = 3  # so often a page is asked for that comes without a list
NAMELESS = "Webex listed items without an id: each counts as one missing message"

# The outcomes of Webex's statuses for a file.
FILE_STATUSES: dict[int, tuple[Status, str]] = {
    404: ("failed", "gone"),
    410: ("skipped", "malware"),
    423: ("failed", "locked"),
    428: ("skipped", "unscannable"),
}


@dataclass(slots=True)
class Room:
    """An `OpenChat`."""

    id: str
    name: str
    begins: datetime | None  # when the room says it was created; that clock may be wrong
    direct: bool
    link: Link
    people: People
    clock: Clock
    raw: bool
    allow_unscannable: bool
    bot: bool
    streams: int  # how many windows are read at once
    chunk_days: int
    account_id: str = ""
    notes: list[str] = field(default_factory=list)
    last_activity: datetime | None = None  # as the room says
    _page_size: int = PAGE_SIZE

    def __post_init__(self) -> None:
        if self._mentions_only:
            self._page_size = BOT_PAGE_SIZE
            self.notes.append(
                "the token is a bot's: in a group space Webex shows a bot only the messages that mention it"
            )

    @property
    def _mentions_only(self) -> bool:
        return self.bot and not self.direct

    async def messages(self, window: Window) -> AsyncGenerator[Page | Missed | NotGiven, None]:
        """Yield the pages, several windows at once; without a lower bound, back to the room's creation and before."""
        from_the_beginning = window.since <= EPOCH and self.begins is not None
        begins = max(window.since, min(self.begins or EPOCH, window.until)) if from_the_beginning else window.since
        listing = Listing(self._by_time, self._behind, None if self._mentions_only else self.last_activity)
        items = Items(self.link, self.clock, self.id, self.name, self.raw)
        walk = partial(self._walk, listing, items, window)
        refused = False
        timeline = Timeline(Window(begins, window.until), self.chunk_days)
        async with aclosing(read_windows(timeline, self.streams, walk)) as answers:
            async for answer in answers:
                if isinstance(answer, Missed):
                    refused |= final(answer.error)
                    yield answer
                else:
                    for part in answer.parts():
                        yield part
        unread = listing.unread or (begins if listing.nothing_before == LONG_AGO else window.since)
        if window.since < unread and not refused:
            async with aclosing(walk(Window(window.since, unread), alone=True)) as answers:
                async for answer in answers:
                    for part in answer.parts():
                        yield part
        # Only now, since a window read later may show that the end of the list was none.
        end = listing.nothing_before
        if begins < end:
            yield Page([], Window(begins, end), enough=from_the_beginning)
        elif window.since < end:
            yield Page([], Window(window.since, end))

    async def _walk(
        self, listing: Listing, items: Items, wanted: Window, window: Window, *, alone: bool = False
    ) -> AsyncGenerator[_Answer, None]:
        """Yield one window's pages, newest first; the last pages may reach past its lower end."""
        walk = Walk(listing, window, alone)
        while walk.url is not None:
            url, by_link = walk.url, walk.by_link
            if not self.link.http.is_api(url):
                raise ServiceError(
                    "Webex's next-page link leads to another host: it was not followed, and the rest was not read."
                )
            try:
                listed, links = await self._list(url)
            except _AnchorLost:
                walk.lose_place()
                continue
            rows = await items.rows(listed)
            nameless = items.count_nameless(rows, walk.edge, wanted)
            messages = [row for row in rows if row is not None]
            await self.people.fill(messages)
            error: ServiceError | None = None
            try:
                walk.take(messages, len(rows), next_link(links, url))
            except ServiceError as trouble:
                error = trouble  # raised when the page has been handed out
            read = Window(walk.edge, window.until) if walk.edge < window.until else None
            # A page that was asked for by time begins with messages that have come before: they are no duplicates.
            page = Page(messages, read, part=window if by_link else replace(window))
            yield _Answer(page, Window(LONG_AGO, window.until) if walk.ended else read, nameless)
            if error is not None:
                raise error

    def _by_time(self, before: datetime) -> str:
        return self._messages_url({"before": stamp(before)})

    def _behind(self, message_id: str) -> str:
        return self._messages_url({"beforeMessage": message_id})

    def _messages_url(self, query: dict[str, str]) -> str:
        return f"{self.link.base_url}/messages?{urlencode({'roomId': self.id, **query, **self._fixed_query()})}"

    async def _list(self, url: str) -> tuple[list[Any], list[str]]:
        """Return the items of a page and its Link headers; ask again where items are missing or have no id."""
        found: tuple[list[Any], list[str]] | None = None
        for attempt in range(1, ODD_ANSWERS + 1):
            answer = await self._page(url)
            listed = answer.payload.get("items")
            if isinstance(listed, list):
                again, found = found, (listed, answer.headers.get_list("Link"))
                if again is not None:
                    return min(again, found, key=lambda page: sum(named(item) is None for item in page[0]))
                if all(named(item) is not None for item in listed):
                    return found
            elif attempt < ODD_ANSWERS:
                await self.clock.sleep(backoff_seconds(attempt, self.clock))
        if found is not None:
            return found
        raise ServiceError("Webex answered without a list of messages. Try again later.")

    async def _page(self, url: str) -> Answer:
        """Return one page; after each HTTP 504 ask for half as many messages."""
        while True:
            small = self._page_size <= LEAST_PAGE_SIZE
            anchored = "beforeMessage=" in url
            let_through = frozenset() if small else frozenset({504})
            answer = await ask(
                self.link,
                with_query(url, self._fixed_query()),
                f"the Webex space {self.name!r}",
                let_through=let_through | ({404} if anchored else frozenset()),
            )
            if answer.status == 404:
                raise _AnchorLost
            if answer.status != 504:
                self.link.count("page")
                return answer
            self._page_size = max(LEAST_PAGE_SIZE, self._page_size // 2)
            self.link.count("retry")

    def _fixed_query(self) -> dict[str, str]:
        # Some links have max=null or lack mentionedPeople, so our own values are put into every URL.
        query = {"max": str(self._page_size)}
        if self._mentions_only:
            query["mentionedPeople"] = "me"
        return query

    async def gone(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Return those of some messages to whose ids Webex answers 404: they are deleted."""
        return {each: "deleted" for each in message_ids if await self._is_gone(each)}

    async def _is_gone(self, message_id: str) -> bool:
        return (await self._by_id(message_id)).status == 404

    async def _by_id(self, message_id: str) -> Answer:
        url = f"{self.link.base_url}/messages/{quote(message_id, safe='', errors='replace')}"
        return await self.link.json(url, let_through=frozenset({404}))

    async def with_handles(self, messages: Sequence[Message]) -> AsyncGenerator[Message, None]:
        """Yield messages of an earlier call; those with pictures that stand in a card itself are asked for again."""
        items = Items(self.link, self.clock, self.id, self.name, self.raw)
        for old in messages:
            message = replace(old, attachments=tuple(map(_with_handle, old.attachments)))
            if all(each.url for each in message.attachments):
                yield message
            elif (answer := await self._by_id(message.message_id)).status != 404:
                fresh = [each for row in await items.rows([answer.payload]) if row for each in row.attachments]
                handles = {each.source_id: each.handle for each in fresh if each.url is None}
                attachments = [
                    each if each.url else replace(each, handle=handles.get(each.source_id))
                    for each in message.attachments
                ]
                yield replace(message, attachments=tuple(attachments))

    def cache_key(self, attachment: Attachment) -> str | None:
        """Return what a file is known by for good: Webex never changes one, and this account may see it.

        What `allow_unscannable` alone has let in is no longer there when it is switched off.
        """
        url = attachment.url or ""
        lasting = self.account_id and attachment.handle != IN_A_CARD and "/contents/" in url
        if not lasting or not self.link.http.is_api(url):
            return None
        return f"{self.account_id} {'unscannable ' * self.allow_unscannable}{url}"

    def read(self, attachment: Attachment) -> AbstractAsyncContextManager[Body]:
        """Open one file, unscannable ones only when the admin allows it, or a picture of a card."""
        if isinstance(attachment.handle, str) and attachment.handle != IN_A_CARD:
            return open_data_uri(attachment.handle)
        url = attachment.url or ""
        if attachment.handle == IN_A_CARD:
            return self.link.download(url, foreign=True)
        if not self.link.http.is_api(url):  # there, a status has its ordinary meaning
            return self.link.download(url)
        if self.allow_unscannable:
            url += ("&" if "?" in url else "?") + "allow=unscannable"
        return _no_page(self.link.download(url, FILE_STATUSES))


def _with_handle(attachment: Attachment) -> Attachment:
    """Return an attachment of an earlier call; the address of what is no file was written by a bot: no token for it."""
    return attachment if attachment.kind in FILE_KINDS else replace(attachment, handle=IN_A_CARD)


@asynccontextmanager
async def _no_page(opening: AbstractAsyncContextManager[Body]) -> AsyncGenerator[Body, None]:
    """Refuse a web page that came in place of a file: Webex names the files it gives, even those that are HTML."""
    async with opening as body:
        if (body.declared_mime or "").lower().startswith("text/html") and body.name is None:
            raise Refusal("failed", "bad_response", "a web page instead of the file", http_status=body.http_status)
        yield body


@dataclass(frozen=True, slots=True)
class _Answer:
    """One page of a walk, and what need not be read any more: all that is older, where the list ends."""

    page: Page
    covered: Window | None
    nameless: int  # items without an id

    def parts(self) -> Iterator[Page | NotGiven]:
        """Yield what a reader of the room gets."""
        yield self.page
        if self.nameless:
            yield NotGiven(nameless=self.nameless, reason=NAMELESS)


class _AnchorLost(Exception):
    """The message that a page link counts from has been deleted."""
