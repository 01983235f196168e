"""The only place an HTTP client is built: one endpoint seen through one credential.

Credentials go to the API's origin and nowhere else, cookies go nowhere, URLs go as given.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from http.cookiejar import CookieJar
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import httpx
from pydantic import SecretStr

from ..errors import AuthError, ConfigError
from .answers import origin
from .guard import Guard
from .transport import AiohttpTransport

NO_TOKEN = SecretStr("")
TIMEOUT = httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=5.0)

# The one seam of the transport: tests put httpx's stock transport (which respx can mock) here.
make_transport: Callable[[httpx.Limits], httpx.AsyncBaseTransport] = AiohttpTransport

_ours: ContextVar[bool] = ContextVar("_ours", default=False)


def _not_ours(_: logging.LogRecord) -> bool:
    # httpx logs whole URLs at INFO, and the URLs of pictures carry signatures.
    return not _ours.get()


logging.getLogger("httpx").addFilter(_not_ours)


async def _keep_location(response: httpx.Response) -> None:
    # httpx reads where a redirect leads even when it is not to follow it, and fails on what it cannot read.
    response.extensions["location"] = response.headers.pop("Location", "")


class _NoCookies(CookieJar):
    """Keeps none, gives none."""

    def extract_cookies(self, response: object, request: object) -> None:
        pass

    def add_cookie_header(self, request: object) -> None:
        pass


class Auth(Protocol):
    """Who knows the token of one credential, and how to renew it."""

    async def token(self, http: Http) -> SecretStr: ...

    async def renew(self, http: Http, stale: SecretStr) -> None:
        """Make `token` return another one than `stale`; raises AuthError when that cannot be."""


class Anonymous:
    """No credential at all."""

    async def token(self, http: Http) -> SecretStr:
        return NO_TOKEN

    async def renew(self, http: Http, stale: SecretStr) -> None:
        raise AuthError("the service asks for credentials, and none are configured")


class Http:
    """One endpoint, one credential, one pool.

    Parameters
    ----------
    service : str
        Its name in messages, "webex" say.
    base_url : str
        The API's address; credentials go to its origin and nowhere else.
    also : str, optional
        A second address of the same service, where its tokens are made.
    guard : Guard
        Which addresses guarded requests may reach.
    trust_env : bool
        Whether the proxies of the environment are used (never its netrc). It is then the proxy that resolves names
        and connects: what is written in a link is still looked at, where its name leads is not.

    Raises
    ------
    ConfigError
        The environment names a proxy of another kind.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        auth: Auth,
        limits: httpx.Limits,
        *,
        also: str | None = None,
        guard: Guard = Guard(),  # noqa: B008 - frozen
        trust_env: bool = False,
    ) -> None:
        self.service = service
        self.base_url = base_url.rstrip("/")
        self._origins = {origin(url) for url in (base_url, also) if url is not None}
        self._auth = auth
        self._guard, self._trust_env = guard, trust_env
        for scheme in ("http", "https") if trust_env else ():
            _proxy(scheme, "")  # what cannot be used is said now, not once for each request
        self._timeouts = TIMEOUT.as_dict()
        self._client = httpx.AsyncClient(
            transport=make_transport(limits),
            follow_redirects=False,
            trust_env=False,
            cookies=_NoCookies(),
            event_hooks={"response": [_keep_location]},
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    def is_api(self, url: str) -> bool:
        """Whether a URL belongs to the API's own origin: the only place credentials go."""
        # An address that cannot be read has no origin, and so equals none, not even another one of its kind.
        asked = origin(url)
        return bool(asked[1]) and asked in self._origins

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
        """Send one request and return the open answer; `token` goes along only to the API's origin.

        Where a redirect leads stands in the answer's ``extensions["location"]``, as the server wrote it.

        Raises
        ------
        Blocked
            The request is `guarded`, as those of strangers' links are, and leads where it should not.
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
        marked = _ours.set(True)
        try:
            return await self._client.send(request, stream=True)
        finally:
            _ours.reset(marked)

    def _build(
        self, method: str, url: str, headers: Mapping[str, str] | None, data: Mapping[str, str] | None
    ) -> httpx.Request:
        # Made here and not by the client, whose merging of defaults costs as much as the request itself.
        headers = {"User-Agent": "chatframes", **(headers or {})}
        extensions: dict[str, Any] = {"timeout": self._timeouts}
        try:
            parts = urlsplit(url)
            if not parts.netloc or parts.scheme not in ("http", "https"):
                raise ValueError(parts.scheme)
            target = url[len(parts.scheme) + 3 + len(parts.netloc) :].partition("#")[0]
            if target.startswith("/") and target.isascii() and target.isprintable() and " " not in target:
                extensions["target"] = target.encode("ascii")  # as given: signatures do not survive re-quoting
                asked = _parsed(f"{parts.scheme}://{parts.netloc}")
            else:
                asked = httpx.URL(url)
            return httpx.Request(method, asked, headers=headers, data=data, extensions=extensions)
        except ValueError:  # an address or a host name that no rule allows
            raise httpx.InvalidURL("not an http(s) URL") from None

    async def token(self) -> SecretStr:
        """Return the token, which shows itself in no traceback."""
        token = await self._auth.token(self)
        if not _fits_a_header(token):  # said here, since the error of a header would quote it
            raise AuthError(
                f"the access token for {self.service} holds a character that no token has (a line break or a "
                "typographic quote, perhaps): copy it again"
            )
        return token

    async def renew(self, stale: SecretStr) -> None:
        await self._auth.renew(self, stale)


@functools.lru_cache(maxsize=256)
def _parsed(host: str) -> httpx.URL:
    return httpx.URL(host)


def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for a host."""
    proxies = getproxies_environment()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(host):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not proxy.lower().startswith(("http://", "https://")):
        # Not the proxy's own address, which may hold a password.
        raise ConfigError(
            f"the proxy that the environment names for {scheme} is no HTTP proxy: give one that begins with http://, "
            "or take trust_env out of config.json"
        )
    return proxy


def _fits_a_header(token: SecretStr) -> bool:
    return token.get_secret_value().isascii() and token.get_secret_value().isprintable()
