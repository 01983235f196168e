"""The exceptions chatframes raises on purpose.

All of them derive from `ChatframesError` and say three things: what happened, to which chat or setting, and what
to do next. They never carry a token or a request object.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AuthError",
    "ChatNotFound",
    "ChatframesError",
    "ConfigError",
    "IncompleteWarning",
    "RateLimited",
    "ServiceError",
]


class ChatframesError(Exception):
    """Base of every chatframes error.

    Attributes
    ----------
    partial : pandas.DataFrame or None
        What had been read before the failure, in the usual table; None when nothing had been.
    """

    partial: pd.DataFrame | None = None


class ConfigError(ChatframesError, ValueError):
    """A setting or an argument is wrong: which one, where, and what to write instead."""


class AuthError(ChatframesError):
    """The service refused the credentials, or there are none."""


class ChatNotFound(ChatframesError, LookupError):
    """No chat, or more than one, goes by that name; the message lists the candidates."""


class RateLimited(ChatframesError):
    """The service asks to wait longer than `max_retry_wait_seconds` allows.

    Attributes
    ----------
    retry_at : datetime.datetime or None
        When the service will answer again (UTC).
    """

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class ServiceError(ChatframesError):
    """The service could not be reached, or kept answering with something unusable."""


class IncompleteWarning(UserWarning):
    """The frame came back, but part of what was asked for is missing; `report` says what."""
