"""A Webex that misbehaves in ways the sandbox does not: what it hides is found or told, and it gets no secret out."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

import chatframes as cf
from chatframes.sources.webex.rows import row
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

    def people(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": []})


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Odd]:
    service = Odd(hourly(1000))
    monkeypatch.setattr(http_module, "make_transport", lambda limits: httpx.AsyncHTTPTransport(limits=limits))
    with respx.mock(assert_all_called=False) as routes:
        routes.get(f"{BASE}/people/me").mock(return_value=httpx.Response(200, json={"type": "person"}))
        room = routes.get(f"{BASE}/rooms/{ROOM}")
        room.mock(
            side_effect=lambda _: httpx.Response(
                200, json={"id": ROOM, "title": "Odd", "type": "group", "created": service.created}
            )
        )
        listing = routes.get(f"{BASE}/messages").mock(side_effect=lambda request: service.messages(request))
        routes.get(f"{BASE}/people").mock(side_effect=lambda request: service.people(request))
        service.routes = routes
        yield service
        assert room.called
        assert listing.called


def fetch(**bounds: str) -> Any:
    return cf.fetch(cf.Webex(ROOM, **bounds), config=CONFIG, progress=False)


def all_there(frame: Any, count: int = 1000) -> bool:
    return sorted(frame["message_id"]) == sorted(f"m{n}" for n in range(count))


@pytest.mark.parametrize("year", ["0001", "1985", "2026"])
def test_one_oddly_dated_message_hides_no_other(odd: Odd, year: str) -> None:
    item = odd.items[99]  # the last of the newest page
    item["true_created"], item["created"] = item["created"], f"{year}-01-02T00:00:00.000Z"
    assert all_there(fetch())


@pytest.mark.parametrize(
    "created", ["2026-09-20T00:00:00.000Z", "2026-10-01T11:00:00.000Z", "2030-01-01T00:00:00.000Z"]
)
def test_a_chat_older_than_it_says_is_read_to_its_beginning(odd: Odd, created: str) -> None:
    odd.created = created
    frame = fetch()
    assert all_there(frame)
    assert frame.attrs["chatframes"]["status"] == "complete"


def test_a_gateway_that_loses_the_link_header_loses_no_message(odd: Odd) -> None:
    odd.link = lambda url: None
    assert all_there(fetch())


def test_lost_links_lose_no_message_whichever_window_ends_first(odd: Odd) -> None:
    odd.link = lambda url: None
    answer = odd.messages

    async def last_page_first(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        await asyncio.sleep(0.05 if len(response.json()["items"]) == odd.cap else 0)
        return response

    odd.messages = last_page_first
    frame = fetch()
    assert all_there(frame)
    assert frame.attrs["chatframes"]["status"] == "complete"


def test_a_relative_link_is_followed(odd: Odd) -> None:
    odd.link = lambda url: f'<{url.removeprefix("https://webexapis.com")}>; rel="next"'
    assert all_there(fetch())


def test_links_that_never_end_are_a_gap_and_no_hang(odd: Odd) -> None:
    pages = iter(range(10_000))
    same = [{"id": "only", "created": stamp(NOON)}]
    odd.messages = lambda request: httpx.Response(
        200, json={"items": same}, headers={"Link": f'<{BASE}/messages?cursor={next(pages)}>; rel="next"'}
    )
    with pytest.warns(cf.IncompleteWarning, match="on and on"):
        frame = fetch(since="2026-09-30", until="2026-10-02")
    assert list(frame["message_id"]) == ["only"]


@pytest.mark.parametrize("answer", [{"items": 5}, {"items": [None, 7]}, {"notFoundIds": 3}, {}])
def test_an_odd_answer_about_people_costs_names_and_nothing_else(odd: Odd, answer: dict[str, Any]) -> None:
    for n, item in enumerate(odd.items):
        item["personId"] = f"p{n % 120}\ud800"
    odd.people = lambda request: httpx.Response(200, json=answer)
    assert all_there(fetch())


def test_a_token_the_service_quotes_shows_nowhere(odd: Odd) -> None:
    said = json.dumps({"message": f"no such thing for Bearer {TOKEN}"})
    odd.messages = lambda request: httpx.Response(400, content=said)
    with pytest.raises(cf.ServiceError) as caught:
        fetch()
    assert "no such thing" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in json.dumps(caught.value.partial.attrs)


def test_a_message_without_a_time_stays_if_either_neighbour_was_asked_for(odd: Odd) -> None:
    odd.items = hourly(10)
    odd.items[5] |= {"true_created": odd.items[5].pop("created")}
    found = [set(fetch(since=stamp(NOON - timedelta(hours=hours)))["message_id"]) for hours in (4, 5, 6)]
    assert all("m5" in ids for ids in found)


def test_two_files_with_the_same_name_under_two_addresses_are_two_files(odd: Odd) -> None:
    odd.items = hourly(2)
    odd.items[0]["files"], odd.items[1]["files"] = [f"{BASE}/contents/A/x.png"], [f"{BASE}/contents/B/x.png"]
    one = odd.routes.get(f"{BASE}/contents/A/x.png").mock(return_value=httpx.Response(404))
    two = odd.routes.get(f"{BASE}/contents/B/x.png").mock(return_value=httpx.Response(410))
    frame = cf.fetch(cf.Webex(ROOM), images=True, config=CONFIG, progress=False)
    assert one.called
    assert two.called
    assert {cells[0]["reason"] for cells in frame["media"]} == {"gone", "malware"}


@pytest.mark.parametrize(
    ("html", "text", "links"),
    [
        ("<![ 5 ]> hello", "hello", []),
        ("a < b and <b>c</b>", "a < b and c", []),
        ("<a " * 20_000, None, []),
        (
            '<p>see <a class="x" href="https://a.example/?x=1&amp;y=2">this</a></p>',
            "see this",
            ["https://a.example/?x=1&y=2"],
        ),
        ("<A HREF='https://b.example'>B</A><br>next", "B\nnext", ["https://b.example"]),
    ],
)
def test_markup_of_any_kind_becomes_text_and_links(html: str, text: str | None, links: list[str]) -> None:
    message = row({"id": "m", "html": html}, "room", "Room", NOON, raw=False)
    assert list(message.links) == links
    assert text is None or message.text == text


def test_credentials_in_file_addresses_are_not_stored(odd: Odd) -> None:
    odd.items = hourly(1)
    odd.items[0]["files"] = ["https://me:pw@files.example/x?access_token=hush&signature=kept"]
    (cell,) = fetch()["media"].iloc[0]
    assert cell["url"] == "https://***@files.example/x?access_token=***&signature=kept"
