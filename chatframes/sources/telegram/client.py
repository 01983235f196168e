"""Create and connect Telethon clients, and turn the errors of connecting into ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from importlib.util import find_spec
from typing import Any, TypeVar

from telethon import TelegramClient, errors
from telethon.network.connection import ConnectionTcpFull
from telethon.network.mtprotosender import MTProtoSender
from telethon.sessions import StringSession

from ...errors import AuthError, RateLimited, ServiceError
from ...warn import warn
from .dropped import never_sends_again
from .handshakes import accepting_key_of
from .settings import TelegramConfig, is_session_string
from .signing_in import LOST, REVOKED, session_ended
from .store import StoredSession, open_session
from .unreadable import UPDATE_TELETHON

T = TypeVar("T")
CONNECT_SECONDS = 45.0
CONNECTION_RETRIES = 2

_log = logging.getLogger("chatframes.telethon")
_log.addHandler(logging.NullHandler())  # keeps its warnings of lost connections out of the notebook


class CountingConnection(ConnectionTcpFull):  # type: ignore[misc]
    """A connection that counts the bytes that arrive, to tell a slow server from a silent one.

    Connected again, it sends nothing that was meant for the connection before.
    """

    bytes_received = 0

    async def _connect(self, *about: Any, **options: Any) -> None:
        self._send_queue: asyncio.Queue[Any] = asyncio.Queue(1)
        self._recv_queue: asyncio.Queue[Any] = asyncio.Queue(1)
        await super()._connect(*about, **options)
        take = self._reader.feed_data

        def counted(data: bytes) -> None:
            self.bytes_received += len(data)
            take(data)

        self._reader.feed_data = counted


def new_client(config: TelegramConfig) -> tuple[TelegramClient, StringSession]:
    """Return a client that has not connected yet, and its session."""
    assert config.api_id is not None
    assert config.api_hash is not None
    session = open_session(config)
    server = config.server
    # A stored login was made at this very server, and already holds its own data centre there.
    if server is not None and not (isinstance(session, StoredSession) and session.auth_key is not None):
        session.set_dc(server.dc_id, server.address, server.port)

    class Client(TelegramClient):  # type: ignore[misc]
        # Telethon keeps the list of data centres on the class, and a sandbox's list must not be used by other clients.
        _config = None
        me: Any = None

        async def connect(self) -> None:
            try:
                await super().connect()
            finally:
                never_unretrieved(self._sender)

        async def _on_login(self, user: Any) -> Any:
            # Telethon would now request the state of updates, twice; nothing here reads updates.
            self._mb_entity_cache.set_self_user(user.id, user.bot, user.access_hash)
            self._authorized = True
            self.me = user
            return user

        async def _switch_dc(self, new_dc: int) -> None:
            async with accepting_key_of(server):
                await super()._switch_dc(new_dc)

    client = Client(
        session,
        int(config.api_id.get_secret_value()),
        config.api_hash.get_secret_value(),
        connection=CountingConnection,
        receive_updates=False,
        # Waits and retries are done in link.py, where they are reported, bounded, and shared by all calls.
        flood_sleep_threshold=0,
        request_retries=0,
        raise_last_call_error=True,
        connection_retries=CONNECTION_RETRIES,
        base_logger=_log,
        device_model="chatframes",
    )
    never_sends_again(client._sender)
    return client, session


async def connect(client: TelegramClient, config: TelegramConfig) -> None:
    """Connect a new client, logged in or not; on failure it is closed again.

    Raises
    ------
    AuthError, ConfigError, RateLimited, ServiceError
    """
    try:
        async with accepting_key_of(config.server):
            await with_our_errors(client.connect(), how_to_log_in(config))
    except BaseException:
        await client.disconnect()
        raise


async def disconnect(connection: TelegramClient | MTProtoSender) -> None:
    """Disconnect; errors are logged and not raised."""
    try:
        await connection.disconnect()
    except Exception:
        _log.warning("disconnecting failed", exc_info=True)


def never_unretrieved(sender: MTProtoSender | None) -> None:
    """Keep asyncio from printing why a connection ended; every request gets the reason anyhow."""
    if sender is not None:
        sender._disconnected.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


async def with_our_errors(connecting: Awaitable[T], how: str) -> T:
    """Await a step of connecting, and raise our own error for any of Telethon's; `how` says how to log in."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):  # Telethon itself waits without limit
            return await connecting
    except errors.FloodWaitError as error:
        raise RateLimited(
            f"Telegram asks to wait {error.seconds} s before connecting again: fetch again after that."
        ) from None
    except REVOKED as error:
        raise session_ended(error, how) from None
    except errors.ApiIdInvalidError:
        raise AuthError("Telegram does not know this api_id with this api_hash: copy both again, whole.") from None
    except (errors.SecurityError, errors.RPCError) as error:
        raise ServiceError(f"Telegram refused the connection ({type(error).__name__}): try again later.") from None
    except errors.TypeNotFoundError:
        raise ServiceError(f"Telegram sent something that {UPDATE_TELETHON}, then try again.") from None
    except LOST:
        raise ServiceError("Telegram could not be reached: is there a network, or a firewall in between?") from None


def how_to_log_in(config: TelegramConfig) -> str:
    """Return how to log in to the session of a configuration, as the end of a sentence."""
    if config.session is None:
        return "log in with `chatframes login telegram`, or with chatframes.TelegramLogin() in a notebook"
    name = config.session.get_secret_value()
    if is_session_string(name):  # never shown
        return "make a new session string; or take `session` out, and log in with `chatframes login telegram`"
    return f"log in with `chatframes login telegram --session {name}`, or with chatframes.TelegramLogin(config)"


def warn_without_cryptg() -> None:
    """Warn when cryptg, which decrypts quickly, is not installed."""
    if find_spec("cryptg") is None:
        warn(
            "The package cryptg is not installed: without it Telegram's pictures are decrypted a hundred times "
            "more slowly, and everything else waits meanwhile. Run `pip install cryptg`.",
        )
