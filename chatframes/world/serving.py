"""The base of the sandbox's servers: a thread with its own loop, counted connections, and bad ways to send."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from .calls import Answer
from .waits import Waits

T = TypeVar("T")
HOST = "127.0.0.1"
PIECE_BYTES = 65_536
ROUNDS_TO_ACCEPT = 5  # of the loop, until a connection that is being accepted is handed over


class Background:
    """A thread that runs one event loop until it is closed."""

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._stop.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def close(self) -> None:
        """Stop the loop and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


@dataclass(slots=True)
class Counts:
    """What clients did. Touched on the server's loop only."""

    requests: Counter[str] = field(default_factory=Counter)
    content_gets: Counter[str] = field(default_factory=Counter)
    content_bytes: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    peaks: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    messages_log: list[dict[str, str]] = field(default_factory=list)
    flying: dict[str, list[asyncio.Transport]] = field(default_factory=dict)
    connections: set[object] = field(default_factory=set)
    waits: Waits = field(default_factory=Waits)

    def connected(self, connection: object) -> None:
        """A TCP connection was opened."""
        self.connections.add(connection)
        self.peaks["connections"] = max(self.peaks["connections"], len(self.connections))

    def arrived(self, kind: str) -> None:
        """Count a request; was it early, inside a wait a refusal had asked for."""
        self.requests[kind] += 1
        self.others["early_requests"] += kind != "token" and self.waits.forbid()  # a token may be had at any time

    @contextmanager
    def flight(self, what: str, transport: asyncio.Transport | None) -> Iterator[Callable[[], None]]:
        """Count a request as in flight while the block runs; the call yielded notes the peak."""
        flying = self.flying.setdefault(what, [])

        def note() -> None:
            alive = sum(not connection.is_closing() for connection in flying)  # who hung up is no longer in flight
            self.peaks[what] = max(self.peaks[what], alive)

        if transport is None:
            yield note
            return
        flying.append(transport)
        try:
            yield note
        finally:
            flying.remove(transport)

    def reset(self) -> None:
        """Forget everything but what is open and in flight right now."""
        for one in (self.requests, self.content_gets, self.content_bytes, self.others, self.peaks, self.delivered):
            one.clear()
        self.messages_log.clear()

    def as_dict(self) -> dict[str, Any]:
        """A plain copy."""
        return {
            "requests": dict(self.requests),
            "content_gets": dict(self.content_gets),
            "content_bytes": dict(self.content_bytes),
            "peak_downloads": self.peaks["downloads"],
            "peak_pages": self.peaks["pages"],
            "peak_connections": max(self.peaks["connections"], len(self.connections)),
            "open_connections": len(self.connections),
            **{name: self.others[name] for name in _OTHERS},
            "delivered": dict(self.delivered),
            "messages_log": [dict(query) for query in self.messages_log],
        }


_OTHERS = (
    "early_requests",
    "foreign_credentials",
    "foreign_cookies",
    "api_cookies",
    "refreshes",
    "max_people_ids",
    "unauthorized",
)


class CountingServer(web.Server):
    """aiohttp's server, its TCP connections counted."""

    def __init__(self, handler: Callable[[web.BaseRequest], Any], counts: Counts) -> None:
        # A logger of its own: hanging up on clients in mid-answer is what closing means, and nothing to complain of.
        self.log = logging.Logger("chatframes.sandbox")
        self.log.parent = logging.root
        super().__init__(handler, access_log=None, logger=self.log)
        self._counts = counts

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        """A client connected."""
        super().connection_made(handler, transport)
        self._counts.connected(handler)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        """A client is gone."""
        super().connection_lost(handler, exc)
        self._counts.connections.discard(handler)


class Listener:
    """One port of this machine, answered by one handler."""

    def __init__(self, handler: Callable[[web.BaseRequest], Any], counts: Counts) -> None:
        self._handler, self._counts = handler, counts
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._web = CountingServer(self._handler, self._counts)
        self._server = await asyncio.get_running_loop().create_server(self._web, HOST, 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and hang up on everybody."""
        await stop_listening(self._server)
        self._web.log.disabled = True
        await self._web.shutdown(timeout=0.05)
        await asyncio.sleep(0)  # the transports close in the loop's next round


async def stop_listening(server: asyncio.Server) -> None:
    """Close the port of a server; those who had just knocked are connected by then, as any other client is.

    asyncio loses the socket of a connection that it is accepting while its server closes.
    """
    for listening in server.sockets:
        asyncio.get_running_loop().remove_reader(listening)
    for _ in range(ROUNDS_TO_ACCEPT):
        await asyncio.sleep(0)
    server.close()


async def take_time(note_peak: Callable[[], None], latency_seconds: float) -> None:
    """Note the peak and be as slow as the world is."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # hang-ups that arrived together with this request are seen by now
    note_peak()
    if latency_seconds:
        await asyncio.sleep(latency_seconds)


async def send(request: web.BaseRequest, answer: Answer, count: Callable[[int], None]) -> web.StreamResponse:
    """Send `answer` in its way; `count` hears of every piece of the body that was handed to the network."""
    body = json.dumps(answer.payload).encode() if answer.payload is not None else answer.body
    headers = {"Content-Type": answer.content_type, **answer.headers}
    if answer.links:
        headers["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in answer.links.items())
    response = web.StreamResponse(status=answer.status, headers=headers)
    transport = request.transport
    if transport is None:
        return response
    if answer.way == "reset" and request.method != "HEAD":
        # lingering for zero seconds turns the close into a reset
        link: socket.socket = transport.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return response
    if answer.way == "unsized" and request.method != "HEAD":
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        half = body[: len(body) // 2]
        transport.write(f"HTTP/1.1 200 OK\r\n{lines}Connection: close\r\n\r\n".encode() + half)
        count(len(half))
        transport.close()
        return response
    if request.method == "HEAD" or answer.way in ("whole", "cut"):
        response.content_length = len(body)
    try:
        await response.prepare(request)
        if request.method != "HEAD":
            await _write(response, body, answer, count)
        if answer.way == "cut" and request.method != "HEAD":
            transport.close()
        else:
            await response.write_eof()
    except ConnectionError:
        pass  # the client hung up: its good right
    return response


async def _write(response: web.StreamResponse, body: bytes, answer: Answer, count: Callable[[int], None]) -> None:
    async def write(piece: bytes) -> None:
        await response.write(piece)
        count(len(piece))

    whole = {"cut": len(body) // 2, "trickle": 2_000}.get(answer.way, len(body))
    for at in range(0, whole, PIECE_BYTES):
        await write(body[at : min(at + PIECE_BYTES, whole)])
    at = whole
    while answer.way == "trickle":
        await asyncio.sleep(0.2)
        await write(body[at : at + 1] or b"\0")
        at += 1
    while answer.way == "endless":
        await write(bytes(PIECE_BYTES))
        await asyncio.sleep(0)  # writing to a fast reader never waits, and others want to be served
