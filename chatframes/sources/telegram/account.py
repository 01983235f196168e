"""Accounts that are logged in: one client per session for the whole process, on the library's loop.

Whatever is asked of Telegram by any call, cell or widget goes through the same connection; only `shutdown` ends it.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import logging
import warnings
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from telethon import TelegramClient, errors
from telethon.crypto import rsa
from telethon.network.mtprotosender import MTProtoSender
from telethon.sessions import StringSession
from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from ... import kept
from ...errors import AuthError, ConfigError, RateLimited, ServiceError
from ...transfer.clock import Clock
from .. import WITHOUT_AN_ACCOUNT
from .pace import Pace
from .settings import TelegramConfig, TelegramServer, is_session_string
from .signing_in import LOST, REVOKED, LoginClient
from .store import StoredSession, open_session, session_name

CONNECT_SECONDS = 60.0

_log = logging.getLogger("chatframes.telethon")
_log.addHandler(logging.NullHandler())  # its warnings of lost connections belong in no notebook's output


@dataclass(slots=True)
class Account:
    """One session: its client, whose it is, and what its calls share."""

    key: str
    client: TelegramClient
    session: StringSession
    server: TelegramServer | None
    me: types.User
    how_to_log_in: str
    pace: Pace = field(default_factory=Pace)
    found: dict[str, Any] = field(default_factory=dict)  # chats by what users called them
    finding: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _senders: dict[int, MTProtoSender] = field(default_factory=dict)
    _doubted: dict[MTProtoSender, float] = field(default_factory=dict)
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def connect(self) -> None:
        """Connect again, once for everybody, after Telethon has given up."""
        async with self._connecting, _trusting(self.server):
            if not self.client.is_connected():
                try:
                    await self.client.connect()
                except BaseException:  # half a connection is in the way of the next
                    await self.client.disconnect()
                    raise

    async def sender(self, dc_id: int) -> MTProtoSender:
        """Return the connection to a data centre; each is logged in to once, when first needed."""
        if dc_id in (0, self.session.dc_id):
            return self.client._sender
        known = self._senders.get(dc_id)
        if known is not None and known.is_connected():
            return known
        async with self._connecting, _trusting(self.server):
            known = self._senders.get(dc_id)
            if known is None or not known.is_connected():
                known = self._senders[dc_id] = await self._guest(dc_id)
            return known

    async def _guest(self, dc_id: int) -> MTProtoSender:
        """Log in to another data centre, as a guest of ours.

        Telethon's own way hangs up after a minute of rest, and leaves a connection running when it is interrupted.
        """
        client = self.client
        center = await client._get_dc(dc_id)
        # First: a session that was revoked gets no further.
        ticket = await self.send(functions.auth.ExportAuthorizationRequest(dc_id))
        entry = copy.copy(client._init_request)
        entry.query = functions.auth.ImportAuthorizationRequest(id=ticket.id, bytes=ticket.bytes)
        sender = MTProtoSender(None, loggers=client._log)
        try:
            await sender.connect(client._connection(center.ip_address, center.port, center.id, loggers=client._log))
            await sender.send(functions.InvokeWithLayerRequest(LAYER, entry))
        except BaseException:
            await sender.disconnect()
            raise
        return sender

    async def leave(self, dc_id: int, sender: MTProtoSender) -> None:
        """Forget a data centre where we are a guest no more; the next question logs in there again."""
        if self._senders.get(dc_id) is sender:
            known = self._senders.pop(dc_id)
            self._doubted.pop(known, None)
            await _hang_up(known)

    def doubt(self, sender: MTProtoSender, asked_at: float, now: float) -> None:
        """Connect anew after a long silence, and ask what is unanswered again; both times in seconds.

        A connection that was lost in a sleep or in a router says so only after a quarter of an hour.
        """
        busy = sender._reconnect_task is not None and not sender._reconnect_task.done()  # two at once would end stuck
        if not busy and self._doubted.get(sender, asked_at) <= asked_at:
            self._doubted[sender] = now
            sender._start_reconnect(None)

    async def send(self, request: TLRequest, sender: MTProtoSender | None = None) -> Any:
        """Return the answer to one request, just as it comes: no retry, no wait.

        The client's own way of asking sleeps for two seconds after every trouble of the service, and for a minute in
        a flood wait, unseen.
        """
        question = functions.InvokeWithoutUpdatesRequest(request) if sender is None else request
        answer = await (sender or self.client._sender).send(question)
        self.session.process_entities(answer)
        return answer

    async def close(self) -> None:
        """Hang up."""
        self.closed.set()  # Telethon never tells those whose question was still in its queue
        for dc_id, sender in list(self._senders.items()):
            await self.leave(dc_id, sender)
        await _hang_up(self.client)


async def _hang_up(end: TelegramClient | MTProtoSender) -> None:
    """Disconnect; what goes wrong in that keeps nobody from what they were about, but the log has it."""
    try:
        await end.disconnect()
    except Exception:
        _log.warning("hanging up failed", exc_info=True)


_accounts: dict[str, Account] = kept.new_dict(close=Account.close)
_opening: dict[str, asyncio.Lock] = kept.new_dict()
_handshakes: dict[asyncio.AbstractEventLoop, asyncio.Lock] = kept.new_dict()
_shaking: dict[asyncio.AbstractEventLoop, asyncio.Task[Any] | None] = kept.new_dict()  # who has that lock


async def account(config: TelegramConfig) -> Account:
    """Return the account of this configuration, connected and logged in.

    Raises
    ------
    AuthError
        There are no credentials, the session is not logged in or revoked, or it is a bot's.
    RateLimited, ServiceError
    """
    if config.api_id is None or config.api_hash is None:
        raise AuthError(
            "No Telegram credentials are configured. Get api_id and api_hash at https://my.telegram.org, set "
            f"TELEGRAM_API_ID and TELEGRAM_API_HASH, and {_how_to_log_in(config)}. {WITHOUT_AN_ACCOUNT}"
        )
    key = _key(config)
    async with _opening.setdefault(key, asyncio.Lock()):
        known = _accounts.get(key)
        if known is None:
            known = _accounts[key] = await _open(key, config)
        elif not known.client.is_connected():
            await _saying_why(known.connect(), known.how_to_log_in)
    return known


async def forget(lost: Account) -> None:
    """Close an account whose session is of no use any more; the next call begins anew."""
    if _accounts.get(lost.key) is lost:
        del _accounts[lost.key]
    await lost.close()


async def client_for_login(config: TelegramConfig, clock: Clock) -> LoginClient:
    """Return a connected client to log in with; whoever has it open already loses it, and finds the new login."""
    if (known := _accounts.get(_key(config))) is not None:
        await forget(known)
    client, _ = _client(config)
    try:
        async with _trusting(config.server):
            await _saying_why(client.connect(), _how_to_log_in(config))
    except BaseException:
        await client.disconnect()
        raise
    return LoginClient(client, clock)


async def _open(key: str, config: TelegramConfig) -> Account:
    _warn_without_cryptg()
    client, session = _client(config)
    how = _how_to_log_in(config)
    if session.auth_key is None:
        raise AuthError(f"nobody is logged in to Telegram here ({session_name(config)}): {how}")
    try:
        async with _trusting(config.server):
            await _saying_why(client.connect(), how)
    except BaseException:
        await client.disconnect()
        raise
    me = client.me
    if me is None or me.bot:
        await client.disconnect()
        raise AuthError(
            f"this Telegram session is logged out or was revoked: {how}"
            if me is None
            else f"this Telegram session is a bot's, and Telegram shows bots no history: {how}, as yourself"
        )
    return Account(key, client, session, config.server, me, how)


def _client(config: TelegramConfig) -> tuple[TelegramClient, StringSession]:
    assert config.api_id is not None
    assert config.api_hash is not None
    session = open_session(config)
    server = config.server
    # A login that is kept here was made at that very server, and knows which of its data centres it lives in.
    if server is not None and not (isinstance(session, StoredSession) and session.auth_key is not None):
        session.set_dc(server.dc_id, server.address, server.port)

    class Client(TelegramClient):  # type: ignore[misc]
        # Telethon keeps the list of data centres on the class: a sandbox's must not become everybody's.
        _config = None
        me: Any = None

        async def _on_login(self, user: Any) -> Any:
            # Telethon would now ask for the state of updates, twice; nobody reads updates here.
            self._mb_entity_cache.set_self_user(user.id, user.bot, user.access_hash)
            self._authorized = True
            self.me = user
            return user

        async def _switch_dc(self, new_dc: int) -> None:
            async with _trusting(server):
                await super()._switch_dc(new_dc)

    client = Client(
        session,
        int(config.api_id.get_secret_value()),
        config.api_hash.get_secret_value(),
        receive_updates=False,
        # Waits and retries are ours (link.py): they are shown, bounded, and shared by all calls.
        flood_sleep_threshold=0,
        request_retries=0,
        raise_last_call_error=True,
        connection_retries=2,
        base_logger=_log,
        device_model="chatframes",
    )
    return client, session


def _how_to_log_in(config: TelegramConfig) -> str:
    """Say what leads to the very session that a configuration means."""
    if config.session is None:
        return "log in with `chatframes login telegram`, or with chatframes.TelegramLogin() in a notebook"
    name = config.session.get_secret_value()
    if is_session_string(name):  # never shown
        return "make a new session string; or take `session` out, and log in with `chatframes login telegram`"
    return f"log in with `chatframes login telegram --session {name}`, or with chatframes.TelegramLogin(config)"


async def _saying_why(doing: Any, how_to_log_in: str) -> Any:
    """Await a step of connecting; whatever goes wrong becomes a sentence."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):  # Telethon would wait for an answer for ever
            return await doing
    except errors.FloodWaitError as error:
        raise RateLimited(f"Telegram asks to wait {error.seconds} s before connecting again") from None
    except REVOKED:
        raise AuthError(f"this Telegram session is logged out or was revoked: {how_to_log_in}") from None
    except errors.ApiIdInvalidError:
        raise AuthError("Telegram does not know this api_id with this api_hash: copy both again, whole") from None
    except (errors.SecurityError, errors.RPCError) as error:
        raise ServiceError(f"Telegram refused the connection ({type(error).__name__}): try again later") from None
    except LOST:
        raise ServiceError("Telegram could not be reached: is there a network, or a firewall in between?") from None


@asynccontextmanager
async def _trusting(server: TelegramServer | None) -> AsyncIterator[None]:
    """Let handshakes accept the configured server's key, and no other connection's.

    Telethon has one set of server keys for the whole process; a sandbox's key, which anybody can read, must not be
    among them while somebody connects to Telegram itself.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if _shaking.get(loop) is task:  # connecting, it was sent on to another data centre
        yield
        return
    async with _handshakes.setdefault(loop, asyncio.Lock()):
        before = dict(rsa._server_keys)
        if server is not None:
            try:
                rsa.add_key(server.public_key.encode(), old=False)
            except ValueError:
                raise ConfigError("telegram.server.public_key is not a public RSA key in PEM (PKCS#1)") from None
        _shaking[loop] = task
        try:
            yield
        finally:
            _shaking.pop(loop, None)
            rsa._server_keys.clear()
            rsa._server_keys.update(before)


def _key(config: TelegramConfig) -> str:
    secrets = (config.api_id, config.api_hash, config.session)
    parts = [secret.get_secret_value() if secret is not None else "" for secret in secrets]
    place = config.server.model_dump_json() if config.server is not None else ""
    return hashlib.sha256("\n".join([*parts, place]).encode()).hexdigest()


def _warn_without_cryptg() -> None:
    if find_spec("cryptg") is None:
        warnings.warn(
            "cryptg is not installed: without it Telegram's pictures are decrypted a hundred times more slowly, and "
            "everything else waits meanwhile; `pip install cryptg` mends that",
            stacklevel=2,
        )
