"""Build the HTTP client for one endpoint and one credential; no other module builds one.

Credentials are sent to the API's origin only, cookies are never sent, and URLs are sent exactly as given.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import httpx
from pydantic import SecretStr

from ..errors import AuthError, ConfigError
from .answers import Headers, origin
from .exchange import Get
from .guard import Guard, plain_origin
from .transport import AiohttpTransport

NO_TOKEN = SecretStr("")
TIMEOUT = httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=5.0)

# Tests replace this by httpx's own transport, which respx can mock.
make_transport: Callable[[httpx.Limits], httpx.AsyncBaseTransport] = AiohttpTransport

_sending: ContextVar[bool] = ContextVar("_sending", default=False)


def _is_foreign(_: logging.LogRecord) -> bool:
    # httpx logs whole URLs at INFO, and the URLs of pictures carry signatures.
    return not _sending.get()


logging.getLogger("httpx").addFilter(_is_foreign)


async def _keep_location(response: httpx.Response) -> None:
    # httpx parses the Location header even when it is not to follow redirects, and fails on a malformed one.
    response.extensions["location"] = response.headers.pop("Location", "")


class _NoCookies(CookieJar):
    """A jar that never stores and never sends a cookie."""

    def extract_cookies(self, response: object, request: object) -> None:
        pass

    def add_cookie_header(self, request: object) -> None:
        pass


class Auth(Protocol):
    """Gives the token of one credential, and renews it."""

    async def token(self, http: Http) -> SecretStr: ...

    async def renew(self, http: Http, stale: SecretStr) -> None:
        """Replace the token `stale` by a new one; raises AuthError when that is impossible."""


class Anonymous:
    """An `Auth` without a credential."""

    async def token(self, http: Http) -> SecretStr:
        return NO_TOKEN

    async def renew(self, http: Http, stale: SecretStr) -> None:
        raise AuthError(
            f"{http.service.capitalize()} asks for credentials, and none are configured: add them to config.json."
        )


class Http:
    """An HTTP client for one endpoint and one credential, with a connection pool of its own.

    Parameters
    ----------
    service : str
        The service's name in messages, such as "webex".
    base_url : str
        The API's address; credentials go to its origin and nowhere else.
    token_url : str, optional
        A second address of the same service, which issues its tokens.
    guard : Guard
        Which addresses guarded requests may reach.
    trust_env : bool
        Whether the proxies of the environment are used (its netrc never is). The proxy then resolves names and
        connects: a link is still checked as it is written, but not the address that its name resolves to.

    Raises
    ------
    ConfigError
        The environment names a proxy that is not an HTTP proxy.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        auth: Auth,
        limits: httpx.Limits,
        *,
        token_url: str | None = None,
        guard: Guard = Guard(),  # noqa: B008 - frozen
        trust_env: bool = False,
    ) -> None:
        self.service = service
        self.base_url = base_url.rstrip("/")
        self._origins = {origin(url) for url in (base_url, token_url) if url is not None}
        self._auth = auth
        self._guard, self._trust_env = guard, trust_env
        for scheme in ("http", "https") if trust_env else ():
            _proxy(scheme, "")  # raises now, instead of once per request
        self._timeouts = TIMEOUT.as_dict()
        self._transport = make_transport(limits)
        self._client = httpx.AsyncClient(
            transport=self._transport,
            follow_redirects=False,
            trust_env=False,
            cookies=_NoCookies(),
            event_hooks={"response": [_keep_location]},
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    @property
    def passes_proxy_by(self) -> bool:
        """Whether the environment names a proxy for the API that the settings leave unused."""
        url = httpx.URL(self.base_url)
        return not self._trust_env and _named_proxy(url.scheme, url.host) is not None

    @property
    def connections(self) -> tuple[int, int, int] | None:
        """How many connections are in use; None where the transport does not say. See `AiohttpTransport`."""
        return getattr(self._transport, "connections", None)

    def is_api(self, url: str) -> bool:
        """Whether a URL belongs to an origin of the API: only there are credentials sent."""
        # Two URLs that cannot be parsed have the same empty origin, so an origin without a host never counts.
        url_origin = origin(url)
        return bool(url_origin[1]) and url_origin in self._origins

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        token: SecretStr = NO_TOKEN,
        scheme: str = "Bearer",
        guarded: bool = False,
    ) -> httpx.Response:
        """Send one request and return the open answer; `token` is sent to the API's origins only.

        The answer's ``extensions["location"]`` holds the Location header, exactly as the server wrote it.

        Raises
        ------
        Blocked
            The request is `guarded`, as those for links in messages are, and leads to an address that is not allowed.
        """
        if guarded:
            self._guard.check_url(url)
        request = self._build(method, url, headers, data)
        if guarded:
            request.extensions["guard"] = self._guard
        if self._trust_env and (proxy := _proxy(request.url.scheme, request.url.host)):
            request.extensions["proxy"] = proxy
        if token and self.is_api(url):
            request.headers["Authorization"] = f"{scheme} {token.get_secret_value()}"
        reset_token = _sending.set(True)
        try:
            return await self._client.send(request, stream=True)
        finally:
            _sending.reset(reset_token)

    async def open_file(
        self, url: str, *, accept: str, token: SecretStr = NO_TOKEN, guarded: bool = False
    ) -> FileAnswer:
        """Send a GET for a file and return the open answer, as `request` does, but past httpx's costly client."""
        if guarded:
            self._guard.check_url(url)
        host, target = _address(url)
        transport = self._transport
        proxied = self._trust_env and _proxy(host.url.scheme, host.url.host)
        if target is None or proxied or not host.is_plain or not isinstance(transport, AiohttpTransport):
            headers = {"Accept": accept, "Accept-Encoding": "identity"}
            response = await self.request("GET", url, headers=headers, token=token, guarded=guarded)
            chunks, location = response.aiter_raw(), response.extensions["location"]
            read = partial(anext, chunks, b"")
            return FileAnswer(response.status_code, Headers(response.headers.raw), location, read, response.aclose)
        lines = f"{host.line}\r\nUser-Agent: chatframes\r\nAccept: {accept}\r\nAccept-Encoding: identity\r\n"
        if token and self.is_api(url):
            get = Get(target, f"{lines}Authorization: Bearer {token.get_secret_value()}\r\n".encode("ascii"))
        else:
            get = Get(target, lines.encode("ascii"))
        opened = await transport.get(host.origin, get, self._timeouts, self._guard if guarded else None)
        found = Headers(opened.raw_headers)
        return FileAnswer(opened.status, found, found.get("Location"), opened.read, opened.aclose)

    def _build(
        self, method: str, url: str, headers: Mapping[str, str] | None, data: Mapping[str, str] | None
    ) -> httpx.Request:
        # Not built by the client, whose merging of defaults costs as much as the request itself.
        headers = {"User-Agent": "chatframes", **(headers or {})}
        extensions: dict[str, Any] = {"timeout": self._timeouts}
        host, target = _address(url)
        if target is not None:
            extensions["target"] = target
        try:
            request_url = httpx.URL(url) if target is None else host.url
            return httpx.Request(method, request_url, headers=headers, data=data, extensions=extensions)
        except ValueError:  # an address or a host name that no rule allows
            raise httpx.InvalidURL("not an http(s) URL") from None

    async def token(self) -> SecretStr:
        """Return the token as a secret, so that no traceback shows it."""
        token = await self._auth.token(self)
        if not _fits_a_header(token):  # httpx would quote the token in its own error
            raise AuthError(
                f"The access token for {self.service} holds a character that no token has (a line break or a "
                "typographic quote, perhaps): copy it again."
            )
        return token

    async def renew(self, stale: SecretStr) -> None:
        await self._auth.renew(self, stale)


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """An open answer to the request for a file. `read` gives what has come of its body, and b"" at its end."""

    status_code: int
    headers: Headers
    location: str
    read: Callable[[], Awaitable[bytes]]
    aclose: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Host:
    """Scheme, host and port of a URL, parsed once for all its files."""

    url: httpx.URL
    origin: str
    line: str
    is_plain: bool  # nothing to be said or refused by httpx


def _address(url: str) -> tuple[_Host, bytes | None]:
    """Return a URL's host, and its target as given; None in its place where no request line can hold that."""
    try:
        if written := plain_origin(url):
            host, rest = _host(written), url[len(written) :]
        else:
            parts = urlsplit(url)
            if not parts.netloc or parts.scheme not in ("http", "https"):
                raise ValueError(parts.scheme)
            host = _host(f"{parts.scheme}://{parts.netloc}")
            rest = url[len(parts.scheme) + 3 + len(parts.netloc) :]
    except ValueError:  # an address or a host name that no rule allows
        raise httpx.InvalidURL("not an http(s) URL") from None
    target = rest.partition("#")[0]
    if target.startswith("/") and target.isascii() and target.isprintable() and " " not in target:
        return host, target.encode("ascii")  # as given: signatures do not survive re-quoting
    return host, None


@functools.lru_cache(maxsize=256)
def _host(origin: str) -> _Host:
    url = httpx.URL(origin)
    netloc = url.netloc.decode("ascii")
    is_plain = bool(url.host) and netloc.isprintable() and not url.userinfo and 0 <= (url.port or 0) < 65536
    return _Host(url, f"{url.scheme}://{netloc}", f"Host: {netloc}", is_plain)


def _named_proxy(scheme: str, host: str) -> str | None:
    """Return what the environment names as the proxy for a host."""
    proxies = getproxies_environment()
    proxy = proxies.get(scheme) or proxies.get("all")
    return None if not proxy or proxy_bypass_environment(host) else proxy


def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for a host; raises ConfigError for one that is not HTTP's."""
    if (proxy := _named_proxy(scheme, host)) is None:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not proxy.lower().startswith(("http://", "https://")):
        # The message leaves out the proxy's address, which may hold a password.
        raise ConfigError(
            f"The proxy that the environment names for {scheme} is no HTTP proxy: give one that begins with http://, "
            "or take trust_env out of config.json."
        )
    return proxy


def _fits_a_header(token: SecretStr) -> bool:
    return token.get_secret_value().isascii() and token.get_secret_value().isprintable()
