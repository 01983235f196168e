"""Webex tokens: kept per credential for the whole process, renewed once per expiry."""

from __future__ import annotations

import asyncio
import hashlib

import httpx

from ...config import WebexConfig
from ...errors import AuthError, ServiceError
from ...transfer.http import Http
from ...transfer.link import PAGE_ATTEMPTS

HOW_TO_LOG_IN = (
    "Get a personal token at https://developer.webex.com (it lasts 12 hours) and set WEBEX_ACCESS_TOKEN, or configure "
    "client_id, client_secret and refresh_token of an integration, which chatframes renews by itself"
)


class Tokens:
    """The token of one credential, and the way to its next one. An `Auth` of `transfer.http`."""

    def __init__(self, config: WebexConfig) -> None:
        self._config = config
        self._access = config.access_token.get_secret_value() if config.access_token else ""
        self._refresh = config.refresh_token.get_secret_value() if config.refresh_token else ""
        self._lock = asyncio.Lock()

    def __repr__(self) -> str:
        return "Tokens('********')"

    async def token(self, http: Http) -> str:
        if not self._access:
            await self.renew(http, "")
        return self._access

    async def renew(self, http: Http, stale: str) -> None:
        """Get another token than `stale`; whoever comes second finds it already there."""
        async with self._lock:
            if self._access != stale:
                return
            if not self._refresh:
                raise AuthError(
                    "Webex refused the access token (HTTP 401): it is wrong or has expired. " + HOW_TO_LOG_IN
                    if stale
                    else "no Webex credentials: " + HOW_TO_LOG_IN
                )
            await self._exchange(http)

    async def _exchange(self, http: Http) -> None:
        for _ in range(PAGE_ATTEMPTS):
            status, answer = await self._post(http)
            if status is not None and status < 500 and status != 429:
                break
        if status is None or status >= 500 or status == 429:
            raise ServiceError("Webex could not be reached to renew the access token; try again later")
        access = answer.get("access_token")
        if status != 200 or not isinstance(access, str) or not access:
            raise AuthError(
                f"Webex refused to renew the access token (HTTP {status}): the refresh token lasts 90 days, and "
                "client_id and client_secret must be those it was made with. Log in again to get a new one"
            )
        self._access = access
        renewed = answer.get("refresh_token")
        if isinstance(renewed, str) and renewed:
            self._refresh = renewed

    async def _post(self, http: Http) -> tuple[int | None, dict[str, object]]:
        try:
            response = await http.request("POST", f"{http.base_url}/access_token", data=self._form())
            try:
                await response.aread()
                answer = response.json()
            finally:
                await response.aclose()
        except (httpx.TransportError, ValueError):
            return None, {}
        return response.status_code, answer if isinstance(answer, dict) else {}

    def _form(self) -> dict[str, str]:
        config = self._config
        assert config.client_id is not None
        assert config.client_secret is not None
        return {
            "grant_type": "refresh_token",
            "client_id": _plain(config.client_id),
            "client_secret": config.client_secret.get_secret_value(),
            "refresh_token": self._refresh,
        }


def _plain(value: object) -> str:
    return value if isinstance(value, str) else value.get_secret_value()  # type: ignore[attr-defined]


def fingerprint(config: WebexConfig) -> str:
    """Return a name for the credential that tells nothing about it."""
    parts = [config.access_token, config.refresh_token, config.client_secret]
    secret = "\0".join(part.get_secret_value() if part else "" for part in parts)
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


_kept: dict[tuple[int, str, str], Tokens] = {}


def tokens(config: WebexConfig) -> Tokens:
    """Return the tokens of a credential: the same ones for every call of this process."""
    key = id(asyncio.get_running_loop()), config.base_url, fingerprint(config)
    return _kept.setdefault(key, Tokens(config))


def forget_tokens() -> None:
    """Forget renewed tokens."""
    _kept.clear()
