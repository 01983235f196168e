"""The chats of every kind of content: what they hold, and that who keeps nothing but the usual text loses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from telethon.extensions import BinaryReader
from telethon.tl import functions, types

from chatframes.sources.reddit import kinds
from chatframes.sources.webex.card_elements import ELEMENTS, NOT_KEPT
from chatframes.world.sandbox import World, sandbox

OTHERWISE_SENT = {"ChatCreate", "ChatMigrateTo", "ChannelMigrateFrom"}  # in the chats that always are there
# Telethon itself turns it into no media, whichever way it came: no reader of its messages can tell the two apart.
READ_AS_NONE = {"Empty"}
OTHERWISE_NAMED = {"Mention", "MentionName"}  # in the chat that always is there, where it is long enough


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with sandbox(messages=20, images=0, content=True) as running:
        yield running


def of(world: World, title: str) -> list[dict[str, Any]]:
    return [record for record in world.truth["messages"] if record["chat_name"] == title]


def sent_by_telegram(world: World) -> list[Any]:
    chats = world._telegram.stock().world.chats
    return [one for chat in chats if "Everything" in getattr(chat.entity, "title", "") for one in chat.messages]


def test_without_it_the_sandbox_has_none_of_these_chats() -> None:
    with sandbox(messages=20, images=0) as world:
        assert not [chat for chat in world.truth["chats"] if chat["title"].lower().startswith("everything")]


def test_each_sample_has_a_name_of_its_own(world: World) -> None:
    for title in ("Everything", "Everything in topics", "everything"):
        names = [(record["platform"], record["sample"]) for record in of(world, title)]
        assert len(names) == len({*names}) > 5


def test_telegrams_objects_are_what_telethon_reads(world: World) -> None:
    for message in sent_by_telegram(world):
        data = bytes(message)
        assert bytes(BinaryReader(data).tgread_object()) == data


@pytest.mark.parametrize(("prefix", "field"), [("MessageAction", "action"), ("MessageMedia", "media")])
def test_every_action_and_every_media_is_sent(world: World, prefix: str, field: str) -> None:
    def sent(messages: list[Any]) -> set[str]:
        return {type(getattr(one, field, None)).__name__.removeprefix(prefix) for one in messages}

    there = {name.removeprefix(prefix) for name in dir(types) if name.startswith(prefix)}
    lacking = there - sent(sent_by_telegram(world))
    if prefix == "MessageMedia":
        assert types.Message(1, types.PeerUser(1), None, "", media=types.MessageMediaEmpty()).media is None
        lacking -= READ_AS_NONE
    assert lacking - OTHERWISE_SENT == set(), "a sample is missing in world/telegram/content.py or happenings.py"
    others = [message for chat in world._telegram.stock().world.chats for message in chat.messages]
    assert lacking <= sent(others)


# The parts of a card that need not say what they are, by the field they stand in.
PARTS = {
    "facts": "Fact", "sources": "MediaSource", "captionSources": "CaptionSource", "choices": "Input.Choice",
    "inlines": "TextRun", "columns": "Column", "rows": "TableRow", "cells": "TableCell", "pages": "CarouselPage",
    "targetElements": "TargetElement",
}  # fmt: skip


def elements(value: Any) -> set[str]:
    """The kinds of elements and parts in a card."""
    if isinstance(value, list):
        return {kind for one in value for kind in elements(one)}
    if not isinstance(value, dict):
        return set()
    named = {value["type"]} if isinstance(value.get("type"), str) else set()
    return named | {PARTS[key] for key in value if key in PARTS} | elements(list(value.values()))


def test_every_element_of_a_card_is_sent(world: World) -> None:
    sent = elements([item.get("attachments") for item in webex_items(world).values()])
    assert {*ELEMENTS, *NOT_KEPT} - sent == set(), "a sample is missing in world/webex/cards.py"


def test_every_kind_of_reddits_is_sent(world: World) -> None:
    names = [record["sample"] for record in of(world, "everything") if record["platform"] == "reddit"]
    lacking = [kind for kind in kinds.KEPT | kinds.NOT_KEPT if not any(re.search(rf"\b{kind}\b", one) for one in names)]
    assert lacking == [], "a sample is missing in world/reddit/content.py or rare.py"


def webex_items(world: World) -> dict[str, Any]:
    webex = world.config["webex"]
    (room,) = (
        chat["id"] for chat in world.truth["chats"] if (chat["platform"], chat["title"]) == ("webex", "Everything")
    )
    headers = {"Authorization": f"Bearer {webex['access_token']}"}
    with httpx.Client(base_url=webex["base_url"], headers=headers, trust_env=False, verify=False, timeout=30) as http:
        items = http.get("messages", params={"roomId": room, "max": 1000}).json()["items"]
    return {item["id"]: item for item in items}


def test_every_entity_is_sent_or_named(world: World) -> None:
    there = {name.removeprefix("MessageEntity") for name in dir(types) if name.startswith("MessageEntity")}
    messages = [message for chat in world._telegram.stock().world.chats for message in chat.messages]
    entities = [entity for message in messages for entity in getattr(message, "entities", None) or ()]
    assert there - {type(entity).__name__.removeprefix("MessageEntity") for entity in entities} <= OTHERWISE_NAMED


def test_who_keeps_the_text_of_a_message_alone_loses_most_of_webex_and_telegram(world: World) -> None:
    said = {id_: item.get("text", "") for id_, item in webex_items(world).items()}
    everything = {record["message_id"]: record for record in of(world, "Everything")}
    for message in sent_by_telegram(world):
        if str(message.id) in everything and "topics" not in world._telegram.stock().title(
            f"-100{message.peer_id.channel_id}"
        ):
            said[str(message.id)] = message.message or ""
    assert said.keys() == everything.keys()
    worded = {id_ for id_, record in everything.items() if record["words"]}
    lost = {id_ for id_ in worded if any(words not in said[id_] for words in everything[id_]["words"])}
    assert len(lost) > len(worded) / 2


def test_what_is_seen_of_a_card_is_what_the_card_says(world: World) -> None:
    items = webex_items(world)
    cards = [record for record in of(world, "Everything") if record["sample"].startswith("card:")]
    assert len(cards) > 30
    for record in cards:
        sent = json.dumps(items[record["message_id"]]["attachments"], ensure_ascii=False)
        assert all(words in sent for words in (*record["words"], *record["links"], *record["hides"]))


def test_the_topics_of_a_forum_can_be_listed(world: World) -> None:
    room = next(one for one in world._telegram.stock().rooms.values() if getattr(one.chat.entity, "forum", False))
    peer = types.InputPeerChannel(room.chat.entity.id, room.chat.entity.access_hash)
    request = functions.messages.GetForumTopicsRequest(peer, None, 0, 0, 100)
    made = world._telegram._made
    assert made is not None
    listed: Any = made.answers[type(request)](request, None, None)  # type: ignore[arg-type]
    assert listed.count == len(listed.topics) == 3
    assert listed.topics[-1].title == "General"
