"""An MTProto 2.0 server on loopback: connections, keys and sessions; requests go to a handler.

A real client connects as it would to Telegram: https://core.telegram.org/mtproto. What the requests mean is the
handler's business.

>>> from chatframes.world.serving import Counts
>>> async def handler(request, client):
...     return types.updates.State(pts=1, qts=0, date=0, seq=1, unread_count=0)
>>> async def main():
...     server = MtprotoServer(2, handler, Counts())
...     await server.start()
...     print(server.port > 0)
...     await server.stop()
>>> asyncio.run(main())
True
"""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import struct
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, TLRequest, functions, types
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult

from ..serving import HOST, stop_listening
from .handshake import PUBLIC_KEY, Handshake, Refused, Wire
from .messages import RpcError, decrypted, encrypted, opened, serialised

__all__ = ["PUBLIC_KEY", "Client", "Drop", "Handler", "Hang", "MtprotoServer", "RpcError"]

UNKNOWN_KEY = struct.pack("<i", -404)
CONTAINER_BYTES, CONTAINER_MESSAGES = 65_536, 100  # clients copy the rest of a container for every answer in it
GZIP_FROM_BYTES = 4_096
REMEMBERED_IDS = 1_000  # per session, to say which messages have arrived
WRONG_SALT = 48


class Drop(Exception):
    """The handler's way to lose the connection: it is reset at once, without an answer."""


class Hang(Exception):
    """The handler's way never to answer this request; the connection lives on."""


@dataclass(eq=False)
class Client:
    """What the server knows of one authorization key: in one data centre, one account at most."""

    auth_key_id: int
    auth_key: bytes = field(repr=False)
    dc_id: int
    user_id: int | None = None  # None: not logged in
    api_id: int | None = None
    layer: int | None = None
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)  # whatever the handler wants to keep


Handler: TypeAlias = Callable[[Any, Client], Awaitable[object]]


class Connections(Protocol):
    """Who wants to know which connections are open: `serving.Counts`."""

    connections: set[object]

    def connected(self, connection: object) -> None:
        """A TCP connection was opened."""


@dataclass(eq=False, slots=True)
class _Session:
    """One client's run of messages under one key. A reconnecting client usually starts a new one."""

    client: Client
    salt: int
    session_id: int
    greeted: bool = False
    content_messages: int = 0
    seen: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_IDS))


@dataclass(slots=True)
class _Outgoing:
    msg_id: int
    seqno: int
    pieces: tuple[bytes, ...]
    length: int

    def head(self) -> bytes:
        return struct.pack("<qii", self.msg_id, self.seqno, self.length)


class MtprotoServer:
    """One data centre on a free port of this machine.

    Parameters
    ----------
    dc_id : int
        The number of the data centre, told to the handler with each client.
    handler : callable
        ``await handler(request, client)``: gets the bare request (what merely wraps it is taken off) and returns a TL
        object, a list, a bool or an int; or raises RpcError, Drop or Hang. It runs once per request, at the same time
        as others of the same connection, and is cancelled when its client is gone.
    counts : Counts
        Gets each connection while it is open.

    Attributes
    ----------
    port : int
        Where it listens, once started.
    clients : dict
        Client by the id of its key.
    defects : list of str
        Tracebacks of handlers that raised something else; their clients got ``500 INTERNAL``. Empty when all is well.
    """

    def __init__(self, dc_id: int, handler: Handler, counts: Connections) -> None:
        self.dc_id, self.handler, self.counts = dc_id, handler, counts
        self.port = 0
        self.clients: dict[int, Client] = {}
        self.defects: list[str] = []
        self._salts: dict[int, int] = {}
        self._sessions: dict[tuple[int, int], _Session] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._last_id = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, HOST, 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port, end what is being handled and hang up on everybody."""
        await stop_listening(self._server)
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._server.wait_closed()
        await asyncio.sleep(0)  # sockets are closed in the round after their transports

    def add_key(self, auth_key: bytes, user_id: int | None) -> Client:
        """Know a key of 256 bytes without a handshake, as that of a user who is logged in already, or of nobody."""
        client = self.clients.get(AuthKey(auth_key).key_id)
        if client is not None:
            client.user_id = user_id
            return client
        return self._learn(auth_key, int.from_bytes(os.urandom(8), "little", signed=True), user_id)

    def _learn(self, auth_key: bytes, salt: int, user_id: int | None) -> Client:
        client = Client(AuthKey(auth_key).key_id, auth_key, self.dc_id, user_id)
        self.clients[client.auth_key_id] = client
        self._salts[client.auth_key_id] = salt
        return client

    def _session(self, client: Client, session_id: int) -> _Session:
        key = client.auth_key_id, session_id
        if key not in self._sessions:
            self._sessions[key] = _Session(client, self._salts[client.auth_key_id], session_id)
        return self._sessions[key]

    def _forget(self, client: Client, session_id: int) -> bool:
        return self._sessions.pop((client.auth_key_id, session_id), None) is not None

    def _next_id(self, kind: int) -> int:
        """An id that says the time in seconds in its upper half; `kind` is 1 for answers, 3 for the rest."""
        self._last_id = max((time.time_ns() << 32) // 10**9 & ~3, self._last_id + 4)
        return self._last_id + kind

    # A plain function, so that the task is ours to cancel.
    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._server.is_serving():
            writer.transport.abort()  # it knocked while the port was being closed
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._serving.discard(task)
            writer.transport.abort()  # a task that is cancelled before its first step has hung up on nobody

        task.add_done_callback(ended)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, Wire(reader, writer))
        self.counts.connected(connection)
        try:
            await connection.run()
        except (Refused, asyncio.IncompleteReadError, OSError):
            pass  # the client hung up: its good right
        except Exception as error:
            self.defects.append("".join(traceback.format_exception(error)))
        finally:
            self.counts.connections.discard(connection)
            await connection.close()


class _Connection:
    """One TCP connection: packets in, messages out, and the requests being handled."""

    def __init__(self, server: MtprotoServer, wire: Wire) -> None:
        self._server, self._wire = server, wire
        self._handshake = Handshake()
        self._handling: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._outbox: dict[_Session, list[_Outgoing]] = {}

    async def run(self) -> None:
        """Serve the client until it is gone."""
        await self._wire.begin()
        while True:
            packet = await self._wire.read()
            try:
                self._receive(packet)
            except Refused:
                self._wire.write(UNKNOWN_KEY)
            await self._wire.writer.drain()  # who does not read what it asked for is not asked for more

    async def close(self) -> None:
        """End what is being handled, and the connection."""
        handling = list(self._handling.values())
        for task in handling:
            task.cancel()
        self._wire.writer.transport.abort()
        await asyncio.gather(*handling, return_exceptions=True)
        with suppress(OSError):
            await self._wire.writer.wait_closed()

    def _reset(self) -> None:
        # lingering for zero seconds turns the close into a reset
        link: socket.socket = self._wire.writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._wire.writer.transport.abort()

    def _receive(self, packet: bytes) -> None:
        if len(packet) < 24:
            raise Refused("too short")
        (key_id,) = struct.unpack_from("<Q", packet)
        if not key_id:
            self._plain(packet)
            return
        client = self._server.clients.get(key_id)
        if client is None:
            raise Refused("an unknown key")
        plain = decrypted(client.auth_key, packet)
        salt, session_id, msg_id, seqno, length = struct.unpack_from("<qqqii", plain)
        if not 4 <= length <= len(plain) - 32:
            raise Refused("a message of an impossible length")
        session = self._server._session(client, session_id)
        if salt != session.salt:
            # a session string holds no salt: this is how every client with a kept key learns it
            self._tell(session, types.BadServerSalt(msg_id, seqno, WRONG_SALT, session.salt))
            return
        if not session.greeted:
            session.greeted = True
            unique_id = int.from_bytes(os.urandom(8), "little", signed=True)
            self._tell(session, types.NewSessionCreated(msg_id, unique_id, session.salt), content=True)
        for inner_id, sent in opened(msg_id, plain[32 : 32 + length]):
            session.seen.append(inner_id)
            if not self._serve_protocol(session, inner_id, sent):
                self._serve_request(session, inner_id, sent)

    def _plain(self, packet: bytes) -> None:
        (length,) = struct.unpack_from("<i", packet, 16)
        answer = bytes(self._handshake.answer(packet[20 : 20 + length]))
        if self._handshake.made:
            key, salt = self._handshake.made
            self._server._learn(key, salt, None)
            self._handshake = Handshake()
        self._wire.write(struct.pack("<qqi", 0, self._server._next_id(1), len(answer)), answer)

    def _serve_protocol(self, session: _Session, msg_id: int, sent: Any) -> bool:
        """Answer what is about messages and sessions; was it that."""
        server = self._server
        if isinstance(sent, (functions.PingRequest, functions.PingDelayDisconnectRequest)):
            self._tell(session, types.Pong(msg_id, sent.ping_id), kind=1)
        elif isinstance(sent, types.MsgsStateReq):
            arrived = "".join("\4" if message_id in session.seen else "\1" for message_id in sent.msg_ids)
            self._tell(session, types.MsgsStateInfo(msg_id, arrived), kind=1)
        elif isinstance(sent, functions.DestroySessionRequest):
            forgotten = sent.session_id != session.session_id and server._forget(session.client, sent.session_id)
            answer = types.DestroySessionOk if forgotten else types.DestroySessionNone
            self._tell(session, answer(sent.session_id), kind=1)
        elif isinstance(sent, functions.GetFutureSaltsRequest):
            now = int(time.time())
            salts = [types.FutureSalt(now - 60, now + 86_400, session.salt)]
            self._tell(session, types.FutureSalts(msg_id, now, salts), kind=1)
        else:
            needs_no_answer = (
                types.MsgsAck,
                types.HttpWait,
                types.MsgsStateInfo,
                types.MsgsAllInfo,
                types.MsgResendReq,
            )
            return isinstance(sent, needs_no_answer)  # nothing to say to these
        return True

    def _serve_request(self, session: _Session, msg_id: int, sent: Any) -> None:
        key = session.session_id, msg_id
        if isinstance(sent, RpcError):
            self._refuse(session, msg_id, sent)
        elif not isinstance(sent, TLRequest):
            self._refuse(session, msg_id, RpcError(400, "INPUT_METHOD_INVALID"))
        elif key not in self._handling:  # else it was sent again while it is being handled
            task = asyncio.get_running_loop().create_task(self._handle(session, msg_id, sent))
            self._handling[key] = task
            task.add_done_callback(lambda _: self._handling.pop(key))

    async def _handle(self, session: _Session, msg_id: int, request: Any) -> None:
        try:
            request = await self._unwrapped(session, request)
            answer = await self._server.handler(request, session.client)
            body = serialised(answer, request)
        except RpcError as error:
            self._refuse(session, msg_id, error)
        except Hang:
            self._tell(session, types.MsgsAck([msg_id]))
        except Drop:
            self._reset()
        except Exception as error:
            self._server.defects.append("".join(traceback.format_exception(error)))
            self._refuse(session, msg_id, RpcError(500, "INTERNAL"))
        else:
            # pictures do not get smaller
            if len(body) >= GZIP_FROM_BYTES and not isinstance(answer, types.upload.File):
                packed = gzip.compress(body, 1)
                if len(packed) < len(body):
                    body = struct.pack("<I", GzipPacked.CONSTRUCTOR_ID) + TLObject.serialize_bytes(packed)
            self._send(session, struct.pack("<Iq", RpcResult.CONSTRUCTOR_ID, msg_id), body, kind=1, content=True)

    async def _unwrapped(self, session: _Session, request: Any) -> Any:
        client = session.client
        while True:
            if isinstance(request, functions.InvokeWithLayerRequest):
                client.layer = request.layer
            elif isinstance(request, functions.InitConnectionRequest):
                client.api_id = request.api_id
            elif isinstance(request, (functions.InvokeAfterMsgRequest, functions.InvokeAfterMsgsRequest)):
                ids = getattr(request, "msg_ids", None) or [request.msg_id]
                earlier = [self._handling.get((session.session_id, earlier_id)) for earlier_id in ids]
                if any(earlier):
                    await asyncio.wait([task for task in earlier if task])
            elif isinstance(request, GzipPacked):
                with BinaryReader(request.data) as reader:
                    request = reader.tgread_object()
                continue
            elif not isinstance(request, functions.InvokeWithoutUpdatesRequest):
                return request
            request = request.query

    def _refuse(self, session: _Session, msg_id: int, error: RpcError) -> None:
        head = struct.pack("<Iq", RpcResult.CONSTRUCTOR_ID, msg_id)
        self._send(session, head, bytes(types.RpcError(error.code, error.message)), kind=1, content=True)

    def _tell(self, session: _Session, what: Any, *, kind: int = 3, content: bool = False) -> None:
        self._send(session, bytes(what), kind=kind, content=content)

    def _send(self, session: _Session, *pieces: bytes, kind: int, content: bool) -> None:
        """Put one message into the outbox; all that is ready in this round of the loop leaves together."""
        seqno = session.content_messages * 2 + content
        session.content_messages += content
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        message = _Outgoing(self._server._next_id(kind), seqno, pieces, sum(map(len, pieces)))
        self._outbox.setdefault(session, []).append(message)

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, {}
        if self._wire.writer.is_closing():
            return  # nobody to send to
        for session, messages in outbox.items():
            batch: list[_Outgoing] = []
            size = 0
            for message in messages:
                if batch and (size + message.length > CONTAINER_BYTES or len(batch) == CONTAINER_MESSAGES):
                    self._send_batch(session, batch)
                    batch, size = [], 0
                batch.append(message)
                size += message.length
            self._send_batch(session, batch)

    def _send_batch(self, session: _Session, batch: list[_Outgoing]) -> None:
        message = batch[0]
        if len(batch) > 1:
            inner = [piece for message in batch for piece in (message.head(), *message.pieces)]
            pieces = (struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(batch)), *inner)
            seqno = session.content_messages * 2
            message = _Outgoing(self._server._next_id(1), seqno, pieces, sum(map(len, pieces)))
        head = struct.pack("<qq", session.salt, session.session_id)
        sealed = encrypted(session.client.auth_key, head, message.head(), *message.pieces)
        self._wire.write(struct.pack("<Q", session.client.auth_key_id), *sealed)
