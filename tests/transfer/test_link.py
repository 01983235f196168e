"""Pages with patience: what a service may do wrong, how often it is asked again, and how long anybody waits."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import traceback
import tracemalloc
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from help.fakes import STARTS, Credential, FakeTime, line, texts_within
from help.hurrying import fast_clock
from help.loopback import Answer, Reply, Request, always, in_turn, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from chatframes.errors import AuthError, RateLimited, ServiceError
from chatframes.model import Refusal
from chatframes.transfer import http as http_module
from chatframes.transfer import pages
from chatframes.transfer.answers import retry_after_seconds
from chatframes.transfer.backoff import backoff_seconds
from chatframes.transfer.clock import SYSTEM
from chatframes.transfer.gate import Waits
from chatframes.transfer.link import StatusError
from chatframes.transfer.pages import PAGE_ATTEMPTS
from chatframes.transfer.transport import AiohttpTransport

PAGE = {"items": [{"id": "1"}]}
GOOD = always(200, json.dumps(PAGE).encode())
API = "https://api.example/v1"


def packed(data: bytes, *, cut: int = 0) -> Answer:
    raw = gzip.compress(data)
    return always(200, raw[: len(raw) - cut], ("Content-Encoding", "gzip"))


async def cut(_: Request, reply: Reply) -> None:
    await reply.head(200, length=100)
    await reply.send(b'{"items": [')
    reply.hang_up()


async def cut_in_a_chunk(_: Request, reply: Reply) -> None:
    await reply.head(200, ("Transfer-Encoding", "chunked"))
    await reply.chunk(b'{"items": []}')
    reply.hang_up()


async def cut_without_a_length(_: Request, reply: Reply) -> None:
    await reply.answer(200, b'{"items": [{"id": "1"}, {"id":', length=None)


async def reset(_: Request, reply: Reply) -> None:
    await reply.head(200, length=100)
    await reply.send(b"{")
    reply.reset()


async def silence(_: Request, reply: Reply) -> None:
    reply.hang_up()


async def endless(_: Request, reply: Reply) -> None:
    await reply.head(200)
    while True:
        await reply.send(b" " * 65_536)


ODD_ANSWERS: dict[str, Answer] = {
    **{f"HTTP {status}": always(status, b"<html>") for status in (408, 425, 500, 502, 503, 504, 520, 522, 524)},
    "a cut page": cut,
    "a page cut in a chunk": cut_in_a_chunk,
    "a page cut where nothing says so": cut_without_a_length,
    "a connection reset in a page": reset,
    "no answer at all": silence,
    "a login page": always(200, b"<!doctype html><title>Log in</title>", ("Content-Type", "text/html")),
    "an empty page": always(200, b""),
    "a list": always(200, b"[]"),
    "a word": always(200, b"null"),
    "no unicode": always(200, b'{"items": "\xff"}'),
    "brackets without end": always(200, b"[" * 200_000),
    "a page packed and cut": packed(json.dumps(PAGE).encode() * 50, cut=9),
    "a page that only says it is packed": always(200, b'{"items": []}', ("Content-Encoding", "gzip")),
    "a page packed as nobody asked": always(200, b"\x0b\x02\x80{}\x03", ("Content-Encoding", "br")),
    "a bomb": packed(b" " * (2**20 + 1)),
    "a page of more than all": always(200, b" " * (2**20 + 1)),
    "a page without end": endless,
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_a_page_survives_an_odd_answer(odd: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_BYTES", 2**20)

    async def main() -> None:
        time = FakeTime()
        async with serving(in_turn(odd, odd, GOOD)) as server, line(server.url, time.clock) as call:
            answer = await call.link.json(f"{server.url}/messages")
            assert answer.payload == PAGE
            assert len(server.requests) == 3
            assert call.counts == {"retry": 2}
            assert [event.kind for event in call.events] == ["retry", "retry"]
            assert len(time.sleeps) == 2

    asyncio.run(main())


def test_a_packed_page_is_unpacked() -> None:
    async def main() -> None:
        time = FakeTime()
        async with serving(packed(json.dumps(PAGE).encode())) as server, line(server.url, time.clock) as call:
            assert (await call.link.json(f"{server.url}/messages")).payload == PAGE
            assert server.requests[0].header("Accept-Encoding") == "gzip"
            assert call.counts == {}

    asyncio.run(main())


def test_a_bomb_never_grows_beyond_the_limit_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_BYTES", 4 * 2**20)

    async def main() -> None:
        bomb = packed(b" " * (100 * 2**20))
        async with serving(bomb) as server, line(server.url, FakeTime().clock) as call:
            tracemalloc.start()
            with pytest.raises(ServiceError):
                await call.link.json(f"{server.url}/messages")
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert len(server.requests) == PAGE_ATTEMPTS
            assert peak < 3 * pages.PAGE_BYTES

    asyncio.run(main())


def test_a_silent_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "TIMEOUT", httpx.Timeout(30.0, read=0.05))

    async def mute(_: Request, reply: Reply) -> None:
        await reply.until_left()

    async def main() -> None:
        async with serving(in_turn(mute, GOOD)) as server, line(server.url, FakeTime().clock) as call:
            assert (await call.link.json(server.url)).payload == PAGE
            assert len(server.requests) == 2

    asyncio.run(main())


def test_a_page_that_only_trickles_is_given_up_and_asked_for_again() -> None:
    async def trickle(_: Request, reply: Reply) -> None:
        await reply.head(200, length=2**30)
        while True:
            await reply.send(b" ")
            await asyncio.sleep(0)

    async def main() -> None:
        clock = fast_clock(5000)  # 120 s in 24 ms
        async with serving(in_turn(trickle, GOOD)) as server, line(server.url, clock) as call:
            assert (await call.link.json(server.url)).payload == PAGE
            assert call.counts["retry"] == 1

    asyncio.run(main())


# --- how often, how long --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [always(503), silence, always(200, b"<html>")])
def test_a_page_is_tried_six_times_with_doubling_waits_and_then_the_error_says_so(odd: Answer) -> None:
    async def main() -> None:
        time, dice = FakeTime(seed=4), random.Random(4)
        async with serving(odd) as server, line(server.url, time.clock) as call:
            with pytest.raises(ServiceError, match="failed 6 times on one page"):
                await call.link.json(server.url)
            assert len(server.requests) == PAGE_ATTEMPTS == 6
        assert time.sleeps == [max(0.1, dice.random()) * 0.5 * 2**failure for failure in range(1, 6)]
        assert time.seconds == pytest.approx(sum(time.sleeps))

    asyncio.run(main())


UNUSED_PROXY, LATER = "The environment names a proxy", "Try again later"


@pytest.mark.parametrize(
    ("odd", "spared", "says"),
    [(silence, "", UNUSED_PROXY), (silence, "127.0.0.1", LATER), (always(503), "", LATER)],
    ids=["a proxy that is not used", "none for this host", "the service has answered"],
)
def test_a_proxy_that_is_not_used_is_named_where_the_service_is_not_reached(
    odd: Answer, spared: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with serving(odd) as server, line(server.url, FakeTime().clock) as call:
            with pytest.raises(ServiceError, match=rf"failed 6 times on one page: .*\. {says}") as error:
                await call.link.json(server.url)
            assert "secret" not in str(error.value)

    monkeypatch.setenv("HTTP_PROXY", "http://name:secret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", spared)
    asyncio.run(main())


@given(st.integers(1, 60), st.integers(0, 2**32))
def test_a_wait_between_tries_stays_within_its_bounds(failures: int, seed: int) -> None:
    ceiling = min(30.0, 0.5 * 2**failures)
    assert 0.1 * ceiling <= backoff_seconds(failures, FakeTime(seed).clock) <= ceiling


def test_a_wait_the_service_names_wins_over_a_shorter_one_of_ours() -> None:
    async def main() -> None:
        time = FakeTime()
        busy = always(503, b"", ("Retry-After", "45"))
        async with serving(in_turn(busy, GOOD)) as server, line(server.url, time.clock) as call:
            await call.link.json(server.url)
        assert time.sleeps == [45.0]

    asyncio.run(main())


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("seconds", [3600, 99_999_999, 999_999_999_999, 10**30])
def test_a_wait_of_hours_ends_at_once_and_says_when_to_come_back(status: int, seconds: int) -> None:
    async def main() -> None:
        time = FakeTime()
        later = always(status, b"<html>Too many</html>", ("Retry-After", str(seconds)))
        async with serving(later) as server, line(server.url, time.clock) as call:
            with pytest.raises(RateLimited, match="max_retry_wait_seconds") as caught:
                await call.link.json(server.url)
            assert len(server.requests) == 1
        assert time.sleeps == []
        assert caught.value.retry_at == STARTS + timedelta(seconds=min(seconds, 10**9))

    asyncio.run(main())


def too_many(*headers: tuple[str, str]) -> Answer:
    return always(429, b"", *headers)


@pytest.mark.parametrize("skew_hours", [-24, -1, 0, 1, 24])
def test_a_date_is_held_against_the_date_of_the_answer_whatever_our_clock_says(skew_hours: int) -> None:
    async def main() -> None:
        time = FakeTime()
        there = STARTS + timedelta(hours=skew_hours)
        dates = [
            ("Date", format_datetime(there, usegmt=True)),
            ("Retry-After", format_datetime(there + timedelta(seconds=7), usegmt=True)),
        ]
        async with serving(in_turn(too_many(*dates), GOOD)) as server, line(server.url, time.clock) as call:
            await call.link.json(server.url)
        assert time.sleeps == [7.0]

    asyncio.run(main())


@pytest.mark.parametrize("date", [[], [("Date", "yesterday")]])
def test_a_date_is_held_against_our_clock_when_the_answer_has_none(date: list[tuple[str, str]]) -> None:
    async def main() -> None:
        time = FakeTime()
        until = ("Retry-After", format_datetime(STARTS + timedelta(seconds=9)))
        async with serving(in_turn(too_many(until, *date), GOOD)) as server, line(server.url, time.clock) as call:
            await call.link.json(server.url)
        assert time.sleeps == [9.0]

    asyncio.run(main())


NO_WAITS: dict[str, list[str]] = {
    "none": [],
    "a word": ["soon"],
    "below zero": ["-1"],
    "a fraction": ["1.5"],
    "two in one": ["120, 240"],
    "two": ["120", "240"],
    "empty": [""],
    "other digits": ["\u00b2"],
    "at once": ["0"],
    "in the past": ["Wed, 21 Oct 2015 07:28:00 GMT"],
    "a date that is none": ["Wed, 99 Oct 2026 07:28:00 GMT"],
    "a zone that is none": ["Wed, 21 Oct 2026 07:28:00 +99999999999999999999"],
}


@pytest.mark.parametrize("values", NO_WAITS.values(), ids=NO_WAITS)
def test_a_refusal_that_names_no_usable_wait_is_waited_for_a_second_or_two(values: list[str]) -> None:
    async def main() -> None:
        time, dice = FakeTime(seed=2), random.Random(2)
        headers = [("Retry-After", value) for value in values]
        async with serving(in_turn(too_many(*headers), GOOD)) as server, line(server.url, time.clock) as call:
            assert (await call.link.json(server.url)).payload == PAGE
        assert time.sleeps == [1.0 + max(0.1, dice.random())]
        assert call.counts == {"rate_limited": 1, "retry": 1}

    asyncio.run(main())


@settings(deadline=None)
@given(
    st.text(st.characters(max_codepoint=255), max_size=40)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9 :+A-Z-]{5,30}", fullmatch=True)
)
def test_no_retry_after_whatsoever_breaks_anything(value: str) -> None:
    headers = httpx.Headers([(b"Retry-After", value.encode("latin-1")), (b"Date", value[::-1].encode("latin-1"))])
    seconds = retry_after_seconds(headers, FakeTime().clock)
    assert seconds is None or 0.0 <= seconds <= 1e9
    if seconds:
        time, waits = FakeTime(), Waits()
        waits.close_for(seconds, time.clock)
        with pytest.raises(Exception, match="closed until"):
            asyncio.run(waits.wait_open(0.0, time.clock))


@pytest.mark.parametrize("headers", [[], [("Retry-After", "0")], [("Retry-After", "soon")], [("Retry-After", "1")]])
def test_a_service_that_refuses_for_ever_is_not_asked_for_ever(headers: list[tuple[str, str]]) -> None:
    async def main() -> None:
        time = FakeTime()
        async with serving(too_many(*headers)) as server, line(server.url, time.clock) as call:
            with pytest.raises(RateLimited):
                await call.link.json(server.url)
            assert 5 < len(server.requests) <= 301
            assert 200.0 < time.seconds <= 300.0

    asyncio.run(main())


def test_patience_is_one_budget_for_all_waits_of_a_page() -> None:
    async def main() -> None:
        time = FakeTime()
        wait = ("Retry-After", "4")
        refuses = in_turn(always(429, b"", wait), always(503, b"", wait), always(429, b"", wait))
        async with serving(refuses) as server, line(server.url, time.clock, patience_seconds=10) as call:
            with pytest.raises(RateLimited) as caught:
                await call.link.json(server.url)
            assert len(server.requests) == 3
        assert time.sleeps == [4.0, 4.0]
        assert caught.value.retry_at == STARTS + timedelta(seconds=12)

    asyncio.run(main())


def test_every_page_begins_with_the_whole_patience() -> None:
    async def main() -> None:
        time = FakeTime()
        refuse = too_many(("Retry-After", "8"))
        async with (
            serving(in_turn(refuse, GOOD, refuse, GOOD)) as server,
            line(server.url, time.clock, patience_seconds=10) as call,
        ):
            for _ in range(2):
                assert (await call.link.json(server.url)).payload == PAGE
        assert time.sleeps == [8.0, 8.0]

    asyncio.run(main())


def test_without_any_patience_a_page_is_not_tried_again() -> None:
    async def main() -> None:
        time = FakeTime()
        async with serving(always(500)) as server, line(server.url, time.clock, patience_seconds=0) as call:
            with pytest.raises(ServiceError, match=r"max_retry_wait_seconds \(0\)"):
                await call.link.json(server.url)
            assert len(server.requests) == 1
        assert time.sleeps == []

    asyncio.run(main())


def test_refusals_do_not_use_up_the_tries_of_a_page() -> None:
    async def main() -> None:
        refuse, broken = too_many(("Retry-After", "1")), always(502)
        answers = in_turn(*[refuse] * 8, *[broken] * 5, GOOD)
        async with serving(answers) as server, line(server.url, FakeTime().clock) as call:
            assert (await call.link.json(server.url)).payload == PAGE
            assert len(server.requests) == 14

    asyncio.run(main())


# --- one refusal, everybody waits -----------------------------------------------------------------------------------


class Watched(httpx.AsyncBaseTransport):
    """The transport, and when each request was sent and each refusal had arrived."""

    def __init__(self, limits: httpx.Limits, time: FakeTime) -> None:
        self._inner = AiohttpTransport(limits)
        self._time = time
        self.closed_until = 0.0
        self.sent = 0
        self.too_early: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        if self._time.seconds < self.closed_until:
            self.too_early.append(f"{request.url.path} at {self._time.seconds}")
        response = await self._inner.handle_async_request(request)
        if response.status_code == 429:
            self.closed_until = max(
                self.closed_until, self._time.seconds + float(response.headers.get("Retry-After", 1))
            )
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class SlowCredential(Credential):
    """A credential that needs a while to say its token: others get their answers meanwhile."""

    async def token(self, http: http_module.Http) -> SecretStr:
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().token(http)


@pytest.mark.parametrize("refusal_body", ["", "cut", "slow"])
def test_after_a_refusal_nothing_is_sent_to_the_service_until_it_is_over(
    refusal_body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, dice, made = FakeTime(), random.Random(8), []

    def watched(limits: httpx.Limits) -> Watched:
        made.append(Watched(limits, time))
        return made[0]

    monkeypatch.setattr(http_module, "make_transport", watched)
    asked, reasons = 0, set[str]()

    async def answer(_: Request, reply: Reply) -> None:
        nonlocal asked
        asked += 1
        for _turn in range(dice.randrange(6)):
            await asyncio.sleep(0)
        if asked % 9 != 0:
            await reply.answer(200, b"{}")
        elif refusal_body == "":
            await reply.answer(429, b"", ("Retry-After", str(dice.randrange(1, 20))))
        else:
            await reply.head(429, ("Retry-After", str(dice.randrange(1, 20))), length=50)
            for _turn in range(30 if refusal_body == "slow" else 0):
                await reply.send(b".")
                await asyncio.sleep(0)
            reply.hang_up()

    async def main() -> None:
        async with serving(answer) as server:
            auth = SlowCredential("a-token")
            async with line(server.url, time.clock, auth=auth, patience_seconds=1e6) as call:

                async def page(number: int) -> None:
                    await call.link.json(f"{server.url}/page/{number}")

                async def image(number: int) -> None:
                    for _ in range(30):
                        async with call.gate.downloads:
                            try:
                                async with call.link.download(f"{server.url}/image/{number}"):
                                    return
                            except Refusal as refusal:
                                reasons.add(refusal.reason)
                    raise AssertionError("refused for ever")

                async with asyncio.TaskGroup() as tasks:
                    for number in range(90):
                        tasks.create_task(page(number))
                        tasks.create_task(image(number))
                assert reasons == {"rate_limited"}
                assert made[0].sent == len(server.requests) > 120
                assert call.counts["rate_limited"] > 10
                assert made[0].too_early == []
                told = [event for event in call.events if event.kind == "waiting"]
                assert 0 < len(told) <= call.counts["rate_limited"]

    asyncio.run(main())


def test_a_wait_of_one_picture_host_is_nothing_to_another_or_to_the_service() -> None:
    async def main() -> None:
        time = FakeTime()
        async with (
            serving(too_many(("Retry-After", "50"))) as busy,
            serving(always(200, b"picture")) as free,
            serving(GOOD) as api,
            line(api.url, time.clock, downloads=1) as call,
        ):
            async with call.gate.downloads:
                with pytest.raises(Refusal, match="HTTP 429"):
                    async with call.link.download(busy.url, foreign=True):
                        pass
                async with call.link.download(free.url, foreign=True):
                    pass
                assert (await call.link.json(api.url)).payload == PAGE
                assert time.sleeps == []
                with pytest.raises(Refusal, match="HTTP 429"):
                    async with call.link.download(f"{busy.url}/another", foreign=True):
                        pass
                assert time.sleeps == [50.0]  # that host's pictures wait for it
            assert len(busy.requests) == 2

    asyncio.run(main())


# --- credentials ----------------------------------------------------------------------------------------------------


def only(token: str) -> Answer:
    async def answer(request: Request, reply: Reply) -> None:
        good = request.header("Authorization") == f"Bearer {token}"
        await reply.answer(*(200, b"{}") if good else (401, b'{"message": "The token has expired."}'))

    return answer


def test_a_token_that_has_expired_is_renewed_once() -> None:
    async def main() -> None:
        time, auth = FakeTime(), Credential("old", "new", "newer")
        async with serving(only("new")) as server, line(server.url, time.clock, auth=auth) as call:
            await asyncio.gather(*(call.link.json(server.url) for _ in range(5)))
            assert auth.renewals == 1
            assert {request.header("Authorization") for request in server.requests[-5:]} == {"Bearer new"}
        assert time.sleeps == []

    asyncio.run(main())


def test_a_renewed_token_that_is_refused_as_well_is_an_auth_error() -> None:
    async def main() -> None:
        auth = Credential("old", "new", "newer")
        async with serving(only("another")) as server, line(server.url, FakeTime().clock, auth=auth) as call:
            with pytest.raises(AuthError, match="log in again"):
                await call.link.json(server.url)
            assert len(server.requests) == 2

    asyncio.run(main())


def test_a_page_link_to_another_host_is_not_followed() -> None:
    async def main() -> None:
        async with serving(GOOD) as api, serving(GOOD) as stranger:
            async with line(api.url, FakeTime().clock, auth=Credential("a-token")) as call:
                for url in (stranger.url, api.alias, api.url.replace("//", "//user@"), "http://[", "messages"):
                    with pytest.raises(ServiceError, match="leads to another host"):
                        await call.link.json(url)
            assert api.requests + stranger.requests == []

    asyncio.run(main())


@pytest.mark.parametrize("location", ["{}", "http://[::1", "file:///etc/passwd", ""])
def test_a_page_that_redirects_is_not_followed(location: str) -> None:
    async def main() -> None:
        async with (
            serving(GOOD) as stranger,
            serving(always(302, b"", ("Location", location.format(stranger.url)))) as api,
            line(api.url, FakeTime().clock, auth=Credential("a-token")) as call,
        ):
            with pytest.raises(StatusError) as caught:
                await call.link.json(api.url)
            assert caught.value.status == 302
            assert (len(api.requests), stranger.requests) == (1, [])

    asyncio.run(main())


BROKEN: dict[str, tuple[Answer, type[Exception]]] = {
    "hangs up": (silence, ServiceError),
    "cuts": (cut, ServiceError),
    "fails": (always(500), ServiceError),
    "refuses": (too_many(("Retry-After", "7200")), RateLimited),
    "denies": (always(403, b'{"message": "no"}'), StatusError),
    "expires": (always(401), AuthError),
}


@pytest.mark.parametrize(("answer", "kind"), BROKEN.values(), ids=BROKEN)
def test_no_error_of_a_page_carries_a_token_a_url_or_a_request(answer: Answer, kind: type[Exception]) -> None:
    async def main() -> None:
        auth = Credential("planted-1", "planted-2", "planted-3")
        async with serving(answer) as server, line(server.url, FakeTime().clock, auth=auth) as call:
            with pytest.raises(kind) as caught:
                await call.link.json(f"{server.url}/messages?signature=planted-4")
            assert server.requests[0].header("Authorization") == "Bearer planted-1"
            assert "planted" not in texts_within(caught.value)
            # Nor does a traceback that shows the variables of our own code (IPython's Verbose mode, say).
            shown = [repr(variables) for name, variables in frames(caught.value) if name.startswith("chatframes.")]
            assert shown
            assert "planted-1" not in "".join(shown)

    asyncio.run(main())


def frames(error: BaseException) -> list[tuple[str, dict[str, object]]]:
    """Return the module and the variables of every frame an error came through."""
    walked = traceback.walk_tb(error.__traceback__)
    return [(frame.f_globals["__name__"], dict(frame.f_locals)) for frame, _ in walked]


@pytest.mark.parametrize("answer", [silence, always(500), always(401), always(302, b"", ("Location", "file:///x"))])
def test_no_refusal_of_an_attachment_carries_a_token_a_url_or_a_request(answer: Answer) -> None:
    async def main() -> None:
        auth = Credential("planted-1", "planted-2", "planted-3")
        async with serving(answer) as server, line(server.url, FakeTime().clock, auth=auth) as call:
            with pytest.raises(Refusal) as caught:
                async with call.link.download(f"{server.url}/contents/1?signature=planted-4"):
                    pass
            assert server.requests[0].header("Authorization") == "Bearer planted-1"
            assert "planted" not in texts_within(caught.value)

    asyncio.run(main())


def test_the_error_below_does_carry_them_so_the_two_tests_above_can_fail() -> None:
    async def main() -> None:
        async with serving(silence) as server, line(server.url, FakeTime().clock) as call:
            with pytest.raises(httpx.RemoteProtocolError) as caught:
                await call.http.request("GET", f"{server.url}/?signature=planted-4", token=SecretStr("planted-1"))
            texts = texts_within(caught.value)
            assert "planted-1" in texts
            assert "planted-4" in texts

    asyncio.run(main())


@pytest.mark.parametrize("body", ["cut", "no gzip", "too large"])
def test_an_error_whose_body_is_broken_is_still_that_error(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_BYTES", 2**20)

    async def broken(_: Request, reply: Reply) -> None:
        if body == "no gzip":
            await reply.answer(404, b"{}", ("Content-Encoding", "gzip"))
        else:
            await reply.head(404, length=2**30)
            await reply.send(b" " * (2**21 if body == "too large" else 10))
            reply.hang_up()

    async def main() -> None:
        async with serving(broken) as server, line(server.url, FakeTime().clock) as call:
            with pytest.raises(StatusError) as caught:
                await call.link.json(server.url)
            assert (caught.value.status, len(server.requests)) == (404, 1)

    asyncio.run(main())


# --- single odd answers, through the seam ---------------------------------------------------------------------------


@pytest.fixture
def stock_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        http_module, "make_transport", lambda limits: httpx.AsyncHTTPTransport(limits=limits, verify=False)
    )


def ask(time: FakeTime, path: str = "/messages", **keywords: frozenset[int]) -> pages.Answer:
    async def main() -> pages.Answer:
        async with line(API, time.clock, auth=Credential("old", "new")) as call:
            return await call.link.json(API + path, **keywords)

    return asyncio.run(main())


@pytest.mark.usefixtures("stock_transport")
@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 422, 451])
def test_a_status_no_retry_will_change_is_raised_after_one_request(status: int) -> None:
    with respx.mock:
        route = respx.get(f"{API}/messages").respond(status, json={"message": "Room not found. " + "x" * 500})
        with pytest.raises(StatusError, match=f"Webex answered HTTP {status}: Room not found") as caught:
            ask(FakeTime())
        assert route.call_count == 1
    assert caught.value.status == status
    assert len(caught.value.detail) == 200


@pytest.mark.usefixtures("stock_transport")
@pytest.mark.parametrize("status", [403, 404, 504])
def test_a_status_the_caller_wants_to_see_is_handed_on(status: int) -> None:
    with respx.mock:
        route = respx.get(f"{API}/messages").respond(status, text="<html>not JSON</html>")
        answer = ask(FakeTime(), let_through=frozenset({403, 404, 504}))
        assert route.call_count == 1
    assert (answer.status, answer.payload) == (status, {})


@pytest.mark.usefixtures("stock_transport")
def test_a_refusal_and_then_a_renewal_and_then_a_page() -> None:
    time = FakeTime()
    with respx.mock:
        route = respx.get(f"{API}/messages").mock(
            side_effect=[
                httpx.Response(429, headers={"Retry-After": "12"}, text="<html>"),
                httpx.Response(401, json={}),
                httpx.Response(200, json=PAGE, headers={"Link": f'<{API}/messages?max=1>; rel="next"'}),
            ]
        )
        answer = ask(time)
        assert route.call_count == 3
        assert [call.request.headers["Authorization"] for call in route.calls] == ["Bearer old"] * 2 + ["Bearer new"]
    assert (answer.payload, answer.headers["Link"]) == (PAGE, f'<{API}/messages?max=1>; rel="next"')
    assert time.sleeps == [12.0]


@pytest.mark.usefixtures("stock_transport")
def test_an_exhausted_pool_is_counted_for_the_report_and_named_to_the_user() -> None:
    time = FakeTime()
    advice = "lower max_concurrent_image_downloads"

    async def main() -> None:
        async with line(API, time.clock) as call:
            with pytest.raises(ServiceError, match=advice):
                await call.link.json(f"{API}/messages")
            with pytest.raises(Refusal) as caught:
                async with call.link.download(f"{API}/contents/1"):
                    pass
            assert (caught.value.reason, caught.value.error) == ("timeout", advice)
            assert call.counts["pool_timeout"] == PAGE_ATTEMPTS + 1

    with respx.mock:
        page = respx.get(f"{API}/messages").mock(side_effect=httpx.PoolTimeout(advice))
        image = respx.get(f"{API}/contents/1").mock(side_effect=httpx.PoolTimeout(advice))
        asyncio.run(main())
        assert (page.call_count, image.call_count) == (PAGE_ATTEMPTS, 1)


def test_the_clock_of_the_library_speaks_utc() -> None:
    assert SYSTEM.now().utcoffset() == timedelta(0)
