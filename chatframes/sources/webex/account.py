"""Keep and renew Webex tokens, one set per credential for the whole process, and remember whose they are."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from ... import kept
from ...errors import AuthError, ServiceError
from ...transfer.backoff import backoff_seconds
from ...transfer.clock import Clock
from ...transfer.http import NO_TOKEN, Http
from ...transfer.link import Link
from ...transfer.pages import PAGE_ATTEMPTS
from .. import WITHOUT_AN_ACCOUNT
from .refusals import ask
from .settings import WebexConfig

RENEWAL_SECONDS = 60.0  # for the whole exchange
RENEWAL_BYTES = 64 * 1024
TOKEN_KEYS = ("access_token", "refresh_token")
HOW_TO_LOG_IN = (
    "Get a personal token at https://developer.webex.com (it lasts 12 hours) and set WEBEX_ACCESS_TOKEN, or configure "
    "client_id, client_secret and refresh_token of an integration, which chatframes renews by itself."
)


class Tokens:
    """The token of one credential, with its renewal. An `Auth` of `transfer.http`."""

    def __init__(self, config: WebexConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._access: SecretStr = config.access_token or NO_TOKEN
        self._refresh: SecretStr = config.refresh_token or NO_TOKEN
        self._lock = asyncio.Lock()

    def __repr__(self) -> str:
        return "Tokens('********')"

    async def token(self, http: Http) -> SecretStr:
        if not self._access:
            await self.renew(http, NO_TOKEN)
        return self._access

    async def renew(self, http: Http, stale: SecretStr) -> None:
        """Replace the token `stale`, unless another caller has replaced it already."""
        async with self._lock:
            if self._access != stale:
                return
            if not self._refresh:
                raise AuthError(
                    f"Webex refused the access token (HTTP 401): it is wrong or has expired. {HOW_TO_LOG_IN}"
                    if stale
                    else f"No Webex credentials are configured. {HOW_TO_LOG_IN} {WITHOUT_AN_ACCOUNT}"
                )
            await self._exchange(http)

    async def _exchange(self, http: Http) -> None:
        for failures in range(1, PAGE_ATTEMPTS + 1):
            status = await self._post(http)
            if status is not None and status < 500 and status != 429:
                break
            if failures < PAGE_ATTEMPTS:
                await self._clock.sleep(backoff_seconds(failures, self._clock))
        else:
            raise ServiceError("Webex could not be reached to renew the access token: try again later.")
        if status != 200:
            raise AuthError(
                f"Webex refused to renew the access token (HTTP {status}): the refresh token lasts 90 days, and "
                "client_id and client_secret must be those it was made with. Log in again to get a new one."
            )

    async def _post(self, http: Http) -> int | None:
        """Request a new token and keep it; return the status, or None when there was no usable answer."""
        try:
            async with asyncio.timeout(RENEWAL_SECONDS):
                response = await http.request("POST", f"{http.base_url}/access_token", data=self._form())
                try:
                    return response.status_code if response.status_code != 200 else await self._keep(response)
                finally:
                    await response.aclose()
        except (httpx.TransportError, TimeoutError):
            return None

    async def _keep(self, response: httpx.Response) -> int | None:
        raw = bytearray()
        async for chunk in response.aiter_raw():
            raw += chunk
            if len(raw) > RENEWAL_BYTES:
                return None
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        access, refresh = (answer.get(key) if isinstance(answer, dict) else None for key in TOKEN_KEYS)
        if not isinstance(access, str) or not access:
            return None
        self._access = SecretStr(access)
        if isinstance(refresh, str) and refresh:
            self._refresh = SecretStr(refresh)
        return 200

    def _form(self) -> dict[str, str]:
        parts = {
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "refresh_token": self._refresh,
        }
        secrets = {name: part.get_secret_value() for name, part in parts.items() if part is not None}
        return {"grant_type": "refresh_token", **secrets}


def fingerprint(config: WebexConfig) -> str:
    """Return a hash that stands for the credential and from which it cannot be read."""
    parts = [config.access_token, config.refresh_token, config.client_secret]
    secret = "\0".join(part.get_secret_value() if part else "" for part in parts)
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


_tokens: dict[tuple[int, str, str], Tokens] = kept.new_dict()


def tokens(config: WebexConfig, clock: Clock) -> Tokens:
    """Return the tokens of a credential; every call of this process gets the same object."""
    key = id(asyncio.get_running_loop()), config.base_url, fingerprint(config)
    return _tokens.setdefault(key, Tokens(config, clock))


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose token it is."""

    id: str
    is_bot: bool


_owners: dict[tuple[str, str], Owner] = kept.new_dict()


async def owner(link: Link, config: WebexConfig) -> Owner:
    """Return whose token this is. It stays the same for good, so Webex is asked once in a process."""
    key = config.base_url, fingerprint(config)
    if key not in _owners:
        account = (await ask(link, f"{link.base_url}/people/me", "the Webex account")).payload
        found = Owner(str(account.get("id") or ""), account.get("type") == "bot")
        if not found.id:  # an odd answer is not kept
            return found
        _owners[key] = found
    return _owners[key]
