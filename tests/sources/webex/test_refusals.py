"""What Webex refuses, and what others answer in its place, is said in a sentence of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from help.odd_webex import BASE, CONFIG, ROOM, Odd, fetch, hourly

import chatframes as cf
from chatframes.sources.webex.refusals import explained
from chatframes.transfer.link import StatusError

MISSING_SCOPE = (
    "The server understood the request, but refused to fulfill it because the access token is missing required scopes "
    "or the user is missing required roles or licenses."
)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("status", "detail", "kind", "says"),
    [
        (403, MISSING_SCOPE, cf.AuthError, "needs the scopes spark:messages_read"),
        (403, "User is missing licences", cf.AuthError, "the licence for them"),
        (403, "You are not a member", cf.ChatNotFound, "Webex said: You are not a member."),
        (403, "Blocked by information barrier", cf.ChatNotFound, "Webex said: Blocked by information barrier."),
        (403, "Access control: bots see mentions only.", cf.ChatNotFound, "mentions only."),
        (403, "", cf.ServiceError, "a proxy or a firewall"),
        (404, "", cf.ServiceError, "base_url in config.json"),
        (404, "Could not find a room with provided ID.", cf.ChatNotFound, "has left it"),
        (451, "Unavailable", cf.ChatNotFound, "for legal reasons"),
        (409, "Conflict", cf.ServiceError, "HTTP 409: Conflict."),
    ],
)
def test_a_refusal_is_read_to_its_end(status: int, detail: str, kind: type[Exception], says: str) -> None:
    plain = StatusError(f"Webex answered HTTP {status}: {detail}.", status, detail)
    error = explained(plain, "the Webex space 'Odd'")
    assert isinstance(error, kind)
    assert says in str(error)
    assert str(error)[:1].isupper()
    assert str(error).endswith(".")


def a_login(location: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(302, headers={"Location": location})


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("https://login.hotel.example/?next=webexapis.com", r"another page \(login\.hotel\.example\)"),
        ("/login", "another page, which"),
        ("https://[broken", "another page, which"),
        ("", "another page, which"),
    ],
)
def test_a_login_that_answers_in_the_place_of_webex_is_told(odd: Odd, location: str, says: str) -> None:
    odd.messages = a_login(location)
    with pytest.raises(cf.ServiceError, match=says) as caught:
        fetch()
    assert "a network that asks for a login" in str(caught.value)


def test_a_login_is_told_wherever_it_comes(odd: Odd) -> None:
    fetch()
    odd.routes.get(f"{BASE}/rooms").mock(side_effect=a_login("https://login.hotel.example/"))
    with pytest.raises(cf.ServiceError, match=r"the list of spaces .*login\.hotel\.example"):
        cf.chats("webex", config=CONFIG)
    odd.routes.get(f"{BASE}/rooms/{ROOM}").mock(side_effect=a_login("https://login.hotel.example/"))
    with pytest.raises(cf.ServiceError, match=r"the space .*login\.hotel\.example"):
        fetch()
    odd.routes.get(f"{BASE}/people/me").mock(side_effect=a_login("https://login.hotel.example/"))
    with pytest.raises(cf.ServiceError, match=r"the Webex account .*login\.hotel\.example"):
        fetch()


def test_a_missing_scope_is_no_unknown_room(odd: Odd) -> None:
    fetch()
    odd.routes.get(f"{BASE}/rooms/{ROOM}").mock(return_value=httpx.Response(403, json={"message": MISSING_SCOPE}))
    with pytest.raises(cf.AuthError, match="spark:rooms_read"):
        fetch()


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("headers", "fate"),
    [
        ({"Content-Type": "text/html; charset=utf-8"}, ("failed", "bad_response")),
        ({"Content-Type": "Text/HTML"}, ("failed", "bad_response")),
        ({"Content-Type": "image/png"}, ("failed", "bad_response")),
        (
            {"Content-Type": "text/html", "Content-Disposition": 'attachment; filename="minutes.html"'},
            ("skipped", "not_an_image"),
        ),
    ],
)
def test_a_login_page_in_the_place_of_a_file_is_no_file(
    odd: Odd, headers: dict[str, str], fate: tuple[str, str]
) -> None:
    odd.items = hourly(1)
    odd.items[0]["files"] = [f"{BASE}/contents/1"]
    page = httpx.Response(200, content=b"<!doctype html><title>Log in</title>", headers=headers)
    odd.routes.get(f"{BASE}/contents/1").mock(return_value=page)
    frame = cf.fetch(cf.Webex(ROOM), images=True, config=CONFIG, progress=False)
    (cell,) = frame["media"].iloc[0]
    assert (cell["status"], cell["reason"]) == fate


# --- lists of rooms ----------------------------------------------------------------------------------------------------

GOOD = {"id": ROOM, "title": "Odd"}


@pytest.mark.parametrize("odd_one", [None, 7, "R1", [], {}, {"title": "no id"}, {"id": ""}])
def test_a_room_that_cannot_be_listed_is_told(odd: Odd, odd_one: Any) -> None:
    fetch()
    odd.routes.get(f"{BASE}/rooms").mock(return_value=httpx.Response(200, json={"items": [odd_one, GOOD]}))
    with pytest.warns(cf.IncompleteWarning, match="1 space came without an id"):
        assert list(cf.chats("webex", config=CONFIG)["title"]) == ["Odd"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(cf.fetch(cf.Webex("Odd"), config=CONFIG, progress=False)) == 1000
    with pytest.raises(cf.ChatNotFound, match="is not whole: 1 space came without an id"):
        cf.fetch(cf.Webex("Another"), config=CONFIG, progress=False)


def test_lists_of_rooms_that_never_end_are_told(odd: Odd) -> None:
    fetch()
    pages = iter(range(10_000))
    odd.routes.get(f"{BASE}/rooms").mock(
        side_effect=lambda request: httpx.Response(
            200, json={"items": [GOOD]}, headers={"Link": f'<{BASE}/rooms?cursor={next(pages)}>; rel="next"'}
        )
    )
    with pytest.warns(cf.IncompleteWarning, match="go on and on"):
        assert list(cf.chats("webex", config=CONFIG)["title"]) == ["Odd"]


def test_a_sound_list_of_rooms_warns_of_nothing(odd: Odd) -> None:
    fetch()
    odd.routes.get(f"{BASE}/rooms").mock(return_value=httpx.Response(200, json={"items": [GOOD]}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(cf.chats("webex", config=CONFIG)) == 1
