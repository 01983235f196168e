"""Send every HTTP request over aiohttp's connections, behind the interface of httpx's transports.

A GET is written to a connection of the pool directly (`get`); anything else goes through aiohttp's session.

Stock httpx spends eight to ten times aiohttp's CPU per image and loses pool slots for good when requests are
cancelled. This transport keeps httpx's API and errors on top of aiohttp's connections, and enforces each limit of
the pool and each time-out by itself: connections in use, idle connections, connect, read, write and pool time.
It sends URLs as given, keeps no cookies and never repeats a request: retries belong to the callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

from .bandwidth import piece_bytes
from .deadline import Deadline, body_in_pieces, has_body, head_seconds
from .exchange import Exchange, Get, RawHeaders
from .guard import Guard
from .network_errors import AIOHTTP_ERRORS, translate
from .pool import Pool

READ_BUFFER_BYTES = 2**18
DESTINATIONS = 256  # hosts
# aiohttp must not add these: the request already has all the headers it needs.
_NO_AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


async def _no_hidden_retry(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """Raise httpx's error when the server hangs up, before aiohttp's session repeats the request by itself."""
    try:
        response: aiohttp.ClientResponse = await handler(request)
        return response
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise translate(error) from None


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
        self._peers: list[Pool] = []
        self._pools: dict[Guard | None, Pool] = {}
        self._destinations: dict[str, aiohttp.ClientRequest] = {}
        self._timeouts: dict[tuple[float | None, float | None], aiohttp.ClientTimeout] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeout: dict[str, float | None] = request.extensions.get("timeout", {})
        url, proxy = request.url, request.extensions.get("proxy")
        target = request.extensions.get("target", url.raw_path)
        if not url.host or not 0 <= (url.port or 0) < 65536 or url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol("not an http(s) URL")
        if request.method == "GET" and proxy is None and not has_body(request):
            get = Get(target, b"".join(b"%b: %b\r\n" % line for line in request.headers.raw))
            origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
            opened = await self.get(origin, get, timeout, request.extensions.get("guard"))
        else:
            opened = await self._opened(timeout, self._send(request, timeout))
        answer = httpx.Response(
            opened.status, headers=opened.raw_headers, stream=opened, extensions={"http_version": b"HTTP/1.1"}
        )
        answer.headers.encoding = "latin-1"  # otherwise every access to a header would guess the encoding again
        return answer

    async def get(self, origin: str, get: Get, timeout: dict[str, float | None], guard: Guard | None) -> Opened:
        """Send a GET, as written; return its answer when the head has come.

        Parameters
        ----------
        origin : str
            Scheme, host and port as in a URL, without a path.
        get : Get
            What is to be sent, ``Host`` included.
        timeout : dict
            Seconds by "pool", "connect" and "read".
        """
        return await self._opened(timeout, self._exchange(origin, get, timeout, guard))

    async def aclose(self) -> None:
        # All connections are let go before the first wait: whoever is cancelled in it has left none open.
        for session in self._sessions.values():
            session.detach()
        self._sessions.clear()
        pools = list(self._peers)
        self._peers.clear()
        self._pools.clear()
        closing = [waiter for pool in pools for waiter in pool._close()]
        await asyncio.gather(*closing, return_exceptions=True)
        for pool in pools:
            await pool.close()  # its resolver

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

    async def _opened(self, timeout: dict[str, float | None], opening: Coroutine[Any, Any, Opened]) -> Opened:
        """Take a place in the pool for an answer, which gives it back when it is closed."""
        try:
            await self._take_connection(timeout.get("pool"))
        except BaseException:
            opening.close()
            raise
        try:
            opened = await opening
        except BaseException:
            self._free.release()
            raise
        opened.free = self._free
        return opened

    async def _exchange(self, origin: str, get: Get, timeout: dict[str, float | None], guard: Guard | None) -> Opened:
        exchange = None
        try:
            pool, destination = self._pool(guard), self._destination(origin)
            try:
                connection = await pool.connect(destination, [], self._timeout(timeout))
            except TimeoutError:
                raise httpx.ConnectTimeout("no connection in time") from None
            exchange = Exchange(connection, piece_bytes(READ_BUFFER_BYTES), timeout.get("read"))
            await exchange.send(get, head_seconds(timeout))
        except BaseException as error:
            if exchange is not None:
                exchange.close()
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                raise httpx.ReadTimeout("no answer had begun in time") from None
            if isinstance(error, AIOHTTP_ERRORS):
                raise translate(error) from None
            raise
        return Opened(exchange.status, exchange.raw_headers, exchange.readany, exchange.close)

    def _destination(self, origin: str) -> aiohttp.ClientRequest:
        """Return what aiohttp's pool wants to know of a host."""
        if origin not in self._destinations:
            if len(self._destinations) >= DESTINATIONS:
                self._destinations.clear()
            url = URL(f"{origin}/", encoded=True)
            self._destinations[origin] = aiohttp.ClientRequest("GET", url, loop=asyncio.get_running_loop())
        return self._destinations[origin]

    async def _send(self, request: httpx.Request, timeout: dict[str, float | None]) -> Opened:
        proxy = request.extensions.get("proxy")
        session = self._session(request.extensions.get("guard") if proxy is None else None)
        target = request.extensions.get("target", request.url.raw_path).decode("ascii")
        netloc = request.url.netloc.decode("ascii")
        deadline = Deadline(timeout)
        try:
            async with deadline.timeout:
                response = await session.request(
                    request.method,
                    URL(f"{request.url.scheme}://{netloc}{target}", encoded=True),
                    headers=CIMultiDict((k.decode("ascii"), v.decode("latin-1")) for k, v in request.headers.raw),
                    skip_auto_headers=_NO_AUTO_HEADERS,
                    data=body_in_pieces(request, deadline),
                    allow_redirects=False,
                    auto_decompress=False,
                    proxy=proxy,
                    timeout=self._timeout(timeout),
                    read_bufsize=piece_bytes(READ_BUFFER_BYTES),
                )
        except AIOHTTP_ERRORS as error:
            raise deadline.error() or translate(error) from None
        return Opened(response.status, response.raw_headers, response.content.readany, response.close)

    def _pool(self, guard: Guard | None) -> Pool:
        if guard not in self._pools:
            self._pools[guard] = Pool(self._max_connections, self._max_keepalive, self._peers, guard)
        return self._pools[guard]

    def _session(self, guard: Guard | None) -> aiohttp.ClientSession:
        if guard not in self._sessions:
            self._sessions[guard] = aiohttp.ClientSession(
                connector=self._pool(guard),
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


class Opened(httpx.AsyncByteStream):
    """An answer whose head has come, and its raw bytes.

    Leaving it early closes its connection; finishing it keeps the connection.
    """

    def __init__(
        self, status: int, raw_headers: RawHeaders, readany: Callable[[], Awaitable[bytes]], close: Callable[[], None]
    ) -> None:
        self.status = status
        self.raw_headers = raw_headers
        self._readany = readany
        self._close = close
        self.free: asyncio.Semaphore | None = None  # its place in the pool

    async def read(self) -> bytes:
        """Return what has come of the body, or wait for the next of it; b"" at its end."""
        try:
            return await self._readany()
        except AIOHTTP_ERRORS as error:
            raise translate(error) from None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.read():
            yield chunk

    async def aclose(self) -> None:
        if self.free is not None:
            self._close()  # does nothing to a connection already handed back at the end of the body
            self.free.release()
            self.free = None
