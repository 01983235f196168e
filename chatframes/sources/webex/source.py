"""Define the source `Webex`: a space and its days, read through the public REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import ConfigError
from ...keywords import checks_keywords
from .. import Context, code_of, freeze
from ..addresses import tidy
from .addresses import parse
from .settings import NAME

if TYPE_CHECKING:
    from .chat import Room

__all__ = ["Webex"]

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, init=False)
class Webex:
    """A Webex space (or a direct conversation), and which days of it.

    Parameters
    ----------
    room : str
        A title that exactly one room of this account has, the id of a room or its uuid, a link to a space or to a
        message in it (``webexteams://im?space=...``, ``https://web.webex.com/spaces/...``), or the e-mail address of
        the other person of a direct conversation, which has that person's name as its title.
    since, until : str, datetime.date or datetime.datetime, optional
        A bare date is that whole day in `tz`, at both ends; a datetime is that instant (a naive one is in `tz`).
        Without `since` the whole history is read; without `until` everything up to the start of the call.
    tz : str
        Time zone of bare dates and naive datetimes, an IANA name. The table itself is in UTC.

    Raises
    ------
    ConfigError
        For an address that leads to no space, such as a meeting's; for a bound that is no date, an unknown time zone,
        or an empty range.

    Notes
    -----
    Source: https://developer.webex.com/docs/api/v1/messages. A bot's token sees only the messages of a group space
    that mention the bot; a personal token lasts 12 hours.

    Examples
    --------
    >>> import chatframes as cf
    >>> cf.Webex("Project Apollo", since="2026-10-01", until="2026-10-31")
    Webex('Project Apollo', since='2026-10-01', until='2026-10-31')
    """

    room: str
    since: str | None
    until: str | None
    tz: str

    @checks_keywords
    def __init__(
        self,
        room: str,
        *,
        since: str | date | datetime | None = None,
        until: str | date | datetime | None = None,
        tz: str = "UTC",
    ) -> None:
        room = tidy(room) if isinstance(room, str) else room
        if not isinstance(room, str) or not room:
            raise ConfigError("Webex(room): room must be the title or the id of a space, a text that is not empty.")
        parse(room)
        freeze(self, room=room, since=since, until=until, tz=tz)

    def __repr__(self) -> str:
        return code_of(self, self.room, {"since": None, "until": None, "tz": "UTC"})

    @property
    def service(self) -> str:
        return NAME

    @property
    def label(self) -> str:
        return repr(self)

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[Room]:
        """Find and open the room, and ask at the same time whose token this is."""
        from .account import fingerprint, owner
        from .chat import Room
        from .connect import connect
        from .names import find
        from .people import People
        from .rows import moment

        config = context.settings.config.section(NAME)
        async with connect(context) as link:
            account, item = await _both(owner(link, config), find(link, self.room))
            note = parse(self.room).note
            notes = [note] if note else []
            yield Room(
                id=str(item["id"]),
                account_id=account.id,
                name=str(item.get("title") or ""),
                begins=moment(item.get("created")),
                last_activity=moment(item.get("lastActivity")),
                direct=item.get("type") == "direct",
                link=link,
                people=People(link, notes, f"{config.base_url} {fingerprint(config)}"),
                notes=notes,
                clock=context.clock,
                raw=context.settings.raw,
                allow_unscannable=config.allow_unscannable,
                bot=account.is_bot,
                streams=config.max_concurrent_fetches,
                chunk_days=config.parallel_fetch_chunk_days,
            )


async def _both(first: Awaitable[A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Await two requests at once; where both fail, the error of the first is raised."""
    task = asyncio.create_task(second)
    try:
        return await first, await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
