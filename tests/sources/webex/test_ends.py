"""What proves that a Webex list has ended: not a page without a link, not an empty one, not a server's word alone."""

from __future__ import annotations

import asyncio
import random
import warnings
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from help.odd_webex import BASE, NOON, ROOM, Odd, all_there, fetch, hourly, stamp
from help.sampling import sampled

import chatframes as cf

Answer = Callable[[httpx.Request], httpx.Response]
Bend = Callable[[Odd, Answer], Answer]
EMPTY = httpx.Response(200, json={"items": []})


def items_of(response: httpx.Response) -> list[Any]:
    return response.json()["items"]


def bare(response: httpx.Response, items: list[Any] | None = None) -> httpx.Response:
    """The same answer without its link, or with other items."""
    return httpx.Response(200, json={"items": items_of(response) if items is None else items})


def same_page(request: httpx.Request) -> tuple[str, ...]:
    query = request.url.params
    return tuple(query.get(name, "") for name in ("before", "beforeMessage"))


# --- services that contradict themselves: each is bent in one way, and what it holds can be had all the same -------


def loses_every_second_link(odd: Odd, plain: Answer) -> Answer:
    pages = iter(range(10_000))
    return lambda request: bare(plain(request)) if next(pages) % 2 else plain(request)


def loses_links_in_the_middle(odd: Odd, plain: Answer) -> Answer:
    lost = random.Random(5)
    return lambda request: bare(plain(request)) if lost.random() < 0.4 else plain(request)


def forgets_every_anchor(odd: Odd, plain: Answer) -> Answer:
    return lambda request: EMPTY if "beforeMessage" in request.url.params else plain(request)


def forgets_some_anchors_and_links(odd: Odd, plain: Answer) -> Answer:
    chance = random.Random(8)

    def answer(request: httpx.Request) -> httpx.Response:
        if "beforeMessage" in request.url.params and chance.random() < 0.5:
            return EMPTY
        return bare(plain(request)) if chance.random() < 0.3 else plain(request)

    return answer


def answers_empty_at_first(odd: Odd, plain: Answer) -> Answer:
    asked: set[tuple[str, ...]] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        page = same_page(request)
        if page in asked:
            return plain(request)
        asked.add(page)
        return EMPTY

    return answer


def ignores_the_time(odd: Odd, plain: Answer) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        query = {name: value for name, value in request.url.params.items() if name != "before"}
        return plain(httpx.Request("GET", f"{BASE}/messages", params=query))

    return answer


def ignores_the_time_and_sends_no_link(odd: Odd, plain: Answer) -> Answer:
    ignoring = ignores_the_time(odd, plain)
    return lambda request: bare(ignoring(request))


def repeats_a_page(odd: Odd, plain: Answer) -> Answer:
    """Behind a message comes, at first, the page that ended with that very message."""
    pages: dict[str, httpx.Response] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        page = pages.pop(request.url.params.get("beforeMessage", ""), None) or plain(request)
        if items_of(page):
            pages.setdefault(items_of(page)[-1]["id"], page)
        return page

    return answer


def repeats_a_page_without_its_link(odd: Odd, plain: Answer) -> Answer:
    pages: dict[str, httpx.Response] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        if (again := pages.pop(request.url.params.get("beforeMessage", ""), None)) is not None:
            return bare(again)
        page = plain(request)
        if items_of(page):
            pages[items_of(page)[-1]["id"]] = page
        return page

    return answer


def shows_the_newest_late(odd: Odd, plain: Answer) -> Answer:
    odd.room["lastActivity"] = odd.items[0]["created"]
    late = iter([7, 3])

    def answer(request: httpx.Request) -> httpx.Response:
        page = plain(request)
        if items_of(page)[:1] == odd.items[:1] and (missing := next(late, 0)):
            return httpx.Response(200, json={"items": items_of(page)[missing:]}, headers=dict(page.headers))
        return page

    return answer


def writes_a_pile_in_one_moment(odd: Odd, plain: Answer) -> Answer:
    for item in odd.items[500:750]:
        item["created"] = odd.items[500]["created"]
    return lambda request: bare(plain(request))


BENT = [
    loses_every_second_link,
    loses_links_in_the_middle,
    forgets_every_anchor,
    forgets_some_anchors_and_links,
    answers_empty_at_first,
    ignores_the_time,
    ignores_the_time_and_sends_no_link,
    repeats_a_page,
    repeats_a_page_without_its_link,
    shows_the_newest_late,
    writes_a_pile_in_one_moment,
]


def naive(odd: Odd) -> set[str]:
    """The reader that believes each page: newest first, along the links, to a page without one."""
    url, seen = httpx.URL(f"{BASE}/messages", params={"roomId": ROOM}), set()
    for _ in range(100):
        page = odd.messages(httpx.Request("GET", url))
        seen |= {item["id"] for item in items_of(page)}
        if "Link" not in page.headers:
            break
        url = httpx.URL(page.headers["Link"].partition("<")[2].partition(">")[0])
    return seen


@pytest.mark.parametrize(("count", "bend"), sampled(product([2, 100, 1000], BENT), 10))
def test_what_is_there_is_read_and_only_then_complete(odd: Odd, bend: Bend, count: int) -> None:
    odd.items, odd.created = hourly(count), "2026-08-20T00:00:00.000Z"
    odd.messages = bend(odd, odd.messages)
    frame = fetch()
    assert all_there(frame, count)
    assert frame.attrs["chatframes"]["status"] == "complete"


@pytest.mark.parametrize(("hours", "bend"), sampled(product([(900, 600), (1500, 400), (330, -40)], BENT), 8))
def test_a_range_is_whole_as_well(odd: Odd, bend: Bend, hours: tuple[int, int]) -> None:
    since, until = hours
    odd.messages = bend(odd, odd.messages)
    bounds = NOON - timedelta(hours=since), NOON - timedelta(hours=until)
    frame = fetch(since=stamp(bounds[0]), until=stamp(bounds[1]))
    wanted = {item["id"] for item in odd.items if stamp(bounds[0]) <= item["created"] < stamp(bounds[1])}
    assert set(frame["message_id"]) == wanted
    assert frame.attrs["chatframes"]["status"] == "complete"


@pytest.mark.parametrize("bend", [bend for bend in BENT if not bend.__name__.startswith("ignores_the_time")])
def test_a_reader_that_believes_every_page_loses_messages(odd: Odd, bend: Bend) -> None:
    odd.messages = bend(odd, odd.messages)
    assert len(naive(odd)) < 1000
    assert fetch() is not None


# --- what nothing can prove is told ----------------------------------------------------------------------------------


def says_the_list_is_empty(odd: Odd, plain: Answer) -> Any:
    """The newest days seem to be empty, whatever is asked, though older ones have been given."""

    older_given = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("before", "") > stamp(NOON):
            await older_given.wait()
            return EMPTY
        older_given.set()
        return plain(request)

    return answer


def gives_one_page_for_ever(odd: Odd, plain: Answer) -> Answer:
    return lambda request: bare(plain(httpx.Request("GET", f"{BASE}/messages")))


def ends_below_a_message_it_has_shown(odd: Odd, plain: Answer) -> Answer:
    """Behind a certain message nothing comes, not even that message itself."""
    hidden = odd.items[300]["created"]
    return lambda request: (
        EMPTY
        if request.url.params.get("before", "9") < hidden or "beforeMessage" in request.url.params
        else bare(plain(request))
    )


@pytest.mark.parametrize("bend", [says_the_list_is_empty, gives_one_page_for_ever, ends_below_a_message_it_has_shown])
def test_what_cannot_be_had_is_never_called_complete(odd: Odd, bend: Bend) -> None:
    odd.messages = bend(odd, odd.messages)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        frame = fetch(since=stamp(NOON - timedelta(days=35)), until=stamp(NOON + timedelta(days=10)))
    if not all_there(frame, 841):
        (source,) = frame.attrs["chatframes"]["sources"]
        assert source["status"] == "partial"
        lost = {item["created"] for item in odd.items[:840]} - set(frame["created_at"].map(stamp))
        assert all(any((gap["since"] or "") <= when < gap["until"] for gap in source["gaps"]) for when in lost)


def test_an_empty_room_is_asked_twice_and_then_believed(odd: Odd) -> None:
    odd.items = []
    frame = fetch()
    assert (len(frame), frame.attrs["chatframes"]["status"]) == (0, "complete")
    assert len([call for call in odd.routes.calls if call.request.url.path.endswith("/messages")]) == 2


def test_the_end_costs_one_request_where_the_service_is_sound(odd: Odd) -> None:
    odd.created = odd.items[-1]["created"]
    fetch(since=stamp(NOON - timedelta(days=100)), until=stamp(NOON - timedelta(days=40)))
    pages = [call.request.url.params for call in odd.routes.calls if call.request.url.path.endswith("/messages")]
    assert len(pages) == len({*pages}) <= 9 + 1 + 1, "of nine windows the first page, and the end once more"


def test_an_answer_without_a_list_is_asked_for_again(odd: Odd, no_waiting: None) -> None:
    plain, odd_ones = odd.messages, iter([{}, {"items": None}])
    odd.messages = lambda request: (
        httpx.Response(200, json=bad) if (bad := next(odd_ones, None)) is not None else plain(request)
    )
    assert all_there(fetch())
