"""One odd item of a Webex answer costs at most itself: all others arrive, and what it is is said."""

from __future__ import annotations

import base64
import copy
import warnings
from datetime import timedelta
from typing import Any

import httpx
import pytest
from help.odd_webex import BASE, CONFIG, NOON, ROOM, Odd, all_there, fetch, hourly, stamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import chatframes as cf
from chatframes.sources.webex.items import named
from chatframes.sources.webex.rows import is_whole, row

WHOLE_ID = base64.b64encode(b"ciscospark://us/MESSAGE/5").decode().rstrip("=")


def flags(frame: Any, message_id: str) -> tuple[str, ...]:
    return tuple(frame.set_index("message_id").loc[message_id, "flags"])


def listed(odd: Odd, place: int, item: Any) -> None:
    """Let the list show something else in one place; by its id the message can still be had."""
    plain, message = odd.messages, copy.deepcopy(odd.items[place])

    def answer(request: httpx.Request) -> httpx.Response:
        page = plain(request)
        items = [item if (each or {}).get("id") == message["id"] else each for each in page.json()["items"]]
        return httpx.Response(200, json={"items": items}, headers=dict(page.headers))

    odd.messages = answer


NAMELESS = [None, 7, "m50", [], {}, {"text": "no id"}, {"id": None}, {"id": ""}, {"id": ["m50"]}]


@pytest.mark.parametrize(
    ("item", "place"), [*((item, 50) for item in NAMELESS), *((None, place) for place in (0, 99, 100, 249))]
)
def test_an_item_without_an_id_is_counted_and_costs_no_other(odd: Odd, item: Any, place: int) -> None:
    odd.items, odd.created = hourly(250), "2026-09-20T00:00:00.000Z"
    listed(odd, place, item)
    with pytest.warns(cf.IncompleteWarning, match="is not whole"):
        frame = fetch()
    assert set(frame["message_id"]) == {f"m{n}" for n in range(250)} - {f"m{place}"}
    (source,) = cf.report(frame).sources
    assert (source.missing.count, source.missing.ids, source.gaps) == (1, (), ())
    assert source.status == "partial"
    assert any("without an id" in note for note in source.notes)


def test_nameless_neighbours_are_counted_one_by_one_and_once(odd: Odd) -> None:
    odd.items = hourly(300)
    for place in (40, 41, 42, 120, 299):
        listed(odd, place, None)
    with pytest.warns(cf.IncompleteWarning):
        frame = fetch(since=stamp(NOON - timedelta(days=20)))
    assert (len(frame), cf.report(frame).sources[0].missing.count) == (295, 5)


def test_a_nameless_item_outside_the_range_is_not_missing(odd: Odd) -> None:
    listed(odd, 50, None)
    frame = fetch(since=stamp(NOON - timedelta(hours=40)))
    assert (len(frame), frame.attrs["chatframes"]["status"]) == (41, "complete")


def test_an_item_that_is_odd_once_is_whole(odd: Odd) -> None:
    odd.items = hourly(10)
    plain, odd_ones = odd.messages, iter([{"items": [None, *odd.items[1:]]}])
    odd.messages = lambda request: (
        httpx.Response(200, json=bad) if (bad := next(odd_ones, None)) is not None else plain(request)
    )
    assert all_there(fetch(), 10)


@pytest.mark.parametrize(
    "item",
    [
        {"id": "m50"},
        {"id": "m50", "created": 5, "text": "x"},
        {"id": "m50", "created": "yesterday", "text": "x"},
        {"id": "m50", "created": stamp(NOON), "text": {"parts": []}},
        {"id": "m50", "created": stamp(NOON), "files": "https://files.example/1", "text": "x"},
        {"id": "m50", "created": stamp(NOON), "files": [None], "mentionedPeople": {"a": 1}},
        {"id": "m50", "errors": {"text": {"code": "kms_failure"}}},
    ],
)
def test_an_odd_item_with_an_id_is_asked_for_by_it(odd: Odd, item: dict[str, Any]) -> None:
    listed(odd, 50, item)
    frame = fetch(since=stamp(NOON - timedelta(hours=80)))
    assert all_there(frame, 81)
    assert frame.set_index("message_id").loc["m50", "text"] == "50"
    assert flags(frame, "m50") == ()


def test_an_id_alone_names_a_message(odd: Odd) -> None:
    odd.items = hourly(20)
    odd.items[5]["id"] = WHOLE_ID
    listed(odd, 5, WHOLE_ID)
    assert WHOLE_ID in set(fetch()["message_id"])


@pytest.mark.parametrize("status", [200, 404, 403, 400])
def test_what_can_only_be_read_in_part_is_a_row_that_says_so(odd: Odd, status: int) -> None:
    torn = {"id": "m50", "text": "torn", "created": 5}
    listed(odd, 50, torn)
    odd.message = lambda request: httpx.Response(status, json=torn)
    frame = fetch(since=stamp(NOON - timedelta(hours=80)))
    assert all_there(frame, 81)
    assert flags(frame, "m50") == ("partial",)
    assert frame.set_index("message_id").loc["m50", "text"] == "torn"
    assert frame.attrs["chatframes"]["status"] == "complete"


@pytest.mark.usefixtures("no_waiting")
def test_a_look_by_id_that_fails_costs_that_look_alone(odd: Odd) -> None:
    listed(odd, 50, {"id": "m50"})
    odd.message = lambda request: httpx.Response(503)
    frame = fetch(since=stamp(NOON - timedelta(hours=80)))
    assert all_there(frame, 81)
    assert flags(frame, "m50") == ("partial",)


@pytest.mark.parametrize("hours", [(50, 49), (51, 50), (60, 40)])
def test_with_a_range_a_message_without_a_time_is_dated_by_its_id(odd: Odd, hours: tuple[int, int]) -> None:
    listed(odd, 50, {"id": "m50", "text": "50"})
    frame = fetch(since=stamp(NOON - timedelta(hours=hours[0])), until=stamp(NOON - timedelta(hours=hours[1])))
    assert ("m50" in set(frame["message_id"])) == (hours[0] >= 50 > hours[1])
    assert frame["created_at"].notna().all()


def test_a_message_that_nothing_dates_stays_where_it_may_have_been_written(odd: Odd) -> None:
    odd.items[50] |= {"true_created": odd.items[50].pop("created")}
    frame = fetch(
        since=stamp(NOON - timedelta(hours=50, minutes=30)), until=stamp(NOON - timedelta(hours=49, minutes=30))
    )
    assert list(frame["message_id"]) == ["m50"], "its neighbours are outside on either side"


def test_a_reader_that_stops_at_an_odd_item_loses_the_page(odd: Odd) -> None:
    listed(odd, 50, None)
    page = httpx.get(f"{BASE}/messages", params={"roomId": ROOM}).json()["items"]
    with pytest.raises(TypeError):
        [item["id"] for item in page]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        assert len(fetch()) == 999


# --- anything at all -------------------------------------------------------------------------------------------------

PLAIN = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8)
NESTED = some.lists(PLAIN, max_size=3) | some.dictionaries(some.text(max_size=8), PLAIN, max_size=3)
ANY = PLAIN | NESTED | some.lists(NESTED, max_size=3)
KEYS = "id parentId text markdown html personId personEmail created updated files mentionedPeople attachments errors"


@given(item=some.fixed_dictionaries({}, optional=dict.fromkeys(KEYS.split(), ANY)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_item_of_any_shape_breaks_the_reading(item: dict[str, Any]) -> None:
    if (found := named(item)) is not None:
        message = row(found, "room", "Room", NOON, raw=True)
        assert message.message_id == str(item["id"])
        assert ("partial" in message.flags) == (not is_whole(found))


# --- lists of rooms and people ---------------------------------------------------------------------------------------


def test_odd_rooms_cost_no_other_room(odd: Odd) -> None:
    odd.items = hourly(3)
    rooms = [None, 7, {"title": "no id"}, {"id": 5}, {"id": ROOM, "title": "Odd", "created": 5, "lastActivity": []}]
    odd.routes.get(f"{BASE}/rooms").mock(return_value=httpx.Response(200, json={"items": rooms}))
    frame = cf.fetch(cf.Webex("Odd"), config={"webex": {"access_token": "t"}}, progress=False)
    assert len(frame) == 3
    odd.routes.get(f"{BASE}/rooms/{ROOM}").mock(return_value=httpx.Response(200, json=rooms[-1]))
    assert len(fetch()) == 3


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("answer", [{}, {"items": None}, {"items": {}}])
def test_an_answer_without_a_list_of_rooms_is_no_empty_list(odd: Odd, answer: dict[str, Any]) -> None:
    fetch()
    odd.routes.get(f"{BASE}/rooms").mock(return_value=httpx.Response(200, json=answer))
    with pytest.raises(cf.ServiceError, match="without a list of rooms"):
        cf.chats("webex", config={"webex": {"access_token": "t"}})


@pytest.mark.parametrize("odd_one", [None, 7, "p1", {}, {"id": 5}, {"id": "p1", "displayName": ["x"], "type": {}}])
def test_an_odd_person_costs_no_other_name(odd: Odd, odd_one: Any) -> None:
    odd.items = hourly(2)
    odd.items[0]["personId"], odd.items[1]["personId"] = "p1", "p2"
    odd.people = lambda request: httpx.Response(200, json={"items": [odd_one, {"id": "p2", "displayName": "Ann"}]})
    assert "Ann" in set(fetch()["author_name"])


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"items": None, "notFoundIds": []}, {"items": [{"id": "p2"}]}])
def test_an_author_of_whom_webex_says_nothing_is_told(odd: Odd, answer: dict[str, Any]) -> None:
    odd.items = hourly(2)
    odd.items[0]["personId"], odd.items[1]["personId"] = "p1", "p2"
    odd.people = lambda request: httpx.Response(200, json=answer)
    assert any("not every author" in note for note in cf.report(fetch()).sources[0].notes)
    odd.people = lambda request: httpx.Response(200, json={"items": [{"id": "p2"}], "notFoundIds": ["p1"]})
    assert not cf.report(fetch()).sources[0].notes


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "odd_value", [b"[" * 10_000 + b"]" * 10_000, b'{"body": ' * 900 + b"1" + b"}" * 900, b"7" * 5000, b'"caf\xe9\n"']
)
def test_a_value_that_breaks_a_page_costs_no_other_message(odd: Odd, odd_value: bytes) -> None:
    odd.items[50]["attachments"] = [{"content": "ODD"}]
    plain = odd.messages

    def answer(request: httpx.Request) -> httpx.Response:
        page = plain(request)
        return httpx.Response(200, content=page.content.replace(b'"ODD"', odd_value), headers=dict(page.headers))

    odd.messages = answer
    frame = cf.fetch(cf.Webex(ROOM), config=CONFIG, raw=True, progress=False)
    assert all_there(frame)
    assert frame.attrs["chatframes"]["status"] == "complete"
