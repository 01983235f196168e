"""Define the protocol of a source (a frozen description of what to fetch) and what all sources share."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from ..model import Emit, OpenChat
from ..windows import END_OF_TIME, parse_bounds, plain_bound

if TYPE_CHECKING:
    from ..settings.merge import Settings
    from ..transfer.clock import Clock

__all__ = ["WITHOUT_AN_ACCOUNT", "Context", "Source", "code_of", "freeze", "missing_members", "plain_number"]

WITHOUT_AN_ACCOUNT = "Without an account: world = chatframes.sandbox(), and config=world.config in the call."


def _nobody_asks(left: float, of: float | None, resets_in_seconds: float | None) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Context:
    """What a call hands to each of its sources: settings, clock and callbacks."""

    settings: Settings
    clock: Clock
    emit: Emit
    count: Callable[[str], None]  # counts for the report: "page", "retry", "rate_limited", "pool_timeout"
    # For the metrics, where a service says so: requests that are left, of how many, and when they are counted anew.
    api_budget: Callable[[float, float | None, float | None], None] = _nobody_asks


class Source(Protocol):
    """A frozen description of what to fetch from one service. Its fields are plain data."""

    @property
    def service(self) -> str:
        """The name of its service."""

    @property
    def since(self) -> str | None: ...

    @property
    def until(self) -> str | None: ...

    @property
    def tz(self) -> str: ...

    @property
    def label(self) -> str:
        """Its name for people: ``Webex('Project Apollo')``."""

    def open(self, context: Context) -> AbstractAsyncContextManager[OpenChat]:
        """Find and open the chat; raises AuthError, ChatNotFound, RateLimited or ServiceError."""


def missing_members(thing: object, protocol: type) -> list[str]:
    """Return the members of a protocol (`Source` or `OpenChat`) that an object lacks.

    Examples
    --------
    >>> missing_members("a text", Source)
    ['service', 'since', 'until', 'tz', 'label', 'open']
    """
    members = [name for name in vars(protocol) if not name.startswith("_")]
    return [name for name in members if not hasattr(thing, name)]


def freeze(
    source: Any,
    *,
    since: str | date | datetime | None,
    until: str | date | datetime | None,
    tz: str,
    **values: object,
) -> None:
    """Set the fields of a frozen source and check its days, so that a mistake shows before the fetch begins.

    Raises
    ------
    ConfigError
        For a bound that is no date, an unknown time zone, or an empty range.
    """
    bounds = {"since": plain_bound(since, "since"), "until": plain_bound(until, "until"), "tz": tz}
    for name, value in {**values, **bounds}.items():
        object.__setattr__(source, name, value)
    parse_bounds(bounds["since"], bounds["until"], tz, END_OF_TIME)


def code_of(source: Any, chat: str, defaults: Mapping[str, object]) -> str:
    """Return the code that creates a source: its chat, then the arguments that differ from their `defaults`."""
    values = ((name, getattr(source, name)) for name in defaults)
    arguments = "".join(f", {name}={value!r}" for name, value in values if value != defaults[name])
    return f"{type(source).__name__}({chat!r}{arguments})"


def plain_number(value: Any) -> Any:
    """Return a whole number of numpy, as columns hold them, as a Python int; anything else unchanged."""
    if isinstance(value, bool | int | str) or not hasattr(value, "__index__"):
        return value
    return operator.index(value)
