"""Ask for one page of a service's API: with its waits, its retries and the renewal of its token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from ..errors import AuthError, ServiceError
from .answers import (
    PROXY_LOGIN,
    RETRYABLE_STATUSES,
    BadAnswer,
    decode_json,
    origin,
    retry_after_seconds,
    wants_proxy_login,
)
from .backoff import backoff_seconds
from .files import REDIRECTS
from .http import Http
from .lanes import Turn
from .patience import Patience

__all__ = ["PAGE_ATTEMPTS", "PLAIN", "Answer", "Ask", "PageRequest", "StatusError"]

PAGE_ATTEMPTS = 6
REPAIR_AFTER = 2  # failed tries
PASSED_BY = (
    'The environment names a proxy, which is not used: set "trust_env": true under "downloads" of config.json if '
    "this network needs it; else try again later."
)
PAGE_SECONDS = 120.0  # for one whole page: the read time-out does not end an answer that trickles in
PAGE_BYTES = 64 * 2**20


class StatusError(ServiceError):
    """The service answered a page request with a status that no retry will change."""

    def __init__(self, message: str, status: int, detail: str) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Ask:
    """Options of a page request that is more than a GET with the endpoint's own token."""

    form: Mapping[str, str] | None = field(default=None, repr=False)  # sent by POST
    user_agent: str | None = None
    token: SecretStr | None = None  # used instead of the endpoint's own; the caller renews it
    scheme: str = "Bearer"
    lists: bool = False  # accept a JSON list as well as an object


PLAIN = Ask()


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: its status, its JSON object (or list), its headers, and where it redirects to."""

    status: int
    payload: Any
    headers: httpx.Headers
    location: str = ""


@dataclass(slots=True)
class PageRequest:
    """The request for one page, with its retries."""

    http: Http
    patience: Patience
    pace: Callable[[httpx.Headers], float]  # see `Link`
    url: str
    let_through: frozenset[int]
    ask: Ask
    seconds_left: float = field(init=False)  # of waiting, all tries together
    tries: int = 0
    refusals: int = 0
    failures: int = 0
    renewed: bool = False

    def __post_init__(self) -> None:
        self.seconds_left = self.patience.max_retry_wait_seconds

    async def answer(self) -> Answer:
        """Return the answer, or raise what `Link.json` raises."""
        http, patience = self.http, self.patience
        while True:
            if self.ask.token is None:
                await http.token()  # a first login takes a while, so it is done before a place in the gate is taken
            async with patience.gate.pages:
                token = await http.token() if self.ask.token is None else self.ask.token
                async with patience.turn_for_page(origin(self.url)[1], self.seconds_left) as turn:
                    # Nothing is waited for before the request: meanwhile the service could ask to wait again.
                    answer, trouble = await self._in_turn(token, turn)
            if answer is None:
                await self._failed(trouble, None, PASSED_BY if http.passes_proxy_by else "")
            elif answer.status == 401 and self.ask.token is None and not self.renewed:
                self.renewed = True
                await patience.renewal.renew(http, token)
            elif answer.status == 200 or answer.status in self.let_through:
                return answer
            elif answer.status == 429:
                continue
            elif answer.status in RETRYABLE_STATUSES:
                await self._failed(trouble, retry_after_seconds(answer.headers, patience.clock))
            else:
                raise self._error(answer, token)

    async def _in_turn(self, token: SecretStr, turn: Turn) -> tuple[Answer | None, str]:
        """Send the request; all calls of the account heed what the answer asks for before the turn ends."""
        patience = self.patience
        self.seconds_left -= turn.waited_seconds
        if patience.pulse.gone(patience.clock):
            raise self._gone()
        answer, trouble = await self._try(token, turn)
        if answer is not None and (pause := self.pace(answer.headers)) > 0:
            patience.waits.close_for(pause, patience.clock)
        if answer is not None and answer.status == 429:
            self._refused(answer, turn)
        if answer is not None and answer.status == 200:
            patience.retries.succeeded()
        turn.end(answered=answer is not None)
        return answer, trouble

    def _gone(self) -> ServiceError:
        return ServiceError(
            f"{self.patience.service.capitalize()} no longer answers ({self.patience.pulse.trouble}): it was "
            "not asked any further. Try again later."
        )

    def _refused(self, answer: Answer, turn: Turn) -> None:
        """Make all calls of the account wait before their next try."""
        clock = self.patience.clock
        self.refusals += 1
        # A Retry-After of 0 is not taken literally: it would repeat the request without end.
        seconds = retry_after_seconds(answer.headers, clock) or 1.0 + backoff_seconds(self.refusals, clock)
        self.patience.asked_to_wait(seconds)
        turn.refused(seconds)

    async def _failed(self, trouble: str, asked_seconds: float | None, advice: str = "") -> None:
        """Wait before the next try; raises, perhaps with other advice than to wait, when this was the last one."""
        patience = self.patience
        self.failures += 1
        if self.failures >= PAGE_ATTEMPTS or not patience.retries.take():
            patience.pulse.gave_up()
            what = f"{patience.service.capitalize()} failed {self.failures} times on one page: {trouble}."
            raise ServiceError(f"{what} {advice or 'Try again later.'}")
        if asked_seconds is not None and asked_seconds > self.seconds_left:
            raise patience.too_long(patience.clock.now() + timedelta(seconds=asked_seconds))
        seconds = max(asked_seconds or 0.0, backoff_seconds(self.failures, patience.clock))
        self.seconds_left -= await patience.pause(seconds, self.seconds_left, trouble)

    async def _try(self, token: SecretStr, turn: Turn) -> tuple[Answer | None, str]:
        """Send the request once; return the answer, or None and what went wrong."""
        if self.tries:
            self.patience.count("retry")
        self.tries += 1
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if self.ask.user_agent is not None:
            headers["User-Agent"] = self.ask.user_agent
        method = "GET" if self.ask.form is None else "POST"
        pulse, began = self.patience.pulse, self.patience.clock.monotonic()
        try:
            response = await self.http.request(
                method, self.url, headers=headers, data=self.ask.form, token=token, scheme=self.ask.scheme
            )
            try:
                payload = await self._read(response)
            finally:
                await response.aclose()
        except httpx.InvalidURL:
            trouble = "a page link is not a URL"
        except httpx.PoolTimeout as error:
            self.patience.count("pool_timeout")
            trouble = str(error)
        except (httpx.TransportError, BadAnswer) as error:
            if wants_proxy_login(error):
                raise ServiceError(PROXY_LOGIN) from None
            if isinstance(error, httpx.TimeoutException):
                turn.timed_out()
            trouble = str(error)  # text of our own, see network_errors.translate: no URL, no header
            pulse.failed(began, trouble, silent=not isinstance(error, BadAnswer))
        else:
            status = response.status_code
            if status == 503:
                turn.refused()
            if status >= 500:
                pulse.failed(began, f"HTTP {status}", silent=False)
            else:
                pulse.answered(self.patience.clock)
            return Answer(status, payload, response.headers, response.extensions["location"]), f"HTTP {status}"
        return None, trouble

    async def _read(self, response: httpx.Response) -> Any:
        if response.status_code == 429:
            return {}  # its headers say enough, and the account's other calls should wait without delay
        raw = bytearray()
        deadline = self.patience.clock.monotonic() + PAGE_SECONDS
        try:
            async for chunk in response.aiter_raw():
                raw += chunk
                if len(raw) > PAGE_BYTES:
                    raise BadAnswer(f"a page of more than {PAGE_BYTES // 2**20} MiB")
                if self.patience.clock.monotonic() > deadline:
                    raise BadAnswer(f"a page that took more than {PAGE_SECONDS:.0f} s")
            # Bad bytes may be the network's: only where they come again and again, they are the service's own.
            repair = self.failures >= REPAIR_AFTER
            return decode_json(bytes(raw), response, PAGE_BYTES, lists=self.ask.lists, repair=repair)
        except (httpx.TransportError, BadAnswer):
            if response.status_code == 200:
                raise
            return {}  # status and headers are enough of an error answer

    def _error(self, answer: Answer, token: SecretStr) -> Exception:
        service = self.http.service
        if answer.status == 407:
            return ServiceError(PROXY_LOGIN)
        before_it = (
            f"{service.capitalize()} could not be asked: something between here and it answered HTTP {answer.status} "
            "with a page of its own. See in a browser whether the network wants a login, or ask its admin."
        )
        if answer.status in REDIRECTS or answer.status == 511:
            return StatusError(before_it, answer.status, "")
        if answer.status in (403, 451) and _is_a_web_page(answer.headers):
            return ServiceError(before_it)  # no word of the service about the account
        detail = str(answer.payload.get("message", "")) if isinstance(answer.payload, dict) else ""
        if token:  # an answer may quote the token
            detail = detail.replace(token.get_secret_value(), "********")
        detail = detail[:200]
        if answer.status == 401:
            said = f" It said: {detail}" if detail else ""
            return AuthError(
                f"{service.capitalize()} refused the renewed token as well (HTTP 401): log in again.{said}"
            )
        said = f": {detail.rstrip('.')}" if detail else ""
        return StatusError(f"{service.capitalize()} answered HTTP {answer.status}{said}.", answer.status, detail)


def _is_a_web_page(headers: httpx.Headers) -> bool:
    """Whether an answer is a page for people, as firewalls and proxies send, and no API."""
    return bool(headers.get("Content-Type", "").strip().lower().startswith("text/html"))
