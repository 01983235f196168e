"""Read an HTTP answer: its JSON, headers and status, and the outcome that a network error leads to."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from ..model import Refusal, Status
from .clock import Clock
from .guard import Blocked, plain_origin
from .network_errors import NameNotResolved, TLSFailed
from .odd_json import read_json

PROXY_LOGIN = (
    "The proxy asks for a login (HTTP 407): write its user name and password into HTTPS_PROXY and HTTP_PROXY of the "
    "environment (http://name:password@host:port), or take trust_env out of config.json."
)
RETRYABLE_STATUSES = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_LONGEST_SECONDS = 1e9  # thirty years: longer than any wait, and short enough to be added to a date


class BadAnswer(Exception):
    """The answer is not the JSON object that was expected."""


class Headers:
    """The headers of an answer, by their names in any case; values of one name are joined by a comma.

    Examples
    --------
    >>> headers = Headers([(b"Content-Type", b"image/png")])
    >>> headers.get("content-type"), "Location" in headers
    ('image/png', False)
    """

    __slots__ = ("_values",)

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in raw:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def get(self, name: str, default: str = "") -> str:
        values = self._values.get(name.lower())
        return default if values is None else ", ".join(values)

    def get_list(self, name: str) -> list[str]:
        return self._values.get(name.lower(), [])

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values


def decode_json(
    raw: bytes, response: httpx.Response, max_bytes: int, *, lists: bool = False, repair: bool = False
) -> Any:
    """Return the JSON object (or list) of an answer; an error answer that is not JSON counts as an empty one."""
    if response.headers.get("Content-Encoding", "").strip().lower() == "gzip":
        unpack = zlib.decompressobj(wbits=31)
        try:
            raw = unpack.decompress(raw, max_bytes)
        except zlib.error:
            raise BadAnswer("a page that is not the gzip it claims to be") from None
        if not unpack.eof:
            raise BadAnswer(f"a page cut off, or of more than {max_bytes // 2**20} MiB")
    try:
        payload = read_json(raw, repair=repair)
    except ValueError:
        payload = None
    if isinstance(payload, dict) or (lists and isinstance(payload, list)):
        return payload
    if response.status_code != 200:
        return {}
    raise BadAnswer("an answer that is not JSON (a login or proxy page, perhaps)")


def wants_proxy_login(error: Exception) -> bool:
    """Whether a network error is a proxy that asks for a login; see `network_errors.translate`."""
    return isinstance(error, httpx.ProxyError) and "407" in str(error)


def network_refusal(error: Exception) -> Refusal:
    """Return the outcome a network error leads to. Its text is `network_errors.translate`'s: no URL, no header."""
    if isinstance(error, Blocked):
        return Refusal("skipped", error.reason, str(error))
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Refusal("skipped", "bad_url", "not an http(s) URL")
    if wants_proxy_login(error):
        return Refusal("failed", "unauthorized", str(error), http_status=407)
    if isinstance(error, httpx.TimeoutException):
        connecting = isinstance(error, httpx.ConnectTimeout)
        return Refusal("failed", "connect" if connecting else "timeout", str(error))
    if isinstance(error, NameNotResolved):
        return Refusal("failed", "dns", str(error))
    if isinstance(error, TLSFailed):
        return Refusal("failed", "tls", str(error))
    if isinstance(error, httpx.RemoteProtocolError) and "cut" in str(error):
        return Refusal("failed", "truncated", str(error))
    return Refusal("failed", "connect", str(error))


def outcome_of_status(status: int) -> tuple[Status, str]:
    """Return the status and reason of an attachment for an HTTP status; a service may map some to others."""
    if status in (401, 407):
        return "failed", "unauthorized"
    if status == 403:
        return "failed", "forbidden"
    if status in (404, 410):
        return "failed", "gone"
    if status == 429:
        return "failed", "rate_limited"
    if status >= 500 or status in RETRYABLE_STATUSES:
        return "failed", "http_5xx"
    return "failed", "http_4xx" if status >= 400 else "bad_response"


def next_address(url: str, location: str) -> str:
    """Return where a redirect leads; raises `Refusal` when it must not be followed."""
    try:
        target = urljoin(url, location.strip())
        parts = urlsplit(target)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if (
        not location.strip()
        or "\\" in location
        or not host
        or parts.scheme not in ("http", "https")
        or parts.username is not None
    ):
        raise Refusal("failed", "redirect", "redirected to something that is not an http(s) URL")
    if url.startswith("https:") and parts.scheme != "https":
        raise Refusal("failed", "redirect", "redirected from https to http")
    return target


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; empty ones when it cannot be parsed or holds a user name."""
    return _parsed_origin(plain_origin(url) or url)


@functools.lru_cache(maxsize=256)  # asked several times for each file, and most are on few hosts
def _parsed_origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
        if parts.username is not None or parts.password is not None:
            return "", "", None
        return parts.scheme, parts.hostname or "", port
    except ValueError:
        return "", "", None


def retry_after_seconds(headers: httpx.Headers | Headers, clock: Clock) -> float | None:
    """Return what a Retry-After header asks for, in seconds; None when it is missing or unusable.

    It may hold whole seconds or an HTTP date. A date is compared with the answer's own Date header, so that a wrong
    clock on either side does not matter.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), _LONGEST_SECONDS)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(headers.get("Date", "")) or clock.now()
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_SECONDS)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, TypeError, ArithmeticError):
        return None
