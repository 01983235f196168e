"""One call's way to a service: pages with patience, attachments as they stand.

`json()` brings a page: retries, waits and token renewal happen here. `download()` opens one attachment; retrying it is
the downloader's business, which is why every trouble comes back as a `Refusal`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from ..errors import AuthError, ServiceError
from ..model import Body, Emit, Refusal, Status
from .answers import (
    RETRYABLE_STATUSES,
    BadAnswer,
    decode_json,
    file_name,
    meaning,
    network_refusal,
    next_hop,
    origin,
    retry_after_seconds,
)
from .clock import Clock, backoff_seconds
from .gate import IMAGE_WAIT_SECONDS, Gate
from .guard import Blocked
from .http import NO_TOKEN, Http
from .patience import Patience

PAGE_ATTEMPTS = 6
PAGE_SECONDS = 120.0  # the whole of one page; the read time-out alone never ends a trickle
PAGE_BYTES = 64 * 2**20
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class StatusError(ServiceError):
    """The service answered a page request with a status that no retry will change."""

    def __init__(self, message: str, status: int, detail: str) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Ask:
    """How a page is asked for, where it is more than a GET with the endpoint's own token."""

    form: Mapping[str, str] | None = field(default=None, repr=False)  # sent by POST
    user_agent: str | None = None
    token: SecretStr | None = None  # in place of the endpoint's own; whoever brings it renews it, too
    scheme: str = "Bearer"
    lists: bool = False  # a JSON list will do as well as an object


PLAIN = Ask()


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: its status, its JSON object (or list), its headers, and where it redirects to."""

    status: int
    payload: Any
    headers: httpx.Headers
    location: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An `Http` as one call uses it: with the service's gate, the call's patience, its clock and its ears."""

    http: Http
    gate: Gate
    clock: Clock
    emit: Emit
    max_retry_wait_seconds: float
    count: Callable[[str], None]  # "retry", "rate_limited" or "pool_timeout", for the report
    # What an answer's headers ask to wait before the next page, in seconds: for services that say so beforehand.
    pace: Callable[[httpx.Headers], float] = lambda headers: 0.0
    kind: str = ""  # of the gate: whose waits these are, where a service counts each account on its own

    @property
    def service(self) -> str:
        return self.http.service

    @property
    def base_url(self) -> str:
        return self.http.base_url

    @property
    def _patience(self) -> Patience:
        return Patience(self.service, self.gate, self.clock, self.emit, self.max_retry_wait_seconds)

    async def json(self, url: str, *, let_through: frozenset[int] = frozenset(), ask: Ask = PLAIN) -> Answer:
        """Return one page of the API.

        Parameters
        ----------
        url : str
            Of the API's own origin; anything else is refused, since the credential goes along.
        let_through : frozenset of int
            Statuses the caller wants to see itself.
        ask : Ask
            How to ask, when it is more than a plain GET.

        Raises
        ------
        AuthError, RateLimited, StatusError, ServiceError
        """
        if not self.http.is_api(url):
            raise ServiceError(f"{self.service}: a page link leads to another host; it was not followed")
        patience = self.max_retry_wait_seconds
        renewed = False
        failures = refusals = 0
        trouble = ""
        while True:
            async with self.gate.pages:
                token = await self.http.token() if ask.token is None else ask.token
                # Last: nothing may wait between it and the request.
                patience -= await self._patience.wait_open(patience, self.kind)
                if trouble:
                    self.count("retry")
                answer, trouble = await self._try_json(url, token, ask)
                if answer is not None and (pause := self.pace(answer.headers)) > 0:
                    self.gate.close_for(pause, self.clock, self.kind)
            if answer is not None and answer.status == 401 and ask.token is None and not renewed:
                renewed = True
                await self.http.renew(token)
                continue
            if answer is not None and (answer.status == 200 or answer.status in let_through):
                return answer
            if answer is not None and answer.status not in RETRYABLE_STATUSES | {429, 200}:
                raise self._refused(answer, token)
            asked = retry_after_seconds(answer.headers, self.clock) if answer is not None else None
            if answer is not None and answer.status == 429:
                refusals += 1
                self.count("rate_limited")
                # "At once" is no answer to "too many": taken as asked, it would repeat the request without end.
                pause = asked or 1.0 + backoff_seconds(refusals, self.clock)
                self.gate.close_for(pause, self.clock, self.kind)
                continue
            failures += 1
            if failures >= PAGE_ATTEMPTS:
                raise ServiceError(f"{self.service} failed {failures} times on one page: {trouble}. Try again later")
            if asked is not None and asked > patience:
                raise self._patience.too_long(self.clock.now() + timedelta(seconds=asked))
            seconds = max(asked or 0.0, backoff_seconds(failures, self.clock))
            patience -= await self._patience.pause(seconds, patience, trouble)

    async def _try_json(self, url: str, token: SecretStr, ask: Ask) -> tuple[Answer | None, str]:
        """Return the answer, or None and what went wrong."""
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if ask.user_agent is not None:
            headers["User-Agent"] = ask.user_agent
        method = "GET" if ask.form is None else "POST"
        try:
            response = await self.http.request(
                method, url, headers=headers, data=ask.form, token=token, scheme=ask.scheme
            )
            try:
                payload = await self._read_json(response, lists=ask.lists)
            finally:
                await response.aclose()
        except httpx.InvalidURL:
            trouble = "a page link is not a URL"
        except httpx.PoolTimeout as error:
            self.count("pool_timeout")
            trouble = str(error)
        except (httpx.TransportError, BadAnswer) as error:
            trouble = str(error)  # our own words, see transport.translate: no URL, no header
        else:
            status = response.status_code
            return Answer(status, payload, response.headers, response.extensions["location"]), f"HTTP {status}"
        return None, trouble

    async def _read_json(self, response: httpx.Response, *, lists: bool) -> Any:
        if response.status_code == 429:
            return {}  # its headers say everything, and the gate is to close now
        raw = bytearray()
        give_up = self.clock.monotonic() + PAGE_SECONDS
        try:
            async for chunk in response.aiter_raw():
                raw += chunk
                if len(raw) > PAGE_BYTES:
                    raise BadAnswer("a page of more than 64 MiB")
                if self.clock.monotonic() > give_up:
                    raise BadAnswer(f"a page that took more than {PAGE_SECONDS:.0f} s")
            return decode_json(bytes(raw), response, PAGE_BYTES, lists=lists)
        except (httpx.TransportError, BadAnswer):
            if response.status_code == 200:
                raise
            return {}  # the status and the headers of an error count, whatever becomes of its body

    def _refused(self, answer: Answer, token: SecretStr) -> Exception:
        detail = str(answer.payload.get("message", "")) if isinstance(answer.payload, dict) else ""
        if token:  # a service may quote what it was sent
            detail = detail.replace(token.get_secret_value(), "********")
        detail = detail[:200]
        if answer.status == 401:
            return AuthError(
                f"{self.service} refused the renewed token as well (HTTP 401): log in again. {detail}".strip()
            )
        return StatusError(
            f"{self.service} answered HTTP {answer.status}{': ' + detail if detail else ''}", answer.status, detail
        )

    @asynccontextmanager
    async def download(
        self,
        url: str,
        statuses: Mapping[int, tuple[Status, str]] | None = None,
        *,
        foreign: bool = False,
        accept: str = "*/*",
        dead_end: Callable[[str], bool] = lambda url: False,
    ) -> AsyncIterator[Body]:
        """Open one attachment: redirects followed by hand, credentials only to the API's origin, raw bytes.

        Parameters
        ----------
        statuses : mapping of int to (status, reason)
            What the service means by its own HTTP statuses.
        foreign : bool
            Somebody else wrote this URL: no credential goes along, and no private address is reached.
        accept : str
            The Accept header: some hosts give whoever would take a web page a web page.
        dead_end : callable
            Whether a redirect to this URL means that the picture is gone.

        Raises
        ------
        Refusal
            With the outcome this leads to.
        """
        response = await self._open(url, statuses or {}, self.http.is_api(url) and not foreign, accept, dead_end)
        try:
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            if encoding not in ("identity", ""):
                # Unpacking is how a few hundred bytes become a gigabyte.
                raise Refusal(
                    "failed",
                    "content_encoding",
                    "the server packed the picture although it was asked not to",
                    http_status=response.status_code,
                )
            length = response.headers.get("Content-Length", "")
            yield Body(
                chunks=_raw(response),
                http_status=response.status_code,
                name=file_name(response.headers.get("Content-Disposition")),
                declared_mime=response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None,
                declared_size=int(length) if length.isascii() and length.isdigit() else None,
            )
        finally:
            await response.aclose()

    async def _open(
        self,
        url: str,
        statuses: Mapping[int, tuple[Status, str]],
        at_home: bool,
        accept: str,
        dead_end: Callable[[str], bool],
    ) -> httpx.Response:
        seen = {url}
        renewed = False
        while True:
            token = await self._token() if at_home else NO_TOKEN
            # A stranger's host that has enough of us is no reason to let the service wait.
            _, host, port = origin(url)
            kind = self.kind if at_home else f"{host}:{port}"
            await self._patience.wait_open_for_image(kind, http_status=429)
            response = await self._get_raw(url, token, accept, guarded=not at_home)
            status = response.status_code
            if status == 200:
                return response
            headers = response.headers
            await response.aclose()
            if status in REDIRECTS:
                url = next_hop(url, response.extensions["location"])
                if url in seen or len(seen) > MAX_REDIRECTS:
                    raise Refusal("failed", "redirect", "too many redirects", http_status=status)
                if dead_end(url):
                    raise Refusal("failed", "gone", "redirected to what stands in for pictures that are gone")
                seen.add(url)
                # Once a redirect has left the API's origin, no credential follows, not even back to it.
                at_home = at_home and self.http.is_api(url)
                continue
            if status == 401 and token and not renewed:
                renewed = True
                await self._renew_for_image(token)
                continue
            wait = retry_after_seconds(headers, self.clock)
            if status == 429:
                self.count("rate_limited")
                closed_seconds = wait or 1.0 + self.clock.random()
                self.gate.close_for(closed_seconds, self.clock, kind)
                if closed_seconds > IMAGE_WAIT_SECONDS:
                    raise self._patience.closed_until(self.clock.now() + timedelta(seconds=closed_seconds), 429)
                wait = 0.0  # the gate does the waiting, for everybody
            outcome, reason = statuses.get(status) or meaning(status)
            raise Refusal(outcome, reason, f"HTTP {status}", http_status=status, retry_after_seconds=wait)

    async def _token(self) -> SecretStr:
        try:
            return await self.http.token()
        except AuthError as error:
            raise Refusal("failed", "unauthorized", str(error)) from None

    async def _renew_for_image(self, token: SecretStr) -> None:
        try:
            await self.http.renew(token)
        except AuthError as error:
            raise Refusal("failed", "unauthorized", str(error), http_status=401) from None

    async def _get_raw(self, url: str, token: SecretStr, accept: str, *, guarded: bool) -> httpx.Response:
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        try:
            return await self.http.request("GET", url, headers=headers, token=token, guarded=guarded)
        except (httpx.TransportError, httpx.InvalidURL, Blocked) as error:
            if isinstance(error, httpx.PoolTimeout):
                self.count("pool_timeout")
            refusal = network_refusal(error)
        raise refusal


async def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    except httpx.TransportError as error:
        refusal = network_refusal(error)
        if refusal.reason == "connect":  # the answer had begun: what broke is the body
            refusal.reason = "truncated"
        refusal.http_status = response.status_code
    else:
        return
    raise refusal
