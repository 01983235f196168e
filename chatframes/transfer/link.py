"""One call's way to a service over HTTP: `json` brings a page, `download` opens an attachment.

Pages are retried here, with waits and the renewal of tokens. Attachments are retried by the downloader, which is why
every trouble with one comes back as a `Refusal` (see files.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from ..errors import AuthError, ServiceError
from ..model import Body, Emit, Status
from .answers import RETRYABLE_STATUSES, BadAnswer, decode_json, retry_after_seconds
from .clock import Clock, backoff_seconds
from .files import opened
from .http import Http
from .patience import Patience

PAGE_ATTEMPTS = 6
PAGE_SECONDS = 120.0  # the whole of one page; the read time-out alone never ends a trickle
PAGE_BYTES = 64 * 2**20


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
    """An `Http` as one call uses it, with that call's patience."""

    http: Http
    patience: Patience
    # What an answer's headers ask to wait before the next page, in seconds: for services that say so beforehand.
    pace: Callable[[httpx.Headers], float] = lambda headers: 0.0

    @property
    def base_url(self) -> str:
        return self.http.base_url

    @property
    def clock(self) -> Clock:
        return self.patience.clock

    @property
    def emit(self) -> Emit:
        return self.patience.emit

    @property
    def count(self) -> Callable[[str], None]:
        return self.patience.count

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
            raise ServiceError(f"{self.http.service}: a page link leads to another host; it was not followed.")
        return await _Page(self, url, let_through, ask, self.patience.max_retry_wait_seconds).answer()

    def download(
        self,
        url: str,
        statuses: Mapping[int, tuple[Status, str]] | None = None,
        *,
        foreign: bool = False,
        accept: str = "*/*",
        dead_end: Callable[[str], bool] = lambda url: False,
    ) -> AbstractAsyncContextManager[Body]:
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
        with_token = self.http.is_api(url) and not foreign
        return opened(self.http, self.patience, url, statuses or {}, with_token, accept, dead_end)


@dataclass(slots=True)
class _Page:
    """One page being asked for, until there is an answer or no sense in another try."""

    link: Link
    url: str
    let_through: frozenset[int]
    ask: Ask
    seconds_left: float  # to wait, in all
    tries: int = 0
    refusals: int = 0
    failures: int = 0
    renewed: bool = False

    async def answer(self) -> Answer:
        http, patience = self.link.http, self.link.patience
        while True:
            if self.ask.token is None:
                await http.token()  # a first login takes a while: not in a place that others could use
            async with patience.gate.pages:
                token = await http.token() if self.ask.token is None else self.ask.token
                # Last: nothing may wait between it and the request.
                self.seconds_left -= await patience.wait_for_page(self.seconds_left)
                answer, trouble = await self._try(token)
                if answer is not None and (pause := self.link.pace(answer.headers)) > 0:
                    patience.waits.close_for(pause, patience.clock)
            if answer is None:
                await self._failed(trouble, None)
            elif answer.status == 401 and self.ask.token is None and not self.renewed:
                self.renewed = True
                await http.renew(token)
            elif answer.status == 200 or answer.status in self.let_through:
                return answer
            elif answer.status == 429:
                self._refused(answer)
            elif answer.status in RETRYABLE_STATUSES:
                await self._failed(trouble, retry_after_seconds(answer.headers, patience.clock))
            else:
                raise self._error(answer, token)

    def _refused(self, answer: Answer) -> None:
        """Let every call of the account wait before the next try."""
        clock = self.link.clock
        self.refusals += 1
        # "At once" is no answer to "too many": taken as asked, it would repeat the request without end.
        seconds = retry_after_seconds(answer.headers, clock) or 1.0 + backoff_seconds(self.refusals, clock)
        self.link.patience.asked_to_wait(seconds)

    async def _failed(self, trouble: str, asked_seconds: float | None) -> None:
        """Wait before the next try; raises when this was the last one."""
        patience = self.link.patience
        self.failures += 1
        if self.failures >= PAGE_ATTEMPTS:
            raise ServiceError(
                f"{patience.service} failed {self.failures} times on one page: {trouble}. Try again later."
            )
        if asked_seconds is not None and asked_seconds > self.seconds_left:
            raise patience.too_long(patience.clock.now() + timedelta(seconds=asked_seconds))
        seconds = max(asked_seconds or 0.0, backoff_seconds(self.failures, patience.clock))
        self.seconds_left -= await patience.pause(seconds, self.seconds_left, trouble)

    async def _try(self, token: SecretStr) -> tuple[Answer | None, str]:
        """Return the answer, or None and what went wrong."""
        if self.tries:
            self.link.count("retry")
        self.tries += 1
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if self.ask.user_agent is not None:
            headers["User-Agent"] = self.ask.user_agent
        method = "GET" if self.ask.form is None else "POST"
        try:
            response = await self.link.http.request(
                method, self.url, headers=headers, data=self.ask.form, token=token, scheme=self.ask.scheme
            )
            try:
                payload = await self._read(response)
            finally:
                await response.aclose()
        except httpx.InvalidURL:
            trouble = "a page link is not a URL"
        except httpx.PoolTimeout as error:
            self.link.count("pool_timeout")
            trouble = str(error)
        except (httpx.TransportError, BadAnswer) as error:
            trouble = str(error)  # our own words, see transport.translate: no URL, no header
        else:
            status = response.status_code
            return Answer(status, payload, response.headers, response.extensions["location"]), f"HTTP {status}"
        return None, trouble

    async def _read(self, response: httpx.Response) -> Any:
        if response.status_code == 429:
            return {}  # its headers say everything, and the account's other calls should know at once
        raw = bytearray()
        give_up = self.link.clock.monotonic() + PAGE_SECONDS
        try:
            async for chunk in response.aiter_raw():
                raw += chunk
                if len(raw) > PAGE_BYTES:
                    raise BadAnswer("a page of more than 64 MiB")
                if self.link.clock.monotonic() > give_up:
                    raise BadAnswer(f"a page that took more than {PAGE_SECONDS:.0f} s")
            return decode_json(bytes(raw), response, PAGE_BYTES, lists=self.ask.lists)
        except (httpx.TransportError, BadAnswer):
            if response.status_code == 200:
                raise
            return {}  # the status and the headers of an error count, whatever becomes of its body

    def _error(self, answer: Answer, token: SecretStr) -> Exception:
        service = self.link.http.service
        detail = str(answer.payload.get("message", "")) if isinstance(answer.payload, dict) else ""
        if token:  # a service may quote what it was sent
            detail = detail.replace(token.get_secret_value(), "********")
        detail = detail[:200]
        if answer.status == 401:
            return AuthError(f"{service} refused the renewed token as well (HTTP 401): log in again. {detail}".strip())
        return StatusError(
            f"{service} answered HTTP {answer.status}{': ' + detail if detail else ''}", answer.status, detail
        )
