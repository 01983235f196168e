"""Libraries that others wrote walk the whole sandbox and find what the truth holds; they know nothing of chatframes."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from telethon.sessions import StringSession

from chatframes.world.mtproto import handshake
from chatframes.world.reddit.listings import CAP
from chatframes.world.sandbox import World, sandbox

# What these libraries say of themselves, and of each other, when they are imported and used.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with sandbox(images=20) as running:
        yield running
        assert running._telegram.defects == []


def truth(world: World, platform: str) -> dict[str, set[str]]:
    """The ids of the messages of each chat of a service."""
    found: dict[str, set[str]] = {chat["id"]: set() for chat in world.truth["chats"] if chat["platform"] == platform}
    for record in world.truth["messages"]:
        if record["platform"] == platform:
            found[record["chat_id"]].add(record["message_id"])
    return found


def test_webexpythonsdk_finds_every_message_with_its_time(world: World) -> None:
    sdk = import_module("webexpythonsdk")
    webex = world.config["webex"]
    api = sdk.WebexAPI(access_token=webex["access_token"], base_url=f"{webex['base_url']}/")
    messages = {room.id: list(api.messages.list(room.id, max=100)) for room in api.rooms.list(sortBy="created")}
    assert {room: {one.id for one in found} for room, found in messages.items()} == truth(world, "webex")
    times = {record["message_id"]: record["created_at"] for record in world.truth["messages"]}
    for one in (one for found in messages.values() for one in found):
        assert one.created == times[one.id]
    answer = next(one for found in messages.values() for one in found if one.parentId)
    answers = api.messages.list(answer.roomId, parentId=answer.parentId)
    assert {one.parentId for one in answers} == {answer.parentId}


@pytest.mark.long  # its cryptography is Python's own, and slow
def test_kurigram_agrees_on_a_key_and_finds_every_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyrogram = import_module("pyrogram")
        auth = import_module("pyrogram.session.auth")
        rsa = import_module("pyrogram.crypto.rsa")
    key = rsa.PublicKey(handshake._RSA_N, handshake._RSA_E)
    monkeypatch.setitem(rsa.server_public_keys, handshake.FINGERPRINT, key)
    config = world.config["telegram"]
    server = config["server"]

    async def walk() -> tuple[bytes, dict[str, set[str]]]:
        options = {"in_memory": True, "no_updates": True}
        client = pyrogram.Client("sandbox", api_id=config["api_id"], api_hash=config["api_hash"], **options)
        new_key = await auth.Auth(client, server["dc_id"], server["address"], server["port"], False).create()
        await logged_in(client, config)
        await client.connect()
        try:
            chats = [dialog.chat.id async for dialog in client.get_dialogs()]
            found = {str(chat): {str(message.id) async for message in client.get_chat_history(chat)} for chat in chats}
        finally:
            await client.disconnect()
        return new_key, found

    new_key, found = asyncio.run(walk())
    assert len(new_key) == 256
    assert found == truth(world, "telegram")


async def logged_in(client: Any, config: dict[str, Any]) -> None:
    """Give a client of kurigram the sandbox's session, which it would keep in a file of its own."""
    kept, server, storage = StringSession(config["session"]), config["server"], client.storage
    await storage.open()

    async def opened() -> None:
        """Keep what is there."""

    for name, value in {
        "dc_id": server["dc_id"],
        "server_address": server["address"],
        "port": server["port"],
        "auth_key": kept.auth_key.key,
        "user_id": 1,
        "is_bot": False,
        "test_mode": False,
        "api_id": config["api_id"],
        "date": 0,
    }.items():
        await getattr(storage, name)(value)
    storage.open = opened


def test_praw_finds_every_post_and_every_comment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    praw, limits = import_module("praw"), import_module("prawcore.rate_limit")
    monkeypatch.setattr(limits.RateLimiter, "delay", lambda limiter: None)  # it spreads its calls over ten minutes
    section = dict(world.config["reddit"])
    reddit = praw.Reddit(**section, check_for_updates=False)
    for chat in world.truth["chats"]:
        if chat["platform"] != "reddit" or chat["kind"] != "public" or chat["messages"] > CAP:
            continue  # no client gets at what lies behind the end of a list
        found = set()
        for post in reddit.subreddit(chat["title"]).new(limit=None):
            post.comments.replace_more(limit=None)
            found |= {post.fullname, *(comment.fullname for comment in post.comments.list())}
        assert found == truth(world, "reddit")[chat["id"]]
