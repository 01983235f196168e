"""The sandbox speaks MTProto as Telegram does: Telethon's own client cannot tell it from the real thing."""

from __future__ import annotations

import asyncio
import inspect
import io
import os
import struct
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from logging import getLogger
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.crypto import AuthKey, rsa
from telethon.network import authenticator, connection
from telethon.network.connection.tcpfull import FullPacketCodec
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec
from telethon.network.mtprotostate import MTProtoState
from telethon.sessions import StringSession
from telethon.tl import TLRequest, functions, types
from telethon.tl.core import MessageContainer, RpcResult

from chatframes.world.mtproto import handshake, server
from chatframes.world.mtproto.server import (
    PUBLIC_KEY,
    Client,
    Drop,
    Hang,
    MtprotoServer,
    RpcError,
)
from chatframes.world.serving import Counts

GUARD_SECONDS = 30
KEY = bytes(range(256))
PICTURE = os.urandom(512 * 1024)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def guarded() -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            await test()

    asyncio.run(guarded())


@pytest.fixture(autouse=True)
def _known_server_key() -> Iterator[None]:
    before = dict(rsa._server_keys)
    rsa.add_key(PUBLIC_KEY, old=False)
    yield
    rsa._server_keys.clear()
    rsa._server_keys.update(before)


class World:
    """A handler that answers the little a client needs, and what a test adds by the request's name."""

    def __init__(self, **answers: Callable[[Any, Client], Awaitable[object]]) -> None:
        self.answers = answers
        self.calls: list[str] = []
        self.clients: list[Client] = []

    async def __call__(self, request: Any, client: Client) -> object:
        name = type(request).__name__.removesuffix("Request")
        self.calls.append(name)
        self.clients.append(client)
        if name in self.answers:
            return await self.answers[name](request, client)
        match request:
            case functions.help.GetConfigRequest():
                return config()
            case functions.users.GetUsersRequest():
                return [types.User(id=client.user_id or 1, is_self=True, access_hash=1, first_name="Ada")]
            case functions.updates.GetStateRequest():
                return types.updates.State(pts=1, qts=0, date=None, seq=1, unread_count=0)
            case functions.updates.GetDifferenceRequest():
                return types.updates.DifferenceEmpty(date=None, seq=1)
            case functions.langpack.GetStringsRequest():  # says back what it was told
                return [types.LangPackString(key=key, value=key) for key in request.keys]
            case functions.upload.GetFileRequest():
                part = PICTURE[request.offset : request.offset + request.limit]
                return types.upload.File(types.storage.FileJpeg(), 0, part)
        raise RpcError(400, "INPUT_METHOD_INVALID")


def config() -> types.Config:
    blank = {"int": 1, "bool": False, "str": ""}
    needed = [one for one in inspect.signature(types.Config).parameters.values() if one.default is one.empty]
    return types.Config(
        **{one.name: blank.get(getattr(one.annotation, "__name__", "")) for one in needed} | {"dc_options": []}
    )


def echo(*words: str) -> functions.langpack.GetStringsRequest:
    return functions.langpack.GetStringsRequest("", "en", list(words))


def said(answer: list[types.LangPackString]) -> list[str]:
    return [one.value for one in answer]


def picture(size: int = len(PICTURE)) -> functions.upload.GetFileRequest:
    return functions.upload.GetFileRequest(types.InputDocumentFileLocation(1, 1, b"", ""), 0, size)


@asynccontextmanager
async def serving(world: World | None = None, *, defects: int = 0) -> AsyncIterator[MtprotoServer]:
    counts = Counts()
    server = MtprotoServer(2, world or World(), counts)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
    assert len(server.defects) == defects, server.defects
    assert counts.connections == set()


def session(server: MtprotoServer, key: bytes | None = None) -> StringSession:
    made = StringSession()
    made.set_dc(2, "127.0.0.1", server.port)
    made.auth_key = AuthKey(key) if key else None
    return made


@asynccontextmanager
async def connected(server: MtprotoServer, key: bytes | None = KEY, **settings: Any) -> AsyncIterator[TelegramClient]:
    settings = {"retry_delay": 0, "receive_updates": True, "flood_sleep_threshold": 0} | settings
    client = TelegramClient(session(server, key), 12345, "not-a-secret", **settings)
    try:
        await client.connect()
        yield client
    finally:
        await client.disconnect()
        # Telethon leaves the reason of a failed connect here too; nobody asking is "never retrieved" on stderr
        await asyncio.gather(client.disconnected, return_exceptions=True)


def test_a_new_client_agrees_on_a_key_and_can_come_back_with_it() -> None:
    async def test() -> None:
        world = World()
        async with serving(world) as server:
            async with connected(server, None) as client:
                assert said(await client(echo("hello"))) == ["hello"]
                saved = client.session.save()
            (known,) = server.clients.values()
            assert StringSession(saved).auth_key.key == known.auth_key
            assert (known.user_id, known.api_id, known.dc_id) == (None, 12345, 2)
            async with connected(server, known.auth_key) as client:
                assert said(await client(echo("again"))) == ["again"]
            assert list(server.clients.values()) == [known]

    run(test)


def test_a_key_that_begins_with_zeros_is_never_agreed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    # Telethon would cut the zeros off and the session string put them at the end: one login in 256 would be useless.
    prime, ours, theirs = handshake._PRIME, 5**800, 7**700
    g_a = pow(3, ours, prime)
    shared = pow(g_a, theirs, prime)
    while shared >> 2040:
        theirs, shared = theirs + 1, shared * g_a % prime
    secrets = [ours]
    chosen = [theirs.to_bytes(256, "big")]
    real = handshake._random_exponent
    monkeypatch.setattr(handshake, "_random_exponent", lambda: secrets.pop() if secrets else real())

    class Dice:
        @staticmethod
        def urandom(size: int) -> bytes:
            return chosen.pop() if size == 256 and chosen else os.urandom(size)

    monkeypatch.setattr(authenticator, "os", Dice)

    async def test() -> None:
        async with serving() as server, connected(server, None) as client:
            assert said(await client(echo("hello"))) == ["hello"]
            assert len(client.session.auth_key.key) == 256

    run(test)
    assert not secrets
    assert not chosen


def test_factors_are_compared_as_numbers_however_a_client_pads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    padded = []

    def pad(number: int) -> bytes:
        padded.append(number)
        return number.to_bytes(max(8, (number.bit_length() + 7) // 8), "big")

    monkeypatch.setattr(authenticator.rsa, "get_byte_array", pad)

    async def test() -> None:
        async with serving() as server, connected(server, None) as client:
            assert said(await client(echo("hello"))) == ["hello"]

    run(test)
    assert {handshake._P, handshake._Q} <= set(padded)


@pytest.mark.parametrize("updates", [True, False])
def test_the_handler_gets_the_bare_request_however_it_was_wrapped(updates: bool) -> None:
    async def test() -> None:
        world = World()
        async with serving(world) as server:
            server.add_key(KEY, 1)
            async with connected(server, receive_updates=updates) as client:
                await client(echo("hello"))
                await client(echo(*["so long that Telethon packs it"] * 100))
            assert world.calls[0] == "GetConfig"
            assert world.calls.count("GetStrings") == 2

    run(test)


def test_a_server_with_another_public_key_is_not_trusted() -> None:
    async def test() -> None:
        rsa._server_keys.clear()
        async with serving() as server:
            with pytest.raises(ConnectionError, match="auth_key generation failed"):
                async with connected(server, None, connection_retries=1):
                    pass
            assert server.clients == {}

    run(test)


def test_a_kept_session_is_logged_in_without_a_handshake() -> None:
    async def test() -> None:
        world = World()
        async with serving(world) as server:
            mine = server.add_key(KEY, 777)
            async with connected(server) as client:
                me = await client.get_me()
                assert (me.id, me.first_name) == (777, "Ada")
            assert set(map(id, world.clients)) == {id(mine)}
            assert (mine.api_id, mine.layer, mine.dc_id) == (12345, 229, 2)
            assert mine.auth_key_id == AuthKey(KEY).key_id
            assert server.add_key(KEY, 777) is mine
            assert repr(KEY) not in repr(mine)

    run(test)


class ObfuscatedIntermediate(connection.ConnectionTcpObfuscated):
    packet_codec = IntermediatePacketCodec


@pytest.mark.parametrize(
    ("transport", "size"),
    [
        (connection.ConnectionTcpFull, len(PICTURE)),
        (connection.ConnectionTcpAbridged, len(PICTURE)),
        (connection.ConnectionTcpIntermediate, len(PICTURE)),
        (connection.ConnectionTcpObfuscated, 16_384),  # its cipher is pure Python
        (ObfuscatedIntermediate, 16_384),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("key", [None, KEY], ids=["new", "kept"])
def test_every_transport_carries_short_and_long_messages(transport: Any, size: int, key: bytes | None) -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with connected(server, key, connection=transport) as client:
                assert said(await client(echo("short"))) == ["short"]
                words = [os.urandom(20).hex() for _ in range(40)]
                assert said(await client(echo(*words))) == words
                assert (await client(picture(size))).bytes == PICTURE[:size]

    run(test)


def test_two_hundred_requests_at_once_are_all_in_the_handlers_hands_together() -> None:
    async def test() -> None:
        arrived = asyncio.Semaphore(0)
        everybody = asyncio.Event()

        async def patient(request: Any, client: Client) -> object:
            arrived.release()
            await everybody.wait()
            return [types.LangPackString(key=key, value=key.upper()) for key in request.keys]

        async with serving(World(GetStrings=patient)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                asking = [asyncio.ensure_future(client(echo(f"word {n}"))) for n in range(200)]
                for _ in range(200):
                    await arrived.acquire()
                everybody.set()
                answers = await asyncio.gather(*asking)
                assert [said(answer) for answer in answers] == [[f"WORD {n}"] for n in range(200)]

    run(test)


def test_a_fast_answer_overtakes_a_slow_one() -> None:
    async def test() -> None:
        go = asyncio.Event()

        async def slow(request: Any, client: Client) -> bool:
            await go.wait()
            return True

        async with serving(World(UpdateStatus=slow)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                waiting = asyncio.ensure_future(client(functions.account.UpdateStatusRequest(True)))
                assert said(await client(echo("fast"))) == ["fast"]
                assert not waiting.done()
                go.set()
                assert await waiting is True

    run(test)


def test_requests_sent_in_order_are_handled_in_order() -> None:
    async def test() -> None:
        done: list[str] = []

        async def first_is_slow(request: Any, client: Client) -> object:
            if request.keys == ["first"]:
                for _ in range(20):
                    await asyncio.sleep(0)
            done.extend(request.keys)
            return []

        async with serving(World(GetStrings=first_is_slow)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                await client([echo("first"), echo("second")], ordered=True)
        assert done == ["first", "second"]

    run(test)


def test_a_dropped_connection_is_made_again_and_the_request_arrives() -> None:
    async def test() -> None:
        seen: list[int] = []

        async def first_time_lost(request: Any, client: Client) -> object:
            seen.append(1)
            if len(seen) == 1:
                raise Drop
            return [types.LangPackString(key="a", value="found")]

        async with serving(World(GetStrings=first_time_lost)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                assert said(await client(echo("a"))) == ["found"]
                assert len(seen) == 2

    run(test)


def test_what_else_was_asked_on_a_dropped_connection_is_asked_again_too() -> None:
    async def test() -> None:
        dropped = asyncio.Event()

        async def drops_once(request: Any, client: Client) -> object:
            if not dropped.is_set():
                dropped.set()
                raise Drop
            return True

        async def waits_for_the_drop(request: Any, client: Client) -> object:
            if not dropped.is_set():
                await asyncio.Event().wait()
            return [types.LangPackString(key=key, value=key) for key in request.keys]

        async with serving(World(GetStrings=waits_for_the_drop, UpdateStatus=drops_once)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                others = [client(echo(str(n))) for n in range(5)]
                drop = client(functions.account.UpdateStatusRequest(True))
                answers = await asyncio.gather(*others, drop)
                assert [said(answer) for answer in answers[:5]] == [[str(n)] for n in range(5)]
                assert answers[5] is True

    run(test)


def test_a_request_that_is_never_answered_blocks_no_other() -> None:
    async def test() -> None:
        hung = asyncio.Event()

        async def hang(request: Any, client: Client) -> object:
            hung.set()
            raise Hang

        async with serving(World(UpdateStatus=hang)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                waiting = asyncio.ensure_future(client(functions.account.UpdateStatusRequest(True)))
                await hung.wait()
                for n in range(5):
                    assert said(await client(echo(str(n)))) == [str(n)]
                assert not waiting.done()
                waiting.cancel()
                assert said(await client(echo("still here"))) == ["still here"]

    run(test)


@pytest.mark.parametrize(
    ("refusal", "expected", "attribute"),
    [
        (RpcError(420, "FLOOD_WAIT_3"), errors.FloodWaitError, ("seconds", 3)),
        (RpcError(303, "FILE_MIGRATE_4"), errors.FileMigrateError, ("new_dc", 4)),
        (RpcError(400, "CHANNEL_PRIVATE"), errors.ChannelPrivateError, ("code", 400)),
        (RpcError(401, "AUTH_KEY_UNREGISTERED"), errors.AuthKeyUnregisteredError, ("code", 401)),
        (RpcError(400, "FILE_REFERENCE_EXPIRED"), errors.FileReferenceExpiredError, ("code", 400)),
    ],
    ids=lambda value: getattr(value, "message", ""),
)
def test_a_refusal_is_the_exception_telethon_has_for_it(
    refusal: RpcError, expected: type[Exception], attribute: tuple[str, int]
) -> None:
    async def test() -> None:
        async def refuse(request: Any, client: Client) -> object:
            raise refusal

        async with serving(World(GetStrings=refuse)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                with pytest.raises(expected) as caught:
                    await client(echo("please"))
                assert getattr(caught.value, attribute[0]) == attribute[1]
                assert (await client.get_me()).first_name == "Ada"

    run(test)


def test_a_key_the_server_does_not_know_fails_at_once_and_clearly() -> None:
    async def test() -> None:
        async with serving() as server:
            with pytest.raises(errors.AuthKeyNotFound, match="doesn't know about the authorization key"):
                async with connected(server, KEY):
                    pass

    run(test)


def test_two_clients_on_one_key_get_their_own_answers() -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with connected(server) as one, connected(server) as other:
                asking = [client(echo(f"{name} {n}")) for n in range(20) for name, client in (("a", one), ("b", other))]
                answers = await asyncio.gather(*asking)
                assert [said(answer) for answer in answers] == [[f"{name} {n}"] for n in range(20) for name in "ab"]
                assert len(server.counts.connections) == 2

    run(test)


def test_a_broken_handler_is_an_internal_error_and_remembered() -> None:
    async def test() -> None:
        async def broken(request: Any, client: Client) -> object:
            raise KeyError("a mistake of ours")

        async def odd(request: Any, client: Client) -> object:
            return "no TL object"

        async with serving(World(UpdateStatus=broken, GetStrings=odd), defects=2) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                for request in (functions.account.UpdateStatusRequest(True), echo("a")):
                    with pytest.raises(errors.ServerError, match="INTERNAL"):
                        await client._sender.send(request)  # the client itself would sleep and try again
                assert (await client.get_me()).first_name == "Ada"
            assert "a mistake of ours" in server.defects[0]
            assert "in broken" in server.defects[0]
            assert "str" in server.defects[1]

    run(test)


class Unheard(TLRequest):
    CONSTRUCTOR_ID = 0x01020304

    def _bytes(self) -> bytes:
        return b"\x04\x03\x02\x01"


class Cut(TLRequest):
    CONSTRUCTOR_ID = functions.langpack.GetStringsRequest.CONSTRUCTOR_ID

    def _bytes(self) -> bytes:
        return bytes(echo("cut off"))[:12]


@pytest.mark.parametrize(
    ("odd", "expected"),
    [(Unheard, errors.InputMethodInvalidError), (Cut, errors.InputFetchErrorError)],
    ids=["unknown", "cut"],
)
def test_a_request_nobody_understands_is_refused_and_its_neighbours_are_answered(
    odd: type[TLRequest], expected: type[Exception]
) -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                before, refused, after = client._sender.send([echo("before"), odd(), echo("after")])
                with pytest.raises(expected):
                    await refused
                assert (said(await before), said(await after)) == (["before"], ["after"])

    run(test)


def test_long_answers_are_packed_but_files_are_sent_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    write = server.Wire.write

    def counting(self: Any, *pieces: bytes) -> None:
        sent.append(sum(map(len, pieces)))
        write(self, *pieces)

    monkeypatch.setattr(server.Wire, "write", counting)

    async def test() -> None:
        async def zeros(request: Any, client: Client) -> object:
            return types.upload.File(types.storage.FileJpeg(), 0, bytes(500_000))

        async with serving(World(GetFile=zeros)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                words = ["the same word again and again"] * 2_000
                sent.clear()
                assert said(await client(echo(*words))) == words  # the request is packed by Telethon, as it happens
                assert sum(sent) < 20_000
                sent.clear()
                assert (await client(picture())).bytes == bytes(500_000)
                assert sum(sent) > 500_000

    run(test)


@pytest.mark.parametrize("answer", [[1, 2**40], [], [types.LangPackString("k", "v")], True, False])
def test_lists_and_truth_values_are_answers(answer: object) -> None:
    async def test() -> None:
        async def give(request: Any, client: Client) -> object:
            return answer

        async with serving(World(DeletePhotos=give, GetStrings=give, UpdateStatus=give)) as server:
            server.add_key(KEY, 1)
            numbers = isinstance(answer, list) and answer[:1] == [1]
            request: Any = functions.photos.DeletePhotosRequest([]) if numbers else echo("a")
            if isinstance(answer, bool):
                request = functions.account.UpdateStatusRequest(True)
            async with connected(server) as client:
                assert await client(request) == answer

    run(test)


def test_numbers_in_a_list_are_as_wide_as_the_request_says() -> None:
    async def test() -> None:
        async def ids(request: Any, client: Client) -> object:
            return [7, 8]

        async with serving(World(GetContactIDs=ids)) as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                assert await client(functions.contacts.GetContactIDsRequest(0)) == [7, 8]

    run(test)


def test_pings_and_salts_and_sessions_are_answered() -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with connected(server) as client, connected(server) as other:
                assert (await client._sender.send(functions.PingRequest(5))).ping_id == 5
                assert (await client._sender.send(functions.PingDelayDisconnectRequest(6, 60))).ping_id == 6
                salts = await client._sender.send(functions.GetFutureSaltsRequest(1))
                assert salts.salts[0].salt == client._sender._state.salt
                theirs = other._sender._state.id
                answers = [await client._sender.send(functions.DestroySessionRequest(theirs)) for _ in range(2)]
                assert answers == [types.DestroySessionOk(theirs), types.DestroySessionNone(theirs)]

    run(test)


class Raw:
    """A client that keeps to no rules but the ones a test gives it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.state = MTProtoState(AuthKey(KEY), loggers=defaultdict(lambda: getLogger("test")))
        self.codec = FullPacketCodec(None)

    def send(self, *messages: tuple[int, Any], salt: int | None = None) -> None:
        """Send messages with the ids given, more than one in a container."""
        packed = [struct.pack("<qii", one, 1, len(bytes(body))) + bytes(body) for one, body in messages]
        if len(packed) > 1:
            body = struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(packed)) + b"".join(packed)
            packed = [struct.pack("<qii", self.new_id(), 0, len(body)) + body]
        if salt is not None:
            self.state.salt = salt
        self.writer.write(self.codec.encode_packet(self.state.encrypt_message_data(packed[0])))

    def new_id(self) -> int:
        return self.state._get_new_msg_id()

    async def packet(self) -> bytes:
        return await self.codec.read_packet(self.reader)

    async def messages(self) -> list[Any]:
        """The messages of the next packet, with the ids and numbers they came with."""
        message = self.state.decrypt_message_data(await self.packet())
        inside = message.obj.messages if isinstance(message.obj, MessageContainer) else [message]
        return list(inside)

    async def next(self, kind: Any) -> Any:
        """The next message that is of the kind."""
        while True:
            for message in await self.messages():
                if isinstance(message.obj, kind):
                    return message


@asynccontextmanager
async def raw(server: MtprotoServer) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def greeted(server: MtprotoServer) -> AsyncIterator[Raw]:
    server.add_key(KEY, 1)
    async with raw(server) as client:
        client.send((client.new_id(), functions.PingRequest(1)))
        salt = (await client.next(types.BadServerSalt)).obj.new_server_salt
        client.send((client.new_id(), functions.PingRequest(1)), salt=salt)
        assert (await client.next(types.NewSessionCreated)).obj.server_salt == salt
        yield client


def test_a_client_with_a_wrong_salt_is_told_the_right_one_and_greeted_once() -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with raw(server) as client:
                first, second, third = client.new_id(), client.new_id(), client.new_id()
                client.send((first, functions.PingRequest(1)))
                (told,) = await client.messages()
                assert (told.obj.bad_msg_id, told.obj.error_code) == (first, 48)
                client.send((second, functions.PingRequest(2)), salt=told.obj.new_server_salt)
                greeting, pong = await client.messages()
                assert (greeting.obj.first_msg_id, greeting.obj.server_salt) == (second, told.obj.new_server_salt)
                assert (pong.obj.msg_id, pong.obj.ping_id) == (second, 2)
                client.send((third, functions.PingRequest(3)))
                (pong,) = await client.messages()
                assert pong.obj.ping_id == 3

    run(test)


def test_ids_tell_answers_from_the_rest_and_the_time_and_numbers_rise() -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with raw(server) as client:
                client.send((client.new_id(), functions.PingRequest(1)))
                (told,) = await client.messages()
                client.send(
                    *((client.new_id(), echo(word)) for word in "abc"),
                    (client.new_id(), functions.PingRequest(2)),
                    salt=told.obj.new_server_salt,
                )
                heard = [told]
                while sum(isinstance(one.obj, RpcResult) for one in heard) < 3:
                    heard += await client.messages()
                by_kind = {type(one.obj).__name__: one.msg_id % 4 for one in heard}
                assert by_kind == {"BadServerSalt": 3, "NewSessionCreated": 3, "Pong": 1, "RpcResult": 1}
                assert [one.msg_id for one in heard] == sorted({one.msg_id for one in heard})
                assert all(abs((one.msg_id >> 32) - time.time()) < GUARD_SECONDS for one in heard)
                content = [one.seq_no for one in heard if one.seq_no % 2]
                assert content == [1, 3, 5, 7]  # the greeting and three answers want an acknowledgement
                assert [one.seq_no for one in heard] == sorted(one.seq_no for one in heard)

    run(test)


def test_answers_that_are_ready_together_travel_together() -> None:
    async def test() -> None:
        async with serving() as server, greeted(server) as client:
            client.send(*((client.new_id(), echo(word)) for word in "abc"))
            assert len(await client.messages()) == 3

    run(test)


def test_a_message_sent_twice_while_it_is_being_handled_is_handled_once() -> None:
    async def test() -> None:
        go = asyncio.Event()
        world = World()

        async def wait(request: Any, client: Client) -> object:
            await go.wait()
            return True

        world.answers["UpdateStatus"] = wait
        async with serving(world) as server, greeted(server) as client:
            same = client.new_id()
            for _ in range(2):
                client.send((same, functions.account.UpdateStatusRequest(True)))
            client.send((client.new_id(), functions.PingRequest(9)))
            await client.next(types.Pong)
            go.set()
            assert (await client.next(RpcResult)).obj.req_msg_id == same
            assert world.calls == ["UpdateStatus"]

    run(test)


def test_a_client_may_ask_what_has_arrived_and_say_what_needs_no_answer() -> None:
    async def test() -> None:
        async with serving() as server, greeted(server) as client:
            known, unknown, asking = client.new_id(), client.new_id(), client.new_id()
            client.send((known, types.MsgsAck([1])), (client.new_id(), types.HttpWait(0, 0, 0)))
            client.send((asking, types.MsgsStateReq([known, unknown])))
            (state,) = await client.messages()
            assert (state.obj.req_msg_id, state.obj.info) == (asking, "\4\1")

    run(test)


def test_a_request_that_will_hang_is_acknowledged() -> None:
    async def test() -> None:
        async def hang(request: Any, client: Client) -> object:
            raise Hang

        async with serving(World(UpdateStatus=hang)) as server, greeted(server) as client:
            asked = client.new_id()
            client.send((asked, functions.account.UpdateStatusRequest(True)))
            (message,) = await client.messages()
            assert message.obj == types.MsgsAck([asked])

    run(test)


def test_a_message_that_was_tampered_with_is_refused() -> None:
    async def test() -> None:
        async with serving() as server, greeted(server) as client:
            data = io.BytesIO()
            client.state.write_data_as_message(data, bytes(functions.PingRequest(1)), True)
            packet = bytearray(client.state.encrypt_message_data(data.getvalue()))
            packet[-1] ^= 1
            client.writer.write(client.codec.encode_packet(bytes(packet)))
            assert await client.packet() == struct.pack("<i", -404)

    run(test)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" + bytes(64),  # a start like an obfuscated one
        struct.pack("<iii", 12, 0, 0),  # full, with a wrong checksum
        b"\xee\xee\xee\xee" + b"\xff\xff\xff\x7f",  # a packet of 2 GiB
    ],
    ids=["http", "checksum", "endless"],
)
def test_who_does_not_speak_mtproto_is_hung_up_on(nonsense: bytes) -> None:
    async def test() -> None:
        async with serving() as server, raw(server) as client:
            client.writer.write(nonsense)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reader.readexactly(1)

    run(test)


@pytest.mark.parametrize(
    "step",
    [b"\0\0\0\0", bytes(functions.ReqDHParamsRequest(1, 2, b"", b"", 0, b"")), bytes(functions.PingRequest(1))],
    ids=["nothing", "second step first", "no step"],
)
def test_a_senseless_handshake_is_refused(step: bytes) -> None:
    async def test() -> None:
        async with serving() as server, raw(server) as client:
            client.writer.write(client.codec.encode_packet(struct.pack("<qqi", 0, client.new_id(), len(step)) + step))
            assert await client.packet() == struct.pack("<i", -404)

    run(test)


def for_ever() -> tuple[asyncio.Event, asyncio.Event, Any]:
    """A handler that never answers, and when it has begun and ended."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: Any, client: Client) -> object:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return True

    return begun, ended, wait


def test_who_leaves_in_the_middle_of_an_answer_takes_the_handler_along() -> None:
    async def test() -> None:
        begun, ended, wait = for_ever()
        async with serving(World(UpdateStatus=wait)) as server:
            async with greeted(server) as leaving:
                leaving.send((leaving.new_id(), functions.account.UpdateStatusRequest(True)))
                await begun.wait()
            await ended.wait()
            async with connected(server) as client:
                assert said(await client(echo("others stay"))) == ["others stay"]

    run(test)


def test_stopping_ends_handlers_and_hangs_up_on_everybody() -> None:
    async def test() -> None:
        begun, ended, wait = for_ever()
        async with serving(World(UpdateStatus=wait)) as server, greeted(server) as client:
            client.send((client.new_id(), functions.account.UpdateStatusRequest(True)))
            await begun.wait()
            await server.stop()
            assert ended.is_set()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.packet()
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", server.port)

    run(test)


def test_twenty_files_at_once_arrive_whole() -> None:
    async def test() -> None:
        async with serving() as server:
            server.add_key(KEY, 1)
            async with connected(server) as client:
                answers = await asyncio.gather(*(client(picture()) for _ in range(20)))
                assert all(answer.bytes == PICTURE for answer in answers)

    run(test)
