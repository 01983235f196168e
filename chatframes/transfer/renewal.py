"""Renew a token once for all requests of a call, so that a renewal that fails is not tried again for each of them."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from ..errors import AuthError, ServiceError
from .http import Http

__all__ = ["Renewal"]


class Renewal:
    """The renewals of one call.

    Attributes
    ----------
    failed : AuthError, ServiceError or None
        Why the token could not be renewed. It is not tried again in this call.
    """

    def __init__(self) -> None:
        self.failed: AuthError | ServiceError | None = None
        self._lock = asyncio.Lock()

    async def renew(self, http: Http, stale: SecretStr) -> None:
        """Replace the token `stale`; raises AuthError or ServiceError if that is impossible, or was before."""
        async with self._lock:
            if self.failed is None:
                try:
                    return await http.renew(stale)
                except (AuthError, ServiceError) as error:
                    self.failed = type(error)(str(error))  # without what led to it, which may hold a connection
                    raise
        raise type(self.failed)(str(self.failed))
