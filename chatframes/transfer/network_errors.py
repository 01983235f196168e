"""Turn the errors of aiohttp into those of httpx, which the rest of the library knows."""

from __future__ import annotations

import asyncio

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError

AIOHTTP_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)


class NameNotResolved(httpx.ConnectError):
    """The host's name has no address."""


class TLSFailed(httpx.ConnectError):
    """The TLS handshake failed; a retry with weaker checks is never made."""


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
