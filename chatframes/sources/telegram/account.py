"""Keep the accounts that are logged in: one client per session for the whole process, on the library's loop.

All requests to Telegram, of any call, cell or widget, go through the same connection, which only `shutdown` closes.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telethon import TelegramClient
from telethon.network.mtprotosender import MTProtoSender
from telethon.sessions import StringSession
from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from ... import kept
from ...errors import AuthError
from ...transfer.clock import Clock
from .. import WITHOUT_AN_ACCOUNT
from .client import (
    CONNECTION_RETRIES,
    connect,
    disconnect,
    how_to_log_in,
    never_unretrieved,
    new_client,
    warn_without_cryptg,
    with_our_errors,
)
from .dropped import asked_again_by_us, never_sends_again
from .handshakes import accepting_key_of
from .pace import Pace
from .settings import TelegramConfig, TelegramServer
from .signing_in import LOST, LoginClient
from .store import session_name
from .unreadable import kept_readable


@dataclass(slots=True)
class Account:
    """One session: its client, its user, and the state that its calls share."""

    key: str
    client: TelegramClient
    session: StringSession
    server: TelegramServer | None
    me: types.User
    how_to_log_in: str
    pace: Pace = field(default_factory=Pace)
    chats: dict[str, Any] = field(default_factory=dict)  # entities by the names that users gave
    chat_locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _senders: dict[int, MTProtoSender] = field(default_factory=dict)
    _reconnected_at: dict[MTProtoSender, float] = field(default_factory=dict)
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    revoked: bool = False  # the session was logged out or revoked
    heard_at: float = 0.0  # when Telegram last answered, on the clock's monotonic scale, in seconds
    unreachable: bool = False  # the last attempt to connect failed, or all was silent, and nothing has been heard since
    _failures: Counter[int] = field(default_factory=Counter)  # attempts to connect, by data centre

    def host_of(self, dc_id: int) -> str:
        """Return what the report calls a data centre; 0 is the account's own."""
        return f"Telegram's data centre {dc_id or self.session.dc_id}"

    async def connect(self) -> None:
        """Connect again after Telethon has given up; callers at the same time share one attempt."""
        async with self._one_attempt(self.session.dc_id):
            if not self.client.is_connected():
                try:
                    await self.client.connect()
                except BaseException:  # a half-open connection would prevent the next attempt
                    await self.client.disconnect()
                    raise

    @asynccontextmanager
    async def _one_attempt(self, dc_id: int) -> AsyncIterator[None]:
        """Connect alone; whoever waited here during an attempt that failed does not make another one."""
        failures = self._failures[dc_id]
        async with self._connecting, accepting_key_of(self.server):
            if self._failures[dc_id] != failures:
                raise ConnectionError("connecting has just failed")
            try:
                yield
            except Exception as error:
                self._failures[dc_id] += 1
                self.unreachable = self.unreachable or isinstance(error, LOST)
                raise

    async def sender(self, dc_id: int) -> MTProtoSender:
        """Return the connection to a data centre, logging in there when it is first needed."""
        if dc_id in (0, self.session.dc_id):
            return self.client._sender
        sender = self._senders.get(dc_id)
        if sender is not None and sender.is_connected():
            return sender
        async with self._one_attempt(dc_id):
            sender = self._senders.get(dc_id)
            if sender is None or not sender.is_connected():
                sender = self._senders[dc_id] = await self._logged_in_at(dc_id)
            return sender

    async def _logged_in_at(self, dc_id: int) -> MTProtoSender:
        """Log in to a data centre other than the account's own, and return the connection.

        Telethon's own way disconnects after an idle minute, and leaves a connection open when it is interrupted.
        """
        client = self.client
        center = await client._get_dc(dc_id)
        # Before connecting, so that a revoked session fails here.
        exported = await self.send(functions.auth.ExportAuthorizationRequest(dc_id))
        first_request = copy.copy(client._init_request)
        first_request.query = functions.auth.ImportAuthorizationRequest(id=exported.id, bytes=exported.bytes)
        sender = MTProtoSender(None, loggers=client._log, retries=CONNECTION_RETRIES)
        never_sends_again(sender)
        try:
            await sender.connect(client._connection(center.ip_address, center.port, center.id, loggers=client._log))
            await sender.send(kept_readable(functions.InvokeWithLayerRequest(LAYER, first_request)))
        except BaseException:
            await sender.disconnect()
            raise
        finally:
            never_unretrieved(sender)
        return sender

    async def drop_sender(self, dc_id: int, sender: MTProtoSender) -> None:
        """Drop the connection to a data centre that has ended our login there; the next request logs in again."""
        if self._senders.get(dc_id) is sender:
            del self._senders[dc_id]
            self._reconnected_at.pop(sender, None)
            await disconnect(sender)

    def reconnect_after_silence(self, sender: MTProtoSender, asked_at: float, now: float) -> None:
        """Reconnect and send unanswered requests again; both times are on the clock's monotonic scale, in seconds.

        A connection lost while the machine slept, or in a router, is noticed only after a quarter of an hour. Requests
        sent before the last reconnection do not cause another one.
        """
        busy = (
            sender._reconnect_task is not None and not sender._reconnect_task.done()
        )  # two at once would block each other
        if not busy and self._reconnected_at.get(sender, asked_at) <= asked_at:
            self._reconnected_at[sender] = now
            sender._start_reconnect(None)

    async def send(self, request: TLRequest, sender: MTProtoSender | None = None, *, asks_again: bool = False) -> Any:
        """Send one request and return the answer, without retry or wait.

        A caller that `asks_again` gets `Dropped` when the connection was lost meanwhile.

        Telethon's own way sleeps two seconds after every failure of the service, and a minute in a flood wait, without
        reporting it.
        """
        wrapped = functions.InvokeWithoutUpdatesRequest(request) if sender is None else request
        if asks_again:
            asked_again_by_us(wrapped)
        answer = await (sender or self.client._sender).send(kept_readable(wrapped))
        self.session.process_entities(answer)
        return answer

    async def close(self) -> None:
        """Close all connections of the account."""
        self.closed.set()  # Telethon never answers the requests that are still in its queue
        for dc_id, sender in list(self._senders.items()):
            await self.drop_sender(dc_id, sender)
        await disconnect(self.client)


_accounts: dict[str, Account] = kept.new_dict(close=Account.close)
_opening: dict[str, asyncio.Lock] = kept.new_dict()


async def account(config: TelegramConfig) -> Account:
    """Return the account of this configuration, connected and logged in.

    Raises
    ------
    AuthError
        There are no credentials, or the session is not logged in, revoked, or a bot's.
    RateLimited, ServiceError
    """
    if config.api_id is None or config.api_hash is None:
        raise AuthError(
            "No Telegram credentials are configured. Get api_id and api_hash at https://my.telegram.org, set "
            f"TELEGRAM_API_ID and TELEGRAM_API_HASH, and {how_to_log_in(config)}. {WITHOUT_AN_ACCOUNT}"
        )
    key = _key(config)
    async with _opening.setdefault(key, asyncio.Lock()):
        shared = _accounts.get(key)
        if shared is None:
            shared = _accounts[key] = await _open(key, config)
        elif not shared.client.is_connected():
            await with_our_errors(shared.connect(), shared.how_to_log_in)
    return shared


async def forget(lost: Account) -> None:
    """Close an account whose session can no longer be used; the next call opens it again."""
    if _accounts.get(lost.key) is lost:
        del _accounts[lost.key]
    await lost.close()


async def client_for_login(config: TelegramConfig, clock: Clock) -> LoginClient:
    """Return a connected client to log in with; the account is closed first, and later calls use the new login."""
    if (open_account := _accounts.get(_key(config))) is not None:
        await forget(open_account)
    client, _ = new_client(config)
    await connect(client, config)
    return LoginClient(client, clock)


async def _open(key: str, config: TelegramConfig) -> Account:
    warn_without_cryptg()
    how = how_to_log_in(config)
    client, session = new_client(config)
    if session.auth_key is None:
        raise AuthError(f"Nobody is logged in to Telegram here ({session_name(config)}): {how}.")
    await connect(client, config)
    me = client.me
    if me is None or me.bot:
        await client.disconnect()
        raise AuthError(
            f"This Telegram session is logged out or was revoked: {how}."
            if me is None
            else f"This Telegram session is a bot's, and Telegram shows bots no history: {how}, as yourself."
        )
    return Account(key, client, session, config.server, me, how)


def _key(config: TelegramConfig) -> str:
    """Return a hash that stands for the session at its server and from which neither can be read."""
    secrets = (config.api_id, config.api_hash, config.session)
    parts = [secret.get_secret_value() if secret is not None else "" for secret in secrets]
    place = config.server.model_dump_json() if config.server is not None else ""
    return hashlib.sha256("\n".join([*parts, place]).encode()).hexdigest()
