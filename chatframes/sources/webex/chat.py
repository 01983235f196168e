"""Read one open Webex room: its messages, people and files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from ...errors import ChatNotFound, ServiceError
from ...model import (
    Attachment,
    Body,
    Message,
    Missed,
    Page,
    Status,
    Window,
)
from ...transfer.backoff import backoff_seconds
from ...transfer.clock import Clock
from ...transfer.link import Answer, Link, StatusError
from ...windows import EPOCH, Timeline
from ..windowed import final, read_windows
from .people import People
from .rows import Item, row, stamp

PAGE_SIZE = 1000  # Webex publishes no upper limit; it clamps what is too large
BOT_PAGE_SIZE = 100  # the most that Webex gives together with mentionedPeople
LEAST_PAGE_SIZE = 25
ITEM_ATTEMPTS = 3
ANCHOR_ATTEMPTS = 3
IDLE_PAGES = 50  # so many pages in a row without a new item: the links lead nowhere
ONE_MS = timedelta(milliseconds=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)

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
    notes: list[str] = field(default_factory=list)
    _page_size: int = PAGE_SIZE
    _links_seen: bool = False  # once one was seen, a page without a next-page link is the last
    _nothing_before: datetime = LONG_AGO  # older messages were asked for, and there are none

    def __post_init__(self) -> None:
        if self._mentions_only:
            self._page_size = BOT_PAGE_SIZE
            self.notes.append(
                "the token is a bot's: in a group space Webex shows a bot only the messages that mention it"
            )

    @property
    def _mentions_only(self) -> bool:
        return self.bot and not self.direct

    async def messages(self, window: Window) -> AsyncGenerator[Page | Missed, None]:
        """Yield the pages, several windows at once; without a lower bound, back to the room's creation and before."""
        from_the_beginning = window.since <= EPOCH and self.begins is not None
        begins = max(window.since, min(self.begins or EPOCH, window.until)) if from_the_beginning else window.since
        timeline = Timeline(Window(begins, window.until), self.chunk_days)
        reached = service_refuses = False
        async with aclosing(read_windows(timeline, self.streams, self._pages)) as answers:
            async for answer in answers:
                if isinstance(answer, Missed):
                    service_refuses |= final(answer.error)
                elif from_the_beginning and answer.covered is not None and answer.covered.since <= window.since:
                    reached = True
                    answer = replace(answer, covered=Window(begins, answer.covered.until), enough=True)
                yield answer
        if window.since < begins and not reached and not service_refuses:
            async with aclosing(self._pages(Window(window.since, begins))) as pages:
                async for page in pages:
                    yield page

    async def _pages(self, window: Window) -> AsyncGenerator[Page, None]:
        """Yield one window's pages, newest first; the last pages may reach past its lower end."""
        url: str | None = self._first_page(_just_after(window.until))
        visited: set[str] = set()
        seen: set[str] = set()
        anchors_lost = idle_pages = 0
        looking_for_older = False
        edge = window.until  # everything of the window from this time on has been read
        while url is not None:
            if url in visited:
                raise ServiceError(
                    "Webex's page links lead in a circle: the rest of this window was not read. Fetch again later."
                )
            visited.add(url)
            try:
                answer = await self._page(url)
            except _AnchorLost:
                # The message the link counts from has been deleted: go on from the time reached. Messages that come
                # twice are dropped by the caller.
                anchors_lost += 1
                if anchors_lost > ANCHOR_ATTEMPTS:
                    raise ServiceError(
                        f"Webex lost its place in the list {anchors_lost} times: the rest was not read. "
                        "Fetch again later."
                    ) from None
                visited.discard(url)
                url = self._first_page(_just_after(edge))
                visited.discard(url)
                continue
            messages = await self._rows(answer.payload)
            url = next_link(answer.headers.get_list("Link"), url)
            reached = _reached(messages, edge)
            if url is not None:
                self._links_seen = True
            elif not self._links_seen and self._nothing_before < reached < edge:
                # A gateway may have dropped the Link header, so ask once whether there is anything older. The answer
                # holds for this window only: the headers of other windows may be dropped too.
                url = self._first_page(_just_after(reached))
                looking_for_older = True
            elif looking_for_older:
                self._nothing_before = max(self._nothing_before, min(reached, edge))
            if url is None:
                reached = LONG_AGO  # the list ends here, so there is nothing older
            new = {message.message_id for message in messages} - seen
            seen |= new
            idle_pages = 0 if new or reached < edge else idle_pages + 1
            anchors_lost = 0 if reached < edge else anchors_lost
            edge = min(edge, reached)
            yield Page(messages, Window(edge, window.until) if edge < window.until else None, part=window)
            if edge <= window.since:
                return
            if idle_pages > IDLE_PAGES:
                raise ServiceError(
                    "Webex's page links go on and on without a new message: the rest was not read. Fetch again later."
                )
            if url is not None and not self.link.http.is_api(url):
                raise ServiceError(
                    "Webex's next-page link leads to another host: it was not followed, and the rest was not read."
                )

    def _first_page(self, before: datetime) -> str:
        query = {"roomId": self.id, "before": stamp(before), **self._fixed_query()}
        return f"{self.link.base_url}/messages?{urlencode(query)}"

    async def _page(self, url: str) -> Answer:
        """Return one page; after each HTTP 504 ask for half as many messages."""
        while True:
            small = self._page_size <= LEAST_PAGE_SIZE
            anchored = "beforeMessage=" in url
            let_through = frozenset() if small else frozenset({504})
            try:
                answer = await self.link.json(
                    _with_query(url, self._fixed_query()),
                    let_through=let_through | ({404} if anchored else frozenset()),
                )
            except StatusError as error:
                raise self._explained(error) from None
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

    def _explained(self, error: StatusError) -> Exception:
        if error.status == 403 and not self.direct:
            return ChatNotFound(
                f"Webex does not let this account read {self.name!r} (HTTP 403): it is not a member, the token lacks "
                "the scope spark:messages_read, or it is a bot's, which sees only messages that mention it."
            )
        if error.status == 404:
            return ChatNotFound(f"The Webex space {self.name!r} is no longer there, or this account has left it.")
        return error

    async def _rows(self, payload: Item) -> list[Message]:
        items = payload.get("items")
        if not isinstance(items, list):
            raise ServiceError("Webex answered without a list of messages. Try again later.")
        fetched_at = self.clock.now()
        messages = []
        for item in items:
            if not isinstance(item, dict) or not item.get("id"):
                raise ServiceError("Webex listed a message without an id. Try again later.")
            if item.get("errors"):
                item = await self._decrypted(item)
            messages.append(row(item, self.id, self.name, fetched_at, raw=self.raw))
        await self.people.fill(messages)
        return messages

    async def _decrypted(self, item: Item) -> Item:
        """Ask again for a message that Webex could not decrypt; return it as it is when that does not help."""
        for attempt in range(1, ITEM_ATTEMPTS + 1):
            try:
                answer = await self.link.json(
                    f"{self.link.base_url}/messages/{quote(str(item['id']), safe='', errors='replace')}"
                )
            except StatusError:
                return item
            complete: Item = answer.payload
            if not complete.get("errors") and complete.get("id") == item["id"]:
                return complete
            if attempt < ITEM_ATTEMPTS:
                await self.clock.sleep(backoff_seconds(attempt, self.clock))
        return item

    def read(self, attachment: Attachment) -> AbstractAsyncContextManager[Body]:
        """Open one file; unscannable ones only when the admin allows it."""
        url = attachment.url or ""
        if self.allow_unscannable and self.link.http.is_api(url):
            url += ("&" if "?" in url else "?") + "allow=unscannable"
        return self.link.download(url, FILE_STATUSES)


class _AnchorLost(Exception):
    """The message that a page link counts from has been deleted."""


def next_link(headers: list[str], page_url: str) -> str | None:
    """Return the URL of the link with ``rel="next"`` among the Link headers, or None."""
    for header in headers:
        for part in header.split("<")[1:]:
            url, _, params = part.partition(">")
            for param in params.split(";"):
                key, _, value = param.partition("=")
                if key.strip().lower() == "rel" and "next" in value.strip(' ,"').lower().split():
                    return urljoin(page_url, url)
    return None


def _reached(messages: list[Message], edge: datetime) -> datetime:
    """Return the time from which a page is complete up to `edge`: just after the later of its last two messages.

    The last message alone may have a wrong date. The next page may hold more messages of that same millisecond.
    """
    times = [message.created_at for message in messages if message.created_at is not None][-2:]
    return min(edge, max(times) + ONE_MS) if times and max(times) < edge else edge


def _just_after(when: datetime) -> datetime:
    # It is not documented whether `before` includes that very time, so ask for a millisecond more; the surplus is cut.
    rounded_down = when.replace(microsecond=when.microsecond // 1000 * 1000)
    return rounded_down + ONE_MS * (1 if rounded_down == when else 2)


def _with_query(url: str, query: dict[str, str]) -> str:
    parts = urlsplit(url)
    pairs = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in query]
    return urlunsplit(parts._replace(query=urlencode(pairs + list(query.items()))))
