"""Turn the items of a page into rows: an odd one is asked for by its id, and costs no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote

from ...errors import ServiceError
from ...model import Message, Window
from ...transfer.backoff import backoff_seconds
from ...transfer.clock import Clock
from ...transfer.link import Link
from .content import IN_A_CARD
from .rows import Item, decode_id, is_whole, row
from .walk import LONG_AGO

ATTEMPTS = 3  # to have a message decrypted

Hole = tuple[str, str | None, int]


@dataclass(slots=True)
class Items:
    """The items of one room."""

    link: Link
    clock: Clock
    chat_id: str
    chat_name: str
    raw: bool
    _holes: set[Hole] = field(default_factory=set)  # the places of nameless items, each told from both its neighbours

    async def rows(self, items: Sequence[object]) -> list[Message | None]:
        """Return the row of each item, None for one without an id."""
        fetched_at = self.clock.now()
        rows: list[Message | None] = []
        for item in items:
            found = named(item)
            if found is None:
                rows.append(None)
            elif is_whole(found):
                rows.append(self._row(found, fetched_at, whole=True))
            else:
                rows.append(self._row(await self._asked_by_id(found), fetched_at))
        return rows

    def _row(self, item: Item, fetched_at: datetime, *, whole: bool | None = None) -> Message:
        """Return the row of an item; what a card calls a picture of the API's own is not asked for.

        It would be asked for without the token, and the answer be taken for that of a file at the same address.
        """
        message = row(item, self.chat_id, self.chat_name, fetched_at, raw=self.raw, whole=whole)
        if message.attachments:
            message.attachments = tuple(
                replace(each, reason="no_bytes")
                if each.handle == IN_A_CARD and self.link.http.is_api(each.url or "")
                else each
                for each in message.attachments
            )
        return message

    def count_nameless(self, rows: Sequence[Message | None], until: datetime, wanted: Window) -> int:
        """Return how many items without an id a page holds that may lie in a window and have not been counted before.

        Pages of neighbouring windows overlap, so a nameless item is known by its place beside its neighbours.
        """
        count = 0
        for place, message in enumerate(rows):
            if message is not None:
                continue
            newer, older = _neighbour(rows[:place][::-1]), _neighbour(rows[place + 1 :])
            holes = {("behind", newer[1], newer[0]), ("before", older[1], older[0])}
            if newer[1] is not None or older[1] is not None:
                holes = {hole for hole in holes if hole[1] is not None}
            known = bool(holes & self._holes)
            self._holes |= holes
            count += not known and (newer[2] or until) >= wanted.since and (older[2] or LONG_AGO) < wanted.until
        return count

    async def _asked_by_id(self, item: Item) -> Item:
        """Ask for one message that came undecrypted, undated or malformed; return it as it is when that does not help.

        Only what could not be decrypted is asked for again: that heals.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self.link.json(
                    f"{self.link.base_url}/messages/{quote(str(item['id']), safe='', errors='replace')}"
                )
            except ServiceError:  # the page itself is there, and its other messages must not be lost
                return item
            complete: Item = answer.payload
            if str(complete.get("id")) == str(item["id"]):
                if not complete.get("errors"):
                    return complete
                item = item if item.get("created") else complete
            if not item.get("errors"):
                return item
            if attempt < ATTEMPTS:
                await self.clock.sleep(backoff_seconds(attempt, self.clock))
        return item


def named(item: object) -> Item | None:
    """Return an item that has an id (a bare id counts as one), or None."""
    if isinstance(item, str) and (decode_id(item) or ("", ""))[0] == "MESSAGE":
        return {"id": item}
    message_id = item.get("id") if isinstance(item, dict) else None
    has_id = message_id if isinstance(message_id, str) else type(message_id) is int
    return item if isinstance(item, dict) and has_id else None


def _neighbour(rows: Sequence[Message | None]) -> tuple[int, str | None, datetime | None]:
    """Return the first message of some rows: how far away it is, its id, and the first time there is."""
    times: Iterator[datetime] = (row.created_at for row in rows if row is not None and row.created_at is not None)
    when = next(times, None)
    return next(((at, row.message_id, when) for at, row in enumerate(rows) if row is not None), (len(rows), None, None))
