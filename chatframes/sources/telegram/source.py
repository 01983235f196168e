"""Define the source `Telegram`: a chat or channel, read over MTProto with the user's own account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from ...errors import ConfigError
from ...keywords import checks_keywords
from .. import Context, code_of, freeze, plain_number
from ..addresses import tidy
from .addresses import parse
from .settings import NAME

if TYPE_CHECKING:
    from .chat import TelegramChat
    from .settings import TelegramConfig

__all__ = ["Telegram"]

LONGEST_NAME = 300
LONGEST_ID = 19  # digits of a number of 64 bits


@dataclass(frozen=True, init=False)
class Telegram:
    """A Telegram chat, group or channel, and which days of it.

    Parameters
    ----------
    chat : str or int
        ``"@name"``, a link to a chat or to a message in it (``t.me/...``, ``tg://...``, web.telegram.org), the numeric
        id (as `chats` lists it, or without its ``-100``), a phone number (``"+47..."``), the title of a chat of this
        account, or ``"me"`` for Saved Messages.
    since, until : str, datetime.date or datetime.datetime, optional
        A bare date is that whole day in `tz`, at both ends; a datetime is that instant (a naive one is in `tz`).
        Without `since` the whole history is read; without `until` everything up to the start of the call.
    tz : str
        Time zone of bare dates and naive datetimes, an IANA name. The table itself is in UTC.
    limit : int, optional
        Only so many of the newest messages (service messages count, too).

    Raises
    ------
    ConfigError
        For an address that leads to no chat, such as an invitation; for a bound that is no date, an unknown time zone,
        an empty range, or a limit below 1.

    Notes
    -----
    Source: https://core.telegram.org/methods, with the account that `TelegramLogin` or ``chatframes login telegram``
    has logged in. Bots cannot read history. Telegram tolerates about one page of 100 messages a second in the long
    run: after a burst of 40 pages chatframes keeps to that.

    Examples
    --------
    >>> import chatframes as cf
    >>> cf.Telegram("@apollo", since="2026-10-01", limit=1000)
    Telegram('@apollo', since='2026-10-01', limit=1000)
    >>> with cf.sandbox() as world:
    ...     len(cf.fetch(cf.Telegram("@apollo"), config=world.config, progress=False))
    300
    """

    chat: str
    since: str | None
    until: str | None
    tz: str
    limit: int | None

    @checks_keywords
    def __init__(
        self,
        chat: str | int,
        *,
        since: str | date | datetime | None = None,
        until: str | date | datetime | None = None,
        tz: str = "UTC",
        limit: int | None = None,
    ) -> None:
        chat, limit = plain_number(chat), plain_number(limit)
        if isinstance(chat, bool) or not isinstance(chat, str | int):
            raise ConfigError("Telegram(chat): chat must be @name, a link, a numeric id or the title of a chat.")
        if isinstance(chat, int) and abs(chat) >= 10**LONGEST_ID:
            raise ConfigError(f"Telegram(chat): an id has at most {LONGEST_ID} digits; this number has more.")
        chat = tidy(chat if isinstance(chat, str) else f"{chat:d}")
        if not chat:
            raise ConfigError("Telegram(chat): chat is empty; it must be @name, a link, an id or the title of a chat.")
        if parse(chat).how == "title" and len(chat) > LONGEST_NAME:
            raise ConfigError(
                f"Telegram(chat): a text of {len(chat):,} characters names no chat, which has at most {LONGEST_NAME}."
            )
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise ConfigError(f"Telegram(limit={limit!r}): limit must be a whole number, 1 or more, or None for all.")
        freeze(self, chat=chat, limit=limit, since=since, until=until, tz=tz)

    def __repr__(self) -> str:
        return code_of(self, self.chat, {"since": None, "until": None, "limit": None, "tz": "UTC"})

    @property
    def service(self) -> str:
        return NAME

    @property
    def label(self) -> str:
        return repr(self)

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[TelegramChat]:
        """Find and open the chat, with the account that is logged in."""
        from telethon import utils

        from .chat import TelegramChat
        from .connect import connect
        from .names import find, goes_on_as, kind_of, notes_on, title_of
        from .peers import username_of
        from .rows import ChatFacts

        async with connect(context) as link:
            entity = await find(link, self.chat)
            kind = kind_of(entity)
            config: TelegramConfig = context.settings.config.section(NAME)
            chat = TelegramChat(
                facts=ChatFacts(
                    chat_id=str(utils.get_peer_id(entity)),
                    chat_name=title_of(entity),
                    kind="person" if kind == "bot" else kind,
                    username=username_of(entity),
                    forum=bool(getattr(entity, "forum", False)),
                    bare_id=entity.id,
                    me_id=link.account.me.id,
                ),
                peer=utils.get_input_peer(entity, allow_self=False),
                link=link,
                label=self.label,
                streams=config.max_concurrent_fetches,
                chunk_days=config.parallel_fetch_chunk_days,
                limit=self.limit,
                unbounded=self.since is None and self.limit is None,
                up_to_now=self.until is None,
                range_asked=self.since is not None or self.until is not None,
                goes_on_as=goes_on_as(entity),
                raw=context.settings.raw,
                notes=await notes_on(link, self.chat, entity),
            )
            try:
                yield chat
            finally:
                await chat.close()
