"""Give one call access to a service over HTTP: `json` fetches a page, `download` opens an attachment.

Pages are retried here, with waits and the renewal of tokens (see pages.py). Attachments are retried by the downloader,
so every problem with one is raised as a `Refusal` (see files.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx

from ..errors import ServiceError
from ..model import Body, Emit, Status
from .clock import Clock
from .files import open_attachment
from .http import Http
from .pages import PLAIN, Answer, Ask, PageRequest, StatusError
from .patience import Patience

__all__ = ["Answer", "Ask", "Link", "StatusError"]


@dataclass(frozen=True, slots=True)
class Link:
    """A shared `Http` as one call uses it, with the waits and counts of that call."""

    http: Http
    patience: Patience
    # Seconds to wait before the next page, from an answer's headers, for services that announce their limits there.
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
            Must belong to the API's own origin, since the credential is sent with it.
        let_through : frozenset of int
            Statuses that are returned to the caller instead of raised.
        ask : Ask
            Options of a request that is more than a plain GET.

        Raises
        ------
        AuthError, RateLimited, StatusError, ServiceError
        """
        if not self.http.is_api(url):
            raise ServiceError(f"A page link of {self.http.service} leads to another host: it was not followed.")
        return await PageRequest(self.http, self.patience, self.pace, url, let_through, ask).answer()

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
            The outcomes of HTTP statuses to which this service gives a meaning of its own.
        foreign : bool
            A user of the service wrote this URL: no credential is sent, and no private address is reached.
        accept : str
            The Accept header: some hosts send a web page unless it asks for images only.
        dead_end : callable
            Whether a redirect to this URL means that the picture is gone.

        Raises
        ------
        Refusal
            It could not be opened; the error holds the outcome.
        """
        with_token = self.http.is_api(url) and not foreign
        return open_attachment(self.http, self.patience, url, statuses or {}, with_token, accept, dead_end)
