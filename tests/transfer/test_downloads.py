"""Attachments become outcomes, at real servers: whole, once each, within limits, whatever the other side does."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import httpx
import pytest
import respx
from help.fakes import Credential, FakeTime, Line, line, picture
from help.hurrying import fast_clock
from help.loopback import GUARD_SECONDS, Answer, Reply, Request, always, in_turn, serving, together
from help.undecodable import DECODED, UNDECODABLE, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from chatframes.model import Attachment, Body, Outcome, Refusal, Status
from chatframes.transfer import downloads as downloads_module
from chatframes.transfer import http as http_module
from chatframes.transfer.answers import next_address
from chatframes.transfer.bound import Bound
from chatframes.transfer.byte_budget import ByteBudget
from chatframes.transfer.clock import Clock
from chatframes.transfer.downloads import ATTEMPTS, Downloader, Read
from chatframes.transfer.lanes import Lane

MiB = 2**20
JPEG = ("Content-Type", "image/jpeg")
STATUSES: Mapping[int, tuple[Status, str]] = {
    404: ("failed", "gone"),
    410: ("skipped", "malware"),
    423: ("failed", "locked"),
    428: ("skipped", "unscannable"),
}
PICTURE = picture(1, 50_000)
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def attachment(url: str, **facts: object) -> Attachment:
    return Attachment(0, "file", url, url, **facts)  # type: ignore[arg-type]


def over(call: Line) -> Read:
    """The way a source reads: an open `Link`, and what the service's statuses mean."""

    def read(wanted: Attachment) -> AbstractAsyncContextManager[Body]:
        return call.link.download(wanted.url or "", STATUSES)

    return read


async def settle(
    downloader: Downloader, call: Line, wanted: Sequence[Attachment], *, workers: int = 20, read: Read | None = None
) -> list[Outcome]:
    """Run a downloader until every attachment has its outcome, which comes exactly once."""
    outcomes: list[Outcome | None] = [None] * len(wanted)
    missing, finished = len(wanted), asyncio.Event()

    def done(place: int, outcome: Outcome) -> None:
        nonlocal missing
        assert outcomes[place] is None
        outcomes[place] = outcome
        missing -= 1
        if missing == 0:
            finished.set()

    with call.gate.downloads.limited_to(workers):
        async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(downloader.run())
            for place, one in enumerate(wanted):
                downloader.submit(one.source_id, one, read or over(call), partial(done, place))
            await finished.wait()
            running.cancel()
    assert call.gate.downloads.active == 0
    return [outcome for outcome in outcomes if outcome is not None]


async def download(
    base_url: str,
    targets: Iterable[str | Attachment],
    clock: Clock | None = None,
    *,
    cap: int = 10 * MiB,
    workers: int = 20,
    token: str = "",
    adaptive: bool = True,
) -> list[Outcome]:
    clock = clock or FakeTime().clock
    async with line(base_url, clock, auth=Credential(token), downloads=workers, adaptive=adaptive) as call:
        downloader = Downloader(call.gate.downloads, workers, cap, clock)
        wanted = [attachment(base_url + one) if isinstance(one, str) else one for one in targets]
        return await settle(downloader, call, wanted, workers=workers)


def one_outcome(answer: Answer, clock: Clock | None = None, *, cap: int = 10 * MiB) -> tuple[Outcome, int]:
    """Download one attachment from a server that answers like this; its outcome, and how often it was asked for."""

    async def main() -> tuple[Outcome, int]:
        async with serving(answer) as server:
            (outcome,) = await download(server.url, ["/contents/1"], clock, cap=cap)
            return outcome, len(server.requests)

    return asyncio.run(main())


def assert_whole(outcome: Outcome, data: bytes = PICTURE) -> None:
    assert (outcome.status, outcome.reason, outcome.data, outcome.size) == ("ok", None, data, len(data))
    assert outcome.sha256 == hashlib.sha256(data).hexdigest()
    assert (outcome.mime, outcome.width, outcome.height) == ("image/jpeg", 16, 12)


def assert_nothing_kept(outcome: Outcome, status: str, reason: str) -> None:
    assert (outcome.status, outcome.reason) == (status, reason)
    assert (outcome.data, outcome.sha256) == (None, None)


# --- a good day -----------------------------------------------------------------------------------------------------


def test_a_picture_comes_whole_with_everything_its_headers_said() -> None:
    headers = [
        ("Content-Type", "Image/JPEG; charset=binary"),
        ("Content-Disposition", 'attachment; filename="../holi\\"day.jpg"'),
    ]
    outcome, asked = one_outcome(always(200, PICTURE, *headers))
    assert_whole(outcome)
    assert (outcome.name, outcome.declared_mime, outcome.declared_size) == ('holi"day.jpg', "image/jpeg", 50_000)
    assert (outcome.http_status, outcome.attempts, asked) == (200, 1, 1)


def test_a_picture_is_asked_for_unpacked_and_with_one_get() -> None:
    async def main() -> None:
        async with serving(always(200, PICTURE, JPEG)) as server:
            await download(server.url, ["/contents/1"])
            (request,) = server.requests
            assert (request.method, request.header("Accept-Encoding")) == ("GET", "identity")

    asyncio.run(main())


@pytest.mark.parametrize("declared", ["application/octet-stream", "image/png", "text/html", "", "IMAGE/JPG ;x"])
def test_the_bytes_say_that_it_is_a_picture_whatever_the_header_says(declared: str) -> None:
    outcome, asked = one_outcome(always(200, PICTURE, ("Content-Type", declared)))
    assert_whole(outcome)
    assert asked == 1


def test_each_distinct_content_is_fetched_once_however_many_attachments_show_it() -> None:
    async def main() -> None:
        async with serving(always(200, PICTURE, JPEG)) as server, line(server.url, FakeTime().clock) as call:
            downloader = Downloader(call.gate.downloads, 5, MiB, FakeTime().clock)
            wanted = [attachment(f"{server.url}/{number % 7}", name=f"copy {number}") for number in range(70)]
            for asked in (7, 7):  # the second time everything is known already
                outcomes = await settle(downloader, call, wanted)
                assert [outcome.sha256 for outcome in outcomes] == [SHA256] * 70
                assert len(server.requests) == asked
            assert {outcome.attempts for outcome in outcomes} == {0}
            assert outcomes[69].name == "copy 69"

    asyncio.run(main())


def test_a_thousand_pictures_reach_the_limit_of_20_and_never_pass_it() -> None:
    async def main() -> None:
        most_tasks = 0

        async def answer(request: Request, reply: Reply) -> None:
            nonlocal most_tasks
            most_tasks = max(most_tasks, len(asyncio.all_tasks()) - len(server.open))
            await asyncio.sleep(0)
            await reply.answer(200, picture(int(request.target[1:]), 2_000), JPEG)

        async with serving(together(20, answer)) as server:
            outcomes = await download(server.url, [f"/{number}" for number in range(1000)], adaptive=False)
            assert server.peak_active == 20
            assert server.tally.peak == 20  # and no connection was thrown away
            assert server.connections == 20
            assert Counter(server.targets).most_common(1)[0][1] == 1
        assert [outcome.data for outcome in outcomes] == [picture(number, 2_000) for number in range(1000)]
        assert most_tasks < 50  # workers on a queue, not a thousand tasks

    asyncio.run(main())


def test_two_calls_at_once_stay_within_the_limit_of_their_service() -> None:
    async def main() -> None:
        async with serving(together(20, always(200, PICTURE, JPEG))) as server:
            async with line(server.url, FakeTime().clock, adaptive=False) as call:

                async def one_call(name: str) -> list[Outcome]:
                    downloader = Downloader(call.gate.downloads, 20, MiB, FakeTime().clock)
                    return await settle(downloader, call, [attachment(f"{server.url}/{name}{n}") for n in range(60)])

                both = await asyncio.gather(one_call("a"), one_call("b"))
            assert [len(outcomes) for outcomes in both] == [60, 60]
            assert (server.peak_active, len(server.requests)) == (20, 120)

    asyncio.run(main())


# --- no more than the limit -----------------------------------------------------------------------------------------

CAP = 200_000
SOCKETS_BYTES = 8 * MiB  # what two sockets and a read buffer may hold on the way


async def endless_picture(_: Request, reply: Reply) -> None:
    await reply.head(200, JPEG)
    await reply.send(PICTURE)
    while True:
        await reply.send(bytes(65_536))


async def endless_in_chunks(_: Request, reply: Reply) -> None:
    await reply.head(200, JPEG, ("Transfer-Encoding", "chunked"))
    await reply.chunk(PICTURE)
    while True:
        await reply.chunk(bytes(65_536))


@pytest.mark.parametrize("answer", [endless_picture, endless_in_chunks])
def test_a_body_without_end_is_cut_at_the_limit_and_nothing_of_it_kept(answer: Answer) -> None:
    async def main() -> None:
        async with serving(answer) as server:
            (outcome,) = await download(server.url, ["/1"], cap=CAP)
            await server.until(lambda: not server.open)
            assert_nothing_kept(outcome, "skipped", "too_large")
            assert server.sent_bytes < CAP + SOCKETS_BYTES
            assert len(server.requests) == 1

    asyncio.run(main())


def test_a_length_over_the_limit_is_believed_and_the_body_not_read() -> None:
    async def main() -> None:
        async def large(_: Request, reply: Reply) -> None:
            await reply.head(200, JPEG, length=2**40)
            await reply.send(picture(1, 2_000))
            await reply.until_left()

        async with serving(large) as server:
            (outcome,) = await download(server.url, ["/1"], cap=CAP)
            assert_nothing_kept(outcome, "skipped", "too_large")
            assert (outcome.declared_size, outcome.mime, outcome.error) == (
                2**40,
                "image/jpeg",
                f"{2**40} bytes, over the limit of {CAP} bytes",
            )
            await server.until(lambda: not server.open)

    asyncio.run(main())


@pytest.mark.parametrize("length", [-1, None])
@pytest.mark.parametrize(("size", "status"), [(CAP - 1, "ok"), (CAP, "ok"), (CAP + 1, "skipped")])
def test_the_limit_is_the_largest_size_that_is_kept(size: int, status: str, length: int | None) -> None:
    data = picture(1, size)
    assert len(data) == size

    async def sized(_: Request, reply: Reply) -> None:
        await reply.answer(200, data, JPEG, length=length)

    outcome, asked = one_outcome(sized, cap=CAP)
    assert (outcome.status, asked) == (status, 1)
    assert outcome.data == (data if status == "ok" else None)


def test_a_size_announced_over_the_limit_is_not_even_asked_for() -> None:
    async def main() -> None:
        async with serving(always(200, PICTURE, JPEG)) as server:
            wanted = attachment(f"{server.url}/1", declared_size=CAP + 1)
            (outcome,) = await download(server.url, [wanted], cap=CAP)
            assert_nothing_kept(outcome, "skipped", "too_large")
            assert server.requests == []

    asyncio.run(main())


def test_memory_follows_what_is_kept_not_what_is_sent() -> None:
    async def main() -> int:
        async with serving(endless_picture) as server:
            tracemalloc.start()
            outcomes = await download(server.url, [f"/{number}" for number in range(20)], cap=CAP)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert {outcome.reason for outcome in outcomes} == {"too_large"}
            return peak

    assert asyncio.run(main()) < 40 * MiB


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip, gzip", "br", "deflate", "zstd", "x-odd"])
def test_a_packed_picture_is_refused_without_unpacking(encoding: str) -> None:
    bomb = gzip.compress(gzip.compress(bytes(50 * MiB)))
    tracemalloc.start()
    outcome, asked = one_outcome(always(200, bomb, JPEG, ("Content-Encoding", encoding)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_nothing_kept(outcome, "failed", "content_encoding")
    assert asked == 1
    assert peak < 10 * MiB


@pytest.mark.parametrize("encoding", ["identity", "aws-chunked", "utf-8", "binary", "gzip", "none"])
def test_a_picture_that_is_not_packed_is_taken_whatever_its_header_says(encoding: str) -> None:
    outcome, _ = one_outcome(always(200, PICTURE, JPEG, ("Content-Encoding", encoding)))
    assert_whole(outcome)


# --- in order -------------------------------------------------------------------------------------------------------


def test_the_least_rank_comes_next_and_a_retry_and_a_shared_picture_take_their_best_place() -> None:
    async def main() -> list[str]:
        refused = in_turn(always(503, b"", ("Retry-After", "0")), always(200, PICTURE, JPEG))

        async def answer(request: Request, reply: Reply) -> None:
            await (refused if request.target == "/2" else always(200, PICTURE, JPEG))(request, reply)

        clock = FakeTime().clock
        async with serving(answer) as server, line(server.url, clock) as call:
            downloader = Downloader(call.gate.downloads, 1, 10 * MiB, clock)
            outcomes: list[Outcome] = []
            with call.gate.downloads.limited_to(1):
                ranks = [(9, "/9"), (2, "/2"), (8, "/shared"), (5, "/5"), (5, "/5b"), (1, "/shared"), (7, "/7")]
                for rank, name in ranks:
                    one = attachment(server.url + name)
                    downloader.submit(name, one, over(call), outcomes.append, rank)
                running = asyncio.create_task(downloader.run())
                while len(outcomes) < 7:
                    await asyncio.sleep(0)
                running.cancel()
            assert {outcome.status for outcome in outcomes} == {"ok"}
            return server.targets

    # The file that is refused waits while others are under way, and then its place is before all that are left.
    targets = asyncio.run(main())
    again = targets.index("/2", 2)
    assert again < targets.index("/9")
    assert [*targets[:again], *targets[again + 1 :]] == ["/shared", "/2", "/5", "/5b", "/7", "/9"]


# --- slow -----------------------------------------------------------------------------------------------------------


def test_a_trickle_is_given_up_in_the_end_and_the_others_finish_meanwhile() -> None:
    async def main() -> None:
        time, sent = FakeTime(), 0

        async def answer(request: Request, reply: Reply) -> None:
            nonlocal sent
            if request.target != "/trickle":
                await reply.answer(200, PICTURE, JPEG)
                return
            await server.until(lambda: len(set(server.targets)) == 41 and server.active == 1)
            await reply.head(200, JPEG, length=len(PICTURE))
            for byte in PICTURE:
                time.advance(0.5)
                sent += 1
                await reply.send(bytes([byte]))
                await asyncio.sleep(0)

        async with serving(answer) as server:
            targets = ["/trickle", *(f"/{number}" for number in range(40))]
            slow, *others = await download(server.url, targets, time.clock)
            assert_nothing_kept(slow, "failed", "too_slow")
            for outcome in others:
                assert_whole(outcome)
            assert slow.attempts == 2  # each given up after half a minute: a host that trickles is asked once more
            assert sent < 2 * 100

    asyncio.run(main())


def test_a_trickle_just_fast_enough_for_each_moment_is_still_ended_by_the_whole_time() -> None:
    async def main() -> None:
        time, data = FakeTime(), picture(1, 9 * MiB)

        async def steady(_: Request, reply: Reply) -> None:
            await reply.head(200, JPEG, length=len(data))
            for start in range(0, len(data), 4096):
                time.advance(2.0)
                await reply.send(data[start : start + 4096])
                await asyncio.sleep(0)

        async with serving(steady) as server:
            (outcome,) = await download(server.url, ["/1"], time.clock)
            assert_nothing_kept(outcome, "failed", "too_slow")
            assert len(server.requests) == 1  # nor does another try begin the time anew
            assert 180 < time.seconds < 220

    asyncio.run(main())


@pytest.mark.parametrize(("in_line", "tries"), [(False, 2), (True, ATTEMPTS)])
def test_time_to_open_a_file_counts_but_not_the_time_it_stands_in_line(in_line: bool, tries: int) -> None:
    async def main() -> None:
        time, bound = FakeTime(), Bound()
        lane = Lane("busy.example", bound)
        outcomes: list[Outcome] = []

        @asynccontextmanager
        async def opens_late(_: Attachment) -> AsyncIterator[Body]:
            if in_line:
                full = [await lane.turn(time.clock) for _ in range(lane.width.now)]
                asyncio.get_running_loop().call_soon(lambda: (time.advance(100.0), *(turn.end() for turn in full)))
                (await lane.turn(time.clock)).end()
            else:
                time.advance(100.0)
            raise Refusal("failed", "timeout")
            yield

        with bound.limited_to(2):
            downloader = Downloader(bound, 1, MiB, time.clock)
            running = asyncio.create_task(downloader.run())
            downloader.submit("1", attachment("1"), opens_late, outcomes.append)
            while not outcomes:
                await asyncio.sleep(0)
            running.cancel()
        assert outcomes[0].attempts == tries

    asyncio.run(main())


def test_a_stalled_trickle_is_given_up_on_the_real_clock_too() -> None:
    async def trickle(_: Request, reply: Reply) -> None:
        await reply.head(200, JPEG, length=2**20)
        for byte in PICTURE:
            await reply.send(bytes([byte]))
            await asyncio.sleep(0.001)

    outcome, asked = one_outcome(trickle, fast_clock(3000))  # 30 s in 10 ms
    assert_nothing_kept(outcome, "failed", "too_slow")
    assert 1 <= asked <= 2


def test_a_server_that_stalls_for_ever_is_tried_four_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "TIMEOUT", httpx.Timeout(30.0, read=0.05))

    async def stalls(_: Request, reply: Reply) -> None:
        await reply.head(200, JPEG, length=len(PICTURE))
        await reply.send(PICTURE[:1000])
        await reply.until_left()

    outcome, asked = one_outcome(stalls)
    assert_nothing_kept(outcome, "failed", "timeout")
    assert (outcome.attempts, asked) == (4, 4)


# --- cut ------------------------------------------------------------------------------------------------------------


def sends_only(count: int, how: str) -> Answer:
    async def answer(_: Request, reply: Reply) -> None:
        if how == "reset before the head":
            reply.reset()
            return
        if how == "chunked":
            await reply.head(200, JPEG, ("Transfer-Encoding", "chunked"))
            await reply.chunk(PICTURE[:count])
        else:
            await reply.head(200, JPEG, length=None if how == "without a length" else len(PICTURE))
            await reply.send(PICTURE[:count])
        if how == "reset":
            for _turn in range(20):
                await asyncio.sleep(0)
            reply.reset()
        else:
            reply.hang_up()

    return answer


CUTS = [
    (count, how)
    for how in ("with a length", "without a length", "chunked", "reset")
    for count in (0, 1, 20, 1_023, 1_024, 1_025, 25_000, len(PICTURE) - 1)
    if (count, how) != (1, "without a length")  # a single byte that nobody announced could be anything
] + [(0, "reset before the head")]


@pytest.mark.parametrize(("count", "how"), CUTS)
def test_a_cut_picture_is_fetched_again_and_then_whole(count: int, how: str) -> None:
    cut = sends_only(count, how)
    outcome, asked = one_outcome(in_turn(cut, cut, always(200, PICTURE, JPEG)))
    assert_whole(outcome)
    assert outcome.sha256 == SHA256
    assert (outcome.attempts, asked) == (3, 3)


@pytest.mark.parametrize("how", ["with a length", "without a length", "chunked", "reset"])
def test_a_picture_that_is_always_cut_is_never_ok(how: str) -> None:
    time = FakeTime()
    outcome, asked = one_outcome(sends_only(25_000, how), time.clock)
    assert_nothing_kept(outcome, "failed", "truncated")
    assert (outcome.attempts, asked, len(time.sleeps)) == (4, 4, 3)


def test_a_length_that_is_too_small_does_not_make_a_picture_whole() -> None:
    async def liar(_: Request, reply: Reply) -> None:
        await reply.answer(200, PICTURE, JPEG, length=len(PICTURE) // 2)

    outcome, asked = one_outcome(liar)
    # What follows the length breaks the answer, or half a picture comes twice as it was announced.
    assert outcome.data is None
    assert (outcome.reason, asked) in (("connect", 4), ("undecodable", 2))


def test_a_format_that_shows_no_end_is_held_to_its_length() -> None:
    tiff = saved("TIFF", "F")

    async def short(_: Request, reply: Reply) -> None:
        await reply.head(200, length=len(tiff))
        await reply.send(tiff[:3_000])
        reply.hang_up()

    outcome, asked = one_outcome(in_turn(short, always(200, tiff)))
    assert (outcome.status, outcome.mime, outcome.data, asked) == ("ok", "image/tiff", tiff, 2)


# --- an end mark is no truth about the way here ----------------------------------------------------------------------

WITHOUT_END = {
    "GIF without its trailer": (DECODED, True),
    "GIF with zeros before its trailer": (DECODED, True),
    "GIF cut in its second frame": (DECODED, True),
    "PNG without IEND": (DECODED, True),
    "BMP whose length is a lie": (DECODED, True),
    "JPEG without an end": (UNDECODABLE, False),
    "progressive JPEG without an end": (UNDECODABLE, False),
    "PNG cut in its data": (UNDECODABLE, False),
    "WebP cut": (UNDECODABLE, False),
}


@pytest.mark.parametrize("name", WITHOUT_END)
def test_what_came_twice_as_announced_is_what_the_server_has(name: str) -> None:
    pictures, kept = WITHOUT_END[name]
    data = pictures[name]()
    outcome, asked = one_outcome(always(200, data))
    assert (outcome.attempts, asked, outcome.note) == (2, 2, "no_end_mark")
    assert (outcome.status, outcome.reason) == (("ok", None) if kept else ("skipped", "undecodable"))
    assert outcome.data == (data if kept else None)
    assert (outcome.size, outcome.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_cut_that_looks_whole_is_not_believed_when_other_bytes_come_next() -> None:
    def part(length: int) -> Answer:
        return always(200, PICTURE[:length], JPEG)  # a gateway that cuts, and announces what it has

    outcome, asked = one_outcome(in_turn(part(30_000), part(40_000), always(200, PICTURE, JPEG)))
    assert_whole(outcome)
    assert (asked, outcome.note) == (3, None)
    outcome, asked = one_outcome(in_turn(part(30_000), part(40_000), part(20_000), part(10_000)))
    assert_nothing_kept(outcome, "failed", "truncated")
    assert asked == 4
    outcome, asked = one_outcome(in_turn(part(30_000), part(40_000), part(30_000)))
    assert (outcome.reason, asked) == ("undecodable", 3)


def test_what_came_twice_to_its_last_piece_is_what_the_server_has() -> None:
    data = saved("GIF", "L")[:-1]

    async def answer(_: Request, reply: Reply) -> None:
        await reply.head(200, ("Content-Type", "image/gif"), ("Transfer-Encoding", "chunked"))
        await reply.chunk(data)
        await reply.chunk(b"")

    outcome, asked = one_outcome(answer)
    assert (outcome.status, outcome.note, asked) == ("ok", "no_end_mark", 2)
    assert outcome.data == data


def test_without_a_length_a_missing_end_stays_a_cut() -> None:
    async def answer(_: Request, reply: Reply) -> None:
        await reply.head(200, ("Content-Type", "image/gif"), length=None)
        await reply.send(saved("GIF", "L")[:-1])
        reply.hang_up()

    outcome, asked = one_outcome(answer)
    assert_nothing_kept(outcome, "failed", "truncated")
    assert asked == 4


@pytest.mark.parametrize("name", UNDECODABLE)
def test_a_picture_that_readers_do_not_open_is_listed_or_kept_on_request(name: str) -> None:
    data = UNDECODABLE[name]()

    async def main(*, keep: bool) -> tuple[Outcome, int]:
        async with serving(always(200, data)) as server, line(server.url, FakeTime().clock) as call:
            downloader = Downloader(call.gate.downloads, 1, 10 * MiB, FakeTime().clock, keep_undecodable=keep)
            (outcome,) = await settle(downloader, call, [attachment(f"{server.url}/1")])
            return outcome, len(server.requests)

    outcome, asked = asyncio.run(main(keep=False))
    assert (outcome.status, outcome.reason, outcome.data) == ("skipped", "undecodable", None)
    assert outcome.error
    assert asked <= 2
    outcome, _ = asyncio.run(main(keep=True))
    assert (outcome.status, outcome.reason, outcome.data) == ("ok", None, data)
    assert outcome.note in ("undecodable", "no_end_mark")


# --- not a picture --------------------------------------------------------------------------------------------------


def test_a_document_is_listed_by_its_headers_and_not_downloaded() -> None:
    async def main() -> None:
        async def document(_: Request, reply: Reply) -> None:
            name = ("Content-Disposition", 'attachment; filename="report.pdf"')
            await reply.head(200, ("Content-Type", "application/pdf"), name, length=2**40)
            await reply.send(b"%PDF-1.7\n" + bytes(1000))
            while True:
                await reply.send(bytes(65_536))

        async with serving(document) as server:
            (outcome,) = await download(server.url, ["/1"], cap=CAP)
            await server.until(lambda: not server.open)  # the connection was left early
            assert_nothing_kept(outcome, "skipped", "not_an_image")
            assert (outcome.name, outcome.mime, outcome.declared_mime) == (
                "report.pdf",
                "application/pdf",
                "application/pdf",
            )
            assert (outcome.declared_size, outcome.size, len(server.requests)) == (2**40, None, 1)
            assert server.sent_bytes < SOCKETS_BYTES

    asyncio.run(main())


@pytest.mark.parametrize("body", [b"<!doctype html><title>Log in</title>", b'{"message": "no"}', b""])
def test_an_error_page_served_as_a_picture_is_tried_again_and_then_told(body: bytes) -> None:
    outcome, asked = one_outcome(always(200, body, JPEG))
    assert_nothing_kept(outcome, "failed", "bad_response")
    assert asked == 4
    outcome, asked = one_outcome(in_turn(always(200, body, JPEG), always(200, PICTURE, JPEG)))
    assert_whole(outcome)
    assert asked == 2


@pytest.mark.parametrize("body", [b"just text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"PK\3\4" + bytes(900)])
def test_what_is_no_picture_is_no_picture_even_when_it_is_called_one(body: bytes) -> None:
    outcome, asked = one_outcome(always(200, body, JPEG))
    assert_nothing_kept(outcome, "skipped", "not_an_image")
    assert asked == 1


# --- what statuses mean ---------------------------------------------------------------------------------------------

FINAL = {
    400: ("failed", "http_4xx"),
    401: ("failed", "unauthorized"),
    403: ("failed", "forbidden"),
    404: ("failed", "gone"),
    410: ("skipped", "malware"),
    415: ("failed", "http_4xx"),
    428: ("skipped", "unscannable"),
}


@pytest.mark.parametrize(("status", "meaning"), FINAL.items(), ids=map(str, FINAL))
def test_a_final_status_is_asked_for_once(status: int, meaning: tuple[str, str]) -> None:
    outcome, asked = one_outcome(always(status, b'{"message": "no"}'))
    assert_nothing_kept(outcome, *meaning)
    assert (outcome.http_status, outcome.attempts, asked) == (status, 1, 1)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 524])
@pytest.mark.parametrize("failures", [1, 2, 3, 4])
def test_a_passing_status_is_tried_again_up_to_three_times(status: int, failures: int) -> None:
    answers = [always(status)] * failures + [always(200, PICTURE, JPEG)]
    outcome, asked = one_outcome(in_turn(*answers))
    assert asked == min(4, failures + 1)
    if failures < 4:
        assert_whole(outcome)
    else:
        assert_nothing_kept(outcome, "failed", "http_5xx")
        assert outcome.http_status == status


def test_waits_between_tries_double_from_half_a_second_with_jitter() -> None:
    time, dice = FakeTime(seed=6), random.Random(6)
    one_outcome(always(500), time.clock)
    assert time.sleeps == pytest.approx([max(0.1, dice.random()) * 0.5 * 2**failure for failure in (1, 2, 3)])


def test_a_file_that_is_being_scanned_is_waited_for_outside_the_gate_while_others_go_on() -> None:
    async def main() -> None:
        served = 0

        async def others_are_done() -> None:
            await server.until(lambda: served == 30)

        async def answer(request: Request, reply: Reply) -> None:
            nonlocal served
            if request.target == "/locked" and served < 30:
                await reply.answer(423, b"", ("Retry-After", "20"))
                return
            served += 1
            await reply.answer(200, PICTURE, JPEG)

        time = FakeTime(before_waking=others_are_done)
        async with serving(answer) as server:
            targets = ["/locked", *(f"/{number}" for number in range(30))]
            # With one place in all, a wait inside the gate would keep it, and the others could never be done.
            for outcome in await download(server.url, targets, time.clock, workers=1):
                assert_whole(outcome)
            assert server.targets.count("/locked") == 2
        assert time.sleeps == [20.0]

    asyncio.run(main())


@pytest.mark.parametrize(("retry_after", "asked_at_most"), [("20", 4), ("61", 1), ("1", 10), ("0", 10), (None, 4)])
def test_a_file_that_stays_locked_is_given_up_within_a_minute(retry_after: str | None, asked_at_most: int) -> None:
    time = FakeTime()
    headers = [] if retry_after is None else [("Retry-After", retry_after)]
    outcome, asked = one_outcome(always(423, b"", *headers), time.clock)
    assert_nothing_kept(outcome, "failed", "locked")
    assert asked == outcome.attempts == asked_at_most
    assert time.seconds <= 60.0


# --- refused --------------------------------------------------------------------------------------------------------


def test_a_refusal_is_waited_for_by_everybody_and_then_all_is_well() -> None:
    time = FakeTime()

    async def main() -> None:
        refused = set[str]()

        async def answer(request: Request, reply: Reply) -> None:
            if len(refused) < 3 and request.target not in refused:
                refused.add(request.target)
                await reply.answer(429, b"", ("Retry-After", "30"))
            else:
                await reply.answer(200, PICTURE, JPEG)

        async with serving(answer) as server:
            for outcome in await download(server.url, [f"/{number}" for number in range(50)], time.clock):
                assert_whole(outcome)
            assert len(server.requests) == 53

    asyncio.run(main())
    assert 30.0 <= time.seconds < 60.0


@pytest.mark.parametrize("seconds", [61, 3600, 10**12])
def test_a_refusal_for_longer_than_a_minute_fails_at_once_and_says_until_when(seconds: int) -> None:
    outcome, asked = one_outcome(always(429, b"", ("Retry-After", str(seconds))))
    assert_nothing_kept(outcome, "failed", "rate_limited")
    assert (outcome.attempts, asked) == (1, 1)
    assert "until" in (outcome.error or "")


def test_a_service_that_refuses_for_ever_is_not_asked_for_ever() -> None:
    for headers in ([], [("Retry-After", "0")], [("Retry-After", "soon")], [("Retry-After", "40")]):
        time = FakeTime()
        outcome, asked = one_outcome(always(429, b"", *headers), time.clock)
        assert_nothing_kept(outcome, "failed", "rate_limited")
        assert asked <= 10
        assert time.seconds < 300


# --- redirected -----------------------------------------------------------------------------------------------------


def to(location: str, *headers: tuple[str, str]) -> Answer:
    return always(302, b"moved", ("Location", location), *headers)


def test_a_redirect_to_another_host_is_followed_without_credentials_or_cookies() -> None:
    async def main() -> None:
        async with serving(always(200, PICTURE, JPEG)) as store:
            signed = f"{store.url}/file?X-Signature=a%2Fb%3D+c"
            async with serving(to(signed, ("Set-Cookie", "session=planted; Path=/"))) as api:
                (outcome,) = await download(api.url, ["/contents/1"], token="a-token")
            assert_whole(outcome)
            assert api.requests[0].header("Authorization") == "Bearer a-token"
            (request,) = store.requests
            assert request.target == "/file?X-Signature=a%2Fb%3D+c"
            names = {name.lower() for name, _ in request.headers}
            assert not names & {"authorization", "cookie", "referer", "proxy-authorization"}

    asyncio.run(main())


def test_the_token_stays_on_within_the_api_and_is_gone_once_a_redirect_has_left_it() -> None:
    async def main() -> None:
        async def answer(request: Request, reply: Reply) -> None:
            here = request.header("Host") == f"127.0.0.1:{api.port}"
            steps = {
                "/1": "/2",  # within the API
                "/2": f"{api.alias}/3",  # out of it
                "/3": f"{api.url}/4",  # and back
            }
            assert here == (request.target != "/3")
            if request.target in steps:
                await reply.answer(307, b"", ("Location", steps[request.target]))
            else:
                await reply.answer(200, PICTURE, JPEG)

        async with serving(answer) as api:
            (outcome,) = await download(api.url, ["/1"], token="a-token")
            assert_whole(outcome)
            sent = [(request.target, request.header("Authorization")) for request in api.requests]
            assert sent == [("/1", "Bearer a-token"), ("/2", "Bearer a-token"), ("/3", None), ("/4", None)]

    asyncio.run(main())


def test_an_attachment_on_another_host_gets_no_token() -> None:
    async def main() -> None:
        async with serving(always(200, PICTURE, JPEG)) as api, serving(always(200, PICTURE, JPEG)) as stranger:
            urls = [stranger.url, api.alias, api.url.replace("//", "//user:word@")]
            await download(api.url, [attachment(f"{url}/x") for url in urls], token="a-token")
            sent = [request.header("Authorization") or "" for request in api.requests + stranger.requests]
            assert len(sent) == 3
            assert not any("a-token" in header for header in sent)

    asyncio.run(main())


@pytest.mark.parametrize(("hops", "status"), [(1, "ok"), (5, "ok"), (6, "failed")])
def test_at_most_five_redirects_are_followed(hops: int, status: str) -> None:
    async def count_down(request: Request, reply: Reply) -> None:
        left = int(request.target[1:])
        if left:
            await reply.answer(301, b"", ("Location", f"/{left - 1}"))
        else:
            await reply.answer(200, PICTURE, JPEG)

    async def main() -> None:
        async with serving(count_down) as server:
            (outcome,) = await download(server.url, [f"/{hops}"])
            assert (outcome.status, outcome.reason) == (status, None if status == "ok" else "redirect")
            assert len(server.requests) == min(hops, 5) + 1

    asyncio.run(main())


@pytest.mark.parametrize("location", ["/contents/1", "/", "", "   "])
def test_a_redirect_in_a_circle_or_to_nowhere_ends(location: str) -> None:
    outcome, asked = one_outcome(to(location))
    assert_nothing_kept(outcome, "failed", "redirect")
    assert asked <= 2


BAD_LOCATIONS = [
    "file:///etc/passwd",
    "ftp://127.0.0.1/x.jpg",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "http://user:word@127.0.0.1/",
    "\\\\127.0.0.1\\share",
    "http:\\\\127.0.0.1\\",
    "http://[::1",
    "http://127.0.0.1:99999999/",
    "http://",
]


@pytest.mark.parametrize("location", BAD_LOCATIONS)
def test_a_redirect_to_what_is_no_plain_http_url_is_refused(location: str) -> None:
    outcome, asked = one_outcome(to(location))
    assert_nothing_kept(outcome, "failed", "redirect")
    assert asked == 1


def test_a_redirect_without_a_location_is_refused() -> None:
    outcome, asked = one_outcome(always(302))
    assert_nothing_kept(outcome, "failed", "redirect")
    assert asked == 1


def test_a_redirect_from_https_to_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        http_module, "make_transport", lambda limits: httpx.AsyncHTTPTransport(limits=limits, verify=False)
    )
    assert next_address("https://files.example/1", "/2") == "https://files.example/2"
    with respx.mock(assert_all_called=False) as router:
        first = router.get("https://api.example/1").respond(302, headers={"Location": "http://api.example/2"})
        second = router.get("http://api.example/2").respond(200, content=PICTURE)
        (outcome,) = asyncio.run(download("https://api.example", ["/1"]))
        assert (first.call_count, second.call_count) == (1, 0)
    assert_nothing_kept(outcome, "failed", "redirect")


# --- every attachment has a fate ------------------------------------------------------------------------------------


def test_every_attachment_gets_its_outcome_whatever_becomes_of_the_others() -> None:
    fates: dict[str, tuple[Answer, str | None]] = {
        "fine": (always(200, PICTURE, JPEG), None),
        "cut": (sends_only(9_000, "with a length"), "truncated"),
        "endless": (endless_picture, "too_large"),
        "pdf": (always(200, b"%PDF-1.7"), "not_an_image"),
        "page": (always(200, b"<html>", JPEG), "bad_response"),
        "gone": (always(404), "gone"),
        "locked": (always(423, b"", ("Retry-After", "9")), "locked"),
        "broken": (always(500), "http_5xx"),
        "packed": (always(200, b"x", ("Content-Encoding", "gzip")), "content_encoding"),
        "away": (to("file:///x"), "redirect"),
        "reset": (sends_only(0, "reset before the head"), "connect"),
    }

    async def main() -> None:
        async def answer(request: Request, reply: Reply) -> None:
            await fates[request.target.split("/")[1]][0](request, reply)

        async with serving(answer) as server:
            names = [name for name in fates for _ in range(9)]
            targets: list[str | Attachment] = [f"/{name}/{number}" for number, name in enumerate(names)]
            strange = ["http://[::1", "javascript:alert(1)", "http://127.0.0.1:99999/", "http://xn--a/", ""]
            targets += [attachment(url) for url in strange]
            outcomes = await download(server.url, targets, cap=CAP)
            expected = [fates[name][1] for name in names] + ["bad_url"] * len(strange)
            assert [outcome.reason for outcome in outcomes] == expected
            assert all((outcome.data is not None) == (outcome.status == "ok") for outcome in outcomes)

    asyncio.run(main())


@pytest.mark.parametrize(("error", "reason"), [(RuntimeError("a defect"), "internal"), (MemoryError(), "memory")])
def test_a_defect_while_reading_is_an_outcome_and_the_others_go_on(error: Exception, reason: str) -> None:
    async def main() -> None:
        time = FakeTime()
        async with serving(always(200, PICTURE, JPEG)) as server, line(server.url, time.clock) as call:

            @asynccontextmanager
            async def read(wanted: Attachment):  # type: ignore[no-untyped-def]
                async with over(call)(wanted) as body:
                    if (wanted.url or "").endswith("/13"):
                        raise error
                    yield body

            downloader = Downloader(call.gate.downloads, 3, MiB, time.clock)
            wanted = [attachment(f"{server.url}/{number}") for number in range(20)]
            outcomes = await settle(downloader, call, wanted, read=read)
            assert_nothing_kept(outcomes.pop(13), "failed", reason)
            for outcome in outcomes:
                assert_whole(outcome)
            assert len(server.requests) == 20

    asyncio.run(main())


def test_finished_pictures_are_remembered_up_to_a_size_and_fetched_again_beyond_it() -> None:
    async def main() -> None:
        time = FakeTime()
        async with serving(always(200, PICTURE, JPEG)) as server, line(server.url, time.clock) as call:
            downloader = Downloader(call.gate.downloads, 1, MiB, time.clock, remember_bytes=2 * len(PICTURE))
            for name in ("1", "2", "3", "3", "2", "1", "3"):
                (outcome,) = await settle(downloader, call, [attachment(f"{server.url}/{name}")])
                assert_whole(outcome)
            # 1 had to make room for 3; fetched again, it took the place of 2.
            assert server.targets == ["/1", "/2", "/3", "/1"]

    asyncio.run(main())


def test_a_slow_consumer_holds_new_downloads_back() -> None:
    async def main() -> None:
        time, room = FakeTime(), asyncio.Event()

        async def wait_for_room() -> None:
            await room.wait()

        async with serving(always(200, PICTURE, JPEG)) as server, line(server.url, time.clock) as call:
            downloader = Downloader(call.gate.downloads, 5, MiB, time.clock, room=wait_for_room)
            settled = asyncio.create_task(
                settle(downloader, call, [attachment(f"{server.url}/{number}") for number in range(30)])
            )
            for _ in range(50):
                await asyncio.sleep(0)
            assert (server.requests, call.gate.downloads.active) == ([], 0)
            room.set()
            assert len(await settled) == 30

    asyncio.run(main())


# --- bytes in flight ------------------------------------------------------------------------------------------------


def test_bodies_in_flight_stay_within_the_byte_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads_module, "IN_FLIGHT_BYTES", 4 * 100_000)
    data = picture(1, 100_000)

    async def main() -> None:
        in_flight = most = half_sent = 0
        reserve, give_back = ByteBudget.reserve, ByteBudget.give_back

        async def watched_reserve(self: ByteBudget, size_bytes: int) -> int:
            nonlocal in_flight, most
            taken = await reserve(self, size_bytes)
            in_flight += taken
            most = max(most, in_flight)
            return taken

        def watched_give_back(self: ByteBudget, size_bytes: int) -> None:
            nonlocal in_flight
            in_flight -= size_bytes
            give_back(self, size_bytes)

        monkeypatch.setattr(ByteBudget, "reserve", watched_reserve)
        monkeypatch.setattr(ByteBudget, "give_back", watched_give_back)

        async def answer(_: Request, reply: Reply) -> None:
            nonlocal half_sent
            await reply.head(200, JPEG, length=len(data))
            await reply.send(data[:50_000])
            half_sent += 1
            while half_sent < 20 or most < 4 * len(data):  # nobody gets the rest before all of the budget is taken
                await asyncio.sleep(0)
            await reply.send(data[50_000:])

        async with serving(answer) as server:
            outcomes = await download(server.url, [f"/{number}" for number in range(60)], adaptive=False)
            assert {outcome.status for outcome in outcomes} == {"ok"}
        assert (most, in_flight) == (4 * len(data), 0)

    asyncio.run(main())


def test_a_cancelled_call_gives_its_places_and_its_bytes_back() -> None:
    async def main() -> None:
        async def stalls(request: Request, reply: Reply) -> None:
            if request.target.startswith("/fine"):
                await reply.answer(200, PICTURE, JPEG)
                return
            await reply.head(200, JPEG, length=len(PICTURE))
            await reply.send(PICTURE[:1_000])
            await reply.until_left()

        time = FakeTime()
        async with serving(stalls) as server, line(server.url, time.clock, adaptive=False) as call:
            downloader = Downloader(call.gate.downloads, 20, len(PICTURE), time.clock)
            for name in ("a", "b"):
                wanted = [attachment(f"{server.url}/{name}{number}") for number in range(100)]
                running = asyncio.create_task(settle(downloader, call, wanted))
                await server.until(lambda: server.active == 20)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
                await server.until(lambda: server.active == 0)
                assert call.gate.downloads.active == 0
                await asyncio.sleep(0)
                assert len(asyncio.all_tasks()) <= 1 + len(server.open)
            fresh = Downloader(call.gate.downloads, 20, len(PICTURE), time.clock)
            wanted = [attachment(f"{server.url}/fine{number}") for number in range(100)]
            for outcome in await settle(fresh, call, wanted):
                assert_whole(outcome)

    asyncio.run(main())


moves = st.lists(st.tuples(st.sampled_from(["reserve", "cancel", "give back", "turn"]), st.integers(0, 150)))


@settings(max_examples=200, deadline=None)
@given(moves)
def test_whatever_is_cancelled_at_whatever_moment_no_byte_of_the_budget_is_lost(script: list[tuple[str, int]]) -> None:
    async def main() -> None:
        total = 100
        budget, held, waiting = ByteBudget(total), 0, list[asyncio.Task[None]]()
        leave: list[asyncio.Event] = []

        async def hold(size: int, event: asyncio.Event) -> None:
            nonlocal held
            taken = await budget.reserve(size)
            held += taken
            assert taken == min(size, total)
            assert held <= total
            try:
                await event.wait()
            finally:
                held -= taken
                budget.give_back(taken)

        for what, number in script:
            if what == "reserve":
                leave.append(asyncio.Event())
                waiting.append(asyncio.create_task(hold(number, leave[-1])))
            elif what == "turn":
                for _ in range(number % 4):
                    await asyncio.sleep(0)
            elif waiting:
                place = number % len(waiting)
                if what == "cancel":
                    waiting[place].cancel()
                else:
                    leave[place].set()
        for event in leave:
            event.set()
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError)
        async with asyncio.timeout(GUARD_SECONDS):
            assert await budget.reserve(total) == total  # all of it is there

    asyncio.run(main())


def test_a_small_body_does_not_wait_for_a_large_one_that_was_cancelled() -> None:
    async def main() -> None:
        budget = ByteBudget(100)
        assert await budget.reserve(60) == 60
        large, small = (asyncio.create_task(budget.reserve(size)) for size in (80, 30))
        await asyncio.sleep(0)
        assert not small.done()  # first come, first served
        large.cancel()
        async with asyncio.timeout(GUARD_SECONDS):
            assert await small == 30
        waits = asyncio.create_task(budget.reserve(20))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waits.done()  # 10 are left: what the large one never had, it does not give back
        budget.give_back(60)
        assert await waits == 20

    asyncio.run(main())


def test_a_body_larger_than_the_whole_budget_takes_all_of_it() -> None:
    assert asyncio.run(ByteBudget(100).reserve(10**9)) == 100
