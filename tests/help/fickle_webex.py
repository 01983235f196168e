"""A Webex room in memory whose answers contradict each other, by chance and by seed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from help.fakes import FakeTime

import chatframes as cf
from chatframes.model import ListEnded, Missed, NotGiven, Page
from chatframes.road.reading import Reading
from chatframes.sources.webex.chat import Room
from chatframes.sources.webex.rows import stamp
from chatframes.transfer.link import Answer
from chatframes.windows import Bounds

START = datetime(2026, 10, 1, 12, tzinfo=UTC)
BASE = "https://webex.example/v1"
FAULTS = (
    "links_lost",
    "anchors_empty",
    "anchors_gone",
    "empty_once",
    "page_repeated",
    "newest_late",
    "time_ignored",
    "messages_vanish",
    "items_null",
    "items_undated",
    "anchors_included",
)


@dataclass
class FickleRoom:
    """Its messages, newest first, and which of its faults were delivered."""

    seed: int
    faults: frozenset[str]
    size: int
    cap: int
    delivered: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        when, self.items = START, []
        for number in range(self.size):
            when -= timedelta(milliseconds=self.chance.choice([0, 1, 1000, 60_000, 3_600_000, 40_000_000]))
            self.items.append({"id": f"m{number}", "created": stamp(when), "text": str(number)})
        self.vanished: set[str] = set()
        self.nulled = self._some("items_null")
        self.undated = self._some("items_undated")
        self.dead = {item["id"] for item in self.items if self.chance.random() < 0.3}
        self.asked: Counter[str] = Counter()
        self.last_pages: dict[str, list[dict[str, Any]]] = {}

    def _some(self, fault: str) -> set[str]:
        rolls = [self.chance.random() < 0.02 for _ in self.items]
        return {item["id"] for item, roll in zip(self.items, rolls, strict=True) if roll and fault in self.faults}

    def strikes(self, fault: str, likely: float) -> bool:
        struck = fault in self.faults and self.chance.random() < likely
        self.delivered[fault] += struck
        return struck

    @property
    def there(self) -> list[dict[str, Any]]:
        return [item for item in self.items if item["id"] not in self.vanished]

    def page(self, query: dict[str, str]) -> tuple[int, list[Any], str | None]:
        """Return the status, the items and the message that the link goes on behind."""
        key = repr(sorted(query.items()))
        self.asked[key] += 1
        items, anchor = self.there, query.get("beforeMessage")
        if anchor is not None:
            ids = [item["id"] for item in self.items]
            if anchor in self.vanished or ("anchors_gone" in self.faults and anchor in self.dead):
                self.delivered["anchors_gone"] += 1
                return 404, [], None
            if "anchors_empty" in self.faults and anchor in self.dead:
                self.delivered["anchors_empty"] += 1
                return 200, [], None
            included = "anchors_included" in self.faults
            place = ids.index(anchor) + (0 if included else 1)
            older = {item["id"] for item in self.items[place:]}
            items = [item for item in items if item["id"] in older]
        elif "time_ignored" in self.faults:
            self.delivered["time_ignored"] += 1
        else:
            items = [item for item in items if item["created"] < query["before"]]
        if self.asked[key] == 1 and self.strikes("empty_once", 0.3):
            return 200, [], None
        if anchor in self.last_pages and self.strikes("page_repeated", 0.3):
            return 200, self.last_pages.pop(anchor), None if self.chance.random() < 0.5 else anchor
        if items[:1] == self.items[:1] and self.delivered["newest_late"] < 1 and self.strikes("newest_late", 1.0):
            items = items[3:]
        page = items[: self.cap]
        link = page[-1]["id"] if len(items) > len(page) else None
        if link is not None:
            self.last_pages[link] = page
            if self.strikes("links_lost", 0.4):
                link = None
        if page and self.delivered["messages_vanish"] < 5 and self.strikes("messages_vanish", 0.3):
            self.vanished.add(page[-1]["id"])
        return 200, page, link

    async def json(self, url: str, *, let_through: frozenset[int] = frozenset()) -> Answer:
        self.requests += 1
        assert self.requests < 5000, "no end of requests"
        await asyncio.sleep(0)
        parts = urlsplit(url)
        if not parts.path.endswith("/messages"):
            item = next(item for item in self.items if item["id"] == parts.path.rpartition("/")[2])
            return Answer(200, item, httpx.Headers())
        query = {key: values[0] for key, values in parse_qs(parts.query).items() if key in ("before", "beforeMessage")}
        status, page, behind = self.page(query)
        shown = [self._shown(item) for item in page]
        link = {"Link": f'<{BASE}/messages?beforeMessage={behind}>; rel="next"'} if behind else {}
        return Answer(status, {"items": shown}, httpx.Headers(link))

    def _shown(self, item: dict[str, Any]) -> Any:
        if item["id"] in self.nulled:
            self.delivered["items_null"] += 1
            return None
        if item["id"] in self.undated:
            self.delivered["items_undated"] += 1
            return {key: value for key, value in item.items() if key != "created"}
        return item

    async def read(self, bounds: Bounds, *, last_activity: datetime | None = None) -> tuple[Reading, set[str]]:
        """Read the room as a call would; return the state of the source and the ids of its rows."""

        async def nobody(messages: object) -> None:
            pass

        reading = Reading(cf.Webex("fickle"), bounds)
        link = SimpleNamespace(
            base_url=BASE, json=self.json, count=lambda what: None, http=SimpleNamespace(is_api=lambda url: True)
        )
        room = Room(
            id="room",
            name="Fickle",
            begins=START - timedelta(days=self.chance.choice([1, 30, 200])),
            direct=False,
            link=link,  # type: ignore[arg-type]
            people=SimpleNamespace(fill=nobody),  # type: ignore[arg-type]
            clock=FakeTime().clock,
            raw=False,
            allow_unscannable=False,
            bot=False,
            streams=self.chance.choice([1, 2, 5]),
            chunk_days=self.chance.choice([1, 7, 30]),
            last_activity=last_activity or datetime.fromisoformat(self.items[0]["created"]) if self.items else None,
        )
        ids: set[str] = set()
        window = reading.begin(room)
        try:
            async for answer in room.messages(window):
                match answer:
                    case Missed():
                        reading.miss(answer)
                    case ListEnded():
                        reading.end_list(answer)
                    case NotGiven():
                        reading.not_given(answer)
                    case Page():
                        ids |= {message.message_id for message in reading.asked_for(answer.messages)}
                        reading.messages = len(ids)
                        reading.note(answer)
            reading.finish()
        except cf.ChatframesError as error:
            reading.miss(Missed(window, error))
        return reading, ids
