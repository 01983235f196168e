"""A Webex that misbehaves in ways the sandbox does not: what it hides is found or told, and it gets no secret out."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from help.odd_webex import BASE, CONFIG, NOON, ROOM, TOKEN, Odd, all_there, fetch, hourly, stamp

import chatframes as cf
from chatframes.sources.webex.rows import row


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
        for _ in range(200 if len(response.json()["items"]) == odd.cap else 0):  # the others have their turns
            await asyncio.sleep(0)
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
