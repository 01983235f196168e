"""A Webex of a test's own making, whose answers can be odd in any way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import respx

import chatframes as cf
from chatframes.transfer import http as http_module

BASE = "https://webexapis.com/v1"
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
ROOM = base64.b64encode(b"ciscospark://us/ROOM/odd").decode().rstrip("=")
TOKEN = "canary-of-odd-services"
CONFIG = {"webex": {"access_token": TOKEN}}


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def hourly(count: int) -> list[dict[str, Any]]:
    """Messages an hour apart, newest first."""
    return [{"id": f"m{n}", "created": stamp(NOON - timedelta(hours=n)), "text": str(n)} for n in range(count)]


class Odd:
    """Its answers; a test replaces the one that is to be odd."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.items = messages
        self.routes: respx.Router
        self.created = "2020-01-01T00:00:00.000Z"
        self.room: dict[str, Any] = {}  # what else it says of itself
        self.cap = 100
        self.link: Callable[[str], str | None] = lambda url: f'<{url}>; rel="next"'

    def messages(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        items = [item for item in self.items if "before" not in query or self.sorted_by(item) < query["before"]]
        if "beforeMessage" in query:
            ids = [item["id"] for item in self.items]
            items = self.items[ids.index(query["beforeMessage"]) + 1 :]
        page = items[: self.cap]
        more = len(items) > len(page)
        url = f"{BASE}/messages?roomId={ROOM}&beforeMessage={page[-1]['id']}" if page else ""
        link = self.link(url) if more else None
        return httpx.Response(200, content=json.dumps({"items": page}), headers={"Link": link} if link else {})

    def sorted_by(self, item: dict[str, Any]) -> str:
        return item.get("true_created") or item["created"]

    def message(self, request: httpx.Request) -> httpx.Response:
        """One message by its id: as it is in the list, unless a test knows better."""
        message_id = unquote(request.url.path.rpartition("/")[2])
        found = [item for item in self.items if isinstance(item, dict) and item.get("id") == message_id]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, json={"message": "gone"})

    def people(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": []})


@contextmanager
def odd_webex(monkeypatch: Any) -> Iterator[Odd]:
    service = Odd(hourly(1000))
    monkeypatch.setattr(
        http_module, "make_transport", lambda limits: httpx.AsyncHTTPTransport(limits=limits, verify=False)
    )
    with respx.mock(assert_all_called=False) as routes:
        routes.get(f"{BASE}/people/me").mock(return_value=httpx.Response(200, json={"type": "person"}))
        room = routes.get(f"{BASE}/rooms/{ROOM}")
        room.mock(
            side_effect=lambda _: httpx.Response(
                200, json={"id": ROOM, "title": "Odd", "type": "group", "created": service.created, **service.room}
            )
        )
        listing = routes.get(f"{BASE}/messages").mock(side_effect=lambda request: service.messages(request))
        routes.get(url__startswith=f"{BASE}/messages/").mock(side_effect=lambda request: service.message(request))
        routes.get(f"{BASE}/people").mock(side_effect=lambda request: service.people(request))
        service.routes = routes
        yield service
        assert room.called
        assert listing.called


def fetch(**bounds: str) -> Any:
    return cf.fetch(cf.Webex(ROOM, **bounds), config=CONFIG, progress=False)


def all_there(frame: Any, count: int = 1000) -> bool:
    return sorted(frame["message_id"]) == sorted(f"m{n}" for n in range(count))
