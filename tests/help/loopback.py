"""Real HTTP servers on loopback that answer as a test tells them to, even wrongly, and count what clients do.

>>> async def hello(request: Request, reply: Reply) -> None:
...     await reply.answer(200, b"hello")
>>> async with serving(hello) as server: ...
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from chatframes.world.serving import stop_listening

GUARD_SECONDS = 30.0  # no test waits this long; one that would is broken, and says so instead of hanging
ESTABLISHED = 1


@dataclass(frozen=True)
class Request:
    """One request as it stood on the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int  # which connection of the server, counted from 1

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


Answer = Callable[[Request, "Reply"], Awaitable[None]]


@dataclass
class Tally:
    """Connections open at once, over one server or several."""

    open: set[_Connection] = field(default_factory=set)
    peak: int = 0

    def look(self) -> None:
        self.peak = max(self.peak, sum(connection.established for connection in self.open))


class Server:
    """What a running server has counted."""

    def __init__(self, answer: Answer, tally: Tally, reads_bodies: bool) -> None:
        self.script = answer
        self.reads_bodies = reads_bodies
        self.tally = tally
        self.port = 0
        self.requests: list[Request] = []
        self.open: set[_Connection] = set()
        self.connections = 0
        self.active = 0  # requests being answered
        self.peak_active = 0
        self.sent_bytes = 0
        self.broken: list[Exception] = []
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alias(self) -> str:
        """The same server under another host name, which makes it another origin."""
        return f"http://localhost:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    def tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something the server counts has become true."""
        async with asyncio.timeout(GUARD_SECONDS):
            while not condition():
                await self._news.wait()


class Reply:
    """The server's end of a connection, while one request is answered."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    @property
    def left(self) -> bool:
        """Whether the client has gone."""
        return self._connection.lost

    async def send(self, raw: bytes) -> None:
        await self._connection.send(raw)

    async def answer(
        self,
        status: int = 200,
        body: bytes = b"",
        *headers: tuple[str, str],
        length: int | None = -1,
    ) -> None:
        """Send a whole answer; `length` None leaves the length out, and the end of the connection says it."""
        await self.head(status, *headers, length=len(body) if length == -1 else length)
        await self.send(body)
        if length is None:
            self.hang_up()

    async def head(self, status: int, *headers: tuple[str, str], length: int | None = None) -> None:
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers)]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def chunk(self, data: bytes) -> None:
        """One piece of a body sent with Transfer-Encoding: chunked; an empty one ends it."""
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def take(self, count: int) -> None:
        """Read some of the body, on a server that does not read bodies by itself."""
        await self._connection.take(count)

    async def until_left(self) -> None:
        """Say nothing more until the client goes."""
        await self._connection.server.until(lambda: self._connection.lost)

    def hang_up(self) -> None:
        """Close the connection the polite way."""
        self._connection.transport.close()

    def reset(self) -> None:
        """Close the connection the rude way."""
        sock = self._connection.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._connection.transport.abort()


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self.server = server
        self.lost = False
        self._buffer = b""
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def established(self) -> bool:
        """Whether the client's end is open; the kernel knows before this loop is told."""
        sock = self.transport.get_extra_info("socket")
        if self.lost or sock is None or sock.fileno() < 0:
            return False
        if sys.platform != "linux":
            return True
        return bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED)

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        self.server.connections += 1
        self.number = self.server.connections
        self.server.open.add(self)
        self.server.tally.open.add(self)
        self.server.tally.look()
        self.task = asyncio.get_running_loop().create_task(self._serve())
        self.server.tell()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer[0] == 0x16:  # a TLS greeting; nobody here speaks it
            self.transport.write(b"HTTP/1.1 400 Not TLS\r\n\r\n")
            self.transport.close()
        self._news.set()

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True
        self._news.set()
        self._writable.set()
        self.server.open.discard(self)
        self.server.tally.open.discard(self)
        self.server.tell()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def send(self, raw: bytes) -> None:
        if self.lost or self.transport.is_closing():
            raise ConnectionResetError("the client has gone")
        self.transport.write(raw)
        self.server.sent_bytes += len(raw)
        await self._writable.wait()

    async def _serve(self) -> None:
        try:
            while not self.lost and not self.transport.is_closing():
                await self._one()
        except ConnectionError:
            pass
        except Exception as error:
            self.server.broken.append(error)
            self.transport.abort()

    async def _one(self) -> None:
        head = await self._take_head()
        first, *lines = head.decode("latin-1").split("\r\n")
        method, rest = first.split(" ", 1)
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        length = int(next((value for name, value in headers if name.lower() == "content-length"), "0"))
        if self.server.reads_bodies:
            await self._arrived(lambda: len(self._buffer) >= length)
            body, self._buffer = self._buffer[:length], self._buffer[length:]
        else:
            self.transport.pause_reading()
            body = b""
        request = Request(method, rest.rpartition(" ")[0], headers, body, self.number)
        self.server.requests.append(request)
        self.server.active += 1
        self.server.peak_active = max(self.server.peak_active, self.server.active)
        self.server.tell()
        try:
            await self.server.script(request, Reply(self))
        finally:
            self.server.active -= 1
            self.server.tell()

    async def take(self, count: int) -> None:
        self.transport.resume_reading()
        await self._arrived(lambda: len(self._buffer) >= count)
        self._buffer = self._buffer[count:]

    async def _take_head(self) -> bytes:
        await self._arrived(lambda: b"\r\n\r\n" in self._buffer)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    async def _arrived(self, enough: Callable[[], bool]) -> None:
        while not enough():
            if self.lost:
                raise ConnectionResetError
            self._news.clear()
            await self._news.wait()


@asynccontextmanager
async def serving(answer: Answer, *, tally: Tally | None = None, reads_bodies: bool = True) -> AsyncIterator[Server]:
    """Run a server in the test's own loop; afterwards nothing of it is left, and its own mistakes are raised."""
    server = Server(answer, tally or Tally(), reads_bodies)
    everyone: list[_Connection] = []

    def connection() -> _Connection:
        everyone.append(_Connection(server))
        return everyone[-1]

    listening = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, backlog=1024)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        await stop_listening(listening)
        tasks = [one.task for one in everyone if hasattr(one, "task")]
        for one in everyone:
            if hasattr(one, "task"):
                one.task.cancel()
                one.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.until(lambda: not server.open)
        await listening.wait_closed()
    for mistake in server.broken:
        raise mistake


def always(status: int = 200, body: bytes = b"", *headers: tuple[str, str]) -> Answer:
    """The same answer every time."""

    async def answer(_: Request, reply: Reply) -> None:
        await reply.answer(status, body, *headers)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One answer after another, whichever connection asks; the last one for all that follow."""
    left = list(answers)

    async def answer(request: Request, reply: Reply) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, reply)

    return answer


def together(count: int, answer: Answer) -> Answer:
    """Answer nobody until `count` requests are waiting and any more had the time to come; then everybody."""
    arrived = 0
    enough = asyncio.Event()

    async def held(request: Request, reply: Reply) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == count:
            for _ in range(100):
                await asyncio.sleep(0)
            enough.set()
        async with asyncio.timeout(GUARD_SECONDS):
            await enough.wait()
        await answer(request, reply)

    return held


@contextmanager
def deaf_port() -> Iterator[int]:
    """A listening socket whose backlog is full: whoever connects hears nothing."""
    callers: list[socket.socket] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        try:
            for _ in range(8):
                callers.append(socket.socket())
                callers[-1].setblocking(False)
                callers[-1].connect_ex(address)
            yield address[1]
        finally:
            for caller in callers:
                caller.close()
