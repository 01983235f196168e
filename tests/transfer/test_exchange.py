"""Plain answers are read without a parser, and come out as aiohttp's parser reads them, whatever a server sends."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from help.sampling import sampled

from chatframes.transfer import exchange as exchange_module
from chatframes.transfer.exchange import Exchange, Get, Wire
from chatframes.transfer.network_errors import AIOHTTP_ERRORS, translate

BUFFER_BYTES = 64


class FakeSocket(asyncio.Transport):
    """A transport that keeps what is written, and hands on nothing while reading is paused."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.paused = self.closed = False

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@dataclass
class Place:
    """A connection as the pool gives it, and whether it came back fit for another request."""

    protocol: Wire
    kept: bool | None = None

    def release(self) -> None:
        if self.kept is None:
            self.kept = not self.protocol.should_close

    def close(self) -> None:
        if self.kept is None:
            self.kept = False


@dataclass
class Seen:
    """What somebody who reads an answer to its end gets to know."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    error: str = ""
    kept: bool = False
    plain: bool = False
    most_waiting: int = 0


async def read(pieces: list[bytes]) -> Seen:
    """Read an answer that comes in these pieces, after which the server hangs up."""
    loop = asyncio.get_running_loop()
    wire, line = Wire(loop), FakeSocket()
    wire.connection_made(line)
    place, seen = Place(wire), Seen()
    exchange = Exchange(place, BUFFER_BYTES, None)

    async def take() -> None:
        try:
            await exchange.send(Get(b"/", b""), None)
            seen.status, seen.headers = exchange.status, list(exchange.raw_headers)
            while chunk := await exchange.readany():
                seen.body += chunk
        except AIOHTTP_ERRORS as error:
            seen.error = type(translate(error)).__name__
        seen.plain = exchange._parsed is None and exchange.status != 0
        exchange.close()

    taking = asyncio.create_task(take())
    await asyncio.sleep(0)
    for piece in pieces:
        while line.paused and not taking.done():
            await asyncio.sleep(0)
        if line.closed:
            break
        wire.data_received(piece)
        seen.most_waiting = max(seen.most_waiting, exchange._buffered)
    for _ in range(4):
        await asyncio.sleep(0)
    seen.kept = bool(place.kept) and not wire.should_close
    wire.connection_lost(None)
    await taking
    return seen


def both_ways(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> tuple[Seen, Seen]:
    """Read the same answer with the plain way open, and closed."""

    async def main() -> tuple[Seen, Seen]:
        plainly = await read(pieces)
        with monkeypatch.context() as patch:
            patch.setattr(exchange_module, "_plain_head", lambda data: None)
            return plainly, await read(pieces)

    return asyncio.run(main())


FIRST_LINES = [b"HTTP/1.1 200 OK"] * 40 + [
    b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 404 Gone", b"HTTP/2 200 OK",
    b"HTTP/1.1 2000 OK", b"HTTP/1.1 200 \xe9\xff", b"HTTP/1.1 200 a\x00b", b"http/1.1 200 OK", b"HTTP/1.1 204 No",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK",
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade", b"ICY 200 OK", b"\r\nHTTP/1.1 200 OK", b"",
]  # fmt: skip
LINES = [
    b"Content-Type: image/jpeg", b"content-type:image/png", b"X: ", b"X:\t a b \t", b"X", b": x", b" folded", b"\tfolded",
    b"X : y", b"X\x00: y", b"X: \x00", b"X: a\rb", b"X: \xc3\xa9", b"X\xe9: y", b"X: a\nY: b", b"X: \x7f", b"(X): y",
    b"Connection: close", b"Connection: keep-alive", b"Connection: Close, x", b"Connection: upgrade", b"Upgrade: h2c",
    b"Proxy-Connection: close", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Trailer: X",
    b"Transfer-Encoding: identity", b"TRANSFER-ENCODING : chunked", b"Content-Encoding: gzip", b"Content-Length:",
    b"Content-Length: 3", b"Content-Length: +3", b"Content-Length: -1", b"Content-Length: 3, 3", b"Content-Length: 0x3",
    b"Content-Length: \xb2", b"Content-Length: 3 3", b"Content-Length: 99999999999999999999", b"Content-Length: 003",
    b"Location: /x", b"Set-Cookie: a=b", b"Set-Cookie: c=d", b"Content-Disposition: attachment", b"X: " + b"y" * 9_000,
]  # fmt: skip
ENDS = [b"\r\n"] * 150 + [b"\n", b"\r", b"\r\n\r\n", b""]


def hostile(dice: random.Random) -> list[bytes]:
    """An answer as servers send it, or as they should not, in pieces."""
    body = dice.choice(
        [b"", b"abc", b"x" * 50, b"y" * 500, b"3\r\nabc\r\n0\r\n\r\n", b"zz\r\nabc", b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"]
    )
    lines = [dice.choice(FIRST_LINES)]
    lines += dice.choices(LINES, k=dice.choice([0, 0, 0, 1, 1, 2, 3]))
    if dice.random() < 0.9:
        lines.insert(dice.randrange(1, len(lines) + 1), b"Content-Length: %d" % len(body))
    head = b"".join(line + dice.choice(ENDS) for line in lines)
    whole = head + dice.choice([b"\r\n"] * 10 + [b"\n", b""]) + body
    whole += dice.choice([b""] * 12 + [b"more", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"])
    whole = whole[: dice.choice([len(whole)] * 9 + [dice.randrange(len(whole) + 1)])]
    cuts = sorted(dice.choices(range(len(whole) + 1), k=dice.choice([0, 0, 0, 0, 1, 9])))
    return [piece for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) if (piece := whole[a:b])]


@pytest.mark.parametrize("seed", sampled(range(40), 2))
def test_whatever_a_server_sends_comes_out_as_the_parser_reads_it(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice, plain = random.Random(seed), 0
    for _ in range(250):
        pieces = hostile(dice)
        ours, parsed = both_ways(pieces, monkeypatch)
        assert not parsed.plain
        assert (ours.status, ours.headers, ours.error) == (parsed.status, parsed.headers, parsed.error), pieces
        assert ours.body == parsed.body or parsed.error, pieces
        assert parsed.kept or not ours.kept, pieces  # never less careful
        plain += ours.plain
    assert plain > 25  # else nothing was compared


def test_a_large_body_waits_with_its_server_until_it_is_taken() -> None:
    body = bytes(range(256)) * 8
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    seen = asyncio.run(read([head, *(body[start : start + 50] for start in range(0, len(body), 50))]))
    assert (seen.body, seen.plain, seen.kept) == (body, True, True)
    assert seen.most_waiting <= 2 * BUFFER_BYTES + 50


def test_a_connection_that_speaks_unasked_is_not_used_again() -> None:
    async def main() -> bool:
        wire = Wire(asyncio.get_running_loop())
        wire.connection_made(FakeSocket())
        place = Place(wire)
        exchange = Exchange(place, BUFFER_BYTES, None)
        sending = asyncio.create_task(exchange.send(Get(b"/", b""), None))
        await asyncio.sleep(0)
        wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await sending
        assert (await exchange.readany(), place.kept) == (b"ok", True)
        wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        return wire.should_close

    assert asyncio.run(main())


def test_silence_is_counted_from_the_last_bytes_and_not_while_nobody_reads() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        now = 0.0
        loop.time = lambda: now  # type: ignore[method-assign]
        wire = Wire(loop)
        wire.connection_made(FakeSocket())
        exchange = Exchange(Place(wire), BUFFER_BYTES, 60.0)
        sending = asyncio.create_task(exchange.send(Get(b"/", b""), None))
        await asyncio.sleep(0)
        wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + bytes(300))
        await sending
        now = 500.0  # paused all the time: it is not the server that is slow
        exchange.ring()
        assert await exchange.readany() == bytes(300)
        reading = asyncio.create_task(exchange.readany())
        await asyncio.sleep(0)
        now = 559.0
        exchange.ring()
        wire.data_received(b"x")
        assert await reading == b"x"
        reading = asyncio.create_task(exchange.readany())
        await asyncio.sleep(0)
        now = 619.0
        exchange.ring()
        with pytest.raises(aiohttp.SocketTimeoutError):
            await reading

    asyncio.run(main())
