"""Send a GET over one connection of the pool, and read a plain answer without a parser.

Nearly every picture comes with status 200 and a Content-Length: its head is one look, and its body needs no parsing.
Whatever is not exactly so (another status, chunks, a head in several pieces, odd lines) goes to aiohttp's parser as it
came, from its first byte.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

RawHeaders = Sequence[tuple[bytes, bytes]]

PLAIN_HEAD_BYTES = 8190  # of a longer head, aiohttp's parser decides which lines are too long
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
_PLAIN_HEAD = re.compile(
    rb"HTTP/1\.1 200(?: %b)?\r\n((?:[!#$%%&'*+.^_`|~0-9A-Za-z-]++:%b\r\n)*+)\r\n" % (_VALUE, _VALUE)
)
_NOT_PLAIN = frozenset((b"transfer-encoding", b"upgrade"))
_LENGTH_DIGITS = 15


class Get:
    """A GET as it is to be sent; its repr shows nothing, since a traceback with values would show a token."""

    __slots__ = ("raw",)

    def __init__(self, target: bytes, header_lines: bytes) -> None:
        self.raw = b"GET %b HTTP/1.1\r\n%b\r\n" % (target, header_lines)


class Wire(ResponseHandler):
    """A connection of the pool: aiohttp's own, which can also carry an `Exchange`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._exchange: Exchange | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def carry(self, exchange: Exchange) -> None:
        """Hand what arrives from now on to an exchange, not to aiohttp's parser."""
        self._exchange = exchange

    def put_down(self, exchange: Exchange) -> None:
        """Hand nothing more to this exchange."""
        if self._exchange is exchange:  # the connection may carry another one by now
            self._exchange = None

    def ring_at(self, due: float) -> None:
        """Ask the exchange at this moment whether it is too late.

        The alarm stays when an exchange ends, and is set anew only when it rings: not with each piece that arrives.
        """
        if self._alarm is not None:
            if self._alarm.when() <= due:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._exchange is not None:
            self._exchange.ring()

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            super().data_received(data)
        else:
            self._exchange.received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        exchange, self._exchange = self._exchange, None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        super().connection_lost(exc)
        if exchange is not None:
            exchange.lost(exc)


class Exchange:
    """One GET and its answer. Every method raises aiohttp's errors.

    Parameters
    ----------
    connection : aiohttp.connector.Connection
        Given back to its pool at the end of the body.
    buffer_bytes : int
        Reading pauses while twice as much waits to be taken.
    read_seconds : float or None
        The longest silence of the server.

    Attributes
    ----------
    status : int
    raw_headers : sequence of (bytes, bytes)
        Names as they came.
    """

    def __init__(self, connection: Any, buffer_bytes: int, read_seconds: float | None) -> None:
        self._connection = connection
        self._wire: Wire = connection.protocol
        self._buffer_bytes = buffer_bytes
        self._read_seconds = read_seconds
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._pieces: list[bytes | memoryview] = []
        self._buffered = 0
        self._left: int | None = None  # of the body; None before its head has come
        self._paused = self._parser_reads = False
        self._parsed: aiohttp.StreamReader | None = None
        self.status = 0
        self.raw_headers: RawHeaders = ()

    async def send(self, request: Get, head_seconds: float | None) -> None:
        """Send the request and wait for the head of the answer, `head_seconds` at most if it comes line by line."""
        wire = self._wire
        loop = asyncio.get_running_loop()
        began = self._alive_at = loop.time()
        if wire.transport is None or wire.transport.is_closing():
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
        if wire.should_close:  # the server has spoken unasked
            self._hand_over()
        else:
            wire.carry(self)
            if self._read_seconds is not None:
                wire.ring_at(began + self._read_seconds)
        wire.transport.write(request.raw)
        if not self._parser_reads:
            await self._wait()
        if self._parser_reads:
            async with asyncio.timeout_at(None if head_seconds is None else began + head_seconds):
                await self._parsed_head()

    async def readany(self) -> bytes:
        """Return what has come of the body, or wait for the next of it; b"" at its end."""
        if self._parsed is not None:
            return await self._parsed.readany()
        while not self._pieces:
            if self._left == 0:
                return b""
            if self._paused:
                self._resume()
            await self._wait()
        pieces, self._pieces, self._buffered = self._pieces, [], 0
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connection, unless it was given back at the end of the body."""
        self._wire.put_down(self)
        self._connection.close()

    def received(self, data: bytes) -> None:
        """Take what has arrived."""
        body: bytes | memoryview = data
        if self._left is None:
            if (head := _plain_head(data)) is None:
                self._hand_over()
                self._wire.data_received(data)
                self._wake()
                return
            self.status, self.raw_headers, self._left, head_bytes, stays_open = head
            if not stays_open:
                self._wire.force_close()
            body = memoryview(data)[head_bytes:]
        if len(body) > self._left:
            body = body[: self._left]
            self._wire.force_close()  # nobody knows what the rest of it is
        if body:
            self._pieces.append(body)
        self._left -= len(body)
        if self._left == 0:
            self._wire.put_down(self)
            if self._paused:
                self._resume()
            self._connection.release()
        else:
            self._alive_at = asyncio.get_running_loop().time()
            self._buffered += len(body)
            if self._buffered > 2 * self._buffer_bytes:
                self._pause()
        self._wake()

    def lost(self, error: BaseException | None) -> None:
        """Note that the connection is gone before the end of the body."""
        if self._left is not None:
            self._error = aiohttp.ClientPayloadError("the connection ended before the body")
        elif isinstance(error, OSError):
            self._error = aiohttp.ClientOSError(*error.args)
        else:
            self._error = aiohttp.ServerDisconnectedError() if error is None else error
        self._wake()

    def ring(self) -> None:
        """Give up if the server was silent for too long; else look again later."""
        if self._read_seconds is None:
            return
        loop = asyncio.get_running_loop()
        if self._paused:
            self._alive_at = loop.time()
        due = self._alive_at + self._read_seconds
        if loop.time() < due:
            self._wire.ring_at(due)
            return
        self._error = aiohttp.SocketTimeoutError("Timeout on reading data from socket")
        self._wake()

    def _hand_over(self) -> None:
        """Let aiohttp's parser read this answer."""
        self._parser_reads = True
        self._wire.put_down(self)
        self._wire.set_response_params(
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=self._read_seconds,
            read_bufsize=self._buffer_bytes,
        )
        self._wire.start_timeout()

    async def _parsed_head(self) -> None:
        message, payload = await self._wire.read()
        while message.code < 200 and message.code != 101:
            message, payload = await self._wire.read()
        self.status, self.raw_headers, self._parsed = message.code, message.raw_headers, payload
        payload.on_eof(self._connection.release)

    async def _wait(self) -> None:
        """Wait until something has arrived; raises what has gone wrong."""
        if self._error is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None and not self._pieces:
            raise self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _pause(self) -> None:
        if not self._paused and self._wire.transport is not None:
            self._paused = True
            with suppress(RuntimeError):  # closing already
                self._wire.transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        self._alive_at = asyncio.get_running_loop().time()
        if self._wire.transport is not None:
            with suppress(RuntimeError):
                self._wire.transport.resume_reading()


def _plain_head(data: bytes) -> tuple[int, RawHeaders, int, int, bool] | None:
    """Return status, headers, length of the body, length of the head, and whether the connection stays open.

    None for a head that is not whole, or is anything but plain.
    """
    found = _PLAIN_HEAD.match(data, 0, PLAIN_HEAD_BYTES)
    if found is None:
        return None
    length: int | None = None
    stays_open = True
    headers = []
    for line in found[1].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        value = value.strip(b" \t")
        headers.append((name, value))
        name = name.lower()
        if name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > _LENGTH_DIGITS:
                return None
            length = int(value)
        elif name in (b"connection", b"proxy-connection"):
            stays_open = stays_open and value.lower() == b"keep-alive"
        elif name in _NOT_PLAIN:
            return None
    if length is None or len(data) - found.end() > length:  # more than the body: the parser may refuse it all
        return None
    return 200, headers, length, found.end(), stays_open
