"""Open one attachment over HTTP: follow redirects one by one, and turn every problem into a `Refusal`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from pydantic import SecretStr

from ..errors import AuthError, ServiceError
from ..images.sniff import is_raster, sniff
from ..model import Body, Refusal, Status
from .answers import Headers, network_refusal, next_address, origin, outcome_of_status, retry_after_seconds
from .file_names import file_name
from .gate import IMAGE_WAIT_SECONDS
from .guard import Blocked
from .http import NO_TOKEN, FileAnswer, Http
from .lanes import NO_TURN, Turn
from .patience import Patience

MAX_REDIRECTS = 5
LOOK_BYTES = 64  # enough to know a picture
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@asynccontextmanager
async def open_attachment(
    http: Http,
    patience: Patience,
    url: str,
    statuses: Mapping[int, tuple[Status, str]],
    with_token: bool,
    accept: str,
    dead_end: Callable[[str], bool],
) -> AsyncIterator[Body]:
    """Open one attachment, see `Link.download`. The account's token is sent to the API's own origin only.

    Raises
    ------
    Refusal
        It could not be opened; the error holds the outcome.
    """
    began = patience.clock.monotonic()
    request = _Request(http, patience, url, statuses, with_token, accept, dead_end)
    response = await request.response()

    def look(head: bytes) -> None:
        if is_raster(mime := sniff(head)):  # whatever its headers say
            return
        if _is_packed(response.headers):
            # Never unpacked, since a few hundred packed bytes can become a gigabyte.
            reason, text = "content_encoding", "the server packed the picture although it was asked not to"
        elif with_token and mime == "text/html" and "Content-Disposition" not in response.headers:
            patience.pulse.failed(began, "a login or proxy page, perhaps", silent=False)
            reason, text = "bad_response", "a web page in place of the file: a login or proxy page, perhaps"
        else:
            return
        raise Refusal("failed", reason, text, http_status=response.status_code)

    try:
        length = response.headers.get("Content-Length", "")
        yield Body(
            chunks=_Chunks(response, look),
            http_status=response.status_code,
            name=next(filter(None, map(file_name, response.headers.get_list("Content-Disposition"))), None),
            declared_mime=response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None,
            declared_size=int(length) if length.isascii() and length.isdigit() else None,
            says_its_end=response.headers.get("Transfer-Encoding", "").strip().lower() == "chunked",
        )
    finally:
        try:
            await response.aclose()
        finally:
            request.turn.end(answered=True)


@dataclass(slots=True)
class _Request:
    """The requests for one attachment, from the first address through its redirects."""

    http: Http
    patience: Patience
    url: str
    statuses: Mapping[int, tuple[Status, str]]
    with_token: bool
    accept: str
    dead_end: Callable[[str], bool]
    visited: set[str] = field(default_factory=set)
    renewed: bool = False
    turn: Turn = NO_TURN  # lasts until the body has been read

    async def response(self) -> FileAnswer:
        """Return the answer with status 200; raises Refusal when there will be none."""
        while True:
            token = await self._token() if self.with_token else NO_TOKEN
            self.turn = await self._wait()
            response = None
            try:
                self._check_service()
                response = await self._get(token)
                if response.status_code == 200:
                    return response
                await response.aclose()
                refusal = None if self._goes_on(response, token) else self._refusal(response)
            finally:
                if response is None or response.status_code != 200:
                    self.turn.end(answered=response is not None)
            if refusal is not None:
                raise refusal
            if response.status_code in REDIRECTS:
                self._follow(response)
            else:
                await self._renew(token)

    def _goes_on(self, response: FileAnswer, token: SecretStr) -> bool:
        """Whether another request may follow: to where this one was sent on, or with a new token."""
        return response.status_code in REDIRECTS or (response.status_code == 401 and bool(token) and not self.renewed)

    async def _wait(self) -> Turn:
        patience, kind = self._patience_and_kind()
        try:
            return await patience.turn_for_image(origin(self.url)[1], kind, http_status=429)
        except Refusal as refusal:
            refusal.elsewhere = not self.with_token
            raise

    def _check_service(self) -> None:
        """Raise Refusal when no more requests are to be sent to the service."""
        if not self.with_token:
            return
        if self.patience.pulse.gone(self.patience.clock):
            raise Refusal("failed", "connect", "the service no longer answers")
        if self.patience.renewal.failed is not None:
            raise _without_token(self.patience.renewal.failed)

    def _patience_and_kind(self) -> tuple[Patience, str]:
        """Return the patience whose waits apply to the address (the account's, or another host's), and their kind."""
        if self.with_token:
            return self.patience, ""
        _, host, port = origin(self.url)
        return self.patience.for_other_hosts(), f"{host}:{port}"

    def _follow(self, response: FileAnswer) -> None:
        self.visited.add(self.url)
        self.url = next_address(self.url, response.location)
        if self.url in self.visited or len(self.visited) > MAX_REDIRECTS:
            raise Refusal("failed", "redirect", "too many redirects", http_status=response.status_code)
        if self.dead_end(self.url):
            raise Refusal("failed", "gone", "redirected to the placeholder for deleted pictures")
        # Once a redirect has left the API's origin, no credential follows, not even back to it.
        self.with_token = self.with_token and self.http.is_api(self.url)

    def _refusal(self, response: FileAnswer) -> Refusal:
        """Return the outcome for a status that is neither success nor a redirect."""
        status = response.status_code
        asked_seconds = retry_after_seconds(response.headers, self.patience.clock)
        if status == 429:
            patience, kind = self._patience_and_kind()
            seconds = asked_seconds or 1.0 + patience.clock.random()
            patience.asked_to_wait(seconds, kind)
            self.turn.refused(seconds)
            if seconds > IMAGE_WAIT_SECONDS:
                retry_at = patience.clock.now() + timedelta(seconds=seconds)
                refusal = patience.too_long_for_image(retry_at, http_status=429)
                refusal.elsewhere = not self.with_token
                return refusal
            asked_seconds = 0.0  # the next try waits together with all requests of this account, or to this host
        elif status == 503:
            self.turn.refused()
        outcome, reason = self.statuses.get(status) or outcome_of_status(status)
        return Refusal(
            outcome,
            reason,
            "the proxy asks for a login (HTTP 407)" if status == 407 else f"HTTP {status}",
            http_status=status,
            retry_after_seconds=asked_seconds,
            elsewhere=not self.with_token and status != 407,
        )

    async def _token(self) -> SecretStr:
        try:
            return await self.http.token()
        except (AuthError, ServiceError) as error:
            raise _without_token(error) from None

    async def _renew(self, token: SecretStr) -> None:
        self.renewed = True
        try:
            await self.patience.renewal.renew(self.http, token)
        except (AuthError, ServiceError) as error:
            raise _without_token(error) from None

    async def _get(self, token: SecretStr) -> FileAnswer:
        pulse, clock = self.patience.pulse, self.patience.clock
        began = clock.monotonic()
        try:
            response = await self.http.open_file(self.url, accept=self.accept, token=token, guarded=not self.with_token)
            if self.with_token and response.status_code < 500 and response.status_code not in REDIRECTS:
                pulse.answered(clock)
            return response
        except (httpx.TransportError, httpx.InvalidURL, Blocked) as error:
            if isinstance(error, httpx.PoolTimeout):
                self.patience.count("pool_timeout")
            elif self.with_token and isinstance(error, httpx.TransportError):
                pulse.failed(began, str(error))
            if isinstance(error, httpx.TimeoutException):
                self.turn.timed_out()
            refusal = network_refusal(error)
        raise refusal


def _is_packed(headers: Headers) -> bool:
    return headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", "")


def _without_token(error: AuthError | ServiceError) -> Refusal:
    """Return the refusal of an attachment for which there is no token any more."""
    reason = "unauthorized" if isinstance(error, AuthError) else "connect"
    return Refusal("failed", reason, str(error), http_status=401)


class _Chunks:
    """The chunks of a body as they come, with a look at the first bytes: Refusal if they are not worth reading."""

    __slots__ = ("_head", "_look", "_response")

    def __init__(self, response: FileAnswer, look: Callable[[bytes], None]) -> None:
        self._response = response
        self._look = look
        self._head: bytes | None = b""  # None once it has been looked at

    def __aiter__(self) -> _Chunks:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._response.read()
        except httpx.TransportError as error:
            refusal = network_refusal(error)
        else:
            return self._looked_at(chunk)
        if refusal.reason == "connect":  # the answer had begun: what broke is the body
            refusal.reason = "truncated"
        refusal.http_status = self._response.status_code
        raise refusal

    def _looked_at(self, chunk: bytes) -> bytes:
        if self._head is not None:
            self._head += chunk
            if len(self._head) >= LOOK_BYTES or (self._head and not chunk):
                self._look(self._head)
                self._head = None
        if not chunk:
            raise StopAsyncIteration
        return chunk
