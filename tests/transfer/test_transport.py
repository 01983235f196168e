"""The transport and the client above it, at real servers: every number lives, nothing happens unasked."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from help.fakes import Credential, texts_within
from help.loopback import Reply, Request, Tally, always, deaf_port, in_turn, serving, together
from help.sampling import sampled
from pydantic import SecretStr

from chatframes.errors import AuthError
from chatframes.transfer import http as http_module
from chatframes.transfer.clients import shared
from chatframes.transfer.guard import Guard
from chatframes.transfer.http import Anonymous, Http
from chatframes.transfer.network_errors import NameNotResolved, TLSFailed
from chatframes.transfer.transport import AiohttpTransport

LONG_SECONDS = 30.0
SHORT_SECONDS = 0.05
MakeTransport = Callable[[httpx.Limits], httpx.AsyncBaseTransport]


@asynccontextmanager
async def client(
    connections: int = 10, keepalive: int = 5, make: MakeTransport = AiohttpTransport, **seconds: float
) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=keepalive)
    timeout = httpx.Timeout(LONG_SECONDS, **seconds)
    async with httpx.AsyncClient(transport=make(limits), timeout=timeout, trust_env=False) as opened:
        yield opened


@asynccontextmanager
async def endpoint(base_url: str, token: str = "") -> AsyncIterator[Http]:
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=5)
    http = Http("webex", base_url, Credential(token), limits)
    try:
        yield http
    finally:
        await http.aclose()


async def get(http: Http, url: str, token: str = "") -> httpx.Response:
    response = await http.request("GET", url, token=SecretStr(token))
    await response.aread()
    await response.aclose()
    return response


# --- how many connections -------------------------------------------------------------------------------------------


def test_a_server_never_sees_more_connections_than_max_connections() -> None:
    async def main() -> None:
        async with serving(together(5, always(200, b"ok"))) as server, client(5, 5) as http:
            answers = await asyncio.gather(*(http.get(f"{server.url}/{number}") for number in range(60)))
            assert [answer.text for answer in answers] == ["ok"] * 60
            assert (server.tally.peak, server.peak_active) == (5, 5)

    asyncio.run(main())


def test_idle_connections_to_another_host_count_towards_max_connections() -> None:
    async def main() -> None:
        tally = Tally()
        async with (
            serving(together(4, always()), tally=tally) as one,
            serving(together(4, always()), tally=tally) as other,
            client(4, 4) as http,
        ):
            for server in (one, other, one):
                before = server.connections
                await asyncio.gather(*(http.get(server.url) for _ in range(4)))
                assert server.connections == before + 4  # the idle ones of the other host had to go
            assert tally.peak == 4

    asyncio.run(main())


def test_requests_to_three_hosts_in_any_order_stay_within_max_connections() -> None:
    async def main() -> None:
        tally, dice = Tally(), random.Random(5)

        async def answer(_: Request, reply: Reply) -> None:
            for _turn in range(dice.randrange(4)):
                await asyncio.sleep(0)
            await reply.answer(200, b"x" * dice.choice((0, 10, 100_000)))

        async with (
            serving(answer, tally=tally) as a,
            serving(answer, tally=tally) as b,
            serving(answer, tally=tally) as c,
            client(6, 3) as http,
        ):
            urls = [dice.choice((a, b, c)).url for _ in range(300)]
            answers = await asyncio.gather(*(http.get(url) for url in urls))
            assert {answer.status_code for answer in answers} == {200}
            assert tally.peak == 6

    asyncio.run(main())


def test_after_a_burst_exactly_max_keepalive_connections_stay_open_and_are_used_again() -> None:
    async def main() -> None:
        async with serving(together(10, always(200, b"ok"))) as server, client(10, 3) as http:
            await asyncio.gather(*(http.get(server.url) for _ in range(10)))
            await server.until(lambda: len(server.open) <= 3)
            assert server.connections == 10
            for _ in range(20):  # nothing else goes by and by
                await http.get(server.url)
            assert (len(server.open), server.connections) == (3, 10)

    asyncio.run(main())


def test_no_connection_stays_open_when_max_keepalive_connections_is_0() -> None:
    async def main() -> None:
        async with serving(always(200, b"ok")) as server, client(10, 0) as http:
            for _ in range(3):
                await http.get(server.url)
            await server.until(lambda: not server.open)
            assert server.connections == 3

    asyncio.run(main())


# --- how long -------------------------------------------------------------------------------------------------------


def test_the_connect_time_out_ends_a_connection_that_is_never_accepted() -> None:
    async def main() -> None:
        with deaf_port() as port:
            async with client(connect=SHORT_SECONDS) as http:
                with pytest.raises(httpx.ConnectTimeout):
                    await http.get(f"http://127.0.0.1:{port}/")

    asyncio.run(main())


async def never(_: Request, reply: Reply) -> None:
    await reply.until_left()


async def stalls_in_its_head(_: Request, reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\nContent-")
    await reply.until_left()


async def stalls_in_its_body(_: Request, reply: Reply) -> None:
    await reply.head(200, length=100)
    await reply.send(b"a few bytes")
    await reply.until_left()


@pytest.mark.parametrize("server_does", [never, stalls_in_its_head, stalls_in_its_body])
def test_the_read_time_out_ends_an_answer_that_does_not_come(server_does: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(server_does) as server, client(1, 1, read=SHORT_SECONDS, pool=SHORT_SECONDS) as http:
            for _ in range(2):  # the place in the pool is free again after the first
                with pytest.raises(httpx.ReadTimeout):
                    await http.get(server.url)
            assert len(server.requests) == 2

    asyncio.run(main())


@pytest.mark.parametrize("line", [b"HTTP/1.1 100 Continue\r\n\r\n", b"X-More: 1\r\n"], ids=["continue", "header"])
def test_lines_without_an_end_before_a_body_end_the_request(line: bytes) -> None:
    async def main() -> None:
        async def endless(_: Request, reply: Reply) -> None:
            if line.startswith(b"X"):
                await reply.send(b"HTTP/1.1 200 OK\r\n")
            while not reply.left:
                await reply.send(line)
                await asyncio.sleep(SHORT_SECONDS)

        async with serving(endless) as server, client(read=4 * SHORT_SECONDS, connect=SHORT_SECONDS) as http:
            with pytest.raises((httpx.ReadTimeout, httpx.RemoteProtocolError)):
                await http.get(server.url)

    asyncio.run(main())


def test_the_write_time_out_ends_a_request_whose_body_is_not_taken() -> None:
    async def main() -> None:
        async with (
            serving(never, reads_bodies=False) as server,
            client(1, 1, write=SHORT_SECONDS, pool=SHORT_SECONDS) as http,
        ):
            for _ in range(2):
                with pytest.raises(httpx.WriteTimeout):
                    await http.post(server.url, content=bytes(64 * 2**20))
            assert len(server.requests) == 2

    asyncio.run(main())


def test_a_body_that_is_taken_is_not_held_to_the_write_time_out_while_the_answer_is_awaited() -> None:
    async def main() -> None:
        async with serving(never) as server, client(write=SHORT_SECONDS, read=3 * SHORT_SECONDS) as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.post(server.url, content=bytes(2**20))
            assert len(server.requests[0].body) == 2**20

    asyncio.run(main())


def test_an_answer_that_begins_before_the_body_was_taken_is_read_whole() -> None:
    async def main() -> None:
        answered = asyncio.Event()

        async def refuses_early(_: Request, reply: Reply) -> None:
            await reply.head(413, length=8)
            await reply.send(b"too ")
            await reply.take(131_072)
            await reply.send(b"much")

        async def body() -> AsyncIterator[bytes]:
            yield b"a" * 65_536
            await answered.wait()
            yield b"a" * 65_536

        async with serving(refuses_early, reads_bodies=False) as server, client(read=3.0) as http:
            headers = {"Content-Length": "131072"}
            async with http.stream("POST", server.url, content=body(), headers=headers) as response:
                answered.set()
                assert await response.aread() == b"too much"

    asyncio.run(main())


def test_an_exhausted_pool_raises_pool_timeout_that_names_the_setting_to_lower() -> None:
    async def main() -> None:
        enough = asyncio.Event()

        async def held(_: Request, reply: Reply) -> None:
            await enough.wait()
            await reply.answer(200, b"ok")

        async with serving(held) as server, client(2, 2, pool=SHORT_SECONDS) as http:
            both = [asyncio.create_task(http.get(server.url)) for _ in range(2)]
            await server.until(lambda: server.active == 2)
            with pytest.raises(httpx.PoolTimeout, match="lower max_concurrent_image_downloads"):
                await http.get(server.url)
            enough.set()
            assert [answer.text for answer in await asyncio.gather(*both)] == ["ok", "ok"]
            assert len(server.requests) == 2
            assert (await http.get(server.url)).text == "ok"  # and the pool is whole

    asyncio.run(main())


def test_time_spent_waiting_for_the_pool_is_not_connect_or_read_time() -> None:
    async def main() -> None:
        waiting = asyncio.Event()

        async def held(_: Request, reply: Reply) -> None:
            await waiting.wait()
            await reply.answer(200, b"ok")

        async with serving(held) as server, client(1, 1) as http:
            first = asyncio.create_task(http.get(server.url))
            await server.until(lambda: server.active == 1)
            short = httpx.Timeout(connect=SHORT_SECONDS, read=LONG_SECONDS, write=SHORT_SECONDS, pool=LONG_SECONDS)
            second = asyncio.create_task(http.get(server.url, timeout=short))
            # It is over when the connect time has passed for somebody else.
            with deaf_port() as port:
                async with client(connect=2 * SHORT_SECONDS) as other:
                    with pytest.raises(httpx.ConnectTimeout):
                        await other.get(f"http://127.0.0.1:{port}/")
            waiting.set()
            assert [(await one).text for one in (first, second)] == ["ok", "ok"]

    asyncio.run(main())


def test_the_client_comes_with_the_time_outs_of_the_design() -> None:
    assert httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=5.0) == http_module.TIMEOUT


# --- cancelled, cut, left -------------------------------------------------------------------------------------------


async def places_lost(make: MakeTransport, rounds: int) -> int:
    """Cancel 20 requests at random moments, many times over; return how many of the pool's 20 places are gone."""
    dice, done = random.Random(11), asyncio.Event()

    async def answer(request: Request, reply: Reply) -> None:
        if request.target == "/last":
            await done.wait()
        for _ in range(dice.randrange(4)):
            await asyncio.sleep(0)
        await reply.answer(200, b"x" * dice.choice((10, 100_000)))

    async with serving(answer) as server, client(20, 10, make) as http:
        for _ in range(rounds):
            tasks = [asyncio.create_task(http.get(server.url)) for _ in range(20)]
            for task in tasks:
                for _ in range(dice.randrange(4)):
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await server.until(lambda: server.active == 0)
        patience = httpx.Timeout(LONG_SECONDS, pool=0.5)
        last = [asyncio.create_task(http.get(f"{server.url}/last", timeout=patience)) for _ in range(20)]
        for task in last:
            task.add_done_callback(lambda _: server.tell())
        await server.until(lambda: server.active + sum(task.done() for task in last) == 20)
        done.set()
        answers = await asyncio.gather(*last, return_exceptions=True)
    return sum(isinstance(answer, httpx.PoolTimeout) for answer in answers)


@pytest.mark.parametrize("rounds", sampled([30, 300], 1))
def test_after_rounds_of_20_cancelled_requests_every_place_in_the_pool_is_there(rounds: int) -> None:
    assert asyncio.run(places_lost(AiohttpTransport, rounds)) == 0


def test_the_transport_that_httpx_brings_loses_places_in_the_same_test() -> None:
    assert asyncio.run(places_lost(lambda limits: httpx.AsyncHTTPTransport(limits=limits, verify=False), 30)) > 0


@pytest.mark.parametrize("steps", range(4))
def test_a_close_that_is_cancelled_leaves_no_connection_open(steps: int) -> None:
    async def main() -> None:
        async with serving(always(200, b"ok")) as server:
            transport = AiohttpTransport(httpx.Limits(max_connections=10, max_keepalive_connections=5))
            http = httpx.AsyncClient(transport=transport)  # left open: its end would close the transport once more
            for guard in (None, Guard(frozenset({f"127.0.0.1:{server.port}"}))):
                await http.get(server.url, extensions={"guard": guard})
            assert len(server.open) == 2
            closing = asyncio.create_task(transport.aclose())
            for _ in range(1 + steps):
                await asyncio.sleep(0)
            closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)
            await server.until(lambda: not server.open)

    asyncio.run(main())


def test_leaving_a_body_early_closes_its_connection_and_frees_its_place() -> None:
    async def main() -> None:
        async def endless(_: Request, reply: Reply) -> None:
            await reply.head(200, length=2**40)
            while True:
                await reply.send(bytes(65_536))

        async with serving(endless) as server, client(1, 1, pool=SHORT_SECONDS) as http:
            for _ in range(3):
                async with http.stream("GET", server.url) as response:
                    async for _chunk in response.aiter_raw():
                        break
                await server.until(lambda: not server.open)
            assert server.tally.peak == 1

    asyncio.run(main())


async def cut_with_length(_: Request, reply: Reply) -> None:
    await reply.head(200, length=100)
    await reply.send(b"half")
    reply.hang_up()


async def cut_in_a_chunk(_: Request, reply: Reply) -> None:
    await reply.head(200, ("Transfer-Encoding", "chunked"))
    await reply.chunk(b"half")
    reply.hang_up()


async def no_answer(_: Request, reply: Reply) -> None:
    reply.hang_up()


async def not_http(_: Request, reply: Reply) -> None:
    await reply.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    reply.hang_up()


async def reset_in_the_body(_: Request, reply: Reply) -> None:
    await reply.head(200, length=100)
    await reply.send(b"half")
    reply.reset()


async def reset_at_once(_: Request, reply: Reply) -> None:
    reply.reset()


@pytest.mark.parametrize(
    ("server_does", "kinds"),
    [
        (cut_with_length, httpx.RemoteProtocolError),
        (cut_in_a_chunk, httpx.RemoteProtocolError),
        (no_answer, httpx.RemoteProtocolError),
        (not_http, httpx.RemoteProtocolError),
        (reset_in_the_body, (httpx.ReadError, httpx.RemoteProtocolError)),
        (reset_at_once, (httpx.ReadError, httpx.RemoteProtocolError)),
    ],
)
def test_a_broken_answer_raises_the_error_httpx_has_for_it(
    server_does: Callable[..., None], kinds: type[Exception] | tuple[type[Exception], ...]
) -> None:
    async def main() -> None:
        async with serving(server_does) as server, client(1, 1, pool=SHORT_SECONDS) as http:
            for _ in range(2):
                with pytest.raises(kinds):
                    await http.get(server.url)

    asyncio.run(main())


def test_a_closed_port_a_missing_name_and_a_failed_handshake_are_told_apart() -> None:
    async def main() -> None:
        with socket.socket() as bound:  # bound but not listening: nobody else can take it
            bound.bind(("127.0.0.1", 0))
            async with client() as http:
                with pytest.raises(httpx.ConnectError) as refused:
                    await http.get(f"http://127.0.0.1:{bound.getsockname()[1]}/")
                assert not isinstance(refused.value, NameNotResolved | TLSFailed)
        async with serving(always()) as server, client() as http:
            with pytest.raises(TLSFailed):
                await http.get(server.url.replace("http:", "https:"))
            assert server.requests == []
        async with client() as http:

            async def no_names(*_: object, **__: object) -> None:
                raise socket.gaierror(socket.EAI_NONAME, "no such name")

            asyncio.get_running_loop().getaddrinfo = no_names  # type: ignore[assignment]
            with pytest.raises(NameNotResolved):
                await http.get("http://nowhere.invalid/")

    asyncio.run(main())


# --- nothing unasked ------------------------------------------------------------------------------------------------


def test_a_server_that_hangs_up_on_a_reused_connection_sees_one_request_per_call() -> None:
    async def main() -> None:
        async with serving(in_turn(always(200, b"ok"), no_answer)) as server, client() as http:
            await http.get(server.url)
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get(server.url)
            assert [request.connection for request in server.requests] == [1, 1]

    asyncio.run(main())


def test_no_cookie_ever_comes_back() -> None:
    async def main() -> None:
        cookies = [("Set-Cookie", "id=secret; Path=/"), ("Set-Cookie", "more=secret; Domain=localhost; Max-Age=9999")]
        async with serving(always(200, b"{}", *cookies)) as server, endpoint(server.url) as http:
            for url in (server.url, server.url, server.alias, server.alias, server.url):
                assert (await get(http, url)).headers.get_list("Set-Cookie")
            assert [request.header("Cookie") for request in server.requests] == [None] * 5

    asyncio.run(main())


TARGETS = [
    "/v1/messages?roomId=a%2Fb%3D&before=2026-10-01T00%3A00%3A00.000Z",
    "/a%2Fb/%7e~/%7E?x=%2B+%20",
    "/file;v=1;w=2,3",
    "/?X-Amz-Signature=ab%2Fcd%3D%3D&X-Amz-Credential=K/2026/s3&x==&&y",
    "/preview.jpg?width=640&crop=smart&s=0a1b+2c==",
    "//two//slashes/",
    "/a/../b/./c",
    "/%2e%2e/x",
    "/%zz%",
    "/x??y=?",
    "/x?a=[1]|{2}'\"<>^`",
    "/x?a=b/c:d@e!$*()",
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_url_arrives_byte_for_byte_as_it_was_given(target: str) -> None:
    async def main() -> None:
        async with serving(always(200, b"{}")) as server, endpoint(server.url) as http:
            await get(http, server.url + target)
            await get(http, f"{server.url}{target}#fragment")
            answer = await http.open_file(f"{server.url}{target}#fragment", accept="image/*")
            await answer.aclose()
            assert server.targets == [target, target, target]

    asyncio.run(main())


def test_what_no_request_line_can_hold_is_quoted() -> None:
    async def main() -> None:
        async with serving(always(200, b"{}")) as server, endpoint(server.url) as http:
            await get(http, server.url + "/é b?q=ü")
            answer = await http.open_file(server.url + "/é b?q=ü", accept="*/*")
            await answer.aclose()
            assert server.targets == ["/%C3%A9%20b?q=%C3%BC"] * 2

    asyncio.run(main())


@pytest.mark.parametrize("stock", [False, True], ids=["ours", "httpx"])
def test_a_file_is_asked_for_as_a_page_is_whatever_lies_below(stock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if stock:
        monkeypatch.setattr(http_module, "make_transport", lambda limits: httpx.AsyncHTTPTransport(limits=limits))
    names = [("Content-Disposition", "inline"), ("content-disposition", "attachment; filename=a"), ("Location", " /é ")]

    async def main() -> None:
        async with serving(always(200, b"ok", *names)) as server, endpoint(server.url, "a-token") as http:
            headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
            page = await http.request("GET", f"{server.url}/x", headers=headers, token=SecretStr("a-token"))
            assert await page.aread() == b"ok"
            answer = await http.open_file(f"{server.url}/x", accept="image/*", token=SecretStr("a-token"))
            assert [await answer.read(), await answer.read()] == [b"ok", b""]
            await answer.aclose()
            await page.aclose()
            assert answer.status_code == page.status_code
            assert answer.headers.get_list("Content-Disposition") == page.headers.get_list("Content-Disposition")
            assert answer.headers.get("CONTENT-DISPOSITION") == page.headers["Content-Disposition"]
            assert answer.location == page.extensions["location"] != ""
            first, second = server.requests
            assert (second.method, second.target, second.headers) == (first.method, first.target, first.headers)

    asyncio.run(main())


ODD_URLS = [
    "http://[::1/",
    "http://xn--a/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    f"http://{'a' * 70}.invalid/",
    "http://a..invalid/",
    "http:///path",
    "http:host/path",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "127.0.0.1",
    "",
    "http://127.0.0.1/\n",
    "http://\ud800/",
]


@pytest.mark.parametrize("url", ODD_URLS)
def test_what_is_no_http_url_is_said_to_be_none(url: str) -> None:
    async def main() -> None:
        async with endpoint("http://127.0.0.1:9") as http:
            for asked in (http.request("GET", url, token=SecretStr("t")), http.open_file(url, accept="*/*")):
                with pytest.raises((httpx.InvalidURL, httpx.UnsupportedProtocol)):
                    await asked

    asyncio.run(main())


# --- credentials ----------------------------------------------------------------------------------------------------


def test_the_token_goes_to_the_origin_of_the_api_and_nowhere_else() -> None:
    async def main() -> None:
        async with serving(always(200, b"{}")) as api, serving(always(200, b"{}")) as stranger:
            async with endpoint(f"{api.url}/v1", "a-token") as http:
                ours = [f"{api.url}/v1/people/me", f"{api.url}/other", api.url.replace("http", "HTTP") + "/"]
                others = [stranger.url, stranger.alias, api.alias, api.url.replace("//", "//user@")]
                for url in ours + others:
                    await get(http, url, "a-token")
            assert [request.header("Authorization") for request in api.requests[:3]] == ["Bearer a-token"] * 3
            elsewhere = api.requests[3:] + stranger.requests
            assert len(elsewhere) == 4
            assert not any("a-token" in (request.header("Authorization") or "") for request in elsewhere)

    asyncio.run(main())


@pytest.mark.parametrize("base", ["https://webexapis.com/v1", "https://user:secret@gateway.example/v1"])
@pytest.mark.parametrize(
    "url",
    [
        "http://webexapis.com/v1/x",
        "https://webexapis.com:8443/v1/x",
        "https://webexapis.com.evil.example/v1",
        "https://webexapis.com@evil.example/v1",
        "https://evil.example/webexapis.com",
        "https://evil.example\\@webexapis.com/",
        "https://webexapis.com\\.evil.example/",
        "https://user:secret@webexapis.com/v1",
        "https://[webexapis.com/",
        "//webexapis.com/v1",
        "",
    ],
)
def test_what_only_looks_like_the_api_is_not_the_api(base: str, url: str) -> None:
    async def main() -> None:
        async with endpoint(base) as http:
            assert not http.is_api(url)

    asyncio.run(main())


def test_the_default_port_may_be_written_or_not() -> None:
    async def main() -> None:
        async with endpoint("https://webexapis.com/v1") as http:
            assert http.is_api("https://webexapis.com:443/v1/contents/1")
            assert http.is_api("https://WebexAPIs.com/v1")

    asyncio.run(main())


@pytest.mark.parametrize("token", ["pasted-with-a-dash–and", "line\nbreak", "NUL\0"])
def test_a_token_that_no_header_can_hold_is_named_but_not_shown(token: str) -> None:
    async def main() -> None:
        async with endpoint("http://127.0.0.1:9", token) as http:
            with pytest.raises(AuthError, match="copy it again") as caught:
                await http.token()
            assert token not in texts_within(caught.value)

    asyncio.run(main())


def test_no_value_in_a_traceback_shows_the_token_of_a_file() -> None:
    async def main() -> None:
        async with serving(no_answer) as server, endpoint(server.url, "a-planted-token") as http:
            token = await http.token()
            with pytest.raises(httpx.RemoteProtocolError) as caught:
                await http.open_file(f"{server.url}/x", accept="*/*", token=token)
            assert server.requests[0].header("Authorization") == "Bearer a-planted-token"
            ours = [entry for entry in caught.traceback if "chatframes/transfer" in entry.path.as_posix()]
            shown = "\n".join(repr(value) for entry in ours for value in entry.frame.f_locals.values())
            assert f"{server.url}/x" in shown  # the values are there
            assert "a-planted-token" not in shown

    asyncio.run(main())


def test_no_log_at_any_level_shows_a_url_or_a_token_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(in_turn(always(200, b"{}"), always(500), no_answer)) as server:
            async with endpoint(server.url, "a-token") as http:
                for _ in range(2):
                    await get(http, f"{server.url}/x?signature=planted", "a-token")
                with pytest.raises(httpx.RemoteProtocolError):
                    await get(http, f"{server.url}/x?signature=planted", "a-token")
            assert len(server.requests) == 3

    caplog.set_level(logging.DEBUG)
    asyncio.run(main(), debug=True)
    shown = "\n".join(record.getMessage() for record in caplog.records)
    assert "planted" not in shown
    assert "a-token" not in shown


def test_the_log_of_other_users_of_httpx_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(always(200, b"{}")) as server, endpoint(server.url) as http, client() as theirs:
            await get(http, server.url)
            await theirs.get(f"{server.url}/theirs")

    caplog.set_level(logging.DEBUG)
    asyncio.run(main())
    assert [record.name for record in caplog.records if "/theirs" in record.getMessage()] == ["httpx"]


# --- shared clients -------------------------------------------------------------------------------------------------


def test_calls_with_the_same_endpoint_share_a_client_and_the_last_one_closes_it() -> None:
    async def main() -> None:
        async with serving(always(200, b"{}")) as server:

            def build() -> Http:
                return Http("webex", server.url, Anonymous(), httpx.Limits(max_connections=5))

            async with shared("key", build) as first:
                async with shared("key", build) as second, shared("other key", build) as other:
                    assert second is first
                    assert other is not first
                    await get(second, server.url)
                await get(first, server.url)  # still open
                assert server.connections == 1
            await server.until(lambda: not server.open)
            async with shared("key", build) as third:
                assert third is not first

    asyncio.run(main())
