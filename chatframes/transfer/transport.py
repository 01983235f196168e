"""Send every HTTP request through aiohttp, behind the interface of httpx's transports.

Stock httpx spends eight to ten times aiohttp's CPU per image and loses pool slots for good when requests are
cancelled. This transport keeps httpx's API and errors on top of aiohttp's connections, and enforces each limit of
the pool and each time-out by itself: connections in use, idle connections, connect, read, write and pool time.
It sends URLs as given, keeps no cookies and never repeats a request: retries belong to the callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

from .bandwidth import piece_bytes
from .guard import Guard

READ_BUFFER_BYTES = 2**18
WRITE_BYTES = 2**16  # the write time-out restarts with each piece of this size
KEEPALIVE_SECONDS = 15.0
HEAD_READS = 2  # read time-outs, after which the lines before a body must have come
# aiohttp must not add these: the request already has all the headers it needs.
_NO_AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class NameNotResolved(httpx.ConnectError):
    """The host's name has no address."""


class TLSFailed(httpx.ConnectError):
    """The TLS handshake failed; a retry with weaker checks is never made."""


class _Connector(aiohttp.TCPConnector):
    """aiohttp's pool with httpx's two limits: connections in all, and idle connections kept.

    Several connectors, the `peers`, share these limits. One with a guard connects only to addresses that the guard has
    checked, and never reuses a connection of another connector.
    """

    def __init__(
        self, max_connections: int, max_keepalive_connections: int, peers: list[_Connector], guard: Guard | None
    ) -> None:
        super().__init__(limit=0, keepalive_timeout=KEEPALIVE_SECONDS)
        self._max_connections = max_connections
        self._max_idle = max_keepalive_connections
        self._peers = peers
        self._guard = guard
        peers.append(self)

    @property
    def idle_connections(self) -> int:
        return sum(len(pool) for peer in self._peers for pool in peer._conns.values())

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        # The transport bounds the connections in use; here, idle ones to other hosts are closed to make room.
        if req.connection_key not in self._conns:
            while self._in_use + self.idle_connections >= self._max_connections and self._close_one_idle():
                pass
        return await super().connect(req, traces, timeout)

    @property
    def _in_use(self) -> int:
        return sum(len(peer._acquired) for peer in self._peers)

    def _close_one_idle(self) -> bool:
        for peer in self._peers:
            for key, pool in peer._conns.items():
                protocol, _ = pool.popleft()
                protocol.close()
                if not pool:
                    del peer._conns[key]
                return True
        return False

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> Any:
        addresses = await super()._resolve_host(host, port, traces)
        if self._guard is not None:  # the addresses checked here are the ones connected to
            self._guard.check(host, port, [address["host"] for address in addresses])
        return addresses

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        full = self.idle_connections >= self._max_idle
        super()._release(key, protocol, should_close=should_close or full)


async def _no_hidden_retry(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """Raise httpx's error when the server hangs up, before aiohttp's session repeats the request by itself."""
    try:
        response: aiohttp.ClientResponse = await handler(request)
        return response
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise translate(error) from None


def translate(error: BaseException) -> httpx.TransportError:
    """Return httpx's error for an error of aiohttp; its text never holds a URL or a header."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout("no connection in time")
    if isinstance(error, asyncio.TimeoutError):
        return httpx.ReadTimeout("no data in time")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NameNotResolved("the host's name has no address")
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        return TLSFailed(f"TLS failed ({kind})")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return httpx.ProxyError(f"the proxy refused the connection (HTTP {error.status})")
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx.ConnectError(f"no connection: {error.os_error.strerror or kind}")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | UnicodeError):
        return httpx.UnsupportedProtocol("not an http(s) URL")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return httpx.RemoteProtocolError("the server hung up without an answer")
    if isinstance(error, aiohttp.ClientPayloadError):
        return httpx.RemoteProtocolError("the answer was cut off")
    if isinstance(error, aiohttp.ClientOSError | OSError):
        return httpx.ReadError(f"the connection broke ({kind})")
    return httpx.RemoteProtocolError(f"not an HTTP answer ({kind})")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """One pool of connections.

    Parameters
    ----------
    limits : httpx.Limits
        `max_connections` in use or idle at once, `max_keepalive_connections` of them idle.

    Notes
    -----
    Besides httpx's own, a request may have the extensions ``guard``, a `Guard` that checks every address before a
    connection to it is made (and raises `Blocked`), and ``proxy``, the URL of an HTTP proxy, which then connects
    unguarded.
    """

    def __init__(self, limits: httpx.Limits) -> None:
        self._max_connections = limits.max_connections or 100
        self._max_keepalive = 20 if limits.max_keepalive_connections is None else limits.max_keepalive_connections
        self._free = asyncio.Semaphore(self._max_connections)
        self._peak = 0  # of connections in use at once
        self._sessions: dict[Guard | None, aiohttp.ClientSession] = {}
        self._connectors: list[_Connector] = []
        self._timeouts: dict[tuple[float | None, float | None], aiohttp.ClientTimeout] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeout: dict[str, float | None] = request.extensions.get("timeout", {})
        await self._take_connection(timeout.get("pool"))
        try:
            response = await self._send(request, timeout)
        except BaseException:
            self._free.release()
            raise
        answer = httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Stream(response, self._free),
            extensions={"http_version": b"HTTP/1.1"},
        )
        answer.headers.encoding = "latin-1"  # otherwise every access to a header would guess the encoding again
        return answer

    async def aclose(self) -> None:
        # All connections are let go before the first wait: whoever is cancelled in it has left none open.
        for session in self._sessions.values():
            session.detach()
        self._sessions.clear()
        connectors = list(self._connectors)
        self._connectors.clear()
        closing = [waiter for connector in connectors for waiter in connector._close()]
        await asyncio.gather(*closing, return_exceptions=True)
        for connector in connectors:
            await connector.close()  # its resolver

    async def _take_connection(self, pool_seconds: float | None) -> None:
        if not self._free.locked():
            await self._free.acquire()
        else:
            await self._wait_for_connection(pool_seconds)
        self._peak = max(self._peak, self._max_connections - self._free._value)

    @property
    def connections(self) -> tuple[int, int, int]:
        """How many connections are in use, were in use at once so far, and how many there may be."""
        return self._max_connections - self._free._value, self._peak, self._max_connections

    async def _wait_for_connection(self, pool_seconds: float | None) -> None:
        try:
            async with asyncio.timeout(pool_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout(
                f"none of the {self._max_connections} connections became free within {pool_seconds:g} s: too many "
                "concurrent downloads; lower max_concurrent_image_downloads in config.json"
            ) from None

    async def _send(self, request: httpx.Request, timeout: dict[str, float | None]) -> aiohttp.ClientResponse:
        proxy = request.extensions.get("proxy")
        session = self._session(request.extensions.get("guard") if proxy is None else None)
        target = request.extensions.get("target", request.url.raw_path).decode("ascii")
        netloc = request.url.netloc.decode("ascii")
        if not request.url.host or not 0 <= (request.url.port or 0) < 65536:
            raise httpx.UnsupportedProtocol("not an http(s) URL")
        deadline = _Deadline(timeout)
        try:
            async with deadline.timeout:
                return await session.request(
                    request.method,
                    URL(f"{request.url.scheme}://{netloc}{target}", encoded=True),
                    headers=CIMultiDict((k.decode("ascii"), v.decode("latin-1")) for k, v in request.headers.raw),
                    skip_auto_headers=_NO_AUTO_HEADERS,
                    data=_body(request, deadline),
                    allow_redirects=False,
                    auto_decompress=False,
                    proxy=proxy,
                    timeout=self._timeout(timeout),
                    read_bufsize=piece_bytes(READ_BUFFER_BYTES),
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise deadline.error() or translate(error) from None

    def _session(self, guard: Guard | None) -> aiohttp.ClientSession:
        if guard not in self._sessions:
            connector = _Connector(self._max_connections, self._max_keepalive, self._connectors, guard)
            self._sessions[guard] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_no_hidden_retry,),
                trust_env=False,
            )
        return self._sessions[guard]

    def _timeout(self, timeout: dict[str, float | None]) -> aiohttp.ClientTimeout:
        key = timeout.get("connect"), timeout.get("read")
        if key not in self._timeouts:
            connect, read = key
            self._timeouts[key] = aiohttp.ClientTimeout(
                total=None, connect=connect, sock_connect=connect, sock_read=read
            )
        return self._timeouts[key]


class _Deadline:
    """When an answer must have begun: its lines before the body may come one by one, or be endless."""

    def __init__(self, seconds: dict[str, float | None]) -> None:
        self._write, read = seconds.get("write"), seconds.get("read")
        self._head = None if read is None else (seconds.get("connect") or 0.0) + HEAD_READS * read
        self.timeout = asyncio.timeout(self._head)
        self._writing = False

    def writes(self) -> None:
        """The server has to take a piece of the body now."""
        self._expire_in(self._write, writing=True)

    def written(self) -> None:
        """The answer has to begin now."""
        self._expire_in(self._head, writing=False)

    def _expire_in(self, seconds: float | None, *, writing: bool) -> None:
        self._writing = writing
        with suppress(RuntimeError):  # the answer came before the whole body was sent: the deadline is over
            self.timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def error(self) -> httpx.TransportError | None:
        """What is to be raised when this deadline has ended the request."""
        if not self.timeout.expired():
            return None
        if self._writing:
            return httpx.WriteTimeout("the server took no data in time")
        return httpx.ReadTimeout("no answer had begun in time")


def _body(request: httpx.Request, deadline: _Deadline) -> AsyncIterator[bytes] | None:
    """Return the request's body in pieces; the deadline runs while the server has not taken a piece."""
    if request.headers.get("Content-Length", "0") == "0" and "Transfer-Encoding" not in request.headers:
        return None

    async def pieces() -> AsyncIterator[bytes]:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for chunk in request.stream:
            for start in range(0, len(chunk), WRITE_BYTES):
                deadline.writes()
                yield chunk[start : start + WRITE_BYTES]
        deadline.written()

    return pieces()


class _Stream(httpx.AsyncByteStream):
    """An answer's raw bytes. Leaving it early closes its connection; finishing it keeps the connection."""

    def __init__(self, response: aiohttp.ClientResponse, free: asyncio.Semaphore) -> None:
        self._response = response
        self._free: asyncio.Semaphore | None = free

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise translate(error) from None

    async def aclose(self) -> None:
        if self._free is not None:
            self._response.close()  # does nothing to a connection already handed back at the end of the body
            self._free.release()
            self._free = None
