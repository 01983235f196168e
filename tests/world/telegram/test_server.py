"""The sandbox's Telegram, seen through a plain TelegramClient that knows nothing of chatframes."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
from telethon import TelegramClient, errors, utils
from telethon.crypto import rsa
from telethon.sessions import StringSession
from telethon.tl import functions, types

import chatframes.world.telegram.server
from chatframes.errors import ConfigError
from chatframes.world.awake import Moment
from chatframes.world.sandbox import World, sandbox
from chatframes.world.telegram.faults import FAULTS as TELEGRAM_FAULTS
from chatframes.world.telegram.server import TelegramCounts
from chatframes.world.waits import Waits
from chatframes.world.webex.faults import FAULTS

T = TypeVar("T")
APOLLO = "Project Apollo"
PART_BYTES = 512 * 1024
GET = functions.upload.GetFileRequest
HISTORY = functions.messages.GetHistoryRequest


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with sandbox() as running:
        yield running
        assert running._telegram.defects == []


@asynccontextmanager
async def connected(world: World, session: str | None = None, dc_id: int = 2) -> AsyncIterator[Any]:
    """A client; `session` is empty for one that nobody is logged in to."""
    config = world.config["telegram"]
    server = config["server"]
    before = dict(rsa._server_keys)
    rsa.add_key(server["public_key"], old=False)
    TelegramClient._config = None  # kept on the class: another sandbox's is of no use
    kept = StringSession(config["session"] if session is None else session)
    if not kept.server_address:
        kept.set_dc(dc_id, server["address"], world._telegram._centres[dc_id].port)
    client = TelegramClient(
        kept,
        config["api_id"],
        config["api_hash"],
        flood_sleep_threshold=0,
        request_retries=0,
        retry_delay=0,
        raise_last_call_error=True,
    )
    try:
        await client.connect()
        yield client
    finally:
        if client.session is not None:
            await client.disconnect()
        TelegramClient._config = None
        rsa._server_keys.clear()
        rsa._server_keys.update(before)


def using(world: World, work: Callable[[Any], Awaitable[T]], session: str | None = None, **options: Any) -> T:
    """What `work` returns, done with a connected client."""

    async def run() -> T:
        async with connected(world, session, **options) as client:
            return await work(client)

    return asyncio.run(run())


def chats(world: World) -> list[dict]:
    return [chat for chat in world.truth["chats"] if chat["platform"] == "telegram"]


def expected(world: World, chat: str = APOLLO, *window: Any) -> list[dict]:
    return world.expected(chat, *window, platform="telegram")


def ids(world: World, chat: str = APOLLO, *window: Any) -> list[int]:
    return [int(record["message_id"]) for record in expected(world, chat, *window)]


def stats(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.stats()["telegram"]
    return found


def history(peer: Any, **asked: Any) -> Any:
    usual = {"offset_id": 0, "offset_date": None, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
    return HISTORY(peer, **{**usual, **asked})


async def messages_of(client: Any, chat: str = "apollo") -> list[Any]:
    return [message async for message in client.iter_messages(chat, wait_time=0)]


def thing_of(message: Any) -> Any:
    """The photo or document of a message; of a link preview and of a new chat photo too."""
    for holder in (message.media, getattr(message, "action", None), getattr(message.media, "webpage", None)):
        for name in ("photo", "document"):
            if isinstance(found := getattr(holder, name, None), types.Photo | types.Document):
                return found
    for extended in getattr(message.media, "extended_media", None) or ():
        if isinstance(found := getattr(getattr(extended, "media", None), "photo", None), types.Photo):
            return found
    return None


def location(thing: Any) -> Any:
    """Where the bytes are: of a photo those of its largest size."""
    if isinstance(thing, types.Document):
        return types.InputDocumentFileLocation(thing.id, thing.access_hash, thing.file_reference, "")
    sizes = [size for size in thing.sizes if isinstance(size, types.PhotoSize | types.PhotoSizeProgressive)]
    largest = max(sizes, key=lambda size: size.w * size.h)
    return types.InputPhotoFileLocation(thing.id, thing.access_hash, thing.file_reference, largest.type)


async def bytes_of(client: Any, thing: Any) -> bytes:
    parts = client.iter_download(location(thing), request_size=PART_BYTES, dc_id=thing.dc_id)
    return b"".join([bytes(part) async for part in parts])


def images_of(world: World, chat: str = APOLLO) -> dict[str, dict]:
    """What the truth knows of a chat's pictures, by their ids."""
    return {
        media["source_id"]: media
        for record in expected(world, chat)
        for media in record["media"]
        if media["is_image"] and media["reason"] is None
    }


async def pictures(client: Any, world: World, chat: str = "apollo") -> dict[str, Any]:
    """Every picture of a chat as its messages tell it, by its id."""
    known = images_of(world, f"@{chat}")
    things = [thing_of(message) for message in await messages_of(client, chat)]
    return {str(thing.id): thing for thing in things if thing is not None and str(thing.id) in known}


# The account and its chats


def test_the_account_sees_every_chat_and_knows_who_it_is(world: World) -> None:
    async def work(client: Any) -> None:
        me = await client.get_me()
        assert me.is_self
        assert str(me.id) in {person["id"] for person in world.truth["people"]}
        listed = {str(dialog.id): dialog.name async for dialog in client.iter_dialogs()}
        assert listed == {chat["id"]: chat["title"] for chat in chats(world)}
        config = await client(functions.help.GetConfigRequest())
        assert {(option.id, option.ip_address) for option in config.dc_options} == {(2, "127.0.0.1"), (4, "127.0.0.1")}
        assert config.this_dc == (await client(functions.help.GetNearestDcRequest())).nearest_dc == 2
        full = await client(functions.users.GetFullUserRequest("me"))
        assert full.full_user.id == me.id

    using(world, work)


def test_dialogs_come_in_pages_latest_first_and_end(world: World) -> None:
    async def work(client: Any) -> None:
        whole = await client(functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 100, 0))
        assert isinstance(whole, types.messages.Dialogs)
        order = [utils.get_peer_id(dialog.peer) for dialog in whole.dialogs]
        latest = {chat["id"]: chat["last_activity"] for chat in chats(world)}
        times = [latest[str(marked)] for marked in order if latest[str(marked)]]
        assert times == sorted(times, reverse=True)
        seen, offset = [], (None, 0, types.InputPeerEmpty())
        for _ in range(9):
            page = await client(functions.messages.GetDialogsRequest(*offset, 3, 0))
            assert isinstance(page, types.messages.DialogsSlice)
            assert page.count == len(order)
            seen += [utils.get_peer_id(dialog.peer) for dialog in page.dialogs]
            if len(page.dialogs) < 3:
                break
            dates = {utils.get_peer_id(message.peer_id): message for message in page.messages}
            last, entities = dates[seen[-1]], {utils.get_peer_id(e): e for e in (*page.users, *page.chats)}
            offset = (last.date, last.id, utils.get_input_peer(entities[seen[-1]]))
        assert seen == order

    using(world, work)


def test_names_ids_and_wrong_keys(world: World) -> None:
    async def work(client: Any) -> None:
        apollo = await client.get_entity("https://t.me/Apollo")
        assert (apollo.title, apollo.megagroup) == (APOLLO, True)
        with pytest.raises(errors.UsernameNotOccupiedError):
            await client(functions.contacts.ResolveUsernameRequest("nobody_at_all"))
        with pytest.raises(errors.UsernameInvalidError):
            await client(functions.contacts.ResolveUsernameRequest("no such name"))
        with pytest.raises(errors.ChannelInvalidError):
            await client(history(types.InputPeerChannel(apollo.id, apollo.access_hash + 1)))
        with pytest.raises(errors.ChannelInvalidError):
            await client(functions.channels.GetChannelsRequest([types.InputChannel(apollo.id, 0)]))
        for stranger in (types.InputPeerUser(1, 1), types.InputPeerChat(1)):
            with pytest.raises(errors.PeerIdInvalidError):
                await client(history(stranger))
        full = await client(functions.channels.GetFullChannelRequest(apollo))
        old = await client(functions.messages.GetChatsRequest([full.full_chat.migrated_from_chat_id]))
        assert old.chats[0].migrated_to.channel_id == apollo.id
        assert full.full_chat.migrated_from_max_id == ids(world, "Apollo garage")[-1]
        group = await client(functions.messages.GetFullChatRequest(old.chats[0].id))
        assert group.chats[0].title == "Apollo garage"
        with pytest.raises(errors.BadRequestError):
            await client(functions.messages.GetDocumentByHashRequest(b"", 0, ""))

    using(world, work)


# History


def test_every_chat_can_be_read_whole_in_both_directions(world: World) -> None:
    async def work(client: Any) -> None:
        async for dialog in client.iter_dialogs():
            records = expected(world, str(dialog.id))
            for reverse in (False, True):
                read = [m async for m in client.iter_messages(dialog.input_entity, wait_time=0, reverse=reverse)]
                found = [(str(message.id), message.date) for message in (read if reverse else reversed(read))]
                by_id = sorted(((r["message_id"], r["created_at"]) for r in records), key=lambda one: int(one[0]))
                assert found == by_id

    using(world, work)


def test_a_page_brings_everybody_it_speaks_of() -> None:
    with sandbox(messages=900, images=20) as world:
        authors = {r["message_id"]: r for r in expected(world)}

        async def work(client: Any) -> int:
            checked = 0
            async for message in client.iter_messages("apollo", wait_time=0):
                sender, truth = message.sender, authors[str(message.id)]
                assert str(message.sender_id) == truth["author_id"]
                if not getattr(sender, "deleted", False):
                    assert utils.get_display_name(sender) == truth["author_name"]
                if message.forward and message.forward.from_id:
                    assert message.forward.sender or message.forward.chat
                checked += 1
            return checked

        assert using(world, work) == 900


@pytest.mark.parametrize("cut", [datetime(2026, 10, day, tzinfo=UTC) for day in (8, 14, 20, 26)])
def test_ten_messages_in_one_second_fall_on_one_side_of_a_cut(cut: datetime) -> None:
    with sandbox(messages=900, images=0) as world:
        assert Counter(record["created_at"] for record in expected(world))[cut] == 10

        async def work(client: Any) -> None:
            async def some(**window: Any) -> list[int]:
                return [m.id async for m in client.iter_messages("apollo", wait_time=0, **window)]

            later = cut + timedelta(seconds=1)
            assert (await some(offset_date=cut))[::-1] == ids(world, APOLLO, None, cut)
            assert (await some(offset_date=later))[::-1] == ids(world, APOLLO, None, later)
            assert await some(offset_date=cut, reverse=True) == ids(world, APOLLO, cut)
            assert await some(offset_date=later, reverse=True) == ids(world, APOLLO, later)

        using(world, work)


def test_offsets_move_the_page_and_bounds_thin_it_out(world: World) -> None:
    known = ids(world)[::-1]  # newest first, as pages are

    async def work(client: Any) -> None:
        peer = await client.get_input_entity("apollo")

        async def page(**asked: Any) -> list[int]:
            return [message.id for message in (await client(history(peer, **asked))).messages]

        assert await page() == known[:100]
        assert await page(limit=5000) == known[:100]
        assert await page(limit=7) == known[:7]
        assert await page(offset_id=known[40], limit=10) == known[41:51]
        assert await page(offset_id=known[40] - 1, limit=2) == [i for i in known if i < known[40] - 1][:2]
        assert await page(offset_id=known[40], add_offset=-10, limit=10) == known[31:41]
        assert await page(offset_id=known[40], add_offset=5, limit=3) == known[46:49]
        assert await page(offset_id=known[3], add_offset=-10, limit=10) == known[:4]  # shorter, never moved
        assert await page(offset_id=1, add_offset=-100) == known[-100:]
        assert await page(add_offset=298, limit=10) == known[298:]
        assert await page(add_offset=300) == []
        by_date = datetime(2026, 10, 8, tzinfo=UTC)
        assert await page(offset_id=known[40], offset_date=by_date, limit=4) == known[41:45]  # the id goes first
        assert await page(max_id=known[95], min_id=known[98]) == known[96:98]
        assert await page(max_id=known[150]) == []

    using(world, work)


def test_an_answer_says_whether_the_whole_chat_is_in_it(world: World) -> None:
    async def work(client: Any) -> None:
        by_title = {dialog.name: dialog.input_entity async for dialog in client.iter_dialogs()}
        small = await client(history(by_title["Apollo garage"]))
        assert isinstance(small, types.messages.Messages)
        part = await client(history(by_title["Launch crew"], limit=10))
        assert isinstance(part, types.messages.MessagesSlice)
        assert part.count == 80
        channel = await client(history(by_title["Apollo News"]))
        assert isinstance(channel, types.messages.ChannelMessages)
        assert channel.count == 120
        empty = await client(history(by_title["Quiet corner"]))
        assert (empty.count, empty.messages) == (0, [])
        nobody = await client(history(types.InputPeerSelf()))
        assert isinstance(nobody, types.messages.Messages)
        assert nobody.messages == []

    using(world, work)


def test_messages_can_be_asked_for_by_id_and_missing_ones_are_empty(world: World) -> None:
    known, crew = ids(world), ids(world, "Launch crew")
    missing = next(i for i in range(1, known[-1]) if i not in known)

    async def work(client: Any) -> None:
        apollo = await client.get_input_entity("apollo")
        found = await client.get_messages(apollo, ids=[known[5], missing, known[0]])
        assert [message and message.id for message in found] == [known[5], None, known[0]]
        answer = await client(functions.messages.GetMessagesRequest([types.InputMessageID(crew[3])]))
        assert answer.messages[0].id == crew[3]
        other = await client(functions.messages.GetMessagesRequest([types.InputMessageID(10**8)]))
        assert isinstance(other.messages[0], types.MessageEmpty)

    using(world, work)


# Files


@pytest.mark.parametrize("chat", ["apollo", "apollo_news"])
def test_every_picture_arrives_from_its_own_data_centre_with_one_login_each(chat: str) -> None:
    with sandbox() as world:
        truth = images_of(world, f"@{chat}")

        async def work(client: Any) -> None:
            things = await pictures(client, world, chat)
            assert things.keys() == truth.keys()
            for source_id, thing in things.items():
                assert hashlib.sha256(await bytes_of(client, thing)).hexdigest() == truth[source_id]["sha256"]

        using(world, work)
        counts = stats(world)
        assert counts["imports"] == counts["handshakes"] == {4: 1}
        assert counts["file_bytes"] == {source_id: media["size"] for source_id, media in truth.items()}
        assert counts["peak_connections"] == 2


def test_telethons_own_download_gets_the_same_bytes(world: World) -> None:
    truth = images_of(world, "Launch crew")

    async def work(client: Any) -> set[str]:
        chat = next(d.input_entity for d in await client.get_dialogs() if d.name == "Launch crew")
        found = set()
        async for message in client.iter_messages(chat, wait_time=0):
            if (thing := message.photo or message.document) is not None:
                data = await client.download_media(thing, file=bytes)
                assert hashlib.sha256(data).hexdigest() == truth[str(thing.id)]["sha256"]
                found.add(str(thing.id))
        return found

    assert using(world, work) == truth.keys()


def test_a_part_keeps_to_the_rules_or_is_refused(world: World) -> None:
    mebibyte = 1024 * 1024
    rules = [
        ({"limit": 4096}, None),
        ({"limit": PART_BYTES}, None),
        ({"limit": mebibyte}, None),
        ({"limit": 384 * 1024}, "LimitInvalid"),
        ({"limit": 1000}, "LimitInvalid"),
        ({"limit": 2 * mebibyte}, "LimitInvalid"),
        ({"limit": 0}, "LimitInvalid"),
        ({"limit": 4096, "offset": 100}, "OffsetInvalid"),
        ({"limit": mebibyte, "offset": PART_BYTES}, "LimitInvalid"),
        ({"limit": 5 * 1024, "offset": 1024, "precise": True}, None),
        ({"limit": 1000, "precise": True}, "LimitInvalid"),
    ]

    async def work(client: Any) -> None:
        thing = next(t for t in (await pictures(client, world)).values() if t.dc_id == 2)
        for asked, refused in rules:
            request = GET(location(thing), **{"offset": 0, **asked})
            if refused is None:
                assert (await client(request)).bytes
                continue
            with pytest.raises(errors.BadRequestError) as error:
                await client(request)
            assert refused in type(error.value).__name__
        assert (await client(GET(location(thing), 100 * mebibyte, 4096))).bytes == b""

    using(world, work)


def test_a_wrong_location_reference_or_data_centre_is_told(world: World) -> None:
    async def work(client: Any) -> None:
        things = await pictures(client, world)
        here = next(thing for thing in things.values() if thing.dc_id == 2 and isinstance(thing, types.Photo))
        there = next(thing for thing in things.values() if thing.dc_id == 4)
        with pytest.raises(errors.FileMigrateError) as migrate:
            await client(GET(location(there), 0, 4096))
        assert migrate.value.new_dc == 4
        for change, error in (
            ({"file_reference": b"yesterday"}, errors.FileReferenceExpiredError),
            ({"file_reference": b""}, errors.FileReferenceEmptyError),
            ({"id": 17}, errors.LocationInvalidError),
            ({"access_hash": 17}, errors.LocationInvalidError),
            ({"thumb_size": "w"}, errors.LocationInvalidError),
        ):
            place = location(here)
            vars(place).update(change)
            with pytest.raises(error):
                await client(GET(place, 0, 4096))

    using(world, work)


def test_a_data_centre_serves_nobody_who_is_not_logged_in_there(world: World) -> None:
    async def work(client: Any) -> None:
        thing = types.InputDocumentFileLocation(1, 1, b"x", "")
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(GET(thing, 0, 4096))
        assert await client.get_me() is None
        with pytest.raises(errors.BadRequestError, match=r"AUTH_BYTES_INVALID|authorization is invalid"):
            await client(functions.auth.ImportAuthorizationRequest(1, b"made up"))

    using(world, work, "", dc_id=4)

    async def export(client: Any) -> None:
        for dc_id in (2, 3):
            with pytest.raises(errors.DcIdInvalidError):
                await client(functions.auth.ExportAuthorizationRequest(dc_id))

    using(world, export)


# Logging in


def test_a_phone_number_and_its_code_log_in_and_out(world: World) -> None:
    phone, code = world.login["phone"], world.login["code"]

    async def work(client: Any) -> str:
        assert not await client.is_user_authorized()
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("+15550100")
        sent = await client.send_code_request(phone)
        assert sent.type.length == len(code)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(phone, "11111")
        with pytest.raises(errors.PhoneCodeEmptyError):
            await client(functions.auth.SignInRequest(phone, sent.phone_code_hash, ""))
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client(functions.auth.SignInRequest(phone, "another", code))
        await client.send_code_request(phone)  # this one is sent again
        me = await client.sign_in(phone, code)
        assert me.is_self
        assert len(await messages_of(client)) == 300
        return client.session.save()

    session = using(world, work, "")

    async def again(client: Any) -> None:
        assert (await client.get_me()).is_self
        assert await client.log_out()

    using(world, again, session)

    async def afterwards(client: Any) -> None:
        assert await client.get_me() is None

    using(world, afterwards, session)


def test_a_second_account_has_a_password_too(world: World) -> None:
    phone = world.login["phone_with_password"]

    async def work(client: Any) -> None:
        await client.send_code_request(phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(phone, world.login["code"])
        assert not await client.is_user_authorized()
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="guess")
        me = await client.sign_in(password=world.login["password"])
        assert me.is_self
        assert me.id == (await client.get_me()).id
        assert len(await messages_of(client)) == 300

    using(world, work, "")
    assert using(world, lambda client: client.get_me()).id != 0


def test_wrong_api_credentials_and_the_wrong_data_centre_are_told(world: World) -> None:
    async def work(client: Any) -> None:
        client.api_hash = "f" * 32
        with pytest.raises(errors.ApiIdInvalidError):
            await client.send_code_request(world.login["phone"])

    using(world, work, "")

    async def elsewhere(client: Any) -> None:
        client._request_retries = 1
        await client.send_code_request(world.login["phone"])  # moves to the data centre it is sent to
        assert client.session.dc_id == 2

    using(world, elsewhere, "", dc_id=4)


def test_a_bot_is_known_but_reads_no_history(world: World) -> None:
    async def work(client: Any) -> None:
        me = await client.get_me()
        assert me.bot
        apollo = await client.get_entity("apollo")
        for request in (
            history(utils.get_input_peer(apollo)),
            functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 100, 0),
        ):
            with pytest.raises(errors.BotMethodInvalidError):
                await client(request)

    using(world, work, world.bot_session)

    async def by_token(client: Any) -> None:
        with pytest.raises(errors.AccessTokenInvalidError):
            await client.sign_in(bot_token="1:no")

    using(world, by_token, "")


# Counting


def test_stats_count_what_clients_did(world: World) -> None:
    world.reset_stats()

    async def work(client: Any) -> None:
        await messages_of(client)
        await messages_of(client, "apollo")

    using(world, work)
    counts = stats(world)
    assert counts["calls"]["messages.getHistory"] == 8
    assert counts["calls"]["contacts.resolveUsername"] == 1
    assert counts["handshakes"] == counts["imports"] == {}
    assert (counts["peak_pages"], counts["peak_connections"], counts["early_requests"]) == (1, 1, 0)
    first = counts["history_log"][0]
    known = expected(world)
    marked = known[0]["chat_id"]
    assert first == {
        "chat": marked,
        "offset_id": 0,
        "offset_date": None,
        "add_offset": 0,
        "limit": 100,
        "refused": None,
        "returned": 100,
        "first_id": int(known[-1]["message_id"]),
        "first_date": known[-1]["created_at"],
        "last_id": int(known[-100]["message_id"]),
        "last_date": known[-100]["created_at"],
    }
    world.reset_stats()
    assert stats(world)["calls"] == {}
    assert stats(world)["history_log"] == []


def test_requests_in_flight_are_counted_at_the_server() -> None:
    with sandbox(latency_ms=50) as world:

        async def work(client: Any) -> None:
            things = list((await pictures(client, world)).values())
            here = [thing for thing in things if thing.dc_id == 2][:9]
            peer = await client.get_input_entity("apollo")
            await asyncio.gather(
                *(client(GET(location(thing), 0, 4096)) for thing in here), *(client(history(peer)) for _ in range(4))
            )

        using(world, work)
        assert (stats(world)["peak_files"], stats(world)["peak_pages"]) == (9, 4)
    assert stats(world)["peak_files"] == 9  # the counts stay after closing


def test_a_request_of_the_kind_inside_a_wait_is_early_but_not_at_once_after_the_refusal() -> None:
    now = [Moment(10.0, starved=0.0)]
    counts = TelegramCounts(waits=Waits(look=lambda: now[0]))
    counts.waits.ask(2.0, "pages")
    early = []
    for kind, seconds in (("pages", 10.3), ("files", 10.7), ("pages", 10.7), ("pages", 12.1)):
        now[0] = Moment(seconds, starved=0.0)
        counts.arrived("a method", kind)  # type: ignore[arg-type]
        early.append(counts.early_requests)
    assert early == [0, 0, 1, 1]


def test_rate_limits_refuse_bursts_of_pages() -> None:
    with sandbox(messages=5, images=0, rate_limits=True) as world:

        async def work(client: Any) -> list[Any]:
            peer = await client.get_input_entity("apollo")
            return await asyncio.gather(*(client(history(peer)) for _ in range(40)), return_exceptions=True)

        refused = [one for one in using(world, work) if isinstance(one, errors.FloodWaitError)]
        assert 5 <= len(refused) <= 10
        assert refused[0].seconds == 1


# The world around it


def test_who_only_uses_webex_never_has_a_telegram_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object) -> None:
        raise AssertionError("nobody asked for it")

    monkeypatch.setattr(chatframes.world.telegram.server, "build_telegram", made)
    with sandbox(messages=20, images=4) as world:
        webex = world.config["webex"]
        headers = {"Authorization": f"Bearer {webex['access_token']}"}
        assert (
            httpx.get(f"{webex['base_url']}/people/me", headers=headers, trust_env=False, verify=False).status_code
            == 200
        )
        assert len(world.expected(APOLLO)) == 20
        assert world.stats()["telegram"]["calls"] == {}
        assert "telegram: 127.0.0.1:" in repr(world)


def test_truth_holds_every_service_and_expected_one_of_them(world: World) -> None:
    assert {record["platform"] for name in ("chats", "people", "messages") for record in world.truth[name]} == {
        "webex",
        "telegram",
        "reddit",
    }
    assert len(expected(world)) == len(world.expected(APOLLO)) == 300
    assert expected(world) == expected(world, "@apollo") == expected(world, expected(world)[0]["chat_id"])
    assert {record["platform"] for record in expected(world)} == {"telegram"}
    with pytest.raises(ConfigError, match="2 chats are called 'Standup'"):
        expected(world, "Standup")
    with pytest.raises(ConfigError, match="platform is one of webex, telegram"):
        world.expected(APOLLO, platform="icq")  # type: ignore[arg-type]


def test_no_secret_is_in_the_repr(world: World) -> None:
    config = world.config["telegram"]
    for secret in (config["session"], config["api_hash"], world.bot_session, world.login["password"]):
        assert secret not in repr(world)


# Faults


def test_faults_have_names_of_their_own_and_say_what_they_do() -> None:
    assert not FAULTS.keys() & TELEGRAM_FAULTS.keys()
    assert all(one.does.endswith(".") and one.on for one in TELEGRAM_FAULTS.values())


def under(faults: list[str], work: Callable[[Any, World], Awaitable[T]], **size: int) -> tuple[T, World]:
    with sandbox(**{"messages": 300, "images": 60, **size}, faults=faults) as world:
        result = using(world, lambda client: work(client, world))
        assert world._telegram.defects == []
        return result, world


async def stubborn(client: Any, request: Any, tries: int = 4) -> tuple[Any, list[Exception]]:
    """The answer, and what came instead before. What a later request overtakes is given up: TimeoutError."""
    met: list[Exception] = []
    for _ in range(tries):
        asked = asyncio.ensure_future(client(request))
        for _ in range(3):
            await client(functions.help.GetNearestDcRequest())
        if not asked.done():
            asked.cancel()
            met.append(TimeoutError())
            continue
        try:
            return await asked, met
        except errors.RPCError as error:
            met.append(error)
    return None, met


async def stubborn_pages(client: Any, world: World, limit: int = 20) -> tuple[list[int], list[Exception]]:
    peer, found, met = await client.get_input_entity("apollo"), list[int](), list[Exception]()
    offset_id = 0
    while True:
        answer, refused = await stubborn(client, history(peer, offset_id=offset_id, limit=limit))
        met += refused
        if not answer.messages:
            return found[::-1], met
        found += [message.id for message in answer.messages]
        offset_id = found[-1]


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("flood_pages", {errors.FloodWaitError}),
        ("server_trouble", {TimeoutError}),  # Telethon rests for two seconds then
        ("hanging_pages", {TimeoutError}),
        ("dropped_pages", set()),
    ],
)
def test_pages_that_fail_pass_and_nothing_is_lost(fault: str, kinds: set[type]) -> None:
    (found, met), world = under([fault], stubborn_pages)
    assert found == ids(world)
    assert {type(error) for error in met} >= kinds
    log = stats(world)["history_log"]
    asked = Counter((one["offset_id"], one["add_offset"]) for one in log)
    assert max(asked.values()) <= 3  # refused twice at most
    refused = [one["refused"] for one in log if one["refused"]]
    if fault == "flood_pages":
        assert refused == ["FLOOD_WAIT_1"] * len(refused)
        assert refused
    if fault == "server_trouble":
        assert set(refused) == {"RPC_CALL_FAIL", "Timeout"}
    if fault == "dropped_pages":
        assert refused == ["Drop"] * len(refused)  # asked again by Telethon itself
        assert len(refused) >= 4
    if fault == "hanging_pages":
        assert refused == ["Hang"]


def test_short_pages_leave_no_gap_in_either_direction() -> None:
    async def work(client: Any, world: World) -> None:
        # Downwards Telethon takes a short page of low ids for the last one; a reader must not.
        assert (await stubborn_pages(client, world, 100))[0] == ids(world)
        upwards = [m.id async for m in client.iter_messages("apollo", wait_time=0, reverse=True)]
        assert upwards == ids(world)

    _, world = under(["short_pages_telegram"], work)
    assert max(one["returned"] for one in stats(world)["history_log"]) == 37


def test_slow_answers_are_still_answers() -> None:
    found, world = under(["slow_answers"], lambda client, world: messages_of(client), messages=20, images=0)
    assert [message.id for message in found][::-1] == ids(world)


def test_a_long_wait_begins_at_the_fourth_page() -> None:
    async def work(client: Any, world: World) -> None:
        peer = await client.get_input_entity("apollo")
        for _ in range(3):
            assert (await client(history(peer))).messages
        for _ in range(2):
            with pytest.raises(errors.FloodWaitError) as error:
                await client(HISTORY(peer, 0, None, 0, 100, 0, 0, 0))
            assert error.value.seconds == 3600
            client._flood_waited_requests.clear()  # Telethon itself would not ask again

    _, world = under(["long_flood"], work)
    assert stats(world)["history_log"][-1]["refused"] == "FLOOD_WAIT_3600"


def test_a_revoked_session_stays_out_until_a_new_login() -> None:
    async def work(client: Any, world: World) -> None:
        peer = await client.get_input_entity("apollo")
        for _ in range(3):
            await client(history(peer))
        for request in (history(peer), functions.users.GetUsersRequest([types.InputUserSelf()])):
            with pytest.raises(errors.AuthKeyUnregisteredError):
                await client(request)
        await client.send_code_request(world.login["phone"])
        assert (await client.sign_in(world.login["phone"], world.login["code"])).is_self
        assert len((await client(history(peer))).messages) == 100

    under(["revoked"], work)


def test_a_private_chat_is_refused_and_others_are_not() -> None:
    async def work(client: Any, world: World) -> None:
        peer = await client.get_input_entity("apollo")
        for request in (history(peer), functions.channels.GetFullChannelRequest(peer)):
            with pytest.raises(errors.ChannelPrivateError):
                await client(request)
        assert len(await messages_of(client, "apollo_news")) == 120

    under(["private_chat"], work)


def test_references_of_pages_expire_and_those_asked_for_by_id_are_good() -> None:
    async def work(client: Any, world: World) -> None:
        for message in await messages_of(client):
            thing = thing_of(message)
            if thing is None or thing.dc_id != 2 or str(thing.id) not in images_of(world):
                continue
            with pytest.raises(errors.FileReferenceExpiredError):
                await client(GET(location(thing), 0, 4096))
            again = thing_of(await client.get_messages("apollo", ids=message.id))
            assert again.id == thing.id
            assert (await client(GET(location(again), 0, 4096))).bytes

    _, world = under(["expired_references"], work)
    assert stats(world)["calls"]["channels.getMessages"] > 20


def test_deleted_messages_cannot_be_asked_for_again() -> None:
    async def work(client: Any, world: World) -> None:
        met = world.afflicted("deleted_messages")
        assert len(met) > 3
        for message in await messages_of(client):
            thing = thing_of(message)
            if thing is None:
                continue
            again = await client.get_messages("apollo", ids=message.id)
            assert (again is None) == (str(thing.id) in met)
            if str(thing.id) in met and thing.dc_id == 2:
                with pytest.raises(errors.FileReferenceExpiredError):
                    await client(GET(location(thing), 0, 4096))

    under(["deleted_messages"], work)


FILE_FAULTS = {
    "gone_files": [errors.LocationInvalidError] * 3,
    "premium_flood": [errors.FloodPremiumWaitError],
    "hanging_files": [TimeoutError],
    "dead_files": [TimeoutError] * 3,
}


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_some_files_fail_and_others_do_not(fault: str) -> None:
    async def work(client: Any, world: World) -> None:
        met = world.afflicted(fault)
        assert met & images_of(world).keys() < images_of(world).keys()
        for source_id, thing in (await pictures(client, world)).items():
            if thing.dc_id == 2:
                answer, seen = await stubborn(client, GET(location(thing), 0, 4096), tries=3)
                assert [type(error) for error in seen] == (FILE_FAULTS[fault] if source_id in met else [])
                assert (answer is None) == (fault in ("gone_files", "dead_files") and source_id in met)

    _, world = under([fault], work)
    assert (len(world.afflicted(fault)) == 1) == (fault == "dead_files")


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("flood_files", {errors.FloodWaitError}),
        ("dropped_files", set()),
        ("server_trouble", {TimeoutError}),
    ],
)
def test_parts_that_fail_come_when_asked_for_again(fault: str, kinds: set[type]) -> None:
    async def work(client: Any, world: World) -> set[type]:
        met: set[type] = set()
        # Asked for by their ids: pages have troubles of their own.
        things = [thing_of(message) for message in await client.get_messages("apollo", ids=ids(world))]
        for thing in [t for t in things if t is not None and str(t.id) in images_of(world) and t.dc_id == 2]:
            answer, seen = await stubborn(client, GET(location(thing), 0, 4096))
            assert answer.bytes
            met |= {type(error) for error in seen}
        return met

    met, world = under([fault], work)
    assert met == kinds or fault == "dropped_files"
    repeated = sum(stats(world)["file_requests"].values()) - len(stats(world)["file_requests"])
    assert repeated > 0


def test_some_messages_name_the_wrong_data_centre() -> None:
    async def work(client: Any, world: World) -> None:
        met = world.afflicted("wrong_dc")
        lies = 0
        for source_id, thing in (await pictures(client, world)).items():
            if thing.dc_id != 2:
                continue
            if source_id not in met:
                assert (await client(GET(location(thing), 0, 4096))).bytes
                continue
            with pytest.raises(errors.FileMigrateError) as error:
                await client(GET(location(thing), 0, 4096))
            assert error.value.new_dc == 4
            lies += 1
        assert lies

    under(["wrong_dc"], work)


def test_some_sizes_are_wrong_and_the_truth_says_what_was_declared() -> None:
    async def work(client: Any, world: World) -> None:
        known = images_of(world)
        met, signs = world.afflicted("lying_size"), set()
        for source_id, thing in (await pictures(client, world)).items():
            said = thing.size if isinstance(thing, types.Document) else largest_size(thing)
            media = known[source_id]
            assert said == media["declared_size"]
            assert (said != media["size"]) == (source_id in met)
            signs.add(said > media["size"] if source_id in met else None)
            if source_id in met and thing.dc_id == 2:
                data = await bytes_of(client, thing)
                assert hashlib.sha256(data).hexdigest() == media["sha256"]
        assert signs == {None, True, False}

    under(["lying_size"], work)


def largest_size(photo: types.Photo) -> int:
    wanted = location(photo).thumb_size
    size = next(
        s for s in photo.sizes if s.type == wanted and isinstance(s, types.PhotoSize | types.PhotoSizeProgressive)
    )
    return size.size if isinstance(size, types.PhotoSize) else max(size.sizes)


def test_some_pictures_sent_as_files_are_none() -> None:
    async def work(client: Any, world: World) -> None:
        known, met = images_of(world), world.afflicted("lying_mime")
        begins = set()
        for source_id, thing in (await pictures(client, world)).items():
            if source_id not in met:
                continue
            assert isinstance(thing, types.Document)
            data = await bytes_of(client, thing)
            assert len(data) == known[source_id]["declared_size"] == thing.size
            begins.add(data[:5])
        assert begins <= {b"<!DOC", b"%PDF-"}
        assert begins

    under(["lying_mime"], work)


def test_an_image_meets_at_most_one_fault_and_others_stay_well() -> None:
    with sandbox(messages=400, images=90, faults=[*FAULTS, *TELEGRAM_FAULTS]) as world:
        shares = [world.afflicted(name) for name, one in TELEGRAM_FAULTS.items() if one.share != "none"]
        assert all(shares)
        assert sum(map(len, shares)) == len(set().union(*shares))
        assert len(images_of(world).keys() - set().union(*shares)) > 5
        with pytest.raises(ConfigError, match=r"known are .*flood_pages"):
            sandbox(faults=["rain"])
