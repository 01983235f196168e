"""Pictures that are lost because of the account raise a warning; a service that is gone ends the call soon."""

from __future__ import annotations

import itertools
import warnings
from itertools import product
from typing import Any

import httpx
import pytest
from help.fakes import FakeTime
from help.odd_webex import BASE, CONFIG, ROOM, Odd, hourly
from help.sampling import sampled

import chatframes as cf

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489".replace(" ", "")
    + "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def with_pictures(odd: Odd, count: int, host: str = BASE) -> None:
    odd.items, odd.created = hourly(count), "2026-09-28T00:00:00.000Z"
    for number, item in enumerate(odd.items):
        item["files"] = [f"{host}/contents/{number}"]


def pictures(odd: Odd, answer: Any, host: str = BASE) -> Any:
    return odd.routes.get(url__startswith=f"{host}/contents/").mock(side_effect=answer)


def fetch() -> Any:
    return cf.fetch(cf.Webex(ROOM), images=True, config=CONFIG, progress=False)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("status", "headers", "reason", "cause"),
    [
        (401, {}, "unauthorized", "log in again"),
        (403, {}, "forbidden", "may not see"),
        (429, {"Retry-After": "3600"}, "rate_limited", "fetch again later"),
    ],
)
def test_pictures_lost_because_of_the_account_raise_the_warning_and_name_the_cause(
    odd: Odd, status: int, headers: dict[str, str], reason: str, cause: str
) -> None:
    with_pictures(odd, 12)
    numbers = itertools.count()
    pictures(
        odd,
        lambda _: httpx.Response(200, content=PNG) if next(numbers) < 5 else httpx.Response(status, headers=headers),
    )
    with pytest.warns(cf.IncompleteWarning, match=f"pictures could not be had .*{cause}"):
        frame = fetch()
    report = cf.report(frame)
    assert len(frame) == 12, "no message is missing"
    assert report.status == ("partial" if status == 429 else "complete"), "the account's wait is for pages too"
    assert report.images_ok + report.failed[reason] == 12
    assert f"pictures_{reason}" in report.symptoms
    assert cause in str(report)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_a_dead_link_elsewhere_raises_no_warning(odd: Odd, status: int) -> None:
    with_pictures(odd, 3, "https://files.example")
    pictures(odd, lambda _: httpx.Response(status), "https://files.example")
    frame = fetch()
    assert sum(cf.report(frame).failed.values()) == 3
    assert cf.report(frame).symptoms == ()


@pytest.mark.parametrize("status", [404, 410, 423, 428])
@pytest.mark.usefixtures("no_waiting")
def test_a_file_that_is_gone_raises_no_warning(odd: Odd, status: int) -> None:
    with_pictures(odd, 3)
    pictures(odd, lambda _: httpx.Response(status))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cf.report(fetch()).images_ok == 0


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("no connection in time")])
@pytest.mark.parametrize("alive", [0, 1, 4])
def test_a_service_that_is_gone_for_good_ends_the_call_within_a_minute(
    odd: Odd, no_waiting: FakeTime, error: httpx.TransportError, alive: int
) -> None:
    with_pictures(odd, 300)
    odd.created = "2026-03-01T00:00:00.000Z"
    plain, numbers = odd.messages, itertools.count()
    last_byte = no_waiting.monotonic()

    async def dies(request: httpx.Request) -> httpx.Response:
        nonlocal last_byte
        if next(numbers) < alive:
            last_byte = no_waiting.monotonic()
            return plain(request)
        await no_waiting.sleep(10.0 if isinstance(error, httpx.ConnectTimeout) else 0.0)
        raise error

    odd.messages = dies
    pictures(odd, dies)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        if alive:
            assert cf.report(fetch()).status == "partial"
        else:
            with pytest.raises(cf.ServiceError):
                fetch()
    assert no_waiting.monotonic() - last_byte <= 60.0


def test_a_service_that_is_gone_for_a_moment_loses_nothing(odd: Odd, no_waiting: FakeTime) -> None:
    odd.items = hourly(900)
    plain, numbers = odd.messages, itertools.count()

    def flickers(request: httpx.Request) -> httpx.Response:
        if next(numbers) % 5 >= 3:
            raise httpx.ConnectError("refused")
        return plain(request)

    odd.messages = flickers
    assert len(fetch()) == 900


WITH_RENEWAL = {"webex": {"access_token": "t", "client_id": "a", "client_secret": "b", "refresh_token": "c"}}


@pytest.mark.parametrize("count", [2, 60])
def test_a_renewal_that_cannot_be_reached_is_tried_once_for_all_pictures(
    odd: Odd, no_waiting: FakeTime, count: int
) -> None:
    with_pictures(odd, count)
    pictures(odd, lambda _: httpx.Response(401))
    renewals = odd.routes.post(f"{BASE}/access_token").mock(side_effect=httpx.ConnectError("refused"))
    began = no_waiting.monotonic()
    with pytest.warns(cf.IncompleteWarning, match=r"nobody answered to renew it: fetch again later"):
        frame = cf.fetch(cf.Webex(ROOM), images=True, config=WITH_RENEWAL, progress=False)
    assert {cells[0]["reason"] for cells in frame["media"]} == {"connect"}
    assert renewals.call_count == 6, "as often as any page"
    assert no_waiting.monotonic() - began <= 60.0


def test_a_renewal_that_is_refused_is_asked_for_once(odd: Odd, no_waiting: FakeTime) -> None:
    with_pictures(odd, 60)
    pictures(odd, lambda _: httpx.Response(401))
    renewals = odd.routes.post(f"{BASE}/access_token").mock(return_value=httpx.Response(400))
    with pytest.warns(cf.IncompleteWarning, match="60 pictures could not be had .*log in again"):
        frame = cf.fetch(cf.Webex(ROOM), images=True, config=WITH_RENEWAL, progress=False)
    assert {cells[0]["reason"] for cells in frame["media"]} == {"unauthorized"}
    assert renewals.call_count == 1
    assert no_waiting.sleeps == []


def test_pages_do_not_wait_for_a_renewal_one_after_another(odd: Odd, no_waiting: FakeTime) -> None:
    odd.items = hourly(900)
    odd.messages = lambda _: httpx.Response(401)
    renewals = odd.routes.post(f"{BASE}/access_token").mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(cf.ServiceError, match="could not be reached to renew the access token"):
        cf.fetch(cf.Webex(ROOM, since="2025-01-01"), config=WITH_RENEWAL, progress=False)
    assert renewals.call_count == 6
    assert sum(no_waiting.sleeps) <= 60.0


@pytest.mark.parametrize("host", [BASE, "https://files.example"])
@pytest.mark.usefixtures("no_waiting")
def test_a_proxy_that_asks_for_a_login_is_named(odd: Odd, host: str) -> None:
    with_pictures(odd, 3, host)
    pictures(odd, lambda _: httpx.Response(407), host)
    with pytest.warns(cf.IncompleteWarning, match="the proxy asks for a login: write name and password"):
        frame = fetch()
    assert {cells[0]["error"] for cells in frame["media"]} == {"the proxy asks for a login (HTTP 407)"}


@pytest.mark.parametrize("answer", [httpx.Response(407), httpx.ProxyError("the proxy refused it (HTTP 407)")])
def test_a_proxy_that_asks_for_a_login_is_told_at_once(odd: Odd, no_waiting: FakeTime, answer: Any) -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    odd.messages = refuses
    with pytest.raises(cf.ServiceError, match=r"proxy asks for a login \(HTTP 407\): write its user name"):
        fetch()
    assert no_waiting.sleeps == []


PAGE = {"Content-Type": "text/html; charset=utf-8"}
NETWORKS = {
    "a login page": lambda url: httpx.Response(200, content=b"<html>Log in</html>", headers=PAGE),
    "a login page at the service's own address": lambda url: (
        httpx.Response(200, content=b"<html>Log in</html>", headers=PAGE)
        if url.endswith("/login")
        else httpx.Response(302, headers={"Location": f"{BASE}/login"})
    ),
    "a login page elsewhere": lambda url: (
        httpx.Response(200, content=b"<html>Log in</html>", headers=PAGE)
        if "portal" in url
        else httpx.Response(302, headers={"Location": "https://portal.example/"})
    ),
    "a login page without TLS": lambda url: httpx.Response(302, headers={"Location": "http://portal.example/"}),
    "a status for it": lambda url: httpx.Response(511, content=b"<html>Log in</html>", headers=PAGE),
    "a wall": lambda url: httpx.Response(403, content=b"<html>Blocked</html>", headers=PAGE),
    "a balancer without servers": lambda url: httpx.Response(503, content=b"<html>No</html>", headers=PAGE),
    "nothing": lambda url: httpx.Response(200),
}


@pytest.mark.parametrize(("alive", "name"), sampled(product([0, 2], NETWORKS), 5))
def test_a_network_that_answers_in_place_of_the_service_ends_the_call_within_a_minute(
    odd: Odd, no_waiting: FakeTime, name: str, alive: int
) -> None:
    with_pictures(odd, 300)
    odd.created = "2024-03-01T00:00:00.000Z"
    plain, numbers = odd.messages, itertools.count()
    last_byte = no_waiting.monotonic()

    async def answers(request: httpx.Request) -> httpx.Response:
        await no_waiting.sleep(0.2)
        return NETWORKS[name](str(request.url))

    async def page(request: httpx.Request) -> httpx.Response:
        nonlocal last_byte
        if next(numbers) >= alive:
            return await answers(request)
        last_byte = no_waiting.monotonic()
        return plain(request)

    odd.messages = page
    pictures(odd, answers)
    odd.routes.get(f"{BASE}/login").mock(side_effect=answers)
    odd.routes.get("https://portal.example/").mock(side_effect=answers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        if alive:
            report = cf.report(fetch())
            assert report.status == "partial"
            assert sum(report.failed.values()) == 100, "a login page is no document of the chat"
        else:
            with pytest.raises(cf.ServiceError):
                fetch()
    assert no_waiting.monotonic() - last_byte <= 60.0


def test_a_web_page_that_is_a_file_of_the_chat_is_listed_as_one(odd: Odd) -> None:
    with_pictures(odd, 1)
    named = {**PAGE, "Content-Disposition": 'attachment; filename="minutes.html"'}
    pictures(odd, lambda _: httpx.Response(200, content=b"<html>We met</html>", headers=named))
    assert cf.report(fetch()).skipped == {"not_an_image": 1}
