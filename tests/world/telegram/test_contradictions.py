"""Answers of the sandbox's Telegram that do not fit each other: each is given, and a plain Telethon loses by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import product
from typing import Any, TypeVar

import pytest
from help.sampling import sampled
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.errors import TypeNotFoundError
from telethon.sessions import StringSession
from telethon.tl import functions, types

from chatframes.world.sandbox import World, sandbox
from chatframes.world.telegram.contradictions import CONTRADICTIONS
from chatframes.world.telegram.faults import FAULTS

T = TypeVar("T")
SIZES = {"below one page": 60, "at one page": 100, "beyond one page": 250}  # messages
HISTORY = functions.messages.GetHistoryRequest


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[Any]:
    config = world.config["telegram"]
    before = dict(rsa._server_keys)
    rsa.add_key(config["server"]["public_key"], old=False)
    TelegramClient._config = None  # kept on the class: another sandbox's is of no use
    client = TelegramClient(
        StringSession(config["session"]), config["api_id"], config["api_hash"], request_retries=0, retry_delay=0
    )
    try:
        await client.connect()
        yield client
    finally:
        await client.disconnect()
        TelegramClient._config = None
        rsa._server_keys.clear()
        rsa._server_keys.update(before)


def using(world: World, work: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        async with connected(world) as client:
            return await work(client)

    try:
        return asyncio.run(run())
    finally:
        assert world._telegram.defects == []


async def by_telethon(client: Any) -> list[int]:
    """The ids of a chat, read as Telethon's users do."""
    return [message.id async for message in client.iter_messages("apollo", wait_time=0)]


async def by_full_pages(client: Any) -> list[int]:
    """The ids of a chat, read by who takes a page with fewer messages than asked for as the last one."""
    ids: list[int] = []
    while len(page := (await client(history(offset_id=min(ids, default=0)))).messages) == 100:
        ids += [message.id for message in page]
    return ids + [message.id for message in page]


async def by_places(client: Any, page: int = 100) -> list[int]:
    """The ids of a chat, read by counting places from the newest message, as many scripts do."""
    ids: list[int] = []
    while page_of := (await client(history(add_offset=len(ids), limit=page))).messages:
        ids += [message.id for message in page_of]
    return ids


async def patiently(client: Any) -> set[int]:
    """The ids of a chat, read by who takes neither a short page nor an empty one for the end."""
    ids: set[int] = set()
    empty = 0
    while empty < 3:
        page = (await client(history(offset_id=min(ids, default=0)))).messages
        ids |= {message.id for message in page}
        empty = 0 if page else empty + 1
    return ids


def history(**asked: Any) -> Any:
    usual = {"offset_id": 0, "offset_date": None, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
    return HISTORY("apollo", **{**usual, **asked})


def there(world: World) -> set[int]:
    ours = [one for one in world.truth["chats"] if one["platform"] == "telegram"]
    (chat,) = (one["id"] for one in ours if one["username"] == "apollo")
    return {int(record["message_id"]) for record in world.truth["messages"] if record["chat_id"] == chat}


def expected(world: World) -> set[int]:
    return {int(record["message_id"]) for record in world.expected("@apollo", platform="telegram")}


def delivered(world: World) -> dict[str, int]:
    return {name: count for name, count in world.stats()["telegram"]["delivered"].items() if count}


def test_every_contradiction_says_what_it_does_and_has_a_name_of_its_own() -> None:
    assert all(one.does.endswith(".") and one.on for one in CONTRADICTIONS.values())
    assert not CONTRADICTIONS.keys() & FAULTS.keys()


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_without_a_contradiction_even_a_naive_reader_has_everything(messages: int) -> None:
    with sandbox(messages=messages, images=0) as world:
        assert (
            set(using(world, by_telethon))
            == set(using(world, by_places))
            == set(using(world, by_full_pages))
            == there(world)
            == expected(world)
        )
        assert not delivered(world)
        assert not world.withheld


@pytest.mark.parametrize(("seed", "messages"), sampled(product([0, 1, 2], SIZES.values()), 3))
@pytest.mark.parametrize(("fault", "naive"), [("empty_answer", by_telethon), ("uneven_pages", by_full_pages)])
def test_who_takes_an_empty_or_a_short_page_for_the_end_loses(
    fault: str, naive: Callable[[Any], Awaitable[list[int]]], messages: int, seed: int
) -> None:
    with sandbox(messages=messages, images=0, seed=seed, faults=[fault]) as world:
        assert set(using(world, naive)) < there(world)
        assert delivered(world)[fault] > 0
        assert using(world, patiently) == there(world) == expected(world)


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_counts_are_wrong_and_the_messages_are_all_there(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["lying_counts"]) as world:

        async def count(client: Any) -> int:
            return int((await client.get_messages("apollo", limit=1)).total)

        assert using(world, count) != messages
        assert len(using(world, by_telethon)) == messages
        assert delivered(world)["lying_counts"] >= 2


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_one_object_of_a_later_layer_makes_the_whole_answer_unreadable(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["newer_layer"]) as world:
        odd = {int(record["message_id"]) for record in world.withheld}
        assert odd

        async def one_by_one(client: Any) -> set[int]:
            read = set()
            for id_ in sorted(odd | set(sorted(there(world))[:5])):
                try:
                    read |= {message.id for message in await client.get_messages("apollo", ids=[id_])}
                except TypeNotFoundError:
                    continue
            return read

        with pytest.raises(TypeNotFoundError):
            using(world, by_telethon)
        assert using(world, one_by_one) == set(sorted(there(world))[:5]) - odd
        assert delivered(world)["newer_layer"] == 1 + len(odd)
        assert expected(world) == there(world) - odd


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_who_counts_places_loses_messages_that_move_when_others_are_deleted(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["vanishing_messages"]) as world:
        lost = expected(world) - set(using(world, by_places))
        gone = {int(record["message_id"]) for record in world.withheld}
        assert gone
        assert expected(world) == there(world) - gone
        assert delivered(world)["vanishing_messages"] > 0
        assert bool(lost) is (messages > 100)
        assert set(using(world, by_telethon)) == expected(world)

        async def asked_for(client: Any) -> list[Any]:
            return list(await client.get_messages("apollo", ids=sorted(gone)))

        assert using(world, asked_for) == [None] * len(gone)


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_who_counts_places_has_some_twice_when_others_are_written(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["arriving_messages"]) as world:
        found = using(world, by_places)
        new = {int(record["message_id"]) for record in world.withheld}
        assert len(new) == 3
        assert expected(world) == there(world) - new
        assert expected(world) <= set(found)
        assert len(found) > len(set(found))
        assert delivered(world)["arriving_messages"] > 0
        assert set(using(world, by_telethon)) == there(world)


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_who_knows_messages_by_all_they_say_has_edited_ones_twice(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["mended_messages"]) as world:

        async def twice(client: Any) -> set[tuple[int, str | None]]:
            return {
                (one.id, one.message) for _ in range(2) async for one in client.iter_messages("apollo", wait_time=0)
            }

        said = using(world, twice)
        edited = {int(one["message_id"]): one["text"] for one in world.edited}
        assert {str(id_) for id_ in edited} == world.afflicted("mended_messages")
        assert len(said) > messages
        assert {id_ for id_, _ in said} == there(world) == expected(world)
        assert set(edited.items()) <= said
        assert delivered(world)["mended_messages"] > 0


def test_of_two_names_none_stands_in_the_old_place_and_both_lead_there() -> None:
    with sandbox(messages=20, images=0, faults=["two_names"]) as world:

        async def named(client: Any) -> list[Any]:
            return [await client.get_entity(name) for name in ("apollo", "apollo_archive")]

        one, other = using(world, named)
        assert one.id == other.id
        assert one.username is None
        assert [name.username for name in one.usernames] == ["apollo", "apollo_archive"]
        assert delivered(world)["two_names"] > 0


def test_two_chats_have_one_title_and_one_says_where_it_goes_on() -> None:
    with sandbox(messages=20, images=0, faults=["one_title"]) as world:

        async def titled(client: Any) -> list[Any]:
            return [dialog.entity async for dialog in client.iter_dialogs() if dialog.title == "Project Apollo"]

        old, new = sorted(using(world, titled), key=lambda entity: isinstance(entity, types.Channel))
        assert isinstance(old, types.Chat)
        assert old.migrated_to.channel_id == new.id
        assert delivered(world)["one_title"] == 1


@pytest.mark.parametrize("messages", sampled([0, 1, 2, *SIZES.values()], 4))
def test_all_together_end_and_give_nothing_that_does_not_exist(messages: int) -> None:
    together = CONTRADICTIONS.keys() - {"newer_layer"}  # with which plain Telethon gets nothing at all
    with sandbox(messages=messages, images=0, faults=together) as world:
        found = using(world, patiently)
        assert expected(world) <= found <= there(world)
        assert len(delivered(world)) >= (2 if messages > 2 else 0)


def test_a_seed_chooses_the_same_ones_again_and_another_seed_others() -> None:
    odd = []
    for seed in (0, 0, 1):
        with sandbox(images=0, seed=seed, faults=["newer_layer"]) as world:
            odd.append([record["message_id"] for record in world.withheld])
    assert odd[0] == odd[1] != odd[2]


def test_the_topics_of_a_forum_have_titles_and_what_is_none_is_gone() -> None:
    with sandbox(messages=20, images=0) as world:
        opened = [record for record in world.truth["messages"] if "topic_create" in record["flags"]]
        chat = int(opened[0]["chat_id"])

        async def topics(client: Any) -> list[Any]:
            asked = [1, *(int(record["message_id"]) for record in opened), 999_999]
            await client.get_dialogs()
            return list((await client(functions.messages.GetForumTopicsByIDRequest(chat, asked))).topics)

        *known, unknown = using(world, topics)
        assert len({topic.title for topic in known}) == len(opened) + 1
        assert isinstance(unknown, types.ForumTopicDeleted)


def test_nobody_has_told_a_story() -> None:
    with sandbox(messages=20, images=0) as world:

        async def stories(client: Any) -> Any:
            return await client(functions.stories.GetStoriesByIDRequest("apollo", [1]))

        assert using(world, stories).stories == []
